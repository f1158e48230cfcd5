"""Dropout's film: what the mean over the draws is told of is the unit that is framed."""

from __future__ import annotations

from typing import Any

import pytest

from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.shapes import FocusFrame
from layeranim.stories.storyboard import Address, Beat, plain

from .conftest import Case, play


@pytest.mark.parametrize("options", [{"example": "glossary"}, {"example": "slugnet"}, {"input": "random:3x6"}])
def test_the_mean_that_is_told_is_the_one_that_is_framed(options: dict[str, Any]) -> None:
    def look(scene: ExplainerScene, beat: Beat) -> None:
        if beat.kind != "act" or not plain(beat.caption).startswith("mean"):
            return
        grid = scene.grids["mean"]
        told = beat.caption[-1].source
        frames = [m for top in scene.mobjects for m in top.get_family() if isinstance(m, FocusFrame)]
        at = [at for at in grid.everywhere() for f in frames for box in f.boxes if box == grid.plan.cell(*at)]
        assert [grid.source(*one) for one in at] == [told]
        assert isinstance(told, Address)
        seen.append(told)

    seen: list[Address] = []
    play(Case("dropout", {**options, "view": "network", "draws": 3}, "dropout"), look)
    assert seen
