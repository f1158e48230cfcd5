"""Weights as PyTorch, Keras and ONNX pack them, against each library's own equations written out here."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import pytest

from layeranim.engine.packing import Packed
from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.recurrent_packing import from_keras, from_onnx, from_torch_state
from layeranim.engine.trace import Trace
from tests.engine.family import refused

LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
RNG = np.random.default_rng(6)
X = RNG.normal(size=(2, 4, 3))
UNITS = 2


def sigma(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def trace(packed: Packed) -> Trace:
    layer = LAYERS[packed.layer]
    return layer.compute(layer.config.of(packed.options), packed.arrays | {"input": X})


def keras_gru(kernel: Any, recurrent: Any, bias: Any) -> Any:
    """Keras' GRU: gates z, r, h side by side; two rows of bias mean reset_after (keras/src/layers/rnn/gru.py)."""
    h: Any = np.zeros((2, UNITS))
    for t in range(4):
        bx, bh = bias if bias.ndim == 2 else (bias, np.zeros(3 * UNITS))
        xz, xr, xh = np.split(X[:, t] @ kernel + bx, 3, axis=1)
        uz, ur, uh = np.split(recurrent, 3, axis=1)
        bz, br, bb = np.split(bh, 3)
        z, r = sigma(xz + h @ uz + bz), sigma(xr + h @ ur + br)
        candidate = np.tanh(xh + (r * (h @ uh + bb) if bias.ndim == 2 else (r * h) @ uh))
        h = z * h + (1 - z) * candidate
    return h


def keras_lstm(kernel: Any, recurrent: Any, bias: Any) -> Any:
    """Keras' LSTM: gates i, f, c, o side by side."""
    h: Any = np.zeros((2, UNITS))
    c: Any = np.zeros((2, UNITS))
    for t in range(4):
        i, f, g, o = np.split(X[:, t] @ kernel + h @ recurrent + bias, 4, axis=1)
        c = sigma(f) * c + sigma(i) * np.tanh(g)
        h = sigma(o) * np.tanh(c)
    return h


def test_keras_weights_give_what_keras_formulas_give() -> None:
    for rows in ((), (2,)):
        weights = [RNG.normal(size=s) for s in ((3, 3 * UNITS), (UNITS, 3 * UNITS), (*rows, 3 * UNITS))]
        packed = from_keras(weights)
        assert packed.options["variant"] == ("reset-after" if rows else "reset-before")
        np.testing.assert_allclose(trace(packed)["final_hidden"], keras_gru(*weights), rtol=1e-12)
    weights = [RNG.normal(size=s) for s in ((3, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,))]
    np.testing.assert_allclose(trace(from_keras(weights))["final_hidden"], keras_lstm(*weights), rtol=1e-12)
    kernel, recurrent = RNG.normal(size=(3, UNITS)), RNG.normal(size=(UNITS, UNITS))
    t = trace(from_keras([kernel, recurrent]))
    np.testing.assert_allclose(t["hidden"][:, 1], np.tanh(X[:, 1] @ kernel + t["hidden"][:, 0] @ recurrent), rtol=1e-12)


def test_keras_bidirectional_reads_the_second_half_backwards() -> None:
    global X
    weights = [RNG.normal(size=s) for s in ((3, 4 * UNITS), (UNITS, 4 * UNITS), (4 * UNITS,)) * 2]
    t = trace(from_keras(weights, bidirectional=True))
    np.testing.assert_allclose(t["forward.final_hidden"], keras_lstm(*weights[:3]), rtol=1e-12)
    X = X[:, ::-1]
    try:
        np.testing.assert_allclose(t["backward.final_hidden"], keras_lstm(*weights[3:]), rtol=1e-12)
    finally:
        X = X[:, ::-1]


def onnx_lstm(w: Any, r: Any, b: Any, p: Any) -> Any:
    """ONNX' LSTM: gates i, o, f, c one after another, peepholes i, o, f."""
    h: Any = np.zeros((2, UNITS))
    c: Any = np.zeros((2, UNITS))
    pi, po, pf = np.split(p, 3)
    for t in range(4):
        i, o, f, g = np.split(X[:, t] @ w.T + h @ r.T + b[: 4 * UNITS] + b[4 * UNITS :], 4, axis=1)
        i, f = sigma(i + pi * c), sigma(f + pf * c)
        c = f * c + i * np.tanh(g)
        h = sigma(o + po * c) * np.tanh(c)
    return h


