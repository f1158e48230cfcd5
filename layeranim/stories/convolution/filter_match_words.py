"""What filter matching says: which filter matches best, how many sums were made."""

from __future__ import annotations

import math
from collections.abc import Sequence

from layeranim import numbers
from layeranim.numbers import Style
from layeranim.stories import phrases
from layeranim.stories.storyboard import Address, Fact, Line, Run


def words(text: str, fact: str = "note") -> Line:
    """A line in plain words."""
    return (Run(text, weight="regular", source=Fact(fact)),)


def opening(filters: int) -> Line:
    """What is done, and what the sums say."""
    by = {1: "a large sum is a match", 2: "the larger sum matches better"}
    return words(f"multiply cell by cell, add up: {by.get(filters, 'the largest sum matches best')}")


def winners(scores: Sequence[float]) -> list[int]:
    """The filters with the largest sum, in order; none where a sum is no number."""
    if any(math.isnan(score) for score in scores):
        return []
    return [f for f, score in enumerate(scores) if score == max(scores)]


def verdict(scores: Sequence[float], style: Style, image: int, filters: int) -> Line:
    """Which filter matches image ``image`` best, by the sums that are shown; ``filters`` there are in all."""
    won, count = winners(scores), len(scores)
    if not won:
        return words("a sum is NaN, which is no number: nothing to compare")
    which = f" of the {count} shown" if count < filters else ""
    if len(won) > 1:
        every = "both" if count == 2 else "all"
        names = every if len(won) == count else f"filters {phrases.listed([f + 1 for f in won])}"
        best = f"equally{which}" if len(won) == count else f"best{which}, equally"
        equal = phrases.join([_sum(scores, f, style, image, "result") for f in won], Run(" = "))
        return (*equal, Run(f":  {names} match {best}", source=Fact("filters")))
    (first,) = won
    second = max((f for f in range(count) if f != first), key=lambda f: (scores[f], -f))
    same = numbers.text(scores[first], style) == numbers.text(scores[second], style)
    return (
        *_sum(scores, first, style, image, "result"),
        Run(" ≈ " if same else " > "),
        *_sum(scores, second, style, image, "ink"),
        Run(":  "),
        Run(f"filter {first + 1}", "weights", "semibold", Fact("filter")),
        Run(f" matches image {image + 1} {'better' if count == 2 else 'best'}{which}", source=Fact("image")),
        *((Run(", by little"),) if same else ()),
    )


def _sum(scores: Sequence[float], f: int, style: Style, image: int, role: str) -> Line:
    text = numbers.text(scores[f], style)
    return (Run(text, role, "semibold" if role == "result" else "medium", Address("output", (image, f, 0, 0))),)


def counted(images: tuple[int, int], filters: tuple[int, int]) -> list[str]:
    """``2 images``, ``3 of 8 filters``: how many are shown of how many."""
    return [f"{shown} of {every} {noun}s" if shown < every else phrases.so_many(noun, f"{noun}s", every)
            for (shown, every), noun in ((images, "image"), (filters, "filter"))]  # fmt: skip


def closing(images: tuple[int, int], filters: tuple[int, int], made: int) -> Line:
    """``2 images × 3 of 8 filters → 6 sums``: how many are shown of how many, and the sums that were made."""
    whole = images[0] * filters[0]
    sums = f"{made} of {whole} sums" if made < whole else f"{made} sum{'s' * (made > 1)}"
    return phrases.point(f"{f' {numbers.TIMES} '.join(counted(images, filters))} → ", sums, "images", "windows")
