"""What stands there for layers in a row: a stage each, those in the middle folded, under them what is opened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from layeranim.layout import Fit
from layeranim.records import dataclass
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.opened import CARDS, OPEN_MOST, cards, lines, tight
from layeranim.stories.networks.sequential_opened import Opened
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.pictures import pictured
from layeranim.stories.stage import Bars, Beneath, Column, Grid, Maps, More, Passage, Row, Tries
from layeranim.stories.stage.parts.volume import MOST
from layeranim.stories.stage.solver import Node, Setting
from layeranim.stories.storyboard import JOINED, Line, Telling

FEW, BAND, HIGH = 12, 22.0, 240.0
"""A longer row of numbers is a band, so wide and high."""
TALL, TALL_OPEN = 320.0, 100.0
"""The height of the maps of a stage, and over what is opened."""
BAR, BARS_MOST, BARS_OPEN = 26.0, 10, 3
"""The height of a bar with its number, and how many there are at most; over what is opened."""
NAMED = 22.0
"""The width of a number at the end under its name, where stages are low."""
SHORT = 4
"""Of more stages each says in short what it is."""
FEWEST = 3
"""Stages that stand there however little room there is."""


@dataclass(frozen=True)
class NamedRow(Grid):
    """A row of colours, each under its name, that stays as wide as these however small the stage is."""

    def fit(self, s: Setting) -> tuple[Fit, tuple[int, int]]:
        rows, cols = self.shown(s.figures).shape
        return Fit((self.band[0] / cols, self.band[1] / rows), 0), (rows, cols)


class RowStanding:
    """Where the stages of a row stand, and which steps of its film make them."""

    seen_as: type[RowView] = RowView

    def __init__(self, telling: Telling, most: int = OPEN_MOST, fewer: int = 0) -> None:
        self.telling, self.most = telling, most
        self.view = view = self.seen_as(telling)
        self.pictured = pictured(telling)
        room = cards(telling.film.canvas, view.open, self.lined)
        self.groups = _folded(view, max(FEWEST, room - fewer))
        self.opened: dict[int, Opened] = {k: Opened(view, view.stages[k]) for k in view.open}
        self.passages: list[tuple[Passage, int]] = []
        self.spans: dict[int, range] = {}
        for group in self.groups:
            last, first = group[-1], len(self.passages)
            if last.place in self.opened:
                self.passages += [(one, last.place) for one in self.opened[last.place].passages]
            self.passages.append((self._passage(group), last.place))
            self.spans[last.place] = range(first, len(self.passages))
        self._keep(telling.film.selected(len(self.passages)))

    @property
    def lines(self) -> bool:
        """Whether they stand in lines beside what goes in."""
        return self.lined and len(self.groups) >= (SHORT if self.telling.film.canvas.narrow else CARDS)

    @property
    def lined(self) -> bool:
        """Whether all stages are so low that they have room in lines."""
        return False

    def means(self) -> tuple[int, ...]:
        """Which unit tells what a preset means by its number: that of the film in which no stage is folded."""
        spans = ((len(group) - 1, self.spans[group[-1].place]) for group in self.groups)
        return tuple(unit for folded, units in spans for unit in (*[units[-1]] * folded, *units))

    def _keep(self, shown: range) -> None:
        """Of a film of some steps nothing stands there that only later ones make, or that was opened before it."""
        self.told = [group for group in self.groups if self.spans[group[-1].place][0] <= shown[-1]]
        self.last = self.told[-1][-1]
        there = [place for place in self.opened if {*self.spans[place][:-1]} <= {*shown}
                 and self.spans[place][0] <= shown[-1]]  # fmt: skip
        self.panels = there[: self.most]
        self.crowded = there[self.most :]
        """Those that are told without a view of their own."""

    @property
    def long(self) -> bool:
        """Whether so many stages stand there that no lanes lie between them, and each says little."""
        return len(self.groups) > SHORT

    def _title(self, stage: RowStage) -> str:
        return self._brief(stage) if self.long and stage.place not in self.opened else words.title(stage)

    def _brief(self, stage: RowStage) -> str:
        """What it is, as short as a long row of stages needs it: ``pool``."""
        return "pool" if stage.layer.startswith("pool") else words.word(stage)

    @property
    def tight(self) -> bool:
        """Whether the row is broken into lines for which there is little height."""
        return tight(self.telling.film.canvas)

    @property
    def low(self) -> bool:
        """Whether every stage must be low: over what is opened, or in lines for which there is little height."""
        return bool(self.opened) or self.lines or (self.tight and self.long)

    def _passage(self, group: Sequence[RowStage]) -> Passage:
        """What a stage, or several that are folded, make."""
        last = group[-1]
        names = [name for stage in group for name in reversed([*self.view.ways[stage.place]])
                 if self.view.figures.made(name)]  # fmt: skip
        told = self.opened[last.place].passages if last.place in self.opened else ()
        seen = {name for one in told if not one.at for name in one.writes}  # they stand there already
        names = [name for name in names if name != last.out and name not in seen]
        return Passage(self._called(group), (*names, last.out), {}, self.view.cell(last.out, last))

    def _called(self, group: Sequence[RowStage]) -> str:
        """What the unit of a stage, or of several that are folded, is called."""
        name = self._named(group[0]) if len(group) == 1 else ""
        return f"{words.titles(group)}{name and f', {name}'}"

    def _named(self, stage: RowStage) -> str:
        """The user's own name of a layer, where it says more than its place."""
        name = stage.last.name
        numbered = all(part.isdigit() for part in name.split("."))
        return "" if numbered or len(name) > words.NAMED_MOST or name == words.word(stage) else name

    # ── stage ────────────────────────────────────────────────────────────────
    def stage(self) -> Node:
        """All stages from left to right, what is folded of them as a number; under them what is opened."""
        loose, tight = (self._cards(firm) for firm in (True, False))
        if self.lines and not self.panels:
            entered, *stages = tight
            n = -(-len(stages) // lines(self.telling.film.canvas))
            return Row(entered, Column(*(Row(*stages[k : k + n]) for k in range(0, len(stages), n))))
        if not self.panels:
            return Tries(Row(*loose), Row(*tight))
        return Column(Row(*tight), Row(*(self.opened[place].node for place in self.panels)))

    def _cards(self, firm: bool) -> Iterator[Node | str]:
        yield self._card("input", "x", None, firm)
        for group in self.told:
            if len(group) > 1:
                yield More(sum(stage.stands for stage in group))
                continue
            if not self.long:
                yield "→"
            yield self._card(group[0].out, self._title(group[0]), group[0], firm)

    def _lines(self, tensor: str, stage: RowStage | None) -> tuple[Line, ...]:
        """What stands under a stage: how large what it makes is, what it has learned."""
        learnt = words.learnt_line(stage, self.long) if stage else ()
        return (words.shape_line(self.view, tensor), *learnt)

    def _card(self, tensor: str, text: str, stage: RowStage | None, firm: bool) -> Node:
        view, lines, shape = self.view, self._lines(tensor, stage), self.view.shape(tensor)
        axes = view.axes(tensor)
        few = stage is view.stages[-1] and len(shape) == 1 and 1 < shape[0] <= BARS_MOST
        if few and (not self.low or shape[0] <= BARS_OPEN):
            return Beneath(Bars(tensor, text, axes[0], self._ends(), BAR), lines[1:])
        if few and self.low:  # the numbers at the end stand side by side, each under its name
            return Beneath(NamedRow(tensor, text, cols=axes[0], sized=False, lens=False, band=(NAMED * shape[0], BAR),
                                    called=((), self._ends())), lines)  # fmt: skip
        return Beneath(self._picture(tensor, text, firm), lines)

    def _ends(self) -> tuple[str, ...]:
        """What the numbers at the end are called: the digits, else their places."""
        return tuple(str(k + (not self._digits)) for k in range(self.view.shape("output")[0]))

    @property
    def _digits(self) -> bool:
        """Whether the outputs are the ten digits."""
        return bool(self.telling.base and self.telling.base.planes and self.view.shape("output") == (10,))

    def _picture(self, tensor: str, text: str, firm: bool) -> Node:
        """Maps where there are rows and columns, cells where there are one or two axes."""
        view, axes = self.view, self.view.axes(tensor)
        if len(axes) >= 3:
            first, *rows, cols = axes
            nxt = next((stage for stage in view.stages if stage.before == tensor), None)
            seen = self._seen(nxt, axes) if nxt else ()
            return Maps(tensor, text, first, JOINED.join(rows), cols, maps=view.trace.size(first), seen=seen,
                        tall=TALL_OPEN if self.low else TALL, pixels=self.pictured and tensor == "input",
                        chosen=view.foremost(tensor, first, MOST))  # fmt: skip
        row, col = (*axes, None, None)[:2]
        sizes, high, band = view.shape(tensor), TALL_OPEN if self.low else HIGH, (0.0, 0.0)
        named = tensor == "input" and view.stages[0].layer == "embedding" and len(sizes) == 1 and sizes[0] <= FEW
        if not firm and not named and max(sizes, default=1) > FEW:
            n, m = (*sizes, 1, 1)[:2]
            band = (BAND if m == 1 else min(160.0, max(BAND, 10.0 * m)), min(high, max(BAND, 10.0 * n)))
        called = (view.tokens if tensor == "input" else (), ())
        return Grid(tensor, text, row, col, sized=False, lens=False, firm=named, called=called, band=band)

    @property
    def undrawn(self) -> tuple[str, ...]:
        """How many maps are drawn of the stage that has most of them, where not all are, and which."""
        shapes = [self.view.shape(group[0].out) for group in self.told if len(group) == 1]
        most = max((shape[0] for shape in shapes if len(shape) >= 3), default=0)
        return (f"{MOST} of {most} maps drawn, the largest and the followed",) if most > MOST else ()

    def _seen(self, nxt: RowStage, axes: tuple[str, ...]) -> tuple[tuple[str, int, int], ...]:
        """As which padded tensor the next stage reads it."""
        view, name = self.view, f"{nxt.prefix}padded"
        if name not in view.trace or nxt.reads != nxt.before or len(axes) != 3:
            return ()
        top, left = view.offset(name, nxt)[-2:]
        return ((name, top, left),)


def _folded(view: RowView, most: int) -> list[list[RowStage]]:
    """The stages, each alone; of more than have room those in the middle that nothing is opened of, together."""
    stages = list(view.stages)
    room = most - 1
    if len(stages) <= room:
        return [[stage] for stage in stages]
    kept = {0, len(stages) - 1, *view.open}
    most = max(stages, key=lambda one: one.learnt).place  # the opening speaks of it
    for k in (most, *(k - 1 for k in view.open if k), 1, len(stages) - 2, *range(2, len(stages))):
        if len(kept) >= room:
            break
        kept.add(k)
    beside = groupby(stages, lambda stage: stage.place if stage.place in kept else None)
    return [[*group] for _, group in beside]
