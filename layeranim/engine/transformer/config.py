"""The options of a transformer block, its sublayers and how they follow one another."""

from __future__ import annotations

import re
from typing import NamedTuple

from layeranim.engine.activation_layer import GATES
from layeranim.engine.attention import AttentionConfig
from layeranim.engine.compose import INNER, Part
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Real, option
from layeranim.records import dataclass


@dataclass(frozen=True, kw_only=True)
class TransformerConfig(Config):
    """Options of one transformer block."""

    block: str = option(Choice(("encoder", "decoder")), "encoder", "without or with attention to a context")
    norm: str = option(Choice(("post", "pre")), "post", "normalise after the addition, or before the sublayer")
    norm_kind: str = option(
        Choice(("layer", "rms")), "layer", "normalise by mean and deviation, or by the root of the mean square alone"
    )
    heads: int = option(Integer(1), 2, "heads of the attention", aliases=("num_heads", "nhead"))
    key_heads: int | None = option(
        Integer(1), None, "heads of keys and values, shared by groups of query heads", aliases=("num_kv_heads",)
    )
    positional: str = option(Choice(("none", "rotary")), "none", "how a token's position enters its own attention")
    pairs: str = option(Choice(("adjacent", "halves")), "adjacent", "which features a rotary encoding turns together")
    base: float = option(Real(above=1), 10000.0, "the longest wavelength of positions, over 2π")
    embed: int | None = option(Integer(1), None, "features of a token", aliases=("embed_dim", "d_model"))
    feedforward: int | None = option(
        Integer(1), None, "units of the feed-forward part (default: 4·embed)", aliases=("dim_feedforward",)
    )
    tokens: int | None = option(Integer(1), None, "how many tokens")
    context_tokens: int | None = option(Integer(1), None, "how many tokens the context has (decoder)")
    activation: str = option(
        Choice(("relu", "gelu", "gelu-tanh", "silu", *GATES)),
        "relu",
        "the activation of the feed-forward part; glu and those that end so multiply its units by gates",
    )
    eps: float = option(Real(above=0), 1e-5, "added to the variance", aliases=("epsilon", "layer_norm_eps"))
    causal: bool | None = option(Flag(), None, "a token sees no later one (default: in a decoder)")
    window: int | None = option(
        Integer(0), None, "a token sees those at most so many places before and after it (default: all)"
    )
    bias: bool = option(Flag(), True, "add biases")
    mask_kind: str | None = option(
        Choice(("additive", "boolean")),
        None,
        "what a mask's numbers mean (default: true and 1 keep a key, false and 0 pad it; others are added)",
    )


_INNER = re.compile(
    r"(?:(self|cross)[._]((?:weight|bias)_(?:query|key|value|output))"
    r"|(feedforward)[._]((?:weight|bias)_(?:expand|gate|contract))|((?:self|cross|feedforward)_norm)[._](gamma|beta))"
)


def inner(word: str) -> str | None:
    """The full name of a weight of one of the sublayers: ``self.weight_query``, ``feedforward_norm.gamma``."""
    found = _INNER.fullmatch(word.replace("-", "_"))
    return ".".join(part for part in found.groups() if part) if found else None


def sublayers(config: TransformerConfig) -> tuple[str, ...]:
    """The sublayers in their order."""
    return ("self", "cross", "feedforward") if config.block == "decoder" else ("self", "feedforward")


class Sublayer(NamedTuple):
    """Its name, and the tensors around it: what comes in, what it reads itself, the sum, what is handed on."""

    name: str
    before: str
    source: str
    added: str
    after: str


def chain(config: TransformerConfig) -> list[Sublayer]:
    """The sublayers in their order, with the tensors between them."""
    out, now, names = list[Sublayer](), "input", sublayers(config)
    for name in names:
        added, normed, last = f"{name}_residual", f"{name}_norm.output", name == names[-1]
        if config.norm == "pre":
            added = "output" if last else added
            out.append(Sublayer(name, now, normed, added, added))
        else:
            out.append(Sublayer(name, now, now, added, "output" if last else normed))
        now = out[-1].after
    return out


def gate_of(config: TransformerConfig) -> str:
    """The activation of the gates by which the units are multiplied, if they are."""
    return GATES.get(config.activation, "")


def attention_of(config: TransformerConfig, name: str, source: str) -> tuple[Part, AttentionConfig]:
    """A sublayer of attention: where its trace goes, and its own options."""
    reads = {"embeddings": source} | ({"context": "context"} if name == "cross" else {})
    axes = {"keys": "context_keys"} if name == "cross" else {}
    own = name == "self"
    inner = AttentionConfig(
        heads=config.heads, key_heads=config.key_heads, projections=True, output_projection=True, bias=config.bias,
        queries=config.tokens, keys=config.tokens if own else config.context_tokens, embed=config.embed,
        features=int(config.embed or 1) // config.heads, value_features=int(config.embed or 1) // config.heads,
        positional=config.positional if own else "none", pairs=config.pairs, base=config.base,
        causal=bool(config.causal) and own, window=config.window if own else None, mask_kind=config.mask_kind,
    )  # fmt: skip
    return Part(f"{name}.", reads, axes=axes, roles=INNER), inner


ARRAYS = (
    ArrayOption("input", ("batch", "queries", "embed"), "input", "the tokens"),
    ArrayOption("context", ("batch", "context_keys", "embed"), "input", "what a decoder attends to", True),
    ArrayOption("self.mask", ("queries", "keys"), "input", "which tokens a token sees", True),
    ArrayOption("self.key_mask", ("batch", "keys"), "input", "which tokens there are: 1 keeps one, 0 is padding", True),
    ArrayOption("cross.mask", ("queries", "context_keys"), "input", "which context tokens a token sees", True),
    ArrayOption("cross.key_mask", ("batch", "context_keys"), "input", "which context tokens there are", True),
)
