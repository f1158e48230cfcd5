"""Running a copy of a live PyTorch module, so that what we compute can be held against what it computes.

Only a deep copy is read and run, on clones of the inputs, without gradients; the state of PyTorch's random numbers is
put back. So the module, its buffers and the caller's tensors stay as they are.
"""

from __future__ import annotations

import copy
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.packing import Packed
from layeranim.engine.replay import summed
from layeranim.engine.trace import Array, Trace
from layeranim.errors import InputError, OptionError
from layeranim.inputs.module_tensors import array

_REFUSALS = (RuntimeError, ValueError, TypeError, IndexError, AssertionError, AttributeError, NotImplementedError)
FINEST = 2.0**-52
_EPS = {"float64": FINEST, "complex128": FINEST, "float16": 2.0**-10, "bfloat16": 2.0**-7}
RESULTS = ("output", "loss", "losses")
"""What a trace calls that which the module returns."""


def live(module: Any) -> bool:
    """Whether it is a module of the PyTorch that the caller has imported."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(module, torch.nn.Module)


def copied(module: Any) -> Any:
    """A deep copy. Raises ``OptionError`` where PyTorch cannot make one."""
    try:
        return copy.deepcopy(module)
    except (RuntimeError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise OptionError(f"{type(module).__name__} cannot be copied, so it cannot be checked: {reason}") from None


def ran(module: Any, inputs: tuple[Any, ...], named: Mapping[str, Any]) -> Any:
    """What ``module``, which may be changed by it, returns for clones of the inputs.

    Raises ``InputError`` with PyTorch's reason where it refuses them.
    """
    torch: Any = sys.modules["torch"]
    try:
        return module(*(_clone(torch, x) for x in inputs), **{n: _clone(torch, x) for n, x in named.items()})
    except _REFUSALS as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{type(module).__name__} itself refuses these inputs: {reason}") from None


@contextmanager
def aside() -> Iterator[None]:
    """While a copy is read and run: no gradients, none of PyTorch's advice (the caller's own call gives it), and the
    random numbers put back."""
    torch: Any = sys.modules["torch"]
    before = torch.get_rng_state()
    try:
        with torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_rng_state(before)


def _clone(torch: Any, value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return torch.tensor(value)
    if type(value) in (tuple, list):
        return type(value)(_clone(torch, part) for part in value)
    return value.detach().clone() if isinstance(value, torch.Tensor) else copy.copy(value)


def returned(result: Any, kind: str) -> Any:
    """The tensor, or packed sequence, that a module of this ``kind`` returned, or the first of several.

    Raises ``OptionError`` for anything else, which only a hook can return.
    """
    if isinstance(result, (tuple, list)) and result and type(result).__name__ != "PackedSequence":
        return returned(result[0], kind)
    torch: Any = sys.modules["torch"]
    if not isinstance(result, (torch.Tensor, torch.nn.utils.rnn.PackedSequence)):
        shown = "nothing" if isinstance(result, (tuple, list)) else type(result).__name__
        raise OptionError(
            f"{kind} gives {shown} where a tensor should be, so it is not shown: a hook changes the result"
        )
    return result


def first(result: Any, kind: str, unpacked: Callable[[Any], Array]) -> tuple[Array, float]:
    """The array that a module of this ``kind`` returned, or the first of several, and ε of its type; complex numbers
    as their two parts, along a last axis."""
    found = returned(result, kind)
    if type(found).__name__ == "PackedSequence":
        return unpacked(found), first(found.data, kind, unpacked)[1]
    shown = sys.modules["torch"].view_as_real(found.resolve_conj()) if found.is_complex() else found
    return array("the module's output", shown), spacing(str(found.dtype).removeprefix("torch."))


def spacing(dtype: str) -> float:
    """ε of a type by its name: the spacing of its numbers at 1."""
    return _EPS.get(dtype, 2.0**-23)


def doubles(value: Any, seen: dict[int, Any] | None = None) -> Any:
    """The same arguments with every tensor of floats in double precision; what was one object stays one."""
    torch: Any = sys.modules["torch"]
    seen = {} if seen is None else seen
    if id(value) not in seen:
        made = value
        if type(value) in (tuple, list):
            made = type(value)(doubles(part, seen) for part in value)
        elif type(value) is dict:
            made = {name: doubles(part, seen) for name, part in value.items()}
        elif isinstance(value, np.ndarray) and value.dtype.kind == "f":
            made = value.astype(np.float64)
        elif type(value).__name__ == "PackedSequence" or (
            isinstance(value, torch.Tensor) and value.is_floating_point()
        ):
            made = value.double()
        seen[id(value)] = made
    return seen[id(value)]


def agree(trace: Trace, found: Packed, expected: tuple[Array, float], kind: str) -> None:
    """Refuse a trace whose output is not what the module gave.

    The bound is ε^0.6 of the largest magnitude, with ε of the module's type: 4·10⁻¹⁰ in float64, 7·10⁻⁵ in float32.
    What is normalised is of size 1, also where its mean leaves only PyTorch's rounding; where the terms of a sum
    cancel, a few roundings of the terms are allowed. Where attention sees no key at all PyTorch gives NaN and we give
    0: those cells are left out.
    """
    wrote = next(name for name in RESULTS if name in trace)
    ours = trace[wrote]
    theirs = expected[0].transpose(found.axes) if found.axes else expected[0]
    if ours.size != theirs.size:
        sizes = f"{shape_text(theirs.shape)}, but its layer here {shape_text(ours.shape)}"
        raise OptionError(f"{kind} gives {sizes}: a hook changes the result")
    ours, theirs = ours.reshape(theirs.shape), theirs.astype(ours.dtype)
    least = 1.0 if found.layer in ("batchnorm", "layernorm") else 1e-30
    bound = expected[1] ** 0.6
    with np.errstate(all="ignore"):
        apart = np.abs(ours - theirs)
        if np.max(apart, initial=0) <= bound * max(least, np.max(np.abs(theirs), initial=0)) < np.inf:
            return
        left_out = np.isnan(theirs) & (found.layer in ("attention", "transformer"))
        apart = np.where((ours == theirs) | (np.isnan(ours) & np.isnan(theirs)) | left_out, 0, apart)
    scale = float(np.max(np.abs(theirs), initial=least, where=np.isfinite(theirs)))
    worst = int(np.argmax(np.where(np.isnan(apart), np.inf, apart)))
    off = apart.flat[worst]
    if not off <= bound * scale and not off <= _rounding(trace, wrote, worst, expected[1]):
        raise OptionError(
            f"{kind} gives {theirs.flat[worst]:.9g} where its layer here gives {ours.flat[worst]:.9g}, so it is not "
            "shown: a hook, a parametrization or a setting that is not read changes the result, or a state that every "
            "call moves on"
        )


def _rounding(trace: Trace, wrote: str, worst: int, eps: float) -> float:
    """How far apart the order of adding up can bring a cell. PyTorch adds numbers of 16 bits up in 32."""
    place = np.unravel_index(worst, trace[wrote].shape)
    here = {axis: int(at) for axis, at in zip(trace.axes(wrote), place, strict=True)}
    return 16 * min(eps, 2.0**-23) * summed(trace, wrote, here)
