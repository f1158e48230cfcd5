"""Which files a user's words name, told apart by what they are on the disk, whatever path leads to them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, BinaryIO

from layeranim.inputs.read import ARCHIVE, form_of
from layeranim.inputs.within import Base, place

Identity = tuple[int, int]
"""Device and inode: equal for two names of one file, by links or on a file system that takes names for equal."""


def identity(path: str | os.PathLike[str] | int) -> Identity | None:
    """The file at a path, links followed, or behind a handle; ``None`` if there is none."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    return status.st_dev, status.st_ino


def files(specs: Iterable[Any], base: Base = None, stdin: BinaryIO | None = None) -> dict[Identity, str]:
    """The files that these are read from, with the words that name them. Standard input may be one."""
    found: dict[Identity, str] = {}
    for spec in specs:
        named: Identity | None = None
        if isinstance(spec, os.PathLike) or (isinstance(spec, str) and form_of(spec) == "file"):
            path = os.fspath(spec)
            archive = ARCHIVE.fullmatch(path)
            named = identity(place(archive[1] if archive else path, base))
        elif isinstance(spec, str) and form_of(spec) == "stdin" and stdin is not None:
            with suppress(OSError, ValueError, AttributeError):  # a stream that is no file
                named = identity(stdin.fileno())
        if named is not None:
            found[named] = str(spec)
    return found
