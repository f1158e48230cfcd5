"""Pooling in words: beats, captions, takeaway; with ``backward`` the way of a gradient."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import numbers, theme
from layeranim.stories import phrases, pool_phrases, timing
from layeranim.stories.pool_parts import PoolParts
from layeranim.stories.pool_plan import Plan, plan
from layeranim.stories.pool_presets import PRESETS
from layeranim.stories.pool_view import PoolView
from layeranim.stories.storyboard import Beat, Fact, Line, Run, Story, Storyboard, Telling, plain

OPENING = 37  # ticks: what goes in, and the size of what comes out
GOOD_FOR = "a smaller picture for the layers that follow, nothing to learn"
TITLES = {"max": "Max pooling", "mean": "Mean pooling", "lp": "p-norm pooling"}
BECOMES = {"max": "its largest number", "mean": "its mean", "lp": "its p-norm"}


def tell(telling: Telling) -> Storyboard:
    """A pooling's storyboard."""
    view = PoolView(telling)
    return PoolTelling(view, plan(view)).storyboard()


class PoolTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: PoolView, stage: Plan) -> None:
        self.view, self.plan, self.film, self.config = view, stage, view.telling.film, view.config
        self.preset = view.telling.preset

    def storyboard(self) -> Storyboard:
        view = self.view
        shown = self.film.selected(view.units)
        beats = tuple(self.beats(shown))
        middle = self.poster_beat(beats, shown)
        title = self.film.title or self.title()
        parts = {"pool": PoolParts(self.plan, shown.start)}
        return Storyboard("pool", title, self.parameters(), self.plan.grids, beats, view.units, middle.end - 1,
                          self.alt(title, middle), parts)  # fmt: skip

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self, shown: range) -> Iterator[Beat]:
        opening = max(1, round(OPENING * (0.6 if self.film.pace == "fast" else 1.0)))
        yield Beat("open", 0, opening, caption=self.opening(), note=self.size_formula(), done=shown.start)
        at, notes = opening, list(self.notes())
        for i, stretch in enumerate(self.stretches(shown)):
            length, first, units = timing.ticks(stretch.seconds), stretch.units[0], stretch.units
            brief = stretch.seconds < timing.BRIEF
            if stretch.sweep:
                yield Beat("sweep", at, length, units, (("sweep", length),), self.sweep_caption(units), (), (),
                           self.steps(units), units[-1] + 1)  # fmt: skip
            else:
                note = notes.pop(0) if notes and not brief else ()
                yield Beat("brief" if brief else "step", at, length, units, self.phases(length, brief, i < 2),
                           self.caption(first, brief), note, self.place(first), self.steps(units), first + 1)  # fmt: skip
            at += length
        yield Beat("close", at, timing.ticks(theme.END_HOLD), caption=self.closing(), note=self.takeaway(), done=shown.stop)

    def steps(self, units: range) -> range:
        """The trace's steps of some units: a mean takes two, the sum and the quotient."""
        n = 2 if self.view.kind == "mean" else 1
        return range(n * units.start, n * units.stop)

    def stretches(self, shown: range) -> list[timing.Stretch]:
        """The schedule; a long film stops once more in the middle, where its poster is taken."""
        middle = shown[(len(shown) + 1) // 2 - 1]
        out: list[timing.Stretch] = []
        for stretch in timing.schedule(shown, self.view.out_shape[1], self.film.pace):
            if middle not in stretch.units or (stretch.seconds >= 2 * timing.BRIEF and not stretch.sweep):
                out.append(stretch)
                continue
            before, after = range(stretch.units.start, middle), range(middle + 1, stretch.units.stop)
            pause = timing.Stretch(range(middle, middle + 1), timing.RAMP[0] * timing.PACES[self.film.pace])
            out += [timing.Stretch(before, stretch.seconds)] if len(before) else []
            out += [pause, *([timing.Stretch(after, stretch.seconds)] if len(after) else [])]
        return out

    def poster_beat(self, beats: tuple[Beat, ...], shown: range) -> Beat:
        """The beat of step ⌈n/2⌉, or the nearest one before it that has its caption and numbers on stage."""
        middle = shown[(len(shown) + 1) // 2 - 1]
        steps = [b for b in beats if b.kind == "step"]
        return min(steps, key=lambda b: (abs(b.units[0] - middle), b.units[0]))

    def phases(self, length: int, brief: bool, taught: bool) -> tuple[tuple[str, int], ...]:
        seconds = length * theme.TICK_MS / 1000
        travel, act = min(0.52, 0.22 * seconds), min(0.44, 0.18 * seconds)
        if brief:
            return timing.phases(length, [("travel", max(0.08, 0.4 * seconds))], "land")
        if self.config.backward:
            return timing.phases(length, [("travel", travel), ("send", act), ("arrive", min(0.32, act))])
        wanted = [("travel", travel), ("gather", act)]
        wanted += {
            "max": [("choose", 0.28 if taught else 0.2)],
            "mean": [("sum", 0.36 if taught else 0.24), ("divide", 0.24 if taught else 0.16)],
            "lp": [("sum", 0.36 if taught else 0.24)],
        }[self.view.kind]
        return timing.phases(length, [*wanted, ("land", act)])

    # ── words ────────────────────────────────────────────────────────────────
    def title(self) -> str:
        if self.preset and self.preset.title:
            return self.preset.title
        first, _, _ = self.config.mode.rpartition("-")
        title = TITLES[self.view.kind]
        title = f"{first.capitalize()} {title.lower()}" if first else title
        return f"{title}, backwards" if self.config.backward else title

    def parameters(self) -> Line:
        config, view = self.config, self.view
        parts: list[str] = []
        if config.mode.startswith("global"):
            parts.append("one window a channel")
        elif view.adaptive:
            parts.append(f"windows cut for a {numbers.shape_text(view.out_shape)} output")
        else:
            parts += [f"{numbers.shape_text(view.kernel_shape)} window", f"stride {_pair(config.stride)}"]
            padding = str(view.trace.facts["padding"])
            parts += [f"padding {'same ' if config.padding == 'same' else ''}{padding}"] if padding != "0" else []
        parts += [f"dilation {_pair(config.dilation)}"] if config.dilation != (1, 1) else []
        parts += ["ceil mode"] if config.ceil_mode else []
        parts += [f"p {config.norm_type:g}"] if view.kind == "lp" else []
        parts += [f"image 1 of {view.batch}"] if view.batch > 1 else []
        seeded = view.telling.seeded
        if seeded:
            what = "values" if len(seeded) > 1 else "gradient" if seeded[0] == "grad_output" else "input"
            parts.append(f"random {what}, seed {view.telling.seed}")
        while len(parts) > 1 and phrases.width((Run(",  ".join(parts)),), theme.PARAMETERS) > 820:
            parts.pop()
        return (Run(",  ".join(parts), source=Fact("options")),)

    def opening(self) -> Line:
        if self.config.backward:
            goes = "to its winner" if self.view.kind == "max" else "back over its cells"
            return Run("the gradient of each "), Run("window", "focus", "semibold"), Run(f" goes {goes}")
        becomes = BECOMES[self.view.kind]
        each = "each channel" if self.view.whole else "each "
        window = () if self.view.whole else (Run("window", "focus", "semibold"),)
        return Run(each), *window, Run(" becomes one number: "), Run(becomes, "result", "semibold")

    def size_formula(self) -> Line:
        facts = self.view.trace.facts
        if self.config.backward:
            return _note("the gradient says which way each output should move")
        if self.config.mode.startswith("global"):
            return _note("no weights: nothing to learn here")
        high, wide = str(facts["height_formula"]), str(facts["width_formula"])
        if self.view.adaptive:
            line = _note(f"rows i of the input: {high}", "height_formula")
            return line if phrases.width(line, theme.NOTE) <= phrases.ROOM else ()
        text = f"output size  {high}" if high == wide else f"output height  {high},   width  {wide}"
        if phrases.width(_note(text), theme.NOTE) > phrases.ROOM:
            text = f"output height  {high}"
        return _note(text, "height_formula")

    def notes(self) -> Iterator[Line]:
        """Things worth saying once, for the first steps that have time for it."""
        view, config = self.view, self.config
        if config.backward:
            yield from self._back_notes()
            return
        if view.ghost.any():
            yield _note({"max": "dashed cells are padding: never the largest", "lp": "dashed cells are padding: they add nothing"}.get(  # noqa: E501
                view.kind, "dashed cells are zeros that the mean counts" if config.count_include_pad else "dashed cells are padding: not counted"))  # noqa: E501  # fmt: skip
        else:
            yield _note({"max": "the largest number stays, the others go", "mean": "add up, divide by how many they are",
                         "lp": "square, add up, take the root" if config.norm_type == 2 else "large numbers count most"}[view.kind])  # noqa: E501  # fmt: skip
        if config.divisor_override is not None:
            yield _note(f"every sum is divided by {config.divisor_override}")
        if not view.disjoint:
            yield _note("the windows overlap: some numbers count more than once")
        yield _note("no weights: nothing to learn here" if view.channels == 1 else "no weights; every channel is pooled by itself")
        if view.unread.any():
            yield _note("no window reads the dimmed cells")
        if view.shown < view.channels:
            yield _note(f"drawn: {view.shown} of {view.channels} channels", "channels")

    def _back_notes(self) -> Iterator[Line]:
        view = self.view
        yield _note({"max": "a small step of the others would change nothing", "mean": "every number of the window had the same part",
                     "lp": "the larger a number, the larger its part"}[view.kind])  # noqa: E501  # fmt: skip
        if not view.disjoint:
            yield _note("a cell under several windows adds up what it gets")
        if view.shown < view.channels:
            yield _note(f"drawn: {view.shown} of {view.channels} channels", "channels")

    def caption(self, u: int, brief: bool) -> Line:
        make = pool_phrases.brief if brief else pool_phrases.backward if self.config.backward else pool_phrases.forward
        return make(self.view, self.view.window(u), self.plan.styles)

    def sweep_caption(self, units: range) -> Line:
        rows, cols = self.view.out_shape
        first, last = units[0] // cols, units[-1] // cols
        where = phrases.ordinal_range(first % rows, last % rows, "row", "rows")
        if first // rows != last // rows:
            where = phrases.ordinal_range(first // rows, last // rows, "channel", "channels")
        elif self.view.shown > 1:
            where = f"channel {first // rows + 1}, {where}"
        rule = {"max": "each its largest", "mean": "each its mean", "lp": "each its p-norm"}[self.view.kind]
        rule = "each gradient to its cells" if self.config.backward else rule
        count = f" window{'s' * (len(units) > 1)}, "
        return (Run(f"{where}:  ", source=Fact("rows")), Run(f"{len(units)}", "ink", "semibold", Fact("windows")),
                Run(count), Run(rule, "focus", "semibold"))  # fmt: skip

    def place(self, u: int) -> Line:
        w = self.view.window(u)
        text = f"row {w.r + 1}, column {w.c + 1}"
        text = f"channel {w.channel + 1}, {text}" if self.view.channels > 1 else text
        return (Run(text, weight="regular", source=Fact("place")),)

    def closing(self) -> Line:
        view = self.view
        channels = (view.channels,) if view.channels > 1 else ()
        if self.config.backward:
            out = numbers.shape_text((*channels, *view.size))
            given = numbers.shape_text((*channels, *view.out_shape))
            return (Run(f"{given} gradients → ", source=Fact("output shape")),
                    Run(f"{out} gradients", "result", "semibold", Fact("input shape")))  # fmt: skip
        n = view.per_map
        windows = f"{n} window{'s' * (n > 1)}{' a channel' if view.channels > 1 else ''}, "
        kept = f"{view.channels} channels stay {view.channels}" if view.channels > 1 else "channels kept"
        shape = numbers.shape_text((*channels, *view.out_shape))
        return (Run(windows, source=Fact("windows")), Run("no weights", "weights", "semibold"), Run(" → "),
                Run(f"{shape} output", "result", "semibold", Fact("output shape")), Run(f", {kept}", source=Fact("channels")))  # fmt: skip

    def takeaway(self) -> Line:
        if self.preset and self.preset.takeaway and self.preset.options.get("mode") == self.config.mode:
            return _note(self.preset.takeaway)
        if self.config.backward:
            return _note({"max": "only the winners learn", "mean": "all cells of a window learn alike"}.get(self.view.kind, "large numbers learn most"))  # noqa: E501
        return _note({"max": "keeps the strongest answer of each place, not where it stood",
                      "mean": "a smaller, smoother picture for the layers that follow"}.get(self.view.kind, GOOD_FOR))  # fmt: skip

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        channels = (view.channels,) if view.channels > 1 else ()
        given, out = (numbers.shape_text((*channels, *shape)) for shape in (view.size, view.out_shape))
        return (f"{title}: {given} input, {plain(self.parameters())}, {out} output. "
                f"Step {beat.units[0] + 1} of {view.units}, {plain(beat.place)}: {plain(beat.caption)}.")  # fmt: skip


def _note(text: str, fact: str = "note") -> Line:
    return (Run(text, weight="regular", source=Fact(fact)),)


def _pair(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else numbers.shape_text(sizes)


PoolStory = Story("Pooling", PRESETS, tell, GOOD_FOR)
