"""Which arrays of which shapes attention needs, worked out from its options and from what was given."""

from __future__ import annotations

from layeranim.engine.array import shape_text
from layeranim.engine.attention.config import ARRAYS, AttentionConfig
from layeranim.engine.attention.sizes import DIRECT, TOKENS, Claims, Shapes, filled
from layeranim.engine.door import Given, agreed, fitting, known, ranked
from layeranim.engine.memory import affordable, roomy
from layeranim.engine.trace import Shape
from layeranim.errors import OptionError, ShapeError

_ROWS = ("weight_query", "weight_key", "weight_value")
Wanted = dict[str, tuple[Shape, str]]


def complete(config: AttentionConfig, shapes: Given) -> tuple[AttentionConfig, Shapes]:
    """The full options, and the canonical shape of every array that they need or were given.

    Queries, keys and values may come as (queries, features), with a batch before it, or with batch and heads; where
    there are several heads and no axis for them, the features are split into one block a head.

    Raises:
        OptionError: options that exclude each other; an array of an unknown name, or one that nobody would read.
        ShapeError: shapes that do not go together.
    """
    given = known(shapes, [array.name for array in ARRAYS], "attention")
    switched = _switches(config, given)
    claims = Claims(switched, given)
    full = filled(switched, claims)
    needed = _needed(full, claims)
    for name in given:
        if name not in needed:
            raise OptionError(f"{name} was given, but {_unused(name, full)}")
    batch = next(shape[0] for name, shape in needed.items() if name in ("query", "embeddings"))
    scores = (batch, full.heads, int(full.queries or 1), int(full.keys or 1))
    for name, shape in needed.items():
        affordable(name, shape)
    with roomy():  # too large a table is not kept, but its rows take their time
        affordable("scores", scores)
        affordable("alignment", (*scores, full.score_units or 1))
    return full, needed


def _switches(config: AttentionConfig, given: Shapes) -> AttentionConfig:
    """Decide what the options leave to the arrays: projections, output projection, biases."""
    projections = config.projections
    if projections is None:
        projections = any(name in given for name in (*TOKENS, *_ROWS))
    direct = [name for name in DIRECT if name in given]
    if projections and direct:
        raise OptionError(f"{direct[0]} was given, but with projections it is made from embeddings; give one of them")
    output = config.output_projection
    if output is None:
        output = "weight_output" in given or (projections and config.heads > 1)
    key_heads = config.key_heads or config.heads
    if config.heads % key_heads:
        raise OptionError(f"key_heads is {key_heads}, but must divide heads {config.heads}")
    if config.positional in ("sinusoidal", "learned") and (not projections or "context" in given):
        raise OptionError(
            f"positional {config.positional} is added to the embeddings of self-attention, but "
            + ("keys come from context" if projections else "there are no embeddings; use rotary, or add it before")
        )
    if config.corner == "lower-right" and not config.causal and config.window is None:
        raise OptionError("corner is lower-right, but no key is masked by its place; add causal or window")
    if config.scale is not None and config.kind == "cosine":
        raise OptionError(f"scale is {config.scale:g}, but kind cosine divides by the lengths; use kind scaled")
    bias = any(name.startswith("bias_") for name in given) if config.bias is None else config.bias
    full: AttentionConfig = config.replace(
        projections=projections, output_projection=output, key_heads=key_heads, bias=bias
    )
    return full


def _unused(name: str, config: AttentionConfig) -> str:
    if name.startswith("bias"):
        return "bias is off, or its weight is not used"
    if name == "positions":
        return f"positional is {config.positional}; use positional learned"
    return f"attention of kind {config.kind}, projections {str(config.projections).lower()}, does not use it"


