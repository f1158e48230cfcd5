"""A film under way: a bar on a terminal or in a notebook, nothing elsewhere (a line tells when it is done)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from html import escape
from time import monotonic
from typing import Any, Protocol, Self

from layeranim.cli.console import Voice, clean
from layeranim.preparing import notebook
from layeranim.stories.storyboard import Storyboard

BETWEEN = 0.25
"""Seconds between two moves of a notebook's bar: each is a message to whoever shows the notebook."""


class Bar(Protocol):
    """What shows how far a film is."""

    def start(self, name: str) -> None:
        """Appear. Raises RuntimeError where there is no thread to move it with."""

    def move(self, frames: int, total: int, step: str) -> None:
        """So many frames of all are drawn."""

    def stop(self) -> None:
        """Disappear."""


class ProgressLine:
    """``drawn(n, total)`` is called with the frames drawn; ``passes`` are the frames of each drawing pass."""

    def __init__(self, voice: Voice, board: Storyboard) -> None:
        self.board = board
        self.passes: Sequence[int] = ()
        self.starts = [beat.start for beat in board.beats]
        self.bar: Bar | None = _bar_for(voice)

    def __enter__(self) -> Self:
        if self.bar:
            try:
                self.bar.start(self.board.explainer)
            except RuntimeError:  # the film goes on without a bar
                self.bar = None
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar:
            self.bar.stop()

    def drawn(self, frames: int, total: int) -> None:
        """Move the bar."""
        if self.bar:
            self.bar.move(frames, total, self.step(frames))

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


def _bar_for(voice: Voice) -> Bar | None:
    if voice.live:
        return TerminalBar()
    return CellBar() if notebook.here() and not voice.quiet else None


class TerminalBar:
    """A bar on stderr."""

    def start(self, name: str) -> None:
        self.bar = _bar()
        self.bar.start()
        self.task = self.bar.add_task(name, total=None, step="", rate="")

    def move(self, frames: int, total: int, step: str) -> None:
        speed = self.bar.tasks[0].speed
        rate = f"{speed:.0f} frames/s" if speed else ""
        self.bar.update(self.task, completed=frames, total=total, step=step, rate=rate)

    def stop(self) -> None:
        self.bar.stop()


class CellBar:
    """A bar in a cell of a notebook: one output, moved in place, and empty when the film is there."""

    def start(self, name: str) -> None:
        from IPython.display import display

        self.name, self.moved = name, 0.0
        self.shown = display(_html(""), raw=True, display_id=True)

    def move(self, frames: int, total: int, step: str) -> None:
        if monotonic() - self.moved >= BETWEEN:
            self.moved = monotonic()
            said = escape(f"{self.name}: {100 * frames // max(1, total)} %, {step}")
            self.shown.update(_html(f'<progress max="{total}" value="{frames}"></progress> {said}'), raw=True)

    def stop(self) -> None:
        self.shown.update(_html(""), raw=True)


def _html(text: str) -> dict[str, str]:
    """What a cell shows, and nothing where it can only show text."""
    return {"text/html": text, "text/plain": ""}


def _bar() -> Any:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}", markup=False), BarColumn(), TextColumn("{task.percentage:>3.0f}%"),
        TextColumn("{task.fields[step]}", markup=False), TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
    )  # fmt: skip
    return Progress(*columns, console=Console(stderr=True), transient=True)
