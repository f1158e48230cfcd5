"""Number lines whose dots go on from unit to unit."""

from __future__ import annotations

from layeranim import preparing
from layeranim.stories.stage import plans as p
from layeranim.stories.stage.verbs import Strew
from layeranim.stories.storyboard import Storyboard


def told(**options: object) -> Storyboard:
    work = preparing.prepare("init", {"units": 4, "layers": 3, "samples": 2, **options})
    return work.storyboard(work.trace())


def strewn(board: Storyboard) -> list[list[Strew]]:
    every = [[verb for phase in beat.verbs for verb in phase if isinstance(verb, Strew)] for beat in board.beats]
    return [verbs for verbs in every if verbs]


def test_dots_begin_where_they_lay_in_the_unit_before() -> None:
    first, *rest = strewn(told())
    assert [verb.start for verb in first] == [None] * 4
    before = {verb.lane: verb.at for verb in first}
    for verbs in rest:
        assert all(verb.onward and verb.start == before[verb.lane] for verb in verbs)
        before = {verb.lane: verb.at for verb in verbs}


def test_what_lies_beyond_the_axis_lies_at_its_end() -> None:
    board = told(input="100 -100 0 1; 1 1 1 1", schemes="large", activation="linear")
    plan = next(part for part in board.parts["stage"] if isinstance(part, p.DotsPlan))
    (verb,) = strewn(board)[0]
    assert max(verb.at) == plan.right
    assert min(verb.at) == plan.left
