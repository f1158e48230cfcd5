"""Captions from Steps: how every operation of the engine that a film shows is written, in the numbers on stage.

``=`` stands where the engine's own operation, run on the displayed numbers, gives the displayed result; else ``≈``.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from math import prod
from typing import Any

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.engine.trace import Array
from layeranim.stories import phrases, rows
from layeranim.stories.activations import activation_name
from layeranim.stories.stage.axes import LARGEST
from layeranim.stories.stage.charges import charged, reduced, sloped
from layeranim.stories.stage.figures import Acted, Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run

WRITTEN: dict[str, str | tuple[str, ...] | Callable[[Sequence[float], Mapping[str, Any]], str]] = {
    "activate": "{name}({0})",
    "average": "({all: + }) / {n}",
    "blend": "{old} · {0} + {weight} · {1f}",
    "charge": charged,
    "copy": "{0}",
    "deviation": "√({0} + {eps})",
    "divide": "{0} / {1f}",
    "divide_by": "{0} / {by}",
    "dot": "{pairs}",
    "exponential": "e{0^}",
    "leak": "PReLU({0})",
    "logarithm": "ln {0}",
    "mean_of_squares": "({squares}) / {n}",
    "minus": "{0} − {1f}",
    "multiply": "{0} · {1f}",
    "reduce": reduced,
    "rescale": "{factor} · {0f}",
    "scale_shift": ("{0}", "{1} · {0f}", "{1} · {0f} + {2f}"),
    "log_softmax": "log-softmax({all:, })",
    "surprise": "−{0} · {1f}",
    "total_by": "({all: + }) / {1f}",
    "unroll": "{0}",
    "select": "max({all:, })",
    "slope": sloped,
    "softmax": "softmax({all:, })",
}
"""How operations are written; a sum is written as the terms that add up to it.

``{0}`` is what is read first, ``{1f}`` what is read second as a factor, ``{0^}`` as a power; ``{by}`` a parameter.

``{all: + }`` are all numbers of what is read, ``{squares}`` their squares, ``{pairs}`` products of the first and the
second, ``{n}`` how many there are. Where an operation reads one to three things, there is one template for each; where
the numbers decide, a function of the first of each and of the parameters, which may give nothing: then the result
stands alone."""

_WORD = re.compile(r"(\{[^{}]*\})")
TALLIED = 12
"""Sums of more terms than these arrive at once."""
_MOST_RUN = 20_000  # of more displayed numbers ``=`` is not tried


def written(figures: Figures, acted: Acted, target: Address, most: int = phrases.MOST_TERMS, name: Line = ()) -> Line:
    """The arithmetic that makes one cell, with as many terms as fit; how many are hidden is said.

    Of an operation that nobody wrote down here it is the result, behind its ``name``.
    """
    if acted.step.operation not in ("sum", "add") and not _template(figures, acted, target):
        return short(figures, acted, target, name)
    if _all_zero(figures, acted, target):
        *_, number = _result(figures, acted, target)
        said = "all products are 0" if len(unfolded(figures, target)) > 1 else "the product is 0"
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
    if acted.step.operation in ("sum", "add"):
        terms = unfolded(figures, target)
        live = _live(terms)
        return _summed(live, len(terms) - len(live), most)
    before = _passed(figures, acted, target)
    if before:
        made = figures.made(before.tensor)
        return (
            _operands(figures, figures.acted_at(before), before, most) if made else (_number(figures, before, False),)
        )
    if _placed(figures, acted, target):
        return _product(figures, acted, target).runs
    hidden = _hidden(figures, acted, target)
    if hidden:  # a sum that stands nowhere else: its terms go into the function
        name = activation_name(dict(acted.step.parameters)["name"])
        inner = _operands(figures, figures.acted_at(hidden), hidden, most)
        return (Run(f"{name}(", source=Fact("activation")), *inner, Run(")"))
    return _from_template(figures, acted, target, most)


@dataclass(frozen=True)
class Summand:
    """One term of a sum: its runs, the displayed factors that it stands for, whether it is exactly zero, its cell.

    ``of`` are the cells of its factors.
    """

    runs: Line
    factors: tuple[str, ...]
    zero: bool = False
    cell: Address | None = None
    of: tuple[Address, ...] = ()


def unfolded(figures: Figures, target: Address) -> list[Summand]:
    """The terms that add up to a cell: of a sum of products the products, of a sum of sums the sums."""
    acted = figures.acted_at(target)
    before = _passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return unfolded(figures, before)
    cells = [cell for region in acted.reads for cell in figures.addresses(region, target)]
    out: list[Summand] = []
    for one in cells:
        made = figures.acted_at(one) if figures.made(one.tensor) else None
        if made and made.step.operation == "multiply":
            out.append(_product(figures, made, one))
        elif made and made.step.operation == "sum" and sum(c.tensor == one.tensor for c in cells) == 1:
            out += unfolded(figures, one)
        else:
            number = _number(figures, one, True)
            out.append(Summand((number,), (number.text,), cell=one, of=(one,)))
    return out


def _placed(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a product's factors are found by their places: the axes of a window are not those of its products."""
    return acted.step.operation == "multiply" and any(
        sum(1 for _ in itertools.islice(figures.addresses(region, target), 2)) > 1 for region in acted.step.reads
    )


