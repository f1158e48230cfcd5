"""What fades is rasterised once and copied with its opacity; what has several layers is rasterised anew."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from manim import Square, VMobject

from layeranim.film import host
from layeranim.film.camera import FilmCamera
from layeranim.film.reading import Reading
from layeranim.layout import View
from layeranim.scenes.parts.label import Label


def drawn(mobject: Any, steps: int, monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[Any], list[Any]]:
    """How often it was rasterised while it faded in, its frames, and each frame from a camera of its own."""
    made = 0
    rasterise = FilmCamera._rasterise

    def counted(camera: FilmCamera, m: VMobject, at: tuple[int, int], off: tuple[float, float]) -> Any:
        nonlocal made
        made += 1
        return rasterise(camera, m, at, off)

    with host.session(160, 90, Fraction(25), "#FFFFFF") as scale, monkeypatch.context() as patched:
        camera, reading = FilmCamera(View(160, 90, scale), "#FFFFFF"), Reading()
        patched.setattr(FilmCamera, "_rasterise", counted)
        frames, full = list[Any](), [m.copy() for m in (mobject.fill_rgbas, mobject.stroke_rgbas)]
        for step in range(1, steps + 1):
            for rgbas, start in zip((mobject.fill_rgbas, mobject.stroke_rgbas), full, strict=True):
                rgbas[:, 3] = start[:, 3] * step / steps
            camera.compose(reading.read([mobject]))
            frames.append(camera.frame.pixels.copy())
        often, alone = made, list[Any]()
        patched.setattr("layeranim.film.reading._opacity", lambda m: None)
        for step in range(1, steps + 1):
            for rgbas, start in zip((mobject.fill_rgbas, mobject.stroke_rgbas), full, strict=True):
                rgbas[:, 3] = start[:, 3] * step / steps
            other = FilmCamera(View(160, 90, scale), "#FFFFFF")
            other.compose(Reading().read([mobject]))
            alone.append(other.frame.pixels.copy())
    return often, frames, alone


@pytest.mark.parametrize(
    ("mobject", "often"),
    [
        (Label("a", 400, "#204060", "regular", (0.0, 0.0)), 1),
        (Square(4, color="#204060", fill_opacity=0, stroke_width=9), 1),
        (Square(4, fill_color="#204060", fill_opacity=0.5, stroke_color="#E0A020", stroke_width=9), 8),
    ],
    ids=["an area", "a line", "both"],
)
def test_what_fades_is_rasterised_once(mobject: Any, often: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made, frames, alone = drawn(mobject, 8, monkeypatch)
    assert made == often
    for frame, other in zip(frames, alone, strict=True):
        assert (frame[..., :3] < 250).any()
        assert np.abs(frame.astype(int) - other).max() <= 2
