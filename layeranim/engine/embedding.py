"""An embedding: every token id selects a row of a table. Nothing is computed; the rows are learned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.arithmetic import at, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.entry import enter, ranked, size_of, whole
from layeranim.engine.option import ArrayOption, Config, Integer, Layer, Words, option
from layeranim.engine.replay import finite_max, operation
from layeranim.engine.trace import Array, Shape, Step, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

Cell = Mapping[str, int]

_IDS, _TABLE, _OUTPUT = ("batch", "time"), ("tokens", "features"), ("batch", "time", "features")


@dataclass(frozen=True, kw_only=True)
class EmbeddingConfig(Config):
    """Options of an embedding. ``None`` is filled in from the shapes of the arrays."""

    vocabulary: int | None = option(
        Integer(1), None, "rows of the table (default: as the table given, else 6)", aliases=("num_embeddings",)
    )
    features: int | None = option(
        Integer(1), None, "numbers in a row (default: as the table given, else 4)", aliases=("embedding_dim",)
    )
    padding_idx: int | None = option(Integer(0), None, "a token whose row is never changed by training")
    tokens: tuple[str, ...] | None = option(
        Words(), None, "the words that stand for the ids: separated by spaces, or a list; without ids they number them"
    )


def numbered(tokens: Sequence[str]) -> tuple[int, ...]:
    """An id for each word, in the order in which they first appear; small and large letters are the same.

    >>> numbered(["The", "cat", "saw", "the", "dog"])
    (0, 1, 2, 0, 3)
    """
    places: dict[str, int] = {}
    return tuple(places.setdefault(word.casefold(), len(places)) for word in tokens)


def complete(config: EmbeddingConfig, shapes: Mapping[str, Shape | None]) -> tuple[EmbeddingConfig, dict[str, Shape]]:
    """Every size filled in; ids may come as one sentence. Without ids they number the tokens, or are 0, 1, …

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    table = ranked("table", shapes.get("table"), _TABLE)
    ids = ranked("ids", shapes.get("ids"), _IDS, 1)
    words = len(config.tokens or ())
    if words and ids and ids[-1] != words:
        raise ShapeError(f"ids has {ids[-1]} in a row, but there are {words} tokens: {' '.join(config.tokens or ())}")
    usual = max(numbered(config.tokens)) + 1 if config.tokens and not ids else 6
    rows = door.agreed("vocabulary", [(config.vocabulary, "vocabulary"), size_of("table", table, 0)], usual)
    features = door.agreed("features", [(config.features, "features"), size_of("table", table, 1)], 4)
    if config.padding_idx is not None and config.padding_idx >= rows:
        raise OptionError(f"padding_idx is {config.padding_idx}, but must be less than the vocabulary, which is {rows}")
    needed: dict[str, Shape] = {"table": (rows, features)} | ({"ids": ids} if ids else {})
    for name, shape in {**needed, "output": (*(ids or (1, words or 1)), features)}.items():
        window.affordable(name, shape)
    return config.replace(vocabulary=rows, features=features), needed


def makes(config: EmbeddingConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """A row of the table for every id."""
    return {"output": (*shapes.get("ids", (1, len(config.tokens or "ids"))), shapes["table"][1])}


def compute(config: EmbeddingConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``ids`` (batch, time) of whole numbers below the vocabulary, ``table`` (tokens, features)."""
    full, ready = enter("embedding", _ARRAYS, complete, config, arrays, ("ids",))
    table = ready["table"]
    usual = np.array([numbered(full.tokens)]) if full.tokens else np.arange(min(len(table), 3))[None]
    ids = whole("ids", ready.get("ids", usual), len(table))
    held = tensors(
        Tensor("ids", _IDS, "input", ids),
        Tensor("table", _TABLE, "weight", table),
        Tensor("output", _OUTPUT, "output", table[ids]),
    )
    return assemble(full, held)


def assemble(config: EmbeddingConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    ids, table = saved["ids"], saved["table"]

    def look(c: Cell) -> Step:
        row = at("table", {}, tokens=int(ids.array[c["batch"], c["time"]]))
        return Step("pick_row", (at("ids", c, *_IDS), row), at("output", c, *_IDS))

    facts: dict[str, int | float | str] = {
        "parameters": table.array.size,
        "tokens": ids.array.size,
        "different_tokens": len(np.unique(ids.array)),
    }
    every = tensors(ids, table, saved["output"])
    return Trace("embedding", config, every, per_cell(_IDS, ids.shape, look), facts)


@operation("pick_row")
def pick_row(word: Array, row: Array) -> Array:
    """The row of a word's id, as it stands in the table."""
    return row


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂table[t] = Σ grad_output over the places where token t stands; 0 for the padding token."""
    config: Any = trace.config
    g, ids = start(trace, gradients), trace["ids"]
    total = np.zeros_like(trace["table"])
    chosen = ids != config.padding_idx
    with np.errstate(all="ignore"):
        np.add.at(total, ids[chosen], g[chosen])
    every = beside(
        trace,
        Tensor("grad_output", _OUTPUT, "input", g),
        Tensor("grad_table", _TABLE, "output", total),
    )

    def gather(c: Cell) -> Step:
        token = -1 if c["tokens"] == config.padding_idx else c["tokens"]
        reads = (at("ids", {}), at("grad_output", {}))
        return Step("gather", reads, at("grad_table", c, "tokens"), (("token", token),))

    return passed_back(trace, {"output": g}, every, per_cell(("tokens",), (len(total),), gather))


def _gather_terms(ids: Array, g: Array, *, token: int) -> tuple[int, float]:
    return ids.size, finite_max(np.abs(g[ids == token]).sum(axis=0))


@operation("gather", _gather_terms)
def gather(ids: Array, g: Array, *, token: int) -> Array:
    """The sum of the rows of g where ids is ``token``."""
    return np.asarray(g[ids == token].sum(axis=0))


_ARRAYS = (
    ArrayOption("ids", _IDS, "input", "token ids, whole numbers from 0 up", optional=True),
    ArrayOption("table", _TABLE, "weight", "one row of numbers a token"),
)

EMBEDDING = Layer(
    name="embedding",
    title="Embedding",
    config=EmbeddingConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, t] = table[ids[b, t]]",
    source="Bengio et al., A Neural Probabilistic Language Model (2003), section 2; torch.nn.Embedding",
    backward=backward,
    makes=makes,
    back=1.5,
)
