"""Cells that leave their power of ten to a heading stand under one that tells it: 2.0 is never drawn for 2.0e−5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from layeranim import catalog
from layeranim.errors import UsageError
from layeranim.stories.storyboard import Cells, Fact, Run, Storyboard
from tests.catalog.conftest import Case

from .checks import placed, verbs_of

TINY, HUGE = 2e-6, 3e6


def within(value: object, kind: type) -> Iterator[Any]:
    """Everything of a kind that a plan or a verb holds, however deep."""
    if isinstance(value, kind):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from within(one, kind)
    elif is_dataclass(value) and not isinstance(value, (Run, Cells)):
        for item in fields(value):
            yield from within(getattr(value, item.name), kind)


def power(cells: Cells) -> int:
    """The power of ten that the numbers in some cells lack."""
    if cells.texts is None or cells.sources is None:
        return 0
    rows, cols = cells.texts.shape
    return next((int(getattr(cells.sources(r, c), "power", 0)) for r in range(rows) for c in range(cols)), 0)


def unsaid(board: Storyboard) -> set[str]:
    """The parts whose numbers lack a power of ten that no heading of them, or of their tensor, tells."""
    plans = {plan.name: plan for plan in placed(board)}
    lacking = {plan.name for plan in plans.values() if any(map(power, within(plan, Cells)))}
    for beat in board.beats:
        lacking |= {verb.part for verb in verbs_of(beat) if any(map(power, within(verb, Cells)))}
    telling = [plan for plan in plans.values() if any(run.source == Fact("power") for run in within(plan, Run))]
    said = {plan.name for plan in telling} | {getattr(plan, "tensor", "") for plan in telling}
    names = {name: name.removeprefix("lens:") for name in lacking}
    return {name for name in lacking if not {names[name], getattr(plans.get(name), "tensor", None)} & said}


@cache
def scaled(name: str, by: float) -> Storyboard | None:
    """The storyboard of an explainer's first film with all that comes in so many times as large."""
    work = Case(name, {}, name).work()
    trace, layer = work.trace(), catalog.layer(name)
    real = [s.name for s in layer.arrays if s.role == "input" and s.name in trace and s.name != "mask"
            and trace.tensor(s.name).labels is None and trace[s.name].dtype.kind == "f"]  # fmt: skip
    try:
        other = Case(name, {key: np.asarray(trace[key]) * by for key in real}, name).work()
        return other.storyboard(other.trace())
    except UsageError:  # ids, targets, what is made from something else
        return None


@pytest.mark.parametrize(
    ("name", "by"),
    [*((name, TINY) for name in catalog.EXPLAINERS), *((name, HUGE) for name in ("neuron", "dense", "mlp", "dropout"))],
)
def test_a_power_of_ten_that_cells_leave_out_is_told(name: str, by: float) -> None:
    board = scaled(name, by)
    if board is None:
        pytest.skip("its inputs are whole numbers or shares")
    assert unsaid(board) == set()


def test_films_leave_powers_of_ten_to_their_headings() -> None:
    """And the check sees where one is missing."""
    for name in ("neuron", "dropout", "dense"):
        board = scaled(name, TINY)
        assert board
        bare = {key: replace(grid, heading=tuple(run for run in grid.heading if run.source != Fact("power")))
                for key, grid in board.grids.items()}  # fmt: skip
        assert unsaid(replace(board, grids=bare))
