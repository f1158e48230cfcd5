"""``layeranim storyboard``: a film as a file, its schema, and the film that is drawn from the file alone."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from PIL import Image

import layeranim as la
from layeranim.errors import OptionError

FAST = ("--quality", "draft", "--fps", "2", "-f", "gif")


def test_a_film_as_a_file_and_the_film_from_it(call: Any, here: Path) -> None:
    done = call("storyboard", "softmax", "--follow", "2", "-o", "soft.board.json")
    assert (done.code, done.out, done.err) == (0, "soft.board.json\n", "")
    assert call("render", "soft.board.json", *FAST, "-o", "a.gif").code == 0
    assert call("render", "softmax", "--follow", "2", *FAST, "-o", "b.gif").code == 0
    assert (here / "a.gif").read_bytes() == (here / "b.gif").read_bytes()
    told = json.loads((here / "a.json").read_text(encoding="utf-8"))
    digest = hashlib.sha256((here / "soft.board.json").read_bytes()).hexdigest()
    assert told["inputs"] == {"storyboard": {"name": "soft.board.json", "kind": "storyboard", "sha256": digest}}
    assert told["explainer"] == "softmax"


def test_it_is_printed_and_its_schema_holds(call: Any) -> None:
    made = json.loads(call("storyboard", "activation", "--size", "405x720").out)
    schema = json.loads(call("storyboard", "--schema").out)
    jsonschema.validate(made, schema)
    assert made["canvas"] == {"is": "Canvas", "width": 720, "height": 1280}
    assert json.loads(call("storyboard", "activation", "-o", "-").out)["title"] == made["title"]


def test_a_film_of_another_shape_is_drawn_in_that_shape(call: Any, here: Path) -> None:
    call("storyboard", "softmax", "--size", "405x720", "-o", "tall.json")
    assert call("render", "tall.json", "--fps", "1", "-o", "tall.board.gif").code == 0
    with Image.open(here / "tall.board.gif") as picture:
        assert picture.size == (720, 1280)


def test_what_cannot_be_is_one_line(call: Any, refused: Any, here: Path) -> None:
    call("storyboard", "softmax", "-o", "s.json")
    refused("storyboard", "softmax", "--theme", "dark", holds=("--theme is an option of render",))
    refused("storyboard", "softmax", "-o", "s.txt", holds=("must end in .json",))
    refused("render", "s.json", "--pace", "slow", holds=("--pace was decided when the storyboard was made",))
    refused("render", "s.json", "-o", "s.gif", holds=("cannot write s.json: it is an input",))
    refused("render", "none.json", holds=("no such file",))
    (here / "other.json").write_text('{"format": 3}', encoding="utf-8")
    refused("render", "other.json", holds=("this is no storyboard: its version is", "layeranim storyboard NAME"))
    refused("storyboard", "softmax", "-o", "other.json", holds=("no storyboard", "--overwrite"))
    (here / "deep.json").write_text("[" * 50_000, encoding="utf-8")
    refused("render", "deep.json", holds=("this is no storyboard",))
    assert call("storyboard", "softmax", "-o", "s.json").code == 0  # one of ours is replaced


def test_no_path_comes_out_of_a_file(call: Any, refused: Any, here: Path) -> None:
    made = json.loads(call("storyboard", "softmax").out)
    made["explainer"] = "../../escaped"
    (here / "bad.json").write_text(json.dumps(made), encoding="utf-8")
    refused("render", "bad.json", holds=("its explainer is", "must be a name such as softmax"))
    assert not list(here.parent.rglob("escaped*"))


def test_a_file_that_a_scene_trips_over_is_no_bug_of_ours(call: Any, refused: Any, here: Path) -> None:
    made = json.loads(call("storyboard", "softmax").out)
    made["grids"]["logits"]["cells"]["sources"]["index"] = []
    (here / "bad.json").write_text(json.dumps(made), encoding="utf-8")
    refused("render", "bad.json", *FAST, "-o", "a.gif", holds=("the storyboard in bad.json cannot be drawn",))
    assert not list(here.glob("a.*"))


def test_a_dry_run_prints_the_film(call: Any) -> None:
    call("storyboard", "softmax", "-o", "s.json")
    assert call("render", "s.json", "--dry-run").out in call("render", "softmax", "--dry-run").out


def test_from_python(here: Path) -> None:
    trace = la.trace("softmax", logits="2 1 0.1")
    board = la.storyboard(trace, follow=2)
    film = la.render(board, output="x.gif", fps=1, size="160x90", theme="dark")
    assert film.paths == (Path("x.gif"),)
    with pytest.raises(OptionError, match="pace was decided when the storyboard was made"):
        la.render(board, output="y.gif", pace="slow")


def test_a_file_in_python(call: Any) -> None:
    call("storyboard", "softmax", "-o", "s.json")
    assert la.load_storyboard("s.json").text() == la.storyboard("softmax").text()
