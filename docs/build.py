"""Writes the pages that come from the catalog, the players of their films and the site, into ``site/``: ``./run docs``.

``--check`` tells whether the pages are fresh, and ``--pages`` writes them and no more.
"""

from __future__ import annotations

import inspect
import json
import os
import runpy
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from layeranim import catalog, numbers, preparing
from layeranim.assets.build import build
from layeranim.assets.entries import OWN
from layeranim.assets.finding import NAME, parsed
from layeranim.assets.report import DRAWN
from layeranim.cli.options import brief
from layeranim.engine.conventions import CONVENTIONS, columns, shown
from layeranim.engine.option import Layer, Option
from layeranim.engine.trace import Tensor
from layeranim.engine.written import written
from layeranim.inputs.loading import KNOWN
from layeranim.stories.alt import sentence
from layeranim.stories.options import FilmOptions
from layeranim.stories.preset import Preset
from layeranim.stories.stage import record

HERE = Path(__file__).parent
PAGES = HERE / "explainers"
REFERENCE = runpy.run_path(str(HERE / "reference.py"))
PLAYERS = HERE.parent / "players" / NAME
"""The manifest of the site's players, written anew for every site; its films wait beside it for the next one."""


def pages() -> dict[Path, str]:
    """Every generated page by its path."""
    out = {PAGES / f"{name}.md": _explainer(name) for name in catalog.EXPLAINERS}
    out[HERE / "explainers.md"] = _index()
    out[HERE / "film-options.md"] = _film_options()
    out[HERE / "api.md"] = REFERENCE["page"]()
    out[HERE / "engine.md"] = _engine()
    out[HERE / "weights.md"] = _conventions((HERE / "weights.md").read_text(encoding="utf-8"))
    out[HERE / "storyboard.schema.json"] = written(record.schema(), indent=1) + "\n"
    return out


def _index() -> str:
    rows = ["# Explainers", "", "Written by `./run docs` from the catalog.", ""]
    families = dict.fromkeys(e.family for e in catalog.EXPLAINERS.values())
    for family in families:
        rows += [f"## {family.capitalize()}", ""]
        mine = {n: e for n, e in catalog.EXPLAINERS.items() if e.family == family}
        rows += ["| film | | |", "|---|---|---|"]
        for name, entry in mine.items():
            poster = Path(_shown(name)[0]).with_suffix(".png").name
            image = f'<img src="../renders/{poster}" width="160" alt="">'
            rows.append(
                f"| [{image}](explainers/{name}.md) | [`{name}`](explainers/{name}.md) | {_cell(entry.summary)} |"
            )
        rows.append("")
    return "\n".join(rows)


def _explainer(name: str) -> str:
    entry, layer, presets = catalog.explainer(name), catalog.layer(name), catalog.presets(name)
    good_for = catalog.story(name).good_for
    rows = [f"# {name}", "", f"{entry.summary[0].upper()}{entry.summary[1:]}.", "", f"Good for: {good_for}.", ""]
    film, options = _shown(name)
    rows += [f"![{entry.summary}](../../renders/{film})", ""]
    rows += ["```sh", f"layeranim render {name}{options}", f"layeranim trace {name}{options}"]
    rows += [f"layeranim trace {name}{options} --backward"] if layer.backward else []
    rows += ["```", ""]
    rows += [*_looked_at(film)]
    rows += ["## Formula", "", f"`{layer.formula}`", "", f"Source: {layer.source}.", ""]
    rows += ["## Options", "", *_options(layer.config.options()), ""]
    rows += ["## Arrays", "", *_arrays(layer), ""]
    rows += ["## Examples", "", *_presets(presets), ""]
    rows += ["## Tensors of the default example", "", *_tensors(name, presets[0]), ""]
    return "\n".join(rows)


def _shown(name: str) -> tuple[str, str]:
    """The film of the gallery on the page of an explainer, and the options that make it, as words."""
    made, given = _asset(name)
    themes = made.get("themes", ["light", "dark"])
    film = made["id"] if len(themes) == 1 else f"{made['id']}-{themes[0]}"
    return f"{film}.gif", "".join(f" --{key} {value}" for key, value in given.items())


