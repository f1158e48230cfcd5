"""A cell that leaves its grid: a number on its way from one place to another."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import numpy as np

from layeranim.borrowed import Scene, VGroup
from layeranim.scenes.parts.animate import EVEN, TRAVEL, InPlace
from layeranim.scenes.parts.shape import PX
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories.storyboard import Point


def lie(alpha: float) -> float:
    """Travel for three fifths of the time, then lie there."""
    return float(TRAVEL(min(1.0, alpha / 0.6)))


def tile(grid: TileGrid, row: int, col: int) -> TileGrid:
    """A copy of one cell of a grid, lying on it."""
    box = grid.plan.cell(row, col)
    plan = replace(grid.plan, rows=1, cols=1, at=(box.x, box.y), cells=None, frame=None, empty=True)
    out = TileGrid(plan, grid.theme)
    out.blend(0, 0, grid.looks[row][col], 16)
    if (row, col) in grid.sources:
        out.sources[0, 0] = grid.sources[row, col]
    return out


class Journey:
    """A tile on its way, in a straight line, from where it lies to a goal."""

    def __init__(self, tile: TileGrid, goal: Point) -> None:
        self.tile = tile
        self.start = tile.points[:, :2].copy()
        self.way = np.array(goal) * PX - self.start.mean(axis=0)

    def go(self, share: float) -> None:
        """To where it is after ``share`` of the way."""
        self.tile.points[:, :2] = self.start + self.way * share


class Glide(InPlace):
    """Tiles travel, each to its own goal, and leave the stage there: they lie for a while."""

    def __init__(
        self, scene: Scene, ways: Iterable[tuple[TileGrid, Point]], rate_func: Callable[[float], float] = lie
    ) -> None:
        super().__init__(VGroup(), rate_func=rate_func)
        self.scene, self.ways = scene, [Journey(tile, goal) for tile, goal in ways]

    def begin(self) -> None:
        self.scene.add(*(way.tile for way in self.ways))
        super().begin()

    def set(self, alpha: float) -> None:
        for way in self.ways:
            way.go(alpha)

    def finish(self) -> None:
        super().finish()
        self.scene.remove(*(way.tile for way in self.ways))


class Stream(Glide):
    """Tiles travel one after another, each for an equal part of the time; one that has arrived is gone."""

    def __init__(self, scene: Scene, ways: Iterable[tuple[TileGrid, Point]]) -> None:
        super().__init__(scene, ways, EVEN)

    def set(self, alpha: float) -> None:
        for k, way in enumerate(self.ways):
            share = float(TRAVEL(min(1.0, max(0.0, alpha * len(self.ways) - k))))
            way.go(share)
            if share >= 1.0:
                self.scene.remove(way.tile)
