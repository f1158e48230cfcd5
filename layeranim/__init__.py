"""layeranim turns a neural-network layer into a true, beautiful animation.

>>> import layeranim as la
>>> t = la.trace("conv", stride=2)
>>> t["output"].shape
(1, 1, 2, 2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

if TYPE_CHECKING:
    from layeranim.api import load_trace, render, trace

__all__ = ["__version__", "load_trace", "render", "trace"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from layeranim import api

        return getattr(api, name)
    raise AttributeError(f"module 'layeranim' has no attribute {name!r}")
