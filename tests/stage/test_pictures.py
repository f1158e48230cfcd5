"""Pictures, volumes, points in a plane, lines that grow: what they show, and where it stands."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from layeranim.stories.stage import record
from layeranim.stories.stage.contour import crossings
from layeranim.stories.stage.parts.volume import MOST
from layeranim.stories.stage.plans import HistoryPlan, ScatterPlan, VolumePlan
from layeranim.stories.stage.verbs import Border, Fan, Fill, Frame, Lead, Reach
from layeranim.stories.storyboard import Cells, Storyboard, plain

from .films import board


def cells(told: Storyboard, grid: str) -> Cells:
    """What a grid holds in the end: what it has from the start, else what it was filled with last."""
    held = told.grids[grid].cells
    filled = [v.cells for b in told.beats for group in b.verbs for v in group if isinstance(v, Fill) and v.part == grid]
    return held if held is not None else filled[-1]


def part(told: Storyboard, kind: type) -> Any:
    return next(plan for plan in told.parts["stage"] if isinstance(plan, kind))


def acted(told: Storyboard, kind: type) -> list[Any]:
    return [verb for beat in told.beats for group in beat.verbs for verb in group if isinstance(verb, kind)]


# ── pictures ─────────────────────────────────────────────────────────────────
def test_a_picture_has_no_gaps_and_whole_pixels_at_half_size() -> None:
    told = board("conv-image")
    for name in ("padded", "pre_activation"):
        grid = told.grids[name]
        assert (grid.joined, grid.gap, grid.pitch, grid.numeral) == (True, 0, (4, 4), 0)


def test_what_is_not_changed_keeps_its_greys() -> None:
    told = board("conv-image", example="identity")
    given, made = cells(told, "padded"), cells(told, "pre_activation")
    assert given.scale == made.scale == "grey"
    assert np.array_equal(given.levels[1:-1, 1:-1], made.levels)


@pytest.mark.parametrize(("options", "scale"), [
    ({}, "value"), ({"example": "sharpen"}, "grey"), ({"example": "sharpen", "bias_values": "9"}, "value"),
    ({"example": "gaussian"}, "grey"), ({"example": "gaussian", "activation": "tanh"}, "value"),
])  # fmt: skip
def test_a_picture_that_stays_one_is_grey_and_a_relief_has_signs(options: dict[str, Any], scale: str) -> None:
    told = board("conv-image", **options)
    last = "pre_activation" if "pre_activation" in told.grids else "output"
    assert cells(told, last).scale == scale
    assert plain(told.grids[last].heading).endswith("+") == (scale == "value")


def test_a_drawing_is_ink_and_a_photograph_is_not() -> None:
    assert cells(board("conv-image", input="digit:3"), "padded").scale == "ink"
    assert cells(board("conv-image"), "padded").scale == "grey"


def test_a_few_outliers_leave_the_others_visible() -> None:
    levels = np.abs(cells(board("conv-image"), "pre_activation").levels)
    assert (levels >= 2).mean() > 0.2


def test_places_where_something_is_to_be_seen_are_taught_first() -> None:
    """An even area, the largest and the smallest answer; then all pixels, each once."""
    told = board("conv-image")
    steps, sweeps = ([b for b in told.beats if b.kind == kind] for kind in ("step", "sweep"))
    total = told.total
    assert len(steps) == 3
    assert [unit for beat in sweeps for unit in beat.units] == list(range(total))
    made = [float(plain(beat.caption).rpartition("= ")[2].replace("−", "-")) for beat in steps]
    assert abs(made[0]) < abs(made[1]) > 100
    assert made[1] > 0 > made[2]


def test_lines_lead_from_the_window_to_the_loupe_and_on_to_the_result() -> None:
    told = board("conv-image")
    beat = next(b for b in told.beats if b.kind == "step")
    (to,), (back,) = ([v for v in group if isinstance(v, Lead)] for group in beat.verbs[:2])
    loupe = told.grids["patches"].box
    assert {end for _, end in to.lines} == {(loupe.x, loupe.y), (loupe.x, loupe.bottom)}
    assert {start for start, _ in back.lines} == {(loupe.right, loupe.y), (loupe.right, loupe.bottom)}
    assert (to.role, back.role) == ("focus", "result")


def test_lines_to_a_row_under_the_maps_cross_no_number() -> None:
    told = board("flatten")
    lines = [
        line for beat in told.beats for verbs in beat.verbs for v in verbs if isinstance(v, Lead) for line in v.lines
    ]
    assert lines
    for (_, start), (_, end) in lines:
        assert start == told.grids["input:0"].box.bottom
        assert end == told.grids["output"].box.y


# ── volumes ──────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(("name", "options"), [
    ("flatten", {}), ("flatten", {"example": "cnn"}), ("flatten", {"input": "random:40x3x3"}), ("feature-maps", {}),
    ("feature-maps", {"filters": 40, "input": "random:9x9"}), ("flatten", {"input": "random:2x30x3"}),
])  # fmt: skip
def test_maps_lie_apart_in_rows_and_one_behind_another_in_a_pile(name: str, options: dict[str, Any]) -> None:
    told = board(name, **options)
    volume = part(told, VolumePlan)
    rows = [told.grids[one].box for one in volume.maps]
    assert not [pair for pair in combinations(rows, 2) if pair[0].meets(pair[1])]
    pile = [(box.x + dx, box.y + dy) for box, (dx, dy) in zip(rows, volume.piled, strict=True)]
    steps = np.diff(pile, axis=0)
    assert (steps >= 0).all()  # to the right and up: the front one hides the others
    least, most = min(b.x for b in rows) - 30, max(b.right for b in rows) + 30
    assert all(least <= x and x + rows[0].w <= most for x, _ in pile)


def test_maps_that_are_given_fan_out_and_maps_that_are_made_pile_up() -> None:
    given, made = board("flatten"), board("feature-maps")
    assert part(given, VolumePlan).begins == "pile"
    assert [verb.to for verb in acted(given, Fan)] == ["rows"]
    assert part(made, VolumePlan).begins == "rows"
    assert [verb.to for verb in acted(made, Fan)] == ["pile"]


def test_a_needle_goes_through_the_followed_pixel_of_every_sheet() -> None:
    told = board("feature-maps")
    volume, (fan,) = part(told, VolumePlan), acted(told, Fan)
    frames = {verb.part: verb.blocks[0] for verb in acted(told, Frame) if verb.part in volume.maps}
    assert len(fan.needle) == len(volume.maps) == len(frames)
    for name, (dx, dy), at in zip(volume.maps, volume.piled, fan.needle, strict=True):
        row, _, col, _ = frames[name]
        x, y = told.grids[name].cell(row, col).centre
        assert at == (x + dx, y + dy)


def test_the_header_says_how_many_maps_are_drawn() -> None:
    told = board("flatten", input="random:40x3x3")
    assert len(part(told, VolumePlan).maps) == MOST
    assert "16 of 40 maps drawn" in plain(told.parameters)
    assert "drawn" not in plain(board("flatten").parameters)


def test_a_line_leads_from_a_cell_of_a_map_to_its_place_in_the_row() -> None:
    told = board("flatten")
    for beat in (b for b in told.beats if b.kind == "step"):
        (lead,) = (v for v in beat.verbs[1] if isinstance(v, Lead))
        target = told.grids["output"].cell(0, beat.units[0])
        assert all(target.x - 6 <= x <= target.right + 6 for _, (x, _) in lead.lines)


# ── a plane and lines that grow ──────────────────────────────────────────────
@settings(max_examples=60, deadline=None)
@given(hnp.arrays(float, st.tuples(st.integers(2, 6), st.integers(2, 6)), elements=st.floats(-9, 9, width=16)))
def test_a_border_runs_where_the_sign_changes(values: Any) -> None:
    """Each line lies in one square whose corners differ in sign; each such square has one, or two at a saddle."""
    lines = crossings(values)
    below = values < 0
    squares = [(r, c) for r in range(len(values) - 1) for c in range(values.shape[1] - 1)
               if len({*below[r : r + 2, c : c + 2].ravel().tolist()}) == 2]  # fmt: skip
    found = [(int(min(a[0], b[0], values.shape[0] - 2)), int(min(a[1], b[1], values.shape[1] - 2))) for a, b in lines]
    assert len(squares) <= len(lines) <= 2 * len(squares)
    for (a, b), (r, c) in zip(lines, found, strict=True):
        for row, col in (a, b):
            assert r <= row <= r + 1
            assert c <= col <= c + 1
    assert not crossings(np.abs(values) + 1)


def test_what_is_no_number_has_no_border() -> None:
    assert not crossings(np.array([[np.nan, 1.0], [-1.0, 1.0]]))


def test_points_stand_on_the_colour_of_their_class_once_all_are_right() -> None:
    """At the end of a training that got all right, by a plane of colours that is read back from its places."""
    told = board("training", example="moons")
    scatter, grid = part(told, ScatterPlan), told.grids["surface"]
    levels = cells(told, "surface").levels
    assert len(scatter.glyphs) == 28
    for one in scatter.glyphs:
        row, col = int((grid.at[1] - one.at[1]) / grid.pitch[1]), int((one.at[0] - grid.at[0]) / grid.pitch[0])
        assert (levels[row, col] > 0) == one.own
        assert one.shape == ("square" if one.own else "disc")
    assert acted(told, Border)[-1].lines


def test_a_history_reaches_every_unit_and_stands_where_its_numbers_are() -> None:
    told = board("training")
    reached = [verb.last for verb in acted(told, Reach) if verb.part == "loss:history"]
    assert reached == list(range(told.total))
    plan = next(p for p in told.parts["stage"] if isinstance(p, HistoryPlan) and p.tensor == "loss")
    heights = [at[1] for at in plan.points if at is not None]
    assert heights == sorted(heights, reverse=True)  # this loss falls all the time


@pytest.mark.parametrize("name", ["conv-image", "feature-maps", "flatten", "training", "cross-entropy"])
def test_they_are_data(name: str) -> None:
    told = board(name)
    assert record.dumped(record.loaded(record.dumped(told))) == record.dumped(told)
