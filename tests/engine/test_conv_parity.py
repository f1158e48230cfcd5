"""Convolution against PyTorch: stored outputs always, live ones where PyTorch is installed."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.conv import CONV, ConvConfig

VECTORS = Path(__file__).parents[1] / "vectors"
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}
HAS_TORCH = importlib.util.find_spec("torch") is not None


def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_conv_vectors", VECTORS / "make_conv_vectors.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKER = maker()


def ours(case: dict[str, Any], pool: Any) -> Any:
    config = ConvConfig(
        stride=case["stride"], padding=case["padding"], padding_mode=case["mode"], dilation=case["dilation"],
        groups=case["groups"],
    )  # fmt: skip
    return CONV.compute(config, MAKER.arrays_of(case, pool))["output"]


def check(case: dict[str, Any], result: Any, expected: Any) -> None:
    assert result.shape == expected.shape, case
    assert result.dtype == expected.dtype == case["dtype"], case
    worst = np.abs(result - expected).max()
    assert worst <= TOLERANCE[case["dtype"]] * np.abs(expected).max(), (worst, case)


def test_every_stored_case_agrees_with_pytorch() -> None:
    with np.load(VECTORS / "conv.npz") as stored:
        pool, cases = stored["pool"], json.loads(stored["cases"].tobytes())["cases"]
        flat = {name: stored[name] for name in TOLERANCE}
    at = dict.fromkeys(TOLERANCE, 0)
    for case in cases:
        name, size = case["dtype"], int(np.prod(case["shape"]))
        check(case, ours(case, pool), flat[name][at[name] : at[name] + size].reshape(case["shape"]))
        at[name] += size
    assert len(cases) >= 400
    assert at == {name: len(flat[name]) for name in TOLERANCE}


def test_stored_cases_cover_the_options() -> None:
    with np.load(VECTORS / "conv.npz") as stored:
        cases = json.loads(stored["cases"].tobytes())["cases"]
    kinds = {(c["mode"], c["padding"] if isinstance(c["padding"], str) else len(c["padding"])) for c in cases}
    assert len(kinds) == 4 * 4
    for key, values in {"groups": {1, 2, 3}, "dtype": set(TOLERANCE), "bias": {True, False}, "batch": {1, 2}}.items():
        assert {case[key] for case in cases} == values
    assert {n for case in cases for n in case["stride"]} == {1, 2, 3}
    assert {n for case in cases for n in case["kernel"]} == {1, 2, 3, 4}
    assert {n for case in cases for n in case["dilation"]} == {1, 2, 3}


if HAS_TORCH:
    import torch

    torch.set_num_threads(1)  # the cases are tiny: threads would only wait for each other

    @pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
    @pytest.mark.parametrize("seed", range(3))
    def test_fresh_cases_agree_with_pytorch(seed: int) -> None:
        rng = np.random.default_rng([7, seed])
        pool = rng.normal(size=MAKER.POOL)
        for number in range(100):
            case = MAKER.case(rng, number)
            for key in ("batch", "channels", "filters"):
                case[key] *= int(rng.integers(1, 4))
            case["size"] = [n + int(rng.integers(0, 9)) for n in case["size"]]
            check(case, ours(case, pool), MAKER.output(case, pool))

    TORCH: dict[str, Any] = {
        "sigmoid": torch.sigmoid, "tanh": torch.tanh, "relu": torch.relu, "elu": torch.nn.functional.elu,
        "leaky-relu": torch.nn.functional.leaky_relu, "selu": torch.selu, "celu": torch.celu,
        "prelu": lambda x: torch.nn.functional.prelu(x, torch.tensor([0.25], dtype=x.dtype)),
        "gelu": torch.nn.functional.gelu, "gelu-tanh": lambda x: torch.nn.functional.gelu(x, approximate="tanh"),
        "silu": torch.nn.functional.silu, "mish": torch.nn.functional.mish,
        "softplus": lambda x: torch.nn.functional.softplus(x, threshold=1e9),
        "softsign": torch.nn.functional.softsign, "hard-sigmoid": torch.nn.functional.hardsigmoid,
        "hard-swish": torch.nn.functional.hardswish, "relu6": torch.nn.functional.relu6,
        "hard-tanh": torch.nn.functional.hardtanh, "log-sigmoid": torch.nn.functional.logsigmoid,
        "linear": lambda x: x * 1, "step": lambda x: torch.heaviside(x, torch.ones_like(x)),
    }  # fmt: skip

    @pytest.mark.parametrize("name", sorted(ACTIVATIONS))
    def test_activation_and_derivative_agree_with_pytorch(name: str) -> None:
        x = np.concatenate([np.linspace(-12, 12, 1001), [-3.0, -1.0, 0.0, 1.0, 3.0, 6.0]])
        leaf = torch.tensor(x, requires_grad=name != "step")
        y = TORCH[name](leaf)
        np.testing.assert_allclose(ACTIVATIONS[name](x), y.detach().numpy(), rtol=1e-12, atol=1e-15)
        if name != "step":
            y.sum().backward()
            smooth = ~np.isin(x, (-3, 3)) if name == "hard-swish" else slice(None)
            rtol = 1e-7 if name == "hard-sigmoid" else 1e-11  # PyTorch's slope there is 1/6 as a float32
            derivative = ACTIVATIONS[name].derivative(x)
            np.testing.assert_allclose(derivative[smooth], leaf.grad.numpy()[smooth], rtol=rtol, atol=1e-14)
