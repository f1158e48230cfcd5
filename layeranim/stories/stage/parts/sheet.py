"""Sheet: all units of a layer as one rectangle of cells, whatever axes they have; what a mask drops is dashed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import theme
from layeranim.engine.trace import Array, Region
from layeranim.layout import Fit, even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, LENS, Actor, Moment, heading_at, lens, numbered, powered
from layeranim.stories.stage.plans import Plan
from layeranim.stories.stage.slices import Flat
from layeranim.stories.stage.solver import Extent, Setting, Spot
from layeranim.stories.stage.verbs import Cell, Clear, Fill, Frame, Ghost, Role, Verb, everywhere
from layeranim.stories.storyboard import Address, Cells, GridPlan, Line

LENS_GAP, BAR, SIDE = 34.0, 28.0, 4.0
LAGGED = 40
"""Of more cells than these none waits for the one before."""
FRAMED_LEAST = 8.0
"""Cells smaller than this, in design pixels, are not framed one by one."""
MASK_LEVEL = 20
"""The grey of a kept unit's mask where there is no room for its 1: neither positive nor negative."""


@dataclass(frozen=True, eq=False)
class Folded:
    """Which units sheets hold: those of ``shape`` from ``start`` on, ``rows`` of ``cols`` of them.

    ``kept`` says of every draw and unit that is told whether the mask keeps it: (draws, units).
    """

    shape: tuple[int, ...]
    start: int
    rows: int
    cols: int
    kept: NDArray[np.bool_]

    def place(self, index: tuple[int, ...]) -> Cell | None:
        """Row and column of a unit."""
        at = int(np.ravel_multi_index(index, self.shape)) - self.start
        return divmod(at, self.cols) if 0 <= at < self.rows * self.cols else None

    def told(self, values: Array) -> Array:
        """Of an array of all units those that are told, (rows, columns)."""
        flat = np.asarray(values).reshape(-1)[self.start : self.start + self.rows * self.cols]
        return flat.reshape(self.rows, self.cols)


