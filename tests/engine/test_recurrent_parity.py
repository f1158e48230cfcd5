"""RNN, GRU and LSTM against PyTorch, forward and backward: stored numbers, and live ones where PyTorch is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from layeranim.engine.recurrent import GRU, LSTM, RNN

VECTORS = Path(__file__).parents[1] / "vectors"
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
LAYERS = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
HAS_TORCH = importlib.util.find_spec("torch") is not None


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_recurrent_vectors", VECTORS / "make_recurrent_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


def ours(case: dict[str, Any], pool: Any) -> dict[str, Any]:
    """Our trace's and its backward pass's numbers, by the names that the case stores."""
    arrays, above = MAKER.arrays_of(case, pool)
    options = {"layers": case["layers"], "bidirectional": case["bidirectional"], "bias": case["bias"]}
    options |= {"nonlinearity": case["nonlinearity"]} if case["kind"] == "rnn" else {}
    layer = LAYERS[case["kind"]]
    trace = layer.compute(layer.config.of(options), arrays)
    assert layer.backward is not None
    back = layer.backward(trace, above)
    return {name: back[name] if name.startswith("grad_") else trace[name] for name in MAKER.wanted(case)}


def check(case: dict[str, Any], name: str, result: Any, expected: Any) -> None:
    assert result.shape == expected.shape, (name, case)
    assert result.dtype == expected.dtype == case["dtype"], (name, case)
    worst, scale = np.abs(result - expected).max(), max(1e-30, np.abs(expected).max())
    assert worst <= TOLERANCE[case["dtype"]] * scale, (name, worst, case)


def test_every_stored_case_agrees_with_pytorch_forward_and_backward() -> None:
    with np.load(VECTORS / "recurrent.npz") as stored:
        pool, cases = stored["pool"], json.loads(stored["cases"].tobytes())
        flat = {name: stored[name] for name in TOLERANCE}
    at = dict.fromkeys(TOLERANCE, 0)
    for case in cases:
        kind = case["dtype"]
        for name, result in ours(case, pool).items():
            expected = flat[kind][at[kind] : at[kind] + result.size].reshape(result.shape)
            check(case, name, result, expected)
            at[kind] += result.size
    assert len(cases) >= 250
    assert at == {name: len(flat[name]) for name in TOLERANCE}
    assert {case["kind"] for case in cases} == set(LAYERS)


if HAS_TORCH:

    @pytest.mark.filterwarnings("ignore:LSTM with projections:UserWarning")
    def test_new_cases_agree_with_pytorch_live() -> None:
        rng = np.random.default_rng(99)
        pool = rng.normal(size=MAKER.POOL)
        for case in MAKER.cases()[::13]:
            size = {"hidden": 5, "projection": 3 if case["projection"] else None}
            new = {
                **case,
                **size,
                "time": 7,
                "lengths": case["lengths"] and [int(n) for n in rng.integers(1, 8, case["batch"])],
            }
            expected = MAKER.expected(new, pool)
            for name, result in ours(new, pool).items():
                check(new, name, result, expected[name])
