"""Every promise of docs/promises.md stands beside a test that is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "promises.md"


def rows(text: str) -> list[tuple[str, str]]:
    """Promise and what stands beside it, of every row but heads and rules."""
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    return [(row[0], " | ".join(row[1:])) for row in found if row[0] not in ("promise", "---")]


def named_in(cell: str) -> list[tuple[str, str]]:
    return re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", cell)


@cache
def running(file: str) -> set[str]:
    """The tests of a file that are not skipped by its own word."""
    path = ROOT / file
    tree = ast.parse(path.read_text(encoding="utf-8")) if path.is_file() else ast.Module([], [])
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    out = {"pytest.mark.skip", "pytest.mark.xfail", "pytest.mark.skipif"}
    return {
        one.name for one in functions if not any(ast.unparse(d).partition("(")[0] in out for d in one.decorator_list)
    }


ROWS = rows(PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("promise", "beside"), ROWS, ids=[promise for promise, _ in ROWS])
def test_a_promise_is_held_by_a_test(promise: str, beside: str) -> None:
    named = named_in(beside)
    assert named, promise
    assert re.sub(r"`[^`]*`|, ", "", beside) == "", "nothing but tests stands there"
    for file, name in named:
        assert name in running(file), f"{file}::{name}"


def test_a_promise_is_made_once() -> None:
    promises = [promise for promise, _ in ROWS]
    assert len(set(promises)) == len(promises) > 40


def test_what_is_missing_would_be_seen() -> None:
    ((promise, beside), (_, nothing)) = rows(
        "| promise | test |\n| --- | --- |\n| a | `tests/x.py::test_y` |\n| b | - |"
    )
    assert (promise, named_in(beside), named_in(nothing)) == ("a", [("tests/x.py", "test_y")], [])
    assert "test_y" not in running("tests/x.py")
    assert "test_what_is_missing_would_be_seen" in running("tests/house/test_promises.py")


def test_the_page_is_found() -> None:
    assert "](promises.md)" in (ROOT / "docs" / "assets.md").read_text(encoding="utf-8")
    assert "docs/promises.md" in (ROOT / "README.md").read_text(encoding="utf-8")
