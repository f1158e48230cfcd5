"""Makes ``autoencoder.npz``: PyTorch there and back. Run ``python -m tests.vectors.make_autoencoder_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

NAMES = ("relu", "tanh", "sigmoid", "softplus", "silu")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """An encoder and a decoder of one to three layers each, some samples, a goal and some others."""
    encoder = [int(n) for n in rng.integers(1, 6, int(rng.integers(2, 5)))]
    inside = [int(n) for n in rng.integers(1, 6, int(rng.integers(0, 3)))]
    decoder = [encoder[-1], *inside, encoder[0]]
    batch, bias = int(rng.integers(1, 4)), bool(rng.integers(4))
    config: dict[str, Any] = {
        "encoder": encoder, "decoder": decoder, "bias": bias, "activation": str(rng.choice(NAMES)),
        "code_activation": str(rng.choice(("linear", *NAMES))), "walk_steps": int(rng.integers(1, 5)),
        "output_activation": str(rng.choice(("linear", *NAMES))), "loss": ("squared", "absolute")[number % 2],
    }  # fmt: skip
    arrays = {"input": store.array(rng, batch, encoder[0])}
    for side, sizes in (("encoder", encoder), ("decoder", decoder)):
        for k in range(1, len(sizes)):
            arrays[f"{side}{k}_weight"] = store.array(rng, sizes[k], sizes[k - 1])
            if bias:
                arrays[f"{side}{k}_bias"] = store.array(rng, sizes[k])
    if rng.integers(2):
        arrays["goal"] = store.array(rng, encoder[0])
    if rng.integers(2):
        arrays["others"] = store.array(rng, 3, encoder[0])
    arrays["grad_loss"] = store.array(rng)
    return {"layer": "autoencoder", "config": config, "arrays": arrays, "dtype": store.TYPES[number % 5 == 4]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """Code, reconstruction, loss, the walk, and the gradient of every weight and of the input."""
    import torch
    from torch.nn import functional as F

    config = case["config"]
    apart = ("goal", "others", "grad_loss")
    given = {name: torch.from_numpy(a).requires_grad_(name not in apart) for name, a in arrays.items()}

    def through(side: str, x: Any, last: str) -> Any:
        layers = len(config[side]) - 1
        for k in range(1, layers + 1):
            x = F.linear(x, given[f"{side}{k}_weight"], given.get(f"{side}{k}_bias"))
            name = last if k == layers else config["activation"]
            x = x if name == "linear" else getattr(F, name)(x)
        return x

    def encode(x: Any) -> Any:
        return through("encoder", x, config["code_activation"])

    def decode(z: Any) -> Any:
        return through("decoder", z, config["output_activation"])

    x = given["input"]
    code = encode(x)
    output = decode(code)
    loss = (F.mse_loss if config["loss"] == "squared" else F.l1_loss)(output, x)
    end = encode(given["goal"]).expand_as(code) if "goal" in given else code.roll(-1, 0)
    end = end if "goal" in given or len(code) > 1 else torch.zeros_like(code)
    shares = torch.linspace(0, 1, config["walk_steps"] + 1, dtype=code.dtype)
    walk = torch.stack([torch.lerp(code, end, t) for t in shares], 1)
    loss.backward(given["grad_loss"])
    results = {"code": code, "output": output, "loss": loss, "walk_code": walk, "walk_output": decode(walk)}
    results |= {"others_code": encode(given["others"])} if "others" in given else {}
    results |= {f"grad_{name}": value.grad for name, value in given.items() if name not in apart}
    return {name: value.detach().numpy() for name, value in results.items()}


if __name__ == "__main__":
    store.write("autoencoder", 60, case, expected)
