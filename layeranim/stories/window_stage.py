"""Where the pieces of a sliding-window film stand: input left, operator in the middle, output right.

Arrangements are tried from the richest to the plainest; the first in which everything fits with its numerals at a
readable size wins. All in design pixels.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from layeranim import layout, theme
from layeranim.layout import Fit, even
from layeranim.stories.storyboard import Box, Point

TOP, BOTTOM = 192, theme.STAGE_BOTTOM
HEIGHT = TOP - BOTTOM
LEFT, RIGHT = -theme.WIDTH / 2 + theme.MARGIN, theme.WIDTH / 2 - theme.MARGIN
HEADING = 54  # from the bottom of one grid to the top of the next when a heading stands between them
ROW_GAP = 14
GUTTER = 36
SPILL = 32  # from the end of a name that is wider than its grid to what follows
LABEL = 34  # room left of channel rows and output maps for their names
HEAT_MOST = 440
PICTURE = 320  # px that a picture should have
NUMBERED = 1.5  # an output with its numbers is worth an input that much smaller
LENS_MOST, LENS_LEAST = 48, 42  # cells of a lens: the pictures beside it get the room


@dataclass(frozen=True)
class WindowSizes:
    """What has to be placed: rows and columns of each tensor, and how wide its texts are.

    ``channels`` input grids stand in a column, each with its number beside it where there are several or it is
    ``named``; ``depth`` of them are read by one filter. ``wide`` maps a
    tensor to the width of its widest text at size 1, with the fuller and with the narrower number of decimals.
    ``headings`` are the widths of the names over the grids, ``chain`` that of Σ, bias, activation, and ``tight`` the
    same drawn close together, where that makes room for numerals.
    """

    channels: int
    depth: int
    maps: int
    input: tuple[int, int]
    kernel: tuple[int, int]
    output: tuple[int, int]
    wide: dict[str, tuple[float, float]]
    headings: dict[str, float]
    chain: float
    tight: float | None = None
    named: bool = False

    @property
    def beside(self) -> float:
        """The room left of the input for the names of its channels."""
        return LABEL if self.channels > 1 or self.named else 0

    def column(self, name: str, fit: Fit) -> float:
        """The width that a grid of the kernel's shape takes with its heading."""
        return max(fit.width(1 if name == "partial_sums" else self.kernel[1]), self.headings.get(name, 0.0))

    def across(self, fits: dict[str, Fit]) -> float:
        """The width of several grids side by side."""
        return sum(self.column(name, fit) for name, fit in fits.items()) + GUTTER * (len(fits) - 1)


@dataclass(frozen=True)
class WindowStage:
    """The chosen arrangement: a fit for every tensor and the top-left corners of its grids, one a channel or map."""

    arrangement: str
    fits: dict[str, Fit]
    corners: dict[str, list[Point]]
    narrow: bool
    chain: float = 0

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


def place(sizes: WindowSizes) -> WindowStage:
    """The richest arrangement in which everything fits; a picture in colour alone must also be of a decent size."""
    best: tuple[float, WindowStage] | None = None
    chains = [sizes] if sizes.tight is None else [sizes, replace(sizes, chain=sizes.tight)]
    for numbered in ((True, True), (True, False), (False, True), (False, False)):
        for narrow in (False, True):
            blocks = zip(*(_middles(given, numbered[0], narrow) for given in chains), strict=True)
            for given, middle in ((g, m) for block in blocks for g, m in zip(chains, block, strict=True)):
                stage = _try(given, middle, numbered, narrow)
                if stage is None:
                    continue
                share = 1.0 if numbered[0] else _share(given, stage) * (NUMBERED if numbered[1] else 1.0)
                if share >= 0.95:
                    return stage
                if best is None or share > best[0]:
                    best = share, stage
    return best[1] if best and best[0] > 0.3 else _bare(sizes)


