"""A storyboard as JSON, and back: what a film declared on the stage draws, for other programs and for comparison.

Every dataclass is an object whose ``is`` names it; arrays are lists; a ``range`` is ``{"from": …, "to": …}``; what has
its default is left out. Nothing is computed on the way back, and nothing but the classes of ``forms`` is made. A file
is data from a stranger: every value is checked against its field's annotation, then the whole as the stage does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np

from layeranim.engine import memory
from layeranim.engine.option import given
from layeranim.engine.written import written
from layeranim.errors import InputError, OptionError
from layeranim.stories.stage import forms
from layeranim.stories.stage.forms import CLASSES, made
from layeranim.stories.stage.seam import bounded, checked
from layeranim.stories.stage.verbs import Everywhere
from layeranim.stories.storyboard import Storyboard

VERSION = 1
HOW = "layeranim storyboard NAME -o FILE.json writes one"
BEGINS = b'{\n "storyboard": '
TAKES = 24
"""Bytes of memory for a byte of a record while it is read."""


def dumped(board: Storyboard) -> str:
    """The storyboard as JSON text, with the version of its form. Raises ``OptionError`` for one not of the stage."""
    if not isinstance(board.parts, Mapping) or set(board.parts) != {"stage"}:
        raise OptionError(
            f"a film of {board.explainer} is not declared on the stage yet, so its storyboard has no form of its own; "
            f"layeranim render {board.explainer} --dry-run prints it"
        )
    return written({"storyboard": VERSION, **_plain(board)}, indent=1) + "\n"


def in_the_way(path: Path) -> bool:
    """Whether something stands there that is no storyboard, and not empty; its first bytes tell."""
    try:
        with path.open("rb") as file:
            begins = file.read(40)
    except OSError:
        return False
    return bool(begins) and not begins.startswith(BEGINS)


def schema() -> dict[str, Any]:
    """The JSON Schema of what ``dumped`` writes, draft 2020-12."""
    return forms.schema(VERSION)


def loaded(text: str | bytes) -> Storyboard:
    """The storyboard of a JSON text. Raises ``InputError`` for what is none, ``ShapeError`` for a large one."""
    memory.afford("this storyboard takes", TAKES * len(text))
    try:
        record = json.loads(text, parse_constant=_constant)
        if not isinstance(record, dict) or record.get("storyboard") != VERSION:
            version = record.get("storyboard") if isinstance(record, dict) else None
            raise ValueError(f"its version is {given(version)}, but this program reads version {VERSION}")
        board: Storyboard = made(Storyboard, {k: v for k, v in record.items() if k != "storyboard"}, "storyboard")
        return bounded(checked(board))
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"this is no storyboard: {reason}; {HOW}") from None


def _constant(text: str) -> NoReturn:
    raise ValueError(f"it holds {text}, which is no number of JSON")


def _plain(value: Any) -> Any:
    if isinstance(value, Everywhere):  # cell by cell: a file has no shorter word for them
        return [list(cell) for cell in value]
    if is_dataclass(value) and not isinstance(value, type):
        name = type(value).__name__
        if CLASSES.get(name) is not type(value):
            raise TypeError(f"{name} cannot be recorded")
        kept = ((item.name, getattr(value, item.name)) for item in fields(value))
        defaults = {item.name: item.default for item in fields(value)}
        return {"is": name, **{key: _plain(held) for key, held in kept if not _same(held, defaults[key])}}
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, range):
        return {"from": value.start, "to": value.stop}
    if isinstance(value, Mapping):
        return {str(key): _plain(held) for key, held in value.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(held) for held in value]
    if value is None or isinstance(value, (str, int, float, bool)):
        return value
    raise TypeError(f"{type(value).__name__} cannot be recorded")


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and not isinstance(value, np.ndarray) and value == default)
