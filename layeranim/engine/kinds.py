"""Kinds of values that an option takes: numbers, flags, closed sets of names, one number an axis, padding.

Values may arrive as Python objects or as text; ``Kind.check`` makes both canonical or raises ``OptionError``.
"""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from layeranim.engine import spelling, synonyms
from layeranim.errors import OptionError
from layeranim.records import dataclass


class Kind:
    """What values an option takes. ``check`` returns the canonical value; ``metavar`` is shown in ``--help``."""

    metavar = "VALUE"

    def check(self, name: str, value: Any) -> Any:
        """The canonical form of ``value`` or an ``OptionError`` that names the option, the value and the rule."""
        raise NotImplementedError

    def show(self, value: Any) -> str:
        """A canonical value as the text that ``check`` reads back."""
        return "" if value is None else str(value)

    @property
    def rule(self) -> str:
        """The bounds in words, for docs and help."""
        return ""


LARGEST = 2**53
"""No whole number here is larger: floats hold every one up to it, and NumPy's indices stay far from their end."""


def _integer(name: str, value: Any, wants: str) -> int:
    number = None
    if isinstance(value, str):
        if re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", value):
            number = int(value)
    elif isinstance(value, float):
        number = int(value) if value.is_integer() else None
    elif not isinstance(value, bool):
        with suppress(TypeError):
            number = operator.index(value)
    if number is None:
        raise OptionError(f"{name} is {given(value)}, but must be {wants}")
    if abs(number) > LARGEST:
        raise OptionError(f"{name} is {given(value)}, but must be {wants} of at most {LARGEST}")
    return number


def given(value: Any) -> str:
    """A value as it is quoted in an error: short, one line, printable."""
    try:
        text = repr(value) if not isinstance(value, (tuple, list)) else "x".join(str(v) for v in value)
    except (ValueError, RecursionError):  # a number of thousands of digits, lists nested a thousand deep
        text = f"a {type(value).__name__} too large to show"
    text = "".join(c if c.isprintable() else "�" for c in text)
    return text if len(text) <= 60 else text[:57] + "…"


@dataclass(frozen=True)
class Integer(Kind):
    """A whole number, or ``None`` where the option is derived from the inputs."""

    low: int | None = None
    high: int | None = None
    metavar: str = "N"

    def check(self, name: str, value: Any) -> int | None:
        if value is None:
            return None
        number = _integer(name, value, "a whole number")
        _bounds(name, number, self.low, self.high)
        return number

    @property
    def rule(self) -> str:
        return _range_text(self.low, self.high)


def _float(value: Any) -> float:
    """One real number, or text of one; not a truth value, nor a list of one."""
    axes: Any = getattr(value, "shape", ())
    if axes or type(value).__name__ in ("bool", "bool_"):
        raise TypeError(value)
    if isinstance(value, str) and (not value.isascii() or "_" in value):
        raise ValueError(value)
    return float(value)


@dataclass(frozen=True)
class Real(Kind):
    """A finite number; ``below`` is an upper bound that is itself excluded."""

    low: float | None = None
    high: float | None = None
    below: float | None = None
    above: float | None = None
    metavar: str = "X"

    def check(self, name: str, value: Any) -> float | None:
        if value is None:
            return None
        try:
            number = _float(value)
        except (TypeError, ValueError, OverflowError):
            raise OptionError(f"{name} is {given(value)}, but must be a number") from None
        if not math.isfinite(number):
            raise OptionError(f"{name} is {given(value)}, but must be finite")
        _bounds(name, number, self.low, self.high)
        if self.below is not None and number >= self.below:
            raise OptionError(f"{name} is {number:g}, but must be less than {self.below:g}")
        if self.above is not None and number <= self.above:
            raise OptionError(f"{name} is {number:g}, but must be greater than {self.above:g}")
        return number

    def show(self, value: Any) -> str:
        return "" if value is None else repr(value)

    @property
    def rule(self) -> str:
        parts = [_range_text(self.low, self.high)]
        parts += [f"< {self.below:g}"] if self.below is not None else []
        parts += [f"> {self.above:g}"] if self.above is not None else []
        return ", ".join(p for p in parts if p)


