"""Sentences with the condition under which they are true: a predicate on what a film shows, never its name or place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, TypeVar

from layeranim.records import dataclass

About = TypeVar("About")


@dataclass(frozen=True)
class Sentence(Generic[About]):
    """A sentence that is shown where ``when`` is true: always, or of what it is about."""

    text: str
    when: bool | Callable[[About], bool] = True

    def holds(self, about: About) -> bool:
        """Whether it is said, and true of what it is about."""
        return bool(self.text) and (self.when(about) if callable(self.when) else self.when)


def first_true(sentences: Iterable[Sentence[About]], about: About) -> str:
    """The first sentence that is true; nothing where none is."""
    return next((one.text for one in sentences if one.holds(about)), "")
