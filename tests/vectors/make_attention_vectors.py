"""Makes ``attention.npz``: what PyTorch computes. Run as ``python -m tests.vectors.make_attention_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store


def case(rng: np.random.Generator, number: int) -> store.Case:
    """``scaled_dot_product_attention`` or ``MultiheadAttention``, with every kind of mask."""
    batch, queries, keys, heads = (int(n) for n in (rng.integers(1, 3), rng.integers(1, 5), rng.integers(1, 5),
                                                    rng.choice([1, 2, 4])))  # fmt: skip
    config: dict[str, Any] = {"heads": heads, "causal": bool(rng.integers(2)) and queries <= keys}
    arrays: dict[str, Any] = {}
    if number % 2:
        features, values = int(rng.integers(1, 5)), int(rng.integers(1, 5))
        key_heads = int(rng.choice([n for n in (1, 2, 4) if n <= heads]))
        config |= {"key_heads": key_heads, "scale": float(rng.choice([0.3, 2.0])) if rng.integers(2) else None}
        arrays["query"] = store.array(rng, batch, heads, queries, features)
        arrays["key"] = store.array(rng, batch, key_heads, keys, features)
        arrays["value"] = store.array(rng, batch, key_heads, keys, values)
        arrays["grad_output"] = store.array(rng, batch, heads, queries, values)
        if not config["causal"]:
            _mask(rng, config, arrays, ((queries, keys), (batch, heads, queries, keys)))
    else:
        _module(rng, config, arrays, batch, queries, keys)
    return {"layer": "attention", "config": config, "arrays": arrays}


def _module(
    rng: np.random.Generator, config: dict[str, Any], arrays: dict[str, Any], batch: int, queries: int, keys: int
) -> None:
    """One ``MultiheadAttention``: self-attention, or keys and values from elsewhere, of their own sizes."""
    embed = config["heads"] * int(rng.integers(2, 4))
    key_embed = value_embed = embed
    arrays["embeddings"] = store.array(rng, batch, queries, embed)
    if rng.integers(2):
        key_embed, value_embed = (int(n) for n in rng.integers(1, 5, 2)) if rng.integers(2) else (embed, embed)
        arrays["context"] = store.array(rng, batch, keys, key_embed)
        arrays["value_context"] = store.array(rng, batch, keys, value_embed)
    else:
        keys = queries
    biased = bool(rng.integers(2))
    config |= {
        "projections": True,
        "output_projection": True,
        "bias": biased,
        "causal": config["causal"] and queries <= keys,
    }
    for name, width in (("query", embed), ("key", key_embed), ("value", value_embed), ("output", embed)):
        arrays[f"weight_{name}"] = store.array(rng, embed, width, kind="small")
        if biased:
            arrays[f"bias_{name}"] = store.array(rng, embed)
    arrays["grad_output"] = store.array(rng, batch, queries, embed)
    if not config["causal"]:
        _mask(rng, config, arrays, ((queries, keys), (batch, config["heads"], queries, keys)))
        if config.get("mask_kind") == "boolean" and rng.integers(2):
            there = rng.integers(0, 2, (batch, keys))
            there[:, 0] = 1
            arrays["key_mask"] = {"values": there.tolist()}


def _mask(rng: np.random.Generator, config: dict[str, Any], arrays: dict[str, Any], shapes: Any) -> None:
    """No mask, numbers to add, or 1 for a key that is seen (the first always is)."""
    shape = shapes[int(rng.integers(2))]
    kind = int(rng.integers(3))
    if kind == 1:
        arrays["mask"] = store.array(rng, *shape)
    elif kind == 2:
        seen = rng.integers(0, 2, shape)
        seen[..., 0] = 1
        arrays["mask"], config["mask_kind"] = {"values": seen.tolist()}, "boolean"


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """Output and gradients; of the module also the weights of every head."""
    import torch

    config = case["config"]
    tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    leaves = {n: t.requires_grad_() for n, t in tensors.items() if n not in ("mask", "key_mask", "grad_output")}
    mask = tensors.get("mask")
    if mask is not None and config.get("mask_kind") == "boolean":
        mask = mask > 0
    results: dict[str, Any] = {}
    if "query" in leaves:
        y = torch.nn.functional.scaled_dot_product_attention(
            leaves["query"], leaves["key"], leaves["value"], mask, 0.0, config["causal"], scale=config["scale"],
            enable_gqa=True,
        )  # fmt: skip
    else:
        y, weights = _multihead(config, leaves, mask, tensors.get("key_mask"))
        results["weights"] = weights.detach().numpy()
    y.backward(tensors["grad_output"])
    # A key's bias shifts a whole row of scores and changes no weight: its gradient is 0, and what is left is rounding.
    results |= {f"grad_{name}": leaf.grad.numpy() for name, leaf in leaves.items() if name != "bias_key"}
    return {"output": y.detach().numpy(), **results}


def _multihead(config: dict[str, Any], leaves: dict[str, Any], mask: Any, key_mask: Any) -> Any:
    """``MultiheadAttention``, whose own boolean masks say true for what is left out."""
    import torch

    query = leaves["embeddings"]
    context = leaves.get("context", query)
    values = leaves.get("value_context", context)
    queries, keys = query.shape[1], context.shape[1]
    if config["causal"]:
        mask = torch.ones(queries, keys, dtype=torch.bool).tril()
    if mask is not None and mask.dtype == torch.bool:
        mask = ~mask
    if mask is not None and mask.ndim == 4:
        mask = mask.reshape(-1, queries, keys)
    biases = [leaves.get(f"bias_{part}") for part in ("query", "key", "value")]
    y, weights = torch.nn.functional.multi_head_attention_forward(
        query.transpose(0, 1), context.transpose(0, 1), values.transpose(0, 1), query.shape[2], config["heads"], None,
        None if biases[0] is None else torch.cat(biases), None, None, False, 0.0, leaves["weight_output"],
        leaves.get("bias_output"), False, None if key_mask is None else key_mask == 0, True, mask,
        use_separate_proj_weight=True, q_proj_weight=leaves["weight_query"], k_proj_weight=leaves["weight_key"],
        v_proj_weight=leaves["weight_value"], average_attn_weights=False,
    )  # fmt: skip
    return y.transpose(0, 1), weights


if __name__ == "__main__":
    store.write("attention", 240, case, expected)
