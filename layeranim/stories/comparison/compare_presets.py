"""Inputs for layers that are compared, each with its source."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from layeranim.engine.compare import WEIGHTS
from layeranim.stories.preset import Made, Preset

TABLE = (
    "A. Vaswani et al., Attention Is All You Need (2017), table 1: sequential operations and path length; values ours"
)
_DENSE = [
    [0.5, -0.2, 0.3, 0.1, -0.4, 0.2, 0.6, -0.1], [-0.3, 0.8, 0.1, -0.5, 0.2, 0.4, -0.2, 0.3],
    [0.2, 0.1, -0.6, 0.4, 0.3, -0.1, 0.5, 0.2], [0.7, -0.4, 0.2, 0.3, -0.2, 0.6, 0.1, -0.3],
    [-0.1, 0.5, 0.4, -0.3, 0.8, -0.6, 0.2, 0.3], [0.4, 0.2, -0.1, 0.6, -0.3, 0.1, -0.5, 0.7],
    [-0.2, 0.3, 0.5, -0.1, 0.4, 0.2, 0.7, -0.4], [0.1, -0.6, 0.2, 0.5, -0.1, 0.3, 0.4, 0.6],
]  # fmt: skip
_OURS: dict[str, Any] = {
    "dense": _DENSE,
    "convolution": [0.5, 1, 0.5],
    "recurrent": [0.5, 0.8],
    "attention": [1, 0.5, 1],
}
_BOUND = {"input": ("places",), "dense_weight": ("input", "places"), "convolution_weight": ("kernel_size",)}


def _weight(kind: str, values: Any, layers: Sequence[str], seed: int) -> Any:
    """The weights of a layer that is compared; those of one that is not are not there."""
    return values if kind in layers else None


def _weights(**other: Any) -> dict[str, Made]:
    return {WEIGHTS[kind]: Made("layers", partial(_weight, kind, values)) for kind, values in (_OURS | other).items()}


PRESETS = (
    Preset(
        "eight",
        "eight numbers: 64 edges with 64 weights, 22 with 3, 15 with 2 one after another, 64 made of the input",
        TABLE,
        arrays={"input": [2, 1, 3, 0, 1, 4, 2, 1], **_weights()},
        bound=_BOUND,
        unit=2,
    ),
    Preset(
        "wider",
        "the same, and a kernel of five: more edges of each output, a shorter way from end to end",
        TABLE,
        options={"kernel_size": 5},
        arrays={"input": [2, 1, 3, 0, 1, 4, 2, 1], **_weights(convolution=[0.2, 0.5, 1, 0.5, 0.2])},
        bound=_BOUND,
        unit=1,
    ),
    Preset(
        "far-apart",
        "recurrent and attention: what stands far apart meets after many steps, or at once",
        TABLE,
        options={"layers": ("recurrent", "attention")},
        arrays={"input": [3, 0, 1, 0, 1, 2, 0, 1, 0, 2],
                **{name: _weights()[name] for name in ("recurrent_weight", "attention_weight")}},
        bound=_BOUND,
        title="Far apart: recurrent or attention",
        unit=1,
    ),
)  # fmt: skip
