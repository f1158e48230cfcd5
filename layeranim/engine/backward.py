"""Backward passes as traces: what they start from, and what every one of them holds.

A backward pass is a trace of its own, of the layer's name with ``-backward``: every tensor of the forward trace, the
gradients that were given (role input), and ``grad_<tensor>`` for what was computed, ∂loss/∂tensor in that tensor's
shape and axes; those of the layer's arrays have the role output. Its Steps are those of the way back alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine import door
from layeranim.engine.array import numeric
from layeranim.engine.option import suggest
from layeranim.engine.trace import Array, Origin, Step, Tensor, Trace
from layeranim.errors import OptionError

SUFFIX = "-backward"


def starts(trace: Trace, gradients: Mapping[str, Any], *names: str) -> dict[str, Array]:
    """The gradients of the loss that a backward pass of ``trace`` starts from, each in its tensor's shape (leading
    axes of size 1 may be left out) and type.

    ``names`` are the tensors that it may start from. Where no gradient is given, that of the first one is 1 everywhere:
    the loss is the sum of its cells.

    Raises ``OptionError`` for a gradient of another tensor, ``ShapeError`` for one of another shape.
    """
    for name in gradients:
        if name not in names:
            shown = ", ".join(names)
            raise OptionError(
                f"the gradient of {name} was given{suggest(name, names)}, "
                f"but the backward pass of {trace.layer} starts from that of {shown}"
            )
    given = {name: array for name, array in gradients.items() if array is not None}
    out = {}
    for name, value in (given or {names[0]: np.ones(trace.tensor(names[0]).shape)}).items():
        tensor = trace.tensor(name)
        array = numeric(f"grad_{name}", value)
        full = (1,) * (len(tensor.shape) - array.ndim) + array.shape
        door.fitting(
            f"grad_{name}", array.shape if full != tensor.shape else full, tensor.shape, ", ".join(tensor.axes)
        )
        out[name] = array.reshape(full).astype(tensor.dtype, copy=False)
        out[name].flags.writeable = False
    return out


def start(trace: Trace, gradients: Mapping[str, Any], name: str = "output") -> Array:
    """The one gradient that a backward pass starts from; see :func:`starts`."""
    return starts(trace, gradients, name)[name]


def beside(trace: Trace, *made: Tensor) -> dict[str, Tensor]:
    """Every tensor of the forward trace, then what the backward pass made."""
    out = {
        name: replace(tensor, role="intermediate") if tensor.role == "output" else tensor
        for name, tensor in trace.tensors.items()
    }
    return out | {tensor.name: tensor for tensor in made}


def passed_back(
    trace: Trace,
    given: Mapping[str, Array],
    every: Mapping[str, Tensor],
    steps: Sequence[Step],
    facts: Mapping[str, int | float | str] | None = None,
) -> Trace:
    """The backward pass of ``trace`` from the gradients ``given``; ``every`` is from :func:`beside`."""
    said = {"given": ", ".join(given), **(facts or {})}
    return Trace(trace.layer + SUFFIX, trace.config, every, steps, said, Origin(trace, given))
