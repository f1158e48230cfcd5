"""EXPLAINERS: name → engine layer, presets, story, scene. Strings, resolved only when they are needed.

A new explainer is one story, one scene and one line here. Other packages add theirs through the entry point group
``layeranim.explainers`` (name → an ``Explainer``).
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from layeranim.engine import synonyms
from layeranim.engine.spelling import suggestion
from layeranim.errors import LayeranimError, OptionError
from layeranim.records import dataclass

if TYPE_CHECKING:
    from layeranim.engine.option import Layer
    from layeranim.stories.preset import Preset
    from layeranim.stories.storyboard import Story


@dataclass(frozen=True)
class Explainer:
    """One film: where its numbers, its ready examples, its words and its pictures live; ``back`` is the story of its
    backward pass, where it has one."""

    family: str
    summary: str
    layer: str
    presets: str
    story: str
    scene: str
    back: str = ""


@dataclass(frozen=True)
class Numbers:
    """A layer of the engine without a film. Its title stands here too, so that a list of them need not load them."""

    title: str
    layer: str


EXPLAINERS: dict[str, Explainer] = {
    "conv": Explainer(
        "convolution",
        "2D convolution (cross-correlation), window by window",
        "engine.conv:CONV",
        "stories.convolution.conv_presets:PRESETS",
        "stories.convolution.conv:ConvStory",
        "scenes.stage:StageScene",
        "stories.convolution.conv_back:ConvBackStory",
    ),
    "conv-image": Explainer(
        "convolution",
        "one kernel over a picture: blur, sharpen, edges, emboss, pixel by pixel",
        "engine.conv:CONV",
        "stories.convolution.conv_image_presets:PRESETS",
        "stories.convolution.conv_image:ConvImageStory",
        "scenes.stage:StageScene",
    ),
    "conv-transpose": Explainer(
        "convolution",
        "every cell stamps the kernel, overlaps add up: small maps become large ones",
        "engine.conv_transpose:CONV_TRANSPOSE",
        "stories.convolution.conv_transpose_presets:PRESETS",
        "stories.convolution.conv_transpose:ConvTransposeStory",
        "scenes.stage:StageScene",
    ),
    "conv1d": Explainer(
        "convolution",
        "convolution over one axis: few edges, and the same weights everywhere",
        "engine.conv_nd:CONV_1D",
        "stories.convolution.conv1d_presets:PRESETS",
        "stories.convolution.conv1d:Conv1dStory",
        "scenes.stage:StageScene",
    ),
    "depthwise": Explainer(
        "convolution",
        "a filter for each channel alone, then 1×1 weights that mix the channels",
        "engine.depthwise:DEPTHWISE",
        "stories.convolution.depthwise_presets:PRESETS",
        "stories.convolution.depthwise:DepthwiseStory",
        "scenes.stage:StageScene",
    ),
    "filter-match": Explainer(
        "convolution",
        "multiply element-wise and sum: which filter matches better",
        "engine.conv:CONV",
        "stories.convolution.filter_match_presets:PRESETS",
        "stories.convolution.filter_match:FilterMatchStory",
        "scenes.stage:StageScene",
    ),
    "feature-maps": Explainer(
        "convolution",
        "several filters over one picture: one map each, joined into a volume",
        "engine.conv:CONV",
        "stories.convolution.feature_maps_presets:PRESETS",
        "stories.convolution.feature_maps:FeatureMapsStory",
        "scenes.stage:StageScene",
    ),
    "conv-matmul": Explainer(
        "convolution",
        "a convolution as one matrix product: windows as columns, or the kernel in every row",
        "engine.conv_matmul:CONV_MATMUL",
        "stories.convolution.conv_matmul_presets:PRESETS",
        "stories.convolution.conv_matmul:ConvMatmulStory",
        "scenes.stage:StageScene",
    ),
    "flatten": Explainer(
        "convolution",
        "maps lie down in one row: the same numbers, no more map",
        "engine.flatten:FLATTEN",
        "stories.convolution.flatten_presets:PRESETS",
        "stories.convolution.flatten:FlattenStory",
        "scenes.stage:StageScene",
    ),
    "cnn": Explainer(
        "networks",
        "a picture through convolutions and poolings to a class: maps become smaller and more",
        "engine.cnn:CNN",
        "stories.networks.cnn_presets:PRESETS",
        "stories.networks.cnn:CnnStory",
        "scenes.stage:StageScene",
    ),
    "cnn-backprop": Explainer(
        "networks",
        "the error goes back through poolings and convolutions to every filter, and one step",
        "engine.cnn:CNN_BACKPROP",
        "stories.networks.cnn_backprop_presets:PRESETS",
        "stories.networks.cnn_backprop:CnnBackpropStory",
        "scenes.stage:StageScene",
    ),
    "autoencoder": Explainer(
        "networks",
        "a sample squeezed to a few numbers and made again from them; then the code walks",
        "engine.autoencoder:AUTOENCODER",
        "stories.networks.autoencoder_presets:PRESETS",
        "stories.networks.autoencoder:AutoencoderStory",
        "scenes.stage:StageScene",
    ),
    "gan": Explainer(
        "networks",
        "a generator forges numbers, a critic judges them: each learns from the other, turn by turn",
        "engine.gan:GAN",
        "stories.networks.gan_presets:PRESETS",
        "stories.networks.gan:GanStory",
        "scenes.stage:StageScene",
    ),
    "sequential": Explainer(
        "networks",
        "layers in a row, any that there are: what each makes of one input, those that are asked for opened",
        "stories.networks.sequential_options:SEQUENTIAL_FILM",
        "stories.networks.sequential_presets:PRESETS",
        "stories.networks.sequential:SequentialStory",
        "scenes.stage:StageScene",
    ),
    "pool": Explainer(
        "pooling",
        "each window becomes its largest number, its mean or its p-norm",
        "engine.pool:POOL",
        "stories.pooling.presets:PRESETS",
        "stories.pooling.film:PoolStory",
        "scenes.stage:StageScene",
    ),
    "neuron": Explainer(
        "dense",
        "one artificial neuron: inputs times weights, plus bias, through an activation",
        "engine.dense:NEURON",
        "stories.dense.presets:NEURON",
        "stories.dense.neuron:NeuronStory",
        "scenes.stage:StageScene",
    ),
    "dense": Explainer(
        "dense",
        "a dense layer: every unit reads every input, nodes and edges beside the matrix",
        "engine.dense:DENSE",
        "stories.dense.presets:DENSE",
        "stories.dense.dense:DenseStory",
        "scenes.stage:StageScene",
    ),
    "mlp": Explainer(
        "dense",
        "layers of units: each reads what the one before it made",
        "engine.network:MLP",
        "stories.dense.mlp_presets:PRESETS",
        "stories.dense.mlp:MlpStory",
        "scenes.stage:StageScene",
    ),
    "backprop": Explainer(
        "dense",
        "errors go back through a network: the slope of the loss for every weight, and one step",
        "engine.network:BACKPROP",
        "stories.dense.backprop_presets:PRESETS",
        "stories.dense.backprop:BackpropStory",
        "scenes.stage:StageScene",
    ),
    "init": Explainer(
        "dense",
        "a signal through layers of first weights: zeros, too small, too large, Xavier, He",
        "engine.initialisation:INIT",
        "stories.dense.init_presets:PRESETS",
        "stories.dense.init:InitStory",
        "scenes.stage:StageScene",
    ),
    "feature-space": Explainer(
        "dense",
        "samples before and after a hidden layer: there a line parts what it could not part here",
        "engine.feature_space:FEATURE_SPACE",
        "stories.dense.feature_space_presets:PRESETS",
        "stories.dense.feature_space:FeatureSpaceStory",
        "scenes.stage:StageScene",
    ),
    "symmetry": Explainer(
        "dense",
        "hidden units change places with all of their edges: every output stays",
        "engine.symmetry:SYMMETRY",
        "stories.dense.symmetry_presets:PRESETS",
        "stories.dense.symmetry:SymmetryStory",
        "scenes.stage:StageScene",
    ),
    "activation": Explainer(
        "functions",
        "every number through one curve: ReLU, sigmoid, SiLU and the others",
        "engine.activation_layer:ACTIVATION",
        "stories.functions.activation_presets:PRESETS",
        "stories.functions.activation:ActivationStory",
        "scenes.stage:StageScene",
    ),
    "maxout": Explainer(
        "functions",
        "several lines, and the highest one passes: an activation whose form is learned",
        "engine.maxout:MAXOUT",
        "stories.functions.maxout_presets:PRESETS",
        "stories.functions.maxout:MaxoutStory",
        "scenes.stage:StageScene",
    ),
    "softmax": Explainer(
        "functions",
        "scores become shares that add up to 1",
        "engine.softmax:SOFTMAX",
        "stories.functions.softmax_presets:PRESETS",
        "stories.functions.softmax:SoftmaxStory",
        "scenes.stage:StageScene",
    ),
    "cross-entropy": Explainer(
        "functions",
        "what a guess costs: −ln of the share that the true class got",
        "engine.cross_entropy:CROSS_ENTROPY",
        "stories.functions.cross_entropy_presets:PRESETS",
        "stories.functions.cross_entropy:CrossEntropyStory",
        "scenes.stage:StageScene",
    ),
    "descent": Explainer(
        "functions",
        "optimisers go down a loss surface side by side: SGD, momentum, Adam and the others",
        "engine.descent:DESCENT",
        "stories.functions.descent_presets:PRESETS",
        "stories.functions.descent:DescentStory",
        "scenes.stage:StageScene",
    ),
    "training": Explainer(
        "dense",
        "a network learns to tell two classes apart: the border between them, the loss, the accuracy",
        "engine.fit:TRAINING",
        "stories.dense.training_presets:PRESETS",
        "stories.dense.training:TrainingStory",
        "scenes.stage:StageScene",
    ),
    "batchnorm": Explainer(
        "normalisation",
        "each feature gets mean 0 and deviation 1 over the batch, then a size of its own",
        "engine.normalisation:BATCH_NORM",
        "stories.normalisation.presets:BATCH",
        "stories.normalisation.film:BatchNormStory",
        "scenes.stage:StageScene",
    ),
    "layernorm": Explainer(
        "normalisation",
        "each sample gets mean 0 and deviation 1 over its features",
        "engine.normalisation:LAYER_NORM",
        "stories.normalisation.presets:LAYER",
        "stories.normalisation.film:LayerNormStory",
        "scenes.stage:StageScene",
    ),
    "dropout": Explainer(
        "regularisation",
        "dropout: units left out at random in training, all of them used at test time",
        "stories.regularisation.dropout_options:DROPOUT_FILM",
        "stories.regularisation.dropout_presets:PRESETS",
        "stories.regularisation.dropout:DropoutStory",
        "scenes.stage:StageScene",
    ),
    "regularisation": Explainer(
        "regularisation",
        "weights kept small: L2, L1 and a longest length on one loss, and L1's exact zeros",
        "engine.regularisation:REGULARISATION",
        "stories.regularisation.penalties_presets:PRESETS",
        "stories.regularisation.penalties:RegularisationStory",
        "scenes.stage:StageScene",
    ),
    "rnn": Explainer(
        "recurrent",
        "a recurrent layer: the cell, then unrolled over the time steps",
        "engine.recurrent:RNN",
        "stories.recurrent.presets:RNN_PRESETS",
        "stories.recurrent.rnn:RnnStory",
        "scenes.stage:StageScene",
    ),
    "timesteps": Explainer(
        "recurrent",
        "a flat row of numbers folded into time steps: what a recurrent layer reads",
        "engine.recurrent.timesteps:TIMESTEPS",
        "stories.recurrent.timesteps_presets:PRESETS",
        "stories.recurrent.timesteps:TimestepsStory",
        "scenes.stage:StageScene",
    ),
    "vanishing": Explainer(
        "recurrent",
        "a gradient on its way back through time: it vanishes, explodes, is clipped, is cut off",
        "engine.recurrent.vanishing:VANISHING",
        "stories.recurrent.vanishing_presets:PRESETS",
        "stories.recurrent.vanishing:VanishingStory",
        "scenes.stage:StageScene",
    ),
    "gru": Explainer(
        "recurrent",
        "a gated recurrent unit: reset, update, candidate, new state",
        "engine.recurrent:GRU",
        "stories.recurrent.presets:GRU_PRESETS",
        "stories.recurrent.gru:GruStory",
        "scenes.stage:StageScene",
    ),
    "lstm": Explainer(
        "recurrent",
        "long short-term memory: four gates around a memory",
        "engine.recurrent:LSTM",
        "stories.recurrent.presets:LSTM_PRESETS",
        "stories.recurrent.lstm:LstmStory",
        "scenes.stage:StageScene",
    ),
    "attention": Explainer(
        "attention",
        "every word compares itself with all words and takes in a mixture of their values",
        "engine.attention:ATTENTION",
        "stories.attention.presets:PRESETS",
        "stories.attention.film:AttentionStory",
        "scenes.stage:StageScene",
    ),
    "loss": Explainer(
        "functions",
        "what each prediction is charged for its distance from the target",
        "engine.losses:LOSS",
        "stories.functions.loss_presets:PRESETS",
        "stories.functions.loss:LossStory",
        "scenes.stage:StageScene",
    ),
    "attention-lookup": Explainer(
        "attention",
        "a soft lookup: of every value as much as its key fits the query",
        "stories.attention.lookup_options:LOOKUP",
        "stories.attention.lookup_presets:PRESETS",
        "stories.attention.lookup:LookupStory",
        "scenes.stage:StageScene",
    ),
    "multi-head": Explainer(
        "attention",
        "several heads: every word asks several questions at once, the answers are joined",
        "stories.attention.multi_head_options:MULTI_HEAD",
        "stories.attention.multi_head_presets:PRESETS",
        "stories.attention.multi_head:MultiHeadStory",
        "scenes.stage:StageScene",
    ),
    "transformer": Explainer(
        "attention",
        "an encoder or decoder block: words talk in attention, think alone in the feed-forward, keep what they were",
        "stories.attention.transformer_options:TRANSFORMER_FILM",
        "stories.attention.transformer_presets:PRESETS",
        "stories.attention.transformer:TransformerStory",
        "scenes.stage:StageScene",
    ),
    "compare-layers": Explainer(
        "comparison",
        "dense, convolution, recurrent, attention on one input: edges, weights, order of work, longest path",
        "engine.compare:COMPARE",
        "stories.comparison.compare_presets:PRESETS",
        "stories.comparison.compare:CompareStory",
        "scenes.stage:StageScene",
    ),
    "embedding": Explainer(
        "words",
        "each word's id picks its row of a table: the same word, the same row",
        "engine.embedding:EMBEDDING",
        "stories.words.embedding_presets:PRESETS",
        "stories.words.embedding:EmbeddingStory",
        "scenes.stage:StageScene",
    ),
    "positional-encoding": Explainer(
        "words",
        "places as rows of sines, as turns of a vector, or as rows of a learned table",
        "engine.positional:POSITIONAL",
        "stories.words.positional_presets:PRESETS",
        "stories.words.positional:PositionalStory",
        "scenes.stage:StageScene",
    ),
    "seq2seq": Explainer(
        "translation",
        "an encoder reads into one state, a decoder writes from it, with or without looking back",
        "stories.translation.seq2seq_options:SEQ2SEQ_FILM",
        "stories.translation.seq2seq_presets:PRESETS",
        "stories.translation.seq2seq:Seq2SeqStory",
        "scenes.stage:StageScene",
    ),
    "alignment": Explainer(
        "translation",
        "a decoder that looks back: each word from where its meaning stands",
        "stories.translation.alignment_options:ALIGNMENT",
        "stories.translation.alignment_presets:PRESETS",
        "stories.translation.alignment:AlignmentStory",
        "scenes.stage:StageScene",
    ),
    "pool1d": Explainer(
        "pooling",
        "a row of numbers: each window becomes its largest number, its mean or its p-norm",
        "engine.pool:POOL_1D",
        "stories.pooling.pool1d_presets:PRESETS",
        "stories.pooling.pool1d:Pool1dStory",
        "scenes.stage:StageScene",
    ),
}


LAYERS: dict[str, Numbers] = {
    "bilinear": Numbers("Bilinear layer", "engine.bilinear:BILINEAR"),
    "concatenate": Numbers("Concatenation", "engine.concatenate:CONCATENATE"),
    "conv3d": Numbers("3D convolution", "engine.conv_nd:CONV_3D"),
    "conv-transpose1d": Numbers("1D transposed convolution", "engine.conv_transpose:CONV_TRANSPOSE_1D"),
    "conv-transpose3d": Numbers("3D transposed convolution", "engine.conv_transpose:CONV_TRANSPOSE_3D"),
    "einsum": Numbers("Einstein summation", "engine.einsum:EINSUM"),
    "elementwise": Numbers("Arithmetic cell by cell", "engine.elementwise:ELEMENTWISE"),
    "matmul": Numbers("Matrix product", "engine.matmul:MATMUL"),
    "optimiser": Numbers("Optimiser", "engine.training:OPTIMISER"),
    "pad": Numbers("Padding", "engine.padding:PAD"),
    "pool3d": Numbers("3D pooling", "engine.pool:POOL_3D"),
    "reduce": Numbers("Mean, sum, spread or largest over axes", "engine.reduce:REDUCE"),
    "upsample": Numbers("Upsampling", "engine.upsample:UPSAMPLE"),
}
"""Layers of the engine without a film; ``la.trace`` and ``layeranim trace`` know them by name."""


CAPTURED: dict[str, Explainer] = {
    "network": Explainer(
        "networks",
        "a model that was captured, call by call",
        "stories.networks.captured_options:NETWORK_FILM",
        "layeranim.preparing.network:PRESETS",
        "stories.networks.captured:CapturedStory",
        "scenes.stage:StageScene",
    ),
}
"""Films of what a user captured: nobody asks for them by name, and there are no ready examples."""


IDEAS = {
    "conv3d": "conv",
    "conv-transpose1d": "conv-transpose",
    "conv-transpose3d": "conv-transpose",
    "optimiser": "descent",
    "pool3d": "pool",
}
"""Films that show the idea of a layer without one of its own."""


@cache
def explainers() -> dict[str, Explainer]:
    """Ours and the installed ones, by name. Ours cannot be replaced from outside."""
    from importlib.metadata import entry_points  # slow to load, and seldom needed

    others = {point.name: point.load() for point in entry_points(group="layeranim.explainers")}
    return {**others, **EXPLAINERS}


def has_film(name: str) -> bool:
    """Whether there is an explainer of that name. The installed ones are looked for only when it is none of ours."""
    return name in EXPLAINERS or name in explainers()


def explainer(name: str) -> Explainer:
    """The explainer of that name, or an error with the nearest one."""
    if name in EXPLAINERS or name in CAPTURED:
        return EXPLAINERS.get(name) or CAPTURED[name]
    known = explainers()
    if name not in known and name in LAYERS:
        other = f", layeranim render {IDEAS[name]} its idea" if name in IDEAS else ""
        raise OptionError(f"{name} has numbers but no film yet; layeranim trace {name} shows them{other}")
    if name not in known:
        raise OptionError(_unknown("explainer", name, known))
    return known[name]


def named(word: str, films_only: bool = False) -> tuple[str, Mapping[str, Any]]:
    """The explainer or layer that ``word`` means, and the options that make it that: ours, spelt somehow, or what the
    field calls it (``Conv2d``, ``MaxPool2d``, ``relu``). Raises ``OptionError`` for what is none; ``films_only``: it
    then names the explainers alone."""
    if word in EXPLAINERS or word in LAYERS or word in explainers():
        return word, {}
    if found := synonyms.layer(word, names()):
        return found
    function = _function(word)
    if function is None:
        what, known = ("explainer", explainers()) if films_only else ("layer", names())
        raise OptionError(_unknown(what, word, known))
    return "activation", {"activation": function}


def _function(word: str) -> str | None:
    """The activation of that name."""
    from layeranim.engine.activation_layer import ActivationConfig  # and NumPy with it

    kind = next(item.kind for item in ActivationConfig.options() if item.name == "activation")
    return synonyms.value(word.rpartition(".")[2], kind.names)  # type: ignore[attr-defined]


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    """What to say of a name that there is not."""
    if says := synonyms.elsewhere(name):
        return f"unknown {what} {name!r}: {says}"
    return f"unknown {what} {name!r}{suggestion(name, known)}; there are {', '.join(known)}"


def resolve(reference: str) -> Any:
    """What ``module:attribute`` names; modules of ours are written without the package's name."""
    module, _, attribute = reference.partition(":")
    if not module.startswith("layeranim.") and module.split(".")[0] in ("engine", "stories", "scenes"):
        module = "layeranim." + module
    return getattr(importlib.import_module(module), attribute)


