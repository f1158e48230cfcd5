"""Where the pieces of a sliding-window film stand: input left, operator in the middle, output right.

Arrangements are tried from the richest to the plainest; the first in which everything fits with its numerals at a
readable size wins. All in design pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from layeranim import layout, theme
from layeranim.layout import Fit, even
from layeranim.stories.storyboard import Point

TOP, BOTTOM = 192, theme.STAGE_BOTTOM
HEIGHT = TOP - BOTTOM
LEFT, RIGHT = -theme.WIDTH / 2 + theme.MARGIN, theme.WIDTH / 2 - theme.MARGIN
HEADING = 54  # from the bottom of one grid to the top of the next when a heading stands between them
ROW_GAP = 14
GUTTER = 36
LABEL = 34  # room left of channel rows and output maps for their names
HEAT_MOST = 400


@dataclass(frozen=True)
class Sizes:
    """What has to be placed: rows and columns of each tensor, and how wide its texts are.

    ``channels`` input grids stand in a column, ``depth`` of them are read by one filter. ``wide`` maps a tensor to the width of its widest text at size 1, first with the fuller and then with the narrower
    number of decimals. ``chain`` is the width of Σ, bias and activation.
    """

    channels: int
    depth: int
    maps: int
    input: tuple[int, int]
    kernel: tuple[int, int]
    output: tuple[int, int]
    wide: dict[str, tuple[float, float]]
    chain: float


@dataclass(frozen=True)
class Stage:
    """The chosen arrangement: a fit for every tensor and the top-left corners of its grids, one a channel or map."""

    arrangement: str
    fits: dict[str, Fit]
    corners: dict[str, list[Point]]
    narrow: bool

    @property
    def lens(self) -> bool:
        """Whether a numbered copy of the window stands beside an input drawn as colour."""
        return "window" in self.corners


@dataclass(frozen=True)
class Middle:
    """The operator's block: fits of its grids, its width, and how they are put together."""

    arrangement: str
    fits: dict[str, Fit]
    width: float


def place(sizes: Sizes) -> Stage:
    """The richest arrangement in which everything fits."""
    for numbered in ((True, True), (True, False), (False, True), (False, False)):
        for narrow in (False, True):
            for middle in _middles(sizes, numbered[0], narrow):
                stage = _try(sizes, middle, numbered, narrow)
                if stage:
                    return stage
    return _bare(sizes)


def _wide(sizes: Sizes, name: str, narrow: bool) -> float:
    return sizes.wide[name][narrow]


def _numerals(sizes: Sizes, name: str, shape: tuple[int, int], narrow: bool, width: float, height: float, most: float = 58) -> Fit | None:  # fmt: skip  # noqa: E501
    fit = layout.numerals(*shape, _wide(sizes, name, narrow), width, height, most)
    if fit and not narrow and sizes.wide[name][0] != sizes.wide[name][1] and fit.pitch[0] < 58:
        return None
    return fit


def _together(sizes: Sizes, names: tuple[str, ...], narrow: bool, width: float, height: float) -> Fit | None:
    """One fit for several grids of the kernel's shape, so that cells to be compared are equal."""
    wide = [max((_wide(sizes, n, k) for n in names)) for k in (False, True)]
    shared = Sizes(1, 1, 1, sizes.kernel, sizes.kernel, sizes.kernel, {"shared": (wide[0], wide[1])}, 0)
    return _numerals(shared, "shared", sizes.kernel, narrow, width, height)


