"""The JSON Schema of a storyboard's record, from the annotations of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import getdoc
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from layeranim.stories.stage.forms import CLASSES, LONGEST, Matrix, hints, options
from layeranim.stories.storyboard import Storyboard

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
    needed = [f.name for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING]
    return {
        "description": " ".join((getdoc(kind) or "").split()),
        "type": "object",
        "properties": {
            "is": {"const": kind.__name__}, **{f.name: _form(known[f.name]) for f in fields(kind)},
        },
        "required": ["is", *needed],
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
