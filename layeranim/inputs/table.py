"""Tables of numbers: CSV and its kin, read by Python's own reader of them with a dialect that is known beforehand."""

from __future__ import annotations

import csv
import re
from array import array
from collections.abc import Iterator
from dataclasses import field
from typing import IO

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs import text
from layeranim.inputs.request import Request
from layeranim.inputs.safe import printable
from layeranim.records import dataclass

LINE = re.compile(r"\r\n|\r|\n")
QUOTED = re.compile(r'"[^"]*"')
NAMES = {"\t": "tabs", ";": "semicolons", ",": "commas", " ": "spaces"}
NAMED = "give every column a name, or none"
COLUMNS = "save it without that line (pandas: header=False), or write 0.0, 1.0, … if these are numbers"


def table(stream: IO[bytes], request: Request) -> NDArray[np.float64]:
    """A table as (rows, columns), always two axes.

    Cells are separated by what the first line has outside quotes: tabs, else semicolons, else commas (which separate
    quoted cells alone where the comma is the decimal mark), else spaces. A cell may stand in quotes. A first line in
    which nothing can be meant as a number is a header and left out, as are blank lines and lines that begin with ``#``;
    where its first cell alone is empty the first column names the rows, as pandas writes it, and is left out, too.
    What was copied from elsewhere is read as on the command line: numbers in brackets, one line such as ``1 2; 3 4``.
    """
    whole = text.decoded(stream, request)
    if text.unnamed(whole).startswith("["):
        return text.brackets(whole, request)
    told = [(n, line) for n, line in enumerate(LINE.split(whole), 1) if line.strip() and line.lstrip()[0] != "#"]
    if len(told) == 1 and _is_literal(told[0][1]):
        return text.literal(told[0][1].strip(), request)
    if not told:
        raise _empty(request)
    separator = _separator(told[0][1], request)
    rows = _Rows(request)
    for number, cells in _cells(told, separator, request):
        rows.take(number, [cell.strip() for cell in cells])
    return rows.array(separator)


def _is_literal(line: str) -> bool:
    """Whether rows with several numbers each are separated by semicolons: no table has cells like these."""
    parts = [part.replace(", ", " ").split() for part in line.split(";")]
    return len(parts) > 1 and any(len(part) > 1 and all(map(text.is_number, part)) for part in parts)


def _separator(line: str, request: Request) -> str:
    bare = QUOTED.sub("", line.strip())
    marks = "\t;," if request.decimal == "." or bare != line.strip() else "\t;"
    if line.rstrip().endswith(";") and bare.count(";") == 1:
        bare = bare[:-1]  # the end of a row, as MATLAB writes it
    return next((mark for mark in marks if mark in bare), " ")


def _cells(told: list[tuple[int, str]], separator: str, request: Request) -> Iterator[tuple[int, list[str]]]:
    """Each row's cells, with the number of the line that it ends on."""
    at = 0

    def lines() -> Iterator[str]:
        nonlocal at
        for at, line in told:  # noqa: B007
            bare = line.rstrip()
            if separator == " ":  # however many stand between two cells
                bare = " ".join(bare.removesuffix(";").split())
            yield bare

    rows = csv.reader(lines(), delimiter=separator, skipinitialspace=True, strict=True)
    while True:
        try:
            cells = next(rows, None)
        except csv.Error as error:
            rule = f"line {at} is no row of cells: {error}"
            raise request.refuse(rule, "put quotes around a whole cell, or around none") from None
        if cells is None:
            return
        yield at, cells


@dataclass
class _Rows:
    """The numbers so far, and what was noticed on the way."""

    request: Request
    numbers: array[float] = field(default_factory=lambda: array("d"))
    names: list[str] = field(default_factory=list)
    indexed: bool = False
    width: int = 0
    first: int = 0
    counted: bool = False
    pointed: bool = True
    height: int = 0

    def take(self, number: int, cells: list[str]) -> None:
        """One row: the header, or numbers."""
        opening = not self.width and not self.names
        if opening and not any(map(text.is_meant, cells)):
            self.indexed = len(cells) > 1 and not cells[0] and all(cells[1:])
            if not all(cells) and not self.indexed:
                raise self.request.refuse(f"line {number}, its header, names only some columns", NAMED)
            self.names = cells[self.indexed :]
            return
        if opening and len(cells) > 1 and not cells[0] and cells[1:] == [str(k) for k in range(len(cells) - 1)]:
            self.indexed, self.names = True, cells[1:]  # pandas' own names of rows and columns, which count
            return
        cells = cells[self.indexed :]
        if not self.width:
            self.width, self.first = len(cells), number
            self.counted = cells[:2] == ["0", "1"] and cells == [str(k) for k in range(len(cells))]
        elif self.counted:
            self.pointed = self.pointed and all("." in cell or not cell.isdigit() for cell in cells)
        row = text.numbers(cells, lambda k: self._where(number, k), self.request)
        if len(row) != self.width:
            rule = f"line {number} has {len(row)} cells, the first row has {self.width}"
            raise self.request.refuse(rule, "give all rows the same length")
        self.height += 1
        self.numbers.extend(row)

    def array(self, separator: str) -> NDArray[np.float64]:
        """All rows; what was made of the file is said."""
        if not self.numbers:
            raise _empty(self.request)
        if self.counted and self.pointed and not self.names and self.height > 1:
            rule = f"line {self.first} counts the columns, 0 to {self.width - 1}, and the rows below have decimals"
            raise self.request.refuse(f"{rule}: it looks like a header", COLUMNS)
        if self.names:
            header = printable(", ".join(self.names), 60)
            index = ", and the column of row names" if self.indexed else ""
            are = "are" if index else "is"
            self.request.say(f"the header, {header}{index}, {are} left out; cells are separated by {NAMES[separator]}")
        return np.array(self.numbers).reshape(-1, self.width)

    def _where(self, number: int, k: int) -> str:
        name = f" (column {self.names[k - 1][:20]!r})" if len(self.names) >= k else ""
        return f"line {number}, cell {k + self.indexed}{name}"


def _empty(request: Request) -> Exception:
    return request.refuse("holds no numbers", "give at least one row of numbers")
