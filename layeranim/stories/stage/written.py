"""Captions from Steps: how every operation of the engine that a film shows is written, in the numbers on stage.

``=`` stands where the engine's own operation, run on the displayed numbers, gives the displayed result; else ``≈``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from layeranim import displayed, numbers, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.stories import phrases, rows
from layeranim.stories.activations import activation_name
from layeranim.stories.phrases import NumberRow, Terms
from layeranim.stories.stage.axes import LARGEST
from layeranim.stories.stage.charges import charged, reduced, sloped
from layeranim.stories.stage.figures import Acted, Covered, Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run

WRITTEN: dict[str, str | tuple[str, ...] | Callable[[Sequence[float], Mapping[str, Any]], str]] = {
    "activate": "{name}({0})",
    "average": "({all: + }) / {n}",
    "best": "{0} is the largest: its share",
    "blend": "{old} · {0} + {weight} · {1f}",
    "charge": charged,
    "copy": "{0}",
    "deviation": "√({0} + {eps})",
    "divide": "{0} / {1f}",
    "divide_by": "{0} / {by}",
    "dot": "{pairs}",
    "exponential": "e{0^}",
    "exponentiate": "e{0 − 1^}",
    "largest": "max({all:, })",
    "leak": "PReLU({0})",
    "logarithm": "ln {0}",
    "mean_of_squares": "({squares}) / {n}",
    "minus": "{0} − {1f}",
    "multiply": "{0} · {1f}",
    "pick_row": "row {0}: {1}",
    "reduce": reduced,
    "rescale": "{factor} · {0f}",
    "scale_shift": ("{0}", "{1} · {0f}", "{1} · {0f} + {2f}"),
    "log_softmax": "log-softmax({all:, })",
    "surprise": "−{0} · {1f}",
    "total_by": "({all: + }) / {1f}",
    "unroll": "{0}",
    "select": "max({all:, })",
    "share": "{0} / {1f}",
    "slope": sloped,
    "softcap": "{cap} · tanh({0} / {cap})",
    "softmax": "softmax({all:, })",
}
"""How operations are written; a sum is written as the terms that add up to it.

``{0}`` is what is read first, ``{1f}`` what is read second as a factor, ``{0^}`` as a power, ``{0 − 1^}`` a
difference as a power; ``{by}`` a parameter.

