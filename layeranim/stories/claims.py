"""Sentences with the condition under which they are true: a predicate on what a film shows, never its name or place."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

About = TypeVar("About")


def always(_: object) -> bool:
    """The condition of a sentence that holds whatever the numbers are."""
    return True


class Claim(NamedTuple, Generic[About]):
    """A sentence, and when it is true of what it is about."""

    says: str
    true: Callable[[About], bool] = always


def first_true(claims: Iterable[Claim[About]], about: About) -> str:
    """The first sentence that is true; nothing where none is."""
    return next((claim.says for claim in claims if claim.true(about)), "")


def all_true(claims: Iterable[Claim[About]], about: About) -> list[str]:
    """Every sentence that is true."""
    return [claim.says for claim in claims if claim.true(about)]
