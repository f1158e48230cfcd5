"""Whole films, written and decoded: frames, seconds, size, colours, poster, captions; the same bytes again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from itertools import cycle
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from layeranim import api, catalog, preparing
from layeranim.film.captions import webvtt
from layeranim.film.film import Film, extra_colours
from layeranim.film.palette import palette
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import THEMES

NAMES = list(catalog.EXPLAINERS)
ONES = ("conv", "dense", "lstm", "attention", "training")
"""Films of several families, for what takes more than one film to see."""
DRAFT = {"quality": "draft"}
BESIDE = {".mp4": "video/mp4", ".gif": "image/gif", ".png": "image/png", ".captions": "text/vtt"}


def made(name: str, folder: Path, **options: object) -> tuple[Film, Path]:
    """A film of an explainer's default example as MP4 and GIF, small."""
    stem = folder / name
    film = api.render(name, output=[f"{stem}.mp4", f"{stem}.gif"], **{**DRAFT, **options})
    return film, stem


def _colours(pixels: NDArray[np.uint8]) -> set[int]:
    """The distinct colours of a picture as 0xRRGGBB."""
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    return set(np.unique(packed).tolist())


@pytest.mark.grid(4)
@pytest.mark.parametrize(("name", "theme"), [("conv", "dark"), *zip(NAMES, cycle(THEMES), strict=False)])
def test_films_decode_to_what_was_promised(name: str, theme: str, tmp_path: Path) -> None:
    film, stem = made(name, tmp_path, theme=theme, pace="fast")  # the same pictures, fewer of them held
    work = preparing.prepare(name, {"pace": "fast"})
    board = work.storyboard(work.trace())
    carried(film, stem, board)
    report = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    frames = round(board.ticks / 2)
    assert film.frames == report["frames"] == frames
    assert film.seconds == report["seconds"] == frames / 12.5

    with av.open(str(stem.with_suffix(".mp4"))) as video:
        stream = video.streams.video[0]
        decoded = [frame.to_ndarray(format="rgb24") for frame in video.decode(stream)]
        assert len(decoded) == frames
        assert float(stream.duration * stream.time_base) == pytest.approx(frames / 12.5, abs=1e-3)
        assert decoded[0].shape == (360, 640, 3)

    with Image.open(stem.with_suffix(".gif")) as gif:
        assert gif.size == (640, 360)
        assert gif.info["loop"] == 0
        allowed = {int(colour[1:], 16) for colour in palette(THEMES[theme], extra_colours(board, THEMES[theme]))}
        total = 0
        for k in range(gif.n_frames):
            gif.seek(k)
            total += gif.info["duration"]
            if k % 40 == 0:
                assert _colours(np.asarray(gif.convert("RGB"))) <= allowed
        assert total == pytest.approx(frames * 80, abs=80)
    background = THEMES[theme].bg
    assert decoded[-1][5, 5].tolist() == pytest.approx([int(background[i : i + 2], 16) for i in (1, 3, 5)], abs=3)

    poster = np.asarray(Image.open(stem.with_suffix(".png")).convert("RGB"))[::2, ::2].astype(np.int16)
    ticks = round(report["poster_second"] * 25)
    at = round((ticks + 1) / 2) - 1  # the last frame before that tick ends
    off = [float(np.abs(poster - frame[::2, ::2]).mean()) for frame in decoded]  # a quarter of the pixels tells
    beat = next(beat for beat in board.beats if board.poster < beat.end)  # while it rests the codec may lose a little
    others = [away for k, away in enumerate(off) if not beat.start // 2 <= k <= at]
    assert off[at] <= min(others) + 0.02  # no frame of another beat is nearer
    assert off[at] < 3  # the video is lossy, the poster is not
    assert off[0] > off[at]


def carried(film: Film, stem: Path, board: Storyboard) -> None:
    """Captions, alt text and provenance tell the film, and the files that are there."""
    track = stem.with_suffix(".captions").read_text(encoding="utf-8")
    assert track == webvtt(board)
    assert not stem.with_suffix(".vtt").exists()
    assert film.alt == board.alt
    report = json.loads(stem.with_suffix(".json").read_text(encoding="utf-8"))
    for suffix, kind in BESIDE.items():
        path = stem.with_suffix(suffix)
        listed = report["files"][path.name]
        assert listed["type"] == kind
        assert listed["bytes"] == path.stat().st_size
        assert listed["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert len(report["files"]) == len(BESIDE)
    assert "/" not in "".join(report["files"])  # names, no places


SCRIPT = """
import sys
from layeranim import api
stem, name = sys.argv[1:]
api.render(name, output=[stem + s for s in (".mp4", ".gif")], quality="draft", steps="first:3")
"""


@pytest.mark.grid(2)
@pytest.mark.parametrize("name", ONES)
def test_the_same_bytes_in_another_process_place_and_locale(name: str, tmp_path: Path) -> None:
    stem = tmp_path / "one" / name
    stem.parent.mkdir()
    api.render(name, output=[f"{stem}.mp4", f"{stem}.gif"], steps="first:3", **DRAFT)
    other = tmp_path / "an other's ü"
    other.mkdir()
    env = {**os.environ, "PYTHONHASHSEED": "7", "LC_ALL": "C", "TZ": "Pacific/Chatham", "OMP_NUM_THREADS": "1"}
    env.pop("HOME", None)
    env["PYTHONPATH"] = os.pathsep.join([str(Path(api.__file__).parents[1]), env.get("PYTHONPATH", "")])
    subprocess.run([sys.executable, "-c", SCRIPT, str(other / name), name], check=True, cwd=other, env=env)
    for suffix in (*BESIDE, ".json"):
        assert (other / name).with_suffix(suffix).read_bytes() == stem.with_suffix(suffix).read_bytes(), suffix


def test_the_default_gif_is_small_enough_to_embed(tmp_path: Path) -> None:
    """Those of all other films are bounded by the gallery's manifest."""
    path = tmp_path / "conv.gif"
    api.render("conv", output=str(path))
    assert path.stat().st_size <= 450_000


def test_other_sizes_are_drawn_not_resampled(tmp_path: Path) -> None:
    path = tmp_path / "wide.gif"
    api.render("conv", output=str(path), size="1000x400", steps="first:1", fps=10)
    with Image.open(path) as gif:
        assert gif.size == (1000, 400)
        first = np.asarray(gif.convert("RGB"))
    assert (first[:, :120] == 255).all()  # the canvas is centred on the background
    assert 0x16191D in _colours(first)  # ink is exact


def _measured(path: Path) -> tuple[int, int, int, float]:
    """Width, height, frames and seconds as a decoder finds them; a GIF has no frames to count."""
    if path.suffix in (".mp4", ".webm"):
        with av.open(str(path)) as video:
            frames = sum(1 for _ in video.decode(video=0))
            return video.streams.video[0].width, video.streams.video[0].height, frames, video.duration / av.time_base
    with Image.open(path) as picture:
        shown = 0.0
        for number in range(picture.n_frames):
            picture.seek(number)
            picture.load()
            shown += float(picture.info["duration"])
        return *picture.size, 0, shown / 1000


@pytest.mark.parametrize("fps", [None, 1, "12.5", 7, 30])
def test_the_provenance_says_what_a_decoder_finds_in_each_file(fps: object, tmp_path: Path) -> None:
    """Sizes, kinds, and seconds: those of the file, where the story ends within a frame."""
    suffixes = {
        ".mp4": "video/mp4", ".webm": "video/webm", ".av1.webm": "video/webm",
        ".gif": "image/gif", ".webp": "image/webp", ".apng": "image/apng",
    }  # fmt: skip
    rate = {} if fps is None else {"fps": fps}
    film = api.render("conv", output=[f"{tmp_path}/a{s}" for s in suffixes], steps="first:1", **DRAFT, **rate)
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    for suffix, kind in suffixes.items():
        listed = report["files"][f"a{suffix}"]
        width, height, frames, seconds = _measured(tmp_path / f"a{suffix}")
        assert (listed["type"], listed["width"], listed["height"]) == (kind, width, height)
        assert frames in (0, listed["frames"])
        assert listed["seconds"] == pytest.approx(seconds, abs=0.011), suffix  # a GIF counts hundredths
    assert film.seconds == report["seconds"] == max(one.get("seconds", 0) for one in report["files"].values())
    assert film.frames == report["frames"]


@pytest.mark.parametrize("captions", [True, False])
def test_players_find_words_by_themselves_only_where_the_picture_has_none(captions: bool, tmp_path: Path) -> None:
    """mpv and VLC lay ``NAME.vtt`` over ``NAME.mp4`` unasked, and VLC ``NAME.webvtt`` and ``NAME.captions.vtt``."""
    api.render("conv", output=f"{tmp_path}/a.mp4", steps="first:1", captions=captions, fps=5, **DRAFT)
    name = "a.captions" if captions else "a.vtt"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(["a.json", "a.mp4", "a.png", name])
    assert (tmp_path / name).read_text(encoding="utf-8").startswith("WEBVTT\n\n1\n00:00:00.000 --> ")
    report = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))
    assert report["files"][name]["type"] == "text/vtt"
