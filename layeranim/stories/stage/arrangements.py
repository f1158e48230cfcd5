"""Arrangements of more than a row: the same part for each channel or filter, and a matrix product."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layeranim import theme
from layeranim.errors import OptionError
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.language import LEADING, MANY, Apart
from layeranim.stories.stage.lines import Row
from layeranim.stories.stage.plans import TextPlan
from layeranim.stories.stage.solver import COLUMN_GAP, Extent, Node, Setting, Spot
from layeranim.stories.storyboard import Fact, Line, Run, Telling

if TYPE_CHECKING:
    from layeranim.stories.options import FilmOptions
    from layeranim.stories.stage.parts.grid import Grid
    from layeranim.stories.stage.plans import Plan

MOST = 4
"""Of more parts than these all but one are drawn: the last place says how many more there are."""
NEXT = 12.0
"""Between neighbours of a repeated part."""
MORE = 30.0
"""The height of the line that says how many more there are."""
LINE, AIR = 26.0, 6.0
"""The height of a line beneath a part, and what is free between them: room for a frame."""
CROSSING = 28.0
"""Between what stands left of a product and the product."""


def drawn(count: int, most: int = MOST) -> int:
    """How many of ``count`` parts are drawn where ``most`` have room."""
    return count if count <= most else most - 1


def drawn_of(film: FilmOptions, noun: str, count: int, weights: Callable[[], NDArray[Any]]) -> tuple[int, ...]:
    """Which parts are drawn: those that ``show`` asks for, else all, of many those that weigh most, in their order."""
    asked = film.chosen(noun, count, MOST)
    if asked or count <= MOST:
        return asked or tuple(range(count))
    return tuple(sorted(np.argsort(-weights(), kind="stable")[: drawn(count)].tolist()))


def largest(values: NDArray[Any]) -> tuple[int, ...]:
    """Where the largest of some numbers is; NaN is none."""
    flat = int(np.argmax(np.nan_to_num(values, nan=-np.inf)))
    return tuple(int(i) for i in np.unravel_index(flat, values.shape))


def foremost(values: NDArray[Any], followed: int | None, most: int) -> tuple[int, ...]:
    """Of more maps than have room those whose numbers are the largest by size, the followed one among them; nothing
    where all have room."""
    if len(values) <= most:
        return ()
    sizes = np.nan_to_num(np.abs(values.reshape(len(values), -1).astype(float)), nan=-1.0).max(axis=1)
    if followed is not None:
        sizes[followed] = np.inf
    return tuple(sorted(int(k) for k in np.argsort(-sizes, kind="stable")[:most]))


@dataclass(frozen=True, init=False)
class Repeat:
    """A part for each index along an axis: channels, filters, heads; one under another, or ``across`` in a row.

    ``make`` makes the part of an index. Of more than ``most`` all but one are drawn; ``⋮ 5 more`` stands under them.
    Neighbours in a row stand ``apart``. ``shown`` says how many are drawn where somebody chose them.
    """

    nodes: tuple[Node, ...]
    across: int
    apart: float
    hidden: int = field(default=0)

    def __init__(self, make: Callable[[int], Node], count: int, most: int = MOST, across: int = 1,
                 apart: float = NEXT, shown: int | None = None) -> None:  # fmt: skip
        shown = drawn(count, most) if shown is None else shown
        object.__setattr__(self, "nodes", tuple(make(k) for k in range(shown)))
        object.__setattr__(self, "across", min(across, shown))
        object.__setattr__(self, "apart", apart)
        object.__setattr__(self, "hidden", count - shown)

    @property
    def more(self) -> Line:
        """What says how many parts are not drawn."""
        return (Run(f"⋮ {self.hidden} more", source=Fact("hidden")),) if self.hidden else ()

    def _rows(self) -> list[tuple[Node, ...]]:
        return [self.nodes[k : k + self.across] for k in range(0, len(self.nodes), self.across)]

    def _aligned(self, s: Setting) -> Setting:
        """Rows of as many parts, one under another: their parts stand under each other, whatever headings the first
        has."""
        rows = [node for node in self.nodes if isinstance(node, Row)]
        if self.across > 1 or len(rows) < len(self.nodes) or len({len(row.nodes) for row in rows}) > 1:
            return s
        return replace(s, columns=tuple(max(part.width for part in parts)
                                        for parts in zip(*(row.parts(s) for row in rows), strict=True)))  # fmt: skip

    def _measured(self, s: Setting) -> tuple[list[Extent], Extent]:
        """The room of each row of parts, and the widest part."""
        s = self._aligned(s)
        every = [[node.measure(s) for node in row] for row in self._rows()]
        rows = [
            Extent(0.0, max(p.up for p in row), max(p.down for p in row), 0.0, max(p.rise for p in row))
            for row in every
        ]
        flat = [part for row in every for part in row]
        return rows, Extent(max(p.width for p in flat), 0.0, 0.0, max(p.grow for p in flat))

    def measure(self, s: Setting) -> Extent:
        rows, widest = self._measured(s)
        high = sum(r.height for r in rows) + NEXT * (len(rows) - 1) + (MORE if self.hidden else 0.0)
        up = rows[0].up if len(rows) == 1 else high / 2  # a single row lines up by its bodies, without their headings
        width = self.across * widest.width + (self.across - 1) * self.apart
        return Extent(max(width, phrases.width(self.more, theme.FLOOR)), up, high - up, self.across * widest.grow,
                      sum(r.rise for r in rows))  # fmt: skip

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        rows, _ = self._measured(s)
        need = self.measure(s)
        s = self._aligned(s)
        wanted = sum(r.rise for r in rows)
        spare = max(0.0, min(spot.up - need.up, spot.down - need.down, wanted))
        wide = (spot.width - (self.across - 1) * self.apart) / self.across
        y = spot.y + need.up + spare
        for nodes, row in zip(self._rows(), rows, strict=True):
            rise = spare * row.rise / wanted if wanted else 0.0
            y -= row.up + rise
            x = spot.x - (self.across - 1) / 2 * (wide + self.apart)
            for node in nodes:
                yield from node.place(s, Spot(x, even(y), wide, row.up + rise, row.down + rise))
                x += wide + self.apart
            y -= row.down + rise + NEXT
        if self.hidden:
            x = spot.x - phrases.width(self.more, theme.FLOOR) / 2
            yield TextPlan(f"more:{spot.x:g}:{spot.y:g}", (even(x), even(y - MORE / 2)), self.more, theme.FLOOR)


def picked(make: Callable[[int], Node], indices: Sequence[int], count: int, across: int = 1,
           apart: float = NEXT) -> Repeat:  # fmt: skip
    """A part for each of these indices along an axis of so many."""
    return Repeat(lambda i: make(indices[i]), count, across=across, apart=apart, shown=len(indices))


def stack(grid: Grid, noun: str, axis: str, count: int, shown: Sequence[int] | None = None, across: int = 1) -> Repeat:
    """The grid for each index along an axis, ``shown`` or the first: ``map 2``; a single one keeps the grid's name."""

    def one(k: int) -> Grid:
        return replace(grid, text=f"{noun} {k + 1}" if count > 1 else grid.text, at=((axis, k),))

    return picked(one, range(drawn(count)) if shown is None else shown, count, across)


