"""Numbers written as text: one literal, a CSV, a JSON. All of it becomes float64, true and false alone bool."""

from __future__ import annotations

import json
import math
import os
import re
from array import array
from itertools import chain
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import Request

_NUMBER = re.compile(r"[+-]?(?:(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?|nan|inf(?:inity)?)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*,\s*|\s+")


def is_number(token: str) -> bool:
    """Whether ``token`` is a decimal number, ``nan`` or ``inf`` in ASCII (a typographic minus counts as ``-``)."""
    return len(token) <= 1000 and _NUMBER.fullmatch(token.replace("−", "-")) is not None


def truths(text: str) -> bool:
    """Whether a text holds ``true`` and ``false`` alone, in any case, between what separates numbers."""
    words = {word.lower() for word in re.split(r"[\s,;]+", text) if word}
    return bool(words) and words <= {"true", "false"}


def number(token: str, where: str, request: Request) -> float:
    """The float64 nearest to ``token``."""
    if not is_number(token):
        rule = f"{where} is '{token[:40]}', not a number" if token else f"{where} is left out"
        raise request.refuse(rule, "write numbers such as -1.5 or 2e3; nan for a missing one")
    value = float(token.replace("−", "-"))
    if math.isinf(value) and "n" not in token.lower():
        raise request.refuse(f"{where}, '{token[:40]}', is beyond float64", "scale it below 1.8e308, or write inf")
    return value


def literal(text: str, request: Request) -> NDArray[Any]:
    """Values by space or comma, rows by ``;``, planes by ``;;``; the deepest of them says how many axes there are.

    ``1 2 3`` is (3,), ``1 2; 3 4`` is (2, 2), ``1 2; 3 4;; 5 6; 7 8`` is (2, 2, 2). One separator may end the text:
    ``1 2 3;`` is one row, (1, 3). ``true`` and ``false`` alone make an array of them.
    """
    request.check_size("the literal", len(text), request.limits.text, "characters")
    if truths(text):
        numbers = literal(
            re.sub(r"(?i)true|false", lambda word: "1" if word[0].lower() == "true" else "0", text), request
        )
        return numbers.astype(bool)
    if "\n" in text or "\r" in text:
        raise request.refuse("has a line break", "put ; between rows and ;; between planes")
    if ";" not in text:
        return np.array(_values(text, "", request))
    if ";;" not in text:
        return np.array(_rows(text, "", request))
    planes = [_rows(plane, f"plane {index}, ", request) for index, plane in enumerate(_split(text, ";;"), 1)]
    for index, plane in enumerate(planes[1:], 2):
        for fact, first, other in (("rows", planes[0], plane), ("values in a row", planes[0][0], plane[0])):
            if len(first) != len(other):
                rule = f"plane {index} has {len(other)} {fact}, plane 1 has {len(first)}"
                raise request.refuse(rule, "give all planes the same shape")
    return np.array(planes)


def _split(text: str, separator: str) -> list[str]:
    parts = text.split(separator)
    return parts[:-1] if len(parts) > 1 and not parts[-1].strip() else parts


def _rows(text: str, where: str, request: Request) -> list[array[float]]:
    rows = [_values(row, f"{where}row {index}, ", request) for index, row in enumerate(_split(text, ";"), 1)]
    for index, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            rule = f"{where}row {index} has {len(row)} values, row 1 has {len(rows[0])}"
            raise request.refuse(rule, "give all rows the same length")
    return rows


def _values(row: str, where: str, request: Request) -> array[float]:
    return _numbers(_BETWEEN.split(row.strip()), f"{where}value", request)


def _numbers(tokens: list[str], where: str, request: Request) -> array[float]:
    """All tokens as numbers; a thousand at a time, so that one that is none is soon found among millions."""
    values = array("d")
    for start in range(0, len(tokens), 1000):
        some = tokens[start : start + 1000]
        try:
            found = list(map(float, some))
        except ValueError:
            found = [math.inf]
        # float() also reads 1_000, other alphabets' digits and 1e999: what might be one of these is read by the rule
        if not all(map(math.isfinite, found)) or any("_" in token or not token.isascii() for token in some):
            found = [number(token.strip(), f"{where} {index}", request) for index, token in enumerate(some, start + 1)]
        values.extend(found)
    return values


