"""The film that every benchmark draws: a storyboard of ours, at the sizes of the comparison."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from layeranim import catalog, numbers, preparing
from layeranim.film.film import Pass, draw
from layeranim.film.writers import Spec, Writer
from layeranim.scenes.base import ExplainerScene
from layeranim.stories.storyboard import Cells, GridPlan, Storyboard
from layeranim.theme import LIGHT

FPS = Fraction(25)


def small() -> Storyboard:
    """6×6 ∗ 3×3, 16 steps."""
    return board("conv", input="random:6x6", kernel_size=3)


def large() -> Storyboard:
    """28×28 ∗ 3×3, its first 16 steps, as heat with a lens."""
    return board("conv", input="random:28x28", kernel_size=3, steps="first:16")


def large_with_numerals() -> Storyboard:
    """28×28 ∗ 3×3, its first 16 steps, a numeral in every cell, however small."""
    heat = large()
    grids = dict(heat.grids)
    for name in ("input:0", "output:0"):
        grids[name] = _numbered(grids[name])
    return replace(heat, grids=grids)


def board(explainer: str, **options: object) -> Storyboard:
    """A storyboard of ours."""
    work = preparing.prepare(explainer, options)
    return work.storyboard(work.trace())


def again(story: Storyboard, times: int) -> Storyboard:
    """A storyboard whose beats come so many times: a longer film of the same stage."""
    beats = (replace(beat, start=beat.start + turn * story.ticks) for turn in range(times) for beat in story.beats)
    return replace(story, beats=tuple(beats))


def _numbered(grid: GridPlan) -> GridPlan:
    cells = grid.cells
    if cells is None:
        raise ValueError(f"{grid.name} has no cells")
    return replace(grid, numeral=7, pitch=(14, 14), cells=_texts(cells))


def _texts(cells: Cells) -> Cells:
    return replace(cells, texts=numbers.texts(cells.levels, numbers.style(cells.levels)))


class Feed:
    """Hands frames to writers, or to none, and counts them."""

    def __init__(self, *writers: Writer) -> None:
        self.writers, self.frames = writers, 0

    def write(self, pixels: object, changed: object, repeat: int) -> None:
        self.frames += repeat
        for one in self.writers:
            one.write(pixels, changed, repeat)  # type: ignore[arg-type]


def play(story: Storyboard, size: tuple[int, int], feed: object, *also: tuple[int, int]) -> ExplainerScene:
    """Draw a film of ours into ``feed``, ``also`` in more sizes."""
    scene = catalog.resolve(catalog.explainer(story.explainer).scene)
    others = [(Pass(*other, FPS, ()), feed) for other in also]
    return draw(story, scene, LIGHT, Pass(*size, FPS, ()), feed, also=others)


def spec(size: tuple[int, int], workers: int = 2) -> Spec:
    """What the writers are told."""
    return Spec(*size, FPS, LIGHT, workers=workers)
