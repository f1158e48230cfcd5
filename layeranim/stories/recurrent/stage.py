"""The stage of an opened cell: columns of units, gates, operators, chips and wires, each with its place."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from layeranim import layout, numbers, theme
from layeranim.stories.recurrent.bench import PITCH, RecurrentBench
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Box, Cells, Fact, GridPlan, Line, Point, Run

HUES = {
    "forget_gate": "f", "input_gate": "i", "candidate": "g", "output_gate": "o", "reset_gate": "f", "update_gate": "i",
}  # fmt: skip
"""The hue of each gate, by the letter of its token; a GRU's gates take those of the LSTM's gates that they resemble."""
LETTERS = {
    "lstm": {"forget_gate": "f", "input_gate": "i", "candidate": "g", "output_gate": "o"},
    "gru": {"reset_gate": "r", "update_gate": "z", "candidate": "n"},
    "rnn": {},
}
WORDS = {
    "forget_gate": "forget", "input_gate": "input", "candidate": "candidate", "output_gate": "output",
    "reset_gate": "reset", "update_gate": "update",
}  # fmt: skip
FULL_ROWS = 3  # units of a column that are written out; of more only the first, above all of them in colour
TALL = 128  # the height of the tallest column
BAR, BAR_INSET, BAR_RISE = 5, 7, 4  # a frame around the cell covers none of its bar


@dataclass(frozen=True)
class Wire:
    """Where a value goes: lit in ``role`` when it has gone, faint before."""

    points: tuple[Point, ...]
    role: str = "ink"


@dataclass(frozen=True, eq=False)
class GatePlan:
    """The outlines of a gate's written cells and its bars at a time step, all in the gate's hue."""

    role: str
    outlines: tuple[Box, ...]
    bars: Callable[[int], list[Box]]


@dataclass(eq=False)
class CellStage:
    """Everything that stands on the stage while a cell is open; ``most`` units are shown in colours."""

    view: RecurrentView
    n: int
    bench: RecurrentBench
    most: int
    grids: dict[str, GridPlan] = field(default_factory=dict)
    gates: dict[str, GatePlan] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    operators: dict[str, tuple[Point, str]] = field(default_factory=dict)
    chips: dict[str, tuple[Point, str]] = field(default_factory=dict)
    bases: dict[str, str] = field(default_factory=dict)
    labels: list[tuple[Point, Line]] = field(default_factory=list)
    row: float = PITCH

    def tall(self, size: int) -> float:
        """The height of a column of so many units."""
        return size * self.row - theme.CELL_GAP if size <= FULL_ROWS else TALL

    def above(self, box: Box, text: str) -> None:
        """A formula over a column."""
        self.labels.append(((box.x, box.y + 12), (Run(text, "ink", "semibold"),)))

    def column(self, name: str, base: str, x: float, top: float, head: Line, width: float = 84) -> Box:
        """A vector of the cell as a column; more units than ``FULL_ROWS`` stand in colour under the first one.

        Returns the column's outline.
        """
        view, size = self.view, self.view.size(self.n, base)
        full = size <= FULL_ROWS
        rows = size if full else 1
        pitch = (width + theme.CELL_GAP, self.row)
        role = HUES.get(base)
        numeral = min(
            22 if role else 26 if self.row == PITCH else 30, layout.numeral_size(pitch, view.wide(self.n, base))
        )
        spare = max(0.0, height(view) - self.tall(rows)) / 2 if self.row == PITCH else 0.0
        y = layout.even(top - spare) if full else top
        self._vector(name, base, (layout.even(x), y), pitch, range(rows), numeral, head)
        box = self.grids[name].box
        if role:
            self._gate(name, base, role)
        if full:
            return box
        shown = min(size, self.most)
        side = int((TALL - PITCH - 8) / shown)
        self._vector(f"{name}.all", base, (layout.even(x), y - PITCH - 8), (pitch[0], side), range(shown), 0, ())
        return Box(box.x, box.y, box.w, box.y - self.grids[f"{name}.all"].box.bottom)

    def _vector(self, name: str, base: str, at: Point, pitch: Point, rows: range, numeral: int, head: Line) -> None:
        self.bases[name] = base
        self.grids[name] = GridPlan(
            name, base, len(rows), 1, at, pitch, numeral, changing=self.content(base, rows, numeral > 0), empty=True,
            heading=head, heading_at=(at[0], at[1] + 12) if head else None,
        ).flush(pitch[0] - theme.CELL_GAP)  # fmt: skip

    def content(self, base: str, rows: range, written: bool) -> Callable[[int], Cells]:
        """The cells of a column, a function of the time step."""
        return lambda t: self.view.column(self.n, base, t, rows, written)

    def _gate(self, name: str, base: str, role: str) -> None:
        """Cells without a fill, for a gate's value is a share: its bar says how much."""
        plan = self.grids[name]
        boxes = tuple(plan.cell(r, 0) for r in range(plan.rows))
        written = self.content(base, range(plan.rows), plan.numeral > 0)

        def plain(t: int) -> Cells:
            cells = written(t)
            return Cells(cells.levels * 0, cells.texts, sources=cells.sources)

        self.grids[name] = replace(plan, changing=plain)
        signed = base == "candidate"

        def bars(t: int) -> list[Box]:
            values = [self.view.value(self.n, base, t, r) for r in range(len(boxes))]
            return [bar(box, value, signed) for box, value in zip(boxes, values, strict=True) if value == value]

        self.gates[name] = GatePlan(role, boxes, bars)

    def single(self, name: str, at: Point, width: float, head: Line = (), rows: int = 1) -> Box:
        """Room for a number that several steps write: a sum, a bias."""
        wide = max(self.view.wide(self.n, "sum"), self.view.wide(self.n, "weight_input"))
        pitch = (width + theme.CELL_GAP, PITCH)
        numeral = min(26, layout.numeral_size(pitch, wide))
        at = layout.even(at[0]), layout.even(at[1])
        self.grids[name] = GridPlan(name, "sum", rows, 1, at, pitch, numeral, empty=True, heading=head,
                                    heading_at=(at[0], at[1] + 12) if head else None)  # fmt: skip
        return self.grids[name].box


def height(view: RecurrentView) -> float:
    """The height of a cell's columns."""
    sizes = [view.size(n, state) for n in range(len(view.runs)) for state in view.states] + [view.hidden]
    rows = max(sizes)
    return rows * PITCH - theme.CELL_GAP if rows <= FULL_ROWS else TALL


def bar(cell: Box, value: float, signed: bool, thick: float = BAR) -> Box:
    """The bar at the bottom of a gate's cell: 0…1 from the left, −1…1 from the middle."""
    room = cell.w - 2 * BAR_INSET
    share = float(numbers.rounded(min(1.0, max(-1.0 if signed else 0.0, value))))
    length = max(2.0, abs(share) * (room / 2 if signed else room))
    left = cell.x + BAR_INSET if not signed else cell.x + cell.w / 2 - (length if share < 0 else 0)
    return Box(left, cell.bottom + BAR_RISE - 1 + thick, length, thick)


def gate_heading(kind: str, base: str) -> Line:
    """``f forget``: a gate's letter and word in its hue."""
    hue = HUES[base]
    return Run(f"{LETTERS[kind][base]} ", hue, "semibold", Fact("gate")), Run(WORDS[base], hue, "regular")
