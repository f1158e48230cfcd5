"""The same storyboard in plain Manim: a Square and a Text for every cell, the stock renderer and writer."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from manim import DOWN, LEFT, Arrow, FadeIn, Scene, Square, Text, VGroup, config, tempconfig

from layeranim import theme as t
from layeranim.scenes.parts.shape import PX
from layeranim.stories.storyboard import Box, Cells, GridPlan, Storyboard, plain
from layeranim.theme import LIGHT


def text(words: str, size: float, colour: str) -> Text:
    """A label as a Manim user writes it."""
    return Text(words, color=colour, font_size=size * 0.75)


def cell(box: Box, look: tuple[str, str | None], size: float) -> VGroup:
    """One cell: a square and a text."""
    fill, words = look
    square = Square(side_length=box.w * PX, fill_color=fill, fill_opacity=1, stroke_color=LIGHT.grid, stroke_width=1.6)
    square.stretch_to_fit_height(box.h * PX).move_to([box.centre[0] * PX, box.centre[1] * PX, 0])
    group = VGroup(square)
    if words:
        group.add(text(words, size, LIGHT.on(fill)).move_to(square))
    return group


def looks(plan: GridPlan, cells: Cells, row: int, col: int) -> tuple[str, str | None]:
    words = None if cells.texts is None or plan.numeral == 0 else str(cells.texts[row, col])
    return LIGHT.fill(cells.scale, int(cells.levels[row, col])), words


class Naive(Scene):
    """Window, products, sum, output: the same beats and seconds."""

    board: Storyboard

    def construct(self) -> None:
        board = self.board
        parts = board.parts["conv"]
        self.add(text(board.title, t.TITLE, LIGHT.ink).move_to([-5.2, 3.2, 0]))
        for plan in board.grids.values():
            self.grid(plan)
        chain = parts.chain
        start, stop = [chain.start[0] * PX, chain.start[1] * PX, 0], [(chain.sum[0] - 22) * PX, chain.sum[1] * PX, 0]
        self.add(Arrow(start, stop, buff=0))
        self.add(text("Σ", 28, LIGHT.result).move_to([chain.sum[0] * PX, chain.sum[1] * PX, 0]))
        window, shown = None, VGroup()
        caption = text("slide the kernel over the input", t.CAPTION, LIGHT.muted).to_edge(DOWN)
        self.add(caption)
        for beat in board.beats:
            if not len(beat.units):
                self.wait(beat.ticks * 0.04)
                continue
            unit = beat.units[0]
            seconds = dict(beat.phases)
            name, region = parts.windows(unit)[0]
            plan = board.grids[name]
            box = plan.span(*plan.block(region))
            goal = [box.centre[0] * PX, box.centre[1] * PX, 0]
            self.remove(shown)
            if window is None:
                window = Square(side_length=box.w * PX, color=LIGHT.focus, stroke_width=5).move_to(goal)
                self.play(FadeIn(window), run_time=seconds.get("travel", 1) * 0.04)
            else:
                self.play(window.animate.move_to(goal), run_time=seconds.get("travel", 1) * 0.04)
            self.remove(caption)
            caption = text(plain(beat.caption), t.CAPTION * 0.8, LIGHT.ink).to_edge(DOWN)
            self.add(caption)
            shown = self.changing(unit)
            self.play(FadeIn(shown), run_time=max(0.04, seconds.get("multiply", 1) * 0.04))
            target, (row, col) = parts.cell(unit)
            out = board.grids[target]
            made = cell(out.cell(row, col), looks(out, out.cells, row, col), out.numeral)  # type: ignore[arg-type]
            self.play(FadeIn(made), run_time=max(0.04, seconds.get("land", 1) * 0.04))
            rest = seconds.get("read", 0)
            if rest:
                self.wait(rest * 0.04)

    def changing(self, unit: int) -> VGroup:
        """The window's numbers and products of one step."""
        out = VGroup()
        for name, plan in self.board.grids.items():
            if name.startswith(("window", "products")) and plan.changing is not None:
                cells = plan.changing(unit)
                for r in range(plan.rows):
                    for c in range(plan.cols):
                        out.add(cell(plan.cell(r, c), looks(plan, cells, r, c), plan.numeral))
        return out

    def grid(self, plan: GridPlan) -> None:
        for r in range(plan.rows):
            for c in range(plan.cols):
                box = plan.cell(r, c)
                if plan.cells is None or plan.empty:
                    look: tuple[str, str | None] = (LIGHT.bg, None)
                else:
                    look = looks(plan, plan.cells, r, c)
                self.add(cell(box, look, plan.numeral))
        words = plain(plan.heading)
        if words:
            at = [plan.at[0] * PX, (plan.at[1] + 24) * PX, 0]
            self.add(text(words, t.NAME, LIGHT.ink).move_to(at, aligned_edge=LEFT))


def render(board: Storyboard, size: tuple[int, int], fmt: str) -> tuple[float, int, int]:
    """Seconds without imports, frames and bytes of the plain film."""
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {
            "pixel_width": size[0], "pixel_height": size[1], "frame_rate": 25, "media_dir": folder, "format": fmt,
            "disable_caching": True, "progress_bar": "none", "verbosity": "ERROR", "background_color": LIGHT.bg,
        }  # fmt: skip
        with tempconfig(options):
            Naive.board = board
            scene = Naive()
            start = time.perf_counter()
            scene.render()
            seconds = time.perf_counter() - start
            path = max(Path(folder).rglob(f"*.{fmt}"), key=lambda p: p.stat().st_size)
            return seconds, round(scene.renderer.time * config.frame_rate), path.stat().st_size
