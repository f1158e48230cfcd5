"""Named samples: bundled pictures, simple patterns, random numbers. ``NAME:SIZE`` says which and how large."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.bundled import bundled
from layeranim.inputs import pictures
from layeranim.inputs.request import Request
from layeranim.inputs.seeded import generator
from layeranim.inputs.source import Source, source

Shape = tuple[int, ...]

SAMPLES = MappingProxyType(
    {
        "arange": "arange:5x5: 0, 1, 2, … row by row",
        "checker": "checker:6x6: 0 and 1 as on a chessboard",
        "digit": "digit:3 or digit:3.7: a real handwritten digit, 8x8, 0 to 16; the class, then which of its images,"
        " from 0 (Optical Recognition of Handwritten Digits, Alpaydin and Kaynak 1998, CC BY 4.0)",
        "edge": "edge:6x6: 0 in the left half, 1 in the right",
        "eye": "eye:3 or eye:3x4: 1 on the diagonal, else 0",
        "gray-photo": "gray-photo:72x108: the photograph in gray, 0 to 255, scaled to that height and width",
        "impulse": "impulse:5x5: a single 1 in the centre; a convolution answers with its kernel",
        "ones": "ones:3x3: 1 everywhere",
        "photo": "photo: Chelsea the cat, RGB, 3x300x451, 0 to 255 (Stéfan van der Walt, CC0)",
        "random": "random:6x6 or random:3x6x6: whole numbers -4 to 4 drawn with the seed, others for each parameter",
        "zeros": "zeros:3x3: 0 everywhere",
    }
)

PICTURES = ("digit", "photo")
BLOCK = 2**16
"""Random numbers that are drawn at once."""


def _checker(shape: Shape) -> NDArray[Any]:
    return np.asarray(np.indices(shape).sum(axis=0) % 2)


def _edge(shape: Shape) -> NDArray[Any]:
    return np.broadcast_to(np.arange(shape[-1]) >= (shape[-1] + 1) // 2, shape)


def _eye(shape: Shape) -> NDArray[Any]:
    return np.eye(shape[0], shape[-1])


def _impulse(shape: Shape) -> NDArray[Any]:
    pattern = np.zeros(shape)
    pattern[tuple(length // 2 for length in shape)] = 1
    return pattern


PATTERNS: dict[str, Callable[[Shape], NDArray[Any]]] = {
    "arange": lambda shape: np.arange(np.prod(shape)).reshape(shape),
    "checker": _checker,
    "edge": _edge,
    "eye": _eye,
    "impulse": _impulse,
    "ones": np.ones,
    "zeros": np.zeros,
}


def sample(text: str, request: Request, seed: int) -> Source:
    """The sample that ``text`` names: pictures as uint8, all others as float64."""
    name, _, size = text.partition(":")
    if name == "digit":
        return source(_pixels(_digit(size, request), request), text, "sample", request)
    if name == "photo":
        if size:
            raise request.refuse("photo has one size, 300×451", "write photo and give --resize HxW")
        found = source(_photo(request.gray, request.resize, request), text, "sample", request)
        return replace(found, picture=True)
    if name == "gray-photo":
        if request.resize is not None:
            raise request.refuse("resize and the size in its name are two sizes", "leave one of them out")
        height, width = (int(n) for n in _plane(name, size, request))
        asked = replace(request, resize=(height, width))
        pictures.check_resize(asked)
        return replace(source(_photo(True, (height, width), asked), text, "sample", request), picture=True)
    if request.gray or request.resize is not None:
        raise request.refuse("gray and resize are for pictures", f"say the size in the name: {name}:6x6")
    shape = _shape(name, size, request)
    request.check_shape(shape, itemsize=8)
    if name == "random":
        numbers, drawn = np.empty(shape), generator(seed, request.what)
        for block in np.split(numbers.reshape(-1), range(BLOCK, numbers.size, BLOCK)):  # no second array of that size
            block[:] = drawn.integers(-4, 4, size=block.size, endpoint=True)
        return source(numbers, f"{text} seed {seed}", "random", request)
    return source(PATTERNS[name](shape).astype(np.float64), text, "sample", request)


def _shape(name: str, size: str, request: Request) -> Shape:
    if not re.fullmatch(r"[0-9]{1,9}([x×X][0-9]{1,9})*", size):
        rule = f"'{size[:40]}' is not a size" if size else f"{name} needs a size"
        raise request.refuse(rule, f"write {name}:3x3")
    shape = tuple(int(length) for length in re.split("[x×X]", size))
    if name == "eye":
        if len(shape) > 2:
            raise request.refuse(f"eye has two axes, not {len(shape)}", "write eye:3 or eye:3x4")
        return (shape[0], shape[-1])
    return shape


def _plane(name: str, size: str, request: Request) -> Shape:
    shape = _shape(name, size, request)
    if len(shape) != 2:
        raise request.refuse(f"{name} has a height and a width", f"write {name}:72x108")
    return shape


def _digit(size: str, request: Request) -> NDArray[np.uint8]:
    match = re.fullmatch(r"([0-9])(?:\.([0-9]{1,9}))?", size)
    if match is None:
        raise request.refuse("a digit is named by its class, 0 to 9", "write digit:3, or digit:3.7 for another 3")
    images, labels = _digits()
    of_class = images[labels == int(match[1])]
    at = int(match[2] or 0)
    if at >= len(of_class):
        rule = f"there are {len(of_class)} images of a {match[1]}, there is no number {at}"
        raise request.refuse(rule, f"write digit:{match[1]}.0 to digit:{match[1]}.{len(of_class) - 1}")
    chosen: NDArray[np.uint8] = of_class[at]
    return chosen


def _pixels(gray: NDArray[np.uint8], request: Request) -> NDArray[np.uint8]:
    return gray if request.resize is None else pictures.pixels(pictures.from_array(gray), request)


def _photo(gray: bool, resize: tuple[int, int] | None, request: Request) -> NDArray[np.uint8]:
    return pictures.picture(io.BytesIO(bundled("chelsea.png")), replace(request, gray=gray, resize=resize))


@cache
def _digits() -> tuple[NDArray[Any], NDArray[Any]]:
    from layeranim.inputs.stored.npz_file import npz_file  # and archives with it, which few films need

    def member(key: str) -> NDArray[Any]:
        request = Request("sample", "digit", key=key)
        return npz_file(io.BytesIO(bundled("digits.npz")), request).held(key).read(request)

    return member("images"), member("labels")
