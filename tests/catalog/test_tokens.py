"""Words that stand for rows: as text, as a list, for keys that are others, for what a live module computed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import preparing
from layeranim.engine.attention import ATTENTION
from layeranim.engine.option import Words
from layeranim.errors import OptionError, ShapeError
from layeranim.film.provenance import MadeFrom, Written, report
from layeranim.preparing.traced import of_trace
from layeranim.stories import vocabulary
from layeranim.stories.storyboard import Storyboard

WRITTEN = Written(type="image/gif", bytes=1, sha256="0" * 64, width=4, height=4, frames=1, seconds=0.1)
WORDY = ("rnn", "gru", "lstm", "attention")


def board(name: str = "attention", **given: Any) -> Storyboard:
    work = preparing.prepare(name, given)
    return work.storyboard(work.trace())


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("the cat sat", ("the", "cat", "sat")),
        ("[CLS] play ##ing Ġthe <pad> [SEP]", ("[CLS]", "play", "##ing", "Ġthe", "<pad>", "[SEP]")),
        (["New York", "is", "big"], ("New York", "is", "big")),
        (("a", "b"), ("a", "b")),
        (np.array(["a", "b"]), ("a", "b")),
        ('["New York", "is"]', ("New York", "is")),
        ('["unfinished', ('["unfinished',)),
    ],
)
@pytest.mark.parametrize("name", WORDY)
def test_words_are_text_or_a_list(name: str, given: Any, words: tuple[str, ...]) -> None:
    config: Any = la.trace(name, tokens=given).config
    assert config.tokens == words
    kind = Words()
    assert kind.check("tokens", kind.show(words)) == words  # what is saved reads back equal


@pytest.mark.parametrize(
    ("given", "says"),
    [("", "at least one word"), ("  ", "at least one word"), ([], "at least one word"),
     (["a", " "], "none that is empty"), (3, "must be words"), ([1, 2], "must be words"),
     ({"a": 1}, "must be words"), ([["a"]], "must be words")],
)  # fmt: skip
def test_what_is_no_list_of_words_is_refused(given: Any, says: str) -> None:
    with pytest.raises(OptionError, match=f"tokens is .*{says}"):
        la.trace("attention", tokens=given)


def test_keys_have_words_of_their_own() -> None:
    told = board(tokens="the cat", key_tokens=["le", "chat", "noir"])
    text = told.text()
    assert "“chat”" in text or "chat" in text
    assert "3 keys" in text
    t = la.trace("attention", tokens="the cat", key_tokens="the cat sat down")
    assert t["weights"].shape == (1, 1, 2, 4)
    assert np.array_equal(t["context"][0], vocabulary.embeddings(["the", "cat", "sat", "down"], 0))
    direct = board(tokens="a b", key_tokens="x y", query=np.eye(2), key=np.eye(2), value=np.eye(2))
    assert "a  →  x" in direct.text()
    assert "→  a" not in direct.text()
    assert "le, chat, noir" in told.warnings[0]


def test_words_of_keys_that_are_the_queries_are_refused() -> None:
    with pytest.raises(OptionError, match="key_tokens was given, but keys come from the embeddings"):
        ATTENTION.complete(ATTENTION.config.of({"key_tokens": "x y"}), {"embeddings": (2, 3)})


@pytest.mark.parametrize(("tokens", "key_tokens"), [("a b c", None), (None, "a b")])
def test_words_are_as_many_as_there_are_rows(tokens: Any, key_tokens: Any) -> None:
    arrays = {"query": np.eye(2), "key": np.ones((3, 2)), "value": np.ones((3, 2))}
    with pytest.raises(ShapeError, match=r"option (key_)?tokens"):
        la.trace("attention", tokens=tokens, key_tokens=key_tokens, **arrays)


def test_a_live_modules_film_has_words() -> None:
    torch = pytest.importorskip("torch")
    module = torch.nn.MultiheadAttention(4, 2, batch_first=True).eval()
    x, y = torch.randn(1, 2, 4), torch.randn(1, 3, 4)
    made = la.from_torch(module, x, y, y)
    work = of_trace(made, {"tokens": ["New York", "grows"], "key_tokens": ["new", "york", "wächst"], "theme": "dark"})
    board = work.storyboard(work.trace())
    assert "New York" in board.text()
    assert "wächst" in repr((board.grids, board.parts))  # under its arcs, whatever the weights are
    assert made.config.tokens is None  # type: ignore[attr-defined]  # the caller's trace stays as it is
    with pytest.raises(ShapeError, match="3 by option tokens"):
        of_trace(made, {"tokens": "a b c"})
    lstm = la.from_torch(torch.nn.LSTM(2, 2, batch_first=True), torch.randn(1, 3, 2))
    work = of_trace(lstm, {"tokens": "mary had lambs"})
    assert "lambs" in work.storyboard(work.trace()).text()
    conv = la.from_torch(torch.nn.Conv2d(1, 1, 2), torch.randn(1, 1, 3, 3))
    with pytest.raises(OptionError, match="unknown option tokens"):
        of_trace(conv, {"tokens": "a b"})


def test_what_the_film_warns_of_is_in_its_provenance() -> None:
    told = board(tokens="the robot sat")
    origin = MadeFrom("attention", {}, {}, None, (), 0)
    film = preparing.prepare("attention", {}).film
    assert report(told, film, origin, {}, (1, 0.04))["warnings"] == [
        "robot is not in the vocabulary: drawn at random, seed 0"
    ]
    assert "warnings" not in report(board(), film, origin, {}, (1, 0.04))


def test_a_manifest_lists_words(tmp_path: Path) -> None:
    from layeranim.assets.manifest import read

    path = tmp_path / "layeranim.toml"
    path.write_text('version = 1\n[[asset]]\nid = "a"\nexplainer = "attention"\ntokens = ["New York", "is"]\n')
    found, problems = read(path)
    assert problems == []
    assert json.loads(json.dumps(found.entries[0].options["tokens"])) == ["New York", "is"]
