"""Training for real: the record replays, PyTorch goes the same way, the loss falls."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from layeranim.engine.fit import TRAINING, FitConfig
from layeranim.engine.network import BACKPROP, LearningConfig
from tests.engine.family import proven, refused

XOR = {"input": [[0, 0], [0, 1], [1, 0], [1, 1]], "target": [0, 1, 1, 0]}
OPTIONS: list[dict[str, Any]] = [
    {"epochs": 3},
    {"epochs": 2, "batch_size": 2, "momentum": 0.9, "clip_norm": 0.1},
    {"epochs": 2, "method": "adam", "sizes": "2,3,3,2", "activation": "relu", "initialiser": "he-normal"},
    {"epochs": 2, "method": "adagrad", "initial_accumulator": 0.5, "learning_rate_decay": 0.1, "sizes": "2,2,2"},
]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("kind", [np.float64, np.float32])
def test_every_update_replays_and_comes_back_from_a_file(options: dict[str, Any], kind: Any) -> None:
    config = FitConfig(grid=4, **options)
    trace = proven(TRAINING, TRAINING.compute(config, {**XOR, "input": np.array(XOR["input"], kind)}))
    assert trace["surface"].dtype == kind
    assert trace["surface"].shape == (trace.facts["updates"] + 1, 4, 4, 2)  # type: ignore[operator]


def test_gradients_are_those_of_the_explainer_of_backpropagation() -> None:
    trace = TRAINING.compute(FitConfig(epochs=2, sizes="2,4,3,2", batch_size=2), XOR)
    for t, rows in enumerate(trace["order"]):
        names = [f"dense{k}_{kind}" for k in (1, 2, 3) for kind in ("weight", "bias")]
        given = {name: trace[name][t] for name in names}
        given |= {"input": np.array(XOR["input"])[rows], "target": np.array(XOR["target"])[rows]}
        back = BACKPROP.compute(LearningConfig(activation="tanh"), given)
        for name in names:
            assert np.allclose(back[f"grad_{name}"], trace[f"grad_{name}"][t], rtol=1e-12, atol=1e-15)


def test_xor_is_learned() -> None:
    trace = TRAINING.compute(FitConfig(epochs=60, method="adam", learning_rate=0.1, activation="tanh"), XOR)
    assert trace["accuracy"][-1] == 1
    assert trace["loss"][-1] < 0.05 < trace["loss"][0]
    grid, surface = trace["grid"], trace["surface"][-1]
    for point, wanted in zip(XOR["input"], XOR["target"], strict=True):
        r, c = np.unravel_index(np.abs(grid - point).sum(axis=-1).argmin(), grid.shape[:2])
        assert surface[r, c].argmax() == wanted


def test_every_epoch_sees_every_sample_once() -> None:
    order = TRAINING.compute(FitConfig(epochs=3, batch_size=2), XOR)["order"]
    assert order.shape == (6, 2)
    assert all(sorted(epoch) == [0, 1, 2, 3] for epoch in order.reshape(3, 4).tolist())


def test_the_seed_decides() -> None:
    first, again, other = (
        TRAINING.compute(FitConfig(training_seed=s, epochs=1), XOR)["dense1_weight"] for s in (1, 1, 2)
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_without_a_target_the_sum_decides_and_without_a_plane_there_is_no_surface() -> None:
    x = np.random.default_rng(0).normal(size=(6, 3))
    trace = TRAINING.compute(FitConfig(epochs=1), {"input": x})
    assert trace["class_ids"].tolist() == (x.sum(axis=1) > x.sum() / 6).astype(int).tolist()
    assert "surface" not in trace


if importlib.util.find_spec("torch") is not None:
    import torch

    def test_pytorch_goes_the_same_way() -> None:
        config = FitConfig(epochs=5, method="rmsprop", learning_rate=0.01, batch_size=2, sizes="2,5,2")
        trace = TRAINING.compute(config, XOR)
        net = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 2)).double()
        with torch.no_grad():
            for k, name in ((0, "dense1"), (2, "dense2")):
                net[k].weight.copy_(torch.tensor(trace[f"{name}_weight"][0]))
                net[k].bias.zero_()
        optimiser = torch.optim.RMSprop(net.parameters(), lr=0.01)
        x, ids = torch.tensor(XOR["input"], dtype=torch.float64), torch.tensor(XOR["target"])
        for t, batch in enumerate(trace["order"]):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(net(x[batch.copy()]), ids[batch.copy()]).backward()
            optimiser.step()
            for k, name in ((0, "dense1"), (2, "dense2")):
                assert np.allclose(net[k].weight.detach(), trace[f"{name}_weight"][t + 1], rtol=1e-9), t
        whole = torch.nn.functional.cross_entropy(net(x), ids)
        assert float(whole.detach()) == pytest.approx(float(trace["loss"][-1]), rel=1e-9)


REFUSALS: list[tuple[dict[str, Any], dict[str, Any], tuple[str, ...]]] = [
    ({"batch_size": 3}, XOR, ("batch_size is 3", "samples, which is 4")),
    ({"sizes": "3,2"}, XOR, ("input has 2 features", "3")),
    ({}, {**XOR, "target": [0, 1, 2, 0]}, ("target holds 2", "0 to 1")),
    ({}, {**XOR, "target": [0, 1]}, ("target has shape 2", "4 (samples)")),
    ({"epochs": 0}, XOR, ("epochs is 0", "at least 1")),
    ({"epochs": 10_000, "batch_size": 1, "grid": 200}, XOR, ("decision surface", "at most")),
    ({"sizes": "2,3,1"}, {"input": XOR["input"]}, ("1 class", "2")),
    ({"method": "adam", "momentum": 0.5}, XOR, ("momentum is 0.5", "method adam")),
]


@pytest.mark.parametrize(("options", "arrays", "pieces"), REFUSALS)
def test_what_does_not_go_together(options: dict[str, Any], arrays: dict[str, Any], pieces: tuple[str, ...]) -> None:
    refused(lambda: TRAINING.compute(FitConfig(**options), arrays), *pieces)