``{all: + }`` are all numbers of what is read, ``{squares}`` their squares, ``{pairs}`` products of the first and the
second, ``{n}`` how many there are. Where an operation reads one to three things, there is one template for each; where
the numbers decide, a function of the first of each and of the parameters, which may give nothing: then the result
stands alone."""

SUMS = ("sum", "add", "sum_terms", "add_cells", "sum_rows")
"""Operations that add up what they read."""
PRODUCTS = ("multiply", "weigh_rows")
"""Operations whose cells are products of the cells at the same place in what they read."""
CHOICES = ("best",)
"""Operations that look at a whole row for each cell, and give 1 to the cell that is told."""
_WORD = re.compile(r"(\{[^{}]*\})")
TALLIED = 12
"""Sums of more terms than these arrive at once."""


def written(figures: Figures, acted: Acted, target: Address, most: int = phrases.MOST_TERMS, name: Line = ()) -> Line:
    """The arithmetic that makes one cell, with as many terms as fit; how many are hidden is said.

    Of an operation that nobody wrote down here it is the result, behind its ``name``.
    """
    if acted.step.operation not in SUMS and not _template(figures, acted, target):
        return short(figures, acted, target, name)
    if _all_zero(figures, acted, target):
        *_, number = _result(figures, acted, target)
        said = "all products are 0" if sum(map(len, unfolded(figures, target))) > 1 else "the product is 0"
        return (Run(said, source=Fact("zero products")), Run(", so the sum is ", late=True), number)
    for shown in range(most, 0, -1):
        line = (*_operands(figures, acted, target, shown), *_result(figures, acted, target))
        if rows.hold(line, theme.CAPTION_FLOOR, figures.telling.film.canvas):
            return line
    return short(figures, acted, target, name)


def short(figures: Figures, acted: Acted, target: Address, name: Line = ()) -> Line:
    """The result alone, behind its name: what a beat has room for that nobody can read more of."""
    number = _number_made(figures, target)
    return (*name, phrases.equals(number.text, late=True), number)


def _operands(figures: Figures, acted: Acted, target: Address, most: int) -> Line:
    if acted.step.operation in SUMS:
        return _summed(_live(unfolded(figures, target)), most)
    before = _passed(figures, acted, target)
    if before:
        made = figures.made(before.tensor)
        return (
            _operands(figures, figures.acted_at(before), before, most) if made else (_number(figures, before, False),)
        )
    if _placed(figures, acted, target):
        return _product(figures, target).first(1)[0]
    hidden = _hidden(figures, acted, target)
    if hidden:  # a sum that stands nowhere else: its terms go into the function
        name = activation_name(dict(acted.step.parameters)["name"])
        inner = _operands(figures, figures.acted_at(hidden), hidden, most)
        return (Run(f"{name}(", source=Fact("activation")), *inner, Run(")"))
    return _from_template(figures, acted, target, most)


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
    before = _passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return unfolded(figures, before)
    groups = [figures.covered(region, target) for region in acted.reads]
    out: list[Terms] = []
    for cells in groups:
        made = figures.acted_at(cells[0]).step.operation if figures.made(cells.tensor) else ""
        if made in PRODUCTS:
            out += _products(figures, cells)
        elif made in SUMS and sum(len(group) for group in groups if group.tensor == cells.tensor) == 1:
            out += unfolded(figures, cells[0])
        else:
            out.append(Terms((_row(figures, cells),), cells=cells))
    return out


def _products(figures: Figures, cells: Covered) -> list[Terms]:
    """Products with their two factors; those of several steps one by one."""
    made = figures.acted_at(cells[0])
    places = figures.covered(made.step.writes).places(cells)
    if places is None:
        alone = (Covered(one.tensor, tuple(range(i, i + 1) for i in one.index)) for one in cells)
        return [terms for one in alone for terms in _products(figures, one)]
    sides = tuple(_row(figures, side, _placed_in(figures, made, side, places)) for side in figures.factors(made))
    return [Terms(sides, figures.read(cells) == 0, cells=cells)]


def _placed_in(figures: Figures, made: Acted, side: Covered, places: Any) -> Any:
    """Where the factors of some products are among the cells of one side: at the same places; of a row that multiplies
    every row of the other, alike on the axes that product and factor both have."""
    cells = figures.covered(made.step.writes)
    if len(side) == len(cells):
        return places
    region = next(region for region in made.step.reads if region.tensor == side.tensor)
    alike = (figures.covered(region, cells[int(place)]) for place in places)
    return np.array([found[0] for one in alike if (found := side.places(one)) is not None], np.intp)


def _product(figures: Figures, cell: Address) -> Terms:
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


def _placed(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a product's factors are found by their places: the axes of a window are not those of its products."""
    return acted.step.operation == "multiply" and any(
        len(figures.covered(region, target)) > 1 for region in acted.step.reads
    )


def so_far(figures: Figures, target: Address) -> tuple[float, ...]:
    """What a sum, or a mean, has come to before its last term, in the displayed numbers.

    Nothing of what is no sum, of one that has a single term other than zero, or more than anybody follows.
    """
    if figures.trace.tensor(target.tensor).labels is not None:
        return ()
    before = _passed(figures, figures.acted_at(target), target)
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


def _live(terms: Sequence[Terms]) -> Sequence[Terms]:
    """The terms as they are written out: of a few all, of many those that are not zero."""
    few = sum(map(len, terms)) <= phrases.MOST_TERMS
    return [replace(group, zero=None) for group in terms] if few else terms


