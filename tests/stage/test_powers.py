"""A common power of ten: large numbers leave it to their heading, and none reads as zero then."""

from __future__ import annotations

import pytest

from layeranim.stories.stage import Grid, Row
from layeranim.stories.stage.solver import Laid, solve
from layeranim.stories.storyboard import Address, GridPlan, plain

from .films import figures, film, traced

STAGE = Row(Grid("logits", "z"))


def laid(*logits: float, stage: Row = STAGE) -> Laid:
    return solve(stage, figures(traced([list(logits)]), film(stage)))


def grid(found: Laid) -> tuple[GridPlan, list[str]]:
    plan = found.plans["logits"]
    assert isinstance(plan, GridPlan)
    assert plan.cells is not None
    assert plan.cells.texts is not None
    return plan, [str(text) for text in plan.cells.texts.ravel()]


@pytest.mark.parametrize(
    ("logits", "heading", "texts"),
    [
        ((-2e6, 1.3e6, -2.4e6), "z ×10^6  3", ["−2.0", "1.3", "−2.4"]),
        ((12000.5, -3400.0), "z ×10^4  2", ["1.2", "−0.3"]),
        ((2e-7, -1e-7), "z ×10^(−7)  2", ["2.0", "−1.0"]),
        ((1.5, 2.5), "z  2", ["1.50", "2.50"]),
        ((2e6, 3.0), "z  2", ["2.0e6", "3.0"]),
    ],
    ids=["large", "thousands", "small", "plain", "far apart"],
)
def test_large_and_small_numbers_leave_their_power_to_the_heading(
    logits: tuple[float, ...], heading: str, texts: list[str]
) -> None:
    """Not where a number would read as zero then: numbers that are far apart keep each its own."""
    plan, shown = grid(laid(*logits))
    assert plain(plan.heading) == heading
    assert shown == texts


def test_a_cell_says_of_which_power_its_number_is() -> None:
    plan, _ = grid(laid(-2e6, 1.3e6))
    assert plan.cells is not None
    assert plan.cells.sources is not None
    assert plan.cells.sources(1, 0) == Address("logits", (0, 1), 6)


def test_a_sentence_says_the_whole_number() -> None:
    told = figures(traced([[-2e6, 1.3e6]]))
    assert told.text(Address("logits", (0, 1))) == "1.3e6"


def test_numbers_without_room_take_a_power_out_before_they_become_colours() -> None:
    wide = [123456.0 * (n + 1) for n in range(8)]
    row = Row(*[Grid("logits", "z", cols="classes")] * 2)
    found = laid(*wide, stage=row)
    assert found.look.numerals
    assert found.look.powers
    assert grid(found)[1] == ["1.2", "2.5", "3.7", "4.9", "6.2", "7.4", "8.6", "9.9"]
    assert not laid(*wide).look.powers


def test_the_power_is_of_thousands_where_numbers_have_the_room() -> None:
    row = Row(*[Grid("logits", "z", cols="classes")] * 2)
    found = laid(*[12345.0 * (n % 4 + 1) for n in range(8)], stage=row)
    assert (found.look.powers, grid(found)[1][:4]) == (3, ["12.3", "24.7", "37.0", "49.4"])
