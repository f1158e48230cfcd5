"""Layers in a row as a film: which stages stand there, which are folded, opened, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.errors import OptionError
from layeranim.stories.stage.plans import TallyPlan, TextPlan
from layeranim.stories.storyboard import Storyboard, plain

from . import rows


def told(**options: Any) -> Storyboard:
    return la.storyboard("sequential", **options)


def texts(board: Storyboard) -> list[str]:
    return [plain(plan.line) for plan in board.parts["stage"] if isinstance(plan, TextPlan)]


def test_stages_in_the_middle_that_have_no_room_are_counted_and_still_told() -> None:
    board = told(layers=rows.TWELVE)
    assert "… 3 more" in texts(board)
    steps = [plain(beat.place) for beat in board.beats if beat.kind == "step"]
    assert any("…" in place for place in steps)
    assert "12 layers later" in plain(board.beats[-1].caption)


@pytest.mark.parametrize("word", ["7", "pool1", 3])
def test_a_stage_is_opened_by_its_place_or_its_name(word: Any) -> None:
    board = told(opened=word)
    place = {"7": "7 opened", "pool1": "3 opened", 3: "3 opened"}[word]
    assert place in plain(board.parameters)


def test_an_opened_dense_layer_tells_units_and_counts_their_sums() -> None:
    board = told(layers=rows.TINY, opened="d0")
    places = [plain(beat.place) for beat in board.beats if beat.kind == "step"]
    assert any(place.endswith("unit 1") for place in places)
    assert any(isinstance(plan, TallyPlan) for plan in board.parts["stage"])
    assert "d0.weight" in board.grids


def test_a_layer_without_a_view_of_its_own_is_told_by_its_steps() -> None:
    board = told(layers=rows.steps(), opened="1")
    said = " ".join(plain(beat.caption) for beat in board.beats)
    assert "forget gate = σ(" in said
    assert {"0.forget_gate", "0.input_gate", "0.output_gate"} <= {plan.tensor for plan in board.grids.values()}


def test_the_numbers_of_one_sample_are_followed_through_all_stages() -> None:
    trace = la.trace("sequential", layers=rows.THREE)
    board = told(layers=rows.THREE, sample=2)
    assert "sample 2 of 3" in plain(board.parameters)
    best = trace["output"][1].max()
    said = plain(board.beats[-1].caption).rpartition("= ")[2].replace("−", "-")
    assert float(said) == pytest.approx(best, abs=0.01)


def test_a_film_of_some_stages_has_what_they_read_and_nothing_later() -> None:
    board = told(steps="3-6")
    assert {"relu1.output:0", "pool2.output:0"} <= set(board.grids)
    assert not any(name.startswith(("flatten", "dense", "output")) for name in board.grids)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("0", "opened is 0, but layers are counted from 1; give a number from 1 to 9"),
        ("10", "opened is 10, but there are only 9 layers"),
        ("denze", "did you mean dense"),
        ("1 2 3", "opened names 3 layers, but 2 have room at once"),
        ("", "opened is"),
        (True, "opened is"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_refused_in_one_line(given: Any, says: str) -> None:
    with pytest.raises(OptionError, match=says) as error:
        told(opened=given)
    assert "\n" not in str(error.value)


def test_an_input_may_leave_the_axes_of_one_sample_out() -> None:
    whole, bare = (la.trace("sequential", layers=rows.TINY, input=x) for x in ([[1.0, 2.0]], [1.0, 2.0]))
    assert np.array_equal(whole["output"], bare["output"])


def test_a_live_sequential_becomes_this_film() -> None:
    torch = pytest.importorskip("torch")
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    trace = la.from_torch(net, torch.rand(1, 1, 4, 4))
    assert trace["1.output"].shape == (1, 2, 2, 2)
    board = la.storyboard(trace, opened="1")
    assert board.title == "Layers in a row"
    assert {"0.output:0", "1.output:1"} <= set(board.grids)
    np.testing.assert_allclose(trace["output"], net(torch.tensor(trace["input"])).detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize("size", ["1280x720", "405x720", "720x720"])
def test_many_wide_stages_stand_there_as_far_as_there_is_room(size: str) -> None:
    """Where even fewer stages leave no room, nothing is opened, and that is said."""
    torch = pytest.importorskip("torch")
    nn = torch.nn
    deep = [
        part for k in range(4) for part in (nn.Conv2d(16 if k else 3, 16, 3, padding=1), nn.BatchNorm2d(16), nn.Tanh())
    ]
    model = nn.Sequential(*deep, nn.Flatten(), nn.Linear(16 * 64, 200), nn.Softmax(-1)).eval()
    trace = la.from_torch(model, torch.ones(1, 3, 8, 8))
    for opened in ("2", "2,14"):
        board = la.storyboard(trace, opened=opened, size=size)
        assert any("more" in text for text in texts(board))
        assert f"{opened.replace(',', ', ')} opened" in plain(board.parameters) or board.warnings
