"""Files under way: hidden in the folder where they belong, locked while their process lives.

The lock is how a later run can tell what a killed one left behind.
"""

from __future__ import annotations

import atexit
import fcntl
import io
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from layeranim.errors import RenderError

STDOUT = "-"
HIDDEN = re.compile(r"\.layeranim-[0-9a-f]{16}\.part")
BUFFER = 1 << 16
STANDS = "what was there before still stands"

_mine: set[Path] = set()
"""What this process made: a signal may come before anybody knows of it, and then it goes when the program ends."""


def create(folder: Path, as_folder: bool = False) -> tuple[Path, int]:
    """A new hidden file or folder in ``folder``, locked; its path and handle."""
    while True:  # until no other run takes it for a leftover before it is locked
        hidden = folder / f".layeranim-{os.urandom(8).hex()}.part"
        _mine.add(hidden.absolute())
        if as_folder:
            hidden.mkdir()
            try:
                handle = os.open(hidden, os.O_RDONLY)
            except FileNotFoundError:
                continue
        else:
            handle = os.open(hidden, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if _lock(handle) and hidden.exists():
            return hidden, handle
        os.close(handle)


def _lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks: its leftovers cannot be told from files in use, and stay
    return True


def remove(path: Path) -> None:
    """Delete a hidden file, or a hidden folder with what is in it; one that is gone is fine."""
    if path.is_dir():
        import shutil  # and every kind of archive with it

        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    _mine.discard(path.absolute())


@atexit.register
def _remove_mine() -> None:
    for path in list(_mine):
        with suppress(OSError):
            remove(path)


class _Part(io.FileIO):
    """A file under way that reports a full disk with the name that it will have."""

    def __init__(self, handle: int, path: str | Path) -> None:
        super().__init__(handle, "r+b")
        self._path = path

    def write(self, data: Any, /) -> int:
        with reported(self._path):
            return super().write(data)


def buffered(handle: int, path: str | Path) -> BinaryIO:
    """``handle`` as a file to read and write; what goes wrong is a RenderError that names ``path``."""
    return cast(BinaryIO, io.BufferedRandom(_Part(handle, path), BUFFER))


def clear_leftovers(folder: str | Path) -> int:
    """Delete the hidden files in ``folder`` that no living process holds; returns how many. Anything else stays."""
    cleared = 0
    with suppress(OSError):
        for name in filter(HIDDEN.fullmatch, os.listdir(folder)):
            with suppress(OSError):
                cleared += _clear(Path(folder, name))
    return cleared


def _clear(path: Path) -> bool:
    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        mode = os.fstat(handle).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            return False
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)  # an error if its process lives
        remove(path)
        return True
    finally:
        os.close(handle)


@contextmanager
def reported(path: str | Path, standing: str = STANDS) -> Iterator[None]:
    """Turn the system's errors into RenderError: what could not be written, why, and what stands there now."""
    try:
        yield
    except OSError as error:
        name = "standard output" if str(path) == STDOUT else path
        reason = os.strerror(error.errno) if error.errno else error
        raise RenderError(f"cannot write {name}: {reason}; {standing}") from None


def sync_folder(folder: Path) -> None:
    """Bring the folder's names to the disk."""
    handle = os.open(folder, os.O_RDONLY)
    with suppress(OSError):  # some file systems cannot
        os.fsync(handle)
    os.close(handle)