def _middles(sizes: Sizes, numbered: bool, narrow: bool) -> Iterator[Middle]:
    """Operator blocks, richest first; with a lens where the input has no numerals."""
    rows, cols = sizes.kernel
    grids = ("kernel", "products") if numbered else ("window", "kernel", "products")
    if sizes.depth > 1:
        height = row_height(sizes.depth)
        fit = _together(sizes, grids, narrow, 420, height)
        partial = _numerals(sizes, "partial_sums", (1, 1), narrow, 140, 60)
        if partial is None:
            return
        if fit:
            yield Middle("rows", {**dict.fromkeys(grids, fit), "partial_sums": partial},
                         len(grids) * (fit.width(cols) + GUTTER) + partial.width(1))  # fmt: skip
        fit = _together(sizes, ("products",), narrow, 420, height)
        small = layout.heat(rows, cols, 110, min(110, height))
        if fit and numbered:
            yield Middle("rows", {"kernel": small, "products": fit, "partial_sums": partial},
                         small.width(cols) + fit.width(cols) + 2 * GUTTER + partial.width(1))  # fmt: skip
        small = layout.heat(rows, cols, 130, height)
        yield Middle("rows", {"kernel": small, "products": small, "partial_sums": partial},
                     2 * (small.width(cols) + GUTTER) + partial.width(1))  # fmt: skip
        return
    stacked = (HEIGHT - HEADING) / 2
    if numbered:
        fit = _together(sizes, grids, narrow, 460, stacked)
        if fit:
            yield Middle("stack", dict.fromkeys(grids, fit), max(fit.width(cols), 210))
        fit = _together(sizes, grids, narrow, 460, HEIGHT)
        if fit:
            yield Middle("side", dict.fromkeys(grids, fit), 2 * max(fit.width(cols), 130) + GUTTER + 24)
        fit = _together(sizes, ("products",), narrow, 460, HEIGHT)
        if fit:
            small = layout.heat(rows, cols, 150, 150)
            yield Middle("side", {"kernel": small, "products": fit}, max(small.width(cols), 130) + fit.width(cols) + GUTTER + 24)  # noqa: E501
        return
    fit = _together(sizes, grids, narrow, 460, stacked)
    if fit:
        yield Middle("tower", dict.fromkeys(grids, fit), max(fit.width(cols), 120) + max(fit.width(cols), 210) + GUTTER)
    fit = _together(sizes, grids, narrow, 460, HEIGHT)
    if fit:
        yield Middle("side", dict.fromkeys(grids, fit), 3 * max(fit.width(cols), 130) + 2 * GUTTER)
    pair = ("window", "kernel")
    fit = _together(sizes, pair, narrow, 460, stacked)
    if fit:
        yield Middle("stack", dict.fromkeys(pair, fit), max(fit.width(cols), 120))
    fit = _together(sizes, pair, narrow, 460, HEIGHT)
    if fit:
        yield Middle("side", dict.fromkeys(pair, fit), 2 * max(fit.width(cols), 130) + GUTTER)
    fit = _together(sizes, ("window",), narrow, 460, HEIGHT)
    if fit:
        small = layout.heat(rows, cols, 150, 150)
        yield Middle("side", {"window": fit, "kernel": small}, max(small.width(cols), 130) + fit.width(cols) + GUTTER)


def row_height(count: int) -> float:
    """The height of one of ``count`` rows of grids."""
    return (HEIGHT - (count - 1) * ROW_GAP) / count


def _try(sizes: Sizes, middle: Middle, numbered: tuple[bool, bool], narrow: bool) -> Stage | None:
    labels = (LABEL if sizes.channels > 1 else 0) + (LABEL if sizes.maps > 1 else 0)
    room = RIGHT - LEFT - middle.width - sizes.chain - labels - 2 * GUTTER
    in_height, out_height = row_height(sizes.channels), row_height(sizes.maps)
    if numbered[1]:
        smallest = _numerals(sizes, "input", sizes.input, narrow, room, in_height, 44) if numbered[0] else None
        taken = smallest.width(sizes.input[1]) if smallest else room * 0.25
        least = _numerals(sizes, "output", sizes.output, narrow, room - taken, out_height, 58)
    else:
        least = layout.heat(*sizes.output, min(HEAT_MOST, room * 0.47), out_height)
    if least is None:
        return None
    left = room - least.width(sizes.output[1])
    if numbered[0]:
        given = _numerals(sizes, "input", sizes.input, narrow, left, in_height)
    else:
        share = min(HEAT_MOST, left)
        given = layout.heat(*sizes.input, share, in_height) if share >= 90 else None
        if given and given.pitch[0] < 4 and share < 200:
            given = None
    if given is None:
        return None
    left = room - given.width(sizes.input[1])
    output = (
        _numerals(sizes, "output", sizes.output, narrow, left, out_height, 92) if numbered[1]
        else layout.heat(*sizes.output, min(HEAT_MOST, left), out_height)
    )  # fmt: skip
    if output is None:
        return None
    return _corners(sizes, middle, {**middle.fits, "input": given, "output": output}, narrow)


