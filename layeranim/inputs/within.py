"""The folder of a manifest, which is where its relative paths start: what lies outside of it is nobody's to show."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from layeranim.errors import InputError, UsageError
from layeranim.inputs.safe import printable
from layeranim.records import dataclass


@dataclass(frozen=True)
class Within:
    """A manifest may be a stranger's, and name any file of the machine that it is built on.

    Of a file outside of ``folder``, links followed, no error quotes anything; where ``restricted`` none is read.
    """

    folder: Path
    restricted: bool = False

    def holds(self, path: str | os.PathLike[str]) -> bool:
        """Whether a path, from the folder on, stays in it; of a name that no file can have, too."""
        try:
            real, home = os.path.realpath(os.path.join(self.folder, path)), os.path.realpath(self.folder)
            return os.path.commonpath([real, home]) == home
        except (OSError, ValueError):
            return True


Base = Path | Within | None
"""Where relative paths start: a folder, that of a manifest, or the working folder."""


def place(path: str, base: Base) -> str:
    """The path as it is opened."""
    folder = base.folder if isinstance(base, Within) else base
    return path if folder is None else os.path.join(folder, path)


def foreign(path: str, base: Base) -> bool:
    """Whether it lies outside of a manifest's folder."""
    return isinstance(base, Within) and not base.holds(path)


@contextmanager
def discreet(what: str, path: str, base: Base) -> Iterator[None]:
    """Around all that reads a file. Raises ``InputError`` that quotes nothing of it, where it lies outside."""
    if not foreign(path, base):
        yield
        return
    shown = f"{what} '{printable(path)}' lies outside the manifest's folder"
    if isinstance(base, Within) and base.restricted:
        raise InputError(f"{shown}, and --restrict keeps to that; copy it there")
    if not os.path.exists(place(path, base)):
        raise InputError(f"{shown}, and no such file is there")
    try:
        yield
    except UsageError:
        raise InputError(
            f"{shown} and cannot be read as it should be; nothing in such a file is quoted: layeranim trace says more"
        ) from None
