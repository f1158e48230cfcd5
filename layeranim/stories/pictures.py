"""Whether a picture goes in, how its pixels are coloured, and the range of what became of them."""

from __future__ import annotations

from math import isqrt

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array
from layeranim.stories.storyboard import Telling

OUTLIERS = 0.99
"""The part of what became of pixels whose colours differ; the rest has the strongest."""
SIDE_LEAST, SIDE_MOST = 4, 64
"""Pictures of so many pixels a side are shown as pictures."""


def pictured(telling: Telling) -> bool:
    """Whether a picture goes in: the user's, or the preset's."""
    return "input" in telling.kinds or bool(telling.base and telling.base.planes)


def ink(telling: Telling, planes: int = 1) -> str:
    """How pixels are coloured: three planes each in its own hue, else as a photograph or as a drawing."""
    return "planes" if planes == 3 else "grey" if telling.kinds.get("input") == "image" else "ink"


def side_of(telling: Telling, pixels: int) -> int:
    """How many pixels a row of a square picture has that is read as a row of numbers; 0 where none is."""
    side = isqrt(pixels)
    return side if pictured(telling) and side * side == pixels and SIDE_LEAST <= side <= SIDE_MOST else 0


def brightness(telling: Telling) -> tuple[float, float]:
    """Black and white: of a photograph 0 and 255, else 0, or the smallest pixel, and the largest."""
    if telling.kinds.get("input") == "image":
        return 0.0, 255.0
    values = telling.trace["input"]
    finite = np.isfinite(values)
    ends = [end(values, initial=0, where=finite) for end in (np.min, np.max)]
    low, high = numbers.rounded(ends, values.dtype).tolist()
    return low, max(high, 1.0)


def relief(values: Array) -> float:
    """The largest |v| but for outliers, which would leave all else pale."""
    most = numbers.value_range(values)
    sizes = np.abs(numbers.rounded(values))
    finite = sizes[np.isfinite(sizes)]
    return max(float(np.quantile(finite, OUTLIERS)), most / 20) if finite.size else most
