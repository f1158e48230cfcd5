"""What a film was made from and with, as the JSON file beside it. No clock, no path of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import layeranim
from layeranim import theme
from layeranim.engine.written import written
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import Beat, Storyboard, plain


@dataclass(frozen=True)
class Origin:
    """The options and inputs that a film came from: names, kinds and SHA-256 digests, never contents."""

    explainer: str
    options: Mapping[str, str]
    inputs: Mapping[str, Mapping[str, str]]
    example: str | None
    seeded: tuple[str, ...]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file of a film: its kind, bytes and digest; the size of its pictures in pixels; how long it plays."""

    type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    seconds: float | None = None

    def shown(self) -> dict[str, Any]:
        """What there is to say of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def versions() -> dict[str, str]:
    """The versions of everything that can change a pixel."""
    import av
    import cairo
    import manim
    import numpy
    import PIL
    import uharfbuzz  # type: ignore[import-untyped]

    return {
        "layeranim": layeranim.__version__,
        "manim": manim.__version__,
        "numpy": numpy.__version__,
        "pillow": PIL.__version__,
        "av": av.__version__,
        "pycairo": cairo.version,
        "cairo": cairo.cairo_version_string(),
        "harfbuzz": uharfbuzz.version_string(),
    }


def report(
    board: Storyboard, options: FilmOptions, origin: Origin, files: Mapping[str, Written], longest: Written
) -> dict[str, Any]:
    """The provenance of one film. ``files`` by their names; ``longest`` is the one with most frames.

    Seconds are those that a file plays: whole frames, where the story may end within one.
    """
    return {
        "explainer": board.explainer,
        "title": board.title,
        "alt": board.alt,
        "options": dict(origin.options),
        "film": options.shown(),
        "example": origin.example,
        "inputs": {name: dict(source) for name, source in origin.inputs.items()},
        "seeded": {"arrays": list(origin.seeded), "seed": origin.seed} if origin.seeded else None,
        **({"warnings": list(board.warnings)} if board.warnings else {}),
        "seconds": longest.seconds,
        "frames": longest.frames,
        "poster_second": board.poster * theme.TICK_MS / 1000,
        "files": {name: file.shown() for name, file in files.items()},
        "steps": [_step(beat) for beat in board.beats],
        "versions": versions(),
    }


def dumped(report: Mapping[str, Any]) -> bytes:
    """The report as JSON."""
    return (written(report, indent=1) + "\n").encode()


def _step(beat: Beat) -> dict[str, Any]:
    out: dict[str, Any] = {
        "kind": beat.kind,
        "start": beat.start * theme.TICK_MS / 1000,
        "end": beat.end * theme.TICK_MS / 1000,
    }
    if len(beat.units):
        out["units"] = [beat.units[0] + 1, beat.units[-1] + 1]
    return out | {
        key: plain(line)
        for key, line in (("place", beat.place), ("caption", beat.caption), ("note", beat.note))
        if line
    }
