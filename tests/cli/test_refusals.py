"""What a user can get wrong: one line with the rule and what would work, code 2, nothing written."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.clocks import quick

WRONG: list[tuple[str, tuple[str, ...]]] = [
    # options and shapes
    ("render conv --stride 0", ("stride is 0", "at least 1")),
    ("render conv --dilation 0", ("dilation is 0", "at least 1")),
    ("render conv --padding -1", ("padding is -1", "at least 0")),
    ("render conv --stride two", ("stride is 'two'", "whole number")),
    ("trace conv --stride x", ("stride is 'x'", "whole number")),
    ("render conv --input ones:3x3 --kernel ones:5x5", ("kernel", "5", "3")),
    ("trace conv --input ones:3x3 --kernel ones:5x5", ("kernel", "5", "3")),
    ("render conv --padding same --stride 2", ("padding is same", "stride is 2", "padding 1,1,1,1", "keras")),
    ("render conv --input ones:3x4x4 --filters 4 --groups 2", ("groups is 2", "divide in_channels", "3")),
    (
        "render conv --input ones:2x2x2x2x2",
        ("input has shape 2×2×2×2×2", "5 axes", "(batch, in_channels, height, width)"),
    ),
    ("render conv --no-bias --bias-values 1", ("bias", "leave out one")),
    ("render conv --theme drak", ("theme is 'drak'", "did you mean dark?", "light, dark")),
    ("render conv --size 63x63", ("size is 63x63", "at least 64x64")),
    ("render conv --size 127x127 -f mp4", ("127x127", "126x126 or 128x128")),
    ("render conv --steps 5-2", ("steps is '5-2'", "1 ≤ A ≤ B")),
    ("render conv --steps 50-60", ("steps is 50-60", "only 9 steps", "from 1 to 9")),
    ("render conv --fps nan", ("fps is 'nan'", "frames a second")),
    ("render conv --fps 1e99999999", ("fps is '1e99999999'", "frames a second")),
    ("render conv --max-size 0", ("max_size is '0'", "500KB")),
    ("render conv --max-size 0.4", ("max_size is '0.4'", "500KB")),
    (f"render conv --max-size {'9' * 5000}", ("max_size is '999", "500KB")),
    ("render conv --seed -1", ("seed is -1", "at least 0")),
    ("render conv --resize 3y3", ("resize is '3y3'",)),
    ("render conv --gray", ("gray and resize are for a picture", "photo")),
    ("trace filter-match --dilation 2", ("filter-match compares", "a filter 1×3×3", "use conv")),
    ("trace filter-match --padding 1 --stride 10", ("as it is", "padding makes 5×5 of 3×3", "use conv")),
    ("trace filter-match --activation relu", ("filter-match multiplies and adds up", "activation relu", "use conv")),
    ("trace gru --layers 99999999999", ("layers is", "at most 100")),
    ("trace vanishing --input-size 99999999999", ("input of 8×99999999999", "--max-memory")),
    ("trace positional-encoding --positions 99999999999", ("99999999999", "at most")),
    # names
    ("rendr conv", ("unknown command 'rendr'", "did you mean render?")),
    ("render cnv", ("unknown explainer 'cnv'", "did you mean conv?")),
    ("render conv --strid 2", ("unknown option --strid", "did you mean --stride?", "render conv --help")),
    ("render conv --stride", ("--stride", "argument")),
    ("render --stride 2 conv", ("--stride comes before a name", "render NAME --stride")),
    ("render conv conv", ("unexpected extra argument",)),
    ("render conv --example edgy", ("unknown example 'edgy'", "did you mean edge?", "diagonal, edge")),
    ("render conv --input phto", ("'phto'", "did you mean 'photo'?")),
    ("render conv --kernel sobell-x", ("'sobell-x'", "did you mean 'sobel-x'?")),
    ("render conv -f gfi", ("format 'gfi'", "did you mean gif?")),
    ("render conv -f ,", ("format is ','", "one or more of mp4")),
    ("trace conv --padding sane", ("padding is 'sane'", "did you mean same?")),
    ("trace conv --weights none.pt", ("weights 'none.pt'", "no such file")),
    ("render conv --sample 2 --max-memory 1byte", ("at most 1 byte may be taken", "--max-memory 212bytes")),
    # outputs
    ("render conv -o x.giff", ("'x.giff'", ".gif")),
    ("render conv -o nowhere/deep/x.gif", ("nowhere/deep/x.gif", "no folder nowhere")),
    ("render conv -o taken.gif", ("taken.gif", "a folder stands there")),
    ("render conv -o link.gif", ("link.gif", "a symbolic link stands there")),
    ("render conv -o fifo.gif", ("fifo.gif", "a fifo stands there")),
    ("render conv -o taken.gif/", ("taken.gif/",)),
    ("render conv -o x.gif -o x.gif", ("x.gif is named twice",)),
    ("render conv -o -", ("-f gif",)),
    ("render conv -o - -f gif --json", ("standard output",)),
    # files
    ("render conv --input nope.npy", ("nope.npy", "no such file")),
    ("render conv --input truncated.npy", ("truncated.npy",)),
    ("render conv --input lying.npy", ("lying.npy", "1000000000000")),
    ("render conv --input pickled.npz", ("pickled.npz", "pickle")),
    ("render conv --input empty.csv", ("empty.csv", "empty")),
    ("render conv --input noise.png", ("noise.png",)),
    ("render conv --input large.npy --max-input 1KB", ("large.npy", "--max-memory")),
    ("render conv --input .", ("folder",)),
]


class Mischief:
    """Unpickled, it leaves a file behind."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os.system, ("touch ran",)


