"""What a film of a manifest may be called: its name becomes file names, the same ones on every system."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from layeranim.engine.option import given

MOST = 100
"""Bytes of a name in UTF-8; with a suffix it fits every file system."""
SHAPE = re.compile(r"[^\W_](?:[\w.-]*\w)?")
RULE = f"letters, digits, '-', '_' and '.', beginning with a letter or digit, at most {MOST} bytes"


def problem(name: Any) -> str | None:
    """Why ``name`` cannot be a film's, or ``None``."""
    if not isinstance(name, str):
        return f"id is {given(name)}, but must be text"
    if not SHAPE.fullmatch(unicodedata.normalize("NFC", name)) or len(name.encode("utf-8", "replace")) > MOST:
        return f"id is {given(name)}, but a film's name takes {RULE}{_instead(name)}"
    if name != unicodedata.normalize("NFC", name):
        return f"id is {given(name)}, but must be written with composed letters (Unicode NFC)"
    return None


def _instead(name: str) -> str:
    """A name near ``name`` that works, if there is one."""
    near = re.sub(r"[^\w.-]+", "-", unicodedata.normalize("NFC", name)).strip("-._")
    return f"; {near} would work" if near and SHAPE.fullmatch(near) and len(near.encode()) <= MOST else ""


def same(file: str) -> str:
    """Equal for names that some file system takes for one: but for case or Unicode form."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", file).casefold())


def part(option: str, value: Any) -> str:
    """What a value of ``matrix`` adds to a name: ``hidden2``, ``kernel-size3x3``, ``no-bias``."""
    word = option.replace("_", "-")
    if isinstance(value, bool):
        return word if value else f"no-{word}"
    if isinstance(value, (list, tuple)):
        return word + "x".join(str(one) for one in value)
    return word + str(value)
