"""The numbers of one step of backpropagation, and what its film says of them besides the arithmetic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from layeranim.engine.network import BACKPROP
from layeranim.stories.dense.network_view import NetworkView
from layeranim.stories.learning import Learning
from layeranim.stories.storyboard import Address, Line, Run, Telling


class BackView(NetworkView):
    """The numbers of one step; a unit of the film is one of the last layer."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.slopes, self.last = f"grad_dense{self.layers}_weight", f"dense{self.layers}_weight"
        self.step = Learning(telling, BACKPROP, f"dense{self.layers}", self.slopes)
        slopes = np.nan_to_num(np.abs(self.trace[self.slopes]), nan=0.0)
        wanted = telling.wanted(range(self.sizes[-1]))
        self.upper = int(np.argmax(slopes.max(axis=1))) if wanted is None else wanted
        self.lower = self.steepest(self.upper)

    def steepest(self, unit: int) -> int:
        """The weight of an output unit that has the steepest slope."""
        return self.step.steepest(unit)[0]


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


def words(view: BackView, path: Mapping[str, int]) -> dict[str, Callable[[int], Line]]:
    """The loss of one true class; of several samples what they come to together, for one sample is told."""
    step = view.step
    if step.batch == 1:
        return {"loss": lambda unit: step.charge()} if step.plain else {}
    cells = {f"grad_dense{k}_weight": (path[view.axis(k)], path[view.axis(k - 1)]) for k in range(1, view.layers)}
    return {
        "loss": lambda unit: step.together("loss", Address("loss", ())),
        **{tensor: partial(_slope, view, Address(tensor, at)) for tensor, at in cells.items()},
        view.slopes: lambda unit: _slope(view, Address(view.slopes, (unit, view.steepest(unit))), unit),
    }


def _slope(view: BackView, place: Address, unit: int) -> Line:
    return view.step.together("∂w", place)
