"""PNG, JPEG and WebP pictures through Pillow, which is loaded only when a picture is read."""

from __future__ import annotations

import os
import struct
import sys
import warnings
from typing import IO, TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import MissingLibraryError
from layeranim.inputs.request import Request

if TYPE_CHECKING:
    from PIL.Image import Image

FORMATS = ("PNG", "JPEG", "WEBP")
SAVE_AGAIN = "it is damaged or cut short: save it again as PNG, JPEG or WebP"
PILLOW_MOST = 178_956_970  # pixels; Pillow refuses more by itself
ORIENTATION = 0x0112  # the EXIF tag
GRAY = ("1", "L", "LA")
ALPHA, CANVASES, COEFFICIENTS = 0.5, 0.6, 0.5
"""What transparency, the two canvases of a WebP, the coefficients of a progressive JPEG add to a pixel's memory."""


def picture(stream: IO[bytes], request: Request) -> NDArray[np.uint8]:
    """Pixels 0…255: (height, width) of a gray picture, (3, height, width) of a colour one, its first frame.

    The EXIF orientation is applied, what is transparent is laid on white, 16-bit samples keep their high byte,
    palettes and CMYK become RGB; colour profiles are left aside. ``gray`` weighs R, G, B by 0.299, 0.587, 0.114
    (ITU-R BT.601). ``resize`` averages (a triangle filter as wide as a source step: no overshoot).
    """
    library = _pillow()
    request.check_size("the file", stream.seek(0, os.SEEK_END), request.limits.size)
    stream.seek(0)
    _check_canvas(stream.read(30), request)
    stream.seek(0)
    with warnings.catch_warnings():  # what Pillow would warn of is either refused below or harmless
        warnings.simplefilter("ignore")
        with request.decoding("cannot be decoded", SAVE_AGAIN):
            try:
                image = library.open(stream, formats=FORMATS)
            except library.DecompressionBombError as error:
                rule = f"declares more than {min(PILLOW_MOST, request.limits.pixels)} pixels"
                raise request.refuse(rule, "scale it down in another program") from error
            with image:
                _check_decoded(image, request)
                image.load()
                return pixels(_upright(image), request)


def is_pillow(value: object) -> TypeGuard[Image]:
    """Whether a value is a picture of Pillow's; asking does not load Pillow."""
    library = sys.modules.get("PIL.Image")
    return library is not None and isinstance(value, library.Image)


def of_pillow(image: Image, request: Request) -> NDArray[np.uint8]:
    """The pixels of a picture that the caller opened, as :func:`picture` gives those of a file."""
    _check_decoded(image, request)
    with request.decoding("cannot be decoded", SAVE_AGAIN):
        image.load()
        return pixels(_upright(image), request)


def _check_canvas(head: bytes, request: Request) -> None:
    """Refuse a WebP by its header: its decoder takes memory for every pixel as soon as it is opened.

    Format: RFC 9649, sections 2.5 to 2.7: a frame with losses, one without, or a canvas.
    """
    kind, size = head[12:16], (0, 0)
    if head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return
    if kind == b"VP8 " and len(head) == 30:
        width, height = struct.unpack("<HH", head[26:30])
        size = width & 0x3FFF, height & 0x3FFF
    elif kind == b"VP8L" and len(head) > 24:
        bits = int.from_bytes(head[21:25], "little")
        size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X" and len(head) == 30:
        size = int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    _check_pixels(size, 1 + CANVASES, request)


def _check_decoded(image: Image, request: Request) -> None:
    """Refuse a picture that takes too much while it is decoded, or after; a JPEG may be decoded at a smaller size."""
    cost = 1 + (ALPHA if image.has_transparency_data else 0)
    cost += {"WEBP": CANVASES, "JPEG": COEFFICIENTS if image.info.get("progressive") else 0}.get(image.format or "", 0)
    width, height = image.size
    if request.resize is not None and cost * width * height > request.limits.pixels:
        image.draft(image.mode, request.resize[::-1])
        if image.size != (width, height):
            request.say(f"{width}×{height} decoded at {image.width}×{image.height}")
    _check_pixels(image.size, cost, request)
    size = request.resize or image.size[::-1]
    gray = request.gray or image.mode in GRAY or image.mode.startswith("I")
    request.check_shape(size if gray else (3, *size))


def _check_pixels(size: tuple[int, int], cost: float, request: Request) -> None:
    width, height = size
    request.check_size(f"{width}×{height}", width * height, int(request.limits.pixels / cost), "pixels")


def pixels(image: Image, request: Request) -> NDArray[np.uint8]:
    """A decoded picture as an array, flattened, in gray and resized as the request says."""
    flat = _flat(image)
    if request.gray:
        flat = flat.convert("L")
    if request.resize is not None:
        height, width = request.resize
        flat = flat.resize((width, height), _pillow().Resampling.BILINEAR)
    array = np.asarray(flat)
    return array if array.ndim == 2 else np.ascontiguousarray(np.moveaxis(array, -1, 0))


def check_resize(request: Request) -> None:
    """Refuse a size that no picture can take."""
    if request.resize is not None:
        height, width = request.resize
        if height < 1 or width < 1:
            raise request.refuse(f"cannot become {height}×{width}", "resize to at least 1×1")
        request.check_size(f"resized to {height}×{width}", height * width, request.limits.pixels, "pixels")


def from_array(array: NDArray[np.uint8]) -> Image:
    """A gray picture of the pixels in ``array`` (height, width)."""
    image: Image = _pillow().fromarray(array)
    return image


def _upright(image: Image) -> Image:
    turn = _pillow().Transpose
    turns = {2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM, 5: turn.TRANSPOSE}
    turns |= {6: turn.ROTATE_270, 7: turn.TRANSVERSE, 8: turn.ROTATE_90}
    orientation = image.getexif().get(ORIENTATION, 1)
    return image.transpose(turns[orientation]) if orientation in turns else image


def _flat(image: Image) -> Image:
    """The picture as ``L`` or ``RGB``."""
    if image.mode.startswith("I"):  # 16-bit gray; 16-bit colour arrives with its high byte already
        return from_array((np.asarray(image) >> 8).astype(np.uint8))
    mode = "L" if image.mode in GRAY else "RGB"
    if image.has_transparency_data:
        cut = image.convert("RGBA")
        white = _pillow().new("RGBA", cut.size, "white")
        image = _pillow().alpha_composite(white, cut)
    return image.convert(mode)


def _pillow() -> Any:
    """The module ``PIL.Image``."""
    try:
        from PIL import Image
    except ImportError as error:
        raise MissingLibraryError("pictures are read by Pillow, which is missing; pip install pillow") from error
    return Image
