"""Every layer has a chosen example, which shows something, gives way to what a user brings, and can be shortened."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim import catalog, preparing
from layeranim.engine.losses import PENALTIES
from layeranim.engine.option import Choice, Flag, Integer
from layeranim.errors import LayeranimError, UsageError
from layeranim.stories.examples import EXAMPLES

WITHOUT = catalog.without_film()
RECURRENT = ("rnn", "gru", "lstm")


@pytest.mark.parametrize("name", WITHOUT)
def test_a_layer_without_a_film_has_an_example_that_shows_something(name: str) -> None:
    (preset,) = catalog.presets(name)
    work = preparing.prepare(name, {})
    assert work.preset == preset  # nothing of it gave way
    assert not {*work.seeded} & {*preset.arrays}
    made = work.trace()
    shown = [t.array for t in made.tensors.values() if t.role == "output" and t.array.size > 1]
    assert all(len(np.unique(array)) > 1 for array in shown)
    named = la.trace(name, example=preset.name)
    assert all(np.array_equal(named[key], made[key], equal_nan=True) for key in made.tensors)


def test_no_example_is_left_of_a_layer_that_is_gone() -> None:
    assert set(EXAMPLES) == set(WITHOUT)


def test_an_activation_changes_something_and_softmax_tells_scores_apart() -> None:
    activation = la.trace("activation")
    assert (activation["output"] != activation["input"]).any()
    shares = la.trace("softmax")["output"]
    assert all(len(np.unique(row)) == len(row) for row in shares.round(2))


def test_what_the_examples_say_is_true() -> None:
    assert la.trace("bilinear")["output"].tolist() == [[5, -5]]
    assert la.trace("mlp")["output"].argmax(axis=1).tolist() == [1, 1, 0, 0]
    ids, rows = la.trace("embedding")["ids"], la.trace("embedding")["output"]
    assert ids[0, 0] == ids[0, 3]
    assert (rows[0, 0] == rows[0, 3]).all()
    losses = la.trace("cross-entropy")["losses"]
    assert (losses[1:] < losses[:-1]).all()  # better and better guesses
    assert la.trace("conv3d")["output"][0, 0].ravel().tolist() == list(range(7, -1, -1))
    assert la.trace("conv-transpose")["output"][0, 0].tolist() == [[0, 0, 1], [0, 4, 6], [4, 12, 9]]
    assert la.trace("loss")["losses"].tolist() == [[0, 1, 9]]
    step = la.trace("cnn-backprop")
    assert step["loss"] > 0.5


def options() -> Iterator[tuple[str, str, Any]]:
    """Every value of every closed set and switch of the layers without a film."""
    for name in WITHOUT:
        for item in catalog.layer(name).config.options():
            values = item.kind.names if isinstance(item.kind, Choice) else (True, False)
            if isinstance(item.kind, (Choice, Flag)):
                yield from ((name, item.name, value) for value in values)


@pytest.mark.parametrize(("name", "option", "value"), list(options()))
def test_an_example_is_never_in_the_way_of_an_option(name: str, option: str, value: Any) -> None:
    layer = catalog.layer(name)
    try:
        full, shapes = layer.complete(layer.config.of({option: value}), {})
        seeded = {key: preparing.Reader(layer, preparing.InputOptions(), None, None).seeded(key, shape, full).array
                  for key, shape in shapes.items()}  # fmt: skip
        layer.compute(full, seeded)
    except UsageError:
        return  # alone it cannot be used, example or not
    assert la.trace(name, **{option: value}).config


@pytest.mark.parametrize("name", RECURRENT)
def test_fewer_steps_are_the_examples_first(name: str) -> None:
    for preset in catalog.presets(name):
        rows = preset.arrays["input"]
        for steps in (1, len(rows) - 1, len(rows)):
            given = {"timesteps": steps, **({"example": preset.name} if preset != catalog.presets(name)[0] else {})}
            work = preparing.prepare(name, given)
            assert work.sources["input"].array.tolist() == rows[:steps]
            assert work.seeded == ()
            whole, part = la.trace(name, example=preset.name), work.trace()
            if not part.config.bidirectional:  # type: ignore[attr-defined]
                assert np.array_equal(part["output"][0], whole["output"][0, :steps]) or preset.name == "answer"
            assert work.storyboard(part).text()


def test_more_steps_than_the_example_has_are_drawn() -> None:
    assert "input" in preparing.prepare("lstm", {"timesteps": 7}).seeded
    assert la.trace("vanishing", timesteps=3)["input"].tolist() == [[0], [0], [0]]


@pytest.mark.parametrize("name", catalog.names())
def test_the_first_example_holds_with_the_layers_own_defaults(name: str) -> None:
    first = catalog.presets(name)[0]
    config = catalog.layer(name).config
    assert config.of(first.options) == config()
    one, named = la.trace(name), la.trace(name, example=first.name)
    assert one.config == named.config
    assert all(np.array_equal(one[key], named[key], equal_nan=True) for key in one.tensors)


@pytest.mark.parametrize("kind", ["film", "numbers"])
def test_a_first_example_with_options_of_its_own_is_refused_at_load(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    name = "conv" if kind == "film" else "bilinear"
    options = {"stride": 2} if kind == "film" else {"bias": False}
    first = replace(catalog.presets(name)[0], options=options)
    resolve = catalog.resolve
    swapped = (first, *catalog.presets(name)[1:]) if kind == "film" else {name: first}
    place = catalog.explainer(name).presets if kind == "film" else "stories.examples:EXAMPLES"
    monkeypatch.setattr(catalog, "resolve", lambda text: swapped if text == place else resolve(text))
    (key, value) = next(iter(options.items()))
    with pytest.raises(
        LayeranimError, match=f"the first example of {name}, {first.name}, has {key} {str(value).lower()}"
    ):
        catalog.presets(name)
    with pytest.raises(LayeranimError):
        la.trace(name)


@pytest.mark.parametrize("name", sorted({*catalog.EXPLAINERS, *catalog.LAYERS}))
def test_what_was_asked_for_is_never_dropped_for_what_an_example_holds(name: str) -> None:
    sizes = [item.name for item in catalog.layer(name).config.options() if isinstance(item.kind, Integer)]
    for option, size in itertools.product(sizes, (2, 3)):
        with suppress(LayeranimError):
            assert getattr(preparing.prepare(name, {option: size}).config, option) == size, option


@pytest.mark.parametrize("mode", PENALTIES)
def test_every_loss_has_numbers_that_it_takes(mode: str) -> None:
    work = preparing.prepare("loss", {"mode": mode})
    assert not work.seeded
    assert np.isfinite(work.trace()["losses"]).all()
