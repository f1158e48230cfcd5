"""The order of a line from left to right, where some of it is written from right to left.

Unicode Standard Annex #9, rules P2 to L2, for one line without explicit controls (text that is drawn has none left)
and without the pairing of brackets (N0): a bracket takes the direction of what stands around it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from unicodedata import bidirectional

STRONG = {"L": "L", "R": "R", "AL": "R"}


def needed(text: str) -> bool:
    """Whether anything in ``text`` is written from right to left."""
    return any(bidirectional(c) in ("R", "AL", "AN") for c in text)


def visual(text: str) -> list[tuple[str, bool]]:
    """The runs of ``text`` as they stand from left to right; ``True`` for one that is read from right to left.

    The letters of a run are in reading order.
    """
    base = next((int(STRONG[kind] == "R") for kind in map(bidirectional, text) if kind in STRONG), 0)
    levels = _levels(text, base)
    runs: list[tuple[int, str]] = []
    at = 0
    for level, group in groupby(levels):
        length = len(list(group))
        runs.append((level, text[at : at + length]))
        at += length
    for level in range(max(levels, default=0), 0, -1):  # L2
        runs = list(_reversed(runs, level))
    return [(part, level % 2 == 1) for level, part in runs]


def _reversed(runs: list[tuple[int, str]], level: int) -> Iterator[tuple[int, str]]:
    """The runs with each stretch at ``level`` or above turned round."""
    for high, group in groupby(runs, lambda run: run[0] >= level):
        stretch = list(group)
        yield from reversed(stretch) if high else stretch


def _levels(text: str, base: int) -> list[int]:
    """The level of each character: even from left to right, odd from right to left."""
    edge = "R" if base else "L"
    kinds = _neutral(_weak([bidirectional(c) or "L" for c in text], edge), edge)
    raised = {0: {"L": 0, "R": 1, "AN": 2, "EN": 2}, 1: {"L": 2, "R": 1, "AN": 2, "EN": 2}}[base]  # I1, I2
    levels = [raised[kind] for kind in kinds]
    for i in range(len(text) - 1, -1, -1):  # L1: white space at the end
        if not text[i].isspace():
            break
        levels[i] = base
    return levels


def _weak(kinds: list[str], edge: str) -> list[str]:
    """Numbers and what belongs to them: rules W1 to W7."""
    out = list(kinds)
    last, strong = edge, edge
    for i, kind in enumerate(out):
        kind = last if kind == "NSM" else kind  # W1
        last = kind
        if kind in STRONG:
            strong = kind
        out[i] = "AN" if kind == "EN" and strong == "AL" else kind  # W2
    out = ["R" if kind == "AL" else kind for kind in out]  # W3
    for i in range(1, len(out) - 1):  # W4
        before, after = out[i - 1], out[i + 1]
        if before == after and ((out[i] == "ES" and before == "EN") or (out[i] == "CS" and before in ("EN", "AN"))):
            out[i] = before
    for step in (1, -1):  # W5
        order = range(len(out)) if step > 0 else range(len(out) - 1, -1, -1)
        near = ""
        for i in order:
            out[i] = "EN" if out[i] == "ET" and near == "EN" else out[i]
            near = out[i]
    strong = edge
    for i, kind in enumerate(out):  # W6, W7
        strong = kind if kind in ("L", "R") else strong
        out[i] = "L" if kind == "EN" and strong == "L" else kind if kind in ("L", "R", "EN", "AN") else "ON"
    return out


def _neutral(kinds: list[str], edge: str) -> list[str]:
    """What has no direction takes that of its neighbours if they agree, else the line's: rules N1 and N2."""
    stretches = [(kind, len(list(group))) for kind, group in groupby(kinds)]
    sides = [edge, *("L" if kind == "L" else "R" for kind, _ in stretches), edge]
    out: list[str] = []
    for i, (kind, length) in enumerate(stretches, 1):
        around = sides[i - 1] if sides[i - 1] == sides[i + 1] else edge
        out += [around if kind == "ON" else kind] * length
    return out
