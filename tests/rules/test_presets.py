"""Rule 7: a preset names its telling unit: it is the taught step and the poster."""

from __future__ import annotations

from dataclasses import replace

from layeranim import catalog, theme
from layeranim.stories import timing
from layeranim.stories.preset import Preset
from layeranim.stories.storyboard import Storyboard
from tests.catalog.conftest import presets

from .checks import poster
from .films import board


def untold(preset: Preset, told: Storyboard) -> list[str]:
    """What keeps a preset from being about its unit."""
    if preset.unit is None:
        return [f"{preset.name} names no unit"]
    shown, seconds = poster(told), poster(told).ticks * theme.TICK_MS / 1000
    out = [] if list(shown.units) == [preset.unit] else [f"the poster is of {shown.units}, not of {preset.unit}"]
    return out if shown.kind == "step" and seconds >= timing.TERSE else [*out, f"it is no taught step: {seconds} s"]


def test_the_check_sees_a_preset_without_its_unit() -> None:
    case = presets()[0]
    preset, told = catalog.presets(case.name)[0], board(case)
    assert untold(replace(preset, unit=None), told) == [f"{preset.name} names no unit"]
    assert "the poster is of" in untold(replace(preset, unit=9), told)[0]
    quick = tuple(replace(beat, kind="brief") for beat in told.beats)
    assert "it is no taught step" in untold(preset, replace(told, beats=quick))[-1]
