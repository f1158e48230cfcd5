"""Films drawn side by side: in processes of our own, which may die, or by an executor of the caller's."""

from __future__ import annotations

import os
import pickle
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, as_completed
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import Pipe
from multiprocessing.connection import Connection, wait
from pathlib import Path
from queue import SimpleQueue

from layeranim.assets import apart
from layeranim.assets.draw import Drawn, Task, draw
from layeranim.errors import RenderError

DIED = "the process that drew it died; perhaps there was not enough memory: fewer --jobs need less"

Result = tuple[Task, Drawn]


def by_executor(tasks: Sequence[Task], executor: Executor) -> Iterator[Result]:
    """Each film as it is done, by any executor of the standard library's kind."""
    futures = {executor.submit(apart.opened, str(task.base.folder), apart.sealed(draw, task)): task for task in tasks}
    try:
        for future in as_completed(futures):
            yield futures[future], _outcome(future)
    finally:
        for future in futures:
            future.cancel()


def _outcome(future: Future[Drawn]) -> Drawn:
    """What became of a film; an error that is no error of ours is told in full by its kind."""
    try:
        return future.result()
    except BrokenProcessPool:
        return Drawn({}, problem=DIED)
    except Exception as error:  # whatever drawing or a foreign executor raises: the other films go on
        return Drawn({}, problem=_bug(error))


def _bug(error: Exception) -> str:
    return f"this is a bug of layeranim: {type(error).__name__}: {error}"


def by_processes(tasks: Sequence[Task], jobs: int) -> Iterator[Result]:
    """Each film as it is done. One whose process dies is tried again, alone: another may have taken the memory."""
    suspects: list[Task] = []
    for task, drawn in _side_by_side(tasks, jobs):
        if drawn is None:
            suspects.append(task)
        else:
            yield task, drawn
    for suspect in suspects:
        for task, drawn in _side_by_side([suspect], 1):
            yield task, drawn or Drawn({}, problem=DIED)


def _side_by_side(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[Task, Drawn | None]]:
    """Each film as it is done, or nothing where its process died; the processes end with this, whatever ends it."""
    waiting, idle, busy = deque(tasks), list[_Worker](), dict[Connection, tuple[_Worker, Task]]()
    try:
        while waiting or busy:
            while waiting and len(busy) < jobs:
                worker = idle.pop() if idle else _started(waiting[0].base.folder, needed=not busy)
                if worker is None:  # no more than there are
                    jobs = len(busy)
                    break
                busy[worker.connection] = worker, waiting.popleft()
                worker.begin(busy[worker.connection][1])
            for connection in wait(list(busy)):
                worker, task = busy[connection]  # type: ignore[index]
                drawn = worker.drawn()
                del busy[worker.connection]
                if drawn is None:
                    worker.end()
                else:
                    idle.append(worker)
                yield task, drawn
    finally:
        for worker in [*idle, *(worker for worker, _ in busy.values())]:
            worker.end()


class _Worker:
    """A fresh interpreter that draws one film at a time."""

    def __init__(self, project: Path) -> None:
        self.connection, theirs = Pipe()
        with theirs:
            handle = theirs.fileno()
            self.process = apart.start(f"{__name__}:serve", [str(handle)], project, [handle])

    def begin(self, task: Task) -> None:
        """Hand over a film; if nobody is there to take it, ``drawn`` tells."""
        try:
            self.connection.send_bytes(pickle.dumps(task))
        except OSError:
            self.process.terminate()

    def drawn(self) -> Drawn | None:
        """Wait for the film; nothing if the process died over it."""
        try:
            found: Drawn = pickle.loads(self.connection.recv_bytes())
            return found
        except (EOFError, OSError):
            return None

    def end(self) -> None:
        self.process.terminate()
        self.connection.close()  # which ends it, too
        self.process.wait()


def _started(project: Path, needed: bool) -> _Worker | None:
    """A new process. Where there can be none, nothing, or ``RenderError`` if one is ``needed``."""
    try:
        return _Worker(project)
    except OSError as error:
        if needed:
            raise RenderError(
                f"no process can be started to draw in: {error.strerror}; end others, or raise the limit (ulimit -u)"
            ) from None
        return None


def serve(words: Sequence[str]) -> None:
    """In a process of its own: draw what comes through the connection, until the other end is gone.

    The parent hears the signals for all.
    """
    for one in (signal.SIGINT, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # ignored, it would be so here, and the parent would wait for ever
    connection = Connection(int(words[0]))
    tasks = SimpleQueue[bytes]()
    next_task: Callable[[], bytes] = tasks.get
    try:
        threading.Thread(target=_receive, args=(connection, tasks), daemon=True).start()
    except RuntimeError:  # no thread is to be had: then the end of the other side is seen between two films
        next_task = connection.recv_bytes
    while True:
        try:
            drawn = draw(pickle.loads(next_task()))
        except EOFError:
            return
        except Exception as error:
            drawn = Drawn({}, problem=_bug(error))
        connection.send_bytes(pickle.dumps(drawn))


def _receive(connection: Connection, tasks: SimpleQueue[bytes]) -> None:
    try:
        while True:
            tasks.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(1)  # also in the middle of a film: nobody waits for it
