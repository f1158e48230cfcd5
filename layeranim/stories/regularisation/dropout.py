"""Dropout told: a mask unit by unit, further draws, their mean, then the pass at test time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from layeranim import theme
from layeranim.stories import timing
from layeranim.stories.options import PACES
from layeranim.stories.regularisation.dropout_stage import DropoutStage, matrix, network, networked
from layeranim.stories.regularisation.dropout_view import DropoutView
from layeranim.stories.regularisation.dropout_words import GOOD_FOR, DropoutWords
from layeranim.stories.storyboard import Beat, Cells, Line, Story, Storyboard, Telling

OPENING, DRAW, DRAW_LEAST, DRAWS_MOST, MEAN, TEST = 1.48, 1.2, 0.92, 4.8, 2.4, 2.0
DRAWS_SHOWN = 8  # further draws that are shown one by one


@dataclass(frozen=True, eq=False)
class DropoutParts:
    """What dropout's scene asks of its story."""

    stage: DropoutStage
    cells: Callable[[str, int], Cells]
    one: Callable[[str, int], Cells]
    column: Callable[[str, int], Cells]
    counter: Callable[[int], Line]
    draw_counter: Callable[[int], Line]
    first: int
    example: int
    cols: int


def tell(telling: Telling) -> Storyboard:
    """Dropout's storyboard."""
    return _DropoutTelling(telling).storyboard()


class _DropoutTelling:
    def __init__(self, telling: Telling) -> None:
        self.telling, self.film = telling, telling.film
        one = DropoutView(telling, self.film.place_in(telling.trace.tensor("input").shape[0]))
        layer = network(one) if networked(one) else None
        self.view = one if layer or self.film.sample else DropoutView(telling)
        self.stage = layer or matrix(self.view)
        self.words = DropoutWords(self.view, self.stage)

    def storyboard(self) -> Storyboard:
        view, preset = self.view, self.telling.preset
        shown = self.film.selected(view.total)
        beats = tuple(self.beats(shown))
        middle = next((beat for beat in beats if beat.kind == "mean"), None) or timing.poster(beats, shown)
        title = self.film.title or (preset.title if preset else "") or "Dropout"
        parts = DropoutParts(
            self.stage,
            lambda name, draw: view.cells(name, self.stage.numerals, draw),
            lambda name, k: view.one(name, k),
            lambda name, draw: view.column(name, draw),
            self.words.counter,
            self.words.draw_counter,
            shown.start,
            view.example(),
            view.cols,
        )
        return Storyboard(
            "dropout",
            title,
            self.words.parameters(),
            self.stage.grids,
            beats,
            view.total,
            middle.end - 1,
            self.words.alt(title, middle),
            {"dropout": parts},
        )

    def beats(self, shown: range) -> Iterator[Beat]:
        at = 0
        draws, each = self.further()
        more = draws * each + (MEAN if draws else 0) + TEST
        stretches, pace = timing.paced(timing.with_pause(shown, self.view.cols), self.film.pace, more)
        for beat in [*self.steps(shown, stretches), *self.afterwards(shown.stop, pace)]:
            yield replace(beat, start=at)
            at += beat.ticks

    def further(self) -> tuple[int, float]:
        """How many draws are shown after the first, and for how many seconds each."""
        count = min(self.view.draws - 1, DRAWS_SHOWN)
        return count, min(DRAW, max(DRAW_LEAST, DRAWS_MOST / max(1, count)))

    def steps(self, shown: range, stretches: Sequence[timing.Stretch]) -> Iterator[Beat]:
        """The first draw, unit by unit."""
        words = self.words
        length = timing.ticks(OPENING * min(1.0, PACES[self.film.pace]))
        yield Beat("open", 0, length, caption=words.opening(), note=words.sizes(), done=shown.start)
        notes = words.notes()
        for stretch in stretches:
            first, length = stretch.units[0], timing.ticks(stretch.seconds)
            if stretch.sweep:
                yield Beat("sweep", 0, length, stretch.units, (("sweep", length),), words.passing(),
                           steps=self.view.steps(stretch.units), done=stretch.units[-1] + 1)  # fmt: skip
                continue
            brief, terse = stretch.seconds < timing.BRIEF, timing.terse(stretch, self.film.pace)
            seconds = stretch.seconds
            wanted = [("look", timing.act(seconds, 0.22, 0.44)), ("mask", timing.act(seconds, 0.18, 0.44))]
            wanted.append(("land", timing.act(seconds, 0.18, 0.28)))
            yield Beat(
                "brief" if brief else "step",
                0,
                length,
                stretch.units,
                timing.phases(length, [("look", 0.3 * seconds)], "land") if brief else timing.phases(length, wanted),
                words.passing() if brief else words.result(first) if terse else words.caption(first),
                () if terse else words.note(first, notes),
                () if brief else words.place(first),
                self.view.steps(stretch.units),
                first + 1,
            )

    def afterwards(self, done: int, pace: float) -> Iterator[Beat]:
        """More draws, their mean, the pass at test time, the close."""
        words, (count, each) = self.words, self.further()
        for draw in range(1, count + 1):
            yield Beat("draw", 0, timing.ticks(each * pace), range(draw, draw + 1), (), words.drawn(draw), done=done)
        if count:
            caption, note = words.mean()
            yield Beat("mean", 0, timing.ticks(MEAN * pace), range(0), (), caption, note,
                       steps=self.view.averaging(self.view.example()), done=done)  # fmt: skip
        caption, note = words.test()
        yield Beat("test", 0, timing.ticks(TEST * pace), range(0), (), caption, note, done=done)
        yield Beat("close", 0, timing.ticks(theme.END_HOLD), caption=words.closing(), note=words.takeaway(), done=done)


DropoutStory = Story("Dropout", tell, GOOD_FOR)
