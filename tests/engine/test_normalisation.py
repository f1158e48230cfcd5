"""Normalisations: PyTorch, Keras' conventions by formula, slopes, constant inputs, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layeranim.engine.normalisation import BATCH_NORM, LAYER_NORM
from layeranim.engine.normalisation_shapes import KINDS, LayerNormConfig, NormConfig
from tests.engine.family import (
    HAS_TORCH,
    fresh_agree,
    maker,
    proven,
    refused,
    replays,
    slopes,
    stored_agree,
    takes_any_array,
)

LAYERS = {layer.name: layer for layer in (BATCH_NORM, LAYER_NORM)}
RNG = np.random.default_rng(6)
IMAGES = RNG.normal(size=(2, 4, 2, 3))
ROWS = RNG.normal(size=(4, 3))


def weights(*shape: int) -> dict[str, Any]:
    return {"gamma": RNG.normal(size=shape), "beta": RNG.normal(size=shape)}


CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kind": "batch"}, {"input": ROWS, **weights(3)}),
    ({"kind": "batch"}, {"input": IMAGES, **weights(4)}),
    ({"kind": "batch", "convention": "keras", "affine": False}, {"input": ROWS}),
    ({"kind": "batch", "mode": "inference"}, {"input": IMAGES, **weights(4), "running_mean": [0.5, 0, 1, -1],
                                              "running_variance": [1, 2, 0.5, 0.25]}),
    ({"kind": "layer"}, {"input": ROWS, **weights(3)}),
    ({"kind": "layer", "normalized_axes": 3}, {"input": IMAGES, **weights(4, 2, 3)}),
    ({"kind": "group", "groups": 2}, {"input": IMAGES, **weights(4)}),
    ({"kind": "instance"}, {"input": IMAGES, **weights(4)}),
    ({"kind": "rms", "normalized_axes": 2}, {"input": IMAGES, "gamma": RNG.normal(size=(2, 3))}),
    ({"kind": "rms", "affine": False}, {"input": ROWS}),
    ({"kind": "rms"}, {"input": ROWS, "beta": [0.5, -1, 2]}),
    ({"kind": "group", "groups": 2, "convention": "mlx"}, {"input": RNG.normal(size=(2, 4, 2, 3))}),
]  # fmt: skip


def test_stored_cases_agree_with_pytorch() -> None:
    cases = stored_agree("normalisation", LAYERS, 150)
    assert {case["config"]["kind"] for case in cases} == set(KINDS)


if HAS_TORCH:

    def test_fresh_cases_agree_with_pytorch() -> None:
        fresh_agree(maker("normalisation"), LAYERS, 1, 60)


@pytest.mark.parametrize(("options", "arrays"), CASES)
def test_every_kind_replays_and_has_the_right_slopes(options: dict[str, Any], arrays: dict[str, Any]) -> None:
    proven(BATCH_NORM, BATCH_NORM.compute(NormConfig(**options), {k: np.float32(v) for k, v in arrays.items()}))
    proven(BATCH_NORM, BATCH_NORM.compute(NormConfig(**options), arrays))
    slopes(BATCH_NORM, NormConfig(**options), arrays, [k for k in arrays if "running" not in k])


@pytest.mark.parametrize(("options", "arrays"), CASES)
def test_normalised_cells_have_mean_0_and_variance_1(options: dict[str, Any], arrays: dict[str, Any]) -> None:
    trace = BATCH_NORM.compute(NormConfig(eps=0, **options), arrays)
    if options.get("mode") == "inference":
        return
    kind, hat = options["kind"], trace["normalised"]
    last = options.get("normalized_axes", 1)
    if options.get("convention") == "mlx":  # every second channel
        hat = hat.reshape(2, 2, 2, -1).swapaxes(1, 2)
    if kind == "group":
        hat = hat.reshape(2, 2, -1)
    over: Any = {"batch": (0, *range(2, hat.ndim)), "instance": (2, 3), "group": -1}.get(kind, tuple(range(-last, 0)))
    if kind == "rms":
        assert np.allclose((hat**2).mean(axis=over), 1, rtol=1e-12)
        return
    assert np.allclose(hat.mean(axis=over), 0, atol=1e-14)
    assert np.allclose(hat.var(axis=over), 1, rtol=1e-12)


def test_every_kind_by_hand() -> None:
    run = BATCH_NORM.compute(NormConfig(eps=0), {"input": [[1, 2], [3, 6]], "gamma": [1, 10], "beta": [0, 5]})
    assert run["mean"].tolist() == [2, 4]
    assert run["variance"].tolist() == [1, 4]
    assert run["output"].tolist() == [[-1, -5], [1, 15]]
    assert run["unbiased_variance"].tolist() == [2, 8]
    assert run["new_running_mean"].tolist() == pytest.approx([0.2, 0.4])
    assert run["new_running_variance"].tolist() == pytest.approx([0.9 + 0.2, 0.9 + 0.8])
    assert (run.facts["terms"], run.facts["parameters"]) == (2, 4)
    row = LAYER_NORM.compute(LayerNormConfig(eps=0), {"input": [1, 3]})
    assert row["output"].tolist() == [[-1, 1]]
    assert LAYER_NORM.compute(LayerNormConfig(kind="rms", eps=0), {"input": [3, 4]})["output"] == pytest.approx(
        np.array([[3, 4]]) / np.sqrt(12.5)
    )


def test_eps_leaves_the_deviation_a_little_below_1() -> None:
    trace = BATCH_NORM.compute(NormConfig(eps=0.5), {"input": ROWS})
    assert np.allclose(
        trace["normalised"].std(axis=0), np.sqrt(ROWS.var(axis=0) / (ROWS.var(axis=0) + 0.5)), rtol=1e-12
    )


def test_keras_keeps_the_old_and_the_biased_variance() -> None:
    trace = BATCH_NORM.compute(NormConfig(convention="keras"), {"input": [[1.0], [3.0]], "running_mean": [5.0]})
    assert trace["new_running_mean"].tolist() == pytest.approx([0.99 * 5 + 0.01 * 2])
    assert trace["new_running_variance"].tolist() == pytest.approx([0.99 + 0.01 * 1])
    assert trace["deviation"].tolist() == pytest.approx([np.sqrt(1 + 1e-3)])


def test_the_running_statistics_of_one_batch_serve_the_next() -> None:
    first = BATCH_NORM.compute(NormConfig(momentum=1), {"input": ROWS})
    used = BATCH_NORM.compute(
        NormConfig(mode="inference"),
        {"input": ROWS, "running_mean": first["new_running_mean"], "running_variance": first["new_running_variance"]},
    )
    assert np.allclose(used["output"], (ROWS - ROWS.mean(axis=0)) / np.sqrt(ROWS.var(axis=0, ddof=1) + 1e-5))


def test_constant_nan_infinite_and_large_inputs() -> None:
    with np.errstate(all="raise"):
        same = BATCH_NORM.compute(NormConfig(), {"input": np.full((3, 2), 7.0)})
        assert not same["output"].any()
        for x in ([[1, np.nan], [2, 3]], [[1, np.inf], [2, 3]], [[1e308, 1], [1e308, 2]], [[1e-320, 1], [0, 2]]):
            for kind in ("batch", "layer", "rms"):
                trace = proven(BATCH_NORM, BATCH_NORM.compute(NormConfig(kind=kind), {"input": x}))
                replays(BATCH_NORM.backward(trace, {"output": np.ones((2, 2))}))  # type: ignore[misc]
        clean = BATCH_NORM.compute(NormConfig(), {"input": [[1, np.nan], [3, 3]]})["output"]
        assert np.isnan(clean[:, 1]).all()
        assert np.isfinite(clean[:, 0]).all()


@given(st.integers(2, 5), st.integers(1, 4), st.floats(0.1, 50), st.floats(-50, 50), st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_scale_and_shift_of_the_input_are_forgotten(n: int, f: int, scale: float, shift: float, seed: int) -> None:
    x = np.random.default_rng(seed).normal(size=(n, f))
    plain, moved = (BATCH_NORM.compute(NormConfig(eps=0), {"input": y})["output"] for y in (x, scale * x + shift))
    assert np.allclose(plain, moved, atol=1e-6)


def test_one_group_is_a_layer_norm_and_a_group_a_channel_an_instance_norm() -> None:
    whole = BATCH_NORM.compute(NormConfig(kind="group", groups=1), {"input": IMAGES})["output"]
    assert np.allclose(
        whole, BATCH_NORM.compute(NormConfig(kind="layer", normalized_axes=3), {"input": IMAGES})["output"]
    )
    apart = BATCH_NORM.compute(NormConfig(kind="group", groups=4), {"input": IMAGES})["output"]
    assert np.allclose(apart, BATCH_NORM.compute(NormConfig(kind="instance"), {"input": IMAGES})["output"])


def test_any_array_is_taken_and_none_is_changed() -> None:
    arrays = {"input": np.round(5 * ROWS), "gamma": [1, 2, 3], "beta": [0, 1, 0]}
    takes_any_array(BATCH_NORM, NormConfig(), arrays)


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"kind": "group", "groups": 3}, {"input": IMAGES}, ("groups is 3", "channels, which are 4")),
    ({"groups": 2}, {"input": IMAGES}, ("groups is 2", "kind batch", "group")),
    ({"kind": "layer", "normalized_axes": 4}, {"input": IMAGES}, ("normalized_axes is 4", "4 axes")),
    ({"kind": "layer", "momentum": 0.1}, {"input": ROWS}, ("momentum is 0.1", "kind layer", "batch")),
    ({"momentum": 1.5}, {"input": ROWS}, ("momentum is 1.5", "at most 1")),
    ({"eps": -1}, {"input": ROWS}, ("eps is -1", "at least 0")),
    ({"kind": "layer", "mode": "inference"}, {"input": ROWS}, ("mode is inference", "kind layer")),
    ({"kind": "instance"}, {"input": ROWS}, ("kind instance", "2 axes")),
    ({}, {"input": ROWS[:1]}, ("more than 1 number for each features", "1")),
    ({}, {"input": ROWS, "gamma": [1, 2]}, ("gamma has shape 2", "3 (features)")),
    ({"affine": False}, {"input": ROWS, "gamma": [1, 2, 3]}, ("gamma was given", "does not use it")),
    ({"kind": "layer"}, {"input": ROWS, "running_mean": [1, 2, 3]}, ("running_mean was given",)),
    ({}, {"input": [1, 2, 3]}, ("input has 1 axis", "2 to 5")),
]  # fmt: skip


@pytest.mark.parametrize(("options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(options: dict[str, Any], arrays: dict[str, Any], pieces: tuple[str, ...]) -> None:
    refused(lambda: BATCH_NORM.compute(NormConfig(**options), arrays), *pieces)
