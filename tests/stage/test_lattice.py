"""Lattice and Becoming: products in rows and columns, cells whose numbers turn into others."""

from __future__ import annotations

import pytest

import layeranim as la
from layeranim.engine.trace import Steps
from layeranim.preparing import prepare
from layeranim.stories.stage.verbs import Fill, Name
from layeranim.stories.storyboard import Storyboard, plain


def told(**options: object) -> Storyboard:
    work = prepare("attention", options)
    return work.storyboard(work.trace())


def test_cells_that_belong_together_stand_on_one_line() -> None:
    grids = told().grids
    scores = grids["scaled"]
    assert [scores.cell(r, 0).y for r in range(4)] == [grids["query"].cell(r, 0).y for r in range(4)]
    assert [scores.cell(0, c).x for c in range(4)] == [grids["key"].cell(0, c).x for c in range(4)]
    assert scores.at[1] == grids["weights"].at[1] == grids["output"].at[1]
    assert grids["value"].pitch == grids["output"].pitch


def test_one_tensor_takes_the_place_of_the_other_under_its_own_name() -> None:
    board = told(softcap=2)
    seen: list[tuple[str, str]] = []
    for beat in board.beats:
        name = ""
        for verb in (verb for phase in beat.verbs for verb in phase):
            if isinstance(verb, Name) and verb.part == "capped":
                name = plain(verb.line).replace("\u2009", "")
            if isinstance(verb, Fill) and verb.part == "capped" and beat.kind == "step" and name:
                assert verb.cells.sources is not None
                seen.append((verb.cells.sources(0, 0).tensor, name))  # type: ignore[union-attr]
                name = ""
    assert list(dict.fromkeys(seen)) == [
        ("scores", "QK^T"), ("scaled", "QK^T / √3"), ("capped", "2·tanh(QK^T / √3 / 2)"),
    ]  # fmt: skip


@pytest.mark.parametrize("layer", ["attention", "rnn", "dense", "alignment"])
def test_a_trace_knows_where_its_cells_are_written(layer: str) -> None:
    """As if all steps were looked at one after another, also where not all indices are said."""
    trace = la.trace(layer)
    steps = trace.steps
    assert isinstance(steps, Steps)
    assert steps.finds
    regions = [step.writes for step in steps]
    for name, tensor in trace.tensors.items():
        for corner in (0, -1):
            here = {axis: range(size)[corner] for axis, size in zip(tensor.axes, tensor.shape, strict=True)}
            for left in (here, dict(list(here.items())[:-1]), dict(list(here.items())[1:])):
                first = next((i for i, r in enumerate(regions) if r.tensor == name and r.holds(left)), None)
                assert steps.writing(name, left) == first
