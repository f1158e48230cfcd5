"""The forms of a storyboard's record, from the annotations of its classes: what is read is checked by them, and the
JSON Schema is made of them, so that neither can say what the other does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from inspect import getdoc
from math import isfinite
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import numpy as np

from layeranim.canvas import Canvas
from layeranim.engine.option import given
from layeranim.records import dataclass
from layeranim.stories import storyboard
from layeranim.stories.stage import plans, slices, verbs
from layeranim.stories.storyboard import Beat, Cells, Storyboard

LONGEST = 10_000
"""Letters of one text."""
FARTHEST = 1e6
"""What no length of a picture reaches, in design pixels."""
_BASE = ("Address", "Beat", "Box", "Cells", "Fact", "GridPlan", "Run", "Storyboard")


@dataclass(frozen=True)
class Matrix:
    """Matrix of equally many values of one kind; a NumPy array of this type in the program."""

    of: type
    dtype: Any


@dataclass(frozen=True)
class Either:
    """One of several kinds; what ``|`` says of classes."""

    kinds: tuple[Any, ...]


def _is_ours(held: object, module: object) -> bool:
    """Whether it is a class of data that this very module defines."""
    return isinstance(held, type) and is_dataclass(held) and held.__module__ == getattr(module, "__name__", "")


CLASSES: dict[str, type] = {
    **{name: getattr(storyboard, name) for name in _BASE},
    **{name: held for module in (plans, verbs) for name, held in vars(module).items() if _is_ours(held, module)},
    "Canvas": Canvas,
    "Flat": slices.Flat,
    "Listed": slices.Listed,
    "Places": slices.Places,
    "Sliced": slices.Sliced,
}
"""What a record may hold; every class is a frozen dataclass of data."""

OWN: dict[tuple[type, str], Any] = {
    (Beat, "steps"): tuple[int, ...],
    (Beat, "verbs"): tuple[tuple[verbs.Verb, ...], ...],
    (Cells, "levels"): Matrix(int, np.int8),
    (Cells, "texts"): Either((Matrix(str, object), None)),
    (Cells, "ghost"): Either((Matrix(bool, np.bool_), None)),
    (Cells, "dim"): Either((Matrix(bool, np.bool_), None)),
    (Cells, "sources"): slices.Sliced | slices.Flat | slices.Listed | slices.Places | None,
    (Storyboard, "parts"): Mapping[Literal["stage"], tuple[plans.Plan, ...]],
}
"""What a field holds in a film of the stage, where its annotation allows more."""


@cache
def hints(kind: type) -> dict[str, Any]:
    """What each field of a class may hold."""
    return {name: OWN.get((kind, name), hint) for name, hint in get_type_hints(kind).items()}


def needed(kind: type) -> list[str]:
    """The fields of a class that have no default."""
    return [item.name for item in fields(kind) if item.default is MISSING and item.default_factory is MISSING]


# ── reading ──────────────────────────────────────────────────────────────────
def made(hint: Any, value: Any, where: str) -> Any:
    """What a value of a record stands for. Raises ``ValueError`` with its place where it is none of the hint's."""
    kinds = options(hint)
    if len(kinds) > 1:
        hint = _option(kinds, value, where)
    if isinstance(hint, Matrix):
        return _rows(hint, value, where)
    if hint in (NoneType, None, bool, int, float, str):
        return _single(hint, value, where)
    if hint is range:
        low, high = (made(int, held, where) for held in _fields(value, ("from", "to"), where).values())
        return range(low, high)
    if isinstance(hint, type) and is_dataclass(hint):
        return _object(hint, value, where)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        if value not in args or isinstance(value, bool):
            raise _wrong(where, value, f"one of {', '.join(map(str, args))}")
        return value
    if origin is Mapping or hint is dict:
        return {made(args[0], key, where): made(args[1], held, f"{where}.{key}") for key, held in _dict(value, where)}
    return tuple(_listed(args, value, where))


def options(hint: Any) -> tuple[Any, ...]:
    """The kinds that a hint allows: several where it says so."""
    if isinstance(hint, Either):
        return hint.kinds
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


def _option(kinds: Sequence[Any], value: Any, where: str) -> Any:
    """The one of several kinds that a value says it is."""
    if value is None and (NoneType in kinds or None in kinds):
        return None
    others = [one for one in kinds if one not in (NoneType, None)]
    if isinstance(value, dict):
        named = {one.__name__: one for one in others if isinstance(one, type) and is_dataclass(one)}
        said = value.get("is")
        if named and (not isinstance(said, str) or said not in named):
            raise _wrong(where, said, f"one of {', '.join(named)}")
        if named:
            return named[str(said)]
    return others[0]


def _object(kind: type, value: Any, where: str) -> Any:
    items = dict(_dict(value, where))
    if items.pop("is", None) != kind.__name__:
        raise _wrong(where, value.get("is"), kind.__name__)
    known = hints(kind)
    for name in needed(kind):
        if name not in items:
            raise ValueError(f"{where} is a {kind.__name__} without {name}")
    for name in items:
        if name not in known:
            raise ValueError(f"{where} has {given(name)}, which no {kind.__name__} has")
    return kind(**{name: made(known[name], held, f"{where}.{name}") for name, held in items.items()})


