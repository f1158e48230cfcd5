"""The page of a player: its markup, style and program, its data, and the film itself as text."""

from __future__ import annotations

import base64
import json
import re
from html import escape
from pathlib import Path
from typing import Any, BinaryIO

from layeranim import theme as themes
from layeranim.film.player.telling import Player
from layeranim.film.writers.spec import Spec
from layeranim.stories.timing import frame_at
from layeranim.version import __version__

PARTS = ("page.html", "player.css", "player.js")
COLOURS = ("bg", "surface", "raised", "ink", "muted", "ghost", "focus", "result")
CARRIED = re.compile(rb'src="data:video/mp4;base64,([A-Za-z0-9+/=]*)"')
BLOCK = 3 << 16
"""Bytes of the film that become text at once: whole groups of three."""
FILM = "@FILM@"
PLACE = re.compile("@([A-Z]+)@")
"""Where a text goes into the markup: once over it, so that no text is taken for a place."""


def write(out: BinaryIO, player: Player, spec: Spec, film: Any, frames: int) -> None:
    """Write the page into ``out``; ``film`` is the MP4, ``frames`` how many it lasts."""
    markup, style, program = (Path(__file__).with_name(name).read_text(encoding="utf-8") for name in PARTS)
    filled = {
        "TITLE": escape(player.title),
        "ALT": escape(player.alt),
        "THEME": spec.theme.ground,
        "WIDTH": str(spec.width),
        "HEIGHT": str(spec.height),
        "VERSION": __version__,
        "STYLE": _colours(spec.theme) + style,
        "PROGRAM": program,
        "DATA": data(player, spec, frames),
    }
    before, after = (PLACE.sub(lambda place: filled[place[1]], half).encode() for half in markup.split(FILM))
    out.write(before)
    for start in range(0, len(film), BLOCK):
        out.write(base64.b64encode(film[start : start + BLOCK]))
    out.write(after)


def carried(page: bytes) -> bytes:
    """The film within a page. Raises ValueError for one that carries none."""
    found = CARRIED.search(page)
    if not found:
        raise ValueError("it carries no film")
    return base64.b64decode(found[1], validate=True)


def data(player: Player, spec: Spec, frames: int) -> str:
    """What the program of the page reads, as JSON that no markup can begin in."""
    fps = spec.fps
    steps = [
        {
            "start": frame_at(step.start, fps),
            "end": end,
            "place": step.place,
            "words": step.words,
            "tables": step.tables,
        }
        for step, end in zip(player.steps, player.ends(fps), strict=True)
    ]
    whole = {
        "fps": float(fps),
        "frames": frames,
        "poster": max(0, frame_at(player.poster + 1, fps) - 1),
        "steps": steps,
        "tables": player.tables,
    }
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _colours(own: themes.Theme) -> str:
    """The colours of both themes, by which the page is drawn; where the film's ground is theirs, the film's."""
    light, dark = (
        "".join(f"--{name}:{getattr(theme, name)};" for name in COLOURS) + f"color-scheme:{theme.ground};"
        for theme in (own if own.ground == usual.ground else usual for usual in (themes.LIGHT, themes.DARK))
    )
    return (
        f":root{{{light}}}\n:root[data-theme=dark]{{{dark}}}\n"
        f"@media (prefers-color-scheme:dark){{:root[data-theme=page]{{{dark}}}}}\n"
    )
