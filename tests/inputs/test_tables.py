"""Tables and numbers that were printed or written elsewhere: read as they stand, or refused with the cell named."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layeranim.api import trace
from layeranim.errors import InputError
from layeranim.inputs import kernel, read

QUICK = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
POINT, COMMA = {}, {"decimal": ","}


def piped(text: str, **options: Any) -> Any:
    return read("-", stdin=io.BytesIO(text.encode()), **options)


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ('"1","2.5"\n"3","4"\n', POINT, [[1, 2.5], [3, 4]]),
        ('"a; b"\t"c"\n1\t2\n', POINT, [[1, 2]]),
        ("x1,x2\n1,2\n", POINT, [[1, 2]]),
        (",a,b\n0,1.5,2\n1,3,4\n", POINT, [[1.5, 2], [3, 4]]),
        (",0,1\n0,1.5,2\n1,3,4\n", POINT, [[1.5, 2], [3, 4]]),
        (",a,b\nanna,1.5,2\nbob,3,4\n", POINT, [[1.5, 2], [3, 4]]),
        (";a;b\n0;1,5;2\n", COMMA, [[1.5, 2]]),
        ('1, "2"\n', POINT, [[1, 2]]),
        ("1 ; 2\n3 ; 4", POINT, [[1, 2], [3, 4]]),
        ("1,5;2,5\n3;4", COMMA, [[1.5, 2.5], [3, 4]]),
        ('"1,5","2,5"\n"3","4"', COMMA, [[1.5, 2.5], [3, 4]]),
        ("1,5\t2\n", COMMA, [[1.5, 2]]),
        ("1,5 2\n-3,25  4e1\n", COMMA, [[1.5, 2], [-3.25, 40]]),
        ("1,5\n2,5\n", COMMA, [[1.5], [2.5]]),
        ("1/2,1/4\n", POINT, [[0.5, 0.25]]),
        ("0,1,2\n3,4,5\n", POINT, [[0, 1, 2], [3, 4, 5]]),
        ("1 2; 3 4", POINT, [[1, 2], [3, 4]]),
        ("1, 2; 3, 4\n", POINT, [[1, 2], [3, 4]]),
        ("1,5 2; 3 4\n", COMMA, [[1.5, 2], [3, 4]]),
        ("1;2;3", POINT, [[1, 2, 3]]),
        ("1 2;\n3 4;\n", POINT, [[1, 2], [3, 4]]),
        ("A =\n\n     1     2\n     3     4\n\n", POINT, [[1, 2], [3, 4]]),
        ("A = [1 2; 3 4]\n", POINT, [[1, 2], [3, 4]]),
        ("[[1. 2.]\n [3. 4.]]\n", POINT, [[1, 2], [3, 4]]),
        ("array([[1., 2.],\n       [3., 4.]], dtype=float32)\n", POINT, [[1, 2], [3, 4]]),
    ],
)
def test_what_a_table_means(tmp_path: Path, text: str, options: dict[str, Any], expected: Any) -> None:
    assert piped(text, **options).array.tolist() == expected
    (tmp_path / "a.txt").write_text(text, encoding="utf-8")
    assert read(str(tmp_path / "a.txt"), **options).array.tolist() == expected


@pytest.mark.parametrize(
    ("text", "options", "pieces"),
    [
        ('"1,5","2,5"\n', POINT, ("line 1, cell 1 is '1,5', not a number", "--decimal ,")),
        ("3;4\n1;2,5\n", POINT, ("line 2, cell 2 is '2,5', not a number", "--decimal ,")),
        ('a;b\n1;"2,5"\n', POINT, ("line 2, cell 2 (column 'b') is '2,5'", "--decimal ,")),
        ('"1,234","5"\n', POINT, ("line 1, cell 1 is '1,234'", "leave out commas between thousands")),
        ("1,5; 2,5", POINT, ("line 1, cell 1 is '1,5'", "--decimal ,")),
        ("1.234,5;2\n", POINT, ("line 1, cell 1 is '1.234,5'", "--decimal ,")),
        ("1.234,5;2\n", COMMA, ("line 1, cell 1 is '1.234,5'", "leave out those between thousands")),
        ("1.5;2\n", COMMA, ("line 1, cell 1 is '1.5'", "no point is read")),
        ("1 234,5;2\n", COMMA, ("line 1, cell 1 is '1 234,5', not a number",)),
        ("1'234;2\n", POINT, ("line 1, cell 1 is '1'234', not a number",)),
        ("5 %;2\n", POINT, ("line 1, cell 1 is '5 %', not a number",)),
        ("a,,b\n0,1.5,2\n", POINT, ("line 1, its header, names only some columns", "give every column a name")),
        (",a,b\n0,1.5,x\n", POINT, ("line 2, cell 3 (column 'b') is 'x'",)),
        ("0,1\n0.5,1.5\n2.0,1.0\n", POINT, ("line 1 counts the columns, 0 to 1", "header=False")),
        ('"1"2,3\n', POINT, ("line 1 is no row of cells", "put quotes around a whole cell")),
        ('1,2\n"3,4\n', POINT, ("line 2 is no row of cells", "put quotes around a whole cell")),
        ("1,1/0\n", POINT, ("line 1, cell 2, '1/0', divides by 0",)),
        ("1,2/x\n", POINT, ("line 1, cell 2 is '2/x', not a number",)),
        ("[[1 2 ... 9]]", POINT, ("leaves numbers out with …", "print all of them")),
    ],
)
def test_refused_tables(
    refused: Callable[..., str], text: str, options: dict[str, Any], pieces: tuple[str, ...]
) -> None:
    refused(lambda: piped(text, **options), *pieces)


CELLS = st.floats(allow_nan=False, allow_infinity=False, width=32)


@QUICK
@given(
    st.integers(1, 4).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=4)),
    st.sampled_from(["\t", ";", ","]),
    st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.booleans(),
    st.booleans(),
)
def test_what_pythons_writer_writes_comes_back(
    rows: list[list[float]], delimiter: str, quoting: Any, header: bool, comma: bool
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, quoting=quoting)
    if header:
        writer.writerow([f"c{k}" for k in range(len(rows[0]))])
    writer.writerows([[repr(x).replace(".", ",") if comma else repr(x) for x in row] for row in rows])
    if comma and delimiter == "," and quoting == csv.QUOTE_MINIMAL:
        return  # a cell without a fraction stands unquoted beside quoted ones: a dialect of nobody's
    found = piped(stream.getvalue(), decimal="," if comma else ".")
    assert found.array.tolist() == rows
    assert any("header" in said for said in found.said) == header


@QUICK
@given(st.integers(1, 3), st.integers(0, 10**6), st.sampled_from([np.float64, np.float32, np.int64]))
def test_what_numpy_prints_comes_back(ndim: int, seed: int, kind: Any) -> None:
    rng = np.random.default_rng(seed)
    array = (rng.normal(size=rng.integers(1, 4, size=ndim)) * 10.0 ** rng.integers(-3, 6)).astype(kind)
    with np.printoptions(floatmode="unique", suppress=False):
        for text in (str(array), repr(array), f"x = {array!r}"):
            assert np.array_equal(read(text).array.astype(kind), array), text


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1/9 1/9; 1/9 1/9", [[1 / 9, 1 / 9], [1 / 9, 1 / 9]]),
        ("-1/2 .5/2 1e1/4", [-0.5, 0.25, 2.5]),
        ("[1 2; 3 4]", [[1, 2], [3, 4]]),
        ("[1, 2; 3, 4]", [[1, 2], [3, 4]]),
        ("[1;2]", [[1], [2]]),
        ("A = [1 2\n     3 4];", [[1, 2], [3, 4]]),
        ("A =\n\n   1   2\n   3   4\n", [[1, 2], [3, 4]]),
        ("1 2\n3 4", [[1, 2], [3, 4]]),
        ("[1 2 3]", [1, 2, 3]),
        ("tensor([[1., 2.]], grad_fn=<AddBackward0>)", [[1, 2]]),
        ("np.array([[1, 2], [3, 4]])", [[1, 2], [3, 4]]),
        ("[[1/2, 1/4]]", [[0.5, 0.25]]),
    ],
)
def test_what_is_copied_from_elsewhere_is_a_literal(text: str, expected: Any) -> None:
    found = read(text)
    assert found.array.tolist() == expected
    assert (found.name, found.kind) == ("literal", "literal")
    assert kernel(text).array.tolist() == expected


def test_a_decimal_comma_in_a_literal() -> None:
    assert read("1,5 2; 3 4,25", decimal=",").array.tolist() == [[1.5, 2], [3, 4.25]]
    with pytest.raises(InputError, match=re.escape("value 2 is '2.5', not a number; with the decimal comma no point")):
        read("1,5 2.5", decimal=",")


def test_the_decimal_mark_is_an_option_of_every_array() -> None:
    made = trace("dense", input="1,5 2", weight="0,5 1; 2 0,25", bias_values="0,5 1", decimal=",")
    assert made["output"].tolist() == [[3.25, 4.5]]


def test_an_index_that_is_left_out_is_said() -> None:
    (said,) = piped(",a,b\n0,1,2\n").said
    assert said == "the header, a, b, and the column of row names, are left out; cells are separated by commas"
