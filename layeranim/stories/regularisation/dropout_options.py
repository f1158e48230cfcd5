"""Dropout with one option more than its arithmetic has: how it is drawn."""

from __future__ import annotations

from dataclasses import replace

from layeranim.engine.dropout import DROPOUT, DropoutConfig
from layeranim.engine.option import Choice, option
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class DropoutFilmConfig(DropoutConfig):
    """Options of dropout and of its picture."""

    view: str | None = option(
        Choice(("matrix", "network")), None, "draw three grids, or nodes with edges (default: matrix)"
    )


DROPOUT_FILM = replace(DROPOUT, config=DropoutFilmConfig)
"""The engine's layer; ``view`` changes no number."""
