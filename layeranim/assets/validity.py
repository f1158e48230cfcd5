"""A manifest against its own schema, by the jsonschema library; what it finds in words of ours, each with its key."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from layeranim import catalog
from layeranim.assets import entries
from layeranim.assets.entries import Known
from layeranim.assets.schema import schema
from layeranim.engine.option import given, suggest
from layeranim.errors import LayeranimError
from layeranim.inputs import printable

TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
         "array": "a list", "object": "a table"}  # fmt: skip
INSTEAD = {
    "version": "write version = 1",
    "asset": "add [[asset]] with an id and an explainer",
    "id": "it names the film",
    "captions": 'lines go by the number of their step: { 1 = "…" }',
}

MANY = "; png-sequence is many files, which no lock can hold: layeranim render makes it"

Problem = tuple[int | None, str]
"""The number of the asset, none for the rest of the manifest; a line that names the key and what would work."""


def problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything in which a manifest is not what its schema says, in the order of its keys.

    Names of explainers, and values that their own option refuses, are left to what tells them better.
    """
    from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

    items = data.get("asset")
    names = (
        [item.get("explainer") if isinstance(item, dict) else None for item in items] if isinstance(items, list) else []
    )
    used = {name for name in names if isinstance(name, str) and name in catalog.explainers()}
    found = Draft202012Validator(schema(sorted(used))).iter_errors(dict(data))
    for error in sorted(found, key=lambda one: list(map(str, one.absolute_path))):
        path = list(error.absolute_path)
        inside = len(path) > 1 and path[0] == "asset"
        index, rest = (path[1], path[2:]) if inside else (None, path)
        name = names[int(path[1])] if inside else None
        has = entries.known(catalog.layer(name) if isinstance(name, str) and name in used else None)
        told = rest == ["explainer"] or (rest == ["id"] and isinstance(error.instance, str))
        if told or (rest and _told_by_its_option(rest, error.instance, has)):
            continue
        for line in _lines(error, rest, has, inside):
            yield index, line


def _told_by_its_option(path: list[Any], value: Any, has: Known) -> bool:
    keys = {"matrix": path[1:] if len(path) > 2 else [], "defaults": path[1:]}.get(path[0], path)
    option = has.canonical(str(keys[0]), value) if keys else None
    if option is None or option[1] is None or isinstance(value, dict):
        return False
    try:
        option[1].check(str(keys[0]), value)
    except LayeranimError:
        return True
    return False


def _lines(error: Any, path: list[Any], has: Known, inside: bool) -> Iterator[str]:
    """One finding of the library in words."""
    rule, value, words = error.validator, error.instance, [word for word in path if isinstance(word, str)]
    key = ": ".join(words) or "the asset"
    if rule == "additionalProperties":
        where = f"{key}: " if path else ""
        for word in value:
            if word not in error.schema["properties"]:
                yield where + (entries.unknown(word, has) if inside or path else _unknown_key(word, error.schema))
    elif rule == "required":
        for word in error.validator_value:
            if word not in value and word != "explainer":
                yield f"{word} is missing; {INSTEAD[word]}"
    elif rule == "const":
        yield f"{key} is {given(value)}, but this layeranim reads {key} {error.validator_value}"
    elif rule == "enum":
        known = error.validator_value
        near = suggest(value, known) if isinstance(value, str) else ""
        more = (
            "; it is many files, which no lock can hold: layeranim render makes it" if value == "png-sequence" else ""
        )
        yield f"{key}: {given(value)} is unknown{near}; there are {', '.join(map(str, known))}{more}"
    elif rule == "minItems":
        yield f"{key} is empty, but must hold something" + (f"; {INSTEAD[key]}" if key in INSTEAD else "")
    elif rule in ("minLength", "maxLength", "pattern"):
        most = error.schema.get("maxLength")
        yield f"{key} is {given(value)}, but must be text" + (f" of at most {most} letters" if most else "")
    else:  # type, or one of several
        wanted = [one.get("type") for one in error.schema.get("anyOf", [error.schema])]
        shown = " or ".join(TYPES[one] for one in wanted if one in TYPES)
        instead = f"; {INSTEAD[key]}" if key in INSTEAD else ""
        yield f"{key} is {given(value)}, but must be {shown or 'something else'}{instead}"


def _unknown_key(word: str, part: Mapping[str, Any]) -> str:
    known = list(part["properties"])
    return f"unknown key {printable(word)}{suggest(word, known)}; there are {', '.join(known)}"
