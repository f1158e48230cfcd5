"""Players in a real browser: pictures, keys, focus, screen readers' names, nothing asked of a network."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.player.conftest import Made

HANG = 30_000
"""Milliseconds after which a browser is taken to hang."""
PICTURE = """() => new Promise((done) => {
  const film = document.getElementById("film");
  const look = () => requestAnimationFrame(() => requestAnimationFrame(() => {
    if (film.seeking || film.readyState < 2) return look();
    const paper = document.createElement("canvas");
    [paper.width, paper.height] = [film.videoWidth, film.videoHeight];
    paper.getContext("2d").drawImage(film, 0, 0);
    done(paper.toDataURL());
  }));
  look();
})"""
Open = Callable[..., Any]


@pytest.fixture
def opened(chromium: Any) -> Iterator[Open]:
    """Opens a player in a page of its own; afterwards it must have said nothing and asked for nothing."""
    contexts: list[Any] = []
    heard: list[str] = []

    def open_(made: Made, query: str = "", **settings: Any) -> Any:
        context = chromium.new_context(**{"viewport": {"width": 800, "height": 900}, **settings})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(HANG)
        page.on("console", lambda said: heard.append(said.text))
        page.on("pageerror", lambda error: heard.append(str(error)))
        page.on("request", lambda asked: heard.append(asked.url) if _leaves(asked.url) else None)
        page.goto(made.page.as_uri() + query)
        page.evaluate(PICTURE)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert heard == []


def _leaves(url: str) -> bool:
    return not url.startswith(("blob:", "data:")) and not (url.startswith("file:") and ".html" in url)


def picture(page: Any) -> Any:
    """What the film shows now."""
    data = base64.b64decode(page.evaluate(PICTURE).partition(",")[2])
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


def frame_shown(page: Any, made: Made) -> set[int]:
    """The frames that look like what is shown: all that are as near as the nearest."""
    seen = picture(page)
    apart = [float(np.abs(seen - one).mean()) for one in made.pictures]
    assert min(apart) < 3
    return {number for number, one in enumerate(apart) if one < min(apart) + 0.02}


def until(page: Any, true: str) -> None:
    """Wait for what the page's own policy lets nobody wait for within it."""
    for _ in range(HANG // 20):
        if page.evaluate(true):
            return
        time.sleep(0.02)
    pytest.fail(f"{true} does not come true")


def said(page: Any) -> str:
    return str(page.locator("#said").inner_text())


def test_every_step_lands_on_its_last_frame(opened: Open, light: Made) -> None:
    page, ends = opened(light), [step["end"] for step in light.data["steps"]]
    for number, end in enumerate(ends, 1):
        page.keyboard.press("ArrowRight")
        assert end in frame_shown(page, light)
        assert said(page).startswith(f"Step {number} of {len(ends)}")
    for number, end in list(enumerate(ends, 1))[-2::-1]:
        page.locator("#previous").click()
        assert end in frame_shown(page, light)
        assert said(page).startswith(f"Step {number} of {len(ends)}")


def test_before_it_is_begun_the_poster_stands_and_nothing_moves(opened: Open, light: Made) -> None:
    for motion in ("no-preference", "reduce"):
        page = opened(light, reduced_motion=motion)
        assert np.abs(picture(page) - light.poster).mean() < 3
        assert light.data["poster"] in frame_shown(page, light)
        assert page.evaluate("document.getElementById('film').paused")
        assert page.get_by_role("button", name="Play the film").is_visible()


def test_play_begins_at_the_beginning_and_ends_at_the_end(opened: Open, light: Made) -> None:
    page = opened(light)
    page.locator("#speed").select_option("2")
    page.get_by_role("button", name="Play the film").click()
    assert page.evaluate("document.getElementById('film').playbackRate") == 2
    assert page.evaluate("document.activeElement.id") == "play"
    assert page.get_by_role("button", name="Pause", exact=True).is_visible()
    until(page, "document.getElementById('film').ended")
    assert said(page).startswith(f"Step {len(light.data['steps'])} of")
    assert len(light.pictures) - 1 in frame_shown(page, light)
    assert page.get_by_role("button", name="Play", exact=True).is_visible()


def test_one_step_is_played_to_its_end(opened: Open, light: Made) -> None:
    page = opened(light, "?step=2")
    page.evaluate("""() => { window.seen = []; const film = document.getElementById("film");
        film.addEventListener("seeking", () => seen.push(film.currentTime)) }""")
    page.get_by_role("button", name="Play this step").click()
    until(page, "window.seen.length > 1 && document.getElementById('film').paused")
    step = light.data["steps"][1]
    assert [int(seconds * 10) for seconds in page.evaluate("window.seen.slice(0, 1)")] == [step["start"]]
    assert step["end"] in frame_shown(page, light)
    assert said(page).startswith("Step 2 of")


def test_keys_work_where_they_should(opened: Open, light: Made) -> None:
    page, steps = opened(light), light.data["steps"]
    for key, number in (("End", None), ("ArrowRight", 1), ("ArrowLeft", 1), ("ArrowRight", 2)):
        page.keyboard.press(key)
        if number:
            assert said(page).startswith(f"Step {number} of")
    page.focus("#place")
    for key, number in (("End", len(steps)), ("Home", 1), ("ArrowUp", 2), ("ArrowDown", 1)):
        page.keyboard.press(key)
        assert said(page).startswith(f"Step {number} of")
    page.focus("#next")
    page.keyboard.press("Control+ArrowRight")
    page.keyboard.press("x")
    assert said(page).startswith("Step 1 of")
    page.focus("#place")
    page.keyboard.press(" ")
    until(page, "!document.getElementById('film').paused")
    page.keyboard.press(" ")
    until(page, "document.getElementById('film').paused")
    page.focus("#next")
    page.keyboard.press(" ")  # a button is pressed, the film is not begun
    assert page.evaluate("document.getElementById('film').paused")


def test_focus_goes_through_the_controls_in_their_order(opened: Open, light: Made) -> None:
    page = opened(light)
    order = []
    for _ in range(8):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert order[:7] == ["begin", "place", "previous", "play", "next", "again", "speed"]
    page.locator("#next").click()
    page.focus("#speed")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    assert page.locator("#tables").is_visible()


def test_the_slider_shows_any_frame_and_says_where_it_is(opened: Open, light: Made) -> None:
    page, steps = opened(light), light.data["steps"]
    wanted = steps[1]["start"] + 1
    page.locator("#place").fill(str(wanted))
    assert wanted in frame_shown(page, light)
    assert page.locator("#place").get_attribute("aria-valuetext").startswith(f"Step 2 of {len(steps)}: output row 1")
    ticks = page.locator("#ticks i")
    assert ticks.count() == len(steps)
    page.keyboard.press("ArrowRight")
    knob = page.locator("#place").bounding_box()
    tick = page.locator("#ticks i.now").bounding_box()
    at = steps[2]["end"] / (len(light.pictures) - 1)
    assert tick["x"] + 2 == pytest.approx(knob["x"] + 8 + at * (knob["width"] - 16), abs=1.5)


def test_the_numbers_of_a_step_are_its_table(opened: Open, light: Made) -> None:
    page = opened(light, "#step=3")
    page.locator("summary").click()
    tables = page.locator("#tables table")
    own = light.data["steps"][2]["tables"]
    assert tables.count() == len(own)
    for number, at in enumerate(own):
        wanted = light.data["tables"][at]
        cells = tables.nth(number).locator("td").all_inner_texts()
        assert cells == [text for row in wanted["cells"] for text in row]
        assert tables.nth(number).locator("caption").inner_text().startswith(wanted["name"].replace("_", " "))


@pytest.mark.parametrize(("asked", "number"), [("?step=2", 2), ("#step=3", 3), ("?step=99", 0), ("?step=0", 1)])
def test_an_address_may_name_a_step(opened: Open, light: Made, asked: str, number: int) -> None:
    page, count = opened(light, asked), len(light.data["steps"])
    assert said(page).startswith(f"Step {number or count} of {count}")
    assert not page.locator("#begin").is_visible()
    page.evaluate("location.hash = 'step=2'")
    until(page, "document.getElementById('said').textContent.startsWith('Step 2 of')")


def test_a_page_around_it_steers_and_hears_it(opened: Open, light: Made, tmp_path: Path) -> None:
    around = tmp_path / "around.html"
    around.write_text(
        f"<title>x</title><script>heard = []; onmessage = (e) => heard.push(e.data)</script>"
        f'<iframe src="{light.page.as_uri()}?step=1" width="640" height="640"></iframe>'
    )
    page = opened(Made(light.page, light.pictures, light.poster))
    page.goto(around.as_uri())
    until(page, "heard.some((one) => one.layeranim === 'ready')")
    orders: list[tuple[dict[str, Any], int]] = [
        ({"layeranim": "next"}, 2), ({"layeranim": "step", "step": 3}, 3), ({"layeranim": "previous"}, 2),
        ({"layeranim": "constructor"}, 2), ({"layeranim": "step", "step": "x"}, 2),
    ]  # fmt: skip
    for order, number in orders:
        page.evaluate("(order) => frames[0].postMessage(order, '*')", order)
        inner = page.frames[1]
        until(inner, f"document.getElementById('said').textContent.startsWith('Step {number} of')")
    until(page, "heard.at(-1).step === 2")
    last = page.evaluate("heard.at(-1)")
    assert last["steps"] == len(light.data["steps"])
    assert last["words"].startswith("Step 2 of")
    assert not last["playing"]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing(opened: Open, request: pytest.FixtureRequest, theme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    made: Made = request.getfixturevalue(theme)
    for asked in ("", "?step=3"):
        page = opened(made, asked)
        if asked:
            page.locator("summary").click()
        found = Axe().run(page).response["violations"]
        assert [(one["id"], [node["html"][:80] for node in one["nodes"]]) for one in found] == []


@pytest.mark.parametrize(
    ("asked", "page_is", "ground"),
    [("", "dark", "light"), ("?theme=page", "dark", "dark"), ("?theme=page", "light", "light"),
     ("?theme=dark", "light", "dark"), ("?theme=x", "dark", "light")],
)  # fmt: skip
def test_its_ground_is_the_films_or_follows_the_page(
    opened: Open, light: Made, asked: str, page_is: str, ground: str
) -> None:
    page = opened(light, asked, color_scheme=page_is)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(number) for number in colour[4:-1].split(",")) / 3
    assert (lightness > 128) == (ground == "light")


@pytest.mark.parametrize(("width", "scale"), [(320, 1), (640, 2), (1280, 1)])
def test_it_fits_a_phone_and_twice_the_size(opened: Open, light: Made, width: int, scale: int) -> None:
    page = opened(light, "?step=3", viewport={"width": width, "height": 700}, device_scale_factor=scale)
    page.locator("summary").click()
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for name in ("previous", "play", "next", "again", "speed", "place"):
        box = page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width
        assert min(box["width"], box["height"]) >= 24


def test_without_a_program_the_browsers_own_controls_play_it(opened: Open, light: Made, chromium: Any) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(light.page.as_uri())
    assert page.locator("video[controls]").is_visible()
    assert page.locator("noscript p").is_visible()
    assert not page.locator("#panel").is_visible()
    context.close()
