"""A cell's acts on the way back: step after step what the step before waits for, for all steps at once the rest.

Of the gradient of state and input side by side only the state's part is waited for; slopes of activations wait for
nothing. So a step does no more than meet the weights of the state, and the rest are a few large products.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.adjoint import run
from layeranim.engine.plan import Plan, whole
from layeranim.engine.recurrent.forward import shifted
from layeranim.engine.recurrent.sweep import StepCall, sweep, total
from layeranim.engine.trace import Array

_SLOPE = "slope of "


def through_time(
    plans: Sequence[Plan],
    values: Mapping[str, Array],
    carried: Mapping[str, tuple[str, Array]],
    running: Array,
    reverse: bool,
    joined: str,
    state: int,
) -> dict[str, Array]:
    """Every gradient that ``plans`` write, and those that are handed from step to step: (batch, time, …) each.

    Args:
        values: what is read from outside: weights, and for all steps the forward tensors and gradients from above.
        carried: by the name of a gradient that comes from the next step: the one that is handed on, and the last.
        running: which sequences run at which step; the others keep what they were handed, all else is 0 there.
        reverse: whether the forward pass began with the last step.
        joined: the gradient of state and input side by side; ``state`` columns of it are the state's.
    """
    waited = _waited(plans, [handed for handed, _ in carried.values()])
    both = [p.writes for p in plans if p.operation == "weigh_back" and p.writes.startswith(joined)]
    narrow, now = dict(values), []
    for plan in plans:
        if plan.writes not in waited:
            continue
        if plan.operation == "activate_back":
            slope, (delta, pre) = _SLOPE + plan.writes, [name for name, _ in plan.reads]
            narrow[slope] = ACTIVATIONS[dict(plan.parameters)["name"]].derivative(values[pre])
            plan = replace(plan, operation="multiply", reads=whole(delta, slope))
        elif plan.writes in both:
            narrow[plan.reads[0][0]] = np.ascontiguousarray(values[plan.reads[0][0]][:, :state])
        now.append(plan)
    held = _loop(now, narrow, carried, running, reverse)
    found = {**values, **held}
    for plan in plans:
        if plan.writes in both:
            weight, change = (found[name] for name, _ in plan.reads)
            rest = change @ weight[:, state:]
            made = np.concatenate([held[plan.writes], rest], axis=-1) if plan.writes in held else change @ weight
        elif plan.writes in held and plan.writes != joined:
            continue
        else:
            made = run(plan, found)
        found[plan.writes] = made if running.all() else np.where(running[:, :, None], made, 0)
    return {name: found[name] for name in (*carried, *(plan.writes for plan in plans))}


def _waited(plans: Sequence[Plan], ends: Sequence[str]) -> set[str]:
    """What must be known before ``ends`` are."""
    waited = set(ends)
    for plan in reversed(plans):
        if plan.writes in waited:
            waited |= {name for name, _ in plan.reads}
    return waited


def _loop(
    plans: Sequence[Plan],
    values: Mapping[str, Array],
    carried: Mapping[str, tuple[str, Array]],
    running: Array,
    reverse: bool,
) -> dict[str, Array]:
    """The plans step by step, from the last step of the forward pass to its first."""
    read = {name for plan in plans for name, _ in plan.reads if name in values}
    steps = {name: values[name] for name in read if "weight_" not in name or name.startswith(_SLOPE)}
    still = {name: values[name] for name in read if name not in steps}
    sizes = {name: array.shape[-1] for name, array in (*steps.items(), *still.items())}
    sizes |= {name: last.shape[-1] for name, (_, last) in carried.items()}
    kind = next(last.dtype for _, last in carried.values())
    calls, held = [], {}
    for plan in plans:
        (name, span), *others = plan.reads
        if plan.operation == "join" and name in steps:  # the same numbers by another name
            columns = slice(span.start, span.stop) if isinstance(span, range) else slice(None)
            made = steps[name][..., columns]
        else:
            made = np.empty((*running.shape, sizes[name]), kind)
            reads = (name, *(other for other, _ in others))
            order = reads[::-1] if plan.operation == "weigh_back" else reads
            calls.append(StepCall(_RUN[plan.operation], order, plan.writes))
        steps[plan.writes] = held[plan.writes] = made
        sizes[plan.writes] = made.shape[-1]
    sweep(calls, steps, still, carried, running, not reverse)
    if not running.all():
        for array in held.values():
            array[~running] = 0
    before = {name: shifted(held[handed], last, running, later=not reverse) for name, (handed, last) in carried.items()}
    return held | before


_RUN: dict[str, Callable[..., object]] = {
    "add_cells": total, "join": np.positive, "multiply": np.multiply, "negate": np.negative, "weigh_back": np.matmul,
}  # fmt: skip
