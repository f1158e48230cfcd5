"""The captions of a film as WebVTT: the same words and numbers as on screen."""

from __future__ import annotations

from dataclasses import dataclass

from layeranim import theme
from layeranim.stories.storyboard import Beat, Storyboard, plain


@dataclass(frozen=True)
class Cue:
    """Some words and when they are shown, in seconds."""

    start: float
    end: float
    text: str


def cues(board: Storyboard) -> list[Cue]:
    """One cue a beat; steps too short to read are told together, by their results."""
    out: list[Cue] = []
    beats = list(board.beats)
    while beats:
        group = [beats.pop(0)]
        while group[0].kind == "brief" and beats and beats[0].kind == "brief" and len(group) < 12:
            group.append(beats.pop(0))
        start, end = (tick * theme.TICK_MS / 1000 for tick in (group[0].start, group[-1].end))
        text = _told(group)
        if text:
            out.append(Cue(start, end, text))
    return out


def _told(group: list[Beat]) -> str:
    if len(group) == 1:
        beat = group[0]
        place = f"{plain(beat.place)}: " if beat.place else ""
        return place + "\n".join(plain(line) for line in (beat.caption, beat.note) if line)
    results = [next((run.text for run in reversed(beat.caption) if run.late), "") for beat in group]
    return f"{plain(group[0].place)} to {plain(group[-1].place)}: {', '.join(results)}"


def webvtt(board: Storyboard) -> str:
    """The cues as a WebVTT file; what could be read as markup is escaped."""
    rows = ["WEBVTT", ""]
    for number, cue in enumerate(cues(board), 1):
        text = cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("-->", "→")
        rows += [str(number), f"{_time(cue.start)} --> {_time(cue.end)}", text, ""]
    return "\n".join(rows)


def _time(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d}.{ms % 1000:03d}"
