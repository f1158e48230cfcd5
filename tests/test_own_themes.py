"""Themes of one's own: a file, a table or a line; what none can read is refused, what is hard to tell apart is said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

import layeranim as la
from layeranim.cli import main
from layeranim.embed import files
from layeranim.errors import UsageError
from layeranim.stories.options import FilmOptions
from layeranim.theme import DARK, LIGHT, audit, contrast, own, rgb

SITE = 'base = "light"\naccent = "#6A1B9A"\nbackground = "#FFF8F0"\n'
LINE = "light,background=#FFF8F0,focus=#6A1B9A,weights=#6A1B9A"


def line(value: Any) -> str:
    return str(FilmOptions.of({"theme": value}).theme)


def test_three_lines_are_a_sites_theme() -> None:
    table = {"base": "light", "accent": "#6A1B9A", "background": "#fff8f0"}
    assert line(table) == line(LINE) == line("light, accent=#6a1b9a, background=#FFF8F0") == LINE
    made = own.named(LINE)
    assert (made.bg, made.focus, made.weights, made.result) == ("#FFF8F0", "#6A1B9A", "#6A1B9A", LIGHT.result)
    assert made.ground == "light"
    assert made.name == LINE


@pytest.mark.parametrize("value", ["light", "dark", "Dark", " light "])
def test_the_two_are_themselves(value: str) -> None:
    assert own.named(line(value)) in (LIGHT, DARK)
    assert line({"base": value.strip().lower()}) == value.strip().lower()


def test_every_token_can_be_said_and_comes_back() -> None:
    table = {
        "base": "dark", "background": "#000", "surface": "#111111", "raised": "#222222", "ink": "#FFFFFF",
        "muted": "#CCCCCC", "faint": "#777777", "grid": "#444444", "ghost": "#666666", "focus": "#FF80C0",
        "weights": "#FF80C1", "result": "#40F0A0", "on-dark": "#FFFFFE", "on-light": "#000001",
        "negative": ["#301000", "#602000", "#904000", "#F0A040"], "positive": "#80C0FF",
        "heat": ["#101020", "#202040", "#303060", "#5050A0", "#8080D0", "#C0C0FF"],
        "gates": {"f": "#F07060", "o": "#80F0E0"},
    }  # fmt: skip
    said = line(table)
    made = own.named(said)
    assert line(said) == said
    assert made.bg == "#000000"
    assert made.gates == DARK.gates | {"f": "#F07060", "o": "#80F0E0"}
    assert made.negative == tuple(table["negative"])
    assert made.positive[-1] == "#80C0FF"
    assert len(made.positive) == 4
    assert [contrast(a, "#000000") for a in made.positive] == sorted(contrast(a, "#000000") for a in made.positive)
    assert made.on_light == "#000001"


@pytest.mark.parametrize(
    ("value", "pieces"),
    [
        ("ligth", ("theme is 'ligth'", "did you mean light?", ".toml file")),
        ("light,acent=#000", ("has no colour 'acent'", "did you mean accent?", "may have accent, background")),
        ({"base": "blue"}, ("base is 'blue'", "one of light, dark")),
        ({"accent": "blue"}, ("accent is 'blue'", "written #RRGGBB")),
        ({"accent": 3}, ("accent is 3",)),
        ({"heat": ["#000", "#111"]}, ("heat is", "one colour or 6")),
        ({"gates": {"x": "#000"}}, ("gates is", "f, i, g, o")),
        ({"gates": "#000"}, ("gates is '#000'",)),
        ({1: "#000"}, ("has no colour 1",)),
        (3, ("theme is 3",)),
    ],
)
def test_what_is_no_theme_is_refused(value: Any, pieces: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        line(value)
    assert all(piece in str(caught.value) for piece in pieces), caught.value


@pytest.mark.parametrize(
    ("data", "pieces"),
    [
        ("accent = ", ("brand.toml", "it is not TOML", "one colour a line")),
        ('accnt = "#000"', ("theme brand.toml has no colour 'accnt'",)),
        ('ink = "#F0F0F0"', ("theme brand.toml: ink #F0F0F0 on background #FFFFFF", "contrast of 1.1 to 1")),
        ('heat = "#777"\n"on-dark" = "#777"\n"on-light" = "#888"', ("a numeral", "on heat")),
    ],
)
def test_files_that_say_none_or_that_nobody_could_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, data: str, pieces: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("brand.toml").write_text(data, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        la.render("softmax", theme="brand.toml", output="x.png")
    assert all(piece in str(caught.value) for piece in pieces), caught.value
    assert not Path("x.png").exists()


def test_what_is_hard_to_read_or_to_tell_apart_is_said_with_the_figure() -> None:
    assert audit.warnings(LIGHT) == audit.warnings(DARK) == audit.warnings(own.named(LINE)) == []
    pale = audit.warnings(own.named("light,muted=#808080"))
    assert pale == ["theme: muted #808080 on background #FFFFFF has a contrast of 3.9 to 1; WCAG asks 4.5"]
    (red_green,) = [said for said in audit.warnings(own.named("light,positive=#507A30,negative=#A05030"))
                    if "positive 4" in said and "negative 4" in said]  # fmt: skip
    assert "eyes" in red_green
    assert "#A05030" in red_green


@pytest.mark.parametrize(("theme", "ground", "fits"), [("light", "#0d1117", "dark"), ("dark", "#fff", "light")])
def test_a_background_for_the_other_theme_names_it(theme: str, ground: str, fits: str) -> None:
    with pytest.raises(UsageError, match=rf"contrast of 1.1 to 1.*; --theme {fits} can \(theme='{fits}' in Python\)$"):
        la.storyboard("pool", theme=theme, background=ground)
    assert la.storyboard("pool", theme=fits, background=ground).explainer == "pool"


def test_a_background_that_no_theme_has_colours_for_asks_for_another() -> None:
    with pytest.raises(UsageError, match=r"choose colours that are further apart$"):
        la.storyboard("pool", background="#888888")


def test_a_film_is_drawn_in_it_and_tells_its_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("brand.toml").write_text(SITE, encoding="utf-8")
    small = {"size": "320x180", "fps": 5, "steps": "first:1", "pace": "fast"}
    la.render("softmax", theme="brand.toml", output=["a.png", "a.gif"], **small)
    with Image.open("a.png") as poster:
        colours = {pixel for _, pixel in poster.convert("RGB").getcolors(10**6) or []}
        assert poster.convert("RGB").getpixel((0, 0)) == rgb("#FFF8F0")
    assert rgb("#6A1B9A") in colours
    assert rgb(LIGHT.focus) not in colours
    assert json.loads(Path("a.json").read_text(encoding="utf-8"))["film"]["theme"] == LINE
    la.render("softmax", theme=LINE, output="b.png", **small)
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    done = la.render("softmax", theme="dark", background="#003", output=["c.png", "c.gif"], **small)
    assert done.warnings == ()
    with Image.open("c.png") as poster:
        assert poster.convert("RGB").getpixel((0, 0)) == rgb("#000033")
    assert [files.of(Path(name)).theme for name in ("a.gif", "c.gif")] == ["light", "dark"]
    warned = la.render("softmax", theme={"muted": "#808080"}, output="d.png", **small)
    assert "muted #808080" in warned.warnings[0]


def test_a_manifest_takes_files_and_their_colours_make_films_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    Path("brand.toml").write_text(SITE, encoding="utf-8")
    Path("layeranim.toml").write_text(
        'version = 1\nformats = ["gif"]\nthemes = ["brand.toml", "dark"]\n[defaults]\nsize = "128x72"\nfps = 5\n'
        'steps = "first:1"\npace = "fast"\n[[asset]]\nid = "a"\nexplainer = "softmax"\n', encoding="utf-8",
    )  # fmt: skip
    assert main(["build", "-q"]) == 0
    with Image.open("renders/a-brand.png") as poster:
        assert poster.convert("RGB").getpixel((0, 0)) == rgb("#FFF8F0")
    assert Path("renders/a-dark.gif").is_file()
    assert main(["check"]) == 0
    capsys.readouterr()
    Path("brand.toml").write_text(SITE.replace("FFF8F0", "FFFFF0"), encoding="utf-8")
    assert main(["check"]) == 1
    said = capsys.readouterr().out
    assert "a-brand: stale: film option theme: light,background=#FFF8F0" in said
    assert "a-dark" not in said
    manifest = Path("layeranim.toml").read_text(encoding="utf-8").replace('"dark"', '"drak"')
    Path("layeranim.toml").write_text(manifest, encoding="utf-8")
    assert main(["validate"]) == 2
    assert "themes: 'drak' is unknown (did you mean dark?); there are light, dark, or a file such as brand.toml" in (
        capsys.readouterr().err)  # fmt: skip
