"""What a picture's colours reach to: black and white of its pixels, and the range of what became of them."""

from __future__ import annotations

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array
from layeranim.stories.storyboard import Telling

OUTLIERS = 0.99
"""The part of what became of pixels whose colours differ; the rest has the strongest."""


def brightness(telling: Telling) -> tuple[float, float]:
    """Black and white: of a photograph 0 and 255, else 0, or the smallest pixel, and the largest."""
    if telling.kinds.get("input") == "image":
        return 0.0, 255.0
    values = numbers.rounded(telling.trace["input"])
    finite = values[np.isfinite(values)]
    return min(0.0, float(finite.min(initial=0))), max(float(finite.max(initial=0)), 1.0)


def relief(values: Array) -> float:
    """The largest |v| but for outliers, which would leave all else pale."""
    most = numbers.value_range(values)
    sizes = np.abs(numbers.rounded(values))
    finite = sizes[np.isfinite(sizes)]
    return max(float(np.quantile(finite, OUTLIERS)), most / 20) if finite.size else most
