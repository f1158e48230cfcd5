"""Snippets on their pages: made, put where the program finds their files, kept current between two comments."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, unquote

from layeranim.embed import markdown
from layeranim.embed.files import FilmFiles, Pair, of, pair, stem
from layeranim.embed.snippets import Figure
from layeranim.embed.targets import MDX, RST, SHORTCODE, TARGETS, Site, relative, target
from layeranim.errors import InputError, OptionError, OutputError
from layeranim.film.hidden import reported
from layeranim.film.output import Outputs
from layeranim.film.owned import provenance
from layeranim.film.provenance import dumped
from layeranim.records import dataclass

WIDTH = 640
NONE = "none"
"""In the place of the film for dark pages: the film stands alone."""
BEGIN, END = "layeranim embed", "layeranim end"
COPY = "copy_of"
"""What a copy's provenance says: from which folder it is, by the digest of the way there."""
LARGEST = 20_000_000
"""Bytes of a page."""
_MARK = re.compile(
    rf"(?P<indent>[ \t]*)(?:<!-- |\.\. |% |// |\{{/\* |# (?!{BEGIN} (?!\S+ for=)))"
    rf"(?:{BEGIN} (?P<words>.*?)|{END})(?: -->| \*/\}})?(?P<ends>[ \t\r]*)"
)
"""A comment of ours; # is also a heading's."""


@dataclass(frozen=True)
class Wanted:
    """What is asked of a snippet, as it also stands in the comment before it."""

    film: Path
    target: str
    dark: Path | None = None
    width: int = WIDTH
    caption: str | None = None
    base: str = ""
    alone: bool = False

    def films(self) -> Pair:
        """The film, with its twin for the other ground unless it is wanted alone."""
        alone = self.alone or target(self.target).cell
        return Pair(of(self.film)) if alone else pair(self.film, self.dark)

    def words(self, page: Path) -> str:
        """As words, with paths seen from the page, without what ends a comment of XML or of programs."""
        out = [_seen(self.film, page), f"for={self.target}"]
        out += [f"dark={_seen(self.dark, page)}"] if self.dark else []
        out += ["dark=" + NONE] if self.alone else []
        out += [f"width={self.width}"] if self.width != WIDTH else []
        out += [f"caption={self.caption}"] if self.caption is not None else []
        out += [f"base={self.base}"] if self.base else []
        return " ".join(_word(word) for word in out)


@dataclass(frozen=True)
class Snippet:
    """A snippet, the copies that it needs by their places, and what is to be said of it."""

    text: str
    copies: Mapping[Path, bytes]
    warnings: tuple[str, ...]


def snippet(
    wanted: Wanted, page: Path | None = None, marked: bool = True, taken: Mapping[Path, bytes] | None = None
) -> Snippet:
    """The markup of a film on a page, between the comments that keep it current where ``marked``. ``taken`` are the
    copies that others are about to make.

    Raises InputError where there is no such film, OptionError for a target or page that does not go.
    """
    goal = target(wanted.target)
    site = Site.around(goal, page, wanted.base)
    if not 16 <= wanted.width <= 8192:
        raise OptionError(f"width is {wanted.width}, but must be 16 to 8192 pixels")
    both = wanted.films()
    if goal.cell and (wanted.width, wanted.caption, wanted.base) != (WIDTH, None, ""):
        raise OptionError(
            f"in a {goal.name} a film shows itself, {WIDTH} pixels wide; leave out width, caption and base"
        )
    copies = {place: file.read_bytes() for file, place in site.brought.items()}
    both = Pair(*(_placed(shown, site, copies, taken or {}) for shown in both.both))
    caption = both.light.title if wanted.caption is None else wanted.caption
    text = goal.write(Figure(both, wanted.width, " ".join(caption.split()), site.url))
    if marked and not goal.cell:
        opened, closed = goal.mark
        apart = "\n" if goal.mark in (RST, MDX) else ""  # explicit markup ends with a blank line, as does Prettier's
        text = f"{opened}{BEGIN} {wanted.words(site.page)}{closed}\n{apart}{text}{apart}{opened}{END}{closed}\n"
    moving = [shown for shown in both.both if shown.moving and not goal.cell and site.url(shown.moving) in text]
    said = (shown.cannot_pause(goal.instead) for shown in moving)
    return Snippet(text, copies, tuple(filter(None, said)))


def _placed(shown: FilmFiles, site: Site, copies: dict[Path, bytes], taken: Mapping[Path, bytes]) -> FilmFiles:
    """The film with its files where the site serves them: in a folder of its own where another has its name."""
    if site.base or site.holds(shown.poster):
        return shown
    told = shown.poster.with_suffix(".json")
    origin = hashlib.sha256(relative(told.parent, site.folder).encode()).hexdigest()[:10]
    report = json.loads(told.read_bytes())
    copied = dumped({**report, COPY: origin})

    def free(place: Path) -> bool:
        found = provenance(place)
        if place in taken:
            return taken[place] == copied
        return not place.exists() if found is None else found.report in (report, {**found.report, COPY: origin})

    own = site.folder / origin
    folder = own if (own / told.name).exists() or not free(site.folder / told.name) else site.folder
    copies[folder / told.name] = copied
    files = {kind: folder / file.name for kind, file in shown.files.items()}
    copies |= {files[kind]: file.read_bytes() for kind, file in shown.files.items()}
    return replace(shown, files=files)


