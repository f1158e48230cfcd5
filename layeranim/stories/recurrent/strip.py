"""The strips of an unrolled layer: what each tensor over time shows in numbers, and what in colours."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from layeranim import numbers, theme
from layeranim.stories.recurrent.bench import PITCH
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Fact, Line, Run

GAP = 24  # between strips, with room for an arrow
SPACING = ((60, 48), (52, 36), (PITCH, 32), (PITCH, GAP), (PITCH, 16))  # rows and gaps, the widest that fit
FULL = 4  # rows written out
MODES = (("full", 44), ("both", 44), ("both", 28), ("first", 40), ("first", 28))
"""What a strip shows, and the height of its colours: as many numbers as the height allows."""


@dataclass(frozen=True)
class Strip:
    """One tensor over time: ``written`` rows as numbers, and ``coloured`` pixels of height for all of them."""

    key: str
    n: int
    base: str
    name: Line
    size: int
    written: int
    coloured: int
    state: bool
    row: int = PITCH

    @property
    def high(self) -> float:
        numbers_ = self.written * self.row - theme.CELL_GAP if self.written else 0
        return numbers_ + self.coloured + (12 if self.written and self.coloured else 0)


def fitted(view: RecurrentView, room: float, box: float, answers: bool) -> tuple[list[Strip], int]:
    """The strips and their gap in the first mode and spacing that fit a height, with a row of cells ``box`` high.

    Of several cells the memories are drawn where there is room beside all numbers of the states.
    """
    one = len(view.runs) == 1
    ways = [(*mode, mode[0]) for mode in MODES] if one else [(*MODES[0], "full"), (*MODES[0], "first")]
    ways += [] if one else [(*mode, "") for mode in MODES]
    for (mode, high, memory), (row, gap) in itertools.product(ways, SPACING):
        strips = [replace(strip, row=row) for strip in _strips(view, mode, high, memory, answers)]
        used = sum(s.high for s in strips) + gap * (len(strips) - 1) + (box + gap if box else 0)
        if used <= room:
            break
    return strips, gap


def _strips(view: RecurrentView, mode: str, high: int, memory: str, answers: bool) -> Iterator[Strip]:
    """The strips in a mode; ``memory`` is that of the memories, nothing if they are left out."""
    both, drawn = any(run.reverse for run in view.runs), view.kind == "lstm" and memory
    yield _strip(view, "x", 0, "input", mode, high, "x")
    for n, run in enumerate(view.runs):
        arrow = " ←" if run.reverse else " →" if both else ""
        layer = f"layer {run.layer + 1}" if view.config.layers > 1 else ""
        if drawn:
            yield _strip(view, f"c{n}", n, "cell", memory, high, f"{layer} c{arrow}".strip())
        state = " h" if drawn or not layer else ""
        yield _strip(view, f"h{n}", n, "hidden", mode, high, f"{layer}{state}{arrow}".strip())
    if answers:
        yield _strip(view, "y", 0, "probabilities", mode, high, "y")


def _strip(view: RecurrentView, key: str, n: int, base: str, mode: str, high: int, name: str) -> Strip:
    """One strip in a mode: ``full`` all rows, ``both`` the first above the colours, ``first`` a state's alone."""
    size = view.trace.tensor(base if base == "probabilities" else view.name(n, base)).shape[-1]
    state = base in ("cell", "hidden")
    most = {"full": FULL, "both": 2, "first": 1 if state else 2}[mode]
    written = size if size <= most else int(state)
    coloured = 0 if size <= most or (state and mode == "first") else high
    said: Line = (Run(name, "ink", "semibold", Fact("layer")),)
    if len(name) < 3:
        said = (*said, Run(f"  {numbers.shape_text((view.steps, size))}", source=Fact("shape")))
    return Strip(key, n, base, said, size, written, coloured, state)
