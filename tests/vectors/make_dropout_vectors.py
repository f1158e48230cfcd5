"""Makes ``dropout.npz``: PyTorch's dropout. Run ``python -m tests.vectors.make_dropout_vectors``.

PyTorch draws its own masks: each is read off a first pass, and the seed is set again for the pass that counts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

RATES = (0.0, 0.1, 0.25, 0.5, 0.8)


def case(rng: np.random.Generator, number: int) -> store.Case:
    """Inverted or alpha dropout over units and steps of sequences, or inverted over channels or whole features."""
    mode, channelwise = [("inverted", False), ("alpha", False), ("inverted", True)][number % 3]
    shape = [int(n) for n in rng.integers(1, 4, rng.choice([3, 4] if channelwise else [2, 3]))]
    arrays = {"input": store.array(rng, *shape), "grad_output": store.array(rng, 1, *shape)}
    config = {"mode": mode, "channelwise": channelwise, "rate": float(rng.choice(RATES))}
    seed = int(rng.integers(1000))
    drawn = {
        "layer": "dropout",
        "config": config,
        "arrays": arrays,
        "dtype": store.TYPES[number // 3 % 2],
        "seed": seed,
    }
    arrays["mask"] = {"values": _mask(drawn, shape).tolist()}
    return drawn


def _run(case: store.Case, x: Any) -> Any:
    import torch
    from torch.nn import functional as F

    torch.manual_seed(case["seed"])
    name = "alpha_dropout" if case["config"]["mode"] == "alpha" else "dropout"
    run = F.dropout2d if case["config"]["channelwise"] else getattr(F, name)
    if case["config"]["channelwise"] and x.ndim == 3:  # PyTorch's channels are our features, and come second
        return F.dropout1d(x.mT, case["config"]["rate"], training=True).mT
    return run(x, case["config"]["rate"], training=True)


def _mask(case: store.Case, shape: list[int]) -> np.ndarray:
    import torch

    x = torch.full(shape, 1e3, dtype=getattr(torch, case["dtype"]))
    mask = (_run(case, x).numpy() > 100).astype(float)
    return (mask[..., 0, 0] if len(shape) == 4 else mask[:, 0]) if case["config"]["channelwise"] else mask


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output and the gradient of the input."""
    import torch

    x = torch.from_numpy(arrays["input"]).requires_grad_()
    y = _run(case, x)
    y.backward(torch.from_numpy(arrays["grad_output"][0]))
    return {"output": y.detach().numpy()[None], "grad_input": x.grad.numpy()}


if __name__ == "__main__":
    store.write("dropout", 90, case, expected)
