"""Ready rows of layers: a trained network that reads digits, recurrent layers that add up, words through a block."""

from __future__ import annotations

from typing import Any

from layeranim.engine.links import Link, text
from layeranim.stories import vocabulary
from layeranim.stories.preset import Made, Preset
from layeranim.stories.stored import GREY, digit, trained

_WEIGHTS = {
    "conv1.kernel": trained("cnn_digits.npz", "conv1_kernel", "layers", times=1 / GREY),
    **{f"{layer}.{part}": trained("cnn_digits.npz", f"{layer}_{part}", "layers")
       for layer, part in (("conv1", "bias"), ("conv2", "kernel"), ("conv2", "bias"),
                           ("dense", "weight"), ("dense", "bias"))},
}  # fmt: skip
_SEEN = "right for 0.977 of the other 300; this 3 is one of them (Alpaydin and Kaynak 1998, CC BY 4.0)"
_SAME, _FLAT = (0, 1, 2), (0, 1)
_RNN = {"hidden": "1", "nonlinearity": "relu", "bias": "false"}
_STATE = ("weight_input", "weight_hidden")
_SUMS = text([
    Link("sums", "rnn", _RNN, (1, 5, 1), _SAME, (1, 5, 1), _STATE),
    Link("again", "rnn", _RNN, (1, 5, 1), _SAME, (1, 5, 1), _STATE),
    Link("dense", "dense", {"units": "1", "bias": "false"}, (1, 5, 1), _SAME, (5, 1), ("weight",)),
])  # fmt: skip

WORDS = ("the", "cat", "sat", "down")
_BLOCK = vocabulary.block("self")
_READ = text([
    Link("embedding", "embedding", {"tokens": " ".join(WORDS)}, (1, 4), _FLAT, (1, 4), ("table",)),
    Link("block", "transformer", {"heads": "2", "feedforward": "8"}, (1, 4, 4), _SAME, (1, 4, 4), tuple(_BLOCK)),
    Link("scores", "dense", {"units": "4", "bias": "false"}, (1, 4, 4), _SAME, (4, 4), ("weight",)),
    Link("softmax", "softmax", {}, (1, 4, 4), _SAME, (4, 4)),
])  # fmt: skip


def _table(layers: Any, seed: int) -> Any:
    return vocabulary.embeddings(WORDS, seed)


def _bound(arrays: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Weights go with their layers, those of a later one with those before."""
    names = [name for name in arrays if name != "input"]
    return {name: ("layers", *names[:k]) for k, name in enumerate(names)}


_DIGIT: dict[str, Any] = {"input": digit("layers", 1, 1, 8, 8), **_WEIGHTS}
_ADDED: dict[str, Any] = {
    "input": [[[1], [1], [1], [1], [1]]],
    **{f"{layer}.{name}": [[1]] for layer in ("sums", "again") for name in _STATE},
    "dense.weight": [[2]],
}
_SAID: dict[str, Any] = {
    "input": [[0, 1, 2, 3]],
    "embedding.table": Made("layers", _table),
    **{f"block.{name}": value for name, value in _BLOCK.items()},
    "scores.weight": Made("layers", _table),
}
PRESETS = (
    Preset(
        "digits",
        "a handwritten 3 through nine layers: convolution, ReLU and pooling twice, a row, a dense layer, softmax",
        f"ours: trained on 1497 of the bundled digits by data/train_networks.py, {_SEEN}",
        arrays=_DIGIT,
        bound=_bound(_DIGIT),
        free=("input",),
        title="Layers in a row: which digit?",
        planes=True,
        unit=8,
    ),
    Preset(
        "opened",
        "the same network, its second convolution and its dense layer opened",
        f"ours: trained on 1497 of the bundled digits by data/train_networks.py, {_SEEN}",
        options={"opened": "conv2 dense"},
        arrays=_DIGIT,
        bound=_bound(_DIGIT),
        free=("input",),
        title="Layers in a row: which digit?",
        planes=True,
        unit=3,
    ),
    Preset(
        "sums",
        "two recurrent layers that add up, one on the other: 1 2 3 4 5, then 1 3 6 10 15; a dense layer doubles",
        "values ours; the second row are the triangular numbers, half of n(n + 1)",
        options={"layers": _SUMS},
        arrays=_ADDED,
        bound=_bound(_ADDED),
        takeaway="sums of sums: half of n(n + 1), and the dense layer doubles it",
        unit=2,
    ),
    Preset(
        "words",
        "the cat sat down: ids, rows of a table, one transformer block, scores against the same table, shares",
        "embeddings and attention ours: 38 words trained by data/train_words.py; feed-forward ours, by hand; the table"
        " that scores is the one that embeds, as in O. Press and L. Wolf (2017), arXiv:1608.05859",
        options={"layers": _READ, "opened": "block"},
        arrays=_SAID,
        bound=_bound(_SAID),
        unit=3,
    ),
)
