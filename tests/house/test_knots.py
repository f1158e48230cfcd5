"""No import knots: no module leads back to itself by what it imports, at its head or within a function.

Imports for types alone (``if TYPE_CHECKING``) load nothing and do not count. A name of a package that is passed on by
its ``__init__`` is looked for there, as Python does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import layeranim

ROOT = Path(layeranim.__file__).parents[1]
PASSING_ON = "layeranim"
"""The package's own ``__init__``, which makes ``la.trace`` of ``api.trace`` when it is asked for: nobody imports it."""


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package below a folder, by its full name."""
    found = {}
    for path in sorted((root / "layeranim").rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def loads(tree: ast.AST) -> Iterator[str]:
    """The names that a module imports, wherever in it."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test):
            continue
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{name.name}" for name in node.names)
        yield from loads(node)


def arrows(root: Path) -> dict[str, set[str]]:
    """Of every module those that it imports."""
    known = modules(root)

    def module_of(name: str) -> str:
        while name and name not in known:
            name = name.rpartition(".")[0]
        return name

    out = {}
    for module, path in known.items():
        found = {module_of(name) for name in loads(ast.parse(path.read_text(encoding="utf-8")))}
        out[module] = found - {module, ""}
    return out


def knots(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The strongly connected components of more than one module (Tarjan 1972)."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    out = []

    def visit(module: str) -> None:
        number[module] = low[module] = len(number)
        stack.append(module)
        for other in sorted(graph[module]):
            if other not in number:
                visit(other)
                low[module] = min(low[module], low[other])
            elif other in stack:
                low[module] = min(low[module], number[other])
        if low[module] == number[module]:
            at = stack.index(module)
            found, stack[at:] = stack[at:], []
            if len(found) > 1:
                out.append(sorted(found))

    for module in sorted(graph):
        if module not in number:
            visit(module)
    return out


def test_no_module_leads_back_to_itself() -> None:
    assert not knots(arrows(ROOT))


def test_nobody_imports_the_outermost_package_but_programs() -> None:
    """It passes on everything, and so would tie everything together."""
    who = {module for module, found in arrows(ROOT).items() if PASSING_ON in found}
    assert {module.split(".")[1] for module in who} <= {"cli"}


def planted(root: Path, **files: str) -> Path:
    (root / "layeranim").mkdir()
    for name, text in files.items():
        (root / "layeranim" / f"{name}.py").write_text(text, encoding="utf-8")
    return root


def test_a_knot_is_seen_also_where_an_import_waits_in_a_function(tmp_path: Path) -> None:
    found = planted(
        tmp_path,
        __init__="",
        a="from layeranim import b\n",
        b="import layeranim.c\n",
        c="class C:\n    def late(self):\n        from layeranim.a import something\n",
        d="from layeranim.a import something\n",
    )
    assert knots(arrows(found)) == [["layeranim.a", "layeranim.b", "layeranim.c"]]


def test_what_only_names_types_ties_nothing(tmp_path: Path) -> None:
    types = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from layeranim.b import B\n"
    assert not knots(arrows(planted(tmp_path, __init__="", a=types, b="from layeranim.a import A\n")))
