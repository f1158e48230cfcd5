"""Thinned: a layer between two others in one draw of a mask: dropped units are crossed out, their edges are gone."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import layout, theme
from layeranim.engine.trace import Region
from layeranim.layout import even
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import HEADING, Actor, Moment
from layeranim.stories.stage.parts.sheet import Sheet
from layeranim.stories.stage.plans import Plan, ThinnedPlan
from layeranim.stories.stage.solver import Extent, Setting, Spot, Unfit
from layeranim.stories.stage.verbs import Clear, Light, NodeFill, Verb
from layeranim.stories.storyboard import Point

PLAIN, NEIGHBOURS = 6.0, 3
"""The radius of units of the layers beside it, and how many of them are drawn."""
EDGE, EDGE_MOST = 20.0, 110.0
RADIUS_MOST, APART, SIDE = 34.0, 8.0, 4.0


@dataclass(frozen=True, eq=False)
class Thinned(Actor):
    """The units of a sheet of one column as nodes, level with its cells; ``whole``: from the start all have edges."""

    sheet: Sheet

    @property
    def draws(self) -> tuple[str, ...]:
        return self.sheet.draws

    @property
    def names(self) -> tuple[str, ...]:
        return (f"{self.sheet.title}:thinned",)

    def _radius(self, s: Setting) -> float:
        pitch = self.sheet.fit(s).pitch[1]
        if self.sheet.units.cols > 1:
            raise Unfit(self.sheet.tensor)
        return min(RADIUS_MOST, max(pitch / 2 - 4, (pitch - APART) // 2))

    def _half(self, s: Setting) -> float:
        """Half the width of a node that holds its number."""
        wide = self.sheet.wide(s.figures) * theme.FLOOR if s.look.numerals else 0.0
        return max(self._radius(s), even(wide / 2 + SIDE) if wide else 0.0)

    def measure(self, s: Setting) -> Extent:
        half = self.sheet.fit(s).height(self.sheet.units.rows) / 2
        width = 2 * self._half(s) + 4 * PLAIN + 2 * EDGE
        title = phrases.width(self.sheet.text, theme.NAME)
        return Extent(max(width, title), half + HEADING, half, 2 * (EDGE_MOST - EDGE))

    def place(self, s: Setting, spot: Spot) -> Iterator[Plan]:
        fit, rows, radius = self.sheet.fit(s), self.sheet.units.rows, self._radius(s)
        top = even(spot.y + fit.height(rows) / 2)
        ys = [top - row * fit.pitch[1] - (fit.pitch[1] - theme.CELL_GAP) / 2 for row in range(rows)]
        x = even(spot.x)
        ways = spot.width / 2 - PLAIN
        apart = min(96.0, fit.height(rows) / NEIGHBOURS)
        sides: list[tuple[Point, ...]] = [
            tuple((x + side * ways, spot.y + (1 - k) * apart) for k in range(NEIGHBOURS)) for side in (-1, 1)
        ]
        line = self.sheet.text
        at = x - phrases.width(line, theme.NAME) / 2, top + theme.HEADING_GAP
        size = layout.numeral_size((2 * self._half(s) + theme.CELL_GAP, fit.pitch[1]), self.sheet.wide(s.figures))
        size = min(size or theme.FLOOR, 26) if s.look.numerals else 0
        yield ThinnedPlan(self.names[0], tuple((x, y) for y in ys), sides[0], sides[1], radius, self._half(s), PLAIN,
                          size, line, at)  # fmt: skip

    # ── acts ─────────────────────────────────────────────────────────────────
    def changes(self, figures: Figures, plan: ThinnedPlan, moment: Moment) -> Iterator[Verb]:
        if self.sheet.slot is not None and self.sheet.mine(figures, moment):
            yield Clear(plan.name)

    def opens(self, figures: Figures, plan: ThinnedPlan, unit: int) -> Iterator[Verb]:
        draw = self.sheet.slot[0] if self.sheet.slot else 0
        cells = self.sheet.cells(figures, self.sheet.tensor, draw, _numbered(plan))
        yield NodeFill(plan.name, cells, tuple(range(self.sheet.units.rows)), pale=True)

    def writes(self, figures: Figures, plan: ThinnedPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        tensor, sheet = region.tensor, self.sheet
        if not sheet.mine(figures, moment) or (tensor == sheet.kept and sheet.tensor in moment.made):
            return
        cells = sheet.cells(figures, tensor, sheet.draw(figures, moment), _numbered(plan))
        yield NodeFill(plan.name, cells, tuple(range(sheet.units.rows)))
        at = sheet.followed(moment.target, figures)
        if at is not None:
            yield Light(plan.name, (at[0],))

    def passes(self, figures: Figures, plan: ThinnedPlan, first: int, last: int) -> Iterator[Verb]:
        slot = self.sheet.slot
        drawn = [unit for unit in range(first, last + 1) if slot and figures.here(unit)["draws"] in slot]
        if drawn:
            cells = self.sheet.cells(figures, self.sheet.tensor, figures.here(drawn[-1])["draws"], _numbered(plan))
            yield NodeFill(plan.name, cells, tuple(range(self.sheet.units.rows)))


def _numbered(plan: Plan) -> bool:
    assert isinstance(plan, ThinnedPlan)
    return plan.numeral > 0
