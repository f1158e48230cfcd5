"""The numbers of one step of backpropagation, and what its film says of them besides the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.network import BACKPROP, loss_of
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.dense.network_view import NetworkView
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling


class BackView(NetworkView):
    """The numbers of one step; a unit of the film is one of the last layer."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        config: Any = self.trace.config
        self.loss, self.rate = loss_of(config), float(config.learning_rate)
        self.batch: int = self.trace.size("batch")
        self.slopes, self.last = f"grad_dense{self.layers}_weight", f"dense{self.layers}_weight"
        preset, asked = telling.preset, telling.film.follow
        slopes = np.nan_to_num(np.abs(self.trace[self.slopes]), nan=0.0)
        steepest = int(np.argmax(slopes.max(axis=1)))
        wanted = asked - 1 if asked else preset.unit if preset and preset.unit is not None else steepest
        self.upper = min(wanted, self.sizes[-1] - 1)
        self.lower = self.steepest(self.upper)
        self.given = {item.name: self.trace[item.name] for item in BACKPROP.arrays if item.name in self.trace}
        self.target = "loss_target_distribution" if self.loss == "cross-entropy" else "target"

    def steepest(self, unit: int) -> int:
        """The weight of an output unit that has the steepest slope."""
        return int(np.argmax(np.nan_to_num(np.abs(self.trace[self.slopes][unit]), nan=0.0)))

    def loss_with(self, changed: dict[str, Array]) -> float:
        """The loss of the same network with other weights, by the engine."""
        return float(BACKPROP.compute(self.trace.config, {**self.given, **changed})["loss"])


def _plain(view: BackView) -> bool:
    """Whether the loss is that of one true class of one sample."""
    return (
        view.loss == "cross-entropy" and view.batch == 1 and bool((np.sort(view.trace[view.target][0])[:-1] == 0).all())
    )


def symbols(view: BackView) -> dict[str, Line]:
    """What stands in front of the arithmetic, on the way there and back."""
    out = view.symbols()
    for k in range(1, view.layers + 1):
        out |= {
            view.error(k): (Run("δ", "ink", "semibold"),),
            f"grad_dense{k}_weight": (Run("∂w", "weights", "semibold"),),
        }
        out |= {f"new_dense{k}_weight": (Run("w", "weights", "semibold"),)}
        out |= {f"grad_dense{k}_output": (Run("∂h", "ink", "semibold"),)} if k < view.layers else {}
    return out


def templates(view: BackView) -> dict[str, Any]:
    """The error of an output of a softmax with cross-entropy: its share minus the target, a part for each sample."""
    if view.loss != "cross-entropy":
        return {}
    over = f" / {view.batch}" if view.batch > 1 else ""
    return {view.error(view.layers): lambda target: f"({{2}} − {{1f}}){over}" if over else "{2} − {1f}"}


def words(view: BackView, path: Mapping[str, int]) -> dict[str, Callable[[int], Line]]:
    """The loss of one true class; of several samples what they come to together, for one sample is told."""
    if view.batch == 1:
        return {"loss": lambda unit: _charge(view)} if _plain(view) else {}
    out: dict[str, Callable[[int], Line]] = {"loss": lambda unit: _together(view, "loss", Address("loss", ()))}
    for k in range(1, view.layers):
        cell = Address(f"grad_dense{k}_weight", (path[view.axis(k)], path[view.axis(k - 1)]))
        out[cell.tensor] = partial(_slope, view, cell)
    last = view.slopes
    return out | {last: lambda unit: _together(view, "∂w", Address(last, (unit, view.steepest(unit))))}


def _slope(view: BackView, cell: Address, unit: int) -> Line:
    return _together(view, "∂w", cell)


def _together(view: BackView, name: str, cell: Address) -> Line:
    """``∂w over all 3 samples = 0.35``."""
    style = numbers.style(view.trace[cell.tensor], precision=view.telling.film.precision)
    text = numbers.text(view.trace[cell.tensor][cell.index], style)
    return (Run(name, "ink", "semibold"), Run(f" over all {view.batch} samples", source=Fact("samples")),
            phrases.equals(text), phrases.result(text, cell))  # fmt: skip


def _charge(view: BackView) -> Line:
    """``−ln 0.27 = 1.31``."""
    true = int(view.trace[view.target][0].argmax())
    cell, p = Address("output", (0, true)), view.trace["output"]
    share = numbers.text(p[0, true], numbers.style(p, kind="probability", precision=view.telling.film.precision))
    loss = numbers.text(view.trace["loss"], numbers.style(view.trace["loss"], precision=view.telling.film.precision))
    with np.errstate(all="ignore"):
        right = numbers.agrees(float(-np.log(float(share.replace(numbers.MINUS, "-")))), loss)
    return (Run("loss = −ln "), Run(share, "probability", source=cell), phrases.relation_run(right),
            phrases.result(loss, Address("loss", ())))  # fmt: skip


def options(view: BackView) -> tuple[str, ...]:
    config: Any = view.trace.config
    usual = {"softmax": "cross-entropy", "sigmoid": "binary", "linear": "squared"}[view.end]
    return (
        *view.options(),
        *((f"loss {view.loss}",) if view.loss != usual else ()),
        *((f"class {config.true_class}",) if config.true_class is not None else ()),
        f"rate {view.rate:g}",
    )


def closing(view: BackView) -> Line:
    """What the loss was, and what it is after the step."""
    style = numbers.style(view.trace["loss"], precision=view.telling.film.precision)
    after = view.loss_with({name: view.trace[f"new_{name}"] for name in view.given if f"new_{name}" in view.trace})
    ends = float(view.trace["loss"]), after
    texts = [numbers.text(loss, style) for loss in ends]
    moved = phrases.loss_moved(ends, texts, (Address("loss", ()), Fact("after the step")))
    return Run("one step: ", source=Fact("step")), *moved
