"""A film made: one trace and storyboard, one walk over the scene for each frame rate, every format fed from it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layeranim import catalog
from layeranim import theme as themes
from layeranim.errors import LayeranimError, RenderError
from layeranim.film import captions, host, owned
from layeranim.film.beside import beside
from layeranim.film.destinations import PLAYER, POSTER, Destination, every_path, stems, still
from layeranim.film.output import Outputs
from layeranim.film.player import telling
from layeranim.film.renderer import EnoughDrawn, FilmRenderer
from layeranim.film.stills import making
from layeranim.film.writers import FORMATS, STILLS, Rect, Spec, Writer, writer
from layeranim.layout import View
from layeranim.records import dataclass
from layeranim.scenes.base import ExplainerScene
from layeranim.stories.alt import of_still
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import Storyboard
from layeranim.stories.timing import frame_at
from layeranim.theme import own

if TYPE_CHECKING:
    from layeranim.engine.trace import Trace
    from layeranim.film.provenance import MadeFrom

NOTEBOOK = "layeranim.embed.notebook"
"""What shows a film in a notebook: above this room, so that it is named as the catalogue names scenes, not imported."""
Progress = Callable[[int, int], None]
"""Called with the frames drawn so far and the frames in all passes."""


@dataclass(frozen=True)
class Film:
    """A film that was written. Shows itself in a notebook."""

    paths: tuple[Path, ...]
    poster: Path | None
    alt: str
    captions: tuple[captions.Cue, ...] = field(repr=False)
    seconds: float
    frames: int
    warnings: tuple[str, ...] = ()
    """Films with other options that this one replaced."""

    reports: Mapping[Path, Mapping[str, Any]] = field(default_factory=dict, repr=False, compare=False)
    """What the provenances beside the film say, by their full paths."""

    def _repr_html_(self) -> str:
        return str(catalog.resolve(f"{NOTEBOOK}:film")(self))

    def _repr_png_(self) -> bytes | None:  # for what takes no HTML: a notebook as PDF
        found: bytes | None = catalog.resolve(f"{NOTEBOOK}:poster")(self)
        return found


@dataclass(frozen=True)
class Pass:
    """Frames of one size and rate, and the formats that they feed."""

    width: int
    height: int
    fps: Fraction
    items: tuple[Destination, ...]

    def frame_of(self, tick: int) -> int:
        """The frame at which a tick begins."""
        return frame_at(tick, self.fps)

    def poster_of(self, board: Storyboard) -> int:
        """The frame that is the poster."""
        return max(0, self.frame_of(board.poster + 1) - 1)


class Outlets:
    """Hands every frame to all writers of a pass and keeps the poster."""

    def __init__(self, writers: Sequence[Writer], poster: int, progress: Callable[[int], None] | None = None) -> None:
        self.writers, self.wanted, self.progress = writers, poster, progress
        self.frames = 0
        self.poster: NDArray[np.uint8] | None = None

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        if self.frames <= self.wanted < self.frames + repeat:
            self.poster = pixels.copy()
        self.frames += repeat
        for one in self.writers:
            one.write(pixels, changed, repeat)
        if self.progress:
            self.progress(self.frames)


def make(
    board: Storyboard,
    scene: type[ExplainerScene],
    options: FilmOptions,
    found: Sequence[Destination],
    origin: MadeFrom,
    progress: Progress | None = None,
    workers: int = 2,
    trace: Trace | None = None,
) -> Film:
    """Draw and write a film; nothing is visible before all is complete. ``trace``: what a player's tables are of."""
    if still(item.fmt for item in found):
        board = replace(board, alt=of_still(board))
    theme = own.named(options.theme, options.background)
    extra = extra_colours(board, theme)
    player = telling.told(board, trace, options.precision) if any(item.fmt == PLAYER for item in found) else None
    paths = every_path(found, options.captions)
    runs = walks(found, options)
    stills = [item for item in found if item.fmt in STILLS]
    total = sum(shot.frame_of(board.ticks) for shot, *_ in runs)
    before = 0
    posters: dict[tuple[int, int], NDArray[np.uint8]] = {}
    frames: dict[tuple[int, int, Fraction], int] = {}
    with ExitStack() as stack:
        films = {item.path for item in found if item.fmt != POSTER}  # what stands beside them has no limit
        stream = next((item.stream for item in found if item.stream is not None), None)
        outputs = stack.enter_context(Outputs(paths, options.max_size, films, stream))
        files: dict[str, Any] = dict(zip(paths, outputs.files, strict=True))
        open_writers: list[Writer] = []
        stack.callback(_abort, open_writers)
        for shots in runs:
            told = partial(_report, progress, before, total) if progress else None
            fans = list[Outlets]()
            for shot in shots:
                spec = Spec(shot.width, shot.height, shot.fps, theme, options.loop, workers, extra, player)
                fed = [item for item in shot.items if item.fmt in FORMATS]
                begun = len(open_writers)
                for item in fed:
                    open_writers.append(writer(item.fmt, files[item.path], spec))
                fans.append(Outlets(tuple(open_writers[begun:]), shot.poster_of(board), None if fans else told))
            (shot, fan), *others = zip(shots, fans, strict=True)
            if open_writers:
                draw(board, scene, theme, shot, fan, options.captions, also=others)
            else:
                fan.frames = fan.wanted
                draw(board, scene, theme, shot, fan, options.captions, fan.wanted)
                fan.frames = shot.frame_of(board.ticks)
            while open_writers:  # an encoder's memory is given back before the next walk
                open_writers[0].finish()
                del open_writers[0]
            before += fan.frames
            for shot, fan in zip(shots, fans, strict=True):
                fan.writers = ()
                frames[shot.width, shot.height, shot.fps] = fan.frames
                if fan.poster is not None:
                    posters[shot.width, shot.height] = fan.poster
        paged = making.write({item.path: item.fmt for item in stills}, files, board, scene, theme, options)
        frames = frames or {(0, 0, making.FPS): board.ticks}
        reports = beside(board, found, files, posters, options, origin, frames, paged)
        outputs.complete()
        owned.publish(outputs, reports)
    standing = next((Path(stem + ".png") for stem in stems(found)), None)
    written = tuple(Path(item.path) for item in found if item.stream is None)
    (*_, fps), most = max(frames.items(), key=lambda pass_and_frames: pass_and_frames[1])
    said = {place.absolute(): report for place, report in reports.items()}
    return Film(written, standing, board.alt, tuple(captions.cues(board)), float(most / fps), most, reports=said)


