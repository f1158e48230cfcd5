"""The key in the lower left corner while a film opens and closes: what the colours that it shows mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

from layeranim import theme, typeface
from layeranim.canvas import Canvas
from layeranim.numbers import MINUS
from layeranim.stories.stage.plans import KeyPlan, Plan
from layeranim.stories.stage.verbs import Flow
from layeranim.stories.storyboard import Address, Beat, Box, Cells, Fact, GridPlan, Line, Run

SWATCH, HIGH = 20.0, 20.0
BELOW = 3.0
"""How far swatches reach under the line that their words stand on."""
SPACE, APART = 8.0, 32.0
SIGNS = (-4, -2, 0, 2, 4)
SHARES = tuple(range(6))
LIGHT = (0, theme.GREYS // 2, theme.GREYS - 1)
Entry = tuple[str, tuple[int, ...], str, str]
"""A scale, its steps, and what stands before and behind them."""


def legend(
    plans: Mapping[str, Plan], beats: Sequence[Beat], kinds: Mapping[str, str], canvas: Canvas,
    spans: Mapping[str, float],
) -> list[KeyPlan]:  # fmt: skip
    """Keys to the colours that these parts and beats show, one beside another on the counter's line.

    ``kinds`` and ``spans`` are those of a ``Play``. Nothing where no colour says anything, or where the film has a key
    of its own.
    """
    if any(isinstance(plan, KeyPlan) for plan in plans.values()):
        return []
    x, y = canvas.left, canvas.from_bottom(theme.COUNTER_BASELINE)
    out: list[KeyPlan] = []
    for scale, levels, before, behind in _entries(list(_coloured(plans, beats)), kinds, spans):
        labels = [((x, y), _line(before))] if before else []
        x += typeface.width(before, theme.FLOOR) + SPACE if before else 0
        box = Box(x, y + HIGH - BELOW, len(levels) * SWATCH, HIGH)
        x = box.right
        if behind:
            labels.append(((x + SPACE, y), _line(behind)))
            x += SPACE + typeface.width(behind, theme.FLOOR) + APART
        out.append(KeyPlan(f"legend:{len(out)}", box, scale, levels, SWATCH, tuple(labels), ends=True))
    return out


def _line(text: str) -> Line:
    return (Run(text, source=Fact("key")),)


def _entries(
    shown: Sequence[tuple[str, str, int, int]], kinds: Mapping[str, str], spans: Mapping[str, float]
) -> Iterator[Entry]:
    """What has to be said of colour steps, from scale, tensor, least and largest step of each lot of them."""
    signed = [(low, high) for scale, tensor, low, high in shown if scale == "value" and kinds.get(tensor) != "versus"]
    low, high = min((a for a, _ in signed), default=0), max((b for _, b in signed), default=0)
    if low or high:
        steps = tuple(level for level in SIGNS if (level <= 0 or high > 0) and (level >= 0 or low < 0))
        yield "value", steps, MINUS if low < 0 else "0", "+" if high > 0 else "0"
    if any(kinds.get(tensor) == "versus" for _, tensor, *_ in shown):
        yield "value", SIGNS, "0", "1"
    scales = {scale for scale, *_ in shown}
    if "heat" in scales:
        tops = {spans.get(tensor, 1.0) for scale, tensor, *_ in shown if scale == "heat"}
        yield "heat", SHARES, "0", "1" if tops == {1.0} else "largest" if len(tops) == 1 else "largest of each"
    planes = [scale for scale in theme.PLANES if scale in scales and scale != "grey"]
    for scale in planes:
        yield scale, LIGHT, "", "dark to light" if scale == planes[-1] else ""


def _coloured(plans: Mapping[str, Plan], beats: Sequence[Beat]) -> Iterator[tuple[str, str, int, int]]:
    """Scale, tensor, least and largest step of all colours: of cells, and of edges that have the sign of a weight."""
    verbs = [verb for beat in beats for phase in beat.verbs for verb in phase]
    seen: dict[int, Cells] = {}
    for held in chain(plans.values(), verbs):
        cells = held.cells if isinstance(held, GridPlan) else _cells(held)
        if cells is not None:
            seen[id(cells)] = cells
        if isinstance(held, Flow) and not held.pale:
            flowing = [0, *(one.level for one in held.streams), *(one.level for one in held.readings)]
            yield "value", "", min(flowing), max(flowing)
        edges = getattr(held, "edges", ())
        signs = {edge.colour for edge in edges} & {"positive", "negative"}
        if signs:
            yield "value", "", -4 * ("negative" in signs), 4 * ("positive" in signs)
    for cells in seen.values():
        source = cells.source(0, 0)
        tensor = source.tensor if isinstance(source, Address) else ""
        if cells.levels.size:
            yield cells.scale, tensor, int(cells.levels.min()), int(cells.levels.max())


def _cells(held: Any) -> Cells | None:
    """The cells that a verb or a part brings, as they are or as bars."""
    found = getattr(held, "cells", None) or getattr(held, "given", None) or getattr(held, "bars", None)
    found = getattr(found, "cells", found)
    return found if isinstance(found, Cells) else None
