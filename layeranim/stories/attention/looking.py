"""One attention as films show it: who looks at whom, as arcs over their words, beside weights, and in one line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from layeranim import numbers, theme, typeface
from layeranim.engine.trace import Array
from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.attention.picks import Picks, Tokens
from layeranim.stories.stage import Arcs, Grid, listed, rest
from layeranim.stories.stage.parts.arcs import MANY
from layeranim.stories.stage.parts.names import short
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Line, Run

FOUND = ("alignment_pre", "alignment", "score_products", "scores", "norm_products", "scaled", "capped", "masked",
         "row_max", "exponentials", "exponential_sum", "weights")  # fmt: skip
"""What happens to a row of scores, until it has weights."""
LOW = 60.0
"""The least height of arcs beside other parts."""
CLOSE = 12.0
"""The least space between words under arcs."""
NUMBER = 60.0
"""The most that a weight under a word takes."""


@dataclass(frozen=True)
class Looking:
    """Tokens that ask, tokens that are asked, and the weights with which the ones look at the others."""

    picks: Picks
    asking: Tokens
    asked: Tokens
    tensor: str = "weights"

    @property
    def one_row(self) -> bool:
        """Whether the drawn tokens that look are those that are looked at."""
        return self.tensor == self.picks.tensor and self.picks.alike and self.asking.drawn == self.asked.drawn

    @property
    def arched(self) -> bool:
        """Whether arcs lead from word to word: not to some words alone, for their shares would seem to be all."""
        named = bool(self.asking.words and self.asked.words) and not self.asked.hidden
        return named and max(len(self.asking.drawn), self.asked.count) <= MANY

    @property
    def room(self) -> float:
        """The width of the words of a side beside each other, each with a weight under it; of the wider side."""
        return max(sum(max(typeface.width(short(word), theme.NAME, "medium"), NUMBER) + CLOSE for word in side.words)
                   for side in (self.asking, self.asked))  # fmt: skip

    def arcs(self, h: int | None = None, rise: float = LOW, text: str = "", firm: bool = False) -> Arcs:
        """Arcs over the words, or from those that look to those that are looked at; where there are many, of a head."""
        at, read = () if h is None else (("heads", h),), () if self.one_row else self.asked.words
        return Arcs(self.tensor, self.asking.words, read, at, rise, firm, text, CLOSE)

    def beside(self, grid: Grid) -> tuple[Node, ...]:
        """A grid of the weights, and what those that are not drawn take."""
        return grid, *rest(grid, self.asked.hidden)

    def hidden(self, noun: str = "keys") -> tuple[str, ...]:
        """Which of those that are looked at are drawn, where that is not all, and not those that look."""
        return () if self.one_row else listed(noun, self.asked.drawn, self.asked.count)

    def links(self, q: int, heads: Sequence[int], more: int = 0, weighed: bool = True) -> Line:
        """``sat  →  head 1: cat 0.67,  head 2: down 0.66``: of each of these heads whom a drawn token looks at most.

        ``more`` heads are only counted, and those that have no room. What is not ``weighed`` is named alone.
        """
        picks, row_of, said = self.picks, self.asking.drawn[q], list[Line]()
        style = numbers.style(1.0, kind="probability", precision=picks.film.precision)
        for h in heads:
            head = (Run(f"head {h + 1}: ", source=Fact("head"), late=True),) if picks.heads > 1 else ()
            row = picks.row(self.tensor, q, heads=h)
            key, best = _strongest(row, self.asked.called)
            place = Address(self.tensor, (picks.sample, h, row_of, best))
            text = Run(numbers.text(float(row[best]), style), "probability", "semibold", place, late=True)
            weight = (Run(" "), text) if weighed and key else ()
            said.append((*head, Run(key or "none", "ink", source=Fact("word" if key else "place"), late=True), *weight))
        line = _joined(self.asking.focused(q), said, more)
        while phrases.width(line, theme.CAPTION_FLOOR) > phrases.ROOM and len(said) > 1:
            said, more = said[:-1], max(more, 0) + 1
            line = _joined(self.asking.focused(q), said, more)
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


def placed(config: Any) -> tuple[str, ...]:
    """How the places of tokens enter, where they do, and what of it is not usual."""
    turns = phrases.unusual(config, pairs="halves turned together") if config.positional == "rotary" else ()
    waves = phrases.unusual(config, base="base {:g}") if config.positional in ("rotary", "sinusoidal") else ()
    return *phrases.unusual(config, positional="{}"), *turns, *waves
