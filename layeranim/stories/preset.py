"""Preset: a ready example of an explainer, with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from layeranim.engine.option import Config
from layeranim.records import dataclass


@dataclass(frozen=True)
class Made:
    """An array of a preset that follows from an option of the layer: embeddings of the words of a sentence.

    ``make(value, seed)`` makes it, or raises ``UsageError`` where there is none; ``usual`` is the option's value where
    the user gives none.
    """

    option: str
    make: Callable[[Any, int], Any]
    usual: Any = None
    optional: bool = False

    def of(self, config: Config, seed: int) -> Any:
        """The array for these options; none where ``optional`` and the option has no value."""
        value = getattr(config, self.option)
        return None if self.optional and value is None else self.make(value, seed)


@dataclass(frozen=True)
class Preset:
    """A ready example: options and arrays, what it shows, where its figures come from.

    ``bound`` says of an array which other arrays and options it belongs with: the user's own of any of them leaves it
    out. ``free`` names what a user may change while ``takeaway`` stays true. ``cut`` says of an array which option gets
    its first rows where it asks for fewer. ``unit`` is the step that it is about, which is taught and
    stands on the poster.
    """

    name: str
    summary: str
    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    takeaway: str = ""
    title: str = ""
    planes: bool = False
    bound: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    free: tuple[str, ...] = ()
    cut: Mapping[str, str] = field(default_factory=dict)
    unit: int | None = None
