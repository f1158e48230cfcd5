"""The bench of a cell's film: the state and the input, one unit's weights beside them, their products and the sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from layeranim import layout, theme
from layeranim.engine.recurrent.cells import Act
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Point, Run

PITCH = 44  # of rows
HEAD = 42  # from a column's top to the one above, with its heading between
SPLIT = 14  # between the numbers of a column and its colours, each in its frame
LEAST = PITCH + SPLIT + 26  # the least room for the longer part


@dataclass(frozen=True)
class BenchPart:
    """What is weighed together: the state (``h``) or the input (``x``), and where its products are."""

    key: str
    vector: str
    weight: str
    cols: range


@dataclass(frozen=True)
class Weighing:
    """One sum of a cell: what it weighs, adds and writes; ``gate`` is what its activation makes of the sum."""

    parts: tuple[BenchPart, ...]
    products: str
    plus: tuple[str, ...]
    pre: str
    gate: str = ""
    activation: str = ""


def weighings(view: RecurrentView, n: int) -> dict[str, Weighing]:
    """Every weighted sum of a run's cell by the base name of what it writes, ``…_pre`` left out."""
    run = view.runs[n]
    squashed = {act.reads[0]: act for act in run.acts if act.verb == "activate"}
    out: dict[str, Weighing] = {}
    for act in run.acts:
        if act.verb == "affine":
            bases = [name.removeprefix(run.prefix) for name in (act.products, act.writes, *act.reads)]
            after = squashed.get(act.writes)
            gate = after.writes.removeprefix(run.prefix) if after else ""
            made = Weighing(tuple(_parts(view, n, act)), bases[0], tuple(bases[4:]), bases[1], gate,
                            after.name if after else "")  # fmt: skip
            out[bases[1].removesuffix("_pre")] = made
    return out


def _parts(view: RecurrentView, n: int, act: Act) -> Iterator[BenchPart]:
    prefix = view.runs[n].prefix
    weight, vector = (name.removeprefix(prefix) for name in act.reads[:2])
    if vector != "joined":
        cols = range(view.size(n, vector))
        yield BenchPart("x" if vector == "input" else "h", vector, weight, cols)
        return
    part = weight.removeprefix("weight_").removesuffix("_gate")
    h, x = view.size(n, "previous_hidden"), view.size(n, "input")
    yield BenchPart("h", "previous_hidden", f"weight_hidden_{part}", range(h))
    yield BenchPart("x", "input", f"weight_input_{part}", range(h, h + x))


@dataclass(frozen=True)
class CellBlock:
    """How one part is drawn: ``written`` rows as numbers, and ``coloured`` rows, ``side`` high, under them."""

    written: int
    coloured: int = 0
    side: int = 0

    def high(self, row: float) -> float:
        numbers = self.written * row - theme.CELL_GAP if self.written else 0
        return numbers + (SPLIT + self.coloured * self.side if self.coloured else 0)


