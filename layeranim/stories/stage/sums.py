"""The terms of a sum, found in the steps that made them, and what they come to one after another."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import numbers
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Region
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.phrases import NumberRow, Terms
from layeranim.stories.stage.axes import LARGEST
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import LEADING, MANY, Apart
from layeranim.stories.stage.slices import Covered
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.storyboard import Address, Fact, Line, Run

SUMS = ("sum", "add", "sum_terms", "add_cells", "sum_rows")
"""Operations that add up what they read."""
PRODUCTS = ("multiply", "weigh_rows")
"""Operations whose cells are products of the cells at the same place in what they read."""
TALLIED = 12
"""Sums of more terms than these arrive at once."""


def real(figures: Figures, cells: Covered) -> NDArray[np.intp]:
    """The places of those that hold data: padding is no term of what is made of it."""
    mask = figures.film.masks.get(cells.tensor)
    if mask is None or mask.ghost is None or len(cells.spans) < 2:
        return np.arange(len(cells))
    rows, cols = cells.spans[-2:]
    return np.flatnonzero(~mask.ghost[np.ix_(list(rows), list(cols))])


def running(figures: Figures, target: Address) -> tuple[float, ...]:
    """What a sum, a norm or a choice has come to before the last of a window's numbers, as they are displayed.

    Nothing of one number, or of more than anybody follows.
    """
    acted = figures.acted_at(target)
    cells = figures.covered(acted.step.reads[0])
    places = real(figures, cells)
    if not 1 < len(places) <= TALLIED:
        return ()
    values = np.atleast_1d(figures.displayed(cells)[0])[places]
    run, parameters = OPERATIONS[acted.step.operation].run, dict(acted.step.parameters)
    with np.errstate(all="ignore"):
        return tuple(float(np.ravel(run(values[: k + 1], **parameters))[0]) for k in range(len(places) - 1))


@dataclass(frozen=True)
class Summand:
    """One term of a sum that is written out: its runs, displayed factors, cell, and the cells of its factors."""

    runs: Line
    factors: tuple[str, ...]
    cell: Address
    of: tuple[Address, ...]


def unfolded(figures: Figures, target: Address) -> list[Terms]:
    """The terms that add up to a cell: of a sum of products the products, of a sum of sums the sums."""
    acted = figures.acted_at(target)
    before = passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return unfolded(figures, before)
    groups = [figures.covered(region, target) for region in acted.reads]
    out: list[Terms] = []
    for cells in groups:
        made = figures.acted_at(cells[0]).step.operation if figures.made(cells.tensor) else ""
        if some := _apart(figures, cells, target):
            out += some
        elif made in PRODUCTS:
            out += _products(figures, cells)
        elif (made in SUMS and not figures.whole(cells.tensor)
              and sum(len(group) for group in groups if group.tensor == cells.tensor) == 1):  # fmt: skip
            out += unfolded(figures, cells[0])
        elif made in SUMS and (inner := _inside(figures, cells)):
            out += inner
        else:
            places = real(figures, cells)
            data = cells if len(places) == len(cells) else [cells[int(i)] for i in places]
            order = _largest(figures.read(cells)[places]) if figures.film.largest else None
            out.append(Terms((_row(figures, cells, slice(None) if data is cells else places),), None, order, data))
    return out


def written_terms(figures: Figures, target: Address, most: int = TALLIED) -> list[Terms]:
    """The terms that add up to a cell as they are written, ``most`` at once: of many, and where some stand nowhere, the
    largest of those that do, and all others, a bias among them, as the one number that they come to."""
    terms = unfolded(figures, target)
    if any(row.letter for group in terms for row in group.rows):
        return terms
    if any(group.many for group in terms):
        leading = sum(len(group) for group in terms if not group.many)
        if leading + 1 <= most:
            return terms
    else:
        leading = LEADING
    stand = np.concatenate([[False] if group.many else figures.stand(group.cells) for group in terms])
    few = len(stand) <= MANY or phrases.counted(terms)[0] <= phrases.MOST_TERMS
    if few and stand.all():
        return terms
    return _leading(terms, stand, min(leading, most - 1), figures.style(terms[0].cells[0].tensor))


def dotted(figures: Figures, reads: Sequence[Covered], target: Address, most: int) -> list[Terms]:
    """The same of a step that multiplies two rows and adds up the products; nothing where all may be written."""
    left, right = reads
    stand = figures.stand(left) & figures.stand(right)
    rows = _row(figures, left), _row(figures, right)
    with np.errstate(all="ignore"):
        live = np.count_nonzero(rows[0].values * rows[1].values)
    if any(row.letter for row in rows) or (stand.all() and (len(left) <= MANY or live <= phrases.MOST_TERMS)):
        return []
    return _leading([Terms(rows)], stand, min(LEADING, most - 1), figures.style(target.tensor))


def _leading(terms: Sequence[Terms], stand: NDArray[np.bool_], most: int, style: numbers.Style) -> list[Terms]:
    """Of all terms the largest that ``stand`` somewhere, and what the others come to; zeros are counted."""
    with np.errstate(all="ignore"):
        values = np.concatenate([prod(row.values for row in group.rows) for group in terms])
    places = np.flatnonzero(stand & (values != 0))
    shown = places[np.argsort(-_sizes(values[places]), kind="stable")[: max(1, most)]].tolist()
    ends = [*accumulate(map(len, terms))]
    found = [(terms[at], k - ends[at]) for k in shown for at in (bisect_right(ends, k),)]
    out = [Terms(tuple(row.alone(len(row.values) + i) for row in group.rows)) for group, i in found]
    rest = np.delete(values, shown)
    if rest.any():
        out.append(Terms((_others(rest, style),), many=sum(group.many or len(group) for group in terms) - len(shown)))
    elif len(rest):
        out.append(Terms((NumberRow(rest, style, lambda _: Fact("others")),), np.ones(len(rest), bool)))
    return out


def _others(rest: NDArray[Any], style: numbers.Style) -> NumberRow:
    """What the terms that are not written come to."""
    return NumberRow(np.atleast_1d(added(rest)), style, lambda _: Fact("others"))


def added(values: NDArray[Any]) -> Any:
    """What numbers add up to, as the engine adds."""
    with np.errstate(all="ignore"):
        return OPERATIONS["add"].run(values)


def _apart(figures: Figures, read: Covered, target: Address) -> list[Terms]:
    """The terms that the film draws of a sum, products with their factors, and what all others come to; nothing of what
    it draws whole.

    Also where the step adds up what those terms are made of.
    """
    axes = figures.trace.axes(read.tensor)
    for apart in figures.film.apart:
        count = len(read.spans[axes.index(apart.axis)]) if apart.axis in axes else 0
        if count <= min(len(apart.shown) or count, apart.most):
            continue
        every = figures.covered(Region(apart.tensor), target)
        shown, others = parted(figures, apart, every)
        cells = [every[k] for k in sorted(shown)]
        terms = [Terms((_row(figures, every, sorted(shown)),), cells=cells)]
        if figures.acted_at(cells[0]).step.operation in PRODUCTS:
            terms = [product(figures, one) for one in cells]
        return [*terms, Terms((others,), many=len(every) - len(cells))]
    return []


def parted(figures: Figures, apart: Apart, every: Covered) -> tuple[list[int], NumberRow]:
    """Of the terms of a sum the places of those that are written, the largest first, and what all others come to."""
    values = figures.read(every)
    shown = np.asarray(apart.shown or range(len(values)))
    shown = shown[np.argsort(-_sizes(values[shown]), kind="stable")[: apart.most]]
    return [int(k) for k in shown], _others(np.delete(values, shown), figures.style(apart.tensor))


def _inside(figures: Figures, cells: Covered) -> list[Terms]:
    """The products in sums that one step makes of one step's products, where no part of the stage shows these sums."""
    if cells.tensor in figures.drawn:
        return []
    step = figures.acted_at(cells[0]).step
    inner = figures.covered(step.reads[0])
    if len(step.reads) > 1 or figures.covered(step.writes) != cells or not figures.made(inner.tensor):
        return []
    return _products(figures, inner) if figures.acted_at(inner[0]).step.operation in PRODUCTS else []


