"""Alt texts over the catalogue: that it moves, what it is, what comes out; said as a screen reader should say it."""

from __future__ import annotations

import re

import pytest

from layeranim import catalog, preparing
from layeranim.stories import alt
from layeranim.stories.storyboard import Run, Storyboard, plain

EVERY = [(name, preset.name) for name in catalog.EXPLAINERS for preset in catalog.presets(name)]
UNSPOKEN = "_^→·×≈{}\u2009\u00a0\n"
"""Signs that a screen reader leaves out, or spells."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def shown(board: Storyboard) -> set[str]:
    """Every number that a film shows in words, or in its title."""
    texts = (board.title, *(plain(line) for line in board.lines()))
    return {number for text in texts for number in NUMBER.findall(text)}


@pytest.mark.parametrize(("name", "example"), EVERY)
def test_an_alt_text_says_what_the_film_shows(name: str, example: str) -> None:
    board = preparing.prepare(name, {"example": example}).told()
    said = board.alt
    assert said.startswith(f"Animation, {round(board.seconds)} seconds. {' '.join(board.title.split())}")
    assert len(said) <= alt.MOST
    assert said.endswith((".", "?", "!"))
    assert "  " not in said
    assert not set(said) & set(UNSPOKEN), set(said) & set(UNSPOKEN)
    assert set(NUMBER.findall(said)) <= shown(board) | {str(round(board.seconds))}
    last = board.beats[-1]
    if last.kind == "close":
        assert alt.spoken(last.caption).lower() in said.lower()
    lines = alt.description(board)
    assert len(lines) >= len([beat for beat in board.beats if beat.caption])
    assert not set("".join(lines)) & set(UNSPOKEN)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("W_{Q} x", "W sub Q x"), ("e^{a − b}", "e to the power a − b"), ("c_{t − 1}", "c sub t − 1"),
        ("76×114 → 74×112", "76 by 114 to 74 by 112"), ("2→8→2", "2 to 8 to 2"),
        ("2 maps → a row", "2 maps, then a row"),
        ("2\u2009·\u2009(−1)  ≈ −2", "2 times (−1) about −2"), ("kept units ×2", "kept units times 2"),
    ],
)  # fmt: skip
def test_signs_are_words(written: str, said: str) -> None:
    assert alt.spoken((Run(written, markup="_" in written or "^" in written),)) == said