def _report(progress: Progress, before: int, total: int, frames: int) -> None:
    progress(before + frames, total)


def _abort(writers: list[Writer]) -> None:
    for one in writers:
        one.abort()


def walks(found: Iterable[Destination], options: FilmOptions) -> list[tuple[Pass, ...]]:
    """The runs over the scene that these destinations need, each with its passes, the largest first.

    Frames of one rate are drawn in one run, whatever their size. A poster is taken from the largest; one that is larger
    than every film is drawn alone.
    """
    sizes: dict[tuple[int, int, Fraction], list[Destination]] = {}
    for item in found:
        if item.fmt in STILLS:  # they have a pass of their own
            continue
        sizes.setdefault(options.frame("mp4" if item.fmt == POSTER else item.fmt), []).append(item)
    ordered = sorted(sizes.items(), key=lambda pair: (-pair[0][0] * pair[0][1], pair[0][2]))
    together: dict[Any, list[Pass]] = {}
    for (width, height, fps), items in ordered:
        moving = any(item.fmt in FORMATS for item in items)
        together.setdefault((fps, Fraction(width, height), moving), []).append(Pass(width, height, fps, tuple(items)))
    return [tuple(shots) for shots in together.values()]


def draw(
    board: Storyboard, scene: type[ExplainerScene], theme: themes.Theme, shot: Pass, fan: Any, captioned: bool = True,
    only: int | None = None, also: Iterable[tuple[Pass, Any]] = (),
) -> ExplainerScene:  # fmt: skip
    """One run over the scene into ``fan``, of all frames or of ``only`` one; ``also`` in other sizes into theirs."""
    with host.session(shot.width, shot.height, shot.fps, theme.bg, board.canvas) as scale, _quick_turns():
        renderer = FilmRenderer(
            View(shot.width, shot.height, scale), theme.behind, float(shot.fps), fan,
            None if only is None else [only],
            [(View(other.width, other.height, scale * other.width / shot.width), to) for other, to in also],
        )  # fmt: skip
        playing = scene(board, theme, shot.fps, captioned, renderer=renderer)
        try:
            playing.render()
        except EnoughDrawn:
            pass
        except (LayeranimError, KeyboardInterrupt):
            raise
        except MemoryError:
            raise RenderError(
                f"drawing {board.explainer} at {shot.width}x{shot.height} needs more memory than there is"
            ) from None
        finally:
            renderer.let_go()
    return playing


@contextmanager
def _quick_turns() -> Iterator[None]:
    """Let an encoder's thread have Python soon when it asks: the default, 5 ms, is the time of a frame."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def extra_colours(board: Storyboard, theme: themes.Theme) -> tuple[str, ...]:
    """The greys or tints of a film's images: exact in a GIF, like the theme's own colours."""
    scales = {grid.cells.scale for grid in board.grids.values() if grid.cells is not None} & set(themes.PLANES)
    return tuple(theme.fill(scale, level) for scale in sorted(scales) for level in range(themes.GREYS))
