"""What a pooling's film says besides its arithmetic: title, options, opening, notes, closing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from operator import eq, lt

from layeranim import numbers, theme
from layeranim.stories import phrases
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.pooling.pool_view import PoolView
from layeranim.stories.stage import Note
from layeranim.stories.storyboard import Fact, Line, Run

GOOD_FOR = "a smaller picture for the layers that follow, nothing to learn"
TITLES = {"max": "Max pooling", "mean": "Mean pooling", "lp": "Lp pooling"}
BECOMES = {"max": "its largest number", "mean": "its mean", "lp": "its p-norm"}
RULES = {"max": "the largest number stays, the others go", "mean": "add up, divide by how many they are"}
POWERS = {1: "sizes add up, signs do not count", 2: "square, add up, take the root"}


def _when(kind: str, so: Callable[[int, int], bool] = lambda made, read: True) -> Callable[[PoolView], bool]:
    """Of poolings of a kind those that make so many numbers of a map of so many."""
    return lambda view: view.kind == kind and so(view.per_map, view.size[0] * view.size[1])


def _one(made: int, read: int) -> bool:
    return made == 1


TAKEAWAYS: tuple[Sentence[PoolView], ...] = (
    Sentence("windows of one number: nothing to choose or to mix", lambda view: view.single),
    Sentence("one number for each whole channel: its largest, wherever it stood", _when("max", _one)),
    Sentence("one number for each whole channel: its mean", _when("mean", _one)),
    Sentence("one number for each whole channel: its p-norm", _when("lp", _one)),
    Sentence("less to work on, the strongest answer of each place kept: small shifts change little",
             lambda view: _when("max", lt)(view) and view.steady),
    Sentence("less to work on, the strongest answer of each place kept", _when("max", lt)),
    Sentence("a smaller, smoother picture for the layers that follow", _when("mean", lt)),
    Sentence(GOOD_FOR, _when("lp", lt)),
    Sentence("as many numbers as before: each the largest around its place", _when("max", eq)),
    Sentence("more numbers than before: each the largest around its place", _when("max")),
    Sentence("no smaller than before, but smoother: each number a mean around its place", _when("mean")),
    Sentence("as many numbers as before, nothing to learn", _when("lp", eq)),
    Sentence("more numbers than before, nothing to learn"),
)  # fmt: skip
BACK_TAKEAWAYS: tuple[Sentence[PoolView], ...] = (
    Sentence("only the winners pass the gradient on to the layers before", _when("max")),
    Sentence("every cell of a window passes on the same share of the gradient", _when("mean")),
    Sentence("large numbers pass on most of the gradient", lambda view: view.config.norm_type > 1),
    Sentence("every number passes on its part of the gradient"),
)


def title(view: PoolView) -> str:
    first, _, _ = view.config.mode.rpartition("-")
    said = f"{first.capitalize()} {TITLES[view.kind].lower()}" if first else TITLES[view.kind]
    return f"{said}, backwards" if view.config.backward else said


def options(view: PoolView) -> list[str]:
    """Sizes, and every option that is not the usual one."""
    config = view.config
    more = [f"p = {config.norm_type:g}"] if view.kind == "lp" else []
    more += [f"{view.channels} channels"] if view.channels > 1 else []
    if config.mode.startswith("global"):
        return ["one window per channel", *more]
    if view.adaptive:
        cut = (
            phrases.so_many("number", "numbers", view.out[1])
            if view.flat
            else f"a {numbers.shape_text(view.out)} output"
        )
        return [f"windows cut for {cut}", *more]
    padding = str(view.trace.facts["padding"])
    aside = (
        " (not counted)" if view.kind == "mean" and not (config.count_include_pad or config.divisor_override) else ""
    )
    window = f"window of {view.kernel[1]}" if view.flat else f"{numbers.shape_text(view.kernel)} window"
    parts = [window, f"stride {phrases.pair(config.stride)}"]
    parts += [f"padding {'same ' if config.padding == 'same' else ''}{padding}{aside}"] if padding != "0" else []
    parts += [f"dilation {phrases.pair(config.dilation)}"] if set(config.dilation) != {1} else []
    parts += ["ceil mode"] if config.ceil_mode else []
    return parts + ([f"divisor {config.divisor_override}"] if config.divisor_override is not None else []) + more


def opening(view: PoolView) -> Line:
    window = Run("window", "focus", "semibold")
    if view.config.backward:
        goes = "to its winner" if view.kind == "max" else "back over its cells"
        return Run("the gradient of each "), window, Run(f" goes {goes}")
    what = (Run("each channel"),) if view.whole else (Run("each "), window)
    return *what, Run(" becomes one number: "), Run(BECOMES[view.kind], "result", "semibold")


def size(view: PoolView) -> str:
    """The output's size by its formula with the numbers put in."""
    if view.config.backward:
        return "the gradient says which way each output should move"
    if view.config.mode.startswith("global"):
        return "no weights: nothing to learn here"
    if view.adaptive:
        axes = [(1, "numbers")] if view.flat else enumerate(("rows", "columns"))
        return ", ".join(_cut(view, axis, noun) for axis, noun in axes)
    if view.flat:
        return f"output length  {_short(view, 1) or view.trace.facts['width_formula']}"
    high, wide = (_short(view, axis) or str(view.trace.facts[f"{name}_formula"])
                  for axis, name in enumerate(("height", "width")))  # fmt: skip
    text = f"output size  {high}" if high == wide else f"output height  {high},   width  {wide}"
    return text if phrases.width((Run(text),), theme.NOTE) <= phrases.ROOM else f"output height  {high}"