def _single(hint: Any, value: Any, where: str) -> Any:
    if hint in (NoneType, None):
        fits, what = value is None, "nothing"
    elif hint is str:
        fits, what = isinstance(value, str) and len(value) <= LONGEST, f"text of at most {LONGEST} letters"
    elif hint is bool:
        fits, what = isinstance(value, bool), "true or false"
    elif hint is int:
        fits, what = type(value) is int and abs(value) < 2**53, "a whole number"
    else:
        fits, what = type(value) in (int, float) and isfinite(value) and abs(value) <= FARTHEST, "a length in pixels"
    if not fits:
        raise _wrong(where, value, what)
    return value


def _rows(hint: Matrix, value: Any, where: str) -> Any:
    rows = _list(value, where)
    width = len(_list(rows[0], where)) if rows else 0
    if not width or any(not isinstance(row, list) or len(row) != width for row in rows):
        raise _wrong(where, value, "rows of one length")
    for row in rows:
        for one in row:
            _single(hint.of, one, where)
    if hint.of is int and not all(-128 <= one <= 127 for row in rows for one in row):
        raise _wrong(where, value, "colour steps")
    return np.array(rows, hint.dtype)


def _listed(args: Sequence[Any], value: Any, where: str) -> list[Any]:
    items = _list(value, where)
    if len(args) == 1 or (len(args) == 2 and args[1] is ...):  # a sequence, or a tuple, of however many
        return [made(args[0], held, f"{where}[{i}]") for i, held in enumerate(items)]
    if len(items) != len(args):
        raise _wrong(where, value, f"{len(args)} values")
    return [made(hint, held, f"{where}[{i}]") for i, (hint, held) in enumerate(zip(args, items, strict=True))]


def _list(value: Any, where: str) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(where, value, "a list")
    return value


def _dict(value: Any, where: str) -> Iterable[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise _wrong(where, value, "an object")
    return value.items()


def _fields(value: Any, names: tuple[str, ...], where: str) -> dict[str, Any]:
    if set(dict(_dict(value, where))) != set(names):
        raise _wrong(where, value, f"an object with {' and '.join(names)}")
    return {name: value[name] for name in names}


def _wrong(where: str, value: Any, what: str) -> ValueError:
    said = given(value) if value is None or isinstance(value, (str, int, float)) else f"a {type(value).__name__}"
    return ValueError(f"{where} is {said}, but must be {what}")


# ── schema ───────────────────────────────────────────────────────────────────
DRAFT = "https://json-schema.org/draft/2020-12/schema"
_SINGLE: dict[Any, dict[str, Any]] = {
    None: {"type": "null"},
    NoneType: {"type": "null"},
    bool: {"type": "boolean"},
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string", "maxLength": LONGEST},
    range: {"type": "object", "properties": {"from": {"type": "integer"}, "to": {"type": "integer"}},
            "required": ["from", "to"], "additionalProperties": False},
}  # fmt: skip


def schema(version: int) -> dict[str, Any]:
    """The schema of a whole record of that version: draft 2020-12, a definition for every class."""
    whole = _class(Storyboard)
    properties = {"storyboard": {"const": version, "description": "the version of this form"}, **whole["properties"]}
    return {
        "$schema": DRAFT,
        "title": "layeranim storyboard",
        **whole,
        "properties": properties,
        "required": ["storyboard", *whole["required"]],
        "$defs": {name: _class(kind) for name, kind in sorted(CLASSES.items()) if kind is not Storyboard},
    }


def _class(kind: type) -> dict[str, Any]:
    known = hints(kind)
    return {
        "description": " ".join((getdoc(kind) or "").split()),
        "type": "object",
        "properties": {
            "is": {"const": kind.__name__}, **{f.name: _form(known[f.name]) for f in fields(kind)},
        },
        "required": ["is", *needed(kind)],
        "additionalProperties": False,
    }  # fmt: skip


def _form(hint: Any) -> dict[str, Any]:
    kinds = options(hint)
    if len(kinds) > 1:
        return {"anyOf": [_form(kind) for kind in kinds]}
    if isinstance(hint, Matrix):
        return {"type": "array", "items": {"type": "array", "items": _SINGLE[hint.of]}}
    if hint in _SINGLE:
        return _SINGLE[hint]
    if isinstance(hint, type) and is_dataclass(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    origin, args = get_origin(hint), get_args(hint)
    if origin is Literal:
        return {"enum": list(args)}
    if issubclass(origin, Mapping):
        names = _form(args[0])
        limits = {"propertyNames": names} if "enum" in names else {}
        return {"type": "object", "additionalProperties": _form(args[1]), **limits}
    if len(args) == 1 or (len(args) == 2 and args[1] is ...):
        return {"type": "array", "items": _form(args[0])}
    return {"type": "array", "prefixItems": [_form(arg) for arg in args], "items": False, "minItems": len(args)}
