"""The tape of attention: what is done for one sequence after the other, and what over all of them."""

from __future__ import annotations

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.plan import EachUnit, Plan, whole
from layeranim.engine.tape import Tape
from layeranim.engine.trace import Trace


class AttentionTape(Tape):
    """``each`` are the acts of one sequence in turn, ``last`` those over all sequences."""

    def __init__(self, forward: Trace, config: AttentionConfig) -> None:
        super().__init__(forward)
        self.config = config
        self.heads = ("heads", range(config.heads))
        self.queries, self.keys = ("queries", range(int(config.queries or 0))), ("keys", range(int(config.keys or 0)))
        self.each: list[EachUnit] = []
        self.last: list[Plan] = []

    def weight(self, weight: str, delta: str, vector: str, bias: str = "") -> None:
        """The gradients of a weight and its bias."""
        self.last += self.summed(delta, vector, weight, bias)

    def mixed(self, gradient: str, weights: str, rows: str, like: str) -> tuple[Plan, Plan]:
        """A gradient that is rows mixed by weights (queries × keys): for each query from keys, or the other way."""
        products = f"{gradient}_products"
        self.out[products] = lazy.product(products, self.forward.axes(like), self.out[weights], self.out[rows])
        matrix = self.value(weights)
        if "queries" in self.out[rows].axes:
            matrix = np.swapaxes(matrix, -1, -2)
        self.add(gradient, matrix @ self.value(rows))
        return Plan("weigh_rows", whole(weights, rows), products), Plan("sum_rows", whole(products), gradient)
