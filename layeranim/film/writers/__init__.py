"""Frames in, film files out: one writer a format, all fed from one pass over the frames.

A writer is told which rectangles changed; what stayed is not looked at again. Files stream out in flat memory, are the
same bytes on every run and with any number of workers, and last as long as the film, to the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO

from layeranim.errors import OptionError
from layeranim.film.writers.spec import FrameFiles, Rect, Spec, Writer
from layeranim.records import dataclass

__all__ = [
    "EVERY",
    "FORMATS",
    "STILLS",
    "FormatInfo",
    "FrameFiles",
    "PageInfo",
    "Rect",
    "Spec",
    "Writer",
    "check_clear",
    "check_size",
    "writer",
]


@dataclass(frozen=True)
class FormatInfo:
    """A film format. ``suffix`` ends its file names; ``most`` is the longest side it can have, in pixels.

    ``media_type`` is the name by which a page or a server calls such a file (RFC 6838); ``held`` are the bytes that
    drawing and writing take for every pixel of a frame: a film's peak at 3840×2160 less that at 320×180.
    """

    suffix: str
    media_type: str
    description: str
    even: bool
    most: int
    held: int
    opener: Callable[[Any, Spec], Writer]
    solid: str = ""
    """Why a film of this format cannot be transparent, where that is so."""


# Codecs and Pillow are imported when a film is written; until then a table of formats costs nothing.
def _mp4(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.mp4 import mp4

    return mp4(out, spec)


def _webm(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.video import CLEAR, VP9, Video

    return Video(out, spec, CLEAR if spec.theme.clear else VP9)


def _av1(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.video import AV1, Video

    return Video(out, spec, AV1)


def _gif(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.gif import Gif

    return Gif(out, spec)


def _webp(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.webp import Webp

    return Webp(out, spec)


def _apng(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.png import Apng

    return Apng(out, spec)


def _html(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.html import Html

    return Html(out, spec)


def _png_sequence(out: Any, spec: Spec) -> Writer:
    from layeranim.film.writers.png import PngSequence

    return PngSequence(out, spec)


FORMATS: dict[str, FormatInfo] = {
    "mp4": FormatInfo(
        ".mp4", "video/mp4", "H.264 in MP4: plays everywhere", True, 8192, 52, _mp4, "H.264 has no transparency"
    ),
    "webm": FormatInfo(".webm", "video/webm", "VP9 in WebM: for the web, free of patents", True, 8192, 107, _webm),
    "av1": FormatInfo(
        ".av1.webm",
        "video/webm",
        "AV1 in WebM: smallest, slowest, takes most memory",
        True,
        8192,
        215,
        _av1,
        "no player takes AV1 with transparency",
    ),
    "gif": FormatInfo(
        ".gif",
        "image/gif",
        "GIF: the theme's colours exact, edges in 255 colours",
        False,
        65535,
        32,
        _gif,
        "a pixel of a GIF is clear or it is not, and the edges of letters are half clear",
    ),
    "webp": FormatInfo(".webp", "image/webp", "WebP: every pixel exact, smaller than GIF", False, 16383, 49, _webp),
    "apng": FormatInfo(".apng", "image/apng", "animated PNG: every pixel exact", False, 65535, 41, _apng),
    "html": FormatInfo(
        ".html",
        "text/html",
        "a page that plays the film step by step, with its numbers",
        True,
        8192,
        75,
        _html,
        "the film within it is H.264, which has no transparency",
    ),
    "png-sequence": FormatInfo(
        "-%04d.png", "image/png", "a PNG a frame, every pixel exact", False, 65535, 41, _png_sequence
    ),
}


@dataclass(frozen=True)
class PageInfo:
    """A format of pages that show a film's steps as stills. ``suffix`` and ``media_type`` as of ``FormatInfo``."""

    suffix: str
    media_type: str
    description: str


STILLS = {
    "sheet": PageInfo(".sheet.png", "image/png", "steps of the film with their words, as one picture"),
    "pdf": PageInfo(".pdf", "application/pdf", "steps of the film with their words, as a document: vectors and text"),
}
EVERY = (*FORMATS, *STILLS, "png")
"""Every format that there is; ``png`` is the poster."""


def writer(fmt: str, out: BinaryIO | FrameFiles, spec: Spec) -> Writer:
    """A writer of format ``fmt`` into ``out``: an empty binary file, readable and seekable; FrameFiles for a sequence.

    Raises OptionError for a format that does not exist or a frame size that it cannot have.
    """
    check_size(fmt, spec.width, spec.height)
    return FORMATS[fmt].opener(out, spec)


def check_clear(fmt: str) -> None:
    """Refuse a format that cannot be transparent. Raises OptionError naming those that can."""
    if fmt in FORMATS and FORMATS[fmt].solid:
        able = ", ".join(name for name in EVERY if name not in FORMATS or not FORMATS[name].solid)
        raise OptionError(f"background is transparent, but {fmt} cannot be: {FORMATS[fmt].solid}; there are {able}")


def check_size(fmt: str, width: int, height: int) -> None:
    """Refuse a frame size that ``fmt`` cannot have. Raises OptionError naming the nearest sizes that work."""
    info = FORMATS.get(fmt)
    if info is None:
        raise OptionError(f"there is no format {fmt!r}; choose from {', '.join(FORMATS)}")
    least = 16 if info.even else 1
    if not (least <= width <= info.most and least <= height <= info.most):
        raise OptionError(f"size {width}x{height}: {fmt} takes sides of {least} to {info.most} pixels")
    if info.even and (width % 2 or height % 2):
        smaller, larger = (f"{width + by * (width % 2)}x{height + by * (height % 2)}" for by in (-1, 1))
        raise OptionError(f"size {width}x{height}: {fmt} needs even sides; {smaller} or {larger} would work")
