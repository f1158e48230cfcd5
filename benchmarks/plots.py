"""The same storyboard in matplotlib's FuncAnimation: one figure, artists updated, ffmpeg-free GIF by Pillow."""

from __future__ import annotations

import io
import time
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.animation import FuncAnimation, PillowWriter
from matplotlib.patches import Rectangle

from layeranim import theme as t
from layeranim.stories.storyboard import Beat, Cells, GridPlan, Storyboard, plain
from layeranim.theme import LIGHT


def render(board: Storyboard, size: tuple[int, int]) -> tuple[float, int]:
    """Seconds without imports and frames of the film drawn by matplotlib."""
    start = time.perf_counter()
    figure = plt.figure(figsize=(size[0] / 100, size[1] / 100), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_xlim(-t.WIDTH / 2, t.WIDTH / 2)
    axes.set_ylim(-t.HEIGHT / 2, t.HEIGHT / 2)
    axes.axis("off")
    drawn: dict[str, Any] = {name: _grid(axes, plan) for name, plan in board.grids.items()}
    axes.text(-584, 288, board.title, fontsize=20, color=LIGHT.ink)
    caption = axes.text(0, -262, "", fontsize=16, ha="center")
    window = axes.add_patch(Rectangle((0, 0), 1, 1, fill=False, edgecolor=LIGHT.focus, linewidth=3))
    frames = [(beat, k) for beat in board.beats for k in range(beat.ticks)]

    def update(at: tuple[Beat, int]) -> list[Any]:
        beat, k = at
        caption.set_text(plain(beat.caption))
        if len(beat.units):
            _step(board, beat, k, window, drawn)
        return []

    class Memory(PillowWriter):
        def finish(self) -> None:
            first, *rest = self._frames
            first.save(io.BytesIO(), "gif", save_all=True, append_images=rest, duration=40, loop=0)

    FuncAnimation(figure, update, frames=frames, interval=40).save("-", writer=Memory(fps=25), dpi=100)
    plt.close(figure)
    return time.perf_counter() - start, len(frames)


def _grid(axes: Any, plan: GridPlan) -> dict[tuple[int, int], tuple[Any, Any]]:
    out = {}
    for r in range(plan.rows):
        for c in range(plan.cols):
            box = plan.cell(r, c)
            patch = Rectangle((box.x, box.bottom), box.w, box.h, facecolor=LIGHT.bg, edgecolor=LIGHT.grid)
            axes.add_patch(patch)
            label = axes.text(*box.centre, "", ha="center", va="center", fontsize=max(1, plan.numeral / 2))
            out[r, c] = patch, label
    if plan.cells is not None and not plan.empty:
        _fill(out, plan, plan.cells)
    return out


def _fill(drawn: dict[tuple[int, int], tuple[Any, Any]], plan: GridPlan, cells: Cells) -> None:
    for (r, c), (patch, label) in drawn.items():
        fill = LIGHT.fill(cells.scale, int(cells.levels[r, c]))
        patch.set_facecolor(fill)
        label.set_color(LIGHT.on(fill))
        if cells.texts is not None and plan.numeral:
            label.set_text(str(cells.texts[r, c]))


def _step(board: Storyboard, beat: Beat, k: int, window: Any, drawn: dict[str, Any]) -> None:
    parts, unit = board.parts["conv"], beat.units[0]
    name, region = parts.windows(unit)[0]
    plan = board.grids[name]
    box = plan.span(*plan.block(region))
    window.set_bounds(box.x, box.bottom, box.w, box.h)
    if k == 0:
        return
    for other, grid in board.grids.items():
        if other.startswith(("window", "products")) and grid.changing is not None and k == 1:
            _fill(drawn[other], grid, grid.changing(unit))
    target, (row, col) = parts.cell(unit)
    out = board.grids[target]
    if out.cells is not None and k == 2:
        _fill({(row, col): drawn[target][row, col]}, out, out.cells)
