"""What a film was made from and with, as the JSON file beside it. No clock, no path of a machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from layeranim.engine.written import written
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions
from layeranim.version import __version__

if TYPE_CHECKING:
    from layeranim.stories.storyboard import Beat, Storyboard


@dataclass(frozen=True)
class MadeFrom:
    """The options and inputs that a film came from: names, kinds and SHA-256 digests, never contents."""

    explainer: str
    options: Mapping[str, str]
    inputs: Mapping[str, Mapping[str, str]]
    example: str | None
    seeded: tuple[str, ...]
    seed: int


@dataclass(frozen=True, kw_only=True)
class Written:
    """A file of a film: its kind, bytes and digest; the size of its pictures in pixels; how long it plays; of pages of
    stills how many steps they show."""

    type: str
    bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    frames: int | None = None
    seconds: float | None = None
    stills: int | None = None
    pages: int | None = None

    def shown(self) -> dict[str, Any]:
        """What there is to say of it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


def versions() -> dict[str, str]:
    """The versions of everything that can change a pixel."""
    import av
    import cairo
    import numpy
    import PIL
    import uharfbuzz  # type: ignore[import-untyped]

    from layeranim import borrowed

    return {
        "layeranim": __version__,
        "manim": borrowed.VERSION,
        "numpy": numpy.__version__,
        "pillow": PIL.__version__,
        "av": av.__version__,
        "pycairo": cairo.version,
        "cairo": cairo.cairo_version_string(),
        "harfbuzz": uharfbuzz.version_string(),
    }


def report(
    board: Storyboard, options: FilmOptions, origin: MadeFrom, files: Mapping[str, Written], longest: tuple[int, float]
) -> dict[str, Any]:
    """The provenance of one film. ``files`` by their names; ``longest``: frames and seconds of the one with most.

    Seconds are those that a file plays: whole frames, where the story may end within one.
    """
    from layeranim import theme  # neither it nor words are needed by who only reads a provenance
    from layeranim.stories.alt import description

    return {
        "explainer": board.explainer,
        "title": board.title,
        "alt": board.alt,
        "description": description(board),
        "options": dict(origin.options),
        "film": looks(options),
        "example": origin.example,
        "inputs": {name: dict(source) for name, source in origin.inputs.items()},
        "seeded": {"arrays": list(origin.seeded), "seed": origin.seed} if origin.seeded else None,
        **({"warnings": list(board.warnings)} if board.warnings else {}),
        "seconds": longest[1],
        "frames": longest[0],
        "poster_second": board.poster * theme.TICK_MS / 1000,
        "files": {name: file.shown() for name, file in files.items()},
        "steps": [_step(beat) for beat in board.beats],
        "versions": versions(),
    }


def looks(options: FilmOptions) -> dict[str, str]:
    """The options of a film that can be seen in it: a limit of its bytes cannot."""
    return {name: text for name, text in options.shown().items() if name != "max_size"}


def changes(then: Mapping[str, Any], options: FilmOptions, origin: MadeFrom) -> list[str]:
    """In what a film differs from the one that a provenance tells of: ``stride 1 → 2``; nothing if in no option."""
    now = {"explainer": origin.explainer, **origin.options, **looks(options), "example": origin.example}
    now |= {name: source["name"] for name, source in origin.inputs.items()}
    was = {"explainer": then.get("explainer"), **_table(then, "options"), **_table(then, "film")}
    was |= {"example": then.get("example")}
    was |= {name: source.get("name") for name, source in _table(then, "inputs").items() if isinstance(source, dict)}
    was.pop("max_size", None)
    differ = [f"{key} {was.get(key) or 'none'} → {now.get(key) or 'none'}"
              for key in dict.fromkeys((*now, *was)) if was.get(key) != now.get(key)]  # fmt: skip
    then_read = _table(then, "inputs")
    same_name = [name for name in origin.inputs if was.get(name) == now[name]]
    others = [name for name in same_name if then_read[name].get("sha256") != origin.inputs[name]["sha256"]]
    return differ + [f"other numbers in {name}" for name in others]


def _table(report: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    found = report.get(key)
    return found if isinstance(found, dict) else {}


def dumped(report: Mapping[str, Any]) -> bytes:
    """The report as JSON."""
    return (written(report, indent=1) + "\n").encode()


def _step(beat: Beat) -> dict[str, Any]:
    from layeranim import theme
    from layeranim.stories.storyboard import plain

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
