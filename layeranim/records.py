"""Dataclasses that are made when first used: a film uses a quarter of those that its modules define.

``dataclasses.dataclass`` writes and compiles up to six methods for a class, a millisecond in all, and the program has
some three hundred. This one takes the same options and leaves a class as it is until something asks for what those
methods would be; what it then is, ``dataclasses`` made, but for three that need no compiling.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from reprlib import recursive_repr
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
                _make(self.cls, **self.options)
        made = vars(self.cls)[self.name]
        return made.__get__(instance, owner) if hasattr(made, "__get__") else made


def _make(cls: type, repr: bool = True, eq: bool = True, frozen: bool = False, **options: Any) -> None:
    """What ``dataclasses.dataclass`` would make of it."""
    written = {name for name in ("__repr__", "__eq__") if name in vars(cls)}
    if vars(cls).get("__hash__") is not None:  # None stands there wherever a class has its own __eq__
        written.add("__hash__")
    dataclasses.dataclass(repr=False, eq=False, frozen=frozen, **options)(cls)
    methods: dict[str, Any] = {"__repr__": _repr} if repr else {}
    if eq:
        fields = dataclasses.fields(cls)
        hashed = _values([field for field in fields if (field.compare if field.hash is None else field.hash)])
        methods["__eq__"] = _equal(_values([field for field in fields if field.compare]))
        methods["__hash__"] = (lambda self: hash(hashed(self))) if frozen else None
    for name in methods.keys() - written:
        setattr(cls, name, methods[name])


@recursive_repr()
def _repr(self: Any) -> str:
    said = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
    return f"{type(self).__qualname__}({', '.join(said)})"


def _equal(values: Any) -> Any:
    return lambda self, other: values(self) == values(other) if type(other) is type(self) else NotImplemented


def _values(fields: list[Any]) -> Any:
    names = [field.name for field in fields]
    if len(names) > 1:
        return attrgetter(*names)
    return lambda self: tuple(getattr(self, name) for name in names)
