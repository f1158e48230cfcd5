"""A film by this build and by another one, turn by turn: ``python paired.py CHECKOUT NAME…``.

CHECKOUT is a folder with the other build (``git worktree add CHECKOUT COMMIT``). Each turn makes the default film of
every name as GIF, MP4 and poster in a process of either build. A line a film: the median of each build's processor
seconds, imports aside, and of their ratios; the most memory, and the bytes of the MP4.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

TURNS = 3
HERE = Path(__file__).resolve().parents[1]
FILM = """
import json, os, resource, sys, tempfile, time
import layeranim as la
assert la.__file__.startswith(os.environ["PYTHONPATH"])
la.render("flatten", output=tempfile.mkdtemp() + "/first.mp4", quality="draft")  # what is imported at first use
with tempfile.TemporaryDirectory() as folder:
    start = time.process_time()
    stem = f"{folder}/{sys.argv[1]}"
    la.render(sys.argv[1], output=[f"{stem}.mp4", f"{stem}.gif"])
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, peak, os.path.getsize(f"{stem}.mp4") / 1024]))
"""


def once(build: Path, name: str) -> tuple[float, float, float]:
    """Seconds of the processor, megabytes at the peak, kilobytes of MP4."""
    env = {**os.environ, "PYTHONPATH": str(build)}
    command = [sys.executable, "-P", "-c", FILM, name]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    seconds, peak, size = json.loads(done.stdout.splitlines()[-1])
    return seconds, peak, size


def main(other: Path, names: list[str]) -> None:
    print("| film | before, s | now, s | ratio | peak before, MB | now | MP4 before, KB | now |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        turns = [(once(other, name), once(HERE, name)) for _ in range(TURNS)]
        before, now = ([median(column) for column in zip(*side, strict=True)] for side in zip(*turns, strict=True))
        ratio = median(b[0] / a[0] for a, b in turns)
        print(f"| {name} | {before[0]:.2f} | {now[0]:.2f} | {ratio:.2f} | {before[1]:.0f} | {now[1]:.0f} "
              f"| {before[2]:.0f} | {now[2]:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
