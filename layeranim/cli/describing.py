"""What ``layeranim list NAME`` tells of one explainer or layer."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

from layeranim import catalog, preparing
from layeranim.cli import tables
from layeranim.cli.explainer_group import NUMBERS_ONLY
from layeranim.cli.options import default
from layeranim.engine.option import Config
from layeranim.stories import vocabulary
from layeranim.stories.options import FilmOptions
from layeranim.stories.preset import Made, Preset


def describe(name: str) -> dict[str, Any]:
    """All that is known of an explainer, or of a layer without a film, as JSON can hold it."""
    name = catalog.named(name)[0]
    layer, film = catalog.layer(name), catalog.explainers().get(name)
    examples = catalog.presets(name)
    made = preparing.prepare(name, {}).trace()
    return {
        "name": name, "family": film.family if film else NUMBERS_ONLY,
        "summary": film.summary if film else layer.title, "good_for": catalog.story(name).good_for if film else "",
        "formula": layer.formula, "source": layer.source,
        "options": _options(layer.config), "film_options": _options(FilmOptions) if film else [],
        "arrays": [{"name": a.name, "axes": list(a.axes), "role": a.role, "optional": a.optional, "help": a.help}
                   for a in layer.arrays],
        "backward": [f"grad_{start}" for start in layer.starts] if layer.backward else [],
        "examples": [{"name": p.name, "summary": p.summary, "source": p.source} for p in examples],
        "words": _words(examples),
        "tensors": [tables.tensor_json(tensor) for tensor in made.tensors.values()],
    }  # fmt: skip


def _words(examples: Sequence[Preset]) -> list[str]:
    """The words that have a trained embedding, where examples make one of each of their tokens."""
    made = {spec.make for example in examples for spec in example.arrays.values() if isinstance(spec, Made)}
    return list(vocabulary.words()) if vocabulary.embeddings in made else []


def _options(config: type[Config]) -> list[dict[str, Any]]:
    return [
        {
            "name": item.name, "flags": [*([item.short] if item.short else []), item.flag],
            "aliases": list(item.aliases), "takes": item.kind.metavar or "true|false", "bounds": item.kind.rule,
            "default": default(item), "help": item.help,
        }
        for item in config.options()
    ]  # fmt: skip


def described(found: dict[str, Any]) -> str:
    """The same as text."""
    good_for = [f"  {found['good_for']}"] if found["good_for"] else []
    lines = [f"{found['name']}: {found['summary']}", *good_for, ""]
    lines += [found["formula"], f"  {found['source']}"]
    lines += ["", "options"]
    for item in found["options"]:
        notes = [item["bounds"], f"default: {item['default']}" if item["default"] is not None else ""]
        rest = "; ".join(note for note in notes if note)
        switch = item["takes"] == "true|false"
        takes = f"/ --no-{item['flags'][-1].removeprefix('--')}" if switch else item["takes"]
        lines.append(f"  {', '.join(item['flags'])} {takes}")
        lines.append(f"      {item['help']}" + (f"  [{rest}]" if rest else ""))
    if found["backward"]:
        lines += ["", f"backward, from {', '.join(found['backward'])}", f"  layeranim trace {found['name']} --backward"]
    lines += ["", "examples"] if found["examples"] else []
    for item in found["examples"]:
        lines += [f"  {item['name']}: {item['summary']}", f"      {item['source']}"]
    if found["words"]:
        lines += ["", "words that have a trained embedding (tokens); any other is drawn at random"]
        lines += textwrap.wrap(", ".join(found["words"]), 100, initial_indent="  ", subsequent_indent="  ")
    lines += ["", f"tensors of {found['examples'][0]['name']}" if found["examples"] else "tensors of seeded numbers"]
    width = max(len(item["name"]) for item in found["tensors"])
    for item in found["tensors"]:
        axes = " × ".join(f"{axis} {size}" for axis, size in zip(item["axes"], item["shape"], strict=True))
        lines.append(f"  {item['name']:<{width}}  {item['role']:<12}  {axes}")
    return "\n".join(lines) + "\n"
