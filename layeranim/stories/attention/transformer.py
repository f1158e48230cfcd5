"""A transformer block: each word has a lane that never ends; attention and a small network each add to it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.attention.looking import placed
from layeranim.stories.attention.picks import LONG
from layeranim.stories.attention.transformer_view import BROUGHT, TransformerView
from layeranim.stories.phrases import unusual
from layeranim.stories.stage import Becoming, Column, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.arrangements import Repeat, listed
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Line, Run, Telling

GOOD_FOR = "language models: dozens of such blocks, one on another"
PAUSE, LONGEST, ARCS = 1.9, 30.0, 76.0
APART = 96.0
"""Between the sentences of two heads side by side: wider than between words, so that they are not read as one."""
STRIP = 0.6
"""How wide long vectors in colours are, of what such a part takes elsewhere."""
AGAIN = ("self_residual", "output")
INSIDE = ("score_products", "scores", "scaled", "masked", "row_max", "exponentials", "exponential_sum", "weights",
          "value_products", "head_output", "joined", "expanded_pre_products", "expanded_pre", "gate_pre_products",
          "gate_pre", "gate", "expanded", "output_products", "output")  # fmt: skip
NORM = ("mean", "centred", "variance", "mean_square", "deviation", "normalised")


def film(telling: Telling) -> Play:
    """The film of a transformer block: word by word."""
    block = TransformerView(telling)
    lane, queries = (name for name, _ in block.lane()), block.trace.size("queries")
    normed = (f"{name}_norm.output" for name, *_ in block.chain) if block.config.norm == "pre" else ()
    talking = "they talk, think alone, and keep what they were"
    said = talking if queries > 1 else "it thinks alone, and keeps what it was"
    return Play(
        title="Transformer encoder" if block.config.block == "encoder" else "Transformer decoder",
        units=Units(("queries",), block.noun, ("batch",), block.tokens.names, only=block.only, inner=block.followed),
        stage=Tries(*_stage(block), least=NUMERAL_LOW),
        acts=(Each(tuple(_acts(block)), says=lambda q, brief: block.found("self", q), again=AGAIN, pause=PAUSE),),
        opening=phrases.sentence("every word has a lane: ", "what a sublayer finds is added to it"),
        closing=phrases.sentence(f"{phrases.so_many(*block.noun, queries)}: ", said),
        options=_options(block),
        drawn=_drawn(block),
        follow=block.picks.unit(block.film.selected(len(block.picks.queries))),
        alike=((*dict.fromkeys((*lane, *(n for n in BROUGHT if n in block.trace), *normed)),),),
        kinds={f"{name}.weights": "share" for name in block.looked},
        words=dict(_words(block)),
        same=(("embed", "outputs"),),
        warning=block.strange,
        tokens=block.given,
        longest=LONGEST,
    )  # fmt: skip


def _words(block: TransformerView) -> Iterator[tuple[str, Callable[[int], Line]]]:
    """What is said of a word's attention, and of its norms."""
    for name, _, _, after in block.chain:
        if name != "feedforward":
            yield f"{name}.output", partial(block.found, name)
        if block.config.norm == "post":
            yield after, partial(_normalised, block, name, after)


def _normalised(block: TransformerView, name: str, made: str, q: int) -> Line:
    """``(1.26 − 0.66) / 1.50  →  0.40``: less the mean, if it is taken off, by the deviation; then γ and β."""
    k, row = block.followed(q)["embed"], block.picks.queries[q]
    centred = block.config.norm_kind == "layer"
    style = block.telling.style(made)
    stats = ("mean", "deviation") if centred else ("deviation",)
    here = (block.sample, row)
    given = (Address(f"{name}_residual", (*here, k)), *(Address(f"{name}_norm.{one}", here) for one in stats))
    end = Address(made, (*here, k))
    *texts, result = (numbers.text(block.trace[at.tensor][at.index], style) for at in (*given, end))
    x, *mean, deviation = (Run(numbers.factor(t), "ink", source=at) for t, at in zip(texts, given, strict=True))
    less = (Run("("), x, Run(f" {numbers.MINUS} "), *mean, Run(") / ")) if centred else (x, Run(" / "))
    return (*less, deviation, Run("  →  ", late=True), phrases.result(result, end))


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(block: TransformerView) -> Iterator[Node]:
    """The lanes, what is added to them, the units of the feed-forward; arcs of all heads, of one, or weights."""
    looks, bodies, canvas = block.looked.values(), _bodies(block), block.film.canvas
    arcs = all(look.arched for look in looks)
    units = Grid("feedforward.expanded", "units", "queries", "units", tight=True, bare=True)
    if arcs:
        for most in (4, 1):
            yield Column(_arcs(block, most, across=4), Row(*bodies, units))
            yield Row(*bodies, units, _arcs(block, most))
            yield Column(_arcs(block, most, across=2), Row(*bodies))
        yield Column(_arcs(block, 1), *bodies[:1], *bodies[2:])
    if block.trace.size("embed") > LONG or block.only:
        strips = [replace(one, bare=True, share=STRIP) if isinstance(one, Grid) else one for one in (*bodies, units)]
        yield Row(*strips, *(node for name, h in _looks(block, 1) for node in _weights(block, name, h, named=True)))
    yield Row(*bodies, units, *(node for name, h in _looks(block, 1) for node in _weights(block, name, h)))
    if arcs and sum(look.room + APART for look in looks) <= canvas.right - canvas.left:
        yield Column(_arcs(block, 1, across=2, firm=True), Row(*bodies, units))


def _looks(block: TransformerView, most: int) -> list[tuple[str, int]]:
    """Each attention with the heads that are drawn of it: those that were asked for, else at most so many."""
    heads = block.heads if "heads" in block.film.show_of else block.heads[:most]
    return [(name, h) for name in block.looked for h in heads]


