"""A line of text in rows: where a caption, a note or a title is broken on a canvas that is too narrow for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import inf

from layeranim import theme
from layeranim.canvas import Canvas
from layeranim.stories.phrases import width
from layeranim.stories.storyboard import Line, Run

SIGNS = frozenset("+−=≈·×/→∗")
"""A row never ends in one of these: it begins with it."""
TIES = ("·", "×")
"""Nor does it begin with one of these: a product stays together."""
NUMBERED = re.compile(r"\d+:")
"""Nor with the number of what is named before it: ``head 2:`` stays together."""
ONE_ROW = 28
"""A caption that fits one row at this size is not broken."""


def broken(line: Line, size: float, room: float) -> tuple[Line, ...]:
    """The line in as few rows as have room, about equally long; the line itself where that is one.

    A word that is wider than the room is a row of its own, wider than the room.
    """
    if width(line, size) <= room:
        return (line,)
    words = [(word, width(_trimmed(word), size), width(word, size)) for word in _words(line)]
    count = len(_filled(words, room))
    low, high = 0.0, room
    for _ in range(12):
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(words, middle)) <= count else (middle, high)
    return tuple(_trimmed(tuple(run for word in row for run in word)) for row in _filled(words, high))


def caption(line: Line, canvas: Canvas) -> tuple[int, tuple[Line, ...]]:
    """The size and the rows of a caption: 32 px, shrunk in whole pixels; in rows where the canvas is narrow."""
    whole = int(min(theme.CAPTION, canvas.room / max(width(line, 1), 1e-9)))
    if canvas.rows == 1 or whole >= ONE_ROW:
        return whole, (line,)
    for most in range(2, canvas.rows + 1):
        for size in range(theme.CAPTION, theme.CAPTION_FLOOR - 1, -1):
            rows = broken(line, size, canvas.room)
            if len(rows) <= most and _inside(rows, size, canvas.room):
                return size, rows
    return theme.CAPTION_FLOOR, broken(line, theme.CAPTION_FLOOR, canvas.room)


def note(line: Line, canvas: Canvas) -> tuple[Line, ...]:
    """The rows of a note."""
    return (line,) if canvas.rows == 1 else broken(line, theme.NOTE, canvas.room)


def hold(line: Line, size: float, canvas: Canvas) -> bool:
    """Whether the line has room on the canvas at a size, in as many rows as there may be."""
    if canvas.rows == 1:
        return width(line, size) <= canvas.room
    rows = broken(line, size, canvas.room)
    return len(rows) <= canvas.rows and _inside(rows, size, canvas.room)


def _inside(rows: Sequence[Line], size: float, room: float) -> bool:
    return all(width(row, size) <= room for row in rows)


def _filled(words: Sequence[tuple[Line, float, float]], room: float) -> list[list[Line]]:
    """Words in rows, each as long as it may be; of a word its width alone, and with the spaces behind it."""
    out: list[list[Line]] = []
    taken = inf
    for word, alone, spaced in words:
        if taken + alone > room:
            out.append([])
            taken = 0.0
        out[-1].append(word)
        taken += spaced
    return out


def _words(line: Line) -> list[Line]:
    """What is not broken: words with the spaces behind them, signs with the word behind them, products, ``head 2:``."""
    out: list[Line] = []
    for word in _spaced(line):
        if out and (word[0].text.startswith(TIES) or NUMBERED.match(word[0].text)):
            out[-1] += word
        else:
            out.append(word)
    return out


def _spaced(line: Line) -> Iterator[Line]:
    word: list[Run] = []
    for run in line:
        for piece in [run.text] if run.markup else re.findall(r"[^ ]* +|[^ ]+", run.text):
            word.append(replace(run, text=piece))
            said = "".join(one.text for one in word)
            if piece.endswith(" ") and said.strip() and said.split()[-1] not in SIGNS:
                yield tuple(word)
                word = []
    if word:
        yield tuple(word)


def _trimmed(line: Line) -> Line:
    """Without spaces at either end."""
    runs = list(line)
    while runs and not runs[-1].text.strip():
        runs.pop()
    while runs and not runs[0].text.strip():
        runs.pop(0)
    if runs:
        runs[0] = replace(runs[0], text=runs[0].text.lstrip(" "))
        runs[-1] = replace(runs[-1], text=runs[-1].text.rstrip(" "))
    return tuple(runs)
