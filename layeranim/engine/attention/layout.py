"""From the held tensors of attention to the whole trace: names and axes, recipes, steps, facts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import lazy
from layeranim.engine.array import shape_text
from layeranim.engine.attention import operations  # noqa: F401  (registers the operations that the steps name)
from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.scores import factor
from layeranim.engine.attention.sizes import ALIKE
from layeranim.engine.attention.tables import Rows
from layeranim.engine.trace import Array, Role, Tensor

ROW = ("batch", "heads", "queries")
SCORES = (*ROW, "keys")


def shared(config: AttentionConfig) -> bool:
    """Whether several query heads read the same keys and values."""
    return config.key_heads != config.heads


def query_name(config: AttentionConfig) -> str:
    """The queries that are compared."""
    return "turned_query" if config.positional == "rotary" else "query"


def key_name(config: AttentionConfig) -> str:
    """The keys that are compared, one row for each head and key."""
    if config.kind == "multiplicative":
        return "transformed_key"
    return "shared_key" if shared(config) else "turned_key" if config.positional == "rotary" else "key"


def value_name(config: AttentionConfig) -> str:
    """The values that are mixed."""
    return "shared_value" if shared(config) else "value"


def score_chain(config: AttentionConfig, names: Any) -> list[str]:
    """The tensors through which a score goes, from the raw one to what the softmax reads."""
    return [name for name in ("scores", "scaled", "capped", "masked") if name in names]


Layout = dict[str, tuple[tuple[str, ...], Role]]


def _axes(config: AttentionConfig, names: Mapping[str, Any]) -> Layout:
    """Axes and role of every tensor that is held."""
    key_heads = "key_heads" if shared(config) else "heads"
    key = ("batch", key_heads, "keys", "features" if config.kind in ALIKE else "key_features")
    masks = {2: ("queries", "keys"), 3: ("batch", "queries", "keys"), 4: SCORES}
    given: Role = "intermediate" if config.projections else "input"
    out: Layout = {
        "embeddings": (("batch", "queries", "embed"), "input"),
        "context": (("batch", "keys", "context_embed"), "input"),
        "value_context": (("batch", "keys", "value_embed"), "input"),
        "mask": (masks[names["mask"].ndim if "mask" in names else 2], "input"),
        "query": ((*ROW, "features"), given),
        "key": (key, given),
        "value": (("batch", key_heads, "keys", "value_features"), given),
    }
    return out | _weight_axes(config, names, key[-1]) | _stage_axes(config, key)


def _weight_axes(config: AttentionConfig, names: Mapping[str, Any], key_features: str) -> Layout:
    own = "embed" if "context" not in names else "context_embed"
    score = ("score_units",) if config.kind == "additive" else ("features", key_features)
    axes: dict[str, tuple[str, ...]] = {
        "weight_query": ("query_rows", "embed"),
        "weight_key": ("key_rows", own),
        "weight_value": ("value_rows", "value_embed" if "value_context" in names else own),
        "weight_output": ("outputs", "joined"),
        "weight_score_query": ("score_units", "features"),
        "weight_score_key": ("score_units", key_features),
        "weight_score": score,
        "bias_query": ("query_rows",),
        "bias_key": ("key_rows",),
        "bias_value": ("value_rows",),
        "bias_output": ("outputs",),
        "positions": ("queries", "embed"),
    }
    return {name: (of, "weight") for name, of in axes.items()}


def _stage_axes(config: AttentionConfig, key: tuple[str, ...]) -> Layout:
    """What is made on the way, in its order."""
    axes: dict[str, tuple[str, ...]] = {
        "encoding": ("queries", "embed"),
        "positioned": ("batch", "queries", "embed"),
        "projected_query": ("batch", "queries", "query_rows"),
        "projected_key": ("batch", "keys", "key_rows"),
        "projected_value": ("batch", "keys", "value_rows"),
        "query_angle": ("queries", "turns"),
        "key_angle": ("keys", "turns"),
        "turned_query": (*ROW, "features"),
        "turned_key": key,
        "query_norm": ROW,
        "key_norm": ("batch", "heads", "keys"),
        "transformed_key": ("batch", "heads", "keys", "features"),
        "query_part": (*ROW, "score_units"),
        "key_part": ("batch", "heads", "keys", "score_units"),
        "alignment": (*SCORES, "score_units"),
    }
    axes |= dict.fromkeys(("scores", "scaled", "capped", "masked"), SCORES)
    axes |= {"row_max": ROW, "exponentials": SCORES, "exponential_sum": ROW, "weights": SCORES}
    out: Layout = {name: (of, "intermediate") for name, of in axes.items()}
    out["head_output"] = ((*ROW, "value_features"), "intermediate")
    out["output"] = (
        ("batch", "queries", "outputs") if config.output_projection else (*ROW, "value_features"),
        "output",
    )
    return out


def held_tensors(config: AttentionConfig, arrays: Mapping[str, Array]) -> dict[str, Tensor]:
    """The tensors that a file keeps."""
    out = {}
    for name, (axes, role) in _axes(config, arrays).items():
        if name in arrays:
            out[name] = Tensor(name, axes, role, arrays[name])
    return out


def all_tensors(config: AttentionConfig, held: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The held tensors and every recipe."""
    out = dict(held)

    def add(tensor: Tensor) -> None:
        out[tensor.name] = tensor

    axes = _axes(config, {name: tensor.source for name, tensor in held.items()})
    if config.projections:
        _add_projections(config, out, axes)
    group = config.heads // int(config.key_heads or 1)
    if shared(config):
        turned = out["turned_key"] if config.positional == "rotary" else out["key"]
        add(lazy.repeated("shared_key", ("batch", "heads", *turned.axes[2:]), turned, 1, group))
        add(lazy.repeated("shared_value", ("batch", "heads", *out["value"].axes[2:]), out["value"], 1, group))
    if "weights" not in out:
        out = _with_tables(config, out, axes)
    if config.kind == "additive":
        both = (out["query_part"], out["key_part"])
        add(lazy.broadcast("alignment_pre", (*SCORES, "score_units"), np.add, *both))
        add(lazy.product("score_products", (*SCORES, "score_units"), out["alignment"], out["weight_score"]))
        for part, source in (("query", query_name(config)), ("key", raw_key(config))):
            rows = (*out[source].axes[:-1], "score_units", out[source].axes[-1])
            add(lazy.product(f"{part}_part_products", rows, out[f"weight_score_{part}"], out[source]))
    else:
        if config.kind == "multiplicative":
            raw = out[raw_key(config)]
            rows = (*raw.axes[:-1], "features", raw.axes[-1])
            add(lazy.product("transformed_key_products", rows, out["weight_score"], raw))
        both = (out[query_name(config)], out[key_name(config)])
        add(lazy.product("score_products", (*SCORES, "features"), *both))
    if config.kind == "cosine":
        add(lazy.product("norm_products", SCORES, out["query_norm"], out["key_norm"]))
    add(lazy.summed("row_sum", out["weights"]))
    add(lazy.product("value_products", (*SCORES, "value_features"), out["weights"], out[value_name(config)]))
    if config.output_projection:
        add(_joined_heads("joined", out["head_output"], "joined"))
        products = ("batch", "queries", "outputs", "joined")
        add(lazy.product("output_products", products, out["weight_output"], out["joined"]))
    return out


