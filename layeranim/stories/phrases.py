"""The arithmetic of a step in words: sums of products with their numbers, and what may be called equal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import displayed, numbers, theme, typeface
from layeranim.canvas import WIDE
from layeranim.engine.option import Config
from layeranim.records import dataclass
from layeranim.stories.activations import activation_name
from layeranim.stories.storyboard import Address, Fact, Line, Run, Source, Telling

LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
MOST_TERMS = 5
ROOM, NOTE_ROOM = WIDE.room, WIDE.note_room
PLUS = Run(" + ")


@dataclass(frozen=True, eq=False)
class NumberRow:
    """Numbers of one style, each with its address, none a text before it is shown; a ``letter`` may stand for it."""

    values: NDArray[Any]
    style: numbers.Style
    source: Callable[[int], Source | None]
    role: str = "ink"
    letter: Callable[[int], str] | None = None

    def alone(self, i: int) -> NumberRow:
        """The number at a place, by itself."""
        return replace(self, values=self.values[i : i + 1], source=lambda _: self.source(i), letter=None)

    def run(self, i: int) -> Run:
        text = self.letter(i) if self.letter else numbers.text(self.values[i], self.style)
        return Run(numbers.factor(text), self.role, source=self.source(i))


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms of a sum, however many: the products of the numbers at the same place of two rows, or those of one.

    ``zero`` says which are exactly zero, to be counted instead of written; ``order`` in which order they are written;
    ``cells`` are the terms themselves. A single term that is the sum of ``many`` says so: ``257 of 61 others``.
    """

    rows: tuple[NumberRow, ...]
    zero: NDArray[np.bool_] | None = None
    order: Callable[[int], Sequence[int]] | None = None
    cells: Sequence[Address] = ()
    many: int = 0

    def __len__(self) -> int:
        return len(self.rows[0].values)

    @property
    def zeros(self) -> int:
        return 0 if self.zero is None else int(np.count_nonzero(self.zero))

    def live(self, most: int) -> list[int]:
        """The places of the first of those that are written."""
        if self.order is not None:
            found = list(self.order(most))
        else:
            found = (np.arange(most) if self.zero is None else np.flatnonzero(~self.zero)[:most]).tolist()
        return found[: len(self) - self.zeros]

    def first(self, most: int) -> list[Line]:
        """The first of those that are written."""
        of = (Run(f" of {so_many('other', 'others', self.many)}", source=Fact("hidden terms")),) if self.many else ()
        return [(*join([(row.run(i),) for row in self.rows], Run(numbers.DOT)), *of) for i in self.live(most)]

    def factors(self, i: int) -> tuple[str, ...]:
        """The displayed numbers that one term is the product of."""
        return tuple(numbers.text(row.values[i], row.style) for row in self.rows)


def styled(terms: Sequence[Terms]) -> list[list[displayed.Styled]]:
    """The numbers of terms with their styles: what `displayed.total` adds up."""
    return [[(row.values, row.style) for row in group.rows] for group in terms]


def counted(terms: Sequence[Terms]) -> tuple[int, int]:
    """How many terms are not exactly zero, and how many are."""
    zeros = sum(group.zeros for group in terms)
    return sum(map(len, terms)) - zeros, zeros


def first_of(terms: Sequence[Terms], most: int) -> list[Line]:
    """The first of those that are written."""
    return [line for group in terms for line in group.first(most)][:most]


def hidden(terms: Sequence[Terms], most: int) -> int:
    """How many terms are not written where ``most`` are: none of those that are zero, all that one stands for."""
    stand = [group.many or 1 for group in terms for _ in group.live(len(group))]
    return sum(stand[most:])


def zeros_of(count: int) -> Line:
    """``5 zeros``: products that are counted instead of written."""
    return (Run(f"{count} zero{'s' * (count > 1)}", source=Fact("zero products")),)


