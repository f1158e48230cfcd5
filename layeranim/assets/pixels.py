"""Films drawn again and compared, frame by frame, with those that are committed; what differs is put on a page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from layeranim.assets import pool
from layeranim.assets.draw import Task
from layeranim.assets.finding import content
from layeranim.assets.manifest import Manifest, files_of
from layeranim.assets.plan import BuildPlan
from layeranim.errors import LayeranimError, RenderError
from layeranim.film import owned
from layeranim.film.output import Output, check_writable
from layeranim.film.player.page import carried
from layeranim.film.writers.png import write_png
from layeranim.inputs import printable
from layeranim.records import dataclass
from layeranim.stories.options import MOST_PIXELS

NEAR = 24
"""Levels of 255 that a channel may be off: codecs and antialiasing differ by a few between versions."""
SHARE = 0.001
"""Part of a frame's pixels that may be further off."""
PICTURES = ("gif", "webp", "png", "apng", "sheet.png")
VIDEOS = ("mp4", "webm", "av1.webm")
PAGES = ("html",)
EDGE = 8
PAGE = "index.html"
LARGEST_PAGE = 10_000_000
LARGEST = 1_000_000_000
"""Bytes of a file that is compared."""

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Difference:
    """The first frame that differs, and how."""

    frame: int
    detail: str
    expected: Pixels | None = None
    actual: Pixels | None = None


def compare(suffix: str, expected: bytes, actual: bytes) -> Difference | None:
    """The first difference beyond the tolerance between two films of one format, decoded; ``None`` if there is none."""
    if expected == actual or suffix not in (*PICTURES, *VIDEOS, *PAGES):
        return None
    pairs = zip_longest(_frames(suffix, expected), _frames(suffix, actual))
    for number, (one, other) in enumerate(pairs, 1):
        if one is None or other is None:
            which = "expected" if other is None else "drawn now"
            return Difference(number, f"frame {number} is only in the film {which}")
        if one[0] != other[0]:
            return Difference(number, f"frame {number} is shown {one[0]}, now {other[0]}", one[1], other[1])
        if one[1].shape != other[1].shape:
            detail = f"frame {number} has {_size(one[1])} pixels, now {_size(other[1])}"
            return Difference(number, detail, one[1], other[1])
        share = float(np.mean(_far(one[1], other[1])))
        if share > SHARE:
            return Difference(number, f"{share:.2%} of frame {number}'s pixels differ", one[1], other[1])
    return None


def _far(one: Pixels, other: Pixels) -> NDArray[np.bool_]:
    far: NDArray[np.bool_] = np.abs(one.astype(np.int16) - other).max(axis=-1) > NEAR
    return far


def _size(pixels: Pixels) -> str:
    return f"{pixels.shape[1]}×{pixels.shape[0]}"


def _frames(suffix: str, data: bytes) -> Iterator[tuple[str, Pixels]]:
    """Every frame as RGB, with how long it is shown. Raises ``RenderError`` for what cannot be decoded."""
    try:
        if suffix in PAGES:
            yield from _video("mp4", carried(data))
        else:
            yield from _video(suffix, data) if suffix in VIDEOS else _pictures(suffix, data)
    except Exception as error:  # a decoder at work on foreign bytes may raise anything
        raise RenderError(f"the {suffix} cannot be decoded: {printable(str(error), 200)}") from None


def _pictures(suffix: str, data: bytes) -> Iterator[tuple[str, Pixels]]:
    from PIL import Image, ImageSequence

    with Image.open(BytesIO(data), formats=["PNG" if suffix.endswith("png") else suffix.upper()]) as image:
        if image.width * image.height > MOST_PIXELS:
            raise ValueError(f"it declares {image.width}×{image.height} pixels, which no film has")
        for frame in ImageSequence.Iterator(image):
            pixels = np.asarray(frame.convert("RGB"))  # and with that its time is known
            yield f"{frame.info.get('duration', 0):g} ms", pixels


