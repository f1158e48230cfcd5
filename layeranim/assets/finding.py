"""Where the manifest is, and its TOML. No library is imported: most checks end here."""

from __future__ import annotations

import os
import stat
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from layeranim.errors import ManifestError

NAME, PROJECT = "layeranim.toml", "pyproject.toml"
LOCK_BEGINS = b"# Written by layeranim build: "
LARGEST = 1_000_000
"""Bytes of a manifest."""


def find(start: Path | None = None) -> Path:
    """The nearest manifest, from ``start`` (the working folder) upwards. Raises ``ManifestError`` if there is none."""
    try:
        start = start or Path.cwd()
    except FileNotFoundError:
        raise ManifestError("the folder that this runs in is gone; run it in one that is there") from None
    for folder in (start, *start.parents):
        if (folder / NAME).is_file():
            return folder / NAME
        project = folder / PROJECT
        if project.is_file() and isinstance(tool(parsed(project)), dict):
            return project
    raise ManifestError(
        f"there is no {NAME} here or above, and no [tool.layeranim] in a {PROJECT}; layeranim init writes one"
    )


def parsed(path: Path) -> Any:
    """The TOML of a file. Raises ``ManifestError``."""
    return text_and_data(path)[1]


def text_and_data(path: Path) -> tuple[str, Any]:
    """What is in a file at one moment, as text and as TOML. Raises ``ManifestError``."""
    try:
        text = content(path, LARGEST).decode("utf-8-sig")
        data = tomllib.loads(text)
    except OSError as error:
        raise ManifestError(f"{_shown(str(path))} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{_shown(path.name)} is not UTF-8: byte {error.start + 1} is in no letter; save it again"
        ) from None
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise ManifestError(f"{_shown(path.name)} is not TOML: {_shown(str(error), 200)}") from None
    for key, value in _values(data):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            raise ManifestError(
                f"{_shown(path.name)} is not TOML: a whole number of {_shown(key)} takes more than 64 bits"
            )
    return text, data


def _values(data: Any) -> Iterator[tuple[str, Any]]:
    """Everything in a parsed file that is no table and no list, with the key that it stands under."""
    waiting = [("", data)]
    while waiting:
        key, value = waiting.pop()
        if isinstance(value, dict):
            waiting += value.items()
        elif isinstance(value, list):
            waiting += [(key, one) for one in value]
        else:
            yield key, value


def tool(data: Any) -> Any:
    """The table of ours in a ``pyproject.toml``."""
    tool = data.get("tool")
    return tool.get("layeranim") if isinstance(tool, dict) else None


def lock_of(manifest: Path) -> Path:
    """``layeranim.lock`` beside the manifest; of ``films.toml`` it is ``films.layeranim.lock``.

    ``poetry.lock`` and ``uv.lock`` are other programs'. ``films.lock`` stays where version 0.1 wrote one.
    """
    if manifest.name in (NAME, PROJECT):
        return manifest.with_name("layeranim.lock")
    old = manifest.with_suffix(".lock")
    try:
        with open(old, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
            if file.read(len(LOCK_BEGINS)) == LOCK_BEGINS:
                return old
    except OSError:
        pass
    return manifest.with_suffix(".layeranim.lock")


def content(path: Path, most: int) -> bytes:
    """What is in a regular file of at most ``most`` bytes. Raises ``ManifestError``, and ``OSError``."""
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise ManifestError(f"{_shown(path.name)} is no regular file, which it must be")
        if status.st_size > most:
            raise ManifestError(f"{_shown(path.name)} is larger than {most:,} bytes, which it never is")
        return file.read(most)


def _shown(text: str, limit: int = 80) -> str:
    from layeranim.inputs import printable  # and NumPy with it, only where there is something to tell

    return printable(text, limit)
