"""What a reader of a docstring is told: which shapes go in and come out, and what is raised."""

from __future__ import annotations

import inspect
import re
from typing import Any

import pytest

import layeranim as la
from layeranim import catalog

AXES = re.compile(r"``\w+`` \((?:\w+(?:, \w+)*,?)?\)|\(\w+(?:, \w+)+\)|``\w+``, \w+")
"""Axes as docstrings write them: ``input`` (batch, features)."""


def lacking(text: str, shapes: bool) -> list[str]:
    """What a docstring does not say."""
    out = [] if re.search(r"\bRaises\b", text) else ["what it raises"]
    return out if not shapes or AXES.search(text) else [*out, "its shapes"]


def said_of(layer: Any) -> str:
    """What the docstrings of a layer's two doors say."""
    return "\n".join(inspect.getdoc(getattr(door, "func", door)) or "" for door in (layer.complete, layer.compute))


@pytest.mark.parametrize("name", [name for name in la.__all__ if callable(getattr(la, name))])
def test_every_public_function_says_what_it_raises(name: str) -> None:
    assert not lacking(inspect.getdoc(getattr(la, name)) or "", shapes=False)


@pytest.mark.parametrize("name", catalog.names())
def test_every_layer_says_its_shapes_and_what_it_raises(name: str) -> None:
    layer = catalog.layer(name)
    assert not lacking(said_of(layer), shapes=True)
    assert layer.formula
    assert layer.source


def test_the_check_sees_what_is_missing() -> None:
    assert lacking("Every size filled in.", shapes=True) == ["what it raises", "its shapes"]
    assert lacking("``input`` (batch, features). Raises ``ShapeError``.", shapes=True) == []
