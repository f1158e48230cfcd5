"""What a user writes stands in a film as letters; it reaches no terminal, file or parser as anything else."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path
from typing import Any

import pytest

HOSTILE = {
    "half a surrogate": "x\udcff",
    "escapes of a terminal": "\x1b[31mred\x1b[0m\x9b31m\x85",
    "bidi controls": "\u202eevil\u2066\u200f",
    "line breaks": "a\nb\rc\u2028d\te",
    "markup": '<b>&amp;</b><span size="1000000">x</span>',
    "a program": '$(touch owned)`touch owned`;#read("x")\\input{x}%n{{7*7}}${{x}}',
    "other scripts": "שלום مرحبا 你好 नमस्ते",
    "emoji": "👩\u200d👧🇩🇪\ufe0f",
    "a tower of marks": "e" + "\u0301" * 500,
    "very long": "x" * 10_000,
    "the end of a cue": "--> 00:01.000",
    "a token that is not one": "_{x}^{y}",
}
KINDS = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def raw(text: str) -> set[str]:
    """What no terminal and no file should get as it is."""
    return {f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in KINDS and c != "\n"}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("name", "option"), [("conv", "--title"), ("attention", "--tokens"), ("gru", "--tokens")])
def test_hostile_text_is_drawn(call: Any, here: Path, tiny: tuple[str, ...], name: str, option: str, kind: str) -> None:
    done = call("render", name, option, HOSTILE[kind], *tiny, "-o", "x.gif")
    assert done.code == 0, done
    assert done.out == "x.gif\n"
    warnings = done.err.splitlines()[:-1]
    assert len(warnings) <= 1
    assert all(line.startswith("layeranim: warning: ") and len(line) < 400 for line in warnings)
    assert raw(done.err) == set()
    for file in ("x.vtt", "x.json"):
        assert raw((here / file).read_text(encoding="utf-8", errors="strict")) == set(), file
    report = json.loads((here / "x.json").read_text(encoding="utf-8"))
    assert raw(report["title"] + report["alt"] + str(report["steps"])) == set()
    assert "<" not in (here / "x.vtt").read_text(encoding="utf-8")
    assert sorted(path.name for path in here.iterdir()) == ["x.gif", "x.json", "x.png", "x.vtt"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_told(call: Any, kind: str) -> None:
    for words in (("render", "conv", "--dry-run", "--title"), ("trace", "attention", "--tokens")):
        done = call(*words, HOSTILE[kind])
        assert done.code == 0, done
        assert raw(done.out + done.err) == set()
