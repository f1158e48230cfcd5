"""What is looked at of a large tensor."""

from __future__ import annotations

import numpy as np
import pytest

from layeranim.stories.stage import ranges


@pytest.mark.parametrize("distinct", [4, 11, 300])
def test_the_ends_of_a_tensor_are_found_block_by_block(distinct: int, monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(distinct).integers(0, distinct, 400) / 4
    values[7] = np.nan
    monkeypatch.setattr(ranges, "EXTREMES", 3)
    monkeypatch.setattr(ranges, "BLOCK", 16)
    every, found = np.unique(values), ranges.extremes(values)
    assert found[:3].tolist() == every[:3].tolist()
    assert found[-3:].tolist()[:2] == every[-3:].tolist()[:2]
    assert np.isnan(found[-1])