def csv(stream: IO[bytes], request: Request) -> NDArray[np.float64]:
    """A table as (rows, columns), always two axes.

    Cells are separated by what the first line has: tabs, else semicolons, else commas, else spaces. A first line
    without any number is a header and skipped; blank lines and lines that begin with ``#`` are skipped.
    """
    numbers = array("d")
    width = 0
    separator: str | None = None
    opened = False
    for position, line in enumerate(re.split(r"\r\n|\r|\n", _text(stream, request)), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not opened:
            separator = next((mark for mark in "\t;," if mark in line), None)
        cells = line.replace('"', "").split(separator)
        if not opened and not any(is_number(cell.strip()) for cell in cells):
            opened = True
            if not all(map(str.strip, cells)):
                rule = f"line {position}, its header, names only some columns"
                raise request.refuse(rule, "save the table without its index column (pandas: index=False)")
            continue
        opened = True
        row = _numbers(cells, f"line {position}, cell", request)
        width = width or len(row)
        if len(row) != width:
            rule = f"line {position} has {len(row)} cells, the first row has {width}"
            raise request.refuse(rule, "give all rows the same length")
        numbers.extend(row)
    if not numbers:
        raise request.refuse("holds no numbers", "give at least one row of numbers")
    return np.array(numbers).reshape(-1, width)


def json_file(stream: IO[bytes], request: Request) -> NDArray[Any]:
    """Nested lists of numbers in a JSON file; ``NaN``, ``Infinity`` and ``-Infinity`` are read too."""
    return json_text(_text(stream, request), request)


def json_text(text: str, request: Request) -> NDArray[Any]:
    """Nested lists of numbers in JSON; as deep as the lists are nested, as many axes there are."""
    request.check_size("the JSON", len(text), request.limits.text, "characters")
    written: list[str] = []  # the infinities that were meant; any other comes from a number beyond float64

    def constant(name: str) -> float:
        written.append(name)
        return float(name)

    rule, remedy = "is not JSON", "write nested lists of numbers, such as [[1, 2], [3, 4]]"
    with request.decoding(rule + ", or is nested too deep", remedy):
        level: list[Any] = [json.loads(text, parse_int=float, parse_constant=constant)]
    shape: list[int] = []
    while set(map(type, level)) == {list}:
        length = len(level[0])
        if set(map(len, level)) != {length}:
            at = next(index for index, entry in enumerate(level) if len(entry) != length)
            which = f"list {at + 1} at depth {len(shape) + 1}"
            rule = f"{which} has {len(level[at])} entries, the first has {length}"
            raise request.refuse(rule, "give all lists of one depth the same length")
        shape.append(length)
        level = list(chain.from_iterable(level))
    strangers = [value for value in level if type(value) is not float]
    if level and all(type(value) is bool for value in level):
        request.check_shape(shape)
        return np.array(level).reshape(shape)
    if strangers:
        raise request.refuse(f"holds {_json_name(strangers[0])} among its numbers", remedy)
    request.check_shape(shape)
    numbers = np.array(level).reshape(shape)
    if np.count_nonzero(np.isinf(numbers)) > sum(name != "NaN" for name in written):
        raise request.refuse("holds a number beyond float64", "scale it below 1.8e308, or write Infinity")
    return numbers


def _json_name(value: object) -> str:
    names = {list: "a list", dict: "an object", str: "text", bool: "true or false", type(None): "null"}
    return names[type(value)]


def _text(stream: IO[bytes], request: Request) -> str:
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    request.check_size("the text", size, request.limits.text)
    try:
        return stream.read(size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise request.refuse(f"is not UTF-8 text, byte {error.start}", "save it as UTF-8") from error
