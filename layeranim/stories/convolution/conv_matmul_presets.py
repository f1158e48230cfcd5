"""What convolutions as matrix products are shown with, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_TOGETHER = ("kernel_size", "filters")

PRESETS = (
    Preset(
        "patches",
        "four windows of 2×2 become four columns; the kernel a row, or a matrix with zeros",
        "values ours",
        arrays={"input": [[1, 2, 3], [4, 5, 6], [7, 8, 9]], "kernel": [[1, 2], [-1, 3]]},
        bound={"kernel": _TOGETHER},
        unit=0,
    ),
    Preset(
        "sixteen",
        "a 3×3 kernel over 4×4: 64 places, 9 weights",
        "sizes of V. Dumoulin, F. Visin, A guide to convolution arithmetic for deep learning (2016), section 4.1; "
        "values ours",
        arrays={"input": [[1, 0, 2, 1], [0, 3, 1, 0], [2, 1, 0, 1], [1, 0, 1, 2]],
                "kernel": [[1, 2, 1], [2, 4, 2], [1, 2, 1]]},
        bound={"kernel": _TOGETHER},
        unit=0,
    ),
    Preset(
        "digit",
        "a handwritten 8×8 digit and the Sobel kernel: 2304 places, 9 weights along a few diagonals",
        "UCI Optical Recognition of Handwritten Digits (E. Alpaydin, C. Kaynak; CC BY 4.0)",
        arrays={"input": "digit:3", "kernel": "sobel-x"},
        bound={"kernel": _TOGETHER},
        unit=0,
    ),
)  # fmt: skip
