"""Convolution as one matrix product: windows become columns (im2col), or the kernel a matrix that is mostly zeros."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories import phrases
from layeranim.stories.convolution.conv_matmul_stage import MAP, activated, arranged, is_drawn
from layeranim.stories.convolution.sides import axes_of, options_of, without_data
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
    rows, cols = trace.size("out_height"), trace.size("out_width")
    unit = telling.preset.unit if telling.preset else None
    last = ("pre_activation", "output")
    acts: tuple[tuple[tuple[str, ...], tuple[Note, ...]], ...] = (
        (("columns",), (Note("the numbers under the window lie down as a column"),)),
        (("matrix_product",), (Note("row times column: what the kernel makes of the window"),)),
        *(((("toeplitz_product",), tuple(_sparse_notes(trace))),) if is_drawn(trace) else ()),
        (last, (Note("each sum goes back to where its window was", rows * cols > 1),)),
    )
    return Play(
        title="Convolution as a matrix product",
        units=Windows(
            MAP, ("window", "windows"), ("batch",),
            tuple(f"row {r + 1}, column {c + 1}" for r in range(rows) for c in range(cols)),
            most={"rows": rows * cols}, numbered=("positions", "rows"), of="padded",
        ),
        stage=arranged(trace),
        acts=(Each(acts, sentence=None if _more(trace) else _Words(telling).folded, pause=LONG),),
        words={"columns": _Words(telling).unrolled},
        opening=phrases.sentence("every window becomes a column, ", "the convolution one matrix product"),
        closing=_closing(trace),
        good_for=GOOD_FOR,
        options=_options(trace),
        drawn=_hidden(trace),
        alike=_alike(trace),
        kinds=_kinds(telling),
        masks={"padded": Mask(*without_data(trace)), **_dimmed(trace)},
        follow=unit if unit is not None and unit < rows * cols else _strongest(telling),
        row=cols,
        longest=LONGEST,
        evidence=(Region.of("toeplitz" if is_drawn(trace) else "output"),),
    )  # fmt: skip


def _alike(trace: Trace) -> tuple[tuple[str, ...], ...]:
    """What is multiplied shares a range, if it leaves neither pale; and what comes of it."""
    given, weights = ("padded", "columns", "flat_input"), ("kernel", "kernel_matrix", "toeplitz")
    ranges = sorted(numbers.value_range(trace[name]) for name in ("padded", "kernel"))
    factors = (given + weights,) if ranges[1] <= PALE * ranges[0] else (given, weights)
    return *factors, ("matrix_product", "toeplitz_product", "pre_activation", "output")


def _kinds(telling: Telling) -> dict[str, str]:
    """The scales of an input that is an image, wherever its numbers stand."""
    if telling.kinds.get("input") != "image":
        return {}
    if telling.trace.size("in_channels") == 3:
        return {"padded": "planes"}
    return dict.fromkeys(("padded", "columns", "flat_input"), "grey")


def _dimmed(trace: Trace) -> dict[str, Mask]:
    """The zeros of a small sparse matrix."""
    few = trace.size("positions") * trace.size("cells") <= DIM
    return {"toeplitz": Mask(dim=_zeros(trace))} if few else {}


# ── words ────────────────────────────────────────────────────────────────────
class _Words:
    """What is said of acts that compute nothing."""

    def __init__(self, telling: Telling) -> None:
        self.cols = telling.trace.size("out_width")

    def unrolled(self, unit: int) -> Line:
        """Which window becomes which column."""
        return (
            Run("the window becomes ", weight="regular", source=Fact("window")),
            Run(f"column {unit + 1}", "result", "semibold", Fact("window"), late=True),
        )

    def folded(self, figures: Figures, unit: int, terse: bool) -> Line:
        """Which column's product goes where."""
        r, c = divmod(unit, self.cols)
        made = figures.cell_of("output", unit, {})
        number = Run(figures.text(made), "result", "semibold", made, late=True)
        if terse:
            return Run(f"window {unit + 1}: ", weight="regular", source=Fact("window")), number
        where = f" goes back to row {r + 1}, column {c + 1}"
        return number, Run(where, weight="regular", source=Fact("window"))


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


def _options(trace: Trace) -> tuple[str, ...]:
    """Sizes, and every option that is not the usual one."""
    config: Any = trace.config
    channels, height, width = trace.tensor("input").shape[1:]
    filters = trace.size("out_channels")
    return (
        f"{channels}×{height}×{width} → {filters}×{trace.size('out_height')}×{trace.size('out_width')}",
        f"{'kernel' if filters == 1 else f'{filters} filters'} {config.kernel_size[0]}×{config.kernel_size[1]}",
        *options_of(trace),
    )


def _hidden(trace: Trace) -> tuple[str, ...]:
    """What is not drawn of several channels and filters."""
    channels, filters = trace.size("in_channels"), trace.size("out_channels")
    return (
        *((f"{drawn(channels)} of {channels} channels drawn",) if drawn(channels) < channels else ()),
        *((f"sparse matrix of filter 1 of {filters}",) if filters > 1 else ()),
    )


# ── what is followed ─────────────────────────────────────────────────────────
def _more(trace: Trace) -> bool:
    """Whether more is made of a product: a bias is added, an activation acts."""
    return "bias" in trace or activated(trace)


def _zeros(trace: Trace) -> Any:
    """Where the sparse matrix of the first filter holds no weight, (places, cells)."""
    rows, columns = axes_of(trace)
    shape = rows.out, columns.out, trace.size("in_channels"), rows.padded, columns.padded
    out = np.ones(shape, bool)
    for r, c in np.ndindex(shape[:2]):
        down, across = rows.taps(r), columns.taps(c)
        out[r, c, :, down.start : down.stop : down.step, across.start : across.stop : across.step] = False
    return out.reshape(rows.out * columns.out, -1)


def _strongest(telling: Telling) -> int:
    """The window of which the first filter makes most, whatever its sign."""
    told = telling.film.place_in(telling.trace.size("batch"))
    sizes = np.abs(np.nan_to_num(telling.trace["output"][told, 0].astype(float), posinf=0, neginf=0))
    return int(np.argmax(np.round(sizes, 9)))


ConvMatmulStory = story("Convolution as a matrix product", film, GOOD_FOR, takes=45)
