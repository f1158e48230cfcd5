"""A photograph under the kernels that every image program has, each with its source."""

from __future__ import annotations

from layeranim.stories.preset import Preset

_PHOTO = "gray-photo:76x114"
_CREDIT = "photograph: Chelsea, by Stéfan van der Walt (CC0)"


def _preset(name: str, summary: str, kernel: str, source: str, title: str, unit: int) -> Preset:
    arrays = {"input": _PHOTO, "kernel": kernel}
    return Preset(name, summary, f"{source}; {_CREDIT}", arrays=arrays, title=title, unit=unit)


PRESETS = (
    _preset("edges", "the difference from left to right: upright edges, light to dark and dark to light", "sobel-x",
            "Sobel and Feldman (1968)", "Upright edges in a picture", 3300),
    _preset("identity", "1 in the middle and 0 around it: the picture as it was", "identity", "ours",
            "The kernel that changes nothing", 1302),
    _preset("mean", "the mean of 3×3 pixels: a blur", "mean-blur", "ours", "A blur: the mean of the neighbours", 1751),
    _preset("gaussian", "near pixels count more than far ones: a softer blur", "gaussian-blur",
            "Fisher, Perkins, Walker, Wolfart: HIPR2, Gaussian smoothing", "Gaussian blur", 4151),
    _preset("sharpen", "five times the pixel less its four neighbours: what differs from them is stressed", "sharpen",
            "ours", "Sharpening", 3731),
    _preset("emboss", "light from the upper left corner: a relief", "emboss", "ours", "Emboss", 4561),
)  # fmt: skip