def _products(figures: Figures, cells: Covered) -> list[Terms]:
    """Products with their two factors; those of several steps one by one."""
    made = figures.acted_at(cells[0])
    places = figures.covered(made.step.writes).places(cells)
    if places is None:
        alone = (Covered(one.tensor, tuple(range(i, i + 1) for i in one.index)) for one in cells)
        return [terms for one in alone for terms in _products(figures, one)]
    sides = tuple(_row(figures, side, _placed_in(figures, made, side, places)) for side in figures.factors(made))
    values = figures.read(cells)
    return [Terms(sides, values == 0, _largest(values) if figures.film.largest else None, cells)]


def _largest(values: Any) -> Callable[[int], Sequence[int]] | None:
    """Of more terms than are written the places of the largest, by size."""
    if len(values) <= phrases.MOST_TERMS:
        return None
    sizes = _sizes(values)
    return lambda most: [int(k) for k in np.argsort(-sizes, kind="stable")[:most]]


def _sizes(values: Any) -> NDArray[np.float64]:
    """How large numbers are as they are displayed; what is no number is largest."""
    return np.nan_to_num(np.abs(numbers.rounded(values)), nan=np.inf)


def _placed_in(figures: Figures, made: Acted, side: Covered, places: Any) -> Any:
    """Where the factors of some products are among the cells of one side: at the same places; of a row that multiplies
    every row of the other, alike on the axes that product and factor both have."""
    cells = figures.covered(made.step.writes)
    if len(side) == len(cells):
        return places
    region = next(region for region in made.step.reads if region.tensor == side.tensor)
    return figures.factored(cells, places, region)


def product(figures: Figures, cell: Address) -> Terms:
    """One product, written whatever it comes to."""
    (made,) = _products(figures, Covered(cell.tensor, tuple(range(i, i + 1) for i in cell.index)))
    return replace(made, zero=None)


