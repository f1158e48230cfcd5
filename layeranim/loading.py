"""What a process that is a program of ours, and no other, does without: a search for garbage, threads that idle."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ours: list[bool] = []


def in_own_process() -> None:
    """Say that this process runs our program alone: what it loads stays until it ends.

    OpenBLAS, which NumPy comes with, lets its idle threads turn for 2^28 ticks, a tenth of a second of the processor at
    the start and after every product that they share in; 2^18 bridge the gap between two products.
    """
    os.environ.setdefault("OPENBLAS_THREAD_TIMEOUT", "18")
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
