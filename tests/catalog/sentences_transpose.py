"""The claims of the film of transposed convolution, recomputed from its traces."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import api
from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

ARITHMETIC = ("act", "step", "brief")


def taken(told: Told) -> Any:
    """How many stamps of one channel each cell of the output takes: the same layer over ones."""
    size, kernel = told["input"].shape[2:], told["kernel"].shape[2:]
    names = ("stride", "padding", "output_padding", "dilation", "convention")
    kept = {name: getattr(told.config, name) for name in names}
    made = api.trace("conv-transpose", input=np.ones((1, 1, *size)), kernel=np.ones((1, 1, *kernel)), **kept)
    return made["output"][0, 0]


def uneven(told: Told) -> bool:
    """A stride that is smaller than the kernel and does not divide it."""
    items = zip(told["input"].shape[2:], told.config.stride, told["kernel"].shape[2:], strict=True)
    return any(n > 1 and k > s and k % s for n, s, k in items)


def overlapped(told: Told, beat: Beat) -> bool:
    """Some number of the unit's stamp falls on one that is there already."""
    unit, shape = beat.units[0], told["input"].shape[1:]
    if not unit:
        return False
    at = told.work.film.place_in(len(told["input"]))
    before = told["painted"][(at, *np.unravel_index(unit - 1, shape))]
    after = told["painted"][(at, *np.unravel_index(unit, shape))]
    with np.errstate(invalid="ignore"):
        return bool(np.any((before != 0) & ((after != before) | np.isnan(after))))


def cut(told: Told) -> list[tuple[int, int]]:
    """Cells of the sum before the output, and after it, along height and width; below 0 where zeros are added."""
    whole, left = told["full"][0, 0], told["pre_activation"][0, 0]
    plain = [*map(tuple, told.config.padding)] if not isinstance(told.config.padding, str) else None
    beyond = [n - m for n, m in zip(whole.shape, left.shape, strict=True)]
    return plain or [(max(n, 0) // 2, n - max(n, 0) // 2) for n in beyond]


SAME = {"stride": 2, "kernel_size": 3, "padding": "same"}
CLAIMS = {
    "conv-transpose": (
        Claim("every cell stamps the kernel, overlaps add up"),
        Claim("one cell times every weight: the kernel, as strong as the cell"),
        Claim("the stamp is laid down where its cell stands"),
        Claim("where stamps overlap, the numbers add up", lambda t, m, b: overlapped(t, b), {},
              ({"input": "zeros:2x2"}, {"stride": 2, "example": "stride"})),
        Claim(r"stride (\d+): each stamp lies \1 cells from the one before",
              lambda t, m, b: {*t.config.stride} == {int(m[1])}, {"example": "stride"}, ({},)),
        Claim(r"padding ([\d×]+): so many cells are cut off at every edge", lambda t, m, b: any(map(any, cut(t))),
              {"example": "padding"}, ({},)),
        Claim(r"padding same: (\d+)×(\d+) cells for every cell of the input",
              lambda t, m, b: [n * s for n, s in zip(t["input"].shape[2:], (int(m[1]), int(m[2])), strict=True)]
              == [*t["output"].shape[2:]], {**SAME, "convention": "keras"},
              ({**SAME, "convention": "paddle", "input": "random:5x5"}, {"example": "padding"})),
        Claim(r"padding ([\d,]+): cells cut off at top, bottom, left and right",
              lambda t, m, b: [int(n) for n in m[1].split(",")] == [n for both in cut(t) for n in both],
              {"padding": "0,1,1,2"}, ({"padding": 1},)),
        Claim(r"output padding ([\d×]+): so many cells are added at the end",
              lambda t, m, b: any(t.config.output_padding), {"stride": 2, "output_padding": 1}, ({},)),
        Claim("each map gets its bias", lambda t, m, b: "bias" in t.trace, {"bias": True}, ({},)),
        Claim("the activation has the last word", lambda t, m, b: t.config.activation != "linear",
              {"activation": "relu"}, ({},)),
        Claim(r"stamps? .*: {1,2}each in the same way|every stamp in the same way"),
        Claim(r"(\d+) stamps? of (\d+)×(\d+) → ([\d×]+) output",
              lambda t, m, b: int(m[1]) == t["input"][0].size and (int(m[2]), int(m[3])) == t["kernel"].shape[2:]
              and [int(n) for n in m[4].split("×")][-2:] == [*t["output"].shape[2:]], {}, (), counts=True),
        Claim(r"cells take (\d+) to (\d+) stamps: a checkerboard may show",
              lambda t, m, b: uneven(t) and (int(m[1]), int(m[2])) == (taken(t).min(), taken(t).max()),
              {"example": "checkerboard"}, ({}, {"example": "enlarge"}, {"example": "stride"})),
        Claim("decoders and masks: it makes small maps large, with learnt weights", lambda t, m, b: not uneven(t),
              {}, ({"example": "checkerboard"},)),
    ),
}  # fmt: skip
