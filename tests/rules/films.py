"""The films that the rules are tried on: presets, the sizes of the test grid, and sizes that are drawn by chance.

A draw is by the name of the explainer: the same at every run and on every machine, and another where the layer is.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from layeranim import catalog
from layeranim.errors import UsageError
from layeranim.stories.storyboard import Storyboard
from tests.catalog.conftest import Case, others, presets

DRAWS, TRIES = 1, 40
"""Films of sizes drawn by chance, an explainer; shapes that are tried until so many go together with the options."""


@cache
def drawn() -> tuple[Case, ...]:
    """Films of every explainer at sizes, decimals and paces drawn by chance."""
    return tuple(case for name in catalog.EXPLAINERS for case in _drawn(name))


def _drawn(name: str) -> Iterator[Case]:
    """Shapes are only held against what goes together: nothing is computed while tests are collected."""
    chance, made, layer = random.Random(name), 0, catalog.layer(name)
    inputs = [spec for spec in layer.arrays if spec.role == "input"]
    needed = [spec for spec in inputs if not spec.optional] or inputs[:1]
    given = {spec.name: min(2, len(spec.axes)) for spec in needed}
    for _ in range(TRIES):
        options = _options(chance, given)
        shapes = {key: tuple(map(int, options[key].split(":")[1].split("x"))) for key in given}
        try:
            layer.complete(layer.config.of({}), shapes)
        except UsageError:
            continue
        made += 1
        yield Case(name, options, f"{name}-drawn-{made}")
        if made == DRAWS:
            return


def _options(chance: random.Random, given: dict[str, int]) -> dict[str, Any]:
    """Arrays of one shape drawn by chance, as far as it has axes; decimals, a pace, a seed."""
    most = chance.choice((4, 9, 24))
    shape = [chance.randint(1, most) for _ in range(2)]
    options: dict[str, Any] = {key: f"random:{'x'.join(map(str, shape[-rank:]))}" for key, rank in given.items()}
    options["precision"] = chance.choice((None, 0, 3, 6))
    options["pace"] = chance.choice(("slow", "normal", "fast"))
    options["seed"] = chance.randrange(100)
    return {key: value for key, value in options.items() if value is not None}


def every() -> list[Case]:
    """Every film that a rule is tried on."""
    return [*presets(), *others(), *drawn()]


def board(case: Case) -> Storyboard:
    """The storyboard of a film, made once for all tests; a draw that is no input of its layer is no film of it."""
    try:
        work = case.work()
        return work.storyboard(work.trace())
    except UsageError as error:
        if "-drawn-" in case.label:
            pytest.skip(str(error))
        raise
