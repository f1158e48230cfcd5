"""The sizes of attention: what options and shapes say of each, and what it is where nobody says."""

from __future__ import annotations

from typing import Any

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.door import agreed, ranked
from layeranim.engine.trace import Shape
from layeranim.errors import OptionError, ShapeError

Shapes = dict[str, Shape]
Said = tuple[int | None, str]

TOKENS = ("embeddings", "context", "value_context")
DIRECT = ("query", "key", "value")
ALIKE = ("dot", "scaled", "cosine")
"""The kinds that need queries and keys of one size."""


class Claims:
    """What the given shapes say; ``shapes`` are of tokens (batch, n, embed), of queries (batch, heads, n, features)."""

    def __init__(self, config: AttentionConfig, given: Shapes) -> None:
        self.config, self.given = config, given
        self.key_heads = int(config.key_heads or config.heads)
        self.shapes: Shapes = {name: _with_batch(name, given[name], 2, 3) for name in TOKENS if name in given}
        for name in DIRECT:
            if name in given:
                self.shapes[name] = self._headed(name, config.heads if name == "query" else self.key_heads)

    def _headed(self, name: str, heads: int) -> Shape:
        shape = _with_batch(name, self.given[name], 2, 3, 4)
        if len(shape) == 4:
            if shape[1] != heads:
                raise ShapeError(f"{name} has {shape[1]} heads, but must have {heads}")
            return shape
        if shape[2] % heads:
            raise ShapeError(f"{name} has {shape[2]} features, but must have a multiple of {heads} heads")
        return shape[0], heads, shape[1], shape[2] // heads

    def at(self, axis: int, *names: str) -> list[Said]:
        """The size of an axis in each of these that is given."""
        return [(self.shapes[name][axis], name) for name in names if name in self.shapes]

    def rows(self, name: str, heads: int = 1) -> list[Said]:
        """The rows of a weight, of each head."""
        if name not in self.given:
            return []
        count = ranked(name, self.given[name], 2)[0]
        if count % heads:
            raise ShapeError(f"{name} has {count} rows, but must have a multiple of {heads} heads")
        return [(count // heads, f"the rows of {name}" + (f" ({heads} heads)" if heads > 1 else ""))]

    def columns(self, name: str) -> list[Said]:
        """The columns of a weight."""
        return [(ranked(name, self.given[name], 2)[1], f"the columns of {name}")] if name in self.given else []

    def mask(self, axis: int) -> list[Said]:
        """Queries (−2) or keys (−1) of the masks."""
        out = list[Said]()
        if "mask" in self.given:
            shape = (1, *ranked("mask", self.given["mask"], 1, 2, 3, 4))
            out += [(shape[axis], "mask")] if axis == -1 or shape[axis] != 1 else []  # one row is for every query
        if axis == -1 and "key_mask" in self.given:
            out.append((ranked("key_mask", self.given["key_mask"], 1, 2)[-1], "key_mask"))
        return out

    def mask_batch(self) -> list[Said]:
        """The batch of the masks that have one; three axes may also be one mask a head."""
        out: list[Said] = []
        for name, rank in {"mask": 3, "key_mask": 2}.items():
            shape = self.given.get(name, ())
            by_head = name == "mask" and len(shape) == 3 and shape[0] == self.config.heads
            if len(shape) >= rank and shape[0] != 1 and not by_head:
                out.append((shape[0], name))
        return out

    def biased(self, part: str) -> bool:
        """Whether a projection has a bias: with bias on and none given, all have; else those that are given."""
        some = any(name.startswith("bias_") for name in self.given)
        return bool(self.config.bias) and (not some or f"bias_{part}" in self.given)

    def key_features(self, config: AttentionConfig) -> int:
        """Features of a key: the query's, unless a weight of the scores stands between them."""
        features = int(config.features or 1)
        if config.kind in ALIKE:
            return features
        score = "weight_score_key" if config.kind == "additive" else "weight_score"
        says = [*self.at(-1, "key"), *self.rows("weight_key", self.key_heads), *self.columns(score)]
        return agreed("key features", says, default=features)


def filled(c: AttentionConfig, claims: Claims) -> AttentionConfig:
    """The options with every size in its place."""
    own = "context" not in claims.given
    positions = claims.given.get("positions")
    tokens: list[Said] = [] if positions is None else [(ranked("positions", positions, 2)[0], "positions")]
    if c.tokens is not None:
        tokens.append((len(c.tokens), "option tokens"))
    says = [(c.queries, "option queries"), *claims.at(-2, "embeddings", "query"), *claims.mask(-2), *tokens]
    queries = agreed("queries", says, default=4)
    named = ("embeddings" if own else "context", "value_context", "key", "value")
    worded: list[Said] = [(len(c.key_tokens), "option key_tokens")] if c.key_tokens is not None else []
    says = [(c.keys, "option keys"), *claims.at(-2, *named), *claims.mask(-1), *worded]
    keys = agreed("keys", says, default=queries)
    if c.projections and own and worded:
        raise OptionError(
            "key_tokens was given, but keys come from the embeddings, whose words are tokens; give a context"
        )
    if c.projections and own and keys != queries:
        raise ShapeError(f"keys is {keys}, but queries is {queries}, and both come from embeddings; give a context")
    changes: dict[str, Any] = {"queries": queries, "keys": keys, "features": _features(c, claims)}
    says = [(c.value_features, "option value_features"), *claims.at(-1, "value"),
            *claims.rows("weight_value", claims.key_heads)]  # fmt: skip
    changes["value_features"] = agreed("value_features", says, default=changes["features"])
    if c.projections:
        wide: list[Said] = [] if positions is None else [(positions[1], "positions")]
        says = [(c.embed, "option embed"), *claims.at(-1, "embeddings"), *claims.columns("weight_query"), *wide]
        changes["embed"] = agreed("embed", says, default=c.heads * changes["features"])
    if c.kind == "additive":
        says = [(c.score_units, "option score_units"), *claims.rows("weight_score_query"),
                *claims.rows("weight_score_key")]  # fmt: skip
        changes["score_units"] = agreed("score_units", says, default=changes["features"])
    full: AttentionConfig = c.replace(**changes)
    return full


def _features(c: AttentionConfig, claims: Claims) -> int:
    """Features of a query in one head; where nobody says, the embedding's divided among the heads."""
    says: list[Said] = [(c.features, "option features"), *claims.at(-1, "query"), *claims.rows("weight_query", c.heads)]
    if c.kind in ALIKE:
        says += [*claims.at(-1, "key"), *claims.rows("weight_key", claims.key_heads)]
    elif c.kind == "additive":
        says += claims.columns("weight_score_query")
    else:
        says += claims.rows("weight_score")
    if all(number is None for number, _ in says):
        embed = agreed("embed", [(c.embed, "option embed"), *claims.at(-1, "embeddings")], default=0)
        if embed % c.heads:
            raise ShapeError(f"embed is {embed}, but must be a multiple of {c.heads} heads; or give features")
        says.append((embed // c.heads if embed else 4 if c.positional == "rotary" else 3, "default"))
    features = agreed("features", says, default=1)
    if c.positional == "rotary" and features % 2:
        raise ShapeError(f"features is {features}, but positional rotary turns pairs of features; use an even number")
    return features


def _with_batch(name: str, shape: Shape, *ranks: int) -> Shape:
    return (1, *ranked(name, shape, *ranks)) if len(shape) == 2 else ranked(name, shape, *ranks)
