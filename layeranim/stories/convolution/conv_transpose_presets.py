"""What transposed convolutions are shown with, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_D2L = "A. Zhang, Z. Lipton, M. Li, A. Smola: Dive into Deep Learning, section 14.10"
_FIGURES = {"input": [[0, 1], [2, 3]], "kernel": [[0, 1], [2, 3]]}
_TOGETHER = {"kernel": ("kernel_size", "filters")}

PRESETS = (
    Preset("stamps", "four cells, four stamps: where they overlap, they add up", f"{_D2L}, figure 14.10.1",
           arrays=_FIGURES, bound=_TOGETHER, unit=3),
    Preset("stride", "the same with stride 2: the stamps lie side by side", f"{_D2L}, figure 14.10.2",
           options={"stride": 2}, arrays=_FIGURES, bound=_TOGETHER, title="Stamps side by side", unit=3),
    Preset("padding", "the same with padding 1: only the middle is left", f"{_D2L}, 14.10.2, which prints 4",
           options={"padding": 1}, arrays=_FIGURES, bound=_TOGETHER, title="Stamps, and a cut at every edge", unit=3),
    Preset("checkerboard", "all cells alike, and yet the output is not: a stride that does not divide the kernel",
           "values ours; A. Odena, V. Dumoulin, C. Olah: Deconvolution and Checkerboard Artifacts (Distill, 2016)",
           options={"stride": 2}, arrays={"input": "ones:3x3", "kernel": "ones:1x1x3x3"}, bound=_TOGETHER,
           title="Where checkerboards come from", unit=4),
    Preset("enlarge", "a picture twice as large: a kernel of 4×4 that fills in between, with stride 2",
           "weights of bilinear interpolation (J. Long, E. Shelhamer, T. Darrell: Fully Convolutional Networks, 2015)",
           options={"stride": 2, "padding": 1},
           arrays={"input": "digit:3",
                   "kernel": [[[[1 / 16, 3 / 16, 3 / 16, 1 / 16], [3 / 16, 9 / 16, 9 / 16, 3 / 16],
                                [3 / 16, 9 / 16, 9 / 16, 3 / 16], [1 / 16, 3 / 16, 3 / 16, 1 / 16]]]]},
           bound=_TOGETHER, title="Twice as large, by stamps", unit=19),
)  # fmt: skip
