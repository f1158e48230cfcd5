"""What a pooling's film says besides its arithmetic: title, parameters, opening, notes, places, closing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

from layeranim import numbers, theme
from layeranim.stories import phrases
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.header import header
from layeranim.stories.pooling.view import PoolView
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

GOOD_FOR = "a smaller picture for the layers that follow, nothing to learn"
TITLES = {"max": "Max pooling", "mean": "Mean pooling", "lp": "Lp pooling"}
BECOMES = {"max": "its largest number", "mean": "its mean", "lp": "its p-norm"}
RULE = {"max": "the largest number stays, the others go", "mean": "add up, divide by how many they are"}
POWERS = {1: "sizes add up, signs do not count", 2: "square, add up, take the root"}


def _single(view: PoolView) -> bool:
    return view.kernel_shape == (1, 1)


def _smaller(view: PoolView) -> bool:
    return view.per_map < view.size[0] * view.size[1]


def _alone(kind: str) -> Callable[[PoolView], bool]:
    return lambda view: view.kind == kind


def _fewer(kind: str) -> Callable[[PoolView], bool]:
    return lambda view: view.kind == kind and _smaller(view)


def _one(kind: str) -> Callable[[PoolView], bool]:
    return lambda view: view.kind == kind and view.per_map == 1


TAKEAWAYS: tuple[Sentence[PoolView], ...] = (
    Sentence("windows of one number: nothing to choose or to mix", _single),
    Sentence("one number for each whole channel: its largest, wherever it stood", _one("max")),
    Sentence("one number for each whole channel: its mean", _one("mean")),
    Sentence("one number for each whole channel: its p-norm", _one("lp")),
    Sentence("less to work on, the strongest answer of each place kept: small shifts change little", _fewer("max")),
    Sentence("a smaller, smoother picture for the layers that follow", _fewer("mean")),
    Sentence(GOOD_FOR, _fewer("lp")),
    Sentence("as many numbers as before or more: each the largest around its place", _alone("max")),
    Sentence("no smaller than before, but smoother: each number a mean around its place", _alone("mean")),
    Sentence("as many numbers as before or more, nothing to learn"),
)
BACK_RULES: tuple[Sentence[PoolView], ...] = (
    Sentence("windows of one number: it gets the whole gradient", _single),
    Sentence(
        "of equal numbers the first wins and gets the whole gradient", lambda view: view.kind == "max" and view.tied
    ),
    Sentence("nudging the others would not change the maximum", _alone("max")),
    Sentence("every number of the window had the same part", _alone("mean")),
    Sentence("every number has the same part, with its sign", lambda view: view.config.norm_type == 1),
    Sentence("the larger a number, the larger its part"),
)
BACK_TAKEAWAYS: tuple[Sentence[PoolView], ...] = (
    Sentence("only the winners pass the gradient on to the layers before", _alone("max")),
    Sentence("every cell of a window passes on the same share of the gradient", _alone("mean")),
    Sentence("large numbers pass on most of the gradient", lambda view: view.config.norm_type > 1),
    Sentence("every number passes on its part of the gradient"),
)


class PoolWords:
    """The words of one film."""

    def __init__(self, view: PoolView) -> None:
        self.view, self.config, self.preset = view, view.config, view.telling.preset
        self.channels = (view.channels,) if view.channels > 1 else ()

    def title(self) -> str:
        first, _, _ = self.config.mode.rpartition("-")
        title = TITLES[self.view.kind]
        title = f"{first.capitalize()} {title.lower()}" if first else title
        return f"{title}, backwards" if self.config.backward else title

    def parameters(self) -> Line:
        view, config = self.view, self.config
        parts = self._window()
        parts += [f"p = {config.norm_type:g}"] if view.kind == "lp" else []
        parts += [f"{view.channels} channels"] if view.channels > 1 else []
        drawn = [f"image {view.b + 1} of {view.batch}"] if view.batch > 1 else []
        drawn += [f"{view.shown} of {view.channels} channels drawn"] if view.shown < view.channels else []
        seeded = view.telling.seeded
        what = "values" if len(seeded) > 1 else "gradient" if "grad_output" in seeded else "input"
        return header(parts, drawn, f"random {what}, seed {view.telling.seed}" if seeded else "")

    def _window(self) -> list[str]:
        view, config = self.view, self.config
        if config.mode.startswith("global"):
            return ["one window per channel"]
        if view.adaptive:
            return [f"windows cut for a {numbers.shape_text(view.out_shape)} output"]
        padding = str(view.trace.facts["padding"])
        parts = [f"{numbers.shape_text(view.kernel_shape)} window", f"stride {_pair(config.stride)}"]
        counted = view.kind != "mean" or config.count_include_pad or config.divisor_override is not None
        aside = "" if counted else " (not counted)"
        parts += [f"padding {'same ' if config.padding == 'same' else ''}{padding}{aside}"] if padding != "0" else []
        parts += [f"dilation {_pair(config.dilation)}"] if config.dilation != (1, 1) else []
        parts += ["ceil mode"] if config.ceil_mode else []
        return parts + ([f"divisor {config.divisor_override}"] if config.divisor_override is not None else [])

    def opening(self) -> Line:
        window = Run("window", "focus", "semibold")
        if self.config.backward:
            goes = "to its winner" if self.view.kind == "max" else "back over its cells"
            return Run("the gradient of each "), window, Run(f" goes {goes}")
        what = (Run("each channel"),) if self.view.whole else (Run("each "), window)
        return *what, Run(" becomes one number: "), Run(BECOMES[self.view.kind], "result", "semibold")

    def size(self) -> Line:
        """The output's size by its formula with the numbers put in."""
        facts = self.view.trace.facts
        if self.config.backward:
            return note("the gradient says which way each output should move")
        if self.config.mode.startswith("global"):
            return note("no weights: nothing to learn here")
        high, wide = (
            self._short(axis) or str(facts[f"{name}_formula"]) for axis, name in enumerate(("height", "width"))
        )
        if self.view.adaptive:
            return note(", ".join(self._cut(axis, noun) for axis, noun in enumerate(("rows", "columns"))))
        line = note(f"output size  {high}" if high == wide else f"output height  {high},   width  {wide}")
        return line if phrases.width(line, theme.NOTE) <= phrases.ROOM else note(f"output height  {high}")

    def _short(self, axis: int) -> str:
        """The formula without its zeros and ones: windows whose cells stand close."""
        view, config = self.view, self.config
        if view.adaptive or config.dilation != (1, 1):
            return ""
        size, kernel, stride, out = (s[axis] for s in (view.size, view.kernel_shape, config.stride, view.out_shape))
        padding = view.before[axis], view.before[axis]  # as PyTorch counts it; what else ceil mode adds is no padding
        return phrases.short_size(size, kernel, stride, out, padding=padding, ceil=config.ceil_mode)

    def _cut(self, axis: int, noun: str) -> str:
        """``12 rows cut into 3 windows of 4``, or ``… read by 3 windows of 3 or 4`` where windows share some."""
        taps = [self.view.found[axis].along.taps(i) for i in range(self.view.out_shape[axis])]
        sizes = sorted({len(tap) for tap in taps})
        of = " or ".join(map(str, sizes)) if len(sizes) < 3 else f"{sizes[0]} to {sizes[-1]}"
        apart = all(a.stop <= b.start for a, b in pairwise(taps))
        windows = f"{len(taps)} window{'s' * (len(taps) > 1)} of {of}"
        size = self.view.size[axis]
        named = f"{size} {noun if size > 1 else noun.removesuffix('s')}"
        return f"{named} {'cut into' if apart else 'read by'} {windows}{'' if apart else ' that overlap'}"

    def notes(self) -> Iterator[Line]:
        """Things worth saying once, for the first steps that have time for it."""
        view, config = self.view, self.config
        if config.backward:
            yield note(first_true(BACK_RULES, view))
            if not view.disjoint:
                yield note("a cell under several windows adds up what it gets")
            return
        if config.divisor_override is not None:
            yield note(f"every sum is divided by {config.divisor_override}, however many they are")
        elif view.ghost.any():
            yield note(f"dashed cells are padding: {self._padding()}")
        elif _single(view):
            yield note("a window of one number: nothing to choose or to mix")
        elif view.kind == "lp":
            yield note(POWERS.get(config.norm_type, "large numbers count most"))
        else:
            yield note(RULE[view.kind])
        if not view.disjoint:
            yield note("the windows overlap: some numbers count more than once")
        yield note("no weights: nothing to learn here" if view.channels == 1 else "no weights: channels stay apart")
        if view.unread.any():
            yield note("no window reads the dimmed cells")

    def _padding(self) -> str:
        if self.view.kind != "mean":
            return "never the largest" if self.view.kind == "max" else "they add nothing"
        if not self.config.count_include_pad:
            return "not counted"
        over = any(side.overhang for side in self.view.found)
        return "zeros that count, but not past the edge" if over else "zeros that count"

    def passing(self) -> Line:
        """What becomes of window after window, while they pass too fast for numbers."""
        rule = "each gradient to its cells" if self.config.backward else f"each becomes {BECOMES[self.view.kind]}"
        return Run("window after window:  "), Run(rule, "focus", "semibold")

    def place(self, u: int) -> Line:
        """Which window is under way."""
        w = self.view.window(u)
        parts = [f"channel {w.channel + 1}"] if self.view.channels > 1 else []
        where = "gradient row" if self.config.backward else "output row"
        parts += [f"{where} {w.r + 1}, column {w.c + 1}"] if self.view.per_map > 1 else []
        return (Run(", ".join(parts), weight="regular", source=Fact("place")),) if parts else ()

    def closing(self) -> Line:
        view = self.view
        shape = numbers.shape_text((*self.channels, *view.out_shape))
        if self.config.backward:
            size = numbers.shape_text((*self.channels, *view.size))
            return (
                Run(f"{shape} gradients → ", source=Fact("output shape")),
                Run(f"{size} gradients", "result", "semibold", Fact("input shape")),
            )
        n = view.per_map
        windows = f"{n} window{'s' * (n > 1)}{' per channel' if self.channels else ''}, "
        kept = ", channels are kept"
        return (
            Run(windows, source=Fact("windows")),
            Run("no weights", "weights", "semibold"),
            Run(" → "),
            Run(f"{shape} output", "result", "semibold", Fact("output shape")),
            *([Run(kept, source=Fact("channels"))] if self.channels else []),
        )

    def takeaway(self) -> Line:
        """What the layer is good for; the preset's own words while its windows are the film's."""
        general = first_true(BACK_TAKEAWAYS if self.config.backward else TAKEAWAYS, self.view)
        return note(self.view.telling.takeaway or general)

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        given, out = (numbers.shape_text((*self.channels, *shape)) for shape in (view.size, view.out_shape))
        return (
            f"{title}: {given} input, {plain(self.parameters())}, {out} output. "
            f"{', '.join(p for p in (f'Step {beat.units[0] + 1} of {view.units}', plain(beat.place)) if p)}:"
            f" {plain(beat.caption)}."
        )


def note(text: str) -> Line:
    """A note in plain words."""
    return (Run(text, weight="regular", source=Fact("note")),)


def _pair(sizes: tuple[int, ...]) -> str:
    return str(sizes[0]) if len(set(sizes)) == 1 else numbers.shape_text(sizes)
