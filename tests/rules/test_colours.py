"""Rule 9: one colour, one meaning: pictures keep their scale, letters and masks have no sign, outliers hide nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from layeranim import theme
from layeranim.stories.stage.verbs import Fill, Ghost, NodeFill
from layeranim.stories.storyboard import Cells, Storyboard
from layeranim.theme import GREYS, THEMES, contrast
from tests.catalog.conftest import Case


def told(name: str, **options: Any) -> Storyboard:
    work = Case(name, options, name).work()
    return work.storyboard(work.trace())


def cells(board: Storyboard, grid: str) -> Cells:
    plan = board.grids[grid]
    found = plan.cells
    filled = (verb for beat in board.beats for phase in beat.verbs for verb in phase)
    shown = [verb.cells for verb in filled if isinstance(verb, Fill | Ghost) and verb.part == grid]
    found = shown[0] if found is None and shown else found
    assert found is not None
    return found


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_digit_is_ink_on_its_page(name: str) -> None:
    """Strokes stand out from the page in both themes, without gaps between the pixels."""
    board = told("dense", example="digits")
    given = cells(board, "input")
    assert given.scale == "ink"
    assert board.grids["input"].joined
    assert board.grids["input"].gap == 0
    page, strokes = (THEMES[name].fill("ink", level) for level in (0, GREYS - 1))
    assert contrast(page, THEMES[name].bg) < 1.3
    assert contrast(strokes, THEMES[name].bg) > 12
    assert int(given.levels.max()) == GREYS - 1


@pytest.mark.parametrize("kernel", ["sharpen", "gaussian-blur", "identity"])
def test_a_picture_that_stays_one_keeps_its_greys(kernel: str) -> None:
    """The same grey for the same value, in and out; what is brighter than white is white."""
    board = told("conv", input="photo", gray=True, resize=(24, 36), kernel=kernel)
    given, made = cells(board, "padded:0"), cells(board, "output:0")
    assert given.scale == made.scale == "grey"
    if kernel == "identity":
        assert np.array_equal(given.levels[1:-1, 1:-1], made.levels)


@pytest.mark.parametrize("options", [{"kernel": "sobel-x"}, {"kernel": "gaussian-blur", "activation": "sigmoid"}])
def test_what_is_no_picture_any_more_has_signs(options: dict[str, Any]) -> None:
    assert cells(told("conv", input="photo", gray=True, resize=(24, 36), **options), "output:0").scale == "value"
    assert cells(told("conv", example="rgb", activation="sigmoid"), "output:0").scale == "value"


def test_a_few_outliers_do_not_leave_the_rest_pale() -> None:
    levels = np.abs(cells(told("conv", input="photo", gray=True, resize=(48, 72), kernel="sobel-x"), "output:0").levels)
    assert (levels >= 2).mean() > 0.2


def test_an_input_is_not_pale_beside_larger_products() -> None:
    """The digit's strokes are strong though its products with the kernel are larger; alike ones share a range."""
    assert cells(told("conv", example="digit"), "padded:0").levels.max() == 4
    board = told("conv")
    assert cells(board, "padded:0").levels.max() == cells(board, "products:0").levels.max() // 2


def test_letters_have_no_colour_step() -> None:
    board = told("conv", example="slugnet")
    given = [name for name, plan in board.grids.items() if plan.cells is not None]
    assert given
    for grid in given:
        assert not cells(board, grid).levels.any(), grid


@pytest.mark.parametrize("options", [{"input": "random:12x12"}, {"input": "1 2 3 4; 5 6 7 8"}])
def test_a_mask_is_neither_positive_nor_negative(options: dict[str, Any]) -> None:
    board = told("dropout", **options)
    fills = [v for beat in board.beats for group in beat.verbs for v in group if isinstance(v, Fill)]
    masks = [fill.cells for fill in fills if fill.part.startswith("mask")]
    assert masks
    assert all(mask.scale == "grey" or not mask.levels.any() for mask in masks)


@pytest.mark.parametrize("pitch", range(8, 24, 2))
def test_gaps_of_small_cells_are_whole_pixels_at_half_size(pitch: int) -> None:
    from layeranim.layout import Fit

    width = Fit((pitch, pitch), 0).width(3)
    assert theme.HEAT_GAP % 2 == 0
    assert width == 3 * pitch - theme.HEAT_GAP


OPERATORS = ("kernel", "weight", "products")


def _operates(tensor: str) -> bool:
    """Whether its numbers act on others: weights, and products, also those of one layer in another."""
    return any(word in tensor for word in OPERATORS)


def alike(board: Storyboard) -> dict[str, set[int]]:
    """The colour steps of every number on the stage; equal numbers are in one entry."""
    found: dict[str, set[int]] = {}
    for grid in board.grids.values():
        content = grid.cells
        if content is None or content.texts is None or content.scale != "value" or _operates(grid.tensor):
            continue
        hidden = [mask for mask in (content.ghost, content.dim) if mask is not None]
        for at, text in np.ndenumerate(content.texts):
            if not any(mask[at] for mask in hidden):
                found.setdefault(text, set()).add(int(content.levels[at]))
    return found


def ambiguous(board: Storyboard) -> list[str]:
    """The numbers that stand there in more than one colour."""
    return [text for text, steps in alike(board).items() if len(steps) > 1]


def test_the_check_sees_a_number_of_two_colours() -> None:
    board = told("conv", input="1 2; 1 3", kernel="1 0; 0 1")
    plan = board.grids["padded:0"]
    assert plan.cells is not None
    assert not ambiguous(board)
    levels = plan.cells.levels.copy()
    levels[0, 0] += 1
    painted = replace(plan, cells=replace(plan.cells, levels=levels))
    assert ambiguous(replace(board, grids={**board.grids, "padded:0": painted})) == ["1"]


@pytest.mark.parametrize("options", [{}, {"example": "majority"}, {"activation": "linear"}, {"activation": "tanh"}])
def test_what_goes_into_a_neuron_and_what_comes_out_are_on_one_scale(options: dict[str, Any]) -> None:
    """A 1 that is read and a 1 that is made have one colour."""
    board = told("neuron", **options)
    shown = [grid.cells for grid in board.grids.values() if grid.cells is not None]
    shown += [v.cells for beat in board.beats for group in beat.verbs for v in group if isinstance(v, (Fill, NodeFill))]
    found: dict[float, set[int]] = {}
    for content in shown:
        assert content.texts is not None
        for text, step in zip(content.texts.flat, content.levels.flat, strict=True):
            found.setdefault(float(text.replace("−", "-")), set()).add(int(step))
    assert all(len(steps) == 1 for steps in found.values()), found
    assert len(found) > 2


def test_a_scale_is_not_shared_where_the_smaller_numbers_would_be_pale() -> None:
    board = told("neuron", input="0.1 0.2; 0.2 0.1", weight_values="90 -80", activation="linear")
    assert cells(board, "input").levels.max() == 4


def test_numbers_that_are_names_have_no_colour_of_a_size() -> None:
    ids = told("embedding").grids["ids"].cells
    assert ids is not None
    assert not ids.levels.any()
    assert len(set(np.ravel(ids.texts).tolist())) > 2
