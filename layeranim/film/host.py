"""The only file that touches Manim's global config."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from manim import config, tempconfig

from layeranim import theme
from layeranim.errors import MissingLibraryError

UNIT = 1 / 90
"""Manim units to a design pixel: 1280×720 design pixels are 14.2×8 units."""


@contextmanager
def session(width: int, height: int, fps: Fraction, background: str) -> Iterator[float]:
    """Manim set up for one pass over a scene; yields the pixels to a design pixel.

    The 16:9 canvas is centred; a frame of another shape shows more background, never a stretched picture.
    """
    scale = min(width / theme.WIDTH, height / theme.HEIGHT)
    wanted: dict[str, Any] = {
        "pixel_width": width,
        "pixel_height": height,
        "frame_rate": float(fps),
        "frame_width": width / scale * UNIT,
        "frame_height": height / scale * UNIT,
        "background_color": background,
        "disable_caching": True,
        "progress_bar": "none",
        "verbosity": "ERROR",
        "seed": 0,
    }
    missing = [key for key in wanted if key not in config]
    if missing:
        raise MissingLibraryError(f"this Manim has no setting {', '.join(missing)}; layeranim needs manim 0.22")
    with tempconfig(wanted):
        yield scale
