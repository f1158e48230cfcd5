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
        lambda: POSITIONAL.compute(POSITIONAL.config.of({}), {"input": np.ones((2, 2))}), "takes no array", "input"
    )


@pytest.mark.skipif(not family.HAS_TORCH, reason="PyTorch is not installed")
@pytest.mark.parametrize("kind", ["float64", "float32"])
@pytest.mark.parametrize("pairs", ["adjacent", "halves"])
def test_a_rotary_encoding_is_that_of_pytorch_code(pairs: str, kind: str) -> None:
    """As models write it: complex numbers of adjacent pairs (RoFormer, Llama), or x cos + rotate_half(x) sin."""
    import torch

    x = np.random.default_rng(4).normal(size=(7, 6)).astype(kind)
    trace = POSITIONAL.compute(POSITIONAL.config.of({"kind": "rotary", "pairs": pairs, "base": 50}), {"input": x})
    family.proven(POSITIONAL, trace)
    given = torch.tensor(x, dtype=torch.float64)
    angle = torch.outer(torch.arange(7.0, dtype=torch.float64),
                        50.0 ** (-torch.arange(0, 6, 2, dtype=torch.float64) / 6))  # fmt: skip
    if pairs == "adjacent":
        turn = torch.polar(torch.ones_like(angle), angle)
        expected = torch.view_as_real(torch.view_as_complex(given.reshape(7, 3, 2)) * turn).reshape(7, 6)
    else:
        whole = torch.cat([angle, angle], dim=-1)
        first, second = given.chunk(2, dim=-1)
        expected = given * whole.cos() + torch.cat([-second, first], dim=-1) * whole.sin()
    assert trace["output"].dtype == kind
    np.testing.assert_allclose(trace["output"], expected.numpy(), rtol=0, atol=1e-12 if kind == "float64" else 2e-6)
    np.testing.assert_allclose(trace["similarity"], trace["output"] @ trace["output"].T, rtol=1e-5, atol=1e-5)


def test_one_vector_turned_is_as_alike_as_its_places_are_near() -> None:
    x = np.tile(np.random.default_rng(5).normal(size=4), (6, 1))
    found = POSITIONAL.compute(POSITIONAL.config.of({"kind": "rotary"}), {"input": x})["similarity"]
    for distance in range(6):
        assert np.ptp(np.diagonal(found, distance)) < 1e-12
    pairs = x[0, 0::2] ** 2 + x[0, 1::2] ** 2
    np.testing.assert_allclose(found[0], np.cos(angles(6, 4, 10000.0)) @ pairs, rtol=1e-12)


def test_a_learned_encoding_is_its_table() -> None:
    table = np.random.default_rng(6).normal(size=(5, 3))
    trace = family.proven(POSITIONAL, POSITIONAL.compute(POSITIONAL.config.of({"kind": "learned"}), {"table": table}))
    np.testing.assert_array_equal(trace["output"], table)
    np.testing.assert_allclose(trace["similarity"], table @ table.T, rtol=1e-12)
    assert "angle" not in trace


@pytest.mark.parametrize(
    ("options", "arrays", "says"),
    [
        ({"kind": "learned", "positions": 9}, {"table": (8, 4)}, "positions is 9 by option positions, but 8 by table"),
        ({"kind": "rotary"}, {"input": (8, 5)}, "5 features cannot be turned in pairs"),
        ({"kind": "learned", "base": 10}, {"table": (2, 2)}, "a learned encoding does not read it"),
        ({"pairs": "halves"}, {}, "goes with rotary"),
        ({"kind": "rotary"}, {"table": (2, 2)}, "takes no array 'table'"),
        ({"kind": "rotary"}, {"input": (4,)}, "input has shape 4"),
    ],
)
def test_what_a_kind_does_not_read_is_refused(options: Any, arrays: Any, says: str) -> None:
    given = {name: np.ones(shape) for name, shape in arrays.items()}
    family.refused(lambda: POSITIONAL.compute(POSITIONAL.config.of(options), given), says)


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
