"""Films drawn side by side: in processes of our own, which may die, or by an executor of the caller's."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ProcessPoolExecutor, as_completed, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager

from layeranim.assets.draw import Drawn, Task, draw

DIED = "the process that drew it died; perhaps there was not enough memory: fewer --jobs need less"

Result = tuple[Task, Drawn]


def by_executor(tasks: Sequence[Task], executor: Executor) -> Iterator[Result]:
    """Each film as it is done, by any executor of the standard library's kind."""
    futures = {executor.submit(draw, task): task for task in tasks}
    try:
        for future in as_completed(futures):
            yield futures[future], _outcome(future)
    finally:
        for future in futures:
            future.cancel()


def by_processes(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Each film as it is done. Where a process dies, the films under way are tried again, each alone, to tell whose."""
    waiting = deque(tasks)
    while waiting:
        suspects: list[Task] = []
        with _processes(min(jobs, len(waiting))) as executor:
            yield from _some(executor, waiting, jobs, suspects)
        for task in suspects:
            with _processes(1) as executor:
                yield task, _outcome(executor.submit(draw, task))


def _some(executor: Executor, waiting: deque[Task], jobs: int, suspects: list[Task]) -> Iterator[Result]:
    """Films of ``waiting`` until all are done or a process dies; then those that were under way are suspects."""
    running: dict[Future[Drawn], Task] = {}
    while waiting or running:
        while waiting and len(running) < jobs and not suspects:
            try:
                future = executor.submit(draw, waiting[0])
            except BrokenProcessPool:
                break
            running[future] = waiting.popleft()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            task = running.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                suspects.append(task)
            else:
                yield task, _outcome(future)
        if not running and (suspects or not done):
            return


def _outcome(future: Future[Drawn]) -> Drawn:
    """What became of a film; an error that is no error of ours is told in full by its kind."""
    try:
        return future.result()
    except BrokenProcessPool:
        return Drawn({}, problem=DIED)
    except Exception as error:  # whatever drawing or a foreign executor raises: the other films go on
        return Drawn({}, problem=f"this is a bug of layeranim: {type(error).__name__}: {error}")


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """Processes of our own, each a fresh interpreter; they end with this block, whatever ends it."""
    context = multiprocessing.get_context("spawn")
    executor = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin)
    try:
        yield executor
    except BaseException:
        # Python 3.14 has kill_workers(); before it there is no other way to end a film under way.
        for process in list((getattr(executor, "_processes", None) or {}).values()):
            process.terminate()
        raise
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


def _begin() -> None:
    """A new process: the parent hears the signals for all, and when it is gone, so is this."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