def _video(suffix: str, data: bytes) -> Iterator[tuple[str, Pixels]]:
    import av

    with av.open(BytesIO(data), "r", format="mp4" if suffix == "mp4" else "webm") as container:
        if not container.streams.video:
            raise ValueError("it holds no pictures")
        container.streams.video[0].codec_context.options = {"max_pixels": str(MOST_PIXELS)}
        for frame in container.decode(video=0):
            yield f"at {frame.time:.3f} s", frame.to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def redrawn(manifest: Manifest, films: Sequence[BuildPlan], jobs: int) -> tuple[dict[str, Difference], dict[str, str]]:
    """Draw films again. The files that differ from those that are there, and the films that could not be compared."""
    found: dict[str, Difference] = {}
    problems: dict[str, str] = {}
    with TemporaryDirectory(prefix="layeranim-") as place:  # a check leaves the folder of films alone
        tasks = [Task(one.entry, manifest.base, Path(place), one.digest) for one in films]
        for task, drawn in pool.by_processes(tasks, jobs):
            name = task.entry.name
            if drawn.problem is not None:
                problems[name] = drawn.problem
            for suffix, data in drawn.files.items():
                path = manifest.root / f"{name}.{suffix}"
                if path.is_symlink():  # to a picture of somebody's, which belongs on no page
                    problems[name] = f"{path.name} is a link"
                    continue
                try:
                    difference = compare(suffix, content(path, LARGEST), data)
                except OSError as error:
                    problems[name] = f"{path.name}: {error.strerror}"
                    continue
                except LayeranimError as error:
                    problems[name] = str(error) if path.name in str(error) else f"{path.name}: {error}"
                    continue
                if difference:
                    found[path.name] = difference
    return found, problems


def check_report(folder: Path, films: Sequence[BuildPlan]) -> None:
    """Refuse, before anything is drawn, a folder whose page or pictures are not those of an earlier report.

    A picture is ours if our page shows it.
    """
    page = folder / PAGE
    check_writable(page)
    before = page.read_bytes()[:LARGEST_PAGE].decode(errors="replace") if page.is_file() else ""
    ours = before.startswith(_PAGE[:80])
    pictures = [folder / _picture(file) for one in films for file in files_of(one.entry)]
    strange = [path for path in pictures if path.exists() and not (ours and f'src="{escape(path.name)}"' in before)]
    owned.refuse_foreign([page] * bool(before and not ours) + strange, "no earlier report", "--report, a new folder")


def _picture(file: str) -> str:
    return f"{file}.difference.png"


def write(folder: Path, found: Mapping[str, Difference]) -> Path:
    """A page of all differences, with expected, actual and difference side by side; returns its path."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for file, one in sorted(found.items()):
        rows.append(f"<h2>{escape(file)}</h2>\n<p>{escape(one.detail)}</p>")
        if one.expected is not None and one.actual is not None:
            picture = _picture(file)
            with Output(folder / picture) as output:
                write_png(output.file, _bgra(_side_by_side(one.expected, one.actual)))
                output.commit()
            alt = f"{file}, frame {one.frame}: expected, actual, difference"
            rows.append(f'<img src="{escape(picture)}" alt="{escape(alt)}">')
    page = folder / PAGE
    with Output(page) as output:
        output.file.write(_PAGE.format("\n".join(rows)).encode())
        output.commit()
    return page


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Films that differ</title>
<style>body {{ font: 16px/1.5 sans-serif; margin: 2rem }} img {{ max-width: 100%; image-rendering: pixelated }}</style>
<h1>Films that differ</h1>
<p>Left: expected. Middle: drawn now. Right: white where a pixel is off by more than the tolerance.</p>
{}
</html>
"""


def _side_by_side(expected: Pixels, actual: Pixels) -> Pixels:
    height = max(expected.shape[0], actual.shape[0])
    panels = [expected, actual]
    if expected.shape == actual.shape:
        panels.append(np.repeat(_far(expected, actual)[..., None] * np.uint8(255), 3, axis=-1).astype(np.uint8))
    padded = [np.pad(p, ((0, height - p.shape[0]), (0, EDGE), (0, 0)), constant_values=128) for p in panels]
    return np.concatenate(padded, axis=1)


def _bgra(rgb: Pixels) -> Pixels:
    """As the film's own PNG writer takes it."""
    return np.concatenate([rgb[..., ::-1], np.full((*rgb.shape[:2], 1), 255, np.uint8)], axis=-1)
