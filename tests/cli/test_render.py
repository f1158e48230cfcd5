"""``layeranim render``: what is written, what is said, and where."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import click
import pytest
from PIL import Image

from layeranim.film.film import Film


def test_files_and_paths(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    done = call("render", "conv", *tiny)
    assert (done.code, done.lines) == (0, ["films/conv.mp4", "films/conv.gif"])
    assert {path.name for path in (here / "films").iterdir()} == {
        f"conv.{s}" for s in ("mp4", "gif", "png", "captions", "json")
    }
    assert done.err.count("\n") == 1
    for piece in ("conv: ", " s → films/conv.mp4 (", " KB)"):
        assert piece in done.err
    with Image.open(here / "films/conv.gif") as gif, av.open(here / "films/conv.mp4") as film:
        assert gif.size == (128, 72)
        assert film.streams.video[0].average_rate == 5


def test_output_decides_the_format_and_quiet_says_nothing(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    done = call("render", "conv", *tiny, "-o", "a.gif", "--output", "b-%d.png", "-o", "c.png", "-q")
    assert (done.code, done.lines, done.err) == (0, ["a.gif", "b-%d.png", "c.png"], "")
    assert {path.suffix for path in here.iterdir()} == {".gif", ".png", ".captions", ".json"}
    assert (here / "b-0.png").exists()


def test_json(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    done = call("render", "conv", *tiny, "-f", "gif", "--json", "--theme", "dark", "--title", "Ours")
    found = json.loads(done.out)
    assert done.code == 0
    assert found["paths"] == ["films/conv.gif"]
    assert found["bytes"] == {"films/conv.gif": (here / "films/conv.gif").stat().st_size}
    assert [found[key] for key in ("poster", "captions", "provenance")] == [
        f"films/conv.{suffix}" for suffix in ("png", "captions", "json")
    ]
    for key in ("poster", "captions", "provenance"):
        assert (here / found[key]).exists()
    told = json.loads((here / found["provenance"]).read_text(encoding="utf-8"))
    assert [found[key] for key in ("alt", "seconds", "frames")] == [told[key] for key in ("alt", "seconds", "frames")]
    assert (told["film"]["theme"], told["title"]) == ("dark", "Ours")


def test_options_reach_the_film(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    words = [
        "--input",
        "-1 2; 3 4",
        "--kernel",
        "1 0; 0 -1",
        "--bias-values",
        "-1.5",
        "--strides",
        "2",
        "--out-channels",
        "1",
    ]
    done = call("render", "conv", *tiny, "-f", "gif", "-v", *words)
    told = json.loads((here / "films/conv.json").read_text(encoding="utf-8"))
    assert done.code == 0
    assert (told["options"]["stride"], told["options"]["filters"], told["options"]["bias"]) == ("2", "1", "true")
    assert "−6.50" in told["alt"]  # −1·1 + 4·(−1) − 1.5
    assert "bias: literal, literal" in done.err


def test_dry_run_draws_nothing(call: Any, here: Path) -> None:
    done = call("render", "conv", "--stride", "2", "--dry-run")
    assert (done.code, done.err, list(here.iterdir())) == (0, "", [])
    for piece in (
        "batch 1 × out_channels 1 × out_height 2 × out_width 2",
        "16 steps",
        "stride 2",
        "row 2, column 2",
        "alt: ",
    ):
        assert piece in done.out


def test_dry_run_as_json(call: Any, here: Path) -> None:
    done = call("render", "conv", "--stride", "2", "--dry-run", "--json", "-o", "x.gif")
    found = json.loads(done.out)
    assert (done.code, list(here.iterdir())) == (0, [])
    assert (found["steps"], found["paths"]) == (16, ["x.gif"])
    assert found["tensors"][-1]["shape"] == [1, 1, 2, 2]
    last = found["beats"][-1]
    assert last["start"] + last["seconds"] == pytest.approx(found["seconds"])


def test_dry_run_finds_what_a_render_would_refuse(refused: Any) -> None:
    refused("render", "conv", "--dry-run", "-o", "nowhere/deep/x.gif", holds=("nowhere/deep/x.gif", "no folder"))


def test_warnings_once_on_stderr(call: Any) -> None:
    done = call("render", "conv", "--title", "\N{CJK UNIFIED IDEOGRAPH-4E2D}", "--dry-run")
    assert done.code == 0
    assert done.err == "layeranim: warning: the title is drawn as '▯': the font has no \N{CJK UNIFIED IDEOGRAPH-4E2D}\n"
    assert done.out.startswith("input ")
    assert "▯ · 3×3 kernel" in done.out
    assert call("render", "conv", "--title", "\N{CJK UNIFIED IDEOGRAPH-4E2D}", "--dry-run", "-q").err == ""


def test_open(call: Any, here: Path, tiny: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr(click, "launch", lambda path: shown.append(path) or len(shown) - 1)
    words = ("render", "conv", *tiny, "-o", "-x.gif", "--open")
    first, second = call(*words), call(*words)
    assert shown == [str(here / "-x.gif")] * 2
    assert (first.code, second.code) == (0, 0)
    assert "warning" not in first.err
    assert "cannot be shown" in second.err


def test_a_failure_leaves_what_was_there(call: Any, here: Path, tiny: tuple[str, ...]) -> None:
    (here / "x.gif").write_bytes(b"before")
    done = call("render", "conv", *tiny, "-o", "x.gif", "--max-size", "1KB", "--overwrite")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("layeranim: error: x.gif would be ")
    assert ((here / "x.gif").read_bytes(), len(list(here.iterdir()))) == (b"before", 1)


def test_progress_is_told_step_by_step(here: Path) -> None:
    from layeranim import preparing
    from layeranim.cli.console import Voice
    from layeranim.cli.progress import ProgressLine

    work = preparing.prepare("conv", {"stride": 2})
    board = work.storyboard(work.trace())
    progress = ProgressLine(Voice(), board)
    progress.passes = (100, 50)
    told = [progress.step(n) for n in (0, 60, 100, 101, 130, 150)]
    assert told[0] == told[3] == "open"
    assert told[2] == told[5] == "close"
    assert all(step.startswith("step ") and step.endswith(" of 4") for step in (told[1], told[4]))


def test_a_film_shows_its_paths_as_they_were_asked_for(
    call: Any, here: Path, monkeypatch: pytest.MonkeyPatch, tiny: tuple[str, ...]
) -> None:
    made: list[Film] = []
    from layeranim import preparing

    whole = preparing.Work.film_to
    monkeypatch.setattr(preparing.Work, "film_to", lambda *a, **k: made.append(whole(*a, **k)) or made[-1])
    done = call("render", "conv", *tiny, "-o", "./a.gif")
    assert done.lines == ["./a.gif"]
    assert made[0].paths == (Path("a.gif"),)
