"""``layeranim list [NAME]``: what there is."""

from __future__ import annotations

from typing import Any

import click

from layeranim import api, catalog
from layeranim.cli import tables
from layeranim.cli.console import out, out_json
from layeranim.cli.explainer_group import NUMBERS_ONLY
from layeranim.cli.options import Words, default
from layeranim.cli.program import debug_option
from layeranim.engine.option import Config
from layeranim.stories.options import FilmOptions


class _Names(Words):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> Any:
        self.known = list(catalog.names())
        return super().shell_complete(ctx, param, incomplete)


def _list(name: str | None, json: bool) -> None:
    if name is None:
        rows = [{"name": n, "family": e.family, "summary": e.summary} for n, e in catalog.explainers().items()]
        rows += [{"name": n, "family": NUMBERS_ONLY, "summary": catalog.layer(n).title} for n in catalog.without_film()]
        out_json(rows) if json else out(_families(rows))
        return
    found = describe(name)
    out_json(found) if json else out(_described(found))


explainers = click.Command(
    "list",
    callback=_list,
    help="The explainers by family, then layers with numbers only; with a NAME its options, examples and tensors.",
    params=[
        click.Argument(["name"], required=False, type=_Names()),
        click.Option(["--json"], is_flag=True, help="print JSON"),
        debug_option(),
    ],
)


def describe(name: str) -> dict[str, Any]:
    """All that is known of an explainer, or of a layer without a film, as JSON can hold it."""
    layer, film = catalog.layer(name), catalog.explainers().get(name)
    story = catalog.story(name) if film else api.numbers_only(layer)
    made = api.prepare(name, {}).trace()
    return {
        "name": name, "family": film.family if film else NUMBERS_ONLY,
        "summary": film.summary if film else layer.title, "good_for": story.good_for,
        "formula": layer.formula, "source": layer.source,
        "options": _options(layer.config), "film_options": _options(FilmOptions) if film else [],
        "arrays": [{"name": a.name, "axes": list(a.axes), "role": a.role, "optional": a.optional, "help": a.help}
                   for a in layer.arrays],
        "backward": [f"grad_{start}" for start in layer.starts] if layer.backward else [],
        "examples": [{"name": p.name, "summary": p.summary, "source": p.source} for p in story.presets if film],
        "tensors": [tables.tensor_json(tensor) for tensor in made.tensors.values()],
    }  # fmt: skip


def _options(config: type[Config]) -> list[dict[str, Any]]:
    return [
        {
            "name": item.name, "flags": [*([item.short] if item.short else []), item.flag],
            "aliases": list(item.aliases), "takes": item.kind.metavar or "true|false", "bounds": item.kind.rule,
            "default": default(item), "help": item.help,
        }
        for item in config.options()
    ]  # fmt: skip


def _families(rows: list[dict[str, str]]) -> str:
    width = max(len(row["name"]) for row in rows)
    lines: list[str] = []
    for family in dict.fromkeys(row["family"] for row in rows):
        lines += ["", family] + [f"  {r['name']:<{width}}  {r['summary']}" for r in rows if r["family"] == family]
    return "\n".join(lines[1:]) + "\n"


def _described(found: dict[str, Any]) -> str:
    good_for = [f"  {found['good_for']}"] if found["good_for"] else []
    lines = [f"{found['name']}: {found['summary']}", *good_for, ""]
    lines += [found["formula"], f"  {found['source']}"]
    lines += ["", "options"]
    for item in found["options"]:
        notes = [item["bounds"], f"default: {item['default']}" if item["default"] is not None else ""]
        rest = "; ".join(note for note in notes if note)
        lines.append(f"  {', '.join(item['flags'])} {item['takes']}")
        lines.append(f"      {item['help']}" + (f"  [{rest}]" if rest else ""))
    if found["backward"]:
        lines += ["", f"backward, from {', '.join(found['backward'])}", f"  layeranim trace {found['name']} --backward"]
    lines += ["", "examples"] if found["examples"] else []
    for item in found["examples"]:
        lines += [f"  {item['name']}: {item['summary']}", f"      {item['source']}"]
    lines += ["", f"tensors of {found['examples'][0]['name']}" if found["examples"] else "tensors of seeded numbers"]
    width = max(len(item["name"]) for item in found["tensors"])
    for item in found["tensors"]:
        axes = " × ".join(f"{axis} {size}" for axis, size in zip(item["axes"], item["shape"], strict=True))
        lines.append(f"  {item['name']:<{width}}  {item['role']:<12}  {axes}")
    return "\n".join(lines) + "\n"
