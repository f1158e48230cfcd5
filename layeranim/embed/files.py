"""What a page shows of a film: its files, their sizes, its words; read from the provenance beside them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from layeranim.errors import InputError, OptionError
from layeranim.film.owned import provenance, standing
from layeranim.records import dataclass
from layeranim.theme import LIGHT, Theme, own

MOVING = ("image/webp", "image/apng", "image/gif")
"""Pictures that move and cannot be paused, the smallest first."""
VIDEOS = ("video/mp4", "video/webm")
PLAYER = "text/html"
PAUSED = 5.0
"""Seconds after which what moves by itself must be stoppable (WCAG 2.2.2)."""
DARK = ("-light", "-dark")
ENDS = (".mp4", ".webm", ".gif", ".webp", ".apng", ".png", ".html", ".pdf", ".json", ".captions", ".vtt")
"""How the files of a film end."""


@dataclass(frozen=True)
class FilmFiles:
    """One film: its files by media type, width and height of each in pixels, its title and what it shows in words.

    ``stepped``: its player was asked for; ``steps``: how many there are; ``background`` and ``ink`` are its colours.
    """

    title: str
    alt: str
    seconds: float
    theme: str
    files: Mapping[str, Path]
    sizes: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    stepped: bool = False
    steps: int = 0
    background: str = LIGHT.bg
    ink: str = LIGHT.ink

    @property
    def poster(self) -> Path:
        """The still: what is shown where nothing may move."""
        return self.files["image/png"]

    @property
    def moving(self) -> Path | None:
        """The best of the pictures that move."""
        return next((self.files[kind] for kind in MOVING if kind in self.files), None)

    @property
    def videos(self) -> dict[str, Path]:
        """Films with controls, by media type."""
        return {kind: self.files[kind] for kind in VIDEOS if kind in self.files}

    @property
    def player(self) -> Path | None:
        """The page that steps through it, where that is asked for or is all that has controls."""
        return self.files.get(PLAYER) if self.stepped or not self.videos else None

    @property
    def controlled(self) -> Path | None:
        """The form with controls that a picture of it leads to."""
        return self.player or next(iter(self.videos.values()), None)

    @property
    def words(self) -> Path | None:
        """The captions, where there are any."""
        return self.files.get("text/vtt")

    def shape(self, width: int) -> tuple[int, int]:
        """Width and height on a page, as wide as asked for but not wider than the widest file."""
        across, down = max(self.sizes.values())
        wide = min(width, across)
        return wide, round(wide * down / across)

    def cannot_pause(self, instead: str = "") -> str:
        """What to say of a film that moves for long where nobody can halt it; nothing of others.

        ``instead``: what would help where the page gets the moving picture, whatever else there is.
        """
        if (self.controlled and not instead) or self.moving is None or self.seconds <= PAUSED:
            return ""
        help = instead or "an MP4 beside it (render -f gif,mp4) gives readers controls"
        return (
            f"{self.moving.name} moves for {self.seconds:.0f} s and cannot be paused, which WCAG 2.2.2 asks for; {help}"
        )


@dataclass(frozen=True)
class Pair:
    """A film for light pages and, where there is one, the same film for dark ones."""

    light: FilmFiles
    dark: FilmFiles | None = None

    @property
    def both(self) -> tuple[FilmFiles, ...]:
        """The films that there are."""
        return (self.light, self.dark) if self.dark else (self.light,)


def pair(path: Path, dark: Path | None = None) -> Pair:
    """The film that a file belongs to, with its dark twin: the one named, or ``x-dark`` beside ``x-light``.

    Raises InputError for a file that no film's provenance names.
    """
    first = of(path)
    twin = dark or _twin(path, first)
    if twin is None:
        return Pair(first)
    other = replace(of(twin), stepped=first.stepped)
    return Pair(other, first) if (first.theme, other.theme) == ("dark", "light") else Pair(first, other)


def _twin(path: Path, first: FilmFiles) -> Path | None:
    name = stem(path)
    ends = [(here, there) for here, there in (DARK, DARK[::-1]) if name.endswith(here)]
    ends += [("", DARK[1])] if first.theme == "light" else []
    twins = (path.parent / f"{name.removesuffix(here)}{there}.json" for here, there in ends)
    return next((twin for twin in twins if twin.is_file()), None)


def of(path: Path) -> FilmFiles:
    """The film that a file belongs to: its own file, or the provenance itself.

    Raises InputError for a file that no film's provenance names.
    """
    place, report = told(path)
    return replace(reported(report, place), stepped=path.suffix == ".html")


def told(path: Path) -> tuple[Path, Mapping[str, Any]]:
    """Where the provenance is of the film that a file belongs to, and what it says.

    Raises InputError where none stands beside the file.
    """
    place = path.with_name(f"{stem(path)}.json")
    found = provenance(place)
    if found is None:
        raise InputError(
            f"{path} is no film of ours: there is no {place.name} beside it that layeranim wrote; "
            "render writes one with every film"
        )
    return place, found.report


def is_path(word: str) -> bool:
    """Whether a word on a page names a file, and no asset, whose name may have a dot, too."""
    return "/" in word or word.lower().endswith(ENDS)


def stem(path: Path) -> str:
    """The name that the files of a film share."""
    longer = next((suffix for suffix in (".av1.webm", ".sheet.png") if path.name.endswith(suffix)), path.suffix)
    return path.name.removesuffix(longer)


def _theme(film: Mapping[str, Any]) -> Theme:
    """The colours of a film. Raises ``KeyError``, ``ValueError``."""
    try:
        return own.named(str(film["theme"]), film.get("background") or None)
    except OptionError as error:
        raise ValueError(str(error)) from None


def reported(report: Mapping[str, Any], place: Path, exact: bool = False) -> FilmFiles:
    """What a provenance says, of the files that are there; with ``exact`` of those that nobody changed since.

    Raises InputError where that is nothing that a page can show.
    """
    files: dict[str, Path] = {}
    sizes: dict[str, tuple[int, int]] = {}
    pages = ""
    try:
        for name, entry in report["files"].items():
            kind, file = str(entry["type"]), place.parent / Path(name).name
            if "stills" in entry:  # a page of steps is no poster
                pages = name
                continue
            if entry["sha256"] in standing(file).values() if exact else file.is_file():
                files[kind] = file
                if "width" in entry:
                    sizes[kind] = int(entry["width"]), int(entry["height"])
        said, theme = (str(report["title"]), str(report["alt"]), float(report["seconds"])), _theme(report["film"])
        shown = FilmFiles(
            *said, theme.ground, files, sizes, steps=len(report["steps"]), background=theme.bg, ink=theme.ink
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        raise InputError(f"{place.name} does not say what an embedder needs; render the film anew") from None
    if pages and not files:
        raise InputError(f"{pages} is a page of stills, which needs no snippet: it is shown as any picture or document")
    if "image/png" not in files:
        raise InputError(f"{place.name}: there is no poster beside it; render writes one with every film")
    if not (shown.moving or shown.controlled):
        raise InputError(f"{place.name}: of the film's files none that a page can show is there")
    return shown
