"""A font of the user's gives what Inter lacks, in any direction of writing; without one nothing is different."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from layeranim.cli import main
from layeranim.errors import InputError
from layeranim.typeface import BOX, Font, bidi, draw_safe, lost, missing, shape, with_font
from tests.fonts import truetype

ALEF, BET, BEH = "\u05d0", "\u05d1", "\u0628"
FORMS = {"\ufe8f": 410, "\ufe90": 420, "\ufe91": 430, "\ufe92": 440}  # of beh: alone, last, first, between
ADVANCES = {ALEF: 300, BET: 600, BEH: 400, **FORMS, "\u5b57": 1000, "\u0301": 110, "\U0001f642": 900}
DATA = truetype(ADVANCES, empty="\U0001f642")
TINY = ("--quality", "draft", "--size", "128x72", "--fps", "5", "--steps", "first:1", "--pace", "fast", "-o", "x.gif")


@pytest.fixture
def font() -> Font:
    return Font.of("ours.ttf", DATA)


def widths(text: str) -> list[int]:
    """How wide each block is with its sides, thousandths of an em, from left to right."""
    glyphs = shape(text)
    boxes = [(c[..., 0].min(), c[..., 0].max()) for c in np.split(glyphs.contours, glyphs.starts[1:])]
    return [round(1000 * (high - low)) + 100 for low, high in sorted(boxes)]


def test_what_inter_lacks_comes_from_the_font(font: Font) -> None:
    plain = shape("conv")
    with with_font(font):
        assert missing(f"conv {ALEF}\u5b57") == set()
        assert shape("\u5b57").advance == 1.0
        assert draw_safe(f"{ALEF}\u5c4b") == ALEF + BOX
        assert lost(f"{ALEF}\u202e\u5c4b\x1b") == "U+001B \u5c4b"
        assert shape("conv") is not plain
        assert np.array_equal(shape("conv").contours, plain.contours)
        with with_font(None):
            assert draw_safe(ALEF) == BOX
        assert draw_safe(ALEF) == ALEF
    assert draw_safe(ALEF) == BOX
    assert shape("conv") is plain


def test_a_character_whose_glyph_is_a_bitmap_is_boxed(font: Font) -> None:
    with with_font(font):
        assert draw_safe("\U0001f642") == BOX


def test_letters_stand_from_right_to_left_and_join(font: Font) -> None:
    with with_font(font):
        assert widths(ALEF + BET) == [600, 300]
        assert widths(BEH * 3) == [420, 440, 430]
        assert widths(BEH) == [410]
        assert widths(f"{BEH}\u200c{BEH}") == [410, 410]  # a non-joiner keeps them apart
        assert shape(f"{ALEF} {BET}").advance > 0.9
        mixed = shape(f"ab {ALEF}{BET}")
        assert mixed.advance == pytest.approx(shape("ab ").advance + 0.9)


def test_brackets_turn_round_and_numbers_do_not(font: Font) -> None:
    opening, closing = shape("(").contours, shape(")").contours
    with with_font(font):
        ink = shape(f"{ALEF}(").contours
        assert np.allclose(ink[: len(closing)], closing)  # on the left, as the other bracket
        assert len(opening) == len(closing)
        assert np.allclose(shape(f"{ALEF}12").contours[: len(shape("12").contours)], shape("12").contours)


def test_curves_of_truetype_are_the_same_curves(font: Font) -> None:
    with with_font(font):
        corner = next(s for s in shape(ALEF).contours if not np.allclose(s[1] - s[0], s[2] - s[1]))
    middle = np.array([1, 3, 3, 1]) @ corner / 8
    start, control, end = np.array([0.15, 0.7]), np.array([0.25, 0.7]), np.array([0.25, 0.6])
    assert np.allclose(middle, (start + 2 * control + end) / 4)


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("abc", "abc"),
        ("אבג", "גבא"),
        ("ab אב 12 cd", "ab 12 בא cd"),
        ("אב ab 12", "ab 12 בא"),
        ("אב 12,5%", "12,5% בא"),
        ("مر ١٢", "١٢ رم"),
        ("مر 1-2", "2-1 رم"),
        ("a אב!", "a בא!"),
        ("אב a ", " a בא"),
        ("", ""),
    ],
)
def test_the_order_of_a_line(text: str, seen: str) -> None:
    assert "".join(part[::-1] if rtl else part for part, rtl in bidi.visual(text)) == seen


def test_damaged_fonts_are_read_or_refused() -> None:
    rng = np.random.default_rng(0)
    cuts = [DATA[:n] for n in rng.integers(0, len(DATA), 100)]
    flips = []
    for _ in range(200):
        data = bytearray(DATA)
        for at in rng.integers(0, len(data), 3):
            data[at] ^= 1 << int(rng.integers(8))
        flips.append(bytes(data))
    said: list[str] = []
    for data in [*cuts, *flips, b"", b"wOF2" + bytes(99), b"ttcf" + bytes(99)]:
        try:
            damaged = Font.of("x.ttf", data)
        except InputError as error:
            said.append(str(error))
            continue
        with with_font(damaged):
            assert np.isfinite(shape(draw_safe("".join(ADVANCES))).contours).all()
    assert len(said) > 50
    assert all(".ttf or .otf" in line and line.isprintable() for line in said)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "ours.ttf").write_bytes(DATA)
    return tmp_path


def test_a_film_with_a_font(here: Path, font: Font, capfd: pytest.CaptureFixture[str]) -> None:
    words = ["render", "conv", "--title", ALEF + BET, *TINY]
    assert main(words) == 0
    assert "the font has no \u05d0 \u05d1" in capfd.readouterr().err
    boxed = (here / "x.gif").read_bytes()
    assert main([*words, "--font", str(here / "fonts" / "ours.ttf")]) == 0
    assert "the font has no" not in capfd.readouterr().err
    assert (here / "x.gif").read_bytes() != boxed
    report = json.loads((here / "x.json").read_text())
    assert report["inputs"]["font"] == {"name": "ours.ttf", "kind": "font", "sha256": font.digest}
    assert report["title"] == ALEF + BET
    assert str(here) not in (here / "x.json").read_text()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.ttf", "no such file"),
        ("fonts", "is a folder"),
        ("text.ttf", "holds no characters"),
        ("text.woff2", "its ending '.woff2' is not known"),
        ("empty.otf", "is an empty file"),
        ("", "is empty"),
    ],
)
def test_what_is_no_font_is_refused(here: Path, capfd: pytest.CaptureFixture[str], name: str, says: str) -> None:
    for file, data in {"text.ttf": b"not a font", "text.woff2": b"wOF2", "empty.otf": b""}.items():
        (here / file).write_bytes(data)
    assert main(["render", "conv", "--font", name, *TINY]) == 2
    out, err = capfd.readouterr()
    assert (out, err.count("\n"), says in err) == ("", 1, True), err
    assert not (here / "x.gif").exists()


def test_words_of_a_film(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    words: list[Any] = ["render", "attention", "--tokens", f"{ALEF} {BET} {BEH * 3}", *TINY, "--font", "fonts/ours.ttf"]
    assert main(words) == 0
    assert "the font has no" not in capfd.readouterr().err