def _with_tables(config: AttentionConfig, out: Mapping[str, Tensor], axes: Layout) -> dict[str, Tensor]:
    """The tables of scores, which were too large to be kept, each in its place among what is made on the way."""
    more = {name: t.array for name, t in out.items() if name.startswith("weight_score") or name == "mask"}
    names = (query_name(config), raw_key(config), value_name(config))
    rows = Rows(config, more, *(out[name].array for name in names))
    recipes = {name: Tensor(name, *axes[name], recipe) for name, recipe in rows.recipes().items()}
    every = {**out, **recipes}
    late = ("row_max", "exponential_sum", "head_output", "output")  # these come after the tables that they are made of
    order = [*(name for name in out if name not in late), *(name for name in axes if name in recipes or name in late)]
    return {name: every[name] for name in order if name in every}


def raw_key(config: AttentionConfig) -> str:
    """The keys before a weight of the scores is put on them."""
    return "shared_key" if shared(config) else "turned_key" if config.positional == "rotary" else "key"


def _add_projections(
    config: AttentionConfig, out: dict[str, Tensor], axes: Mapping[str, tuple[tuple[str, ...], Role]]
) -> None:
    sources = sources_of(out)
    for part in ("query", "key", "value"):
        weight, tokens, rows = out[f"weight_{part}"], out[sources[part]], out[f"projected_{part}"]
        if tokens.axes[1] != rows.axes[1]:
            held = np.asarray(tokens.source)
            tokens = out[f"{part}_tokens"] = lazy.view(f"{part}_tokens", ("batch", "keys", tokens.axes[2]), held)
        products = (*rows.axes, weight.axes[1])
        name = f"projected_{part}_products"
        out[name] = lazy.product(name, products, weight, tokens)
        heads = config.heads if part == "query" else int(config.key_heads or 1)
        array = np.asarray(rows.source)
        split = array.reshape(*array.shape[:2], heads, array.shape[2] // heads).transpose(0, 2, 1, 3)
        out[part] = lazy.view(part, axes[part][0], split)


def sources_of(names: Any) -> dict[str, str]:
    """Which tokens queries, keys and values are made from."""
    own = "positioned" if "positioned" in names else "embeddings"
    key = "context" if "context" in names else own
    return {"query": own, "key": key, "value": "value_context" if "value_context" in names else key}


def tokens_name(part: str, names: Any) -> str:
    """The tensor that a projection's steps read."""
    return f"{part}_tokens" if f"{part}_tokens" in names else sources_of(names)[part]


def _joined_heads(name: str, heads: Tensor, axis: str) -> Tensor:
    """All heads of a query side by side: (batch, queries, heads·features)."""
    array = np.asarray(heads.source)
    batch, count, queries, features = array.shape
    side = np.ascontiguousarray(array.transpose(0, 2, 1, 3)).reshape(batch, queries, count * features)
    return lazy.view(name, ("batch", "queries", axis), side)


def facts_of(config: AttentionConfig, tensors: Mapping[str, Tensor]) -> dict[str, int | float | str]:
    """Sizes, counts and words; ``rows_without_keys`` counts queries whose every key is masked: their weights are 0."""
    weights = tensors["weights"]
    by = factor(config)
    out: dict[str, int | float | str] = {
        "batch": weights.shape[0],
        "heads": config.heads,
        "queries": int(config.queries or 0),
        "keys": int(config.keys or 0),
        "features": int(config.features or 0),
        "parameters": sum(int(np.prod(t.shape)) for t in tensors.values() if t.role == "weight" and not t.is_recipe),
        "weights_shape": shape_text(weights.shape),
        "rows_without_keys": int(np.sum(tensors["row_max"].array == -np.inf)),
    }
    if by is not None:
        out["scale"] = by
    if shared(config):
        out["key_heads"] = int(config.key_heads or 1)
    if config.kind == "cosine":
        out["scaling"] = "divided by the lengths of query and key"
    if out["rows_without_keys"]:
        out["note"] = "a query whose keys are all masked has weights of 0 and an output of 0"
    return out
