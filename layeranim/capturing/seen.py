"""A capture from calls whose numbers are arrays already: models of other frameworks than PyTorch.

Whoever watches such a model says of every call what it was given, what it gave and how it is read as a layer of ours;
names, sizes, what is kept and the comparison are the same for all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import numpy as np

from layeranim import catalog
from layeranim.capturing.captured import Capture, ModelCall
from layeranim.engine.memory import size_text
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, UsageError
from layeranim.inputs.module_run import spacing
from layeranim.records import dataclass

Found = tuple[Packed, Array]
"""The layer that computes a call, and what the call gave, with its axes as that layer has them."""


@dataclass(eq=False)
class SeenCall:
    """One call as it happened: ``base`` is where it stands, ``reads`` are the places of calls that made its inputs,
    ``brought`` the inputs, from 0, that no call made: the caller brought them."""

    base: str
    kind: str
    given: Sequence[Array]
    results: Sequence[Array]
    read: Callable[[], Found]
    reads: tuple[int, ...] = ()
    brought: tuple[int, ...] = ()
    weights: Mapping[str, int] = field(default_factory=dict)
    """By the name of each parameter that takes part, how many numbers it has."""
    dtype: str = "float32"
    """The type that the model computed in."""


def numbers(value: Any) -> Array | None:
    """A value as an array of real numbers that a capture can hold, if it is one."""
    if not isinstance(value, (np.ndarray, np.generic)):
        return None
    found = np.asarray(value)
    if found.dtype.name == "bfloat16":
        return found.astype(np.float32)
    if found.dtype.kind == "u" and found.itemsize > 1:
        return found.astype(np.int64)
    return found if found.dtype.kind in "biuf" else None


def numbered(bases: Sequence[str]) -> list[str]:
    """Names of calls: where one stands, and the number of its run where there are several."""
    runs, run = Counter(bases), Counter[str]()
    names = []
    for base in bases:
        run[base] += 1
        names.append(f"{base}:{run[base]}" if runs[base] > 1 else base)
    return names


def asked_for(name: str, wanted: Sequence[str] | None) -> bool:
    """Whether the values of a call are asked for."""
    names = (name,) if ":" in name else (name, f"{name}:1")
    return wanted is None or any(fnmatchcase(one, pattern) for one in names for pattern in wanted)


def refuse_unmatched(names: Sequence[str], wanted: Iterable[str]) -> None:
    """Refuse a pattern that names no call."""
    for pattern in wanted:
        if not any(fnmatchcase(name, pattern) for name in names):
            shown = ", ".join(names[:11]) + (f", … and {len(names) - 11} more" if len(names) > 11 else "")
            raise OptionError(f"keep is {pattern!r}, but no call is called so; there are {shown}")


def refuse_large(sizes: Counter[str], most: int) -> None:
    """Refuse values that take more than ``most`` bytes; ``sizes`` are those of each call."""
    total = sum(sizes.values())
    if total > most:
        largest = ", ".join(f"{name} {size_text(size)}" for name, size in sizes.most_common(3))
        raise OptionError(
            f"the calls hold {size_text(total)}, more than {size_text(most)}; largest: {largest}; keep fewer with "
            'keep="layer4.*", or allow more with max_memory="8GB"'
        )


def capture_of(
    model: str, calls: Sequence[SeenCall], parameters: int, output: Any, notes: tuple[str, ...],
    wanted: Sequence[str] | None, check: bool, most: int,
) -> Capture:  # fmt: skip
    """The capture of a run of ``model`` that made these calls."""
    names = numbered([call.base for call in calls])
    if wanted is not None:
        refuse_unmatched(names, wanted)
    refuse_large(_sizes(names, calls, wanted), most)
    made = [_call(name, call, names, asked_for(name, wanted)) for name, call in zip(names, calls, strict=True)]
    if check:
        for call in made:
            call.verify()
    return Capture(model, tuple(made), parameters, notes, output)


def _sizes(names: Sequence[str], calls: Sequence[SeenCall], wanted: Sequence[str] | None) -> Counter[str]:
    """How much memory the values of each call take that is kept; what several share counts once."""
    sizes, known = Counter[str](), set[int]()
    for name, call in zip(names, calls, strict=True):
        for value in (*call.given, *call.results) if asked_for(name, wanted) else ():
            place = value.__array_interface__["data"][0]
            if place not in known:
                known.add(place)
                sizes[name] += value.nbytes
    return sizes


def _call(name: str, call: SeenCall, names: Sequence[str], whole: bool) -> ModelCall:
    made = ModelCall(
        name, call.kind, tuple(x.shape for x in call.given), tuple(x.shape for x in call.results),
        tuple((one,) for one in call.weights), sum(call.weights.values()), reads=tuple(names[k] for k in call.reads),
        brought=call.brought,
    )  # fmt: skip
    if not whole:
        made.why = "its values were not kept; name it in keep"
        return made
    made.given, made.results = partial(_named, "input", call.given), partial(_named, "output", call.results)
    try:
        found = call.read()[0]
        made.layer, made.options = found.layer, dict(found.options)
        catalog.layer(found.layer).config.of(found.options)
    except UsageError as error:
        made.layer, made.options, made.why = None, {}, str(error)
    else:
        made.packed = partial(_packed, call)
    return made


def _packed(call: SeenCall) -> tuple[Packed, tuple[Array, float]]:
    found, expected = call.read()
    return found, (expected, spacing(call.dtype))


def _named(name: str, arrays: Sequence[Array]) -> dict[str, Array]:
    return {name if len(arrays) == 1 else f"{name}{k}": x for k, x in enumerate(arrays, 1)}
