"""What the field calls things: accepted where it means the same, answered where it means something else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog
from layeranim.engine import spelling, synonyms
from layeranim.engine.option import Choice
from layeranim.errors import OptionError
from layeranim.inputs import modules
from layeranim.preparing.given import Names

NAMES = {name: Names(catalog.layer(name)).every for name in catalog.names()}


@pytest.mark.parametrize(
    ("called", "name", "options"),
    [
        ("conv2d", "conv", {}),
        ("torch.nn.Conv2d", "conv", {}),
        ("linear", "dense", {}),
        ("SimpleRNN", "rnn", {}),
        ("BatchNormalization", "batchnorm", {}),
        ("BatchNorm2d", "batchnorm", {}),
        ("deconv", "conv-transpose", {}),
        ("relu", "activation", {"activation": "relu"}),
        ("LeakyReLU", "activation", {"activation": "leaky-relu"}),
        ("swish", "activation", {"activation": "silu"}),
        ("MaxPool2d", "pool", {"mode": "max"}),
        ("GlobalAveragePooling2D", "pool", {"mode": "global-mean"}),
        ("GroupNorm", "layernorm", {"kind": "group"}),
        ("LogSoftmax", "softmax", {"log": True}),
        ("bilstm", "lstm", {"bidirectional": True}),
        ("conv_matmul", "conv-matmul", {}),
        ("LSTM", "lstm", {}),
        ("NLLLoss", "cross-entropy", {"source": "log-probabilities"}),
        ("Conv1DTranspose", "conv-transpose1d", {}),
    ],
)
def test_a_layer_by_what_the_field_calls_it(called: str, name: str, options: dict[str, Any]) -> None:
    assert catalog.named(called) == (name, options)
    made = la.trace(called)
    assert made.layer == catalog.layer(name).name
    assert {key: getattr(made.config, key) for key in options} == options


@pytest.mark.parametrize("name", modules.READERS)
def test_every_class_that_is_read_is_a_name_of_its_layer(name: str) -> None:
    """What `from_torch` takes as a module, `trace` takes as a name."""
    assert catalog.named(name)[0] in catalog.names()


@pytest.mark.parametrize("name", catalog.names())
def test_a_name_of_ours_is_no_synonym(name: str) -> None:
    assert catalog.named(name) == (name, {})


def test_every_synonym_of_a_layer_leads_to_one_that_is_there_with_options_that_it_has() -> None:
    words = [word for _, _, more in synonyms.LAYERS for word in more.split()]
    assert len(words) == len(set(words))
    assert all(word == synonyms.plain(word) for word in words)
    for name, options, _ in synonyms.LAYERS:
        catalog.layer(name).config.of(options)


def test_every_synonym_of_an_option_or_value_leads_to_one_that_some_layer_has() -> None:
    every = {*frozenset().union(*NAMES.values()), "output", "format"}  # the last two are the command line's
    assert {ours for ours in synonyms.OPTIONS if ours not in every} == set()
    assert {ours for _, needed, _ in synonyms.ANSWERS for ours in needed.split() if ours not in every} == set()
    configs = [catalog.layer(name).config for name in catalog.names()]
    kinds = [item.kind for config in configs for item in config.options() if isinstance(item.kind, Choice)]
    values = {value for kind in kinds for value in kind.names}
    assert {ours for ours in synonyms.VALUES if ours not in values} == set()


def test_a_layer_that_is_an_option_of_another_is_answered() -> None:
    with pytest.raises(OptionError, match="conv with as many groups and filters as channels"):
        la.trace("DepthwiseConv2D")


def test_what_a_name_implies_is_not_contradicted() -> None:
    with pytest.raises(OptionError, match="MaxPool2d is pool with mode 'max', but mode is 'mean'"):
        la.trace("MaxPool2d", mode="mean")
    assert la.trace("MaxPool2d", mode="maximum").config.mode == "max"  # type: ignore[attr-defined]


SAME: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("conv", {"use_bias": True, "strides": 2, "filter_size": 2}, {"bias": True, "stride": 2, "kernel_size": 2}),
    ("conv", {"weight": [[1, 0], [0, 1]]}, {"kernel": [[1, 0], [0, 1]]}),
    ("rnn", {"activation": "relu"}, {"nonlinearity": "relu"}),
    ("lstm", {"hidden_dim": 3, "n_layers": 2}, {"hidden": 3, "layers": 2}),
    ("dropout", {"drop_prob": 0.25}, {"rate": 0.25}),
    ("batchnorm", {"weight": [1, 2, 3], "moving_mean": [0, 1, 2], "mode": "eval"},
     {"gamma": [1, 2, 3], "running_mean": [0, 1, 2], "mode": "inference"}),
    ("softmax", {"input": [1, 2, 3]}, {"logits": [1, 2, 3]}),
    ("loss", {"y_pred": [1, 2], "y_true": [1, 0], "mode": "mse"}, {"prediction": [1, 2], "target": [1, 0]}),
    ("conv", {"padding_mode": "constant", "activation": "swish"}, {"padding_mode": "zeros", "activation": "silu"}),
    ("attention", {"num_attention_heads": 2}, {"heads": 2}),
    ("descent", {"optimizer": "adam"}, {"methods": "adam"}),
    ("training", {"optimizer": "adam", "epochs": 1}, {"method": "adam", "epochs": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "given", "ours"), SAME)
def test_what_means_the_same_is_accepted(name: str, given: dict[str, Any], ours: dict[str, Any]) -> None:
    one, other = la.trace(name, **given), la.trace(name, **ours)
    assert one.config == other.config
    assert all(np.array_equal(one[key], other[key]) for key in one.tensors)


@pytest.mark.parametrize(
    ("name", "word", "says"),
    [
        ("attention", "key_padding_mask", "is key_mask here and means the opposite"),
        ("transformer", "src_key_padding_mask", "is self.key_mask here and means the opposite"),
        ("attention", "attn_mask", "the booleans of torch.nn.MultiheadAttention mean the opposite"),
        ("attention", "attention_mask", "is key_mask here where it has one number a key"),
        ("lstm", "return_sequences", "is returns here: sequences for true, last for false"),
        ("gru", "reset_after", "is variant here: reset-after for true"),
        ("dropout", "keep_prob", "is the opposite of rate here"),
        ("conv", "units", "belongs to dense layers; a convolution has filters"),
        ("dense", "kernel", "give kernel.T"),
        ("lstm", "recurrent_kernel", "is weight_hidden here"),
        ("conv", "duration", "a film takes as long as its words are read"),
        ("conv", "speed", "is pace here: slow, normal or fast"),
        ("conv", "width", "is size here"),
        ("conv", "transparent", "--background transparent here (background='transparent' in Python), as webm"),
    ],
)
def test_what_means_something_else_is_answered(name: str, word: str, says: str) -> None:
    with pytest.raises(OptionError) as caught:
        la.trace(name, **{word: 1})
    assert str(caught.value).startswith(f"{word} {says.split()[0]}") or says in str(caught.value)
    assert says in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_an_option_under_two_spellings_is_refused() -> None:
    with pytest.raises(OptionError, match="bias was given twice, as use_bias and as bias"):
        la.trace("conv", use_bias=True, bias=False)


@pytest.mark.parametrize(
    ("word", "known", "near"),
    [
        ("strid", ["stride", "padding"], "stride"),
        ("drak", ["light", "dark"], "dark"),  # two neighbours exchanged are one slip
        ("gfi", ["mp4", "gif"], "gif"),
        ("pading_mode", ["padding-mode"], "padding-mode"),
        ("STRIDE", ["stride"], "stride"),
        ("linear", ["neuron"], None),
        ("rate", ["gate"], "gate"),
        ("ab", ["ac"], None),  # half of the word
        ("xyz", ["xab"], None),
        ("keyboard", ["keyb"], None),  # four letters away
        ("strideee", ["stride"], "stride"),
        ("strideeee", ["stride"], None),
    ],
)
def test_a_guess_is_two_letters_away_at_most_and_less_than_half_of_the_word(
    word: str, known: list[str], near: str | None
) -> None:
    assert spelling.nearest(word, known) == near


def test_distance_is_that_of_the_textbook() -> None:
    cases = [("kitten", "sitting", 3), ("flaw", "lawn", 2), ("ab", "ba", 1), ("same", "same", 0), ("", "abc", 3)]
    for a, b, apart in cases:
        assert spelling.distance(a, b, 5) == spelling.distance(b, a, 5) == apart
        assert spelling.distance(a, b, apart - 1) is None