@dataclass(frozen=True, eq=False)
class Sheet(Actor):
    """The cells of ``tensor`` under the heading ``text``.

    With ``slot`` it shows these draws of a tensor that has several, one after another, first as what is ``kept``, then
    as itself. ``dashed``: what the mask drops is no data.
    """

    tensor: str
    text: Line
    units: Folded
    slot: range | None = None
    kept: str = ""
    dashed: bool = False

    @property
    def draws(self) -> tuple[str, ...]:
        return tuple(name for name in (self.tensor, self.kept) if name)

    @property
    def title(self) -> str:
        """What its plan is called: the tensor, and the first and last of its draws."""
        if self.slot is None:
            return self.tensor
        return ":".join([self.tensor, *map(str, dict.fromkeys((self.slot[0], self.slot[-1])))])

    @property
    def names(self) -> tuple[str, ...]:
        return self.title, f"lens:{self.title}"

    # ── room ─────────────────────────────────────────────────────────────────
    def wide(self, figures: Figures) -> float:
        """The widest text of all sheets: they are compared, so their cells are alike."""
        alike = next((group for group in figures.film.alike if self.tensor in group), figures.film.alike[0])
        return max(figures.wide(name) for name in alike)

    def fit(self, s: Setting) -> Fit:
        """How its cells are drawn."""
        if not s.look.numerals:
            return Fit((s.look.pitch, max(s.look.pitch, BAR if self.units.rows == 1 else 0.0)), 0)
        return numbered(self.tensor, self.wide(s.figures), s.look.pitch, SIDE)

    def measure(self, s: Setting) -> Extent:
        fit, title = self.fit(s), phrases.width(powered(s.figures, self.tensor, self.text), theme.NAME)
        half = fit.height(self.units.rows) / 2
        under = 0.0 if fit.numeral else lens(self.wide(s.figures)).width(1)
        down = half + (0.0 if fit.numeral else LENS_GAP + LENS)
        return Extent(max(fit.width(self.units.cols), title, under), half + HEADING, down)

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, rows, cols = self.fit(s), self.units.rows, self.units.cols
        at = even(spot.x - fit.width(cols) / 2), even(spot.y + fit.height(rows) / 2)
        given = not s.figures.made(self.tensor) and self.slot is None
        cells = self.cells(s.figures, self.tensor, 0, bool(fit.numeral)) if given else None
        plan = GridPlan(self.title, self.tensor, rows, cols, at, fit.pitch, fit.numeral, cells, empty=not given)
        line = powered(s.figures, self.tensor, self.text) if fit.numeral else self.text
        where = heading_at(line, plan.box, spot.width)
        yield replace(plan, heading=line, heading_at=where)
        if not fit.numeral:
            small = lens(self.wide(s.figures))
            below = even(plan.box.centre[0] - small.width(1) / 2), even(plan.box.bottom - LENS_GAP)
            yield GridPlan(self.names[1], self.tensor, 1, 1, below, small.pitch, small.numeral, empty=True)

    # ── cells ────────────────────────────────────────────────────────────────
    def cells(self, figures: Figures, tensor: str, draw: int, numerals: bool) -> Cells:
        """The units in one draw, or of a tensor without draws."""
        axes, units = figures.trace.axes(tensor), self.units
        kept = units.kept[draw].reshape(units.rows, units.cols)
        lead = (draw,) if axes[0] == "draws" else ()
        if tensor == "mask":
            values, levels = kept.astype(float), np.full(kept.shape, 0 if numerals else MASK_LEVEL, np.int8)
        else:
            values = units.told(figures.trace.read(Region(tensor, tuple(zip(axes, lead, strict=False)))))
            levels = figures.ranges.levels(tensor, values)
        ghost = ~kept if self.dashed else None
        texts = figures.ranges.texts(tensor, values) if numerals else None
        if texts is not None and ghost is not None:
            texts = np.where(ghost, "0", texts)
        scale = "grey" if tensor == "mask" and not numerals else "value"
        return Cells(levels, texts, ghost, scale=scale, sources=self._source(figures, tensor, draw))

    def _one(self, figures: Figures, tensor: str, draw: int, at: Cell) -> Cells:
        """One cell of it, for the lens."""
        whole, units, (row, col) = self.cells(figures, tensor, draw, True), self.units, at
        source = replace(self._source(figures, tensor, draw), start=units.start + row * units.cols + col, cols=1)

        def part(block: Any) -> Any:
            return None if block is None else block[row : row + 1, col : col + 1]

        return Cells(part(whole.levels), part(whole.texts), part(whole.ghost), scale=whole.scale, sources=source)

    def _source(self, figures: Figures, tensor: str, draw: int) -> Flat:
        axes, units = figures.trace.axes(tensor), self.units
        lead = (draw,) if axes[0] == "draws" else ()
        power = figures.ranges.power(tensor)
        return Flat(tensor, lead, units.shape, units.start, units.cols, len(axes) - len(lead), power)

    # ── acts ─────────────────────────────────────────────────────────────────
    def draw(self, figures: Figures, moment: Moment) -> int:
        return figures.here(moment.unit).get("draws", 0)

    def spot(self, figures: Figures, plan: GridPlan, address: Address) -> Cell:
        return self.followed(address, figures) or (0, 0)

    def followed(self, target: Address, figures: Figures) -> Cell | None:
        """The cell that is followed, on this sheet."""
        index = target.index[1:] if figures.trace.axes(target.tensor)[0] == "draws" else target.index
        return self.units.place((*index, *(0,) * (len(self.units.shape) - len(index))))

    def mine(self, figures: Figures, moment: Moment) -> bool:
        return self.slot is None or self.draw(figures, moment) in self.slot

    def changes(self, figures: Figures, plan: GridPlan, moment: Moment) -> Iterator[Verb]:
        if self.mine(figures, moment) and (plan.name != self.title or self.slot is not None):
            yield Clear(plan.name)

    def opens(self, figures: Figures, plan: GridPlan, unit: int) -> Iterator[Verb]:
        if plan.name == self.title and plan.empty:
            draw = self.slot[0] if self.slot else 0
            yield Ghost(plan.name, self.cells(figures, self.tensor, draw, bool(plan.numeral)), everywhere(plan))

    def reads(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if not self.mine(figures, moment) or region.tensor == self.kept:
            return
        if self.slot is not None and not figures.made(self.tensor):  # a mask falls in one throw
            yield from self._shown(figures, plan, self.tensor, moment, "focus")
        elif self.slot is None:
            yield from self._pointed(figures, plan, self.tensor, moment, "focus")

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if self.mine(figures, moment) and not (region.tensor == self.kept and self.tensor in moment.made):
            yield from self._shown(figures, plan, region.tensor, moment, "result")

    def _shown(self, figures: Figures, plan: GridPlan, tensor: str, moment: Moment, role: Role) -> Iterator[Verb]:
        """All cells at once, and the one that is followed in a frame."""
        if plan.name == self.title:
            where = everywhere(plan)
            lag = 0.04 if moment.taught and len(where) <= LAGGED else 0.0
            cells = self.cells(figures, tensor, self.draw(figures, moment), bool(plan.numeral))
            yield Fill(plan.name, cells, where, lag)
        yield from self._pointed(figures, plan, tensor, moment, role)

    def _pointed(self, figures: Figures, plan: GridPlan, tensor: str, moment: Moment, role: Role) -> Iterator[Verb]:
        at = self.followed(moment.target, figures)
        if at is None:
            return
        if plan.name != self.title:
            yield Fill(plan.name, self._one(figures, tensor, self.draw(figures, moment), at), ((0, 0),))
        elif min(plan.pitch) >= FRAMED_LEAST:
            yield Frame(plan.name, ((at[0], at[0], at[1], at[1]),), role)

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        drawn = [unit for unit in range(first, last + 1) if self.slot and figures.here(unit)["draws"] in self.slot]
        if plan.name == self.title and drawn:
            draw = figures.here(drawn[-1])["draws"]
            yield Fill(plan.name, self.cells(figures, self.tensor, draw, bool(plan.numeral)), everywhere(plan))
        elif drawn:
            yield Clear(plan.name)
