"""One reading: what is asked for, how much it may be, and how a refusal is worded."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field

from layeranim.engine import memory, spelling
from layeranim.errors import InputError, LayeranimError
from layeranim.inputs.safe import printable
from layeranim.records import dataclass

MAX_AXES = 8
RAISE_LIMIT = "raise the limit: --max-memory SIZE (max_memory= in Python)"


@dataclass(frozen=True)
class Limits:
    """How large one input may be. ``size`` is in bytes; the other limits follow from it.

    It is half of what may be taken in all (``--max-memory``): an array is held as it was read, and as it is computed
    with. As it comes: 256 MiB, 67 million numbers, 38 million pixels, 4 MiB of text. A container (``.npz``,
    ``.safetensors``) may be larger: the limit counts for the array that is read from it. Standard input, which is
    kept in memory whole, may have half of ``size``.
    """

    size: int = memory.USUAL // 2

    @classmethod
    def within(cls, budget: int) -> Limits:
        """Those of a command that may take ``budget`` bytes in all."""
        return cls(max(1, budget // 2))

    @property
    def elements(self) -> int:
        """Numbers in one array: four bytes each."""
        return self.size // 4

    @property
    def pixels(self) -> int:
        """Pixels of one picture, opaque: four bytes decoded, four turned to RGB, three and three in arrays."""
        return 2 * self.size // 14

    @property
    def text(self) -> int:
        """Bytes of CSV, JSON, a literal or a header: parsed, each byte can take 30."""
        return self.size // 64

    @property
    def directory(self) -> int:
        """Bytes of what lists the arrays of a file: a hundred thousand of them take some ten million."""
        return max(2**20, self.size // 16)


LIMITS = Limits()


@dataclass(frozen=True)
class Request:
    """One reading of parameter ``what`` from ``given``, the words the user wrote."""

    what: str
    given: str
    limits: Limits = LIMITS
    key: str | None = None
    gray: bool = False
    resize: tuple[int, int] | None = None
    decimal: str = "."
    bare: bool = False
    """Whether a number without axes will do."""
    said: list[str] = field(default_factory=list, compare=False)

    def say(self, note: str) -> None:
        """Keep ``note``, what was made of the input, for who wants to know."""
        self.said.append(printable(note, 200))

    def refuse(self, rule: str, remedy: str) -> InputError:
        """The error to raise, one line: parameter, what was given, the rule it broke, what would work."""
        return InputError(f"{self.what} '{printable(self.given)}': {printable(rule, 600)}; {printable(remedy, 600)}")

    @contextmanager
    def decoding(self, rule: str, remedy: str) -> Iterator[None]:
        """Around a decoder at work on foreign bytes, which may raise anything: all of it becomes one refusal."""
        try:
            yield
        except LayeranimError:
            raise
        except Exception as error:
            raise self.refuse(rule, remedy) from error

    def check_size(self, thing: str, size: int, most: int, unit: str = "bytes") -> None:
        """Refuse ``thing`` when it takes more than ``most``."""
        if size > most:
            rule = f"{thing} takes {number_text(size)} {unit}, the limit is {number_text(most)}"
            raise self.refuse(rule, f"bring less, or {RAISE_LIMIT}")

    def check_shape(self, shape: Sequence[int], itemsize: int = 1) -> int:
        """Bytes that an array of ``shape`` takes, known to be within the limits before they are taken."""
        if any(length < 0 for length in shape):
            raise self.refuse(f"declares a negative size in shape {shape_text(shape)}", "save the array again")
        if not shape and not self.bare:
            raise self.refuse(
                "is a single number without axes (shape ())",
                "write it in as many brackets as it should have axes, [[7]]",
            )
        if len(shape) > MAX_AXES:
            raise self.refuse(f"has {len(shape)} axes, at most {MAX_AXES} are read", "reshape it to fewer")
        elements = math.prod(shape)
        if elements == 0:
            raise self.refuse(f"is empty, its shape is {shape_text(shape)}", "give every axis at least one cell")
        self.check_size(f"shape {shape_text(shape)}", elements, self.limits.elements, "numbers")
        self.check_size(f"shape {shape_text(shape)}", elements * itemsize, self.limits.size)
        return elements * itemsize

    def choose(self, keys: Sequence[str]) -> str:
        """The array of a container that ``key`` names; without a key, the only one there is."""
        if self.key is None and len(keys) == 1:
            return keys[0]
        if not keys:
            raise self.refuse("holds no array", "save at least one array in it")
        listed = ", ".join(printable(key, 40) for key in keys[:8]) + (f", … {len(keys) - 8} more" if keys[8:] else "")
        if self.key is None:
            example = f"{self.given}:{printable(keys[0], 40)}"
            raise self.refuse(f"holds {len(keys)} arrays ({listed})", f"name one: {example}")
        if self.key not in keys:
            hint = nearest(self.key, keys)
            rule = f"holds no array '{printable(self.key, 40)}'"
            raise self.refuse(rule, f"did you mean '{printable(hint, 40)}'?" if hint else f"it holds {listed}")
        return self.key


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name most like ``name``, if any is; looks at a thousand names at most."""
    return spelling.nearest(name, sorted(entry for entry in known if len(entry) <= 100)[:1000])


def shape_text(shape: Sequence[int]) -> str:
    """``(3, 4)``, also for shapes that no array could have."""
    return f"({', '.join(number_text(length) for length in shape[:MAX_AXES])}{', …' if shape[MAX_AXES:] else ''})"


def number_text(number: int) -> str:
    """A whole number in full, or its magnitude when no one would count its digits."""
    return str(number) if abs(number) < 10**15 else f"10^{int(math.log10(abs(number)))}"
