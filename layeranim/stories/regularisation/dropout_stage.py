"""Dropout's stage: x, mask and y as three equal grids; or a layer's nodes with a table of its draws."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from layeranim import layout, theme
from layeranim.layout import Fit, even
from layeranim.numbers import shape_text
from layeranim.stories import nodes, phrases
from layeranim.stories.measures import MIDDLE, ROOM, named, pitch_of, sized, top_of
from layeranim.stories.nodes import NodeColumn
from layeranim.stories.regularisation.dropout_view import DropoutView
from layeranim.stories.storyboard import Cells, Fact, GridPlan, Line, Point, Run
from layeranim.stories.window_stage import BOTTOM, LEFT, RIGHT, TOP

GUTTER, CELL_MOST, LENS, LENS_GAP = 92, 88, 64, (28, 84)
ROW_MOST, RADIUS_MOST, PLAIN, EDGE, NET_GAP, TABLE_GAP = 80, 38, 18, 146, 56, 32
UNITS_MOST, NEIGHBOURS = 9, 3


@dataclass(frozen=True, eq=False)
class DropoutLayer:
    """The units between two plain layers: their discs before and after a draw."""

    units: NodeColumn
    after: Callable[[int], Cells]
    before: tuple[Point, ...]
    following: tuple[Point, ...]
    radius: float = PLAIN
    used: Callable[[], Cells] | None = None

    def edges(self, row: int) -> tuple[tuple[Point, Point], ...]:
        """Every edge of one unit."""
        at = self.units.at[row]
        ways = [nodes.between(p, at, self.radius, self.units.radius) for p in self.before]
        return (*ways, *(nodes.between(at, p, self.units.radius, self.radius) for p in self.following))


@dataclass
class DropoutStage:
    """Grids and what stands between them."""

    grids: dict[str, GridPlan] = field(default_factory=dict)
    signs: list[tuple[Point, str, Any]] = field(default_factory=list)
    lanes: list[tuple[Point, ...]] = field(default_factory=list)
    unmasked: tuple[Point, ...] = ()
    layer: DropoutLayer | None = None
    columns: int = 0
    numerals: bool = True


def networked(view: DropoutView) -> bool:
    """Whether nodes and edges are asked for."""
    base, asked = view.telling.base, getattr(view.trace.config, "view", None)
    return asked == "network" or (asked is None and base is not None and base.name == "slugnet")


# ── matrix ───────────────────────────────────────────────────────────────────
def matrix(view: DropoutView) -> DropoutStage:
    """Three grids of one size; in colour alone with a numbered copy of the cell under way below each."""
    out = DropoutStage()
    room = (ROOM - 2 * GUTTER) / 3
    wide = view.wide("input", "output", "mean", "inference")
    fit = layout.numerals(view.rows, view.cols, wide, room, TOP - BOTTOM, CELL_MOST)
    out.numerals = fit is not None
    height = TOP - BOTTOM if fit else TOP - BOTTOM - LENS - LENS_GAP[0]
    fit = fit or Fit(pitch_of(view.rows, view.cols, room, height), 0)
    drop = min(LENS_GAP[1], height + LENS_GAP[0] - fit.height(view.rows))  # to the lens of a sheet in colour
    top = even(top_of(view.rows, fit.pitch[1]) + (0 if fit.numeral else (LENS + drop) / 2))
    shape = str(view.features) if view.total == view.features else shape_text(view.shape)
    heads: dict[str, Line] = {
        "input": sized("x", shape),
        "mask": (Run("mask", "weights", "semibold"), Run("  1 keeps", source=Fact("mask"))),
        "output": sized("y", shape),
    }
    taken = {name: max(fit.width(view.cols), phrases.width(line, theme.NAME)) for name, line in heads.items()}
    gap = min(GUTTER + 40, (ROOM - sum(taken.values())) / 2)
    x = -(sum(taken.values()) + 2 * gap) / 2
    for name, heading in heads.items():
        at = even(x), top
        cells = view.cells("input", fit.numeral > 0) if name == "input" else None
        plan = GridPlan(name, name, view.rows, view.cols, at, fit.pitch, fit.numeral, cells,
                        empty=name != "input", frame=None)  # fmt: skip
        head = min(plan.at[0], RIGHT - phrases.width(heading, theme.NAME)), top + theme.HEADING_GAP + 2
        out.grids[name] = replace(plan, heading=heading, heading_at=head)
        x += taken[name] + gap
    if not fit.numeral:
        _lenses(out, view, wide, drop)
    _signs(out, view)
    return out


def _lenses(out: DropoutStage, view: DropoutView, wide: float, drop: float) -> None:
    """A numbered copy of the cell under way below each grid, all on one line."""
    across = max(72.0, even(wide * 26 + 16))
    for name in ("input", "mask", "output"):
        box = out.grids[name].box
        at = even(box.centre[0] - across / 2), even(box.bottom - drop)
        size = layout.numeral_size((across, LENS), wide) or theme.FLOOR
        out.grids[f"one:{name}"] = GridPlan(f"one:{name}", name, 1, 1, at, (across, LENS), size, empty=True)


def _signs(out: DropoutStage, view: DropoutView) -> None:
    """× before the mask, the factor over the arrow after it."""
    x, mask, y = (out.grids[name].box for name in ("input", "mask", "output"))
    out.signs.append((((x.right + mask.x) / 2, x.centre[1]), "×", None))
    middle = (mask.right + y.x) / 2
    factor = {"inverted": f"×{view.fact('scale')}", "alpha": "a, b"}.get(view.mode, "")
    if factor:
        aside = 28 if mask.h > 100 else -28
        out.signs.append(((middle, mask.centre[1] + aside), factor, Fact("scale")))
    half = 22
    out.lanes.append(((middle - half, mask.centre[1]), (middle + half, mask.centre[1])))
    out.unmasked = (x.right + x.w / 4, x.centre[1]), (middle + half, mask.centre[1])


# ── network ──────────────────────────────────────────────────────────────────
def network(view: DropoutView) -> DropoutStage | None:
    """Nodes and edges on the left, the draws as columns of a table on the right; ``None`` without room for numbers."""
    n = view.features
    if n > UNITS_MOST or len(view.shape) != 2 or view.mode == "alpha":
        return None
    high = min(ROW_MOST, int((TOP - BOTTOM + theme.CELL_GAP) / n) // 2 * 2)
    radius = min(RADIUS_MOST, high / 2 - 3)
    wide = view.wide("input", "output", "mean", "inference")
    across = max(64.0, 2 * ((wide * theme.FLOOR + 10) // 2 + 1))
    numeral = layout.numeral_size((across, high), wide)
    disc = nodes.disc_numeral(radius, view.wide("input", "output", "inference"))
    left = 4 * PLAIN + 2 * radius + 2 * EDGE
    fixed = left + NET_GAP + across + TABLE_GAP + (across + TABLE_GAP if view.draws > 1 else 0)
    columns = min(view.draws, int((ROOM - fixed) // across))
    if not numeral or columns < 1:  # discs too small for their numbers show them as colour, beside the table
        return None
    out = DropoutStage(columns=columns)
    width = fixed + columns * across - (TABLE_GAP if view.draws > 1 else 0)
    x = -width / 2
    top = top_of(n, high)
    head = top + theme.HEADING_GAP + 2
    _layer(out, view, x, (radius, disc), high, head)
    fit, x = Fit((across, high), numeral), x + left + NET_GAP

    def column(name: str, tensor: str, at: float, heading: Line, cells: Cells | None = None) -> None:
        plan = GridPlan(name, tensor, n, 1, (even(at), top), fit.pitch, numeral, cells, empty=cells is None)
        room = phrases.width(heading, theme.NAME)
        spot = max(LEFT, min(plan.at[0], RIGHT - room)), head
        out.grids[name] = replace(plan, heading=heading, heading_at=spot)

    column("input", "input", x, sized("x", n), view.column("input"))
    x += across + TABLE_GAP
    shown = "draws" if columns == view.draws else f"{columns} of {view.draws} draws"
    draws: Line = (Run("y", "ink", "semibold"), Run(f"  {shown}" if columns > 2 else "", source=Fact("draws")))
    for d in range(columns):
        column(f"draw:{d}", "output", x, draws if d == 0 else ())
        x += across
    if view.draws > 1:
        column("mean", "mean", x + TABLE_GAP - theme.CELL_GAP, named("mean"))
    return out


def _layer(out: DropoutStage, view: DropoutView, x: float, disc: tuple[float, int], high: float, head: float) -> None:
    n, radius = view.features, disc[0]
    xs = even(x + PLAIN), even(x + 2 * PLAIN + EDGE + radius), even(x + 3 * PLAIN + 2 * EDGE + 2 * radius)
    at = nodes.stack(n, high, xs[1], MIDDLE)
    heading: Line = (Run(f"{n} unit{'s' * (n > 1)}", source=Fact("units")),)
    units = NodeColumn(at, radius, disc[1], lambda u: view.column("input"), heading, (xs[1], head))
    plain = [nodes.stack(NEIGHBOURS, 96, across, MIDDLE) for across in (xs[0], xs[2])]
    out.layer = DropoutLayer(units, lambda d: view.column("output", d), plain[0], plain[1], PLAIN,
                      lambda: view.column("inference"))  # fmt: skip
