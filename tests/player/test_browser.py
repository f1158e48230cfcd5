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
RESTFUL = {"color_scheme": "dark", "reduced_motion": "reduce"}
"""A reader who wants the dark, and no motion."""


@pytest.fixture(scope="session")
def pages(browser: Any) -> Iterator[Open]:
    """A page for each kind of reader, which tests share: in Firefox a new one takes seconds."""
    made: dict[tuple[Any, ...], Any] = {}

    def page_of(**reader: Any) -> Any:
        key = tuple(sorted(reader.items()))
        if key not in made:
            made[key] = browser.new_context(**reader).new_page()
            made[key].set_default_timeout(HANG)
        return made[key]

    yield page_of
    for page in made.values():
        page.context.close()


@pytest.fixture
def opened(pages: Open) -> Iterator[Open]:
    """Opens a player; afterwards it must have said nothing and asked for nothing."""
    heard: list[str] = []
    hears = {
        "console": lambda said: heard.append(said.text),
        "pageerror": lambda error: heard.append(str(error)),
        "request": lambda asked: heard.append(asked.url) if _leaves(asked.url) else None,
    }
    heard_at: list[Any] = []

    def open_(made: Made, query: str = "", width: int = 800, **reader: Any) -> Any:
        page = pages(**reader)
        if page not in heard_at:
            heard_at.append(page)
            for event, hear in hears.items():
                page.on(event, hear)
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(made.page.as_uri() + query)
        if "#" in query:  # of the page that was there, perhaps
            page.reload()
        page.evaluate(PICTURE)
        return page

    yield open_
    for page in heard_at:
        for event, hear in hears.items():
            page.remove_listener(event, hear)
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


@pytest.mark.parametrize("reader", [{}, RESTFUL], ids=["any", "restful"])
def test_before_it_is_begun_the_poster_stands_and_nothing_moves(
    opened: Open, light: Made, reader: dict[str, str]
) -> None:
    page = opened(light, **reader)
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches") == bool(reader)
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


def test_a_pause_at_once_is_no_error(opened: Open, light: Made) -> None:
    page = opened(light)
    page.evaluate("['play', 'play', 'again', 'play'].forEach((id) => document.getElementById(id).click())")
    until(page, "document.getElementById('film').paused")


def test_loaded_again_it_says_how_fast_it_plays(opened: Open, light: Made) -> None:
    """What a reader chose is gone; Firefox brings choices back where the page does not forbid it."""
    page = opened(light)
    page.locator("#speed").select_option("2")
    page.reload()
    assert page.locator("#speed").input_value() == "1"
    assert page.evaluate("document.getElementById('film').playbackRate") == 1


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
    for _ in range(7):
        page.keyboard.press("Tab")
        order.append(page.evaluate("document.activeElement.id || document.activeElement.tagName"))
    assert order == ["begin", "place", "previous", "play", "next", "again", "speed"]
    page.locator("#next").click()
    page.focus("#speed")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    page.keyboard.press("Enter")
    page.locator("#tables").wait_for(state="visible")


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
    page = opened(light)
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


def test_a_page_around_hears_every_height(opened: Open, light: Made, tmp_path: Path) -> None:
    """The height that was told last is that of the page, after each load and when its numbers open."""
    frame = f'<iframe src="{light.page.as_uri()}?step=3" width="640" height="640"></iframe>'
    around = tmp_path / "around.html"
    around.write_text(
        "<title>x</title><script>heard = new Map(); onmessage = (e) => heard.set(e.source, e.data.height)</script>"
        f"{frame}{frame}"
    )
    page = opened(light)
    page.goto(around.as_uri())
    for number in (1, 2):
        inner = page.frames[number]
        told, is_ = f"heard.get(frames[{number - 1}])", "document.documentElement.offsetHeight"
        until(page, f"{told} > 0")
        until(page, f"{told} === {inner.evaluate(is_)}")
        before = inner.evaluate(is_)
        inner.locator("summary").click()
        until(inner, f"{is_} > {before}")
        until(page, f"{told} === {inner.evaluate(is_)}")


def test_the_slider_and_its_ticks_are_seen_in_colours_that_the_system_forces(chromium: Any, light: Made) -> None:
    """Firefox's driver cannot force any."""
    page = chromium.new_page(forced_colors="active")
    page.goto(light.page.as_uri())
    for part in ("#place", "#ticks"):
        picture = Image.open(BytesIO(page.locator(part).screenshot())).convert("RGB")
        assert len(picture.getcolors(picture.width * picture.height)) > 1, part
    page.close()


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
    ("asked", "reader", "ground"),
    [("", RESTFUL, "light"), ("?theme=page", RESTFUL, "dark"), ("?theme=page", {}, "light"),
     ("?theme=dark", {}, "dark"), ("?theme=x", RESTFUL, "light")],
)  # fmt: skip
def test_its_ground_is_the_films_or_follows_the_page(
    opened: Open, light: Made, asked: str, reader: dict[str, str], ground: str
) -> None:
    page = opened(light, asked, **reader)
    colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
    lightness = sum(int(number) for number in colour[4:-1].split(",")) / 3
    assert (lightness > 128) == (ground == "light")


@pytest.mark.parametrize(("width", "reader"), [(320, {}), (640, {"device_scale_factor": 2}), (1280, {})])
def test_it_fits_a_phone_and_twice_the_size(opened: Open, light: Made, width: int, reader: dict[str, int]) -> None:
    page = opened(light, "?step=3", width, **reader)
    assert page.evaluate("[innerWidth, devicePixelRatio]") == [width, reader.get("device_scale_factor", 1)]
    page.locator("summary").click()
    room = page.evaluate("document.documentElement.clientWidth")  # without the bar that scrolls
    assert page.evaluate("document.documentElement.scrollWidth") == room
    for name in ("previous", "play", "next", "again", "speed", "place"):
        box = page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= room
        assert min(box["width"], box["height"]) >= 24


def test_without_a_program_the_browsers_own_controls_play_it(light: Made, pages: Open, tmp_path: Path) -> None:
    around = tmp_path / "around.html"
    around.write_text(f'<title>x</title><iframe sandbox src="{light.page.as_uri()}"></iframe>')
    page = pages()
    page.goto(around.as_uri())
    player = page.frame_locator("iframe")
    for shown in ("video[controls]", "noscript p"):
        player.locator(shown).wait_for()
    assert not player.locator("#panel").is_visible()
