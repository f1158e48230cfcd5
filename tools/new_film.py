"""A film on the stage for a layer of the engine that has none: ``./run new NAME [--layer LAYER]``.

What it writes says little: places, words and presets are the author's. Of most layers it passes the catalogue's tests
as it stands; of one whose parts follow a unit through more than two axes a part may need the author's hand.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
from pathlib import Path

from film_plan import FilmPlan, planned
from film_texts import cases, claims, entry, film, presets, wide

from layeranim import catalog
from layeranim.engine.spelling import suggestion
from layeranim.errors import LayeranimError, OptionError

ROOT = Path(__file__).parents[1]
NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
FAMILIES = {"conv": "convolution", "pool": "pooling", "normalisation": "normalisation", "recurrent": "recurrent",
            "attention": "attention", "dense": "dense", "dropout": "regularisation"}  # fmt: skip
"""Of what the engine's module is called, the family of its films; ``functions`` are all others."""
GOLDENS = """
from pathlib import Path
from layeranim import catalog, preparing
for preset in catalog.presets({name!r}):
    work = preparing.prepare({name!r}, {{"example": preset.name}})
    text = work.storyboard(work.trace()).text()
    Path("tests/catalog/goldens", f"{name}-{{preset.name}}.txt").write_text(text, encoding="utf-8")
"""


def check(name: str, layer: str) -> None:
    """Refuse a name that is no name or taken, and a layer that is unknown or has a film. Raises ``OptionError``."""
    if not NAME.fullmatch(name):
        raise OptionError(f"{name!r} is no name for a film; use small letters, digits and dashes, as conv-transpose")
    if name in catalog.EXPLAINERS:
        raise OptionError(f"there is a film {name} already; choose another name")
    if layer in catalog.EXPLAINERS:
        raise OptionError(f"{layer} has a film already; these have none: {', '.join(catalog.LAYERS)}")
    if layer not in catalog.LAYERS:
        hint, known = suggestion(layer, catalog.LAYERS), ", ".join(catalog.LAYERS)
        raise OptionError(f"unknown layer {layer!r}{hint}; without a film are {known}")


def family_of(layer: str) -> str:
    """The family that a layer's film belongs to, by its module of the engine."""
    module = catalog.LAYERS[layer].layer.removeprefix("engine.")
    return next((family for word, family in FAMILIES.items() if module.startswith(word)), "functions")


def changed(path: str, old: str, new: str) -> Path:
    """Put ``new`` in the place of ``old``, which stands in the file once."""
    file = ROOT / path
    text = file.read_text(encoding="utf-8")
    if text.count(old) != 1:
        raise OptionError(f"{path} has no single place {old!r} where the film could be entered; enter it by hand")
    file.write_text(text.replace(old, new), encoding="utf-8")
    return file


def without(path: str, table: str, key: str) -> Path:
    """Take the entry of a key, if there is one, out of a table that is written out as a dictionary."""
    file = ROOT / path
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for node in ast.walk(ast.parse("".join(lines))):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        named = [target.id for target in targets if isinstance(target, ast.Name)]
        if named == [table] and isinstance(node.value, ast.Dict):  # type: ignore[attr-defined]
            for name, value in zip(node.value.keys, node.value.values, strict=True):  # type: ignore[attr-defined]
                if isinstance(name, ast.Constant) and name.value == key:
                    del lines[name.lineno - 1 : value.end_lineno]
    file.write_text("".join(lines), encoding="utf-8")
    return file


def write(plan: FilmPlan) -> list[Path]:
    """Write the film and enter it wherever films are listed; the files that are new or changed."""
    folder = ROOT / "layeranim/stories" / plan.family
    made = {
        folder / "__init__.py": f'"""Films of the family {plan.family}."""\n',
        folder / f"{plan.module}.py": film(plan),
        folder / f"{plan.module}_presets.py": presets(plan),
        ROOT / f"tests/catalog/sentences_{plan.module}.py": claims(plan),
    }
    for path, text in made.items():
        if path.name != "__init__.py" or not path.exists():
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
    out = [*made]
    out.append(changed("layeranim/catalog.py", "}\n\n\nLAYERS: dict", f"{entry(plan)}}}\n\n\nLAYERS: dict"))
    if plan.name == plan.layer:
        without("layeranim/catalog.py", "LAYERS", plan.layer)
        without("layeranim/catalog.py", "IDEAS", plan.layer)
        out.append(without("layeranim/stories/examples.py", "EXAMPLES", plan.layer))
    out.append(changed("tests/catalog/cases.py", "\n}\n", f"\n{cases(plan)}}}\n"))
    out.append(changed("tests/catalog/wide.py", "\n]\n", f"\n{wide(plan)}]\n"))
    out.append(_batch(plan))
    with (ROOT / "layeranim.toml").open("a", encoding="utf-8") as gallery:
        gallery.write(f'\n[[asset]]\nid = "{plan.name}"\nexplainer = "{plan.name}"\n')
    return [*out, ROOT / "layeranim.toml"]


def _batch(plan: FilmPlan) -> Path:
    """A batch of three for the tests of ``--sample``, or that it tells whole ones."""
    tests = "tests/catalog/test_samples.py"
    if plan.batch is None:
        return changed(tests, "WHOLE = {", f'WHOLE = {{"{plan.name}",\n         ')
    end = '}\n"""Options of a batch of three'
    return changed(tests, end, f'    "{plan.name}": {plan.batch!r},\n{end}')


def main() -> int:
    """Write a film, and say what comes next."""
    parser = argparse.ArgumentParser(prog="./run new", description="Write a film on the stage for a layer without one.")
    parser.add_argument("name", help="what the film is called, as in: layeranim render NAME")
    parser.add_argument("--layer", help="the layer of the engine that it tells  [default: NAME]")
    given = parser.parse_args()
    layer = given.layer or given.name
    try:
        check(given.name, layer)
        plan = planned(given.name, layer, family_of(layer))
        files = write(plan)
    except LayeranimError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    python = [str(path) for path in files if path.suffix == ".py"]
    for step in (["format", "-q"], ["check", "--fix", "-q"], ["format", "-q"]):
        subprocess.run([sys.executable, "-m", "ruff", *step, *python], cwd=ROOT, check=True)
    subprocess.run([sys.executable, "-c", GOLDENS.format(name=plan.name)], cwd=ROOT, check=True)
    print(*(path.relative_to(ROOT) for path in files), sep="\n")
    print(f"\nnow: ./run look {plan.name}, and the checklist in CONTRIBUTING.md")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
