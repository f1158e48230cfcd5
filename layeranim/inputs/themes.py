"""A file with the colours of a theme: TOML, read whole, nothing in it run or followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.inputs.read import opened
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.within import Base

MOST = 100_000
"""Bytes of such a file; its colours take hundreds."""


def theme(path: str, *, base: Base = None, limits: Limits = LIMITS) -> Mapping[str, Any]:
    """The table in a file of colours. Raises :class:`InputError`."""
    import tomllib  # a film in colours of ours has no such file

    request = Request("theme", path, limits)
    with opened(path, request, base, (".toml",), "give a TOML file with colours") as (_, stream, size):
        request.check_size("the file", size, MOST)
        with request.decoding("it is not TOML", 'write one colour a line: accent = "#RRGGBB"'):
            return tomllib.loads(stream.read(size).decode("utf-8"))
