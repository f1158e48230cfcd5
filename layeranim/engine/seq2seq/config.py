"""The options of an encoder–decoder, its parts and the arrays that they need."""

from __future__ import annotations

import re
from typing import Any

from layeranim.engine.attention import AttentionConfig
from layeranim.engine.compose import INNER, Part
from layeranim.engine.door import Given, agreed, fitting, known, ranked
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, option
from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.trace import Shape
from layeranim.engine.window import affordable
from layeranim.errors import OptionError
from layeranim.records import dataclass

CELLS: dict[str, Layer] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}
Shapes = dict[str, Shape]


@dataclass(frozen=True, kw_only=True)
class Seq2SeqConfig(Config):
    """Options of an encoder–decoder."""

    cell: str = option(Choice(tuple(CELLS)), "gru", "the recurrent cell of both sides")
    attention: str = option(
        Choice(("none", "dot", "scaled", "multiplicative", "additive")), "none", "how the decoder looks back"
    )
    hidden: int | None = option(Integer(1), None, "units of both states", aliases=("hidden_size", "units"))
    input_size: int | None = option(Integer(1), None, "features of a source step")
    target_size: int | None = option(Integer(1), None, "features of a target step")
    source_steps: int | None = option(Integer(1), None, "time steps of the source")
    target_steps: int | None = option(Integer(1), None, "time steps of the target")
    classes: int | None = option(Integer(1), None, "words that the decoder can write")
    feeding: str = option(
        Choice(("teacher", "greedy")), "teacher", "the decoder reads the given target, or what it wrote last"
    )
    start: int = option(Integer(0), 0, "the word that a greedy decoder reads first")
    bias: bool = option(Flag(), True, "add biases")


ARRAYS = (
    ArrayOption("source", ("batch", "source_time", "source_features"), "input", "the sequence to read"),
    ArrayOption("lengths", ("batch",), "input", "how many steps each source has", True),
    ArrayOption("target", ("batch", "target_time", "target_features"), "input", "what a taught decoder reads", True),
    ArrayOption("target_embeddings", ("classes", "target_features"), "weight", "a row for each word", True),
    ArrayOption("weight_combine", ("combined", "context_state"), "weight", "W of tanh(W [context; state])", True),
    ArrayOption("bias_combine", ("combined",), "weight", "its bias", True),
    ArrayOption("weight_output", ("classes", "combined"), "weight", "from the state to the words", True),
    ArrayOption("bias_output", ("classes",), "weight", "its bias", True),
)


_INNER = re.compile(
    r"(encoder|decoder|attention)[._]"
    r"(weight_(?:input|hidden|score|score_query|score_key)|bias_(?:input|hidden)|initial_(?:hidden|cell))"
)


def inner(word: str) -> str | None:
    """The full name of a weight of encoder, decoder or attention: ``encoder.weight_hidden``."""
    found = _INNER.fullmatch(word.replace("-", "_"))
    return f"{found[1]}.{found[2]}" if found else None


def encoder_of(config: Seq2SeqConfig) -> tuple[Part, Layer, Any]:
    """The encoder: where its trace goes, its layer, its options."""
    axes = {"time": "source_time", "features": "source_features", "joined": "encoder_joined"}
    return Part("encoder.", {"input": "source"}, axes=axes, roles=INNER), *_recurrent(
        config, config.input_size, config.source_steps
    )


def decoder_of(config: Seq2SeqConfig) -> tuple[Part, Layer, Any]:
    """The decoder: it begins with the encoder's last state."""
    states = ("hidden", "cell") if config.cell == "lstm" else ("hidden",)
    reads = {"input": read_by_decoder(config)} | {f"initial_{state}": f"encoder.final_{state}" for state in states}
    axes = {"time": "target_time", "features": "target_features", "joined": "decoder_joined"}
    return Part("decoder.", reads, axes=axes, roles=INNER), *_recurrent(config, config.target_size, config.target_steps)


def read_by_decoder(config: Seq2SeqConfig) -> str:
    """The sequence that the decoder reads: the given target, or the rows of what it wrote."""
    return "target" if config.feeding == "teacher" else "fed_back"


def _recurrent(config: Seq2SeqConfig, features: int | None, steps: int | None) -> tuple[Layer, Any]:
    layer = CELLS[config.cell]
    options = {"hidden": config.hidden, "input_size": features, "timesteps": steps, "bias": config.bias}
    return layer, layer.complete(layer.config.of(options), {})[0]


def attention_of(config: Seq2SeqConfig) -> tuple[Part, AttentionConfig]:
    """The attention: queries are the decoder's states, keys and values the encoder's."""
    reads = {"query": "decoder.hidden", "key": "encoder.hidden", "value": "encoder.hidden"}
    inner = AttentionConfig(kind=config.attention, queries=config.target_steps, keys=config.source_steps,
                            features=config.hidden, value_features=config.hidden)  # fmt: skip
    axes = {"queries": "target_time", "keys": "source_time"}
    return Part("attention.", reads, axes=axes, roles=INNER), inner


