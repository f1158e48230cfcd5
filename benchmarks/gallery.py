"""What each film of the gallery costs in processor seconds, and where they go; imports aside."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import films
import numpy as np
from av.codec.context import CodecContext
from numpy.typing import NDArray

from layeranim import catalog, preparing
from layeranim.assets.entries import Entry
from layeranim.assets.manifest import read
from layeranim.film.film import Pass, draw
from layeranim.film.writers import Rect, Spec, mp4, video
from layeranim.film.writers.yuv import convert, paste
from layeranim.stories.options import FilmOptions
from layeranim.theme import THEMES

MANIFEST = Path(__file__).parents[1] / "layeranim.toml"
SIZES = tuple(FilmOptions().frame(fmt) for fmt in ("mp4", "gif"))
"""MP4 and GIF, as they are made where nothing else is asked for."""


@dataclass(frozen=True)
class Cost:
    """Processor seconds of one film, made as MP4, GIF and poster."""

    name: str
    seconds: float  # of film
    frames: int
    trace: float
    story: float
    drawing: float
    film: float  # drawing too
    alone: float  # the poster, made without its film
    least: float  # of x264 alone, at its fastest, handed each picture of the MP4 once

    @property
    def whole(self) -> float:
        return self.trace + self.story + self.film

    @property
    def encoding(self) -> float:
        """What is left: encoders, palette, poster, files."""
        return max(0.0, self.film - self.drawing)

    @property
    def poster(self) -> float:
        """A poster alone, as a share of its film."""
        return (self.trace + self.story + self.alone) / self.whole


class Fastest:
    """x264's ``ultrafast`` on one thread, without what it may leave out; the processor seconds of its calls alone."""

    LEFT_OUT = "bframes=0:weightp=0:scenecut=0:no-deblock=1:rc-lookahead=0:no-mbtree=1:aq-mode=0"

    def __init__(self, spec: Spec) -> None:
        options = {**mp4.H264.options, "preset": "ultrafast", "x264-params": self.LEFT_OUT}
        driven = replace(mp4.H264, options=options, threads=1)
        self._context = video.configure(CodecContext.create(driven.encoder, "w"), spec, driven)
        self._frame, self._planes = video.picture(spec)
        self._frame.pts = 0
        self.seconds = 0.0

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        for x0, y0, x1, y1 in changed:
            paste(self._planes, convert(pixels[y0:y1, x0:x1]), x0, y0)
        if changed:
            self._encode(self._frame)
        self._frame.pts += repeat

    def _encode(self, frame: Any) -> None:
        before = time.process_time()
        self._context.encode(frame)
        self.seconds += time.process_time() - before


def costs(word: str) -> Iterator[Cost]:
    """Each film of the gallery whose name holds ``word``. The first is made twice: it imports what all need."""
    found, _ = read(MANIFEST)
    chosen = [entry for entry in found.entries if word in entry.name]
    for number, entry in enumerate([*chosen[:1], *chosen]):
        cost = _cost(entry)
        if number:
            yield cost


def _cost(entry: Entry) -> Cost:
    marks = [time.process_time()]
    options = {name: value for name, value in entry.options.items() if name != "max_size"}  # a limit of the GIFs
    work = preparing.prepare(entry.explainer, options)
    trace = work.trace()
    marks.append(time.process_time())
    board = work.storyboard(trace)
    marks.append(time.process_time())
    scene, feed = catalog.resolve(catalog.explainer(board.explainer).scene), films.Feed()
    large, small = (Pass(*size, ()) for size in SIZES)
    draw(board, scene, THEMES[entry.theme], large, feed, also=[(small, feed)])
    marks.append(time.process_time())
    with TemporaryDirectory() as folder:
        work.film_to([f"{folder}/a.mp4", f"{folder}/a.gif"], board=board)
        marks.append(time.process_time())
        work.film_to([f"{folder}/p.png"], board=board)
        marks.append(time.process_time())
    fastest = Fastest(Spec(large.width, large.height, large.fps, THEMES[entry.theme]))
    draw(board, scene, THEMES[entry.theme], large, fastest)
    taken = (after - before for before, after in pairwise(marks))
    return Cost(entry.name, board.seconds, feed.frames, *taken, fastest.seconds)
