"""The way back through a pooling: a maximum's gradient goes to the winner, a mean's is spread over the window."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine import pool as engine
from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.pooling.pool_view import SHIFTED, Place, PoolView
from layeranim.stories.stage import Grid
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Moment
from layeranim.stories.stage.travel import blocks_of
from layeranim.stories.stage.verbs import Clear, Frame, Verb
from layeranim.stories.storyboard import Address, Fact, GridPlan, Line, Run

SOME = 5
"""Of so many windows at most what a winner gets is added up in words."""


class WayBack:
    """What happens to the gradient of each window."""

    def __init__(self, view: PoolView) -> None:
        self.view, self.trace = view, view.trace

    # ── which steps, from what and where ─────────────────────────────────────
    def found(self, tensor: str, u: int) -> tuple[tuple[int, ...], tuple[Region, ...], Region] | None:
        """The steps of the cells under a window, and of the window itself."""
        if tensor != "grad_input":
            return None
        view, index = self.view, self.view.output_cell(u)
        at = dict(zip(self.trace.axes("output"), index, strict=True))
        gradient = Region.of("shares" if view.kind == "mean" else "grad_output", **at)
        rows, cols = view.inside(u)
        spans = {"width": _span(cols)} if view.flat else {"height": _span(rows), "width": _span(cols)}
        under = Region.of("grad_input", batch=index[0], channels=index[1], **spans)
        cells = [view.cell(index[1], r, c) for r in rows for c in cols]
        steps = engine.steps_back(self.trace, index, cells)
        made = steps[-len(cells) :]
        stands = any(view.last_over(index[1], r, c) <= u for r in rows for c in cols)
        reads = (*(under,) * stands, gradient, *(view.region(u),) * (view.kind != "mean"))
        return (*made, *steps[: -len(cells)], *engine.steps_of(self.trace, *index)), reads, under

    def told(self, u: int) -> dict[str, int]:
        """The cell whose gradient is written out: the winner, the largest, the first."""
        row, col = self._told(u)
        return {"width": col} if self.view.flat else {"height": row, "width": col}

    def _told(self, u: int) -> Place:
        view = self.view
        rows, cols = view.inside(u)
        if view.kind == "max":
            row, col = view.winner(u)
            return row - view.before[0], col - view.before[1]
        if view.kind == "mean":
            return rows[0], cols[0]
        sizes = np.abs(numbers.rounded(view.values(u)))
        r, c = np.unravel_index(int(np.argmax(np.nan_to_num(sizes, nan=-1.0, posinf=np.inf))), sizes.shape)
        return rows[int(r)], cols[int(c)]

    def evidence(self, told: int, shown: range) -> tuple[Region, ...]:
        """The winners that stand there, of all windows that are shown; else the window that was followed."""
        view, cells = self.view, dict[tuple[int, ...], None]()
        if view.kind == "max" and view.units <= SHIFTED:
            over = {u: view.last_over(view.index(u)[1], *self._told(u)) for u in shown}
            cells = dict.fromkeys(self._cell(u).index for u in shown if over[u] in shown)
        if not cells:
            found = self.found("grad_input", told)
            return (found[2],) if found else ()
        axes = self.trace.axes("grad_input")
        return tuple(Region.of("grad_input", **dict(zip(axes, at, strict=True))) for at in cells)

    # ── in words ─────────────────────────────────────────────────────────────
    def said(self, figures: Figures, u: int, terse: bool) -> Line:
        """Which cell of a window gets which part of its gradient."""
        given = _number(figures, Address("grad_output", self.view.output_cell(u)))
        if terse:
            verb = " to the winner of the " if self.view.kind == "max" else " over the "
            return Run("gradient "), given, Run(verb), Run("window", "focus"), *self._in_all(figures, u)
        return {"max": self._routed, "mean": self._spread, "lp": self._bent}[self.view.kind](figures, u, given)

    def _cell(self, u: int) -> Address:
        return Address("grad_input", self.view.cell(self.view.index(u)[1], *self._told(u)))

    def _wins(self, u: int) -> list[tuple[int, ...]]:
        """The output cells of every window that the winner of this one wins, in reading order."""
        b, channel, *at = self.view.output_cell(u)
        indices = self.trace["indices"][b, channel]
        return [(b, channel, *one) for one in np.argwhere(indices == indices[tuple(at)]).tolist()]

    def _in_all(self, figures: Figures, u: int) -> Line:
        """What the winner has got from several windows, once the last that covers it has passed."""
        view, at = self.view, self._told(u)
        if view.kind != "max" or len(self._wins(u)) == 1:
            return ()
        if view.last_over(view.index(u)[1], *at) != u:
            return ()
        return Run(",  in all "), figures.result(self._cell(u))

    def _routed(self, figures: Figures, u: int, given: Run) -> Line:
        """``the winner, 7, gets 2,  the others 0``; of several windows won ``gets 2 + 3 = 5`` with the last of them."""
        view, won, index = self.view, self._wins(u), self.view.output_cell(u)
        held = Address("padded", view.cell(index[1], *view.winner(u)))
        head = Run("the winner, "), Run(figures.text(held), "ink", "semibold", held), Run(", gets ")
        result = figures.result(self._cell(u))
        if len(won) == 1:
            rest = (Run(",  the others ", late=True), Run("0", source=Fact("others"), late=True))
            return *head, result, *(() if not view.disjoint or view.values(u).size == 1 else rest)
        seen = [one for one in won if one <= index]
        terms: list[Line] = [(_number(figures, Address("grad_output", one), len(seen) > 1),) for one in seen[-SOME:]]
        terms = [*([phrases.more(len(seen) - SOME)] if len(seen) > SOME else []), *terms]
        if len(seen) < len(won):
            later = phrases.so_many("window", "windows", len(won) - len(seen))
            return *head, *phrases.join(terms), Run(f",  {later} still to come", source=Fact("hidden terms"))
        texts = [(figures.text(Address("grad_output", one)),) for one in won]
        line = *head, *phrases.join(terms), phrases.relation_run(numbers.relation(texts, result.text)), result
        return line if phrases.fits(line) else (*head, result)

    def _spread(self, figures: Figures, u: int, given: Run) -> Line:
        """``2 / 4 = 0.50  to each of 4 cells``."""
        index, n = self.view.output_cell(u), self.view.values(u).size
        by, share = Address("divisors", index[2:]), Address("shares", index)
        with np.errstate(all="ignore"):
            reached: Any = numbers.exact(given.text) / numbers.exact(figures.text(by))
        return (
            given, Run(" / "), _number(figures, by),
            phrases.relation_run(numbers.agrees(reached, figures.text(share), given.text)), figures.result(share),
            Run(f"  to each of {n} cells" if n > 1 else "  to its cell", source=Fact("window"), late=True),
        )  # fmt: skip

    def _bent(self, figures: Figures, u: int, given: Run) -> Line:
        """``2 · 7 / 10.49 ≈ 1.33`` for the largest number of a window under the 2-norm, else the rule in words."""
        view, cell, norm = self.view, self._cell(u), Address("output", self.view.output_cell(u))
        known = numbers.exact(figures.text(norm))
        if view.config.norm_type != 2 or not isinstance(known, Fraction) or not known:
            return Run("gradient "), given, Run(", to each number by its share in the norm")
        held = Address("input", cell.index)
        head = (given, Run(numbers.DOT), _number(figures, held, True), Run(" / "), _number(figures, norm))
        if not view.disjoint:
            return *head, Run("  to this number, to each its own")
        texts = [given.text, figures.text(held)]
        exact = [numbers.exact(text) for text in texts]
        whole = all(isinstance(one, Fraction) for one in exact)
        reached: Any = (exact[0] * exact[1] if whole else float(exact[0]) * float(exact[1])) / known
        relation = numbers.agrees(reached, figures.text(cell), *texts, figures.text(norm))
        return *head, phrases.relation_run(relation), figures.result(cell), Run("  to the largest", late=True)


@dataclass(frozen=True)
class Landed(Grid):
    """The input's gradient: cells stand there once the last window over them has passed."""

    view: PoolView | None = None

    def _cells(self, first: int, last: int) -> tuple[tuple[int, int], ...]:
        """The cells of this channel that the last window of those passes."""
        view, out = self.view, list[tuple[int, int]]()
        assert view is not None
        rows, cols = view.lasts
        for u in range(first, last + 1):
            _, channel, r, c = view.index(u)
            if view.flat:  # a channel is a row
                out += [(channel, int(k)) for k in np.flatnonzero(cols == c)]
            elif channel == dict(self.at)["channels"]:
                out += [(int(i), int(k)) for i in np.flatnonzero(rows == r) for k in np.flatnonzero(cols == c)]
        return tuple(out)

    def reads(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        """The window lies over it; of one whose cells stand apart, over those that stand there."""
        if plan.holds(region) and not plan.lens:
            blocks = blocks_of(plan, region)
            if len(blocks) > 1:
                standing = {*self._cells(0, moment.unit)}
                blocks = tuple(block for block in blocks if block[::2] in standing)
            yield Frame(plan.name, blocks, "focus")

    def writes(self, figures: Figures, plan: GridPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        assert self.view is not None
        if not plan.holds(region):
            return
        if plan.lens:
            yield self._lens_shows(figures, plan, region, moment)
            return
        where = self._cells(moment.unit, moment.unit)
        if where:
            yield self._filled(figures, plan, moment.unit, where)

    def passes(self, figures: Figures, plan: GridPlan, first: int, last: int) -> Iterator[Verb]:
        if plan.lens:
            yield Clear(plan.name)
        elif where := self._cells(first, last):
            yield self._filled(figures, plan, last, where)


def _span(cells: list[int]) -> range:
    step = cells[1] - cells[0] if len(cells) > 1 else 1
    return range(cells[0], cells[-1] + 1, step)


def _number(figures: Figures, address: Address, factor: bool = False) -> Run:
    text = figures.text(address)
    return Run(numbers.factor(text) if factor else text, "ink", "semibold", address)
