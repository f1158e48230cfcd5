"""Copies of cells that travel from one grid to another."""

from __future__ import annotations

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import TRAVEL, Follow
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import between_boxes, rectangle
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories.stage.verbs import Carry
from layeranim.theme import Theme


def carried(verb: Carry, source: TileGrid, goal: TileGrid, theme: Theme) -> tuple[Bundle, Animation]:
    """The copies, and the animation that takes them from the cells of one grid to those of another."""
    copies = Bundle()
    leave = verb.copies or verb.cells
    ways = []
    for a, b in zip(verb.source, verb.goal, strict=True):
        look = source.look(leave, *a) if verb.copies else goal.look(leave, *b)
        ways.append((source.plan.cell(*a), goal.plan.cell(*b), look))
    sources = [leave.source(*at) for at in (verb.source if verb.copies else verb.goal)]

    def at(alpha: float) -> None:
        copies.submobjects = []
        if alpha >= 1:  # arrived: the cells themselves stand there
            goal.put(verb.cells, verb.goal)
            return
        for (a, b, look), address in zip(ways, sources, strict=True):
            box = between_boxes(a, b, alpha)
            copies.add(rectangle(box, look.fill, theme.result, t.HAIR, min(t.CELL_RADIUS, box.h / 4)))
            if look.text is not None:
                size = goal.plan.numeral
                copies.add(Label(look.text, size, look.ink, look.weight, box.centre, "centre", "middle", address))

    return copies, Follow(at, rate_func=TRAVEL)
