"""Captions from Steps: every number has its address, ``=`` is earned, hidden terms are counted."""

from __future__ import annotations

import numpy as np
import pytest

from layeranim import catalog, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.stories import phrases
from layeranim.stories.stage.written import WRITTEN, short, written
from layeranim.stories.storyboard import Address, Line, plain

from .films import figures, traced


def said(logits: object, tensor: str, unit: int = 0, **options: object) -> Line:
    found = figures(traced(logits, **options))
    return written(found, found.acted(tensor), found.cell_of(tensor, unit, {}))


@pytest.mark.parametrize(
    ("tensor", "unit", "text"),
    [
        ("maximum", 0, "max(2.00, 1.00, 0.10) = 2.00"),
        ("shifted", 1, "1.00 − 2.00 = −1.00"),
        ("exponentials", 2, "e^(−1.90) = 0.15"),
        ("total", 0, "1.00 + 0.37 + 0.15 = 1.52"),
        ("output", 0, "1.00 / 1.52 = 0.66"),
        ("scaled", 1, "1.00 / 1 = 1.00"),
    ],
)
def test_a_step_is_written_in_the_numbers_on_stage(tensor: str, unit: int, text: str) -> None:
    assert plain(said([[2.0, 1.0, 0.1]], tensor, unit)) == text


def test_what_the_displayed_numbers_do_not_give_is_about_equal() -> None:
    assert " ≈ " in plain(said([[0.333, 0.333, 0.339]], "total"))  # 0.99 + 0.99 + 1.00 is 2.98, shown is 2.99
    assert " = " in plain(said([[2.0, 1.0, 0.1]], "total"))


def test_terms_that_have_no_room_are_counted() -> None:
    line = said([list(np.linspace(0, 1, 30))], "total")
    assert plain(line).count(" + ") == 5
    assert "+ 25 more" in plain(line)
    assert phrases.fits(line)


def test_a_power_carries_the_address_of_its_number() -> None:
    power = next(run for run in said([[2.0, 1.0, 0.1]], "exponentials", 1) if run.markup)
    assert power.text == "^{−1.00}"
    assert power.source == Address("shifted", (0, 1))


def test_every_number_has_an_address() -> None:
    for tensor in ("maximum", "shifted", "exponentials", "total", "output"):
        for run in said([[2.0, 1.0, 0.1]], tensor):
            assert run.source is not None or not any(c.isdigit() for c in run.text), (tensor, run)


def test_a_result_alone_names_what_it_is() -> None:
    found = figures(traced([[2.0, 1.0]]))
    acted, target = found.acted("output"), found.cell_of("output", 0, {})
    assert plain(short(found, acted, target, (said([[2.0, 1.0]], "output")[0],))) == "1.00 = 0.73"


def test_what_is_written_is_an_operation_of_the_engine() -> None:
    for name in catalog.EXPLAINERS:
        catalog.layer(name)  # registers its operations
    assert set(WRITTEN) <= set(OPERATIONS)


def test_a_caption_never_falls_under_its_floor() -> None:
    line = said([[123456.789, -98765.4321, 55555.5]], "maximum")
    assert phrases.width(line, theme.CAPTION_FLOOR) <= phrases.ROOM
