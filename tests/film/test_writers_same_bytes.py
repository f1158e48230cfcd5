"""The same bytes with any number of workers and in any process; memory that does not grow with the film."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from layeranim.film.writers import FORMATS
from layeranim.theme import LIGHT
from tests.clocks import HANG
from tests.film.moving import digests, film, spec, written

ROOT = Path(__file__).resolve().parents[2]


def child(code: str, cwd: Path, **environment: str) -> str:
    """What ``code`` prints in a fresh interpreter with an environment of its own."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=cwd,
        env={**kept, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=HANG,
    )
    assert (run.returncode, run.stderr) == (0, "")
    return run.stdout


@pytest.mark.parametrize("fmt", FORMATS)
def test_any_number_of_workers(fmt: str) -> None:
    calls = film(LIGHT)
    one = written(fmt, calls, spec(calls, workers=1))
    assert one == written(fmt, calls, spec(calls, workers=5)) == written(fmt, calls, spec(calls, workers=2))


def test_any_process(tmp_path: Path) -> None:
    code = "from tests.film.moving import digests; print(digests())"
    here = str(digests())
    there = [
        child(code, tmp_path, PYTHONHASHSEED="1", TZ="Asia/Tokyo", LC_ALL="C", OMP_NUM_THREADS="1"),
        child(code, ROOT, PYTHONHASHSEED="2", TZ="America/Lima", LC_ALL="de_DE.UTF-8", HOME=str(tmp_path)),
    ]
    assert [text.strip() for text in there] == [here, here]


GROWTH = """
import resource, sys
from fractions import Fraction
from pathlib import Path
import numpy as np
from layeranim.film.writers import Rect, Spec, writer
from layeranim.theme import LIGHT

def peak():
    # Megabytes. Linux counts the process that started this one into ru_maxrss, but not into VmHWM.
    if sys.platform == "linux":
        (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20

fmt, path = "{fmt}", "{path}"
pixels = np.full((360, 640, 4), 255, np.uint8)
changed = [Rect(0, 0, 640, 360)]
with open(path, "w+b") as out:
    pen = writer(fmt, out, Spec(640, 360, Fraction(25), LIGHT))
    for number in range(1600):
        x = number * 6 % 600
        pixels[100:140, x : x + 40, :3] = number * 7 % 256
        pen.write(pixels, changed, 1)
        changed = [Rect(x, 100, x + 40, 140)]
        if number == 600:
            before = peak()
    pen.finish()
print(peak() - before)
"""


@pytest.mark.grid(2)
@pytest.mark.parametrize("fmt", ["mp4", "webm", "html", "gif", "webp", "apng"])
def test_a_longer_film_takes_no_more_memory(fmt: str, tmp_path: Path) -> None:
    """A thousand frames more take less than 8 MB more: one uncompressed frame is 0.9 MB."""
    grown = int(child(GROWTH.replace("{fmt}", fmt).replace("{path}", str(tmp_path / "film")), tmp_path))
    assert grown < 8
