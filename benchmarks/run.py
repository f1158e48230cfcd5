"""``./run bench [SECTION[:WORD]…]``: every comparison in one run, as ratios, with the machine it ran on.

A word after the section chooses the rows whose name holds it: ``naive:lens``.
"""

from __future__ import annotations

import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import cast

import av
import films
import numpy as np
from av.video.codeccontext import VideoCodecContext

from layeranim.film.writers import video, writer
from layeranim.film.writers.mp4 import H264
from layeranim.stories.storyboard import Storyboard

HD, SMALL = (1280, 720), (640, 360)
SINGLE = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)  # threads
WORD = ""  # rows whose name holds it


def row(*cells: object) -> None:
    """One row of a Markdown table."""
    print("| " + " | ".join(str(c) for c in cells) + " |", flush=True)


def wanted(name: str) -> bool:
    """Whether a row was asked for."""
    return WORD in name


def timed(act: Callable[[], object], times: int = 3, clock: Callable[[], float] = time.perf_counter) -> float:
    """The median seconds of an act."""
    taken = []
    for _ in range(times):
        start = clock()
        act()
        taken.append(clock() - start)
    return statistics.median(taken)


def film(board: Storyboard, size: tuple[int, int], fmt: str, workers: int = 2) -> tuple[float, int, int]:
    """Seconds, frames and bytes of one film of ours, without imports."""
    with tempfile.TemporaryFile() as out:
        start = time.perf_counter()
        one = writer(fmt, out, films.spec(size, workers))
        feed = films.Feed(one)
        films.play(board, size, feed)
        one.finish()
        seconds = time.perf_counter() - start
        return seconds, feed.frames, out.seek(0, 2)


def naive() -> None:
    """Plain Manim with a Square and a Text for each cell, the same storyboard at 1280×720."""
    import naive as plain
    import naive_stage as staged

    row("film", "plain Manim, s", "layeranim, s", "times as fast", "wanted", "in processor seconds")
    row(*["---"] * 6)
    cases = (("6×6 ∗ 3×3, 16 steps", films.small, 6), ("28×28, heat with a lens", films.large, 30),
             ("28×28, a numeral in every cell", films.large_with_numerals, 30),
             *((name, partial(films.board, name), 15) for name in ("lstm", "attention")))  # fmt: skip
    for name, story, least in cases:
        if wanted(name):
            board = story()
            kind = plain.Naive if board.explainer == "conv" else staged.of(board)
            marks = [time.process_time()]
            ours = [film(board, HD, "mp4") for _ in range(3)]
            marks.append(time.process_time())
            theirs, frames, _ = plain.render(board, HD, "mp4", kind=kind)
            marks.append(time.process_time())
            ours += [film(board, HD, "mp4") for _ in range(2)]  # before and after, as other work comes and goes
            marks.append(time.process_time())
            seconds = statistics.median(one[0] for one in ours)
            work = (marks[1] - marks[0] + marks[3] - marks[2]) / 5, marks[2] - marks[1]
            row(name, f"{theirs:.2f} ({frames} frames)", f"{seconds:.2f} ({ours[0][1]} frames)",
                f"{theirs / seconds:.1f}", f"≥ {least}", f"{work[1]:.1f} to {work[0]:.2f}")  # fmt: skip


def gif() -> None:
    """Manim's own GIF of the plain film, same size and frame rate."""
    import naive as plain

    row("film", "Manim's GIF", "layeranim's GIF", "times as fast", "share of its bytes")
    row("---", "---", "---", "---", "---")
    board = films.small()
    theirs, _, size = plain.render(board, SMALL, "gif")
    runs = [film(board, SMALL, "gif") for _ in range(3)]
    ours, mine = statistics.median(r[0] for r in runs), runs[0][2]
    row("6×6 ∗ 3×3, 640×360, 25 fps", f"{theirs:.2f} s, {size // 1000} KB", f"{ours:.2f} s, {mine // 1000} KB",
        f"{theirs / ours:.1f} (wanted ≥ 25)", f"1/{size / mine:.0f} (wanted ≤ 1/20)")  # fmt: skip


def limit() -> None:
    """Encoding the same ready YUV frames on one thread, with the same settings and as many frames."""
    row(
        "film at 1280×720",
        "encoding alone, s",
        "whole film, s",
        "ratio (wanted ≤ 1.0)",
        "whole film on one core, s",
        "ratio",
    )
    row(*["---"] * 6)
    for name, story in (("6×6 ∗ 3×3", films.small), ("28×28", films.large)):
        if not wanted(name):
            continue
        board = story()
        frames = _yuv(board)
        alone = timed(partial(_encode, frames))
        two = statistics.median(film(board, HD, "mp4")[0] for _ in range(3))
        with one_core():
            one = statistics.median(film(board, HD, "mp4")[0] for _ in range(3))
        row(name, f"{alone:.2f}", f"{two:.2f}", f"{two / alone:.2f}", f"{one:.2f}", f"{one / alone:.2f}")


