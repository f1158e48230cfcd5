"""The weights of a unit laid over a picture that a layer reads."""

from __future__ import annotations

from layeranim.stories.stage import Picture, Row


def pictures(side: int, least: float, x: str, sized: str | bool, weight: str, prefix: str = "") -> Row:
    """What is read, the weights of a unit in the same places, and their products."""
    rows, cols = f"in_features/{side}", f"in_features%{side}"
    return Row(
        Picture("input", x, rows, cols, least=least, sized=sized), "·",
        Picture(f"{prefix}weight", weight, rows, cols, least=least, sized=False, frame="weights"), "=",
        Picture(f"{prefix}products", "products", rows, cols, least=least, sized=False),
    )  # fmt: skip
