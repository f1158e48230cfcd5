"""What one backward pass of attention has found so far: gradients by name, and the plans that make them."""

from __future__ import annotations

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.backward import beside
from layeranim.engine.plan import Each, Plan, whole
from layeranim.engine.trace import Array, Tensor, Trace


class Tape:
    """Gradients by name; ``each`` are the acts of one sequence in turn, ``last`` those over all sequences."""

    def __init__(self, forward: Trace, config: AttentionConfig) -> None:
        self.forward, self.config, self.out = forward, config, beside(forward)
        self.heads = ("heads", range(config.heads))
        self.queries, self.keys = ("queries", range(int(config.queries or 0))), ("keys", range(int(config.keys or 0)))
        self.each: list[Each] = []
        self.last: list[Plan] = []

    def value(self, name: str) -> Array:
        """A forward tensor or a gradient, whole."""
        return self.out[name].array

    def add(self, name: str, array: Array, of: str = "") -> str:
        """Hold ``grad_<name>``, by the axes of the tensor ``of``; that of an array of the layer is an output."""
        like = self.forward.tensor(of or name)
        answer = not of and (like.role in ("input", "weight") and not like.is_recipe)
        self.out[f"grad_{name}"] = Tensor(f"grad_{name}", like.axes, "output" if answer else "intermediate", array)
        return f"grad_{name}"

    def weight(self, weight: str, delta: str, vector: str, bias: str = "") -> None:
        """∂W = Σ δ xᵀ and ∂b = Σ δ, over every token of every sequence."""
        d, x = self.value(delta), self.value(vector)
        name = self.add(weight, d.reshape(-1, d.shape[-1]).T @ x.reshape(-1, x.shape[-1]))
        self.last.append(Plan("outer_sum", whole(delta, vector), name))
        if bias in self.forward:
            self.last.append(Plan("total", whole(delta), self.add(bias, d.reshape(-1, d.shape[-1]).sum(axis=0))))

    def mixed(self, name: str, weights: str, rows: str, like: str, of: str = "") -> tuple[Plan, Plan]:
        """``grad_<name>``: rows mixed by weights (queries × keys), for each query from keys or the other way."""
        products = f"grad_{name}_products"
        self.out[products] = lazy.product(products, self.forward.axes(like), self.out[weights], self.out[rows])
        matrix = self.value(weights)
        if "queries" in self.out[rows].axes:
            matrix = np.swapaxes(matrix, -1, -2)
        made = self.add(name, matrix @ self.value(rows), of)
        return Plan("weigh_rows", whole(weights, rows), products), Plan("sum_rows", whole(products), made)
