"""Captions from Steps: how every operation of the engine that a film shows is written, in the numbers on stage.

``=`` stands where the engine's own operation, run on the displayed numbers, gives the displayed result; else ``≈``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import displayed, numbers, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.stories import phrases, rows
from layeranim.stories.activations import activation_name
from layeranim.stories.phrases import Terms
from layeranim.stories.stage.charges import chained, charged, clamped, moved, normed, reduced, sloped
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Windows
from layeranim.stories.stage.slices import Covered
from layeranim.stories.stage.sums import (
    SUMS,
    adds,
    behind,
    dotted,
    passed,
    product,
    real,
    told_terms,
    unfolded,
    written_terms,
)
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.storyboard import Address, Fact, Line, Run

WRITTEN: dict[str, str | tuple[str, ...] | Callable[[Sequence[float], Mapping[str, Any]], str]] = {
    "activate": "{name}({0})",
    "add_scaled": moved,
    "average": "({all: + }) / {n}",
    "best": "{0} is the largest: its share",
    "blend": "{old} · {0} + {weight} · {1f}",
    "chain": chained,
    "charge": charged,
    "clamp": clamped,
    "copy": "{0}",
    "deviation": "√({0} + {eps})",
    "divide": "{0} / {1f}",
    "divide_by": "{0} / {by}",
    "dot": "{pairs}",
    "exponential": "e{0^}",
    "exponentiate": "e{0 − 1^}",
    "half_squares": "½ · ({squares})",
    "join": "{0}",
    "largest": "max({all:, })",
    "leak": "PReLU({0})",
    "logarithm": "ln {0}",
    "mean_of_squares": "({squares}) / {n}",
    "minus": "{0} − {1f}",
    "multiply": "{0} · {1f}",
    "multiply_add": "{0} + {1f} · {2f}",
    "norm": normed,
    "norm_of_cells": "√({squares})",
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

``{all: + }`` are all numbers of what is read, ``{squares}`` their squares, ``{sizes}`` their sizes without sign and
``{powers}`` these to the power of ``{p}``, ``{pairs}`` products of the first and the second, ``{n}`` how many there
are. Where an operation reads one to three things, there is one template for each; where the numbers decide, a function
of the first of each and of the parameters, which may give nothing: then the result stands alone."""

ALL, SOME = 9, 5
"""So many single numbers are written out, of a window or a row; of more the first five."""
CHOSEN = ("largest", "select")
"""Operations that take one of the numbers that they read as it is."""
CHOICES = ("best",)
"""Operations that look at a whole row for each cell, and give 1 to the cell that is told."""
_WORD = re.compile(r"(\{[^{}]*\})")
LONE = re.compile(r"(?<![a-z])\((\{(?:all|squares)[^{}]*\})\)")
"""Parentheses around all numbers of what is read, and nothing else."""
POSITIVE = ("exponential", "exponentiate", "sigmoid", "softplus")
"""Operations and activations whose results are never 0, however near: a 0 is what a computer made of one."""


def written(
    figures: Figures, acted: Acted, target: Address, most: int = phrases.MOST_TERMS, name: Line = (), lead: Line = ()
) -> Line:
    """The arithmetic that makes one cell, behind ``lead``, with as many terms as fit; how many are hidden is said.

    Of an operation that nobody wrote down here it is the result, behind its ``name``.
    """
    if acted.step.operation not in SUMS and not _template(figures, acted, target):
        return short(figures, acted, target, name)
    if _all_zero(figures, acted, target):
        *_, number = _result(figures, acted, target)
        said = "all products are 0" if sum(map(len, unfolded(figures, target))) > 1 else "the product is 0"
        return (Run(said, source=Fact("zero products")), Run(", so the sum is ", late=True), number)
    if name and _lone(figures, acted, target):  # nothing is called equal to itself
        return short(figures, acted, target, name)
    for shown in _lengths(figures, acted, target, most):
        line = (*lead, *_operands(figures, acted, target, shown), *_result(figures, acted, target, shown))
        if rows.hold(line, theme.CAPTION_FLOOR, figures.telling.film.canvas):
            return line
    return short(figures, acted, target, name)


