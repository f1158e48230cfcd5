"""No command writes over what it reads, nor over what is not surely ours, whichever door the files come in by."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import layeranim as la
from layeranim.errors import OutputError
from tests.fonts import truetype

PNG = ("--input", "cat.png", "--gray")


@pytest.fixture
def brought(here: Path) -> Path:
    """What a user has: a picture, numbers, weights, a font; links to them."""
    Image.fromarray(np.arange(36, dtype=np.uint8).reshape(6, 6)).save(here / "cat.png")
    (here / "data.json").write_text("[[1, 2, 3], [4, 5, 6], [7, 8, 9]]")
    np.savez(here / "w.npz", weight=np.ones((1, 1, 2, 2)), bias=np.ones(1))
    (here / "letters.ttf").write_bytes(truetype({"x": 300}))
    os.link(here / "cat.png", here / "hard.png")
    (here / "folder").symlink_to(here)
    return here


def kept(here: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in here.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("words", "written"),
    [
        ((*PNG, "-o", "cat.gif"), "cat.png"),  # its poster
        ((*PNG, "-o", "cat.png"), "cat.png"),
        ((*PNG, "-o", "folder/cat.mp4"), "cat.png"),
        ((*PNG, "-o", "hard.webm"), "hard.png"),
        (("--input", "folder/hard.png", "--gray", "-o", "cat.gif"), "cat.png"),
        (("--input", "data.json", "-o", "data.gif"), "data.json"),  # its provenance
        (("--kernel", "data.json", "-o", "data.png"), "data.json"),
        (("--input", "hard-7.png", "--gray", "-o", "hard-%d.png"), "hard-7.png"),
    ],
)
@pytest.mark.parametrize("flags", [(), ("--overwrite",), ("--dry-run",)])
def test_no_film_is_written_over_its_input(
    refused: Any, brought: Path, words: tuple[str, ...], written: str, flags: tuple[str, ...]
) -> None:
    Image.open(brought / "cat.png").save(brought / "hard-7.png")
    before = kept(brought)
    refused(
        "render", "conv", *words, *flags, holds=(f"cannot write {os.path.dirname(words[-1])}", "is an input", written)
    )
    assert kept(brought) == before


@pytest.mark.parametrize(
    "words",
    [
        ("render", "conv", "--weights", "w.npz", "-o", "w.gif"),
        ("render", "conv", "--font", "letters.ttf", "-o", "letters.gif"),
        ("trace", "conv", "--weights", "w.npz:", "-o", "w.npz"),
        ("trace", "conv", "--input", "data.json", "-o", "data.json"),
        ("trace", "conv", "--backward", "--grad-output", "data.json", "-o", "folder/data.json"),
    ],
)
def test_weights_fonts_and_gradients_are_inputs_too(refused: Any, brought: Path, words: tuple[str, ...]) -> None:
    for name in ("w", "letters"):  # links by names that would be written
        source = next(brought.glob(f"{name}.*"))
        os.link(source, brought / f"{name}.png")
    before = kept(brought)
    refused(*words, "--overwrite", holds=("is an input",))
    assert kept(brought) == before


def test_standard_input_may_be_a_file(brought: Path, call: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept(brought)
    with open(brought / "cat.png", "rb") as file:

        class Stream:
            buffer = file

        monkeypatch.setattr(sys, "stdin", Stream)
        done = call("render", "conv", "--input", "-", "--gray", "-o", "cat.gif", "--overwrite")
    assert (done.code, kept(brought)) == (2, before)
    assert "cannot write cat.png: it is an input -" in done.err


@pytest.mark.parametrize("sibling", ["package.gif", "package.png", "package.captions", "package.json"])
def test_what_layeranim_did_not_make_stays_unless_the_flag_is_given(
    refused: Any, call: Any, here: Path, tiny: tuple[str, ...], sibling: str
) -> None:
    (here / sibling).write_bytes(b'{"name": "mine"}')
    refused("render", "conv", *tiny, "-o", "package.gif", holds=(sibling, "stands in the way", "--overwrite"))
    refused("render", "conv", *tiny, "-o", "package.gif", "--dry-run", holds=(sibling,))
    with pytest.raises(OutputError, match="overwrite=True"):
        la.render("conv", output="package.gif", quality="draft")
    assert (here / sibling).read_bytes() == b'{"name": "mine"}'
    if sibling == "package.json":
        assert call("render", "conv", *tiny, "-o", "package.gif", "--overwrite").code == 0
        assert json.loads((here / sibling).read_text())["explainer"] == "conv"


def test_our_own_film_is_made_again_without_a_flag(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    words = ("render", "conv", *tiny, "-o", "a.gif")
    assert call(*words).err.count("\n") == 1
    done = call(*words)
    assert (done.code, done.err.count("\n")) == (0, 1)  # nothing to warn of
    report = json.loads((here / "a.json").read_text())
    del report["files"]["a.captions"]  # as version 0.1 left it
    (here / "a.captions").rename(here / "a.vtt")
    (here / "a.json").write_text(json.dumps(report))
    done = call(*words, "--theme", "dark", "-q")
    assert (done.code, (here / "a.vtt").exists(), (here / "a.captions").exists()) == (0, False, True)
    assert call("render", "pool", *tiny, "-o", "a.png").err.startswith(
        "layeranim: warning: made with other options and replaced: a.png and a.json (explainer conv → pool, "
    )
    done = call("render", "conv", *tiny, "-o", "a.mp4", "--stride", "2")
    assert done.code == 0
    assert json.loads((here / "a.json").read_text())["beside"].keys() == {"a.gif"}
    assert call(*words, "-q").code == 0  # the film of another format is still known as ours


def test_a_sequence_replaces_and_removes_its_own_frames_alone(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    (here / "seq").mkdir()
    for number in (0, 1, 5, 300):
        (here / f"seq/img-{number}.png").write_bytes(b"holiday")
    words = ("render", "conv", *tiny, "-o", "seq/img-%d.png")
    before = kept(here)
    done = call(*words)
    assert (done.code, kept(here)) == (2, before)
    assert "seq/img-0.png, seq/img-1.png and 2 more stand in the way" in done.err
    assert call(*words, "--overwrite").code == 0
    frames = sorted(path.name for path in (here / "seq").glob("img-*.png"))
    assert (here / "seq/img-300.png").read_bytes() == b"holiday"  # never removed
    (here / "seq/img-300.png").unlink()
    (here / "seq/img-07.png").write_bytes(b"another series")
    assert call(*words, "--pace", "slow", "-q").code == 0
    more = len(list((here / "seq").glob("img-*.png")))
    assert more > len(frames)
    assert call(*words, "-q").code == 0
    frames = [name for name in frames if name != "img-300.png"]
    assert sorted(path.name for path in (here / "seq").iterdir()) == sorted([*frames, "img-07.png", "img.json"])


@pytest.mark.parametrize("name", ["%d.gif", "a-%04d.mp4", "%d", "a%d.jpg"])
def test_single_frames_are_png(refused: Any, name: str) -> None:
    refused("render", "conv", "-o", name, holds=("single frames, which are PNG", Path(name).stem + ".png"))


@pytest.mark.parametrize("name", ["x.png", "x", "-"])
def test_a_sequence_has_a_place_for_its_number(call: Any, name: str) -> None:
    done = call("render", "conv", "-f", "png-sequence", "-o", name)
    assert (done.code, done.err.count("\n")) == (2, 1)


def test_a_trace_replaces_a_trace_alone(call: Any, refused: Any, here: Path) -> None:
    for name in ("t.json", "t.npz"):
        for stride in ("1", "2"):
            assert call("trace", "conv", "-o", name, "--stride", stride).code == 0
        assert la.load_trace(here / name).config.stride == (2, 2)  # type: ignore[attr-defined]
    (here / "package.json").write_text('{"name": "mine"}')
    np.savez(here / "data.npz", x=np.ones(3))
    before = kept(here)
    for name in ("package.json", "data.npz"):
        refused("trace", "conv", "-o", name, holds=(f"{name} stands in the way: no saved trace", "--overwrite"))
        with pytest.raises(OutputError, match="overwrite=True"):
            la.trace("conv").save(name)
    assert kept(here) == before
    la.trace("conv").save("data.npz", overwrite=True)
    assert call("trace", "conv", "-o", "package.json", "--overwrite").code == 0
    refused("render", "conv", "-o", "t.gif", holds=("t.json stands in the way",))