def _asset(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The asset of the gallery that the page of an explainer shows, and its options."""
    assets = parsed(HERE.parent / NAME)["asset"]
    made = next((item for item in assets if item["explainer"] == name), {"id": name})
    return made, {key: value for key, value in made.items() if key not in OWN}


def players(names: Iterable[str], **more: Any) -> str:
    """The manifest of the players: the films on the pages of these explainers, for both grounds; ``more`` is of all."""
    rows = ["# Written by ./run docs.", "version = 1", 'formats = ["html"]', 'themes = ["light", "dark"]', "[defaults]"]
    rows += [f"{key} = {json.dumps(value)}" for key, value in {"size": "640x360", **more}.items()]
    for name in names:
        given = {"id": name, "explainer": name, **_asset(name)[1]}
        rows += ["", "[[asset]]", *(f"{key} = {json.dumps(value)}" for key, value in given.items())]
    return "\n".join([*rows, ""])


def _looked_at(film: str) -> list[str]:
    """How the film begins, what stands on its poster and how it ends, as the gallery's provenance has its steps."""
    made = (HERE.parent / "renders" / film).with_suffix(".json")
    if not made.is_file():
        return []
    told = json.loads(made.read_text(encoding="utf-8"))
    steps, at = told["steps"], told["poster_second"]
    taught = next(k for k, step in enumerate(steps) if step["end"] > at)
    lines = dict.fromkeys(_read(steps[k]) for k in (0, taught, len(steps) - 1))
    return ["## What to look at", "", *(f"- {line}" for line in lines if line), ""]


def _read(step: dict[str, Any]) -> str:
    """A step's words as they stand in the film: they are read here, where an alt text is heard."""
    place, caption, note = (" ".join(step.get(part, "").split()) for part in ("place", "caption", "note"))
    said = f"{place}: {caption}" if place and caption and not caption.startswith(place) else caption or place
    first = said if place.isalpha() else sentence(said)  # a place that is a word may be the user's, and stays as it is
    return " ".join(line if line.endswith((".", "?", "!")) else f"{line}." for line in (first, sentence(note)) if line)


def _options(options: tuple[Option, ...]) -> list[str]:
    rows = ["| option | values | default | what it does |", "|---|---|---|---|"]
    for option in options:
        names = ", ".join(f"`{n}`" for n in (option.flag, *([option.short] if option.short else []), *_aliases(option)))
        rule = f" ({option.kind.rule})" if option.kind.rule else ""
        shown = "" if option.default is None else f"`{brief(str(option.default))}`"
        values = f"`{_cell(option.kind.metavar)}`" if option.kind.metavar else "yes or no"
        rows.append(f"| {names} | {values}{rule} | {shown} | {_cell(option.help)} |")
    return rows


def _aliases(option: Option) -> list[str]:
    return ["--" + alias.replace("_", "-") for alias in option.aliases]


def _arrays(layer: Layer) -> list[str]:
    rows = ["| array | axes | what it is |", "|---|---|---|"]
    taken = {option.name for option in layer.config.options()}
    for spec in layer.arrays:
        flag = f"--{spec.name.replace('_', '-')}" + ("-values" if spec.name in taken else "")
        rows.append(
            f"| `{flag}` | {', '.join(spec.axes)} | {_cell(spec.help)}{' (optional)' if spec.optional else ''} |"
        )
    if layer.name in KNOWN:
        every = next(option for option in preparing.InputOptions.options() if option.name == "weights")
        rows.append(f"| `{every.flag}` |  | {_cell(every.help)} (optional) |")
    return rows


def _presets(presets: tuple[Preset, ...]) -> list[str]:
    rows = ["| `--example` | what it shows | source |", "|---|---|---|"]
    for i, preset in enumerate(presets):
        mark = " (default)" if i == 0 else ""
        rows.append(f"| `{preset.name}`{mark} | {_cell(preset.summary)} | {_cell(preset.source)} |")
    return rows


def _tensors(name: str, preset: Preset) -> list[str]:
    return _table(preparing.prepare(name, {"example": preset.name}).trace().tensors.values())


def _table(tensors: Iterable[Tensor]) -> list[str]:
    rows = ["| tensor | axes | shape | role | kept as |", "|---|---|---|---|---|"]
    for tensor in tensors:
        kept = "recipe" if tensor.is_recipe else "array"
        shape = numbers.shape_text(tensor.shape)
        rows.append(f"| `{tensor.name}` | {', '.join(tensor.axes)} | {shape} | {tensor.role} | {kept} |")
    return rows


def _engine() -> str:
    rows = [
        "# The engine's layers",
        "",
        "Written by `./run docs`. Every one is there for `la.trace(name, …)`; the tables",
        "",
    ]
    rows[2] += " show the tensors of its default, small seeded numbers where nothing is given."
    rows.append(_BACKWARD)
    for name in catalog.names():
        layer = catalog.layer(name)
        rows += [f"## {name}", "", f"`{layer.formula}`", "", f"Source: {layer.source}.", ""]
        rows += [*_taken(name, layer), ""]
        made = preparing.prepare(name, {}).trace()
        rows += [*_table(made.tensors.values()), ""]
        if layer.backward is not None:
            back = layer.backward(made, {})
            starts = ", ".join(f"`grad_{start}`" for start in layer.starts)
            rows += [f"`backward=True`, from {starts}:", "", *_table(back.own().values()), ""]
    return "\n".join(rows)


def _taken(name: str, layer: Layer) -> list[str]:
    """What the docstrings of a layer's two doors say of shapes and errors, and its options where no page has them."""
    doors = (getattr(door, "func", door).__doc__ or "" for door in (layer.complete, layer.compute))
    rows = [line for door in doors for line in (REFERENCE["told"](inspect.cleandoc(door)), "")]
    if catalog.has_film(name):
        return [*rows, f"Options, arrays and examples: [its film](explainers/{name}.md)."]
    return [*rows, *_options(layer.config.options()), "", *_arrays(layer)]


_BACKWARD = """## The way back

`la.trace(name, …, backward=True)` goes on from the output to the gradient of every array and of every number on the
way, as a trace of its own steps; so does `la.backward(trace)` for a trace that is there already (also one of
`la.from_torch`), and `layeranim trace name --backward` on the command line. What it starts from is the gradient of the
loss for the output: `grad_output=g`, `la.backward(trace, output=g)`, `--grad-output FILE`; where none is given, 1 in
every cell, which makes the loss the sum of the output. Some layers start from other tensors, too: they stand with each
table. `grad_<tensor>` is ∂loss/∂tensor, in the shape and axes of that tensor.

```python
import layeranim as la
import numpy as np

x, g = np.ones((3, 2)), np.ones((1, 2))
t = la.trace("lstm", input=x, backward=True, grad_final_hidden=g)
t["grad_weight_input"], t["grad_forget_gate"], t.steps[3]
t.origin.forward  # the forward trace; t holds its tensors as well
t.save("back.npz")  # la.load_trace gives it back, forward trace and all
```

The film of pooling goes back by itself: there `backward` is an option of the layer, its trace holds both ways, and a
gradient that is not given is drawn like any other array; `la.backward` of a pooling is as of any layer.
"""


def _conventions(page: str) -> str:
    """The page with the table of conventions in its place."""
    head, rest = page.split("<!-- conventions", 1)
    told, tail = rest.split("-->", 1)[0], rest.split("<!-- /conventions -->", 1)[1]
    every = CONVENTIONS.values()
    rows = [
        "",
        "| | " + " | ".join(f"{one.library} {one.version}" for one in every) + " |",
        "|---" * (len(every) + 1) + "|",
    ]
    for name, meaning in columns().items():
        rows.append(f"| {meaning} | " + " | ".join(_cell(shown(getattr(one, name))) for one in every) + " |")
    return head + "<!-- conventions" + told + "-->" + "\n".join([*rows, ""]) + "<!-- /conventions -->" + tail


def _film_options() -> str:
    rows = [
        "# Options of every film",
        "",
        "Written by `./run docs`. The same names on the command line and in Python.",
        "",
    ]
    return "\n".join([*rows, *_options(FilmOptions.options()), ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main() -> int:
    """Write the pages, or with ``--check`` name those that are stale and exit 1."""
    made = pages()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    extra = [path for path in PAGES.glob("*.md") if path not in made]
    if "--check" in sys.argv[1:]:
        for path in [*stale, *extra]:
            print(f"stale: {path.relative_to(HERE.parent)}; run ./run docs")
        return 1 if stale or extra else 0
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in extra:
        path.unlink()
    print(f"{len(made)} pages, {len(stale)} new or changed")
    if "--pages" in sys.argv[1:]:
        return 0
    PLAYERS.parent.mkdir(exist_ok=True)
    PLAYERS.write_text(players(catalog.EXPLAINERS), encoding="utf-8")
    return site(HERE.parent / "site", PLAYERS)


def site(folder: Path, manifest: Path) -> int:
    """Make the players of a manifest that are not there as they should be, and the site; every warning is an error."""
    done = build(manifest).done.values()
    print(f"{len(done)} players, {sum(what == DRAWN for what in done)} drawn")
    words = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    env = {**os.environ, "PLAYERS": str(manifest), "NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(words, cwd=HERE.parent, env=env).returncode


if __name__ == "__main__":
    raise SystemExit(main())
