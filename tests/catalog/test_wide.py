"""Layers of any width are told in bounded time and within the budget of memory, whatever explainer it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from layeranim import catalog, preparing
from layeranim.engine.trace import Steps
from layeranim.errors import ShapeError
from layeranim.stories.storyboard import plain
from tests.clocks import HANG

from .wide import CASES, NOISE

ROOT = Path(__file__).parents[2]
SECONDS = 8
"""Of the processor, for any of the films; three take one, and the others less."""


@pytest.fixture(scope="module")
def measured() -> list[dict[str, Any]]:
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("a peak is measured where Linux tells it")
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalog.wide"], cwd=ROOT, capture_output=True, check=True, timeout=4 * HANG
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_every_explainer_is_told_wide() -> None:
    assert {name for name, _ in CASES} == set(catalog.explainers())


@pytest.mark.parametrize("at", range(len(CASES)), ids=lambda at: f"{CASES[at][0]}-{CASES[at][1]}"[:50])
def test_a_wide_layer_takes_bounded_time_and_no_more_memory_than_estimated(
    measured: list[dict[str, Any]], at: int
) -> None:
    found = measured[at]
    assert (found["name"], found["options"]) == CASES[at]
    assert found["seconds"] < SECONDS
    assert found["peak"] <= found["estimate"] + NOISE, found


@pytest.mark.parametrize("name", catalog.explainers())
def test_an_estimate_is_of_the_size_of_the_largest_peak(measured: list[dict[str, Any]], name: str) -> None:
    assert any(found["estimate"] <= 4 * found["peak"] + NOISE for found in measured if found["name"] == name)


@pytest.mark.parametrize("name", catalog.explainers())
def test_a_film_over_the_budget_is_refused_whatever_it_is_told_with(name: str) -> None:
    options = next(options for explainer, options in CASES if explainer == name)
    work = preparing.prepare(name, options)
    trace = work.trace()
    small = preparing.prepare(name, options).trace()  # as large as the trace: the film is what does not fit
    kept = catalog.story(name).needed(small) // (1 + catalog.story(name).takes)
    object.__setattr__(work, "memory", int(kept) + 1)
    with pytest.raises(ShapeError, match=rf"a film of this {name} takes, about .* of memory.*--max-memory"):
        work.storyboard(trace)


def test_sums_of_many_channels_are_all_counted() -> None:
    """Beyond 64 channels the bias alone stood before the result."""
    work = preparing.prepare("conv", {"input": "random:100x5x5", "kernel_size": 3, "bias": True, "seed": 3})
    board = work.storyboard(work.trace())
    said = next(plain(beat.caption) for beat in board.beats if " more" in plain(beat.caption))
    assert re.fullmatch(r"[(−0-9). +]+ \+ 9\d more = −?[0-9.]+", said), said


@pytest.mark.parametrize("name", catalog.explainers())
def test_the_step_that_writes_a_cell_is_found_without_making_all(name: str) -> None:
    trace = preparing.prepare(name, {}).trace()
    if not isinstance(trace.steps, Steps):
        pytest.skip("its steps are a list")
    slow = Steps(len(trace.steps), trace.steps.__getitem__)
    for at in range(0, len(trace.steps), max(1, len(trace.steps) // 12)):
        region = trace.steps[at].writes
        here = {axis: i if isinstance(i, int) else i[-1] for axis, i in region.where}
        assert trace.steps.writing(region.tensor, here) == slow.writing(region.tensor, here)
    assert trace.steps.writing("nothing", {}) is None
