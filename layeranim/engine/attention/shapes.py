"""Which arrays of which shapes attention needs, worked out from its options and from what was given."""

from __future__ import annotations

from typing import Any

from layeranim.engine.array import shape_text
from layeranim.engine.attention.config import ARRAYS, AttentionConfig
from layeranim.engine.door import Given, agreed, fitting, known, ranked
from layeranim.engine.trace import Shape
from layeranim.errors import OptionError, ShapeError

Shapes = dict[str, Shape]
_SOURCES = ("embeddings", "context", "value_context")
_DIRECT = ("query", "key", "value")
_ROWS = ("weight_query", "weight_key", "weight_value")


def complete(config: AttentionConfig, shapes: Given) -> tuple[AttentionConfig, Shapes]:
    """The full options, and the canonical shape of every array that they need or were given.

    Queries, keys and values may come as (queries, features), with a batch before it, or with batch and heads; where
    there are several heads and no axis for them, the features are split into one block a head.

    Raises:
        OptionError: options that exclude each other; an array of an unknown name, or one that nobody would read.
        ShapeError: shapes that do not go together.
    """
    given = known(shapes, [array.name for array in ARRAYS], "attention")
    config = _switches(config, given)
    sizes = _Sizes(config, given)
    config = sizes.filled()
    needed = sizes.needed(config)
    for name in given:
        if name not in needed:
            raise OptionError(f"{name} was given, but {_unused(name, config)}")
    return config, needed


def _switches(config: AttentionConfig, given: Shapes) -> AttentionConfig:
    """Decide what the options leave to the arrays: projections, output projection, biases."""
    made = any(name in given for name in (*_SOURCES, *_ROWS))
    projections = made if config.projections is None else config.projections
    direct = [name for name in _DIRECT if name in given]
    if projections and direct:
        raise OptionError(
            f"{direct[0]} was given, but with projections it is made from embeddings; give one or the other"
        )
    output = config.output_projection
    if output is None:
        output = "weight_output" in given or (projections and config.heads > 1)
    biases = any(name.startswith("bias_") for name in given)
    changes: dict[str, Any] = {
        "projections": projections, "output_projection": output,
        "key_heads": config.key_heads or config.heads, "bias": biases if config.bias is None else config.bias,
    }  # fmt: skip
    if config.heads % changes["key_heads"]:
        raise OptionError(f"key_heads is {config.key_heads}, but must divide heads {config.heads}")
    if config.positional in ("sinusoidal", "learned") and (not projections or "context" in given):
        raise OptionError(
            f"positional {config.positional} is added to the embeddings of self-attention, but "
            + ("keys come from context" if projections else "there are no embeddings; use rotary, or add it before")
        )
    if config.scale is not None and config.kind == "cosine":
        raise OptionError(f"scale is {config.scale:g}, but kind cosine divides by the lengths; use kind scaled")
    full: AttentionConfig = config.replace(**changes)
    return full


def _unused(name: str, config: AttentionConfig) -> str:
    if name.startswith("bias"):
        return "bias is off, or its weight is not used"
    if name == "positions":
        return f"positional is {config.positional}; use positional learned"
    return f"attention of kind {config.kind}, projections {str(config.projections).lower()}, does not use it"


