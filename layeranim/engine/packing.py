"""What a library's weights become: the layer's name, its options, its arrays."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from layeranim.engine.trace import Array
from layeranim.records import dataclass


@dataclass(frozen=True)
class Packed:
    """A layer of ours, as ``Layer.config.of(options)`` and ``Layer.compute(config, arrays)`` take it.

    ``axes`` is the order in which the library's axes of input and output come before they are folded into ours; without
    it they come as they are. ``usual`` are options that the weights do not say, as the library has them: others may be
    given instead.
    """

    layer: str
    options: dict[str, Any] = field(default_factory=dict)
    arrays: dict[str, Array] = field(default_factory=dict)
    axes: tuple[int, ...] = ()
    usual: dict[str, Any] = field(default_factory=dict)
