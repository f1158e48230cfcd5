"""What the films of windows, units and masks show since they stand on the stage."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.stories.stage.plans import KeyPlan, TextPlan
from layeranim.stories.stage.verbs import Frame, Ghost, Lay, Pour, Tell
from layeranim.stories.storyboard import Storyboard, plain

from .conftest import Case

WINDOWED = ("neuron", "dense", "dropout")
STAGED = ("conv", "filter-match")


def told(name: str, **options: Any) -> Storyboard:
    work = Case(name, options, name).work()
    return work.storyboard(work.trace())


# ── what came onto the stage ─────────────────────────────────────────────────
def verbs(board: Storyboard, kind: type, beat: str = "step") -> list[Any]:
    """The verbs of a kind, of all beats of a kind."""
    return [v for b in board.beats if b.kind == beat for phase in b.verbs for v in phase if isinstance(v, kind)]


@pytest.mark.parametrize("name", [*STAGED, "neuron", "dropout", "pool", "dense"])
def test_the_opening_previews_what_will_come_and_the_close_its_evidence(name: str) -> None:
    board = told(name)
    assert verbs(board, Ghost, "open")
    assert verbs(board, Frame, "close")
    assert board.beats[-1].steps


@pytest.mark.parametrize("name", STAGED)
def test_the_kernel_lies_down_on_its_window_and_its_products_pour_into_their_sum(name: str) -> None:
    """Each weight on the number that it is multiplied by; each product that is not zero, one by one."""
    work = Case(name, {}, name).work()
    trace, board = work.trace(), work.storyboard(work.trace())
    lay = verbs(board, Lay)[0]
    kernel, given = board.grids[lay.part], next(g for g in board.grids.values() if g.tensor == "padded")
    assert len(lay.where) == trace["kernel"][0].size
    first = given.cell(0, 0).centre
    assert all(kernel.cell(*at).centre[0] - kernel.cell(0, 0).centre[0] == goal[0] - first[0]
               for at, goal in zip(lay.where, lay.goals, strict=True))  # fmt: skip
    taught = next(b for b in board.beats if b.kind == "step" and any(isinstance(v, Pour) for v in b.verbs[1]))
    (pour,) = (v for v in taught.verbs[1] if isinstance(v, Pour))
    (tally,) = (v for v in taught.verbs[1] if isinstance(v, Tell) and v.part.endswith(":tally"))
    products = trace["products"].reshape(board.total, -1)[taught.units[0]]
    assert len(pour.cells) == len(tally.lines) == np.count_nonzero(products) > 1
    sums = np.cumsum(products[products != 0])
    assert [plain(line) for line in tally.lines] == [f"{n:g}".replace("-", "−") for n in sums]


@pytest.mark.parametrize("name", ["pool", "dense"])
def test_the_first_step_brings_its_terms_one_by_one(name: str) -> None:
    step = next(beat for beat in told(name).beats if beat.kind == "step")
    assert sum(phase.startswith("term") for phase, _ in step.phases) > 1


def test_channels_that_are_not_drawn_are_counted_under_the_stack() -> None:
    board = told("conv", in_channels=8, filters=16)
    said = [plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)]
    assert said.count("⋮ 5 more") == 2  # channels of the input, and rows of the kernel
    assert said.count("⋮ 13 more") == 1


@pytest.mark.parametrize(("gray", "rows"), [(True, 16), (False, 48)])
def test_a_dense_layer_shows_the_picture_it_reads(gray: bool, rows: int) -> None:
    """In colour its planes one under another, in the order in which they are read."""
    board = told("dense", input="photo", gray=gray, resize=(16, 16), units=3)
    for name in ("input", "weight", "products"):
        assert (board.grids[name].rows, board.grids[name].cols) == (rows, 16)
    assert ("red over green over blue" in plain(board.parameters)) is not gray


def test_one_rule_fits_all_films() -> None:
    """Numbers are drawn where cells for them have room; beside a kernel a wide input has its window in numbers."""
    wide = {"input": "random:5x14", "kernel_size": "2x4"}
    conv, pool = told("conv", **wide), told("pool", **wide)
    assert pool.grids["padded:0"].numeral
    assert not conv.grids["padded:0"].numeral
    assert conv.grids["patches:0"].numeral
    assert conv.grids["kernel:0"].numeral
    small = {"input": "random:4x6", "kernel_size": 2}
    assert all(told(name, **small).grids["padded:0"].numeral for name in ("conv", "pool"))


@pytest.mark.parametrize("name", ["pool", "dense"])
def test_large_numbers_share_a_power_of_ten(name: str) -> None:
    board = told(name, input="-2e6 1.3e6; -2.4e6 1e6")
    assert any("×10" in plain(grid.heading) for grid in board.grids.values())


def test_four_small_filters_keep_their_numbers() -> None:
    board = told("filter-match", input="random:3x3", filters=4)
    assert all(board.grids[f"kernel:{f}"].numeral for f in range(4))


def keyed(board: Storyboard) -> set[str]:
    """The scales of colours that the film has a key of."""
    return {plan.scale for plan in board.parts.get("stage", ()) if isinstance(plan, KeyPlan)}


@pytest.mark.parametrize("name", ["pool", *WINDOWED])
def test_a_key_says_what_the_colours_mean(name: str) -> None:
    assert "value" in keyed(told(name))


@pytest.mark.parametrize("gray", [True, False])
def test_a_key_says_what_the_colours_of_a_filtered_photograph_mean(gray: bool) -> None:
    assert "value" in keyed(told("conv", input="photo", kernel="sobel-x", gray=gray))


@pytest.mark.parametrize("name", ["conv", "pool"])
def test_a_key_tells_a_blue_plane_from_what_is_positive(name: str) -> None:
    assert {"plane-r", "plane-g", "plane-b"} <= keyed(told(name, input="photo", resize=(12, 12)))


def test_a_photograph_in_colour_has_a_lens() -> None:
    grids = told("conv", input="photo", kernel="sobel-x").grids
    assert all(grids[f"patches:{channel}"].numeral for channel in range(3))


def test_a_small_picture_in_colour_has_its_numbers() -> None:
    board = told("conv", example="rgb")
    assert all(board.grids[f"padded:{channel}"].numeral for channel in range(3))


def test_an_output_of_letters_is_nearly_as_large_as_its_input() -> None:
    grids = told("conv", example="slugnet").grids
    assert grids["output:0"].numeral >= grids["kernel:0"].numeral - 4
