"""Where a film goes: paths and formats, decided and checked before anything is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from io import TextIOBase
from pathlib import Path
from typing import Any

from layeranim.engine import memory
from layeranim.engine.option import given, suggest
from layeranim.errors import OptionError
from layeranim.film import output
from layeranim.film.output import STDOUT
from layeranim.film.places import NUMBER
from layeranim.film.writers import EVERY, FORMATS, STILLS, check_clear, check_size
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions

DEFAULT_FORMATS = ("mp4", "gif")
CLEAR_FORMATS = ("webm", "webp")
"""Those of a transparent film that is asked for in none."""
FOLDER = "films"
"""Where films go that are given no place: never among those of a manifest, which are built and checked."""
POSTER = "png"
PLAYER = "html"
CAPTIONS = ".captions"
"""Ends the name of a film's words where they are in the picture, too; as WebVTT all the same.

A ``.vtt`` of the film's own name is laid over the film by mpv and VLC, unasked, and would cover what it repeats; VLC
takes a ``.webvtt`` and a ``.captions.vtt`` as well, this neither does.
"""
TRACK = ".vtt"
"""Ends the name of the words of a film without captions in its picture: there players shall find them."""
SEQUENCE = "png-sequence"
SHEET = "sheet.png"
"""Says what it is with no name before it, too, where no film beside it is named ``sheet``; any other is a poster."""
PROVENANCE = ".json"


def still(formats: Iterable[str]) -> bool:
    """Whether of a film nothing is made that moves."""
    return {POSTER, *STILLS} >= {*formats}


@dataclass(frozen=True)
class Destination:
    """One file to write. ``fmt`` is a film format, ``png``, the poster, or one of ``STILLS``. A ``stream`` of the
    caller's stands for standard output.
    """

    path: str
    fmt: str
    stream: Any = None

    @property
    def stem(self) -> str | None:
        """The path without its suffix, for the files beside it; none for standard output.

        A sequence goes by what stands around its number: ``img-%d.png`` by ``img``, ``%d.png`` by ``frames``.
        """
        if self.path == STDOUT:
            return None
        if output.is_sequence(self.path):
            path = Path(self.path)
            return str(path.with_name(NUMBER.sub("", path.stem).strip(" .-_") or "frames"))
        suffix = suffix_of(self.fmt)
        return self.path[: -len(suffix)] if self.path.lower().endswith(suffix) else str(Path(self.path).with_suffix(""))


def destinations(
    name: str, outputs: Any, formats: str | Iterable[str] | None, film: FilmOptions
) -> tuple[Destination, ...]:
    """The files that are asked for. ``outputs`` are paths whose suffix decides, or a stream; else ``formats`` in
    ``films/``.

    Raises ``OptionError`` for unknown formats or sizes, ``OutputError`` for what cannot be written.
    """
    wanted = _formats(formats)
    if outputs is None:
        found = [
            Destination(_default(name, fmt), fmt)
            for fmt in wanted or (CLEAR_FORMATS if film.transparent else DEFAULT_FORMATS)
        ]
    else:
        if not isinstance(outputs, (str, Path, Iterable)) and not _is_stream(outputs):
            raise OptionError(f"output is {given(outputs)}, but must be a path, several, or a binary stream")
        several = [outputs] if isinstance(outputs, (str, Path)) or _is_stream(outputs) else list(outputs)
        if not several:
            raise OptionError("output has no path; give one, or leave it out")
        found = [_streamed(one, wanted, len(several)) if _is_stream(one) else
                 Destination(str(one), _format_of(str(one), wanted)) for one in several]  # fmt: skip
        films = {item.stem for item in found if item.fmt in FORMATS}
        found = [replace(item, fmt="sheet") if _is_sheet(item) and not wanted and item.stem not in films else item
                 for item in found]  # fmt: skip
    for item in found:
        if film.transparent:
            check_clear(item.fmt)
        if item.fmt in FORMATS:
            check_size(item.fmt, *film.frame(item.fmt)[:2])
    _affordable(found, film)
    output.check_writable(*every_path(found, film.captions))
    return tuple(found)


def _is_sheet(item: Destination) -> bool:
    return item.fmt == POSTER and Path(item.path).name.lower() == SHEET


def _is_stream(output: Any) -> bool:
    return hasattr(output, "write")


def _streamed(stream: Any, wanted: list[str], several: int) -> Destination:
    """What goes into a stream: one file, with nothing beside it."""
    if several > 1:
        raise OptionError(f"output is a stream among {several}, but a stream stands alone; render once for each")
    if isinstance(stream, TextIOBase):
        raise OptionError(f"output is {given(stream)}, which takes text, but a film is bytes; io.BytesIO() would work")
    if getattr(stream, "closed", False) or (hasattr(stream, "writable") and not stream.writable()):
        raise OptionError(f"output is {given(stream)}, which cannot be written to; open it with mode 'wb'")
    if wanted == [SEQUENCE]:
        raise OptionError(f'output is a stream, but {SEQUENCE} needs a file a frame; output="frame-%d.png" would work')
    if len(wanted) != 1:
        raise OptionError('output is a stream, which needs exactly one format, such as formats="gif"')
    return Destination(STDOUT, wanted[0], stream)


def _affordable(found: Iterable[Destination], film: FilmOptions) -> None:
    """Refuse frames that take more memory than the budget: those of one rate are drawn and written together."""
    together: dict[Fraction, dict[str, tuple[int, int]]] = {}
    for item in found:
        if item.fmt in FORMATS:
            width, height, fps = film.frame(item.fmt)
            together.setdefault(fps, {})[item.fmt] = width, height
    for formats in together.values():
        sizes = " and ".join(dict.fromkeys(f"{width}x{height}" for width, height in formats.values()))
        held = sum(width * height * FORMATS[fmt].held for fmt, (width, height) in formats.items())
        memory.afford(f"frames of {sizes} take, as {' and '.join(sorted(formats))}", held)


def beside(captioned: bool) -> tuple[str, str, str]:
    """What ends the names of a film's poster, its words, and its provenance."""
    return ".png", CAPTIONS if captioned else TRACK, PROVENANCE