def _share(sizes: WindowSizes, stage: WindowStage) -> float:
    """How large the pictures are, as a share of what is wanted."""
    wanted = {"input": (sizes.input, sizes.channels), "output": (sizes.output, sizes.maps)}
    shares = []
    for name, (shape, count_) in wanted.items():
        ideal = layout.heat(*shape, PICTURE if name == "input" else 0.8 * PICTURE, row_height(count_), 16)
        shares.append(min(1.0, stage.fits[name].pitch[0] / ideal.pitch[0]))
    return min(shares)


def _wide(sizes: WindowSizes, name: str, narrow: bool) -> float:
    return sizes.wide[name][narrow]


def _numerals(
    sizes: WindowSizes, name: str, shape: tuple[int, int], narrow: bool, width: float, height: float, most: float = 58
) -> Fit | None:
    fit = layout.numerals(*shape, _wide(sizes, name, narrow), width, height, most)
    if fit and not narrow and sizes.wide[name][0] != sizes.wide[name][1] and fit.pitch[0] < 58:
        return None
    return fit


def _together(
    sizes: WindowSizes, names: tuple[str, ...], narrow: bool, width: float, height: float, most: float = 58
) -> Fit | None:
    """One fit for several grids of the kernel's shape, so that cells to be compared are equal."""
    wide = [max(_wide(sizes, n, k) for n in names) for k in (False, True)]
    shared = WindowSizes(1, 1, 1, sizes.kernel, sizes.kernel, sizes.kernel, {"shared": (wide[0], wide[1])}, {}, 0)
    return _numerals(shared, "shared", sizes.kernel, narrow, width, height, most)


def _middles(sizes: WindowSizes, numbered: bool, narrow: bool) -> Iterator[Middle]:
    """Operator blocks, richest first; with a lens where the input has no numerals."""
    rows, cols = sizes.kernel
    lens: tuple[str, ...] = () if numbered else ("window",)
    if sizes.depth > 1:
        yield from _rows(sizes, lens, narrow)
        return
    stacked = (HEIGHT - HEADING) / 2
    every = (*lens, "kernel", "products")
    small = layout.heat(rows, cols, 150, 150)
    if numbered:
        fit = _together(sizes, every, narrow, 460, stacked)
        if fit:
            yield Middle("stack", dict.fromkeys(every, fit), max(sizes.column(n, fit) for n in every))
    else:
        fit = _together(sizes, every, narrow, 460, stacked, LENS_MOST)
        if fit:
            pair = max(sizes.column("window", fit), sizes.column("kernel", fit))
            yield Middle("tower", dict.fromkeys(every, fit), pair + GUTTER + sizes.column("products", fit))
        fit = _together(sizes, ("window", "kernel"), narrow, 460, stacked, LENS_MOST)
        if fit:
            yield Middle(
                "stack",
                dict.fromkeys(("window", "kernel"), fit),
                max(sizes.column("window", fit), sizes.column("kernel", fit)),
            )
        fit = _together(sizes, ("window",), narrow, 460, HEIGHT - HEADING - 60, LENS_MOST)
        if fit:
            rest = layout.heat(rows, cols, fit.width(cols), HEIGHT - HEADING - fit.height(rows))
            yield Middle(
                "stack", {"window": fit, "kernel": rest}, max(sizes.column("window", fit), sizes.column("kernel", rest))
            )
    for grids, heat in ((every, ()), ((*lens, "products"), ("kernel",)), ((*lens, "kernel"), ()), (lens, ("kernel",))):
        if not grids or (numbered and "products" not in grids):
            continue
        fit = _together(sizes, grids, narrow, 460, HEIGHT, LENS_MOST if lens else 58)
        if fit:
            fits = {n: small if n in heat else fit for n in (*lens, "kernel", "products") if n in grids or n in heat}
            yield Middle("side", fits, sizes.across(fits))