def complete(config: Seq2SeqConfig, shapes: Given) -> tuple[Seq2SeqConfig, Shapes]:
    """The full options, and the canonical shape of every array that they need or were given.

    Raises:
        OptionError: a start that is no word; an array of an unknown name, or one that nobody would read.
        ShapeError: shapes that do not go together.
    ``source`` (batch, source_time, source_features) give ``probabilities`` (batch, target_time, classes), ``chosen``
    (batch, target_time).
    """
    names = [*(array.name for array in ARRAYS), *_initial(config)]
    given = known(
        shapes, [*names, *_inner(config.replace(hidden=1, target_size=1, input_size=1))], "an encoder–decoder"
    )
    full = _filled(config, given)
    needed = _needed(full, given)
    for name in given:
        if name not in needed:
            raise OptionError(
                f"{name} was given, but with feeding {full.feeding} and attention {full.attention} nobody reads it"
            )
    for name, shape in needed.items():
        affordable(name, shape)
    return full, needed


def _initial(c: Seq2SeqConfig) -> tuple[str, ...]:
    """The encoder's states before the first step, zero where they are not given."""
    return tuple(f"encoder.initial_{state}" for state in (("hidden", "cell") if c.cell == "lstm" else ("hidden",)))


def _tokens(given: Shapes, name: str) -> Shape | None:
    if name not in given:
        return None
    shape = ranked(name, given[name], 2, 3)
    return shape if len(shape) == 3 else (1, *shape)


def _filled(c: Seq2SeqConfig, given: Shapes) -> Seq2SeqConfig:
    """The options with every size in its place."""
    source, target = _tokens(given, "source"), _tokens(given, "target")

    def size(name: str, option: int | None, default: int, *says: tuple[Shape | None, int, str]) -> int:
        claims = [(option, f"option {name}"), *((shape[axis] if shape else None, who) for shape, axis, who in says)]
        return agreed(name, claims, default)

    def weight(name: str) -> Shape | None:
        return ranked(name, given[name], 2) if name in given else None

    table, top = weight("target_embeddings"), weight("weight_output")
    state = weight("encoder.weight_hidden"), 1, "the columns of encoder.weight_hidden"
    hidden = size("hidden", c.hidden, 3, state)
    full: Seq2SeqConfig = c.replace(
        hidden=hidden,
        input_size=size("input_size", c.input_size, 2, (source, 2, "source")),
        source_steps=size("source_steps", c.source_steps, 4, (source, 1, "source")),
        target_size=size("target_size", c.target_size, 2, (target, 2, "target"), (table, 1, "target_embeddings")),
        target_steps=size("target_steps", c.target_steps, 3, (target, 1, "target")),
        classes=size("classes", c.classes, 4, (top, 0, "the rows of weight_output"), (table, 0, "target_embeddings")),
    )
    if full.feeding == "greedy" and full.start >= int(full.classes or 0):
        raise OptionError(
            f"start is {full.start}, but must be one of {full.classes} words: 0 to {int(full.classes or 0) - 1}"
        )
    return full


def _inner(c: Seq2SeqConfig) -> Shapes:
    """The weights of encoder, decoder and attention."""
    out: Shapes = {}
    for part, layer, inner in (encoder_of(c), decoder_of(c)):
        _, needed = layer.complete(inner, {})
        out |= {part.name(name): shape for name, shape in needed.items() if name != "input"}
    hidden = int(c.hidden or 1)
    scores: dict[str, Shapes] = {
        "multiplicative": {"weight_score": (hidden, hidden)},
        "additive": {
            "weight_score_query": (hidden, hidden),
            "weight_score_key": (hidden, hidden),
            "weight_score": (hidden,),
        },
    }
    return out | {f"attention.{name}": shape for name, shape in scores.get(c.attention, {}).items()}


def _needed(c: Seq2SeqConfig, given: Shapes) -> Shapes:
    hidden, words, features = int(c.hidden or 1), int(c.classes or 1), int(c.target_size or 1)
    source, target = _tokens(given, "source"), _tokens(given, "target")
    lengths = ranked("lengths", given["lengths"], 0, 1) if "lengths" in given else ()
    says = [(source[0] if source else None, "source"), (lengths[0] if lengths else None, "lengths"),
            (target[0] if target else None, "target")]  # fmt: skip
    batch = agreed("batch", says, default=1)
    want: Shapes = {"source": (batch, int(c.source_steps or 1), int(c.input_size or 1))}
    if c.feeding == "teacher":
        want["target"] = (batch, int(c.target_steps or 1), features)
    else:
        want["target_embeddings"] = (words, features)
    want |= _inner(c)
    if c.attention != "none":
        want |= {"weight_combine": (hidden, 2 * hidden)} | ({"bias_combine": (hidden,)} if c.bias else {})
    want |= {"weight_output": (words, hidden)} | ({"bias_output": (words,)} if c.bias else {})
    held = {**given} | {n: s for n, s in (("source", source), ("target", target)) if s}
    needed = {
        name: fitting(name, held.get(name, shape), shape, "as the other sizes say") for name, shape in want.items()
    }
    for name in _initial(c):
        if name in given:
            shape = ranked(name, given[name], 1, 2)
            fitting(name, shape, (batch, hidden) if len(shape) == 2 else (hidden,), "batch × hidden, or hidden alone")
            needed[name] = (batch, hidden)
    return needed | ({"lengths": (batch,)} if "lengths" in given else {})
