"""Lanes: stations in their places, pipes as wide as what flows, valves as open as their number, and their picture."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest

from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.stage.lanes import LanesPicture
from layeranim.stories.stage import record
from layeranim.stories.stage.parts.lanes import THIN, WIDE
from layeranim.stories.stage.plans import LanesPlan
from layeranim.stories.stage.verbs import Flow
from layeranim.stories.storyboard import Beat, Storyboard, plain
from tests.catalog.conftest import Case, play

FILMS: list[tuple[str, dict[str, Any]]] = [
    ("lstm", {}), ("lstm", {"projection": 1, "peepholes": True, "hidden": 2}), ("gru", {}),
    ("gru", {"example": "reset-before"}), ("gru", {"example": "glossary"}),
]  # fmt: skip


def told(name: str, options: dict[str, Any]) -> tuple[Any, Storyboard, LanesPlan]:
    work = Case(name, options, name).work()
    trace = work.trace()
    board = work.storyboard(trace)
    (plan,) = [plan for plan in board.parts["stage"] if isinstance(plan, LanesPlan)]
    return trace, board, plan


def flows(board: Storyboard) -> list[tuple[Beat, Flow]]:
    return [(beat, verb) for beat in board.beats for group in beat.verbs for verb in group if isinstance(verb, Flow)]


@pytest.mark.parametrize(("name", "options"), FILMS)
def test_stations_stand_clear_of_each_other_and_pipes_join_them(name: str, options: dict[str, Any]) -> None:
    _, _, plan = told(name, options)
    assert not [(a.line, b.line) for a, b in combinations(plan.stations, 2) if a.box.meets(b.box)]
    for pipe in plan.pipes:
        for x, y in (pipe.points[0], pipe.points[-1]):
            near = [s.box.outset(1) for s in plan.stations]
            assert any(box.x <= x <= box.right and box.bottom <= y <= box.y for box in near)


@pytest.mark.parametrize(("name", "options"), FILMS)
def test_what_flows_is_as_wide_as_its_number_is_large(name: str, options: dict[str, Any]) -> None:
    trace, board, plan = told(name, options)
    found: list[tuple[float, float]] = []
    for beat, verb in flows(board)[1:-1]:
        for stream in verb.streams:
            value = float(trace[plan.pipes[stream.pipe].tensor][0, beat.units[0], 0])
            found.append((abs(value), stream.width))
    assert all(THIN <= width <= WIDE for _, width in found)
    sizes, widths = np.array(found).T
    assert np.all(np.diff(widths[np.argsort(sizes, kind="stable")]) >= -1e-6)


@pytest.mark.parametrize(("name", "options"), FILMS)
def test_stations_show_the_numbers_of_their_tensors(name: str, options: dict[str, Any]) -> None:
    trace, board, plan = told(name, options)
    for beat, verb in flows(board)[1:-1]:
        for reading in verb.readings:
            shown = plain(reading.lines[-1]).replace("−", "-")
            value = trace[plan.stations[reading.station].tensor][0, beat.units[0], 0]
            assert float(shown) == pytest.approx(value, abs=0.006)


def test_a_state_counts_while_its_two_shares_arrive() -> None:
    _, board, plan = told("lstm", {})
    counted = [[plain(line) for line in reading.lines] for _, verb in flows(board) for reading in verb.readings
               if plan.stations[reading.station].tensor == "cell" and len(reading.lines) > 1]  # fmt: skip
    assert counted[0] == ["−0.02", "0.93"]


def test_lanes_are_kept_in_a_file() -> None:
    _, board, _ = told("gru", {})
    again = record.loaded(record.dumped(board))
    assert [(v.streams, v.readings) for _, v in flows(again)] == [(v.streams, v.readings) for _, v in flows(board)]


def test_pipes_and_valves_are_drawn() -> None:
    seen: list[int] = []

    def look(scene: ExplainerScene, beat: Beat) -> None:
        things = scene.things.values()  # type: ignore[attr-defined]
        (lanes,) = [thing for thing in things if isinstance(thing, LanesPicture)]
        if beat.kind == "close":
            seen.append(len(lanes.flows))
            assert set(lanes.flows) == set(range(len(lanes.plan.pipes)))
            assert set(lanes.shown) == {i for i, station in enumerate(lanes.plan.stations) if station.tensor}

    play(Case("lstm", {"steps": "first:1"}, "lstm"), look, size=(160, 90), fps=Fraction(25, 4))
    assert seen