def _rows(sizes: WindowSizes, lens: tuple[str, ...], narrow: bool) -> Iterator[Middle]:
    """One row a channel: window, kernel, products, sum."""
    rows, cols = sizes.kernel
    height = row_height(sizes.depth)
    partial = _numerals(sizes, "partial_sums", (1, 1), narrow, 140, 60)
    if partial is None:
        return
    small = layout.heat(rows, cols, 110, min(110, height))
    most = LENS_MOST if lens else 58
    every = (*lens, "kernel", "products")
    for grids, heat, largest in (
        (every, (), most),
        (every, (), LENS_LEAST),
        (("products",), ("kernel",), most),
        ((), ("kernel", "products"), most),
    ):
        fit = _together(sizes, grids, narrow, 420, height, largest) if grids else small
        if fit:
            names = [n for n in (*lens, "kernel", "products") if n in grids or n in heat]
            fits = {n: small if n in heat else fit for n in names} | {"partial_sums": partial}
            yield Middle("rows", fits, sizes.across(fits))


def row_height(count: int) -> float:
    """The height of one of ``count`` rows of grids."""
    return (HEIGHT - (count - 1) * ROW_GAP) / count


def beside_name(grid: Box, y: float) -> bool:
    """Whether the name beside a channel or an output map stands at the height ``y``."""
    return abs(y - grid.centre[1]) < theme.NOTE


def _try(sizes: WindowSizes, middle: Middle, numbered: tuple[bool, bool], narrow: bool) -> WindowStage | None:
    labels = sizes.beside + (LABEL if sizes.maps > 1 else 0)
    room = RIGHT - LEFT - middle.width - sizes.chain - labels - 2 * GUTTER
    spill = sizes.headings.get("input", 0.0)  # a name wider than its grid needs room of its own
    in_height, out_height = row_height(sizes.channels), row_height(sizes.maps)
    if not (numbered[0] or numbered[1]):
        given, output = _alike(sizes, room, in_height, out_height)
        over = spill - given.width(sizes.input[1])
        if over > GUTTER - SPILL:
            given, output = _alike(sizes, room - over, in_height, out_height)
        return _corners(sizes, middle, {**middle.fits, "input": given, "output": output}, narrow)
    smallest = _numerals(sizes, "input", sizes.input, narrow, room, in_height, 44) if numbered[0] else None
    taken = smallest.width(sizes.input[1]) if smallest else min(HEAT_MOST, room * 0.4)
    least = (
        _numerals(sizes, "output", sizes.output, narrow, room - taken, out_height, 58)
        if numbered[1]
        else layout.heat(*sizes.output, min(HEAT_MOST, room * 0.47), out_height)
    )
    if least is None:
        return None
    left = room - least.width(sizes.output[1])
    if spill > left:
        return None
    if numbered[0]:
        given_ = _numerals(sizes, "input", sizes.input, narrow, left, in_height)
    else:
        share = min(HEAT_MOST, left)
        given_ = layout.heat(*sizes.input, share, in_height)
    if given_ is None:
        return None
    left = room - max(given_.width(sizes.input[1]), spill)
    output_ = (
        _numerals(sizes, "output", sizes.output, narrow, left, out_height, 100)
        if numbered[1]
        else layout.heat(*sizes.output, min(HEAT_MOST, left), out_height)
    )
    if output_ is None:
        return None
    larger = _numerals(sizes, "input", sizes.input, narrow, room - output_.width(sizes.output[1]), in_height, 72)
    given, output = larger if numbered[0] and larger else given_, output_
    return _corners(sizes, middle, {**middle.fits, "input": given, "output": output}, narrow)


def _alike(sizes: WindowSizes, room: float, in_height: float, out_height: float) -> tuple[Fit, Fit]:
    """Two pictures in colour alone, their cells of one size where that fits."""
    total = sizes.input[1] + sizes.output[1]
    share = min(HEAT_MOST, room * sizes.input[1] / total), min(HEAT_MOST, room * sizes.output[1] / total)
    least = 0.3 * room  # a picture much smaller than the other would be a stamp
    share = (min(share[0], room - least), max(share[1], min(least, HEAT_MOST)))
    given = layout.heat(*sizes.input, share[0], in_height)
    # A picture that its height keeps narrow leaves room to the other.
    output = layout.heat(*sizes.output, min(HEAT_MOST, max(share[1], room - given.width(sizes.input[1]))), out_height)
    given = layout.heat(*sizes.input, min(HEAT_MOST, max(share[0], room - output.width(sizes.output[1]))), in_height)
    pitch, other = sorted((given.pitch[0], output.pitch[0]))
    if abs(sizes.input[1] - sizes.output[1]) <= 0.3 * sizes.input[1] and pitch >= 0.6 * other:
        given = output = Fit((pitch, pitch), 0)
    return given, output


