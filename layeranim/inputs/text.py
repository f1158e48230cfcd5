"""Numbers written as text: a literal, JSON, what NumPy and MATLAB print; float64, true and false alone bool."""

from __future__ import annotations

import json
import math
import os
import re
from array import array
from collections.abc import Callable, Sequence
from itertools import chain
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.request import MAX_AXES, Request

LISTS = "write nested lists of numbers, such as [[1, 2], [3, 4]]"

_PLAIN = r"(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:e[+-]?[0-9]+)?"
_NUMBER = re.compile(rf"[+-]?(?:{_PLAIN}(?:/{_PLAIN})?|nan|inf(?:inity)?)", re.IGNORECASE)
_BETWEEN = {".": re.compile(r"\s*,\s*|\s+"), ",": re.compile(r"\s+")}
_SAID = re.compile(r"\s*(?:[A-Za-z_]\w*\s*=(?!=)\s*)?(?:(?:\w+\.)?(?:as)?(?:array|tensor|matrix)\s*\(\s*(?=\[))?")
_DTYPE = re.compile(r"\s*(?:,\s*(?:dtype|device|requires_grad|grad_fn)\s*=[^\[\]]*)?\)?\s*;?\s*")
_MARKS = re.compile(r"[\s,._'’%€$£¥]")
_MATLAB = re.compile(r"\s*\w+\s*=\s*\[")
_SHORTENED = re.compile(r"\.\.\.|…")


def is_number(token: str) -> bool:
    """Whether ``token`` is a decimal number, a fraction of two, ``nan`` or ``inf``; ASCII but for a typographic −."""
    return len(token) <= 1000 and _NUMBER.fullmatch(token.replace("−", "-")) is not None


def truths(text: str) -> bool:
    """Whether a text holds ``true`` and ``false`` alone, in any case, between what separates numbers."""
    words = {word.lower() for word in re.split(r"[\s,;]+", text) if word}
    return bool(words) and words <= {"true", "false"}


def is_meant(token: str) -> bool:
    """Whether ``token`` is a number to a reader, however it is written: with thousands apart, a comma, a unit."""
    return is_number(_MARKS.sub("", token))


def number(token: str, where: str, request: Request) -> float:
    """The float64 nearest to ``token``."""
    plain = token
    if request.decimal == "," and "." not in token:
        plain = token.replace(",", ".")
    elif request.decimal == ",":
        plain = ""
    if not is_number(plain):
        rule = f"{where} is '{token[:40]}', not a number" if token else f"{where} is left out"
        raise request.refuse(rule, _remedy(token, request))
    above, _, below = plain.replace("−", "-").partition("/")
    if below and not float(below):
        raise request.refuse(f"{where}, '{token[:40]}', divides by 0", "write inf or nan if that is meant")
    value = float(above) / float(below) if below else float(above)
    if math.isinf(value) and "n" not in token.lower():
        raise request.refuse(f"{where}, '{token[:40]}', is beyond float64", "scale it below 1.8e308, or write inf")
    return value


def _remedy(token: str, request: Request) -> str:
    """What would work instead of a token that is no number."""
    if request.decimal == "," and is_number(token.replace(".", "").replace(",", ".")):
        return "with the decimal comma no point is read: leave out those between thousands"
    if "," in token and is_number(token.replace(".", "").replace(",", "")):
        return "leave out commas between thousands; where the comma is the decimal mark, say so: --decimal ,"
    return "write numbers such as -1.5 or 2e3; nan for a missing one"


def unnamed(text: str) -> str:
    """``text`` without the words in front of numbers that were printed: ``A =``, ``array(``, ``tensor(``."""
    return text[_SAID.match(text[:200]).end() :]  # type: ignore[union-attr]


def literal(text: str, request: Request) -> NDArray[Any]:
    """Values by space or comma, rows by ``;`` or a line break, planes by ``;;``; the deepest says how many axes.

    ``1 2 3`` is (3,), ``1 2; 3 4`` is (2, 2), ``1 2; 3 4;; 5 6; 7 8`` is (2, 2, 2). One separator may end the text:
    ``1 2 3;`` is one row, (1, 3). ``true`` and ``false`` alone make an array of them.
    """
    request.check_size("the literal", len(text), request.limits.text, "characters")
    text = re.sub(r"\s*;?\s*[\r\n]+\s*", "; ", unnamed(text).strip())
    if truths(text):
        told = re.sub(r"(?i)true|false", lambda word: "1" if word[0].lower() == "true" else "0", text)
        return literal(told, request).astype(bool)
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
    tokens = _BETWEEN[request.decimal].split(row.strip())
    return numbers(tokens, lambda k: f"{where}value {k}", request)


