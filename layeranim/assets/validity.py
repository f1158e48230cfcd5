"""A manifest against its own schema, by the library jsonschema-rs; what it finds in our words, each with its key."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import reduce
from itertools import islice
from typing import Any

from layeranim import catalog
from layeranim.assets import entries
from layeranim.assets.entries import KnownEntry
from layeranim.assets.schema import schema
from layeranim.engine.option import given, suggest
from layeranim.errors import LayeranimError
from layeranim.inputs import printable
from layeranim.records import dataclass

TYPES = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false",
         "array": "a list", "object": "a table"}  # fmt: skip
INSTEAD = {
    "version": "write version = 1",
    "asset": "add [[asset]] with an id and an explainer",
    "id": "it names the film",
    "captions": 'lines go by the number of their step: { 1 = "…" }',
}

MOST = 2**63
MOST_TOLD = 500
"""Findings after which a manifest is not looked at further: nobody reads on, and each costs a look at all names."""
DEEPEST = 10
"""Lists and tables within one another that a rule looks into: manifest, assets, one asset, its matrix, its values."""

Problem = tuple[int | None, str]
"""The number of the asset, none for the rest of the manifest; a line that names the key and what would work."""


@dataclass(frozen=True)
class Invalid:
    """A value that breaks a rule: the keys that lead to it, the value, the rule's word, the part of the schema."""

    path: tuple[str | int, ...]
    value: Any
    rule: str
    part: Mapping[str, Any]


def findings(data: Mapping[str, Any], rules: Mapping[str, Any]) -> list[Invalid]:
    """What the library finds, in the order of the keys."""
    from jsonschema_rs import Draft202012Validator

    told = []
    for one in islice(Draft202012Validator(dict(rules)).iter_errors(_as_json(data)), MOST_TOLD):
        *way, rule = one.schema_path
        path = tuple(one.instance_path)
        told.append(Invalid(path, _follow(data, path), str(rule), _follow(rules, way)))
    return sorted(told, key=lambda one: list(map(str, one.path)))


def _as_json(value: Any, room: int = DEEPEST) -> Any:
    """TOML's values as JSON has them, as deep as rules reach.

    A date becomes null, which no rule takes. NaN, infinity and numbers of any length become numbers that JSON has:
    whether they may be, options tell.
    """
    if isinstance(value, (dict, list)) and not room:
        return None
    if isinstance(value, dict):
        return {key: _as_json(one, room - 1) for key, one in value.items()}
    if isinstance(value, list):
        return [_as_json(one, room - 1) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return 0.0
    if isinstance(value, int) and not isinstance(value, bool):
        return max(-MOST, min(value, MOST))
    return value if isinstance(value, (str, int, float)) else None


def _follow(whole: Any, way: Iterable[str | int]) -> Any:
    return reduce(lambda part, key: part[key], way, whole)


def problems(data: Mapping[str, Any]) -> Iterator[Problem]:
    """Everything in which a manifest is not what its schema says, in the order of its keys.

    Names of explainers, and values that their own option refuses, are left to what tells them better.
    """
    items = data["asset"] if isinstance(data.get("asset"), list) else []
    names = [item.get("explainer") if isinstance(item, dict) else None for item in items]
    models = {k for k, item in enumerate(items) if isinstance(item, dict) and "model" in item}
    used = {name for name in names if isinstance(name, str) and catalog.has_film(name)}
    for one in findings(data, schema(sorted(used))):
        inside = len(one.path) > 1 and one.path[0] == "asset"
        index, rest = (int(one.path[1]), list(one.path[2:])) if inside else (None, list(one.path))
        name = None if index is None else names[index]
        has = entries.known(catalog.layer(name) if isinstance(name, str) and name in used else None)
        if index is not None and index in models:
            has = entries.known_of_model()
        told = rest == ["explainer"] or (rest == ["id"] and isinstance(one.value, str)) or (
            inside and not rest and one.rule == "anyOf")  # fmt: skip
        if told or (rest and _told_by_its_option(rest, one.value, has)):
            continue
        for line in _lines(one, rest, has, inside):
            yield index, line


def _told_by_its_option(path: list[Any], value: Any, has: KnownEntry) -> bool:
    keys = {"matrix": path[1:] if len(path) > 2 else [], "defaults": path[1:]}.get(path[0], path)
    option = has.canonical(str(keys[0]), value) if keys else None
    if option is None or option[1] is None or isinstance(value, dict):
        return False
    try:
        option[1].check(str(keys[0]), value)
    except LayeranimError:
        return True
    return False


def _lines(one: Invalid, path: list[Any], has: KnownEntry, inside: bool) -> Iterator[str]:
    """One finding in words."""
    rule, value, words = one.rule, one.value, [word for word in path if isinstance(word, str)]
    key = ": ".join(words) or "the asset"
    if rule == "additionalProperties":
        where, told = f"{key}: " if path else "", 0
        for word in value:
            if word not in one.part["properties"]:
                told += 1
                if told > MOST_TOLD:
                    yield f"{where}{len(value) - MOST_TOLD} more keys that there are not, or not here"
                    return
                yield where + (entries.unknown(word, has) if inside or path else _unknown_key(word, one.part))
    elif rule == "required":
        for word in one.part[rule]:
            if word not in value and word != "explainer":
                yield f"{word} is missing; {INSTEAD[word]}"
    elif rule == "const":
        yield f"{key} is {given(value)}, but this layeranim reads {key} {one.part[rule]}"
    elif rule == "enum":
        known = one.part[rule]
        near = suggest(value, known) if isinstance(value, str) else ""
        more = (
            "; it is many files, which no lock can hold: layeranim render makes it" if value == "png-sequence" else ""
        )
        yield f"{key}: {given(value)} is unknown{near}; there are {', '.join(map(str, known))}{more}"
    elif rule == "minItems":
        yield f"{key} is empty, but must hold something" + (f"; {INSTEAD[key]}" if key in INSTEAD else "")
    elif rule == "pattern" and "examples" in one.part:
        *names, file = one.part["examples"]
        near = suggest(value, names)
        yield f"{key}: {given(value)} is unknown{near}; there are {', '.join(names)}, or a file such as {file}"
    elif rule in ("minLength", "maxLength", "pattern"):
        most = one.part.get("maxLength")
        yield f"{key} is {given(value)}, but must be text" + (f" of at most {most} letters" if most else "")
    else:  # type, or one of several
        parts = [one.part] if rule == "type" else one.part.get("anyOf", [one.part])
        wanted = [part.get("type") for part in parts]
        shown = " or ".join(TYPES[word] for word in wanted if word in TYPES)
        instead = f"; {INSTEAD[key]}" if key in INSTEAD else ""
        yield f"{key} is {given(value)}, but must be {shown or 'something else'}{instead}"


def _unknown_key(word: str, part: Mapping[str, Any]) -> str:
    known = list(part["properties"])
    return f"unknown key {printable(word)}{suggest(word, known)}; there are {', '.join(known)}"
