"""The calls of a captured model, and which of them the film opens."""

from __future__ import annotations

from layeranim.engine.graph import GRAPH, GraphConfig
from layeranim.engine.option import option
from layeranim.records import dataclass
from layeranim.stories.networks.opened import OPEN_MOST, Stages


@dataclass(frozen=True, kw_only=True)
class GraphFilmConfig(GraphConfig):
    """Options of a captured model's calls and of their picture."""

    opened: tuple[str, ...] | None = option(
        Stages(), None, f"which calls are opened, {OPEN_MOST} at most, by their place from 1 or their name"
    )


NETWORK_FILM = GRAPH.under("network", GraphFilmConfig)
"""The engine's layer; ``opened`` changes no number."""
