"""Options of the whole suite."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import grids

collect_ignore = ["sites"]  # ./run sites: real programs build whole sites, and most machines have few of these

# How long an example or its making takes says how busy the machine is.
settings.register_profile("layeranim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("layeranim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the storyboards' text goldens anew")
    parser.addoption("--every", action="store_true", help="try every case of the large grids, not a part of each")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "grid(n): a large grid, of which the whole suite tries an n-th")
    grids.decide(config)


def pytest_report_header() -> str:
    return "" if grids.whole() else "a part of each large grid is tried: --every tries all (tests/grids.py)"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    grids.thin(config, items)


def pytest_collection_finish() -> None:
    """What is there before the first test stays: no collection of garbage goes through it again."""
    gc.collect()
    gc.freeze()


CHROMIUMS = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
FIREFOXES = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")


def _program(kind: str, names: tuple[str, ...]) -> str:
    found = next(filter(None, map(shutil.which, names)), None)
    return found or pytest.skip(f"there is no {kind} here")


@pytest.fixture(scope="session")
def driver() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(driver: Any) -> Iterator[Any]:
    """A Chromium of this machine's, without a window."""
    browser = driver.chromium.launch(executable_path=_program("Chromium", CHROMIUMS))
    yield browser
    browser.close()


class Firefox:
    """Firefoxes of this machine's, without a window: one for each kind of reader.

    WebDriver BiDi, which drives a stock Firefox, cannot say in a page what its reader prefers; Firefox's settings can.
    """

    def __init__(self, driver: Any) -> None:
        self._driver, self._program = driver, _program("Firefox", FIREFOXES)
        self._running: dict[tuple[str, str], Any] = {}

    def new_context(self, color_scheme: str = "light", reduced_motion: str = "no-preference", **settings: Any) -> Any:
        reader = color_scheme, reduced_motion
        if reader not in self._running:
            wishes = {
                "layout.css.prefers-color-scheme.content-override": ["dark", "light"].index(color_scheme),
                "ui.prefersReducedMotion": ["no-preference", "reduce"].index(reduced_motion),
            }
            self._running[reader] = self._driver.firefox.launch(
                executable_path=self._program, channel="moz-firefox", firefox_user_prefs=wishes
            )
        return self._running[reader].new_context(**settings)

    def close(self) -> None:
        for browser in self._running.values():
            browser.close()


@pytest.fixture(scope="session")
def firefox(driver: Any) -> Iterator[Any]:
    browser = Firefox(driver)
    context = browser.new_context()
    plays = context.new_page().evaluate("document.createElement('video').canPlayType('video/mp4; codecs=avc1.640028')")
    context.close()
    if plays:
        yield browser
    browser.close()
    if not plays:
        pytest.skip("the Firefox here plays no film in H.264: it takes libavcodec for that")


@pytest.fixture(scope="session", params=["chromium", "firefox"])
def browser(request: pytest.FixtureRequest) -> Any:
    """Each of the two."""
    return request.getfixturevalue(request.param)
