"""Positions: the published formulas, and that only the distance of two positions counts."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from layeranim.engine.attention import ATTENTION
from layeranim.engine.positional import POSITIONAL, angles, rotate, sinusoidal
from tests.engine import family


def test_rows_are_sines_and_cosines_as_published() -> None:
    rows = sinusoidal(50, 6)
    for p in (0, 1, 7, 49):
        for i in range(3):
            angle = p / 10000 ** (2 * i / 6)
            assert rows[p, 2 * i] == pytest.approx(math.sin(angle), abs=1e-15)
            assert rows[p, 2 * i + 1] == pytest.approx(math.cos(angle), abs=1e-15)
    np.testing.assert_array_equal(rows[0], [0, 1] * 3)
    last = [
        f(3 / 10000 ** (2 * (i // 2) / 5)) for i, f in enumerate([math.sin, math.cos, math.sin, math.cos, math.sin])
    ]
    np.testing.assert_allclose(sinusoidal(4, 5)[3], last, rtol=1e-12)


def test_the_similarity_of_two_positions_is_a_matter_of_their_distance() -> None:
    t = family.proven(POSITIONAL, POSITIONAL.compute(POSITIONAL.config.of({"positions": 9, "features": 8}), {}))
    similarity = t["similarity"]
    frequencies = 1 / 10000 ** (np.arange(4) / 4)
    expected = np.cos(np.subtract.outer(np.arange(9), np.arange(9))[..., None] * frequencies).sum(axis=-1)
    np.testing.assert_allclose(similarity, expected, rtol=1e-12)
    np.testing.assert_allclose(np.diag(similarity), 4, rtol=1e-12)
    assert t.axes("similarity_products") == ("positions", "other_positions", "features")
    odd = family.proven(POSITIONAL, POSITIONAL.compute(POSITIONAL.config.of({"positions": 3, "features": 5}), {}))
    np.testing.assert_array_equal(odd["output"], sinusoidal(3, 5))
    family.refused(lambda: POSITIONAL.config.of({"base": 1}), "base is 1", "greater than 1")
    family.refused(
        lambda: POSITIONAL.compute(POSITIONAL.config.of({}), {"input": np.ones(1)}), "takes no array", "input"
    )


@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_rotary_positions_turn_pairs_as_complex_numbers(pairs: str) -> None:
    x = np.random.default_rng(0).normal(size=(5, 6))
    turn = np.exp(1j * angles(5, 6, 100.0))
    first, second = (x[:, 0::2], x[:, 1::2]) if pairs == "adjacent" else (x[:, :3], x[:, 3:])
    product = (first + 1j * second) * turn
    found = rotate(x, angles(5, 6, 100.0), pairs=pairs)
    real, imaginary = (found[:, 0::2], found[:, 1::2]) if pairs == "adjacent" else (found[:, :3], found[:, 3:])
    np.testing.assert_allclose(real + 1j * imaginary, product, rtol=1e-12)
    np.testing.assert_allclose((found**2).sum(axis=1), (x**2).sum(axis=1), rtol=1e-12)


@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_rotary_scores_depend_on_the_distance_alone(pairs: str) -> None:
    query, key = np.random.default_rng(1).normal(size=(2, 4))
    arrays: dict[str, Any] = {"query": np.tile(query, (6, 1)), "key": np.tile(key, (6, 1)), "value": np.eye(6)}
    options = {"positional": "rotary", "pairs": pairs}
    scores = ATTENTION.compute(ATTENTION.config.of(options), arrays)["scores"][0, 0]
    for distance in range(-5, 6):
        np.testing.assert_allclose(np.diag(scores, distance), np.diag(scores, distance)[0], rtol=1e-9)
    assert np.ptp(scores) > 0.1


def test_sinusoidal_positions_are_added_to_the_embeddings() -> None:
    rng = np.random.default_rng(2)
    weights = {f"weight_{part}": rng.normal(size=(4, 4)) for part in ("query", "key", "value")}
    tokens = rng.normal(size=(1, 3, 4))
    config = ATTENTION.config.of({"positional": "sinusoidal"})
    added = ATTENTION.compute(config, {"embeddings": tokens, **weights})
    before = ATTENTION.compute(ATTENTION.config.of({}), {"embeddings": tokens + sinusoidal(3, 4), **weights})
    np.testing.assert_allclose(added["output"], before["output"], rtol=1e-12)
    np.testing.assert_array_equal(added["positioned"], tokens + added["encoding"])
