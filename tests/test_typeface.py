"""Text becomes outlines: from the bundled fonts alone, tabular, on a baseline, the same everywhere."""

from __future__ import annotations

import hashlib
import itertools
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import uharfbuzz
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim import theme, typeface
from layeranim.errors import LayeranimError
from layeranim.typeface import BOX, Glyphs, Weight, cap_height, covers, draw_safe, missing, shape, width

ROOT = Path(__file__).parent.parent
FONTS = ROOT / "layeranim" / "data" / "fonts"
WEIGHTS: tuple[Weight, ...] = get_args(Weight)
DRAWN_HERE = "⊙⊕⊗∗⌊⌋⌈⌉ᵀ⋮▯"
FIELD = "0123456789.,−+×·÷=≈≠≤≥±√ΣσμεγβαδθλπφΔ∂∞→←↑↓…²³⁴⁻ℓ°ŷ|()[]{}/ \u2009" + DRAWN_HERE


def contours(glyphs: Glyphs) -> list[np.ndarray]:
    return np.split(glyphs.contours, glyphs.starts[1:])


def box(glyphs: Glyphs) -> np.ndarray:
    """Left, bottom, right, top of the ink, em."""
    points = glyphs.contours.reshape(-1, 2)
    return np.concatenate([points.min(axis=0), points.max(axis=0)])


def area(contour: np.ndarray) -> float:
    """Signed area of a contour's corner polygon: positive is counter-clockwise."""
    x, y = contour[:, 0].T
    return float(np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) / 2)