def put(copies: Mapping[Path, bytes], pages: Mapping[Path, bytes] | None = None) -> list[Path]:
    """Copy films to where a site serves them, and write pages anew: all of it, or nothing. The copies that are new.

    Raises OutputError where somebody's file is in the way of a copy, RenderError where the disk takes no more.
    """
    new, pages = lacking(copies), pages or {}
    for place in new:
        if place.exists() and not _ours(place):
            raise OutputError(f"{place} is not a film of ours; move it, or put the film into the site yourself")
    for place in new:
        with reported(place, "nothing was copied"):
            place.parent.mkdir(parents=True, exist_ok=True)
    contents = {**new, **{page.resolve(): content for page, content in pages.items()}}
    with Outputs(contents) as outputs:
        for (place, content), to in zip(contents.items(), outputs.files, strict=True):
            if place not in new:
                os.fchmod(to.fileno(), place.stat().st_mode & 0o777)
            to.write(content)
        outputs.commit()
    return list(new)


def lacking(copies: Mapping[Path, bytes]) -> dict[Path, bytes]:
    """The copies that are not there yet, or behind what they are copies of."""
    return {
        place: content for place, content in copies.items() if not (place.is_file() and place.read_bytes() == content)
    }


def _ours(place: Path) -> bool:
    """Whether what stands in the way of a copy is an older one."""
    if place.is_file() and place.read_bytes().startswith(SHORTCODE.read_bytes()[:32]):
        return True
    found = provenance(place.with_name(stem(place) + ".json"))
    return found is not None and (place.suffix == ".json" or found.knows(place))


# ── pages ────────────────────────────────────────────────────────────────────
def updated(page: Path, taken: Mapping[Path, bytes]) -> tuple[bytes, bytes, list[Snippet]]:
    """A page as it is and as it should be, and its snippets; ``taken`` are copies that other pages need.

    Raises InputError where it has no snippet.
    """
    if page.suffix == ".ipynb":
        raise InputError(
            f"{page} is a notebook, whose cells show the film of today when they run: nothing is to be updated"
        )
    try:
        if page.stat().st_size > LARGEST:
            raise InputError(f"{page} has more than {LARGEST} bytes")
        text = page.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{page} is not UTF-8: byte {error.start + 1} is in no letter") from None
    except OSError as error:
        raise InputError(f"{page} cannot be read: {error.strerror}") from None
    made: list[Snippet] = []
    lines = text.split("\n")
    after: list[str | None] = [*lines]
    for first, last, opened in _blocks(page, lines):
        made.append(snippet(asked(opened["words"], page), page, taken=dict(taken)))
        taken = {**taken, **made[-1].copies}
        ends = "\r" if opened["ends"].endswith("\r") else ""
        new = made[-1].text.removesuffix("\n").split("\n")
        after[first:last] = [
            "\n".join((opened["indent"] + line if line else line) + ends for line in new),
            *[None] * (last - first - 1),
        ]
    if not made:
        raise InputError(f"{page} has no snippet of ours: {BEGIN} FILM --for TARGET --page {page} prints one")
    return text.encode(), "\n".join(line for line in after if line is not None).encode(), made


def _blocks(page: Path, lines: Sequence[str]) -> Iterator[tuple[int, int, re.Match[str]]]:
    """The lines of each snippet, its two comments among them, and the comment that it begins with.

    One that is shown as code is none. Raises InputError where one does not end: what follows it is the user's.
    """
    first, opened = 0, None
    shown = markdown.coded([line.rstrip("\r") for line in lines]) if page.suffix in markdown.SUFFIXES else set()
    for at, line in enumerate([*lines, ""]):
        found = None if at in shown else _MARK.fullmatch(line)
        begins = found is not None and found["words"] is not None
        if opened and (begins or at == len(lines)):
            until = f"the next begins in line {at + 1}" if begins else "the page is over"
            raise InputError(f"{page}:{first + 1}: the comment {END} of this snippet is gone before {until}; "
                             "put it back, or remove what is left of the snippet")  # fmt: skip
        if begins:
            first, opened = at, found
        elif found and opened:
            yield first, at + 1, opened
            opened = None


def asked(words: str, page: Path) -> Wanted:
    """What a comment asks for. Raises InputError for one that was changed into something else."""
    try:
        film, *rest = (unquote(word) for word in words.split())
        pairs = dict(word.split("=", 1) for word in rest)
        dark = pairs.pop("dark", None)
        twin = page.parent / dark if dark and dark != NONE else None
        wanted = Wanted(
            page.parent / film, pairs.pop("for"), twin, int(pairs.pop("width", WIDTH)), pairs.pop("caption", None),
            pairs.pop("base", ""), dark == NONE,
        )  # fmt: skip
    except (ValueError, KeyError):
        pairs, wanted = {"": ""}, None
    if pairs or wanted is None or wanted.target not in TARGETS or TARGETS[wanted.target].cell:
        raise InputError(f"{page}: this comment is none of ours: {BEGIN} {words}")
    return wanted


def _word(text: str) -> str:
    """One word of a comment: whatever could end it, and every space, as in an address."""
    return quote(text, safe="/=:.,;!?()@+*~_").replace("--", "-%2D").replace("*/", "*%2F")


def _seen(file: Path, page: Path) -> str:
    return relative(file, page.parent)


def ready(pages: Sequence[Path]) -> None:
    """Refuse pages that are named and not there, all at once."""
    lost = [str(page) for page in pages if not page.is_file()]
    if lost:
        raise InputError(f"there is no {', '.join(lost)}")
