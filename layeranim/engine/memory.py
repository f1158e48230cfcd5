"""How much memory a layer will take, known from shapes alone, and the budget that it has to keep to.

Nothing is measured here and nothing is taken: what a layer ``makes`` is declared beside its arithmetic, as shapes, and
a size over the budget is refused before the first of its numbers exists.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.trace import Shape, count
from layeranim.errors import MemoryLimitError

if TYPE_CHECKING:
    from layeranim.engine.option import Layer

Makes = Callable[[Any, Mapping[str, Shape]], dict[str, Shape]]
"""``makes(config, shapes)``: the shapes of what a layer computes from arrays of these ``shapes``, by name.

Besides its tensors it names what stands only while it computes, where that is as large as they are.
"""

NUMBER = 8
"""Bytes of a float64."""
USUAL = 512 * 2**20
"""What one command may take, beyond the program itself and the user's own files."""
WIDEST = 2**28 * NUMBER
"""What one tensor may take where no budget was set: within the engine, and for a live model."""
SENSIBLE = 2**40
"""What no one sets a budget to."""
OPTION = "--max-memory"
SLACK = 1.4
"""The peak as a multiple of what stands: a function's own intermediates, half of what is made copied once more."""

_budget: ContextVar[int] = ContextVar("layeranim_memory", default=WIDEST)


@contextmanager
def budget(size: int) -> Iterator[None]:
    """What is computed within may take ``size`` bytes."""
    token = _budget.set(size)
    try:
        yield
    finally:
        _budget.reset(token)


@contextmanager
def roomy() -> Iterator[None]:
    """Within, one tensor may take what the engine allows at least: for shapes of which the sum is checked next."""
    with budget(max(_budget.get(), WIDEST)):
        yield


def afford(what: str, size: int) -> None:
    """Refuse ``what`` when its ``size`` in bytes is over the budget, with the option that lifts it.

    Raises ``MemoryLimitError``.
    """
    most = _budget.get()
    if size > most:
        raise MemoryLimitError(
            f"{what}, about {size_text(size)} of memory, but at most {size_text(most)} may be taken;"
            f" make it smaller{lifted(size)}"
        )


def lifted(size: int) -> str:
    """What to write so that ``size`` bytes are allowed, where any machine has as many."""
    if size > SENSIBLE:
        return f" ({OPTION} SIZE lifts the limit)"
    return f", or allow more: {OPTION} {size_text(size + size // 16).replace(' ', '')} (max_memory= in Python)"


def affordable(name: str, shape: Shape) -> None:
    """Refuse one tensor that is over the budget by itself."""
    afford(f"{name} would be {shape_text(shape)}", NUMBER * count(shape))


def needed(layer: Layer, config: Any, shapes: Mapping[str, Shape], itemsize: int = NUMBER, back: bool = False) -> int:
    """Bytes at the peak of ``layer.compute`` with a complete ``config`` and arrays of these ``shapes``; 4 a float32.

    With ``back`` those of ``layer.backward`` after it too. An estimate: what is made is declared, what a function of
    NumPy takes on its way is allowed for.

    >>> from layeranim import catalog
    >>> layer = catalog.layer("dense")
    >>> config, shapes = layer.complete(layer.config.of({"units": 1000}), {"input": (1000, 10)})
    >>> needed(layer, config, shapes) // 10**6
    34
    """
    made = (layer.makes or _alike)(config, shapes)
    cells = sum(count(shape) for shape in (*shapes.values(), *made.values()))
    return math.ceil(SLACK * itemsize * cells * (1 + (layer.back if back else 0)))


def check(
    layer: Layer, config: Any, shapes: Mapping[str, Shape], types: Sequence[np.dtype[Any]] = (), back: bool = False
) -> None:
    """Refuse a layer that takes more than the budget, before an array of it is drawn or computed.

    ``types`` are those of the arrays; without them they are drawn, as float64.
    """
    made = {**shapes, **(layer.makes or _alike)(config, shapes)}
    single = bool(types) and all(kind == np.float32 for kind in types)
    drawn = 0 if types else NUMBER * sum(map(count, shapes.values()))
    size = needed(layer, config, shapes, 4 if single else NUMBER, back) + drawn
    largest = max(made, key=lambda name: count(made[name]), default="")
    more = f" and {len(made) - 1} more" if len(made) > 1 else ""
    afford(f"{layer.name} has {largest} of {shape_text(made.get(largest, ()))}{more}", size)


def alike(name: str, times: int) -> Makes:
    """``makes`` of a layer that makes ``times`` arrays of the shape of its array ``name``."""
    return lambda config, shapes: times_of("made", shapes[name], times)


def times_of(name: str, shape: Shape, times: int) -> dict[str, Shape]:
    """``times`` arrays of one shape, numbered."""
    return {f"{name} {k}": shape for k in range(1, times + 1)}


def named(prefix: str, made: Mapping[str, Shape]) -> dict[str, Shape]:
    """What a part makes, in the names of the whole."""
    return {prefix + name: shape for name, shape in made.items()}


def _alike(config: Any, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Of a layer that declares nothing: three arrays as large as its largest."""
    return times_of("made", max(shapes.values(), key=count), 3) if shapes else {}


def size_text(size: int) -> str:
    """``1.3 GB``, ``512 MiB``: decimal but for whole MiB, as options take it; the magnitude of what no one has."""
    if size % 2**20 == 0 and size < SENSIBLE:
        return f"{size // 2**30} GiB" if size % 2**30 == 0 else f"{size // 2**20} MiB"
    for unit, bytes_ in (("GB", 10**9), ("MB", 10**6), ("KB", 10**3)):
        if size >= bytes_:
            number = math.ceil(10 * size / bytes_) / 10
            return f"{number:.1f} {unit}" if number < 10 else f"{_short(math.ceil(number))} {unit}"
    return f"{size} byte{'s' * (size != 1)}"


def _short(number: int) -> str:
    return str(number) if number < 10**6 else f"10^{len(str(number)) - 1}"
