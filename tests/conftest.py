"""Options of the whole suite."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# How long an example or its making takes says how busy the machine is.
settings.register_profile("layeranim", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("layeranim")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write the storyboards' text goldens anew")
