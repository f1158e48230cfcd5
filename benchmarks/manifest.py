"""A manifest of fifty films, drawn once; then checked and built where nothing is to be drawn, as often as asked."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

MANIFEST = """version = 1
formats = ["gif"]
[defaults]
quality = "draft"
steps = "first:2"
pace = "fast"
[[asset]]
id = "conv"
explainer = "conv"
matrix = { stride = [1, 2], padding = [0, 1, 2, 3, 4], dilation = [1, 2] }
[[asset]]
id = "pool"
explainer = "pool"
matrix = { precision = [0, 1, 2, 3], stride = [1, 2] }
[[asset]]
id = "lstm"
explainer = "lstm"
matrix = { hidden = [1, 2, 3, 4], layers = [1, 2] }
[[asset]]
id = "attention"
explainer = "attention"
matrix = { causal = [true, false], precision = [1, 2] }
[[asset]]
id = "dense"
explainer = "dense"
matrix = { units = [1, 2, 3, 4, 5], precision = [1, 2] }
"""
EDITED = MANIFEST.replace('id = "pool"\n', 'id = "pool"\nalt = "Other words."\n')
REMARK = MANIFEST + "# another line, the same films\n"
BARE = "import click, numpy"

CASES = (
    ("check, a fresh clone with an empty cache", ["check"], MANIFEST, False, 0),
    ("check, one asset edited: 8 of the films are stale", ["check"], EDITED, False, 1),
    ("check, nothing changed since the last", ["check"], MANIFEST, True, 0),
    ("build -q, a fresh clone with an empty cache", ["build", "-q"], MANIFEST, False, 0),
    ("build -q, the manifest edited, no film changed", ["build", "-q"], REMARK, False, 0),
    ("build -q, nothing changed since the last", ["build", "-q"], MANIFEST, True, 0),
)
"""What it is, the command, the manifest, whether the cache knows what that came to, the exit code."""


def drawn(folder: Path, environment: Mapping[str, str]) -> float:
    """The seconds of the first build."""
    (folder / "layeranim.toml").write_text(MANIFEST, encoding="utf-8")
    return _run(folder, ["-m", "layeranim", "build", "-q"], environment, folder / "cache", 0)


def compared(
    folder: Path, words: list[str], text: str, known: bool, code: int, environment: Mapping[str, str], times: int
) -> tuple[float, float]:
    """The median seconds of a command, and those of an interpreter that loads click and NumPy, turn by turn."""
    ours, bare = [], []
    for turn in range(times + 1):
        (folder / "layeranim.toml").write_text(MANIFEST if known else text, encoding="utf-8")
        cache = folder / f"cache of {' '.join(words)} {turn}{len(text)}{known}"
        if known:
            _run(folder, ["-m", "layeranim", "check"], environment, cache, 0)
        bare.append(_run(folder, ["-c", BARE], environment, cache, 0))
        ours.append(_run(folder, ["-m", "layeranim", *words], environment, cache, code))
    return statistics.median(ours[1:]), statistics.median(bare[1:])  # the first one wrote the bytecode


def _run(folder: Path, words: list[str], environment: Mapping[str, str], cache: Path, code: int) -> float:
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, capture_output=True, env={**environment, "XDG_CACHE_HOME": str(cache)}
    )
    seconds = time.perf_counter() - start
    if done.returncode != code:
        raise SystemExit(f"{' '.join(words)} ended with {done.returncode}, not {code}: {os.fsdecode(done.stderr)}")
    return seconds
