"""Dense layers told: one unit after another, slowly at first, then the activation of a row, then what it is for."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import theme
from layeranim.stories import timing
from layeranim.stories.dense import heat as dense_heat
from layeranim.stories.dense import neuron_bench as dense_neuron
from layeranim.stories.dense import picture as dense_picture
from layeranim.stories.dense import tables as dense_tables
from layeranim.stories.dense.bench import Bench
from layeranim.stories.dense.parts import DenseParts
from layeranim.stories.dense.view import DenseView
from layeranim.stories.dense.words import DENSE_GOOD, DenseWords
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Story, Storyboard, Telling

OPENING, ROW, WINNER = 1.48, 2.4, 3.4  # seconds; the last two for the activation of a row


def bench_of(view: DenseView) -> Bench:
    """The richest stage that has room for the numbers."""
    found = dense_picture.picture(view) or dense_neuron.neuron(view)
    return found or dense_tables.tables(view, True) or dense_tables.tables(view, False) or dense_heat.heat(view)


class _DenseTelling:
    """Puts the beats of one film together."""

    def __init__(self, telling: Telling, name: str, title: str, good_for: str) -> None:
        self.telling, self.film, self.name, self.title = telling, telling.film, name, title
        self.view = DenseView(telling)
        self.bench = bench_of(self.view)
        self.words = DenseWords(self.view, self.bench, good_for)

    def storyboard(self) -> Storyboard:
        view, bench = self.view, self.bench
        preset = self.telling.base if bench.kind == "picture" else self.telling.preset
        shown = view.shown
        beats = tuple(self.beats(shown))
        told = self.bench.kind == "picture" and any(beat.kind == "row" for beat in beats)  # which class wins
        middle = timing.poster(beats, shown, ("row",) if told else ("step",))
        title = self.film.title or (preset.title if preset else "") or self.title
        parts = DenseParts(
            bench.acts, self.words.counter, shown.start, view.units, bench.network, tuple(bench.signs),
            tuple(bench.lanes), bench.lanes_of, tuple(bench.chips), tuple(bench.operators), tuple(bench.labels),
            tuple(bench.cleared), bench.finish if view.row_wise else None,
            bench.headings, lambda u: u - u % view.units + view.winner(view.at(u)[0]),
        )  # fmt: skip
        return Storyboard(
            self.name,
            title,
            self.words.parameters(),
            bench.grids,
            beats,
            view.total,
            middle.end - 1,
            self.words.alt(title, middle),
            {"dense": parts},
        )

    def beats(self, shown: range) -> Iterator[Beat]:
        words = self.words
        at = timing.ticks(OPENING * min(1.0, PACES[self.film.pace]))
        yield Beat("open", 0, at, caption=words.opening(), note=words.counted(), done=shown.start)
        notes = list(words.notes())
        stretches, pace = timing.paced(timing.with_pause(shown, self.view.units), self.film.pace, self.rows(shown))
        for stretch in stretches:
            first, last = stretch.units[0], stretch.units[-1]
            length = timing.ticks(stretch.seconds)
            brief, terse = stretch.seconds < timing.BRIEF, timing.terse(stretch, self.film.pace)
            if stretch.sweep:
                yield Beat("sweep", at, length, stretch.units, (("sweep", length),),
                           words.passing(), steps=self.view.steps(stretch.units),
                           done=last + 1)  # fmt: skip
            else:
                note = notes.pop(0) if notes and not terse else ()
                yield Beat(
                    "brief" if brief else "step",
                    at,
                    length,
                    stretch.units,
                    self.phases(length, brief),
                    words.passing() if brief else words.result(first) if terse else words.caption(first),
                    note,
                    () if brief else words.place(first),
                    self.view.steps(stretch.units),
                    first + 1,
                )
            at += length
            if self.view.row_wise and (last + 1) % self.view.units == 0:
                length = timing.ticks(self.row(last == shown[-1]) * pace)
                caption, note = words.finish(last)
                phases = timing.phases(length, [("land", 0.4)])
                yield Beat("row", at, length, range(last, last + 1), phases, caption, note, done=last + 1)
                at += length
        yield Beat("close", at, timing.ticks(theme.END_HOLD), caption=words.closing(shown[-1]),
                   note=words.takeaway(), done=shown.stop)  # fmt: skip

    def row(self, last: bool) -> float:
        """Seconds for the activation of one row."""
        whole = WINNER if self.bench.kind == "picture" else ROW
        return whole if last else whole / 3

    def rows(self, shown: range) -> float:
        """Seconds for all such rows."""
        ends = [u for u in shown if self.view.row_wise and (u + 1) % self.view.units == 0]
        return sum(self.row(u == shown[-1]) for u in ends)

    def phases(self, length: int, brief: bool) -> tuple[tuple[str, int], ...]:
        seconds = length * theme.TICK_MS / 1000
        if brief:
            return timing.phases(length, [("look", max(0.08, 0.4 * seconds))], "land")
        wanted = [("look", timing.act(seconds, 0.2, 0.44)), ("multiply", timing.act(seconds, 0.18, 0.44))]
        wanted += [("sum", timing.act(seconds, 0.18, 0.32))] if self.view.activated else []
        return timing.phases(length, [*wanted, ("land", timing.act(seconds, 0.18, 0.28))])


def tell(telling: Telling) -> Storyboard:
    """A dense layer's storyboard."""
    return _DenseTelling(telling, "dense", "Dense layer", DENSE_GOOD).storyboard()


DenseStory = Story("Dense layer", tell, DENSE_GOOD, takes=5)
