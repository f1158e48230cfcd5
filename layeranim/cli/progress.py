"""A film under way: a bar on a terminal, nothing off one (a line tells when it is done)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Self

from layeranim.cli.console import Voice, clean
from layeranim.stories.storyboard import Storyboard


class ProgressLine:
    """``drawn(n, total)`` is called with the frames drawn; ``passes`` are the frames of each drawing pass."""

    def __init__(self, voice: Voice, board: Storyboard) -> None:
        self.board = board
        self.passes: Sequence[int] = ()
        self.starts = [beat.start for beat in board.beats]
        self.bar: Any = _bar() if voice.live else None
        self.task: Any = None

    def __enter__(self) -> Self:
        if self.bar:
            try:
                self.bar.start()
            except RuntimeError:  # no thread to move it with: the film goes on without a bar
                self.bar = None
                return self
            self.task = self.bar.add_task(self.board.explainer, total=None, step="", rate="")
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def drawn(self, frames: int, total: int) -> None:
        """Move the bar."""
        if self.bar:
            speed = self.bar.tasks[0].speed
            rate = f"{speed:.0f} frames/s" if speed else ""
            self.bar.update(self.task, completed=frames, total=total, step=self.step(frames), rate=rate)

    def step(self, frames: int) -> str:
        """The part of the film that frame number ``frames`` of all passes belongs to."""
        for length in self.passes:
            if frames <= length:
                tick = frames * self.board.ticks / max(1, length)
                break
            frames -= length
        else:
            tick = self.board.ticks
        beat = self.board.beats[max(0, bisect_right(self.starts, tick) - 1)]
        if not len(beat.units):
            return clean(beat.kind)
        return f"step {beat.units[-1] + 1} of {self.board.total}"


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[step]}", markup=False), TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)
