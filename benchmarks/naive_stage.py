"""Any film in plain Manim: a Square and a Text for every cell, a Text for every label, a mobject for all else.

What our scene shows before and after each of its plays is written down first. Plain Manim plays that for as long: what
is new fades in, what moves or changes its form is transformed, the rest is added and removed at once.
"""

from __future__ import annotations

import re
from html import escape
from typing import Any, NamedTuple

import numpy as np
from films import FPS, Feed
from manim import (
    Animation,
    DashedVMobject,
    FadeIn,
    MarkupText,
    Mobject,
    Scene,
    Square,
    Text,
    Transform,
    VGroup,
    VMobject,
)

from layeranim import catalog, theme
from layeranim.film.film import Pass, draw
from layeranim.film.reading import everything
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import PX
from layeranim.scenes.parts.tilegrid import BLENDS, TileGrid
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import LIGHT


class Part(NamedTuple):
    """Something that is seen: of which kind, how it looks, and where its middle is."""

    kind: str
    look: tuple[Any, ...]
    at: tuple[float, float]


Seen = dict[Any, Part]
"""What is seen, in the order in which it is drawn."""


class Played(NamedTuple):
    """One play: its seconds, what is seen as it begins and as it ends."""

    seconds: float
    before: Seen
    after: Seen


def plays(board: Storyboard) -> list[Played]:
    """What our scene of a storyboard plays."""
    found, held = list[Played](), list[Any]()  # what is held keeps its identity
    scene = catalog.resolve(catalog.explainer(board.explainer).scene)

    def run(self: Any, ticks: int, *animations: Any) -> None:
        before = _seen(self, held)
        scene.run(self, ticks, *animations)
        if ticks:
            found.append(Played(ticks * theme.TICK_MS / 1000, before, _seen(self, held)))

    draw(board, type("Watched", (scene,), {"run": run}), LIGHT, Pass(640, 360, FPS, ()), Feed())
    return found


def _seen(scene: Any, held: list[Any]) -> Seen:
    out: Seen = {}
    for m in everything(scene.mobjects):
        held.append(m)
        if isinstance(m, TileGrid):
            out |= {(id(m), r, c): part for r, c in m.everywhere() if (part := _cell(m, r, c))}
            continue
        x, y, _ = m.get_center().tolist()
        if isinstance(m, Label):
            out[id(m)] = Part("text", (m.text, m.markup, m.size, m.width, m.fill_rgbas.tobytes()), (x, y))
        else:
            shape, colours = (m.points - m.get_center()).tobytes(), (m.fill_rgbas.tobytes(), m.stroke_rgbas.tobytes())
            out[id(m)] = Part("shape", (shape, *colours, m.stroke_width), (x, y))
    return out


def _cell(grid: TileGrid, row: int, col: int) -> Part | None:
    """One cell of a grid, wherever the grid has moved."""
    plan = grid.plan
    box, (left, top) = plan.cell(row, col), grid.points[1, :2]
    at = (left + (box.centre[0] - plan.at[0]) * PX, top + (box.centre[1] - plan.at[1]) * PX)
    if plan.heat:
        blue, green, red, alpha = grid.colours[row, col].tolist()
        colour = f"#{red:02x}{green:02x}{blue:02x}"
        return Part("cell", ("heat", colour, None, "", 1.0, 0, box.w, box.h), at) if alpha else None
    look, step = grid.blends.get((row, col), (grid.looks[row][col], BLENDS))
    return None if look.kind == "nothing" else Part("cell", (*look[:4], step / BLENDS, plan.numeral, box.w, box.h), at)


def made(part: Part) -> Mobject:
    """The mobject that an author would make of it."""
    if part.kind == "cell":
        kind, fill, words, ink, opacity, size, width, height = part.look
        square = Square(PX * width, fill_color=fill or LIGHT.bg, fill_opacity=opacity, stroke_color=LIGHT.grid)
        square.set_stroke(width=0 if kind == "heat" else 1.6).stretch_to_fit_height(PX * height)
        cell = VGroup(DashedVMobject(square, 12) if kind == "ghost" else square)
        if words:
            cell.add(Text(words, color=ink, font_size=size * 0.75, fill_opacity=opacity))
        return cell.move_to([*part.at, 0])
    if part.kind == "text":
        words, markup, size, width, colour = part.look
        if markup:
            words = re.sub(r"\^\{(.*?)\}", r"<sup>\1</sup>", re.sub(r"_\{(.*?)\}", r"<sub>\1</sub>", escape(words)))
        label = (MarkupText if markup else Text)(words, font_size=size * 0.75)
        label.scale_to_fit_width(width).move_to([*part.at, 0])
        *rgb, opacity = np.frombuffer(colour)
        return label.set_fill("#" + "".join(f"{round(255 * one):02x}" for one in rgb), opacity)
    shape, fill, stroke, width = part.look
    drawn = VMobject(stroke_width=width)
    drawn.points = np.frombuffer(shape).reshape(-1, 3) + np.array([*part.at, 0])
    drawn.fill_rgbas, drawn.stroke_rgbas = (np.frombuffer(one).reshape(-1, 4).copy() for one in (fill, stroke))
    return drawn


class NaiveStage(Scene):
    """The plays of a film of ours, played by Manim."""

    played: list[Played]

    def construct(self) -> None:
        self.shown: dict[Any, tuple[Part, Mobject]] = {}
        self.left: list[Mobject] = []
        for seconds, before, after in self.played:
            self.change(before)
            moves = list[Animation]()
            for key, part in after.items():
                old, m = self.shown.get(key, (None, None))
                if old == part:
                    continue
                if old and m and (old.look == part.look or part.kind == "shape"):
                    moves.append(Transform(m, made(part)))
                    self.shown[key] = part, m
                    continue
                self.shown[key] = part, made(part)
                moves.append(FadeIn(self.shown[key][1]))
                self.left += [m] if m else []
            self.order(after)
            self.play(*moves, run_time=seconds) if moves else self.wait(seconds)
            self.remove(*self.left)
            self.left.clear()
            self.change(after)

    def change(self, seen: Seen) -> None:
        """What is not as it was shown leaves, and what is new comes, at once."""
        for key in [key for key, (part, _) in self.shown.items() if seen.get(key) != part]:
            self.remove(self.shown.pop(key)[1])
        for key in seen.keys() - self.shown.keys():
            self.shown[key] = seen[key], made(seen[key])
            self.add(self.shown[key][1])
        self.order(seen)

    def order(self, seen: Seen) -> None:
        """What is drawn later lies above."""
        for number, key in enumerate(seen):
            if key in self.shown:
                self.shown[key][1].set_z_index(number)


def of(board: Storyboard) -> type[NaiveStage]:
    """The scene of a film of ours in plain Manim."""
    return type("Naive", (NaiveStage,), {"played": plays(board)})
