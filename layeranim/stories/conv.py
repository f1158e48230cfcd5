"""Convolution in words: presets, beats, captions, takeaway."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.activations import ACTIVATIONS
from layeranim.stories import conv_presets, phrases, timing
from layeranim.stories.conv_plan import ACTIVATION_NAMES, Plan, activation_name, plan
from layeranim.stories.conv_view import ConvView, Window
from layeranim.stories.phrases import Addend, Term
from layeranim.stories.storyboard import Address, Beat, Cells, Fact, GridPlan, Line, Run, Story, Storyboard, Telling, plain

OPENING = 37  # ticks: what goes in, and the size of what comes out


def tell(telling: Telling) -> Storyboard:
    """A convolution's storyboard."""
    view = ConvView(telling)
    return ConvTelling(view, plan(view)).storyboard()


class ConvTelling:
    """Puts the beats of one film together."""

    def __init__(self, view: ConvView, stage: Plan) -> None:
        self.view, self.plan, self.film = view, stage, view.telling.film
        self.preset = view.telling.preset

    def storyboard(self) -> Storyboard:
        view = self.view
        shown = self.film.selected(view.units)
        beats = tuple(self.beats(shown))
        middle = self.poster_beat(beats, shown)
        title = self.film.title or (self.preset.title if self.preset else "") or "Convolution"
        return Storyboard(
            "conv", title, self.parameters(), self.grids(shown), beats, view.units, middle.end - 1, self.alt(title, middle),
            {"conv": ConvParts(view, self.plan, shown.start)}, tuple(self.warnings()),
        )  # fmt: skip

    def grids(self, shown: range) -> Mapping[str, GridPlan]:
        return self.plan.grids

    # ── beats ────────────────────────────────────────────────────────────────
    def beats(self, shown: range) -> Iterator[Beat]:
        at = 0
        opening = max(1, round(OPENING * (1.0 if self.film.pace != "fast" else 0.6)))
        yield Beat("open", at, opening, caption=self.opening(), note=self.size_formula(), done=shown.start)
        at += opening
        notes = list(self.notes(shown))
        for i, stretch in enumerate(self.stretches(shown)):
            length = timing.ticks(stretch.seconds)
            first, last = stretch.units[0], stretch.units[-1]
            brief = stretch.seconds < timing.BRIEF
            note = notes.pop(0) if notes and not brief and not stretch.sweep else ()
            if stretch.sweep:
                yield Beat("sweep", at, length, stretch.units, (("sweep", length),), self.sweep_caption(stretch.units), (),
                           (), range(4 * first, 4 * last + 4), last + 1)  # fmt: skip
            else:
                yield Beat("brief" if brief else "step", at, length, stretch.units, self.phases(length, brief, i < 2),
                           self.brief_caption(first) if brief else self.caption(first), note, self.place(first),
                           range(4 * first, 4 * first + 4), first + 1)  # fmt: skip
            at += length
        hold = timing.ticks(theme.END_HOLD)
        yield Beat("close", at, hold, caption=self.closing(), note=self.takeaway(), done=shown.stop)

    def stretches(self, shown: range) -> list[timing.Stretch]:
        """The schedule; a long film stops once more in the middle, where its poster is taken."""
        plain_ = timing.schedule(shown, self.view.out_shape[1], self.film.pace)
        middle = shown[(len(shown) + 1) // 2 - 1]
        out: list[timing.Stretch] = []
        for stretch in plain_:
            if middle not in stretch.units or stretch.seconds >= 2 * timing.BRIEF and not stretch.sweep:
                out.append(stretch)
                continue
            before, after = range(stretch.units.start, middle), range(middle + 1, stretch.units.stop)
            pause = timing.Stretch(range(middle, middle + 1), timing.RAMP[0] * timing.PACES[self.film.pace])
            out += [timing.Stretch(before, stretch.seconds)] if len(before) else []
            out += [pause, *([timing.Stretch(after, stretch.seconds)] if len(after) else [])]
        return out

    def poster_beat(self, beats: tuple[Beat, ...], shown: range) -> Beat:
        """The beat of step ⌈n/2⌉, or the nearest one before it that has its caption and products on stage."""
        middle = shown[(len(shown) + 1) // 2 - 1]
        steps = [b for b in beats if b.kind == "step"]
        return min(steps, key=lambda b: (abs(b.units[0] - middle), b.units[0]))

    def phases(self, length: int, brief: bool, taught: bool) -> tuple[tuple[str, int], ...]:
        seconds = length * theme.TICK_MS / 1000
        travel, act = min(0.52, 0.22 * seconds), 0.18 * seconds
        if brief:
            return timing.phases(length, [("travel", max(0.08, 0.4 * seconds))], "land")
        wanted = [("travel", travel), ("multiply", act)]
        if self.view.depth > 1:
            wanted.append(("gather", 0.24 if taught else 0.16))
        if self.view.biased or self.view.activated:
            wanted.append(("sum", 0.24 if taught else 0.12))
        if self.view.biased:
            wanted.append(("bias", 0.24 if taught else 0.12))
        if self.view.activated:
            wanted.append(("activate", 0.24 if taught else 0.12))
        return timing.phases(length, [*wanted, ("land", min(0.28, act))])

    # ── words ────────────────────────────────────────────────────────────────
    def parameters(self) -> Line:
        config, view, names = self.view.config, self.view, self.view.telling.names
        depth = (view.depth,) if view.depth > 1 else ()
        kernel = f"{numbers.shape_text((*depth, *view.kernel_shape))} {names.get('kernel', '')} kernel".replace("  ", " ")
        parts = [kernel, f"stride {_pair(config.stride)}"]
        rows, cols = self.padding()
        if any((*rows, *cols)):
            same = rows[0] == rows[1] == cols[0] == cols[1]
            amount = str(rows[0]) if same else ",".join(map(str, (*rows, *cols)))
            mode = "" if config.padding_mode == "zeros" else f" {config.padding_mode}"
            parts.append(f"padding {config.padding + ' ' if isinstance(config.padding, str) else ''}{amount}{mode}")
        parts += [f"dilation {_pair(config.dilation)}"] if config.dilation != (1, 1) else []
        parts += [f"groups {config.groups}"] if config.groups > 1 else []
        parts += [f"{view.filters} filters"] if view.filters > 1 else []
        parts += ["flipped"] if config.flip else []
        parts += [f"image 1 of {view.batch}"] if view.batch > 1 else []
        seeded = view.telling.seeded
        if seeded:
            what = "values" if "input" in seeded and "kernel" in seeded else "input" if seeded == ["input"] else "weights"
            parts.append(f"random {what}, seed {view.telling.seed}")
        while len(parts) > 1 and phrases.width((Run(",  ".join(parts)),), theme.PARAMETERS) > 900:
            parts.remove("stride 1") if "stride 1" in parts else parts.pop()
        return (Run(",  ".join(parts), source=Fact("options")),)

    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        from layeranim.engine.conv import axes_of

        rows, cols = axes_of(self.view.trace)
        return (rows.before, rows.after), (cols.before, cols.after)

    def opening(self) -> Line:
        return (Run("slide the "), Run("kernel", "weights", "semibold"), Run(" over the "), Run("input", "ink", "semibold"),
                Run(", multiply, add up"))  # fmt: skip

    def size_formula(self) -> Line:
        facts = self.view.trace.facts
        high, wide = str(facts["height_formula"]), str(facts["width_formula"])
        text = f"output size  {high}" if high == wide else f"output height  {high},   width  {wide}"
        if phrases.width((Run(text, weight="regular"),), theme.NOTE) > phrases.ROOM:
            text = f"output height  {high}"
        return (Run(text, weight="regular", source=Fact("height_formula")),)

    def notes(self, shown: range) -> Iterator[Line]:
        """Things worth saying once, for the first steps that have time for it."""
        view, config = self.view, self.view.config
        if view.depth > 1:
            yield _note("each channel is multiplied by its own kernel, then the sums are added")
        elif view.config.dilation != (1, 1):
            yield _note(f"dilation {_pair(config.dilation)}: the taps stand {_pair(config.dilation)} cells apart")
        elif view.ghost.any():
            yield _note(f"dashed cells are padding: {_PADDING[config.padding_mode]}")
        else:
            yield _note("one product for each cell under the window, then their sum")
        if config.stride != (1, 1) and view.out_shape[1] > 1:
            yield _note(f"stride {_pair(config.stride)}: the window jumps {config.stride[1]} column{'s' * (config.stride[1] > 1)}")  # noqa: E501
        if view.unread.any():
            yield _note(self.unread())
        hidden = view.in_channels - view.shown_channels, view.filters - view.shown_filters
        if any(h > 0 for h in hidden):
            yield _note(f"drawn: {view.shown_channels} of {view.in_channels} channels, {view.shown_filters} of {view.filters} filters")  # noqa: E501

    def unread(self) -> str:
        facts = self.view.trace.facts
        rows, cols = int(facts["unread_rows"]), int(facts["unread_columns"])
        parts = [f"{'last' if n == 1 else f'{n}'} {name}{'s' * (n > 1)}" for n, name in ((rows, "row"), (cols, "column")) if n]
        return f"no window reads the dimmed {' and '.join(parts)}"

    def caption(self, u: int) -> Line:
        view, w = self.view, self.view.window(u)
        if view.symbolic:
            return self.symbolic(w)
        addends = [self.bias(w)] if view.biased else []
        out_style = self.plan.styles["output"]
        pre_style = self.plan.styles["pre_activation"] if view.activated else out_style
        pre = numbers.text(view.trace.read(w.of("pre_activation")), pre_style)
        tail = self.activated(w, pre) if view.activated else ()
        role, tensor = ("ink", "pre_activation") if view.activated else ("result", "output")
        source = Address(tensor, (0, w.f, w.r, w.c))
        if view.depth > 1:
            sums = [view.partial_cells(w, row, self.plan.styles["partial_sums"]) for row in range(view.depth)] if view.depth <= 64 else []  # noqa: E501
            parts = [Addend(str(c.texts[0, 0]), "ink", Address("partial_sums", (0, w.f, w.r, w.c, i))) for i, c in enumerate(sums) if c.texts is not None]  # noqa: E501
            return _sum_of_addends([*parts, *addends], pre, source, tail, role)
        return phrases.sum_of(self.terms(w), addends, pre, source, tail, role)

    def terms(self, w: Window) -> list[Term]:
        """The products of one window with one channel, as they are displayed."""
        view, styles = self.view, self.plan.styles
        left, right = view.window_cells(w, 0, styles["window"]), view.kernel_cells(w.f, 0, styles["kernel"])
        zero = view.product_cells(w, 0, styles["products"]).levels == 0
        rows, cols = view.kernel_shape
        out = []
        for r in range(rows):
            for c in range(cols):
                a, b = (str(x.texts[r, c]) if x.texts is not None else "" for x in (left, right))
                out.append(Term(a, b, bool(zero[r, c]), _source(left, r, c), _source(right, r, c)))
        return out

    def bias(self, w: Window) -> Addend:
        text = numbers.text(self.view.trace["bias"][w.f], self.plan.styles["bias"])
        return Addend(text, "weights", Address("bias", (w.f,)))

    def activated(self, w: Window, pre: str) -> Line:
        """``,  ReLU(−0.49) = 0.00``, or only its result where the line would not fit."""
        out = numbers.text(self.view.trace.read(w.of("output")), self.plan.styles["output"])
        name = activation_name(self.view.config.activation)
        given = numbers.exact(pre)
        reached = float(ACTIVATIONS[self.view.config.activation](_float(given)))
        source = Address("pre_activation", (0, w.f, w.r, w.c))
        return (Run(f",  {name}(", late=True), Run(pre, "ink", source=source, late=True), Run(")", late=True),
                phrases.relation_run(numbers.agrees(reached, out)),
                phrases.result(out, Address("output", (0, w.f, w.r, w.c))))  # fmt: skip

    def symbolic(self, w: Window) -> Line:
        left = self.view.window_cells(w, 0, self.plan.styles["window"])
        right = self.view.kernel_cells(w.f, 0, self.plan.styles["kernel"])
        if left.texts is None or right.texts is None:
            return ()
        pairs = zip(left.texts.ravel().tolist(), right.texts.ravel().tolist(), strict=True)
        parts = [(Run(a, "ink"), Run(numbers.DOT), Run(b, "weights")) for a, b in pairs]
        label = str(np.asarray(self.view.trace.tensor("output").labels)[0, w.f, w.r, w.c])
        line = (*phrases.join(parts), phrases.relation_run("="), phrases.result(label, None))
        return line if phrases.fits(line) else phrases.join(parts)

    def brief_caption(self, u: int) -> Line:
        w = self.view.window(u)
        if self.view.symbolic:
            text = str(self.view.labels("output")[0, w.f, w.r, w.c])
        else:
            text = numbers.text(self.view.trace.read(w.of("output")), self.plan.styles["output"])
        return (Run("Σ "), Run("window", "focus"), Run(numbers.DOT), Run("kernel", "weights"), *self.shorthand(),
                Run(" = "), phrases.result(text, Address("output", (0, w.f, w.r, w.c))))  # fmt: skip

    def shorthand(self) -> Line:
        bias = (Run(" + "), Run("bias", "weights")) if self.view.biased else ()
        name = activation_name(self.view.config.activation)
        return (*bias, Run(f",  {name}")) if self.view.activated else bias

    def sweep_caption(self, units: range) -> Line:
        per_row = self.view.out_shape[1]
        first, last = units[0] // per_row, units[-1] // per_row
        rows = self.view.out_shape[0]
        where = phrases.ordinal_range(first % rows, last % rows, "row", "rows")
        if first // rows != last // rows:
            where = f"filters {first // rows + 1}–{last // rows + 1}"
        elif self.view.shown_filters > 1:
            where = f"filter {first // rows + 1}, {where}"
        return (Run(f"{where}:  ", source=Fact("rows")), Run(f"{len(units)}", "ink", "semibold", Fact("windows")), Run(" windows, "),  # noqa: E501
                Run("the same kernel", "weights", "semibold"))  # fmt: skip

    def place(self, u: int) -> Line:
        w = self.view.window(u)
        text = f"row {w.r + 1}, column {w.c + 1}"
        text = f"filter {w.f + 1}, {text}" if self.view.filters > 1 else text
        return (Run(text, weight="regular", source=Fact("place")),)

    def closing(self) -> Line:
        view = self.view
        n = view.per_map
        windows = f"{n} window{'s' * (n > 1)}, "
        shape = numbers.shape_text(((view.filters,) if view.filters > 1 else ()) + tuple(view.out_shape))
        kernel = "one shared kernel" if view.filters == 1 else f"{view.filters} kernels"
        return (Run(windows, source=Fact("windows")), Run(kernel, "weights", "semibold", Fact("filters")), Run(" → "),
                Run(f"{shape} output", "result", "semibold", Fact("output shape")))  # fmt: skip

    def takeaway(self) -> Line:
        if self.preset and self.preset.takeaway:
            return _note(self.preset.takeaway)
        return _note(GOOD_FOR)

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        shape = numbers.shape_text(view.trace.tensor("output").shape[1:] if view.filters > 1 else view.out_shape)
        given = numbers.shape_text(view.trace.tensor("input").shape[1 if view.in_channels > 1 else 2 :])
        return (f"{title}: {given} input, {plain(self.parameters())}, {shape} output. "
                f"Step {beat.units[0] + 1} of {view.units}, {plain(beat.place)}: {plain(beat.caption)}.")  # fmt: skip

    def warnings(self) -> Iterator[str]:
        return iter(())


class ConvParts:
    """What the scene asks for besides the grids: the chain, names, values under the operators, the counter."""

    def __init__(self, view: ConvView, stage: Plan, first: int) -> None:
        self.view, self.plan, self.first = view, stage, first
        self.chain, self.labels, self.label_places, self.signs = stage.chain, stage.labels, stage.label_places, stage.signs

    def windows(self, u: int) -> list[tuple[str, Any]]:
        """The input grids that unit ``u`` reads, with the region of each."""
        w = self.view.window(u)
        first = 0 if self.view.regrouped else self.view.first_channel(w.f)
        rows = [row for row in range(self.view.depth) if first + row < self.view.shown_channels]
        return [(f"input:{first + row}", self.view.region(w, row)) for row in rows]

    def target(self, u: int) -> tuple[str, Any]:
        """The output grid and cell that unit ``u`` writes."""
        w = self.view.window(u)
        return f"output:{w.f}", w.of("output")

    def cell(self, u: int) -> tuple[str, tuple[int, int]]:
        """The output grid, row and column of unit ``u``."""
        w = self.view.window(u)
        return f"output:{w.f}", (w.r, w.c)

    def values(self, u: int) -> dict[str, Run]:
        """The number that stands under each operator when unit ``u`` has passed it."""
        view, w = self.view, self.view.window(u)
        if not (view.biased or view.activated):
            return {}
        style = self.plan.styles["pre_activation"]
        out: dict[str, Run] = {}
        at = (0, w.f, w.r, w.c)
        pre = view.trace.read(w.of("pre_activation"))
        out["bias" if view.biased else "sum"] = Run(numbers.text(pre, style), "ink", source=Address("pre_activation", at))
        return out

    def new_filter(self, u: int) -> bool:
        """Whether unit ``u`` is the first one of its filter."""
        return u % self.view.per_map == 0

    def counter(self, done: int) -> Line:
        """How many cells are done, of how many."""
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.units}", source=Fact("windows"))

    def row_end(self, u: int) -> bool:
        """Whether the window leaves its row before unit ``u``."""
        return u > 0 and u % self.view.out_shape[1] == 0


_PADDING = {
    "zeros": "zeros around the input",
    "reflect": "the input mirrored at its edge",
    "replicate": "the edge repeated",
    "circular": "the opposite edge",
}

GOOD_FOR = "one small set of weights finds the same pattern everywhere"


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),)


def _pair(numbers_: tuple[int, ...]) -> str:
    return str(numbers_[0]) if len(set(numbers_)) == 1 else "×".join(map(str, numbers_))


def _source(cells: Cells, r: int, c: int) -> Any:
    return cells.sources(r, c) if cells.sources else None


def _float(value: Any) -> Any:
    return np.float64(float(value))


def _sum_of_addends(parts: list[Addend], total: str, source: Address, tail: Line, role: str) -> Line:
    """``3 + (−2) + 0.50 = 1.50``; sums hidden behind … count for the relation too."""
    relation = numbers.relation([(p.text,) for p in parts], total)
    for most in range(len(parts), 0, -1):
        shown = [p.runs() for p in parts[:most]] + ([(Run("…"),)] if most < len(parts) else [])
        line = (*phrases.join(shown), phrases.relation_run(relation), phrases.result(total, source, role), *tail)
        if phrases.fits(line):
            return line
    return (Run("Σ "), phrases.relation_run(relation), phrases.result(total, source, role), *tail)


ConvStory = Story("Convolution", conv_presets.PRESETS, tell, GOOD_FOR)
__all__ = ["ACTIVATION_NAMES", "ConvStory", "ConvTelling", "tell"]
