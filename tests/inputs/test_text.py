"""Literals, CSV and JSON: what they mean, and each way in which they are refused."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.errors import InputError
from layeranim.inputs import Limits, read

QUICK = settings(max_examples=60, deadline=None, derandomize=True, database=None)
NUMBERS = st.floats(allow_nan=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", [5]),
        ("1 2 3", [1, 2, 3]),
        ("1,2,3", [1, 2, 3]),
        (" 1, 2 ,3 ", [1, 2, 3]),
        ("1 2 3;", [[1, 2, 3]]),
        ("1; 2; 3", [[1], [2], [3]]),
        ("1 2 3; 4 5 6", [[1, 2, 3], [4, 5, 6]]),
        ("1 2; 3 4;", [[1, 2], [3, 4]]),
        ("1 2; 3 4;; 5 6; 7 8", [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]),
        ("1 2;;", [[[1, 2]]]),
        ("1\t2;3\t4", [[1, 2], [3, 4]]),
        ("-1.5 +.5 2. 1e3 -2E-2", [-1.5, 0.5, 2, 1000, -0.02]),
        ("−1 0 1", [-1, 0, 1]),
        ("[[1, 2], [3, 4]]", [[1, 2], [3, 4]]),
        (" [1.5, -2]", [1.5, -2]),
    ],
)
def test_what_a_literal_means(text: str, expected: Any) -> None:
    found = read(text)
    assert found.array.tolist() == expected
    assert found.array.dtype == np.float64
    assert (found.name, found.kind) == ("literal", "literal")


def test_special_numbers_of_a_literal_pass() -> None:
    values = read("nan inf -Infinity -0.0 5e-324 1e308").array
    assert np.isnan(values[0])
    assert values[1:].tolist() == [math.inf, -math.inf, 0.0, 5e-324, 1e308]
    assert math.copysign(1, values[3]) == -1


@QUICK
@given(st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(NUMBERS, min_size=n, max_size=n), min_size=1, max_size=4)))
def test_every_matrix_survives_being_written(rows: list[list[float]]) -> None:
    text = ";".join(" ".join(map(repr, row)) for row in rows) + ";"
    written = np.array(rows)
    assert read(text).array.tobytes() == written.tobytes()
    assert read(repr(rows).replace("inf", "Infinity")).array.tobytes() == written.tobytes()


@QUICK
@given(st.text("0123456789 ,;.-+eEnaif[]_x\t\n\u0663−", max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    message = ""
    try:
        assert read(text).array.size > 0
    except InputError as error:
        message = str(error)
    assert message.isprintable()


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("1 2 3; 4 5", ("input '1 2 3; 4 5': row 2 has 2 values, row 1 has 3", "same length")),
        ("1 2; 3 4;; 5 6; 7", ("plane 2, row 2 has 1 values, row 1 has 2", "same length")),
        ("1 2; 3 4;; 5 6", ("plane 2 has 1 rows, plane 1 has 2", "same shape")),
        ("1 2;; 5 6 7", ("plane 2 has 3 values in a row, plane 1 has 2", "same shape")),
        ("1 2 x", ("value 3 is 'x', not a number", "nan for a missing one")),
        ("1 2; 3 x", ("row 2, value 2 is 'x', not a number",)),
        ("1,,2", ("value 2 is left out", "nan for a missing one")),
        ("1;;;2", ("plane 2, row 1, value 1 is left out",)),
        (";1 2", ("row 1, value 1 is left out",)),
        ("1 2\n3 4 5", ("row 2 has 3 values, row 1 has 2",)),
        ("2 1_000", ("value 2 is '1_000', not a number",)),
        ("1 ٣", ("value 2 is '٣', not a number",)),
        ("1 1e999", ("'1e999', is beyond float64", "write inf")),
        ("1 0x10", ("'0x10', not a number",)),
        ("1 " + "9" * 2000, ("not a number",)),
        ("[1, [2]]", ("holds a list among its numbers", "nested lists of numbers")),
        ("[[1, 2], [3]]", ("list 2 at depth 2 has 1 entries, the first has 2", "same length")),
        ("[1, null]", ("holds null among its numbers",)),
        ("[true, 1]", ("holds true or false among its numbers",)),
        ('["1"]', ("holds text among its numbers",)),
        ("[1, 1e999]", ("a number beyond float64", "Infinity")),
        ("[Infinity, 1e999]", ("a number beyond float64",)),
        ("[1, 2", ("is not JSON", "[[1, 2], [3, 4]]")),
        ("[]", ("is empty, its shape is (0)",)),
        ("[[], []]", ("is empty, its shape is (2, 0)",)),
        ("[" * 9 + "1" + "]" * 9, ("has 9 axes, at most 8",)),
        ("[" * 100_000, ("nested too deep",)),
    ],
)
def test_refused_literals(refused: Callable[..., str], text: str, pieces: tuple[str, ...]) -> None:
    refused(lambda: read(text), "input '", *pieces)


def test_a_literal_over_the_limit_is_not_parsed(refused: Callable[..., str]) -> None:
    tiny = Limits(size=640)
    refused(lambda: read("1 " * 6, limits=tiny), "takes 12 characters, the limit is 10", "--max-memory")
    refused(lambda: read("[1, 2, 3, 4]", limits=tiny), "takes 12 characters, the limit is 10", "--max-memory")
    assert read("1 2 3", limits=tiny).array.size == 3


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.csv", "1,2\n3,4\n", [[1, 2], [3, 4]]),
        ("a.csv", "1,2,3", [[1, 2, 3]]),
        ("a.csv", "1\n2\n", [[1], [2]]),
        ("a.csv", "width,height\r\n1, 2\r\n\r\n3,4\r\n", [[1, 2], [3, 4]]),
        ("a.csv", "1;2\n3;4", [[1, 2], [3, 4]]),
        ("a.csv", '"1","2.5"\n', [[1, 2.5]]),
        ("a.tsv", "a\tb\n1\t2\n", [[1, 2]]),
        ("a.txt", "# 7 8\n1.0e+00  2.0e+00\n  # 9\n 3 -4\n", [[1, 2], [3, -4]]),
        ("a.CSV", "\ufeff1,2\n", [[1, 2]]),
        ("a.csv", "1,inf\n-inf,−0.5\n", [[1, math.inf], [-math.inf, -0.5]]),
        ("a.json", "[[1, 2.5], [Infinity, -3e2]]\n", [[1, 2.5], [math.inf, -300]]),
        ("a.json", "\ufeff[1]", [1]),
    ],
)
def test_what_a_table_or_json_means(tmp_path: Path, name: str, text: str, expected: Any) -> None:
    (tmp_path / name).write_bytes(text.encode())
    found = read(str(tmp_path / name))
    assert found.array.tolist() == expected
    assert found.array.dtype == np.float64
    assert (found.name, found.kind) == (name, "file")
    piped = read("-", stdin=io.BytesIO(text.encode()))
    assert piped.array.tolist() == expected


def test_nan_is_a_missing_value(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,NaN\n")
    (tmp_path / "a.json").write_text("[NaN, 1]")
    assert np.isnan(read(str(tmp_path / "a.csv")).array).tolist() == [[False, True]]
    assert np.isnan(read(str(tmp_path / "a.json")).array).tolist() == [True, False]


def test_numpys_own_text_files_come_back(tmp_path: Path) -> None:
    values = np.random.default_rng(1).normal(size=(4, 3))
    np.savetxt(tmp_path / "a.txt", values, header="three columns")
    np.savetxt(tmp_path / "b.csv", values, delimiter=",", fmt="%.17g")
    assert np.array_equal(read(str(tmp_path / "a.txt")).array, values)
    assert np.array_equal(read(str(tmp_path / "b.csv")).array, values)


@pytest.mark.parametrize(
    ("name", "data", "pieces"),
    [
        ("a.csv", b"1,2\n3\n", ("line 2 has 1 cells, the first row has 2", "same length")),
        ("a.csv", b"1,2\n3,x\n", ("line 2, cell 2 is 'x', not a number",)),
        ("a.csv", b"a,2\n3,4\n", ("line 1, cell 1 is 'a', not a number",)),
        ("a.csv", b"1,\n", ("line 1, cell 2 is left out", "nan")),
        ("a.csv", b"1,2_0\n", ("line 1, cell 2 is '2_0', not a number",)),
        ("a.csv", b"1;2,5\n", ("line 1, cell 2 is '2,5', not a number",)),
        ("a.csv", b"a,\n0,1\n", ("line 1, its header, names only some columns", "a name, or none")),
        ("a.csv", b"a,b\nc,d\n", ("line 2, cell 1 (column 'a') is 'c', not a number",)),
        ("a.csv", b"a,b\n", ("holds no numbers", "at least one row")),
        ("a.csv", b"\n \n", ("holds no numbers",)),
        ("a.csv", b"1,1e400\n", ("line 1, cell 2, '1e400', is beyond float64",)),
        ("a.csv", b"1,\x00\n", ("not a number",)),
        ("a.csv", b"\xff\xfe1\x00", ("is not UTF-8 text, byte 0", "save it as UTF-8")),
        ("a.csv", b"1,\x1b[31m\n", ("'\\x1b[31m', not a number",)),
        ("a.json", b'{"a": [1]}', ("holds an object among its numbers", "nested lists")),
        ("a.json", b"3", ("is a single number", "[[7]]")),
        ("a.json", b"[1, " + b"9" * 5000 + b"]", ("beyond float64",)),
        ("a.json", b"\x80", ("is not UTF-8 text",)),
        ("a.json", b"[" * 200_000, ("nested too deep",)),
    ],
)
def test_refused_tables_and_json(
    refused: Callable[..., str], tmp_path: Path, name: str, data: bytes, pieces: tuple[str, ...]
) -> None:
    (tmp_path / name).write_bytes(data)
    refused(lambda: read(str(tmp_path / name), what="weight"), "weight '", name, *pieces)


def test_text_over_the_limit_is_not_read(refused: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("1,2\n" * 10)
    refused(
        lambda: read(str(tmp_path / "a.csv"), limits=Limits(size=64 * 39)),
        "the text takes 40 bytes, the limit is 39",
        "--max-memory SIZE",
    )
    assert read(str(tmp_path / "a.csv"), limits=Limits(size=64 * 40)).array.shape == (10, 2)


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("true false", [True, False]),
        ("True,FALSE; false,true", [[True, False], [False, True]]),
        ("true;", [[True]]),
        ("true false;; false true", [[[True, False]], [[False, True]]]),
        ("[[true, false], [false, true]]", [[True, False], [False, True]]),
    ],
)
def test_truth_values_can_be_written(text: str, values: list[Any]) -> None:
    found = read(text).array
    assert found.dtype == bool
    assert found.tolist() == values


@pytest.mark.parametrize("text", ["true 1", "1 true", "true yes", "[true, 1]", "true; false true"])
def test_truth_values_stand_alone(refused: Callable[..., str], text: str) -> None:
    refused(lambda: read(text), "input '")
