"""Named kernels, scaled to the size that is asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from os import PathLike
from types import MappingProxyType
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layeranim.inputs.read import resolve
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.samples import SAMPLES
from layeranim.inputs.source import Source, source
from layeranim.inputs.within import Base

MOST = 15

KERNELS = MappingProxyType(
    {
        "diagonal": "k-1 on the diagonal, -1 elsewhere, summing to 0: finds strokes from top left to bottom right",
        "edge-horizontal": "sobel-y under another name",
        "edge-vertical": "sobel-x under another name",
        "emboss": "-2 -1 0; -1 1 1; 0 1 2: relief along the diagonal; sums to 1, so brightness is kept",
        "gaussian-blur": "5x5: the whole numbers of HIPR2 (sigma 1) over 273; other sizes: binomial coefficients",
        "identity": "1 in the centre, else 0: leaves the picture as it is",
        "mean-blur": "all cells 1 / (height x width): the mean of the window",
        "sharpen": "3x3: 0 -1 0; -1 5 -1; 0 -1 0; larger: unsharp masking, twice the identity less the binomial blur",
        "sobel-x": "-1 0 1; -2 0 2; -1 0 1: the difference along x, answers to vertical edges (Sobel and Feldman 1968)",
        "sobel-y": "sobel-x transposed: the difference along y, answers to horizontal edges (Sobel and Feldman 1968)",
    }
)

SYNONYMS = {
    other: name
    for name, others in {
        "gaussian-blur": "gaussian gauss gaussianblur",
        "mean-blur": "mean blur box box-blur boxblur average uniform",
        "sobel-x": "sobelx sobel-vertical vertical-edge vertical-edges",
        "sobel-y": "sobely sobel-horizontal horizontal-edge horizontal-edges",
        "identity": "delta",
        "sharpen": "sharpening",
        "emboss": "embossing",
    }.items()
    for other in others.split()
}
"""What kernels are called elsewhere."""


def kernel(
    spec: str | PathLike[str] | ArrayLike,
    *,
    size: tuple[int, int] | None = None,
    what: str = "kernel",
    seed: int = 0,
    stdin: BinaryIO | None = None,
    base: Base = None,
    limits: Limits = LIMITS,
    decimal: str = ".",
) -> Source:
    """A kernel (height, width): a name of ``KERNELS`` first, else whatever :func:`read` takes.

    ``size`` scales a named kernel (without it 3×3, gaussian-blur 5×5); of any other it must be the size of the last
    two axes. Raises :class:`InputError`.

    >>> kernel("sobel-x").array.tolist()
    [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    """
    if isinstance(spec, str) and spec in KERNELS:
        request = Request(what, spec, limits)
        if size is not None and len(size) != 2:
            raise request.refuse("has two axes, height and width", "give the numbers, such as '-1 0 1', or a file")
        default = (5, 5) if spec == "gaussian-blur" else (3, 3)
        return source(_build(spec, size or default, request), spec, "kernel", request)
    if isinstance(spec, str) and (meant := SYNONYMS.get(spec.lower().replace("_", "-"))):
        return kernel(meant, size=size, what=what, limits=limits)
    found = resolve(
        spec, Request(what, "", limits, decimal=decimal), seed=seed, stdin=stdin, base=base, names=(*SAMPLES, *KERNELS)
    )
    if size is not None and found.array.shape[-2:] != tuple(size):
        held = "×".join(map(str, found.array.shape))
        asked = "×".join(map(str, size))
        raise Request(what, found.name).refuse(f"is {held}, kernel_size asks for {asked}", "leave one of the two out")
    return found


def _build(name: str, size: tuple[int, int], request: Request) -> NDArray[np.float64]:
    height, width = size
    build, fits, need = _RECIPES[name]
    if not (1 <= height <= MOST and 1 <= width <= MOST):
        raise request.refuse(f"size {height}×{width} is out of range", f"named kernels go from 1×1 to {MOST}×{MOST}")
    if not fits(height, width):
        raise request.refuse(f"has no meaning at {height}×{width}", f"{name} needs {need}")
    return build(height, width)


def _binomial(length: int) -> NDArray[np.float64]:
    return np.array([math.comb(length - 1, index) for index in range(length)], dtype=np.float64)


def _blur(height: int, width: int) -> NDArray[np.float64]:
    values = np.outer(_binomial(height), _binomial(width))
    return np.asarray(values / values.sum())


def _identity(height: int, width: int) -> NDArray[np.float64]:
    values = np.zeros((height, width))
    values[height // 2, width // 2] = 1
    return values


def _gaussian(height: int, width: int) -> NDArray[np.float64]:
    if (height, width) == (5, 5):
        quarter = np.array([[1, 4, 7], [4, 16, 26], [7, 26, 41]])
        half = np.hstack([quarter, quarter[:, 1::-1]])
        return np.asarray(np.vstack([half, half[1::-1]]) / 273)
    return _blur(height, width)


def _sharpen(height: int, width: int) -> NDArray[np.float64]:
    if (height, width) == (3, 3):
        return np.array([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
    return 2 * _identity(height, width) - _blur(height, width)


def _sobel_x(height: int, width: int) -> NDArray[np.float64]:
    return np.outer(_binomial(height), np.convolve(_binomial(width - 2), [-1, 0, 1]))


def _sobel_y(height: int, width: int) -> NDArray[np.float64]:
    return _sobel_x(width, height).T


def _mean(height: int, width: int) -> NDArray[np.float64]:
    return np.full((height, width), 1 / (height * width))


def _emboss(height: int, width: int) -> NDArray[np.float64]:
    return np.array([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]])


def _diagonal(height: int, width: int) -> NDArray[np.float64]:
    return np.asarray(height * np.eye(height) - 1)


def _any(height: int, width: int) -> bool:
    return True


def _odd(height: int, width: int) -> bool:
    return height % 2 == width % 2 == 1


def _odd_from_three(height: int, width: int) -> bool:
    return _odd(height, width) and min(height, width) >= 3


def _three(height: int, width: int) -> bool:
    return height == width == 3


def _square(height: int, width: int) -> bool:
    return height == width >= 2


Recipe = tuple[Callable[[int, int], NDArray[np.float64]], Callable[[int, int], bool], str]
_RECIPES: dict[str, Recipe] = {
    "diagonal": (_diagonal, _square, "a square from 2×2"),
    "edge-horizontal": (_sobel_y, _odd_from_three, "odd sizes from 3"),
    "edge-vertical": (_sobel_x, _odd_from_three, "odd sizes from 3"),
    "emboss": (_emboss, _three, "3×3"),
    "gaussian-blur": (_gaussian, _any, ""),
    "identity": (_identity, _odd, "odd sizes, which have a centre; the identity matrix is eye:2"),
    "mean-blur": (_mean, _any, ""),
    "sharpen": (_sharpen, _odd_from_three, "odd sizes from 3"),
    "sobel-x": (_sobel_x, _odd_from_three, "odd sizes from 3"),
    "sobel-y": (_sobel_y, _odd_from_three, "odd sizes from 3"),
}