@contextmanager
def one_core() -> Iterator[None]:
    """This process on one processor, where the system can do that."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _yuv(board: Storyboard) -> list[tuple[np.ndarray, int]]:
    out: list[tuple[np.ndarray, int]] = []

    class Keep:
        def write(self, pixels: np.ndarray, changed: object, repeat: int) -> None:
            if not changed and out:
                out[-1] = (out[-1][0], out[-1][1] + repeat)
                return
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="bgra")
            out.append((frame.reformat(format="yuv420p").to_ndarray(), repeat))

        frames = 0

    films.play(board, HD, Keep())
    return out


def _encode(frames: list[tuple[np.ndarray, int]]) -> None:
    context = cast(
        VideoCodecContext,
        video.configure(av.CodecContext.create(H264.encoder, "w"), films.spec(HD), replace(H264, threads=1)),
    )
    number = 0
    for picture, repeat in frames:
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.time_base = context.time_base
        for _ in range(repeat):
            frame.pts = number
            number += 1
            context.encode(frame)
    context.encode(None)


def matplotlib() -> None:
    """matplotlib's FuncAnimation drawing the same film."""
    import plots

    row("film at 640×360", "FuncAnimation, s", "layeranim, s", "times as fast (wanted ≥ 20)")
    row(*["---"] * 4)
    board = films.small()
    theirs, _ = plots.render(board, SMALL)
    ours = statistics.median(film(board, SMALL, "gif")[0] for _ in range(3))
    row("6×6 ∗ 3×3 as GIF", f"{theirs:.2f}", f"{ours:.2f}", f"{theirs / ours:.1f}")


def drawing() -> None:
    """Drawing alone: milliseconds of one processor a frame, and how it grows."""
    row("film", "frames", "ms a frame at 1280×720", "ms a frame at 640×360")
    row(*["---"] * 4)
    for size_, steps in ((6, 16), (16, 16), (32, 16), (64, 16), (18, 16), (18, 64), (18, 256)):
        name = f"{size_}×{size_} ∗ 3×3, {steps} steps"
        if not wanted(name):
            continue
        board = films.board("conv", input=f"random:{size_}x{size_}", kernel_size=3, steps=f"first:{steps}")
        taken = []
        frames = 0
        for size in (HD, SMALL):
            feed = films.Feed()
            taken.append(timed(partial(films.play, board, size, feed), clock=time.process_time))
            frames = feed.frames // 3
        row(name, frames, *(f"{1000 * s / frames:.2f}" for s in taken))


def process() -> None:
    """Whole processes: a bare interpreter, commands without Manim, the main job and its parts."""
    row("command", "seconds", "over a bare interpreter")
    row(*["---"] * 3)
    bare = timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True), 5)
    row("python -c pass", f"{bare:.2f}", "")
    with tempfile.TemporaryDirectory() as folder:
        main_job = ["render", "conv", "--stride", "2"]
        written = ["-q", "-o", f"{folder}/a.mp4", "-o", f"{folder}/a.gif"]
        for words in (["--help"], ["list"], ["trace", "conv"], [*main_job, "--dry-run"], [*main_job, *written]):
            name = "layeranim " + " ".join(w for w in words if not w.startswith("/"))
            if wanted(name):
                command = [sys.executable, "-m", "layeranim", *words]
                seconds = timed(partial(subprocess.run, command, check=True, capture_output=True, env=_here()), 3)
                row(name, f"{seconds:.2f}", f"{seconds - bare:.2f}")
    if wanted("of it"):
        runs = [_print("import parts; parts.show()").splitlines() for _ in range(3)]
        for lines in zip(*runs, strict=True):
            seconds = statistics.median(float(line.split()[0]) for line in lines)
            row(f"of it: {lines[0].partition(' ')[2]}", f"{seconds:.2f}", "")


def manifest() -> None:
    """Fifty films of a manifest: checked, and built where nothing is to be drawn; the median of 7 turns."""
    import manifest as fifty

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        row("command", "seconds (wanted ≤ 0.50)", f"python -c '{fifty.BARE}', turn by turn", "times as long")
        row(*["---"] * 4)
        row("build -q, all films drawn", f"{fifty.drawn(folder, _here()):.1f}", "", "")
        for name, *case in fifty.CASES:
            if wanted(name):
                ours, bare = fifty.compared(folder, *case, environment=_here(), times=7)
                row(name, f"{ours:.2f}", f"{bare:.2f}", f"{ours / bare:.1f}")