def _bare(sizes: WindowSizes) -> WindowStage:
    """Colour alone everywhere: kernels too large for numerals and inputs too large for a lens."""
    rows, cols = sizes.kernel
    height = row_height(sizes.depth)
    kernel = layout.heat(rows, cols, 200, min(200, height))
    grids = {"kernel": kernel}
    if sizes.depth > 1:
        grids["partial_sums"] = Fit((80, 44), theme.FLOOR)
    width = sizes.across(grids)
    room = RIGHT - LEFT - width - sizes.chain - 2 * GUTTER - 2 * LABEL
    fits = {
        "input": layout.heat(*sizes.input, room * 0.5, row_height(sizes.channels)),
        "output": layout.heat(*sizes.output, room * 0.5, row_height(sizes.maps)),
    }
    return _corners(sizes, Middle("rows" if sizes.depth > 1 else "side", grids, width), {**grids, **fits}, True)


def _corners(sizes: WindowSizes, middle: Middle, fits: dict[str, Fit], narrow: bool) -> WindowStage:
    """Top-left corners: input flush left, output flush right, the operator's block where the room is."""
    given, output = fits["input"], fits["output"]
    left = LEFT + sizes.beside
    out_x = even(RIGHT - output.width(sizes.output[1]))
    in_right = left + max(given.width(sizes.input[1]), sizes.headings.get("input", 0.0) - GUTTER + SPILL)
    out_left = out_x - (LABEL if sizes.maps > 1 else 0)
    slack = out_left - in_right - middle.width - sizes.chain
    x = even(in_right + max(GUTTER, slack * 0.5))
    centres = _centres(sizes.channels)
    corners: dict[str, list[Point]] = {
        "input": [(left, even(c + given.height(sizes.input[0]) / 2)) for c in centres],
        "output": [(out_x, even(c + output.height(sizes.output[0]) / 2)) for c in _centres(sizes.maps)],
    }
    corners |= _middle_corners(sizes, middle, x, _centres(sizes.depth))
    return WindowStage(middle.arrangement, fits, corners, narrow, sizes.chain)


def _centres(count: int) -> list[float]:
    height, gap = row_height(count), ROW_GAP
    middle = (TOP + BOTTOM) / 2 + (5 if count == 1 else 0)
    return [middle + ((count - 1) / 2 - i) * (height + gap) for i in range(count)]


def _middle_corners(sizes: WindowSizes, middle: Middle, x: float, centres: list[float]) -> dict[str, list[Point]]:
    rows = sizes.kernel[0]
    fits = middle.fits
    mid = centres[0]

    def at(name: str, x: float, y: float) -> list[Point]:
        return [(even(x), even(y + fits[name].height(rows) / 2))]

    if middle.arrangement in ("rows", "side"):
        out: dict[str, list[Point]] = {}
        for name, fit in fits.items():
            n = 1 if name == "partial_sums" else rows
            out[name] = [(even(x), even(c + fit.height(n) / 2)) for c in centres]
            x += sizes.column(name, fit) + GUTTER
        return out
    first, second = ("window", "kernel") if "window" in fits else ("kernel", "products")
    heights = fits[first].height(rows), fits[second].height(rows)
    top = mid + (sum(heights) + HEADING) / 2
    out = {first: [(even(x), even(top))], second: [(even(x), even(top - heights[0] - HEADING))]}
    if middle.arrangement == "tower":
        pair = max(sizes.column("window", fits["window"]), sizes.column("kernel", fits["kernel"]))
        out["products"] = at("products", x + pair + GUTTER, mid)
    return out
