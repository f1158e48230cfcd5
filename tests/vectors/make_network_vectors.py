"""Makes ``network.npz``: PyTorch's autograd through networks. Run ``python -m tests.vectors.make_network_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

NAMES = {"sigmoid": "sigmoid", "tanh": "tanh", "relu": "relu", "silu": "silu", "softplus": "softplus"}


def case(rng: np.random.Generator, number: int) -> store.Case:
    """A perceptron of one to four layers, or a network of one or two convolutions."""
    output = str(rng.choice(["softmax", "sigmoid", "linear"]))
    config: dict[str, Any] = {
        "output_activation": output,
        "activation": str(rng.choice(list(NAMES))),
        "learning_rate": 0.25,
    }
    if rng.integers(3) == 0:
        config["loss"] = "squared"
    batch, bias = int(rng.integers(1, 4)), bool(rng.integers(4))
    config["bias"] = bias
    arrays: dict[str, Any] = {}

    def layer(label: str, name: str, *shape: int) -> None:
        arrays[f"{label}_{name}"] = store.array(rng, *shape)
        if bias:
            arrays[f"{label}_bias"] = store.array(rng, shape[0])

    if number % 3:
        kind, sizes = "backprop", [int(n) for n in rng.integers(1, 5, int(rng.integers(2, 6)))]
        config["sizes"], units = sizes, sizes[-1]
        arrays["input"] = store.array(rng, batch, sizes[0])
        for k in range(1, len(sizes)):
            layer(f"dense{k}", "weight", sizes[k], sizes[k - 1])
    else:
        kind, filters, units = "cnn-backprop", [int(n) for n in rng.integers(1, 4, int(rng.integers(1, 3)))], 3
        config |= {
            "filters": filters,
            "pool_mode": str(rng.choice(["max", "mean"])),
            "units": units,
            "kernel_size": [3, 3],
        }
        channels, size = int(rng.integers(1, 3)), 4
        arrays["input"] = store.array(rng, batch, channels, size, size)
        for k, n in enumerate(filters, start=1):
            layer(f"conv{k}", "kernel", n, channels, 3, 3)
            channels, size = n, size // 2
        layer("dense", "weight", units, channels * size * size)
    squared = config.get("loss") == "squared" or output == "linear"
    if squared or output == "sigmoid":
        arrays["target"] = store.array(rng, batch, units, kind="real" if squared else "unit")
    else:
        arrays["target"] = store.array(rng, batch, kind="whole", below=units)
    return {"layer": kind, "config": config, "arrays": arrays, "dtype": store.TYPES[number // 3 % 3 == 2]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output, the loss, and gradient and new value of every weight."""
    import torch
    from torch.nn import functional as F

    config = case["config"]
    given = {name: torch.from_numpy(array).requires_grad_() for name, array in arrays.items() if name != "target"}
    act = getattr(F, NAMES[config["activation"]])
    x = given["input"]
    if case["layer"] == "backprop":
        layers = len(config["sizes"]) - 1
        for k in range(1, layers + 1):
            x = F.linear(x, given[f"dense{k}_weight"], given.get(f"dense{k}_bias"))
            x = act(x) if k < layers else x
    else:
        pool = F.max_pool2d if config["pool_mode"] == "max" else F.avg_pool2d
        for k in range(1, len(config["filters"]) + 1):
            x = pool(act(F.conv2d(x, given[f"conv{k}_kernel"], given.get(f"conv{k}_bias"), padding=1)), 2)
        x = F.linear(x.flatten(1), given["dense_weight"], given.get("dense_bias"))
    ends = {"softmax": lambda z: F.softmax(z, dim=1), "sigmoid": torch.sigmoid, "linear": lambda z: z}
    y, target = ends[config["output_activation"]](x), torch.from_numpy(arrays["target"])
    if config.get("loss") == "squared" or config["output_activation"] == "linear":
        loss = F.mse_loss(y, target)
    elif config["output_activation"] == "sigmoid":
        loss = F.binary_cross_entropy_with_logits(x, target)
    else:
        loss = F.cross_entropy(x, target.long())
    loss.backward()
    results = {"output": y.detach().numpy(), "loss": loss.detach().numpy()}
    for name, value in given.items():
        results[f"grad_{name}"] = value.grad.numpy()
        if name != "input":
            results[f"new_{name}"] = (value.detach() - config["learning_rate"] * value.grad).numpy()
    return results


if __name__ == "__main__":
    store.write("network", 150, case, expected)
