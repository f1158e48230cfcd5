"""Makes ``convolution.npz``: PyTorch's 1D, 3D and transposed convolutions and the gradients of all, 2D included.

Run ``python -m tests.vectors.make_convolution_vectors``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

AXES = {"conv1d": 1, "conv": 2, "conv3d": 3, "conv-transpose": 2, "conv-transpose1d": 1, "conv-transpose3d": 3}


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One convolution, forward and backward."""
    layer = list(AXES)[number % 6]
    n, groups = AXES[layer], int(rng.choice([1, 1, 2]))
    inner, outer = (groups * int(k) for k in rng.integers(1, 3, 2))
    kernel, stride, dilation = rng.integers(1, 4, n), rng.integers(1, 4, n), rng.integers(1, 3, n)
    reach = dilation * (kernel - 1) + 1
    config: dict[str, Any] = {"stride": stride.tolist(), "dilation": dilation.tolist(), "groups": groups}
    arrays: dict[str, Any] = {}
    if layer.startswith("conv-transpose"):
        size = rng.integers(1, 4, n)
        more = [int(rng.integers(0, m)) for m in np.maximum(stride, dilation)]
        padding = np.minimum(rng.integers(0, 3, n), ((size - 1) * stride + reach - 1) // 2)
        config |= {"padding": padding.tolist(), "output_padding": more}
        out = (size - 1) * stride - 2 * padding + reach + more
        arrays["kernel"] = store.array(rng, inner, outer // groups, *kernel)
    else:
        size = reach + rng.integers(0, 4, n)
        mode = str(rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"]))
        word = str(rng.choice(["", "", "full", "causal" if n == 1 else ""])) if mode == "zeros" else ""
        sides = np.minimum(rng.integers(0, 3, (n, 2)), size[:, None] - 1)
        if word:
            sides = np.stack([reach - 1, (reach - 1) * (word == "full")], axis=1)
        config |= {"padding": word or sides.ravel().tolist(), "padding_mode": mode}
        out = (size + sides.sum(axis=1) - reach) // stride + 1
        arrays["kernel"] = store.array(rng, outer, inner // groups, *kernel)
    arrays |= {"input": store.array(rng, 2, inner, *size), "grad_output": store.array(rng, 2, outer, *out)}
    if rng.integers(2):
        arrays["bias"] = store.array(rng, outer)
    return {"layer": layer, "config": config, "arrays": arrays, "dtype": store.TYPES[number // 6 % 3 == 2]}


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The output and the gradients of input, kernel and bias."""
    import torch
    from torch.nn import functional as F

    config, n = case["config"], AXES[case["layer"]]
    given = {name: torch.from_numpy(a).requires_grad_() for name, a in arrays.items() if name != "grad_output"}
    x, kernel, bias = given["input"], given["kernel"], given.get("bias")
    if case["layer"].startswith("conv-transpose"):
        y = getattr(F, f"conv_transpose{n}d")(
            x, kernel, bias, config["stride"], config["padding"], config["output_padding"], config["groups"],
            config["dilation"],
        )  # fmt: skip
    else:
        sides = config["padding"]
        if isinstance(sides, str):
            reach = [d * (k - 1) for d, k in zip(config["dilation"], kernel.shape[2:], strict=True)]
            sides = [p for r in reach for p in (r, r if sides == "full" else 0)]
        amounts = [p for k in reversed(range(n)) for p in sides[2 * k : 2 * k + 2]]
        mode = config["padding_mode"]
        padded = F.pad(x, amounts, "constant" if mode == "zeros" else mode)
        y = getattr(F, f"conv{n}d")(padded, kernel, bias, config["stride"], 0, config["dilation"], config["groups"])
    y.backward(torch.from_numpy(arrays["grad_output"]))
    return {"output": y.detach().numpy(), **{f"grad_{key}": value.grad.numpy() for key, value in given.items()}}


if __name__ == "__main__":
    store.write("convolution", 264, case, expected)
