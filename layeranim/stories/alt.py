"""A film in words, for who does not see it: that it moves, what it is, what comes out, and one step of it.

Made of the words that the film shows. A screen reader says them: signs that it leaves out, or spells, are words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from layeranim.stories.storyboard import Beat, Line, Storyboard, plain

MOST = 250
"""Letters of an alt text: what a screen reader says in one breath, and cannot be halted in."""
SIGNS = (
    (r"(\d) ?→ ?(?=\d)", r"\1 to "),
    (r" ?→ ?", ", then "),
    (r"(\d) ?× ?(?=\d)", r"\1 by "),
    (r"×", "times "),
    (r" ?· ?", " times "),
    (r"≈", "about"),
    (r"\b(\w)_\(([^()]*)\)", r"\1 sub \2"),
    (r"\b(\w)_(\w+)", r"\1 sub \2"),
    (r"_", " "),
    (r"\^\(([^()]*)\)", r" to the power \1"),
    (r" ?\^ ?", " to the power "),
)


def described(board: Storyboard) -> str:
    """The alt text of a film: as many of its sentences as fit, what comes out before the step on the poster; last what
    the story warns of, such as words whose numbers are drawn at random."""
    end = "" if board.title.endswith(("?", "!", ".")) else ":" if board.parameters else "."
    text = f"Animation, {round(board.seconds)} seconds. {_spaced(board.title)}{end} {spoken(board.parameters)}"
    text = _sentence(text.strip())
    if len(text) > MOST:
        return text[: MOST - 1].rstrip() + "…"
    said = "".join(f" {_spaced(warning)}." for warning in board.warnings)  # it may begin with a user's word
    said = said if len(text) + len(said) <= MOST else ""
    for more in (*_outcome(board), _told(_on_poster(board))):
        if more and more not in text and len(text) + 1 + len(more) + len(said) <= MOST:
            text += f" {more}"
    return text + said


def description(board: Storyboard) -> list[str]:
    """The whole film in words, a line a step."""
    lines = (" ".join(filter(None, (_told(beat), _sentence(spoken(beat.note))))) for beat in board.beats)
    return [line for line in lines if line]


def spoken(line: Line) -> str:
    """A line as a screen reader should say it: plain spaces, subscripts and signs in words."""
    text = _spaced(plain(line))
    for sign, words in SIGNS:
        text = re.sub(sign, words, text)
    return _spaced(text)


def _outcome(board: Storyboard) -> Iterator[str]:
    """What a film ends with: what comes out, and what is to be seen in it."""
    last = board.beats[-1]
    if last.kind == "close":
        yield from (_sentence(spoken(line)) for line in (last.caption, last.note))


def _on_poster(board: Storyboard) -> Beat:
    return next(beat for beat in board.beats if beat.start <= board.poster < beat.end)


def _told(beat: Beat) -> str:
    """Where a step is, and its arithmetic."""
    place, caption = spoken(beat.place), spoken(beat.caption)
    return _sentence(f"{place}: {caption}" if place and caption and not caption.startswith(place) else caption or place)


def _sentence(text: str) -> str:
    """With a capital where it begins with a word, and an end."""
    capital = text[:1].upper() + text[1:] if text[:2].isalpha() or text.startswith("a ") else text
    return capital if not text or text.endswith((".", "?", "!", "…")) else f"{capital}."


def _spaced(text: str) -> str:
    return " ".join(text.split())
