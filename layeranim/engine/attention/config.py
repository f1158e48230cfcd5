"""The options of attention and the arrays that it takes."""

from __future__ import annotations

from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Real, Words, option
from layeranim.records import dataclass

KINDS = ("dot", "scaled", "additive", "multiplicative", "cosine")


@dataclass(frozen=True, kw_only=True)
class AttentionConfig(Config):
    """Options of attention, single- or multi-headed."""

    kind: str = option(Choice(KINDS), "scaled", "how a query and a key are compared")
    heads: int = option(Integer(1), 1, "heads, each with its own queries, keys and values", aliases=("num_heads",))
    key_heads: int | None = option(
        Integer(1), None, "heads of keys and values, shared by groups of query heads", aliases=("num_kv_heads",)
    )
    queries: int | None = option(Integer(1), None, "how many queries")
    keys: int | None = option(Integer(1), None, "how many keys and values")
    features: int | None = option(Integer(1), None, "features of a query in one head", aliases=("head_dim",))
    value_features: int | None = option(Integer(1), None, "features of a value in one head")
    projections: bool | None = option(
        Flag(), None, "make queries, keys and values from embeddings (default: if those are given)"
    )
    embed: int | None = option(Integer(1), None, "features of an embedding", aliases=("embed_dim",))
    output_projection: bool | None = option(
        Flag(), None, "a weight after the heads are joined (default: with projections and several heads, or if given)"
    )
    bias: bool | None = option(Flag(), None, "add biases to the projections (default: if they are given)")
    positional: str = option(
        Choice(("none", "sinusoidal", "learned", "rotary")), "none", "how a token's position enters"
    )
    pairs: str = option(Choice(("adjacent", "halves")), "adjacent", "which features a rotary encoding turns together")
    base: float = option(Real(above=1), 10000.0, "the longest wavelength of positions, over 2π")
    causal: bool = option(Flag(), False, "a query sees no later key")
    corner: str = option(
        Choice(("upper-left", "lower-right")),
        "upper-left",
        "where a causal mask or a window starts: the first query at the first key, or the last one at the last",
    )
    window: int | None = option(
        Integer(0), None, "a query sees the keys at most so many places before and after it (default: all)"
    )
    mask_kind: str | None = option(
        Choice(("additive", "boolean")),
        None,
        "what a mask's numbers mean (default: true and 1 keep a key, false and 0 pad it; others are added)",
    )
    scale: float | None = option(Real(), None, "the factor of the scores (default for scaled: 1/√features)")
    softcap: float | None = option(Real(above=0), None, "scores stay below this: cap · tanh(score/cap)")
    score_units: int | None = option(Integer(1), None, "hidden units of additive attention")
    lookup: str = option(Choice(("soft", "hard")), "soft", "mix all values by weight, or take the best key's alone")
    tokens: tuple[str, ...] | None = option(
        Words(), None, "the words that stand for the queries: separated by spaces, or a list"
    )
    key_tokens: tuple[str, ...] | None = option(
        Words(), None, "the words that stand for the keys, where those are others (cross-attention)"
    )


ARRAYS = (
    ArrayOption("query", ("batch", "heads", "queries", "features"), "input", "the queries", True),
    ArrayOption("key", ("batch", "heads", "keys", "features"), "input", "the keys", True),
    ArrayOption("value", ("batch", "heads", "keys", "value_features"), "input", "the values", True),
    ArrayOption("embeddings", ("batch", "queries", "embed"), "input", "tokens that queries are made from", True),
    ArrayOption("context", ("batch", "keys", "context_embed"), "input", "tokens of keys (default: embeddings)", True),
    ArrayOption(
        "value_context", ("batch", "keys", "value_embed"), "input", "tokens of values (default: of keys)", True
    ),
    ArrayOption("weight_query", ("query_rows", "embed"), "weight", "W_Q, one block of rows a head", True),
    ArrayOption("weight_key", ("key_rows", "context_embed"), "weight", "W_K", True),
    ArrayOption("weight_value", ("value_rows", "value_embed"), "weight", "W_V", True),
    ArrayOption("weight_output", ("outputs", "value_rows"), "weight", "W_O", True),
    ArrayOption("bias_query", ("query_rows",), "weight", "bias of the queries", True),
    ArrayOption("bias_key", ("key_rows",), "weight", "bias of the keys", True),
    ArrayOption("bias_value", ("value_rows",), "weight", "bias of the values", True),
    ArrayOption("bias_output", ("outputs",), "weight", "bias of the output", True),
    ArrayOption("weight_score", ("features", "key_features"), "weight", "W of multiplicative, v of additive", True),
    ArrayOption("weight_score_query", ("score_units", "features"), "weight", "W of additive attention", True),
    ArrayOption("weight_score_key", ("score_units", "key_features"), "weight", "U of additive attention", True),
    ArrayOption("positions", ("queries", "embed"), "weight", "learned positions", True),
    ArrayOption(
        "mask",
        ("queries", "keys"),
        "input",
        "which keys a query sees, or what is added to scores; also with batch, heads",
        True,
    ),
    ArrayOption("key_mask", ("batch", "keys"), "input", "which keys there are: 1 keeps one, 0 is padding", True),
)
