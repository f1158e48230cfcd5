"""What the tests over the catalog share: cases and a playing scene."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from layeranim import catalog, preparing
from layeranim.engine.trace import Trace
from layeranim.film.film import Pass, draw
from layeranim.film.renderer import FilmRenderer
from layeranim.film.writers import Rect
from layeranim.scenes.base import ExplainerScene
from layeranim.stories.storyboard import Beat, Storyboard
from layeranim.theme import THEMES

from .cases import CASES


@dataclass(frozen=True)
class Case:
    """One film: an explainer with options."""

    name: str
    options: dict[str, Any]
    label: str

    def work(self) -> preparing.Work:
        """The film's work; tests that ask again soon get the same one, whose trace and storyboard are made once."""
        key = self.name, repr(sorted(self.options.items()))
        if key not in _WORKS:
            made = preparing.prepare(self.name, self.options)
            _WORKS[key] = Remembered(**{field.name: getattr(made, field.name) for field in fields(made)})
            if len(_WORKS) > KEPT:
                _WORKS.popitem(last=False)
        _WORKS.move_to_end(key)
        return _WORKS[key]


class Remembered(preparing.Work):
    """A work that keeps its trace and its storyboard: most tests of the catalog ask for both."""

    def trace(self) -> Trace:
        if "its_trace" not in vars(self):
            vars(self)["its_trace"] = super().trace()
        found: Trace = vars(self)["its_trace"]
        return found

    def storyboard(self, trace: Trace) -> Storyboard:
        if trace is not vars(self).get("its_trace"):
            return super().storyboard(trace)
        if "its_board" not in vars(self):
            vars(self)["its_board"] = super().storyboard(trace)
        found: Storyboard = vars(self)["its_board"]
        return found


KEPT = 12
"""Works that are remembered: one test is done with a film before the next begins, and many films are large."""
_WORKS: OrderedDict[tuple[str, str], Remembered] = OrderedDict()


def presets() -> list[Case]:
    """Every preset of every explainer in the catalog."""
    return [
        Case(name, {"example": preset.name}, f"{name}-{preset.name}")
        for name in catalog.EXPLAINERS
        for preset in catalog.presets(name)
    ]


def others() -> list[Case]:
    """Sizes and options that no preset uses."""
    return [Case(name, options, f"{name}-{i}") for name, listed in CASES.items() for i, options in enumerate(listed, 1)]


class Watcher:
    """Takes frames as a film's writers do."""

    def __init__(self, each: Callable[[NDArray[np.uint8], Sequence[Rect], int], None] | None = None) -> None:
        self.frames, self.each = 0, each

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        self.frames += repeat
        if self.each:
            self.each(pixels, changed, repeat)


@dataclass
class Played:
    """A film that was drawn: its trace, storyboard and the scene at its end."""

    case: Case
    trace: Trace
    board: Storyboard
    scene: ExplainerScene
    frames: int


def play(
    case: Case, at_beat: Callable[[ExplainerScene, Beat], None] | None = None, watcher: Watcher | None = None,
    size: tuple[int, int] = (320, 180), fps: Fraction = Fraction(25, 2), theme: str = "light",
) -> Played:  # fmt: skip
    """Play a film; ``at_beat`` is called at the end of every beat. Frames are painted where a watcher takes them."""
    work = preparing.prepare(case.name, {**case.options, "theme": theme})
    trace = work.trace()
    board = work.storyboard(trace)
    kind = catalog.resolve(catalog.explainer(case.name).scene)
    painted, watcher = watcher is not None, watcher or Watcher()

    class Hooked(kind):  # type: ignore[misc, valid-type]
        def setup(self) -> None:
            super().setup()
            if at_beat:
                self.at_beat = lambda beat: at_beat(self, beat)

    with nullcontext() if painted else patch.object(FilmRenderer, "update_frame", lambda *_: None):
        scene = draw(board, Hooked, THEMES[theme], Pass(*size, fps, ()), watcher)
    return Played(case, trace, board, scene, watcher.frames)


def ids(cases: list[Case]) -> dict[str, Any]:
    return {"argvalues": cases, "ids": [case.label for case in cases]}


def bare(text: str) -> str:
    """A drawn number without the marks of a power and without the parentheses of a factor."""
    return re.sub(r"^[\^_]\{(.*)\}$", r"\1", text).strip("()")
