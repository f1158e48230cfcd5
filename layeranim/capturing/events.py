"""What was seen of a run: a call, and a module that was opened."""

from __future__ import annotations

from typing import Any

from layeranim.capturing.kept import Kept
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Shape
from layeranim.records import dataclass

SHOWN = ("module", "function")
"""Kinds of calls that compute something; the others carry numbers, or make some of nothing."""


@dataclass
class Event:
    """One call as it happened. ``kind`` is module, function, wire (it carries numbers) or made (it makes some).

    ``module`` is the module as it was then. ``sources`` says of every tensor among its arguments which entry made it,
    and which of that one's results it is; ``brought`` whether nothing in the model made it: the caller brought it. A
    ``constant`` one gives the same whatever came in; ``of_nothing`` is one without weights, layers' numbers or input.
    ``found`` is the layer of a composite, ``covers`` what it is made of. ``name`` is ``base``, and a number where that
    runs several times.
    """

    kind: str
    op: str
    path: str
    name: str
    func: Any
    sources: tuple[tuple[int, int] | None, ...]
    shapes_in: tuple[Shape, ...]
    weights: tuple[tuple[str, ...], ...]
    module: Any = None
    given: Kept | None = None
    result: Kept | None = None
    shapes_out: tuple[Shape, ...] = ()
    at: int = -1
    covers: tuple[int, ...] = ()
    found: Packed | None = None
    of_nothing: bool = False
    constant: bool = False
    brought: tuple[bool, ...] = ()
    base: str = ""

    @property
    def reads(self) -> tuple[int, ...]:
        """The numbers of the entries that made its arguments."""
        return tuple(source[0] for source in self.sources if source)


@dataclass
class Span:
    """A module that was opened: where its calls stand among all, and what it was given and gave."""

    path: str
    module: Any
    start: int
    stop: int
    given: Kept
    result: Kept