def numbers(tokens: list[str], where: Callable[[int], str], request: Request) -> array[float]:
    """All tokens as numbers; a thousand at a time, so that one that is none is soon found among millions.

    ``where`` names the place of the k-th, counted from 1.
    """
    values = array("d")
    for start in range(0, len(tokens), 1000):
        some = tokens[start : start + 1000]
        try:
            found = list(map(float, some))
        except ValueError:
            found = [math.inf]
        # float() also reads 1_000, other alphabets' digits and 1e999: what might be one of these is read by the rule
        joined = "".join(some)
        strange = not joined.isascii() or "_" in joined or (request.decimal == "," and "." in joined)
        if strange or not all(map(math.isfinite, found)):
            found = [number(token.strip(), where(index), request) for index, token in enumerate(some, start + 1)]
        values.extend(found)
    return values


def json_file(stream: IO[bytes], request: Request) -> NDArray[Any]:
    """Nested lists of numbers in a JSON file, or numbers in brackets as NumPy and MATLAB print them."""
    return brackets(decoded(stream, request), request)


def brackets(text: str, request: Request) -> NDArray[Any]:
    """Numbers in brackets: JSON, what NumPy and PyTorch print, MATLAB's ``[1 2; 3 4]``.

    As deep as brackets are nested, as many axes there are; of MATLAB's as many as of the literal within.
    """
    request.check_size("the text in brackets", len(text), request.limits.text, "characters")
    body = unnamed(text).strip()
    if _SHORTENED.search(body):
        rule = "leaves numbers out with …"
        raise request.refuse(rule, "print all of them (np.set_printoptions(threshold=10**6)), or save the array")
    end = body.rfind("]") + 1
    if end and _DTYPE.fullmatch(body[end:]):
        body = body[:end]
    rows = ";" in body or ("\n" in body and _MATLAB.match(text))  # NumPy breaks the line of one row too
    if rows and body.count("[") == 1 and body.endswith("]"):
        return literal(body[1:-1], request)
    written: list[str] = []
    level = _json(body, written)
    if level is not None:
        return _nested(level, request, lambda flat: _floats(flat, written, request))
    printed = _printed(body)
    if printed is None:
        raise request.refuse("is not JSON, or is nested too deep", LISTS)
    return _nested(printed, request, lambda tokens: numbers(tokens, lambda k: f"number {k}", request))


def _printed(body: str) -> list[Any] | None:
    """The nested lists that spaces separate, of words still; nothing where brackets do not match."""
    if not re.fullmatch(r"\[[^\"'{}():;]*\]", body):
        return None
    top: list[Any] = []
    stack = [top]
    for token in re.findall(r"\[|\]|[^\s,\[\]]+", body):
        if token == "[":
            stack.append([])
            stack[-2].append(stack[-1])
        elif token != "]":
            stack[-1].append(token)
        elif len(stack) == 1:
            return None
        else:
            stack.pop()
        if len(stack) > MAX_AXES + 1:
            return None
    return top if len(stack) == 1 and len(top) == 1 else None


def _json(text: str, written: list[str]) -> list[Any] | None:
    """JSON's value in a list, if it is any; ``written`` gets every NaN, Infinity and -Infinity, which are read too."""

    def constant(name: str) -> float:
        written.append(name)
        return float(name)

    try:
        return [json.loads(text, parse_int=float, parse_constant=constant)]
    except (ValueError, RecursionError, OverflowError):
        return None


def _nested(level: list[Any], request: Request, read: Callable[[list[Any]], Sequence[float]]) -> NDArray[Any]:
    """Lists of lists, all of one depth alike, as an array; ``read`` makes numbers of what is innermost."""
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
    strangers = [value for value in level if isinstance(value, list)]
    if strangers:
        raise request.refuse("holds a list among its numbers", LISTS)
    found = read(level)
    request.check_shape(shape)
    return np.array(found).reshape(shape)


def _floats(level: list[Any], written: Sequence[str], request: Request) -> list[float]:
    """The numbers themselves, of which no more are infinite than were ``written`` so."""
    if level and all(type(value) is bool for value in level):
        return level
    strangers = [value for value in level if type(value) is not float]
    if strangers:
        raise request.refuse(f"holds {_json_name(strangers[0])} among its numbers", LISTS)
    if sum(map(math.isinf, level)) > sum(name != "NaN" for name in written):
        raise request.refuse("holds a number beyond float64", "scale it below 1.8e308, or write Infinity")
    return level


def _json_name(value: object) -> str:
    names = {list: "a list", dict: "an object", str: "text", bool: "true or false", type(None): "null"}
    return names[type(value)]


def decoded(stream: IO[bytes], request: Request) -> str:
    """A whole file of text."""
    size = stream.seek(0, os.SEEK_END)
    stream.seek(0)
    request.check_size("the text", size, request.limits.text)
    try:
        return stream.read(size).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise request.refuse(f"is not UTF-8 text, byte {error.start}", "save it as UTF-8") from error
