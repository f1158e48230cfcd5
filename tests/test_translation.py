"""The shipped encoder–decoder: right for sentences that it was not trained on, and its script's gradients are true."""

from __future__ import annotations

import numpy as np
import pytest

from layeranim import api
from layeranim.data import train_one_state as one_state
from layeranim.data import train_translation as script
from layeranim.errors import OptionError
from layeranim.stories.translation import lexicon

EVERY = list(script.sentences())
KEPT_BACK = EVERY[:: script.HELD_OUT]


@pytest.mark.parametrize("sentence", KEPT_BACK[::4], ids=lambda one: " ".join(one[0]))
def test_a_sentence_that_was_kept_back_is_written_and_looked_up_right(
    sentence: tuple[list[str], list[str], list[int]],
) -> None:
    german, english, links = sentence
    trace = api.trace("alignment", tokens=german)
    assert [lexicon.english()[i] for i in trace["chosen"][0]] == english
    assert trace["attention.weights"][0, 0].argmax(axis=1).tolist() == links


@pytest.mark.parametrize("pair", one_state.short(), ids=lambda one: " ".join(one[0]))
def test_a_short_sentence_goes_through_one_state(pair: tuple[list[str], list[str]]) -> None:
    german, english = pair
    trace = api.trace("seq2seq", tokens=german, target_steps=4, example="too-long")
    assert [lexicon.english()[i] for i in trace["chosen"][0]] == english


@pytest.mark.parametrize(
    ("preset", "says"),
    [("one-state", "I have learnt (end)"), ("too-long", "I have read a house (end)"),
     ("looking-back", "I have read a book (end)")],
)  # fmt: skip
def test_a_preset_writes_what_it_says(preset: str, says: str) -> None:
    trace = api.trace("seq2seq", example=preset)
    assert " ".join(lexicon.called(int(i)) for i in trace["chosen"][0]) == says


def test_the_right_words_of_a_short_sentence_are_known() -> None:
    german, english = one_state.short()[3]
    table = lexicon.one_state("target_embeddings", "none", 0)
    read = [lexicon.english().index(word) for word in ("<s>", *english[:-1])]
    assert np.array_equal(lexicon.taught(german, 0), table[read])
    with pytest.raises(OptionError, match="of three alone"):
        lexicon.taught(["ich", "habe", "ein", "Buch"], 0)


def test_the_words_are_those_of_the_script() -> None:
    assert (list(lexicon.german()), list(lexicon.english())) == script.words()
    assert len(EVERY) == 200


def test_gradients_of_the_script_are_finite_differences() -> None:
    rng = np.random.default_rng(1)
    task = script.Translation([one for one in EVERY if len(one[0]) == 6][:3])
    p = script.start(rng)
    grads = script.model(task, p)[1]
    for name, value in p.items():
        at = np.unravel_index(int(np.argmax(np.abs(grads[name]))), value.shape)
        losses = []
        for step in (1e-5, -2e-5):
            value[at] += step
            losses.append(script.model(task, p)[0])
        value[at] += 1e-5
        assert (losses[0] - losses[1]) / 2e-5 == pytest.approx(grads[name][at], rel=1e-4, abs=1e-8), name


def test_an_unknown_word_draws_one_of_its_own_and_is_named() -> None:
    rows = lexicon.source(["Pferd", "ich", "Pferd"], 0)
    assert np.array_equal(rows[0], rows[2])
    assert not np.array_equal(rows[0], lexicon.source(["Pferd"], 1)[0])
    assert lexicon.known("Ich")
    assert not lexicon.known("Pferd")
