"""What a library's weights become: the layer's name, its options, its arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from layeranim.engine.trace import Array


@dataclass(frozen=True)
class Packed:
    """A layer of ours, as ``Layer.config.of(options)`` and ``Layer.compute(config, arrays)`` take it."""

    layer: str
    options: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