class _Sizes:
    """Every size of one attention, as far as options and shapes say it."""

    def __init__(self, config: AttentionConfig, given: Shapes) -> None:
        self.config, self.given = config, given
        self.tokens = {name: _with_batch(name, given[name], 2, 3) for name in _SOURCES if name in given}
        self.direct = {
            name: self._headed(name, config.heads if name == "query" else config.key_heads or config.heads)
            for name in _DIRECT
            if name in given
        }

    def _headed(self, name: str, heads: int) -> tuple[int, int, int, int]:
        shape = _with_batch(name, self.given[name], 2, 3, 4)
        if len(shape) == 4:
            if shape[1] != heads:
                raise ShapeError(f"{name} has {shape[1]} heads, but there are {heads}")
            return shape[0], shape[1], shape[2], shape[3]
        if shape[2] % heads:
            raise ShapeError(f"{name} has {shape[2]} features, but they must be a multiple of {heads} heads")
        return shape[0], heads, shape[1], shape[2] // heads

    def _rows(self, name: str, heads: int) -> tuple[int | None, str]:
        who = f"the rows of {name}" + (f" ({heads} heads)" if heads > 1 else "")
        if name not in self.given:
            return None, who
        rows = ranked(name, self.given[name], 2)[0]
        if rows % heads:
            raise ShapeError(f"{name} has {rows} rows, but must have a multiple of {heads} heads")
        return rows // heads, who

    def _at(self, axis: int, *names: str) -> list[tuple[int | None, str]]:
        return [({**self.tokens, **self.direct}[n][axis], n) for n in names if n in self.tokens or n in self.direct]

    def _columns(self, name: str) -> tuple[int | None, str]:
        return ranked(name, self.given[name], 2)[1] if name in self.given else None, f"the columns of {name}"

    def _mask(self, axis: int) -> list[tuple[int | None, str]]:
        return [(ranked("mask", self.given["mask"], 2, 3, 4)[axis], "mask")] if "mask" in self.given else []

    def filled(self) -> AttentionConfig:
        """The options with every size in its place."""
        c = self.config
        key_heads = int(c.key_heads or c.heads)
        queries = agreed("queries", [(c.queries, "option queries"), *self._at(-2, "embeddings", "query"), *self._mask(-2),
                                     *self._positions(0)], 4)  # fmt: skip
        own = "context" not in self.given
        said = self._at(-2, "embeddings" if own else "context", "value_context", "key", "value")
        key_mask = [(self.given["key_mask"][-1], "key_mask")] if self.given.get("key_mask") else []
        keys = agreed("keys", [(c.keys, "option keys"), *said, *self._mask(-1), *key_mask], queries)
        if c.projections and own and keys != queries:
            raise ShapeError(
                f"keys is {keys}, but queries is {queries}, and both are made from embeddings; give context for other keys"
            )
        alike = c.kind in ("dot", "scaled", "cosine")
        keyed = [*self._at(-1, "key"), self._rows("weight_key", key_heads)] if alike else []
        features = agreed("features", [(c.features, "option features"), *self._at(-1, "query"),
                                       self._rows("weight_query", c.heads), *keyed, *self._score(0)],
                          self._share(c))  # fmt: skip
        if c.positional == "rotary" and features % 2:
            raise ShapeError(
                f"features is {features}, but positional rotary turns pairs of features; use an even number"
            )
        changes: dict[str, Any] = {"queries": queries, "keys": keys, "features": features}
        changes["value_features"] = agreed(
            "value_features",
            [
                (c.value_features, "option value_features"),
                *self._at(-1, "value"),
                self._rows("weight_value", key_heads),
            ],
            features,
        )
        if c.projections:
            changes["embed"] = agreed("embed", [(c.embed, "option embed"), *self._at(-1, "embeddings"),
                                                self._columns("weight_query"), *self._positions(1)],
                                      c.heads * features)  # fmt: skip
        if c.kind == "additive":
            changes["score_units"] = agreed("score_units", [(c.score_units, "option score_units"),
                                                            self._rows("weight_score_query", 1),
                                                            self._rows("weight_score_key", 1)], features)  # fmt: skip
        full: AttentionConfig = c.replace(**changes)
        return full

    def _share(self, c: AttentionConfig) -> int:
        """Features of a head where nobody says: the embedding's, divided among the heads."""
        embed = agreed("embed", [(c.embed, "option embed"), *self._at(-1, "embeddings")], 0)
        if embed and embed % c.heads:
            raise ShapeError(f"embed is {embed}, but must be a multiple of {c.heads} heads; or give features")
        return embed // c.heads or (4 if c.positional == "rotary" else 3)

    def _positions(self, axis: int) -> list[tuple[int | None, str]]:
        return (
            [(ranked("positions", self.given["positions"], 2)[axis], "positions")] if "positions" in self.given else []
        )

    def _score(self, axis: int) -> list[tuple[int | None, str]]:
        name = {"multiplicative": "weight_score", "additive": "weight_score_query"}.get(self.config.kind, "")
        if name not in self.given:
            return []
        shape = ranked(name, self.given[name], 2)
        return [(shape[axis] if self.config.kind == "multiplicative" else shape[1], name)]

    def needed(self, c: AttentionConfig) -> Shapes:
        """The canonical shape of every array; a given one that cannot become it is refused."""
        heads, key_heads, queries, keys = c.heads, int(c.key_heads or 1), int(c.queries or 1), int(c.keys or 1)
        features, values = int(c.features or 1), int(c.value_features or 1)
        key_features = self._key_features(c, key_heads, features)
        batch = agreed("batch", [*self._at(0, *_SOURCES, *_DIRECT), *self._mask_batch()], 1)
        want: dict[str, tuple[Shape, str]] = {}
        if c.projections:
            want |= self._projected(c, batch, key_features)
        else:
            want["query"] = ((batch, heads, queries, features), "batch × heads × queries × features")
            want["key"] = ((batch, key_heads, keys, key_features), "batch × heads × keys × features")
            want["value"] = ((batch, key_heads, keys, values), "batch × heads × keys × features")
        if c.output_projection:
            rows = heads * values
            outputs = ranked("weight_output", self.given.get("weight_output", (c.embed or rows, 0)), 2)[0]
            want["weight_output"] = ((outputs, rows), "outputs × heads·value_features")
            want |= {"bias_output": ((outputs,), "outputs")} if self._biased("output") else {}
        if c.kind == "multiplicative":
            want["weight_score"] = ((features, key_features), "features × key features")
        if c.kind == "additive":
            units = int(c.score_units or 1)
            want["weight_score_query"] = ((units, features), "score_units × features")
            want["weight_score_key"] = ((units, key_features), "score_units × key features")
            want["weight_score"] = ((units,), "score_units")
        for name, (shape, axes) in want.items():
            held = {**self.given, **self.tokens, **self.direct}.get(name, shape)
            fitting(name, held, shape, axes)
        out = {name: shape for name, (shape, _) in want.items()}
        return out | self._masks(batch, heads, queries, keys)

    def _projected(self, c: AttentionConfig, batch: int, key_features: int) -> dict[str, tuple[Shape, str]]:
        heads, key_heads = c.heads, int(c.key_heads or 1)
        embed, rows = int(c.embed or 1), c.heads * int(c.features or 1)
        key_rows, value_rows = key_heads * key_features, key_heads * int(c.value_features or 1)
        want: dict[str, tuple[Shape, str]] = {
            "embeddings": ((batch, int(c.queries or 1), embed), "batch × tokens × embed")
        }
        key_embed = value_embed = embed
        for name in ("context", "value_context"):
            if name in self.given:
                value_embed = self.tokens[name][2]
                key_embed = value_embed if name == "context" else key_embed
                want[name] = ((batch, int(c.keys or 1), value_embed), "batch × keys × embed")
        if c.positional == "learned":
            want["positions"] = ((int(c.queries or 1), embed), "tokens × embed")
        want["weight_query"] = ((rows, embed), f"{heads} heads·features × embed")
        want["weight_key"] = ((key_rows, key_embed), f"{key_heads} heads·features × embed of the keys")
        want["weight_value"] = ((value_rows, value_embed), f"{key_heads} heads·features × embed of the values")
        for part, size in (("query", rows), ("key", key_rows), ("value", value_rows)):
            if self._biased(part):
                want[f"bias_{part}"] = ((size,), "heads·features")
        return want

    def _biased(self, part: str) -> bool:
        """With bias on and none given, all are wanted; else those that are given."""
        some = any(name.startswith("bias_") for name in self.given)
        return bool(self.config.bias) and (not some or f"bias_{part}" in self.given)

    def _key_features(self, c: AttentionConfig, key_heads: int, features: int) -> int:
        if c.kind in ("dot", "scaled", "cosine"):
            return features
        score = "weight_score_key" if c.kind == "additive" else "weight_score"
        says = [*self._at(-1, "key"), self._rows("weight_key", key_heads), self._columns(score)]
        return agreed("key features", says, features)

    def _mask_batch(self) -> list[tuple[int | None, str]]:
        out = []
        for name, ranks in (("mask", (2, 3, 4)), ("key_mask", (1, 2))):
            shape = self.given.get(name)
            if shape and len(ranked(name, shape, *ranks)) > ranks[0] and shape[0] != 1:
                out.append((shape[0], name))
        return list(out)

    def _masks(self, batch: int, heads: int, queries: int, keys: int) -> Shapes:
        out: Shapes = {}
        full = {"mask": (batch, heads, queries, keys), "key_mask": (batch, keys)}
        for name, most in full.items():
            if name in self.given:
                shape = self.given[name]
                tail = most[-2:] if name == "mask" else most[-1:]
                lead = {4: (batch, heads), 3: (batch,), 2: (batch,) if name == "key_mask" else ()}.get(len(shape), ())
                good = shape[-len(tail) :] == tail and all(
                    n in (1, m) for n, m in zip(shape[: len(lead)], lead, strict=True)
                )
                if not good:
                    raise ShapeError(
                        f"{name} has shape {shape_text(shape)}, but must be {shape_text((*lead, *tail))}"
                        f" ({'queries × keys' if name == 'mask' else 'keys'}, with the batch or the heads before)"
                    )
                out[name] = (*lead, *tail)
        return out


def _with_batch(name: str, shape: Shape, *ranks: int) -> Shape:
    return (1, *ranked(name, shape, *ranks)) if len(shape) == 2 else shape
