"""Layers of any width are told in bounded time and within the budget of memory, whatever explainer it is."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from layeranim import catalog, preparing
from layeranim.engine.trace import Steps
from layeranim.errors import ShapeError
from layeranim.stories.storyboard import plain
from tests import grids
from tests.clocks import HANG

from .wide import CASES, NOISE

ROOT = Path(__file__).parents[2]
SECONDS = 8
"""Of the processor, for any of the films; two take four, and the others less."""


def test_every_explainer_is_told_wide() -> None:
    assert {name for name, _ in CASES} == set(catalog.explainers()), "tests/catalog/wide.py has a case for each"


def test_wide_layers_take_bounded_time_and_no_more_memory_than_estimated() -> None:
    """All in one test: another process makes them all, and no two workers of the suite are to do so."""
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("a peak is measured where Linux tells it")
    names = grids.part(list(catalog.explainers()), 3, "wide")
    done = subprocess.run(
        [sys.executable, "-m", "tests.catalog.wide", *names],
        cwd=ROOT, capture_output=True, check=True, timeout=4 * HANG,
    )  # fmt: skip
    measured = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(found["name"], found["options"]) for found in measured] == [case for case in CASES if case[0] in names]
    assert not [found for found in measured if found["seconds"] >= SECONDS]
    assert not [found for found in measured if found["peak"] > found["estimate"] + NOISE]
    near = {found["name"] for found in measured if found["estimate"] <= 4 * found["peak"] + NOISE}
    far = [found for found in measured if found["name"] not in near]
    assert not far, "estimates far above every peak"


@pytest.mark.grid(3)
@pytest.mark.parametrize("name", catalog.explainers())
def test_a_film_over_the_budget_is_refused_whatever_it_is_told_with(name: str) -> None:
    options = next((options for explainer, options in CASES if explainer == name), None)
    assert options is not None, f"enter a large {name} in CASES of tests/catalog/wide.py"
    work = preparing.prepare(name, options)
    trace = work.trace()
    small = preparing.prepare(name, options).trace()  # as large as the trace: the film is what does not fit
    kept = catalog.story(name).needed(small) // (1 + catalog.story(name).takes)
    object.__setattr__(work, "memory", int(kept) + 1)
    with pytest.raises(ShapeError, match=rf"a film of this {name} takes, about .* of memory.*--max-memory"):
        work.storyboard(trace)


def test_sums_of_many_channels_are_all_counted() -> None:
    """Beyond 64 channels the bias alone stood beside the result."""
    work = preparing.prepare("conv", {"input": "random:100x5x5", "kernel_size": 3, "bias": True, "seed": 3})
    board = work.storyboard(work.trace())
    said = next(plain(beat.caption) for beat in board.beats if " others" in plain(beat.caption))
    assert re.fullmatch(r"[(−0-9). +]+ of 97 others \+ [(−0-9).]+ [=≈] −?[0-9.]+", said), said


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
