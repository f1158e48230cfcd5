"""The numbers of one step of learning of a convolutional network, and what its film says of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.cnn import CNN_BACKPROP
from layeranim.engine.network import loss_of
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.networks.cnn_view import CnnView
from layeranim.stories.stage import Maps
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

ERRORS = "grad_dense_pre_activation"
"""How the loss changes with what the dense layer adds up."""
SLOPES = "grad_conv1_kernel"
USUAL = {"softmax": "cross-entropy", "sigmoid": "binary", "linear": "squared"}


class CnnBackView(CnnView):
    """One step as its film sees it; a unit of the film is a filter of the first convolution."""

    def __init__(self, telling: Telling) -> None:
        config: Any = telling.trace.config
        self.loss, self.rate = loss_of(config), float(config.learning_rate)
        self.batch: int = telling.trace.size("batch")
        self.target = "loss_target_distribution" if self.loss == "cross-entropy" else "target"
        self.error = "grad_output" if config.output_activation == "linear" else "grad_dense_output"
        """How the loss changes with what the dense layer says."""
        super().__init__(telling)
        self.given = {item.name: self.trace[item.name] for item in CNN_BACKPROP.arrays if item.name in self.trace}

    def winner(self) -> int:
        """The output that is followed: the one with the largest error."""
        return int(np.argmax(np.nan_to_num(np.abs(self.trace[ERRORS][self.sample]), nan=0.0)))

    def tap(self, unit: int) -> tuple[int, int, int]:
        """The weight of a filter with the steepest slope: its channel, row and column."""
        slopes = np.nan_to_num(np.abs(self.trace[SLOPES][unit]), nan=0.0)
        channel, row, col = np.unravel_index(int(np.argmax(slopes)), slopes.shape)
        return int(channel), int(row), int(col)

    def steepest(self, unit: int) -> dict[str, int]:
        """That weight by its axes."""
        return dict(zip(self.trace.axes(SLOPES)[1:], self.tap(unit), strict=True))

    def at(self) -> dict[str, int]:
        out = super().at()
        for k in range(2, self.layers + 1):
            rows, cols = self.trace.axes(f"conv{k}_padded")[2:]
            _, row, col = self.path.pools[k - 2]
            top, left = self.before(k)
            out |= {rows: row + top, cols: col + left}
        return out

    def back(self, name: str, tall: float) -> Maps:
        """The errors of a stage's maps, which stand as the maps do."""
        conv = name.startswith("conv")
        tensor = f"grad_{name}_{'pre_activation' if conv else 'output'}"
        number = f"_{{{name[4:]}}}" if self.layers > 1 else ""
        return Maps(tensor, f"{'δ' if conv else '∂'}{number}", *self.axes(name), maps=self.filters[int(name[4:]) - 1],
                    tall=tall, like=self.maps(f"conv{name[4:]}", tall))  # fmt: skip

    def loss_with(self, changed: dict[str, Array]) -> float:
        """The loss of the same network with other weights, by the engine."""
        return float(CNN_BACKPROP.compute(self.trace.config, {**self.given, **changed})["loss"])

    # ── words ────────────────────────────────────────────────────────────────
    def options(self) -> tuple[str, ...]:
        return (
            *super().options(),
            *((f"loss {self.loss}",) if self.loss != USUAL[self.end] else ()),
            *((f"class {self.config.true_class}",) if self.config.true_class is not None else ()),
            f"rate {self.rate:g}",
        )

    def symbols(self) -> dict[str, Line]:
        names = [(self.error, "δ", "ink"), (SLOPES, "∂w", "weights"), ("new_conv1_kernel", "w", "weights"),
                 ("grad_flatten_output", "∂", "ink"), ("loss", "loss", "ink")]  # fmt: skip
        for k in range(1, self.layers + 1):
            names += [(f"grad_conv{k}_pre_activation", "δ", "ink"), (f"grad_pool{k}_output", "∂", "ink")]
        return {name: (Run(text, role, "semibold", Fact("name")),) for name, text, role in names}

    def templates(self) -> dict[str, Any]:
        """The error of a share: what it said, minus what it should have; of several samples a part for each."""
        if self.loss != "cross-entropy":
            return {}
        return {
            "grad_dense_output": lambda target: "{2} − {1f}" if self.batch == 1 else f"({{2}} − {{1f}}) / {self.batch}"
        }

    def words(self) -> dict[str, Callable[[int], Line]]:
        """The loss of one true class of one sample; of several samples what losses and slopes come to."""
        true = self.trace[self.target][0] if self.target in self.trace else np.zeros(0)
        plain = self.loss == "cross-entropy" and self.batch == 1 and bool((np.sort(true)[:-1] == 0).all())
        out: dict[str, Callable[[int], Line]] = {
            "loss": lambda unit: self._charge() if plain else self._number("loss", Address("loss", ()))
        }
        if self.batch > 1:  # every sample has a part in a slope, and one is told
            out[SLOPES] = lambda unit: self._number("∂w", Address(SLOPES, (unit, *self.tap(unit))))
        return out

    def _number(self, name: str, cell: Address) -> Line:
        array = self.trace[cell.tensor]
        text = numbers.text(array[cell.index], numbers.style(array, precision=self.telling.film.precision))
        over = f" over all {self.batch} samples" if self.batch > 1 else ""
        return (Run(name, "ink", "semibold"), Run(over, source=Fact("samples")), phrases.equals(text),
                phrases.result(text, cell))  # fmt: skip

    def _charge(self) -> Line:
        """``loss = −ln 0.28 = 1.28``."""
        true = int(self.trace[self.target][0].argmax())
        cell, p, precision = Address("output", (0, true)), self.trace["output"], self.telling.film.precision
        share = numbers.text(p[0, true], numbers.style(p, kind="probability", precision=precision))
        loss = numbers.text(self.trace["loss"], numbers.style(self.trace["loss"], precision=precision))
        with np.errstate(all="ignore"):
            right = numbers.agrees(float(-np.log(float(share.replace(numbers.MINUS, "-")))), loss)
        return (Run("loss = −ln "), Run(share, "probability", source=cell), phrases.relation_run(right),
                phrases.result(loss, Address("loss", ())))  # fmt: skip

    def closing(self) -> Line:
        """What the loss was, and what it is after the step."""
        style = numbers.style(self.trace["loss"], precision=self.telling.film.precision)
        new = {name: self.trace[f"new_{name}"] for name in self.given if f"new_{name}" in self.trace}
        ends = float(self.trace["loss"]), self.loss_with(new)
        texts = [numbers.text(loss, style) for loss in ends]
        moved = phrases.loss_moved(ends, texts, (Address("loss", ()), Fact("after the step")))
        return Run("one step: ", source=Fact("step")), *moved