@pytest.fixture
def strewn(here: Path) -> Path:
    """A folder with everything that one can stumble over."""
    (here / "taken.gif").mkdir()
    (here / "target").write_bytes(b"untouched")
    (here / "link.gif").symlink_to("target")
    os.mkfifo(here / "fifo.gif")
    np.save(here / "large.npy", np.zeros((20, 20)))
    whole = (here / "large.npy").read_bytes()
    (here / "truncated.npy").write_bytes(whole[:-100])
    header = b"{'descr': '<f8', 'fortran_order': False, 'shape': (1000000, 1000000), }\n"
    (here / "lying.npy").write_bytes(b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header)
    np.savez(here / "pickled.npz", x=np.array([Mischief()], dtype=object))
    (here / "empty.csv").touch()
    (here / "noise.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return here


@pytest.mark.parametrize(("line", "holds"), WRONG, ids=[line[:80] for line, _ in WRONG])
def test_refused(refused: Any, strewn: Path, line: str, holds: tuple[str, ...]) -> None:
    with quick(2):
        refused(*line.split(), holds=holds)
    assert (strewn / "target").read_bytes() == b"untouched"


@pytest.mark.parametrize("text", ["\x1b[2J", "\u202egnp.x", "a\nb", "x" * 10_000, "\udc80"])
def test_foreign_text_reaches_the_terminal_escaped(refused: Any, text: str) -> None:
    for words in (("--input", text), ("--example", text), ("-f", text), ("--stride", text), ("--theme", text)):
        assert len(refused("render", "conv", *words)) < 3000
    refused("render", text)
    refused("render", "conv", f"--{text}")
    refused(text)


def test_what_is_refused_can_be_meant(call: Any, here: Path) -> None:
    assert call("trace", "conv", "--padding", "same", "--stride", "2", "--convention", "keras").code == 0
    assert call("trace", "conv", "--padding", "1,1,1,1", "--stride", "2").code == 0
    np.save(here / "large.npy", np.zeros((20, 20)))
    for flag in ("--max-memory", "--max-input"):  # the name of earlier versions is read, and shown nowhere
        assert call("trace", "conv", "--input", "large.npy", flag, "256KB").code == 0
        assert (flag in call("trace", "conv", "--help").out) == (flag == "--max-memory")
