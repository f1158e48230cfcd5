"""Rows of layers that the film of a row is tried on: options of no preset, sizes of no preset."""

from __future__ import annotations

from itertools import pairwise

from layeranim.engine.links import Link, text


def flat(*sizes: int, batch: int = 1, activation: str = "relu", end: str = "") -> str:
    """Dense layers with an activation after each but the last, and maybe a softmax."""
    links: list[Link] = []
    for k, (n, m) in enumerate(pairwise(sizes)):
        links.append(Link(f"d{k}", "dense", {"units": str(m)}, (batch, n), (0, 1), (batch, n), ("weight", "bias")))
        if k < len(sizes) - 2:
            how = {"activation": activation}
            links.append(Link(f"a{k}", "activation", how, (batch, m), (0, 1), (batch, m)))
    if end:
        links.append(Link("end", end, {}, (batch, sizes[-1]), (0, 1), (batch, sizes[-1])))
    return text(links)


ONE = flat(1, 1)
TINY = flat(2, 3, 2, end="softmax")
TWELVE = flat(3, 4, 4, 4, 4, 4, 2, activation="tanh", end="softmax")
THREE = flat(2, 3, 2, batch=3)
WIDE = flat(20, 512, 3)


def maps(filters: int, batch: int = 1, side: int = 9) -> str:
    """A convolution of three maps, an activation, the mean of all, and a dense layer."""
    half = (side - 3) // 2 + 1
    made = (batch, filters, half, half)
    kernel = {"filters": str(filters), "kernel_size": "3", "stride": "2", "bias": "true"}
    ends = (batch, filters, 1, 1)
    same = (0, 1, 2, 3)
    given = (batch, 3, side, side)
    return text([
        Link("seen", "conv", kernel, given, same, given, ("kernel", "bias")),
        Link("bent", "activation", {"activation": "silu"}, made, same, (batch * filters * half, half)),
        Link("whole", "pool", {"mode": "global-mean"}, made, same, made),
        Link("laid", "flatten", {}, ends, same, ends),
        Link("said", "dense", {"units": "2"}, (batch, filters), (0, 1), (batch, filters), ("weight", "bias")),
    ])  # fmt: skip


def steps(batch: int = 1) -> str:
    """An LSTM over four steps, a norm, a dense layer at each step."""
    given = ("weight_input", "weight_hidden", "bias_input", "bias_hidden")
    same = (0, 1, 2)
    return text([
        Link("0", "lstm", {"hidden": "3"}, (batch, 4, 2), same, (batch, 4, 2), given),
        Link("1", "layernorm", {}, (batch, 4, 3), same, (batch, 4, 3), ("gamma", "beta")),
        Link("2", "dense", {"units": "2", "bias": "false"}, (batch, 4, 3), same, (batch * 4, 3), ("weight",)),
    ])  # fmt: skip


def bars() -> str:
    """Layers over one axis and over three, and one that only changes the shape."""
    same, cube = (0, 1, 2, 3, 4), (1, 1, 3, 3, 3)
    made, deep = (1, 2, 2, 2, 2), {"filters": "2", "kernel_size": "2", "bias": "true"}
    return text([
        Link("deep", "conv3d", deep, cube, same, cube, ("kernel", "bias")),
        Link("norm", "batchnorm", {"mode": "inference"}, made, same, made,
             ("running_mean", "running_variance", "gamma", "beta")),
        Link("last", "activation", {"activation": "tanh"}, made, same, (8, 2)),
    ])  # fmt: skip
