"""The film of a convolution backwards: gradients lie on the input, and every weight gets its own."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from layeranim import preparing
from layeranim.assets import plan
from layeranim.cli import main
from layeranim.errors import OptionError
from layeranim.stories.stage.verbs import Lay
from layeranim.stories.storyboard import plain

GIVEN = {"backward": True, "grad_output": "0 1 0; 2 1 -1; 0 0 1"}


def work(**options: Any) -> preparing.Work:
    return preparing.prepare("conv", {**GIVEN, **options})


def test_every_weight_ends_at_its_gradient() -> None:
    asked = work()
    trace = asked.trace()
    board = asked.storyboard(trace)
    steps = [beat for beat in board.beats if beat.kind in ("step", "brief")]
    assert [beat.units[0] for beat in steps] == list(range(9))
    said = [float(plain(beat.caption).rpartition("= ")[2].replace("−", "-")) for beat in steps]
    assert said == trace["grad_kernel"].ravel().tolist()


def test_the_gradients_of_the_output_lie_down_on_the_input() -> None:
    asked = work()
    board = asked.storyboard(asked.trace())
    lays = [verb for beat in board.beats for phase in beat.verbs for verb in phase if isinstance(verb, Lay)]
    assert lays
    assert {verb.part for verb in lays} == {"grad_pre_activation:0"}
    assert all(len(verb.goals) == 9 for verb in lays)


def test_a_cell_of_the_input_gets_what_its_windows_send_back() -> None:
    asked = work(input="random:6x6", kernel="random:3x3", stride=1, grad_output=np.arange(16.0).reshape(4, 4))
    trace = asked.trace()
    told = next(b for b in asked.storyboard(trace).beats if b.kind == "act" and "more" in plain(b.caption))
    assert plain(told.caption).rpartition(" ")[2].replace("−", "-") == f"{trace['grad_input'][0, 0, 3, 3]:g}"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"input": "random:2x1x5x5", "grad_output": None}, "shows one sample, but input has 2"),
        ({"example": "slugnet", "grad_output": None}, "the input is letters"),
        ({"grad_output": "1 2"}, "grad_output"),
    ],
)
def test_what_it_cannot_show_is_refused(options: dict[str, Any], says: str) -> None:
    asked = work(**options)
    with pytest.raises(OptionError if "grad" not in says else Exception, match=says):
        asked.storyboard(asked.trace())


def test_forth_and_back_are_told_apart_by_what_they_come_from() -> None:
    forth, back, ones = preparing.prepare("conv", {}), work(), work(grad_output=None)
    assert forth.origin().options != back.origin().options
    assert back.origin().inputs["grad_output"]["sha256"]
    assert "grad_output" not in ones.origin().inputs


def test_the_gallery_tells_them_apart_too() -> None:
    entry: Any = SimpleNamespace(name="conv", explainer="conv", formats=("gif",), alt=None, captions={})
    found = [plan.causes(entry, one) for one in (preparing.prepare("conv", {}), work(grad_output=None), work())]
    assert len({tuple(sorted(causes.items())) for causes in found}) == 3
    assert any("conv_back" in name for name in found[0])  # what a film goes back with is a source of it


def test_a_manifest_asks_for_the_way_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    asset = '[[asset]]\nid = "a"\nexplainer = "{}"\nbackward = true\n{}'
    for explainer, more, code in (
        ("conv", "grad_output = [[0, 1, 0], [2, 1, 1], [0, 0, 1]]\n", 0),
        ("conv", "", 0),
        ("softmax", "", 2),
    ):
        Path("layeranim.toml").write_text("version = 1\n" + asset.format(explainer, more), encoding="utf-8")
        assert main(["validate"]) == code, (explainer, more)
