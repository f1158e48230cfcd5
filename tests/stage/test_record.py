"""A storyboard is data: written to JSON and read back it draws the same frames; nothing else can be made of a file."""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from numpy.typing import NDArray

from layeranim import catalog
from layeranim.canvas import Canvas
from layeranim.engine import memory
from layeranim.errors import InputError, OptionError, ShapeError
from layeranim.film.film import Pass, draw
from layeranim.film.writers import Rect
from layeranim.preparing import recorded
from layeranim.scenes.stage import StageScene
from layeranim.stories.stage import record
from layeranim.stories.stage.forms import CLASSES
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import LIGHT

from .films import board

STAGED = [name for name, found in catalog.EXPLAINERS.items() if found.scene == "scenes.stage:StageScene"]


SCHEMA = jsonschema.Draft202012Validator(record.schema())
ROOT = Path(__file__).parents[2]


class Digest:
    """The frames of a film as one number."""

    def __init__(self) -> None:
        self.digest = hashlib.sha256()

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        self.digest.update(pixels.tobytes() + bytes([repeat % 256]))


def frames(told: Storyboard) -> str:
    digest = Digest()
    draw(told, StageScene, LIGHT, Pass(160, 90, Fraction(25, 16), ()), digest)
    return digest.digest.hexdigest()


def test_there_are_films_on_the_stage() -> None:
    assert {"softmax", "batchnorm", "layernorm"} <= set(STAGED)


@pytest.mark.grid(5)
@pytest.mark.parametrize("name", STAGED)
def test_the_same_frames_are_drawn_from_the_file(name: str) -> None:
    told = board(name)
    read = record.loaded(record.dumped(told))
    assert read.text() == told.text()
    assert record.dumped(read) == record.dumped(told)
    assert frames(read) == frames(told)


@pytest.mark.grid(5)
@pytest.mark.parametrize("name", STAGED)
def test_the_schema_describes_every_film(name: str) -> None:
    assert not list(SCHEMA.iter_errors(json.loads(record.dumped(board(name, size="405x720")))))


def test_the_schema_is_one_and_says_what_is_wrong() -> None:
    SCHEMA.check_schema(record.schema())
    made = json.loads(record.dumped(board("softmax")))
    made["beats"][1]["ticks"] = "ten"
    assert [list(error.absolute_path) for error in SCHEMA.iter_errors(made)] == [["beats", 1, "ticks"]]
    assert {"Storyboard"} == {*CLASSES} - {*record.schema()["$defs"]}


def test_the_schema_in_the_repository_is_the_one_of_today() -> None:
    assert json.loads((ROOT / "docs" / "storyboard.schema.json").read_text(encoding="utf-8")) == record.schema()


@pytest.mark.parametrize("name", [name for name in catalog.EXPLAINERS if name not in STAGED])
def test_a_film_that_is_not_on_the_stage_has_no_record(name: str) -> None:
    with pytest.raises(OptionError, match=f"^a film of {name} is not declared on the stage yet"):
        record.dumped(board(name))


def test_a_film_of_another_shape_keeps_its_canvas() -> None:
    told = board("activation", size="405x720")
    assert record.loaded(record.dumped(told)).canvas == told.canvas == Canvas(720, 1280)


BAD: list[Any] = [-1, 0, 3, 10**9, 1e5, 1e308, 0.5, "", "x", "\u202e\x00", None, True, [], {}, [[]], {"is": []}, "heat"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where every value of a record stands."""
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield (*path, key)
        yield from places(value[key], (*path, key))


@pytest.mark.parametrize("name", ["softmax", "conv1d", "batchnorm"])
def test_a_damaged_record_is_one_clear_line_or_a_film(name: str) -> None:
    """Whatever stands in a record in place of what stood there: it is refused, or it is drawn, or that is refused."""
    text, dice, drawn, said = record.dumped(board(name)), random.Random(name), 0, list[str]()
    where = list(places(json.loads(text)))
    for _ in range(60):
        made = json.loads(text)
        *path, last = dice.choice(where)
        holder = made
        for key in path:
            holder = holder[key]
        if dice.random() < 0.2:
            del holder[last]
        else:
            holder[last] = dice.choice(BAD)
        try:
            with memory.budget(memory.USUAL):
                film = recorded.of(record.loaded(json.dumps(made)), {})
                if drawn < 3:
                    drawn += 1
                    with film.drawing():
                        frames(film.board)
        except (InputError, ShapeError) as error:
            said.append(str(error))
    assert len(said) > 20
    assert all(len(line.splitlines()) == 1 and len(line) < 600 for line in said)
    assert drawn == 3


def test_a_record_that_is_too_large_is_refused_before_it_is_read() -> None:
    with memory.budget(10**6), pytest.raises(ShapeError, match=r"this storyboard takes, about .*--max-memory"):
        record.loaded("[" * 10**6)


@pytest.mark.parametrize(
    ("at", "bad", "says"),
    [
        (("explainer",), "../../x", "its explainer is '../../x', but must be a name"),
        (("parts",), {}, "it has no stage"),
        (("beats", 0, "ticks"), 10**7, "the phases of beat 1 last"),
        (("canvas",), {"is": "Canvas", "width": 99_999, "height": 2}, "no picture has one like that"),
        (("grids", "logits", "cols"), 10**9, "the grid|cells"),
        (("parameters", 0, "role"), "tokens", "a text has the role 'tokens'"),
        (("grids", "logits", "cells", "scale"), "fire", "cells have the scale 'fire'"),
        (("grids", "logits", "cells", "levels", 0, 0), 99, "a colour step of the scale value is not from -4 to 4"),
        (("beats", 0, "caption", 0, "text"), "x" * 20_000, "text of at most 10000 letters"),
        (("grids", "logits", "pitch"), [1e300, 4], "must be a length in pixels"),
    ],
)
def test_what_no_film_holds_is_refused(at: tuple[Any, ...], bad: Any, says: str) -> None:
    made = json.loads(record.dumped(board("softmax")))
    holder = made
    for key in at[:-1]:
        holder = holder[key]
    holder[at[-1]] = bad
    with pytest.raises(InputError, match=says):
        record.loaded(json.dumps(made))


def test_not_a_number_is_no_number() -> None:
    text = record.dumped(board("softmax")).replace('"poster": ', '"poster": NaN, "x": ', 1)
    with pytest.raises(InputError, match="it holds NaN, which is no number of JSON"):
        record.loaded(text)


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
