"""No verdict of the suite depends on how busy the machine is: clocks are read in ``clocks.py``, guards are long."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.clocks import HANG

TESTS = Path(__file__).parents[1]
FILES = sorted(path for path in TESTS.rglob("*.py") if path.name not in ("clocks.py", "test_clocks.py"))
LEAST = 60
"""Seconds of the shortest guard against hanging."""
CLOCKS = re.compile(r"\b(perf_counter|monotonic|thread_time|default_timer|timeit)(_ns)?\b|\btime\.time(_ns)?\b")
WAITS = {"wait", "communicate", "join", "result", "get", "acquire", "select", "settimeout"}


def short(code: str) -> Iterator[str]:
    """What a test's code does that a busy machine may turn into a failure."""
    for number, line in enumerate(code.splitlines(), 1):
        if CLOCKS.search(line):
            yield f"line {number} reads a clock: {line.strip()}"
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Call):
            named = {word.arg: word.value for word in node.keywords}
            is_wait = isinstance(node.func, ast.Attribute) and node.func.attr in WAITS
            if is_wait and ast.unparse(node.func) == "self.wait":  # of a scene: seconds of a film
                continue
            first = node.args[0] if is_wait and node.args else None
            for value in (named.get("timeout"), first):
                if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)) and value.value < LEAST:
                    yield f"line {node.lineno} waits {value.value} s at most"
            deadline = named.get("deadline")
            if deadline is not None and not (isinstance(deadline, ast.Constant) and deadline.value is None):
                yield f"line {node.lineno} gives an example a deadline"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(TESTS)))
def test_a_busy_machine_fails_no_test(path: Path) -> None:
    assert list(short(path.read_text(encoding="utf-8"))) == []


@pytest.mark.parametrize(
    "code",
    [
        "begin = time.perf_counter()",
        "from time import monotonic",
        "time.time() - begin",
        "process.communicate(timeout=5)",
        "process.wait(5)",
        "thread.join(timeout=10)",
        "settings(deadline=200)",
        'SCRIPT = "print(time.monotonic_ns())"',
    ],
)
def test_what_would_be_found(code: str) -> None:
    assert len(list(short(code))) == 1


def test_guards_are_long_and_examples_have_no_deadline() -> None:
    assert HANG >= LEAST
    assert settings.default is not None
    assert settings.default.deadline is None
    assert list(short(f"process.wait(timeout={LEAST})\n', '.join(words)\nsettings(deadline=None)")) == []