def names() -> tuple[str, ...]:
    """Everything that can be traced: the explainers, then the layers without a film."""
    return tuple(dict.fromkeys((*explainers(), *LAYERS)))


def without_film() -> tuple[str, ...]:
    """The layers that have numbers and no film yet."""
    return tuple(name for name in LAYERS if name not in explainers())


def layer(name: str) -> Layer:
    """The engine layer of an explainer, of a layer without a film, or of a captured model."""
    if not has_film(name) and name not in LAYERS and name not in CAPTURED:
        raise OptionError(_unknown("layer", name, names()))
    found: Layer = resolve(LAYERS[name].layer if name in LAYERS and not has_film(name) else explainer(name).layer)
    return found


def presets(name: str) -> tuple[Preset, ...]:
    """The ready examples of an explainer or layer; the first is the default. A layer may have none."""
    if has_film(name):
        found: tuple[Preset, ...] = resolve(explainer(name).presets)
    else:
        one = resolve("stories.examples:EXAMPLES").get(name)
        found = (one,) if one else ()
    if found and found[0].options:
        _check_first(name, found[0])
    return found


def _check_first(name: str, preset: Preset) -> None:
    """Refuse options of a first example that are not the layer's defaults: unless it is named, nobody reads them."""
    config = layer(name).config
    for key, value in config.of(preset.options).shown().items():
        if key in preset.options and value != config().shown().get(key):
            raise LayeranimError(
                f"the first example of {name}, {preset.name}, has {key} {value}, which counts only where it is named; "
                f"make {value} the default of {key}, or give the example another place"
            )


def story(name: str, back: bool = False) -> Story:
    """The story of an explainer, or of its backward pass."""
    film = explainer(name)
    if back and not film.back:
        raise OptionError(f"no film shows {name} backwards yet; layeranim trace {name} --backward does")
    found: Story = resolve(film.back if back else film.story)
    return found
