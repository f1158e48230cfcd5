"""The claims of the film of depthwise separable convolution, recomputed from its traces."""

from __future__ import annotations

import re

import numpy as np

from layeranim.stories.storyboard import Address, Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")


def weights(told: Told) -> tuple[int, int, int]:
    """The filters' weights, those that mix, and those of one convolution from all channels to all maps."""
    filters, mixing = told["depthwise_kernel"], told["pointwise_kernel"]
    return filters.size, mixing.size, mixing.shape[0] * told["input"].shape[1] * filters[0, 0].size


def saves(told: Told) -> bool:
    """Fewer weights and fewer products at every place than one convolution."""
    own, mixing, full = weights(told)
    return own + mixing < full


def channels(told: Told) -> int:
    return int(told["input"].shape[1])


def add_most(told: Told, match: re.Match[str], beat: Beat) -> bool:
    """The channels on the stage add more to the told number than those that are not there."""
    drawn = [int(name.partition(":")[2]) for name in told.board.grids if name.startswith("padded:")]
    maps = [int(name.partition(":")[2]) for name in told.board.grids if name.startswith("output:")]
    row, col = divmod(beat.units[0], told["output"].shape[3])
    products = np.abs(told["pointwise_products"][0, :, row, col, :, 0, 0])
    last = ("output", "pointwise_pre_activation")
    ends = (run.source for run in beat.caption if isinstance(run.source, Address) and run.source.tensor in last)
    f = next(ends).index[1]
    each = products[f].reshape(channels(told), -1).max(axis=1)
    return f in maps and len(drawn) < len(each) and bool(each[drawn].min() >= np.delete(each, drawn).max())


ONE = {"input": "random:1x4x4", "depthwise_kernel": "random:1x1x3x3", "pointwise_kernel": "random:1x1"}
CLAIMS = {
    "depthwise": (
        Claim("every channel is filtered alone, then the channels are mixed"),
        Claim("each filter sees its own channel, and no other", lambda t, m, b: channels(t) > 1, {}, (ONE,)),
        Claim("the filter on its window: one product for each cell"),
        Claim("one sum for each filter: nothing is mixed yet",
              lambda t, m, b: len(t["depthwise_kernel"]) > 1, {}, (ONE,)),
        Claim("the same place in every map, times its weight: here the channels meet",
              lambda t, m, b: channels(t) > 1, {}, (ONE,)),
        Claim("the channels drawn are those that add most to this number", add_most, {"input": "random:8x3x3"},
              ({}, {"input": "random:8x3x3", "show": "channels=1,2"}, {"input": "random:4x3x3"})),
        Claim(r"places? .*: {1,2}each in the same way|every place in the same way"),
        Claim(r"(\d+) \+ (\d+) = (\d+) weights in place of (\d+)",
              lambda t, m, b: (int(m[1]), int(m[2]), int(m[4])) == weights(t) and saves(t)
              and int(m[3]) == sum(weights(t)[:2]), {"example": "colours"}, (ONE,)),
        Claim(r"(\d+) \+ (\d+) = (\d+) weights; one full convolution has (\d+)",
              lambda t, m, b: (int(m[1]), int(m[2]), int(m[4])) == weights(t) and not saves(t)
              and int(m[3]) == sum(weights(t)[:2]), ONE, ({},)),
        Claim("networks for phones: fewer weights, fewer products, the same reach",
              lambda t, m, b: saves(t), {}, (ONE,)),
        Claim("it saves weights and products where many maps are made", lambda t, m, b: not saves(t), ONE, ({},)),
    ),
}  # fmt: skip
