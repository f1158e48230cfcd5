"""A layer in one draw of a mask: kept units have numbers and edges, dropped ones are crossed out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layeranim import theme as t
from layeranim.borrowed import Animation, VMobject
from layeranim.scenes.parts.animate import Appear
from layeranim.scenes.parts.label import TextLine, numeral
from layeranim.scenes.parts.shape import Bundle, place
from layeranim.scenes.parts.shapes import disc, polyline, rectangle, ring_of_dashes
from layeranim.scenes.stage.drawn import DrawnPlan
from layeranim.stories.stage.plans import ThinnedPlan
from layeranim.stories.stage.verbs import NodeFill
from layeranim.theme import Theme

WAY = 2.0
DASHES = 20
"""Of the outline of a node that is dropped."""


class ThinnedPicture(DrawnPlan[ThinnedPlan]):
    """The layer of one plan: what stands there are empty nodes between those of two other layers."""

    def __init__(self, plan: ThinnedPlan, theme: Theme) -> None:
        super().__init__(plan, theme)
        self.ways: dict[int, Bundle] = {}
        self.nodes: dict[int, Bundle] = {}
        self.under, self.over = Bundle(), Bundle()
        self.add(self.under, self.over, TextLine(plan.heading, t.NAME, theme, plan.heading_at))
        self.add(*(disc(p, plan.plain, theme.surface, theme.ghost, t.HAIR) for p in (*plan.before, *plan.after)))
        self.clear()

    def clear(self) -> None:
        for k in range(len(self.plan.units)):
            self._put(k, Bundle(), Bundle(rectangle(self.plan.node(k), self.theme.bg, self.theme.grid, t.HAIR, 99)))

    def fill(self, verb: NodeFill) -> Iterator[Animation]:
        """Units get their numbers and edges, or lose them."""
        for k in verb.where:
            ways, node = self._made(verb, k)
            self._put(k, ways, node)
            yield Appear(ways, introducer=False)
            yield Appear(node, introducer=False)

    def outlines(self, rows: Iterable[int]) -> list[VMobject]:
        """Rings around the units that are followed."""
        return [rectangle(self.plan.node(k).outset(2), None, self.theme.result, t.FOCUS, 99) for k in rows]

    def _put(self, k: int, ways: Bundle, node: Bundle) -> None:
        place(self.under, self.ways, k, ways)
        place(self.over, self.nodes, k, node)

    def _made(self, verb: NodeFill, k: int) -> tuple[Bundle, Bundle]:
        plan, theme, cells = self.plan, self.theme, verb.cells
        box = plan.node(k)
        if cells.ghost is not None and cells.ghost[k, 0]:
            (x, y), arm = box.centre, 0.5 * plan.radius
            cross = [[(x - arm, y - arm), (x + arm, y + arm)], [(x - arm, y + arm), (x + arm, y - arm)]]
            colour = theme.raised if verb.pale else theme.weights
            ring = polyline(ring_of_dashes((x, y), plan.radius, DASHES, 2), theme.ghost, t.HAIR)
            return Bundle(), Bundle(rectangle(box, theme.bg), ring, polyline(cross, colour, t.LINE))
        ends = [((p[0] + plan.plain, p[1]), (box.x, box.centre[1])) for p in plan.before]
        ends += [((box.right, box.centre[1]), (p[0] - plan.plain, p[1])) for p in plan.after]
        ways = Bundle(polyline(ends, theme.raised if verb.pale else theme.ghost, WAY))
        fill = theme.raised if verb.pale else theme.fill(cells.scale, int(cells.levels[k, 0]))
        node = Bundle(rectangle(box, fill, theme.grid, t.HAIR, 99))
        if cells.texts is not None and not verb.pale:
            node.add(numeral(cells, k, 0, plan.numeral, theme.on(fill), box.centre))
        return ways, node
