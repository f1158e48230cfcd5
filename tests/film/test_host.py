"""Manim's settings during a pass: ours, in whatever order its own are told, and those from before afterwards."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from manim import config, tempconfig

from layeranim.film import host


@pytest.mark.parametrize("told", [sorted, lambda keys: sorted(keys, reverse=True)], ids=["from a", "from z"])
def test_the_frame_is_ours_in_whatever_order_manim_tells_its_settings(
    told: Callable[[Any], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = host._as_it_comes()
    monkeypatch.setattr(host, "_as_it_comes", lambda: {key: usual[key] for key in told(usual)})
    with host.session(1000, 400, Fraction(10), "#FFFFFF") as scale:
        assert (config.pixel_width, config.pixel_height, config.frame_rate) == (1000, 400, 10)
        assert config.frame_width == pytest.approx(1000 / scale * host.UNIT)
        assert config.frame_height == pytest.approx(400 / scale * host.UNIT)


@pytest.mark.parametrize(
    "own", [{}, {"seed": 7, "pixel_width": 300, "frame_width": 9.0, "background_color": "#123456"}]
)
def test_what_was_set_before_is_set_again(own: dict[str, Any]) -> None:
    with tempconfig(own):
        before = dict(config)
        with host.session(1000, 400, Fraction(10), "#FFFFFF"):
            assert dict(config) != before
        assert dict(config) == before
