"""What a convolution's film says besides the arithmetic: parameters, notes, places, closing, alt text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise

import numpy as np

from layeranim import numbers, theme
from layeranim.engine import conv as engine
from layeranim.stories import phrases
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.convolution.shared import options_of
from layeranim.stories.stage import listed
from layeranim.stories.stage.language import Note
from layeranim.stories.storyboard import Fact, Line, Run

_PADDING = {
    "zeros": "zeros around the input",
    "reflect": "the input mirrored at its edge",
    "replicate": "the edge repeated",
    "circular": "the opposite edge",
}

GOOD_FOR = "one small set of weights finds the same pattern everywhere"
TAKEAWAYS: tuple[Sentence[ConvView], ...] = (
    Sentence("the kernel meets the input once: one number for all of it", lambda view: view.per_map == 1),
    Sentence("the same weights mix the channels of every cell", lambda view: _pointwise(view) and view.depth > 1),
    Sentence("every cell by itself, times the same weight", lambda view: _pointwise(view)),
    Sentence("a few small sets of weights, each finds its pattern everywhere", lambda view: view.filters > 1),
    Sentence(GOOD_FOR),
)


def _pointwise(view: ConvView) -> bool:
    return all(size == 1 for size in view.kernel_shape)


class ConvWords:
    """The words of one film."""

    def __init__(self, view: ConvView) -> None:
        self.view = view
        self.preset = view.telling.preset

    def options(self) -> list[str]:
        """Sizes, and every option that is not the usual one."""
        view, names = self.view, self.view.telling.names
        depth = (view.depth,) if view.depth > 1 else ()
        parts = [" ".join([numbers.shape_text((*depth, *view.kernel_shape)), *_named(names), "kernel"])]
        return [*parts, *options_of(view.trace, True, view.filters)]

    def hidden(self) -> tuple[str, ...]:
        """Which channels and filters of how many are drawn, where that is not all."""
        view = self.view
        return (*listed("channels", view.inputs, view.in_channels), *listed("filters", view.maps, view.filters))

    def opening(self) -> Line:
        slid, over = ("slide", "over") if self.view.per_map > 1 else ("lay", "on")
        return (
            Run(f"{slid} the "),
            Run("kernel", "weights", "semibold"),
            Run(f" {over} the "),
            Run("input", "ink", "semibold"),
            Run(", multiply, add up"),
        )

    def size_formula(self) -> str:
        """How large the output is, with the numbers put in; only a dilated kernel needs the whole formula."""
        facts = self.view.trace.facts
        full = str(facts["height_formula"]), str(facts["width_formula"])
        high, wide = (self._short(axis) or full[axis] for axis in (0, 1))
        tries = [f"output size  {high}"] if high == wide else [f"output height  {high},   width  {wide}"]
        widths = {text: phrases.width(_note(text), theme.NOTE) for text in (*tries, f"output height  {high}")}
        found = next((text for text, width in widths.items() if width <= phrases.NOTE_ROOM), [*widths][-1])
        return found if widths[found] <= phrases.ROOM else ""

    def _short(self, axis: int) -> str:
        """The formula where nothing is dilated."""
        side = engine.axes_of(self.view.trace)[axis]
        if side.dilation != 1:
            return ""
        return phrases.short_size(side.size, side.kernel, side.stride, side.out, padding=(side.before, side.after))

    def notes(self) -> tuple[Note, ...]:
        """Things worth saying once, for the first steps that have time for it; that another filter begins, there."""
        view, config = self.view, self.view.config
        spread = [step for step, taps in zip(config.dilation, view.kernel_shape, strict=True) if taps > 1]
        channels, dilated, padded = view.depth > 1, any(step > 1 for step in spread), bool(view.ghost.any())
        by = phrases.pair(tuple(spread)) if spread else ""
        first = (
            Note("each channel is multiplied by its own kernel, then the sums are added", channels),
            Note(f"dilation {phrases.pair(config.dilation)}: the taps stand {by} cells apart", dilated),
            Note(f"dashed cells are padding: {_PADDING[config.padding_mode]}", padded),
            Note("a kernel of one weight: one product for each cell", _pointwise(view)),
            Note("one product for each cell under the window, then their sum"),
        )
        said = next(note for note in first if note.when is True)
        moves = Note(f"stride {phrases.pair(config.stride)}: the window moves {self._moves()}", bool(self._moves()))
        unread = Note(self.unread(), bool(view.unread.any()))
        return (*self._turns(), said, moves, unread)

    def chosen(self) -> Iterator[Note]:
        """Why these channels are drawn and no others, where nobody asked for them: said beside their sum."""
        view = self.view
        if view.apart and "channels" not in view.telling.film.show_of:
            yield Note("the channels drawn are those that add most to this number", lambda unit: unit == view.told)

    def _turns(self) -> Iterator[Note]:
        """That another filter begins, where one does."""
        for k, (before, f) in enumerate(pairwise(self.view.maps), 1):
            at = k * self.view.per_map
            other = self.view.first_channel(f) != self.view.first_channel(before)
            reads = "other channels" if other else "the same windows"
            yield Note(f"filter {f + 1}: other weights, {reads}", lambda unit, at=at: unit == at)  # type: ignore[misc]

    def _moves(self) -> str:
        """How far the window goes from one place to the next, where that is more than a cell."""
        (down, across), (rows, cols) = self.view.config.stride, self.view.out_shape
        if down == across > 1 and max(rows, cols) > 1:
            return f"{across} cells at a time"
        moves = [(across, cols, "column", "across"), (down, rows, "row", "down")]
        told = [f"{_count(step, noun)} {way}" for step, places, noun, way in moves if places > 1]
        return " or ".join(told) + " at a time" if (down > 1 and rows > 1) or (across > 1 and cols > 1) else ""

    def unread(self) -> str:
        view, parts = self.view, []
        for axis, name in enumerate(("row", "column")):
            gone = np.flatnonzero((view.unread | view.ghost).all(axis=1 - axis) & view.unread.any(axis=1 - axis))
            real = np.flatnonzero((~view.ghost).any(axis=1 - axis))
            last = "last " if len(gone) and real[-1] - gone[0] + 1 == len(gone) else ""
            count = "" if len(gone) == 1 else f"{len(gone)} "
            parts += [f"{last}{count}{name}{'s' * (len(gone) > 1)}"] if len(gone) else []
        return f"no window reads the dimmed {' and '.join(parts) or 'cells'}"

    def place(self, u: int) -> str:
        """Which cell a unit makes."""
        f, r, c = self.view.place(u)
        text = f"output row {r + 1}, column {c + 1}"
        return f"filter {f + 1}, {text}" if self.view.filters > 1 else text

    def closing(self) -> Line:
        view = self.view
        n = view.per_map
        windows = f"{n} window{'s' * (n > 1)}{' per filter' if view.filters > 1 else ''}, "
        shape = numbers.shape_text(((view.filters,) if view.filters > 1 else ()) + tuple(view.out_shape))
        one = "one shared kernel" if n > 1 else "one kernel"
        kernel = one if view.filters == 1 else f"{view.filters} kernels"
        return phrases.reckoned(windows, kernel, f"{shape} output", "windows", "filters", "output shape")

    def good_for(self) -> str:
        """What such a layer is good for."""
        return first_true(TAKEAWAYS, self.view)


def _named(names: Mapping[str, str]) -> list[str]:
    return [names["kernel"]] if names.get("kernel") else []


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
