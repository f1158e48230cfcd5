"""What pictures take: those over the budget are refused by their header, those within it are decoded within it."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layeranim.inputs import Limits, read

BUDGET = 48 * 2**20
SCRIPT = """
import os, sys, resource
import PIL.Image, PIL.WebPImagePlugin, PIL.JpegImagePlugin, PIL.PngImagePlugin, numpy
from layeranim.inputs import Limits, read
read("small.png"); read("small.webp")
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        before = int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()
        read(name, gray=True, limits=Limits.within(%d))
        print(name, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before, flush=True)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0, name
"""


def riff(kind: bytes, data: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", len(data) + 12) + b"WEBP" + kind + struct.pack("<I", len(data)) + data


WEBPS = {
    "VP8 ": riff(b"VP8 ", b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", 16383, 16383)),
    "VP8L": riff(b"VP8L", b"\x2f" + struct.pack("<I", 16382 | 16382 << 14) + bytes(5)),
    "VP8X": riff(b"VP8X", bytes(4) + struct.pack("<I", 16382)[:3] + struct.pack("<I", 16382)[:3]),
}


@pytest.mark.parametrize("kind", WEBPS)
def test_a_webp_is_refused_before_its_decoder_is_opened(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    def opened(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("its decoder takes eight bytes for every pixel at once")

    monkeypatch.setattr(Image, "open", opened)
    given = WEBPS[kind]
    said = "16383×16383 takes 268402689 pixels, the limit is 23967451"
    refused(lambda: read("-", stdin=io.BytesIO(given)), said, "--max-memory")


@pytest.mark.parametrize(
    ("mode", "kind", "options"),
    [
        ("RGB", "PNG", {}),
        ("RGBA", "PNG", {}),
        ("RGB", "WEBP", {"lossless": True}),
        ("RGB", "JPEG", {"progressive": True}),
    ],
)
def test_the_size_of_every_kind_is_told_by_its_header(
    refused: Callable[..., str], mode: str, kind: str, options: dict[str, Any]
) -> None:
    stream = io.BytesIO()
    Image.new(mode, (120, 80)).save(stream, kind, **options)
    least = next(n for n in range(4000, 10**6, 1000) if _reads(stream.getvalue(), n))
    opaque = 120 * 80 * 14 / 2
    assert least == pytest.approx(opaque, abs=1000) if (mode, kind) == ("RGB", "PNG") else least > opaque + 1000
    refused(
        lambda: read("-", stdin=io.BytesIO(stream.getvalue()), limits=Limits(least - 1000), gray=True),
        "120×80 takes 9600",
    )


def _reads(data: bytes, size: int) -> bool:
    try:
        return read("-", stdin=io.BytesIO(data), limits=Limits(size), gray=True).array.size > 0
    except ValueError:
        return False


def test_the_array_of_a_picture_counts_too(refused: Callable[..., str]) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (3000, 3000)).save(stream, "PNG", compress_level=1)
    data, limits = stream.getvalue(), Limits(9_000_000 * 7)
    refused(lambda: read("-", stdin=io.BytesIO(data), limits=limits), "shape (3, 3000, 3000) takes 27000000 numbers")
    assert read("-", stdin=io.BytesIO(data), limits=limits, gray=True).array.shape == (3000, 3000)


def test_a_large_jpeg_to_be_resized_is_decoded_small(tmp_path: Path) -> None:
    ramp = np.add.outer(np.arange(640), np.arange(800)) // 6
    Image.fromarray(ramp.astype(np.uint8)).save(tmp_path / "a.jpg", quality=95)
    whole = read("a.jpg", base=tmp_path, resize=(40, 50))
    small = read("a.jpg", base=tmp_path, resize=(40, 50), limits=Limits(300_000))
    assert whole.said == ()
    assert small.said == ("800×640 decoded at 100×80",)
    assert np.abs(whole.array.astype(int) - small.array).max() <= 2


@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="reads a process's size as Linux tells it")
def test_what_is_let_through_is_decoded_within_the_budget(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = rng.integers(256, size=(1900, 1900, 4), dtype=np.uint8)
    kinds: list[tuple[str, str, int, dict[str, Any]]] = [
        ("rgb.png", "RGB", 1800, {"compress_level": 1}), ("rgba.png", "RGBA", 1500, {"compress_level": 1}),
        ("gray.png", "L", 1850, {"compress_level": 1}), ("plain.jpg", "RGB", 1800, {}),
        ("progressive.jpg", "RGB", 1500, {"progressive": True}), ("rgb.webp", "RGB", 1450, {"method": 0}),
        ("rgba.webp", "RGBA", 1200, {"method": 0}),
    ]  # fmt: skip
    for name, mode, side, options in kinds:
        Image.fromarray(noise[:side, :side]).convert(mode).save(tmp_path / name, **options)
    for name in ("small.png", "small.webp"):
        Image.new("RGB", (8, 8)).save(tmp_path / name)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT % BUDGET, *(name for name, *_ in kinds)], cwd=tmp_path, capture_output=True,
        text=True, check=True, env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )  # fmt: skip
    taken = {name: int(size) for name, size in (line.split() for line in done.stdout.splitlines())}
    assert set(taken) == {name for name, *_ in kinds}
    for name, size in taken.items():
        assert size < 1.2 * BUDGET, (name, f"{size / 2**20:.0f} MiB")
