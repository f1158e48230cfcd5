"""A poster alone: the same picture as a film's, drawn as one frame."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from layeranim import api, catalog
from layeranim.film.camera import FilmCamera


@pytest.fixture
def composed(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one for every frame that is drawn."""
    out: list[int] = []
    compose = FilmCamera.compose

    def counted(self: FilmCamera, mobjects: Any) -> Any:
        out.append(1)
        return compose(self, mobjects)

    monkeypatch.setattr(FilmCamera, "compose", counted)
    return out


@pytest.mark.grid(4)
@pytest.mark.parametrize("name", catalog.EXPLAINERS)
def test_a_poster_alone_is_the_films_poster_and_one_frame_is_drawn(
    name: str, tmp_path: Path, composed: list[int]
) -> None:
    options: dict[str, Any] = {"size": "320x180", "fps": 2, "pace": "fast"}
    film = api.render(name, output=str(tmp_path / "film.apng"), **options)
    drawn = len(composed)
    alone = api.render(name, output=str(tmp_path / "alone.png"), **options)
    assert len(composed) == drawn + 1
    assert drawn > 8
    assert (tmp_path / "alone.png").read_bytes() == (tmp_path / "film.png").read_bytes()
    assert (film.frames, film.seconds) == (alone.frames, alone.seconds)
