"""Makes ``training.npz``: PyTorch's optimisers. Run ``python -m tests.vectors.make_training_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

METHODS = ("sgd", "rmsprop", "adam", "adamw", "adagrad")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One optimiser with some of its options."""
    method = METHODS[number % 5]
    cells, updates = int(rng.integers(1, 5)), int(rng.integers(1, 7))
    config: dict[str, Any] = {"method": method}

    def maybe(name: str, *choices: float) -> None:
        if rng.integers(2):
            config[name] = float(rng.choice(choices))

    maybe("learning_rate", 0.1, 0.5)
    maybe("weight_decay", 0.05, 0.2)
    maybe("clip_norm", 0.5, 2)
    maybe("clip_value", 0.3, 1)
    if method in ("sgd", "rmsprop"):
        maybe("momentum", 0.5, 0.9)
    if method == "sgd" and config.get("momentum"):
        if rng.integers(2):
            config["nesterov"] = True
        else:
            maybe("dampening", 0.1, 0.5)
    if method == "rmsprop":
        maybe("smoothing", 0.5, 0.9)
        config["centred"] = bool(rng.integers(2))
    if method == "adagrad":
        maybe("learning_rate_decay", 0.1, 1)
        maybe("initial_accumulator", 0.1, 1)
        maybe("eps", 1e-3)
    if method.startswith("adam"):
        maybe("beta1", 0, 0.5)
        maybe("beta2", 0.9)
        maybe("eps", 1e-3)
    arrays = {"start": store.array(rng, cells), "gradients": store.array(rng, updates, cells)}
    return {"layer": "optimiser", "config": config, "arrays": arrays, "dtype": store.TYPES[number // 5 % 3 == 2]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The parameters before and after every update."""
    import torch

    config = case["config"]
    names = {"momentum": "momentum", "dampening": "dampening", "nesterov": "nesterov", "smoothing": "alpha",
             "centred": "centered", "learning_rate": "lr", "weight_decay": "weight_decay", "eps": "eps",
             "learning_rate_decay": "lr_decay", "initial_accumulator": "initial_accumulator_value"}  # fmt: skip
    options: dict[str, Any] = {names[name]: value for name, value in config.items() if name in names}
    if config["method"].startswith("adam"):
        options["betas"] = (config.get("beta1", 0.9), config.get("beta2", 0.999))
    kind = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam", "adamw": "AdamW", "adagrad": "Adagrad"}[
        config["method"]
    ]
    p = torch.nn.Parameter(torch.from_numpy(arrays["start"].copy()))
    optimiser = getattr(torch.optim, kind)([p], **options)
    states = [arrays["start"]]
    for g in arrays["gradients"]:
        p.grad = torch.from_numpy(g.copy())
        if "clip_value" in config:
            torch.nn.utils.clip_grad_value_([p], config["clip_value"])
        if "clip_norm" in config:
            torch.nn.utils.clip_grad_norm_([p], config["clip_norm"])
        optimiser.step()
        states.append(p.detach().numpy().copy())
    return {"parameters": np.stack(states)}


if __name__ == "__main__":
    store.write("training", 300, case, expected)
