"""The bundled words: what their attention learnt, what --tokens does with other words, how a film tells of them."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import layeranim
from layeranim import api, preparing
from layeranim.engine import archive
from layeranim.errors import UsageError
from layeranim.preparing import traced
from layeranim.stories import vocabulary
from layeranim.stories.storyboard import Storyboard, plain


def training() -> ModuleType:
    """The script that made the words."""
    path = Path(layeranim.__file__).parent / "data" / "train_words.py"
    spec = importlib.util.spec_from_file_location("train_words", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def weights(sentence: str, **options: Any) -> np.ndarray:
    return np.asarray(api.trace("attention", tokens=sentence, **options)["weights"][0])


def board(**options: Any) -> Storyboard:
    work = preparing.prepare("attention", options)
    return work.storyboard(work.trace())


@pytest.mark.parametrize(
    ("sentence", "word", "found"),
    [
        ("the cat sat down", "sat", "cat"),
        ("the cat sat down", "cat", "sat"),
        ("the cat sat down", "down", "sat"),
        ("anna met bob and she smiled", "she", "anna"),
        ("anna met bob and he smiled", "he", "bob"),
        ("tom dropped the glass and it broke", "it", "glass"),
        ("The cat, sat down.", "sat", "cat,"),
    ],
)
def test_a_word_looks_at_the_word_it_belongs_with(sentence: str, word: str, found: str) -> None:
    words = [w.strip(".").lower() for w in sentence.split()]
    row = weights(sentence)[0, words.index(word)]
    assert row.argmax() == words.index(found)
    assert row.max() > 0.5


def test_two_heads_find_who_and_what_happens() -> None:
    who, what = weights("the cat sat down", heads=2)
    assert who.argmax(axis=1).tolist() == [1, 1, 1, 1]
    assert what.argmax(axis=1).tolist() == [2, 2, 3, 2]


@pytest.mark.parametrize("name", ["query", "key", "value"])
def test_queries_keys_and_values_are_whole_tenths(name: str) -> None:
    values = api.trace("attention", tokens="the queen chased a small red bird")[name]
    np.testing.assert_allclose(values * 10, np.round(values * 10), atol=1e-9)


def test_the_script_that_trained_the_words_knows_them() -> None:
    script = training()
    words = [str(w) for w in np.load(Path(vocabulary.__file__).parents[1] / "data" / "words.npz")["words"]]
    assert words == script.WORDS
    assert all(vocabulary.known(word) for word in words)
    links = script.links(["anna", "met", "bob", "and", "she", "smiled"])
    assert [sorted(one) for one, _, _ in links] == [[1], [0, 2], [1], [1, 5], [0], [4]]


def test_gradients_of_the_script_are_finite_differences() -> None:
    script = training()
    script.SENTENCES = 8
    rng = np.random.default_rng(1)
    task = script.Lesson(list(script.sentences(rng)))
    p = script.start(rng)
    grads = script.whole(task, p)[1]
    for name, value in p.items():
        at = tuple(rng.integers(0, n) for n in value.shape)
        losses = []
        for step in (1e-5, -2e-5):
            value[at] += step
            losses.append(script.whole(task, p)[0])
        value[at] += 1e-5
        assert grads[name][at] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-4, abs=1e-8), name


def test_an_unknown_word_draws_numbers_of_its_own_and_the_film_says_so() -> None:
    one, again, other = (vocabulary.embeddings(["the", "robot"], seed)[1] for seed in (0, 0, 1))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, vocabulary.embeddings(["android"], 0)[0])
    told = board(tokens="the robot and an android sat")
    notes = [plain(beat.note) for beat in told.beats if "vocabulary" in plain(beat.note)]
    strange = "robot, an, android are not in the vocabulary: drawn at random, seed 0"
    assert notes == [strange]
    assert told.warnings == (strange,)  # on stderr, and in the provenance
    assert told.alt.endswith(f" {strange}.")
    assert "vocabulary" not in board().text()
    assert "vocabulary" not in board().alt


def test_own_embeddings_are_not_taken_for_the_vocabulary() -> None:
    told = board(tokens="some unknown words", embeddings="random:3x4")
    assert "vocabulary" not in told.text()
    assert "some" in told.text()


def test_characters_without_a_glyph_are_boxes_with_one_warning() -> None:
    told = board(tokens="the 狐 sat")
    (said,) = [line for line in told.warnings if "font" in line]
    assert "狐" in said or "▯" in said
    assert "--font FILE" in said
    assert "▯" in told.text()
    assert board().warnings == ()


def test_tokens_are_never_markup() -> None:
    told = board(tokens="x_{1} sat")
    runs = [run for beat in told.beats for run in beat.caption if "x_{" in run.text]
    assert runs
    assert not any(run.markup for run in runs)


@pytest.mark.parametrize(
    ("options", "pieces"),
    [
        ({"tokens": "  "}, ("tokens", "at least one word")),
        ({"tokens": "a b c", "embeddings": "random:2x4"}, ("queries is 2 by embeddings", "3 by option tokens")),
        ({"tokens": 5}, ("tokens is '5'", "text")),
        ({"example": "sentence", "heads": 3}, ("heads is 3", "1 and 2 heads")),
    ],
)
def test_impossible_tokens_are_refused(options: dict[str, Any], pieces: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        preparing.prepare("attention", options)
    assert all(piece in str(caught.value) for piece in pieces), caught.value


def test_a_saved_trace_keeps_its_words(tmp_path: Path) -> None:
    path = tmp_path / "attention.npz"
    archive.save(api.trace("attention", tokens="the bird ran away"), path)
    work = traced.of_trace(api.load_trace(path), {})
    assert "bird" in work.storyboard(work.trace()).text()


def test_other_numbers_of_heads_keep_the_words_where_they_divide() -> None:
    work = preparing.prepare("attention", {"heads": 4})
    assert work.config.tokens == ("the", "cat", "sat", "down")
    assert "weight_query" in work.seeded
