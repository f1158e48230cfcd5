"""The claims of films of pictures and maps, recomputed from their traces."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")


def windows(told: Told) -> Any:
    """Every window of the picture that is told, (rows, columns, kernel rows, kernel columns), from the padded one."""
    config, padded, kernel = told.config, told["padded"], told["kernel"]
    at = told.work.film.place_in(len(padded))
    rows, cols = told["output"].shape[2:]
    reads = np.empty((rows, cols, *kernel.shape[2:]))
    down, across = np.arange(rows)[:, None] * config.stride[0], np.arange(cols) * config.stride[1]
    for i in range(kernel.shape[2]):
        for j in range(kernel.shape[3]):
            reads[:, :, i, j] = padded[at, 0][down + i * config.dilation[0], across + j * config.dilation[1]]
    return reads


def even(told: Told, beat: Beat) -> bool:
    """The pixels under the weights differ by at most a twentieth of all that the picture holds."""
    every = windows(told)
    row, col = divmod(beat.units[0], every.shape[1])
    window = every[row, col]
    return bool(np.nanmax(window) - np.nanmin(window) <= 0.05 * (np.nanmax(every) - np.nanmin(every)))


def total(told: Told) -> float:
    return float(told["kernel"][0, 0].sum())


def alone(told: Told) -> bool:
    """Nothing but the weights has a part in the result."""
    return told.config.activation == "linear" and "bias" not in told.trace


CONV_IMAGE = (
    Claim(r"each pixel becomes a weighted sum of its neighbours: the same (\d+ )?weights? for all",
          lambda t, m, b: int(m[1] or 1) == t["kernel"][0, 0].size, {}, (), counts=True),
    Claim("an even area: the pixels under the weights are nearly alike", lambda t, m, b: even(t, b), {},
          ({"input": "checker:9x9"},)),
    Claim("every pixel in the same way"),
    Claim("the weights add up to 0: even areas vanish, differences are left",
          lambda t, m, b: abs(total(t)) < 1e-9 and alone(t), {},
          ({"example": "mean"}, {"activation": "relu"}, {"bias_values": "1"}, {"kernel": "1 2; 3 4"})),
    Claim("the weights add up to 1: even areas stay, differences are evened out",
          lambda t, m, b: abs(total(t) - 1) < 1e-6 and alone(t) and t["kernel"].min() >= 0, {"example": "mean"},
          ({"example": "sharpen"}, {"example": "identity"}, {})),
    Claim("the weights add up to 1: even areas stay, differences are stressed",
          lambda t, m, b: abs(total(t) - 1) < 1e-6 and alone(t) and t["kernel"].min() < 0, {"example": "sharpen"},
          ({"example": "mean"}, {})),
    Claim("the one weight is 1: the pixels stay what they were",
          lambda t, m, b: alone(t) and np.count_nonzero(t["kernel"][0]) == 1 and t["kernel"][0].max() == 1,
          {"example": "identity"}, ({}, {"example": "identity", "bias_values": "2"})),
    Claim(r"every pixel by the same (\d+ )?weights?( and one bias)?",
          lambda t, m, b: int(m[1] or 1) == t["kernel"][0, 0].size and ((m[2] is None) or "bias" in t.trace),
          {"activation": "relu"}, ({}, {"example": "mean"})),
    Claim("blurring, sharpening, finding edges; a network learns kernels of its own"),
)  # fmt: skip

FEATURE_MAPS = (
    Claim(r"every filter asks its question everywhere: (\d+) filters?, (\d+) maps?",
          lambda t, m, b: int(m[1]) == int(m[2]) == t["output"].shape[1], {}, (), counts=True),
    Claim("this filter reads other channels than the one drawn",
          lambda t, m, b: b.units[0] // (t["output"].shape[1] // t.config.groups) > 0,
          {"input": "random:4x6x6", "filters": 4, "groups": 2}, ({}, {"input": "random:4x6x6", "filters": 4})),
    Claim("one pixel of its map; all others in the same way", lambda t, m, b: t["output"][0, 0].size > 1, {},
          ({"input": "1 2; 3 4", "kernel": "1 2; 3 4"},)),
    Claim(r"(?:(\d+) maps, one behind another|one map): a volume of (\d+)×(\d+)×(\d+)",
          lambda t, m, b: tuple(int(m[i]) for i in (2, 3, 4)) == t["output"].shape[1:] and int(m[1] or 1) == int(m[2]),
          {}, (), counts=True),
    Claim(r"a (\d+)×(\d+) filter of the next layer reads all of them: \1×\2×(\d+) weights",
          lambda t, m, b: (int(m[1]), int(m[2])) == t["kernel"].shape[2:] and int(m[3]) == t["output"].shape[1] > 1,
          {}, ({"kernel": "1 2; 3 4"},)),
    Claim(r"filters? .*: {1,2}each in the same way|every filter in the same way"),
    Claim("every filter in the same way"),
    Claim(r"at every place (?:(\d+) answers to \1 questions|one answer)",
          lambda t, m, b: int(m[1] or 1) == t["output"].shape[1], {}, (), counts=True),
    Claim("every layer of a convolutional network: one more map for each question"),
)  # fmt: skip


FLATTEN = (
    Claim("maps are laid down in one row: no number changes",
          lambda t, m, b: np.array_equal(t["input"].ravel(), t["output"].ravel(), equal_nan=True), {}, (), counts=True),
    Claim("map, row and column are counted from 0"),
    Claim(r"numbers? .*: {1,2}each in the same way|every number in the same way"),
    Claim("every number in the same way"),
    Claim(r"(\d+) maps? → a row of (\d+): the same numbers, no more map",
          lambda t, m, b: int(m[1]) == t["input"].shape[1] and int(m[2]) == t["input"][0].size, {}, (), counts=True),
    Claim("between feature maps and a dense layer, which reads a row"),
)  # fmt: skip

CLAIMS = {"conv-image": CONV_IMAGE, "feature-maps": FEATURE_MAPS, "flatten": FLATTEN}