def memory() -> None:
    """Peak memory of one process: imports alone, a film, a film ten times as long."""
    row("what", "peak MB")
    row("---", "---")
    row("imports", _peak("import layeranim.film.film, layeranim.scenes.stage.scene"))
    for fmt, size in (("mp4", HD), ("gif", SMALL), ("webm", HD), ("webp", SMALL), ("apng", SMALL)):
        for pace, length in ((1, "16 steps"), (10, "ten times as long")):
            name = f"{fmt} {size[0]}×{size[1]}, {length}"
            if wanted(name):
                row(name, _peak(f"from run import long; long({fmt!r}, {size!r}, {pace})"))


def long(fmt: str, size: tuple[int, int], times: int) -> None:
    """One film whose beats come so many times."""
    film(films.again(films.small(), times), size, fmt)


def large() -> None:
    """Inputs of 10⁵ cells and 10⁴ and more windows: seconds without imports, and peak memory."""
    row("film", "seconds of film", "seconds", "peak MB")
    row(*["---"] * 4)
    for name, options in (
        ("conv 320×320 ∗ 3×3: 102 400 cells, 101 124 windows", {"input": "random:320x320", "kernel": "sobel-x"}),
        ("pool 320×320, 2×2: 102 400 cells, 25 600 windows", {"input": "random:320x320"}),
    ):
        if wanted(name):
            explainer = name.split()[0]
            code = f"from run import one, peak; one({explainer!r}, {options!r})"
            row(f"{name}, MP4 1280×720", *_print(f"{code}; print(peak())").split())


def one(explainer: str, options: dict[str, object]) -> None:
    """Print the length of a film and the seconds it takes, its numbers included."""
    start = time.perf_counter()
    story = films.board(explainer, **options)
    film(story, HD, "mp4")
    print(f"{story.seconds:.0f} {time.perf_counter() - start:.2f}")


def peak() -> int:
    """Most memory that this process has held, in MB. Linux counts who started it into ru_maxrss, not into VmHWM."""
    if sys.platform == "linux":
        (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) // 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 20


def _peak(code: str) -> int:
    return int(_print(f"{code}\nfrom run import peak; print(peak())").split()[-1])


def gallery() -> None:
    """Each film of the gallery as MP4, GIF and poster: processor seconds, imports aside, and where they go."""
    import gallery as made

    row("film", "seconds of it", "processor seconds", "trace", "storyboard", "drawing", "encoding", "per second of it",
        "poster alone", "x264's fastest alone")  # fmt: skip
    row(*["---"] * 10)
    taken = []
    for cost in made.costs(WORD):
        taken.append(cost)
        parts = (cost.trace, cost.story, cost.drawing, cost.encoding)
        row(cost.name, f"{cost.seconds:.0f}", f"{cost.whole:.2f}", *(f"{part:.2f}" for part in parts),
            f"{cost.whole / cost.seconds:.3f}", f"{cost.poster:.2f}×", f"{cost.least:.2f}")  # fmt: skip
    whole = [cost.whole for cost in taken]
    middle, most = statistics.median(whole), max(taken, key=lambda cost: cost.whole)
    print(f"\n{len(taken)} films, {sum(whole):.0f} s; the median {_held(middle, 0.8)}, the most {_held(most.whole, 2)}"
          f" ({most.name}).")  # fmt: skip
    print(f"x264 alone, at its fastest, handed each picture of an MP4 once: the median"
          f" {statistics.median(cost.least for cost in taken):.2f}.")  # fmt: skip
    dear = max(taken, key=lambda cost: cost.poster)
    print(f"A poster alone takes at most {_held(dear.poster, 0.25)} of its film ({dear.name}).")
    framed = sorted(taken, key=lambda cost: (cost.story + cost.drawing) / cost.frames)
    conv = next((cost for cost in taken if cost.name == "conv"), None)
    if conv:
        least, slowest = (1e3 * (cost.story + cost.drawing) / cost.frames for cost in (conv, framed[-1]))
        print(f"Storyboard and drawing: {slowest:.2f} ms a frame in {framed[-1].name}, {least:.2f} in conv,"
              f" {_held(slowest / least, 2)} times.")  # fmt: skip


def _held(value: float, most: float) -> str:
    """A measure beside what is wanted of it."""
    return f"{value:.2f} (wanted ≤ {most:g}{', missed' if value > most else ''})"