def _weights(block: TransformerView, name: str, h: int, named: bool = False) -> tuple[Node, ...]:
    """Whom the tokens look at in a head, and what those that are not drawn take."""
    keys = block.trace.axes(f"{name}.weights")[-1]
    grid = Grid(f"{name}.weights", f"{_called(name)}, head {h + 1}", "queries", keys, at=(("heads", h),),
                called=((), block.looked[name].asked.marks if named else ()), tight=True)  # fmt: skip
    return block.looked[name].beside(grid)


def _bodies(block: TransformerView) -> tuple[Node | str, ...]:
    *before, (last, text) = block.lane()
    lane = Becoming(last, text, "queries", "embed", called=(block.tokens.marks, ()), tight=True,
                    before=tuple(before))  # fmt: skip
    pre = block.config.norm == "pre"  # what a sublayer reads stands where its answer will
    found = [one for name, *_ in block.chain for one in (
        *(((f"{name}_norm.output", "a copy, normalised"),) * pre), (f"{name}.output", BROUGHT[f"{name}.output"]),
    )]  # fmt: skip
    *earlier, (end, called) = found
    return lane, "+", Becoming(end, called, "queries", "embed", tight=True, before=tuple(earlier),
                               along=tuple((name, block.trace.axes(name)[-1]) for name, _ in earlier))  # fmt: skip


def _called(name: str) -> str:
    return "attention" if name == "self" else "to the context"


def _arcs(block: TransformerView, most: int, across: int = 1, firm: bool = False) -> Node:
    """Arcs of the heads of each attention."""
    every = _looks(block, most)

    def one(k: int) -> Node:
        name, h = every[k]
        text = f"{_called(name)}, head {h + 1}" if block.config.heads > 1 else _called(name)
        return block.looked[name].arcs(h, ARCS, text, firm)

    return Repeat(one, len(every), across=across, apart=APART)


# ── acts ─────────────────────────────────────────────────────────────────────
def _acts(block: TransformerView) -> Iterator[tuple[tuple[str, ...], Note | tuple[Note, ...]]]:
    """Sublayer by sublayer: what it finds in what it reads, and what the lane becomes."""
    pre, before = block.config.norm == "pre", tuple[str, ...]()
    for name, _, source, after in block.chain:
        norm = tuple(f"{name}_norm.{part}" for part in NORM if f"{name}_norm.{part}" in block.trace)
        notes = _talks(block, name)
        if pre:  # a copy is normalised, and read
            before, notes = (*norm, source), (*notes, Note("it reads a normalised copy; the lane stays as it is"))
        yield (*before, *(f"{name}.{part}" for part in INSIDE if f"{name}.{part}" in block.trace)), notes
        added = after if pre else f"{name}_residual"
        yield (added,), Note("added to the lane: what was there stays in the sum")
        before = () if pre else (*norm, after)
    if before:
        scaled = "mean 0, deviation 1" if block.config.norm_kind == "layer" else "the mean of its squares becomes 1"
        shifted = " and β" if "feedforward_norm.beta" in block.trace else ""
        yield before, Note(f"{scaled}, then γ{shifted}", block.standard)


def _talks(block: TransformerView, name: str) -> tuple[Note, ...]:
    """What a word looks at: only itself, itself and those before it, or others."""
    if name == "feedforward":
        alone = Note("each word alone: its units see no other word")
        return (alone, Note("each unit is multiplied by its gate")) if "feedforward.gate" in block.trace else (alone,)
    if name == "cross":
        return (Note("keys and values come from what was read before"),)
    queries, last = block.picks.queries, block.picks.count - 1
    rows = [np.nan_to_num(block.trace.read(Region.of(f"{name}.weights", batch=block.sample, queries=q)), nan=1.0)
            for q in queries]  # fmt: skip
    others = [(np.delete(row, q, axis=-1) > 0).any() for q, row in zip(queries, rows, strict=True)]
    later = [(row[:, q + 1 :] > 0).any() for q, row in zip(queries, rows, strict=True)]
    return (
        Note("this word sees only itself", lambda q: not others[q]),
        Note("words talk: each takes in a mixture of those up to itself", lambda q: not later[q] and queries[q] < last),
        Note("words talk: each takes in a mixture of others", lambda q: bool(others[q])),
    )


def _drawn(block: TransformerView) -> tuple[str, ...]:
    """Which heads and tokens are drawn, where that is not all."""
    nouns = {"self": "keys", "cross": "context tokens"}
    read = ((nouns[name], look.asked) for name, look in block.looked.items() if not look.one_row)
    others = (said for noun, one in (("tokens", block.tokens), *read) for said in listed(noun, one.drawn, one.count))
    return *listed("heads", block.heads, block.picks.heads), *others


def _options(block: TransformerView) -> tuple[str, ...]:
    c, trace = block.config, block.trace
    context = c.block == "decoder"
    return (
        phrases.so_many(*block.noun, trace.size("queries")),
        *((f"{trace.size('context_keys')} read",) if context else ()),
        phrases.so_many("head", "heads", c.heads),
        *((phrases.so_many("key head", "key heads", c.key_heads),) if c.key_heads not in (None, c.heads) else ()),
        *placed(c),
        f"{c.embed} features",
        f"{c.feedforward} units",
        *unusual(c, norm="{}-norm", norm_kind="RMS norm", activation=activation_word),
        *(("causal",) if c.causal and not context else ("not causal",) if context and not c.causal else ()),
        *unusual(c, window="window {}", bias="no bias", eps="eps {:g}"),
    )


TransformerStory = story("Transformer block", film, GOOD_FOR, takes=9, shows=("heads", "tokens"))
