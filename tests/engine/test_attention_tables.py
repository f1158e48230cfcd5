"""Tables of scores that are too large to be kept: the same numbers, computed where they are read."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest

from layeranim import api
from layeranim.engine import archive, memory
from layeranim.engine.attention import ATTENTION, tables
from layeranim.errors import ShapeError
from tests.engine.family import replays

RNG = np.random.default_rng(5)
HEADED = {"query": (2, 2, 5, 3), "key": (2, 2, 6, 3), "value": (2, 2, 6, 3)}
ROWS = {name: RNG.normal(size=shape) for name, shape in HEADED.items()}
HIDDEN = np.where(RNG.random((2, 5, 6)) > 0.6, -np.inf, 0.0)
EACH = np.where(RNG.random((2, 2, 5, 6)) > 0.6, -np.inf, 0.0)
CASES: list[tuple[str, dict[str, Any]]] = [
    ("attention", {"queries": 7, "features": 4}),
    ("attention", {"queries": 6, "features": 4, "heads": 2, "projections": True, "causal": True}),
    ("attention", {"queries": 5, "features": 4, "kind": "additive"}),
    ("attention", {"queries": 5, "features": 4, "kind": "multiplicative"}),
    ("attention", {"queries": 5, "features": 4, "kind": "cosine", "softcap": 2.0}),
    ("attention", {"queries": 5, "features": 4, "lookup": "hard"}),
    ("attention", {"queries": 5, "features": 4, "heads": 4, "key_heads": 2}),
    ("attention", {"queries": 4, "features": 4, "projections": True, "positional": "rotary", "heads": 2}),
    ("attention", {**ROWS, "heads": 2, "mask": HIDDEN[:, None]}),
    ("attention", {**ROWS, "heads": 2, "mask": EACH}),
    ("attention", {**ROWS, "heads": 2, "mask": np.full((5, 6), -np.inf)}),
    ("transformer", {"block": "decoder", "tokens": 5}),
    ("seq2seq", {"attention": "additive"}),
    ("seq2seq", {"attention": "dot", "feeding": "greedy"}),
]


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No table is kept, and eight scores are computed together."""
    monkeypatch.setattr(tables, "LARGE", 0)
    monkeypatch.setattr(tables, "BLOCK", 8)
    return monkeypatch


@pytest.mark.parametrize(("name", "options"), CASES)
def test_a_table_that_is_not_kept_reads_the_same(small: pytest.MonkeyPatch, name: str, options: dict[str, Any]) -> None:
    lazy = api.trace(name, **options)
    back = api.backward(lazy)
    small.undo()
    kept = api.trace(name, **options)
    assert sorted(lazy) == sorted(kept)
    weights = next(n for n in kept if n.endswith("weights"))
    assert (lazy.tensor(weights).is_recipe, kept.tensor(weights).is_recipe) == (True, False)
    assert lazy.facts == kept.facts
    assert len(lazy.steps) == len(kept.steps)
    for given, expected in ((lazy, kept), (back, api.backward(kept))):
        for tensor in expected:
            assert given.tensor(tensor).shape == expected.tensor(tensor).shape, tensor
            assert given.tensor(tensor).dtype == expected.tensor(tensor).dtype, tensor
            assert np.allclose(given[tensor], expected[tensor], rtol=1e-12, atol=1e-12, equal_nan=True), tensor


@pytest.mark.parametrize(("name", "options"), CASES[:11])
def test_its_steps_replay_and_a_file_gives_it_back(
    small: pytest.MonkeyPatch, name: str, options: dict[str, Any]
) -> None:
    trace = replays(api.trace(name, **options))
    for suffix in archive.SUFFIXES:
        data = archive.dumps(trace, suffix)
        assert b"exponentials" not in data
        assert archive.same(trace, archive.load(io.BytesIO(data), lambda _: ATTENTION))


@pytest.mark.parametrize("index", [np.s_[0, 1, 2], np.s_[:, :, 1:4:2, -1], np.s_[1, :, ::2, 1:], np.s_[:, 0, 4, 3]])
def test_any_cells_of_it_are_read(small: pytest.MonkeyPatch, index: Any) -> None:
    trace = api.trace("attention", heads=2, **ROWS)
    source: Any = trace.tensor("weights").source
    full = (*index, *(slice(None),) * (4 - len(index)))
    assert np.array_equal(source.read(full), trace["weights"][index])


def test_five_thousand_words_take_megabytes() -> None:
    config, shapes = ATTENTION.complete(ATTENTION.config.of({"queries": 5000}), {})
    assert memory.needed(ATTENTION, config, shapes) < 2**26


def test_the_way_back_through_it_is_refused() -> None:
    said = re.escape("8 tables of gradients would be 1×1×2000×2000, about 256 MB of memory, but at most 100 MB")
    with pytest.raises(ShapeError, match=said):
        api.trace("attention", queries=2000, backward=True, max_memory="100MB")
