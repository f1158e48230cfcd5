"""The arithmetic of one window as a caption: products, sums, bias, activation, with their addresses."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.activations import ACTIVATIONS
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.convolution.conv_plan import ConvPlan
from layeranim.stories.convolution.conv_view import ConvView, ConvWindow
from layeranim.stories.phrases import Addend, Term
from layeranim.stories.storyboard import Address, Cells, Line, Run

MOST_SUMS, MOST_ADDENDS = 64, 8  # channel sums that a caption counts, and that it writes


class ConvArithmetic:
    """Captions of one film's windows."""

    def __init__(self, view: ConvView, stage: ConvPlan) -> None:
        self.view, self.plan = view, stage

    def caption(self, u: int) -> Line:
        view, w = self.view, self.view.window(u)
        if view.symbolic:
            return self.symbolic(w)
        addends = [self.bias(w)] if view.biased else []
        out_style = self.plan.styles["output"]
        pre_style = self.plan.styles["pre_activation"] if view.activated else out_style
        pre = numbers.text(view.trace.read(w.of("pre_activation")), pre_style)
        tail = self.activated(w, pre) if view.activated else ()
        role, tensor = ("ink", "pre_activation") if view.activated else ("result", "output")
        source = Address(tensor, w.index)
        if view.depth > 1:
            sums = (
                [view.partial_cells(w, row, self.plan.styles["partial_sums"]) for row in range(view.depth)]
                if view.depth <= MOST_SUMS
                else []
            )
            parts = [
                Addend(str(c.texts[0, 0]), "ink", Address("partial_sums", (*w.index, i)))
                for i, c in enumerate(sums)
                if c.texts is not None
            ]
            return _sum_of_addends([*parts, *addends], pre, source, tail, role)
        return phrases.sum_of(self.terms(w), addends, pre, source, tail, role)

    def terms(self, w: ConvWindow) -> list[Term]:
        """The products of one window with one channel, as they are displayed."""
        view, styles = self.view, self.plan.styles
        left, right = view.window_cells(w, 0, styles["window"]), view.kernel_cells(w.f, 0, styles["kernel"])
        zero = view.trace.read(w.of("products"))[0] == 0
        rows, cols = view.kernel_shape
        out = []
        for r in range(rows):
            for c in range(cols):
                a, b = (str(x.texts[r, c]) if x.texts is not None else "" for x in (left, right))
                out.append(Term(a, b, bool(zero[r, c]), _source(left, r, c), _source(right, r, c)))
        return out

    def bias(self, w: ConvWindow) -> Addend:
        text = numbers.text(self.view.trace["bias"][w.f], self.plan.styles["bias"])
        return Addend(text, "weights", Address("bias", (w.f,)))

    def activated(self, w: ConvWindow, pre: str) -> Line:
        """``,  ReLU(−0.49) = 0.00``, or only its result where the line would not fit."""
        out = numbers.text(self.view.trace.read(w.of("output")), self.plan.styles["output"])
        name = activation_name(self.view.config.activation)
        given = numbers.exact(pre)
        reached = float(ACTIVATIONS[self.view.config.activation](_float(given)))
        source = Address("pre_activation", w.index)
        return (
            Run(f",  {name}(", late=True),
            Run(pre, "ink", source=source, late=True),
            Run(")", late=True),
            phrases.relation_run(numbers.agrees(reached, out, pre)),
            phrases.result(out, Address("output", w.index)),
        )

    def symbolic(self, w: ConvWindow) -> Line:
        left = self.view.window_cells(w, 0, self.plan.styles["window"])
        right = self.view.kernel_cells(w.f, 0, self.plan.styles["kernel"])
        if left.texts is None or right.texts is None:
            return ()
        pairs = zip(left.texts.ravel().tolist(), right.texts.ravel().tolist(), strict=True)
        parts = [(Run(a, "ink"), Run(numbers.DOT), Run(b, "weights")) for a, b in pairs]
        label = str(np.asarray(self.view.trace.tensor("output").labels)[w.index])
        line = (*phrases.join(parts), phrases.relation_run("="), phrases.result(label, None))
        return line if phrases.fits(line) else phrases.join(parts)

    def told(self, u: int, terse: bool) -> Line:
        """The arithmetic of a window, or its result alone; letters have none but their products."""
        return self.result(u) if terse and not self.view.symbolic else self.caption(u)

    def passing(self) -> Line:
        """What is done to window after window, while they pass too fast for numbers."""
        return (*self._rule(), Run(", window after window"))

    def _rule(self) -> Line:
        """``ReLU(Σ window · kernel + bias)``."""
        bias = (Run(" + "), Run("bias", "weights")) if self.view.biased else ()
        product = (Run("Σ "), Run("window", "focus"), Run(numbers.DOT), Run("kernel", "weights"), *bias)
        name = activation_name(self.view.config.activation)
        return (Run(f"{name}("), *product, Run(")")) if self.view.activated else product

    def result(self, u: int) -> Line:
        """``Σ window · kernel = 3``."""
        w = self.view.window(u)
        if self.view.symbolic:
            text = str(self.view.labels("output")[w.index])
        else:
            text = numbers.text(self.view.trace.read(w.of("output")), self.plan.styles["output"])
        return (
            *self._rule(),
            phrases.equals(text, late=True),
            phrases.result(text, Address("output", w.index)),
        )


def _source(cells: Cells, r: int, c: int) -> Any:
    return cells.sources(r, c) if cells.sources else None


def _float(value: Any) -> Any:
    return np.float64(float(value))


def _sum_of_addends(parts: list[Addend], total: str, source: Address, tail: Line, role: str) -> Line:
    """``3 + (−2) + 4 more = 1.50``; sums that are not written count for the relation too."""
    relation = numbers.relation([(p.text,) for p in parts], total)
    for most in range(min(MOST_ADDENDS, len(parts)), 0, -1):
        shown = [p.runs() for p in parts[:most]] + ([phrases.more(len(parts) - most)] if most < len(parts) else [])
        line = (*phrases.join(shown), phrases.relation_run(relation), phrases.result(total, source, role), *tail)
        if phrases.fits(line):
            return line
    return (Run("Σ "), phrases.relation_run(relation), phrases.result(total, source, role), *tail)
