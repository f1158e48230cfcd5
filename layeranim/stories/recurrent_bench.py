"""The bench of a cell's film: the state and the input, one unit's weights beside them, their products and the sum."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layeranim import layout, theme
from layeranim.engine.recurrent.cells import Act
from layeranim.layout import Fit
from layeranim.stories.recurrent_view import RecurrentView
from layeranim.stories.storyboard import Cells, Fact, GridPlan, Line, Point, Run

PITCH = 44  # of rows
HEAD = 42  # from a column's top to the one above, with its heading between


@dataclass(frozen=True)
class Part:
    """What is weighed together: the state (``h``) or the input (``x``), and where its products are."""

    key: str
    vector: str
    weight: str
    cols: range


@dataclass(frozen=True)
class Weighing:
    """One sum of a cell: what it weighs, adds and writes; ``gate`` is what its activation makes of the sum."""

    parts: tuple[Part, ...]
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


def _parts(view: RecurrentView, n: int, act: Act) -> Iterator[Part]:
    prefix = view.runs[n].prefix
    weight, vector = (name.removeprefix(prefix) for name in act.reads[:2])
    if vector != "joined":
        cols = range(view.size(n, vector))
        yield Part("x" if vector == "input" else "h", vector, weight, cols)
        return
    part = weight.removeprefix("weight_").removesuffix("_gate")
    h, x = view.size(n, "previous_hidden"), view.size(n, "input")
    yield Part("h", "previous_hidden", f"weight_hidden_{part}", range(h))
    yield Part("x", "input", f"weight_input_{part}", range(h, h + x))


class Bench:
    """Grids, and the cells and words of each weighing."""

    def __init__(self, view: RecurrentView, n: int, x: float, top: float, bottom: float, step: float, width: float,
                 row: float = PITCH) -> None:  # fmt: skip
        self.view, self.n, self.x, self.step, self.width = view, n, x, step, width
        self.top, self.bottom, self.row = top, bottom, row
        self.sizes = {"h": view.size(n, "previous_hidden"), "x": view.size(n, "input")}
        self.grids: dict[str, GridPlan] = {}
        self.resets = view.name(n, "reset_hidden") in view.trace.tensors  # the state's name changes with its content
        self._place()

    # ── places ───────────────────────────────────────────────────────────────
    def _fits(self) -> dict[str, Fit]:
        """Rows with numerals while there is room, else colour alone; the smaller part keeps its numerals longest."""
        room = self.top - self.bottom - HEAD
        pitch = (self.width + theme.CELL_GAP, self.row)
        out: dict[str, Fit] = {}
        for key in sorted(self.sizes, key=lambda k: self.sizes[k]):
            rows = self.sizes[key]
            left = room - (0 if len(out) else 40)
            if rows * self.row - theme.CELL_GAP <= left:
                out[key] = Fit(pitch, theme.NUMERAL)
            else:
                share = room if out else room / 2
                side = min(self.row, share / rows)
                side = int(side) if side >= 1 else side
                out[key] = Fit((pitch[0], side), 0)
            room -= out[key].height(rows)
        return out

    def _place(self) -> None:
        fits = self._fits()
        used = sum(fits[k].height(self.sizes[k]) for k in "hx") + HEAD
        spare = max(0.0, (self.top - self.bottom - used) / 2)
        y = layout.even(self.top - spare * (0.5 if self.row == PITCH else 0.9))
        for key in ("h", "x"):
            for i, kind in enumerate(("vector", "weights", "products")):
                self._grid(kind, key, i, y, fits[key])
            y = layout.even(y - fits[key].height(self.sizes[key]) - HEAD)

    def _grid(self, kind: str, key: str, i: int, y: float, fit: Fit) -> None:
        base = {"vector": "previous_hidden" if key == "h" else "input", "weights": "weight_input", "products": "sum"}
        wide = max(self.view.wide(self.n, each) for each in base.values())
        numeral = min(26 if self.row == PITCH else 30, layout.numeral_size(fit.pitch, wide)) if fit.numeral else 0
        name, at = f"{kind}:{key}", (layout.even(self.x + i * self.step), y)
        head: Line = ()
        if kind == "vector":
            head = heading("h_{t−1}") if key == "h" else heading("x_{t}")
            head = () if key == "h" and self.resets else head
        self.grids[name] = GridPlan(
            name, base[kind], self.sizes[key], 1, at, fit.pitch, numeral, empty=True, heading=head,
            heading_at=(at[0], y + 12) if head else None, frame="weights" if kind == "weights" else None,
        )  # fmt: skip

    def signs(self) -> list[tuple[Point, str]]:
        """× and = between the columns."""
        out: list[tuple[Point, str]] = []
        for key in ("h", "x"):
            y = self.grids[f"vector:{key}"].box.centre[1]
            for i, sign in enumerate(("×", "=")):
                out.append(((self.x + i * self.step + (self.step + self.width) / 2, y), sign))
        return out

    @property
    def middle(self) -> float:
        """The height of the sum: the middle of the products."""
        boxes = [self.grids[f"products:{key}"].box for key in "hx"]
        return layout.even((boxes[0].y + boxes[1].bottom) / 2)

    @property
    def right(self) -> float:
        return self.grids["products:h"].box.right

    # ── contents ─────────────────────────────────────────────────────────────
    def vectors(self, t: int) -> dict[str, Cells]:
        """State and input at a time step."""
        names = {"vector:h": "previous_hidden", "vector:x": "input"}
        return {grid: self.view.column(self.n, base, t, range(self.grids[grid].rows)) for grid, base in names.items()}

    def weights(self, w: Weighing, unit: int) -> dict[str, Cells]:
        return {f"weights:{p.key}": self.view.row(self.n, p.weight, unit, range(len(p.cols))) for p in w.parts}

    def products(self, w: Weighing, t: int, unit: int) -> dict[str, Cells]:
        return {f"products:{p.key}": self.view.products(self.n, w.products, t, unit, p.cols) for p in w.parts}


def heading(text: str, role: str = "ink") -> Line:
    """A tensor's name with its subscript."""
    return (Run(text, role, "semibold", Fact("name"), markup=True),)
