"""Themes of one's own: a page's background and accents upon the light or the dark theme.

A theme is written as a table, in a TOML file or as a mapping, or on one line: ``light,accent=#RRGGBB``. The canonical
form is that line with every colour that it comes to, so that a film's options tell its colours wherever they are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any

from layeranim.engine.option import given
from layeranim.engine.spelling import suggestion
from layeranim.errors import OptionError
from layeranim.theme import CLEAR, THEMES, Theme, mixed

BASE, ACCENT, GATES = "base", "accent", "gates"
CALLED = {"bg": "background"}
"""What a table calls a token that is named otherwise here; underscores are hyphens there."""
STEPS = {"negative": 4, "positive": 4, "heat": 6}
SHARES = {4: (0.16, 0.36, 0.62, 1.0), 6: (0.05, 0.16, 0.3, 0.46, 0.76, 1.0)}
"""How much of a single colour is in each step of its scale, from the background on."""
WORDS = {
    CALLED.get(item.name, item.name.replace("_", "-")): item.name
    for item in fields(Theme)
    if item.name not in ("name", "clear")
}
"""What may stand in a table beside ``base`` and ``accent``, and the token that it is."""
TRANSPARENT = "transparent"
"""The background of a film that has none."""
COLOUR = re.compile(r"#([0-9A-Fa-f]{3}|[0-9A-Fa-f]{6})")
LINE = re.compile(rf"({'|'.join(THEMES)})(,[a-z.-]+=[#0-9A-Fa-f/]+)*")


def colour(name: str, value: Any) -> str:
    """``#RRGGBB`` in capitals, of ``#RGB`` or ``#RRGGBB``. Raises ``OptionError``."""
    text = value.strip() if isinstance(value, str) else ""
    if not COLOUR.fullmatch(text):
        raise OptionError(f"{name} is {given(value)}, but must be a colour, written #RRGGBB")
    digits = text[1:] if len(text) == 7 else "".join(2 * digit for digit in text[1:])
    return f"#{digits.upper()}"


def is_line(text: str) -> bool:
    """Whether a text is a theme on one line, ``light`` and ``dark`` among them."""
    return LINE.fullmatch(text) is not None


def canonical(name: str, table: Mapping[str, Any] | str) -> str:
    """The line that says every colour of a theme that its base does not have. Raises ``OptionError``.

    ``table``: ``base``, ``accent`` (what points and what weighs: ``focus`` and ``weights``), the tokens of ``Theme``;
    ``negative``, ``positive`` and ``heat`` as so many colours or as one, from which the weaker ones are mixed;
    ``gates`` by letter. ``name`` is what the error says it is of.
    """
    given_table = _table(table) if isinstance(table, str) else dict(table)
    base = given_table.pop(BASE, "light")
    if base not in THEMES:
        raise OptionError(f"{name}: base is {given(base)}, but must be one of {', '.join(THEMES)}")
    made, usual = _made(name, THEMES[base], given_table), THEMES[base]
    changed = ((word, getattr(made, token), getattr(usual, token)) for word, token in WORDS.items())
    parts = [part for word, new, old in changed if new != old for part in _part(word, new, old)]
    return ",".join([base, *parts])


@lru_cache(maxsize=16)
def named(line: str, background: str | None = None) -> Theme:
    """The theme that a canonical line tells, upon another background if one is given. Raises ``OptionError``."""
    if line in THEMES and background is None:
        return THEMES[line]
    table = _table(line)
    base = table.pop(BASE)
    if background == TRANSPARENT:
        return _clear(line, base, table)
    made = _made("theme", THEMES[base], table)
    return replace(made, bg=background or made.bg, name=line + (f" on {background}" if background else ""))


def _clear(line: str, base: str, table: dict[str, Any]) -> Theme:
    """A theme that needs no background of its own."""
    if base != "light":
        raise OptionError(
            f"theme {base} has cells for a dark page, and what is transparent stands on any; leave the theme out, or "
            "give a background instead"
        )
    return replace(_made("theme", CLEAR, table), name=f"{line} on {TRANSPARENT}")


def _table(line: str) -> dict[str, Any]:
    """A line as the table that it stands for."""
    base, *parts = line.split(",")
    out: dict[str, Any] = {BASE: base}
    for part in parts:
        word, _, value = part.partition("=")
        if word.startswith(f"{GATES}."):
            out.setdefault(GATES, {})[word.partition(".")[2]] = value
        else:
            out[word] = value.split("/") if "/" in value else value
    return out


def _part(word: str, new: Any, old: Any) -> Iterator[str]:
    if isinstance(new, dict):
        yield from (f"{word}.{letter}={new[letter]}" for letter in new if new[letter] != old[letter])
    else:
        yield f"{word}={'/'.join(new) if isinstance(new, tuple) else new}"


def _made(name: str, base: Theme, table: dict[str, Any]) -> Theme:
    """A theme with a table's colours upon it."""
    changes: dict[str, Any] = {}
    if ACCENT in table:
        changes = dict.fromkeys(("focus", "weights"), colour(f"{name}: {ACCENT}", table[ACCENT]))
    for word, value in table.items():
        if word not in {**WORDS, ACCENT: ""}:
            near = suggestion(word, [BASE, ACCENT, *WORDS]) if isinstance(word, str) else ""
            raise OptionError(f"{name} has no colour {given(word)}{near}; it may have {', '.join([ACCENT, *WORDS])}")
        where = f"{name}: {word}"
        if word == GATES:
            changes[word] = base.gates | _gates(where, value, base.gates)
        elif word in STEPS:
            changes[word] = _scale(where, value, STEPS[word], table.get("background", base.bg))
        elif word != ACCENT:
            changes[WORDS[word]] = colour(where, value)
    return replace(base, **changes)


def _gates(where: str, value: Any, known: Mapping[str, str]) -> dict[str, str]:
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise OptionError(f"{where} is {given(value)}, but must be colours by gate: {', '.join(known)}")
    return {letter: colour(f"{where}.{letter}", one) for letter, one in value.items()}


def _scale(where: str, value: Any, steps: int, background: str) -> tuple[str, ...]:
    """The colours of a scale from weak to strong."""
    if isinstance(value, str):
        strong, ground = colour(where, value), colour(where, background)
        return tuple(mixed(ground, strong, share) for share in SHARES[steps])
    if not isinstance(value, (list, tuple)) or len(value) != steps:
        raise OptionError(f"{where} is {given(value)}, but must be one colour or {steps}, from weak to strong")
    return tuple(colour(where, one) for one in value)
