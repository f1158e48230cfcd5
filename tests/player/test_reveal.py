"""A player on a slide of reveal.js goes step by step with the slides; proven with the real one, in a browser."""

from __future__ import annotations

import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

import layeranim as la
from layeranim.cli import main
from tests.player.conftest import SHORT, Made

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8" /><title>t</title>
<link rel="stylesheet" href="reveal.css" /></head><body><div class="reveal"><div class="slides">
<section><h2>before</h2></section>
<section>
{}</section>
<section><h2>after</h2></section>
</div></div><script src="reveal.js"></script>
<script>Reveal.initialize({{ hash: false, transition: "none" }});</script></body></html>"""


def _deck(folder: Path, snippet: str) -> Path:
    """A deck whose second slide has that snippet, beside the real reveal.js."""
    found = find_spec("sphinx_revealjs")
    if found is None or found.origin is None:
        pytest.skip("there is no reveal.js here")
    for name in ("reveal.js", "reveal.css"):
        shutil.copy(Path(found.origin).parent / "_static" / "revealjs" / "dist" / name, folder)
    (folder / "deck.html").write_text(PAGE.format(snippet), encoding="utf-8")
    return folder / "deck.html"


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_a_film_begins_with_its_slide_unless_the_reader_asked_for_less_motion(
    tmp_path: Path, chromium: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], motion: str
) -> None:
    monkeypatch.chdir(tmp_path)
    la.render("conv", output="film.mp4", **SHORT)
    assert main(["embed", "film.mp4", "--for", "reveal"]) == 0
    deck = _deck(tmp_path, capsys.readouterr().out)
    page = chromium.new_page(reduced_motion=motion)
    page.goto(deck.as_uri())
    film = page.locator("video")
    film.evaluate("(film) => { film.preload = 'auto'; film.onplay = () => { film.dataset.played = '' } }")
    page.wait_for_function("document.querySelector('video').readyState === 4", timeout=20_000)
    page.keyboard.press("ArrowRight")
    if motion == "reduce":  # Reveal.js plays a film that is loaded as it shows its slide
        page.wait_for_function("document.querySelector('section.present video')", timeout=20_000)
        assert film.evaluate("(film) => [film.paused, film.controls]") == [True, True]
        film.evaluate("(film) => film.play()")
    page.wait_for_function("'played' in document.querySelector('video').dataset", timeout=20_000)
    page.close()


def test_a_player_steps_with_the_slides(
    light: Made, tmp_path: Path, browser: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in light.page.parent.glob("film.*"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["embed", "film.html", "--for", "reveal"]) == 0
    deck = _deck(tmp_path, capsys.readouterr().out)
    steps = len(light.data["steps"])
    page = browser.new_context().new_page()
    told: list[str] = []
    page.on("console", lambda message: told.append(message.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    page.goto(deck.as_uri())
    player = page.frame_locator("iframe")

    def shows(step: int) -> None:
        player.get_by_text(f"Step {step} of {steps}", exact=False).first.wait_for(timeout=20_000)

    page.keyboard.press("ArrowRight")
    shows(1)
    film = player.locator("video")
    for step in range(2, steps + 1):
        page.keyboard.press("ArrowRight")
        shows(step)
        ends = (light.data["steps"][step - 1]["end"] + 0.5) / light.data["fps"]
        film.evaluate("(film) => new Promise((done) => film.paused ? done() : film.onpause = done)")
        assert abs(film.evaluate("(film) => film.currentTime") - ends) < 0.01  # it halts where the step's result stands
    page.keyboard.press("ArrowLeft")
    shows(steps - 1)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert page.get_by_role("heading", name="after").is_visible()
    page.keyboard.press("ArrowLeft")
    shows(steps)
    assert page.locator("video").count() == 0  # the film is the player's
    assert told == []
    page.context.close()
