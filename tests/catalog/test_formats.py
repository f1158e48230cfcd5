"""Every format of one film: its frames, seconds, size and plays as the options say, the theme's colours exact."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from layeranim import api
from layeranim.film.film import Film
from layeranim.theme import DARK, rgb

NAMES = ("f.mp4", "f.webm", "f.av1.webm", "f.gif", "f.webp", "f.apng", "f-%03d.png")
EXACT = ("f.gif", "f.webp", "f.apng", "f-%03d.png")
SIZE, FPS, PLAYS = (432, 244), Fraction(15), 3


class Decoded(NamedTuple):
    """``times``: when each picture begins, and the end of the last."""

    pictures: list[NDArray[np.uint8]]
    times: list[float]
    plays: int | None


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> tuple[Film, Path]:
    folder = tmp_path_factory.mktemp("formats")
    options: dict[str, Any] = {"size": "432x244", "fps": 15, "pace": "fast", "steps": "2-4", "loop": PLAYS}
    return api.render("conv", output=[folder / name for name in NAMES], theme="dark", **options), folder


def decoded(path: Path) -> Decoded:
    if "%" in path.name:
        files = sorted(path.parent.glob("f-*.png"))
        return Decoded([picture(Image.open(file)) for file in files], [], None)
    if path.suffix in (".mp4", ".webm"):
        return video(path)
    with Image.open(path) as image:
        pictures, times = [], [0.0]
        for number in range(image.n_frames):  # type: ignore[attr-defined]
            image.seek(number)
            image.load()
            pictures.append(picture(image))
            times.append(times[-1] + image.info["duration"] / 1000)
        return Decoded(pictures, times, plays(path, image))


def video(path: Path) -> Decoded:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frames = list(container.decode(stream))
        end = float(Fraction(container.duration or 0, av.time_base))
        pictures = [frame.reformat(format="rgb24", src_colorspace="ITU709").to_ndarray() for frame in frames]
        return Decoded(pictures, [*(float(frame.time or 0) for frame in frames), end], None)


def picture(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("RGB"))


def plays(path: Path, image: Image.Image) -> int:
    """How often the file says that it plays."""
    if path.suffix == ".gif":
        return int(image.info["loop"]) + 1  # a GIF counts the plays after the first
    if path.suffix == ".webp":
        return int(image.info["loop"])
    data = path.read_bytes()
    (number,) = struct.unpack_from(">I", data, data.index(b"acTL") + 8)
    return int(number)


@pytest.mark.parametrize("name", NAMES)
def test_options_reach_every_format(film: tuple[Film, Path], name: str) -> None:
    made, folder = film
    found = decoded(folder / name)
    assert made.frames == round(made.seconds * FPS)
    assert {shown.shape for shown in found.pictures} == {(SIZE[1], SIZE[0], 3)}
    assert found.plays in (None, PLAYS)
    if name not in EXACT or "%" in name:
        assert len(found.pictures) == made.frames
    if found.times:
        assert abs(found.times[-1] - made.frames / FPS) <= 1 / FPS
        assert len(found.times) == len(found.pictures) + 1


@pytest.mark.parametrize("name", NAMES)
def test_every_format_shows_the_same_film(film: tuple[Film, Path], name: str) -> None:
    """At the middle of every frame each format shows that frame of the PNG sequence."""
    made, folder = film
    sequence, found = decoded(folder / "f-%03d.png").pictures, decoded(folder / name)
    times = found.times or [number / FPS for number in range(made.frames + 1)]
    for number, wanted in enumerate(sequence):
        at = int(np.searchsorted(times, (number + 0.5) / FPS, side="right")) - 1
        error = np.abs(found.pictures[at].astype(int) - wanted).mean()
        assert error <= (0 if name in EXACT[1:] else 0.4 if name == "f.gif" else 2.5), (number, at)


@pytest.mark.parametrize("name", EXACT)
def test_tokens_are_exact(film: tuple[Film, Path], name: str) -> None:
    colours = {tuple(c) for c in np.unique(decoded(film[1] / name).pictures[-1].reshape(-1, 3), axis=0).tolist()}
    assert {rgb(token) for token in (DARK.bg, DARK.ink, DARK.weights, DARK.result, DARK.muted, DARK.raised)} <= colours


def test_the_poster_is_a_frame_of_the_film(film: tuple[Film, Path]) -> None:
    made, folder = film
    assert made.poster == folder / "f.png"
    poster = picture(Image.open(folder / "f.png"))
    assert any(np.array_equal(poster, shown) for shown in decoded(folder / "f-%03d.png").pictures)