def _lengths(figures: Figures, acted: Acted, target: Address, most: int) -> Sequence[int]:
    """How many terms are tried: of a window's single numbers all, if they are few, else the first; of those that stand
    apart from all others, all. No single term is hidden: it is hardly longer than what counts it."""
    plain = acted.step.operation in ("select", "norm") or _quotient(figures, acted, target)
    if not plain or not isinstance(figures.film.units, Windows):
        total = _hidden(figures, acted, target) or target
        if adds(behind(figures, figures.acted_at(total), total)):
            terms = unfolded(figures, total)
            count = sum(map(len, terms))
            one_hidden = phrases.counted(terms)[0] == most + 1 or count == most + 1 == 2
            whole = any(group.many for group in terms) or one_hidden
        else:
            count = len(figures.covered(acted.step.reads[0], target))
            whole = count == most + 1
        return range(max(most, count if whole else 0), 0, -1)
    source = _quotient(figures, acted, target) or target
    count = len(real(figures, figures.covered(figures.acted_at(source).step.reads[0])))
    return [*([count] if count <= ALL else []), *range(min(SOME, count - 1), 0, -1)]


def _zeros(figures: Figures, cells: Covered) -> int:
    """How many of them are padding that counts as zero."""
    mask = figures.film.masks.get(cells.tensor)
    if mask is None or mask.counts is None:
        return 0
    rows, cols = cells.spans[-2:]
    return int(mask.counts[np.ix_(list(rows), list(cols))].sum())


