"""``python -m layeranim.film.look``: stills of a film on one sheet."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layeranim import catalog, preparing
from layeranim.cli import look
from layeranim.film.look import GAP, Keeper, moments, sheet
from layeranim.stories.storyboard import Beat

BEATS = (
    Beat("open", 0, 40),
    Beat("step", 40, 60, range(0, 1)),
    Beat("sweep", 100, 50, range(1, 90)),
    Beat("step", 150, 30, range(90, 91)),
    Beat("close", 180, 50),
)


def test_moments() -> None:
    assert moments(BEATS, 5) == [39, 99, 125, 179, 229]
    assert moments(BEATS, 7) == [39, 55, 99, 125, 157, 179, 229]
    assert moments(BEATS, 2) == [39, 229]
    assert moments(BEATS, 100) == moments(BEATS, 7)


def test_what_is_kept() -> None:
    keeper = Keeper([0, 3])
    frame = np.zeros((2, 2, 4), np.uint8)
    for value, repeat in ((1, 1), (2, 2), (3, 5)):
        frame[:] = value
        keeper.write(frame, [], repeat)
    assert {number: int(still[0, 0, 0]) for number, still in keeper.stills.items()} == {0: 1, 3: 3}


def test_a_sheet_holds_the_frames_of_the_film() -> None:
    work = preparing.prepare("conv", {"stride": 2, "size": "128x72", "theme": "dark"})
    board = work.storyboard(work.trace())
    made = sheet(board, catalog.resolve(catalog.explainer("conv").scene), work.film, 5)
    assert made.shape == (3 * 72 + 2 * GAP, 2 * 128 + GAP, 4)
    stills = [made[r * (72 + GAP) :][:72, c * (128 + GAP) :][:, :128] for r in range(3) for c in range(2)][:5]
    assert len({still.tobytes() for still in stills}) == 5
    assert (made[..., 3] == 255).all()


def test_as_a_program(here: Path) -> None:
    words = ["conv", "--stride", "2", "--size", "128x72", "--frames", "3"]
    done = subprocess.run(
        [sys.executable, "-m", "layeranim.film.look", *words], cwd=here, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "out/look-conv.png\n", "")
    with Image.open(here / "out/look-conv.png") as picture:
        assert picture.size == (2 * 128 + GAP, 2 * 72 + GAP)


@pytest.mark.parametrize(
    "words", [["cnv"], ["conv", "--stride", "0"], ["conv", "--frames", "0"], ["conv", "-o", "no/no/x.png"]]
)
def test_refusals(here: Path, capfd: Any, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["look", *words])
    assert look.main() == 2
    assert capfd.readouterr().err.startswith("layeranim: error: ")
    assert list(here.iterdir()) == []
