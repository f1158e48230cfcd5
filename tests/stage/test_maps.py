"""Maps: cells of one size on a stage, maps in the order of those before, the window of the followed number."""

from __future__ import annotations

import pytest

from layeranim import api
from layeranim.stories.stage.verbs import Frame
from layeranim.stories.storyboard import Storyboard


def of(board: Storyboard, tensor: str) -> list[tuple[float, float]]:
    """Where the maps of a tensor stand."""
    return [grid.at for grid in board.grids.values() if grid.tensor == tensor]


@pytest.mark.parametrize("size", [(1280, 720), (800, 800), (540, 960)])
def test_all_maps_have_cells_of_one_size(size: tuple[int, int]) -> None:
    board = api.storyboard("cnn", input="random:1x8x8", filters="3,5", size=size)
    assert len({grid.pitch for grid in board.grids.values() if grid.tensor.startswith(("conv", "pool"))}) == 1


def test_pooled_maps_stand_as_those_that_they_are_made_of() -> None:
    board = api.storyboard("cnn", input="random:1x8x8", filters="7")
    before, after = of(board, "conv1_output"), of(board, "pool1_output")
    assert len(before) == len(after) == 7
    rank = [
        [sorted({p[k] for p in places}).index(at[k]) for at in places] for places in (before, after) for k in (0, 1)
    ]
    assert rank[:2] == rank[2:]


def test_of_more_maps_than_16_the_first_are_drawn_and_the_header_says_so() -> None:
    board = api.storyboard("cnn", input="random:1x6x6", filters="20")
    assert len(of(board, "conv1_output")) == 16
    assert "16 of 20 maps drawn" in "".join(run.text for run in board.parameters)


def test_a_window_is_framed_without_its_padding() -> None:
    """The followed cell of a convolution with padding lies at the edge: of its 3×3 window 2×2 cells are there."""
    board = api.storyboard("cnn", input="9 0 0 0; 0 0 0 0; 0 0 0 0; 0 0 0 0", filters=1, units=1, bias=False,
                           conv1_kernel="0 0 0; 0 1 0; 0 0 0", dense_weight="1 0 0 0")  # fmt: skip
    step = next(beat for beat in board.beats if beat.kind == "step")
    (frame,) = [verb for phase in step.verbs for verb in phase if isinstance(verb, Frame) and verb.part == "input:0"]
    assert frame.blocks == ((0, 1, 0, 1),)