def result(text: str, source: Source | None, role: str = "result") -> Run:
    """The number a step ends in; it appears when the result lands."""
    return Run(text, role, "semibold", source, late=True)


def name(text: str, role: str = "ink") -> Line:
    """What a part or a number is called: ``z``, ``x_{1}``, ``e^{x}``."""
    return (Run(text, role, "semibold", Fact("name"), markup="_{" in text or "^{" in text),)


def relation_run(relation: str) -> Run:
    """`` = `` or `` ≈ ``, late like the number that follows."""
    return Run(f" {relation} ", late=True)


def comes_to(reached: float, text: str, made: Address, *operands: str) -> Line:
    """What ends a sentence: ``= 1.31`` where what is ``reached`` from displayed operands reads so, else ``≈ 1.31``."""
    return relation_run(numbers.agrees(reached, text, *operands)), result(text, made)


def coordinates(numbers: Sequence[Run], role: str = "muted") -> Line:
    """``(2, −1)``: the numbers of a point; its brackets come when they come."""
    before, between, after = (Run(text, role, late=numbers[0].late) for text in ("(", ", ", ")"))
    return before, *join([(number,) for number in numbers], between), after


def equals(*texts: str, late: bool = False) -> Run:
    """`` = `` between a name, or numbers taken as they are, and a number; `` ≈ `` where one only reads as zero."""
    return Run(f" {'≈' if any(map(numbers.vanishes, texts)) else '='} ", late=late)


def reads(text: str, made: Address, role: str = "result") -> Line:
    """What ends a sentence that only names a number: ``= 1.31``."""
    return equals(text, late=True), result(text, made, role)


def more(count: int) -> Line:
    """What stands for ``count`` terms that are not written."""
    return (Run(f"{count} more", source=Fact("hidden terms")),)


def lowered(number: int) -> str:
    """``₁₇``: a number as an index."""
    return str(number).translate(LOWERED)


def width(line: Line, size: float) -> float:
    """The width of a line at a size."""
    return sum(typeface.width(r.text, size, r.weight, r.markup) for r in line)


def fits(line: Line) -> bool:
    """Whether the line can be shown as a caption without falling under the floor."""
    return width(line, theme.CAPTION_FLOOR) <= ROOM


def join(parts: Sequence[Line], between: Run = PLUS) -> Line:
    """Lines joined by a run, ``+`` by default."""
    out: list[Run] = []
    for i, part in enumerate(parts):
        out += ([between] if i else []) + list(part)
    return tuple(out)


def sentence(before: str, strong: str, fact: str = "sentence", end: str = "sentence") -> Line:
    """What a film opens or closes with, its point in bold."""
    return Run(before, weight="regular", source=Fact(fact)), Run(strong, "result", "semibold", Fact(end))


def point(before: str, strong: str, fact: str, end: str = "") -> Line:
    """What a beat says of something that is no cell, its point in bold; ``end`` is its own fact."""
    return Run(before, source=Fact(fact)), Run(strong, "result", "semibold", Fact(end or fact))


def reckoned(given: str, learned: str, made: str, *facts: str) -> Line:
    """``4 inputs, 6 weights → 2 outputs``: what comes in, what is learned, what comes out, and which fact each is."""
    before, body, after = map(Fact, facts)
    return (
        Run(given, source=before), Run(learned, "weights", "semibold", body), Run(" → "),
        Run(made, "result", "semibold", after),
    )  # fmt: skip


def unusual(config: Config, **said: str | Callable[[Any], str]) -> tuple[str, ...]:
    """What the header says of options that are not as they usually are: ``"{}"`` with the value, or made of it."""
    usual = {option.name: option.default for option in config.options()}
    changed = [(how, getattr(config, name)) for name, how in said.items() if getattr(config, name) != usual[name]]
    return tuple(how.format(value) if isinstance(how, str) else how(value) for how, value in changed)


