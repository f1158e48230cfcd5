"""Rule 9: what colours mean is said in the lower left corner while a film opens and closes, and nowhere between."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from layeranim import catalog, theme
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.stage.table import ColourKey
from layeranim.stories import phrases
from layeranim.stories.stage.legend import legend
from layeranim.stories.stage.plans import KeyPlan
from layeranim.stories.stage.verbs import Fill, Grow
from layeranim.stories.storyboard import Beat, Cells, Storyboard, plain
from tests.catalog.conftest import Case, play

from .checks import verbs_of
from .films import board


def keys(film: Storyboard) -> list[KeyPlan]:
    return [plan for plan in film.parts["stage"] if isinstance(plan, KeyPlan)]


def shown(film: Storyboard) -> Iterator[Cells]:
    """The cells that a film fills, as they stand there at first and as they come."""
    yield from (grid.cells for grid in film.grids.values() if grid.cells is not None)
    for beat in film.beats:
        for verb in verbs_of(beat):
            if isinstance(verb, Fill):
                yield verb.cells
            elif isinstance(verb, Grow):
                yield verb.bars.cells


def unsaid(film: Storyboard) -> list[str]:
    """Colours that the key does not hold."""
    said: dict[str, list[int]] = {}
    for key in keys(film):
        said.setdefault(key.scale, []).extend(key.levels)
    out = []
    for cells in shown(film):
        if cells.scale in ("grey", "ink") or not cells.levels.any():
            continue
        low, high = int(cells.levels.min()), int(cells.levels.max())
        levels = said.get(cells.scale, [])
        if not levels or min(levels) > low or max(levels) < high:
            out.append(f"{cells.scale} from {low} to {high}")
    return out


SHAPED = [
    Case(name, {"size": size}, f"{name}-{size}")
    for name in catalog.EXPLAINERS for size in ("405x720", "720x720")
]  # fmt: skip


def misplaced(film: Storyboard) -> list[str]:
    """Keys that are not on the counter's line, which ends with a counter of at most so many letters."""
    counter, canvas = phrases.width(phrases.counter(film.total, film.total), theme.COUNTER), film.canvas
    out = []
    for key in keys(film):
        right = max([key.box.right, *(at[0] + phrases.width(line, theme.FLOOR) for at, line in key.labels)])
        faults = {
            "meets the counter": right >= canvas.right - counter - theme.UNIT,
            "meets the bar of progress": key.box.bottom <= -canvas.height / 2 + theme.PROGRESS_HEIGHT + 2,
            "meets the note": key.box.y >= canvas.from_bottom(theme.NOTE_BASELINE) - 8,  # a descender
            "never goes": not key.ends,
        }
        out += [f"the key {key.name} {fault}" for fault, so in faults.items() if so]
    return out


def test_the_check_sees_a_key_in_the_way() -> None:
    film = board(Case("softmax", {}, "softmax"))
    assert not misplaced(film)

    def moved(**box: float) -> list[str]:
        parts = tuple(replace(plan, box=replace(plan.box, **box)) if isinstance(plan, KeyPlan) else plan
                      for plan in film.parts["stage"])  # fmt: skip
        return misplaced(replace(film, parts={"stage": parts}))

    assert all("meets the counter" in fault for fault in moved(x=600.0))
    assert all("meets the note" in fault for fault in moved(y=-200.0))
    assert all("meets the bar" in fault for fault in moved(y=-359.0))
    assert moved(x=600.0)
    assert moved(y=-200.0)
    assert moved(y=-359.0)


def test_the_check_sees_a_colour_without_its_key() -> None:
    film = board(Case("softmax", {}, "softmax"))
    assert not unsaid(film)
    some = tuple(plan for plan in film.parts["stage"] if not (isinstance(plan, KeyPlan) and plan.scale == "heat"))
    missed = unsaid(replace(film, parts={"stage": some}))
    assert missed
    assert all(fault.startswith("heat from ") for fault in missed)


def test_a_film_with_a_key_of_its_own_has_no_other() -> None:
    film = board(Case("softmax", {}, "softmax"))
    plans = {**film.grids, **{plan.name: plan for plan in film.parts["stage"]}}
    assert legend(plans, film.beats, {}, film.canvas, {}) == []
    bare = {name: plan for name, plan in plans.items() if not isinstance(plan, KeyPlan)}
    assert [key.scale for key in legend(bare, film.beats, {}, film.canvas, {})] == ["value", "heat"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "− +"),
        ({"input": "1 2; 3 4", "kernel": "1 0; 0 1"}, "0 +"),
        ({"input": "-1 -2; -3 -4", "kernel": [[0]]}, "− 0"),
        ({"input": "0 0; 0 0", "kernel": [[0]]}, ""),
        ({"example": "slugnet"}, ""),
    ],
)
def test_a_key_has_the_signs_that_are_there(options: dict[str, Any], said: str) -> None:
    found = keys(board(Case("conv", options, "conv")))
    assert " ".join(plain(line) for key in found for _, line in key.labels) == said


def test_parts_of_one_against_the_rest_have_their_own_ends() -> None:
    (key,) = keys(board(Case("training", {}, "training")))
    assert [plain(line) for _, line in key.labels] == ["0", "1"]


@pytest.mark.parametrize(
    ("name", "many", "end"),
    [
        ("attention", 8, "1"),
        ("multi-head", 8, "1"),
        ("attention", 20, "largest of each"),
        ("multi-head", 20, "largest"),
    ],
)
def test_shares_of_many_keys_are_coloured_up_to_the_largest(name: str, many: int, end: str) -> None:
    film = board(Case(name, {"queries": 3, "keys": many, "features": 4}, name))
    (key,) = (key for key in keys(film) if key.scale == "heat")
    assert [plain(line) for _, line in key.labels] == ["0", end]
    darkest = max(int(cells.levels.max()) for cells in shown(film) if cells.scale == "heat")
    assert darkest == max(key.levels) or end == "1"


@pytest.mark.parametrize("size", [(160, 90), (90, 160)])
def test_it_stands_there_while_the_film_opens_and_closes(size: tuple[int, int]) -> None:
    seen: dict[str, int] = {}

    def look(scene: ExplainerScene, beat: Beat) -> None:
        there = sum(isinstance(one, ColourKey) for one in scene.mobjects)
        seen[beat.kind] = max(seen.get(beat.kind, 0), there)

    play(Case("softmax", {}, "softmax"), look, size=size, fps=Fraction(25, 4))
    assert {kind for kind, there in seen.items() if there} == {"open", "close"}
    assert seen["open"] == seen["close"] == 2
    assert len(seen) > 2
