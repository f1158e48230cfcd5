"""The theme is the table in the design, its contrasts and colour-vision distances hold; colours live nowhere else."""

from __future__ import annotations

import ast
import dataclasses
import itertools
import re
from pathlib import Path

import pytest

from layeranim import numbers, theme
from layeranim.theme import DARK, LIGHT, THEMES, Theme, audit, contrast
from layeranim.theme.audit import VISION, close, distance

PACKAGE = Path(theme.__file__).parent.parent
BOTH = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=lambda palette: palette.name)

# token: light, its contrast on the background, dark, its contrast; None where the table states none
TOKENS = {
    "surface": ("#F4F5F7", None, "#1E232B", None),
    "raised": ("#E6E9ED", None, "#2A313B", None),
    "ink": ("#16191D", 17.6, "#F0F2F5", 16.3),
    "muted": ("#5B6470", 6.0, "#A3ADBA", 8.1),
    "faint": ("#A9B1BC", 2.2, "#5C6673", 3.1),
    "grid": ("#C3CAD3", 1.7, "#3F4956", 2.0),
    "ghost": ("#98A2AF", 2.6, "#6B7684", 4.0),
    "focus": ("#CC2380", 5.1, "#E872AA", 6.5),
    "weights": ("#CC2380", 5.1, "#E872AA", 6.5),
    "result": ("#00543C", 9.0, "#35E6A4", 11.3),
}
GATES = {
    "f": ("#7A1F10", 10.3, "#E8705F", 6.0),
    "i": ("#0B4AB0", 8.0, "#4FA3FF", 7.0),
    "g": ("#8A6800", 5.2, "#F1BE2A", 10.6),
    "o": ("#007F68", 5.0, "#86F5E0", 14.1),
}
# (theme, scale): steps from weak to strong, each with the contrast of the numeral on it
SCALES = {
    ("light", "negative"): "#FCE9D8 14.9 #F9CFA9 12.2 #F2A65E 8.7 #D9730D 5.4",
    ("light", "positive"): "#E1EEFB 15.0 #BBD9F5 12.1 #7DB5EA 8.1 #1F6FC4 5.1",
    ("dark", "negative"): "#3A2A1C 12.9 #6B431C 8.1 #9A5812 5.2 #F09A3E 8.2",
    ("dark", "positive"): "#1B2D42 13.2 #224A75 8.6 #2F70B5 4.8 #79B8F5 8.7",
    ("light", "heat"): "#F5F3FA 16.0 #E2DBF2 13.1 #CBBDE7 10.1 #AE98D8 7.0 #7A57B8 5.4 #4F2390 10.6",
    ("dark", "heat"): "#211E2B 15.4 #322A4C 12.6 #473972 9.4 #624DA0 6.4 #917DD0 5.3 #CDBBFF 10.6",
}
WHITE_ON = {("light", "positive", 3), ("light", "heat", 4), ("light", "heat", 5)}


@BOTH
def test_backgrounds_and_numeral_inks(palette: Theme) -> None:
    expected = {"light": ("#FFFFFF", "#16191D", "#FFFFFF"), "dark": ("#12151B", "#12151B", "#F7F8FA")}
    assert (palette.bg, palette.on_light, palette.on_dark) == expected[palette.name]
    assert THEMES[palette.name] is palette


@BOTH
@pytest.mark.parametrize("token", [*TOKENS, *GATES])
def test_every_token_and_its_contrast_on_the_background(palette: Theme, token: str) -> None:
    row = TOKENS.get(token) or GATES[token]
    colour, stated = row[:2] if palette is LIGHT else row[2:]
    actual = palette.gates[token] if token in GATES else getattr(palette, token)
    assert actual == colour
    if stated is not None:
        assert contrast(actual, palette.bg) == pytest.approx(stated, abs=0.1)


def test_every_colour_of_a_theme_is_in_the_table() -> None:
    named = {field.name for field in dataclasses.fields(Theme)} - {"name", "bg", "on_dark", "on_light", "clear"}
    assert named == {*TOKENS, "negative", "positive", "heat", "gates"}
    assert [list(palette.gates) for palette in THEMES.values()] == [list("figo")] * 2


@pytest.mark.parametrize(("name", "scale"), SCALES)
def test_every_scale_and_the_contrast_of_its_numerals(name: str, scale: str) -> None:
    palette = THEMES[name]
    row = SCALES[name, scale].split()
    assert getattr(palette, scale) == tuple(row[::2])
    for step, (fill, stated) in enumerate(zip(row[::2], map(float, row[1::2]), strict=True)):
        assert contrast(palette.on(fill), fill) == pytest.approx(stated, abs=0.1)
        if name == "light":
            assert (palette.on(fill) == palette.on_dark) == ((name, scale, step) in WHITE_ON)


@BOTH
def test_the_worst_numeral_still_reads(palette: Theme) -> None:
    fills = (palette.surface, *palette.negative, *palette.positive, *palette.heat)
    worst = min(contrast(palette.on(fill), fill) for fill in fills)
    assert worst >= 4.8
    assert worst == pytest.approx({"light": 5.09, "dark": 4.81}[palette.name], abs=0.005)


