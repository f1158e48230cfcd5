"""A cell that leaves its grid: a number on its way from one place to another."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Any

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
    """A tile on straight stretches from one point to the next, at an even pace over their length."""

    def __init__(self, tile: TileGrid, points: Sequence[Point]) -> None:
        self.tile, self.points = tile, points
        self.around = tile.points[:, :2] - tile.points[:, :2].mean(axis=0)
        self.lengths = list(accumulate(map(math.dist, points, points[1:]), initial=0.0))

    def go(self, share: float) -> None:
        """To where it is after ``share`` of the way."""
        gone = share * self.lengths[-1]
        k = min(bisect_right(self.lengths, gone), len(self.points) - 1)
        start, end = self.lengths[k - 1], self.lengths[k]
        part = (gone - start) / (end - start) if end > start else 1.0
        (ax, ay), (bx, by) = self.points[k - 1], self.points[k]
        at = np.array((ax + (bx - ax) * part, ay + (by - ay) * part)) * PX
        self.tile.points[:, :2] = self.around + at


class Glide(InPlace):
    """Tiles travel, each along its own way of straight stretches, and leave the stage at its end."""

    def __init__(self, scene: Scene, ways: Sequence[tuple[TileGrid, Sequence[Point]]], **kwargs: Any) -> None:
        super().__init__(VGroup(), rate_func=kwargs.pop("rate_func", TRAVEL), **kwargs)
        self.scene, self.ways = scene, [Journey(m, points) for m, points in ways]

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

    def __init__(self, scene: Scene, ways: Sequence[tuple[TileGrid, Sequence[Point]]]) -> None:
        super().__init__(scene, ways, rate_func=EVEN)

    def set(self, alpha: float) -> None:
        for k, way in enumerate(self.ways):
            share = float(TRAVEL(min(1.0, max(0.0, alpha * len(self.ways) - k))))
            way.go(share)
            if share >= 1.0:
                self.scene.remove(way.tile)
