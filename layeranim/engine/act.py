"""Acts: the arithmetic of a layer as a table, one line an act, from which forward and backward pass both follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from layeranim.records import dataclass

Verb = Literal["affine", "activate", "multiply", "add", "complement", "join", "softmax"]


@dataclass(frozen=True)
class Act:
    """``writes`` = ``verb`` of ``reads``; ``name`` is an activation's.

    ``affine`` reads a weight, the vector it weighs and what is added to the sums (biases, peephole terms); on the way
    it makes the tensor ``products``.
    """

    verb: Verb
    reads: tuple[str, ...]
    writes: str
    name: str = ""
    products: str = ""

    def renamed(self, names: dict[str, str]) -> Act:
        """The same act on other tensors."""
        new = [names.get(name, name) for name in (*self.reads, self.writes, self.products)]
        return replace(self, reads=tuple(new[:-2]), writes=new[-2], products=new[-1])
