"""The seam is typed: what a scene would trip over is refused when the storyboard is made."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from layeranim import catalog
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.stage import StageScene
from layeranim.scenes.stage.acting import ITSELF
from layeranim.scenes.stage.scene import PICTURES
from layeranim.scenes.stage.volume import Sheets
from layeranim.stories.stage import plans, seam, verbs
from layeranim.stories.storyboard import Beat, Cells, Storyboard

from .films import board

STAGED = [name for name, found in catalog.EXPLAINERS.items() if found.scene == "scenes.stage:StageScene"]


def with_verbs(told: Storyboard, *added: Any) -> Storyboard:
    """The storyboard with other verbs in the first phase of its second beat."""
    old = told.beats[1]
    return replace(told, beats=(told.beats[0], replace(old, verbs=(added, *old.verbs[1:])), *told.beats[2:]))


@pytest.mark.parametrize("name", STAGED)
def test_every_film_of_the_stage_is_sound(name: str) -> None:
    told = board(name)
    assert seam.bounded(seam.checked(told)) is told


def test_the_seam_knows_every_kind_that_the_scene_plays() -> None:
    plays = {name[3:] for name in {**vars(ExplainerScene), **vars(StageScene)} if name.startswith("on_")}
    assert plays == seam.KINDS


def test_the_seam_knows_every_verb_of_a_part() -> None:
    """Whoever adds a verb says in ``seam.DOES`` which parts can do it."""
    parts = {kind for kind in get_args(verbs.Verb) if "part" in kind.__dataclass_fields__}
    assert parts == set(seam.DOES)


def test_a_picture_acts_what_its_part_can_do() -> None:
    pictures = {**PICTURES, plans.VolumePlan: Sheets}
    able = {(plan, name) for kind, name in ITSELF.items() for plan in seam.DOES[kind]}
    assert {(plan, name) for plan, name in able if not hasattr(pictures[plan], name)} == set()


CELLS = Cells(np.zeros((3, 1), np.int8))


def test_all_cells_of_a_block_are_there_without_being_held() -> None:
    every = verbs.Everywhere(range(2, 4), range(5, 8))
    held = tuple((row, col) for row in (2, 3) for col in (5, 6, 7))
    assert (tuple(every), len(every), every[-1], every[1:3]) == (held, 6, (3, 7), held[1:3])
    assert [place in every for place in (*held, (1, 5), (2, 8), (2,), "of")] == [True] * 6 + [False] * 4
    assert every == verbs.Everywhere(range(2, 4), range(5, 8))
    with pytest.raises(IndexError):
        every[6]


@pytest.mark.parametrize(("first", "down", "across"), [(0, 1, 0), (0, 0, 1), (-1, 0, 0)])
def test_a_block_beyond_its_grid_is_refused_by_its_corners(first: int, down: int, across: int) -> None:
    told = board("dense")
    name, plan = next((name, plan) for name, plan in told.grids.items() if plan.rows * plan.cols > 1)
    cells = Cells(np.zeros((plan.rows, plan.cols), np.int8))
    inside = verbs.Fill(name, cells, verbs.Everywhere(range(plan.rows), range(plan.cols)))
    seam.checked(with_verbs(told, inside))
    beyond = verbs.Everywhere(range(first, plan.rows + down), range(plan.cols + across))
    with pytest.raises(ValueError, match="acts on row"):
        seam.checked(with_verbs(told, replace(inside, where=beyond)))


@pytest.mark.parametrize(
    ("verb", "says"),
    [
        (verbs.Frame("nowhere", ((0, 0, 0, 0),), "focus"), "Frame acts 'nowhere', which does not stand on the stage"),
        (verbs.Slide("logits", (0, 0)), "Slide acts 'logits', a GridPlan, but only a CurvePlan can do it"),
        (verbs.Fill("exponentials:bars", CELLS, ((0, 0),)), "a BarsPlan, but only a GridPlan can do it"),
        (verbs.Frame("logits", ((0, 9, 0, 0),), "focus"), r"frames rows 0–9 and columns 0–0 of 'logits'"),
        (verbs.Fill("logits", CELLS, ((3, 0),)), "acts on row 3, column 0 of 'logits'"),
        (verbs.Fill("logits", Cells(np.zeros((2, 2), np.int8)), ()), "fills 2×2 cells of 'logits'"),
        (verbs.Sweep("logits", CELLS, 0, 7), "sweeps over cells 0–7 of 'logits'"),
        (verbs.Light("exponentials:bars", (5,)), r"acts on rows \(5,\) of 'exponentials:bars'"),
        ("a frame", "beat 2: str is no verb of the stage"),
    ],
)
def test_a_verb_that_cannot_be_acted_is_refused(verb: Any, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        seam.checked(with_verbs(board("softmax"), verb))


def test_nodes_that_are_not_there_change_no_places() -> None:
    told = board("compare-layers")
    part = next(plan.name for plan in told.parts["stage"] if isinstance(plan, plans.NetPlan))
    seam.checked(with_verbs(told, verbs.Trade(part, (0, 7))))
    with pytest.raises(ValueError, match=r"lets nodes \(0, 8\) change places"):
        seam.checked(with_verbs(told, verbs.Trade(part, (0, 8))))


def test_a_beat_of_no_kind_is_refused() -> None:
    told = board("softmax")
    beats = (told.beats[0], replace(told.beats[1], kind="dance"), *told.beats[2:])
    with pytest.raises(ValueError, match="beat 2 is of the kind 'dance', but the stage plays act, "):
        seam.checked(replace(told, beats=beats))


def test_verbs_without_a_phase_are_refused() -> None:
    told = board("softmax")
    beats = (told.beats[0], replace(told.beats[1], verbs=((),) * 9), *told.beats[2:])
    with pytest.raises(ValueError, match="beat 2 has verbs for 9 phases, but only 3 phases"):
        seam.checked(replace(told, beats=beats))


def test_two_parts_of_one_name_are_refused() -> None:
    told = board("softmax")
    with pytest.raises(ValueError, match="two parts are called"):
        seam.checked(replace(told, parts={"stage": told.parts["stage"] * 2}))


@pytest.mark.parametrize("name", ["softmax", "conv"])
@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (lambda beat: replace(beat, start=beat.start + 1), "beat 2 is .* ticks, but the one before it ends at"),
        (lambda beat: replace(beat, ticks=0), "beat 2 is"),
        (lambda beat: replace(beat, phases=(("look", beat.ticks - 1),)), "the phases of beat 2 last"),
        (lambda beat: replace(beat, phases=(("look", beat.ticks + 1), ("land", -1))), "the phases of beat 2 last"),
    ],
)
def test_beats_that_do_not_follow_each_other_are_refused(name: str, spoil: Any, says: str) -> None:
    told = board(name)
    spoilt: Beat = spoil(told.beats[1])
    with pytest.raises(ValueError, match=says):
        replace(told, beats=(told.beats[0], spoilt, *told.beats[2:]))


def test_a_poster_outside_the_film_is_refused() -> None:
    told = board("softmax")
    with pytest.raises(ValueError, match=f"the poster is tick {told.ticks}, but the film has {told.ticks}"):
        replace(told, poster=told.ticks)
