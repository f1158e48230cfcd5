"""The gates of a cell at once: one product for what the input adds at all steps, one a step for the state's part."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.recurrent.cells import Act
from layeranim.engine.recurrent.sweep import StepCall
from layeranim.engine.trace import Array
from layeranim.records import dataclass

_SUMS, _ADDED, _WEIGHT = "all pre-activations", "the state's part of them", "all weights of the state"


@dataclass(frozen=True)
class Gates:
    """What a loop over time steps is given: arrays of all ``steps``, arrays that stand ``still``, calls.

    The calls write every pre-activation and activation but those in ``late``, whose pre-activations wait for a term
    that the step makes (a peephole's).
    """

    steps: dict[str, Array]
    still: dict[str, Array]
    calls: tuple[StepCall, ...]
    late: dict[str, tuple[str, ...]]


def gates(acts: Sequence[Act], values: Mapping[str, Array], x: Array) -> Gates:
    """The gates that weigh state and input side by side, those with the same activation next to each other.

    Args:
        values: the weights and biases of every gate by name.
        x: (batch, time, features).
    """
    squash = {act.reads[0]: act for act in acts if act.verb == "activate"}
    late = {act.writes: tuple(name for name in act.reads[2:] if name not in values) for act in acts if _joined(act)}
    every = [act for act in acts if _joined(act)]
    if not every:
        return Gates({}, {}, (), {})
    every.sort(key=lambda act: (bool(late[act.writes]), squash[act.writes].name))
    parts = [act.reads[0].removeprefix("weight_").removesuffix("_gate") for act in every]
    state = np.concatenate([values[f"weight_hidden_{part}"] for part in parts])
    units, ahead = len(state) // len(every), x.reshape(-1, x.shape[-1])
    sums = np.empty((*x.shape[:2], len(state)), x.dtype)
    made, steps = np.empty_like(sums), {_SUMS: sums}
    for k, (act, part) in enumerate(zip(every, parts, strict=True)):
        block = slice(k * units, (k + 1) * units)
        steps[act.writes], steps[squash[act.writes].writes] = sums[..., block], made[..., block]
        np.matmul(ahead, values[f"weight_input_{part}"].T, out=sums.reshape(-1, len(state))[:, block])
    known = ([name for name in act.reads[2:] if name in values] for act in every)
    for biases in zip(*known, strict=True):
        sums += np.concatenate([values[name] for name in biases])
    calls = [StepCall(np.ndarray.dot, ("previous_hidden", _WEIGHT), _ADDED), StepCall(np.add, (_SUMS, _ADDED), _SUMS)]
    at = 0
    for name, group in groupby((act for act in every if not late[act.writes]), lambda act: squash[act.writes].name):
        block = slice(at, at := at + units * len(list(group)))
        steps[f"{_SUMS}, {name}"], steps[f"all of {name}"] = sums[..., block], made[..., block]
        like = made[:, 0, block]
        calls.append(StepCall(ACTIVATIONS[name].into(like), (f"{_SUMS}, {name}",), f"all of {name}"))
    still = {_WEIGHT: turned(state, len(x)), _ADDED: np.empty_like(sums[:, 0])}
    return Gates(steps, still, tuple(calls), {name: terms for name, terms in late.items() if terms})


def turned(weight: Array, batch: int) -> Array:
    """Its transpose, which a batch of vectors is multiplied with step after step: in order, where there are several."""
    return np.ascontiguousarray(weight.T) if batch > 1 else weight.T


def _joined(act: Act) -> bool:
    return act.verb == "affine" and act.reads[1] == "joined"
