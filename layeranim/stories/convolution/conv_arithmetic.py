"""The arithmetic of one window as a caption: products, sums, bias, activation, with their addresses."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.activations import ACTIVATIONS
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.convolution.conv_plan import ConvPlan
from layeranim.stories.convolution.conv_view import ConvView, ConvWindow
from layeranim.stories.phrases import Addend, NumberRow, Terms
from layeranim.stories.storyboard import Address, Cells, Line, Run

MOST_SUMS = 8  # sums of channels that a caption writes


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
            return phrases.sum_of([self.sums(w)], addends, pre, source, tail, role, MOST_SUMS)
        return phrases.sum_of([self.terms(w)], addends, pre, source, tail, role)

    def sums(self, w: ConvWindow) -> Terms:
        """The sums of the channels under one window."""
        values = self.view.trace.read(w.of("partial_sums"))
        return Terms(
            (NumberRow(values, self.plan.styles["partial_sums"], lambda i: Address("partial_sums", (*w.index, i))),)
        )

    def terms(self, w: ConvWindow) -> Terms:
        """The products of one window with one channel, as they are displayed."""
        view, styles = self.view, self.plan.styles
        cells = view.window_cells(w, 0, None), view.kernel_cells(w.f, 0, None)
        values = view.trace.read(view.region(w, 0)), view.trace["kernel"][w.f, 0]
        rows = tuple(
            NumberRow(x.ravel(), styles[name], partial(_source, y, view.kernel_shape[1]), role)
            for x, y, name, role in zip(values, cells, ("window", "kernel"), ("ink", "weights"), strict=True)
        )
        return Terms(rows, view.trace.read(w.of("products"))[0].ravel() == 0)

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


def _source(cells: Cells, cols: int, i: int) -> Any:
    return cells.sources(*divmod(i, cols)) if cells.sources else None


def _float(value: Any) -> Any:
    return np.float64(float(value))
