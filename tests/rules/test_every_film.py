"""Every film keeps every rule; each film is made once and looked at by all of them.

The checks come from ``checks`` and from the modules of the rules, where each is seen to catch a film that breaks it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from layeranim import catalog, preparing
from layeranim.engine.trace import Trace
from layeranim.stories.storyboard import Beat, Storyboard
from tests.catalog.conftest import Case, ids, presets
from tests.catalog.sentences import FAMILIES, Told, untrue
from tests.film.test_captions import ill_told

from . import checks
from .films import board, every
from .test_colours import ambiguous
from .test_fits import HARD, spilt
from .test_followed import unfollowed
from .test_header import left_out
from .test_key import SHAPED, misplaced, unsaid
from .test_presets import untold
from .test_read_in_time import unread
from .test_zero import TINY, zeros


@dataclass(frozen=True)
class Film:
    """A film as the rules look at it."""

    case: Case
    work: preparing.Work
    trace: Trace
    board: Storyboard


def faults(film: Film) -> Iterator[str]:
    """Where a film breaks a rule that all films keep."""
    told, pace = film.board, film.work.film.pace
    yield from [*spilt(told), *checks.beyond(told)]  # 1
    yield from left_out(film.work, told)  # 3
    yield from [*unread(told, pace), *checks.hurried(told, pace)]  # 4
    yield from [*checks.empty(told), *checks.hasty(told)]  # 5
    yield from checks.flickering(told)  # 6
    yield from zeros(film.trace, told)  # 8
    yield from [*unsaid(told), *misplaced(told)]  # 9
    yield from [*checks.blank(told), *checks.outdated(told), *checks.astray(told)]  # 10
    yield from [*checks.endless(told), *checks.crowded(told), *_short(film)]


def _short(film: Film) -> list[str]:
    """All of a film at the normal pace lasts a while, however few its steps."""
    whole = (film.work.film.pace, film.work.film.steps) == ("normal", "all")
    return [f"it lasts {film.board.seconds} s"] if whole and film.board.seconds < checks.SHORTEST else []


def faults_of_a_preset(film: Film) -> Iterator[str]:
    """Where a preset breaks a rule of its own."""
    preset = next(p for p in catalog.presets(film.case.name) if p.name == film.case.options["example"])
    yield from untold(preset, film.board)  # 7
    yield from ambiguous(film.board)  # 9
    yield from [*unfollowed(film.board), *checks.uncounted(film.board, film.trace)]  # 11
    yield from ill_told(film.board)
    turn = [other.name for other in catalog.presets(film.case.name)].index(preset.name)
    for pace in (("slow", "fast"), ("fast",), ("slow",), ())[
        turn % 4
    ]:  # both of every explainer, and of some others one
        told = board(Case(film.case.name, {**film.case.options, "pace": pace}, film.case.label))
        yield from (f"{pace}: {fault}" for fault in [*unread(told, pace), *ill_told(told)])  # 4


def made(case: Case) -> Film:
    told, work = board(case), case.work()
    return Film(case, work, work.trace(), told)


@pytest.mark.grid(5)
@pytest.mark.parametrize("case", **ids([*every(), *HARD, *SHAPED, *TINY]))
def test_a_film_keeps_the_rules(case: Case) -> None:
    film = made(case)
    assert not list(faults(film))
    if "-drawn-" not in case.label:
        assert not untrue(Told(case, film.work, film.trace, film.board))  # 2


@pytest.mark.grid(3)
@pytest.mark.parametrize("case", **ids(presets()))
def test_a_preset_keeps_its_own(case: Case) -> None:
    assert not list(faults_of_a_preset(made(case)))


def test_the_films_are_of_every_kind() -> None:
    """Else a rule would be tried on nothing: brief steps, every family of sentences."""
    assert any(beat.kind == "brief" for case in presets() for beat in board(case).beats)
    assert set(FAMILIES) == set(catalog.EXPLAINERS)


def test_the_checks_see_a_film_out_of_time_and_out_of_room() -> None:
    film = made(Case("softmax", {}, "softmax"))
    first, *inner, last = film.board.beats

    def spoilt(*beats: Beat) -> list[str]:
        at, placed = 0, []
        for beat in beats:
            placed.append(replace(beat, start=at))
            at += beat.ticks
        return list(faults(replace(film, board=replace(film.board, beats=tuple(placed), poster=0))))

    assert not spoilt(*film.board.beats)
    assert "no opening, or no close" in spoilt(first, *inner)
    quick = replace(first, ticks=10, phases=(("ghost", 10),))
    assert any("the opening lasts" in fault for fault in spoilt(quick, *inner, last))
    long = replace(inner[0], caption=inner[0].caption * 40)
    assert any("no room for" in fault for fault in spoilt(first, long, *inner[1:], last))
    wordy = replace(last, note=last.note * 2)
    assert any("crowds the counter" in fault for fault in spoilt(first, *inner, wordy))
    assert any("it lasts" in fault for fault in spoilt(first, last))