def listed(noun: str, indices: Sequence[int], count: int, what: str = "drawn") -> tuple[str, ...]:
    """``channels 3, 20, 44 of 64 drawn``, counted from 1; nothing where all are."""
    if len(indices) == count:
        return ()
    return (f"{noun if len(indices) > 1 else noun[:-1]} {', '.join(str(i + 1) for i in indices)} of {count} {what}",)


def leading(telling: Telling, tensor: str, axis: str, told: bool = True) -> tuple[tuple[Apart, ...], tuple[str, ...]]:
    """Of sums of many products those of the inputs that were asked for are written, else the largest, and all others as
    one number; and what the header says of it. Of letters, and where the film tells its sums otherwise, none is.
    """
    film, count = telling.film, telling.trace.size(axis)
    asked = film.chosen("inputs", count, LEADING)
    if not told or telling.trace.tensor("input").labels is not None:
        if asked:
            raise OptionError(f"show is {film.show}, but this film writes no inputs one by one; leave it out")
        return (), ()
    apart = (Apart(tensor, axis, asked, LEADING),) if asked or count > MANY else ()
    return apart, listed("inputs", asked, count, "written") if asked else ()


@dataclass(frozen=True)
class More:
    """Parts of a row that are not drawn: how many there are."""

    count: int

    @property
    def _line(self) -> Line:
        return (Run(f"… {self.count} more", source=Fact("hidden")),)

    def measure(self, s: Setting) -> Extent:
        return Extent(phrases.width(self._line, theme.NAME), LINE / 2, LINE / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        x = spot.x - phrases.width(self._line, theme.NAME) / 2
        yield TextPlan(f"more:{spot.x:g}:{spot.y:g}", (even(x), even(spot.y - 7)), self._line, theme.NAME)


@dataclass(frozen=True)
class Beneath:
    """A part with lines of text beneath it, each in its middle: how large it is, what it has learned."""

    node: Node
    lines: tuple[Line, ...]

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (self.node,)

    @property
    def _high(self) -> float:
        return AIR + LINE * len(self.lines) if self.lines else 0.0

    def measure(self, s: Setting) -> Extent:
        own = self.node.measure(s)
        wide = max((phrases.width(line, theme.FLOOR) for line in self.lines), default=0.0)
        return replace(own, width=max(own.width, wide), down=own.down + self._high)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        own = self.node.measure(s)
        yield from self.node.place(s, replace(spot, down=spot.down - self._high))
        for k, line in enumerate(self.lines):
            x, y = spot.x - phrases.width(line, theme.FLOOR) / 2, spot.y - own.down - AIR - LINE * (k + 1) + 4
            yield TextPlan(f"beneath:{k}:{spot.x:g}:{spot.y:g}", (even(x), even(y)), line, theme.FLOOR)


@dataclass(frozen=True)
class Cross:
    """A matrix product: ``left`` a row for each row of the product, ``above`` a column for each of its columns.

    Cells that belong together stand on one line: the rows of the left beside those of the product, the columns of what
    is above over its columns.
    """

    left: Node
    above: Node
    product: Node

    @property
    def nodes(self) -> tuple[Node, ...]:
        return self.left, self.above, self.product

    def _settings(self, s: Setting) -> tuple[Setting, Setting]:
        """Of the left, and of the two that share their columns."""
        names = [name for node in (self.above, self.product) if (name := getattr(node, "tensor", None))]
        wide = max((s.figures.wide(name) for name in names), default=0.0)
        return replace(s, even=True), replace(s, even=True, wide=max(s.wide, wide))

    def _measured(self, s: Setting) -> tuple[Extent, Extent, Extent]:
        rows, cols = self._settings(s)
        return self.left.measure(rows), self.above.measure(cols), self.product.measure(cols)

    def measure(self, s: Setting) -> Extent:
        left, above, product = self._measured(s)
        high = above.height + COLUMN_GAP + max(left.up, product.up) + max(left.down, product.down)
        width = left.width + CROSSING + max(above.width, product.width)
        return Extent(width, high / 2, high / 2)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        left, above, product = self._measured(s)
        rows, cols = self._settings(s)
        need, right = self.measure(s), max(above.width, product.width)
        x = spot.x - need.width / 2
        over = even(spot.y + need.up - above.up)
        line = even(over - above.down - COLUMN_GAP - max(left.up, product.up))
        column = even(x + left.width + CROSSING + right / 2)
        yield from self.left.place(rows, Spot(even(x + left.width / 2), line, left.width, left.up, left.down))
        yield from self.above.place(cols, Spot(column, over, right, above.up, above.down))
        yield from self.product.place(cols, Spot(column, line, right, product.up, product.down))