def _print(code: str, **more: str) -> str:
    """What a process of its own prints; ``more`` stands in its environment."""
    here = {**_here(), **more}
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=here).stdout


def _here() -> dict[str, str]:
    here = os.path.dirname(os.path.abspath(__file__))
    # An installed program has its bytecode, whatever the variables of this shell say of writing it.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "PYTHONPATH": os.pathsep.join(p for p in (here, os.environ.get("PYTHONPATH")) if p)}


def engine() -> None:
    """Traced passes, all intermediates kept, against PyTorch eager: processor time of one thread each, best of 25."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed here.")
        return
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "engine.py")
    done = subprocess.run(
        [sys.executable, script, *([WORD] if WORD else [])], check=True, capture_output=True, text=True,
        env={**_here(), **SINGLE},
    )  # fmt: skip
    row(
        "layer",
        "PyTorch, ms",
        "traced, ms",
        "ratio (wanted)",
        "with backward",
        "ratio (wanted)",
        "holds, MB",
        "peak, MB",
    )
    row(*["---"] * 8)
    for line in done.stdout.splitlines():
        f = json.loads(line)
        ratios = [(f["ours"] / f["torch"], f["wanted"]), (f["both"] / f["both_torch"], f["wanted_both"])]
        first, second = (f"{a:.1f} (≤ {b:g}){' missed' if a > b else ''}" for a, b in ratios)
        row(f["name"], f"{1e3 * f['torch']:.1f}", f"{1e3 * f['ours']:.1f}", first,
            f"{1e3 * f['both']:.1f}", second, f"{f['held']:.1f}", f"{f['peak']:.1f}")  # fmt: skip


def capture() -> None:
    """A model captured, beside the model alone and torchlens: milliseconds and megabytes of one thread each."""
    missing = [name for name in ("torch", "torchlens") if importlib.util.find_spec(name) is None]
    if "torch" in missing:
        print("PyTorch is not installed here: pip install torch torchlens")
        return
    import beside

    row("model", "alone", "captured (wanted)", "checked too (wanted)", "torchlens", "captured, of torchlens (wanted)",
        "memory of the first run: alone, captured, torchlens (wanted)")  # fmt: skip
    row(*["---"] * 7)
    for name in beside.MODELS:
        if not wanted(name):
            continue
        ways = [way for way in beside.WAYS if way not in missing]
        found = {way: json.loads(_print(f"import beside; beside.main({name!r}, {way!r})", **SINGLE)) for way in ways}
        alone, mine, checked = (found[way]["ms"] for way in ("alone", "capture", "checked"))
        cells = [f"{alone:.0f} ms", f"{mine:.0f} ms{_over(mine, 3 * alone + 20)}",
                 f"{checked:.0f} ms{_over(checked, 10 * alone)}"]  # fmt: skip
        megabytes = [f"{found[way]['mb']:.0f}" for way in ("alone", "capture")]
        if "torchlens" in found:
            theirs = found["torchlens"]
            more = (mine - alone) / (theirs["ms"] - alone)
            share = mine / theirs["ms"]
            cells += [f"{theirs['ms']:.0f} ms", f"{share:.2f}{_over(share, 0.15)}; of what it adds {more:.2f}"]
            megabytes.append(f"{theirs['mb']:.0f}{_over(found['capture']['mb'], theirs['mb'])}")
        else:
            cells += ["pip install torchlens", ""]
        row(name, *cells, ", ".join(megabytes) + " MB")
        if not found["checked"]["agree"]:
            print("(not every call of it agrees)")


def _over(value: float, most: float) -> str:
    """What was wanted of a measure, and whether it was missed."""
    return f" (≤ {most:.2f})" * (most < 1) + f" (≤ {most:.0f})" * (most >= 1) + " missed" * (value > most)


SECTIONS = {
    f.__name__: f
    for f in (naive, limit, gif, matplotlib, drawing, process, manifest, memory, large, gallery, engine, capture)
}


def main(asked: list[str]) -> int:
    """Run the sections that are asked for, all by default."""
    global WORD
    chosen = [name.partition(":") for name in asked or SECTIONS]
    unknown = [name for name, _, _ in chosen if name not in SECTIONS]
    if unknown:
        print(f"unknown section {unknown[0]}; there are {', '.join(SECTIONS)}", file=sys.stderr)
        return 2
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {platform.system()}"
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    print(f"{machine}, Python {platform.python_version()}, av {av.__version__}{load}\n")
    for name, _, word in chosen:
        WORD = word
        print(f"## {(SECTIONS[name].__doc__ or name).splitlines()[0]}\n")
        SECTIONS[name]()
        print()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
