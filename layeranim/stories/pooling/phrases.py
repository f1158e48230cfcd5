"""The arithmetic of one pooling window in words: what its numbers become, and where a gradient goes back to."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from layeranim import displayed, numbers
from layeranim.numbers import Style
from layeranim.stories import phrases
from layeranim.stories.pooling.view import PoolView, PoolWindow
from layeranim.stories.storyboard import Address, Fact, Line, Run

Styles = dict[str, Style]
ALL, SOME = 9, 5  # so many numbers of a window are written out; of more the first five
COMMA = Run(", ")
OTHERS = (Run(",  the others ", late=True), Run("0", source=Fact("others"), late=True))


def forward(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """``max(4, 7, 6, 3) = 7``, ``(4 + 7 + 6 + 3) / 4 = 5`` or ``√(4² + 7² + 6² + 3²) ≈ 10.49``."""
    return {"max": _max, "mean": _mean, "lp": _norm}[view.kind](view, w, styles)


def brief(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """Only the result, for steps too short to read more."""
    name = {"max": "max", "mean": "mean", "lp": "p-norm"}[view.kind]
    if view.config.backward:
        text = numbers.text(view.trace["grad_output"][w.index], styles["grad_output"])
        gradient = Run(text, "ink", source=Address("grad_output", w.index))
        verb = " to the winner of the " if view.kind == "max" else " over the "
        return Run("gradient "), gradient, Run(verb), Run("window", "focus"), *_in_all(view, w, styles)
    result = _result(view, w, styles)
    return Run(f"{name} of the "), Run("window", "focus"), phrases.equals(result.text, late=True), result


def _in_all(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """What the winner of a maximum has got from several windows, once the last that reads it has passed."""
    if view.kind != "max" or len(view.wins(w)) == 1:
        return ()
    row, col = (at - before for at, before in zip(view.winner(w), view.before, strict=True))
    if (view.last[0][row], view.last[1][col]) != (w.r, w.c):
        return ()
    cell = (w.b, w.channel, row, col)
    text = numbers.text(view.trace["grad_input"][cell], styles["grad_input"])
    return Run(",  in all "), phrases.result(text, Address("grad_input", cell))


def _result(view: PoolView, w: PoolWindow, styles: Styles) -> Run:
    text = numbers.text(view.trace["output"][w.index], styles["output"])
    return phrases.result(text, Address("output", w.index))


@dataclass(frozen=True, eq=False)
class Covering(Sequence[Run]):
    """The numbers of the input under a window in reading order, the winner of a maximum in its role; no text of one
    that is not shown."""

    values: NDArray[Any]
    style: Style
    places: NDArray[np.intp]
    lead: tuple[int, int]
    winner: tuple[int, int] | None

    def __len__(self) -> int:
        return len(self.values)

    @overload
    def __getitem__(self, at: int) -> Run: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[Run]: ...
    def __getitem__(self, at: int | slice) -> Run | Sequence[Run]:
        if isinstance(at, slice):
            return [self[i] for i in range(len(self))[at]]
        text = numbers.text(self.values[at], self.style)
        row, col = (int(i) for i in self.places[at])
        source = Address("padded", (*self.lead, row, col))
        if (row, col) == self.winner:
            return Run(text, "result", "semibold", source)
        return Run(text, "ink", source=source)

    def doubles(self) -> tuple[NDArray[np.float64], bool]:
        """The numbers as they read, and whether one reads as zero that is none."""
        return displayed.doubles(self.values, self.style)


def _numbers(view: PoolView, w: PoolWindow, styles: Styles) -> Covering:
    real, _ = view.counted(w)
    rows, cols = (np.array(along)[at] for along, at in zip(view.taps(w), np.nonzero(real), strict=True))
    values = view.trace["padded"][w.b, w.channel][rows, cols]
    winner = view.winner(w) if view.kind == "max" else None
    return Covering(values, styles["input"], np.stack([rows, cols], axis=1), (w.b, w.channel), winner)


def _shortened(runs: Sequence[Run], make: Callable[[list[Line]], Line], keep: int | None = None) -> Line:
    """The line that ``make`` builds of as many numbers as fit; the one at ``keep`` is always among them."""
    sizes = [len(runs)] if len(runs) <= ALL else []
    for most in [*sizes, *range(min(SOME, len(runs) - 1), 0, -1)]:
        last = range(most - 1, most) if keep is None or keep < most else range(keep, keep + 1)
        shown: list[Line] = [(run,) for run in runs[: most - 1]]
        between, after = last.start - (most - 1), len(runs) - last.stop
        parts = [*shown, *([phrases.more(between)] if between else []), (runs[last.start],)]
        line = make([*parts, *([phrases.more(after)] if after else [])])
        if phrases.fits(line):
            return line
    return make([phrases.more(len(runs), "numbers")])


def _counted(part: Line) -> bool:
    """Whether a part stands for numbers that are not written."""
    return part[0].source == Fact("hidden terms")


def _max(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    runs = _numbers(view, w, styles)
    keep, result = int(np.flatnonzero((runs.places == runs.winner).all(axis=1))[0]), _result(view, w, styles)
    lost = runs.doubles()[1]

    def make(parts: list[Line]) -> Line:
        inner = phrases.join(parts, COMMA)
        relation = phrases.equals(result.text, lost=lost, late=True)
        return Run("max("), *inner, Run(")"), relation, result

    return _shortened(runs, make, keep)


def _mean(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    runs, (_, zeros) = _numbers(view, w, styles), view.counted(w)
    over = view.trace["divisors"][w.r, w.c]
    text = numbers.text(over, Style(0))
    result = _result(view, w, styles)
    total = displayed.total([[(runs.values, runs.style)]])
    said = "≈" if total is None else numbers.agrees(total / numbers.exact(text), result.text)
    relation = phrases.relation_run(said)
    ending = (Run(f"{zeros} zero{'s' * (zeros > 1)}", source=Fact("padding")),) if zeros else ()

    def make(parts: list[Line]) -> Line:
        terms = [*_factors(parts), *([ending] if ending else [])]
        inner = (Run("("), *phrases.join(terms), Run(")")) if len(terms) > 1 else phrases.join(terms)
        return (*inner, Run(" / "), Run(text, "ink", source=Address("divisors", (w.r, w.c))), relation, result)

    return _shortened(runs, make)


def _factors(parts: list[Line]) -> list[Line]:
    """Addends: a negative one in parentheses, but not at the beginning."""
    rest = [tuple(Run(numbers.factor(r.text), r.role, r.weight, r.source) for r in part) for part in parts[1:]]
    return [*parts[:1], *rest]


def _norm(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    p, runs, result = float(view.config.norm_type), _numbers(view, w, styles), _result(view, w, styles)
    read, lost = runs.doubles()
    relation = phrases.relation_run("≈" if lost else numbers.agrees(_p_norm(read, p), result.text))

    def make(parts: list[Line]) -> Line:
        if p == 2:
            based = _factors([(COMMA,), *parts])[1:]  # a square has its parentheses wherever it stands
            squares = [part if _counted(part) else (*part, Run("²")) for part in based]
            return Run("√("), *phrases.join(squares), Run(")"), relation, result
        if p == 1:
            sizes = [part if _counted(part) else (Run("|"), *part, Run("|")) for part in parts]
            return *phrases.join(sizes), relation, result
        power = Run(f"|^{{{p:g}}}", markup=True, source=Fact("norm_type"))
        raised = [part if _counted(part) else (Run("|"), *part, power) for part in parts]
        root = Run(f")^{{1/{p:g}}}", markup=True, source=Fact("norm_type"))
        return Run("("), *phrases.join(raised), root, relation, result

    return _shortened(runs, make)


def _p_norm(read: NDArray[np.float64], p: float) -> float:
    """(Σ |x|ᵖ)^(1/p) of displayed numbers, scaled by the largest so that no power overflows."""
    sizes = np.abs(read)
    if np.isnan(sizes).any():
        return math.nan
    most = float(sizes.max())
    if most == 0 or not math.isfinite(most):
        return most
    return float(most * math.fsum((sizes / most) ** p) ** (1 / p))


# ── backwards ────────────────────────────────────────────────────────────────
def backward(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """Which cells of a window get which part of its gradient."""
    return {"max": _routed, "mean": _spread, "lp": _bent}[view.kind](view, w, styles)


def _gradient(view: PoolView, index: tuple[int, ...], styles: Styles, factor: bool = False) -> Run:
    text = numbers.text(view.trace["grad_output"][index], styles["grad_output"])
    return Run(numbers.factor(text) if factor else text, "ink", "semibold", Address("grad_output", index))


def _routed(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """``the winner, 7, gets 2,  the others 0``; of several windows won ``gets 2 + 3 = 5`` with the last of them."""
    at = view.winner(w)
    held = numbers.text(view.trace["padded"][w.b, w.channel][at], styles["input"])
    head = (Run("the winner, "), Run(held, "ink", "semibold", Address("padded", (w.b, w.channel, *at))), Run(", gets "))
    won = view.wins(w)
    cell = (w.b, w.channel, at[0] - view.before[0], at[1] - view.before[1])
    total = numbers.text(view.trace["grad_input"][cell], styles["grad_input"])
    result = phrases.result(total, Address("grad_input", cell))
    if len(won) == 1:
        alone = not view.disjoint or view.counted(w)[0].sum() == 1
        return *head, result, *(() if alone else OTHERS)
    seen = [index for index in won if index <= w.index]
    terms: list[Line] = [(_gradient(view, index, styles, factor=True),) for index in seen[-SOME:]]
    if len(seen) > SOME:
        terms = [phrases.more(len(seen) - SOME), *terms]
    if len(seen) < len(won):
        return *head, *phrases.join([*terms, phrases.more(len(won) - len(seen), "to come")])
    texts = [(numbers.text(view.trace["grad_output"][index], styles["grad_output"]),) for index in won]
    line = *head, *phrases.join(terms), phrases.relation_run(numbers.relation(texts, total)), result
    return line if phrases.fits(line) else (*head, result)


def _spread(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """``2 / 4 = 0.50 to each of 4 cells``."""
    over = numbers.text(view.trace["divisors"][w.r, w.c], Style(0))
    share = numbers.text(view.trace["shares"][w.index], styles["shares"])
    gradient = _gradient(view, w.index, styles)
    with np.errstate(all="ignore"):
        reached = numbers.exact(gradient.text) / numbers.exact(over)
    n = int(view.counted(w)[0].sum())
    return (
        gradient,
        Run(" / "),
        Run(over, "ink", source=Address("divisors", (w.r, w.c))),
        phrases.relation_run(numbers.agrees(reached, share, gradient.text)),
        phrases.result(share, Address("shares", w.index)),
        Run(f"  to each of {n} cells" if n > 1 else "  to its cell", source=Fact("window"), late=True),
    )


def _bent(view: PoolView, w: PoolWindow, styles: Styles) -> Line:
    """``2 · 7 / 10.49 ≈ 1.33`` for the largest number of a window under the 2-norm, else the rule in words."""
    gradient = _gradient(view, w.index, styles)
    norm = numbers.text(view.trace["output"][w.index], styles["output"])
    texts = _numbers(view, w, styles)
    largest = texts[int(np.argmax(np.nan_to_num(np.abs(texts.doubles()[0]), nan=-1.0, posinf=np.inf)))]
    source = largest.source
    known = numbers.exact(norm)
    if view.config.norm_type != 2 or not isinstance(source, Address) or not isinstance(known, Fraction) or not known:
        return Run("gradient "), gradient, Run(", to each number by its share in the norm")
    b, channel, r, c = source.index
    cell = (b, channel, r - view.before[0], c - view.before[1])
    head = (
        gradient,
        Run(numbers.DOT),
        Run(numbers.factor(largest.text), "ink", source=source),
        Run(" / "),
        Run(norm, "ink", source=Address("output", w.index)),
    )
    if not view.disjoint:
        return *head, Run("  to this number, to each its own")
    total = numbers.text(view.trace["grad_input"][cell], styles["grad_input"])
    reached = _product(numbers.exact(gradient.text), numbers.exact(largest.text)) / known
    relation = numbers.agrees(reached, total, gradient.text, largest.text, norm)
    result = phrases.result(total, Address("grad_input", cell))
    return *head, phrases.relation_run(relation), result, Run("  to the largest", late=True)


def _product(a: Any, b: Any) -> Any:
    return a * b if isinstance(a, Fraction) and isinstance(b, Fraction) else float(a) * float(b)