@dataclass(frozen=True)
class Flag(Kind):
    """Yes or no."""

    metavar: str = ""

    def check(self, name: str, value: Any) -> bool | None:
        if value is None or isinstance(value, bool):
            return value
        words = {
            "true": True,
            "yes": True,
            "on": True,
            "1": True,
            "false": False,
            "no": False,
            "off": False,
            "0": False,
        }
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
        raise OptionError(f"{name} is {given(value)}, but must be true or false")

    def show(self, value: Any) -> str:
        return "" if value is None else str(value).lower()


@dataclass(frozen=True)
class Choice(Kind):
    """One of a closed set of names, however it is spelt, or what the field calls it."""

    names: tuple[str, ...]

    @property
    def metavar(self) -> str:  # type: ignore[override]
        return "|".join(self.names)

    def check(self, name: str, value: Any) -> str | None:
        if value is None:
            return None
        if isinstance(value, str) and (found := synonyms.value(value.strip(), self.names)):
            return found
        raise OptionError(
            f"{name} is {given(value)}{suggest(value, self.names)}; it must be one of {', '.join(self.names)}"
        )


@dataclass(frozen=True)
class Choices(Kind):
    """Some of a closed set of names, each once: ``sgd,momentum,adam``; ``noun`` is what one of them is."""

    names: tuple[str, ...]
    noun: str
    metavar: str = "NAME,NAME,…"

    def check(self, name: str, value: Any) -> tuple[str, ...] | None:
        if value is None:
            return None
        parts = value.replace(",", " ").split() if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)) or not parts or any(part is None for part in parts):
            raise OptionError(f"{name} is {given(value)}, but must be one or more of {self.rule}")
        found = tuple(str(Choice(self.names).check(name, part)) for part in parts)
        twice = next((one for one in found if found.count(one) > 1), None)
        if twice:
            raise OptionError(f"{name} names {twice} twice; give each {self.noun} once")
        return found

    def show(self, value: Any) -> str:
        return "" if value is None else ",".join(value)

    @property
    def rule(self) -> str:
        return ", ".join(self.names)