def _summands(terms: Sequence[Terms]) -> Iterator[Summand]:
    for group in terms:
        for i, runs in zip(group.live(TALLIED), group.first(TALLIED), strict=True):
            of = tuple(row.source(i) for row in group.rows)
            yield Summand(runs, group.factors(i), group.cells[i], tuple(one for one in of if isinstance(one, Address)))


def counted(figures: Figures, target: Address) -> list[tuple[Summand, Line]]:
    """The terms of a sum that are written out, each with the sum so far; none where it is one term, or many.

    The last sum is that of the cell itself.
    """
    acted = figures.acted_at(target)
    terms = _live(unfolded(figures, target)) if _adds(acted) else []
    if not 1 < phrases.counted(terms)[0] <= TALLIED:
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


def _adds(acted: Acted) -> bool:
    return acted.step.operation in SUMS


def _summed(terms: Sequence[Terms], most: int) -> Line:
    """Terms as far as they have room, then how many are hidden, and how many are zero."""
    live, zeros = phrases.counted(terms)
    shown = phrases.first_of(terms, most)
    if live > most:
        shown.append(phrases.more(live - most))
    if zeros:
        shown.append(phrases.zeros_of(zeros) if live else (Run("0", source=Fact("zero products")),))
    return phrases.join(shown)


def _from_template(figures: Figures, acted: Acted, target: Address, most: int) -> Line:
    parameters = dict(acted.step.parameters)
    reads = [figures.covered(region, target) for region in acted.step.reads]
    template = _template(figures, acted, target)
    out: list[Run] = []
    for part in _WORD.split(template):
        key = part[1:-1]
        if not part.startswith("{"):
            out += [Run(part, source=Fact("options"))] if part else []
        elif key.startswith("all"):
            out += _terms([(_number(figures, at, i > 0),) for i, at in enumerate(reads[0][:most])],
                          len(reads[0]), key.partition(":")[2])  # fmt: skip
        elif key == "squares":
            squares = [(_number(figures, at, True), Run("²")) for at in reads[0][:most]]
            out += _terms(squares, len(reads[0]), " + ")
        elif key == "pairs":
            pairs = [(_number(figures, a, True), Run(numbers.DOT), _number(figures, b, True))
                     for a, b in zip(*(read[:most] for read in reads), strict=True)]  # fmt: skip
            out += _terms(pairs, len(reads[0]), " + ")
        elif key == "n":
            out.append(Run(str(len(reads[0])), source=Fact("count")))
        elif key.endswith("^"):
            out += _power(figures, [reads[int(place)][0] for place in key[:-1].split(" − ")])
        elif key[0].isdigit():
            out.append(_number(figures, reads[int(key[0])][0], key.endswith("f")))
        elif key == "name":
            out.append(Run(activation_name(parameters["name"]), source=Fact("activation")))
        elif key == "old":
            out.append(Run(_parameter(1 - parameters["weight"]), source=Fact(key)))
        else:
            out.append(Run(_parameter(parameters[key]), source=Fact(key)))
    return tuple(out)


def _template(figures: Figures, acted: Acted, target: Address) -> str:
    """How the film writes a cell of this tensor, else how its operation is written; nothing where only its result can
    be said."""
    own = figures.film.templates.get(target.tensor)
    if own:
        return own(target).removesuffix("→")
    found = WRITTEN.get(acted.step.operation, "")
    if isinstance(found, tuple):
        return found[len(acted.step.reads) - 1]
    if isinstance(found, str):
        return found
    firsts = [figures.value(figures.covered(region, target)[0]) for region in acted.step.reads]
    return found(firsts, dict(acted.step.parameters))


def _terms(shown: Sequence[Line], count: int, between: str) -> Line:
    """Terms with what joins them; those that are hidden are counted."""
    hidden = count - len(shown)
    tail = [phrases.more(hidden)] if hidden else []
    return phrases.join([*shown, *tail], Run(between))


