"""SIGINT and SIGTERM as exceptions, so that ``with`` blocks clean up; a second one does not disturb the cleaning."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED = 143


@contextmanager
def ended_by_signals() -> Iterator[None]:
    """SIGINT raises KeyboardInterrupt and SIGTERM ``SystemExit(143)``, once; what was ignored stays ignored.

    After one the program is about to end, and hears no more of them; else they are as before.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = []
    heard = [s for s in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(s) is not signal.SIG_IGN]

    def end(number: int, _: FrameType | None) -> None:
        caught.append(number)
        for one in heard:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(TERMINATED)

    before = {one: signal.signal(one, end) for one in heard}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_IGN if caught else handler)
