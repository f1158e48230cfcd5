"""FilmOptions: what every film shares, whatever the layer. Part of a film's fingerprint."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

from layeranim.engine import synonyms
from layeranim.engine.option import Choice, Config, Flag, Integer, Kind, Text, given, option
from layeranim.engine.spelling import suggestion
from layeranim.errors import OptionError
from layeranim.records import dataclass

if TYPE_CHECKING:
    from layeranim.canvas import Canvas

THEMES = ("light", "dark")
PACES = {"slow": 1.5, "normal": 1.0, "fast": 0.6}
MOST_PIXELS = 3840 * 2160


def _text(value: Any) -> str:
    """A number or a short text as text in lower case; nothing of what is longer than any value of these options."""
    try:
        text = str(value).strip().lower()
    except (ValueError, RecursionError):  # a number of thousands of digits, lists nested a thousand deep
        return ""
    return text if len(text) <= 60 else ""


@dataclass(frozen=True)
class Size(Kind):
    """``WIDTHxHEIGHT`` in pixels."""

    metavar: str = "WxH"

    def check(self, name: str, value: Any) -> tuple[int, int] | None:
        if value is None:
            return None
        listed = list(value) if isinstance(value, (list, tuple)) else []
        parts = re.split(r"[x×]", value.strip().lower()) if isinstance(value, str) else listed
        if len(parts) != 2 or not all(re.fullmatch(r"\d{1,5}", str(p)) for p in parts):
            raise OptionError(f"{name} is {given(value)}, but must be WIDTHxHEIGHT in pixels, such as 1280x720")
        width, height = int(parts[0]), int(parts[1])
        if min(width, height) < 64 or width * height > MOST_PIXELS:
            raise OptionError(
                f"{name} is {width}x{height}, but must be at least 64x64 and at most 3840x2160 pixels in all"
            )
        return width, height

    def show(self, value: Any) -> str:
        return "" if value is None else f"{value[0]}x{value[1]}"


@dataclass(frozen=True)
class Selection(Kind):
    """``all``, ``first:N`` or ``A-B`` (counted from 1, both included)."""

    metavar: str = "all|first:N|A-B"

    def check(self, name: str, value: Any) -> str:
        text = _text(value)
        first, span = re.fullmatch(r"first:(\d{1,9})", text), re.fullmatch(r"(\d{1,9})-(\d{1,9})", text)
        if text == "all" or (first and int(first[1]) > 0) or (span and 0 < int(span[1]) <= int(span[2])):
            return text
        raise OptionError(f"{name} is {given(value)}, but must be all, first:N or A-B with 1 ≤ A ≤ B")


@dataclass(frozen=True)
class Parts(Kind):
    """``filters=1,6,8 channels=3``: which of a kind of parts, counted from 1, each once."""

    metavar: str = "PARTS=A,B…"

    def check(self, name: str, value: Any) -> str | None:
        if value is None:
            return None
        out: dict[str, list[int]] = {}
        for word in _text(value).split():
            noun, _, text = word.partition("=")
            if not re.fullmatch(r"[a-z]+\d{0,2}", noun) or not re.fullmatch(r"\d{1,9}(,\d{1,9})*", text) or noun in out:
                raise OptionError(f"{name} is {given(value)}, but must be such as filters=1,6,8 or channels=3,4")
            out[noun] = sorted({int(number) for number in text.split(",")})
        if not out or not all(all(listed) for listed in out.values()):
            raise OptionError(f"{name} is {given(value)}, but must be such as filters=1,6,8, counted from 1")
        return " ".join(f"{noun}={','.join(map(str, out[noun]))}" for noun in sorted(out))

    def show(self, value: Any) -> str:
        return value or ""


@dataclass(frozen=True)
class Loop(Kind):
    """How often a GIF, WebP or APNG plays: ``forever``, ``once`` or a number."""

    metavar: str = "forever|once|N"

    def check(self, name: str, value: Any) -> int:
        words = {"forever": 0, "once": 1}
        if isinstance(value, str) and value.strip().lower() in words:
            return words[value.strip().lower()]
        if re.fullmatch(r"\d{1,5}", _text(value)) and int(value) <= 65_535:
            return int(value)
        raise OptionError(f"{name} is {given(value)}, but must be forever, once or a number of plays up to 65535")

    def show(self, value: Any) -> str:
        return {0: "forever", 1: "once"}.get(value, str(value))


@dataclass(frozen=True)
class Bytes(Kind):
    """A size such as ``500KB`` or ``1MB`` (decimal), or a plain number of bytes."""

    metavar: str = "SIZE"

    def check(self, name: str, value: Any) -> int | None:
        if value is None:
            return None
        found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmg]?)(i?)(?:b|bytes?)?", _text(value))
        size = int(Fraction(found[1]) * (1024 if found[3] else 1000) ** " kmg".index(found[2] or " ")) if found else 0
        if size < 1:
            raise OptionError(f"{name} is {given(value)}, but must be a size such as 500KB or 1MB")
        return size


@dataclass(frozen=True)
class Rate(Kind):
    """Frames a second, whole or a decimal such as 12.5."""

    metavar: str = "N"

    def check(self, name: str, value: Any) -> Fraction | None:
        if value is None:
            return None
        text = _text(value)  # with an exponent, ten letters would be a number of a gigabyte
        if not re.fullmatch(r"\d{1,9}(?:\.\d+|/0*[1-9]\d{0,8})?", text):
            raise OptionError(f"{name} is {given(value)}, but must be a number of frames a second, such as 25")
        rate = Fraction(text).limit_denominator(1001)
        if not 1 <= rate <= 100:
            raise OptionError(f"{name} is {given(value)}, but must be from 1 to 100 frames a second")
        return rate

    def show(self, value: Any) -> str:
        return "" if value is None else str(float(value) if value.denominator != 1 else value.numerator)


@dataclass(frozen=True)
class ThemeLine(Kind):
    """A theme: ``light``, ``dark``, a ``.toml`` file, a table, or its one line, which is the canonical form."""

    names: tuple[str, ...] = THEMES
    metavar: str = "light|dark|FILE.toml"

    def check(self, name: str, value: Any) -> str | None:
        if value is None or (isinstance(value, str) and value.strip().lower().endswith(".toml")):
            return value.strip() if value else None
        text = value.strip() if isinstance(value, str) else ""
        if usual := synonyms.value(text, THEMES):
            return usual
        from layeranim.theme import own  # and all colours, which a check of usual films needs not

        if isinstance(value, Mapping):
            return own.canonical(name, value)
        line = "".join(text.split())
        if not own.is_line(line):
            raise OptionError(
                f"{name} is {given(value)}{suggestion(text, THEMES)}; it must be light, dark, a .toml file, or a line "
                "such as light,accent=#RRGGBB"
            )
        return own.canonical(name, line)


@dataclass(frozen=True)
class Colour(Kind):
    """``#RGB`` or ``#RRGGBB``; of a background also ``transparent``."""

    metavar: str = "#RRGGBB|transparent"

    def check(self, name: str, value: Any) -> str | None:
        if value is None:
            return None
        from layeranim.theme import own

        return own.TRANSPARENT if _text(value) == own.TRANSPARENT else own.colour(name, value)