def _number(figures: Figures, address: Address, factor: bool) -> Run:
    text = figures.text(address)
    role = "weights" if figures.trace.tensor(address.tensor).role == "weight" else "ink"
    return Run(numbers.factor(text) if factor else text, role, source=address)


def _power(figures: Figures, addresses: Sequence[Address]) -> Line:
    """A number as a power, or a difference of two, each with its own address."""
    texts = [figures.text(address) for address in addresses]
    texts = [texts[0], *map(numbers.factor, texts[1:])]
    runs = [Run(f"^{{{text}}}", "ink", source=at, markup=True) for text, at in zip(texts, addresses, strict=True)]
    return phrases.join([(run,) for run in runs], Run("^{ − }", "ink", markup=True))


def _number_made(figures: Figures, target: Address) -> Run:
    """The number that a step ends in."""
    role = "probability" if figures.film.kinds.get(target.tensor) == "share" else "result"
    return phrases.result(figures.text(target), target, role)


def _result(figures: Figures, acted: Acted, target: Address) -> Line:
    number = _number_made(figures, target)
    own = figures.film.templates.get(target.tensor)
    if own and own(target).endswith("→"):  # what becomes of a number is not what it equals
        return (Run(" → ", late=True), number)
    return (phrases.relation_run(_relation(figures, acted, target, number.text)), number)


def _passed(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The cell that a linear activation passes on as it is."""
    if acted.step.operation != "activate" or dict(acted.step.parameters)["name"] != "linear":
        return None
    return figures.covered(acted.step.reads[0], target)[0]


def _all_zero(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a cell is a sum of products of which not one is other than zero."""
    if acted.step.operation not in SUMS:
        before = _passed(figures, acted, target)
        made = before is not None and figures.made(before.tensor)
        return bool(before and made and _all_zero(figures, figures.acted_at(before), before))
    return not phrases.counted(unfolded(figures, target))[0]


def _hidden(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The sum that an activation reads, where no part of the stage shows it."""
    if acted.step.operation != "activate" or acted.step.reads[0].tensor in figures.drawn | acted.told:
        return None
    (before,) = figures.covered(acted.step.reads[0], target)
    adds = figures.made(before.tensor) and figures.acted_at(before).step.operation in SUMS
    return before if adds and sum(map(len, unfolded(figures, before))) > 1 else None


def _relation(figures: Figures, acted: Acted, target: Address, text: str) -> numbers.Relation:
    if figures.trace.tensor(target.tensor).labels is not None:
        return "="
    if acted.step.operation in SUMS:
        return displayed.relation(phrases.styled(unfolded(figures, target)), [], text)
    before = _passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return _relation(figures, figures.acted_at(before), before, text)
    if _placed(figures, acted, target):
        return displayed.relation(phrases.styled([_product(figures, target)]), [], text)
    hidden, parameters = _hidden(figures, acted, target), dict(acted.step.parameters)
    if hidden:
        total = displayed.total(phrases.styled(unfolded(figures, hidden)))
        given, vanish = [] if total is None else [np.array(_double(total))], total is None
    else:
        shown = [figures.displayed(figures.covered(region, target)) for region in acted.step.reads]
        given, vanish = [values for values, _ in shown], any(lost for _, lost in shown)
        parameters |= figures.film.displayed.get(target.tensor, {})
    if acted.step.operation in CHOICES:
        return "="
    if vanish:
        return "≈"
    with np.errstate(all="ignore"):
        reached = OPERATIONS[acted.step.operation].run(*given, **parameters)
    return numbers.agrees(float(np.ravel(reached)[0]), text)


def _double(exact: Fraction | float) -> float:
    """The nearest double; what is beyond all of them is infinite."""
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _exactly(factors: Sequence[str]) -> Fraction | float:
    """A product of displayed numbers, exact where all are finite."""
    return prod((numbers.exact(text) for text in factors), start=Fraction(1))


def _parameter(value: float) -> str:
    text = f"{value:g}"
    return text.replace("-", numbers.MINUS) if "e" not in text else numbers.text(value, numbers.style(value))
