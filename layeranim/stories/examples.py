"""A ready example for every layer with numbers and no film yet: small enough to follow, chosen to show something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from layeranim.stories.preset import Preset


def _example(name: str, summary: str, arrays: Mapping[str, Any], together: Sequence[str] = ()) -> Preset:
    """An example of ours. Its arrays but for the input go with the usual value of the options ``together``."""
    bound = {array: tuple(together) for array in arrays if array not in ("input", "source", "ids")} if together else {}
    return Preset(name, summary, "ours", arrays=arrays, bound=bound)


EXAMPLES: dict[str, Preset] = {
    "bilinear": _example(
        "dot-and-cross", "unit 1 is the dot product of the two, unit 2 their cross product",
        {"input1": [[1, 2]], "input2": [[3, 1]], "weight": [[[1, 0], [0, 1]], [[0, 1], [-1, 0]]], "bias": [0, 0]},
    ),
    "concatenate": _example(
        "two-and-one", "two rows, and a third one below them",
        {"input1": [[1, 2], [3, 4]], "input2": [[5, 6]]}, ("axis", "inputs"),
    ),
    "conv3d": _example(
        "impulse", "one cell in a volume: the convolution answers with its kernel",
        {"input": "impulse:3x3x3", "kernel": "arange:2x2x2"}, ("kernel_size", "filters"),
    ),
    "conv-transpose1d": _example(
        "stamps", "every cell stamps the kernel, as strong as it is",
        {"input": [[1, 0, 2]], "kernel": [[[1, 2, 3]]]}, ("kernel_size", "filters"),
    ),
    "conv-transpose3d": _example(
        "stamp", "one cell stamps the kernel", {"input": "impulse:2x2x2", "kernel": "arange:1x1x2x2x2"},
        ("kernel_size", "filters"),
    ),
    "einsum": _example(
        "matrix-product", "rows of the one meet columns of the other",
        {"input": [[1, 2], [3, 4]], "other": [[1, 0], [1, 1]]}, ("equation",),
    ),
    "elementwise": _example(
        "residual", "what a block made of three numbers, added to the numbers themselves",
        {"input": [[1, 2, 3]], "other": [[0.5, -2, 0]]}, ("operation",),
    ),
    "matmul": _example(
        "turn", "three points, turned by a quarter",
        {"input": [[1, 0], [0, 1], [2, 1]], "other": [[0, 1], [-1, 0]]},
    ),
    "optimiser": _example(
        "steep-and-flat", "one steep direction and one flat",
        {"start": [2, 1], "gradients": [[1000, 100], [500, 100], [250, 100]]},
    ),
    "pad": _example(
        "frame", "two rows in a frame of zeros", {"input": [[1, 2], [3, 4]]}, ("padding", "padding_mode"),
    ),
    "pool3d": _example("cube", "the largest of every 2×2×2 cells", {"input": "arange:2x4x4"}),
    "reduce": _example(
        "rows", "each row's mean", {"input": [[1, 2, 3], [4, 5, 9]]}, ("axis",),
    ),
    "upsample": _example("doubled", "every cell twice as high and wide", {"input": [[1, 2], [3, 4]]}),
}  # fmt: skip
"""By the name of the layer."""
