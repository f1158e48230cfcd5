"""Makes ``dense.npz``: PyTorch's linear, bilinear, embedding. Run ``python -m tests.vectors.make_dense_vectors``."""

from __future__ import annotations

import numpy as np

from tests.vectors import store

ACTIVATIONS = ("linear", "relu", "sigmoid", "tanh", "gelu", "silu", "softmax", "log-softmax")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One layer forward and backward."""
    layer = ("dense", "dense", "bilinear", "embedding")[number % 4]
    batch, one, two, units = (int(n) for n in rng.integers(1, 6, 4))
    arrays = {"grad_output": store.array(rng, batch, units)}
    if layer == "embedding":
        time = int(rng.integers(1, 7))
        arrays = {
            "ids": store.array(rng, batch, time, kind="whole", below=one + 1),
            "table": store.array(rng, one + 1, units),
            "grad_output": store.array(rng, batch, time, units),
        }
        config = {} if rng.integers(2) else {"padding_idx": int(rng.integers(one + 1))}
        return {"layer": layer, "config": config, "arrays": arrays, "dtype": store.TYPES[number // 4 % 2]}
    if layer == "dense":
        arrays |= {"input": store.array(rng, batch, one), "weight": store.array(rng, units, one)}
    else:
        arrays |= {"input1": store.array(rng, batch, one), "input2": store.array(rng, batch, two)}
        arrays["weight"] = store.array(rng, units, one, two)
    if rng.integers(2):
        arrays["bias"] = store.array(rng, units)
    config = {"activation": str(rng.choice(ACTIVATIONS[: None if layer == "dense" else 6]))}
    return {"layer": layer, "config": config, "arrays": arrays}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output, and the gradient of every array."""
    import torch
    from torch.nn import functional as F

    start = torch.from_numpy(arrays["grad_output"])
    given = {name: torch.from_numpy(a).requires_grad_() for name, a in arrays.items() if name != "grad_output"}
    if case["layer"] == "embedding":
        ids = torch.from_numpy(arrays["ids"].astype(np.int64))
        y = F.embedding(ids, given["table"], case["config"].get("padding_idx"))
        del given["ids"]
    elif case["layer"] == "dense":
        y = F.linear(given["input"], given["weight"], given.get("bias"))
    else:
        y = F.bilinear(given["input1"], given["input2"], given["weight"], given.get("bias"))
    name = case["config"].get("activation", "linear").replace("-", "_")
    if name != "linear":
        run = getattr(F, name)
        y = run(y, dim=-1) if "softmax" in name else run(y)
    y.backward(start)
    return {"output": y.detach().numpy(), **{f"grad_{key}": x.grad.numpy() for key, x in given.items()}}


if __name__ == "__main__":
    store.write("dense", 200, case, expected)
