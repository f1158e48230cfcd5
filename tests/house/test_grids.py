"""What the whole suite leaves out of its large grids, and that what is named is tried whole."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests import grids
from tests.clocks import HANG

ROOT = Path(__file__).parents[2]
GRID = "tests/player/test_page.py"


def test_a_part_is_every_so_manieth_case_from_a_place_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = list(range(48))
    monkeypatch.setattr(grids, "_whole", False)
    parts = {tuple(grids.part(cases, 3, f"test_{n}")) for n in range(40)}
    assert sorted(parts) == [tuple(cases[n::3]) for n in range(3)]
    assert grids.part(cases[:1], 3, "test_0") == [0], "a grid of one case keeps it"
    monkeypatch.setattr(grids, "_whole", True)
    assert grids.part(cases, 3, "test_0") == cases


@pytest.mark.parametrize(
    ("arguments", "thinned"),
    [(["tests/player"], True), (["tests/player", "--every"], False), (["tests/player", "-k", "little_beside"], False),
     ([GRID], False), ([f"{GRID}::test_a_player_takes_little_beside_its_film"], False)],
)  # fmt: skip
def test_what_is_named_is_tried_whole(arguments: list[str], thinned: bool) -> None:
    said = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--collect-only", "-q", *arguments],
        cwd=ROOT, capture_output=True, check=True, text=True, timeout=HANG,
    ).stdout  # fmt: skip
    found = len(re.findall("test_a_player_takes_little_beside_its_film", said))
    assert found == (16 if thinned else 48)
