"""Dataclasses that are made when first used: a film uses a quarter of those that its modules define.

``dataclasses.dataclass`` writes and compiles up to six methods for a class, a millisecond each, and the program defines
some three hundred. This one takes the same options and leaves the class as it is until something asks for what those
methods would be; what it then is, ``dataclasses`` made.
"""

from __future__ import annotations

import dataclasses
from threading import RLock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(cls: type | None = None, /, **options: Any) -> Any:
        """Exactly ``dataclasses.dataclass``, later."""
        return _later(cls, options) if cls is not None else lambda cls: _later(cls, options)


_ONE_AT_A_TIME = RLock()
_EAGER = {"order", "slots", "weakref_slot", "unsafe_hash"}
"""Options that make another class, or methods besides the usual ones."""


def _later(cls: type, options: dict[str, Any]) -> type:
    if _EAGER & options.keys() or not options.get("init", True):
        return dataclasses.dataclass(**options)(cls)
    names = ["__init__", "__dataclass_fields__", "__match_args__"]
    names += ["__repr__"] * options.get("repr", True)
    names += ["__eq__", "__hash__"] * options.get("eq", True)
    names += ["__setattr__", "__delattr__"] * options.get("frozen", False)
    pending = [name for name in names if name == "__init__" or name not in vars(cls)]
    for name in pending:
        setattr(cls, name, _Awaited(cls, options, pending, name))
    return cls


class _Awaited:
    """Stands for one attribute of a dataclass that is not made yet; who reads it has it made."""

    def __init__(self, cls: type, options: dict[str, Any], pending: list[str], name: str) -> None:
        self.cls, self.options, self.pending, self.name = cls, options, pending, name

    def __get__(self, instance: object, owner: type) -> Any:
        with _ONE_AT_A_TIME:  # another thread waits until all is there
            if vars(self.cls).get(self.name) is self:
                for name in self.pending:
                    delattr(self.cls, name)
                dataclasses.dataclass(**self.options)(self.cls)
        made = vars(self.cls)[self.name]
        return made.__get__(instance, owner) if hasattr(made, "__get__") else made