def every_path(found: Iterable[Destination], captioned: bool) -> list[str]:
    """All files of these destinations: the films, with or without captions, and what stands beside each."""
    found = list(found)
    groups = by_provenance(found, captioned).values()
    films = [item.path for item in found]  # one that is asked for twice stands here twice, and is refused
    return [*films, *dict.fromkeys(path for group in groups for path in group if path not in films)]


def by_provenance(found: Iterable[Destination], captioned: bool) -> dict[str, list[str]]:
    """Each provenance, and the files that it names, itself at the end; nothing of standard output."""
    found = list(found)
    groups: dict[str, list[str]] = {}
    for item in found:
        if item.stem is not None:
            groups.setdefault(item.stem + PROVENANCE, []).append(item.path)
    for stem in stems(found):
        group = groups[stem + PROVENANCE]
        group += [stem + suffix for suffix in beside(captioned)[:-1] if stem + suffix not in group]
    return {place: [*group, place] for place, group in groups.items()}


def stems(found: Iterable[Destination]) -> list[str]:
    """The stems that get a poster and captions: those of the films."""
    films = [item for item in found if item.fmt in FORMATS and not output.is_sequence(item.path)]
    return list(dict.fromkeys(item.stem for item in films if item.stem is not None))


def _formats(formats: str | Iterable[str] | None) -> list[str]:
    words = formats.split(",") if isinstance(formats, str) else list(formats or ())
    names = [word.strip().lower() for word in words if word.strip()]
    if words and not names:
        raise OptionError(f"format is {formats!r}, but must name one or more of {', '.join(EVERY)}")
    for name in names:
        if name not in EVERY:
            raise OptionError(f"format {name!r} is unknown{suggest(name, EVERY)}; there are {', '.join(EVERY)}")
    return list(dict.fromkeys(names))


def _default(name: str, fmt: str) -> str:
    return f"{FOLDER}/{name}{suffix_of(fmt)}"


def suffix_of(fmt: str) -> str:
    """What ends the names of a format's files."""
    return FORMATS[fmt].suffix if fmt in FORMATS else STILLS[fmt].suffix if fmt in STILLS else ".png"


def _format_of(path: str, wanted: list[str]) -> str:
    if path == STDOUT:
        if len(wanted) != 1 or wanted == [SEQUENCE]:
            raise OptionError("output is standard output (-), which needs exactly one format, such as -f gif")
        return wanted[0]
    if output.is_sequence(path):
        if not path.lower().endswith(".png"):
            near = str(Path(path).with_suffix(".png"))
            raise OptionError(f"output {path!r} numbers single frames, which are PNG; {near!r} would work")
        return SEQUENCE
    suffixes = {suffix_of(name): name for name in EVERY if name != SEQUENCE}
    fitting = [name for suffix, name in suffixes.items() if path.lower().endswith(suffix)]
    if wanted == [SEQUENCE] and fitting in ([], [POSTER]):
        near = str(Path(path).with_name(Path(path).stem + FORMATS[SEQUENCE].suffix))
        raise OptionError(f"output {path!r} has no place for the number of a frame; {near!r} would work")
    if len(wanted) == 1 and (
        not fitting or (wanted[0] in ("apng", "av1", "sheet") and fitting[-1] in (POSTER, "webm"))
    ):
        return wanted[0]
    if not fitting:
        raise OptionError(f"output {path!r} has no suffix of a film; use one of {', '.join(suffixes)}")
    return max(fitting, key=lambda name: len(suffix_of(name)))
