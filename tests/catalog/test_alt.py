"""Alt texts over the catalogue: that it moves, what it is, what comes out; said as a screen reader should say it."""

from __future__ import annotations

import re
import string

import pytest

from layeranim import catalog, preparing
from layeranim.stories import alt
from layeranim.stories.storyboard import Fact, Run, Storyboard, plain

EVERY = [(name, preset.name) for name in catalog.EXPLAINERS for preset in catalog.presets(name)]
SPOKEN = {*string.ascii_letters, *string.digits, *" .,:;?!'-–%()“”", *"=+−"}
"""All that may be in a text that is heard: letters, marks of pauses, and the three signs that every reader says."""
NUMBER = re.compile(r"\d+(?:\.\d+)?")


def shown(board: Storyboard) -> set[str]:
    """Every number that a film shows in words, or in its title."""
    texts = (board.title, *(plain(line) for line in board.lines()))
    return {number for text in texts for number in NUMBER.findall(text)}


def words(board: Storyboard) -> set[str]:
    """Every word of the user's that a film shows in its lines."""
    return {run.text for line in board.lines() for run in line if run.source == Fact("word")}


@pytest.mark.grid(2)
@pytest.mark.parametrize(("name", "example"), EVERY)
def test_an_alt_text_says_what_the_film_shows(name: str, example: str) -> None:
    board = preparing.prepare(name, {"example": example}).told()
    said = board.alt
    assert said.startswith(f"Animation, {round(board.seconds)} seconds. {alt.spoken((Run(board.title),))}")
    assert len(said) <= alt.MOST
    assert said.endswith((".", "?", "!"))
    assert "  " not in said
    raised = {"10"} if re.search(r"\de", " ".join(plain(line) for line in board.lines())) else set()
    assert set(NUMBER.findall(said)) <= shown(board) | {str(round(board.seconds))} | raised
    last = board.beats[-1]
    if last.kind == "close":
        assert alt.spoken(last.caption).lower() in said.lower()
    lines = alt.description(board)
    assert len(lines) >= len([beat for beat in board.beats if beat.caption])
    heard = " ".join((said, *lines))
    assert set(heard) - set("".join(words(board))) <= SPOKEN
    taught = next(beat for beat in board.beats if beat.start <= board.poster < beat.end)
    result = next(word for word in reversed(alt.spoken(taught.caption).rstrip(".").split()) if word)
    assert result in said, "the number on the poster"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("transformer", "“sat”: (1.70 − 0) over 1.50 gives 1.13."),
        ("embedding", "“the” is id 0: row 0 of the table."),
        ("alignment", "“learnt”: 0.88 on “gelernt”, then “learnt”."),
        ("attention", "“sat” finds “cat”, “down” finds “sat”: any"),
        ("lstm", "t = 5: c sub 1 about −0.85, h sub 1 about −0.00."),
        ("conv", "Output row 2, column 2: 12."),
        ("maxout", "Maxout: x squared made of lines"),
        ("backprop", "the gradient of w = (−0.37) times 0.92 about −0.35."),
    ],
)
def test_an_alt_text_is_true_when_it_is_heard(name: str, said: str) -> None:
    assert said in preparing.prepare(name, {}).told().alt


def test_what_comes_out_is_said_once() -> None:
    said = preparing.prepare("activation", {"example": "side-by-side"}).told().alt
    assert said.count("from tanh −0.86 to sigmoid 0.22") == 1
    assert said.endswith("and how much of an error it sends back.")


def test_words_of_the_users_are_quoted_and_stay_as_they_are() -> None:
    board = preparing.prepare("attention", {"tokens": ("a_b", "→", "the", "Σ")}).told()
    heard = " ".join(alt.description(board))
    assert "“a_b” looks at “" in heard
    assert "“→” looks at “" in heard
    assert not re.search(r"[_→Σ]", re.sub("“[^”]*”", "", heard))


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("W_{Q} x", "W sub Q x"), ("e^{a − b}", "e to the power a − b"), ("c_{t − 1}", "c sub t − 1"),
        ("76×114 → 74×112", "76 by 114 to 74 by 112"), ("2→8→2", "2 to 8 to 2"),
        ("2 maps → a row", "2 maps, then a row"),
        ("2\u2009·\u2009(−1)  ≈ −2", "2 times (−1) about −2"), ("kept units ×2", "kept units times 2"),
        ("z₄ is the largest", "z sub 4 is the largest"), ("x² made of lines", "x squared made of lines"),
        ("1 · h₁ + (−2) · h₂", "1 times h sub 1 + (−2) times h sub 2"), ("∂w = −0.35", "the gradient of w = −0.35"),
        ("∂ = 1", "the gradient = 1"), ("σ(−0.12) = 0.47", "sigma of (−0.12) = 0.47"),
        ("δ = −0.75 · σ′(2.50)", "delta = −0.75 times sigma prime of (2.50)"), ("|w| 1.16", "the magnitude of w 1.16"),
        ("√(2/(in + out)) = 0.125", "the square root of (2 over (in + out)) = 0.125"),
        ("softmax(QKᵀ / √3) V", "softmax of (Q times K transposed over the square root of 3) V"),
        ("⌊(4 − 2)/2⌋ + 1 = 2", "(4 − 2) over 2, rounded down, + 1 = 2"), ("⌈7/2⌉", "7 over 2, rounded up,"),
        ("weight ± 0.01", "weight plus or minus 0.01"), ("y = x/(1 + e⁻ˣ)", "y = x over (1 + e to the power −x)"),
        ("(1.70 − 0) / 1.50  →  1.13", "(1.70 − 0) over 1.50 gives 1.13"), ("softmax → 0.92", "softmax gives 0.92"),
        ("(0, 0) → (0, −1)", "(0, 0) to (0, −1)"), ("2·3 + 1 → (0, 1, 1)", "2 times 3 + 1 gives (0, 1, 1)"),
        ("score −∞ → weight 0", "score minus infinity, then weight 0"), ("3 > 1: better", "3 is more than 1: better"),
        ("1.0e−5 more", "1.0 times 10 to the power −5 more"), ("3! = 6", "3 factorial = 6"), ("x\u0302", "x hat"),
        ("L = ½ (a − b)²", "L = half (a − b) squared"),
        ("γ and β", "gamma and beta"),
        ("5 ReLU … 6 max pool", "5 ReLU to 6 max pool"), ("η πρόβα", "η πρόβα"),
    ],
)  # fmt: skip
def test_signs_are_words(written: str, said: str) -> None:
    assert alt.spoken((Run(written, markup="_" in written or "^" in written),)) == said


def test_a_title_of_the_users_stays_as_it_stands_and_a_power_is_read() -> None:
    said = preparing.prepare("softmax", {"title": "x > 3 → y", "temperature": 1e-6}).told().alt
    assert "x > 3 → y: 3 classes, temperature 1 times 10 to the power −6." in said
