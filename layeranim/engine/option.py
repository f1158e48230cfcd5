"""Config and its options, and the Layer that takes them: one dataclass field carries type, default, help and bounds.

From a field come the command line's option, the manifest's key, the row in the docs and the text of the error. What
kinds of values there are stands in ``kinds``; who declares options imports them from here, with the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, field, replace
from functools import cache
from typing import Any, ClassVar

from layeranim.engine import synonyms
from layeranim.engine.kinds import (
    Choice,
    Choices,
    Flag,
    Integer,
    Kind,
    Padding,
    PerAxis,
    Real,
    Text,
    Words,
    given,
    suggest,
)
from layeranim.engine.memory import Makes
from layeranim.engine.trace import Array, Role, Shape, Tensor, Trace
from layeranim.errors import OptionError
from layeranim.records import dataclass

__all__ = [
    "ArrayOption",
    "Choice",
    "Choices",
    "Config",
    "Flag",
    "Integer",
    "Kind",
    "Layer",
    "Option",
    "Padding",
    "PerAxis",
    "Real",
    "Text",
    "Words",
    "given",
    "option",
    "suggest",
]  # fmt: skip


@dataclass(frozen=True)
class Option:
    """One option of a layer as every surface needs it."""

    name: str
    kind: Kind
    default: Any
    help: str
    short: str | None = None
    aliases: tuple[str, ...] = ()
    old: tuple[str, ...] = ()

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every name that is read; ``old`` ones, of earlier versions, are shown nowhere."""
        return (self.name, *self.aliases, *self.old)

    @property
    def flag(self) -> str:
        """The long option on the command line."""
        return "--" + self.name.replace("_", "-")


def option(
    kind: Kind,
    default: Any,
    help: str,
    *,
    short: str | None = None,
    aliases: tuple[str, ...] = (),
    old: tuple[str, ...] = (),
) -> Any:
    """A dataclass field of a :class:`Config`."""
    told = {"kind": kind, "help": help, "short": short, "aliases": aliases, "old": old}
    return field(default=default, metadata=told)


@dataclass(frozen=True, kw_only=True)
class Config:
    """The options of one layer: frozen, keyword-only, checked and canonical as soon as it exists."""

    def __post_init__(self) -> None:
        for item in self.options():
            value = getattr(self, item.name)
            if value is None and item.default is not None:
                usual = item.kind.show(item.kind.check(item.name, item.default))
                raise OptionError(f"{item.name} is None, but must have a value; {usual} is usual")
            value = item.kind.check(item.name, value)
            object.__setattr__(self, item.name, value)

    @classmethod
    @cache
    def options(cls) -> tuple[Option, ...]:
        """The options in the order of the fields."""
        return tuple(
            Option(f.name, f.metadata["kind"], None if f.default is MISSING else f.default, f.metadata["help"],
                   f.metadata["short"], f.metadata["aliases"], f.metadata["old"])
            for f in dataclasses.fields(cls)
        )  # fmt: skip

    @classmethod
    @cache
    def _spellings(cls) -> Mapping[str, str]:
        """The name of the option that a word means."""
        return {word: item.name for item in cls.options() for word in item.spellings}

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Config:
        """A Config from names (dashes, underscores, aliases or synonyms) and values; unknown names are refused."""
        known = cls._spellings()
        values: dict[str, Any] = {}
        for key, value in options.items():
            name = key.replace("-", "_")
            name = name if name in known else synonyms.option(name, known) or name
            if name not in known:
                if says := synonyms.answer(name, known):
                    raise OptionError(says)
                raise OptionError(
                    f"unknown option {key}{suggest(name, known)}; there are {', '.join(sorted(set(known.values())))}"
                )
            values[known[name]] = value
        return cls(**values)

    def replace(self, **changes: Any) -> Any:
        """The same options but for ``changes``."""
        return dataclasses.replace(self, **changes)

    def shown(self) -> dict[str, str]:
        """Every option as text that reads back equal: what is saved, hashed and printed."""
        return {item.name: item.kind.show(getattr(self, item.name)) for item in self.options()
                if getattr(self, item.name) is not None}  # fmt: skip


@dataclass(frozen=True)
class ArrayOption:
    """An array that a layer takes: on the command line ``--<name> FILE|NAME|LITERAL``."""

    name: str
    axes: tuple[str, ...]
    role: Role
    help: str
    optional: bool = False


@dataclass(frozen=True)
class Layer:
    """What the rest of the program knows of one layer's arithmetic.

    ``complete(config, shapes)``   fills sizes in from the shapes at hand (``None`` = not given), refuses what does not
                                  go together and returns the full Config with the shape of every array it needs.
    ``compute(config, arrays)``    the trace.
    ``assemble(config, tensors)``  the trace again from its saved tensors: recipes, steps and facts are made anew.
    ``backward(trace, gradients)`` the backward pass as a trace of its own (see ``engine.backward``), or ``None``.
    ``starts``                     the tensors whose gradients it may start from.
    ``inner``                      the full name of an array that only some options bring along, however it is spelt
                                  (``layer1-forward-weight_hidden``), or ``None`` if a word names none of them.
    ``makes(config, shapes)``      the shapes of what it computes (see ``engine.memory``), for an estimate of memory.
    ``back``                       the memory of the backward pass as a multiple of the forward's.
    ``also_seeded(config, shapes)`` arrays that are drawn where weights are: with their default nothing would happen.
    """

    name: str
    title: str
    config: type[Config]
    arrays: tuple[ArrayOption, ...]
    complete: Callable[[Any, Mapping[str, Shape | None]], tuple[Any, dict[str, Shape]]]
    compute: Callable[[Any, Mapping[str, Array]], Trace]
    assemble: Callable[[Any, Mapping[str, Tensor]], Trace]
    formula: str
    source: str
    backward: Callable[[Trace, Mapping[str, Array]], Trace] | None = None
    starts: tuple[str, ...] = ("output",)
    inner: Callable[[str], str | None] = lambda word: None
    makes: Makes | None = None
    back: float = 1.0
    also_seeded: Callable[[Any, Mapping[str, Shape]], dict[str, Shape]] = lambda config, shapes: {}

    version: ClassVar[int] = 1

    def under(self, name: str, config: type[Config], **other: Any) -> Layer:
        """The same arithmetic under a name, maybe its own, with a Config of its own; ``other`` are fields that differ
        too."""
        if name == self.name:
            return replace(self, config=config, **other)

        def compute(options: Any, arrays: Mapping[str, Array]) -> Trace:
            return replace(self.compute(options, arrays), layer=name)

        def assemble(options: Any, tensors: Mapping[str, Tensor]) -> Trace:
            return replace(self.assemble(options, tensors), layer=name)

        return replace(self, name=name, config=config, compute=compute, assemble=assemble, **other)
