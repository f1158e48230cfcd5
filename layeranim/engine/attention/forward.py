"""The arithmetic of attention, for all sequences, heads and queries at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.scores import attend, factor, scores
from layeranim.engine.attention.tables import BLOCK, Rows, too_large
from layeranim.engine.positional import angles, rotate, sinusoidal
from layeranim.engine.trace import Array, Shape, count


def makes(config: AttentionConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """Projections, turned queries and keys, every table of scores or its rows, the mixtures; one more on the way."""
    queries, keys, heads = int(config.queries or 1), int(config.keys or 1), config.heads
    batch = next(shapes[name][0] for name in ("embeddings", "query") if name in shapes)
    scores, rows = (batch, heads, queries, keys), (batch, heads, queries, int(config.value_features or 1))
    tables = ["scores", "exponentials", "weights", "scores on the way"]
    tables += ["scaled"] if factor(config) is not None or config.kind == "cosine" else []
    tables += ["capped"] if config.softcap is not None else []
    masked = config.causal or config.window is not None or "mask" in shapes or "key_mask" in shapes
    tables += ["masked"] if masked else []
    made: dict[str, Shape] = dict.fromkeys(tables, (BLOCK,) if too_large(scores) else scores)
    made |= {"mask": (2, queries, keys)} if masked else {}
    made |= {"head_output": rows, "value": (batch, heads, keys, rows[-1])}
    sizes = {"query": (queries, config.features), "key": (keys, config.features)}
    for name, (tokens, features) in sizes.items():
        whole = (batch, heads, tokens, int(features or 1))
        made |= {f"projected_{name}": whole, f"split_{name}": whole} if config.projections else {}
        made |= {f"turned_{name}": whole} if config.positional == "rotary" or config.kind == "multiplicative" else {}
    made |= {"projected_value": made["value"]} if config.projections else {}
    if config.kind == "additive":
        each = (BLOCK if too_large(scores) else count(scores), int(config.score_units or 1))
        made |= dict.fromkeys(("alignment", "alignment on the way"), each)
    if config.output_projection:
        made["output"] = (batch, queries, shapes["weight_output"][0])
    return made


def positions(config: AttentionConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """What is added to the embeddings, or the angles by which queries and keys are turned."""
    queries, keys = int(config.queries or 0), int(config.keys or 0)
    if config.positional == "rotary":
        features, kind = int(config.features or 0), next(iter(held.values())).dtype
        return {"query_angle": angles(queries, features, config.base).astype(kind),
                "key_angle": angles(keys, features, config.base).astype(kind)}  # fmt: skip
    if config.positional == "sinusoidal":
        embed = held["embeddings"].shape[-1]
        return {"encoding": sinusoidal(queries, embed, config.base).astype(held["embeddings"].dtype)}
    return {}


def project(config: AttentionConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """``projected_query``, …: W x + b for every token, all heads side by side: (batch, tokens, rows)."""
    tokens = held["embeddings"]
    added = held.get("positions", held.get("encoding"))
    if added is not None:
        tokens = tokens + added
    context = held.get("context", tokens)
    sources = {"query": tokens, "key": context, "value": held.get("value_context", context)}
    out = {} if added is None else {"positioned": tokens}
    for part, source in sources.items():
        out[f"projected_{part}"] = affine(source, held[f"weight_{part}"], held.get(f"bias_{part}"))
    return out


def affine(x: Array, weight: Array, bias: Array | None) -> Array:
    """W x + b for every token of all sequences: one matrix product."""
    rows = x.reshape(-1, x.shape[-1]) @ weight.T
    if bias is not None:
        rows += bias
    return rows.reshape(*x.shape[:-1], len(weight))


def split_heads(rows: Array, heads: int) -> Array:
    """(batch, tokens, heads·features) → (batch, heads, tokens, features)."""
    batch, tokens, width = rows.shape
    return rows.reshape(batch, tokens, heads, width // heads).transpose(0, 2, 1, 3)


def join_heads(x: Array) -> Array:
    """(batch, heads, tokens, features) → (batch, tokens, heads·features)."""
    batch, heads, tokens, features = x.shape
    return np.ascontiguousarray(x.transpose(0, 2, 1, 3)).reshape(batch, tokens, heads * features)


def forward(config: AttentionConfig, held: Mapping[str, Array]) -> dict[str, Array]:
    """Every held tensor that attention makes, by name."""
    out: dict[str, Array] = {}
    key_heads = int(config.key_heads or 1)
    with np.errstate(all="ignore"):
        out |= positions(config, held)
        parts: dict[str, Any] = {name: held[name] for name in ("query", "key", "value") if name in held}
        if config.projections:
            out |= project(config, {**held, **out})
            for name in ("query", "key", "value"):
                heads = config.heads if name == "query" else key_heads
                parts[name] = split_heads(out[f"projected_{name}"], heads)
        if config.positional == "rotary":
            for name in ("query", "key"):
                out[f"turned_{name}"] = parts[name] = rotate(parts[name], out[f"{name}_angle"], pairs=config.pairs)
        each = config.heads // key_heads
        key, value = (np.repeat(parts[n], each, axis=1) if each > 1 else parts[n] for n in ("key", "value"))
        table = Rows(config, held, parts["query"], key, value)
        if too_large(table.shape):
            out |= table.kept()
        else:
            out |= scores(config, held, parts["query"], key)
            out |= attend(config, held, out, value)
        if config.output_projection:
            joined = join_heads(out["head_output"])
            out["output"] = affine(joined, held["weight_output"], held.get("bias_output"))
        else:
            out["output"] = out.pop("head_output")
    return out
