"""Makes ``normalisation.npz``: PyTorch's normalisations. Run ``python -m tests.vectors.make_normalisation_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

KINDS = ("batch", "layer", "group", "instance", "rms")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One normalisation, forward and backward, of two to five axes."""
    kind = KINDS[number % 5]
    config: dict[str, Any] = {}
    shape: list[int] = []
    # With two numbers to a statistic the gradient is 0 but for rounding: nothing to compare.
    while not config or _terms(kind, shape, config) < 4:
        ndim = int(rng.integers(3 if kind == "instance" else 2, 6))
        shape = [int(n) for n in rng.integers(2, 5, ndim)]
        config = {"kind": kind, "affine": bool(rng.integers(4))}
        if kind == "group":
            config["groups"] = int(rng.integers(1, 3))
            shape[1] *= config["groups"]
        if kind in ("layer", "rms"):
            config["normalized_axes"] = int(rng.integers(1, ndim))
    weights = shape[-config.get("normalized_axes", 1) :] if kind in ("layer", "rms") else shape[1:2]
    if rng.integers(2):
        config["eps"] = 1e-3
    arrays = {"input": store.array(rng, *shape), "grad_output": store.array(rng, *shape)}
    if config["affine"] and rng.integers(4):
        arrays["gamma"] = store.array(rng, *weights)
        if kind != "rms":
            arrays["beta"] = store.array(rng, *weights)
    if kind == "batch":
        config |= {"mode": str(rng.choice(["training", "inference"])), "momentum": float(rng.choice([0.1, 0.25, 1]))}
        arrays |= {"running_mean": store.array(rng, *weights)}
        arrays |= {"running_variance": store.array(rng, *weights, kind="positive")}
    return {"layer": "batchnorm", "config": config, "arrays": arrays, "dtype": store.TYPES[number % 2]}


def _terms(kind: str, shape: list[int], config: dict[str, Any]) -> int:
    count = {"batch": [shape[0], *shape[2:]], "instance": shape[2:], "group": shape[1:]}
    terms = int(np.prod(count.get(kind, shape[-config.get("normalized_axes", 1) :])))
    return terms // config.get("groups", 1)


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output, the gradients, and the running statistics after a batch of training."""
    import torch
    from torch.nn import functional as F

    config, kind = case["config"], case["config"]["kind"]
    x = torch.from_numpy(arrays["input"]).requires_grad_()
    given = {key: torch.from_numpy(arrays[key]).requires_grad_() for key in ("gamma", "beta") if key in arrays}
    gamma, beta = given.get("gamma"), given.get("beta")
    live, results = config.get("mode") == "training", {}
    if kind == "batch":
        running = [torch.from_numpy(arrays[name].copy()) for name in ("running_mean", "running_variance")]
        y = F.batch_norm(x, *running, gamma, beta, live, config["momentum"], config.get("eps", 1e-5))
        if live:
            results = dict(zip(("new_running_mean", "new_running_variance"), (r.numpy() for r in running), strict=True))
    elif kind == "layer":
        y = F.layer_norm(x, x.shape[-config["normalized_axes"] :], gamma, beta, config.get("eps", 1e-5))
    elif kind == "rms":
        y = F.rms_norm(x, x.shape[-config["normalized_axes"] :], gamma, config.get("eps"))
    elif kind == "group":
        y = F.group_norm(x, config["groups"], gamma, beta, config.get("eps", 1e-5))
    else:
        y = F.instance_norm(x, weight=gamma, bias=beta, eps=config.get("eps", 1e-5))
    y.backward(torch.from_numpy(arrays["grad_output"]))
    results |= {f"grad_{key}": value.grad.numpy() for key, value in given.items()}
    return {"output": y.detach().numpy(), "grad_input": x.grad.numpy(), **results}


if __name__ == "__main__":
    store.write("normalisation", 150, case, expected)
