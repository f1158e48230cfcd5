"""What films say, checked against their numbers by other means than the stories use.

A `Claim` names a sentence by a pattern and recomputes from the trace whether it is true. A family of films lists its
claims in a module of its own, ``sentences_<family>.py``, as ``CLAIMS: dict[str, tuple[Claim, ...]]`` by explainer, and
``test_sentences.py`` finds them there: every sentence of every film of such an explainer must be known to a claim and
true, also with one option of a preset changed; and a claim that is not always true must be said in ``seen`` and be gone
in each of ``gone``, options that make its condition false.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim import catalog, preparing
from layeranim.engine import option
from layeranim.engine.trace import Array, Trace
from layeranim.errors import UsageError
from layeranim.stories.storyboard import Beat, Line, Storyboard, plain

from .conftest import Case

ARITHMETIC = ("step", "brief")
"""Kinds of beats whose captions are arithmetic, which other tests check number by number."""


@dataclass(frozen=True, eq=False)
class Told:
    """A film as it is told: what was asked for, its numbers, its words."""

    case: Case
    work: preparing.Work
    trace: Trace
    board: Storyboard

    @property
    def config(self) -> Any:
        return self.trace.config

    def __getitem__(self, name: str) -> Array:
        return self.trace[name]

    def query(self, beat: Beat) -> int:
        """The query of a beat: of many only some are drawn, and these are the units."""
        drawn = (dict(grid.picked).get("queries") for grid in self.board.grids.values())
        unit = beat.units[0]
        return next((queries[unit] for queries in drawn if queries), unit)

    def sentences(self, arithmetic: tuple[str, ...] = ARITHMETIC) -> Iterator[tuple[str, Beat]]:
        """Every note, and the captions of beats that are no arithmetic."""
        for beat in self.board.beats:
            lines: list[Line] = [beat.note, *([] if beat.kind in arithmetic else [beat.caption])]
            yield from ((plain(line), beat) for line in lines if line)


def tell(name: str, options: Mapping[str, Any], label: str = "") -> Told:
    case = Case(name, dict(options), label or name)
    work = case.work()
    trace = work.trace()
    return Told(case, work, trace, work.storyboard(trace))


Check = Callable[[Told, "re.Match[str]", Beat], bool]


@dataclass(frozen=True)
class Claim:
    """A sentence by a pattern that matches all of it, and whether what it says is true; ``None``: always.

    ``seen`` are options of a film that says it, ``gone`` options of films that must not. A sentence that every film
    says, with other numbers, ``counts``: there is no film from which it is gone, and its numbers are recomputed.
    """

    says: str
    true: Check | None = None
    seen: Mapping[str, Any] | None = None
    gone: tuple[Mapping[str, Any], ...] = ()
    counts: bool = False

    def match(self, text: str) -> re.Match[str] | None:
        return re.fullmatch(self.says, text)


@dataclass(frozen=True)
class Family:
    """The claims of one family of films, and the kinds of beats whose captions are arithmetic."""

    claims: dict[str, tuple[Claim, ...]]
    arithmetic: tuple[str, ...]


def families() -> list[Family]:
    """Every ``sentences_*.py`` beside this file."""
    package = importlib.import_module(__package__ or "")
    names = [m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("sentences_")]
    modules = [importlib.import_module(f"{__package__}.{name}") for name in sorted(names)]
    return [Family(m.CLAIMS, getattr(m, "ARITHMETIC", ARITHMETIC)) for m in modules]


def untrue(told: Told) -> list[str]:
    """The sentences of a film that no claim knows, or that are not true of its numbers."""
    family, out = FAMILIES[told.case.name], []
    for text, beat in told.sentences(family.arithmetic):
        found = [(claim, match) for claim in family.claims[told.case.name] if (match := claim.match(text))]
        if not found:
            out.append(f"unknown: {text!r}")
        out += [f"untrue: {text!r}" for claim, match in found if claim.true and not claim.true(told, match, beat)]
    return list(dict.fromkeys(out))


def values(item: option.Option, value: Any) -> list[Any]:
    """Other values of an option, one of each kind that changes what a film can say."""
    kind = item.kind
    if isinstance(kind, option.Choice):
        return [choice for choice in kind.names if choice != value]
    if isinstance(kind, option.Flag):
        return [not value]
    if isinstance(kind, option.Integer):
        return [n for n in (1, 2, 3, 5) if n != value]
    if isinstance(kind, option.Real):
        return [n for n in (0.0, 0.25, 1.0, 3.0) if n != value]
    if isinstance(kind, option.Padding):
        return [1, "same"]
    if isinstance(kind, option.PerAxis):
        return [1, 2, 3, "1x2"]
    return []


MOST = 4
"""Values of an option that are tried with one preset."""
_PICTURE = {"input": "gray-photo:12x18"}
SMALLER: dict[str, dict[str, dict[str, Any]]] = {
    "conv-image": dict.fromkeys(("edges", "identity", "mean", "gaussian", "sharpen", "emboss"), _PICTURE),
    "feature-maps": {"six-questions": _PICTURE},
    "sequential": {"digits": {"steps": "7-9"}, "opened": {"steps": "4-5"}, "words": {"steps": "first:2"}},
    "training": {"moons": {"epochs": 8}},
    "descent": {key: {"updates": 3, "grid": 6} for key in ("valley", "rosenbrock", "saddle", "four-minima")},
}
"""What makes a film small while one option after another is changed: it says the same sentences."""


def changed(name: str, preset: str) -> Iterator[Told]:
    """A preset with one option of the layer, one array, or the part that is shown changed, wherever that can be.

    All of them with the first preset of an explainer; a third of them, by turns, with every other.
    """
    given = {"example": preset, **SMALLER.get(name, {}).get(preset, {})}
    base = preparing.prepare(name, given)
    options = catalog.layer(name).config.options() if _first_of_its_kind(name, base) else ()
    turn = [other.name for other in catalog.presets(name)].index(preset)
    changes: list[tuple[str, Any]] = [
        (item.name, value) for item in options for value in tried(values(item, getattr(base.config, item.name)), turn)
    ]
    for array, source in base.sources.items():
        shape = "x".join(map(str, source.array.shape))
        changes += [
            (f"{array}_values" if array in ("bias",) else array, f"{kind}:{shape}")
            for kind in tried(["random", "zeros"], turn)
        ]
    changes += [("steps", "first:2"), ("precision", 0), ("sample", 1)]
    for key, value in changes[turn % 3 :: 3] if turn else changes:
        try:
            yield tell(name, {**given, key: value}, f"{name}-{preset} {key}={value}")
        except UsageError:
            continue


def tried(found: list[Any], turn: int) -> list[Any]:
    """Several values with the first preset of an explainer, with every other one of each option, by turns."""
    return found[:: -(-len(found) // MOST)] if found and turn == 0 else found[turn % len(found) :][:1] if found else []


def _first_of_its_kind(name: str, work: preparing.Work) -> bool:
    """Whether no earlier preset has these options and arrays of these shapes: the same kernel sizes, other kernels."""
    for preset in catalog.presets(name):
        other = preparing.prepare(name, {"example": preset.name})
        if preset == work.preset:
            return True
        same = {n: s.array.shape for n, s in other.sources.items()} == {
            n: s.array.shape for n, s in work.sources.items()
        }
        if same and other.config == work.config:
            return False
    return True


def every(values_: Any, condition: Callable[[Any], Any]) -> bool:
    """Whether a condition holds of an array everywhere."""
    return bool(np.all(condition(np.asarray(values_))))


FAMILIES = {name: family for family in families() for name in family.claims}  # last: they import this module
