"""One path with one fill and one stroke: the mobject that everything of ours is made of."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from layeranim.borrowed import VGroup, VMobject
from layeranim.stories.storyboard import Box, Point
from layeranim.theme import rgb

PX = 1 / 90
"""Manim units to a design pixel."""
STROKE = 100 * PX
"""Design pixels to Manim's stroke width (cairo: one is a hundredth of a unit)."""
FINE = 4
"""Places to a unit of the canvas for what is on its way."""
K = TypeVar("K", bound=Hashable)
M = TypeVar("M", bound=VMobject)
_ARRAYS = ("points", "fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")


class Shape(VMobject):
    """A VMobject that is cheap to make: Manim's own set-up of colours and styles is done once and copied.

    ``flat`` holds cubic segments in design pixels, four points each; ``width`` is a stroke's in design pixels.
    """

    def __init__(
        self, flat: NDArray[np.float64], fill: str | None = None, stroke: str | None = None, width: float = 0.0
    ) -> None:
        self.__dict__.update(_blank("background_stroke_rgbas"))  # the others are made here
        points = np.zeros((len(flat), 3))
        points[:, :2] = flat
        points *= PX
        self.points = points
        # what is not drawn still has a colour, so that a fade of one does not show the other
        self.fill_rgbas = _rgba(fill or stroke, fill is not None)
        self.stroke_rgbas = _rgba(stroke or fill, stroke is not None)
        self.stroke_width = width * STROKE if stroke else 0


class Bundle(VGroup):
    """A VGroup that is cheap to make; ``footprint`` is the outline of a chip or an operator, for the checks."""

    footprint: Box | None = None

    def __init__(self, *parts: VMobject) -> None:
        self.__dict__.update(_blank(*_ARRAYS))
        self.submobjects = list(parts)


def place(layer: Bundle, held: dict[K, M], key: K, new: M) -> M:
    """Put something into a layer instead of what is ``held`` there under the same key."""
    old = held.get(key)
    if old is not None:
        layer.remove(old)
    held[key] = new
    layer.add(new)
    return new


def nearby(at: Point) -> Point:
    """A place for what is on its way: what is drawn at one serves all that comes past it."""
    return round(FINE * at[0]) / FINE, round(FINE * at[1]) / FINE


def centred(bundle: Bundle) -> Callable[[Point], None]:
    """What puts the middle of every part of a bundle somewhere else."""
    flats = [part.points[:, :2] for part in bundle.submobjects]
    around = [flat - (flat.min(axis=0) + flat.max(axis=0)) / 2 for flat in flats]

    def put(at: Point) -> None:
        place = at[0] * PX, at[1] * PX
        for flat, shape in zip(flats, around, strict=True):
            flat[:] = shape + place

    return put


def _blank(*arrays: str) -> dict[str, object]:
    """The attributes of an empty VMobject, its lists and these arrays new ones."""
    made = dict(vars(_prototype()))
    made["submobjects"], made["updaters"] = [], []
    for name in arrays:
        made[name] = made[name].copy()
    return made


@lru_cache(maxsize=1)
def _prototype() -> VMobject:
    return VMobject(stroke_width=0, fill_opacity=0)


def _rgba(colour: str | None, drawn: bool) -> NDArray[np.float64]:
    return np.array([(*_rgb(colour), 1.0 if drawn else 0.0)])


@lru_cache(maxsize=256)
def _rgb(colour: str | None) -> tuple[float, float, float]:
    if colour is None:
        return 0.0, 0.0, 0.0
    r, g, b = rgb(colour)
    return r / 255, g / 255, b / 255
