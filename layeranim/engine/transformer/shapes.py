"""Which arrays of which shapes a transformer block needs."""

from __future__ import annotations

from layeranim.engine.attention.shapes import mask_shapes
from layeranim.engine.door import Given, agreed, fitting, known, ranked
from layeranim.engine.trace import Shape
from layeranim.engine.transformer.config import ARRAYS, TransformerConfig, gate_of, sublayers
from layeranim.engine.window import affordable
from layeranim.errors import OptionError

_PARTS = ("query", "key", "value", "output")
_SHARED = ("key", "value")


def complete(config: TransformerConfig, shapes: Given) -> tuple[TransformerConfig, dict[str, Shape]]:
    """The full options, and the canonical shape of every array that they need or were given.

    Raises:
        OptionError: a context for an encoder; heads that do not divide the features; an array of an unknown name.
        ShapeError: shapes that do not go together.
    ``input`` (batch, queries, embed) give ``output`` (batch, queries, embed).
    """
    decoder = config.block == "decoder"
    names = [array.name for array in ARRAYS if decoder or not array.name.startswith(("cross.", "context"))]
    given = known(shapes, [*names, *_weights(config, 1, 1)], f"a transformer {config.block}")
    tokens: dict[str, Shape] = {}
    for name in ("input", "context"):
        if name in given:
            shape = ranked(name, given[name], 2, 3)
            tokens[name] = shape if len(shape) == 3 else (1, *shape)
    full = _filled(config, given, tokens)
    return full, _needed(full, given, tokens)


def _said(tokens: dict[str, Shape], axis: int, *names: str) -> list[tuple[int | None, str]]:
    return [(tokens[name][axis], name) for name in names if name in tokens]


def _weight(given: dict[str, Shape], name: str, axis: int) -> list[tuple[int | None, str]]:
    """What a weight says: its rows (axis 0) or columns (axis 1)."""
    who = f"the {('rows', 'columns')[axis]} of {name}"
    return [(ranked(name, given[name], 2)[axis], who)] if name in given else []


def _filled(c: TransformerConfig, given: dict[str, Shape], tokens: dict[str, Shape]) -> TransformerConfig:
    """The options with every size in its place."""
    says = [(c.embed, "option embed"), *_said(tokens, 2, "input", "context"), *_weight(given, "self.weight_query", 1)]
    embed = agreed("embed", says, default=2 * c.heads)
    if embed % c.heads:
        raise OptionError(f"heads is {c.heads}, but must divide embed {embed}")
    if c.heads % (c.key_heads or c.heads):
        raise OptionError(f"key_heads is {c.key_heads}, but must divide heads {c.heads}")
    if c.positional == "rotary" and embed // c.heads % 2:
        raise OptionError(
            f"heads is {c.heads} and embed {embed}, so a head has {embed // c.heads} features, but positional rotary "
            "turns them in pairs; use an even number"
        )
    says = [(c.feedforward, "option feedforward"), *_weight(given, "feedforward.weight_expand", 0)]
    feedforward = agreed("feedforward", says, default=4 * embed)
    count = agreed("tokens", [(c.tokens, "option tokens"), *_said(tokens, 1, "input")], default=4)
    others = c.context_tokens
    if c.block == "decoder":
        says = [(c.context_tokens, "option context_tokens"), *_said(tokens, 1, "context")]
        others = agreed("context_tokens", says, default=count)
    elif others is not None:
        raise OptionError(f"context_tokens is {others}, but an encoder has no context; use block decoder")
    causal = c.block == "decoder" if c.causal is None else c.causal
    full: TransformerConfig = c.replace(
        embed=embed, feedforward=feedforward, tokens=count, context_tokens=others, causal=causal
    )
    return full


def _needed(c: TransformerConfig, given: dict[str, Shape], tokens: dict[str, Shape]) -> dict[str, Shape]:
    batch = agreed("batch", _said(tokens, 0, "input", "context"), default=1)
    count, embed = int(c.tokens or 1), int(c.embed or 1)
    keys = {"self": count} | ({"cross": int(c.context_tokens or 1)} if c.block == "decoder" else {})
    needed: dict[str, Shape] = {"input": (batch, count, embed)}
    needed |= {"context": (batch, keys["cross"], embed)} if "cross" in keys else {}
    for name, shape in _weights(c, embed, int(c.feedforward or 1)).items():
        needed[name] = fitting(name, given.get(name, shape), shape, "rows × columns")
    for name, size in keys.items():
        scores = (batch, c.heads, count, size)
        needed |= mask_shapes(given, scores, f"{name}.")
        affordable(f"{name}.scores", scores)
    for name, shape in needed.items():
        affordable(name, shape)
    return needed


def _weights(config: TransformerConfig, embed: int, feedforward: int) -> dict[str, Shape]:
    """Every weight by name."""
    out: dict[str, Shape] = {}
    for name in sublayers(config):
        if name == "feedforward":
            rows = {"expand": feedforward, **({"gate": feedforward} if gate_of(config) else {}), "contract": embed}
            columns = {"contract": feedforward}
        else:
            shared = embed // config.heads * (config.key_heads or config.heads)
            rows, columns = {part: shared if part in _SHARED else embed for part in _PARTS}, {}
        out |= {f"{name}.weight_{part}": (n, columns.get(part, embed)) for part, n in rows.items()}
        out |= {f"{name}.bias_{part}": (n,) for part, n in rows.items()} if config.bias else {}
        out[f"{name}_norm.gamma"] = (embed,)
        out |= {f"{name}_norm.beta": (embed,)} if config.bias and config.norm_kind == "layer" else {}
    return out
