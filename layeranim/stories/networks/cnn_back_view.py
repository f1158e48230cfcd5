"""The numbers of one step of learning of a convolutional network, and what its film says of them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim.engine.cnn import CNN_BACKPROP
from layeranim.stories.learning import Learning
from layeranim.stories.networks.cnn_view import SCORES, CnnView
from layeranim.stories.phrases import name
from layeranim.stories.stage import Maps
from layeranim.stories.storyboard import Address, Line, Telling

ERRORS = f"grad_{SCORES}"
SLOPES = "grad_conv1_kernel"


class CnnBackView(CnnView):
    """One step as its film sees it; a unit of the film is a filter of the first convolution."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.step = Learning(telling, CNN_BACKPROP, "dense", SLOPES)

    def winner(self) -> int:
        """The output that is followed: the one with the largest error."""
        return int(np.argmax(np.nan_to_num(np.abs(self.trace[ERRORS][self.sample]), nan=0.0)))

    def steepest(self, f: int) -> dict[str, int]:
        """The weight of a filter with the steepest slope, by its axes."""
        return dict(zip(self.trace.axes(SLOPES)[1:], self.step.steepest(f), strict=True))

    def at(self) -> dict[str, int]:
        out = super().at()
        for k in range(2, self.layers + 1):
            rows, cols = self.trace.axes(f"conv{k}_padded")[2:]
            _, row, col = self.path.pools[k - 2]
            top, left = self.before(k)
            out |= {rows: row + top, cols: col + left}
        return out

    def back(self, name: str, tall: float, cell: float) -> Maps:
        """The errors of a stage's maps, which stand as the maps do."""
        conv = name.startswith("conv")
        tensor = f"grad_{name}_{'pre_activation' if conv else 'output'}"
        number, k = f"_{{{name[4:]}}}" if self.layers > 1 else "", int(name[4:])
        return Maps(tensor, f"{'δ' if conv else '∂'}{number}", *self.axes(name), maps=self.filters[k - 1], tall=tall,
                    cell=cell, like=self.maps(f"conv{k}", tall, cell), chosen=self.chosen(k))  # fmt: skip

    # ── words ────────────────────────────────────────────────────────────────
    def options(self) -> tuple[str, ...]:
        return *super().options(), *self.step.options(self.called)

    def symbols(self) -> dict[str, Line]:
        names = [(self.step.error, "δ", "ink"), (SLOPES, "∂w", "weights"), ("new_conv1_kernel", "w", "weights"),
                 ("grad_flatten_output", "∂", "ink"), ("loss", "loss", "ink")]  # fmt: skip
        for k in range(1, self.layers + 1):
            names += [(f"grad_conv{k}_pre_activation", "δ", "ink"), (f"grad_pool{k}_output", "∂", "ink")]
        return {tensor: name(text, role) for tensor, text, role in names}

    def words(self) -> dict[str, Callable[[int], Line]]:
        """The loss of one true class of one sample; of several samples what losses and slopes come to."""
        step = self.step
        out: dict[str, Callable[[int], Line]] = {
            "loss": lambda unit: step.charge() if step.plain else step.together("loss", Address("loss", ()))
        }
        if step.batch > 1:  # every sample has a part in a slope, and one is told
            out[SLOPES] = lambda unit: self._slope(self.drawn[0][unit])
        return out

    def _slope(self, f: int) -> Line:
        """What all samples say of the steepest weight of a filter."""
        return self.step.together("∂w", Address(SLOPES, (f, *self.step.steepest(f))))
