"""A cell that leaves its grid: a number on its way from one place to another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from manim import Scene, VGroup

from layeranim.scenes.parts.animate import EVEN, TRAVEL, InPlace
from layeranim.scenes.parts.shape import PX
from layeranim.scenes.parts.tilegrid import CellLook, TileGrid
from layeranim.stories.storyboard import Point


def lie(alpha: float) -> float:
    """Travel for three fifths of the time, then lie there."""
    return float(TRAVEL(min(1.0, alpha / 0.6)))


def tile(grid: TileGrid, row: int, col: int, look: CellLook | None = None) -> TileGrid:
    """A copy of one cell of a grid, lying on it; ``look`` shows something else on the same cell."""
    box = grid.plan.cell(row, col)
    plan = replace(grid.plan, rows=1, cols=1, at=(box.x, box.y), cells=None, changing=None, frame=None, empty=True)
    out = TileGrid(plan, grid.theme)
    out.blend(0, 0, look or grid.looks[row][col], 16)
    if (row, col) in grid.sources:
        out.sources[0, 0] = grid.sources[row, col]
    return out


class Glide(InPlace):
    """Tiles travel, each along its own way of straight stretches, and leave the stage at its end."""

    def __init__(self, scene: Scene, ways: Sequence[tuple[TileGrid, Sequence[Point]]], **kwargs: Any) -> None:
        super().__init__(VGroup(), rate_func=kwargs.pop("rate_func", TRAVEL), **kwargs)
        self.scene, self.ways = scene, [(m, np.asarray(points, float)) for m, points in ways]

    def begin(self) -> None:
        self.scene.add(*(m for m, _ in self.ways))
        super().begin()

    def set(self, alpha: float) -> None:
        for m, points in self.ways:
            lengths = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
            at = [float(np.interp(alpha * lengths[-1], lengths, points[:, k])) * PX for k in (0, 1)]
            m.points[:, :2] += np.asarray(at) - m.points[:, :2].mean(axis=0)

    def finish(self) -> None:
        super().finish()
        self.scene.remove(*(m for m, _ in self.ways))


class Stream(Glide):
    """Tiles travel one after another, each for an equal part of the time; one that has arrived is gone."""

    def __init__(self, scene: Scene, ways: Sequence[tuple[TileGrid, Sequence[Point]]]) -> None:
        super().__init__(scene, ways, rate_func=EVEN)

    def set(self, alpha: float) -> None:
        for k, (m, points) in enumerate(self.ways):
            share = float(TRAVEL(min(1.0, max(0.0, alpha * len(self.ways) - k))))
            at = points[0] + (points[-1] - points[0]) * share
            m.points[:, :2] += at * PX - m.points[:, :2].mean(axis=0)
            if share >= 1.0:
                self.scene.remove(m)