def test_the_bundled_fonts_are_the_ones_their_readme_lists() -> None:
    readme = (FONTS / "README.md").read_text(encoding="utf-8")
    fonts = sorted(FONTS.glob("*.otf"))
    assert [font.stem for font in fonts] == ["Inter-Medium", "Inter-Regular", "Inter-SemiBold"]
    for font in fonts:
        assert f"| {font.name} | {hashlib.sha256(font.read_bytes()).hexdigest()} |" in readme
    assert "License: OFL-1.1" in (FONTS / "INTER-copyright.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("weight", WEIGHTS)
def test_every_character_a_film_writes_has_closed_contours(weight: Weight) -> None:
    assert covers(FIELD)
    for c in FIELD:
        glyphs = shape(c, weight)
        assert glyphs.advance > 0
        assert (len(glyphs.contours) == 0) == c.isspace(), c
        for contour in contours(glyphs) if len(glyphs.contours) else []:
            assert np.array_equal(contour[:, 3], np.roll(contour[:, 0], -1, axis=0)), c


@pytest.mark.parametrize("weight", WEIGHTS)
def test_outlines_fill_the_extents_the_font_states(weight: Weight) -> None:
    face = uharfbuzz.Face((FONTS / typeface.FILES[weight]).read_bytes())
    font = uharfbuzz.Font(face)
    for c in "HxgQ&∞σ":
        stated = font.get_glyph_extents(font.get_nominal_glyph(ord(c)))
        left, top = stated.x_bearing, stated.y_bearing
        edges = np.array([left, top + stated.height, left + stated.width, top])
        assert np.allclose(box(shape(c, weight)) * face.upem, edges, atol=1.0), c
    assert cap_height(weight) == font.get_metric_position(uharfbuzz.OTMetricsTag.CAP_HEIGHT) / face.upem


def test_the_three_weights_hold_the_same_characters_and_grow_bolder() -> None:
    faces = [typeface._face(weight) for weight in WEIGHTS]
    assert len({face._shaper.characters for face in faces}) == 1
    assert faces[0].stroke < faces[1].stroke < faces[2].stroke
    assert width("Σ", 1, "regular") != width("Σ", 1, "semibold")


def test_outer_contours_turn_left_and_holes_right() -> None:
    for c in "O0⊙⊕⊗▯":
        outer, hole = contours(shape(c))[:2]
        assert area(outer) > 0 > area(hole), c
    for c in "⌊⌋⌈⌉H":
        assert all(area(contour) > 0 for contour in contours(shape(c))), c


@pytest.mark.parametrize("weight", WEIGHTS)
@pytest.mark.parametrize("pattern", ["{}.{}{}", "−{}.{}e−{}", "({}) · {}/{}", "{}, {}×{}", "v{}y{}T{}"])
def test_digits_are_tabular_beside_whatever_stands_there(weight: Weight, pattern: str) -> None:
    widths = [width(pattern.format(*digits), 1.0, weight) for digits in itertools.product("0123456789", repeat=3)]
    assert max(widths) - min(widths) < 1e-12


def test_letters_are_kerned_and_never_joined() -> None:
    assert width("AV", 1.0) < width("A", 1.0) + width("V", 1.0) - 0.01
    for pair in ("->", "fi", "=>", "<-"):
        assert len(shape(pair).starts) == sum(len(shape(c).starts) for c in pair), pair
        assert width(pair, 1.0) == pytest.approx(sum(width(c, 1.0) for c in pair), abs=0.03)


def test_a_run_stands_on_the_baseline_and_runs_to_the_right() -> None:
    left, bottom, right, top = box(shape("HEIT"))
    assert (bottom, top) == (0.0, cap_height())
    assert 0 < left < right < shape("HEIT").advance
    assert box(shape("p"))[1] < -0.1
    h, e = shape("H").contours, shape("E").contours
    assert np.allclose(shape("HE").contours, np.concatenate([h, e + np.array([width("H", 1), 0])]))
    assert width("HEIT", 40) == 40 * shape("HEIT").advance
    assert shape("").advance == 0
    assert shape("").contours.shape == (0, 4, 2)
    assert shape("").starts.shape == (0,)


def test_markup_lowers_and_raises() -> None:
    plain, small = shape("h"), shape("t−1")
    run = shape("h_{t−1}", markup=True)
    assert run.advance == pytest.approx(plain.advance + theme.SUBSCRIPT * small.advance)
    lowered = small.contours * theme.SUBSCRIPT + [plain.advance, theme.SUBSCRIPT_DROP]
    assert np.allclose(run.contours, np.concatenate([plain.contours, lowered]))
    square = shape("x^{2}y", markup=True)
    assert box(square)[3] == pytest.approx(box(shape("2"))[3] * theme.SUBSCRIPT + theme.SUPERSCRIPT_RISE)
    y = shape("y")
    last = square.contours[-len(y.contours) :] - np.array([square.advance - y.advance, 0.0])
    assert np.allclose(last, y.contours)


def test_markup_is_asked_for_and_user_text_is_literal() -> None:
    assert shape("h_{t}") is not shape("h_{t}", markup=True)
    assert shape("h_{t}").advance == pytest.approx(sum(width(c, 1.0) for c in "h_{t}"), abs=0.05)
    for literal in ("<b>", "&amp;", "$x$", "a_b", "x^2", "{}", "h_{"):
        assert np.array_equal(shape(literal).contours, shape(literal, markup=True).contours)
        assert draw_safe(literal) == literal


def test_operators_of_ours_sit_on_the_axis_of_the_minus_sign() -> None:
    for weight in WEIGHTS:
        _, bottom, _, top = box(shape("−", weight))
        for c in "⊙⊕⊗∗":
            left, low, right, high = box(shape(c, weight))
            assert (low + high) / 2 == pytest.approx((bottom + top) / 2), c
            assert (left + right) / 2 == pytest.approx(shape(c, weight).advance / 2, abs=0.02), c


def test_brackets_are_each_others_mirror_and_the_transpose_is_a_superscript() -> None:
    floor, ceiling = box(shape("⌊")), box(shape("⌈"))
    assert np.allclose(floor, ceiling)
    assert np.allclose(box(shape("⌋")), [width("⌊", 1) - floor[2], floor[1], width("⌊", 1) - floor[0], floor[3]])
    foot = {c: np.ptp(p[np.isclose(p[:, 1], floor[1])][:, 0]) for c in "⌊⌈" for p in [shape(c).contours.reshape(-1, 2)]}
    assert foot["⌊"] > 2 * foot["⌈"]
    assert np.allclose(shape("Kᵀ").contours, shape("K^{T}", markup=True).contours)


def test_combining_marks_stand_above_and_below_their_letter() -> None:
    pairs = [("h", "\u0303"), ("c", "\u0303"), ("x", "\u0302"), ("W", "\u0303"), ("q", "\u0304"), ("k", "\u0302")]
    for base, mark in pairs:  # none of which Unicode has as one character
        marked, plain = shape(base + mark), shape(base)
        count = len(plain.contours)
        assert np.array_equal(marked.contours[:count], plain.contours)
        assert marked.advance == plain.advance
        ink = marked.contours[count:].reshape(-1, 2)
        assert ink[:, 1].min() > box(plain)[3] + 0.02, (base, mark)
        assert (ink[:, 0].min() + ink[:, 0].max()) / 2 == pytest.approx((box(plain)[0] + box(plain)[2]) / 2)
    assert box(shape("p\u0323"))[1] < box(shape("p"))[1]
    assert box(shape("x\u0302\u0303"))[3] > box(shape("x\u0302"))[3] + 0.1
    assert box(shape("Ah\u0303"))[2] < shape("Ah").advance


def test_a_missing_glyph_of_ours_raises_and_names_the_character() -> None:
    with pytest.raises(LayeranimError, match=r"U\+65E5"):
        shape("a 日")
    for c in ("\n", "\x00", "\ud800", "\u202e", "\ue071"):
        with pytest.raises(LayeranimError, match=f"U\\+{ord(c):04X}"):
            shape(c)
    assert missing("日本 a⊙") == {"日", "本"}
    assert not covers("é\u202e")
    assert covers("")


@pytest.mark.parametrize(
    ("given_", "drawn"),
    [
        ("the cat", "the cat"),
        ("日本", BOX * 2),
        ("\u202eevil\u202c", "evil"),
        ("\x1b[31mred", BOX + "[31mred"),
        ("a\tb\r\nc\u2028d", "a b  c d"),
        ("lone\ud800", "lone" + BOX),
        ("👩\u200d👧", BOX * 2),
        ("🤖\ufe0f\u00adx", BOX + "x"),
        ("e\u0301", "é"),
        ("x" + "\u0302" * 9, "x\u0302\u0302"),
        ("x" * 41, "x" * 39 + "…"),
        ("x" * 40, "x" * 40),
        ("word " * 20_000, ("word " * 8)[:39] + "…"),
        ("", ""),
    ],
)
def test_text_of_a_users_is_drawn_or_boxed(given_: str, drawn: str) -> None:
    assert draw_safe(given_) == drawn


def test_what_only_long_invisible_text_leaves_is_shown_as_cut() -> None:
    assert draw_safe("a" + "\u0301" * 10_000).endswith("…")
    assert draw_safe("\u200b" * 10_000) == "…"
    assert draw_safe("abcdef", limit=3) == "ab…"


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(st.characters(exclude_categories=()), max_size=60), st.integers(1, 50))
def test_any_text_can_be_drawn_after_draw_safe(text: str, limit: int) -> None:
    safe = draw_safe(text, limit)
    assert len(safe) <= limit
    assert covers(safe)
    assert not any(unicodedata.category(c)[0] == "C" for c in safe)
    assert np.isfinite(shape(safe).contours).all()


def test_layouts_are_shared_and_cannot_be_changed() -> None:
    run = shape("1.20")
    assert shape("1.20") is run
    for array in (run.contours, run.starts):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0


DIGEST = """
import hashlib, sys
from layeranim.typeface import shape
digest = hashlib.sha256()
for weight in ("regular", "medium", "semibold"):
    for text in ("−1.20", "AV h̃ σ(x) ⊙ ▯", "Kᵀ i I ı"):
        run = shape(text, weight)
        digest.update(run.contours.tobytes() + run.starts.tobytes() + repr(run.advance).encode())
print(digest.hexdigest(), *sorted({"manim", "scipy", "fontTools"} & set(sys.modules)))
"""


def test_outlines_are_the_same_in_any_process_and_load_no_manim(tmp_path: Path) -> None:
    places = [{"LC_ALL": "C", "PYTHONHASHSEED": "0"}, {"LC_ALL": "tr_TR.UTF-8", "LANG": "ar", "PYTHONHASHSEED": "7"}]
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", DIGEST],
            capture_output=True,
            text=True,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), **place},
        ).stdout.split()
        for place in places
    ]
    assert outputs[0] == outputs[1]
    assert len(outputs[0]) == 1, f"loaded {outputs[0][1:]}"
