"""Attention told: one row stage by stage, the others quicker, head after head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layeranim import theme
from layeranim.stories import reading, timing
from layeranim.stories.attention.join import arithmetic, join
from layeranim.stories.attention.notes import AttentionNotes
from layeranim.stories.attention.parts import AttentionParts
from layeranim.stories.attention.plan import AttentionPlan, plan
from layeranim.stories.attention.sources import note
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.attention.words import GOOD_FOR, AttentionWords
from layeranim.stories.options import PACES
from layeranim.stories.reading import BARE, BRIEF, FAST, FIRST, LOOKED, NOTED, ReadingWay
from layeranim.stories.storyboard import Beat, Line, Story, Storyboard, Telling

OPENING = 1.48  # seconds
SWEPT, SWEEP_MOST = 0.2, 4.0  # seconds of a row that is swept over, and of a whole sweep


def tell(telling: Telling) -> Storyboard:
    """The storyboard of attention."""
    view = AttentionView(telling)
    return _AttentionTelling(view, plan(view)).storyboard()


@dataclass(frozen=True)
class _Act:
    """A beat to come: its kind, its rows, and in how many words it can be told."""

    kind: str
    units: range
    ways: Sequence[ReadingWay]


class _AttentionTelling:
    def __init__(self, view: AttentionView, stage: AttentionPlan) -> None:
        self.view, self.plan, self.film = view, stage, view.telling.film
        self.words, self.notes, self.join = AttentionWords(view), AttentionNotes(view), join(view)
        self.shown = self.film.selected(view.units)
        self.taught = view.taught(self.shown)
        self.opening = ReadingWay(self.words.opening(), self.words.opening_note(), OPENING)
        self.closing = ReadingWay(self.words.closing(), note(self.words.takeaway()), theme.END_HOLD)

    def storyboard(self) -> Storyboard:
        view, words = self.view, self.words
        beats = tuple(self.beats())
        poster = next(beat for kind in ("join", "mix") for beat in beats if beat.kind == kind)
        second = self.join.grids if self.join else {}
        return Storyboard(
            "attention",
            words.title,
            words.parameters(),
            {**self.plan.grids, **second},
            beats,
            view.units,
            poster.end - 1,
            words.alt(words.title, poster),
            {"attention": AttentionParts(view, self.plan, self.shown.start, self.join)},
            (*view.warnings, *([view.strange] if view.strangers else []), *self.plan.warnings),
        )

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        acts = self.acts()
        space = reading.room(self.opening, self.closing, len(acts))
        told = reading.fitted([act.ways for act in acts], space)
        pace = reading.stretched(told, space, PACES[self.film.pace])
        at, done = reading.ticks(self.opening.seconds * min(1.0, pace)), self.shown.start
        yield Beat("open", 0, at, caption=self.opening.caption, note=self.opening.note, done=done)
        for act, way in zip(acts, told, strict=True):
            length = reading.ticks(way.seconds * pace)
            done += len(act.units) if act.kind in ("step", "mix", "sweep") else 0
            yield Beat(act.kind, at, length, act.units, self.phases(act, length), way.caption, way.note,
                       self.place(act), self.steps(act), done)  # fmt: skip
            at += length
        hold = reading.ticks(self.closing.seconds * min(1.0, pace))
        yield Beat("close", at, hold, caption=self.closing.caption, note=self.closing.note, done=done)

    def place(self, act: _Act) -> Line:
        if act.kind == "sweep":
            return ()
        return self.words.others() if act.kind == "join" else self.words.place(act.units[0])

    def steps(self, act: _Act) -> Sequence[int]:
        """The trace's steps of an act."""
        if act.kind in ("position", "project", "turn"):
            return self.view.making(act.units[0], act.kind)
        if act.kind == "join":
            return self.view.joining()
        return range(0) if act.kind == "head" else self.view.steps(act.units)

    def phases(self, act: _Act, length: int) -> tuple[tuple[str, int], ...]:
        if act.kind == "sweep":
            return (("sweep", length),)
        if act.kind == "step":
            share = min(0.4, 0.2 * length / timing.TICKS_A_SECOND)
            wanted = [("travel", min(0.32, share)), ("score", share), ("softmax", share), ("land", share)]
            return timing.phases(length, wanted)
        if act.kind == "join" and self.join and self.join.projected:
            return timing.phases(length, [("travel", 0.32), ("first", 0.36), ("rest", 0.36)])
        if act.kind in ("head", "join", "position", "project", "turn"):
            return timing.phases(length, [("travel", 0.32)])
        rest = [("rest", 0.36)] if act.kind == "score" else []
        return timing.phases(length, [("travel", 0.28), ("first", 0.36), *rest])

    # ── what follows what ────────────────────────────────────────────────────
    def acts(self) -> list[_Act]:
        """One row in stages, then all others as steps, or swept over where there is no time for each, or for any."""
        for swept in ("none", "inner", "all"):
            acts = list(self.told(swept))
            least = sum(act.ways[1 if act.kind == "step" else 0].seconds for act in acts)
            if least <= reading.room(self.opening, self.closing, len(acts)):
                break
        return acts

    def told(self, swept: str) -> Iterator[_Act]:
        """Where queries come from, the taught row in stages, the others, the joining of heads."""
        for kind in (*self.view.made_by(), *self.stages(self.taught)):
            u = self.view.turned(self.taught, self.shown) if kind == "turn" else self.taught
            yield _Act(kind, range(u, u + 1), self.staged(kind, u))
        rows, said = self.view.rows, set[str]()
        for head in range(self.shown.start // rows, (self.shown.stop - 1) // rows + 1):
            here = range(max(self.shown.start, head * rows), min(self.shown.stop, (head + 1) * rows))
            if here.start != self.shown.start:
                yield _Act("head", here[:1], self.headed(here[0], said))
            for part in (
                (range(here.start, self.taught), range(self.taught + 1, here.stop)) if self.taught in here else (here,)
            ):
                yield from self.rows(part, swept, said)
        if self.view.heads > 1 or self.view.config.output_projection:
            yield _Act("join", range(self.shown[-1], self.shown[-1] + 1), self.joined())

    def stages(self, u: int) -> Iterator[str]:
        """What happens to one row of scores, in order."""
        chain = self.view.chain
        yield "score"
        yield from (stage for stage, tensor in (("scale", "scaled"), ("cap", "capped")) if tensor in chain)
        if "masked" in chain and (not self.view.seen(u).all() or not self.view.config.causal):
            yield "mask"
        yield from ("exp", "divide") if self.view.config.lookup == "soft" else ("pick",)
        yield "mix"

    def rows(self, units: range, swept: str, said: set[str]) -> Iterator[_Act]:
        """Rows that are not taught: a result each, or the first, a sweep and the last, or one sweep."""
        inner = {"none": range(0), "inner": units[1:-1], "all": units}[swept] if len(units) > 3 else range(0)
        for u in units:
            if u not in inner:
                yield _Act("step", range(u, u + 1), self.linked(u))
            elif u == inner[0]:
                yield _Act("sweep", inner, self.sweeping(inner, said))

    # ── in how many words ────────────────────────────────────────────────────
    def staged(self, kind: str, u: int) -> list[ReadingWay]:
        caption, said = self.words.says.caption(kind, u), self.notes.note(kind, u)
        short = self.words.says.short(kind, u)
        ways = [ReadingWay(short, (), BRIEF)] if short else []
        ways.append(ReadingWay(caption, (), BARE, FIRST))
        return [*ways, ReadingWay(caption, said, BARE, FIRST if self.notes.needed(kind) else NOTED)] if said else ways

    def linked(self, u: int) -> list[ReadingWay]:
        """The key that a row finds: the taught row said how."""
        short = self.words.says.link(u)
        return [ReadingWay(short, (), FAST), ReadingWay(short, (), BRIEF, LOOKED)]

    def headed(self, u: int, said: set[str]) -> list[ReadingWay]:
        """What a head has of its own, said of the first such one; of others that their turn has come."""
        which, what = self.words.head(u), self.words.shared(u)
        first = what[0].text not in said
        said.add(what[0].text)
        return [ReadingWay(which, (), BRIEF), *([ReadingWay((*which, *what), (), BARE, FIRST)] if first else [])]

    def sweeping(self, units: range, said: set[str]) -> list[ReadingWay]:
        least = min(SWEEP_MOST, SWEPT * len(units))
        where = self.words.swept(units)
        if "sweep" in said:
            return [ReadingWay(where, (), least)]
        said.add("sweep")
        return [ReadingWay(where, (), least), ReadingWay((*where, *self.words.passing()), (), max(BARE, least), FIRST)]

    def joined(self) -> list[ReadingWay]:
        if not (self.join and self.join.projected):
            return [ReadingWay(self.words.join(), (), BARE)]
        caption = arithmetic(self.view)
        return [ReadingWay(caption, (), BARE), ReadingWay(caption, self.words.join(), BARE, FIRST)]


AttentionStory = Story("Attention", tell, GOOD_FOR, takes=4)
