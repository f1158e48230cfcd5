"""Pages of stills of a film, made: taken in a pass of their own, laid out, written."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from typing import Any

from layeranim.film import host
from layeranim.film.renderer import EnoughDrawn
from layeranim.film.stills import pages, pdf, raster
from layeranim.film.stills.taken import FPS as FPS
from layeranim.film.stills.taken import Stills, StillsRenderer
from layeranim.film.writers import STILLS
from layeranim.film.writers.png import write_png
from layeranim.layout import View
from layeranim.scenes.base import ExplainerScene
from layeranim.stories import alt
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import Storyboard
from layeranim.theme import Theme


def write(
    wanted: Mapping[str, str], files: Mapping[str, Any], board: Storyboard, scene: type[ExplainerScene], theme: Theme,
    options: FilmOptions,
) -> dict[str, dict[str, Any]]:  # fmt: skip
    """Write each of the ``wanted`` formats into its file; what there is to say of each. Both are by path."""
    if not wanted:
        return {}
    found = taken(board, scene, theme)
    told = {}
    for path, fmt in wanted.items():
        told[path] = {"kind": STILLS[fmt].media_type, **_written(fmt, files[path], board, theme, options, found)}
    return told


def _written(
    fmt: str, out: Any, board: Storyboard, theme: Theme, options: FilmOptions, found: Stills
) -> dict[str, int]:
    paper = "fit" if fmt == "sheet" else options.paper
    made, count = pages.pages(board, theme, found.found, found.keys, paper, options.stills)
    if fmt == "pdf":
        pdf.write(out, made, board.title, alt.of_still(board))
        return {"stills": count, "pages": len(made)}
    pixels = raster.painted(made[0])
    write_png(out, pixels)
    return {"stills": count, "width": pixels.shape[1], "height": pixels.shape[0]}


def taken(board: Storyboard, scene: type[ExplainerScene], theme: Theme) -> Stills:
    """Every step of a film, as it stands on the stage."""
    canvas, stills = board.canvas, Stills(board, theme)
    with host.session(canvas.width, canvas.height, FPS, theme.bg, canvas) as scale:
        view = View(canvas.width, canvas.height, scale)
        renderer = StillsRenderer(view, theme.bg, float(FPS), stills, stills.ticks)
        playing = scene(board, theme, FPS, False, renderer=renderer)
        with contextlib.suppress(EnoughDrawn):
            playing.render()
    return stills
