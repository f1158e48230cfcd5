"""Options of the whole suite."""

from __future__ import annotations

import gc
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# How long an example or its making takes says how busy the machine is.
settings.register_profile("layeranim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("layeranim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the storyboards' text goldens anew")


def pytest_collection_finish() -> None:
    """What is there before the first test stays: no collection of garbage goes through it again."""
    gc.collect()
    gc.freeze()


PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "microsoft-edge")
ON_MACOS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A Chromium of this machine's, without a window."""
    program = next(filter(None, map(shutil.which, (*PROGRAMS, *ON_MACOS))), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program)
        yield browser
        browser.close()
