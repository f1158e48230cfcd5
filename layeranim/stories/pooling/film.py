"""Pooling in words: beats, captions, takeaway; with ``backward`` the way of a gradient."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from layeranim import theme
from layeranim.engine import pool as engine
from layeranim.stories import timing
from layeranim.stories.pooling import phrases as pool_phrases
from layeranim.stories.pooling.parts import PoolParts
from layeranim.stories.pooling.plan import PoolPlan, back_region, plan
from layeranim.stories.pooling.view import PoolView
from layeranim.stories.pooling.words import GOOD_FOR, PoolWords
from layeranim.stories.storyboard import Beat, Line, Story, Storyboard, Telling

OPENING = 37  # ticks: what goes in, and the size of what comes out


def tell(telling: Telling) -> Storyboard:
    """A pooling's storyboard."""
    view = PoolView(telling)
    return PoolTelling(view, plan(view)).storyboard()


class PoolTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: PoolView, stage: PoolPlan) -> None:
        self.view, self.plan, self.film, self.words = view, stage, view.telling.film, PoolWords(view)
        self.backward = view.config.backward

    def storyboard(self) -> Storyboard:
        view = self.view
        shown = self.film.selected(view.units)
        beats = tuple(self.beats(shown))
        middle = timing.poster(beats, shown)
        title = self.film.title or self.words.title()
        parts = {"pool": PoolParts(self.plan, shown.start)}
        alt = self.words.alt(title, middle)
        return Storyboard(
            "pool", title, self.words.parameters(), self.plan.grids, beats, view.units, middle.end - 1, alt, parts
        )

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self, shown: range) -> Iterator[Beat]:
        opening = max(1, round(OPENING * (0.6 if self.film.pace == "fast" else 1.0)))
        yield Beat("open", 0, opening, caption=self.words.opening(), note=self.words.size(), done=shown.start)
        at, notes = opening, list(self.words.notes())
        stretches, _ = timing.paced(timing.with_pause(shown, self.view.out_shape[1]), self.film.pace)
        for i, stretch in enumerate(stretches):
            length, first, units = timing.ticks(stretch.seconds), stretch.units[0], stretch.units
            brief = stretch.seconds < timing.BRIEF
            if stretch.sweep:
                acts, caption = (("sweep", length),), self.words.passing()
                yield Beat("sweep", at, length, units, acts, caption, steps=self.steps(units), done=units.stop)
            else:
                terse = timing.terse(stretch, self.film.pace)
                note = notes.pop(0) if notes and not terse else ()
                kind, phases = "brief" if brief else "step", self.phases(length, brief, i < 2)
                caption = self.words.passing() if brief else self.caption(first, terse)
                place = () if brief else self.words.place(first)
                yield Beat(kind, at, length, units, phases, caption, note, place, self.steps(units), units.stop)
            at += length
        hold = timing.ticks(theme.END_HOLD)
        yield Beat("close", at, hold, caption=self.words.closing(), note=self.words.takeaway(), done=shown.stop)

    def steps(self, units: range) -> Sequence[int]:
        """The trace's steps of some units.

        Backwards one unit is told with the cells of the input's gradient under its window; a sweep's are its windows'.
        """
        view, w = self.view, self.view.window(units[0])
        if not self.backward or len(units) > 1:
            return view.steps(units)
        under = back_region(view, w.u)
        reached = itertools.product(w.index[:1], w.index[1:2], under.along("height") or (), under.along("width") or ())
        return *view.steps(units), *engine.steps_back(view.trace, w.index, reached)

    def phases(self, length: int, brief: bool, taught: bool) -> tuple[tuple[str, int], ...]:
        seconds = length * theme.TICK_MS / 1000
        travel, act = timing.act(seconds, 0.22, 0.52), timing.act(seconds, 0.18, 0.44)
        if brief:
            return timing.phases(length, [("travel", max(0.08, 0.4 * seconds))], "land")
        if self.backward:
            return timing.phases(
                length, [("travel", travel), ("send", act), ("arrive", timing.act(seconds, 0.18, 0.32))]
            )
        add = timing.act(seconds, 0.18, 0.36) if taught else 0.24
        wanted = [("travel", travel), ("gather", act)]
        wanted += {
            "max": [("choose", timing.act(seconds, 0.18, 0.28) if taught else 0.2)],
            "mean": [("sum", add), ("divide", 2 * add / 3)],
            "lp": [("sum", add)],
        }[self.view.kind]
        return timing.phases(length, [*wanted, ("land", act)])

    def caption(self, u: int, terse: bool) -> Line:
        """The arithmetic of one window, or its result alone."""
        make = pool_phrases.brief if terse else pool_phrases.backward if self.backward else pool_phrases.forward
        return make(self.view, self.view.window(u), self.plan.styles)


PoolStory = Story("Pooling", tell, GOOD_FOR, takes=4)
