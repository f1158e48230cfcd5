"""What the beats of a film say: arithmetic or a result, what cells and units are called, notes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim import theme
from layeranim.stories import phrases, rows
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.language import Each, Note, Windows
from layeranim.stories.stage.parts.becoming import Becoming
from layeranim.stories.stage.plans import NetPlan
from layeranim.stories.stage.showing import Standing
from layeranim.stories.stage.unit_steps import Acted
from layeranim.stories.stage.written import short, written
from layeranim.stories.storyboard import Address, Fact, GridPlan, Line, Run

FLEETING = 0.36
"""Beats shorter than this say nothing: no words change faster than three times a second."""
LONG, FEW = 2.0, 3
"""Of a sum a beat shorter than this writes so many terms."""
Notes = Note | tuple[Note, ...]


class Saying:
    """The words of the beats of one film.

    A beat shorter than ``least`` seconds has no note, and says its result alone; ``most`` terms of a sum are written.
    """

    def __init__(self, figures: Figures, parts: Sequence[Standing], least: float, most: int) -> None:
        self.film, self.figures, self.parts = figures.film, figures, parts
        self.least, self.most = least, most
        self.told = set[str]()

    def said(self, acted: Acted, target: Address, seconds: float) -> Line:
        """The arithmetic where there is time to read it, else the result."""
        if len(acted.every) > 1:
            acted = self.figures.acted_at(target)
        if seconds >= self.least:
            most = self.most if seconds >= LONG else min(FEW, self.most)
            symbol = self.film.symbols.get(target.tensor, ())
            lead = (*symbol, Run(" = ")) if symbol else ()
            return written(self.figures, acted, target, most, name=self._name(target), lead=lead)
        if seconds < FLEETING:
            return ()
        return short(self.figures, acted, target, self._name(target))

    def _name(self, target: Address) -> Line:
        """What a cell's tensor is called: in sentences, else over its cells on the stage, or over another part."""
        if target.tensor in self.film.symbols:
            return self.film.symbols[target.tensor]
        here = self.figures.here_of(target)
        drawn = [p for p in self.parts if target.tensor in p.actor.draws]
        for p in drawn:
            if isinstance(p.actor, Becoming):
                return p.actor.named(self.figures, target.tensor)
        of = [p.plan for p in drawn]
        cells = [plan for plan in of if isinstance(plan, GridPlan) and plan.holds(here)]
        others = [plan for plan in of if not isinstance(plan, GridPlan)]
        lines = [getattr(plan, "heading", ()) for plan in (*cells, *others)]
        lines += [plan.headings[1][1] for plan in others if isinstance(plan, NetPlan) and len(plan.headings) > 1]
        return next((line[:1] for line in lines if line), ())

    def sums(self, act: Each, unit: int, seconds: float) -> Line:
        """How several numbers of a unit came about in one line; nothing where that has no room."""
        lines = []
        for name in (made for each in act.sums for made in self.figures.written_of(each, unit)):
            acted = self.figures.acted(name, unit)
            lines.append(self.said(acted, self.target(name, acted, unit), seconds))
        line = phrases.join([one for one in lines if one], Run(",   "))
        return line if len(lines) > 1 and rows.hold(line, theme.CAPTION_FLOOR, self.figures.telling.film.canvas) else ()

    def instead(self, tensor: str, unit: int, seconds: float) -> Line:
        """What the film says of a unit's last act in place of its arithmetic."""
        act = next((act for act in self.film.acts if isinstance(act, Each) and act.writes == tensor), None)
        if act and act.sentence and seconds >= FLEETING:
            return act.sentence(self.figures, unit, seconds < self.least)
        return act.instead(self.figures, unit) if act and act.instead else ()

    def target(self, tensor: str, acted: Acted, unit: int) -> Address:
        """The cell that is written out: the unit's own; of a window's products the largest whose factors are drawn."""
        zeros = dict.fromkeys(self.figures.trace.axes(tensor), 0)
        first = self.figures.cell_of(tensor, unit, {**zeros, **self.figures.inner(unit)})
        if not isinstance(self.film.units, Windows) or acted.step.operation != "multiply":
            return first
        sizes = np.abs(np.ravel(self.figures.trace.read(acted.writes)))
        order = np.argsort(-np.where(np.isfinite(sizes), sizes, -1.0), kind="stable")
        cells, sides = self.figures.covered(acted.writes), [self.figures.covered(region) for region in acted.reads]
        alike = all(len(side) == len(cells) for side in sides)
        found = (int(at) for at in order if not alike or self._stand([side[int(at)] for side in sides]))
        return cells[next(found, int(order[0]))]

    def _stand(self, cells: Sequence[Address]) -> bool:
        """Whether grids that show the tensors of these cells show the cells themselves."""
        for cell in cells:
            plans = [plan for plan in self.figures.placed.values() if plan.tensor == cell.tensor]
            if plans and not any(plan.holds(self.figures.here_of(cell)) for plan in plans):
                return False
        return True

    def noted(self, notes: Notes, seconds: float, unit: int) -> Line:
        """A note whose condition holds, where there is time for it; each sentence once."""
        several = notes if isinstance(notes, tuple) else (notes,)
        found = next((note.text for note in several if note.holds(unit) and note.text not in self.told), "")
        if not found or seconds < self.least:
            return ()
        self.told.add(found)
        return note_line(found)

    def place(self, unit: int) -> Line:
        """Where a unit is, which may be a word of the user's."""
        name = self._unit_name(unit)
        return note_line(name, "word" if name in self.film.tokens else "place")

    def _unit_name(self, unit: int) -> str:
        named = self.film.units.names
        if callable(named):
            return named(unit)
        return named[unit] if unit < len(named) else f"{self.film.units.noun[0]} {unit + 1}"


def note_line(text: str, fact: str = "note") -> Line:
    """Words that are no numbers, in one line; nothing where there are none."""
    return (Run(text, weight="regular", source=Fact(fact)),) if text else ()