def _quotient(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The sum that is divided into a mean of a window, where no part of the stage shows it as a cell."""
    if acted.step.operation != "divide" or not isinstance(figures.film.units, Windows):
        return None
    before = figures.covered(acted.step.reads[0], target)[0]
    adds = figures.made(before.tensor) and figures.acted_at(before).step.operation in SUMS
    return before if adds and before.tensor not in figures.drawn | acted.told else None


def short(figures: Figures, acted: Acted, target: Address, name: Line = ()) -> Line:
    """The result alone, behind its name: what a beat has room for that nobody can read more of."""
    number = _number_made(figures, target)
    return (*name, phrases.equals(number.text, late=True), number)


def _operands(figures: Figures, acted: Acted, target: Address, most: int) -> Line:
    if acted.step.operation in SUMS:
        terms = written_terms(figures, target, most)
        every, most = told_terms(terms), max(most, 2) if any(group.many for group in terms) else most
        return _summed(terms if phrases.counted(every)[0] > most else every, most)  # zeros give way first
    before = passed(figures, acted, target)
    if before:
        made = figures.made(before.tensor)
        return _operands(figures, figures.acted_at(before), before, most) if made else (figures.number(before),)
    if _placed(figures, acted, target):
        return product(figures, target).first(1)[0]
    total = _quotient(figures, acted, target)
    if total:
        return _mean(figures, acted, target, total, most)
    hidden = _hidden(figures, acted, target)
    if hidden:  # a sum that stands nowhere else: its terms go into the function
        name = activation_name(dict(acted.step.parameters)["name"])
        inner = _operands(figures, figures.acted_at(hidden), hidden, most)
        return (Run(f"{name}(", source=Fact("activation")), *inner, Run(")"))
    return _from_template(figures, acted, target, most)


def _mean(figures: Figures, acted: Acted, target: Address, total: Address, most: int) -> Line:
    """``(4 + 7 + 3 zeros) / 4``: a sum that stands nowhere else, over its divisor."""
    cells = figures.covered(figures.acted_at(total).step.reads[0])
    terms = unfolded(figures, total)
    live, zeros = phrases.counted(terms)[0], _zeros(figures, cells)
    shown: list[Line] = [(figures.number(at, i > 0),) for i, at in enumerate(terms[0].cells[:most])]
    shown += [phrases.more(live - most)] * (live > most) + [phrases.zeros_of(zeros)] * (zeros > 0)
    inner = phrases.join(shown)
    by = figures.number(figures.covered(acted.step.reads[1], target)[0], True)
    return (*((Run("("), *inner, Run(")")) if len(shown) > 1 else inner), Run(" / "), by)


def _placed(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a product's factors are found by their places: the axes of a window are not those of its products."""
    return acted.step.operation == "multiply" and any(
        len(figures.covered(region, target)) > 1 for region in acted.step.reads
    )


def _summed(terms: Sequence[Terms], most: int) -> Line:
    """Terms as far as they have room, then how many are hidden, and how many are zero."""
    live, zeros = phrases.counted(terms)
    shown = phrases.first_of(terms, most)
    if live > most:
        shown.append(phrases.more(phrases.hidden(terms, most)))
    if zeros:
        shown.append(phrases.zeros_of(zeros) if live else (Run("0", source=Fact("zero products")),))
    return phrases.join(shown)


def _from_template(figures: Figures, acted: Acted, target: Address, most: int) -> Line:
    parameters = dict(acted.step.parameters)
    reads = [figures.covered(region, target) for region in acted.step.reads]
    template = _template(figures, acted, target)
    places = real(figures, reads[0])
    cells = reads[0] if len(places) == len(reads[0]) else [reads[0][int(i)] for i in places]
    best = _chosen(figures, acted, figures.read(reads[0])[places])
    if len(cells) == 1:  # a mean of one number, a sum of one square: nothing to hold together
        template = LONE.sub(r"\1", template)
    out: list[Run] = []
    for part in _WORD.split(template):
        key = part[1:-1]
        if not part.startswith("{"):
            out += [Run(part, source=Fact("options"))] if part else []
        elif key.startswith("all"):
            out += _all(figures, cells, key.partition(":")[2], most, best)
        elif key in _SIZED:
            out += _sized(figures, cells, key, parameters, most)
        elif key == "root":
            out.append(Run("^{{1/{p:g}}}".format(**parameters), markup=True, source=Fact("p")))
        elif key == "pairs":
            out += _pairs(figures, reads, target, most)
        elif key == "n":
            out.append(Run(str(len(reads[0])), source=Fact("count")))
        elif key.endswith("^"):
            out += _power(figures, [reads[int(place)][0] for place in key[:-1].split(" − ")])
        elif key[0].isdigit():
            out.append(figures.number(reads[int(key[0])][0], key.endswith("f")))
        elif key == "name":
            out.append(Run(activation_name(parameters["name"]), source=Fact("activation")))
        elif key == "old":
            out.append(Run(_parameter(1 - parameters["weight"]), source=Fact(key)))
        else:
            out.append(Run(_parameter(parameters[key]), source=Fact(key)))
    return tuple(out)


def _pairs(figures: Figures, reads: Sequence[Covered], target: Address, most: int) -> Line:
    """Products of the numbers at the same place; of more than are written zeros give way first, and are counted; then
    the smallest, where the film is of the largest."""
    if long := dotted(figures, reads, target, most):
        return _summed(long, most)
    left, right = (figures.read(cells) for cells in reads)
    with np.errstate(all="ignore"):
        zero = ((left == 0) | (right == 0)) & (left * right == 0) & (len(left) > most)
        live = np.flatnonzero(~zero)
        if figures.film.largest and len(live) > most:
            live = live[np.argsort(-np.nan_to_num(np.abs((left * right)[live]), nan=np.inf), kind="stable")]

    def pair(i: int) -> Line:
        a, b = (figures.number(cells[int(live[i])], True) for cells in reads)
        return a, Run(numbers.DOT), b

    zeros = [phrases.zeros_of(len(left) - len(live))] if len(live) < len(left) else []
    return phrases.join([*([_terms(range(len(live)), pair, most, " + ")] if len(live) else []), *zeros])


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


_SIZED: dict[str, tuple[Line, str]] = {
    "squares": ((), "²"), "sizes": ((Run("|"),), "|"), "powers": ((Run("|"),), "|^{{{p:g}}}"),
}  # fmt: skip
"""What stands before a number that is squared, or taken without its sign, and what stands after it."""


def _chosen(figures: Figures, acted: Acted, values: NDArray[Any]) -> int | None:
    """Which of some numbers is chosen, where one is: it is written, however many are not."""
    if acted.step.operation not in CHOSEN:
        return None
    return int(np.argmax(np.where(np.isnan(values), np.inf, values)))


def _all(figures: Figures, cells: Sequence[Address], between: str, most: int, best: int | None) -> Line:
    """Numbers as they are; of a sum a negative one in parentheses, but not at the beginning."""
    return _terms(cells, lambda i: (figures.number(cells[i], "+" in between and i > 0),), most, between, best)


def _sized(figures: Figures, cells: Sequence[Address], key: str, parameters: Mapping[str, Any], most: int) -> Line:
    """Numbers that are squared, or taken without their sign and to a power, as terms of a sum."""
    before, after = _SIZED[key]
    power = Run(after.format(**parameters), markup="^" in after, source=Fact("p") if "^" in after else None)
    return _terms(cells, lambda i: (*before, figures.number(cells[i], not before), power), most, " + ")


def _terms(cells: Sequence[Any], make: Callable[[int], Line], most: int, between: str, keep: int | None = None) -> Line:
    """Terms with what joins them, the one to ``keep`` always among them; those that are hidden are counted."""
    far = keep is not None and keep >= most
    shown: list[int] = [*range(min(len(cells), most - far)), *([keep] if far and keep is not None else [])]
    parts: list[Line] = []
    for i, last in zip(shown, [-1, *shown], strict=False):
        parts += ([phrases.more(i - last - 1)] if i - last > 1 else []) + [make(i)]
    hidden = len(cells) - 1 - (shown[-1] if shown else -1)
    return phrases.join([*parts, *([phrases.more(hidden)] if hidden else [])], Run(between))


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


def _result(figures: Figures, acted: Acted, target: Address, most: int = 1) -> Line:
    number = _number_made(figures, target)
    own = figures.film.templates.get(target.tensor)
    if own and own(target).endswith("→"):  # what becomes of a number is not what it equals
        return (Run(" → ", late=True), number)
    return (phrases.relation_run(_relation(figures, acted, target, number.text, most)), number)


def _all_zero(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a cell is a sum of products of which not one is other than zero."""
    if acted.step.operation not in SUMS:
        before = passed(figures, acted, target)
        made = before is not None and figures.made(before.tensor)
        return bool(before and made and _all_zero(figures, figures.acted_at(before), before))
    return not phrases.counted(unfolded(figures, target))[0]


def _lone(figures: Figures, acted: Acted, target: Address) -> bool:
    """Whether a cell is the sum of a single number."""
    terms = unfolded(figures, target) if adds(acted) else []
    return sum(map(len, terms)) == 1 and len(terms[0].rows) == 1


def _hidden(figures: Figures, acted: Acted, target: Address) -> Address | None:
    """The sum that an activation reads, where no part of the stage shows it."""
    if acted.step.operation != "activate" or acted.step.reads[0].tensor in figures.drawn | acted.told:
        return None
    (before,) = figures.covered(acted.step.reads[0], target)
    adds = figures.made(before.tensor) and figures.acted_at(before).step.operation in SUMS
    return before if adds and sum(map(len, unfolded(figures, before))) > 1 else None


def _relation(figures: Figures, acted: Acted, target: Address, text: str, most: int) -> numbers.Relation:
    if figures.trace.tensor(target.tensor).labels is not None:
        return "="
    if acted.step.operation in SUMS:
        return displayed.relation(phrases.styled(written_terms(figures, target, most)), [], text)
    if acted.step.operation == "dot":
        reads = [figures.covered(region, target) for region in acted.step.reads]
        if long := dotted(figures, reads, target, most):
            return displayed.relation(phrases.styled(long), [], text)
    before = passed(figures, acted, target)
    if before and figures.made(before.tensor):
        return _relation(figures, figures.acted_at(before), before, text, most)
    if _placed(figures, acted, target):
        return displayed.relation(phrases.styled([product(figures, target)]), [], text)
    quotient, parameters = _quotient(figures, acted, target), dict(acted.step.parameters)
    hidden = quotient or _hidden(figures, acted, target)
    if hidden:
        terms = unfolded(figures, hidden) if quotient else written_terms(figures, hidden, most)
        total = displayed.total(phrases.styled(terms))
        given, vanish = [] if total is None else [np.array(_double(total))], total is None
        if quotient:
            given.append(figures.displayed(figures.covered(acted.step.reads[1], target))[0])
    else:
        shown = [figures.displayed(figures.covered(region, target)) for region in acted.step.reads]
        given, vanish = [values for values, _ in shown], any(lost for _, lost in shown)
        parameters |= figures.film.displayed.get(target.tensor, {})
    if acted.step.operation in CHOICES:
        return "="
    if vanish:
        return "=" if text == numbers.NAN else "≈"  # nothing is nearly NaN
    with np.errstate(all="ignore"):
        reached = float(np.ravel(OPERATIONS[acted.step.operation].run(*given, **parameters))[0])
    if reached == 0 and {acted.step.operation, parameters.get("name")} & {*POSITIVE} and np.isfinite(given[0]).all():
        return "≈"
    return numbers.agrees(reached, text)


def _double(exact: Fraction | float) -> float:
    """The nearest double; what is beyond all of them is infinite."""
    try:
        return float(exact)
    except OverflowError:
        return float("inf") if exact > 0 else float("-inf")


def _parameter(value: float) -> str:
    text = f"{value:g}"
    return text.replace("-", numbers.MINUS) if "e" not in text else numbers.text(value, numbers.style(value))
