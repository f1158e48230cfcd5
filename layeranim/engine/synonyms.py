"""What the field calls things that have another name here: layers, options, arrays, values.

One table for torch.nn, Keras, Flax, Hugging Face and the textbooks. What means the same is accepted wherever a name is
read; what means something else, or the opposite, has an answer that says what is called how here. A name that a layer
has itself always comes first. Nothing is imported here: the command line asks before NumPy is there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

LAYERS: tuple[tuple[str, Mapping[str, Any], str], ...] = (
    ("conv", {}, "conv2d convolution convolution2d crosscorrelation convlayer convolutionallayer"),
    ("conv1d", {}, "convolution1d temporalconvolution"),
    ("conv3d", {}, "convolution3d"),
    ("conv-matmul", {}, "im2col unfold"),
    ("conv-transpose", {}, "convtranspose2d conv2dtranspose transposedconv transposedconv2d transposedconvolution "
     "deconv deconv2d deconvolution deconvolution2d upconv upconvolution fractionallystridedconvolution"),
    ("conv-transpose1d", {}, "conv1dtranspose deconv1d"),
    ("conv-transpose3d", {}, "conv3dtranspose deconv3d"),
    ("depthwise", {}, "separableconv separableconv2d separableconvolution depthwiseseparable depthwiseseparableconv "
     "depthwiseseparableconvolution"),
    ("filter-match", {}, "filtermatching templatematching"),
    ("pool", {}, "pooling pool2d pooling2d poolinglayer"),
    ("pool", {"mode": "max"}, "maxpool maxpool2d maxpooling maxpooling2d"),
    ("pool", {"mode": "mean"}, "avgpool avgpool2d avgpooling averagepool averagepooling averagepooling2d meanpool "
     "meanpooling"),
    ("pool", {"mode": "lp"}, "lppool lppool2d"),
    ("pool", {"mode": "global-max"}, "globalmaxpool globalmaxpool2d globalmaxpooling globalmaxpooling2d"),
    ("pool", {"mode": "global-mean"}, "gap globalavgpool globalavgpool2d globalaveragepool globalaveragepooling "
     "globalaveragepooling2d"),
    ("pool", {"mode": "adaptive-max"}, "adaptivemaxpool adaptivemaxpool2d"),
    ("pool", {"mode": "adaptive-mean"}, "adaptiveavgpool adaptiveavgpool2d adaptiveaveragepool2d"),
    ("pool1d", {"mode": "max"}, "maxpool1d maxpooling1d"),
    ("pool1d", {"mode": "mean"}, "avgpool1d averagepooling1d"),
    ("pool1d", {"mode": "lp"}, "lppool1d"),
    ("pool1d", {"mode": "adaptive-max"}, "adaptivemaxpool1d"),
    ("pool1d", {"mode": "adaptive-mean"}, "adaptiveavgpool1d adaptiveaveragepool1d"),
    ("pool1d", {"mode": "global-max"}, "globalmaxpool1d globalmaxpooling1d"),
    ("pool1d", {"mode": "global-mean"}, "globalavgpool1d globalaveragepooling1d"),
    ("pool3d", {"mode": "max"}, "maxpool3d maxpooling3d"),
    ("pool3d", {"mode": "mean"}, "avgpool3d averagepooling3d"),
    ("pool3d", {"mode": "lp"}, "lppool3d"),
    ("pool3d", {"mode": "adaptive-max"}, "adaptivemaxpool3d"),
    ("pool3d", {"mode": "adaptive-mean"}, "adaptiveavgpool3d adaptiveaveragepool3d"),
    ("pool3d", {"mode": "global-max"}, "globalmaxpool3d globalmaxpooling3d"),
    ("pool3d", {"mode": "global-mean"}, "globalavgpool3d globalaveragepooling3d"),
    ("dense", {}, "linear fc fclayer fullyconnected fullyconnectedlayer affine affinelayer innerproduct denselayer "
     "linearlayer"),
    ("neuron", {}, "artificialneuron unit"),
    ("neuron", {"activation": "step"}, "perceptron"),
    ("neuron", {"activation": "sigmoid"}, "logisticregression"),
    ("mlp", {}, "multilayerperceptron feedforward feedforwardnetwork ffn ann"),
    ("cnn", {}, "convnet convolutionalnetwork convolutionalneuralnetwork"),
    ("dropout", {"channelwise": True}, "dropout1d dropout2d dropout3d spatialdropout spatialdropout1d spatialdropout2d "
     "spatialdropout3d channeldropout"),
    ("dropout", {"mode": "alpha"}, "alphadropout"),
    ("dropout", {"mode": "alpha", "channelwise": True}, "featurealphadropout"),
    ("rnn", {}, "simplernn simplernncell vanillarnn elman elmanrnn rnncell recurrent recurrentlayer"),
    ("rnn", {"bidirectional": True}, "birnn bidirectionalrnn"),
    ("gru", {}, "grucell gatedrecurrentunit"),
    ("gru", {"bidirectional": True}, "bigru bidirectionalgru"),
    ("lstm", {}, "lstmcell longshorttermmemory"),
    ("lstm", {"bidirectional": True}, "bilstm bidirectionallstm"),
    ("attention", {}, "selfattention multiheadattention multihead mha scaleddotproductattention dotproductattention "
     "crossattention groupedqueryattention gqa multiqueryattention mqa"),
    ("attention", {"kind": "additive"}, "additiveattention bahdanau bahdanauattention"),
    ("attention", {"kind": "multiplicative"}, "luong luongattention multiplicativeattention"),
    ("batchnorm", {}, "batchnorm1d batchnorm2d batchnorm3d batchnormalization batchnormalisation bn"),
    ("layernorm", {}, "layernormalization layernormalisation ln"),
    ("layernorm", {"kind": "group"}, "groupnorm groupnormalization groupnormalisation"),
    ("layernorm", {"kind": "rms"}, "rmsnorm rmsnormalization rmsnormalisation"),
    ("layernorm", {"kind": "instance"}, "instancenorm instancenorm1d instancenorm2d instancenorm3d "
     "instancenormalization"),
    ("softmax", {}, "softmax2d softargmax"),
    ("softmax", {"log": True}, "logsoftmax"),
    ("activation", {}, "activations activationfunction nonlinearity"),
    ("cross-entropy", {}, "crossentropyloss softmaxcrossentropy"),
    ("cross-entropy", {"source": "log-probabilities"}, "nll nllloss negativeloglikelihood negativeloglikelihoodloss"),
    ("cross-entropy", {"source": "probabilities"}, "categoricalcrossentropy sparsecategoricalcrossentropy"),
    ("loss", {}, "losses lossfunction"),
    ("loss", {"mode": "squared"}, "mse mseloss meansquarederror l2loss"),
    ("loss", {"mode": "absolute"}, "mae l1loss meanabsoluteerror"),
    ("loss", {"mode": "huber"}, "huber huberloss"),
    ("loss", {"mode": "smooth-l1"}, "smoothl1 smoothl1loss"),
    ("loss", {"mode": "binary"}, "bce bceloss binarycrossentropy"),
    ("loss", {"mode": "binary-logits"}, "bcewithlogits bcewithlogitsloss"),
    ("loss", {"mode": "kl"}, "kldiv kldivloss kldivergence"),
    ("descent", {}, "gradientdescent losslandscape losssurface optimiserpaths optimizerpaths"),
    ("init", {}, "initialisation initialization weightinitialisation weightinitialization weightinit"),
    ("compare-layers", {}, "comparelayer comparison layercomparison fourlayers"),
    ("optimiser", {}, "optimizer optimizers"),
    ("optimiser", {"method": "sgd"}, "sgd"),
    ("optimiser", {"method": "adagrad"}, "adagrad"),
    ("optimiser", {"method": "rmsprop"}, "rmsprop"),
    ("optimiser", {"method": "adam"}, "adam"),
    ("optimiser", {"method": "adamw"}, "adamw"),
    ("embedding", {}, "embeddings embeddinglayer wordembedding lookuptable"),
    ("positional-encoding", {}, "positionencoding positionalembedding positionembedding sinusoidalencoding "
     "sinusoidalpositionalencoding"),
    ("positional-encoding", {"kind": "rotary"}, "rope rotary rotaryembedding rotaryembeddings rotaryencoding "
     "rotarypositionalembedding rotarypositionembedding"),
    ("positional-encoding", {"kind": "learned"}, "learnedpositions learnedpositionalembedding "
     "learnedpositionalencoding"),
    ("seq2seq", {}, "encoderdecoder sequencetosequence"),
    ("transformer", {}, "transformerblock transformerlayer transformerencoder transformerencoderlayer encoderlayer"),
    ("transformer", {"block": "decoder"}, "transformerdecoder transformerdecoderlayer decoderlayer"),
    ("elementwise", {"operation": "add"}, "add addition residual residualconnection skipconnection"),
    ("elementwise", {"operation": "subtract"}, "sub subtract subtraction"),
    ("elementwise", {"operation": "multiply"}, "mul multiply multiplication hadamard hadamardproduct"),
    ("elementwise", {"operation": "divide"}, "div divide division"),
    ("concatenate", {}, "cat concat concatenation"),
    ("matmul", {}, "mm bmm matrixproduct matrixmultiplication"),
    ("pad", {}, "zeropad1d zeropad2d zeropad3d zeropadding1d zeropadding2d zeropadding3d constantpad1d constantpad2d "
     "constantpad3d"),
    ("pad", {"padding_mode": "reflect"}, "reflectionpad1d reflectionpad2d reflectionpad3d"),
    ("pad", {"padding_mode": "replicate"}, "replicationpad1d replicationpad2d replicationpad3d"),
    ("pad", {"padding_mode": "circular"}, "circularpad1d circularpad2d circularpad3d"),
    ("upsample", {}, "upsampling upsampling2d upsamplingnearest2d interpolate interpolation"),
    ("upsample", {"mode": "bilinear"}, "bilinearinterpolation upsamplingbilinear2d"),
    ("backprop", {}, "backpropagation"),
    ("training", {}, "fit train"),
    ("vanishing", {}, "vanishinggradient vanishinggradients"),
)  # fmt: skip
"""Ours, the options that go with it, and what else it is called, in small letters without marks."""

ELSEWHERE = {
    "depthwiseconv2d": "a depthwise convolution alone is conv with as many groups and filters as channels; depthwise "
    "here is the separable one, with a pointwise convolution after it",
    "depthwiseconv": "a depthwise convolution alone is conv with as many groups and filters as channels; depthwise "
    "here is the separable one, with a pointwise convolution after it",
    "pointwiseconv": "a pointwise convolution is conv with kernel_size 1",
    "dilatedconv": "a dilated convolution is conv with dilation 2 or more",
    "groupedconv": "a grouped convolution is conv with groups 2 or more",
}
"""Layers that are an option of another."""

OPTIONS: dict[str, str] = {
    # ours, in the order in which they are looked for, and after them what else they are called
    "bias": "use_bias with_bias has_bias fit_intercept",
    "filters": "num_filters n_filters out_planes output_channels num_output_channels",
    "in_channels": "input_channels in_planes num_channels channels",
    "kernel_size": "kernel filter_size window_size window ksize pool",
    "stride": "strides step_size subsample",
    "padding": "pad pads zero_padding",
    "padding_mode": "pad_mode border_mode",
    "dilation": "dilations dilation_rate atrous_rate rhs_dilation",
    "groups": "group num_groups n_groups feature_group_count",
    "ceil_mode": "ceil",
    "units": "num_units n_units out_dim output_dim output_size num_outputs",
    "hidden": "hidden_units num_hidden n_hidden num_units n_units hidden_dim hidden_size state_size",
    "input_size": "in_features input_dim in_dim num_inputs n_inputs",
    "layers": "n_layers num_hidden_layers",
    "bidirectional": "bidir",
    "nonlinearity": "activation",
    "activation": "nonlinearity",
    "timesteps": "time_steps seq_len sequence_length seq_length",
    "returns": "return_mode",
    "heads": "n_heads nhead num_attention_heads n_head",
    "key_heads": "num_key_value_heads n_kv_heads kv_heads",
    "features": "key_dim d_k head_size qkv_features embedding_size",
    "value_features": "value_dim d_v vdim",
    "embed": "d_model embed_size embedding_dim model_dim hidden_size",
    "causal": "is_causal use_causal_mask causal_mask",
    "corner": "causal_variant causal_alignment alignment",
    "feedforward": "d_ff ff_dim intermediate_size ffn_dim mlp_dim",
    "rate": "drop_rate drop_prob dropout dropout_rate drop_probability",
    "eps": "epsilon variance_epsilon",
    "affine": "elementwise_affine scale_and_center",
    "temperature": "tau",
    "axis": "dim dims axes",
    "equation": "subscripts",
    "scale_factor": "upscale",
    "alpha": "negative_slope",
    "learning_rate": "lr step_size eta",
    "method": "optimizer optimiser",
    "methods": "method optimizer optimizers optimiser optimisers",
    "mode": "pool_mode pooling pool_type",
    "positions": "length max_len max_length seq_len sequence_length context_length num_positions n_positions",
    "tokens": "words sentence text",
    "label_smoothing": "smoothing",
    "classes": "num_classes n_classes num_labels",
    "vocabulary": "vocab_size num_words input_dim",
    # arrays
    "input": "logits x inputs src image img picture images signal sequence",
    "logits": "input x inputs scores",
    "prediction": "input y_pred predictions inputs",
    "target": "y_true labels targets y",
    "source": "src input inputs",
    "kernel": "weight w filter",
    "weight": "weights w W",
    "gamma": "weight scale",
    "beta": "bias offset shift center",
    "running_mean": "moving_mean mean",
    "running_variance": "running_var moving_variance moving_var variance var",
    "slope": "weight",
    "table": "weight embeddings embedding weights",
    "ids": "input indices tokens input_ids",
    "class_weight": "weight class_weights",
    "query": "q queries",
    "key": "k keys",
    "value": "v values",
    "weight_query": "w_q wq q_proj query_weight",
    "weight_key": "w_k wk k_proj key_weight",
    "weight_value": "w_v wv v_proj value_weight",
    "weight_output": "w_o wo o_proj out_proj out_proj_weight output_weight",
    "weight_input": "weight_ih weight_ih_l0 w_ih",
    "weight_hidden": "weight_hh weight_hh_l0 w_hh",
    "bias_input": "bias_ih bias_ih_l0 b_ih",
    "bias_hidden": "bias_hh bias_hh_l0 b_hh",
    "initial_hidden": "h0 h_0 hx initial_state hidden_state",
    "initial_cell": "c0 c_0 cx cell_state",
    # where arrays come from, and the film
    "example": "preset sample_name",
    "seed": "random_seed random_state rng_seed",
    "layout": "data_format data_layout",
    "gray": "grayscale greyscale",
    "weights": "state_dict checkpoint",
    "fps": "framerate frame_rate frames_per_second",
    "size": "resolution dimensions video_size",
    "precision": "decimals digits decimal_places",
    "captions": "subtitles subtitle",
    "loop": "repeat loops",
    "output": "out outfile output_file filename",
    "format": "formats",
    "max_size": "max_bytes size_limit",
}
"""Ours, and what means the same where a layer has ours."""

ANSWERS: tuple[tuple[str, str, str], ...] = (
    ("key_padding_mask src_key_padding_mask tgt_key_padding_mask memory_key_padding_mask padding_mask",
     "key_mask self.key_mask", "is {ours} here and means the opposite: true, or 1, for a key that is there and false, "
     "or 0, for padding; give ~{word}"),
    ("attn_mask src_mask tgt_mask", "mask self.mask", "is {ours} here: true, or 1, for a key that is seen, as in "
     "scaled_dot_product_attention; the booleans of torch.nn.MultiheadAttention mean the opposite, give ~{word}; what "
     "is added to scores is the same"),
    ("attention_mask", "key_mask self.key_mask", "is {ours} here where it has one number a key (Hugging Face), and "
     "mask where it is queries × keys (Keras); both say true, or 1, for a key that is seen"),
    ("return_sequences", "returns", "is returns here: sequences for true, last for false"),
    ("return_state", "returns", "is returns here: state hands on the last state"),
    ("go_backwards reverse", "bidirectional", "has no option here: turn the sequence around, x[:, ::-1], or read both "
     "ways with bidirectional"),
    ("reset_after linear_before_reset", "variant", "is variant here: reset-after for true, reset-before for false"),
    ("batch_first time_major", "layout", "is layout here: NTC for (batch, time, features), which is usual, TNC for "
     "(time, batch, features), PyTorch's without batch_first"),
    ("keep_prob keep_rate retain_prob", "rate", "is the opposite of rate here: rate is 1 − {word}"),
    ("loss criterion loss_fn", "prediction", "is mode here: squared, absolute, huber, smooth-l1, binary, binary-logits "
     "or kl; cross-entropy is a layer of its own"),
    ("units neurons", "filters", "belongs to dense layers; a convolution has {ours}"),
    ("num_filters filters out_channels", "units", "belongs to convolutions; a dense layer has {ours}"),
    ("kernel", "weight", "is weight here, out_features × in_features: Keras's and Flax's kernel is transposed, give "
     "kernel.T"),
    ("kernel", "weight_input", "is weight_input here, a row for each unit of each gate: Keras's kernel is transposed, "
     "give kernel.T with convention keras"),
    ("recurrent_kernel", "weight_hidden", "is weight_hidden here, a row for each unit of each gate: Keras's is "
     "transposed, give recurrent_kernel.T with convention keras"),
    ("in_proj_weight qkv", "weight_query", "is weight_query, weight_key and weight_value in one: give the three, or "
     "the state_dict as weights"),
    ("normalized_shape", "normalized_axes", "is normalized_axes here, how many of the last axes are normalised"),
    ("training is_training train", "running_mean", "is mode here: training for true, inference for false"),
    ("training is_training train", "rate", "has no option here: rate 0 is dropout after training"),
    ("kernel_initializer bias_initializer recurrent_initializer initializer initialiser init", "seed",
     "has no option here: give the arrays themselves, or seed for small whole numbers"),
    ("dtype", "", "has no option here: float32 is computed where every array is float32, else float64"),
    ("duration length seconds time", "pace", "has no option: a film takes as long as its words are read; pace slow, "
     "normal or fast changes that, steps shows fewer"),
    ("speed", "pace", "is pace here: slow, normal or fast"),
    ("width height", "size", "is size here, both together: WIDTHxHEIGHT, such as 1280x720"),
    ("scale zoom", "size", "has no option: size is WIDTHxHEIGHT in pixels, quality is draft, web or hd"),
    ("background_color background_colour bg", "background", "is background here, a colour, #RRGGBB"),
    ("transparent", "background", "is written --background transparent here (background='transparent' in Python), "
     "as webm, webp, apng or png"),
    ("dark light", "theme", "is written theme {word} here"),
    ("colors colours cmap colormap palette style", "theme", "is theme here: light, dark, or a file of colours"),
    ("font_size fontsize text_size", "size", "has no option: letters grow with size"),
    ("steps_per_second", "pace", "is pace here: slow, normal or fast"),
)  # fmt: skip
"""Words, what the layer must have (the first that it has is ``ours``), and what is said of them."""

VALUES: dict[str, str] = {
    "silu": "swish swish-1",
    "sigmoid": "logistic",
    "linear": "identity none",
    "relu": "rectifier rectified-linear",
    "leaky-relu": "lrelu",
    "gelu-tanh": "gelu-new gelu-approximate gelu-pytorch-tanh approximate-gelu",
    "hard-swish": "hard-silu",
    "step": "heaviside binary-step threshold unit-step",
    "zeros": "zero constant",
    "replicate": "edge replication nearest",
    "circular": "wrap periodic",
    "reflect": "mirror reflection",
    "max": "maximum",
    "mean": "avg average sum-over-batch-size",
    "global-max": "globalmaxpool",
    "global-mean": "global-avg global-average",
    "adaptive-mean": "adaptive-avg adaptive-average",
    "lp": "p-norm power",
    "squared": "mse mean-squared-error l2",
    "absolute": "mae mean-absolute-error l1",
    "binary": "bce binary-crossentropy binary-cross-entropy",
    "binary-logits": "bce-with-logits",
    "cross-entropy": "categorical-crossentropy ce",
    "kl": "kl-divergence kldiv",
    "scaled": "scaled-dot scaled-dot-product",
    "dot": "dot-product",
    "multiplicative": "luong general bilinear",
    "additive": "bahdanau",
    "boolean": "bool",
    "rotary": "rope",
    "sinusoidal": "sine sin sincos",
    "learned": "learnt trained",
    "soft": "softmax",
    "hard": "argmax hardmax",
    "pre": "pre-norm pre-ln",
    "post": "post-norm post-ln",
    "training": "train",
    "inference": "eval evaluation test predict",
    "inverted": "standard",
    "torch": "pytorch",
    "keras": "tensorflow tf",
    "sequences": "sequence all",
    "teacher": "teacher-forcing",
    "xavier-uniform": "glorot-uniform",
    "xavier-normal": "glorot-normal",
    "he-uniform": "kaiming-uniform",
    "he-normal": "kaiming-normal",
}
"""Values of closed sets, and what means the same."""


def plain(word: str) -> str:
    """A name in small letters, without marks: ``Leaky_ReLU`` is ``leakyrelu``."""
    return "".join(letter for letter in word.lower() if letter.isalnum())


def layer(word: str, known: Iterable[str]) -> tuple[str, Mapping[str, Any]] | None:
    """The layer of ours that the field calls so, with or without its module (``torch.nn.Conv2d``), and the options that
    make it that; none if there is none."""
    spelt, asked = {plain(name): name for name in known}, _class(word)
    found = (spelt[asked], {}) if asked in spelt else _layers().get(asked)
    return found if found and found[0] in spelt.values() else None


def elsewhere(word: str) -> str | None:
    """What to say of a layer that is an option of another here."""
    return ELSEWHERE.get(_class(word))


def _class(word: str) -> str:
    """The last part of a dotted name, plain."""
    return plain(word.rpartition(".")[2])


def value(word: str, names: Collection[str]) -> str | None:
    """The name of a closed set that ``word`` means: spelt otherwise, or a synonym."""
    if word in names:  # as every check of options that are complete finds it
        return word
    spelt = {plain(name): name for name in names}
    ours = spelt.get(plain(word)) or _values().get(plain(word))
    return ours if ours in names else None


def option(word: str, known: Collection[str]) -> str | None:
    """The option or array of ours that means the same as ``word``, of those that are ``known``."""
    return next((ours for ours in _options().get(word.replace("-", "_").lower(), ()) if ours in known), None)


def answer(word: str, known: Collection[str]) -> str | None:
    """What to say of an option that means something else here; nothing where nothing is known of it."""
    asked = word.replace("-", "_").lower()
    for words, needed, says in ANSWERS:
        ours = next((name for name in needed.split() if name in known), None)
        if asked in words.split() and (ours or not needed):
            return f"{word} {says.format(ours=ours, word=asked)}"
    return None


@cache
def _layers() -> dict[str, tuple[str, Mapping[str, Any]]]:
    return {word: (name, options) for name, options, words in LAYERS for word in words.split()}


@cache
def _values() -> dict[str, str]:
    return {plain(word): ours for ours, words in VALUES.items() for word in words.split()}


@cache
def _options() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for ours, words in OPTIONS.items():
        for word in words.split():
            found[word] = (*found.get(word, ()), ours)
    return found
