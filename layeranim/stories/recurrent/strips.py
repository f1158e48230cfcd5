"""The layer unrolled: a column a time step, strips of input, gates and states that grow as the steps are done."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from layeranim import layout, numbers, theme, typeface
from layeranim.engine.recurrent.config import RnnConfig
from layeranim.stories import phrases, vocabulary
from layeranim.stories.recurrent.bench import PITCH
from layeranim.stories.recurrent.presets import ROWS
from layeranim.stories.recurrent.stage import BAR_INSET, HUES, LETTERS, Wire, bar
from layeranim.stories.recurrent.strip import GAP, Strip, fitted
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Address, Box, Cells, Fact, GridPlan, Line, Point, Run

LEFT, RIGHT, TOP, BOTTOM = -584, 584, 212, -214
LABEL = 124  # room for the strips' names
WIDEST, CELL, LEAST_GAP = 148, 100, 32
LINE = 28  # between two lines of words over the columns
BAR_ROW, BAR_PAD = 24, 3
ANSWER = "y:"  # the grid of an answer that is given once, at the end
LEAST_STRIPE = 2  # height of a unit in a block of colours


@dataclass(eq=False)
class Strips:
    """Everything that stands on the unrolled stage. ``times`` are the drawn time steps."""

    view: RecurrentView
    times: list[int]
    grids: dict[str, GridPlan] = field(default_factory=dict)
    wires: dict[str, Wire] = field(default_factory=dict)
    boxes: dict[int, Box] = field(default_factory=dict)
    labels: list[tuple[Point, Line, str, int]] = field(default_factory=list)
    chip: str = ""

    def __post_init__(self) -> None:
        view = self.view
        self.reverse = any(run.reverse for run in view.runs)
        self.single = len(view.runs) == 1
        self.bases = list(LETTERS[view.kind]) if self.single else []
        self.boxed = self.single
        if view.kind == "rnn" and isinstance(view.config, RnnConfig):
            self.chip = "ReLU" if view.config.nonlinearity == "relu" else view.config.nonlinearity
        self.top, self.staggered = float(TOP), False
        self._fit()
        widths = [typeface.width(view.step_name(t).text, theme.FLOOR) for t in self.times]
        if view.config.tokens and max(widths) > self.word_room:
            self.top, self.staggered = float(TOP - LINE), True
            self._fit()
        self._place()

    def _fit(self) -> None:
        """The strips that have room under the names of the columns, and where the columns stand."""
        box = self._box_height() if self.boxed else 0
        self.strips, self.gap = fitted(self.view, self.top - BOTTOM, box, self.answers and self.answers_each)
        self._columns()

    # ── sizes ────────────────────────────────────────────────────────────────
    def _box_height(self) -> float:
        return len(self.bases) * BAR_ROW + 2 * BAR_PAD if self.bases else 40

    @property
    def partial(self) -> str:
        """What is said where a strip shows its first unit alone; nothing where none does."""
        cut = [strip.key for strip in self.strips if strip.written < strip.size and not strip.coloured]
        return "" if not cut else "unit 1 drawn" if any(key[0] != "c" for key in cut) else "c: unit 1 drawn"

    @property
    def remembers(self) -> bool:
        """Whether the memories of the cells are drawn."""
        return any(strip.base == "cell" for strip in self.strips)

    @property
    def most(self) -> int:
        """How many units a block of colours shows: as many as are told apart in the lowest one."""
        return int(min([s.coloured for s in self.strips if s.coloured], default=44) / LEAST_STRIPE)

    @property
    def all_drawn(self) -> bool:
        return len(self.view.runs) == self.view.all_runs

    # ── places ───────────────────────────────────────────────────────────────
    def _columns(self) -> None:
        """The left edge of every column, the start's included, and the cells' width."""
        gaps = sum(b - a > 1 for a, b in itertools.pairwise(self.times))
        forward = any(not run.reverse for run in self.view.runs)
        last = self.answers and not self.answers_each
        count = len(self.times) + forward + self.reverse + 0.6 * gaps + last
        label = max([LABEL, *(layout.even(phrases.width(strip.name, theme.NOTE) + 18) for strip in self.strips)])
        pitch = layout.even(min(WIDEST, (RIGHT - LEFT - label) / count) - 1)
        self.pitch = pitch
        self.cell = min(CELL, pitch - LEAST_GAP)
        width = label + count * pitch - (pitch - self.cell)
        x = layout.even(-width / 2) if width < RIGHT - LEFT else LEFT
        self.left = x
        x += label
        self.xs: dict[str, float] = {}
        if forward:
            self.xs["start"] = x
            x += pitch
        self.holes: list[float] = []
        before: int | None = None
        for t in self.times:
            if before is not None and t - before > 1:
                self.holes.append(x + 0.3 * pitch - (pitch - self.cell) / 2)
                x = layout.even(x + 0.6 * pitch)
            self.xs[str(t)] = x
            x, before = x + pitch, t
        if self.reverse:
            self.xs["end"] = x
            x += pitch
        self.answer_x = x if last else None

    def _place(self) -> None:
        used = sum(s.high for s in self.strips) + self.gap * (len(self.strips) - 1)
        used += self._box_height() + self.gap if self.boxed else 0
        y = layout.even(self.top - (self.top - BOTTOM - used) / 2)
        self._times(y)
        tops: list[tuple[float, float]] = []
        for i, strip in enumerate(self.strips):
            self._strip_grids(strip, y)
            tops.append((y, layout.even(y - strip.high)))
            y = layout.even(y - strip.high - self.gap)
            if i == 0 and self.boxed:
                tops.append((y, y - self._box_height()))
                self._box_row(y)
                y = layout.even(y - self._box_height() - self.gap)
        if not self.reverse:
            self._down(tops)
        if self.answer_x is not None:
            self._answer(self.answer_x)

    def _answer(self, x: float) -> None:
        """What the output layer makes of the last state: a column of its own at the right."""
        view, state = self.view, self.grids[f"{self.strips[-1].key}:{self.times[-1]}"].box
        size, room = view.trace.tensor("probabilities").shape[-1], TOP - BOTTOM
        written = size * PITCH - theme.CELL_GAP <= room
        rows = size if written else min(size, self.most)
        pitch = (self.cell + theme.CELL_GAP, float(PITCH if written else min(8, room // rows)))
        numeral = min(26, layout.numeral_size(pitch, view.wide(0, "probabilities"))) if written else 0
        top = layout.even(max(BOTTOM + rows * pitch[1], min(TOP, state.centre[1] + rows * pitch[1] / 2)))
        strip = Strip("y", 0, "probabilities", (), size, rows if written else 0, 0, False)
        cells = partial(self._cells, 0, "probabilities", self.times[-1], range(rows), written)
        self._grid(ANSWER, "probabilities", rows, (x, top), pitch, numeral, cells, strip)
        said = (Run("y", "ink", "semibold", Fact("layer")), Run(f"  {size}", source=Fact("shape")))
        self.labels.append(((x, top + 14), said, "left", theme.NOTE))
        if not self.reverse:
            y = min(max(state.centre[1], self.grids[ANSWER].box.bottom), top)
            self.wires[ANSWER] = Wire(((state.right + 5, y), (x - 5, y)))

    def _times(self, y: float) -> None:
        """What the columns are called; words that would touch stand on two lines by turns."""
        for i, t in enumerate(self.times):
            said = self.view.step_name(t, self.word_room)
            up = 14 + (LINE if self.staggered and i % 2 == 0 else 0)
            self.labels.append(((self.xs[str(t)] + self.cell / 2, y + up), (said,), "centre", theme.FLOOR))

    @property
    def word_room(self) -> float:
        """The width that a word over a column may have."""
        return self.pitch * (2 if self.staggered else 1) - 12

    @property
    def warnings(self) -> tuple[str, ...]:
        """A line if words are cut."""
        if not self.view.config.tokens:
            return ()
        words = [(self.view.step_name(t).text, self.view.step_name(t, self.word_room).text) for t in self.times]
        return vocabulary.cut(words)

    def _start(self, strip: Strip, y: float) -> None:
        """Says over the first of the states in a direction what they start from: ``start``, or a step not shown."""
        key = "end" if self.view.runs[strip.n].reverse else "start"
        first = next(s for s in self.strips if s.state and self.view.runs[s.n].reverse == (key == "end"))
        if strip is first:
            before = self.times[-1] + 1 if key == "end" else self.times[0] - 1
            shown = 0 <= before < self.view.steps
            said = self.view.step_name(before, self.pitch - 12) if shown else Run("start", weight="regular")
            self.labels.append(((self.xs[key] + self.cell / 2, y + 12), (said,), "centre", theme.FLOOR))

    def _strip_grids(self, strip: Strip, y: float) -> None:
        view = self.view
        for key, x in self.xs.items():
            if not self._present(strip, key):
                continue
            base, t = self._content(strip, key)
            pitch = (self.cell + theme.CELL_GAP, float(strip.row))
            name = f"{strip.key}:{key}"
            low = y
            if strip.written:
                wide = view.wide(strip.n, strip.base)
                numeral = min(26 if strip.row == PITCH else 28, layout.numeral_size(pitch, wide))
                cells = partial(self._cells, strip.n, base, t, range(strip.written), True)
                self._grid(name, base, strip.written, (x, y), pitch, numeral, cells, strip)
                low = layout.even(y - strip.written * strip.row + theme.CELL_GAP - 12)
            if strip.coloured:
                rows = min(strip.size, self.most)
                side = int(strip.coloured / rows)
                cells = partial(self._cells, strip.n, base, t, range(rows), False)
                self._grid(f"{name}.all" if strip.written else name, base, rows, (x, low), (pitch[0], side), 0, cells,
                           strip)  # fmt: skip
        middle = y - (strip.written * strip.row - theme.CELL_GAP if strip.written else strip.coloured) / 2
        self.labels.append(((self.left, middle - 9), strip.name, "left", theme.NOTE))
        for x in self.holes:
            self.labels.append(((x, middle - 8), (Run("…"),), "centre", theme.NAME))
        if strip.state:
            self._along(strip, middle)
            self._start(strip, y)
        self._rows(strip, y)

    def _rows(self, strip: Strip, y: float) -> None:
        """What a preset's rows stand for, where the start of a state would be."""
        preset = self.view.telling.untouched
        words = ROWS.get(preset.name, {}).get(strip.key, ()) if preset else ()
        if len(words) == strip.written == strip.size and "start" in self.xs:
            for i, word in enumerate(words):
                at = self.xs["start"] + self.cell, y - i * strip.row - (strip.row - theme.CELL_GAP) / 2 - 8
                self.labels.append((at, (Run(word, weight="regular"),), "right", theme.FLOOR))

    def _grid(
        self, name: str, base: str, rows: int, at: Point, pitch: Point, numeral: int, cells: Callable[[], Cells],
        strip: Strip,
    ) -> None:  # fmt: skip
        given = strip.key == "x"
        self.grids[name] = GridPlan(name, base, rows, 1, at, pitch, numeral, cells=cells() if given else None,
                                    changing=lambda _: cells(), empty=not given).flush(self.cell)  # fmt: skip

    def _present(self, strip: Strip, key: str) -> bool:
        if key in ("start", "end"):
            return strip.state and self.view.runs[strip.n].reverse == (key == "end")
        return True

    @property
    def answers(self) -> bool:
        """Whether an output layer is drawn."""
        return self.view.config.classes is not None and self.all_drawn

    @property
    def answers_each(self) -> bool:
        """Whether the output layer answers at every step."""
        return "time" in self.view.trace.axes("probabilities")

    def _content(self, strip: Strip, key: str) -> tuple[str, int]:
        if key in ("start", "end"):
            return f"previous_{strip.base}", self.times[-1] if key == "end" else self.times[0]
        return strip.base, int(key)

    def _cells(self, n: int, base: str, t: int, rows: range, written: bool) -> Cells:
        if base == "probabilities":
            return self.answer(t, rows, written)
        return self.view.column(n, base, t, rows, written)

    def answer(self, t: int, rows: range, written: bool) -> Cells:
        """The probabilities of the output layer at a step, or at the end."""
        at = (self.view.b, t) if self.answers_each else (self.view.b,)
        values = self.view.at("probabilities", *at)[rows.start : rows.stop].reshape(-1, 1)
        style = numbers.style(values, kind="probability", precision=self.view.telling.film.precision)
        texts = numbers.texts(values, style) if written else None
        return Cells(numbers.heat_levels(values), texts, scale="heat",
                     sources=lambda r, c: Address("probabilities", (*at, rows.start + r)))  # fmt: skip

    # ── the cell's copies, and ways ──────────────────────────────────────────
    def _box_row(self, y: float) -> None:
        tall = self._box_height()
        for t in self.times:
            self.boxes[t] = Box(self.xs[str(t)] - 4, y, self.cell + 8, tall)
        for i, base in enumerate(self.bases):
            letter = Run(f"{LETTERS[self.view.kind][base]} ", HUES[base], "semibold", Fact("gate"))
            word = Run(base.removesuffix("_gate"), HUES[base], "regular")
            self.labels.append(((self.left, y - BAR_PAD - i * BAR_ROW - 20), (letter, word), "left", theme.FLOOR))
        if not self.bases:
            self.labels.append(
                ((self.left, y - tall / 2 - 9), (Run("cell", "weights", "semibold"),), "left", theme.NOTE)
            )
        for x in self.holes:
            self.labels.append(((x, y - tall / 2 - 8), (Run("…"),), "centre", theme.NAME))

    def tracks(self, t: int) -> list[Box]:
        """The empty bars of a column's gates."""
        box = self.boxes[t]
        return [Box(box.x + 9, box.y - BAR_PAD - i * BAR_ROW - 6, box.w - 18, 12) for i in range(len(self.bases))]

    def bars(self, t: int) -> list[tuple[Box, str]]:
        """How far open the first unit's gates are."""
        out = []
        for track, base in zip(self.tracks(t), self.bases, strict=True):
            around = Box(track.x - BAR_INSET - 1, track.y + 4, track.w + 2 * BAR_INSET + 2, 20)
            value = self.view.value(0, base, t, 0)
            if value == value:  # no bar for NaN
                out.append((bar(around, value, base == "candidate", 12), HUES[base]))
        return out

    def _along(self, strip: Strip, y: float) -> None:
        """The state's way from each step into the next."""
        keys = list(self.xs)
        if self.view.runs[strip.n].reverse:
            keys = keys[::-1]
        keys = [k for k in keys if self._present(strip, k)]
        for a, b in itertools.pairwise(keys):
            if a not in ("start", "end") and abs(int(b) - int(a)) > 1:
                continue
            x0, x1 = self.xs[a], self.xs[b]
            points = (x0 + self.cell + 5, x1 - 5) if x1 > x0 else (x0 - 5, x1 + self.cell + 5)
            self.wires[f"{strip.key}>{b}"] = Wire(((points[0], y), (points[1], y)))

    def _down(self, tops: list[tuple[float, float]]) -> None:
        """From what a column reads down to what it writes; where strips are close the arrows fill the gap."""
        off = 3 if self.gap >= GAP else 1.5
        for t in self.times:
            x = self.xs[str(t)] + self.cell / 2
            for i, ((_, bottom), (top, _)) in enumerate(itertools.pairwise(tops)):
                self.wires[f"down{i}:{t}"] = Wire(((x, bottom - off), (x, top + off)))

    def ways(self, n: int, t: int) -> tuple[str, ...]:
        """The wires that a step of a run lights."""
        last = n == len(self.view.runs) - 1
        own = [i for i, s in enumerate(self.strips) if (s.n == n and s.state) or (s.key == "y" and last)]
        out = [f"{self.strips[i].key}>{t}" for i in own]
        out += [f"down{i}:{t}" for i in (range(len(self.strips)) if self.single else [i - 1 for i in own])]
        return tuple(w for w in out if w in self.wires)

    def strip(self, key: str) -> Strip | None:
        return next((s for s in self.strips if s.key == key), None)