@dataclass(frozen=True)
class Text(Kind):
    """Free text, shown literally."""

    metavar: str = "TEXT"

    def check(self, name: str, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            raise OptionError(f"{name} is {given(value)}, but must be text")
        return value


@dataclass(frozen=True)
class Words(Kind):
    """Words, shown literally: a list of them, JSON of one, or text with spaces between. Canonical: a tuple."""

    metavar: str = "WORDS"

    def check(self, name: str, value: Any) -> tuple[str, ...] | None:
        if value is None:
            return None
        words = _listed(value) if isinstance(value, str) else value
        if hasattr(words, "tolist"):  # an array of NumPy's
            words = words.tolist()
        shown = given(value if isinstance(value, str) else str(value))
        if not isinstance(words, (list, tuple)) or not all(isinstance(word, str) for word in words):
            raise OptionError(f"{name} is {shown}, but must be words: text with spaces between, or a list of them")
        if not words or not all(word.strip() for word in words):
            raise OptionError(f"{name} is {shown}, but must hold at least one word, and none that is empty")
        return tuple(str(word) for word in words)

    def show(self, value: Any) -> str:
        if value is None:
            return ""
        text = " ".join(value)
        return text if _listed(text) == list(value) else json.dumps(list(value), ensure_ascii=False)


def _listed(text: str) -> Any:
    """The words of a text; it may be JSON of a list of them."""
    if text.lstrip().startswith('["'):
        with suppress(ValueError, RecursionError):
            return json.loads(text)
    return text.split()


@dataclass(frozen=True)
class PerAxis(Kind):
    """One whole number for every spatial axis, or one for each: ``2`` or ``2x3`` (height, then width)."""

    axes: int = 2
    low: int = 1
    high: int | None = None
    optional: bool = False

    @property
    def metavar(self) -> str:  # type: ignore[override]
        return "N|" + "x".join("DHW"[-self.axes :]) if self.axes > 1 else "N"

    def check(self, name: str, value: Any) -> tuple[int, ...] | None:
        if value is None and self.optional:
            return None
        parts: Any = value
        if isinstance(value, str):
            parts = re.split(r"[x×,]", value.strip())
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        wants = f"a whole number, or {self.axes} of them" if self.axes > 1 else "a whole number"
        numbers = [_integer(name, value if isinstance(p, str) and not p else p, wants) for p in parts]
        if len(numbers) not in (1, self.axes):
            raise OptionError(f"{name} is {given(value)}, {len(numbers)} numbers, but must be {wants}")
        for number in numbers:
            _bounds(name, number, self.low, self.high)
        return tuple(numbers) if len(numbers) == self.axes else tuple(numbers) * self.axes

    def show(self, value: Any) -> str:
        return "" if value is None else _compact(value)

    @property
    def rule(self) -> str:
        return _range_text(self.low, self.high)


@dataclass(frozen=True)
class Padding(Kind):
    """``N``, ``HxW``, ``T,B,L,R`` (before and after on each axis, outermost first), or one of ``words``.

    Canonical: the word, or ``((top, bottom), (left, right))``.
    """

    axes: int = 2
    words: tuple[str, ...] = ("same", "valid")

    @property
    def metavar(self) -> str:  # type: ignore[override]
        numbers = {1: "N|L,R", 2: "N|HxW|T,B,L,R", 3: "N|DxHxW|N,N,N,N,N,N"}[self.axes]
        return "|".join((numbers, *self.words))

    def check(self, name: str, value: Any) -> str | tuple[tuple[int, int], ...]:
        word = value.strip().lower() if isinstance(value, str) else ""
        if word in self.words:
            return word
        if word in _PADDINGS:
            goes = ", ".join(self.words)
            raise OptionError(f"{name} is {word}, but here it must be numbers or {goes}; {word} is {_PADDINGS[word]}")
        parts: Any = re.split(r"[x×,]", value.strip()) if isinstance(value, str) else value
        if not isinstance(parts, (list, tuple)):
            parts = [parts]
        flat: list[Any] = []
        for part in parts:
            flat.extend(part) if isinstance(part, (list, tuple)) else flat.append(part)
        wants = f"{self.metavar}"
        if near := suggest(word, self.words):
            raise OptionError(f"{name} is {given(value)}{near}; it must be {wants}")
        numbers = [_integer(name, p, wants) for p in flat]
        for number in numbers:
            _bounds(name, number, 0, None)
        if len(numbers) == 1:
            return tuple((numbers[0], numbers[0]) for _ in range(self.axes))
        if len(numbers) == self.axes and not any(isinstance(p, (list, tuple)) for p in parts):
            return tuple((n, n) for n in numbers)
        if len(numbers) == 2 * self.axes:
            return tuple((numbers[2 * i], numbers[2 * i + 1]) for i in range(self.axes))
        raise OptionError(f"{name} is {given(value)}, {len(numbers)} numbers, but must be {wants}")

    def show(self, value: Any) -> str:
        if isinstance(value, str):
            return value
        if all(a == b for a, b in value):
            return _compact(tuple(a for a, _ in value))
        return ",".join(str(n) for pair in value for n in pair)


_PADDINGS = {
    "same": "as many results as cells",
    "valid": "no padding",
    "full": "padding on both sides as far as a window of a convolution touches the input",
    "causal": "padding before the sequence of a 1D convolution, whose results then see nothing later",
}
"""The words for paddings, some of which a layer may not take."""


def _compact(numbers: tuple[int, ...]) -> str:
    return str(numbers[0]) if len(set(numbers)) == 1 else "x".join(str(n) for n in numbers)


def _bounds(name: str, number: float, low: float | None, high: float | None) -> None:
    if low is not None and number < low:
        raise OptionError(f"{name} is {number:g}, but must be at least {low:g}")
    if high is not None and number > high:
        raise OptionError(f"{name} is {number:g}, but must be at most {high:g}")


def _range_text(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f"{low:g}…{high:g}"
    return f"≥ {low:g}" if low is not None else f"≤ {high:g}" if high is not None else ""


def suggest(word: Any, known: Iterable[str]) -> str:
    """`` (did you mean X?)`` when a known name is close to ``word``, else nothing."""
    return spelling.suggestion(word, known) if isinstance(word, str) else ""
