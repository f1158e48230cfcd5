"""The command line. ``layeranim.cli:main`` is the program; every command is imported when it is called."""

from __future__ import annotations

from layeranim.cli.program import main

__all__ = ["main"]
