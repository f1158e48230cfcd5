"""Films on the slides of a .pptx: a slide more in a deck, or the film on its slide made anew."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, BadZipFile, ZipFile, ZipInfo

from layeranim.embed.files import FilmFiles, Pair, of, stem
from layeranim.embed.pages import BEGIN, LARGEST, Wanted, asked
from layeranim.errors import InputError, MissingLibraryError, OptionError
from layeranim.film.output import Output
from layeranim.records import dataclass

SUFFIX = ".pptx"
WIDE = 12192000, 6858000
"""Width and height of a new deck's slides: 13.33 by 7.5 inches, in English Metric Units."""
INCH, POINT = 914400, 12700
TITLES = (1, 3)
"""The kinds of places that a title stands in."""
KINDS = {"video/mp4": "MP4", "image/gif": "GIF", "video/webm": "WebM"}
"""What PowerPoint plays, the best first; WebM it plays in new versions alone."""
RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
DATE = (1980, 1, 1, 0, 0, 0)
"""Of every part of a deck: the first that there is in a ZIP file."""


@dataclass(frozen=True)
class OnSlide:
    """What goes on a slide: the film for its ground, the file that plays, the line over it."""

    film: FilmFiles
    file: Path
    kind: str
    title: str

    @property
    def alt(self) -> str:
        return " ".join(self.film.alt.split())


def put(wanted: Wanted, deck: Path) -> bool:
    """A film on a slide of a deck, which is made where there is none: on the slide that shows it already, else on a new
    one at the end. Whether anything changed.

    Raises InputError for a file that is no deck, OptionError for a film that no slide can play, MissingLibraryError
    without python-pptx.
    """
    found = wanted.films()
    show = _opened(deck)
    mark = f"{BEGIN} {wanted.words(deck)}"
    old, new = next((shape for shape in _films(show) if shape.name == mark), None), not deck.exists()
    shown = _for(found, of(wanted.film).theme if new else _ground(show), wanted, old)
    if old is not None:
        _anew(old, shown)
    else:
        _added(show, shown, mark, new)
    made = _made(show, deck)
    if deck.exists() and made == deck.read_bytes():
        return False
    with Output(deck) as output:
        output.file.write(made)
        output.commit()
    return True


def updated(deck: Path) -> tuple[bytes, bytes]:
    """A deck as it is, and with every film made anew from its files.

    Raises InputError for a deck without films of ours.
    """
    show = _opened(deck)
    films = list(_films(show))
    if not films:
        raise InputError(f"{deck} has no film of ours: {BEGIN} FILM --for pptx --page {deck} puts one on a slide")
    for shape in films:
        wanted = asked(shape.name.removeprefix(f"{BEGIN} "), deck)
        _anew(shape, _for(wanted.films(), _ground(show), wanted, shape))
    return deck.read_bytes(), _made(show, deck)


def _for(found: Pair, ground: str, wanted: Wanted, old: Any = None) -> OnSlide:
    """The film for slides of that ground, where there are both; a movie or a picture as the ``old`` shape is."""
    film = next((one for one in found.both if one.theme == ground), found.light)
    kinds = [kind for kind in KINDS if old is None or kind.startswith("video") == (_video(old) is not None)]
    kind = next((kind for kind in kinds if kind in film.files), None)
    if kind is None:
        place, names = "slides play" if old is None else "its slide shows", [KINDS[one] for one in kinds]
        there = ", ".join(file.suffix for file in film.files.values())
        raise OptionError(
            f"{place} {', '.join(names)}, and of {stem(wanted.film)} there is {there}; render {names[0]} beside it"
        )
    return OnSlide(film, film.files[kind], kind, wanted.caption or film.title)


# ── the deck ─────────────────────────────────────────────────────────────────
def _opened(deck: Path) -> Any:
    """A deck, or a new one."""
    try:
        library: Any = import_module("pptx")
    except ImportError:
        raise MissingLibraryError(
            "slides are written by python-pptx, which is not here; pip install layeranim[slides]"
        ) from None
    if not deck.exists():
        show = library.Presentation()
        show.slide_width, show.slide_height = WIDE
        return show
    if not deck.is_file() or deck.stat().st_size > 50 * LARGEST:
        raise InputError(f"{deck} is no file of a deck, or larger than {50 * LARGEST} bytes")
    try:
        show = library.Presentation(str(deck))
    except (BadZipFile, KeyError, ValueError, library.exc.PythonPptxError):
        raise InputError(f"{deck} cannot be read as a deck of slides; give a {SUFFIX}") from None
    media = import_module("pptx.parts.media").MediaPart
    for one in show.part.package.iter_rels():  # python-pptx itself knows no WebM again, and no sound
        if one.reltype.endswith(("/media", "/video")) and not one.is_external:
            one.target_part.__class__ = media
    return show


