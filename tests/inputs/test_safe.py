"""What foreign text may do on a terminal: nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.inputs import printable, read


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cat.png", "cat.png"),
        ("Größe 東京 🐈.png", "Größe 東京 🐈.png"),
        ("a\x1b[2J\r\nb", "a\\x1b[2J\\x0d\\x0ab"),
        ("\u202egnp.tac", "\\u202egnp.tac"),
        ("a\u200bb\u00a0c\u2028", "a\\u200bb\\xa0c\\u2028"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("", ""),
    ],
)
def test_what_is_shown(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_the_middle_of_a_long_text_goes() -> None:
    assert printable("abcdefghij", 10) == "abcdefghij"
    assert printable("abcdefghijk", 10) == "abcd…ghijk"
    assert printable("\x00" * 4 + "xy", 10) == "\\x00…xy"
    assert printable("ab" + "\x00" * 4, 10) == "ab…\\x00"
    assert len(printable("x" * 10**6)) == 80


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(), max_size=60), st.integers(8, 60))
def test_any_text_is_shown_on_one_line_within_the_limit(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit


def test_file_names_and_contents_reach_messages_escaped(tmp_path: Path, refused: Callable[..., str]) -> None:
    evil = tmp_path / "a\x1b[31m\u202e.npz"
    np.savez(evil, **{"k\x1b[2J": np.ones(2), "other": np.ones(2)})  # type: ignore[arg-type]
    refused(lambda: read(str(evil)), "a\\x1b[31m\\u202e.npz", "k\\x1b[2J")
    refused(lambda: read(f"{evil}:k\x1b[2"), "did you mean 'k\\x1b[2J'?")
    assert read(f"{evil}:k\x1b[2J").name == "a\\x1b[31m\\u202e.npz:k\\x1b[2J"
    refused(lambda: read(str(evil)[:-4]), "no such file", "did you mean '", "a\\x1b[31m\\u202e.npz'?")
    refused(lambda: read("1 \x1b[2J\u202e"), "'\\x1b[2J\\u202e', not a number")
