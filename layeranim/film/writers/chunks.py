"""What travels from the camera's thread to the encoders': patches of chunks, a bounded amount at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from queue import SimpleQueue
from threading import Condition
from typing import Any, NamedTuple

from av.packet import Packet

from layeranim.film.writers.yuv import Planes


class Patch(NamedTuple):
    """Converted pixels and where their top left one belongs."""

    planes: Planes
    x: int
    y: int


class Step(NamedTuple):
    """Paint the patches, then encode the frame ``repeat`` times."""

    patches: Sequence[Patch]
    repeat: int

    @property
    def nbytes(self) -> int:
        return sum(patch.planes.nbytes for patch in self.patches)


class Stopped(Exception):
    """The film was aborted, or another encoder failed."""


class Budget:
    """Bytes on their way to the encoders. A camera that runs ahead waits here, so a long film takes no more memory."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._stopped = False
        self._change = Condition()

    def take(self, nbytes: int) -> None:
        """Wait until ``nbytes`` more fit; something larger than the whole budget goes alone."""
        with self._change:
            self._change.wait_for(lambda: self._stopped or not self._used or self._used + nbytes <= self._limit)
            if self._stopped:
                raise Stopped
            self._used += nbytes

    def give(self, nbytes: int) -> None:
        """``nbytes`` were used up."""
        with self._change:
            self._used -= nbytes
            self._change.notify_all()

    def stop(self) -> None:
        """Let nobody wait any more."""
        with self._change:
            self._stopped = True
            self._change.notify_all()

    @property
    def stopped(self) -> bool:
        return self._stopped


class Chunk:
    """A stretch of frames, encoded by itself while it is still being drawn; ``packets`` is what becomes of it."""

    def __init__(self, start: int, base: Planes, budget: Budget) -> None:
        self.start = start
        self.base = base
        self.packets: Future[list[Packet[Any]]] = Future()
        self._budget = budget
        self._steps: SimpleQueue[Step | None] = SimpleQueue()
        budget.take(base.nbytes)

    def put(self, step: Step) -> None:
        """Add frames, waiting while the encoders are behind."""
        self._budget.take(step.nbytes)
        self._steps.put(step)

    def close(self) -> None:
        """No more frames follow."""
        self._steps.put(None)

    def steps(self) -> Iterator[Step]:
        """The steps in order, until the chunk is closed; each is accounted for when the next one is asked for."""
        self._budget.give(self.base.nbytes)
        while True:
            step = self._steps.get()
            if self._budget.stopped:
                raise Stopped
            if step is None:
                return
            yield step
            self._budget.give(step.nbytes)
