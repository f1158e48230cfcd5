"""What a backward pass has found so far: the forward trace's tensors, and every gradient by its name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from layeranim.engine.backward import beside
from layeranim.engine.plan import Plan, whole
from layeranim.engine.trace import Array, Tensor, Trace


class Tape:
    """Gradients by name; ``grad_<tensor>_from_<reader>`` is what one reader gives to ``grad_<tensor>``."""

    def __init__(self, forward: Trace) -> None:
        self.forward, self.out = forward, beside(forward)
        self._values: dict[str, Array] = {}

    def value(self, name: str) -> Array:
        """A forward tensor or a gradient, whole."""
        if name not in self._values:
            self._values[name] = self.out[name].array
        return self._values[name]

    def axes(self, gradient: str) -> tuple[str, ...]:
        """The axes of the tensor whose gradient, or part of it, this is."""
        name = gradient.removeprefix("grad_")
        while name not in self.forward:
            name = name.rpartition("_from_")[0] or name.removesuffix("_given")
        return self.forward.axes(name)

    def add(self, gradient: str, array: Array, axes: Sequence[str] = (), given: bool = False) -> str:
        """Hold a gradient; that of an array which the caller gave to the layer is an output of the backward pass."""
        of = self.forward.tensors.get(gradient.removeprefix("grad_"))
        answer = of is not None and of.role in ("input", "weight") and not of.is_recipe
        role = "input" if given else "output" if answer else "intermediate"
        self.out[gradient] = Tensor(gradient, tuple(axes or self.axes(gradient)), role, array)  # type: ignore[arg-type]
        return gradient

    def summed(self, delta: str, vector: str, weight: str, bias: str = "") -> Iterable[Plan]:
        """∂W = Σ δ xᵀ and, where there is a bias, ∂b = Σ δ, over every token of every sequence."""
        d, x = self.value(delta), self.value(vector)
        name = self.add(f"grad_{weight}", d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1]))
        yield Plan("outer_sum", whole(delta, vector), name)
        if bias in self.forward:
            name = self.add(f"grad_{bias}", np.asarray(d.reshape(-1, d.shape[-1]).sum(axis=0)))
            yield Plan("total", whole(delta), name)
