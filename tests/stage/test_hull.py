"""Lines and what is highest of them; samples that land in another plane; outlines on a map of heights."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layeranim.scenes.stage.curve import Plot
from layeranim.stories.stage import plans as p
from layeranim.stories.stage import verbs as v
from layeranim.stories.stage.parts.hull import DRAWN, _winners
from layeranim.stories.stage.record import dumped, loaded
from layeranim.stories.stage.seam import checked
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import THEMES

from .films import board

number = st.floats(-50, 50).map(lambda x: round(x, 3))


def plan(film: Storyboard, kind: type) -> Any:
    return next(one for one in film.parts["stage"] if isinstance(one, kind))


def verbs(film: Storyboard, kind: type) -> list[Any]:
    return [verb for beat in film.beats for phase in beat.verbs for verb in phase if isinstance(verb, kind)]


@given(st.lists(st.tuples(number, number), min_size=1, max_size=8), st.floats(0, 1))
def test_a_winner_is_the_highest_line_from_its_place_on(lines: list[tuple[float, float]], share: float) -> None:
    slopes, heights = np.array(lines).T
    found = list(_winners(slopes, heights, (-2.0, 3.0)))
    stops = [*(x for _, x in found[1:]), 3.0]
    assert found[0][1] == -2
    for (k, start), stop in zip(found, stops, strict=True):
        assert start <= stop
        x = start + share * (stop - start)
        assert slopes[k] * x + heights[k] >= (slopes * x + heights).max() - 1e-6
    assert [slopes[k] for k, _ in found] == sorted({float(slopes[k]) for k, _ in found})


def test_every_piece_has_its_line_its_colour_and_its_name() -> None:
    found = plan(board("maxout"), p.CurvePlan)
    assert [line.kind for line in found.lines] == [top.kind for top in found.tops] == [0, 1, 2, 3]
    assert all(line.name for line in found.lines)
    ends = [top.points for top in found.tops]
    assert all(before[1] == pytest.approx(after[0]) for before, after in pairwise(ends))
    assert {line.kind for line in plan(board("maxout", pieces=7, input="1; -2"), p.CurvePlan).lines} == {-1}


def test_a_line_falls_through_all_that_are_in_the_picture() -> None:
    film = board("maxout")
    found, falls = plan(film, p.CurvePlan), verbs(film, v.Plumb)
    assert len(falls) >= 5
    for verb in falls:
        met = [at for at in verb.at if at is not None]
        assert len({round(x, 6) for x, _ in met}) == 1
        assert all(found.box.bottom <= y <= found.box.y for _, y in met)
    slides = [verb.goal for verb in verbs(film, v.Slide)]
    assert slides[0] == pytest.approx(max((at for at in falls[0].at if at), key=lambda at: at[1]))


def test_a_line_that_is_not_in_the_picture_is_not_drawn() -> None:
    film = board("maxout", input="-0.85")
    curve = plan(film, p.CurvePlan)
    assert [len(line.points) for line in curve.lines] == [2, 2, 2, 0]
    assert Plot(curve, THEMES["light"]).submobjects


def test_of_too_many_lines_the_highest_are_drawn_and_of_two_inputs_none() -> None:
    many = plan(board("maxout", input="random:4x1", pieces=DRAWN + 30), p.CurvePlan)
    assert 1 < len(many.lines) == len(many.tops) < DRAWN
    assert not [one for one in board("maxout", example="two-inputs").parts["stage"] if isinstance(one, p.CurvePlan)]


def test_samples_land_from_where_they_were() -> None:
    film = board("feature-space")
    here, there = (one for one in film.parts["stage"] if isinstance(one, p.ScatterPlan))
    assert (here.later, there.later) == (False, True)
    landed = [verb for verb in verbs(film, v.Land) if verb.part == there.name]
    assert [(verb.which, verb.start) for verb in landed] == [((k,), (here.glyphs[k].at,)) for k in range(4)]
    assert there.glyphs[1].at == there.glyphs[2].at


def test_outlines_are_round_and_in_the_colour_of_their_path() -> None:
    found = plan(board("regularisation"), p.TracksPlan)
    assert found.box.w == found.box.h
    assert [ring.kind for ring in found.rings] == [2, 3]
    left, low = found.box.x, found.box.bottom
    circle = np.array([at for at in found.rings[1].points if at is not None])
    assert (circle >= [left - 1e-6, low - 1e-6]).all()
    # where all of a circle's seen points are equally far away lies its middle
    a = np.c_[2 * circle, np.ones(len(circle))]
    solved, *_ = np.linalg.lstsq(a, (circle**2).sum(axis=1), rcond=None)
    far = np.hypot(*(circle - solved[:2]).T)
    assert np.ptp(far) < 1e-6 * far.max()


@pytest.mark.parametrize("name", ["maxout", "feature-space", "regularisation"])
def test_a_record_gives_them_back(name: str) -> None:
    film = board(name)
    assert dumped(loaded(dumped(film))) == dumped(film)


@pytest.mark.parametrize(
    ("name", "kind", "wrong", "says"),
    [
        ("maxout", v.Plumb, {"at": ()}, "meets 0 lines"),
        ("feature-space", v.Land, {"start": ()}, "lets 1 samples begin at 0 places"),
        ("feature-space", v.Land, {"which": (9,)}, "lands samples"),
    ],
)
def test_the_seam_refuses_what_is_not_there(name: str, kind: type, wrong: dict[str, Any], says: str) -> None:
    film = board(name)

    def spoilt(verb: Any) -> Any:
        return replace(verb, **wrong) if isinstance(verb, kind) else verb

    beats = tuple(replace(beat, verbs=tuple(tuple(map(spoilt, phase)) for phase in beat.verbs)) for beat in film.beats)
    with pytest.raises(ValueError, match=says):
        checked(replace(film, beats=beats))
