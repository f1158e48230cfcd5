"""Makes ``activation.npz``: PyTorch's activations. Run ``python -m tests.vectors.make_activation_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

NAMES = {
    "sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "leaky-relu": "leaky_relu", "elu": "elu", "selu": "selu",
    "celu": "celu", "gelu": "gelu", "silu": "silu", "mish": "mish", "softplus": "softplus", "softsign": "softsign",
    "hard-sigmoid": "hardsigmoid", "hard-swish": "hardswish", "relu6": "relu6", "hard-tanh": "hardtanh",
    "log-sigmoid": "logsigmoid",
}  # fmt: skip
GATES = {"glu": "sigmoid", "reglu": "relu", "geglu": "gelu", "swiglu": "silu"}


def case(rng: np.random.Generator, number: int) -> store.Case:
    """An activation, a prelu with slopes, a gated unit, or a softmax along an axis with a temperature."""
    batch, features = int(rng.integers(1, 4)), int(rng.integers(1, 6))
    dtype = store.TYPES[number % 2]
    kind = ("activation", "activation", "prelu", "glu", "softmax")[number % 5]
    if kind == "softmax":
        config: dict[str, Any] = {"log": bool(rng.integers(2)), "axis": int(rng.integers(-2, 2))}
        config["temperature"] = float(rng.choice([0.5, 1, 3]))
        features += 1
        arrays = {"logits": store.array(rng, batch + 1, features), "grad_output": store.array(rng, batch + 1, features)}
        return {"layer": "softmax", "config": config, "arrays": arrays, "dtype": dtype}
    if kind == "activation":
        config = {"activation": str(rng.choice(list(NAMES)))}
        if config["activation"] in ("leaky-relu", "elu", "celu"):
            config["alpha"] = float(rng.choice([0.1, 0.5, 2, -1]))
        if config["activation"] == "hard-sigmoid":
            dtype = "float32"  # PyTorch's slope is 1/6 in single precision for doubles too
    else:
        config = {"activation": kind if kind == "prelu" else str(rng.choice(list(GATES)))}
    arrays = {"input": store.array(rng, batch, features * (2 if kind == "glu" else 1))}
    if kind == "prelu":
        arrays["slope"] = store.array(rng, features)
    arrays["grad_output"] = store.array(rng, batch, features)
    return {"layer": "activation", "config": config, "arrays": arrays, "dtype": dtype}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output and the gradients."""
    import torch
    from torch.nn import functional as F

    config = case["config"]
    source = "logits" if case["layer"] == "softmax" else "input"
    x = torch.from_numpy(arrays[source]).requires_grad_()
    name, results = config.get("activation"), {}
    if case["layer"] == "softmax":
        y = (F.log_softmax if config["log"] else F.softmax)(x / config["temperature"], dim=config["axis"])
    elif name in GATES:
        value, gate = x.chunk(2, dim=-1)
        y = F.glu(x) if name == "glu" else value * getattr(F, GATES[name])(gate)
    elif name == "prelu":
        slope = torch.from_numpy(arrays["slope"]).requires_grad_()
        y = F.prelu(x, slope)
    else:
        y = getattr(F, NAMES[name])(x, *([config["alpha"]] if "alpha" in config else []))
    y.backward(torch.from_numpy(arrays["grad_output"]))
    if name == "prelu":
        results["grad_slope"] = slope.grad.numpy()
    return {"output": y.detach().numpy(), f"grad_{source}": x.grad.numpy(), **results}


if __name__ == "__main__":
    store.write("activation", 200, case, expected)
