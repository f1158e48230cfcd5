"""layeranim turns a neural-network layer into a true, beautiful animation.

>>> import layeranim as la
>>> t = la.trace("conv", stride=2)
>>> t["output"].shape
(1, 1, 2, 2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from layeranim.version import __version__

if TYPE_CHECKING:
    from layeranim.api import (
        backward,
        capture,
        from_state,
        from_torch,
        load_capture,
        load_storyboard,
        load_trace,
        render,
        storyboard,
        trace,
    )
    from layeranim.assets.build import build
    from layeranim.embed.loading import load_film

__all__ = ["__version__", "backward", "build", "capture", "from_state", "from_torch", "load_capture", "load_film",
           "load_storyboard", "load_trace", "render", "storyboard", "trace"]  # fmt: skip


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext layeranim`` in a notebook: the command line as ``%layeranim`` and ``%%layeranim``."""
    from layeranim.cli.magic import load

    load(shell)


def __getattr__(name: str) -> Any:
    if name == "build":
        from layeranim.assets.build import build

        return build
    if name == "load_film":
        from layeranim.embed.loading import load_film

        return load_film
    if name in __all__:
        from layeranim import api

        return getattr(api, name)
    raise AttributeError(f"module 'layeranim' has no attribute {name!r}")