def so_far(figures: Figures, target: Address) -> tuple[float, ...]:
    """What a sum, or a mean, has come to before its last term, in the displayed numbers.

    Nothing of what is no sum, of one that has a single term other than zero, or more than anybody follows.
    """
    before = _passed(figures, figures.acted_at(target), target)
    if before and figures.made(before.tensor):
        return so_far(figures, before)
    terms, over = _terms_of(figures, figures.acted_at(target), target)
    if not 1 < len(terms) <= TALLIED or not all(isinstance(term, Fraction) for term in terms):
        return ()
    return tuple(float(total / over) for total in accumulate(terms[:-1]))


def _terms_of(figures: Figures, acted: Acted, target: Address) -> tuple[list[Any], int]:
    """The numbers that add up to a cell, and what their sum is divided by."""
    operation = acted.step.operation
    if operation in ("sum", "add"):
        return [_exactly(part.factors) for part in unfolded(figures, target) if not part.zero], 1
    if operation not in ("average", "mean_of_squares", "dot", "reduce"):
        return [], 1
    reads = [[numbers.exact(figures.text(at)) for at in figures.addresses(region, target)] for region in acted.reads]
    if operation == "dot":
        return [a * b for a, b in zip(*reads, strict=True)], 1
    over = dict(acted.step.parameters).get("divisor", len(reads[0]))
    return [one * one if operation == "mean_of_squares" else one for one in reads[0]], over


def _live(terms: Sequence[Summand]) -> list[Summand]:
    """The terms that are written out: of a few all, of many those that are not zero."""
    return [term for term in terms if not term.zero or len(terms) <= phrases.MOST_TERMS]


def counted(figures: Figures, target: Address) -> list[tuple[Summand, Line]]:
    """The terms of a sum that are written out, each with the sum so far; none where it is one term, or many.

    The last sum is that of the cell itself.
    """
    acted = figures.acted_at(target)
    terms = _live(unfolded(figures, target)) if _adds(acted) else []
    if not 1 < len(terms) <= TALLIED:
        return []
    total, style, out = Fraction(0), figures.style(target.tensor), list[tuple[Summand, Line]]()
    for part in terms[:-1]:
        exact = [numbers.exact(text) for text in part.factors]
        if not all(isinstance(one, Fraction) for one in exact):
            return []
        total += Fraction(prod(Fraction(one) for one in exact))
        if abs(total) > LARGEST:
            return []
        out.append((part, (Run(numbers.text(float(total), style), "ink", source=Fact("sum so far")),)))
    return [*out, (terms[-1], (Run(figures.text(target), "result", "semibold", target),))]


def _adds(acted: Acted) -> bool:
    return acted.step.operation in ("sum", "add")


def _product(figures: Figures, made: Acted, cell: Address) -> Summand:
    """A product with its two factors."""
    of = figures.factors(made)[cell]
    factors = [_number(figures, one, True) for one in of]
    runs: Line = (factors[0], Run(numbers.DOT), factors[1])
    return Summand(runs, tuple(run.text for run in factors), figures.value(cell) == 0, cell, of)


