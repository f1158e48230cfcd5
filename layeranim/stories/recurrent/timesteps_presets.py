"""Rows of numbers to fold, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

SOURCE = "Animated Guide to Four Deep Learning Layers"
_ROW = [[0, 0, 2, 20, 4, 40, 6, 60, 8, 80]]

PRESETS = (
    Preset("five-steps", "ten numbers as five time steps of two features: place 3 becomes (0, 1, 1)", SOURCE,
           arrays={"input": _ROW}, bound={"input": ("timesteps", "input_size")}, unit=1),
    Preset("two-steps", "the same ten numbers as two time steps of five features", f"the row of {SOURCE}; fold ours",
           options={"timesteps": 2}, arrays={"input": _ROW}, bound={"input": ("timesteps", "input_size")}, unit=1),
    Preset("one-feature", "a week of temperatures, one number a day: seven time steps of one feature", "values ours",
           options={"input_size": 1}, arrays={"input": [[14, 16, 19, 21, 18, 15, 13]]},
           bound={"input": ("timesteps", "input_size")}, title="Time steps: a week", unit=3),
)  # fmt: skip
