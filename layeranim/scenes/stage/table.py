"""Lines of text in columns, whose rows arrive one by one; and the key to a scale of colours."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim import theme as t
from layeranim.borrowed import Animation
from layeranim.scenes.parts.animate import Appear
from layeranim.scenes.parts.label import TextLine
from layeranim.scenes.parts.shape import Bundle, place
from layeranim.scenes.parts.shapes import polyline, rectangle
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import KeyPlan, TablePlan
from layeranim.stories.stage.verbs import Arrive
from layeranim.stories.storyboard import Box
from layeranim.theme import Theme


class TextTable(DrawnPlan[TablePlan]):
    """The headings of one plan and the line under them; rows come with the verbs."""

    def __init__(self, plan: TablePlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.held = dict[float, Bundle]()
        self.write(plan.heads, plan.size)
        for y in plan.rules:
            self.add(Bundle(polyline([[(plan.box.x, y), (plan.box.right, y)]], theme.grid, t.HAIR)))
        self.add(self.moving)

    def clear(self) -> None:
        super().clear()
        self.held = {}

    def arrive(self, verb: Arrive) -> Iterator[Animation]:
        """Rows appear, each whole, in place of those that stood there."""
        for row in verb.rows:
            new = Bundle(*(TextLine(line, self.plan.size, self.theme, at) for at, line in row))
            (_, height), _ = row[0]
            yield Appear(place(self.moving, self.held, height, new), introducer=False)


class ColourKey(DrawnPlan[KeyPlan]):
    """The swatches of one plan and what their ends stand for."""

    def __init__(self, plan: KeyPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        for i, level in enumerate(plan.levels):
            box = Box(plan.box.x + i * plan.swatch, plan.box.y, plan.swatch, plan.box.h)
            self.add(Bundle(rectangle(box, theme.fill(plan.scale, level), theme.grid, t.HAIR, 0)))
        self.write(plan.labels, t.FLOOR)
