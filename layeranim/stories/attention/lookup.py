"""Soft lookup: a query is compared with every key, and gets of every value as much as its key fits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from layeranim import typeface
from layeranim.engine.attention.layout import score_chain
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.numbers import distinct
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Balance, Column, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "attention: a network looks things up in what it has read, and learns by the weights"
TABLE = "what programs do with a table; nothing in it can be learned by small steps"
_NOUN, _TOLD = ("query", "queries"), ("batch", "heads", "key_heads")
_BY = {"multiplicative": "through a learned matrix", "additive": "by a small network"}


def film(telling: Telling) -> Play:
    """A soft lookup's film."""
    trace, config = telling.trace, telling.config
    if config.projections or config.output_projection or config.positional != "none":
        raise OptionError(
            "attention-lookup takes queries, keys and values as they are, without projections or positions; "
            "layeranim render attention shows how these are made"
        )
    chain, hard = score_chain(config, trace), config.lookup == "hard"
    at = telling.sample
    best = [int(np.argmax(np.nan_to_num(row))) for row in trace["weights"][at, 0]]
    words, others = config.tokens or (), config.key_tokens or ()
    names = tuple(map(typeface.draw_safe, words))
    alike = trace.axes("query")[-1] == trace.axes("key")[-1]
    single = trace.size("value_features") == 1
    scores = [Grid(name, name, rows="keys") for name in chain]
    powers: tuple[Node | str, ...] = () if hard else ("→", Grid("exponentials", "e^{s − max}", rows="keys"))
    shares = Grid("weights", "share", rows="keys")
    values = Grid("value", "values", "keys", "value_features")

    def parts(along: str | None) -> tuple[Row, Row]:
        """Query, keys and scores; values and output: of all queries, or of the one under way."""
        asked = Grid("query", "query", along, "features", called=(words if along or len(words) == 1 else (), ()))
        keys = Grid("key", "keys", "keys", trace.axes("key")[-1], called=(others, ()))
        made = Grid("output", "output", along, "value_features")
        return Row(asked, "·", keys, "=", *scores), Row(shares, "·", values, "=", made)

    def row(along: str | None, powers: tuple[Node | str, ...] = powers) -> Row:
        """All of it in one line."""
        (compare, mix) = parts(along)
        return Row(*compare.nodes, *powers, "→", *mix.nodes)

    line = Row("values", Balance("value", "weights", "output", others))
    balance = (Column(row(None), line), Column(row(None, ()), line)) if single else ()
    return Play(
        title="Soft lookup" if not hard else "Dictionary lookup",
        units=Units(
            ("queries",),
            ("query", "queries"),
            ("batch", "heads", "key_heads"),
            names,
            inner=lambda unit: {"keys": best[unit]},
        ),
        stage=Tries(*balance, row("queries"), row("queries", ()), Column(*parts("queries"))),
        acts=(Each(tuple(_acts(trace, config, chain, at))),),
        opening=sentence("a query goes to every key, ", _opening(trace, hard, at)),
        closing=_closing(trace, hard),
        good_for=TABLE if hard else GOOD_FOR,
        options=_options(trace, config),
        alike=((*(("query", "key") if alike else ("query",)), *chain, "exponentials"), ("value", "output")),
        kinds={"weights": "share"},
        follow=telling.base.unit if telling.base else None,
        tokens=(*words, *others),
    )


def _acts(trace: Trace, config: Any, chain: Sequence[str], at: int) -> Iterator[tuple[str | tuple[str, ...], Note]]:
    """What happens for a query, and what is said of it where its numbers make that true."""
    shares, last = trace["weights"][at, 0], trace[chain[-1]][at, 0]
    by = _BY.get(config.kind, "their dot product")
    factor = 1 / np.sqrt(trace.size("features")) if config.scale is None else config.scale
    changed = {
        "scaled": Note("divided by both lengths: the cosine of the angle between them") if config.kind == "cosine" else
        Note("scores nearer to 0 make softer shares", abs(factor) < 1),
        "capped": Note(f"no score goes beyond ±{config.softcap:g}" if config.softcap else ""),
        "masked": Note("a key that must not be seen gets −∞", lambda q: bool(np.isneginf(last[q]).any())),
    }  # fmt: skip
    yield (
        ("scores",) if config.kind == "additive" else ("score_products", "scores"),
        Note(f"how well each key fits: {by}"),
    )
    yield from ((name, changed[name]) for name in chain[1:])
    if config.lookup == "hard":
        yield ("row_max", "weights"), Note("the key that fits best takes all")
        yield ("value_products", "output"), Note("the value that belongs to it")
        return
    powers = trace["exponentials"][at, 0]
    ahead = [len(distinct(row)) > 1 and bool((power > 0).all()) for row, power in zip(last, powers, strict=True)]
    yield ("row_max", "exponentials"), Note("a power of e is positive, and a better fit gets ahead", ahead.__getitem__)
    yield ("exponential_sum", "weights"), Note("its part of their sum: all shares add up to 1",
                                               lambda q: bool(abs(shares[q].sum() - 1) < 1e-6))  # fmt: skip
    yield ("value_products", "output"), Note("every value, as much as its share")


def _opening(trace: Trace, hard: bool, at: int) -> str:
    if hard:
        return "and takes the value of the best"
    return "and takes a part of every value" if (trace["weights"][at, 0] > 0).all() else "and takes a part of what fits"


def _closing(trace: Trace, hard: bool) -> Line:
    keys = trace.size("keys")
    if keys == 1:
        return sentence("with one key ", "its value comes out whole")
    return sentence(
        f"{keys} values → ", "one of them, as it stands" if hard else "a mixture, by how well each key fits"
    )


def _options(trace: Trace, config: Any) -> tuple[str, ...]:
    queries, keys = trace.size("queries"), trace.size("keys")
    return (
        phrases.so_many("query", "queries", queries),
        phrases.so_many("key", "keys", keys),
        f"{config.kind} scores",
        *((f"{config.heads} heads", "head 1 shown") if config.heads > 1 else ()),
        *((phrases.so_many("key head", "key heads", config.key_heads),) if config.key_heads != config.heads else ()),
        *phrases.unusual(config, scale="scale {:g}", causal="causal", window="window {}", corner="lower right",
                         softcap="capped at {:g}", lookup="hard"),
    )  # fmt: skip


LookupStory = story("Soft lookup", film, GOOD_FOR)
