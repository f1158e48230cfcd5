"""SIGINT, SIGTERM, SIGHUP as exceptions, so that ``with`` blocks clean up; a second one does not disturb that."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TERMINATED, HUNG_UP = 143, 129
ENDS = {signal.SIGTERM: TERMINATED, signal.SIGHUP: HUNG_UP}
"""With which code the program ends; SIGINT ends it as Python does, by KeyboardInterrupt."""


@contextmanager
def ended_by_signals() -> Iterator[Callable[[], None]]:
    """SIGINT raises KeyboardInterrupt, SIGTERM ``SystemExit(143)``, SIGHUP ``SystemExit(129)``: the terminal is gone.

    A signal that was ignored, as SIGHUP is by nohup, stays ignored.

    After one of them the program is about to end, and hears no more; else the handlers are as before. Yields what does
    that at once: called by who catches the exception and handles it to the end, so that a second signal that comes when
    the first has been told is not heard either.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    raised: list[BaseException] = []

    def end(number: int, _: FrameType | None) -> None:
        if _handling(raised):
            return
        raised.append(SystemExit(ENDS[signal.Signals(number)]) if number in ENDS else KeyboardInterrupt())
        raise raised[-1]

    heard = [s for s in (signal.SIGINT, *ENDS) if signal.getsignal(s) is not signal.SIG_IGN]
    before = {one: signal.signal(one, end) for one in heard}

    def over() -> None:
        for one, handler in before.items():
            signal.signal(one, signal.SIG_IGN if raised else handler)

    try:
        yield over
    finally:
        over()


def _handling(raised: list[BaseException]) -> bool:
    """Whether one of these is what the code that was interrupted is cleaning up after."""
    error = sys.exception()
    while error is not None:
        if any(error is one for one in raised):
            return True
        error = error.__context__
    return False
