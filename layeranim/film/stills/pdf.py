"""Pages as PDF 1.7 (ISO 32000-1): vectors, text in the bundled font's own letters, tags for who does not see them.

Written here, because the same pages must be the same bytes: no date, no name of a machine, no number drawn at random.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from layeranim.film.stills.marks import CellsMark, Colour, Curves, Mark, PathMark, TextMark
from layeranim.film.stills.pdf_fonts import Fonts
from layeranim.film.stills.pdf_objects import Objects, number, numbers, string
from layeranim.records import dataclass
from layeranim.version import __version__

SHARP = 640
"""Pixels that the longer side of a picture of cells has at least: viewers smooth what they enlarge."""
STRAIGHT = 1e-3


@dataclass(frozen=True)
class Group:
    """Marks that are one thing to who does not see them: ``kind`` is ``H1``, ``P``, or ``Figure`` with its ``alt``."""

    kind: str
    marks: Sequence[Mark]
    alt: str = ""


@dataclass(frozen=True)
class Page:
    """A page in points, from its lower left corner; ``ground`` lies behind everything, where there is one."""

    width: float
    height: float
    groups: Sequence[Group]
    ground: Colour | None = None


def write(out: BinaryIO, pages: Sequence[Page], title: str, subject: str) -> None:
    """Write the document. ``title`` and ``subject`` are what viewers show of it, and what search engines read."""
    objects = Objects()
    fonts = Fonts(
        objects, (m for page in pages for group in page.groups for m in group.marks if isinstance(m, TextMark))
    )
    resources = Resources(objects)
    catalog, tree, root, elements = (objects.reserve() for _ in range(4))
    leaves, parents, kids = [], [], []
    for place, page in enumerate(pages):
        leaf = objects.reserve()
        content = Content(page, fonts, resources)
        stream = objects.stream(content.bytes())
        own = []
        for at, group in enumerate(page.groups):
            alt = f" /Alt {string(group.alt)}" if group.alt else ""
            own.append(objects.add(f"<< /S /{group.kind} /P {elements} 0 R /Pg {leaf} 0 R /K {at}{alt} >>"))
        parents.append(f"{place} [{_refs(own)}]")
        kids += own
        box = f"[0 0 {numbers((page.width, page.height))}]"
        objects.put(leaf, f"<< /Type /Page /Parent {tree} 0 R /MediaBox {box} /Contents {stream} 0 R /Resources "
                          f"{resources.number} 0 R /StructParents {place} /Tabs /S "
                          "/Group << /S /Transparency /CS /DeviceRGB >> >>")  # fmt: skip
        leaves.append(leaf)
    resources.put(fonts)
    objects.put(tree, f"<< /Type /Pages /Kids [{_refs(leaves)}] /Count {len(leaves)} >>")
    objects.put(elements, f"<< /S /Document /P {root} 0 R /K [{_refs(kids)}] >>")
    objects.put(root, f"<< /Type /StructTreeRoot /K [{elements} 0 R] /ParentTree << /Nums [{' '.join(parents)}] >> "
                      f"/ParentTreeNextKey {len(pages)} >>")  # fmt: skip
    objects.put(catalog, f"<< /Type /Catalog /Version /1.7 /Pages {tree} 0 R /Lang (en) /MarkInfo << /Marked true >> "
                         f"/StructTreeRoot {root} 0 R /ViewerPreferences << /DisplayDocTitle true >> >>")  # fmt: skip
    maker = string(f"layeranim {__version__}")
    info = objects.add(f"<< /Title {string(title)} /Subject {string(subject)} /Creator {maker} /Producer {maker} >>")
    objects.write(out, catalog, info)


def _refs(found: Iterable[int]) -> str:
    return " ".join(f"{one} 0 R" for one in found)


class Resources:
    """What the pages share: opacities and pictures, each once."""

    def __init__(self, objects: Objects) -> None:
        self.objects, self.number = objects, objects.reserve()
        self.alphas: dict[str, str] = {}
        self.pictures: dict[str, tuple[str, int]] = {}

    def alpha(self, value: float) -> str:
        """The name of the state in which everything has that opacity."""
        return self.alphas.setdefault(number(value), f"A{len(self.alphas)}")

    def picture(self, cells: NDArray[np.uint8]) -> str:
        """The name of a picture."""
        rows, columns = cells.shape[:2]
        by = max(1, SHARP // max(rows, columns))
        key = hashlib.sha256(repr(cells.shape).encode() + cells.tobytes()).hexdigest()
        if key not in self.pictures:
            large = cells.repeat(by, axis=0).repeat(by, axis=1)
            size = f"/Type /XObject /Subtype /Image /Width {columns * by} /Height {rows * by} /BitsPerComponent 8"
            mask = ""
            if (large[..., 3] < 255).any():
                of = self.objects.stream(large[..., 3].tobytes(), f"{size} /ColorSpace /DeviceGray")
                mask = f" /SMask {of} 0 R"
            made = self.objects.stream(large[..., :3].tobytes(), f"{size} /ColorSpace /DeviceRGB{mask}")
            self.pictures[key] = f"P{len(self.pictures)}", made
        return self.pictures[key][0]

    def put(self, fonts: Fonts) -> None:
        """Let all pages find them."""
        states = " ".join(f"/{key} << /ca {value} /CA {value} >>" for value, key in self.alphas.items())
        pictures = " ".join(f"/{key} {made} 0 R" for key, made in self.pictures.values())
        letters = " ".join(f"/{key} {made} 0 R" for key, made in fonts.put().items())
        self.objects.put(
            self.number, f"<< /ExtGState << {states} >> /XObject << {pictures} >> /Font << {letters} >> >>"
        )


class Content:
    """The operators of one page; a state that is set already is not set again."""

    def __init__(self, page: Page, fonts: Fonts, resources: Resources) -> None:
        self.fonts, self.resources = fonts, resources
        self.out: list[str] = []
        self.state: dict[str, str] = {}
        if page.ground:
            self._set("fill", f"{numbers(page.ground[:3])} rg")
            self.out.append(f"/Artifact BMC 0 0 {numbers((page.width, page.height))} re f EMC")
        for at, group in enumerate(page.groups):
            self.out.append(f"/{group.kind} << /MCID {at} >> BDC")
            for mark in group.marks:
                self._draw(mark)
            self.out.append("EMC")

    def bytes(self) -> bytes:
        return "\n".join(self.out).encode("ascii")

    def _set(self, what: str, operator: str) -> None:
        if self.state.get(what) != operator:
            self.state[what] = operator
            self.out.append(operator)

    def _filled(self, colour: Colour) -> None:
        self._set("alpha", f"/{self.resources.alpha(colour[3])} gs")
        self._set("fill", f"{numbers(colour[:3])} rg")

    def _draw(self, mark: Mark) -> None:
        if isinstance(mark, TextMark):
            self._text(mark)
        elif isinstance(mark, CellsMark):
            b = mark.over
            key = self.resources.picture(mark.cells)
            self._set("alpha", f"/{self.resources.alpha(1.0)} gs")
            self.out.append(f"q {numbers((b.w, 0, 0, b.h, b.x, b.bottom))} cm /{key} Do Q")
        else:
            self._path(mark)

    def _path(self, mark: PathMark) -> None:
        if not len(mark.curves):
            return
        way = contours(mark)
        if mark.fill:
            self._filled(mark.fill)
            self.out.append(f"{way} f")
        if mark.stroke:
            self._set("alpha", f"/{self.resources.alpha(mark.stroke[3])} gs")
            self._set("stroke", f"{numbers(mark.stroke[:3])} RG")
            self._set("width", f"{number(mark.width)} w")
            self.out.append(f"{way} S")

    def _text(self, mark: TextMark) -> None:
        """Each stretch of letters on one line and of one size at once; what the font lacks as an outline, with its text
        over it where nobody sees it.
        """
        self._filled(mark.colour)
        key, shown = self.fonts.name(mark.weight), list[tuple[Any, float, float, float]]()
        for letter, size, x, y in mark.letters():
            if letter.glyph is None:
                self._show(key, mark, shown)
                shown = []
                for contour in letter.contours:
                    self.out.append(contours(PathMark(np.asarray(contour) * size + np.array([x, y]))))
                self.out += ["f"] if letter.contours else []
                code = self.fonts.code(mark.weight, letter)
                self.out.append(f"BT 3 Tr {key} {number(size)} Tf {numbers((x, y))} Td <{code:04X}> Tj 0 Tr ET")
                continue
            dx, dy = letter.shift
            if shown and (size, y + dy * size) != (shown[-1][1], shown[-1][3]):
                self._show(key, mark, shown)
                shown = []
            shown.append((letter, size, x + dx * size, y + dy * size))
        self._show(key, mark, shown)

    def _show(self, key: str, mark: TextMark, shown: Sequence[tuple[Any, float, float, float]]) -> None:
        if not shown:
            return
        (_, size, start, y), at, parts = shown[0], shown[0][2], list[str]()
        for letter, _, x, _ in shown:
            code = self.fonts.code(mark.weight, letter)
            back = round((at - x) * 1000 / size)
            if back or not parts:
                parts.append(f"{back or ''}<")
            parts[-1] += f"{code:04X}"
            at = x + self.fonts.width(mark.weight, code) * size / 1000
        row = "".join(f"{part}>" for part in parts)
        self.out.append(f"BT {key} {number(size)} Tf {numbers((start, y))} Td [{row}] TJ ET")


def contours(mark: PathMark) -> str:
    """The operators that make a path."""
    out = []
    for part, closed in mark.contours():
        out.append(f"{numbers(part[0, 0])} m")
        bent = ~_straight(part)
        last = len(part) - 1
        for i, (_, b, c, d) in enumerate(part):
            if bent[i]:
                out.append(f"{numbers((*b, *c, *d))} c")
            elif not (closed and i == last):
                out.append(f"{numbers(d)} l")
        out += ["h"] if closed else []
    return " ".join(out)


def _straight(part: Curves) -> NDArray[np.bool_]:
    """Which segments are lines."""
    a, b, c, d = (part[:, i] for i in range(4))
    off = np.maximum(np.abs(b - (a + (d - a) / 3)), np.abs(c - (a + (d - a) * 2 / 3))).max(axis=1)
    found: NDArray[np.bool_] = off < STRAIGHT
    return found