def onnx_gru(w: Any, r: Any, b: Any, linear_before_reset: bool) -> Any:
    """ONNX' GRU: gates z, r, h one after another; linear_before_reset = 0 resets the state, 1 the sum."""
    h: Any = np.zeros((2, UNITS))
    wb, rb = b[: 3 * UNITS], b[3 * UNITS :]
    for t in range(4):
        xz, xr, xh = np.split(X[:, t] @ w.T + wb, 3, axis=1)
        rz, rr, rh = np.split(r, 3)
        bz, br, bh = np.split(rb, 3)
        z, reset = sigma(xz + h @ rz.T + bz), sigma(xr + h @ rr.T + br)
        old = reset * (h @ rh.T + bh) if linear_before_reset else (reset * h) @ rh.T + bh
        h = (1 - z) * np.tanh(xh + old) + z * h
    return h


def test_onnx_weights_give_what_onnx_formulas_give() -> None:
    w, r, b, p = (RNG.normal(size=s) for s in ((1, 8, 3), (1, 8, UNITS), (1, 16), (1, 6)))
    np.testing.assert_allclose(
        trace(from_onnx(w, r, b, p))["final_hidden"], onnx_lstm(w[0], r[0], b[0], p[0]), rtol=1e-12
    )
    w, r, b = (RNG.normal(size=s) for s in ((2, 6, 3), (2, 6, UNITS), (2, 12)))
    for linear in (False, True):
        t = trace(from_onnx(w, r, b, linear_before_reset=linear))
        np.testing.assert_allclose(t["forward.final_hidden"], onnx_gru(w[0], r[0], b[0], linear), rtol=1e-12)
    assert t.config.variant == "reset-after"  # type: ignore[attr-defined]
    t = trace(from_onnx(RNG.normal(size=(1, 2, 3)), RNG.normal(size=(1, 2, 2))))
    assert t.layer == "rnn"
    assert not t.config.bias  # type: ignore[attr-defined]


def test_the_kind_and_the_options_are_read_off_a_torch_state() -> None:
    state = {"weight_ih_l0": np.ones((8, 3)), "weight_hh_l0": np.ones((8, 1)), "weight_hr_l0": np.ones((1, 2))}
    packed = from_torch_state(state)
    assert packed.layer == "lstm"
    assert packed.options == {"layers": 1, "bidirectional": False, "bias": False, "projection": 1}
    assert trace(packed)["output"].shape == (2, 4, 1)
    two = {f"weight_{k}_l{n}{end}": np.ones((6, {"i": (3, 4)[n], "h": 2}[k[0]])) for k in ("ih", "hh") for n in (0, 1)
           for end in ("", "_reverse")}  # fmt: skip
    packed = from_torch_state(two)
    assert (packed.layer, packed.options["layers"], packed.options["bidirectional"]) == ("gru", 2, True)
    assert "layer1.backward.weight_hidden" in packed.arrays
    assert trace(packed)["output"].shape == (2, 4, 4)


def test_weights_that_are_none_are_refused() -> None:
    refused(lambda: from_torch_state({"weight": np.ones(3)}), "weight is no weight of torch.nn.RNN", "weight_ih_l0")
    refused(lambda: from_torch_state({"bias_ih_l0": np.ones(3)}), "no weight_ih_l0 and weight_hh_l0", "state_dict")
    refused(
        lambda: from_torch_state({"weight_ih_l0": np.ones((5, 3)), "weight_hh_l0": np.ones((5, 2))}), "5×2", "2 units"
    )
    refused(lambda: from_keras([np.ones((3, 8))]), "1 arrays", "2 (no bias) or 3")
    refused(lambda: from_keras([np.ones((3, 8)), np.ones((3, 8))]), "recurrent_kernel", "3×8", "3 units")
    refused(lambda: from_onnx(np.ones((1, 8, 3)), np.ones((1, 6, 2))), "1×8×3", "1×6×2")
    refused(lambda: from_onnx(np.ones((1, 8, 3)), np.ones((1, 8, 2)), np.ones((1, 8))), "B has shape 1×8", "1×16")
    refused(lambda: from_onnx(np.ones((1, 6, 3)), np.ones((1, 6, 2)), None, np.ones((1, 6))), "P has shape", "LSTM")


if importlib.util.find_spec("torch") is not None:
    import torch

    @pytest.mark.parametrize(
        "module", [torch.nn.RNN(3, 2), torch.nn.GRU(3, 2, 2, bidirectional=True), torch.nn.LSTM(3, 2)]
    )
    def test_a_live_state_dict_gives_what_the_module_gives(module: Any) -> None:
        module = module.double()
        packed = from_torch_state({name: value.numpy() for name, value in module.state_dict().items()})
        expected = module(torch.from_numpy(X).transpose(0, 1))[0].transpose(0, 1)
        np.testing.assert_allclose(trace(packed)["output"], expected.detach().numpy(), rtol=1e-10)
