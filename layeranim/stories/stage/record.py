"""A storyboard as JSON, and back: what a film declared on the stage draws, for other programs and for comparison.

Every dataclass is an object whose ``is`` names it; arrays are lists; a ``range`` is ``{"from": …, "to": …}``. Nothing
is computed on the way back, and nothing but the classes listed here is made.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from layeranim.canvas import Canvas
from layeranim.errors import InputError
from layeranim.stories import storyboard
from layeranim.stories.stage import figures, plans, verbs
from layeranim.stories.storyboard import Storyboard

VERSION = 1
_BASE = ("Address", "Beat", "Box", "Cells", "Fact", "GridPlan", "Run", "Storyboard")


def _is_ours(held: object, module: object) -> bool:
    """Whether it is a class of data that this very module defines."""
    return isinstance(held, type) and is_dataclass(held) and held.__module__ == getattr(module, "__name__", "")


CLASSES: dict[str, type] = {
    **{name: getattr(storyboard, name) for name in _BASE},
    **{name: held for module in (plans, verbs) for name, held in vars(module).items() if _is_ours(held, module)},
    "Canvas": Canvas,
    "Flat": figures.Flat,
    "Sliced": figures.Sliced,
}
"""What a record may hold; every class is a frozen dataclass of data."""
_LEVELS = {"levels": np.int8, "texts": object, "ghost": np.bool_, "dim": np.bool_}


def dumped(board: Storyboard) -> str:
    """The storyboard as JSON text, with the version of its form."""
    return json.dumps({"storyboard": VERSION, **_plain(board)}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def loaded(text: str) -> Storyboard:
    """The storyboard of a JSON text; raises InputError for anything that is none."""
    try:
        record = json.loads(text)
        version = record.pop("storyboard")
        board = _made(record) if version == VERSION else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(f"this is no storyboard: {error}; layeranim storyboard NAME -o FILE.json writes one") from None
    if not isinstance(board, Storyboard):
        raise InputError(
            f"this is no storyboard of version {VERSION}; layeranim storyboard NAME -o FILE.json writes one"
        )
    return board


def _plain(value: Any) -> Any:
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


def _made(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_made(held) for held in value)
    if not isinstance(value, dict):
        return value
    if set(value) == {"from", "to"}:
        return range(value["from"], value["to"])
    if "is" not in value:
        return {key: _made(held) for key, held in value.items()}
    name = value["is"]
    if name not in CLASSES:
        raise ValueError(f"it names {name!r}, which is no part of a film")
    given = {key: _made(held) for key, held in value.items() if key != "is"}
    if name == "Cells":
        given |= {key: np.array(value[key], kind) for key, kind in _LEVELS.items() if value.get(key) is not None}
    return CLASSES[name](**given)
