"""What a pooling's scene asks for besides the grids: windows, winners, lanes, values, what has landed."""

from __future__ import annotations

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.numbers import Style
from layeranim.stories.pooling.plan import PoolPlan, back_region
from layeranim.stories.pooling.view import Place
from layeranim.stories.storyboard import Address, Cells, Fact, Line, Point, Run

Cell = tuple[str, Place]
Landed = tuple[str, list[Place]]
CLEAR = 16  # a cell smaller than this shows no frame of its own


class PoolParts:
    """Everything by unit: one window of one channel."""

    def __init__(self, plan: PoolPlan, first: int) -> None:
        self.plan, self.view, self.first = plan, plan.view, first
        self.backward, self.kind, self.lens = plan.view.config.backward, plan.view.kind, plan.lens
        self.style = plan.styles

    def windows(self, u: int) -> list[tuple[str, Region]]:
        """The grids that have cells under the window of unit ``u``, with their regions."""
        w = self.view.window(u)
        names = (("input", self.view.region(w)), ("back", back_region(self.view, u)))
        return [(f"{n}:{w.channel}", region) for n, region in names if f"{n}:{w.channel}" in self.plan.grids]

    def cell(self, u: int) -> Cell:
        """The cell of the output, or of its gradient, that the window belongs to."""
        w = self.view.window(u)
        return f"{'grad' if self.backward else 'output'}:{w.channel}", (w.r, w.c)

    def row_end(self, u: int) -> bool:
        """Whether the window leaves its row before unit ``u``."""
        return u > 0 and u % self.view.out_shape[1] == 0

    def counter(self, done: int) -> Line:
        """How many windows are done, of how many."""
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.units}", source=Fact("windows"))

    # ── what moves ───────────────────────────────────────────────────────────
    def gathered(self, u: int) -> list[tuple[Cell, Place]]:
        """The cells of the input under the window, each with its place in the window's copy; none beside a lens."""
        w = self.view.window(u)
        rows, cols = self.view.taps(w)
        if self.lens or "window" not in self.plan.grids:
            return []
        real, _ = self.view.counted(w)
        return [((f"input:{w.channel}", (rows[r], cols[c])), (r, c)) for r, c in np.argwhere(real).tolist()]

    def candidates(self, u: int) -> list[Cell]:
        """The numbered cells that come together in the operator: the copy's, or the input's where there is no copy."""
        w = self.view.window(u)
        source, copied = f"input:{w.channel}", self.plan.grids.get("window")
        rows, cols = self.view.taps(w)
        real = np.argwhere(self.view.counted(w)[0]).tolist()
        if copied:
            return [("window", (r, c)) for r, c in real] if copied.numeral else []
        return [(source, (rows[r], cols[c])) for r, c in real] if self.plan.grids[source].numeral else []

    def winners(self, u: int) -> list[Cell]:
        """Where the largest number of the window stands on the stage: in the input, in the window's copy."""
        if self.kind != "max":
            return []
        w = self.view.window(u)
        row, col = self.view.winner(w)
        places: list[Cell] = [("window", self.view.winning_tap(w))]
        given = self.plan.grids.get(f"input:{w.channel}")
        if given and min(given.pitch) >= CLEAR:
            places.insert(0, (given.name, (row, col)))
        if self.backward:
            places.append((f"back:{w.channel}", self._inside((row, col))))
        return [(name, at) for name, at in places if name in self.plan.grids]

    def _inside(self, at: Place) -> Place:
        return at[0] - self.view.before[0], at[1] - self.view.before[1]

    def chosen(self, u: int) -> Cells:
        """The window's copy with all but the winner dimmed; in colour alone they stay, to be compared with it."""
        given = self.plan.grids["window"].numeral > 0
        return self.view.window_cells(self.view.window(u), self.style["input"] if given else None, chosen=given)

    def values(self, u: int) -> dict[str, tuple[Point, Run]]:
        """The numbers beside the operators of a mean, with their places: the sum under Σ, the divisor over ÷."""
        view, w = self.view, self.view.window(u)
        if self.kind != "mean":
            return {}
        over = numbers.text(view.trace["divisors"][w.r, w.c], Style(0))
        at = self.plan.operators[-1][0]
        out = {"divide": ((at[0], at[1] + 30), Run(over, "ink", "semibold", Address("divisors", (w.r, w.c))))}
        if not self.backward:
            at = self.plan.operators[0][0]
            text = numbers.text(view.trace["sums"][w.index], self.style["sums"])
            out["sum"] = ((at[0], at[1] - 46), Run(text, "ink", "semibold", Address("sums", w.index)))
        return out

    # ── backwards ────────────────────────────────────────────────────────────
    def landed(self, u: int) -> Landed:
        """The cell of the output; backwards those of the input's gradient over which the last window has passed."""
        if not self.backward:
            name, cell = self.cell(u)
            return name, [cell]
        w = self.view.window(u)
        rows, cols = (np.flatnonzero(last == i).tolist() for last, i in zip(self.view.last, (w.r, w.c), strict=True))
        return f"back:{w.channel}", [(r, c) for r in rows for c in cols]

    def filled(self, first: int, last: int) -> list[Landed]:
        """The cells that stand when the units from ``first`` to ``last`` are done, grid by grid."""
        out: dict[str, list[Place]] = {}
        for u in range(first, last + 1):
            name, cells = self.landed(u)
            out.setdefault(name, []).extend(cells)
        return list(out.items())

    def goals(self, u: int) -> list[Cell]:
        """The cells to frame when unit ``u`` lands: the output's, or backwards that of the winner."""
        if not self.backward:
            return [self.cell(u)]
        if self.kind != "max":
            return []
        w = self.view.window(u)
        back = self.plan.grids[f"back:{w.channel}"]
        places: list[Cell] = [("share", self.view.winning_tap(w))] if "share" in self.plan.grids else []
        return [*places, *([(back.name, self._inside(self.view.winner(w)))] if min(back.pitch) >= CLEAR else [])]

    def tints(self, u: int) -> list[tuple[str, range, range, str]]:
        """The blocks, grid by grid, that keep an outline after unit ``u``; none where windows overlap or are small."""
        view, w = self.view, self.view.window(u)
        source = f"input:{w.channel}"
        given = self.plan.grids.get(source)
        spread = any(taps.step > 1 for taps in view.taps(w))
        if self.backward or given is None or not given.numeral or not view.disjoint or spread or view.per_map == 1:
            return []
        return [(source, *view.taps(w), "faint")]  # not in a hue: that would mean something elsewhere
