"""Time steps and vanishing gradients: shapes that change, values that do not, and products of Jacobians."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import RNN
from layeranim.engine.recurrent.timesteps import TIMESTEPS
from layeranim.engine.recurrent.vanishing import VANISHING
from tests.engine import family


def arrays_of(seed: int = 0, hidden: int = 3, time: int = 5) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return {"input": rng.normal(size=(time, 2)), "weight_input": rng.normal(size=(hidden, 2)),
            "weight_hidden": rng.normal(size=(hidden, hidden)), "bias": rng.normal(size=hidden)}  # fmt: skip


def test_the_published_row_of_ten_becomes_five_steps_of_two() -> None:
    row = np.array([0, 0, 2, 20, 4, 40, 6, 60, 8, 80])
    config = TIMESTEPS.config.of({"timesteps": 5, "input_size": 2})
    t = family.proven(TIMESTEPS, TIMESTEPS.compute(config, {"input": row}))
    np.testing.assert_array_equal(t["output"], [[[0, 0], [2, 20], [4, 40], [6, 60], [8, 80]]])
    assert t.facts["output_shape"] == "1×5×2"
    assert TIMESTEPS.compute(TIMESTEPS.config.of({"timesteps": 5}), {"input": row})["output"].shape == (1, 5, 2)
    assert TIMESTEPS.compute(TIMESTEPS.config.of({}), {"input": row})["output"].shape == (1, 5, 2)
    assert TIMESTEPS.compute(TIMESTEPS.config.of({}), {"input": row[:9]})["output"].shape == (1, 9, 1)
    assert TIMESTEPS.compute(config, {"input": np.stack([row, row])})["output"].shape == (2, 5, 2)
    for options in ({"timesteps": 3}, {"timesteps": 5, "features": 3}, {"features": 4}):
        family.refused(lambda o=options: TIMESTEPS.compute(TIMESTEPS.config.of(o), {"input": row}), "10 numbers")
    family.refused(lambda: TIMESTEPS.compute(config, {"input": np.ones((1, 5, 2))}), "3 axes", "1 or 2")


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu", "linear"])
def test_every_step_replays_and_the_trace_comes_back_from_a_file(nonlinearity: str) -> None:
    config = VANISHING.config.of({"nonlinearity": nonlinearity, "threshold": 0.5})
    t = family.proven(VANISHING, VANISHING.compute(config, arrays_of()))
    np.testing.assert_array_equal(t["scales"], [0.5, 1, 1.5])
    family.proven(VANISHING, VANISHING.compute(VANISHING.config.of({}), arrays_of() | {"scales": [0.9]}))


def test_the_state_is_that_of_the_recurrent_layer_and_the_product_is_its_slope() -> None:
    arrays = arrays_of() | {"scales": [0.7, 1.3]}
    t = VANISHING.compute(VANISHING.config.of({}), arrays)

    def last(s: int, k: int, nudge: Any) -> Any:
        """h_T when h_k is moved."""
        u, h = arrays["weight_hidden"] * arrays["scales"][s], np.zeros(3)
        for at, x in enumerate(arrays["input"]):
            h = np.tanh(arrays["weight_input"] @ x + u @ h + arrays["bias"]) + (nudge if at == k else 0)
        return h

    for s in range(2):
        weights = {"weight_input": arrays["weight_input"], "bias_input": arrays["bias"]}
        rnn = RNN.compute(RNN.config(), {"input": arrays["input"], **weights,
                                         "weight_hidden": arrays["weight_hidden"] * arrays["scales"][s]})  # fmt: skip
        np.testing.assert_allclose(t["hidden"][s], rnn["hidden"][0], rtol=1e-12)
        for k in range(5):
            for j in range(3):
                step = 1e-6 * np.eye(3)[j]
                slope = (last(s, k, step) - last(s, k, -step)) / 2e-6
                np.testing.assert_allclose(t["product"][s, k, :, j], slope, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(t["gradient"], t["product"].sum(axis=2), rtol=1e-12)


def test_without_a_nonlinearity_the_norm_is_that_of_a_matrix_power() -> None:
    arrays = arrays_of(time=9) | {"weight_hidden": np.array([[0.6, 0.8], [-0.8, 0.6]]), "bias": np.zeros(2)}
    arrays |= {"weight_input": np.ones((2, 2)), "scales": [0.5, 1.0, 2.0]}
    t = VANISHING.compute(VANISHING.config.of({"nonlinearity": "linear"}), arrays)
    steps_back = np.arange(8, -1, -1)
    for s, scale in enumerate([0.5, 1.0, 2.0]):
        np.testing.assert_allclose(t["product_norm"][s], np.sqrt(2) * scale**steps_back, rtol=1e-10)
    assert t.facts["norm_0"] == pytest.approx(np.sqrt(2) / 2**8)


def test_a_gradient_longer_than_the_threshold_is_shortened_to_it() -> None:
    t = VANISHING.compute(VANISHING.config.of({"threshold": 1}), arrays_of() | {"gradient_above": [3.0, 0.0, 4.0]})
    length = np.linalg.norm(t["clipped"], axis=-1)
    np.testing.assert_allclose(length, np.minimum(t["gradient_norm"], 1), rtol=1e-12)
    np.testing.assert_allclose(t["gradient"][:, -1], [[3, 0, 4]] * 3, rtol=1e-12)
    np.testing.assert_allclose(t["clipped"][:, -1], [[0.6, 0, 0.8]] * 3, rtol=1e-12)


@pytest.mark.parametrize("forget", [0.0, 0.3, 0.95, 1.0])
def test_the_lane_is_that_of_an_lstms_cell(forget: float) -> None:
    """Of an LSTM whose gates hang on its inputs alone, its forget gate held at one value."""
    torch = pytest.importorskip("torch")
    config = VANISHING.config.of({"forget": forget, "threshold": 1})
    t = family.proven(VANISHING, VANISHING.compute(config, arrays_of() | {"gradient_above": [1.0, -2.0, 0.5]}))
    cell = torch.nn.LSTMCell(2, 3).double()
    with torch.no_grad():
        cell.weight_hh.zero_()
        cell.weight_ih[3:6] = 0
        cell.bias_ih[3:6] = np.clip(np.log(forget / (1 - forget)) if 0 < forget < 1 else forget * 200 - 100, -100, 100)
        cell.bias_hh.zero_()
    states = [(torch.zeros(3).double(), torch.zeros(3).double())]
    for x in arrays_of()["input"]:
        h, c = cell(torch.tensor(x), states[-1])
        c.retain_grad()
        states.append((h, c))
    (states[-1][1] * torch.tensor([1.0, -2.0, 0.5])).sum().backward()
    found = np.stack([c.grad.numpy() for _, c in states[1:]])
    np.testing.assert_allclose(t["gradient"][0], found, rtol=1e-10, atol=1e-40)
    np.testing.assert_allclose(t["gradient_norm"][0], np.linalg.norm(found, axis=1), rtol=1e-10, atol=1e-40)
    assert (t["clipped"][0, -1] ** 2).sum() == pytest.approx(1)
    alone = VANISHING.compute(config.replace(forget=None), arrays_of() | {"gradient_above": [1.0, -2.0, 0.5]})
    for name in ("jacobian", "product", "gradient", "gradient_norm"):
        np.testing.assert_array_equal(t[name][1:], alone[name], err_msg="the scales are as without it")
    assert t.facts["norm_lane"] == pytest.approx(np.sqrt(3) * forget**4)
    assert t.facts["norm_0"] == alone.facts["norm_0"]


def test_what_cannot_be_is_refused() -> None:
    def run(options: Any = None, **arrays: Any) -> Any:
        return VANISHING.compute(VANISHING.config.of(options or {}), arrays_of() | arrays)

    family.refused(lambda: run({"threshold": 0}), "threshold is 0", "greater than 0")
    family.refused(lambda: run({"hidden": 4}), "hidden is 4", "3 by weight_hidden")
    family.refused(lambda: run(weight_hidden=np.ones((3, 4))), "hidden is 3 by weight_hidden", "4 by weight_hidden")
    family.refused(lambda: run(input=np.ones((5, 3))), "input_size is 3 by input", "2 by weight_input")
    family.refused(lambda: run(bias=np.ones(2)), "bias has shape 2", "must be 3")
    family.refused(lambda: run(scales=np.ones((1, 2))), "scales has shape 1×2", "must have 1")


def test_a_truncated_gradient_goes_back_so_far_and_no_further() -> None:
    arrays = arrays_of(time=6)
    whole = VANISHING.compute(VANISHING.config.of({}), arrays)
    cut = family.proven(VANISHING, VANISHING.compute(VANISHING.config.of({"truncate": 2}), arrays))
    np.testing.assert_array_equal(cut["gradient"][:, 3:], whole["gradient"][:, 3:])
    assert not cut["gradient"][:, :3].any()
    assert whole["gradient"][:, :3].all()
    far = VANISHING.compute(VANISHING.config.of({"truncate": 9}), arrays)
    np.testing.assert_array_equal(far["product"], whole["product"])


EVERY = [("tanh", None), ("tanh", 2), ("relu", 1), ("linear", 9)]


@pytest.mark.parametrize(("nonlinearity", "truncate"), EVERY)
def test_every_loss_sends_its_gradient_back_and_each_step_replays(nonlinearity: str, truncate: int | None) -> None:
    config = VANISHING.config.of(
        {"losses": "every", "nonlinearity": nonlinearity, "truncate": truncate, "threshold": 1}
    )
    arrays = arrays_of() | {"target": np.random.default_rng(9).normal(size=(5, 3))}
    t = family.proven(VANISHING, VANISHING.compute(config, arrays))
    for s in range(3):
        for m in range(5):
            error = t["hidden"][s, m] - arrays["target"][m]
            assert t["loss"][s, m] == pytest.approx((error @ error) / 2)
            for k in range(5):
                way = np.eye(3)
                for j in t["jacobian"][s, k + 1 : m + 1][::-1]:
                    way = way @ j
                reached = k <= m <= k + (truncate or 9)
                np.testing.assert_allclose(t["sent"][s, :, m, k], error @ way if reached else 0, rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(t["gradient"], t["sent"].sum(axis=2).swapaxes(1, 2), rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("nonlinearity", ["tanh", "linear"])
def test_the_gradients_of_all_losses_are_slopes_of_their_sum(nonlinearity: str) -> None:
    arrays = arrays_of() | {"target": np.random.default_rng(9).normal(size=(5, 3)), "scales": [0.9]}
    config = VANISHING.config.of({"losses": "every", "nonlinearity": nonlinearity})

    def total(nudge: Any = 0, at: int = -1, weight: Any = 0) -> float:
        """The sum of all losses where a state, or the weight, is moved."""
        phi = np.tanh if nonlinearity == "tanh" else np.asarray
        u, h, out = arrays["weight_hidden"] * 0.9 + weight, np.zeros(3), 0.0
        for t, (x, y) in enumerate(zip(arrays["input"], arrays["target"], strict=True)):
            h = phi(arrays["weight_input"] @ x + u @ h + arrays["bias"]) + (nudge if t == at else 0)
            out += ((h - y) ** 2).sum() / 2
        return out

    trace = VANISHING.compute(config, arrays)
    assert trace["loss"].sum() == pytest.approx(total())
    for at in range(5):
        slopes = [(total(e, at) - total(-e, at)) / 2e-6 for e in 1e-6 * np.eye(3)]
        np.testing.assert_allclose(trace["gradient"][0, at], slopes, rtol=1e-5, atol=1e-8)
    for cell in np.ndindex(3, 3):
        e = np.zeros((3, 3))
        e[cell] = 1e-6
        slope = (total(weight=e) - total(weight=-e)) / 2e-6
        assert trace["weight_gradient"][0][cell] == pytest.approx(slope, rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("kind", ["float64", "float32"])
def test_a_loss_at_every_step_is_that_of_pytorch(kind: str) -> None:
    torch = pytest.importorskip("torch")
    arrays = {name: array.astype(kind) for name, array in arrays_of(4, 3, 7).items()}
    arrays |= {"target": np.random.default_rng(1).normal(size=(7, 3)).astype(kind), "scales": np.ones(1, kind)}
    trace = VANISHING.compute(VANISHING.config.of({"losses": "every"}), arrays)
    rnn = torch.nn.RNNCell(2, 3, dtype=torch.tensor(arrays["input"]).dtype)
    with torch.no_grad():
        rnn.weight_ih.copy_(torch.tensor(arrays["weight_input"]))
        rnn.weight_hh.copy_(torch.tensor(arrays["weight_hidden"]))
        rnn.bias_ih.copy_(torch.tensor(arrays["bias"]))
        rnn.bias_hh.zero_()
    h, states = torch.zeros(3, dtype=rnn.weight_hh.dtype), []
    for x in torch.tensor(arrays["input"]):
        h = rnn(x, h)
        h.retain_grad()
        states.append(h)
    losses = ((torch.stack(states) - torch.tensor(arrays["target"])) ** 2).sum(dim=1) / 2
    losses.sum().backward()
    near = {"rtol": 1e-4, "atol": 1e-5} if kind == "float32" else {"rtol": 1e-10, "atol": 1e-12}
    assert trace["gradient"].dtype == kind
    np.testing.assert_allclose(trace["loss"][0], losses.detach().numpy(), **near)
    np.testing.assert_allclose(trace["gradient"][0], np.stack([h.grad.numpy() for h in states]), **near)
    np.testing.assert_allclose(trace["weight_gradient"][0], rnn.weight_hh.grad.numpy(), **near)


def test_what_belongs_to_one_loss_or_to_every_loss_is_refused_with_the_other() -> None:
    def run(options: Any = None, **arrays: Any) -> Any:
        return VANISHING.compute(VANISHING.config.of(options or {}), arrays_of() | arrays)

    family.refused(lambda: run(target=np.ones((5, 3))), "target is given", "set losses to every")
    family.refused(
        lambda: run({"losses": "every"}, gradient_above=np.ones(3)), "gradient_above is given", "give target"
    )
    family.refused(lambda: run({"losses": "every", "forget": 0.5}), "forget is 0.5", "leave one of them out")
    family.refused(lambda: run({"losses": "every"}, target=np.ones((4, 3))), "target has shape 4×3", "must be 5×3")
