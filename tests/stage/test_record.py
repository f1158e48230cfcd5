"""A storyboard is data: written to JSON and read back it draws the same frames; nothing else can be made of a file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from layeranim import catalog
from layeranim.errors import InputError
from layeranim.film.film import Pass, draw
from layeranim.film.writers import Rect
from layeranim.scenes.stage import StageScene
from layeranim.stories.stage import record
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import LIGHT

from .films import board

STAGED = [name for name, found in catalog.EXPLAINERS.items() if found.scene == "scenes.stage:StageScene"]


class Digest:
    """The frames of a film as one number."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        self.digest.update(pixels.tobytes() + bytes([repeat % 256]))


def frames(told: Storyboard) -> str:
    digest = Digest()
    draw(told, StageScene, LIGHT, Pass(320, 180, Fraction(25, 4), ()), digest)
    return digest.digest.hexdigest()


def test_there_are_films_on_the_stage() -> None:
    assert {"softmax", "batchnorm", "layernorm"} <= set(STAGED)


@pytest.mark.parametrize("name", STAGED)
def test_the_same_frames_are_drawn_from_the_file(name: str) -> None:
    told = board(name)
    read = record.loaded(record.dumped(told))
    assert read.text() == told.text()
    assert record.dumped(read) == record.dumped(told)
    assert frames(read) == frames(told)


def test_a_film_of_colours_too() -> None:
    told = board("softmax", logits="random:1x60", steps="first:2")
    assert frames(record.loaded(record.dumped(told))) == frames(told)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda r: r.update(storyboard=99),
        lambda r: r.update({"is": "Path"}),
        lambda r: r["beats"][0].update({"is": "os.system"}),
        lambda r: r.update(unknown=1),
        lambda r: r.pop("beats"),
    ],
)
def test_what_is_no_storyboard_is_refused(spoil: Any) -> None:
    made = json.loads(record.dumped(board("softmax")))
    spoil(made)
    with pytest.raises(InputError, match="no storyboard"):
        record.loaded(json.dumps(made))


@pytest.mark.parametrize("text", ["", "[]", "3", "{}", '{"storyboard": 1}', "[" * 100_000])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="no storyboard"):
        record.loaded(text)