def _needed(c: AttentionConfig, claims: Claims) -> Shapes:
    """The canonical shape of every array; a given one that cannot become it is refused."""
    queries, keys, features, values = (int(n or 1) for n in (c.queries, c.keys, c.features, c.value_features))
    key_heads, key_features = int(c.key_heads or 1), claims.key_features(c)
    batch = agreed("batch", [*claims.at(0, *TOKENS, *DIRECT), *claims.mask_batch()], default=1)
    want: Wanted = {}
    if c.projections:
        want |= _projected(c, claims, batch, key_features)
    else:
        want["query"] = ((batch, c.heads, queries, features), "batch × heads × queries × features")
        want["key"] = ((batch, key_heads, keys, key_features), "batch × heads × keys × features")
        want["value"] = ((batch, key_heads, keys, values), "batch × heads × keys × features")
    if c.output_projection:
        rows = c.heads * values
        outputs = ranked("weight_output", claims.given.get("weight_output", (c.embed or rows, rows)), 2)[0]
        want["weight_output"] = ((outputs, rows), "outputs × heads·value_features")
        want |= {"bias_output": ((outputs,), "outputs")} if claims.biased("output") else {}
    if c.kind == "multiplicative":
        want["weight_score"] = ((features, key_features), "features × key features")
    if c.kind == "additive":
        units = int(c.score_units or 1)
        want["weight_score_query"] = ((units, features), "score_units × features")
        want["weight_score_key"] = ((units, key_features), "score_units × key features")
        want["weight_score"] = ((units,), "score_units")
    held = {**claims.given, **claims.shapes}
    needed = {name: fitting(name, held.get(name, shape), shape, axes) for name, (shape, axes) in want.items()}
    return needed | mask_shapes(claims.given, (batch, c.heads, queries, keys))


def _projected(c: AttentionConfig, claims: Claims, batch: int, key_features: int) -> Wanted:
    """Tokens, and the weights and biases that make queries, keys and values of them."""
    queries, keys, embed = (int(n or 1) for n in (c.queries, c.keys, c.embed))
    key_heads = int(c.key_heads or 1)
    want: Wanted = {"embeddings": ((batch, queries, embed), "batch × tokens × embed")}
    key_embed = claims.shapes["context"][2] if "context" in claims.shapes else embed
    value_embed = claims.shapes["value_context"][2] if "value_context" in claims.shapes else key_embed
    for name, size in (("context", key_embed), ("value_context", value_embed)):
        if name in claims.given:
            want[name] = ((batch, keys, size), "batch × keys × embed")
    if c.positional == "learned":
        want["positions"] = ((queries, embed), "tokens × embed")
    for part, heads, features, tokens in (
        ("query", c.heads, int(c.features or 1), embed),
        ("key", key_heads, key_features, key_embed),
        ("value", key_heads, int(c.value_features or 1), value_embed),
    ):
        rows = heads * features
        want[f"weight_{part}"] = ((rows, tokens), f"{heads}·{features} heads·features × {tokens} embed")
        if claims.biased(part):
            want[f"bias_{part}"] = ((rows,), "heads·features")
    return want


def mask_shapes(given: Shapes, most: Shape, prefix: str = "") -> Shapes:
    """A mask as (queries, keys), with the batch, or batch and heads, before it; of keys alone as (batch, keys).

    One row is for every query. Of three axes the first is the batch, or the heads where it is as long as they are many.
    """
    batch, heads, queries, keys = most
    out: Shapes = {}
    name = f"{prefix}mask"
    if name in given:
        shape = ranked(name, given[name], 1, 2, 3, 4)
        shape = (1, *shape) if len(shape) == 1 else shape
        if len(shape) == 3 and shape[0] == batch == heads != 1:
            axes = f"{batch}×1×{shape_text(shape[1:])} or 1×{heads}×{shape_text(shape[1:])}"
            raise ShapeError(
                f"{name} has shape {shape_text(shape)}, which may be a mask for each of {batch} in the batch or of "
                f"{heads} heads; give it as {axes}"
            )
        forms: dict[int, Shape] = {2: (queries, keys), 3: (batch, queries, keys), 4: most}
        by_head = len(shape) == 3 and shape[0] == heads != batch and shape[0] != 1
        out[name] = _mask(name, shape, most if by_head else forms[len(shape)], shape[1:] if by_head else shape)
    name = f"{prefix}key_mask"
    if name in given:
        shape = ranked(name, given[name], 1, 2)
        out[name] = _mask(name, shape, (batch, keys), (1,) * (2 - len(shape)) + shape)
    return out


def _mask(name: str, shape: Shape, wanted: Shape, spread: Shape) -> Shape:
    """``wanted``, to which the axes ``spread`` of a mask can be repeated; never along the keys."""
    behind = wanted[len(wanted) - len(spread) :]
    if spread[-1] != wanted[-1] or any(n not in (1, m) for n, m in zip(spread[:-1], behind[:-1], strict=True)):
        axes = "batch × keys" if name.endswith("key_mask") else "queries × keys, with batch, heads or both before"
        raise ShapeError(f"{name} has shape {shape_text(shape)}, but must be {shape_text(wanted)} ({axes})")
    return wanted
