"""Answers of a method that are kept as long as its object, and no longer."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

Given = ParamSpec("Given")
Answer = TypeVar("Answer")


class Remembered(Generic[Given, Answer]):
    """A decorator: what ``functools.cache`` does for a function.

    On a method that would keep every object it was ever called on, here the numbers of every film that a process made.
    """

    def __init__(self, method: Callable[Concatenate[Any, Given], Answer]) -> None:
        self.method, self.name, self.__doc__ = method, "", method.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: object, owner: type | None = None) -> Callable[Given, Answer]:
        found: Any = cache(MethodType(self.method, instance))
        vars(instance)[self.name] = found  # where it is found from now on
        return found  # type: ignore[no-any-return]