def _bare(sizes: Sizes) -> Stage:
    """Colour alone everywhere: kernels too large for numerals and inputs too large for a lens."""
    rows, cols = sizes.kernel
    height = row_height(sizes.depth)
    kernel = layout.heat(rows, cols, 200, min(200, height))
    grids = {"kernel": kernel}
    width = max(kernel.width(cols), 130.0)
    if sizes.depth > 1:
        grids["partial_sums"] = Fit((80, 44), theme.FLOOR)
        width += GUTTER + 76
    room = RIGHT - LEFT - width - sizes.chain - 2 * GUTTER - 2 * LABEL
    fits = {
        "input": layout.heat(*sizes.input, room * 0.5, row_height(sizes.channels)),
        "output": layout.heat(*sizes.output, room * 0.5, row_height(sizes.maps)),
    }
    return _corners(sizes, Middle("rows" if sizes.depth > 1 else "side", grids, width), {**grids, **fits}, True)


def _corners(sizes: Sizes, middle: Middle, fits: dict[str, Fit], narrow: bool) -> Stage:
    """Top-left corners: input flush left, output flush right, the operator's block where the room is."""
    given, output = fits["input"], fits["output"]
    left = LEFT + (LABEL if sizes.channels > 1 else 0)
    out_x = RIGHT - output.width(sizes.output[1])
    in_right = left + given.width(sizes.input[1])
    out_left = out_x - (LABEL if sizes.maps > 1 else 0)
    slack = out_left - in_right - middle.width - sizes.chain
    x = even(in_right + max(GUTTER, slack * 0.5))
    centres = _centres(sizes.channels)
    corners: dict[str, list[Point]] = {
        "input": [(left, even(c + given.height(sizes.input[0]) / 2)) for c in centres],
        "output": [(out_x, even(c + output.height(sizes.output[0]) / 2)) for c in _centres(sizes.maps)],
    }
    corners |= _middle_corners(sizes, middle, x, _centres(sizes.depth))
    return Stage(middle.arrangement, fits, corners, narrow)


def _centres(count: int) -> list[float]:
    height, gap = row_height(count), ROW_GAP
    middle = (TOP + BOTTOM) / 2 + (5 if count == 1 else 0)
    return [middle + ((count - 1) / 2 - i) * (height + gap) for i in range(count)]


def _middle_corners(sizes: Sizes, middle: Middle, x: float, centres: list[float]) -> dict[str, list[Point]]:
    rows, cols = sizes.kernel
    fits = middle.fits
    mid = centres[0]

    def at(name: str, x: float, y: float) -> list[Point]:
        return [(even(x), even(y + fits[name].height(rows) / 2))]

    if middle.arrangement == "rows":
        out: dict[str, list[Point]] = {}
        for name, fit in fits.items():
            n, m = (1, 1) if name == "partial_sums" else (rows, cols)
            out[name] = [(even(x), even(c + fit.height(n) / 2)) for c in centres]
            x += fit.width(m) + GUTTER
        return out
    if middle.arrangement == "side":
        out = {}
        for name, fit in fits.items():
            out[name] = at(name, x, mid)
            x += max(fit.width(cols), 130) + (GUTTER + 24 if len(fits) == 2 and "products" in fits else GUTTER)
        return out
    first, second = ("window", "kernel") if "window" in fits else ("kernel", "products")
    height = fits[first].height(rows)
    top = mid + (2 * height + HEADING) / 2
    out = {first: [(even(x), even(top))], second: [(even(x), even(top - height - HEADING))]}
    if middle.arrangement == "tower":
        out["products"] = at("products", x + max(fits[first].width(cols), 120) + GUTTER, mid)
    return out
