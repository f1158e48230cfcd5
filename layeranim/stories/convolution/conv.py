"""Convolution told: which windows when, at which pace, and where the film stops for its poster."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import theme
from layeranim.stories import timing
from layeranim.stories.convolution.conv_arithmetic import ConvArithmetic
from layeranim.stories.convolution.conv_parts import ConvParts
from layeranim.stories.convolution.conv_plan import ConvPlan, plan
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.convolution.conv_words import GOOD_FOR, ConvWords
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Story, Storyboard, Telling

OPENING = 1.48  # seconds: what goes in, and the size of what comes out


def tell(telling: Telling) -> Storyboard:
    """A convolution's storyboard."""
    view = ConvView(telling)
    return ConvTelling(view, plan(view)).storyboard()


class ConvTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: ConvView, stage: ConvPlan) -> None:
        self.view, self.plan, self.film = view, stage, view.telling.film
        self.words, self.arithmetic = ConvWords(view), ConvArithmetic(view, stage)
        self.preset = view.telling.preset

    def storyboard(self) -> Storyboard:
        view = self.view
        shown = self.film.selected(view.units)
        beats = tuple(self.beats(shown))
        middle = timing.poster(beats, shown, told=self.view.telling_unit(shown))
        title = self.film.title or (self.preset.title if self.preset else "") or "Convolution"
        return Storyboard(
            "conv",
            title,
            self.words.parameters(),
            self.plan.grids,
            beats,
            view.units,
            middle.end - 1,
            self.words.alt(title, middle),
            {"conv": ConvParts(view, self.plan, shown.start)},
        )

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self, shown: range) -> Iterator[Beat]:
        at = 0
        opening = timing.ticks(OPENING * min(1.0, PACES[self.film.pace]))
        yield Beat("open", at, opening, caption=self.words.opening(), note=self.words.size_formula(), done=shown.start)
        at += opening
        notes = list(self.words.notes(shown))
        stops = [*self.words.turns(shown), self.view.telling_unit(shown)]
        stretches, _ = timing.paced(timing.with_pause(shown, self.view.out_shape[1], stops), self.film.pace)
        for i, stretch in enumerate(stretches):
            length = timing.ticks(stretch.seconds)
            first, last = stretch.units[0], stretch.units[-1]
            brief, terse = stretch.seconds < timing.BRIEF, timing.terse(stretch, self.film.pace)
            turn = () if stretch.sweep else self.words.turn(first)
            note = turn or (notes.pop(0) if notes and not terse and not stretch.sweep else ())
            if stretch.sweep:
                yield Beat(
                    "sweep",
                    at,
                    length,
                    stretch.units,
                    (("sweep", length),),
                    self.arithmetic.passing(),
                    (),
                    (),
                    self.view.steps(stretch.units),
                    last + 1,
                )
            else:
                yield Beat(
                    "brief" if brief else "step",
                    at,
                    length,
                    stretch.units,
                    self.phases(length, brief, i < 2),
                    self.arithmetic.passing() if brief else self.arithmetic.told(first, terse),
                    note,
                    () if brief else self.words.place(first),
                    self.view.steps(stretch.units),
                    first + 1,
                )
            at += length
        hold = timing.ticks(theme.END_HOLD)
        yield Beat("close", at, hold, caption=self.words.closing(), note=self.words.takeaway(), done=shown.stop)

    def phases(self, length: int, brief: bool, taught: bool) -> tuple[tuple[str, int], ...]:
        seconds = length * theme.TICK_MS / 1000
        travel, act = timing.act(seconds, 0.22, 0.52), 0.18 * seconds
        if brief:
            return timing.phases(length, [("travel", max(0.08, 0.4 * seconds))], "land")
        wanted = [("travel", travel), ("multiply", act)]
        add = timing.act(seconds, 0.1, 0.24) if taught else 0.12
        if self.view.depth > 1:
            wanted.append(("gather", add if taught else 0.16))
        wanted += [("sum", add)] if self.view.biased or self.view.activated else []
        wanted += [("bias", add)] if self.view.biased else []
        wanted += [("activate", add)] if self.view.activated else []
        return timing.phases(length, [*wanted, ("land", timing.act(seconds, 0.18, 0.28))])


ConvStory = Story("Convolution", tell, GOOD_FOR, takes=3)