def _row(figures: Figures, cells: Covered, places: Any = slice(None)) -> NumberRow:
    """Numbers as they are displayed: those of some cells, or of the chosen ones among them."""
    chosen = range(len(cells)) if isinstance(places, slice) else places
    role = "weights" if figures.trace.tensor(cells.tensor).role == "weight" else "ink"
    values = figures.read(cells)[places]
    lettered = figures.trace.tensor(cells.tensor).labels is not None
    letter = (lambda i: figures.text(cells[int(chosen[i])])) if lettered else None
    return NumberRow(values, figures.style(cells.tensor), lambda i: cells[int(chosen[i])], role, letter)


def so_far(figures: Figures, target: Address) -> tuple[float, ...]:
    """What a sum, or a mean, has come to before its last term, in the displayed numbers.

    Nothing of what is no sum, of one that has a single term other than zero, or more than anybody follows.
    """
    if figures.trace.tensor(target.tensor).labels is not None:
        return ()
    before = passed(figures, figures.acted_at(target), target)
    if before and figures.made(before.tensor):
        return so_far(figures, before)
    terms, over = _terms_of(figures, figures.acted_at(target), target)
    if not 1 < len(terms) <= TALLIED or not all(isinstance(term, Fraction) for term in terms):
        return ()
    totals = [total / over for total in accumulate(terms[:-1])]
    return tuple(map(float, totals)) if all(abs(total) <= LARGEST for total in totals) else ()


def _terms_of(figures: Figures, acted: Acted, target: Address) -> tuple[list[Any], int]:
    """The numbers that add up to a cell, and what their sum is divided by."""
    operation = acted.step.operation
    if operation in SUMS:
        terms = unfolded(figures, target)
        if phrases.counted(terms)[0] > TALLIED:
            return [], 1
        return [_exactly(group.factors(i)) for group in terms for i in group.live(TALLIED)], 1
    cells = [figures.covered(region, target) for region in acted.reads]
    if operation not in ("average", "mean_of_squares", "dot", "reduce") or len(cells[0]) > TALLIED:
        return [], 1
    reads = [[numbers.exact(figures.text(at)) for at in one] for one in cells]
    if operation == "dot":
        return [a * b for a, b in zip(*reads, strict=True)], 1
    over = dict(acted.step.parameters).get("divisor", len(reads[0]))
    return [one * one if operation == "mean_of_squares" else one for one in reads[0]], over


def told_terms(terms: Sequence[Terms]) -> Sequence[Terms]:
    """The terms as they are written out: of a few all, of many those that are not zero."""
    few = sum(map(len, terms)) <= phrases.MOST_TERMS
    return [replace(group, zero=None) for group in terms] if few else terms


def _summands(terms: Sequence[Terms]) -> Iterator[Summand]:
    for group in terms:
        for i, runs in zip(group.live(TALLIED), group.first(TALLIED), strict=True):
            of = tuple(row.source(i) for row in group.rows)
            yield Summand(runs, group.factors(i), group.cells[i], tuple(one for one in of if isinstance(one, Address)))


def counted(figures: Figures, target: Address) -> list[tuple[Summand, Line]]:
    """The terms of a sum that are written out, each with the sum so far; none where it is one term, or many, or where
    one stands for others.

    The last sum is that of the cell itself.
    """
    acted = behind(figures, figures.acted_at(target), target)
    terms = told_terms(unfolded(figures, target)) if adds(acted) else []
    if not 1 < phrases.counted(terms)[0] <= TALLIED or any(group.many for group in terms):
        return []
    total, style, out = Fraction(0), figures.style(target.tensor), list[tuple[Summand, Line]]()
    *parts, last = _summands(terms)
    for part in parts:
        exact = [numbers.exact(text) for text in part.factors]
        if not all(isinstance(one, Fraction) for one in exact):
            return []
        total += Fraction(prod(Fraction(one) for one in exact))
        if abs(total) > LARGEST:
            return []
        out.append((part, (Run(numbers.text(float(total), style), "ink", source=Fact("sum so far")),)))
    return [*out, (last, (Run(figures.text(target), "result", "semibold", target),))]


def adds(acted: Acted) -> bool:
    return acted.step.operation in SUMS


def passed(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The cell that is passed on as it is: by a linear activation, or to a place side by side with others."""
    if acted.step.operation == "join":
        return figures.beside_others(target, acted.step)
    if acted.step.operation != "activate" or dict(acted.step.parameters)["name"] != "linear":
        return None
    return figures.covered(acted.step.reads[0], target)[0]


def behind(figures: Figures, acted: Acted, target: Address) -> Acted:
    """The step that made what is only passed on, else the step itself."""
    before = passed(figures, acted, target)
    return figures.acted_at(before) if before and figures.made(before.tensor) else acted


def _exactly(factors: Sequence[str]) -> Fraction | float:
    """A product of displayed numbers, exact where all are finite."""
    return prod((numbers.exact(text) for text in factors), start=Fraction(1))
