"""The only file that touches Manim's global config."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

from layeranim.borrowed import ManimConfig, config
from layeranim.borrowed.unconfigured import default_file
from layeranim.canvas import WIDE, Canvas
from layeranim.errors import MissingLibraryError

UNIT = 1 / 90
"""Manim units to a design pixel: 1280×720 design pixels are 14.2×8 units."""


@contextmanager
def session(width: int, height: int, fps: Fraction, background: str, canvas: Canvas = WIDE) -> Iterator[float]:
    """Manim set up for one pass over a scene, whatever it was set to before; yields the pixels to a design pixel.

    The canvas is centred; a frame of another shape shows more background, never a stretched picture.
    """
    scale = min(width / canvas.width, height / canvas.height)
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
    }
    missing = [key for key in wanted if key not in config]
    if missing:
        raise MissingLibraryError(f"this Manim has no setting {', '.join(missing)}; layeranim needs manim 0.22")
    before = config.copy()
    try:
        _become(_as_it_comes())
        _become(wanted)  # after those: some of Manim's settings set others, frame_x_radius the frame_width
        yield scale
    finally:
        _become(before)


def _become(settings: Mapping[str, Any]) -> None:
    """Take these settings; Manim needs a twentieth of a second to set its renderer, even to the one it has."""
    same = {"renderer"} if config["renderer"] == settings.get("renderer") else set[str]()
    config.update({key: value for key, value in settings.items() if key not in same})


def _as_it_comes() -> ManimConfig:
    """Manim's settings as they are where nobody changed one."""
    parser = ConfigParser()
    with open(default_file(), encoding="utf-8") as file:
        parser.read_file(file)
    return ManimConfig().digest_parser(parser)
