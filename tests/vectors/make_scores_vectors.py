"""Makes ``scores.npz``: every way of comparing queries and keys, written with PyTorch's operations, and its gradients.

PyTorch has no such layers; its autograd is the truth of the gradients.
Run ``python -m tests.vectors.make_scores_vectors``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

KINDS = ("additive", "multiplicative", "cosine", "dot", "scaled")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """Heads that may share keys, every mask and window, a cap, rotary positions."""
    kind, heads = KINDS[number % 5], int(rng.choice([1, 2, 4]))
    key_heads = int(rng.choice([n for n in (1, 2, 4) if n <= heads]))
    batch, queries, keys, features, values, units = (
        int(n) for n in rng.integers((1, 1, 2, 2, 1, 2), (3, 5, 5, 5, 4, 4))
    )
    config: dict[str, Any] = {"kind": kind, "heads": heads, "key_heads": key_heads}
    rotary = not rng.integers(3)
    if rotary:
        features += features % 2
        config |= {"positional": "rotary", "pairs": str(rng.choice(["adjacent", "halves"])), "base": 100.0}
    free = kind in ("additive", "multiplicative") and not rotary
    key_features = int(rng.integers(1, 5)) if free else features
    config["softcap"] = 1.5 if not rng.integers(3) else None
    config["scale"] = 0.7 if kind != "cosine" and not rng.integers(3) else None
    arrays: dict[str, Any] = {
        "query": store.array(rng, batch, heads, queries, features, kind="small"),
        "key": store.array(rng, batch, key_heads, keys, key_features, kind="small"),
        "value": store.array(rng, batch, key_heads, keys, values),
        "grad_output": store.array(rng, batch, heads, queries, values),
    }
    if kind == "additive":
        arrays |= {"weight_score_query": store.array(rng, units, features), "weight_score": store.array(rng, units),
                   "weight_score_key": store.array(rng, units, key_features)}  # fmt: skip
    if kind == "multiplicative":
        arrays["weight_score"] = store.array(rng, features, key_features)
    mask = int(rng.integers(6))
    if mask in (1, 5):
        config["causal"] = True
    if mask in (4, 5):  # so wide that every query sees a key
        config["window"] = max(0, queries - keys) + int(rng.integers(3))
    elif mask in (2, 3):
        seen = rng.integers(0, 2, (batch, heads, queries, keys) if mask == 2 else (queries, keys))
        seen[..., 0] = 1
        arrays["mask"], config["mask_kind"] = {"values": seen.tolist()}, "boolean"
    return {"layer": "attention", "config": config, "arrays": arrays, "dtype": store.TYPES[number // 5 % 3 == 2]}


def turned(x: Any, config: dict[str, Any]) -> Any:
    """Rotary positions: pairs of features as complex numbers times e^(i·angle)."""
    import torch

    pairs = x.shape[-1] // 2
    angle = torch.arange(x.shape[-2])[:, None] * config["base"] ** (-torch.arange(pairs, dtype=torch.float64) / pairs)
    turn = torch.polar(torch.ones_like(angle), angle).to(torch.complex64 if x.dtype == torch.float32 else None)
    if config["pairs"] == "adjacent":
        return torch.view_as_real(torch.view_as_complex(x.reshape(*x.shape[:-1], pairs, 2)) * turn).flatten(-2)
    found = torch.complex(x[..., :pairs], x[..., pairs:]) * turn
    return torch.cat([found.real, found.imag], dim=-1)


def scores(config: dict[str, Any], leaves: dict[str, Any], query: Any, key: Any) -> Any:
    """What each kind makes of queries and keys."""
    import torch

    kind, scale = config["kind"], config["scale"]
    if kind == "cosine":
        return torch.nn.functional.cosine_similarity(query[..., :, None, :], key[..., None, :, :], dim=-1, eps=1e-8)
    if kind == "additive":
        hidden = query @ leaves["weight_score_query"].T
        hidden = torch.tanh(hidden[..., :, None, :] + (key @ leaves["weight_score_key"].T)[..., None, :, :])
        found = hidden @ leaves["weight_score"]
    else:
        found = query @ (key @ leaves["weight_score"].T if kind == "multiplicative" else key).mT
    if kind == "scaled" and scale is None:
        scale = query.shape[-1] ** -0.5
    return found if scale is None else found * scale


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The weights, the output and the gradients of all that is learned or given."""
    import torch

    config = case["config"]
    leaves = {n: torch.from_numpy(a).requires_grad_() for n, a in arrays.items() if n not in ("mask", "grad_output")}
    query, key = leaves["query"], leaves["key"]
    if "pairs" in config:
        query, key = turned(query, config), turned(key, config)
    group = config["heads"] // config["key_heads"]
    key, value = key.repeat_interleave(group, 1), leaves["value"].repeat_interleave(group, 1)
    found = scores(config, leaves, query, key)
    if config["softcap"]:
        found = config["softcap"] * torch.tanh(found / config["softcap"])
    if "mask" in arrays:
        found = found.masked_fill(torch.from_numpy(arrays["mask"]) == 0, -torch.inf)
    if config.get("causal"):
        found = found.masked_fill(torch.ones(found.shape[-2:], dtype=torch.bool).triu(1), -torch.inf)
    if "window" in config:
        apart = torch.arange(found.shape[-1]) - torch.arange(found.shape[-2])[:, None]
        found = found.masked_fill(apart.abs() > config["window"], -torch.inf)
    weights = found.softmax(dim=-1)
    y = weights @ value
    y.backward(torch.from_numpy(arrays["grad_output"]))
    results = {f"grad_{name}": leaf.grad.numpy() for name, leaf in leaves.items()}
    return {"weights": weights.detach().numpy(), "output": y.detach().numpy(), **results}


if __name__ == "__main__":
    store.write("scores", 200, case, expected)
