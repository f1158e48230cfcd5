"""Films as code: a manifest lists them, a cache makes the second build quick, a lock tells what is stale."""

from __future__ import annotations

from layeranim.assets.build import BuildError, Report, build

__all__ = ["BuildError", "Report", "build"]
