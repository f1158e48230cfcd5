"""What an attention film's scene asks for besides the grids: frames, contents of rows, names, the counter."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from layeranim import numbers, theme, typeface
from layeranim.stories import phrases
from layeranim.stories.attention.formula import named_scores
from layeranim.stories.attention.join import Join
from layeranim.stories.attention.plan import AttentionPlan, RowName, shorten
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.storyboard import Address, Box, Cells, Fact, Line, Point, Run

Cell = tuple[int, int]
Content = tuple[str, Cells, list[Cell]]
Block = tuple[str, range, range]
BEFORE = ("position", "project", "turn")  # what comes before there are scores
LEVEL = 8  # from the edge of the values to a lane that leaves them
STAGES = {"scale": "scaled", "cap": "capped", "mask": "masked", "exp": "exponentials", "divide": "weights",
          "pick": "weights"}  # fmt: skip


class AttentionParts:
    """Looked up by the scene; ``stage`` is a beat's kind, ``u`` a row of one head."""

    def __init__(self, view: AttentionView, stage: AttentionPlan, first: int, join: Join | None = None) -> None:
        self.view, self.plan, self.first, self.join = view, stage, first, join
        self.merged, self.heat = stage.stage.merged, stage.stage.arrangement == "heat"
        self.named = stage.stage.named
        self.softmax = "softmax" if view.config.lookup == "soft" else "argmax"

    # ── what fills when ──────────────────────────────────────────────────────
    def content(self, stage: str, u: int) -> list[Content]:
        """The cells that a stage writes into the row of ``u``."""
        if stage == "mix":
            return [self._row("output", self.view.mixture, u)]
        tensor = self.view.chain[0] if stage == "score" else STAGES[stage]
        grid = "weights" if self.merged or tensor in ("exponentials", "weights") else "scores"
        return [self._row(grid, tensor, u), *self._lens(tensor, u)]

    def ready(self, u: int) -> list[Content]:
        """The scores of ``u`` as the softmax reads them."""
        tensor = self.view.chain[-1]
        return [self._row("weights" if self.merged else "scores", tensor, u), *self._lens(tensor, u)]

    def weighed(self, u: int) -> list[Content]:
        """The weights of ``u``."""
        return [self._row("weights", "weights", u), *self._lens("weights", u)]

    def done(self, u: int) -> list[Content]:
        """Everything that stands in the row of ``u`` once it is through."""
        rows = [part for part in self.ready(u) if part[0] != "weights"]
        return [*rows, *self.weighed(u), *self.content("mix", u)]

    def first_cell(self, stage: str, u: int) -> Cell | None:
        """The cell whose arithmetic a stage's caption writes out, if it appears before the others."""
        return (self.view.at(u)[1], self.view.strongest(u)) if stage == "score" else None

    def _row(self, grid: str, tensor: str, u: int) -> Content:
        head, i = self.view.at(u)
        plan = self.plan.grids[grid]
        cells = self.view.plane(tensor, head, bool(plan.numeral))
        return grid, cells, [(i, c) for c in range(plan.cols)]

    def _lens(self, tensor: str, u: int) -> list[Content]:
        """The lens: the keys with the largest weights of the row, largest first."""
        if not self.heat:
            return []
        name = "lens_weights" if tensor in ("exponentials", "weights") else "lens_scores"
        keys = self.view.largest(u, self.plan.grids[name].rows)
        values = self.view.row(tensor, u)[keys].reshape(-1, 1)
        texts = numbers.texts(values, self.view.style(tensor))
        scale = "heat" if tensor == "weights" else "value"
        levels = self.view.levels(tensor, values)
        ghost = ~self.view.seen(u)[keys].reshape(-1, 1) if tensor in ("masked", "exponentials", "weights") else None
        if ghost is not None and tensor != "masked":
            texts[ghost] = "0"

        def source(r: int, c: int) -> Address:
            return self.view.address(tensor, u, keys[r])

        cells = Cells(levels, texts, ghost if ghost is not None and np.any(ghost) else None, None, scale, source)
        return [(name, cells, [(r, 0) for r in range(len(keys))])]

    def lens_names(self, u: int) -> list[RowName]:
        """The names of the keys in the lens."""
        if not self.heat:
            return []
        grid = self.plan.grids["lens_scores"]
        keys = self.view.largest(u, grid.rows)
        drop = round(typeface.cap_height() * theme.NOTE / 2)
        room = grid.at[0] - self.plan.stage.corners["lens"][0] - 8
        runs = [shorten(self.view.col_name(j), room, theme.NOTE) or self.view.col_name(j) for j in keys]
        x = grid.at[0] - 12
        return [RowName(run, (x, grid.cell(r, 0).centre[1] - drop), theme.NOTE) for r, run in enumerate(runs)]

    def headings(self, stage: str) -> dict[str, Line]:
        """Names of scores and weights, as far as a stage has other numbers there than those that they end with."""
        if self.heat:
            return {}
        out = {name: self.plan.grids[name].heading for name in ("scores", "weights") if self._has(name)}
        if stage in ("score", "scale", "cap", "mask"):
            out["weights" if self.merged else "scores"] = named_scores(self.view, stage)
        if stage == "exp":
            out["weights"] = (Run("e^{score − largest}", "probability", "semibold", markup=True),)
        return out

    def head(self, u: int) -> list[tuple[str, Cells]]:
        """Queries, keys and values of the unit's head."""
        out = []
        for name in ("query", "key", "value"):
            plan = self.plan.grids[name]
            out.append((name, self.view.plane(plan.tensor, self.view.at(u)[0], bool(plan.numeral))))
        return out

    def new_head(self, u: int) -> bool:
        """Whether unit ``u`` is the first one of its head."""
        return u % self.view.rows == 0

    # ── where one looks ──────────────────────────────────────────────────────
    def frames(self, stage: str, u: int) -> list[Block]:
        """The blocks that a stage reads, framed in focus; the grid that a lens belongs to first."""
        i = self.view.at(u)[1]
        j = self.view.strongest(u)
        row = {name: self._block(name, range(i, i + 1)) for name in ("query", "scores", "weights") if self._has(name)}
        scores = row["weights"] if self.merged else row["scores"]
        if stage == "position":
            return []  # embeddings have no grid
        if stage in ("project", "turn"):
            key = self._block("key", None, range(i, i + 1)) if self.view.alike else self._block("key")
            value = self._block("value", range(i, i + 1)) if self.view.alike else self._block("value")
            return [row["query"], key, *([value] if stage == "project" else [])]
        if stage == "score":
            lens = [scores] if self.heat else []
            return [*lens, row["query"], self._block("key", None, range(j, j + 1))]
        if stage in ("scale", "cap", "mask"):
            return [scores]
        if stage in ("exp", "divide", "pick"):
            return [scores] if self.merged else [row["scores"], row["weights"]]
        if stage == "mix":
            return [row["weights"], self._block("value")]
        return [row["weights"], row["query"]] if self.merged else list(row.values())

    def target(self, stage: str, u: int) -> list[Block]:
        """The block that a stage writes, framed as the result."""
        i, j = self.view.at(u)[1], self.view.strongest(u)
        if stage == "score" and not self.heat:
            name = "weights" if self.merged else "scores"
            return [self._block(name, range(i, i + 1), range(j, j + 1))]
        return [self._block("output", range(i, i + 1))] if stage in ("mix", "step") else []

    def _has(self, name: str) -> bool:
        return name in self.plan.grids

    def _block(self, name: str, rows: range | None = None, cols: range | None = None) -> Block:
        plan = self.plan.grids[name]
        return name, rows or range(plan.rows), cols or range(plan.cols)

    def arrow(self, u: int) -> tuple[Point, Point] | None:
        """The lane from a row of scores to its weights."""
        if self.merged:
            return None
        i = self.view.at(u)[1]
        a, b = (self.plan.grids[name].cell(i, 0) for name in ("scores", "weights"))
        return (self.plan.grids["scores"].box.right + 12, a.centre[1]), (b.x - 12, b.centre[1])

    def onward(self, u: int) -> tuple[Point, ...] | None:
        """The lane from the values to a row of the output, where they stand side by side; with a knee to rows that are
        higher or lower than all values, if their name leaves room for it."""
        if not self.merged:
            return None
        plan, box = self.plan.grids["value"], self.plan.grids["output"].cell(self.view.at(u)[1], 0)
        values, named = plan.box, plan.heading_at or plan.at
        (x, y), end = (values.right + 12, box.centre[1]), box.x - 12
        level = min(max(y, values.bottom + LEVEL), values.y - LEVEL)
        if level == y:
            return (x, y), (end, y)
        knee = round(max((x + end) / 2, named[0] + phrases.width(plan.heading, theme.NAME) + 10))
        return ((x, level), (knee, level), (knee, y), (end, y)) if knee <= end - 20 else None

    def lenses(self, stage: str) -> list[Box]:
        """The outline that lines lead to from the row of scores or weights."""
        return [self.plan.lens] if self.plan.lens and stage not in BEFORE else []

    # ── names and counts ─────────────────────────────────────────────────────
    def names(self) -> Iterable[RowName]:
        """Every name that stands still."""
        return (*(self.plan.row_names if self.named else ()), *self.plan.col_names)

    def row_name(self, u: int) -> tuple[int | None, RowName]:
        """The name of the row under way, and which of ``names`` it is; ``None`` where rows are too narrow for all."""
        i = self.view.at(u)[1]
        return (i if self.named else None), self.plan.row_names[i]

    def counter(self, done: int) -> Line:
        """How many rows are done, of how many."""
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.units}", source=Fact("rows"))
