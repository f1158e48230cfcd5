"""Captions that can be read: their pace, their length, their place; the words and numbers are those on screen."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from layeranim import preparing
from layeranim.film.captions import Cue, cues, webvtt
from layeranim.stories.storyboard import Beat, Run, Storyboard, plain
from tests.catalog.conftest import Case, ids

SWEPT = [
    Case("conv", {"input": "photo", "gray": True, "resize": "48x72", "kernel": "sobel-x"}, "conv-photo"),
    Case("pool", {"input": "photo", "gray": True, "resize": "48x72"}, "pool-photo"),
    Case("attention", {"queries": 12, "keys": 12}, "attention-12"),
    Case("dense", {"input": "digit:3", "units": 30}, "dense-30"),
    Case("dropout", {"input": "digit:3"}, "dropout-64"),
    Case("lstm", {"timesteps": 30}, "lstm-30"),
]
LETTERS, SHORTEST = 20, 1.5  # letters a second at most, seconds at least


def told(case: Case, pace: str) -> tuple[Storyboard, list[Cue]]:
    work = preparing.prepare(case.name, {**case.options, "pace": pace})
    board = work.storyboard(work.trace())
    return board, cues(board)


def hurried(board: Storyboard, found: list[Cue]) -> list[str]:
    """Cues that cannot be read, or that do not follow each other to the film's end."""
    out, end = [], 0.0
    for cue in found:
        lasts = cue.end - cue.start
        if lasts < SHORTEST - 1e-6 or len(cue.text) > LETTERS * lasts + 1e-6:
            out.append(f"{lasts:.2f} s for {cue.text!r}")
        if cue.start < end:
            out.append(f"{cue.text!r} begins before the one before it ends")
        end = cue.end
    return out if end == board.seconds else [*out, f"the last cue ends at {end} s of {board.seconds}"]


def silent(board: Storyboard, found: list[Cue]) -> list[str]:
    """Cues that begin where no beat does, and beats whose words no cue is there for."""
    begins = {beat.start * 0.04 for beat in board.beats}
    out = [f"{cue} begins with no beat" for cue in found if not any(abs(cue.start - b) < 1e-6 for b in begins)]
    for beat in board.beats:
        heard = any(cue.start < beat.end * 0.04 - 1e-6 and beat.start * 0.04 + 1e-6 < cue.end for cue in found)
        if (beat.place or beat.caption or beat.note) and not heard:
            out.append(f"nothing is said with {plain(beat.caption)!r}")
    return out


NUMBER = re.compile(r"\d+(?:\.\d+)?")


def made_up(board: Storyboard, found: list[Cue]) -> list[str]:
    """Cues with numbers that their beats do not have."""
    out = []
    for cue in found:
        beats = [beat for beat in board.beats if cue.start - 1e-6 < beat.start * 0.04 < cue.end - 1e-6]
        lines = " ".join(plain(line) for beat in beats for line in (beat.place, beat.caption, beat.note))
        steps = [unit + 1 for beat in beats for unit in (*beat.units[:1], *beat.units[-1:])]
        swept = sum(len(beat.units) for beat in beats)
        if not set(NUMBER.findall(cue.text)) <= {*NUMBER.findall(lines), *map(str, steps), str(swept)}:
            out.append(f"{cue.text!r} has numbers of its own")
    return out


def ill_told(board: Storyboard) -> list[str]:
    """What is wrong with the captions of a film."""
    found = cues(board)
    return [*hurried(board, found), *silent(board, found), *made_up(board, found)]


@pytest.mark.parametrize("case", **ids(SWEPT))
def test_every_cue_can_be_read_and_says_what_is_on_screen(case: Case) -> None:
    """At any pace, in films that pass over most of their steps; of presets ``tests/rules`` ask it."""
    for pace in ("fast", "slow", "normal"):
        assert not ill_told(told(case, pace)[0]), pace


def test_the_checks_see_cues_that_are_wrong() -> None:
    board, (first, second, *rest) = told(Case("softmax", {}, "softmax"), "normal")
    assert not [*hurried(board, [first, second, *rest]), *silent(board, [first, second, *rest])]
    assert "the last cue ends" in hurried(board, [first, second])[-1]
    assert hurried(board, [first, replace(second, text=second.text * 20), *rest])[0].endswith(f"{second.text * 20!r}")
    assert "begins before" in hurried(board, [first, replace(second, start=second.start - 0.5), *rest])[0]
    assert "with no beat" in silent(board, [first, replace(second, start=second.start + 0.01), *rest])[0]
    assert "nothing is said" in silent(board, [first, *rest])[0]
    assert made_up(board, [first, replace(second, text="77777"), *rest]) == ["'77777' has numbers of its own"]


