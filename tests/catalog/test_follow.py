"""``follow`` chooses the number that a film of the stage is about: its step is taught and is on the poster."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from layeranim import catalog, preparing
from layeranim.errors import OptionError
from layeranim.film.provenance import looks
from layeranim.stories import timing
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import Storyboard

from .conftest import Case, ids

LONGER = [Case(name, {}, name) for name in catalog.EXPLAINERS] + [
    Case("layernorm", {"input": "random:30x64"}, "layernorm-long"),
    Case("softmax", {"logits": "random:1x60"}, "softmax-long"),
    Case("conv1d", {"input": "random:1x200"}, "conv1d-long"),
]


def told(name: str, **options: Any) -> Storyboard:
    work = preparing.prepare(name, options)
    return work.storyboard(work.trace())


def taught(board: Storyboard, unit: int) -> list[Any]:
    return [beat for beat in board.beats if beat.kind == "step" and unit in beat.units]


@pytest.mark.grid(2)
@pytest.mark.parametrize("case", **ids(LONGER))
def test_the_step_that_is_asked_for_is_taught_and_on_the_poster(case: Case) -> None:
    total = case.work().storyboard(case.work().trace()).total
    number = min(total, 4)  # the fourth is never taught unless it is asked for
    board = told(case.name, **case.options, follow=number)
    every = taught(board, number - 1)  # where units are visited first they pass once more with all others
    beats = [beat for at, beat in enumerate(every) if beat.start == every[0].start + sum(b.ticks for b in every[:at])]
    assert beats, f"step {number} is passed over"
    assert board.poster == beats[-1].end - 1
    assert sum(beat.ticks for beat in beats) >= timing.ticks(timing.TERSE)
    assert len(beats) >= len(taught(board, board.beats[0].done)) or number == 1


def test_the_number_decides_what_is_followed() -> None:
    first, last = (told("softmax", logits="1 2 3 4 5 6 7 8 9 10 11 12", follow=n) for n in (1, 12))
    assert first.poster < last.poster
    assert first.alt != last.alt
    assert "Class 12" in last.alt
    (powers,) = [beat for beat in last.beats if beat.kind == "act" and "e" in beat.caption[0].text]
    assert powers.caption[-1].source.index[-1] == 11  # type: ignore[union-attr]
    assert "Class 1:" in told("softmax", logits="1 2 3; 2 1 3", sample=2).alt  # the second largest of that sample


@pytest.mark.parametrize("name", catalog.EXPLAINERS)
def test_a_step_that_is_not_there_is_one_clear_line(name: str) -> None:
    total = told(name).total
    with pytest.raises(OptionError, match=rf"^follow is {total + 1}, but there (is|are) only {total} \w"):
        told(name, follow=total + 1)


def test_a_step_that_is_not_shown_is_one_clear_line() -> None:
    with pytest.raises(OptionError, match=r"^follow is 3, but the film shows classes 1–2 alone; give one of these"):
        told("softmax", steps="first:2", follow=3)


@pytest.mark.parametrize("given", [0, -1, "two", 1.5])
def test_it_is_a_whole_number_from_1(given: Any) -> None:
    with pytest.raises(OptionError, match="follow is"):
        told("softmax", follow=given)


def test_it_is_an_option_of_the_film_and_stands_in_its_provenance() -> None:
    assert looks(FilmOptions(follow=2, fps=Fraction(25)))["follow"] == "2"
    assert told("softmax", follow=None).text() == told("softmax").text()