def _made(show: Any, deck: Path) -> bytes:
    """The file of a deck, which tells no time; the one that is there where its parts are no others."""
    made, out = BytesIO(), BytesIO()
    show.save(made)
    with ZipFile(made) as parts, ZipFile(out, "w", ZIP_DEFLATED) as dateless:
        for part in parts.infolist():
            entry = ZipInfo(part.filename, DATE)
            entry.compress_type, entry.external_attr = ZIP_DEFLATED, 0o600 << 16
            dateless.writestr(entry, parts.read(part))
    there = deck.read_bytes() if deck.exists() else b""
    return there if there and _parts(there) == _parts(out.getvalue()) else out.getvalue()


def _parts(deck: bytes) -> dict[str, bytes]:
    with ZipFile(BytesIO(deck)) as parts:
        return {name: parts.read(name) for name in parts.namelist()}


def _films(show: Any) -> Iterator[Any]:
    """The pictures and films on slides that are ours."""
    for slide in show.slides:
        yield from (shape for shape in slide.shapes if shape.name.startswith(f"{BEGIN} "))


def _ground(show: Any) -> str:
    """Whether the slides of a deck are light or dark, by what its master takes for the first background."""
    master = show.slide_master
    wants = master.element.find(".//{*}clrMap").get("bg1", "lt1")
    theme = next(rel.target_part for rel in master.part.rels.values() if rel.reltype.endswith("/theme"))
    from lxml import etree  # comes with python-pptx

    colour = etree.fromstring(theme.blob).find(f".//{{*}}{wants}/*")
    if colour is None:
        return "light"
    from layeranim.theme import luminance

    shown = colour.get("lastClr") or colour.get("val") or "FFFFFF"
    return "dark" if len(shown) == 6 and luminance(f"#{shown}") < 0.5 else "light"


# ── a slide ──────────────────────────────────────────────────────────────────
def _added(show: Any, shown: OnSlide, mark: str, new: bool) -> None:
    """A slide with the film as large as has room under its title, what it says as the speaker's notes."""
    layouts = list(show.slide_layouts)
    slide = show.slides.add_slide(next((one for one in layouts if one.name == "Title Only"), layouts[0]))
    for place in [one for one in slide.placeholders if one.placeholder_format.type not in TITLES]:
        place.element.getparent().remove(place.element)  # empty boxes that ask for text
    wide, high = show.slide_width, show.slide_height
    edge, top, title = INCH // 2, int(0.16 * high), slide.shapes.title
    own = new or shown.film.theme != _ground(show)  # on a slide of its own colour a film has no edge
    if own:
        slide.background.fill.solid()
        slide.background.fill.fore_color.rgb = _colour(shown.film.background)
    if title is not None:
        title.text_frame.text = shown.title
        font = title.text_frame.paragraphs[0].runs[0].font
        if new:
            title.left, title.top, title.width, title.height = edge, INCH // 4, wide - 2 * edge, top - INCH // 3
            font.size = 32 * POINT
        if own:
            font.color.rgb = _colour(shown.film.ink)
        top = max(top, min(title.top + title.height, high // 3))
    (across, down), room = shown.film.shape(8192), (wide - 2 * edge, high - top - INCH // 3)
    width = min(room[0], room[1] * across // down)
    height = width * down // across
    at = (wide - width) // 2, top
    if shown.kind.startswith("video"):
        film = slide.shapes.add_movie(str(shown.file), *at, width, height, str(shown.film.poster), shown.kind)
    else:
        film = slide.shapes.add_picture(str(shown.file), *at, width, height)
    film.name = mark
    _described(film, shown)
    slide.notes_slide.notes_text_frame.text = "\n".join(_told(shown.film))


def _colour(colour: str) -> Any:
    made: Any = import_module("pptx.dml.color").RGBColor
    return made.from_string(colour[1:])


def _described(shape: Any, shown: OnSlide) -> None:
    shape.element.xpath(".//p:cNvPr")[0].set("descr", shown.alt)


def _told(film: FilmFiles) -> list[str]:
    """The film in words, a line a step."""
    report = json.loads(film.poster.with_suffix(".json").read_bytes())
    return [str(line) for line in report.get("description", [])]


def _video(shape: Any) -> Any:
    """What says that a shape is a movie; nothing of a picture."""
    return next(shape.element.iterfind(".//{*}videoFile"), None)


def _anew(shape: Any, shown: OnSlide) -> None:
    """Another film in a shape's place: its bytes, its poster, its words; where it stands stays as it is."""
    part, video = shape.part, _video(shape)
    places = [(shape.element.find(".//{*}blip"), f"{RELATED}embed")]
    if video is None:
        made = [part.get_or_add_image_part(str(shown.file))[1]]
    else:
        media = import_module("pptx.media").Video.from_path_or_file_like(str(shown.file), shown.kind)
        made = [part.get_or_add_image_part(str(shown.film.poster))[1], *part.get_or_add_video_media_part(media)]
        places += [(shape.element.find(".//{*}media"), f"{RELATED}embed"), (video, f"{RELATED}link")]
    for (element, key), new in zip(places, made, strict=True):
        old = element.get(key)
        element.set(key, new)
        if old not in {item.get(key) for item in part._element.iter() for key in (f"{RELATED}embed", f"{RELATED}link")}:
            part.rels.pop(old)
    _described(shape, shown)
