"""Attention told: one row stage by stage, the others quicker, head after head."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from layeranim import theme
from layeranim.stories import timing
from layeranim.stories.attention_join import arithmetic, join
from layeranim.stories.attention_parts import AttentionParts
from layeranim.stories.attention_plan import Plan, plan
from layeranim.stories.attention_view import AttentionView
from layeranim.stories.attention_words import GOOD_FOR, AttentionWords
from layeranim.stories.options import PACES
from layeranim.stories.storyboard import Beat, Fact, Line, Run, Story, Storyboard, Telling

OPENING, PROJECT, HEAD, JOIN, JOINED = 1.48, 1.8, 1.0, 1.6, 2.8  # seconds
STAGES = {"score": 2.4, "scale": 1.2, "cap": 1.2, "mask": 1.4, "exp": 1.6, "divide": 1.6, "pick": 1.4, "mix": 2.2}
FIRST, MIDDLE, LAST = 1.8, 1.6, 1.4  # the first row after the taught one, the one of the poster, the last
REST, LEAST, MOST = 4.0, 0.56, 1.4  # all other rows together; one of them at least and at most
SWEEPS, WHOLE = 12, 21.2  # beats that sweep; seconds between opening and close at most


def tell(telling: Telling) -> Storyboard:
    """The storyboard of attention."""
    view = AttentionView(telling)
    return _Telling(view, plan(view)).storyboard()


@dataclass(frozen=True)
class _Act:
    """A beat to come: its kind, its rows, its seconds."""

    kind: str
    units: range
    seconds: float


class _Telling:
    def __init__(self, view: AttentionView, stage: Plan) -> None:
        self.view, self.plan, self.film = view, stage, view.telling.film
        self.words, self.join = AttentionWords(view), join(view)
        self.shown = self.film.selected(view.units)
        self.taught = view.taught(self.shown)

    def storyboard(self) -> Storyboard:
        view, words = self.view, self.words
        beats = tuple(self.beats())
        poster = timing.poster(beats, self.shown, ("step", "mix"))
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
            (*view.warnings, *([words.strange()] if view.strangers else [])),
        )

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self) -> Iterator[Beat]:
        words, pace, first = self.words, PACES[self.film.pace], self.shown.start
        at = timing.ticks(OPENING)
        opening = words.shortened()
        note = _words(opening) if opening else words.whole_formula()
        yield Beat("open", 0, at, caption=words.opening(), note=note, done=first)
        done, acts = first, list(self.acts())
        pace *= min(1.0, WHOLE / sum(act.seconds for act in acts))
        for act in acts:
            length = timing.ticks(act.seconds * pace)
            if act.kind in ("step", "mix", "sweep"):
                done = act.units[-1] + 1
            yield self.beat(act, at, length, done)
            at += length
        hold = timing.ticks(theme.END_HOLD)
        yield Beat("close", at, hold, caption=words.closing(), note=words.takeaway(), done=self.shown.stop)

    def beat(self, act: _Act, at: int, length: int, done: int) -> Beat:
        words, u = self.words, act.units[0]
        place: Line = () if act.kind == "sweep" else words.others() if act.kind == "join" else words.place(u)
        own = {"sweep": lambda: words.sweep(act.units), "head": lambda: words.head(u), "join": words.join}
        caption = own[act.kind]() if act.kind in own else words.says.caption(act.kind, u)
        note: Line = () if act.kind in own else words.note(act.kind, u)
        if act.kind == "join" and self.join and self.join.projected:
            caption, note = arithmetic(self.view), words.join()
        return Beat(act.kind, at, length, act.units, self.phases(act, length), caption, note, place,
                    self.steps(act), done)  # fmt: skip

    def steps(self, act: _Act) -> Sequence[int]:
        """The trace's steps of an act."""
        if act.kind == "project":
            return self.view.making(act.units[0])
        if act.kind == "join":
            return self.view.joining()
        return range(0) if act.kind == "head" else self.view.steps(act.units)

    def phases(self, act: _Act, length: int) -> tuple[tuple[str, int], ...]:
        if act.kind == "sweep":
            return (("sweep", length),)
        if act.kind == "step":
            share = min(0.4, 0.2 * act.seconds)
            wanted = [("travel", min(0.32, share)), ("score", share), ("softmax", share), ("land", share)]
            return timing.phases(length, wanted)
        if act.kind == "join" and self.join and self.join.projected:
            return timing.phases(length, [("travel", 0.32), ("first", 0.36), ("rest", 0.36)])
        if act.kind in ("head", "join", "project"):
            return timing.phases(length, [("travel", 0.32)])
        rest = [("rest", 0.36)] if act.kind == "score" else []
        return timing.phases(length, [("travel", 0.28), ("first", 0.36), *rest])

    # ── what follows what ────────────────────────────────────────────────────
    def acts(self) -> Iterator[_Act]:
        """Projection, the taught row in stages, all others as steps or sweeps, the joining of heads."""
        taught = range(self.taught, self.taught + 1)
        if self.view.config.projections:
            yield _Act("project", self.shown[:1], PROJECT)
        yield from self.rows(range(self.shown.start, self.taught))
        for stage in self.stages(self.taught):
            yield _Act(stage, taught, STAGES[stage])
        yield from self.rows(range(self.taught + 1, self.shown.stop))
        if self.view.heads > 1 or self.view.config.output_projection:
            seconds = JOIN if self.join is None else JOINED
            yield _Act("join", range(self.shown[-1], self.shown[-1] + 1), seconds)

    def stages(self, u: int) -> Iterator[str]:
        """What happens to one row of scores, in order."""
        chain = self.view.chain
        yield "score"
        yield from (stage for stage, tensor in (("scale", "scaled"), ("cap", "capped")) if tensor in chain)
        if "masked" in chain and (not self.view.seen(u).all() or not self.view.config.causal):
            yield "mask"
        yield from ("exp", "divide") if self.view.config.lookup == "soft" else ("pick",)
        yield "mix"

    def rows(self, units: range) -> Iterator[_Act]:
        """Rows as they come: a beat where a new head begins, steps, and sweeps where there are many."""
        for act in self.stretches(units):
            for part in self.by_head(act):
                head = part.units[0]
                if head % self.view.rows == 0 and head != self.shown.start:
                    yield _Act("head", range(head, head + 1), HEAD)
                yield part

    def by_head(self, act: _Act) -> Iterator[_Act]:
        """A sweep never runs from one head into the next."""
        rows, start = self.view.rows, act.units.start
        while start < act.units.stop:
            stop = min(act.units.stop, (start // rows + 1) * rows)
            yield _Act(act.kind, range(start, stop), act.seconds * (stop - start) / len(act.units))
            start = stop

    def stretches(self, units: range) -> Iterator[_Act]:
        n = len(units)
        if n <= 3:
            yield from (_Act("step", range(u, u + 1), (FIRST, MIDDLE, LAST)[i]) for i, u in enumerate(units))
            return
        each = REST / (n - 2)
        middle = self.shown[(len(self.shown) + 1) // 2 - 1]
        yield _Act("step", units[:1], FIRST)
        inner = units[1:-1]
        if each >= LEAST:
            yield from (_Act("step", range(u, u + 1), MIDDLE if u == middle else min(MOST, each)) for u in inner)
        else:
            before, after = range(inner.start, max(inner.start, min(middle, inner.stop))), inner
            if middle in inner:
                after = range(middle + 1, inner.stop)
                yield from self.sweeps(before, len(inner))
                yield _Act("step", range(middle, middle + 1), MIDDLE)
            yield from self.sweeps(after, len(inner))
        yield _Act("step", units[-1:], LAST)

    def sweeps(self, units: range, of: int) -> Iterator[_Act]:
        """Rows swept over, in blocks."""
        block = max(1, -(-of // SWEEPS))
        for start in range(units.start, units.stop, block):
            part = range(start, min(units.stop, start + block))
            yield _Act("sweep", part, REST * len(part) / of)


def _words(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("drawn")),)


AttentionStory = Story("Attention", tell, GOOD_FOR)
