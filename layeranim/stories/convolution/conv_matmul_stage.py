"""The stage of a convolution as a matrix product: what is multiplied stands beside and above what comes of it."""

from __future__ import annotations

from dataclasses import replace

from layeranim import layout, numbers
from layeranim.engine.trace import Trace
from layeranim.records import dataclass
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.stage import Grid, Lattice, Repeat, Row, Tally, Tries
from layeranim.stories.stage.arrangements import drawn, stack
from layeranim.stories.stage.solver import NUMERAL_LOW, Node

CELL, THIN = 34.0, 20.0
"""The largest cell of a matrix in colours, and the least width and height of one."""
MANY = 400
"""Of more windows than these one column is drawn, that of the window under way."""
LEAST, ROOMY = 0.45, 0.76
"""With a smaller share of the room what stands there twice stands there once."""
SPARSE_MOST = 60_000
"""Cells of the largest sparse matrix that is drawn."""


@dataclass(frozen=True)
class _Look:
    """How much of the stage has numerals: the ``input``, the ``products``, the matrices; the rest has ``share`` of the
    room for a picture of its own."""

    input: bool = True
    products: bool = True
    matrices: bool = True
    share: float = 1.0


LOOKS = (
    _Look(),
    *(_Look(matrices=False, share=share) for share in (1.0, 0.76)),
    *(_Look(products=False, matrices=False, share=share) for share in (1.0, 0.76)),
    *(_Look(False, False, False, share) for share in (1.0, 0.88, 0.76, 0.6, LEAST)),
)


def arranged(trace: Trace) -> Node:
    """All in numbers; then matrices in colours; then products as tallies; then the input in colours too."""
    return Tries(*(_arranged(trace, look) for look in LOOKS), least=NUMERAL_LOW)


def _arranged(trace: Trace, look: _Look) -> Node:
    sparse = (_sparse(trace, look),) if is_drawn(trace) else ()
    return Row(_unrolled(trace, look), *sparse, "→", *_made(trace, look))


def _unrolled(trace: Trace, look: _Look) -> Node:
    """The kernel as a row, left of the windows' columns; what they are made of in the corner."""
    given = Repeat(lambda ch: Row(_channel(trace, ch, look), *_filter(trace, ch, look)), trace.size("in_channels"))
    columns = _matrix(trace, "columns", "columns", "terms", "positions", look, (240, 240))
    if not look.matrices and trace.size("positions") > MANY:
        columns = _matrix(trace, "columns", "column", "terms", None, look, (240, 240))
    kernel = _matrix(trace, "kernel_matrix", "kernel", "out_channels", "terms", look, (200, 100))
    product = Grid("matrix_product", "product", "out_channels", "positions")
    return Lattice((given, columns), (kernel, product if look.products else Tally("matrix_product", "product")))


def _channel(trace: Trace, ch: int, look: _Look) -> Grid:
    channels = trace.size("in_channels")
    return Grid("padded", f"channel {ch + 1}" if channels > 1 else "input", "padded_height", "padded_width",
                at=(("in_channels", ch),) if channels > 1 else (), sized=False,
                colours=0 if look.input else drawn(channels), share=0.55 * look.share)  # fmt: skip


def _filter(trace: Trace, ch: int, look: _Look) -> tuple[Grid, ...]:
    """The kernel as it is; where there is little room it stands there as a row alone."""
    colours = 0 if look.products else drawn(trace.size("in_channels"))
    one = Grid("kernel", "" if ch else "kernel", *KERNEL, at=(("out_channels", 0), ("in_channels", ch)),
               colours=colours, share=0.2 * look.share, lens=False)  # fmt: skip
    return (one,) if look.share >= ROOMY else ()


def _sparse(trace: Trace, look: _Look) -> Node:
    """The matrix that holds the kernel in every row, under the input as a row."""
    size = numbers.shape_text((trace.size("positions"), trace.size("cells")))
    name = "kernel in every row" if look.products else "sparse matrix"
    matrix = replace(_matrix(trace, "toeplitz", name, "rows", "cells", look, (430, 260)),
                     sized=size if look.products else False)  # fmt: skip
    flat = _matrix(
        trace, "flat_input", "input as a row" if look.share >= ROOMY else "input row", None, "cells", look, (430, 260)
    )
    flat = replace(flat, band=(matrix.band[0], 24.0) if matrix.band[0] else flat.band, sized=False)
    product = Grid("toeplitz_product", "product", "rows", sized=False)
    made = product if look.products else Tally("toeplitz_product", "product")
    return Lattice((flat, None), (matrix, made)) if look.share > LEAST else Row(matrix, made)


def _matrix(
    trace: Trace, tensor: str, text: str, rows: str | None, cols: str | None, look: _Look, room: tuple[int, int]
) -> Grid:
    """A matrix in numbers, or in colours as large as the room lets it."""
    carried = "padded" if tensor == "columns" else ""
    if look.matrices:
        return Grid(tensor, text, rows, cols, carried=carried)
    down = 1 if rows is None else trace.size("positions") if rows == "rows" else trace.size(rows)
    across = 1 if cols is None else trace.size(cols)
    width, high = (side * look.share for side in room)
    pitch = layout.heat(down, across, width, high, CELL * look.share).pitch[0]
    return Grid(tensor, text, rows, cols, band=(max(pitch * across, THIN), max(pitch * down, THIN)))


def _made(trace: Trace, look: _Look) -> tuple[Node | str, ...]:
    """What comes out: a bias, an activation, the maps."""
    filters = trace.size("out_channels")
    one = Grid("output", "output", *OUT, colours=0 if look.products else drawn(filters), share=0.55 * look.share)
    bias = shared.biases(trace) if look.share == 1 else ()
    return *bias, *shared.bent(trace), stack(one, "map", "out_channels", filters)


def is_drawn(trace: Trace) -> bool:
    """Whether the sparse matrix is small enough to be a picture."""
    return trace.size("positions") * trace.size("cells") <= SPARSE_MOST