def _summed(live: Sequence[Summand], zeros: int, most: int) -> Line:
    """Terms as far as they have room, then how many are hidden, and how many are zero."""
    shown: list[Line] = [part.runs for part in live[:most]]
    if len(live) > most:
        shown.append(phrases.more(len(live) - most))
    if zeros and live:
        shown.append((Run(f"{zeros} zero{'s' * (zeros > 1)}", source=Fact("zero products")),))
    elif zeros:
        shown.append((Run("0", source=Fact("zero products")),))
    return phrases.join(shown)


def _from_template(figures: Figures, acted: Acted, target: Address, most: int) -> Line:
    parameters = dict(acted.step.parameters)
    reads = [list(figures.addresses(region, target)) for region in acted.step.reads]
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
                     for a, b in list(zip(*reads, strict=True))[:most]]  # fmt: skip
            out += _terms(pairs, len(reads[0]), " + ")
        elif key == "n":
            out.append(Run(str(len(reads[0])), source=Fact("count")))
        elif key.endswith("^"):
            out.append(_power(figures, reads[int(key[0])][0]))
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
    firsts = [figures.value(next(iter(figures.addresses(region, target)))) for region in acted.step.reads]
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


def _power(figures: Figures, address: Address) -> Run:
    return Run(f"^{{{figures.text(address)}}}", "ink", source=address, markup=True)


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
    return next(figures.addresses(acted.step.reads[0], target))


def _all_zero(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a cell is a sum of products of which not one is other than zero."""
    if acted.step.operation not in ("sum", "add"):
        before = _passed(figures, acted, target)
        made = before is not None and figures.made(before.tensor)
        return bool(before and made and _all_zero(figures, figures.acted_at(before), before))
    return all(term.zero for term in unfolded(figures, target))


def _hidden(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The sum that an activation reads, where no part of the stage shows it."""
    if acted.step.operation != "activate" or acted.step.reads[0].tensor in figures.drawn | acted.told:
        return None
    (before,) = figures.addresses(acted.step.reads[0], target)
    adds = figures.made(before.tensor) and figures.acted_at(before).step.operation in ("sum", "add")
    return before if adds and len(unfolded(figures, before)) > 1 else None


def _relation(figures: Figures, acted: Acted, target: Address, text: str) -> numbers.Relation:
    if acted.step.operation in ("sum", "add"):
        return numbers.relation([part.factors for part in unfolded(figures, target)], text)
    before = _passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return _relation(figures, figures.acted_at(before), before, text)
    if _placed(figures, acted, target):
        return numbers.relation([_product(figures, acted, target).factors], text)
    hidden = _hidden(figures, acted, target)
    if hidden:
        total = sum((_exactly(part.factors) for part in unfolded(figures, hidden)), Fraction(0))
        with np.errstate(all="ignore"):
            bent = OPERATIONS["activate"].run(np.array(_double(total)), **dict(acted.step.parameters))
        return numbers.agrees(float(bent), text, *(f for part in unfolded(figures, hidden) for f in part.factors))
    given = [list(figures.addresses(region, target)) for region in acted.step.reads]
    if sum(map(len, given)) > _MOST_RUN:
        return "≈"
    operands = [[figures.text(address) for address in cells] for cells in given]
    parameters = {**dict(acted.step.parameters), **figures.film.displayed.get(target.tensor, {})}
    with np.errstate(all="ignore"):
        reached = OPERATIONS[acted.step.operation].run(*(_displayed(texts) for texts in operands), **parameters)
    return numbers.agrees(float(np.ravel(reached)[0]), text, *(one for texts in operands for one in texts))


def _double(exact: Fraction | float) -> float:
    """The nearest double; what is beyond all of them is infinite."""
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _exactly(factors: Sequence[str]) -> Fraction | float:
    """A product of displayed numbers, exact where all are finite."""
    return prod((numbers.exact(text) for text in factors), start=Fraction(1))


def _displayed(texts: Sequence[str]) -> Array:
    """The numbers as they are displayed; one alone without an axis."""
    doubles = np.array([numbers.double(text) for text in texts])
    return doubles if len(doubles) > 1 else doubles.reshape(())


def _parameter(value: float) -> str:
    text = f"{value:g}"
    return text.replace("-", numbers.MINUS) if "e" not in text else numbers.text(value, numbers.style(value))
