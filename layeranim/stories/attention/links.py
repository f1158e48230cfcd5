"""Where a word looks most, head by head: ``sat  →  head 1: cat 0.67,  head 2: down 0.66``."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.storyboard import Address, Fact, Line, Run


def links(
    who: Run, heads: Iterable[tuple[str, Array]], called: Callable[[int], str], at: Callable[[int, int], Address],
    precision: int | None = None, more: int = 0, weighed: bool = True,
) -> Line:  # fmt: skip
    """``who`` and the strongest weight of each head: its name, empty where there is one alone, and its row (keys).

    ``called`` names a key, ``at`` says where the weight of a head and a key stands; ``more`` heads are only counted,
    and those that have no room. What is not ``weighed`` is named alone.
    """
    style = numbers.style(1.0, kind="probability", precision=precision)
    said = list[Line]()
    for h, (name, row) in enumerate(heads):
        head = (Run(f"{name}: ", source=Fact("head"), late=True),) if name else ()
        key, best = _strongest(row, called)
        text = Run(numbers.text(float(row[best]), style), "probability", "semibold", at(h, best), late=True)
        weight = (Run(" "), text) if weighed and key else ()
        said.append((*head, Run(key or "none", "ink", source=Fact("word" if key else "place"), late=True), *weight))
    line = _joined(who, said, more)
    while phrases.width(line, theme.CAPTION_FLOOR) > phrases.ROOM and len(said) > 1:
        said, more = said[:-1], max(more, 0) + 1
        line = _joined(who, said, more)
    return line


def _joined(who: Run, said: list[Line], more: int) -> Line:
    rest = (Run(f",  {more} more", source=Fact("hidden"), late=True),) if more > 0 else ()
    return (who, Run("  →  "), *phrases.join(said, Run(",  ", late=True)), *rest)


def _strongest(row: Array, called: Callable[[int], str]) -> tuple[str, int]:
    """What the key of the largest weight is called, nothing where there is none, and its place.

    Of weights that are equal none is named alone.
    """
    weights = numbers.rounded(np.nan_to_num(row))
    best = np.flatnonzero(weights == weights.max(initial=0.0)).tolist()
    if not weights.any():
        return "", 0
    if len(best) == len(weights) > 1:
        return "all", 0
    return (f"{len(best)} keys" if len(best) > 2 else " and ".join(map(called, best))), best[0]