def loss_moved(ends: Sequence[float], texts: Sequence[str], places: Sequence[Source]) -> Line:
    """``the loss fell from 0.47 to 0.39``: what it was and what it is, as it is written; it may rise, or stay."""
    (before, after), (first, last) = ends, texts
    if first == last:
        return Run("the loss is still ", "result", "semibold"), Run(last, "result", "semibold", places[1])
    return (
        Run("the loss fell from " if after < before else "the loss went from ", "result", "semibold"),
        Run(first, "result", "semibold", places[0]),
        Run(" to ", "result", "semibold"),
        Run(last, "result", "semibold", places[1]),
    )


def laid(number: Run, where: str, to: int, count: int) -> Line:
    """``7.1 of map 8, row 2, column 1 goes to place 31 of 64``: a number that stands somewhere else afterwards."""
    return (
        number, Run(f" of {where} goes to place ", source=Fact("place")),
        Run(str(to + 1), "result", "semibold", Fact("place"), late=True),
        Run(f" of {count}", source=Fact("place"), late=True),
    )  # fmt: skip


def bent(text: Callable[[Address], str], who: str, z: Address, y: Address, function: str) -> Line:
    """``class 2:  z = 5.2   softmax → 0.97``: what an output adds up, and what the function at the end makes of it."""
    return (
        Run(f"{who}:  z = ", source=Fact("place")), Run(text(z), "ink", "semibold", z),
        Run(f"   {activation_name(function)} → ", source=Fact("activation")), Run(text(y), "result", "semibold", y),
    )  # fmt: skip


def stepped(telling: Telling, before: Address, by: float, way: Address, made: Address) -> Line:
    """``−2.00 − 0.18 · (−2.00) = −1.64``: a number that goes so far along another one."""
    texts = [telling.text(at) for at in (before, way)]
    reached = numbers.double(texts[0]) + by * numbers.double(texts[1])
    return (
        telling.number(before), Run(f" {'+' if by > 0 else '−'} {abs(by):g} · ", source=Fact("rate")),
        telling.number(way, factor=True), *comes_to(reached, telling.text(made), made, *texts),
    )  # fmt: skip


def short_size(
    size: int, kernel: int, stride: int, out: int, *, padding: tuple[int, int] = (0, 0), ceil: bool = False
) -> str:
    """How many windows fit, where nothing is dilated; nothing if that is not what came out."""
    left, right = "⌈⌉" if ceil else "⌊⌋"
    room = size + sum(padding) - kernel
    reached = -(-room // stride) if ceil else room // stride
    padded = "".join(f" + {p}" for p in padding if any(padding))
    return f"{left}({size}{padded} − {kernel})/{stride}{right} + 1 = {out}" if reached + 1 == out else ""


def not_all(drawn: int, count: int, noun: str = "") -> tuple[str, ...]:
    """``4 of 7 drawn`` or ``3 of 64 channels drawn``; nothing where all are."""
    return (f"{drawn} of {count} {noun}{' ' * bool(noun)}drawn",) if drawn < count else ()


def ordinal_range(first: int, last: int, one: str, many: str) -> str:
    """``row 3`` or ``rows 3–5``, counted from 1."""
    return f"{one} {first + 1}" if first == last else f"{many} {first + 1}–{last + 1}"


def pair(values: Sequence[int]) -> str:
    """One number, or one an axis where they differ: ``2``, ``2×1``."""
    return str(values[0]) if len({*values}) == 1 else numbers.shape_text(values)


def listed(values: Sequence[object]) -> str:
    """``8``, ``8 and 16`` or ``4, 8 and 16``."""
    *before, last = map(str, values)
    return f"{', '.join(before)} and {last}" if before else last


def so_many(one: str, many: str, n: int) -> str:
    """``1 key`` or ``3 keys``."""
    return f"{n} {one if n == 1 else many}"


def counter(done: int, total: int) -> Line:
    """``3 / 9``: how many units are done, of how many."""
    return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {total}", source=Fact("units"))
