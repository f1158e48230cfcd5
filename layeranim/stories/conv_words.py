"""What a convolution's film says besides the arithmetic: parameters, notes, places, closing, alt text."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import numbers, theme
from layeranim.engine import conv as engine
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.conv_view import ConvView
from layeranim.stories.header import header
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

_PADDING = {
    "zeros": "zeros around the input",
    "reflect": "the input mirrored at its edge",
    "replicate": "the edge repeated",
    "circular": "the opposite edge",
}

GOOD_FOR = "one small set of weights finds the same pattern everywhere"


class ConvWords:
    """The words of one film."""

    def __init__(self, view: ConvView) -> None:
        self.view = view
        self.preset = view.telling.preset

    def parameters(self) -> Line:
        config, view, names = self.view.config, self.view, self.view.telling.names
        depth = (view.depth,) if view.depth > 1 else ()
        kernel = f"{numbers.shape_text((*depth, *view.kernel_shape))} {names.get('kernel', '')} kernel".replace(
            "  ", " "
        )
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
        parts += ["bias"] if view.biased else []
        parts += [activation_word(config.activation)] if view.activated else []
        image = [f"image {view.b + 1} of {view.batch}"] if view.batch > 1 else []
        return header(parts, [*image, *self._hidden()], self._seed())

    def _hidden(self) -> list[str]:
        """How many channels and filters of how many are drawn, where that is not all."""
        view = self.view
        counts = ((view.shown_channels, view.in_channels, "channels"), (view.shown_filters, view.filters, "filters"))
        return [f"{shown} of {all_} {noun} drawn" for shown, all_, noun in counts if shown < all_]

    def _seed(self) -> str:
        seeded = self.view.telling.seeded
        both = "input" in seeded and "kernel" in seeded
        what = "values" if both else seeded[0] if len(seeded) == 1 else "weights"
        return f"random {what}, seed {self.view.telling.seed}" if seeded else ""

    def padding(self) -> tuple[tuple[int, int], tuple[int, int]]:
        rows, cols = engine.axes_of(self.view.trace)
        return (rows.before, rows.after), (cols.before, cols.after)

    def opening(self) -> Line:
        return (
            Run("slide the "),
            Run("kernel", "weights", "semibold"),
            Run(" over the "),
            Run("input", "ink", "semibold"),
            Run(", multiply, add up"),
        )

    def size_formula(self) -> Line:
        """How large the output is, with the numbers put in; only a dilated kernel needs the whole formula."""
        facts = self.view.trace.facts
        full = str(facts["height_formula"]), str(facts["width_formula"])
        high, wide = (self._short(axis) or full[axis] for axis in (0, 1))
        tries = [f"output size  {high}"] if high == wide else [f"output height  {high},   width  {wide}"]
        for text in (*tries, f"output height  {high}"):
            line = (Run(text, weight="regular", source=Fact("height_formula")),)
            if phrases.width(line, theme.NOTE) <= phrases.NOTE_ROOM:
                return line
        return line if phrases.width(line, theme.NOTE) <= phrases.ROOM else ()

    def _short(self, axis: int) -> str:
        """The formula where nothing is dilated."""
        side = engine.axes_of(self.view.trace)[axis]
        if side.dilation != 1:
            return ""
        return phrases.short_size(side.size, side.kernel, side.stride, side.out, padding=(side.before, side.after))

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
        hidden = view.in_channels - view.shown_channels, view.filters - view.shown_filters
        if any(h > 0 for h in hidden):
            yield _note(
                f"drawn: {view.shown_channels} of {view.in_channels} channels, "
                f"{view.shown_filters} of {view.filters} filters"
            )
        if config.stride != (1, 1) and view.out_shape[1] > 1:
            yield _note(
                f"stride {_pair(config.stride)}: the window jumps {_count(config.stride[1], 'column')}, "
                f"its next row is {_count(config.stride[0], 'row')} down"
            )
        if view.unread.any():
            yield _note(self.unread())

    def unread(self) -> str:
        facts = self.view.trace.facts
        rows, cols = int(facts["unread_rows"]), int(facts["unread_columns"])
        parts = [
            f"{'last' if n == 1 else f'{n}'} {name}{'s' * (n > 1)}"
            for n, name in ((rows, "row"), (cols, "column"))
            if n
        ]
        return f"no window reads the dimmed {' and '.join(parts)}"

    def sweep_caption(self, units: range) -> Line:
        per_row = self.view.out_shape[1]
        first, last = units[0] // per_row, units[-1] // per_row
        rows = self.view.out_shape[0]
        where = phrases.ordinal_range(first % rows, last % rows, "row", "rows")
        if first // rows != last // rows:
            where = f"filters {first // rows + 1}–{last // rows + 1}"
        elif self.view.shown_filters > 1:
            where = f"filter {first // rows + 1}, {where}"
        return (
            Run(f"{where}:  ", source=Fact("rows")),
            Run(f"{len(units)}", "ink", "semibold", Fact("windows")),
            Run(" windows, "),
            Run("the same kernel", "weights", "semibold"),
        )

    def place(self, u: int) -> Line:
        w = self.view.window(u)
        text = f"output row {w.r + 1}, column {w.c + 1}"
        text = f"filter {w.f + 1}, {text}" if self.view.filters > 1 else text
        return (Run(text, weight="regular", source=Fact("place")),)

    def closing(self) -> Line:
        view = self.view
        n = view.per_map
        windows = f"{n} window{'s' * (n > 1)}, "
        shape = numbers.shape_text(((view.filters,) if view.filters > 1 else ()) + tuple(view.out_shape))
        kernel = "one shared kernel" if view.filters == 1 else f"{view.filters} kernels"
        return (
            Run(windows, source=Fact("windows")),
            Run(kernel, "weights", "semibold", Fact("filters")),
            Run(" → "),
            Run(f"{shape} output", "result", "semibold", Fact("output shape")),
        )

    def takeaway(self) -> Line:
        if self.preset and self.preset.takeaway:
            return _note(self.preset.takeaway)
        return _note(GOOD_FOR)

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        shape = numbers.shape_text(view.trace.tensor("output").shape[1:] if view.filters > 1 else view.out_shape)
        given = numbers.shape_text(view.trace.tensor("input").shape[1 if view.in_channels > 1 else 2 :])
        return (
            f"{title}: {given} input, {plain(self.parameters())}, {shape} output. "
            f"Step {beat.units[0] + 1} of {view.units}, {plain(beat.place)}: {plain(beat.caption)}."
        )


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),)


def _pair(numbers_: tuple[int, ...]) -> str:
    return str(numbers_[0]) if len(set(numbers_)) == 1 else "×".join(map(str, numbers_))


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
