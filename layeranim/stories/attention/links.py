"""Where a word looks most, head by head: ``sat  →  head 1: cat 0.67,  head 2: down 0.66``."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from layeranim import numbers, theme
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.attention.picks import Picks, Tokens
from layeranim.stories.storyboard import Address, Fact, Line, Run


def links(
    picks: Picks, q: int, asking: Tokens, asked: Tokens, heads: Sequence[int], tensor: str = "weights", more: int = 0,
    weighed: bool = True,
) -> Line:  # fmt: skip
    """A drawn token, and of each of these heads whom it looks at most, with the weight in ``tensor``.

    ``more`` heads are only counted, and those that have no room. What is not ``weighed`` is named alone.
    """
    style = numbers.style(1.0, kind="probability", precision=picks.film.precision)
    who, said = asking.focused(q), list[Line]()
    for h in heads:
        head = (Run(f"head {h + 1}: ", source=Fact("head"), late=True),) if picks.heads > 1 else ()
        row = picks.trace.read(Region.of(tensor, batch=picks.sample, heads=h, queries=asking.drawn[q]))
        key, best = _strongest(row, asked.called)
        place = Address(tensor, (picks.sample, h, asking.drawn[q], best))
        text = Run(numbers.text(float(row[best]), style), "probability", "semibold", place, late=True)
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
