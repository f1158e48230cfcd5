"""The letters of a document: of each weight those that stand there, under codes that lead back to their text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from layeranim.film.stills.marks import TextMark
from layeranim.film.stills.pdf_objects import Objects, string
from layeranim.typeface import Letter, Weight
from layeranim.typeface.embedded import Embedded, embedded

STEMS = {"regular": 80, "medium": 96, "semibold": 116}
"""How thick upright strokes are, in thousandths of an em."""
BOX = "[-800 -400 2600 1200]"
AT_ONCE = 100  # entries of one table of texts


class Fonts:
    """The fonts of a document, by weight. What a font lacks has a code after its own glyphs, and no outline there."""

    def __init__(self, objects: Objects, texts: Iterable[TextMark]) -> None:
        self.objects = objects
        used: dict[Weight, dict[int, str]] = {}
        lacking: dict[Weight, dict[str, float]] = {}
        for run in texts:
            mine, others = used.setdefault(run.weight, {}), lacking.setdefault(run.weight, {})
            for letter, *_ in run.letters():
                if letter.glyph is None:
                    others.setdefault(letter.text, letter.advance)
                else:
                    mine.setdefault(letter.glyph, letter.text)
        self.found: dict[Weight, Embedded] = {weight: embedded(weight, mine) for weight, mine in sorted(used.items())}
        self.texts: dict[Weight, dict[int, str]] = {}
        self.lacking: dict[Weight, dict[str, int]] = {}
        self.widths: dict[Weight, dict[int, int]] = {}
        for weight, font in self.found.items():
            self.texts[weight] = {font.numbers[glyph]: text for glyph, text in used[weight].items()}
            self.widths[weight] = dict(font.widths)
            self.lacking[weight] = {}
            for code, (text, advance) in enumerate(sorted(lacking[weight].items()), max(font.widths) + 1):
                self.lacking[weight][text] = code
                self.texts[weight][code] = text
                self.widths[weight][code] = round(1000 * advance)

    def name(self, weight: Weight) -> str:
        return f"/{weight.capitalize()}"

    def code(self, weight: Weight, letter: Letter) -> int:
        """The number by which a page shows a letter."""
        if letter.glyph is None:
            return self.lacking[weight][letter.text]
        return self.found[weight].numbers[letter.glyph]

    def width(self, weight: Weight, code: int) -> int:
        """How far it moves on by itself, in thousandths of its size."""
        return self.widths[weight][code]

    def put(self) -> dict[str, int]:
        """The objects of the fonts, by their names."""
        return {self.name(weight)[1:]: self._font(weight, font) for weight, font in self.found.items()}

    def _font(self, weight: Weight, font: Embedded) -> int:
        """A font whose codes are the numbers of its glyphs (ISO 32000-1, 9.7.4.2)."""
        add = self.objects.add
        tag = "".join(chr(ord("A") + byte % 26) for byte in hashlib.sha256(font.cff).digest()[:6])
        called = f"/{tag}+{font.name}"
        file = self.objects.stream(font.cff, "/Subtype /CIDFontType0C")
        about = add(f"<< /Type /FontDescriptor /FontName {called} /Flags 4 /FontBBox {BOX} /ItalicAngle 0 /Ascent "
                    f"{font.ascent} /Descent {font.descent} /CapHeight {font.cap} /StemV {STEMS[weight]} "
                    f"/FontFile3 {file} 0 R >>")  # fmt: skip
        widths = " ".join(str(width) for _, width in sorted(self.widths[weight].items()))
        system = "<< /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        inner = add(f"<< /Type /Font /Subtype /CIDFontType0 /BaseFont {called} /CIDSystemInfo {system} /DW 0 "
                    f"/W [0 [{widths}]] /FontDescriptor {about} 0 R >>")  # fmt: skip
        texts = self.objects.stream(_texts(self.texts[weight]).encode("ascii"))
        return add(f"<< /Type /Font /Subtype /Type0 /BaseFont {called} /Encoding /Identity-H /DescendantFonts "
                   f"[{inner} 0 R] /ToUnicode {texts} 0 R >>")  # fmt: skip


def _texts(texts: dict[int, str]) -> str:
    """The table from codes to text (ISO 32000-1, 9.10.3)."""
    rows = [f"<{code:04X}> <{string(text)[5:-1]}>" for code, text in sorted(texts.items())]
    blocks = [rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE)]
    lines = [line for block in blocks for line in (f"{len(block)} beginbfchar", *block, "endbfchar")]
    return "\n".join([
        "/CIDInit /ProcSet findresource begin", "12 dict begin", "begincmap",
        "/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def", "/CMapName /Texts def",
        "/CMapType 2 def", "1 begincodespacerange", "<0000> <FFFF>", "endcodespacerange", *lines, "endcmap",
        "CMapName currentdict /CMap defineresource pop", "end", "end", "",
    ])  # fmt: skip
