"""Convolution as one matrix product: windows become columns (im2col), or the kernel a matrix that is mostly zeros."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.conv_matmul_stage import arranged, is_drawn
from layeranim.stories.convolution.shared import OUT
from layeranim.stories.stage import Each, Note, Play, Windows, story
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Mask
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "one large matrix product is what processors do fastest"
PALE = 3
"""Ranges that are further apart are not joined: the colours of the smaller one would be too pale."""
LONG, LONGEST = 2.4, 29.0
"""Seconds of each act of the window that is told, and of the film where there are many windows."""
DIM = 100
"""Cells of a sparse matrix up to which those without a weight are dimmed; of more they are white."""


def film(telling: Telling) -> Play:
    """The film of both matrix products, window by window."""
    trace = telling.trace
    rows, cols, filters, channels = (trace.size(axis) for axis in (*OUT, "out_channels", "in_channels"))
    told = telling.sample
    last = ("pre_activation", "output")
    acts: tuple[tuple[tuple[str, ...], tuple[Note, ...]], ...] = (
        (("columns",), (Note("the numbers under the window lie down as a column"),)),
        (("matrix_product",), (Note("row times column: what the kernel makes of the window"),)),
        *(((("toeplitz_product",), tuple(_sparse_notes(trace))),) if is_drawn(trace) else ()),
        (last, (Note("each sum goes back to where its window was", rows * cols > 1),)),
    )
    return Play(
        units=Windows(
            OUT, ("window", "windows"), names=shared.places(trace), most={"rows": rows * cols},
            numbered=("positions", "rows"), of="padded",
        ),
        stage=arranged(trace),
        acts=(Each(acts, sentence=None if "bias" in trace or shared.activated(trace) else _folded, pause=LONG),),
        words={"columns": _unrolled},
        opening=phrases.sentence("every window becomes a column, ", "the convolution one matrix product"),
        closing=_closing(trace),
        options=(
            shared.through(trace),
            f"{'kernel' if filters == 1 else f'{filters} filters'} {numbers.shape_text(telling.config.kernel_size)}",
            *shared.options_of(trace),
        ),
        drawn=(*phrases.not_all(drawn(channels), channels, "channels"),
               *((f"sparse matrix of filter 1 of {filters}",) if filters > 1 else ())),
        alike=_alike(trace),
        kinds=shared.pictured(telling, "padded", *(("columns", "flat_input") if channels != 3 else ())),
        masks={"padded": Mask(*shared.without_data(trace)), **_dimmed(trace)},
        follow=int(np.argmax(shared.sizes(trace["output"][told, 0]))),
        row=cols,
        longest=LONGEST,
        evidence=(Region.of("toeplitz" if is_drawn(trace) else "output"),),
    )  # fmt: skip


def _alike(trace: Trace) -> tuple[tuple[str, ...], ...]:
    """What is multiplied shares a range, if it leaves neither pale; and what comes of it."""
    given, weights = ("padded", "columns", "flat_input"), ("kernel", "kernel_matrix", "toeplitz")
    ranges = sorted(numbers.value_range(trace[name]) for name in ("padded", "kernel"))
    factors = (given + weights,) if ranges[1] <= PALE * ranges[0] else (given, weights)
    return *factors, shared.compared(trace, "matrix_product", "toeplitz_product", "pre_activation")


def _dimmed(trace: Trace) -> dict[str, Mask]:
    """Of a small sparse matrix, (places, cells), the zeros: where the first filter has no weight."""
    if trace.size("positions") * trace.size("cells") > DIM:
        return {}
    rows, columns = shared.axes_of(trace)
    zeros = np.ones((rows.out, columns.out, trace.size("in_channels"), rows.padded, columns.padded), bool)
    for r, c in np.ndindex(rows.out, columns.out):
        down, across = rows.taps(r), columns.taps(c)
        zeros[r, c, :, down.start : down.stop : down.step, across.start : across.stop : across.step] = False
    return {"toeplitz": Mask(dim=zeros.reshape(rows.out * columns.out, -1))}


# ── words ────────────────────────────────────────────────────────────────────
def _unrolled(unit: int) -> Line:
    """Which window becomes which column."""
    said = Run("the window becomes ", weight="regular", source=Fact("window"))
    return said, phrases.result(f"column {unit + 1}", Fact("window"))


def _folded(figures: Figures, unit: int, terse: bool) -> Line:
    """Which column's product goes where."""
    made = figures.cell_of("output", unit, {})
    number = phrases.result(figures.text(made), made)
    if terse:
        return Run(f"window {unit + 1}: ", weight="regular", source=Fact("window")), number
    r, c = divmod(unit, figures.trace.size("out_width"))
    return number, Run(f" goes back to row {r + 1}, column {c + 1}", weight="regular", source=Fact("window"))


def _sparse_notes(trace: Trace) -> Iterator[Note]:
    """Whether both products agree: a zero times infinity is no number."""
    same = np.allclose(trace["matrix_product"].ravel(), trace["toeplitz_product"].ravel(), equal_nan=True)
    sparse = trace.size("cells") > trace.size("terms")
    yield Note("the same sum: the kernel's numbers in their places, zeros elsewhere", same and sparse)
    yield Note("zeros are multiplied too, and 0 · ∞ is no number", not same)


def _closing(trace: Trace) -> Line:
    """How much room the weights take in the sparse matrix; where that is not drawn, what is multiplied."""
    if not is_drawn(trace):
        kernel, columns = (numbers.shape_text(trace.tensor(name).shape[-2:]) for name in ("kernel_matrix", "columns"))
        return phrases.sentence("the convolution is one product: ", f"{kernel} · {columns}")
    places, weights = int(trace.facts["toeplitz_cells"]), trace.tensor("kernel").array.size
    counts = phrases.so_many("place", "places", places), phrases.so_many("weight", "weights", weights)
    return phrases.sentence("the convolution is one matrix: ", ", ".join(counts))


ConvMatmulStory = story("Convolution as a matrix product", film, GOOD_FOR, takes=45)
