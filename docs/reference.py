"""The page of the Python API, from the docstrings and signatures of what is public."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import layeranim as la
from layeranim import errors
from layeranim.assets.build import build
from layeranim.capturing.captured import Capture, ModelCall
from layeranim.engine.trace import Region, Step, Tensor, Trace
from layeranim.film.film import Film
from layeranim.stories.storyboard import Storyboard

RESULTS = (Trace, Tensor, Region, Step, Storyboard, Film, Capture, ModelCall)
HEAD = """# Python API

Written by `./run docs` from the docstrings. `import layeranim as la`; options have the names of the command line, with
underscores. Arrays are anything that NumPy reads. Shapes are written as their axes, `(batch, features)`; what each
layer takes and gives, axis by axis, stands in [the engine's layers](engine.md). Times are seconds, sizes of pictures
pixels.
"""


def page() -> str:
    """The whole page."""
    rows = [HEAD, "## Functions", ""]
    for name in la.__all__:
        made = build if name == "build" else getattr(la, name)
        if callable(made):
            rows += [f"### la.{name}", "", "```text", _signature(name, made), "```", "", told(made.__doc__), ""]
    rows += ["## What they give", ""]
    for kind in RESULTS:
        rows += [f"### {kind.__name__}", "", told(kind.__doc__), "", *_members(kind), ""]
    rows += ["## Errors", "", "| error | is also | raised for |", "|---|---|---|"]
    for name, kind in vars(errors).items():
        if inspect.isclass(kind) and issubclass(kind, errors.LayeranimError):
            rows.append(f"| `{name}` | {_named(kind.__bases__)} | {_cell(first(kind.__doc__))} |")
    return "\n".join([*rows, ""])


def told(doc: str | None) -> str:
    """A docstring as Markdown: sessions as code, the parts ``Args`` and ``Raises`` as lists."""
    out = []
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(doc or "")):
        if paragraph.startswith(">>>"):
            out.append(f"```pycon\n{paragraph}\n```")
        elif part := re.match(r"(Args|Raises|Returns):\n", paragraph):
            out.append("\n".join([f"{part[1]}:", "", *_entries(paragraph[part.end() :])]))
        else:
            out.append(_plain(paragraph))
    return "\n\n".join(out)


def first(doc: str | None) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join(told((doc or "").split("\n\n")[0]).split())


def _entries(text: str) -> Iterator[str]:
    """``name: what it is`` line by line, of which a deeper line belongs to the one above."""
    after = []
    lines = text.splitlines()
    for line in lines:
        if line.startswith("    ") and not line.startswith("     "):
            after.append(line.strip())
        elif line.startswith(" ") and after:
            after[-1] += " " + line.strip()
        else:
            yield from (f"- {_plain(one)}" for one in after)
            yield from ("", _plain(line))
            after = []
    yield from (f"- {_plain(one)}" for one in after)


def _plain(text: str) -> str:
    text = re.sub(r":\w+:`~?([^`]*)`", r"`\1`", text)
    return re.sub(r"``([^`]*)``", r"`\1`", text)


def _signature(name: str, made: Any) -> str:
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(made))).body
    assert isinstance(tree, ast.FunctionDef)
    assert tree.returns is not None
    line = f"la.{name}({ast.unparse(tree.args)}) -> {ast.unparse(tree.returns)}"
    return textwrap.fill(line, 70, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)


def _members(kind: type) -> list[str]:
    """Fields, properties and methods that are public and say what they are."""
    rows = ["| member | what it is |", "|---|---|"]
    if dataclasses.is_dataclass(kind):
        for item in dataclasses.fields(kind):
            if not item.name.startswith("_"):
                rows.append(f"| `{item.name}` | `{_cell(str(item.type))}` |")
    for name, member in vars(kind).items():
        if name.startswith("_") or isinstance(member, type):
            continue
        if isinstance(member, property | cached_property):
            made = member.fget if isinstance(member, property) else member.func
            rows.append(f"| `{name}` | {_cell(first(made.__doc__) or _result(made))} |")
        elif inspect.isfunction(member) or isinstance(member, classmethod):
            made = getattr(member, "__func__", member)
            taken = [arg for arg in inspect.signature(made).parameters if arg not in ("self", "cls")]
            rows.append(f"| `{name}({', '.join(taken)})` | {_cell(first(made.__doc__))} |")
    return rows if len(rows) > 2 else []


def _result(made: Any) -> str:
    return f"`{made.__annotations__.get('return', '')}`"


def _named(kinds: tuple[type, ...]) -> str:
    return ", ".join(f"`{kind.__name__}`" for kind in kinds)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
