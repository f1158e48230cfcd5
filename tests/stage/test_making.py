"""What is found of one cell tells of its neighbours: a large tensor costs no search of its trace for every cell."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import layeranim as la
from layeranim.engine.trace import Region, Steps
from layeranim.stories.stage import Units
from tests.stage import films


@pytest.mark.parametrize("side", [3, 20])
def test_steps_of_many_cells_are_not_searched_one_by_one(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = la.trace("conv", input=np.ones((side, side)), kernel=np.ones((1, 1)))
    declared = replace(films.film(), units=Units(("out_width",), ("column", "columns")), alike=())
    figures, search, asked = films.figures(trace, declared), Steps.writing, []

    def searched(*words: object) -> int | None:
        asked.append(words)
        return search(*words)  # type: ignore[arg-type]

    monkeypatch.setattr(Steps, "writing", searched)
    assert figures.making(Region("pre_activation")) == tuple(range(2, 4 * side * side, 4))
    assert len(asked) == 3
