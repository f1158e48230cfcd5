"""The command line. ``layeranim.cli:main`` is the program; every command is imported when it is called."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from layeranim.cli.signals import TERMINATED, ended_by_signals
from layeranim.loading import in_own_process, loading

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a signal ends it quietly from the first import on."""
    if arguments is None:
        in_own_process()
    with ended_by_signals() as over:
        try:
            with loading():
                from layeranim.cli import program
        except KeyboardInterrupt:
            over()
            return _ended("interrupted", 130)
        except SystemExit as end:
            over()
            return _ended("terminated", end.code if isinstance(end.code, int) else TERMINATED)
    return program.main(arguments)


def _ended(how: str, code: int) -> int:
    print(f"layeranim: {how}", file=sys.stderr)
    return code
