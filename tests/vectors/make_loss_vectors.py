"""Makes ``loss.npz``: what PyTorch's losses give. Run ``python -m tests.vectors.make_loss_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

MODES = ("squared", "absolute", "huber", "smooth-l1", "binary", "binary-logits", "kl")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One loss number by number, or one cross-entropy."""
    batch, n = int(rng.integers(1, 5)), int(rng.integers(2, 6))
    reduction = str(rng.choice(["none", "mean", "sum"]))
    config: dict[str, Any] = {"reduction": reduction}
    arrays: dict[str, Any] = {}
    if number % 2:
        layer, source = "cross-entropy", str(rng.choice(["logits", "logits", "probabilities", "log-probabilities"]))
        config |= {"source": source, "label_smoothing": float(rng.choice([0, 0, 0.1, 0.5]))}
        arrays["input"] = store.array(rng, batch, n, kind="chances" if source == "probabilities" else "real")
        if source == "log-probabilities":
            config["label_smoothing"] = 0.0
        if source == "log-probabilities" or rng.integers(2):
            arrays["target"] = store.array(rng, batch, kind="whole", below=n)
            left_out = int(rng.integers(n))
            if rng.integers(2) and (
                config["label_smoothing"] == 0 or np.any(store.take(arrays["target"], "float64") != left_out)
            ):
                config["ignore_index"] = left_out
        else:
            arrays["target"] = store.array(rng, batch, n, kind="chances")
        if rng.integers(2):
            arrays["class_weight"] = store.array(rng, n, kind="positive")
        arrays["grad_losses" if reduction == "none" else "grad_loss"] = store.array(
            rng, *([batch] if reduction == "none" else [])
        )
    else:
        layer, mode = "loss", MODES[number // 2 % 7]
        config["mode"] = mode
        if reduction == "mean" and mode == "kl" and rng.integers(2):
            config["reduction"] = "batch-mean"
        if mode in ("huber", "smooth-l1"):
            config["delta"] = float(rng.choice([0.3, 1, 2]))
        arrays["prediction"] = store.array(rng, batch, n, kind="unit" if mode == "binary" else "real")
        arrays["target"] = store.array(rng, batch, n, kind="unit" if mode in MODES[4:] else "real")
        if mode == "binary-logits" and rng.integers(2):
            arrays["pos_weight"] = store.array(rng, n, kind="positive")
        shape = [batch, n] if reduction == "none" else []
        arrays["grad_losses" if reduction == "none" else "grad_loss"] = store.array(rng, *shape)
    return {"layer": layer, "config": config, "arrays": arrays, "dtype": store.TYPES[number // 14 % 2]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The loss or losses, and the gradient of the prediction or input."""
    import torch
    from torch.nn import functional as F

    config = dict(case["config"])
    given = {name: torch.from_numpy(np.array(array)) for name, array in arrays.items()}
    reduction = config["reduction"].replace("-", "")
    start = "losses" if reduction == "none" else "loss"
    if case["layer"] == "loss":
        p, t, mode = given["prediction"].requires_grad_(), given["target"], config["mode"]
        runs: dict[str, Any] = {
            "squared": lambda: F.mse_loss(p, t, reduction=reduction),
            "absolute": lambda: F.l1_loss(p, t, reduction=reduction),
            "huber": lambda: F.huber_loss(p, t, reduction=reduction, delta=config["delta"]),
            "smooth-l1": lambda: F.smooth_l1_loss(p, t, reduction=reduction, beta=config["delta"]),
            "binary": lambda: F.binary_cross_entropy(p, t, reduction=reduction),
            "binary-logits": lambda: F.binary_cross_entropy_with_logits(
                p, t, reduction=reduction, pos_weight=given.get("pos_weight")
            ),
            # Its own mean warns that it is to change.
            "kl": lambda: (
                F.kl_div(p, t, reduction="none").mean() if reduction == "mean" else F.kl_div(p, t, reduction=reduction)
            ),
        }
        y = runs[mode]()
        name = "prediction"
    else:
        name, x = "input", given["input"].requires_grad_()
        target = given["target"] if given["target"].ndim == 2 else given["target"].long()
        more = {"reduction": reduction, "ignore_index": config.get("ignore_index", -100)}
        weight = given.get("class_weight")
        if config["source"] == "log-probabilities":
            y = F.nll_loss(x, target, weight, **more)
        else:
            logits = _as_logits(x) if config["source"] == "probabilities" else x
            y = F.cross_entropy(logits, target, weight, label_smoothing=config["label_smoothing"], **more)
    y.backward(given[f"grad_{start}"])
    results = {start: y.detach().numpy()}
    if case["layer"] == "loss" or config["source"] != "probabilities":
        results[f"grad_{name}"] = (p if name == "prediction" else x).grad.numpy()
    return results


def _as_logits(x: Any) -> Any:
    """The logarithms: their softmax is x again, for rows that sum to 1 (the gradient is another)."""
    return x.log()


if __name__ == "__main__":
    store.write("loss", 280, case, expected)
