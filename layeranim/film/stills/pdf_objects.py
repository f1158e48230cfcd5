"""The objects of a PDF file: numbers, strings and streams, and the table by which a reader finds them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable
from typing import BinaryIO


class Objects:
    """The objects of a document, numbered in the order in which they are asked for."""

    def __init__(self) -> None:
        self._made: list[bytes | None] = []

    def reserve(self) -> int:
        """The number of an object that comes later."""
        self._made.append(None)
        return len(self._made)

    def put(self, number: int, text: str | bytes) -> None:
        """The object of a reserved number."""
        self._made[number - 1] = text.encode("ascii") if isinstance(text, str) else text

    def add(self, text: str | bytes) -> int:
        """One more object; returns its number."""
        made = self.reserve()
        self.put(made, text)
        return made

    def stream(self, data: bytes, entries: str = "") -> int:
        """One more object that holds data; returns its number."""
        packed = zlib.compress(data, 9)
        head = f"<< {entries} /Length {len(packed)} /Filter /FlateDecode >>\nstream\n"
        return self.add(head.encode("ascii") + packed + b"\nendstream")

    def write(self, out: BinaryIO, catalog: int, info: int) -> None:
        """Write the file. It is told from others by what is in it."""
        start = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
        digest, at, places = hashlib.sha256(start), len(start), list[int]()
        out.write(start)
        for number, made in enumerate(self._made, 1):
            if made is None:
                raise ValueError(f"object {number} was never made")
            whole = b"%d 0 obj\n%b\nendobj\n" % (number, made)
            places.append(at)
            at += len(whole)
            digest.update(whole)
            out.write(whole)
        rows = b"".join(b"%010d 00000 n \n" % place for place in places)
        count, known = len(places) + 1, digest.hexdigest()[:32]
        out.write(b"xref\n0 %d\n0000000000 65535 f \n%b" % (count, rows))
        entries = f"<< /Size {count} /Root {catalog} 0 R /Info {info} 0 R /ID [<{known}> <{known}>] >>"
        out.write(f"trailer\n{entries}\nstartxref\n{at}\n%%EOF\n".encode("ascii"))


def number(value: float) -> str:
    """A number, to a thousandth of a point."""
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def numbers(values: Iterable[float]) -> str:
    return " ".join(map(number, values))


def string(text: str) -> str:
    """A text string in UTF-16, whose bytes can be nothing but it."""
    return f"<FEFF{text.encode('utf-16-be', 'replace').hex().upper()}>"
