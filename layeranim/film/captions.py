"""The captions of a film as WebVTT: the words and numbers on screen, as many as can be read while they stand there."""

from __future__ import annotations

import math
from collections.abc import Sequence

from layeranim import theme
from layeranim.film.captions_words import Spoken, texts
from layeranim.records import dataclass
from layeranim.stories.storyboard import Beat, Storyboard

LETTERS = 20
"""Letters a second that can be read beside a moving picture, at most; a space is one."""
SHORTEST = 1.5
"""Seconds of a cue, at least, but for a film that is shorter."""
LONGEST = 8.0
"""Seconds of a cue of several beats, at most."""


@dataclass(frozen=True)
class Cue:
    """Some words and when they are shown, in seconds."""

    start: float
    end: float
    text: str


def cues(board: Storyboard) -> list[Cue]:
    """The division of the film into cues that leaves out least of what is on screen.

    A cue covers one beat or more. It stands for 1.5 s at least and has at most 20 letters a second, so that beats too
    short to be read are told together, by their results, or by where they begin and end.
    """
    beats, words = board.beats, [Spoken(beat) for beat in board.beats]
    # Up to each beat: the least loss, where the last cue of that division begins, and its text.
    best: list[tuple[float, int, str]] = [(0.0, 0, "")]
    for stop in range(1, len(beats) + 1):
        found: list[tuple[float, int, str]] = []
        for start in range(stop - 1, -1, -1):
            group = beats[start:stop]
            lasts = _seconds(group)
            if len(group) > 1 and lasts > LONGEST and min(found, default=(math.inf,))[0] < math.inf:
                break
            if lasts >= SHORTEST or len(group) == len(beats):
                loss, text = _told(words[start:stop], lasts)
                found.append((best[start][0] + loss, start, text))
        best.append(min(found, default=(math.inf, stop - 1, "")))
    return _cues(beats, best)


def _cues(beats: Sequence[Beat], best: Sequence[tuple[float, int, str]]) -> list[Cue]:
    """The cues of the best division, in order."""
    out: list[Cue] = []
    stop = len(beats)
    while stop:
        _, start, text = best[stop]
        if text:
            group = beats[start:stop]
            out.append(Cue(group[0].start * theme.TICK_MS / 1000, group[-1].end * theme.TICK_MS / 1000, text))
        stop = start
    return out[::-1]


def _seconds(group: Sequence[Beat]) -> float:
    return (group[-1].end - group[0].start) * theme.TICK_MS / 1000


def _told(group: Sequence[Spoken], lasts: float) -> tuple[float, str]:
    """The text with the least loss that can be read in so many seconds; shortened if there is none."""
    most = math.floor(lasts * LETTERS)
    said = sorted(texts(group), key=lambda one: one[0])
    for loss, text in said:
        if text and len(text) <= most:
            return loss, text
    shortest = min((text for _, text in said if text.strip()), key=len, default="")
    cut = shortest[: max(0, most - 1)].rstrip()
    return (3.0 * len(group), f"{cut}…") if cut else (0.0, "")


def webvtt(board: Storyboard) -> str:
    """The cues as a WebVTT file; what could be read as markup is escaped.

    They stand on the first line of the picture, where the title is: at the bottom they would cover the arithmetic.
    """
    rows = ["WEBVTT", ""]
    for number, cue in enumerate(cues(board), 1):
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        rows += [str(number), f"{_time(cue.start)} --> {_time(cue.end)} line:0", text, ""]
    return "\n".join(rows)


def _time(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
