"""What a user writes stands in a film as letters; it reaches no terminal, file or parser as anything else."""

from __future__ import annotations

import json
import unicodedata
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import preparing
from layeranim.assets.report import BuildError, Report
from layeranim.errors import LayeranimError, ManifestError, MissingLibraryError

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


@pytest.mark.grid(2)
@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize(("name", "option"), [("conv", "--title"), ("attention", "--tokens"), ("gru", "--tokens")])
def test_hostile_text_is_drawn(call: Any, here: Path, tiny: tuple[str, ...], name: str, option: str, kind: str) -> None:
    done = call("render", name, option, HOSTILE[kind], *tiny, "-o", "x.gif")
    assert done.code == 0, done
    assert done.out == "x.gif\n"
    warnings = done.err.splitlines()[:-1]
    # words may be cut for want of room, and such words have no trained embedding
    other = [sum(said in line for line in warnings) for said in ("are cut on screen", "not in the vocabulary")]
    assert other[0] <= (option == "--tokens")
    assert other[1] <= (name == "attention")
    assert len(warnings) - sum(other) <= 1
    assert all(line.startswith("layeranim: warning: ") and len(line) < 400 for line in warnings)
    assert raw(done.err) == set()
    for file in ("x.captions", "x.json"):
        assert raw((here / file).read_text(encoding="utf-8", errors="strict")) == set(), file
    report = json.loads((here / "x.json").read_text(encoding="utf-8"))
    assert raw(report["title"] + report["alt"] + str(report["steps"])) == set()
    assert "<" not in (here / "x.captions").read_text(encoding="utf-8")
    assert sorted(path.name for path in here.iterdir()) == ["x.captions", "x.gif", "x.json", "x.png"]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_told(call: Any, kind: str) -> None:
    for words in (("render", "conv", "--dry-run", "--title"), ("trace", "attention", "--tokens")):
        done = call(*words, HOSTILE[kind])
        assert done.code == 0, done
        assert raw(done.out + done.err) == set()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_escaped_in_json(call: Any, here: Path, kind: str) -> None:
    """Printed or in a file, and the same when it is read again."""
    words = ("trace", "attention", "--tokens", HOSTILE[kind])
    printed, written, told = call(*words, "--json"), call(*words, "-o", "x.json"), call(*words, "-o", "y.npz", "--json")
    assert (printed.code, written.code, told.code) == (0, 0, 0), (printed, written, told)
    text = (here / "x.json").read_text(encoding="utf-8", errors="strict")
    assert raw(printed.out + text + told.out) == set()
    assert json.loads(printed.out) == json.loads(text)
    with zipfile.ZipFile(here / "y.npz") as archive:
        assert raw(archive.read("trace.json").decode()) == set()
    assert json.loads(text)["options"]["tokens"].split()[0] in " ".join(HOSTILE[kind].split())


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_names_are_escaped_in_what_python_raises(tmp_path: Path, kind: str) -> None:
    named, path = HOSTILE[kind], tmp_path / "x.json"
    la.trace("softmax").save(path)
    head = json.loads(path.read_text(encoding="utf-8"))
    changes: list[dict[str, Any]] = [
        {"layer": named}, {"format": named}, {"options": {named: "1"}}, {"options": {"axis": named}},
        {"tensors": [{**head["tensors"][0], "name": named, "dtype": "x"}]},
        {"tensors": [{**head["tensors"][0], "values": named}]},
    ]  # fmt: skip
    for change in changes:
        path.write_text(json.dumps({**head, **change}), encoding="utf-8")
        with pytest.raises(LayeranimError) as caught:
            la.load_trace(path)
        assert raw(str(caught.value)) == set()
        assert "\n" not in str(caught.value)
    for raising in (
        lambda: la.from_state("dense", {named: np.ones((2, 2))}),
        lambda: la.from_state("dense", {"weight": np.ones((2, 2))}, prefix=named),
        lambda: la.from_state("dense", {named: np.array("x")}),
        lambda: la.from_state(named, {}),
        lambda: la.trace("conv", **{named: 1}),
        lambda: la.trace(named),
    ):
        with pytest.raises(LayeranimError) as caught:
            raising()
        assert raw(str(caught.value)) == set()
        assert "\n" not in str(caught.value)


def errors(kind: type[LayeranimError] = LayeranimError) -> list[type[LayeranimError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in errors(below))]


@pytest.mark.parametrize("kind", errors())
def test_no_error_says_anything_raw(kind: type[LayeranimError]) -> None:
    if kind is BuildError:
        error: LayeranimError = BuildError(Report(problems={"a": "\x1b[2J\u202e\ud800", "b": "x"}))
    else:
        error = kind("\x1b[2J\u202e\ud800\nb")
    assert raw(str(error)) == set()
    assert str(error).startswith(("\\x1b[2J\\u202e\\ud800", "a: \\x1b[2J\\u202e\\ud800"))
    assert ("\n" in str(error)) == (kind in (ManifestError, MissingLibraryError, BuildError))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_traceback_is_as_clean_as_a_line(call: Any, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    done = call("trace", "conv", "--debug", "--input", HOSTILE[kind] + ".csv")
    assert done.code == 2
    assert "Traceback" in done.err
    assert raw(done.err) == set()

    def bug(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError(HOSTILE[kind]) from KeyError(HOSTILE[kind])

    monkeypatch.setattr(preparing, "prepare", bug)
    done = call("trace", "conv")
    assert done.code == 70
    assert "Traceback" in done.err
    assert raw(done.err) == set()
