"""The films of a manifest told without being drawn, with the alt text and the lines that their entries give them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from layeranim import preparing, theme, typeface
from layeranim.assets.entries import Entry
from layeranim.assets.plan import BuildPlan
from layeranim.errors import LayeranimError, ManifestError, OptionError
from layeranim.film.destinations import still
from layeranim.film.provenance import dumped
from layeranim.stories import rows
from layeranim.stories.alt import of_still
from layeranim.stories.storyboard import Run, Storyboard

LONGEST_LINE = 120
"""Letters of a line of the user's under a step."""


def board_of(entry: Entry, work: preparing.Work) -> Storyboard:
    """The film told, with the entry's own alt text and lines. Raises ``OptionError`` for a line that has no place."""
    board = work.storyboard(work.trace())
    board = board if entry.alt is None else replace(board, alt=entry.alt)
    if not entry.captions:
        return board
    beats = list(board.beats)
    for step, text in entry.captions.items():
        mine = [i for i, beat in enumerate(beats) if len(beat.units) == 1 and beat.units[0] == int(step) - 1]
        if not mine:
            raise OptionError(f"captions: step {step} is not shown by itself; the film has {board.total} steps")
        with work.lettering():
            line = (Run(typeface.draw_safe(text, LONGEST_LINE)),)
            if not rows.hold(line, theme.NOTE, board.canvas):
                raise OptionError(f"captions: the line of step {step} is wider than the film; use fewer words")
        for i in mine:
            beats[i] = replace(beats[i], note=line, own=True)
    return replace(board, beats=tuple(beats))


def described(one: BuildPlan, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files of a film, its provenance with the alt text and the causes of today."""
    report: dict[str, Any] = json.loads(files["json"])
    if report.get("causes") in (None, dict(one.causes)):
        return dict(files)
    board = board_of(one.entry, one.work)
    alt = of_still(board) if still(one.entry.formats) else board.alt
    report |= {"alt": alt, "causes": dict(one.causes)}
    return {**files, "json": dumped(report)}


def deep(made: Iterable[BuildPlan]) -> list[str]:
    """Tell every film without drawing it; warnings. Raises ``ManifestError`` with all that cannot be told."""
    wrong: list[str] = []
    warned: list[str] = []
    for one in made:
        try:
            warned += [f"{one.entry.place}: {text}" for text in board_of(one.entry, one.work).warnings]
        except LayeranimError as error:
            wrong.append(f"{one.entry.place}: {error}")
    if wrong:
        raise ManifestError("\n".join(dict.fromkeys(wrong)))
    return list(dict.fromkeys(warned))
