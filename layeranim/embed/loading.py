"""Films that are there already, as ``render`` gave them: read from what stands beside them."""

from __future__ import annotations

import os
import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING

from layeranim.embed.files import told
from layeranim.errors import InputError

if TYPE_CHECKING:
    from layeranim.film.captions import Cue
    from layeranim.film.film import Film

BESIDE = ("image/png", "text/vtt")
"""What stands beside a film: its poster and its words."""
_CUE = re.compile(r"^([\d:.]+) --> ([\d:.]+).*\n(.*(?:\n.+)*)", re.MULTILINE)


def load_film(path: str | os.PathLike[str]) -> Film:
    """The film that stands in a file, as `la.render` gave it: a notebook shows it.

    Raises ``InputError`` for a file that is no film's.
    """
    from layeranim.film.film import Film

    path = Path(path)
    place, report = told(path)
    names = report["files"]
    if path.name not in names or not path.is_file():
        there = ", ".join(name for name in names if path.with_name(name).is_file())
        raise InputError(f"{path} is no film; its files that are there: {there or 'none'}")
    try:
        beside = {entry["type"]: name for name, entry in names.items() if "stills" not in entry}
        still, words = (place.with_name(beside[kind]) if kind in beside else None for kind in BESIDE)
        said = _cues(words.read_text(encoding="utf-8")) if words and words.is_file() else ()
        kept = {name: names[name] for name in (path.name, *(beside[kind] for kind in BESIDE if kind in beside))}
        return Film(
            (path,), still, str(report["alt"]), said, float(report["seconds"]), int(report["frames"]),
            reports={place.absolute(): {**report, "files": kept}},
        )  # fmt: skip
    except (KeyError, TypeError, ValueError):
        raise InputError(f"{place} does not say what an embedder needs; render the film anew") from None


def _cues(text: str) -> tuple[Cue, ...]:
    """The captions of a film's WebVTT."""
    from layeranim.film.captions import Cue

    return tuple(Cue(_seconds(start), _seconds(end), unescape(said)) for start, end, said in _CUE.findall(text))


def _seconds(time: str) -> float:
    hours, minutes, seconds = time.split(":")
    return (int(hours) * 3_600_000 + int(minutes) * 60_000 + round(float(seconds) * 1000)) / 1000
