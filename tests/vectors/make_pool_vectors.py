"""Makes ``pool.npz``: what PyTorch computes for pooling. Run as ``python -m tests.vectors.make_pool_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

LAYER = {1: "pool1d", 2: "pool", 3: "pool3d"}


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One pooling over one, two or three axes; ``few`` different numbers, so that maxima tie."""
    n = (2, 2, 1, 3)[number % 4]
    mode = str(rng.choice(["max", "max", "mean", "mean", "lp", "adaptive-max", "adaptive-mean"]))
    if mode == "lp" and n == 3:
        mode = "mean"
    kernel = rng.integers(1, 4, n)
    dilation = rng.integers(1, 3, n) if mode == "max" else np.ones(n, int)
    reach = dilation * (kernel - 1) + 1
    size = reach + rng.integers(0, 4, n)
    config: dict[str, Any] = {"mode": mode}
    if mode.startswith("adaptive"):
        config["output_size"] = rng.integers(1, 5, n).tolist()
    else:
        config |= {"kernel_size": kernel.tolist(), "stride": rng.integers(1, 4, n).tolist()}
    if mode in ("max", "mean"):
        config |= {"padding": [int(rng.integers(0, h + 1)) for h in kernel // 2], "ceil_mode": bool(rng.integers(2))}
    if mode == "max":
        config["dilation"] = dilation.tolist()
    if mode == "mean":
        config["count_include_pad"] = bool(rng.integers(2))
        if n > 1 and rng.integers(3) == 0:
            config["divisor_override"] = int(rng.integers(1, 6))
    if mode == "lp":
        config["norm_type"] = float(rng.choice([1, 2, 3, 2.5]))
    arrays = {"input": store.array(rng, 2, 2, *size, kind="positive" if mode == "lp" else "few")}
    arrays["grad_output"] = store.array(rng, 2, 2, *_out(config, size, n))
    return {"layer": LAYER[n], "config": config, "arrays": arrays}


def _out(config: dict[str, Any], size: np.ndarray, n: int) -> list[int]:
    """PyTorch's output size, needed before PyTorch is asked."""
    if "output_size" in config:
        return list(config["output_size"])
    found = []
    for axis in range(n):
        k, s, d = config["kernel_size"][axis], config["stride"][axis], config.get("dilation", [1] * n)[axis]
        p = config.get("padding", [0] * n)[axis]
        room = int(size[axis]) + 2 * p - d * (k - 1) - 1
        out = room // s + 1
        if config.get("ceil_mode"):
            out = -(-room // s) + 1
            out -= (out - 1) * s >= size[axis] + p
        found.append(out)
    return found


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """Output, indices of a maximum, gradient of the input."""
    import torch
    from torch.nn import functional as F

    config, n = case["config"], {name: n for n, name in LAYER.items()}[case["layer"]]
    x = torch.from_numpy(arrays["input"]).requires_grad_()
    mode, results = config["mode"], {}
    plain = (config.get("kernel_size"), config.get("stride"), config.get("padding", 0))
    if mode == "max":
        run = getattr(F, f"max_pool{n}d")
        y, where = run(*(x, *plain), config["dilation"], ceil_mode=config["ceil_mode"], return_indices=True)
    elif mode == "adaptive-max":
        y, where = getattr(F, f"adaptive_max_pool{n}d")(x, config["output_size"], return_indices=True)
    elif mode == "adaptive-mean":
        y = getattr(F, f"adaptive_avg_pool{n}d")(x, config["output_size"])
    elif mode == "lp":
        y = getattr(F, f"lp_pool{n}d")(x, config["norm_type"], plain[0] if n > 1 else plain[0][0], plain[1])
    else:
        more = (config["divisor_override"],) if "divisor_override" in config else ()
        y = getattr(F, f"avg_pool{n}d")(x, *plain, config["ceil_mode"], config["count_include_pad"], *more)
    if "max" in mode:
        results["indices"] = where.numpy()
    y.backward(torch.from_numpy(arrays["grad_output"]))
    return {"output": y.detach().numpy(), **results, "grad_input": x.grad.numpy()}


if __name__ == "__main__":
    store.write("pool", 240, case, expected)
