"""A short film as a player, as pictures, and a browser: each made once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import layeranim as la

SHORT = {"steps": "first:2", "pace": "fast", "size": "320x180", "fps": 10}
TITLE = 'a <b>&"c" </script><!-- @FILM@'


@dataclass(frozen=True)
class Made:
    """A player, the pictures of its film one by one, and its poster."""

    page: Path
    pictures: tuple[NDArray[np.uint8], ...]
    poster: NDArray[np.uint8]

    @property
    def data(self) -> dict[str, Any]:
        """What the page's program reads."""
        found = re.search(r'id="data">(.*?)</script>', self.page.read_text(encoding="utf-8"), re.DOTALL)
        assert found
        return dict(json.loads(found[1]))


def _made(folder: Path, theme: str) -> Made:
    output = [str(folder / "film.html"), str(folder / "frame-%03d.png")]
    la.render("conv", output=output, title=TITLE, theme=theme, **SHORT)
    pictures = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(folder.glob("frame-*.png"))]
    return Made(folder / "film.html", tuple(pictures), np.asarray(Image.open(folder / "film.png").convert("RGB")))


@pytest.fixture(scope="session")
def light(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _made(tmp_path_factory.mktemp("light"), "light")


@pytest.fixture(scope="session")
def dark(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return _made(tmp_path_factory.mktemp("dark"), "dark")
