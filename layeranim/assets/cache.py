"""The cache: a file a film, named by the digest of all that it comes from. It only makes things faster.

It keeps to a size: when it is full, the films that were used longest ago leave first.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from layeranim.errors import LayeranimError
from layeranim.film.output import Output, clear_leftovers
from layeranim.records import dataclass

MAGIC = b"layeranim film 2 "
NAME = re.compile(r"[0-9a-f]{64}\.film")
HEADER = 65_536
"""Bytes that the list of files of an entry may take."""
KNOWN = ".known"
"""What the records of ``known`` end in."""
OURS = re.compile(rf"{NAME.pattern}|[0-9a-f]{{32}}\{KNOWN}")
"""What a cache may hold; anything else in its folder is somebody's."""
SIZE = 1_000_000_000
"""Bytes that a cache may take, where nobody says otherwise."""

Files = Mapping[str, bytes]
"""What a film is made of, by suffix: ``gif``, ``png``, ``vtt``, ``json``."""


def folder_of_user() -> Path | None:
    """Where this user's programs keep what can be made again; ``None`` where there is no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given) / "layeranim"
    try:
        home = Path.home()
    except RuntimeError:
        return None
    return home / ("Library/Caches" if sys.platform == "darwin" else ".cache") / "layeranim"


@dataclass(frozen=True)
class Cache:
    """Films by key, ``size`` bytes at most. ``warn`` hears of damage and of a full disk; neither is an error."""

    folder: Path | None
    warn: Callable[[str], None] = lambda text: None
    size: int = SIZE

    def get(self, key: str, wanted: Collection[str]) -> Files | None:
        """The film under ``key``, which counts as used now; ``None`` if it is not there, or not whole.

        ``wanted``: the suffixes of its files. An entry names its files itself, and nobody else's word is taken for
        what is written where: one with a file more, less or other than these is none.
        """
        found = self._whole(key)
        if found is not None and sorted(found) != sorted(wanted):
            self.warn(f"the cache's entry {key[:12]} holds other files than this film has; the film is made again")
            return None
        return found

    def _whole(self, key: str) -> Files | None:
        if self.folder is None:
            return None
        try:
            data = self._read(self._path(key))
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warn(f"the cache cannot be read: {error.strerror}; the film is made again")
            return None
        found = unpacked(key, data)
        if found is None:
            self.warn(f"the cache's entry {key[:12]} is damaged or from another version; the film is made again")
        return found

    def put(self, key: str, files: Files) -> None:
        """Keep a film, and let others go if there is no room."""
        if self.folder is None:
            return
        data = packed(key, files)
        if len(data) > self.size:
            self.warn(f"the cache does not keep a film of {len(data):,} bytes: all of it may take {self.size:,}")
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with Output(self._path(key)) as output:
                output.file.write(data)
                output.commit()
        except (OSError, LayeranimError) as error:
            self.warn(f"the cache keeps nothing: {error}")
            return
        self._make_room(key)

    def holding(self, suffix: str, digest: str) -> bytes | None:
        """The file with this suffix and SHA-256, in whatever film; only what the entries list is read to find it."""
        for path in self.entries():
            with suppress(OSError):
                if [suffix, digest] in [[one, known] for one, _, known in _listed(path.stem, self._read(path, HEADER))]:
                    return (self._whole(path.stem) or {}).get(suffix)
        return None

    def entries(self) -> list[Path]:
        """The files of the cache."""
        with suppress(OSError):
            return sorted(p for p in (self.folder or Path()).iterdir() if NAME.fullmatch(p.name)) if self.folder else []
        return []

    def used(self) -> tuple[int, int]:
        """How many films there are, and how many bytes all that is ours takes."""
        return len(self.entries()), sum(size for _, size, _ in self._by_use())

    def clear(self) -> int:
        """Delete every entry, and what killed processes left; returns how many entries there were."""
        count = 0
        for path in self.entries():
            with suppress(OSError):
                path.unlink()
                count += 1
        if self.folder is not None:
            clear_leftovers(self.folder)
            with suppress(OSError):
                for path in ours(self.folder):
                    path.unlink(missing_ok=True)
        return count

    def _path(self, key: str) -> Path:
        return (self.folder or Path()) / f"{key}.film"

    def _read(self, path: Path, most: int = -1) -> bytes:
        """The first bytes of an entry; nothing of what is no file of ours, whatever stands in its place."""
        with open(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode) or status.st_size > max(self.size, SIZE):
                return b""
            if most < 0:
                with suppress(OSError):  # a cache that can only be read
                    os.utime(file.fileno())
            return file.read(most)

    def _by_use(self) -> list[tuple[int, int, Path]]:
        """When each film and record was used, its bytes and its path; what was used longest ago comes first."""
        return by_use(ours(self.folder)) if self.folder else []

    def _make_room(self, key: str) -> None:
        """Let go what was used longest ago, until the rest keeps to the size; the newest film stays."""
        entries = self._by_use()
        over = sum(size for _, size, _ in entries) - self.size
        for _, size, path in entries:
            if over <= 0:
                return
            if path != self._path(key):
                with suppress(OSError):
                    path.unlink()
                over -= size


def ours(folder: Path) -> list[Path]:
    """The films and the records in a folder."""
    with suppress(OSError):
        return [path for path in folder.iterdir() if OURS.fullmatch(path.name)]
    return []


def by_use(paths: Iterable[Path]) -> list[tuple[int, int, Path]]:
    """When each was used, its bytes and its path; what was used longest ago comes first."""
    found = []
    for path in paths:
        with suppress(OSError):  # another build let it go
            status = path.lstat()
            found.append((status.st_mtime_ns, status.st_size, path))
    return sorted(found)


def packed(key: str, files: Files) -> bytes:
    """A film as one run of bytes: its key, what it holds, with digests, then the files."""
    listed = [[suffix, len(data), hashlib.sha256(data).hexdigest()] for suffix, data in sorted(files.items())]
    return b"".join([_head(key), json.dumps(listed).encode(), b"\n", *(files[suffix] for suffix in sorted(files))])


def unpacked(key: str, data: bytes) -> Files | None:
    """The files of the film under ``key``; ``None`` if it is another's, or a single bit is not as it was written."""
    found: dict[str, bytes] = {}
    at = data.find(b"\n", len(_head(key))) + 1
    for suffix, size, digest in _listed(key, data):
        if suffix in found:
            return None
        found[suffix] = data[at : at + size]
        at += size
        if hashlib.sha256(found[suffix]).hexdigest() != digest:
            return None
    return found if found and at == len(data) else None


def _head(key: str) -> bytes:
    """How an entry begins: a film that lies under another's key is none."""
    return MAGIC + key.encode() + b"\n"


def _listed(key: str, data: bytes) -> list[tuple[str, int, str]]:
    """What an entry says it holds: suffix, bytes and SHA-256 of each file; nothing if it is not in order."""
    begin = len(_head(key))
    end = data.find(b"\n", begin, begin + HEADER)
    if not data.startswith(_head(key)) or end < 0:
        return []
    try:
        listed: Any = json.loads(data[begin:end])
        sound = all(list(map(type, row)) == [str, int, str] and row[1] >= 0 for row in listed)
        return [(suffix, size, digest) for suffix, size, digest in listed] if sound else []
    except (ValueError, TypeError, RecursionError, IndexError):
        return []
