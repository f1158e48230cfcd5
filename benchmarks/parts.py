"""What a process spends on ``render conv --stride 2``, in the order of the work."""

from __future__ import annotations

import tempfile
import time


def show() -> None:
    """Print seconds and name of each part, in a process that has imported nothing else yet."""
    marks = [time.perf_counter()]

    def mark(name: str, beside: float = 0.0) -> float:
        marks.append(time.perf_counter())
        taken = marks[-1] - marks[-2]
        print(f"{taken - beside:.3f} {name}")
        return taken

    from layeranim import api, cli, preparing

    mark(f"imports without Manim ({cli.__name__})")
    work = preparing.prepare("conv", {"stride": 2})
    board = work.storyboard(work.trace())
    told = mark("trace and storyboard")
    import films

    mark("imports of Manim and of what draws and writes")
    films.play(board, (1280, 720), films.Feed(), (640, 360))
    drawn = mark("drawing 1280×720 and 640×360")
    with tempfile.TemporaryDirectory() as folder:
        api.render("conv", stride=2, output=[f"{folder}/a.mp4", f"{folder}/a.gif"])
        mark("encoding MP4 and GIF, poster, files, beyond drawing", told + drawn)
