"""A picture that a layer reads: how many pixels a side it has, and the weights of a unit laid over it."""

from __future__ import annotations

from math import isqrt

from layeranim.stories.stage import Picture, Row
from layeranim.stories.storyboard import Telling

SIDE_LEAST, SIDE_MOST = 4, 64
"""Pictures of so many pixels a side are shown as pictures."""


def side_of(telling: Telling, inputs: int, planes: int = 1) -> int:
    """How many pixels the rows of a picture have that is read; 0 where it is none."""
    side, base = isqrt(inputs // planes), telling.base
    pictured = telling.kinds.get("input") in ("image", "ink", "digit") or bool(base and base.planes)
    return side if pictured and side * side * planes == inputs and SIDE_LEAST <= side <= SIDE_MOST else 0


def ink(telling: Telling) -> str:
    """The scale of such a picture's pixels."""
    return "grey" if telling.kinds.get("input") == "image" else "ink"


def pictures(side: int, least: float, x: str, sized: str | bool, weight: str, prefix: str = "") -> Row:
    """What is read, the weights of a unit in the same places, and their products."""
    rows, cols = f"in_features/{side}", f"in_features%{side}"
    return Row(
        Picture("input", x, rows, cols, least=least, sized=sized), "·",
        Picture(f"{prefix}weight", weight, rows, cols, least=least, sized=False, frame="weights"), "=",
        Picture(f"{prefix}products", "products", rows, cols, least=least, sized=False),
    )  # fmt: skip