class RecurrentBench:
    """Grids, and the cells and words of each weighing; what is too long shows its first row above its colours."""

    def __init__(self, view: RecurrentView, n: int, x: float, top: float, bottom: float, step: float, width: float,
                 most: int, row: float = PITCH) -> None:  # fmt: skip
        self.view, self.n, self.x, self.step, self.width = view, n, x, step, width
        self.top, self.bottom, self.row, self.most = top, bottom, row, most
        self.sizes = {"h": view.size(n, "previous_hidden"), "x": view.size(n, "input")}
        self.grids: dict[str, GridPlan] = {}
        self.resets = view.name(n, "reset_hidden") in view.trace.tensors  # the state's name changes with its content
        self._place()

    # ── places ───────────────────────────────────────────────────────────────
    def _blocks(self) -> dict[str, CellBlock]:
        """Rows with numerals while there is room, else colours; the smaller part keeps its numerals longest."""
        room = self.top - self.bottom - HEAD
        out: dict[str, CellBlock] = {}
        for key in sorted(self.sizes, key=lambda k: self.sizes[k]):
            rows = self.sizes[key]
            if rows * self.row - theme.CELL_GAP <= room - (0 if out else LEAST):
                out[key] = CellBlock(rows)
            else:
                share = room if out else room / 2
                shown = min(rows, self.most)
                left = share - SPLIT + theme.CELL_GAP
                written = 2 if left - 2 * self.row >= max(40, 2 * shown) else 1
                out[key] = CellBlock(written, shown, min(24, int((left - written * self.row) / shown)))
            room -= out[key].high(self.row)
        return out

    def _place(self) -> None:
        blocks = self._blocks()
        used = sum(block.high(self.row) for block in blocks.values()) + HEAD
        spare = max(0.0, (self.top - self.bottom - used) / 2)
        y = layout.even(self.top - spare * (0.5 if self.row == PITCH else 0.9))
        for key in ("h", "x"):
            for i, kind in enumerate(("vector", "weights", "products")):
                self._grid(kind, key, i, y, blocks[key])
            y = layout.even(y - blocks[key].high(self.row) - HEAD)

    def _grid(self, kind: str, key: str, i: int, y: float, block: CellBlock) -> None:
        base = {"vector": "previous_hidden" if key == "h" else "input", "weights": "weight_input", "products": "sum"}
        wide = max(self.view.wide(self.n, each) for each in base.values())
        pitch = (self.width + theme.CELL_GAP, self.row)
        numeral = min(26 if self.row == PITCH else 30, layout.numeral_size(pitch, wide))
        name, at = f"{kind}:{key}", (layout.even(self.x + i * self.step), y)
        head: Line = ()
        if kind == "vector":
            head = heading("h_{t−1}") if key == "h" else heading("x_{t}")
            head = () if key == "h" and self.resets else head
        self.grids[name] = plan = GridPlan(
            name, base[kind], block.written, 1, at, pitch, numeral, empty=True, heading=head,
            heading_at=(at[0], at[1] + 12) if head else None, frame="weights" if kind == "weights" else None,
        )  # fmt: skip
        if block.coloured:
            self.grids[f"{name}.all"] = replace(
                plan, name=f"{name}.all", rows=block.coloured, at=(at[0], plan.box.bottom - SPLIT), numeral=0,
                pitch=(pitch[0], float(block.side)), heading=(), heading_at=None,
            ).flush(self.width)  # fmt: skip

    def box(self, name: str) -> Box:
        """The outline of a column, its colours included."""
        box = self.grids[name].box
        low = self.grids.get(f"{name}.all", self.grids[name]).box.bottom
        return Box(box.x, box.y, box.w, box.y - low)

    def signs(self) -> list[tuple[Point, str]]:
        """× and = between the columns."""
        out: list[tuple[Point, str]] = []
        for key in ("h", "x"):
            y = self.box(f"vector:{key}").centre[1]
            for i, sign in enumerate(("×", "=")):
                out.append(((self.x + i * self.step + (self.step + self.width) / 2, y), sign))
        return out

    @property
    def middle(self) -> float:
        """The height of the sum: the middle of the products."""
        boxes = [self.box(f"products:{key}") for key in "hx"]
        return layout.even((boxes[0].y + boxes[1].bottom) / 2)

    @property
    def right(self) -> float:
        return self.grids["products:h"].box.right

    # ── contents ─────────────────────────────────────────────────────────────
    def _parts(self, name: str) -> list[tuple[str, range, bool]]:
        """The grids of a column, how many of its rows each shows, and whether in numbers."""
        grids = [(grid, written) for grid, written in ((name, True), (f"{name}.all", False)) if grid in self.grids]
        return [(grid, range(self.grids[grid].rows), written) for grid, written in grids]

    def vector(self, key: str, base: str, t: int) -> dict[str, Cells]:
        """What is weighed: a state or an input."""
        return {grid: self.view.column(self.n, base, t, rows, written)
                for grid, rows, written in self._parts(f"vector:{key}")}  # fmt: skip

    def vectors(self, t: int) -> dict[str, Cells]:
        """State and input at a time step."""
        return self.vector("h", "previous_hidden", t) | self.vector("x", "input", t)

    def weights(self, w: Weighing, unit: int) -> dict[str, Cells]:
        """One unit's row of weights."""
        return {grid: self.view.row(self.n, p.weight, unit, rows, written)
                for p in w.parts for grid, rows, written in self._parts(f"weights:{p.key}")}  # fmt: skip

    def products(self, w: Weighing, t: int, unit: int) -> dict[str, Cells]:
        """Its products."""
        return {grid: self.view.products(self.n, w.products, t, unit, p.cols[rows.start : rows.stop], written)
                for p in w.parts for grid, rows, written in self._parts(f"products:{p.key}")}  # fmt: skip


def heading(text: str, role: str = "ink") -> Line:
    """A tensor's name with its subscript."""
    return (Run(text, role, "semibold", Fact("name"), markup=True),)