@pytest.mark.parametrize("case", **ids(SWEPT[:2]))
def test_a_sweep_is_told_as_one(case: Case) -> None:
    """Twenty glimpses of 0.16 s are one cue or two, which say where they begin and end."""
    board, found = told(case, "normal")
    swept = [beat for beat in board.beats if beat.kind == "sweep" and beat.caption]  # where it can be read
    assert len(swept) > 10
    spans = [(int(a), int(b)) for cue in found for a, b in re.findall(r"^(?:steps|rows) (\d+)–(\d+)", cue.text)]
    assert 0 < len(spans) <= 3
    assert sum(b - a + 1 for a, b in spans) == sum(len(beat.units) for beat in swept)


def test_sweeps_that_count_are_added_up() -> None:
    captions = ["rows 1–2:  137 windows, the same kernel", "rows 3–4:  140 windows, the same kernel"]
    beats = [
        beat(0, 25, kind="sweep", caption=captions[0], units=range(3, 140)),
        beat(25, 25, kind="sweep", caption=captions[1], units=range(140, 280)),
    ]
    assert [cue.text for cue in cues(board_of(beats))] == ["rows 1–4: 277 windows, the same kernel"]


def test_short_steps_are_told_by_their_results() -> None:
    beats = [
        beat(
            10 * n, 10, kind="brief", units=range(n, n + 1), place=f"output row {n // 3 + 1}, column {n % 3 + 1}",
            caption=(Run("Σ window · kernel = "), Run(f"{n}", late=True)),
        )
        for n in range(9)
    ]  # fmt: skip
    said = [cue.text for cue in cues(board_of(beats))]
    assert said == ["output row 1, column 1 to row 3, column 3: 0, 1, 2, 3, 4, 5, 6, 7, 8"]


@pytest.mark.parametrize(
    ("case", "said"),
    [(Case("lstm", {}, "lstm"), "c_1 = "), (Case("gru", {}, "gru"), "h_1 = ")],
)
def test_subscripts_are_kept(case: Case, said: str) -> None:
    _, found = told(case, "normal")
    assert any(said in cue.text for cue in found)
    assert not any(re.search(r"\b[ch]\d\b|\bW[QKVO]\b", cue.text) for cue in found)


def test_plain_text_keeps_what_stands_lower_and_higher() -> None:
    line = tuple(Run(text, markup=True) for text in ("W_{Q}", " c_{t−1}", " e^{a − b}", " QK^{T}"))
    assert plain(line) == "W_Q c_(t−1) e^(a − b) QK^T"


def test_the_file_stands_clear_of_the_arithmetic_and_holds_no_markup() -> None:
    board, found = told(Case("conv", {"title": "<b> & -->"}, "conv-title"), "normal")
    text = webvtt(board)
    head, *blocks = text.rstrip("\n").split("\n\n")
    assert head == "WEBVTT"
    assert len(blocks) == len(found)
    for number, (block, cue) in enumerate(zip(blocks, found, strict=True), 1):
        first, timing, *lines = block.split("\n")
        assert first == str(number)
        assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3} --> \d\d:\d\d:\d\d\.\d{3} line:0", timing)
        assert "\n".join(lines) == cue.text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def beat(start: int, ticks: int, **more: Any) -> Beat:
    kind = more.pop("kind", "step")
    lines = {name: (Run(text),) if isinstance(text, str) else text for name, text in more.items() if name != "units"}
    return Beat(kind, start, ticks, units=more.get("units", range(0)), **lines)


def board_of(beats: list[Beat]) -> Storyboard:
    return Storyboard("x", "x", (), {}, tuple(beats), len(beats), 0, "x")


WORDS = some.text("ab 1=·→≈,:()−", max_size=90)


@given(some.lists(some.tuples(some.integers(1, 90), WORDS, WORDS, WORDS, some.booleans()), min_size=1, max_size=25))
def test_any_beats_make_cues_that_can_be_read(drawn: list[tuple[int, str, str, str, bool]]) -> None:
    beats: list[Beat] = []
    at = 0
    for number, (ticks, place, caption, note, late) in enumerate(drawn):
        said = (Run(caption), Run(" = 7", late=True)) if late else (Run(caption),)
        kind = "sweep" if late and not place else "step"
        beats.append(beat(at, ticks, kind=kind, place=place, caption=said, note=note, units=range(number, number + 1)))
        at += ticks
    found = cues(board_of(beats))
    for cue in found:
        assert cue.text.strip()
        assert len(cue.text) <= LETTERS * (cue.end - cue.start) + 1e-6
        assert cue.end - cue.start > min(SHORTEST, at * 0.04) - 1e-6
    assert all(a.end <= b.start for a, b in pairwise(found))


def test_a_film_shorter_than_a_cue_has_one() -> None:
    found = cues(board_of([beat(0, 10, caption="1 + 1 = 2"), beat(10, 10, caption="2 + 2 = 4")]))
    assert [(cue.start, cue.end) for cue in found] == [(0.0, 0.8)]
    assert len(found[0].text) <= 16


def test_words_too_many_for_any_time_are_shortened() -> None:
    found = cues(board_of([beat(0, 50, caption="word " * 400)]))
    assert found[0].text.endswith("…")
    assert len(found[0].text) <= 40


def test_beats_without_words_make_no_cue() -> None:
    assert cues(board_of([beat(0, 50), beat(50, 50)])) == []
