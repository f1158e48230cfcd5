"""Time in tests. What must be quick is bound by the processor's time, and what might hang by a guard of minutes.

Neither verdict depends on how busy the machine is; no other file of the suite reads a clock (``house/test_clocks.py``).
"""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HANG = 300
"""Seconds after which something hangs, on a machine however busy."""


@contextmanager
def quick(seconds: float) -> Iterator[None]:
    """What is done within takes so many seconds of the processor at most, here and in programs that it waits for."""
    begin = spent()
    yield
    assert spent() - begin < seconds


def spent() -> float:
    """Seconds of the processor that this process and the ended ones of its children have used."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def until(true: Callable[[], object], process: subprocess.Popen[bytes] | subprocess.Popen[str]) -> None:
    """Wait until something is so; the process must be running all the while."""
    deadline = time.monotonic() + HANG
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


def off_by(told: float) -> float:
    """Seconds by which another clock is ahead of this machine's."""
    return told - time.time()