@BOTH
def test_text_reads_on_its_background(palette: Theme) -> None:
    """WCAG 2.2 AA asks 4.5 of text; a gate's letter and a probability are text too."""
    for role in ("ink", "muted", "focus", "weights", "result", "probability", *palette.gates):
        assert contrast(palette.role(role), palette.bg) >= 4.5, role


@BOTH
def test_steps_of_colour_are_the_steps_that_numbers_counts(palette: Theme) -> None:
    values = numbers.levels([-1.5, -0.8, -0.7, -0.1, 0.0, 0.1, 0.7, 0.8, 1.5])
    fills = [palette.fill("value", int(level)) for level in values]
    assert fills[4] == palette.surface
    assert (fills[0], fills[-1]) == (palette.negative[-1], palette.positive[-1])
    assert len(palette.negative) == len(palette.positive) == max(values)
    assert [palette.fill("heat", int(level)) for level in numbers.heat_levels([0.0, 1.0])] == [*palette.heat[::5]]
    assert numbers.GREYS == theme.GREYS
    assert palette.fill("grey", int(numbers.grey_levels(255, 0, 255))) == "#" + "FF" * 3


# ── colour vision ────────────────────────────────────────────────────────────


@BOTH
def test_colours_with_a_meaning_stay_apart_for_every_eye(palette: Theme) -> None:
    known = {"light": [], "dark": [("focus", "negative 4", "tritan")]}  # focus frames carry a halo for this one
    assert audit.APART == 8.75
    assert close(palette) == known[palette.name]
    assert distance(DARK.focus, DARK.negative[-1], "tritan") == pytest.approx(5.8, abs=0.05)


@BOTH
@pytest.mark.parametrize("vision", VISION)
def test_signs_and_gates_stay_further_apart(palette: Theme, vision: str) -> None:
    assert distance(palette.negative[-1], palette.positive[-1], vision) >= 23.65
    for a, b in itertools.combinations(palette.gates.values(), 2):
        assert distance(a, b, vision) >= 9.15


def test_the_audit_finds_what_it_is_there_to_find() -> None:
    swapped = dataclasses.replace(LIGHT, gates=LIGHT.gates | {"g": LIGHT.gates["o"]}, result=LIGHT.positive[-1])
    found = close(swapped)
    assert ("gate g", "gate o", "normal") in found
    assert ("result", "positive 4", "deutan") in found
    assert distance("#FFFFFF", "#000000", "normal") == pytest.approx(100, abs=0.01)


# ── durations, and where colours may stand ───────────────────────────────────


def durations() -> dict[str, float]:
    """The constants of theme/__init__.py between its heading "durations" and the class that follows."""
    source = Path(theme.__file__).read_text(encoding="utf-8")
    (heading,) = (n for n, line in enumerate(source.splitlines(), 1) if line.startswith("# ── durations"))
    names = []
    for node in ast.parse(source).body:
        if node.lineno > heading and isinstance(node, ast.ClassDef):
            break
        if node.lineno > heading and isinstance(node, ast.Assign):
            names += [name.id for name in ast.walk(node) if isinstance(name, ast.Name)]
    return {name: getattr(theme, name) for name in names if name != "TICK_MS"}


def test_every_duration_is_a_multiple_of_40_ms() -> None:
    assert theme.TICK_MS == 40
    assert {"OPEN_HOLD", "END_HOLD", "FADE", "BUDGET"} <= durations().keys()
    off = {name: seconds for name, seconds in durations().items() if round(seconds * 1000, 6) % theme.TICK_MS}
    assert not off


SOURCES = {".py", ".html", ".css", ".js", ".svg", ".toml", ".json"}
LITERAL = re.compile(r"#(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{6})\b|[\"']#[0-9A-Fa-f]{3,4}[\"']")


def colour_literals(package: Path) -> list[str]:
    """``file:line: literal`` of every colour written outside theme/__init__.py."""
    found = []
    for path in sorted(package.rglob("*")):
        if path.suffix in SOURCES and path != package / "theme" / "__init__.py":
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [
                f"{path.relative_to(package).as_posix()}:{number}: {match[0]}"
                for number, line in enumerate(lines, 1)
                for match in LITERAL.finditer(line)
            ]
    return found


def test_no_colour_stands_outside_the_theme() -> None:
    assert (PACKAGE / "theme" / "__init__.py").is_file()
    assert colour_literals(PACKAGE) == []


def test_a_planted_colour_is_found(tmp_path: Path) -> None:
    (tmp_path / "scenes").mkdir()
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "__init__.py").write_text('ink = "#16191D"\n', encoding="utf-8")
    (tmp_path / "scenes" / "grid.py").write_text('a = 1  # 3×3\nfill = "#16191D"\n', encoding="utf-8")
    (tmp_path / "embed.css").write_text("p { color: #abcdef80 }\n", encoding="utf-8")
    (tmp_path / "theme.css").write_text("q = '#fff'; see #12 and #RRGGBB\n", encoding="utf-8")
    assert colour_literals(tmp_path) == [
        "embed.css:1: #abcdef80",
        "scenes/grid.py:2: #16191D",
        "theme.css:1: '#fff'",
    ]
