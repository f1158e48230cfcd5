"""Files of several sizes come from one walk over the scene, and are those of a walk for each."""

from __future__ import annotations

from pathlib import Path

import pytest

from layeranim import api
from layeranim.film.renderer import FilmRenderer


def test_one_walk_makes_the_files_of_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numerals, heat and what moves; the poster is the larger film's."""
    options = {"input": "random:9x9", "steps": "first:2", "fps": 5, "pace": "fast"}
    names, walked = ("film.apng", "film.mp4"), list[int]()
    begun = FilmRenderer.init_scene

    def counted(self: FilmRenderer, *words: object) -> None:
        walked.append(len(self.cameras))
        begun(self, *words)  # type: ignore[arg-type]

    monkeypatch.setattr(FilmRenderer, "init_scene", counted)
    together, alone = tmp_path / "together", tmp_path / "alone"
    api.render("conv", output=[str(together / name) for name in names], **options)
    assert walked == [2]
    for name in names:
        api.render("conv", output=str(alone / name), overwrite=True, **options)
    assert walked == [2, 1, 1]
    for name in (*names, "film.png"):
        assert (together / name).read_bytes() == (alone / name).read_bytes(), name
