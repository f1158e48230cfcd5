"""Captions from Steps: every number has its address, ``=`` is earned, hidden terms are counted."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from layeranim import catalog, theme
from layeranim.engine.replay import OPERATIONS
from layeranim.stories import phrases, timing
from layeranim.stories.stage.sums import SUMS
from layeranim.stories.stage.written import WRITTEN, short, written
from layeranim.stories.storyboard import Address, Line, plain
from tests.catalog.conftest import Case

from .films import board, figures, traced


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
    assert plain(line) == "1.00 + 0.97 + 0.93 + 16.12 of 27 others = 19.0"  # the others are not counted alone: added
    assert phrases.fits(line)


def test_a_single_term_is_written_not_counted() -> None:
    line = plain(said([list(np.linspace(0, 1, phrases.MOST_TERMS + 1))], "total"))
    assert line.count(" + ") == phrases.MOST_TERMS
    assert "more" not in line


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
    for name in (*catalog.EXPLAINERS, *catalog.LAYERS):
        catalog.layer(name)  # registers its operations
    assert set(WRITTEN) <= set(OPERATIONS)


def test_a_caption_never_falls_under_its_floor() -> None:
    line = said([[123456.789, -98765.4321, 55555.5]], "maximum")
    assert phrases.width(line, theme.CAPTION_FLOOR) <= phrases.ROOM


def lines(name: str, **options: Any) -> list[str]:
    work = Case(name, options, name).work()
    return [plain(line).replace("\u2009", "") for line in work.storyboard(work.trace()).lines()]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("softmax", {"logits": "4"}, "Σ = 1"),
        ("layernorm", {"input": "5"}, "5.00 / 1 = 5.00"),
        ("layernorm", {"input": "-5"}, "−5.00 / 1 = −5.00"),
        ("layernorm", {"input": "5"}, "0² / 1 = 0"),
        ("cross-entropy", {"input": "1 2 3", "target": [0]}, "2.41 / 1 = 2.41"),
    ],
)
def test_one_number_alone_is_no_sum(name: str, options: dict[str, Any], said: str) -> None:
    """No parentheses around it, and it is not called equal to itself."""
    found = lines(name, **options)
    assert said in found
    assert not [line for line in found if re.search(r"(?:^|= )(\S+) = \1$", line)]


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("softmax", {"logits": "1000 1 0"}, "e^(−999) ≈ 0"),
        ("softmax", {"logits": "2 1 0"}, "e^(−1) = 0.37"),
        ("softmax", {"logits": "-inf 0"}, "e^(−inf) = 0"),
        ("activation", {"activation": "sigmoid", "input": "-800"}, "σ(−800) ≈ 0"),
        ("activation", {"activation": "relu", "input": "-800"}, "ReLU(−800) = 0"),
    ],
)
def test_what_is_never_zero_is_not_called_equal_to_it(name: str, options: dict[str, Any], said: str) -> None:
    assert said in [re.sub("−∞", "−inf", line) for line in lines(name, **options)]


@pytest.mark.parametrize(
    ("name", "options"),
    [("conv", {"input": "digit:3", "kernel": "sobel-x", "activation": "relu"}),
     ("conv", {"in_channels": 4, "filters": 3}),
     ("conv", {"input": "random:9x9", "kernel_size": 3, "activation": "tanh"})],
)  # fmt: skip
def test_the_followed_sum_is_written_out_however_long_the_film_is(name: str, options: dict[str, Any]) -> None:
    work = Case(name, options, name).work()
    trace, board = work.trace(), work.storyboard(work.trace())
    shown = next(beat for beat in board.beats if board.poster < beat.end)
    told = [beat for beat in board.beats if beat.units == shown.units and beat.kind == "step"]
    adds = [beat for beat in told if any(trace.steps[at].operation in SUMS for at in beat.steps)]
    assert adds
    assert any(" + " in plain(beat.caption) for beat in adds)
    assert board.seconds <= timing.LONGEST


@pytest.mark.parametrize(
    ("name", "options", "title"),
    [
        ("neuron", {}, "Artificial neuron: AND"),
        ("neuron", {"activation": "tanh"}, "Artificial neuron"),
        ("softmax", {"example": "temperature"}, "Softmax with a temperature"),
        ("softmax", {"example": "temperature", "temperature": 1}, "Softmax"),
        ("neuron", {"activation": "tanh", "title": "Mine"}, "Mine"),
    ],
)
def test_a_presets_title_goes_with_what_it_speaks_of(name: str, options: dict[str, Any], title: str) -> None:
    work = Case(name, options, name).work()
    assert work.storyboard(work.trace()).title == title


@pytest.mark.parametrize(("name", "tokens"), [("embedding", "the robot sat"), ("alignment", "ich robot hier")])
def test_words_that_are_drawn_are_said_on_stderr_and_in_the_alt_text(name: str, tokens: str) -> None:
    board = (work := Case(name, {"tokens": tokens}, name).work()).storyboard(work.trace())
    (said,) = [line for line in board.warnings if "vocabulary" in line]
    assert "robot" in said
    assert board.alt.endswith(f" {said}.")
    assert plain(board.beats[0].note) == said
    assert not (usual := Case(name, {}, name).work()).storyboard(usual.trace()).warnings


def test_of_a_row_times_a_column_zeros_give_way_and_are_counted() -> None:
    """A sparse row meets nine numbers: the four products that are not zero are written, in the same words whole."""
    said = [plain(beat.caption).replace("\u2009", " ") for beat in board("conv-matmul").beats]
    assert "1 · 1 + 2 · 2 + (−1) · 4 + 3 · 5 + 5 zeros = 16" in said
    told = board("conv-matmul", input="zeros:3x3", kernel="ones:2x2")
    zero = [plain(beat.caption).replace("\u2009", " ") for beat in told.beats]
    assert "9 zeros = 0" in zero
    assert "1 · 0 + 1 · 0 + 1 · 0 + 1 · 0 = 0" in zero
