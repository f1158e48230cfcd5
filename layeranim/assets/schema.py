"""JSON Schema of ``layeranim.toml``, from the catalog: editors complete and check with it, and so do we."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from layeranim import catalog, preparing
from layeranim.assets import entries, names
from layeranim.engine.option import Choice, Config, Flag, Integer, Kind, Option, Real, Text
from layeranim.preparing.model_options import MODEL_OPTIONS
from layeranim.stories.options import THEMES, FilmOptions

DRAFT = "https://json-schema.org/draft/2020-12/schema"
ARRAY: dict[str, Any] = {"anyOf": [{"type": "string"}, {"type": "number"}, {"type": "array"}]}


def schema(branches: Iterable[str] | None = None) -> dict[str, Any]:
    """The whole schema: one branch an explainer, each with its own options; or of some explainers alone."""
    told = list(catalog.explainers() if branches is None else branches)
    formats = _words(entries.MADE)
    themes = _themes()
    return {
        "$schema": DRAFT,
        "title": "layeranim manifest",
        "type": "object",
        "required": ["version", "asset"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": entries.VERSION},
            "output": {"type": "string", "default": "renders", "description": "folder of the films"},
            "formats": formats,
            "themes": themes,
            "defaults": {"type": "object", "additionalProperties": False, "properties": _defaults()},
            "asset": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "required": ["id"],
                    "anyOf": [{"required": ["explainer"]}, {"required": ["model"]}],
                    "properties": {"explainer": {"enum": told}},
                    **({"allOf": [_branch(name, formats, themes) for name in told]} if told else {}),
                    "if": {"required": ["model"]},
                    "then": _of_model(formats, themes),
                },
            },
        },
    }


def _branch(name: str, formats: dict[str, Any], themes: dict[str, Any]) -> dict[str, Any]:
    """What holds if an asset's explainer is ``name``."""
    layer = catalog.layer(name)
    options = {**_defaults(example=True), **_options(layer.config)}  # where both know a name, the layer says what it is
    arrays: dict[str, Any] = {}
    for spec in layer.arrays:
        own = {"anyOf": ARRAY["anyOf"], "description": spec.help}
        if spec.name in options:  # `bias = true` is the option, `bias = [1, 2]` the array
            either = {"anyOf": [options[spec.name], *ARRAY["anyOf"]]}
            options |= _spelt(spec.name, either | {"description": options[spec.name]["description"]})
        arrays |= _spelt(f"{spec.name}_values" if spec.name in options else spec.name, own)
    if gradients := entries.way_back(layer):
        options |= _options(preparing.PassOptions)
        for gradient in gradients:
            arrays |= _spelt(gradient, {"anyOf": ARRAY["anyOf"], "description": f"the gradient of {gradient[5:]}"})
    both = {**arrays, **options}
    properties = {"explainer": {"const": name}, **_film(both, formats, themes)}
    return {
        "if": {"properties": {"explainer": {"const": name}}, "required": ["explainer"]},
        "then": {"additionalProperties": False, "properties": properties},
    }


def _of_model(formats: dict[str, Any], themes: dict[str, Any]) -> dict[str, Any]:
    """What holds if an asset is a captured model's."""
    return {"additionalProperties": False, "properties": _film(_of(MODEL_OPTIONS), formats, themes)}


def _film(both: dict[str, Any], formats: dict[str, Any], themes: dict[str, Any]) -> dict[str, Any]:
    """The keys of an asset, its options among them."""
    many = {key: {"type": "array", "minItems": 1, "items": value} for key, value in both.items()}
    properties = {
        "id": {"type": "string", "maxLength": names.MOST, "description": f"name of the film: {names.RULE}"},
        "formats": formats,
        "themes": themes,
        "matrix": {"type": "object", "additionalProperties": False, "properties": many},
        "alt": {"type": "string", "minLength": 1, "maxLength": entries.LONGEST_ALT},
        **both,
    }
    own = {"type": "object", "additionalProperties": {"type": "string", "minLength": 1},
           "propertyNames": {"pattern": "^[1-9][0-9]{0,5}$"}}  # fmt: skip
    properties["captions"] = {"anyOf": [both["captions"], own], "description": "lines under steps, by their number; "
                              "or whether there are captions at all"}  # fmt: skip
    return properties


def _defaults(example: bool = False) -> dict[str, Any]:
    return {
        key: value
        for key, value in {**_options(preparing.InputOptions), **_options(FilmOptions)}.items()
        if key != "theme" and (example or key != "example")
    }


def _options(config: type[Config]) -> dict[str, Any]:
    return _of(config.options())


def _of(options: Iterable[Option]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for item in options:
        for name in item.spellings:
            found |= _spelt(name, _value(item.kind) | {"description": item.help} | _default(item))
    return found


def _spelt(name: str, value: dict[str, Any]) -> dict[str, Any]:
    """With underscores and with dashes."""
    return {name: value, name.replace("_", "-"): value}


def _default(item: Option) -> dict[str, Any]:
    return {"default": item.default} if isinstance(item.default, (bool, int, float, str)) else {}


def _value(kind: Kind) -> dict[str, Any]:
    if isinstance(kind, Flag):
        return {"type": "boolean"}
    if isinstance(kind, Choice):
        return {"enum": list(kind.names)}
    if isinstance(kind, (Integer, Real)):
        low, high = kind.low, kind.high
        out: dict[str, Any] = {"type": "integer" if isinstance(kind, Integer) else "number"}
        out |= {"minimum": low} if low is not None else {}
        out |= {"maximum": high} if high is not None else {}
        if isinstance(kind, Real):
            out |= {"exclusiveMaximum": kind.below} if kind.below is not None else {}
            out |= {"exclusiveMinimum": kind.above} if kind.above is not None else {}
        return out
    if isinstance(kind, Text):
        return {"type": "string"}
    return dict(ARRAY)


def _words(closed: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "array", "minItems": 1, "items": {"enum": list(closed)}}


def _themes() -> dict[str, Any]:
    """Names of themes, and files with colours of one's own."""
    form = f"^({'|'.join(THEMES)}|{entries.THEME_FILE})$"
    item = {"type": "string", "pattern": form, "examples": [*THEMES, "brand.toml"]}
    return {"type": "array", "minItems": 1, "items": item}
