"""A stage that is opened: its weights, windows, curve, or what it makes on its way, and the units that tell it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.opened import tight
from layeranim.stories.networks.sequential_view import STATED, RowStage, RowView
from layeranim.stories.stage import Column, Curve, Grid, Leading, Passage, Row, Tally
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.base import Actor, Moment
from layeranim.stories.stage.plans import TablePlan, TallyPlan
from layeranim.stories.stage.solver import Node
from layeranim.stories.stage.verbs import Verb
from layeranim.stories.storyboard import Address

FEW, WIDE, HIGH, CELL = 8, 280.0, 130.0, 14.0
"""Of more rows or columns a grid of an opened stage is a band, at most so wide and high, of cells at most so large."""
ACROSS, NUMERAL = 12, 68.0
"""A row of so many numbers stands there as numerals where it has the width, each so wide."""
KERNEL, KERNEL_SMALL, KERNEL_TIGHT, SMALL = 4, 3, 2, 110.0
"""Windows of more rows or columns are colours alone, where several stages are opened, in little height; so large are
these."""
TERMS, TABLED = 6, 3
"""Of a sum of more terms the largest stand in a table, so many."""
CENTRAL = (-4.0, 4.0)
"""What the axis of a curve shows at least: where the functions of layers bend."""
CURVED = 2_000
"""Of more numbers than these no curve has points."""
SEVERAL = 3
"""So many of what a layer with a state makes where several stages are opened."""
TELLING = (
    "self.weights", "weights", "head_output", "expanded", "self_norm.output", "forget_gate", "input_gate",
    "update_gate", "reset_gate", "candidate", "new_gate", "output_gate", "cell", "hidden", "exponentials", "deviation",
    "mean", "normalised", "total", "pre_activation",
)  # fmt: skip
"""What says most of a layer that has no view of its own, the first first."""
OWN: dict[str, tuple[str, ...]] = {
    "gru": ("update_gate", "candidate", "reset_gate"),
    "lstm": ("output_gate", "cell_tanh", "cell", "forget_gate", "input_gate", "candidate"),
    "rnn": ("hidden_pre",),
}
"""Of layers with a state: what the last number is made of, that first."""
WAY = 4
"""So many of the tensors that a stage makes on its way stand there side by side."""
FIRM = 4
"""Rows and columns of more cells that only move are colours alone."""
Told = tuple[Node, tuple[Passage, ...]]


@dataclass(frozen=True)
class Foremost(Leading):
    """The largest products of the unit ``own``, whichever unit is under way."""

    own: tuple[tuple[str, int], ...] = ()
    changes, closes, passes = Actor.changes, Actor.closes, Actor.passes

    def writes(self, figures: Figures, plan: TablePlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if dict(self.own).items() <= figures.here(moment.unit).items():
            yield self._rows(figures, plan, moment.unit)


@dataclass(frozen=True)
class HeldTally(Tally):
    """A tally that keeps its number while other stages are told."""

    changes, closes, passes = Actor.changes, Actor.closes, Actor.passes

    def writes(self, figures: Figures, plan: TallyPlan, region: Region, moment: Moment) -> Iterator[Verb]:
        if moment.target.tensor == self.tensor:
            yield from super().writes(figures, plan, region, moment)


class Opened:
    """What stands under the row for a stage, and the units that tell it before the stage as a whole is told."""

    def __init__(self, view: RowView, stage: RowStage) -> None:
        self.view, self.stage, self.trace, self.figures = view, stage, view.trace, view.figures
        self.way = view.ways[stage.place]
        self.alone = len(view.open) == 1
        self.lead = "" if self.alone else f"{words.title(stage)}: "
        self.node, self.passages = self._told()

    def _told(self) -> Told:
        """As a layer of its kind is told, else what it makes on its way."""
        stage, layer = self.stage, self.stage.layer
        if layer == "dense":
            return self._dense()
        if layer == "conv" and self._own("patches") in self.trace and self._own("products") in self.way:
            return self._windowed()
        if layer == "pool" and self._own("windows") in self.trace:
            return self._pooled()
        if layer == "activation" and self._bends():
            head = phrases.name(f"{self.lead}{words.word(stage)}")
            return Curve(stage.reads, stage.wrote, head, least=CENTRAL), ()
        return self._shared() if layer == "softmax" else self._on_the_way()

    def _bends(self) -> bool:
        """Whether each of its numbers is a point on one curve, and they are few."""
        made, cell = self.trace[self.stage.wrote], self.way.get(self.stage.wrote)
        if cell is None or self.stage.keeps or not made.ndim or made.size > CURVED:
            return False
        return self.figures.acted_at(cell).step.operation == "activate"

    # ── what all have ────────────────────────────────────────────────────────
    def _own(self, word: str) -> str:
        return f"{self.stage.prefix}{word}"

    def _unit(self, name: str, writes: Sequence[str], at: Mapping[str, int]) -> Passage:
        """A unit: what it makes at these indices."""
        made = tuple(one for one in writes if one in self.trace)
        cell = {**self.view.cell(made[-1], self.stage), **at}
        return Passage(f"{words.title(self.stage)}, {name}", made, at, cell)

    def _wholes(self, names: Sequence[str]) -> tuple[Passage, ...]:
        """A unit for each of these tensors, all of it."""
        return tuple(self._unit(words.inner(name, self.stage), (name,), {}) for name in names)

    def _at(self, address: Address) -> dict[str, int]:
        """A cell by its axes but for the samples."""
        axes = self.view.axes(address.tensor)
        return {axis: i for axis, i in self.figures.indices(address).items() if axis in axes}

    def _summed(self, sums: Sequence[str]) -> tuple[str, tuple[str, ...]]:
        """The tensor whose numbers are the sums, and all on the way to it: without an activation the output."""
        bent = self.stage.config.activation != "linear"
        return (sums[-1], (*sums,)) if bent else (self.stage.wrote, (*sums, self.stage.wrote))

    def _sliced(self, name: str, text: str, first: bool) -> Grid:
        """The last two axes of a tensor, at the followed cell on the others; of a layer with a state at its step."""
        axes, cell, trace = self.view.axes(name), self.view.cell(name, self.stage), self.trace
        rest = 1 if self.stage.layer in STATED and len(axes) > 1 and trace.tensor(name).role != "weight" else 2
        at = tuple((axis, cell[axis]) for axis in axes[:-rest])
        called = {axes[-2]: "step"} if rest == 1 else {}
        which = "".join(f", {called.get(axis) or words.single(axis)} {i + 1}" for axis, i in at if trace.size(axis) > 1)
        head = self.lead if first else ""
        return self._grid(name, f"{head}{text or words.inner(name, self.stage)}{which}", axes[-rest:], at)

    def _side_by_side(self, count: int) -> bool:
        """Whether so many numbers have room side by side, and one more."""
        return count <= ACROSS and NUMERAL * (count + 2) <= self.view.telling.film.canvas.room

    def _grid(self, name: str, text: str, axes: Sequence[str], at: tuple[tuple[str, int], ...] = ()) -> Grid:
        """One or two axes as cells, in colours alone where they are many."""
        rows, cols = (*axes, None, None)[:2]
        n, m = (self.trace.size(axis) if axis else 1 for axis in (rows, cols))
        if 1 < max(n, m) == n * m and self._side_by_side(n * m):  # a row of few numbers stands there in full
            along, across = (rows, cols) if n > 1 else (cols, rows)
            alone = ((across, 0),) if across else ()
            return Grid(name, text, None, along, at=(*at, *alone), sized=False, lens=False, firm=True)
        band = (0.0, 0.0)
        if max(n, m) > FEW:
            band = min(WIDE, max(22.0, CELL * m)), min(HIGH, max(22.0, CELL * n))
        return Grid(name, text, rows, cols, at=at, sized=False, lens=False, band=band)

    def _window(self, tensor: str, text: str, drawn: Sequence[str], at: Mapping[str, int], most: int) -> Grid:
        """A slice at these indices as cells with numbers where its axes have at most so many, else a small square of
        colours."""
        rows, cols = drawn or (None, None)
        firm = max((self.trace.size(axis) for axis in drawn), default=1) <= most
        own = tuple((axis, at[axis]) for axis in self.view.axes(tensor) if axis not in drawn and axis in at)
        return Grid(tensor, text, rows, cols, at=own, sized=False, lens=False, firm=firm,
                    band=(0.0, 0.0) if firm else (SMALL, SMALL))  # fmt: skip

    @property
    def _most(self) -> int:
        """Of windows of so many rows or columns the numbers have room."""
        return KERNEL if self.alone else KERNEL_TIGHT if tight(self.view.telling.film.canvas) else KERNEL_SMALL

    # ── dense ────────────────────────────────────────────────────────────────
    def _dense(self) -> Told:
        """The weights of all units, the sum of the one that is told; of long sums the largest products."""
        weight, products, *sums = map(self._own, ("weight", "products", "weighted_sum", "pre_activation"))
        last, writes = self._summed((products, *sums))
        cell = self._at(self.way.get(last, self.view.target()))
        out, into = self.trace.axes(weight)
        followed = cell.get(out, 0)
        units = dict.fromkeys((0, followed) if self.trace.size(out) > 1 else (0,))
        passages = tuple(self._unit(f"unit {unit + 1}", writes, {**cell, out: unit}) for unit in units)
        parts: list[Node | str] = [self._grid(weight, f"{self.lead}w", (out, into))]
        if self.trace.size(into) > TERMS and self.alone:
            heads, own = ("input", "w", "x", "w · x"), tuple({**cell, out: followed}.items())
            parts.append(Foremost(products, heads, into, TABLED, own))
        return Row(*parts, HeldTally(last, "sum")), passages

    # ── windows ──────────────────────────────────────────────────────────────
    def _windowed(self) -> Told:
        """A window, the filter that lies on it, their products and the sum; of several opened stages the filter alone:
        there the window is looked for in the maps themselves."""
        way, parts = self.way, ("padded", "patches", "kernel", "products", "partial_sums", "pre_activation")
        padded, patches, kernel, *sums = map(self._own, parts)
        cell, product = self._at(way[sums[-1]]), self.figures.indices(way[sums[0]])
        channel = self.trace.axes(patches)[1]
        at_channel = way[padded].index[1] if padded in way else 0
        which = f", map {at_channel + 1}" if self.trace.size(channel) > 1 else ""
        out, _, *drawn = self.trace.axes(kernel)
        filter_ = f"filter {cell[out] + 1}"
        window = self._window(patches, f"window{which}", drawn, {**product, channel: at_channel}, self._most)
        weights = self._window(kernel, f"{self.lead}w, {filter_}{which}", drawn, product, self._most)
        made = self._window(sums[0], "products", drawn, product, self._most)
        last, writes = self._summed(sums)
        factors = [window, "·", weights, "=", made] if self.alone else [weights]
        return Row(*factors, "→", HeldTally(last, "sum")), (self._unit(filter_, writes, cell),)

    def _pooled(self) -> Told:
        """A window, and what it becomes."""
        windows, wrote = self._own("windows"), self.stage.wrote
        out = self.way[wrote]
        drawn = self.trace.axes(windows)[-2:]
        grid = self._window(windows, f"{self.lead}window", drawn, self.figures.indices(out), self._most)
        tally = HeldTally(wrote, words.word(self.stage).partition(" ")[0])
        return Row(grid, "→", tally), (self._unit("one window", (wrote,), self._at(out)),)

    # ── softmax ──────────────────────────────────────────────────────────────
    def _shared(self) -> Told:
        """Scores less the largest of them, their powers, what these add up to."""
        warm = self.stage.config.temperature
        z = f"z/{warm:g}" if warm != 1 else "z"
        headed = {"scaled": z, "maximum": "max", "shifted": f"{z} − max", "exponentials": f"e^{{{z} − max}}",
                  "total": "Σ", "log_total": "ln Σ"}  # fmt: skip
        left = {"scaled", "maximum"} if not self.alone else {"scaled"} if warm == 1 else set[str]()
        told = [word for word in headed if word not in left and self._own(word) in self.trace]
        nodes = [self._sliced(self._own(word), headed[word], word == told[0]) for word in told]
        passages = self._wholes([*map(self._own, told)])
        shape = self.view.shape(self.stage.out)
        if len(nodes) < WAY or shape[-1:] == (1,) or not self._side_by_side(shape[-1]):
            return Row(*nodes), passages
        return Column(Row(*nodes[:-2]), Row(*nodes[-2:])), passages

    # ── any other layer ──────────────────────────────────────────────────────
    def _on_the_way(self) -> Told:
        """What it makes between what comes in and what goes out, one tensor after another, each in its own
        arithmetic."""
        stage, trace = self.stage, self.trace
        ends = {stage.out, stage.wrote, stage.reads, self._passed()}
        own = [name for name in trace if stage.own(name) and name not in ends and not trace.tensor(name).is_recipe
               and self.figures.made(name) and not name.endswith((".derivative", ".indices"))]  # fmt: skip
        weights: list[str] = []
        if stage.layer in OWN:
            chosen = self._stated(own)[: None if self.alone else SEVERAL]
        else:
            most = WAY if self.alone else WAY // 2
            chosen = sorted(own, key=self._telling)[:most]
            weights = [name for name in trace if stage.own(name) and trace.tensor(name).role == "weight"
                       and len(self.view.shape(name)) == 2][: len(chosen) < most]  # fmt: skip
        chosen.sort(key=lambda name: self.figures.acted(name).at)
        nodes = [self._sliced(name, "", not k) for k, name in enumerate((*weights, *chosen))]
        if not nodes:
            return self._moved() if stage.layer == "flatten" else self._at_once()
        half = -(-len(nodes) // 2)
        rows = Column(Row(*nodes[:half]), Row(*nodes[half:])) if len(nodes) > WAY else Row(*nodes)
        return rows, self._wholes(chosen)

    def _telling(self, name: str) -> int:
        """How much a tensor says of its layer: less is more."""
        own = name.removeprefix(self.stage.prefix)
        known = [TELLING.index(word) for word in (own, own.rpartition(".")[2]) if word in TELLING]
        return min(known, default=len(TELLING))

    def _stated(self, own: Sequence[str]) -> list[str]:
        """What a layer with a state makes for its last number, that first: of several in it the one that is
        followed."""
        ends = OWN[self.stage.layer]
        every = [name.rpartition(".") for name in (*own, *self.way)]
        lead = next((lead for lead, _, word in reversed(every) if word in ends), "")
        return [name for word in ends if (name := f"{lead}.{word}") in own]

    def _passed(self) -> str:
        """The tensor whose numbers stand in what a stage wrote as they are: to tell both would be to tell one twice."""
        cell = self.way.get(self.stage.wrote)
        same = self.figures.rearranged(cell) if cell and self.figures.made(cell.tensor) else None
        return same.tensor if same else ""

    def _at_once(self) -> Told:
        """A stage that makes what it gives in one act: the followed number in its own arithmetic."""
        made = self.way.get(self.stage.wrote) or self.view.followed(self.stage)
        tally = HeldTally(made.tensor, f"{self.lead}{words.place(self.view, made)}")
        return Row(tally), (self._unit("one number", (made.tensor,), self._at(made)),)

    def _moved(self) -> Told:
        """A flatten computes nothing: the rows and columns that the followed number comes from, and where it goes."""
        made = self.way.get(self.stage.wrote) or self.view.followed(self.stage)
        before = self.figures.rearranged(made)
        assert before is not None  # its step does nothing else
        axes, cell = self.view.axes(before.tensor), self.figures.indices(before)
        drawn = axes[-2:] if len(axes) > 2 else ()
        told = ", ".join(f"{words.single(axis)} {cell[axis] + 1}" for axis in axes if axis not in drawn)
        of = told if drawn else words.place(self.view, before)
        grid = self._window(before.tensor, f"{self.lead}{of}", drawn, cell, FIRM)
        return Row(grid, "→", HeldTally(made.tensor, f"place {made.index[-1] + 1}")), ()
