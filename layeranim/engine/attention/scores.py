"""From queries and keys to scores, weights and the mixture of values: a whole table, or some of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.trace import Array

COSINE_EPS = 1e-8
"""No length is taken as less than this, as in torch.nn.functional.cosine_similarity: a zero vector is like none."""


def scores(config: AttentionConfig, held: Mapping[str, Array], query: Array, key: Array) -> dict[str, Array]:
    """``scores`` of every query and key, and what each kind makes on the way to them."""
    out: dict[str, Array] = {}
    if config.kind == "additive":
        out["query_part"] = query @ held["weight_score_query"].T
        out["key_part"] = key @ held["weight_score_key"].T
        out["alignment"] = np.tanh(out["query_part"][:, :, :, None, :] + out["key_part"][:, :, None, :, :])
        out["scores"] = out["alignment"] @ held["weight_score"]
        return out
    if config.kind == "multiplicative":
        out["transformed_key"] = key = key @ held["weight_score"].T
    if config.kind == "cosine":
        for name, x in (("query_norm", query), ("key_norm", key)):
            out[name] = np.maximum(np.sqrt((x * x).sum(axis=-1)), x.dtype.type(COSINE_EPS))
    out["scores"] = query @ np.swapaxes(key, -1, -2)
    return out


def factor(config: AttentionConfig) -> float | None:
    """What the scores are multiplied by, if anything."""
    if config.scale is not None:
        return config.scale
    return float(config.features or 1) ** -0.5 if config.kind == "scaled" else None


def attend(
    config: AttentionConfig, held: Mapping[str, Array], found: Mapping[str, Array], value: Array
) -> dict[str, Array]:
    """From scores to weights and their mixture of values; a row without any key gets weights of zero."""
    out: dict[str, Array] = {}
    now = found["scores"]
    by = factor(config)
    if config.kind == "cosine":
        norms = found["query_norm"][..., :, None] * found["key_norm"][..., None, :]
        out["scaled"] = now = now / norms
    elif by is not None:
        out["scaled"] = now = now * now.dtype.type(by)
    if config.softcap is not None:
        cap = now.dtype.type(config.softcap)
        out["capped"] = now = cap * np.tanh(now / cap)
    if "mask" in held:
        out["masked"] = now = now + _spread(held["mask"])
    out["row_max"] = now.max(axis=-1)
    if config.lookup == "hard":
        out["weights"] = one_hot(now, out["row_max"])
    else:
        powers = now - finite(out["row_max"])[..., None]
        out["exponentials"] = np.exp(powers, out=powers)
        out["exponential_sum"] = out["exponentials"].sum(axis=-1)
        out["weights"] = share(out["exponentials"], out["exponential_sum"])
    out["head_output"] = out["weights"] @ value
    return out


def finite(row_max: Any) -> Any:
    """The largest score of a row; 0 for a row without keys, whose largest is −∞."""
    return np.where(row_max == -np.inf, np.zeros_like(row_max), row_max)


def share(powers: Array, total: Array) -> Array:
    """Each power's part of its row's sum; a row that is all masked has no parts."""
    total = np.asarray(total)[..., None]
    parts = np.asarray(powers / total)
    return parts if np.all(total) else np.asarray(np.where(total == 0, powers.dtype.type(0), parts))


def one_hot(row: Array, row_max: Array) -> Array:
    """1 at the first cell that is the row's largest; nowhere in a row without keys."""
    at = np.argmax(row, axis=-1)
    out = np.zeros_like(row)
    np.put_along_axis(out, at[..., None], 1, axis=-1)
    return np.asarray(np.where(np.asarray(row_max)[..., None] == -np.inf, row.dtype.type(0), out))


def _spread(mask: Array) -> Array:
    """A mask with its axes in place: (queries, keys), (batch, …), (batch, heads, …)."""
    return mask if mask.ndim != 3 else mask[:, None]
