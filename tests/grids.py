"""Large grids of cases: the whole suite tries a part of each, the same at every run; ``--every`` tries all.

A part is every so-manieth case, from a place that the test's name chooses: what one test leaves out another tries, and
each explainer comes up in each test that has several cases of it. What is named — a file, a test, words after ``-k`` —
is tried whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar
from zlib import crc32

import pytest

Case = TypeVar("Case")

_whole = True


def decide(config: pytest.Config) -> None:
    """Whether this run tries every case."""
    global _whole
    chosen = config.getoption("keyword") or config.getoption("markexpr") or config.getoption("lf", False)
    named = any("::" in word or word.endswith(".py") for word in config.args)
    _whole = bool(config.getoption("every") or chosen or named)


def whole() -> bool:
    """Whether every case is tried."""
    return _whole


def part(cases: Sequence[Case], of: int, name: str) -> Sequence[Case]:
    """One of so many parts of the cases, or all of them where every case is tried."""
    return cases if _whole else cases[crc32(name.encode()) % min(of, max(len(cases), 1)) :: of]


def thin(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave of each test that is marked ``grid(n)`` an n-th of its cases."""
    grids: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("grid"):
            grids[item.nodeid.partition("[")[0]].append(item)
    kept = {item for name, of_one in grids.items() for item in part(of_one, _parts(of_one[0]), name)}
    left = [item for item in items if item.get_closest_marker("grid") and item not in kept]
    if left:
        items[:] = [item for item in items if item not in set(left)]
        config.hook.pytest_deselected(items=left)


def _parts(item: pytest.Item) -> int:
    mark = item.get_closest_marker("grid")
    assert mark is not None
    return int(mark.args[0])
