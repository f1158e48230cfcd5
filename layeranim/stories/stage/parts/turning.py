"""Turning: a picture that turns into others, pixel by pixel in the same place."""

from __future__ import annotations

from layeranim.records import dataclass
from layeranim.stories.stage.parts.becoming import Becoming
from layeranim.stories.stage.parts.picture import Picture


@dataclass(frozen=True)
class Turning(Becoming, Picture):
    """A picture of ``tensor`` in whose pixels the tensors ``before`` it stand first, each with its heading."""
