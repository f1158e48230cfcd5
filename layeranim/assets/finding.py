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
    try:
        data = tomllib.loads(content(path, LARGEST).decode("utf-8-sig"))
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
    return data


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
    """``layeranim.lock`` beside the manifest; another manifest's has its own name."""
    return manifest.with_name(("layeranim" if manifest.name == PROJECT else manifest.stem) + ".lock")


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
