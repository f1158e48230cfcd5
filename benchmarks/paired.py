"""A film by this build and by another one, turn by turn: ``python paired.py CHECKOUT [TURNS] NAME…``.

A name that has spaces is a command, such as ``"render conv -q -o c.gif"``: then whole processes are timed, each in an
empty folder, and the line has seconds of the processor and of the clock.

CHECKOUT is a folder with the other build (``git worktree add CHECKOUT COMMIT``). Each turn makes the default film of
every name as GIF, MP4 and poster in a process of either build. A line a film: the median of each build's processor
seconds, imports aside, of their ratios, and of those a frame of the film; the most memory, and the bytes of the MP4.
"""

from __future__ import annotations

import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

TURNS = 3
HERE = Path(__file__).resolve().parents[1]
FILM = """
import json, os, resource, sys, tempfile, time
import layeranim as la
assert la.__file__.startswith(os.environ["PYTHONPATH"])
la.render("conv", output=tempfile.mkdtemp() + "/first.mp4", quality="draft")  # what is imported at first use
with tempfile.TemporaryDirectory() as folder:
    start = time.process_time()
    stem = f"{folder}/{sys.argv[1]}"
    frames = la.render(sys.argv[1], output=[f"{stem}.mp4", f"{stem}.gif"]).frames
    seconds = time.process_time() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([seconds, frames, peak, os.path.getsize(f"{stem}.mp4") / 1024]))
"""


def once(build: Path, name: str) -> tuple[float, int, float, float]:
    """Seconds of the processor, frames, megabytes at the peak, kilobytes of MP4."""
    env = {**os.environ, "PYTHONPATH": str(build)}
    command = [sys.executable, "-P", "-c", FILM, name]
    done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
    seconds, frames, peak, size = json.loads(done.stdout.splitlines()[-1])
    return seconds, frames, peak, size


def process(build: Path, command: str) -> tuple[float, float]:
    """Seconds of the processor, and of the clock, of ``layeranim COMMAND``."""
    env = {**os.environ, "PYTHONPATH": str(build)}
    with tempfile.TemporaryDirectory() as folder:
        before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        words = [sys.executable, "-P", "-m", "layeranim", *shlex.split(command)]
        subprocess.run(words, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL)
        now, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime, end - start


def processes(other: Path, turns: int, commands: list[str]) -> None:
    print("| `layeranim …` | before, s | now, s | ratio | by the clock: before, s | now, s | ratio |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for command in commands:
        process(other, command), process(HERE, command)  # compiled, and read from the disk once
        pairs = [(process(other, command), process(HERE, command)) for _ in range(turns)]
        before, now = ([median(column) for column in zip(*side, strict=True)] for side in zip(*pairs, strict=True))
        cpu, clock = (median(b[k] / a[k] for a, b in pairs) for k in (0, 1))
        print(f"| {command} | {before[0]:.2f} | {now[0]:.2f} | {cpu:.2f} | {before[1]:.2f} | {now[1]:.2f} "
              f"| {clock:.2f} |", flush=True)  # fmt: skip


def main(other: Path, turns: int, names: list[str]) -> None:
    print("| film | before, s | now, s | ratio | a frame | peak before, MB | now | MP4 before, KB | now |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |")
    for name in names:
        pairs = [(once(other, name), once(HERE, name)) for _ in range(turns)]
        before, now = ([median(column) for column in zip(*side, strict=True)] for side in zip(*pairs, strict=True))
        ratio = median(b[0] / a[0] for a, b in pairs)
        print(f"| {name} | {before[0]:.2f} | {now[0]:.2f} | {ratio:.2f} | {ratio * before[1] / now[1]:.2f} "
              f"| {before[2]:.0f} | {now[2]:.0f} | {before[3]:.0f} | {now[3]:.0f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    folder, *words = sys.argv[1:]
    turns = int(words.pop(0)) if words[0].isdecimal() else TURNS
    for act, names in ((main, [word for word in words if " " not in word]),
                       (processes, [word for word in words if " " in word])):  # fmt: skip
        if names:
            act(Path(folder).resolve(), turns, names)
