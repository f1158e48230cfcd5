"""Makes ``conv.npz``: what PyTorch computes for hundreds of convolutions. Run it with PyTorch installed.

The file holds ``pool`` (random numbers), ``cases`` (JSON) and PyTorch's outputs one after another, float64 and float32
apart. A case takes its input, kernel and bias from the pool, beginning at ``at``, so that only outputs need room.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

CASES, POOL = 480, 2003


def take(pool: np.ndarray, at: int, shape: tuple[int, ...], dtype: str) -> np.ndarray:
    """As many numbers as ``shape`` needs, from place ``at`` on and round again."""
    return np.take(pool, np.arange(at, at + int(np.prod(shape))), mode="wrap").reshape(shape).astype(dtype)


def case(rng: np.random.Generator, number: int) -> dict[str, Any]:
    """The options of one convolution, in PyTorch's and our own words."""
    groups = int(rng.choice([1, 1, 1, 2, 3]))
    channels, filters = (groups * int(n) for n in rng.integers(1, 3, 2))
    kernel = [int(n) for n in rng.integers(1, 5, 2)]
    dilation = [int(n) for n in rng.choice([1, 1, 2, 3], 2)]
    size = [d * (k - 1) + 1 + int(rng.integers(0, 4)) for k, d in zip(kernel, dilation, strict=True)]
    mode = str(rng.choice(["zeros", "zeros", "reflect", "replicate", "circular"]))
    kind = str(rng.choice(["valid", "symmetric", "asymmetric", "same"]))
    most = [min(3, n - 1 if mode == "reflect" else n) for n in size]
    padding: str | list[int] = kind
    if kind == "symmetric":
        padding = [int(rng.integers(0, n + 1)) for n in most]
    elif kind == "asymmetric":
        padding = [int(rng.integers(0, n + 1)) for n in most for _ in range(2)]
    return {
        "dtype": "float32" if number % 3 == 0 else "float64", "at": int(rng.integers(POOL)),
        "batch": int(rng.integers(1, 3)), "channels": channels, "filters": filters, "groups": groups, "size": size,
        "kernel": kernel, "dilation": dilation, "stride": [1, 1] if kind == "same" else rng.integers(1, 4, 2).tolist(),
        "padding": padding, "mode": mode, "bias": bool(rng.integers(2)),
    }  # fmt: skip


def output(case: dict[str, Any], pool: np.ndarray) -> np.ndarray:
    """What ``torch.nn.Conv2d`` gives; uneven padding is done by ``torch.nn.functional.pad`` before."""
    import torch  # only here: the tests take the arrays of a case without it

    padding, mode = case["padding"], case["mode"]
    even = isinstance(padding, str) or len(padding) == 2
    module = torch.nn.Conv2d(
        case["channels"], case["filters"], case["kernel"], case["stride"], padding if even else 0, case["dilation"],
        case["groups"], case["bias"], mode if even else "zeros", dtype=getattr(torch, case["dtype"]),
    )  # fmt: skip
    arrays = arrays_of(case, pool)
    x = torch.from_numpy(arrays["input"])
    if not even:
        top, bottom, left, right = padding
        x = torch.nn.functional.pad(x, (left, right, top, bottom), "constant" if mode == "zeros" else mode)
    with torch.no_grad():
        module.weight[:] = torch.from_numpy(arrays["kernel"])
        if case["bias"]:
            module.bias[:] = torch.from_numpy(arrays["bias"])
        result: np.ndarray = module(x).numpy()
    return result


def arrays_of(case: dict[str, Any], pool: np.ndarray) -> dict[str, np.ndarray]:
    """Input, kernel and bias of a case."""
    at, dtype, filters = case["at"], case["dtype"], case["filters"]
    found = {
        "input": take(pool, at, (case["batch"], case["channels"], *case["size"]), dtype),
        "kernel": take(pool, at + 701, (filters, case["channels"] // case["groups"], *case["kernel"]), dtype),
    }
    return found | ({"bias": take(pool, at + 1409, (filters,), dtype)} if case["bias"] else {})


def main() -> None:
    """Write the file beside this program."""
    import torch

    rng = np.random.default_rng(20160323)
    pool = rng.normal(size=POOL)
    cases = [case(rng, number) for number in range(CASES)]
    flat: dict[str, list[np.ndarray]] = {"float64": [], "float32": []}
    for item in cases:
        result = output(item, pool)
        item["shape"] = list(result.shape)
        flat[item["dtype"]].append(result.ravel())
    text = np.frombuffer(json.dumps({"torch": torch.__version__, "cases": cases}).encode(), np.uint8)
    outputs = {name: np.concatenate(parts) for name, parts in flat.items()}
    np.savez_compressed(Path(__file__).with_name("conv.npz"), pool=pool, cases=text, **outputs)


if __name__ == "__main__":
    main()
