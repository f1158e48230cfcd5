"""What stands on the stage in brief steps and at the end: nothing blinks, the last sentence has its evidence."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from layeranim import theme
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.shapes import FocusFrame
from layeranim.stories.stage.plans import NetPlan
from layeranim.stories.storyboard import Address, Beat, plain
from layeranim.theme import THEMES, contrast

from .conftest import Case, play

SMALL: dict[str, Any] = {"size": (160, 90), "fps": Fraction(25, 4)}
Filled = set[tuple[str, int, int]]


def filled(scene: ExplainerScene) -> Filled:
    """The cells on the stage that show a number."""
    return {
        (name, row, col)
        for name, grid in scene.grids.items()
        if name in scene.standing and not grid.plan.heat
        for row, col in grid.everywhere()
        if grid.looks[row][col].kind != "slot" and grid.looks[row][col].text
    }


# ── brief steps ──────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("name", "options", "watched"),
    [
        ("conv", {"example": "edge"}, "products:0"),
        ("conv", {"example": "rgb"}, "partial_sums:0"),
        ("pool", {"example": "digit"}, "window"),
    ],
)
def test_a_brief_step_replaces_in_place(
    name: str, options: dict[str, Any], watched: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No cell that shows a number before a brief step and after it is empty in between."""
    before: Filled = set()
    between: list[Filled] = []
    blinked: dict[str, Filled] = {}
    brief = 0
    run = ExplainerScene.run

    def watching(scene: ExplainerScene, ticks: int, *animations: Any) -> None:
        between.append(filled(scene))
        run(scene, ticks, *animations)

    def look(scene: ExplainerScene, beat: Beat) -> None:
        nonlocal before, brief
        after = filled(scene)
        if beat.kind == "brief":
            kept = before & after
            brief += any(grid == watched for grid, *_ in kept)
            missing = set().union(*(kept - shown for shown in between))
            if missing:
                blinked[plain(beat.place) or str(beat.done)] = missing
        before = after
        between.clear()

    monkeypatch.setattr(ExplainerScene, "run", watching)
    play(Case(name, options, name), look, **SMALL)
    assert brief > 1
    assert not blinked


# ── last frames ──────────────────────────────────────────────────────────────
def last(name: str, **options: Any) -> tuple[ExplainerScene, set[Address]]:
    """The stage at the end of a film and the addresses of its numbers."""
    scene = play(Case(name, options, name), **SMALL).scene
    return scene, {source for _, source in scene.drawn() if isinstance(source, Address)}


@pytest.mark.parametrize("options", [{}, {"example": "majority"}, {"input_size": 6, "activation": "sigmoid"}])
def test_a_neuron_keeps_its_weights_in_sight(options: dict[str, Any]) -> None:
    """They stand there while the film speaks of them: as it opens and as it closes."""
    seen: dict[str, set[int]] = {}

    def look(scene: ExplainerScene, beat: Beat) -> None:
        if beat.kind in ("open", "close"):
            sources = [source for _, source in scene.drawn() if isinstance(source, Address)]
            seen[beat.kind] = {source.index[1] for source in sources if source.tensor == "weight"}

    played = play(Case("neuron", options, "neuron"), look, **SMALL)
    every = set(range(played.trace["weight"].shape[1]))
    assert seen == {"open": every, "close": every}


@pytest.mark.parametrize("options", [{"input": "random:12x12", "rate": 0.3}, {"input": "random:10x14", "draws": 2}])
def test_no_lens_stands_there_empty(options: dict[str, Any]) -> None:
    scene, _ = last("dropout", **options)
    lenses = [name for name in scene.standing if name.startswith("lens:")]
    assert lenses
    assert {(name, 0, 0) for name in lenses} <= filled(scene)


def test_the_image_that_stands_at_the_end_says_which_it_is() -> None:
    scene, addresses = last("filter-match")
    (image,) = {source.index[0] for source in addresses if source.tensor in ("padded", "input")}
    assert image == 0  # the one whose sum is followed
    assert [label.text.strip() for label in scene.standing["padded"][-1].submobjects][:1] == ["image 1"]


def test_all_sums_stand_in_one_table_at_the_end_and_the_best_of_each_image_are_framed() -> None:
    scene, addresses = last("filter-match")
    assert {source.index[:2] for source in addresses if source.tensor == "output"} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    plan = scene.board.grids["output"]
    framed = [box for top in scene.mobjects if isinstance(top, FocusFrame) for box in top.boxes]
    assert framed == [plan.cell(0, 1), plan.cell(1, 0)]


# ── what is dropped is seen to be gone ───────────────────────────────────────
def test_a_dropped_unit_loses_all_its_edges() -> None:
    """Only kept units have edges, and those are plain to see on either page."""
    counted = 0

    def look(scene: Any, beat: Beat) -> None:
        nonlocal counted
        if beat.kind != "step":
            return
        net = scene.things[f"output:{beat.units[0]}:thinned"]
        kept = trace["mask"][beat.units[0], 0] != 0
        every = len(net.plan.before) + len(net.plan.after)
        lines = {k: sum(len(m.points) // 4 for m in ways.submobjects) for k, ways in net.ways.items()}
        assert lines == {k: every if here else 0 for k, here in enumerate(kept)}
        colours = {str(way.get_stroke_color().to_hex()) for ways in net.ways.values() for way in ways.submobjects}
        assert all(contrast(colour, scene.theme.bg) > 2 for colour in colours)
        counted += bool(kept.any() and not kept.all())

    trace = Case("dropout", {"example": "slugnet"}, "dropout").work().trace()
    for name in THEMES:
        play(Case("dropout", {"example": "slugnet"}, "dropout"), look, theme=name, **SMALL)
    assert counted


@pytest.mark.parametrize("options", [{}, {"example": "sigmoid"}, {"input_size": 6}])
def test_the_weights_and_the_bias_of_a_neuron_are_as_large_as_its_inputs(options: dict[str, Any]) -> None:
    work = Case("neuron", options, "neuron").work()
    board = work.storyboard(work.trace())
    net = next(part for part in board.parts["stage"] if isinstance(part, NetPlan))
    assert {edge.size for edge in net.edges} == {net.numeral}
    assert theme.NAME >= net.numeral > theme.FLOOR
    assert any(run.source == Address("bias", (0,)) for _, line in net.headings for run in line)


# ── words under the stage ────────────────────────────────────────────────────
def heights(words: Any) -> tuple[float, float]:
    """The lowest and the highest point of some words."""
    ys = [float(y) for one in words.get_family() for y in one.points[:, 1]]
    return min(ys), max(ys)


@pytest.mark.parametrize(("name", "options"), [("conv", {"stride": 2}), ("filter-match", {}), ("softmax", {})])
def test_the_place_stands_beside_the_counter_a_row_under_the_note(name: str, options: dict[str, Any]) -> None:
    noted = 0

    def look(scene: ExplainerScene, beat: Beat) -> None:
        nonlocal noted
        if scene.place is None or scene.counter is None:
            return
        _, top = heights(scene.place)
        assert abs(top - heights(scene.counter)[1]) < 6
        if scene.note is not None:
            noted += 1
            assert top < heights(scene.note)[0]

    play(Case(name, options, name), look, **SMALL)
    assert noted