@dataclass(frozen=True)
class Title(Text):
    """Free text; an empty one is none."""

    def check(self, name: str, value: Any) -> str | None:
        text = super().check(name, value)
        return text if text and text.strip() else None


@dataclass(frozen=True, kw_only=True)
class FilmOptions(Config):
    """How a film looks and moves. The same names on the command line, in the manifest and in Python."""

    zoom: ClassVar[float] = 1.0
    """How many times as small everything is, so that there is room for it."""
    theme: str = option(ThemeLine(), "light", "colours of the film: light, dark, or a file with colours of your own")
    background: str | None = option(
        Colour(), None, "colour behind everything, instead of the theme's; transparent for none"
    )
    quality: str = option(
        Choice(("draft", "web", "hd")),
        "web",
        "draft 640×360 at 12.5 fps; web 1280×720 (GIF, WebP, APNG 640×360) at 25 fps; "
        "hd 1920×1080 at 50 fps (GIF, WebP, APNG 960×540 at 25)",
    )
    size: tuple[int, int] | None = option(Size(), None, "size of every picture in pixels, instead of the quality's")
    fps: Fraction | None = option(Rate(), None, "frames a second, instead of the quality's")
    pace: str = option(Choice(("slow", "normal", "fast")), "normal", "slow takes up to 1.5 times as long, fast 0.6")
    steps: str = option(Selection(), "all", "which steps to show: all, first:N or A-B")
    show: str | None = option(
        Parts(),
        None,
        "which parts of a large layer are drawn, counted from 1, such as filters=1,6,8 channels=3, tokens=7,60 or "
        "conv2=3,7, instead of those that add most to the followed number",
    )
    sample: int | None = option(
        Integer(1), None, "which one of a batch to show, counted from 1, instead of the first or of all"
    )
    follow: int | None = option(
        Integer(1), None, "which step is followed and on the poster, counted from 1, in films that follow one number"
    )
    loop: int = option(Loop(), "forever", "how often a GIF, WebP or APNG plays")
    stills: int | None = option(
        Integer(1, 48), None, "how many steps a sheet or PDF shows at most, instead of as many as fit on one page"
    )
    paper: str = option(Choice(("a4", "letter", "fit")), "a4", "page of a PDF; fit is as large as what stands on it")
    max_size: int | None = option(Bytes(), None, "fail if a film file is larger, such as 500KB")
    precision: int | None = option(Integer(0, 6), None, "decimals of every number, instead of the fitting ones")
    title: str | None = option(Title(), None, "title of the film")
    font: str | None = option(
        Text(), None, "a .ttf or .otf file for letters that the bundled font lacks, of any script"
    )
    captions: bool = option(Flag(), True, "the line of arithmetic under the stage; without it players find NAME.vtt")

    @property
    def transparent(self) -> bool:
        """Whether nothing lies behind the film."""
        return self.background == "transparent"

    def frame(self, fmt: str) -> tuple[int, int, Fraction]:
        """Width, height and frames a second of one format: GIF, WebP and APNG are half as wide as video."""
        small = fmt in ("gif", "webp", "apng")
        width, height, fps = {
            "draft": (640, 360, Fraction(25, 2)),
            "web": (640, 360, Fraction(25)) if small else (1280, 720, Fraction(25)),
            "hd": (960, 540, Fraction(25)) if small else (1920, 1080, Fraction(50)),
        }[self.quality]
        if self.size:
            width, height = self.size
        return width, height, self.fps or fps

    @property
    def canvas(self) -> Canvas:
        """What the film is laid out on: of the shape of its pictures."""
        from layeranim.canvas import WIDE, canvas  # with the typeface; who checks a manifest needs neither

        return (canvas(*self.size) if self.size else WIDE).zoomed(self.zoom)

    def zoomed(self, by: float) -> FilmOptions:
        """The same options on a canvas with more room."""
        if by == self.zoom:
            return self
        kind = type("Zoomed", (FilmOptions,), {"zoom": by, "__doc__": "A film with more room."})
        found: FilmOptions = kind(**{item.name: getattr(self, item.name) for item in fields(self)})
        return found

    @property
    def show_of(self) -> dict[str, list[int]]:
        """What ``show`` asks for: numbers from 1 by kind of part."""
        words = (word.split("=") for word in (self.show or "").split())
        return {noun: [int(number) for number in listed.split(",")] for noun, listed in words}

    def chosen(self, noun: str, count: int, most: int) -> tuple[int, ...]:
        """The places of the parts of one kind that ``show`` asks for; none where it asks for no such."""
        numbers = self.show_of.get(noun, [])
        if numbers and numbers[-1] > count:
            only = f"there are only {count} {noun}; give numbers from 1 to {count}"
            raise OptionError(f"show is {self.show}, but {only if count > 1 else f'there is only 1 of its {noun}'}")
        if len(numbers) > most:
            room = f"{most} {noun if most > 1 else noun[:-1]}"
            raise OptionError(f"show is {self.show}, but there is room for {room}; give {most} at most")
        return tuple(number - 1 for number in numbers)

    def place_in(self, batch: int) -> int:
        """The place in a batch of the one that a film shows which has room for one."""
        number = self.sample or 1
        if number > batch:
            way = "leave it out" if batch == 1 else f"give a number from 1 to {batch}"
            raise OptionError(f"sample is {number}, but the batch holds only {batch}; {way}")
        return number - 1

    def selected_of(self, batch: int, each: int) -> range:
        """The units that are shown of a film of a whole batch, ``each`` of them one's own."""
        if self.sample is None:
            return self.selected(batch * each)
        start, inner = self.place_in(batch) * each, self.selected(each)
        return range(start + inner.start, start + inner.stop)

    def selected(self, count: int) -> range:
        """The units of ``count`` that are shown."""
        if self.steps == "all":
            return range(count)
        if self.steps.startswith("first:"):
            return range(min(count, int(self.steps[6:])))
        low, high = (int(n) for n in self.steps.split("-"))
        if low > count:
            only = f"there are only {count} steps; give some from 1 to {count}" if count > 1 else "there is only 1 step"
            raise OptionError(f"steps is {self.steps}, but {only}")
        return range(low - 1, min(count, high))
