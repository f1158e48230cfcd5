"""What a build did, and which films it was about; nothing is imported to tell that all is fresh."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol, TypeVar

from layeranim.errors import OptionError, RenderError
from layeranim.records import dataclass

FRESH, CACHED, DRAWN, FAILED = "fresh", "from the cache", "drawn", "failed"
DESCRIBED = "described anew"
"""Its pictures are as they were, its alt text is not."""


class Named(Protocol):
    """A film, however much is known of it."""

    @property
    def name(self) -> str: ...


Film = TypeVar("Film", bound=Named)


def films(count: int) -> str:
    """``1 film``, ``2 films``."""
    return f"{count} film" + "s" * (count != 1)


@dataclass
class Report:
    """What a build did. ``done`` leads from each film to ``fresh``, ``from the cache``, ``described anew``, ``drawn``
    or ``failed``."""

    paths: list[Path] = field(default_factory=list)
    done: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)

    def warn(self, text: str) -> None:
        """Note a warning, once."""
        if text not in self.warnings:
            self.warnings.append(text)


class BuildError(RenderError):
    """Some films could not be made; the others are done. ``report`` tells of both."""

    lines = True

    def __init__(self, report: Report) -> None:
        super().__init__("\n".join(f"{name}: {why}" for name, why in sorted(report.problems.items())))
        self.report = report


@dataclass(frozen=True)
class Shard:
    """Part ``number`` of ``count`` of the films, in the order of their names."""

    number: int
    count: int

    @classmethod
    def of(cls, text: str) -> Shard:
        """``2/4``. Raises ``OptionError``."""
        first, _, second = text.partition("/")
        if not re.fullmatch(r"[0-9]{1,9}/[0-9]{1,9}", text):
            raise OptionError(f"shard is {text[:40]!r}, but must be K/N, such as 1/4")
        if not 1 <= int(first) <= int(second) <= 1000:
            raise OptionError(f"shard is {text}, but must be K/N with 1 ≤ K ≤ N ≤ 1000")
        return cls(int(first), int(second))

    @property
    def first(self) -> bool:
        """Whether this is the part that speaks of what belongs to no film."""
        return self.number == 1

    def take(self, films: Sequence[Film]) -> list[Film]:
        return sorted(films, key=lambda one: one.name)[self.number - 1 :: self.count]
