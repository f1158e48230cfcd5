"""Segments of heads travel to where they are joined; a sublayer's answer stands in the cells of the next one's."""

from __future__ import annotations

from layeranim.stories.stage.verbs import Carry
from layeranim.stories.storyboard import Storyboard, plain
from tests.catalog.conftest import Case


def told(name: str, **options: object) -> Storyboard:
    work = Case(name, dict(options), name).work()
    return work.storyboard(work.trace())


def test_every_heads_segment_travels_to_its_own_columns() -> None:
    board = told("multi-head")
    carried = [verb for beat in board.beats for verbs in beat.verbs for verb in verbs if isinstance(verb, Carry)]
    assert [(verb.of, verb.part, verb.goal) for verb in carried if verb.goal[0][0] == 0] == [
        ("head_output:0", "joined", ((0, 0), (0, 1))),
        ("head_output:1", "joined", ((0, 2), (0, 3))),
    ]


def test_what_stands_in_the_cells_of_another_is_added_as_it_stands() -> None:
    board = told("transformer")
    said = [plain(beat.caption) for beat in board.beats if beat.kind == "step" and 0 in beat.units]
    assert "(−0.80) + 3.51 = 2.71" in said
    assert "1.38 + 0.88 = 2.26" in said
