"""A font file of the user's: read whole, never looked for on the machine."""

from __future__ import annotations

from layeranim.inputs.read import opened
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.within import Base

SUFFIXES = (".ttf", ".otf", ".ttc", ".otc")
SAVED = "give a TrueType or OpenType file, .ttf or .otf"


def font(path: str, *, base: Base = None, limits: Limits = LIMITS) -> tuple[str, bytes]:
    """The name of a font file and what is in it. Raises :class:`InputError`."""
    request = Request("font", path, limits)
    with opened(path, request, base, SUFFIXES, SAVED) as (name, stream, size):
        request.check_size("the file", size, limits.size)
        return name, stream.read(size)
