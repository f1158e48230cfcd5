"""Modules loaded without Python's search for garbage: in a process that is a program of ours, and no other."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ours: list[bool] = []


def in_own_process() -> None:
    """Say that this process runs our program alone: what it loads stays until it ends."""
    _ours.append(True)


@contextmanager
def loading() -> Iterator[None]:
    """Import what a command needs.

    Of thousands of functions and classes that come nothing is garbage, and the collector would walk over them again and
    again, in here and ever after: a tenth of the time of a short film. What stands at the end is not looked at again.
    """
    before = len(sys.modules)
    if not _ours or not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > before:
            gc.freeze()
        gc.enable()
