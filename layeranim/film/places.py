"""Places that files go to: whether they could be written, and what stands there."""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from layeranim.errors import LayeranimError, OutputError
from layeranim.film.hidden import STDOUT, create, remove

NUMBER = re.compile(r"%(0\d)?d")
KINDS = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket"}


def is_sequence(path: str | Path) -> bool:
    """True if the file name has a place for a frame number: ``%d``, ``%04d``."""
    return NUMBER.search(Path(path).name) is not None


def frame_path(pattern: Path, number: int) -> Path:
    """Where frame ``number`` of a sequence goes."""
    return pattern.with_name(NUMBER.sub(lambda place: f"{number:{place[1] or ''}d}", pattern.name))


def frames_at(pattern: Path) -> Iterator[Path]:
    """Whatever stands where some frame of a sequence would go, in the order of the numbers."""
    before, after = (re.escape(text) for text in NUMBER.sub("\0", pattern.name).split("\0"))
    shape = re.compile(f"{before}([0-9]{{1,9}}){after}")
    with suppress(OSError):
        found = (match for match in map(shape.fullmatch, os.listdir(pattern.parent)) if match)
        for number, name in sorted((int(match[1]), match[0]) for match in found):
            if frame_path(pattern, number).name == name:
                yield pattern.with_name(name)


def folded(name: str) -> str:
    """The same for names that some file systems take for one: equal but for case or Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def check_writable(*paths: str | Path) -> None:
    """Try whether the outputs could be written, leaving no trace. ``-`` is standard output, ``%d`` a sequence.

    A folder that does not exist will be made if its own folder is there. What stands in the place of an output may only
    be a regular file. Raises OutputError, also where two of them are the same file.
    """
    taken = set[Path]()
    for path in paths:
        name = Path(path).name
        if str(path) != STDOUT and _check(path):
            name = folded(name)
        place = Path(os.path.realpath(Path(path).parent), name)
        if place in taken:
            raise OutputError(f"{path} is named twice; every output needs a name of its own")
        taken.add(place)


def _check(path: str | Path) -> bool:
    """Refuse a place that cannot be written; whether names that differ in case are one there."""
    target = Path(path)
    try:
        if not target.name or str(path).endswith("/"):
            raise OutputError(f"cannot write {path}: it is a folder; add a file name")
        if len(NUMBER.findall(target.name)) > 1:
            raise OutputError(f"cannot write {path}: the frame number stands twice in its name; once is enough")
        refuse_irregular(frame_path(target, 0), OutputError)
        folder = target.parent if target.parent.exists() else target.parent.parent
        if not folder.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {folder}; make it first")
        hidden, handle = create(folder)
        try:
            return hidden.with_name(hidden.name.swapcase()).exists()
        finally:
            remove(hidden)
            os.close(handle)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; make it writable, or name another place") from None
    except ValueError:  # NUL, or half of a surrogate pair
        raise OutputError(f"cannot write {str(path)!r}: no file can have this name") from None


def refuse_irregular(path: Path, error: type[LayeranimError]) -> None:
    """Raise ``error`` if something other than a regular file stands at ``path``; a link is not followed."""
    mode = mode_of(path)
    if mode and not stat.S_ISREG(mode):
        raise error(f"cannot write {path}: {KINDS.get(stat.S_IFMT(mode), 'a device')} stands there, not a regular file")


def mode_of(path: Path) -> int:
    """The kind and permissions of what stands at ``path``; 0 if nothing does."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0
