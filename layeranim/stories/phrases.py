"""The arithmetic of a step in words: sums of products with their numbers, and what may be called equal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from layeranim import numbers, theme, typeface
from layeranim.canvas import WIDE
from layeranim.stories.storyboard import Fact, Line, Run, Source

MOST_TERMS = 5
ROOM, NOTE_ROOM = WIDE.room, WIDE.note_room
PLUS = Run(" + ")


@dataclass(frozen=True)
class Term:
    """One product ``left · right`` as it is displayed; ``zero`` if its value is exactly zero."""

    left: str
    right: str
    zero: bool = False
    left_source: Source | None = None
    right_source: Source | None = None
    left_role: str = "ink"
    right_role: str = "weights"

    def runs(self) -> Line:
        return (
            Run(numbers.factor(self.left), self.left_role, source=self.left_source),
            Run(numbers.DOT),
            Run(numbers.factor(self.right), self.right_role, source=self.right_source),
        )


@dataclass(frozen=True)
class Addend:
    """One number that is added as it stands: a bias, a channel's sum."""

    text: str
    role: str = "ink"
    source: Source | None = None

    def runs(self) -> Line:
        return (Run(numbers.factor(self.text), self.role, source=self.source),)


def result(text: str, source: Source | None, role: str = "result") -> Run:
    """The number a step ends in; it appears when the result lands."""
    return Run(text, role, "semibold", source, late=True)


def relation_run(relation: str) -> Run:
    """`` = `` or `` ≈ ``, late like the number that follows."""
    return Run(f" {relation} ", late=True)


def equals(*texts: str, late: bool = False) -> Run:
    """`` = `` between a name, or numbers taken as they are, and a number; `` ≈ `` where one only reads as zero."""
    return Run(f" {'≈' if any(map(numbers.vanishes, texts)) else '='} ", late=late)


def more(count: int, noun: str = "more") -> Line:
    """What stands for ``count`` terms that are not written."""
    return (Run(f"{count} {noun}", source=Fact("hidden terms")),)


def width(line: Line, size: float) -> float:
    """The width of a line at a size."""
    return sum(typeface.width(r.text, size, r.weight, r.markup) for r in line)


def fits(line: Line, size: float = theme.CAPTION_FLOOR) -> bool:
    """Whether the line can be shown as a caption without falling under the floor."""
    return width(line, size) <= ROOM


def sum_of(
    terms: Sequence[Term],
    addends: Sequence[Addend],
    total: str,
    source: Source | None,
    tail: Line = (),
    role: str = "result",
    most_terms: int = MOST_TERMS,
) -> Line:
    """``1·2 + 3·(−1) + 4 more + 5 zeros + bias = total`` with as many terms as fit, at most ``most_terms``.

    Zero products and hidden terms are counted; ``=`` or ``≈`` covers all terms as they would be displayed.
    """
    live = [term for term in terms if not term.zero]
    zeros = len(terms) - len(live)
    pairs = [(term.left, term.right) for term in terms] + [(addend.text,) for addend in addends]
    relation = numbers.relation(pairs, total)
    if not live and not addends:
        none = "the product is 0" if zeros == 1 else "all products are 0"
        head = Run(none, source=Fact("zero products")), Run(", so the sum is ", late=True)
        return (*head, result(total, source, role), *tail)
    for most in range(min(most_terms, len(live)), -1, -1):
        shown = [term.runs() for term in live[:most]]
        if most < len(live):
            shown.append(more(len(live) - most, "more" if most else "products"))
        if zeros:
            shown.append((Run(f"{zeros} zero{'s' * (zeros > 1)}", source=Fact("zero products")),))
        shown += [addend.runs() for addend in addends]
        line = (*join(shown), relation_run(relation), result(total, source, role), *tail)
        if fits(line):
            return line
    return (Run(f"Σ of {len(pairs)}", source=Fact("hidden terms")), relation_run(relation),
            result(total, source, role), *tail)  # fmt: skip


def join(parts: Sequence[Line], between: Run = PLUS) -> Line:
    """Lines joined by a run, ``+`` by default."""
    out: list[Run] = []
    for i, part in enumerate(parts):
        out += ([between] if i else []) + list(part)
    return tuple(out)


def words(text: str, role: str = "muted", **kwargs: object) -> Line:
    """A line of one run."""
    return (Run(text, role, **kwargs),)  # type: ignore[arg-type]


def short_size(
    size: int, kernel: int, stride: int, out: int, *, padding: tuple[int, int] = (0, 0), ceil: bool = False
) -> str:
    """How many windows fit, where nothing is dilated; nothing if that is not what came out."""
    left, right = "⌈⌉" if ceil else "⌊⌋"
    room = size + sum(padding) - kernel
    reached = -(-room // stride) if ceil else room // stride
    padded = "".join(f" + {p}" for p in padding if any(padding))
    return f"{left}({size}{padded} − {kernel})/{stride}{right} + 1 = {out}" if reached + 1 == out else ""


def ordinal_range(first: int, last: int, one: str, many: str) -> str:
    """``row 3`` or ``rows 3–5``, counted from 1."""
    return f"{one} {first + 1}" if first == last else f"{many} {first + 1}–{last + 1}"


def counter(done: int, total: int) -> Line:
    """``3 / 9``: how many units are done, of how many."""
    return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {total}", source=Fact("units"))
