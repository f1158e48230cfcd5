"""Losses that are no layer of ours as a whole: what each number comes to, written out, and their mean or sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from layeranim.capturing.cells import cells
from layeranim.capturing.functions import bound
from layeranim.capturing.kept import torch_module
from layeranim.capturing.linear import Read
from layeranim.engine.elementwise import FUNCTIONS
from layeranim.engine.packing import Packed

Given = dict[str, Any]
_ENDING = "size_average=None reduce=None reduction='mean'"


def _margin_ranking(g: Given) -> tuple[Any, ...]:
    return "maximum", g["margin"] - g["target"] * (g["input1"] - g["input2"]), 0.0


def _hinge(g: Given) -> tuple[Any, ...]:
    x, t = g["input"], g["target"]
    return "where", x.where(t == 1, 0 * x), (g["margin"] - x).clamp(min=0).where(t == -1, 0 * x), t == 1


def _soft_margin(g: Given) -> tuple[Any, ...]:
    return "log1p", (-g["target"] * g["input"]).exp()


def _cosine(g: Given) -> tuple[Any, ...]:
    x, y, t = g["input1"], g["input2"], g["target"]
    near = (x * y).sum(-1) / ((x.square().sum(-1) + 1e-12) * (y.square().sum(-1) + 1e-12)).sqrt()
    return "where", 1 - near, (near - g["margin"]).clamp(min=0), t == 1


def _poisson(g: Given) -> tuple[Any, ...]:
    x, t = g["input"], g["target"]
    rate, power = (x.exp(), x) if g["log_input"] else (x, (x + g["eps"]).log())
    if g["full"]:  # Stirling's formula for ln t!
        rate = rate + (t * t.log() - t + 0.5 * (2 * math.pi * t).log()).where(t > 1, 0 * t)
    return "subtract", rate, t * power


def _multi_margin(g: Given) -> tuple[Any, ...]:
    x, t = g["input"], g["target"].reshape(-1)
    x = x.reshape(len(t), -1)
    off = (g["margin"] - x.gather(1, t[:, None]) + x).clamp(min=0) ** g["p"]
    off = off if g["weight"] is None else off * g["weight"][t, None]
    every = off.scatter(1, t[:, None], 0.0).sum(1)
    return "divide", every.reshape(g["target"].shape), float(x.shape[1])


def _multilabel_margin(g: Given) -> tuple[Any, ...]:
    x, t = g["input"], g["target"]
    rows, labels = x.reshape(-1, x.shape[-1]), t.reshape(-1, t.shape[-1])
    labels = labels.masked_fill((labels < 0).cumsum(1) > 0, -1)  # those behind the first −1 are none
    true = (labels[..., None] == torch_module().arange(rows.shape[1], device=labels.device)).any(1)
    off = (1 - rows[:, :, None] + rows[:, None]).clamp(min=0) * (true[:, :, None] & ~true[:, None])
    return "divide", off.sum((1, 2)).reshape(x.shape[:-1]), float(rows.shape[1])


def _triplet(g: Given) -> tuple[Any, ...]:
    anchor, same, other = g["anchor"], g["positive"], g["negative"]

    def apart(x: Any, y: Any) -> Any:
        return (x - y + g["eps"]).norm(g["p"], -1)

    far = apart(anchor, other)
    far = far.minimum(apart(same, other)) if g["swap"] else far
    return "maximum", apart(anchor, same) - far + g["margin"], 0.0


_WRITTEN: dict[str, tuple[str, Callable[[Given], tuple[Any, ...]]]] = {
    "margin_ranking_loss": ("input1 input2 target margin=0", _margin_ranking),
    "hinge_embedding_loss": ("input target margin=1.0", _hinge),
    "soft_margin_loss": ("input target", _soft_margin),
    "cosine_embedding_loss": ("input1 input2 target margin=0", _cosine),
    "poisson_nll_loss": ("input target log_input=True full=False size_average=None eps=1e-8 reduce=None "
                         "reduction='mean'", _poisson),
    "multi_margin_loss": ("input target p=1 margin=1.0 weight=None", _multi_margin),
    "multilabel_margin_loss": ("input target", _multilabel_margin),
    "triplet_margin_loss": ("anchor positive negative margin=1.0 p=2 eps=1e-6 swap=False", _triplet),
}  # fmt: skip
"""By the function: its arguments, and the last operation of what each number comes to."""


def _loss(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    spec, written = _WRITTEN[op]
    given = bound(spec if "reduction" in spec else f"{spec} {_ENDING}", op, args, kwargs)
    found = cells(*written(given))
    reduction = given["reduction"]
    if given["size_average"] is not None or given["reduce"] is not None:
        reduction = torch_module().nn._reduction.legacy_get_string(given["size_average"], given["reduce"], False)
    if reduction == "none":
        return found
    each = np.asarray(FUNCTIONS[found.options["operation"]].run(*found.arrays.values()))
    return Packed("reduce", {"mode": reduction}, {"input": np.atleast_1d(each)})


LOSSES: dict[str, Read] = dict.fromkeys(_WRITTEN, _loss)
"""How each of them is read, by its name."""
