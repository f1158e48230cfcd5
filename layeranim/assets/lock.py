"""``layeranim.lock``: one sorted line a film: its name, digests of causes and tools, SHA-256 of every file of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from layeranim.assets.finding import content
from layeranim.errors import ManifestError
from layeranim.film.output import Output, check_writable
from layeranim.records import dataclass

HEAD = "# Written by layeranim build: film, digest of causes, digest of tools, digest of each file. Commit it."
BESIDE = ("png", "captions", "vtt", "json")
"""What stands beside a film; no limit of size speaks of it."""
LARGEST = 10_000_000
"""Bytes of a lock."""
LINE = re.compile(r"([^\s/]+) ([0-9a-f]{64}) ([0-9a-f]{16})((?: [\w.]+:[0-9a-f]{64})+)")


@dataclass(frozen=True)
class Locked:
    """What was made of one film; ``files`` leads from a suffix (``gif``) to the SHA-256."""

    causes: str
    tools: str
    files: Mapping[str, str]


Lock = dict[str, Locked]


def read(path: Path) -> Lock:
    """The films of a lock by name; none where there is no lock. Raises ``ManifestError`` for a line it cannot read."""
    try:
        text = content(path, LARGEST).decode()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ManifestError(f"{path.name} cannot be read: {reason}; delete it and build again") from None
    found: Lock = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None or match[1] in found:
            raise ManifestError(
                f"{path.name}:{number} is no line of a lock, perhaps half a merge; delete the file and build again"
            )
        files = dict(word.split(":") for word in match[4].split())
        found[match[1]] = Locked(match[2], match[3], files)
    return found


def text(lock: Lock) -> str:
    """The lock as it is written."""
    lines = [HEAD]
    for name in sorted(lock):
        one = lock[name]
        lines.append(" ".join([name, one.causes, one.tools, *(f"{s}:{d}" for s, d in sorted(one.files.items()))]))
    return "\n".join(lines) + "\n"


@contextmanager
def changing(path: Path) -> Iterator[Lock]:
    """The lock to change; written back if it changed. Other builds wait their turn, so that no line is lost."""
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        lock = read(path)
        before = text(lock)
        yield lock
        if text(lock) != before or not path.exists():
            check_writable(path)
            with Output(path) as output:
                output.file.write(text(lock).encode())
                output.commit()
    finally:
        os.close(handle)


def sha256(path: Path) -> str | None:
    """The digest of a regular file; ``None`` if there is none, ``irregular`` for a link, a folder or a pipe."""
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            return "irregular"
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None
    except OSError:
        return "unreadable"


def digest_of(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def suffixes(name: str, files: list[str]) -> dict[str, str]:
    """File name → suffix, as a lock writes it: ``conv.av1.webm`` → ``av1.webm``."""
    return {file: file.removeprefix(name + ".") for file in files}
