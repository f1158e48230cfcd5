"""The cache: a file a film, named by the digest of all that it comes from. It only makes things faster."""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layeranim.errors import LayeranimError
from layeranim.film.output import Output, clear_leftovers

MAGIC = b"layeranim film 1\n"
NAME = re.compile(r"[0-9a-f]{64}\.film")
HEADER = 65_536
"""Bytes that the list of files of an entry may take."""

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
    """Films by key. ``warn`` hears of damage and of a full disk; neither is an error."""

    folder: Path | None
    warn: Callable[[str], None] = lambda text: None

    def get(self, key: str) -> Files | None:
        """The film under ``key``; ``None`` if it is not there or not whole."""
        if self.folder is None:
            return None
        try:
            data = self._path(key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            self.warn(f"the cache cannot be read: {error.strerror}; the film is made again")
            return None
        found = unpacked(data)
        if found is None:
            self.warn(f"the cache's entry {key[:12]} is damaged or from another version; the film is made again")
        return found

    def put(self, key: str, files: Files) -> None:
        """Keep a film."""
        if self.folder is None:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with Output(self._path(key)) as output:
                output.file.write(packed(files))
                output.commit()
        except (OSError, LayeranimError) as error:
            self.warn(f"the cache keeps nothing: {error}")

    def entries(self) -> list[Path]:
        """The files of the cache."""
        with suppress(OSError):
            return sorted(p for p in (self.folder or Path()).iterdir() if NAME.fullmatch(p.name)) if self.folder else []
        return []

    def clear(self) -> int:
        """Delete every entry, and what killed processes left; returns how many entries there were."""
        count = 0
        for path in self.entries():
            with suppress(FileNotFoundError):
                path.unlink()
                count += 1
        if self.folder is not None:
            clear_leftovers(self.folder)
        return count

    def _path(self, key: str) -> Path:
        return (self.folder or Path()) / f"{key}.film"


def packed(files: Files) -> bytes:
    """A film as one run of bytes: what it holds, with digests, then the files."""
    listed = [[suffix, len(data), hashlib.sha256(data).hexdigest()] for suffix, data in sorted(files.items())]
    return b"".join([MAGIC, json.dumps(listed).encode(), b"\n", *(files[suffix] for suffix in sorted(files))])


def unpacked(data: bytes) -> Files | None:
    """The files of a film; ``None`` if a single bit is not as it was written."""
    if not data.startswith(MAGIC):
        return None
    end = data.find(b"\n", len(MAGIC), len(MAGIC) + HEADER)
    try:
        listed: Any = json.loads(data[len(MAGIC) : end])
        found: dict[str, bytes] = {}
        at = end + 1
        for suffix, size, digest in listed:
            found[suffix] = data[at : at + size]
            at += size
            if hashlib.sha256(found[suffix]).hexdigest() != digest:
                return None
    except (ValueError, TypeError, RecursionError):
        return None
    return found if at == len(data) and end > 0 and found else None
