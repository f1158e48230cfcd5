"""What several heads come to: their mixtures side by side, and where there is one the matrix W_O after them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from layeranim import layout, numbers, theme
from layeranim.engine.trace import Array
from layeranim.layout import Fit, even
from layeranim.stories import phrases
from layeranim.stories.attention.plan import RowName, beside
from layeranim.stories.attention.stage import BOTTOM, LEFT, NAME_GAP, NAMED, RIGHT, TOP, names_width, needed
from layeranim.stories.attention.view import MOST_FEATURES, MOST_HEADS, MOST_TOKENS, NARROW, AttentionView
from layeranim.stories.phrases import Addend, NumberRow, Terms
from layeranim.stories.storyboard import Address, Cells, Fact, GridPlan, Line, Point, Run

CEILING = TOP - 36  # the upper edge of the highest cell, under its heading
APART, SIGN = 16, 64  # between heads, and around a sign
HEADS_MOST, COLUMNS_MOST = 16, 128  # that are drawn side by side
LARGEST, COLOURED = (92, 60), 30  # pitches at most, with numerals and without


@dataclass
class Join:
    """Grids of the heads (``joined:0`` …), of W_O and of the output, and the signs between them."""

    heads: int
    grids: dict[str, GridPlan] = field(default_factory=dict)
    signs: list[tuple[Point, str]] = field(default_factory=list)
    names: list[RowName] = field(default_factory=list)

    @property
    def projected(self) -> bool:
        """Whether a matrix follows the heads."""
        return "projected" in self.grids


def join(view: AttentionView) -> Join | None:
    """The second stage of a film with several heads; ``None`` for one head, or where not all of it can be drawn."""
    wide = view.heads * view.value_features
    if view.heads == 1 or view.heads > HEADS_MOST or max(wide, view.outputs) > COLUMNS_MOST:
        return None
    if view.queries > MOST_TOKENS or view.value_features > MOST_FEATURES:
        return None
    names = [view.mixture, *(("weight_output", "output") if view.projected else ())]
    for name in names[1:]:
        view.decide(name, NARROW)
    fit = _fit(view, names)
    out, x = Join(view.heads), names_width(view)
    for head in range(view.heads):
        name = f"head {head + 1}" if view.heads <= MOST_HEADS else str(head + 1)
        line: Line = (Run(name, "ink", "semibold", Fact("head")),)
        narrow = view.heads > MOST_HEADS and fit.width(view.value_features) < phrases.width(line, theme.NAME)
        line = () if narrow and 0 < head < view.heads - 1 else line  # no room for all: the first and the last
        cells = view.plane(view.mixture, head, bool(fit.numeral))
        end = _put(out, f"joined:{head}", view.mixture, x, fit, cells, line)
        x = (out.grids[f"joined:{head}"].box.right if narrow else end) + _apart(view)
    if view.projected:
        weight = view.trace["weight_output"]
        heading: Line = (Run("W_{O}", "weights", "semibold", markup=True), _shape(weight.T))
        x = _sign(out, x - _apart(view), "·")
        cells = _cells(view, "weight_output", weight.T, bool(fit.numeral), lambda r, c: (c, r))
        x = _put(out, "weight_output", "weight_output", x, fit, cells, heading, "weights")
        made = view.trace["output"][view.b]
        x = _sign(out, x, "=")
        cells = _cells(view, "output", made, bool(fit.numeral), lambda r, c: (view.b, r, c))
        _put(out, "projected", "output", x, fit, cells, (Run("output", "result", "semibold"), _shape(made)))
    return _named(_centred(out), view)


def _fit(view: AttentionView, names: list[str]) -> Fit:
    """One size for every cell: as large as fits with numerals, else in colour alone."""
    rows = max(view.queries, view.heads * view.value_features) if view.projected else view.queries
    cols = view.heads * view.value_features + (2 * view.outputs if view.projected else 0)
    room = RIGHT - LEFT - names_width(view) - (view.heads - 1) * _apart(view) - (2 * SIGN + 8 if view.projected else 0)
    high = min(LARGEST[1], (CEILING - BOTTOM) // rows // 2 * 2)
    wide = max(layout.widest(numbers.texts(view.trace[n], view.style(n)).ravel().tolist()) for n in names)
    named = (104 if view.heads <= MOST_HEADS else 30) / view.value_features  # a head's name stands over its columns
    least = max(needed(wide), named)
    if high >= layout.LEAST_PITCH and least * cols <= room:
        pitch = min(float(LARGEST[0]), room / cols // 2 * 2), float(high)
        return Fit(pitch, layout.numeral_size(pitch, wide))
    side = min(COLOURED, room / cols, (CEILING - BOTTOM) / rows)
    across = max(side, min(room / cols, named))
    return Fit((_whole(across), _whole(side)), 0)


def _apart(view: AttentionView) -> int:
    """The gap between heads; many stand closer."""
    return APART if view.heads <= MOST_HEADS else APART // 2


def _whole(size: float) -> float:
    return float(size // 2 * 2) if size >= 8 else max(1.0, float(int(size)))


def _put(
    out: Join, name: str, tensor: str, x: float, fit: Fit, cells: Cells, heading: Line, frame: str | None = None
) -> float:
    """Place a grid at ``x``, for now at no height; gives back where it ends."""
    rows, cols = cells.levels.shape
    plan = GridPlan(name, tensor, rows, cols, (x, 0), fit.pitch, fit.numeral, cells, heading=heading, frame=frame,
                    empty=name == "projected")  # fmt: skip
    out.grids[name] = plan
    return max(plan.box.right, x + phrases.width(heading, theme.NAME) + 8)


def _sign(out: Join, x: float, text: str) -> float:
    out.signs.append(((x + SIGN / 2, 0), text))
    return x + SIGN


def _centred(out: Join) -> Join:
    """Everything moved to the middle of the stage."""
    left = -max(grid.box.right for grid in out.grids.values()) / 2
    middle = (CEILING + BOTTOM) / 2
    for name, grid in out.grids.items():
        at = even(grid.at[0] + left), even(middle + grid.box.h / 2)
        heading_at = at[0], at[1] + theme.HEADING_GAP + 2
        out.grids[name] = GridPlan(**{**grid.__dict__, "at": at, "heading_at": heading_at})
    out.signs = [((x + left, middle), text) for (x, _), text in out.signs]
    return out


def _named(out: Join, view: AttentionView) -> Join:
    """The names of the rows beside the first head, where rows are high enough for them."""
    grid = out.grids["joined:0"]
    if grid.pitch[1] >= NAMED:
        width = names_width(view) - NAME_GAP
        out.names = [beside(view.row_name(i), grid, i, width, theme.FLOOR) for i in range(view.rows)]
    return out


def _shape(values: Array) -> Run:
    return Run(f"  {numbers.shape_text(values.shape)}", source=Fact("shape"))


def _cells(
    view: AttentionView, name: str, values: Array, numerals: bool, place: Callable[[int, int], tuple[int, ...]]
) -> Cells:
    texts = numbers.texts(values, view.style(name)) if numerals else None
    levels = numbers.levels(values, numbers.value_range(view.trace[name]))
    return Cells(levels, texts, sources=lambda r, c: Address(name, place(r, c)))


def arithmetic(view: AttentionView) -> Line:
    """The first number of the output: a row of all heads times a column of W_O, term by term."""
    weight = view.trace["weight_output"][0]
    d = view.value_features
    rows = np.concatenate([view.trace[view.mixture][view.b, head, 0] for head in range(view.heads)])
    factors = (
        NumberRow(rows, view.style(view.mixture), lambda k: Address(view.mixture, (view.b, k // d, 0, k % d))),
        NumberRow(weight, view.style("weight_output"), lambda k: Address("weight_output", (0, k)), "weights"),
    )
    bias = []
    if "bias_output" in view.trace:
        text = numbers.text(view.trace["bias_output"][0], view.style("bias_output"))
        bias = [Addend(text, "weights", Address("bias_output", (0,)))]
    made = numbers.text(view.trace["output"][view.b, 0, 0], view.style("output"))
    return phrases.sum_of([Terms(factors, rows * weight == 0)], bias, made, Address("output", (view.b, 0, 0)))
