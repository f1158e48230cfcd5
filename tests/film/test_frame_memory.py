"""Frames are part of the budget of memory: refused before anything is drawn, and about what is measured."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from pathlib import Path
from typing import Any

import pytest

from layeranim import api
from layeranim.errors import LayeranimError
from layeranim.film import film
from layeranim.film.camera import FilmCamera
from layeranim.film.writers import FORMATS

PEAK = """
import resource, sys
from pathlib import Path
from typing import Any
import layeranim as la
la.render("conv", output=sys.argv[1], size=sys.argv[2], steps="first:1", pace="fast", fps=2)
if sys.platform == "linux":  # which counts the process that started this one into ru_maxrss, but not into VmHWM
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(int(line.split()[1]) * 1024)
else:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""
SMALL, LARGE = (320, 180), (2560, 1440)


def peak(fmt: str, size: tuple[int, int], folder: Path) -> int:
    """The most memory of a process that makes a short film, in bytes."""
    width, height = size
    path = folder / f"{width}{FORMATS[fmt].suffix}"
    command = [sys.executable, "-c", PEAK, str(path), f"{width}x{height}"]
    return int(subprocess.run(command, check=True, capture_output=True, text=True, timeout=300).stdout)


@pytest.mark.parametrize("fmt", ["mp4", "gif", "html"])
def test_frames_take_about_what_is_declared(fmt: str, tmp_path: Path) -> None:
    pixels = LARGE[0] * LARGE[1] - SMALL[0] * SMALL[1]
    measured = (peak(fmt, LARGE, tmp_path) - peak(fmt, SMALL, tmp_path)) / pixels
    assert FORMATS[fmt].held / 2 < measured < FORMATS[fmt].held * 1.5


@pytest.mark.parametrize("size", ["3840x2160", (1920, 1080)])
def test_frames_over_the_budget_are_refused_before_anything_is_drawn(size: str, tmp_path: Path) -> None:
    given = {"size": size, "max_memory": "100MiB", "output": str(tmp_path / "x.av1.webm")}
    with pytest.raises(LayeranimError, match=r"frames of \d+x\d+ take, as av1, .*--max-memory"):
        api.render("conv", **given)
    assert not list(tmp_path.iterdir())


def test_every_format_has_room_at_full_hd_and_mp4_at_four_times_that() -> None:
    budget = 512 * 2**20
    assert all(info.held * 1920 * 1080 < budget for info in FORMATS.values())
    assert FORMATS["mp4"].held * 3840 * 2160 < budget


def test_a_walk_leaves_neither_its_writers_nor_its_sprites_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scene and its renderer know each other: what they held would stay until Python looks for such circles."""
    writers, cameras = list[Any](), list[FilmCamera]()
    of, begun, walks = film.writer, FilmCamera.__init__, film.walks

    def watched(*words: Any) -> Any:
        assert not [one for one in writers if one() is not None], "the writers of the walk before are still there"
        assert not any(camera._sprites for camera in cameras)
        writers.append(weakref.ref(made := of(*words)))
        return made

    def begin(self: FilmCamera, *words: Any) -> None:
        begun(self, *words)
        cameras.append(self)

    monkeypatch.setattr(film, "walks", lambda *words: [(shot,) for shots in walks(*words) for shot in shots])
    monkeypatch.setattr(film, "writer", watched)
    monkeypatch.setattr(FilmCamera, "__init__", begin)
    gc.disable()
    try:
        api.render("conv", output=[f"{tmp_path}/a.mp4", f"{tmp_path}/a.gif"], steps="first:1", fps=2)
    finally:
        gc.enable()
    assert len(writers) == len(cameras) == 2