def _short(view: PoolView, axis: int) -> str:
    """The formula without its zeros and ones: windows whose cells stand close."""
    config = view.config
    if set(config.dilation) != {1}:
        return ""
    sizes = (s[axis] for s in (view.size, view.kernel, view.strides, view.out))
    padding = view.before[axis], view.before[axis]  # as PyTorch counts it; what else ceil mode adds is no padding
    return phrases.short_size(*sizes, padding=padding, ceil=config.ceil_mode)


def _cut(view: PoolView, axis: int, noun: str) -> str:
    """``12 rows cut into 3 windows of 4``, or ``… read by 3 windows of 3 or 4`` where windows share some."""
    taps = [view.found[axis].along.taps(i) for i in range(view.out[axis])]
    sizes = sorted({len(tap) for tap in taps})
    of = " or ".join(map(str, sizes)) if len(sizes) < 3 else f"{sizes[0]} to {sizes[-1]}"
    apart = all(a.stop <= b.start for a, b in pairwise(taps))
    count = view.size[axis]
    named = phrases.so_many(noun.removesuffix("s"), noun, count)
    windows = phrases.so_many("window", "windows", len(taps))
    return f"{named} {'cut into' if apart else 'read by'} {windows} of {of}{'' if apart else ' that overlap'}"


def notes(view: PoolView) -> tuple[Note, ...]:
    """Things worth saying once, for the first steps that have time for it."""
    config = view.config
    rule = RULES.get(view.kind) or POWERS.get(config.norm_type, "large numbers count most")
    first = (
        Note(f"every sum is divided by {config.divisor_override}, however many they are",
             config.divisor_override is not None),
        Note(f"dashed cells are padding: {_padding(view)}", bool(view.ghost.any())),
        Note("a window of one number: nothing to choose or to mix", view.single),
        Note(rule),
    )  # fmt: skip
    weightless = "nothing to learn here" if view.channels == 1 else "channels stay apart"
    return (
        next(one for one in first if one.when),
        Note("the windows overlap: some numbers count more than once", not view.disjoint),
        Note(f"no weights: {weightless}"),
        Note("no window reads the dimmed cells", bool(view.unread.any())),
    )


def back_notes(view: PoolView) -> tuple[Note, ...]:
    """The same of the way back; of equal numbers only where a window has such."""
    rule = {"max": "", "mean": "every number of the window had the same part"}.get(view.kind)
    if rule is None:
        same = view.config.norm_type == 1
        rule = "every number has the same part, with its sign" if same else "the larger a number, the larger its part"
    largest = view.kind == "max" and not view.single
    return (
        Note("windows of one number: it gets the whole gradient", view.single),
        Note("of equal numbers the first wins and gets the whole gradient", lambda u: largest and view.tied(u)),
        Note("nudging the others would not change the maximum", lambda u: largest and not view.tied(u)),
        Note(rule, bool(rule) and not view.single),
        Note("a cell under several windows adds up what it gets", not view.disjoint),
    )


def _padding(view: PoolView) -> str:
    if view.kind != "mean":
        return "never the largest" if view.kind == "max" else "they add nothing"
    if not view.config.count_include_pad:
        return "not counted"
    over = any(side.overhang for side in view.found)
    return "zeros that count, but not past the edge" if over else "zeros that count"


def place(view: PoolView, u: int) -> str:
    """Which window is under way."""
    _, channel, r, c = view.index(u)
    parts = [f"channel {channel + 1}"] if view.channels > 1 else []
    where = "gradient row" if view.config.backward else "output row"
    return ", ".join([*parts, *([f"{where} {r + 1}, column {c + 1}"] if view.per_map > 1 else [])])


def closing(view: PoolView) -> Line:
    channels, n = (view.channels,) * (view.channels > 1), view.per_map
    shape = numbers.shape_text((*channels, *view.out))
    if view.config.backward:
        given = numbers.shape_text((*channels, *view.size))
        return phrases.point(f"{shape} gradients → ", f"{given} gradients", "output shape", "input shape")
    windows = f"{n} window{'s' * (n > 1)}{' per channel' if channels else ''}, "
    return (
        Run(windows, source=Fact("windows")), Run("no weights", "weights", "semibold"), Run(" → "),
        Run(f"{shape} output", "result", "semibold", Fact("output shape")),
        *([Run(", channels are kept", source=Fact("channels"))] if channels else []),
    )  # fmt: skip


def good_for(view: PoolView) -> str:
    """What such a layer is good for."""
    return first_true(BACK_TAKEAWAYS if view.config.backward else TAKEAWAYS, view)
