"""A transformer block: each word has a lane that never ends; attention and a small network each add to it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

import numpy as np

from layeranim import numbers, typeface
from layeranim.engine.transformer.config import chain
from layeranim.stories import phrases, vocabulary
from layeranim.stories.activations import activation_word
from layeranim.stories.attention.looking import FOUND, Looking, placed
from layeranim.stories.attention.picks import LONG, Picks, Tokens
from layeranim.stories.stage import Becoming, Column, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.arrangements import Repeat, listed
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, FilmView, Line, Run, Telling

GOOD_FOR = "language models: dozens of such blocks, one on another"
PAUSE, LONGEST, ARCS = 1.9, 30.0, 76.0
APART = 96.0
"""Between the sentences of two heads side by side: wider than between words, so that they are not read as one."""
STRIP = 0.6
"""How wide long vectors in colours are, of what such a part takes elsewhere."""
NEAR = 0.05
"""How near 1 the mean of squares is of what a norm made standard."""
AGAIN = ("self_residual", "output")
INSIDE = (*FOUND, "value_products", "head_output", "joined", "expanded_pre_products", "expanded_pre",
          "gate_pre_products", "gate_pre", "gate", "expanded", "output_products", "output")  # fmt: skip
NORM = ("mean", "centred", "variance", "mean_square", "deviation", "normalised")
BROUGHT = {"self": "attention", "cross": "from the context", "feedforward": "feed-forward"}
"""What the sublayers hand on, by the names under which it stands there."""
LOOKS = {"self": "attention", "cross": "to the context"}
READ = {"self": "keys", "cross": "context tokens"}
"""What an attention is called over its arcs and weights, and in the header the tokens that it looks at."""


class TransformerView(FilmView):
    """What the film reads from a block's trace: words, lanes, what is followed."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.chain, self.pre = chain(self.config), self.config.norm == "pre"
        self.picks = Picks(self.trace, self.film, self.sample, True, lambda: 0, "self.weights")
        given, context = (getattr(self.config, name, None) or () for name in ("words", "context_words"))
        self.given: tuple[str, ...] = (*given, *context)
        words, read = (tuple(typeface.draw_safe(word, 14) for word in one) for one in (given, context))
        self.noun = ("word", "words") if words else ("token", "tokens")
        self.tokens = Tokens(words, self.picks.queries, self.picks.count)
        keys = Tokens(words, self.picks.keys, self.picks.reads)
        self.looked = {"self": Looking(self.picks, self.tokens, keys, "self.weights")}
        """Each attention; of a large context it looks at the tokens with the largest weights for the followed one."""
        self.only = self.picks.only
        """The indices of the axes of which not all are drawn."""
        if self.config.block == "decoder":
            count = self.trace.size("context_keys")
            drawn = tuple(range(count)) if count <= LONG else self.picks.heaviest("cross.weights")
            self.looked["cross"] = Looking(self.picks, self.tokens, Tokens(read, drawn, count), "cross.weights")
            self.only |= {"context_keys": drawn} if len(drawn) < count else {}
        at = self.picks.focus
        self.heads = (self.picks.head_at(at),) if self.picks.clearest else self.picks.heads_at(at)
        """The heads that are drawn: of many the one that chooses most clearly for the followed token."""

    def found(self, name: str, q: int) -> Line:
        """``sat  →  head 1: cat 0.67,  head 2: down 0.66``: whom a drawn word looks at in an attention."""
        return self.looked[name].links(q, self.heads[:3])

    def standard(self, q: int) -> bool:
        """Whether the last norm gives a drawn word what it is for: eps may be large, numbers equal or none."""
        x = self.picks.row("feedforward_norm.normalised", q)
        centred = self.config.norm_kind == "rms" or abs(x.mean()) < NEAR
        return bool(abs((x * x).mean() - 1) < NEAR and centred)

    def followed(self, q: int) -> dict[str, int]:
        """The feature of a drawn word to which its feed-forward adds most, and the unit that adds most to it."""
        output, units = (np.nan_to_num(self.picks.row(f"feedforward.{name}", q)) for name in ("output", "expanded"))
        k = int(np.argmax(np.abs(output)))
        parts = units * np.nan_to_num(self.trace["feedforward.weight_contract"][k])
        return {"embed": k, "outputs": k, "units": int(np.argmax(np.abs(parts)))}

    def lane(self) -> list[tuple[str, str]]:
        """What the lane holds, one after another, with its name; what a sublayer reads is no part of it with pre."""
        out = [("input", "lane: x")]
        for name, _, _, added, after in self.chain:
            out.append((added, f"lane: x + {BROUGHT[name]}"))
            if not self.pre:
                out.append((after, "lane: normalised"))
        return out


def film(telling: Telling) -> Play:
    """The film of a transformer block: word by word."""
    block = TransformerView(telling)
    lane, queries = (name for name, _ in block.lane()), block.trace.size("queries")
    brought = (tensor for one in block.chain for tensor in (f"{one.name}.output", one.source))
    talking, alone = "they talk, think alone, and keep what they were", "it thinks alone, and keeps what it was"
    normed = {one.after: partial(_normalised, block, one.name, one.after) for one in block.chain if not block.pre}
    return Play(
        title="Transformer encoder" if block.config.block == "encoder" else "Transformer decoder",
        units=Units(("queries",), block.noun, ("batch",), block.tokens.names, only=block.only, inner=block.followed),
        stage=Tries(*_stage(block), least=NUMERAL_LOW),
        acts=(Each(tuple(_acts(block)), says=lambda q, brief: block.found("self", q), again=AGAIN, pause=PAUSE),),
        opening=phrases.sentence("every word has a lane: ", "what a sublayer finds is added to it"),
        closing=phrases.sentence(f"{phrases.so_many(*block.noun, queries)}: ", talking if queries > 1 else alone),
        options=_options(block),
        drawn=(*listed("heads", block.heads, block.picks.heads),
               *listed("tokens", block.tokens.drawn, block.tokens.count),
               *(said for name, look in block.looked.items() for said in look.hidden(READ[name]))),
        follow=block.picks.unit(block.film.selected(len(block.picks.queries))),
        alike=((*dict.fromkeys((*lane, *brought)),),),
        kinds={f"{name}.weights": "share" for name in block.looked},
        words={f"{name}.output": partial(block.found, name) for name in block.looked} | normed,
        same=(("embed", "outputs"),),
        warning=vocabulary.strange(block.given, telling.seed) if telling.preset else "",
        tokens=block.given,
        longest=LONGEST,
    )  # fmt: skip


def _normalised(block: TransformerView, name: str, made: str, q: int) -> Line:
    """``(1.26 − 0.66) / 1.50  →  0.40``: less the mean, if it is taken off, by the deviation; then γ and β."""
    here, style = (block.sample, block.picks.queries[q]), block.telling.style(made)
    cell = (*here, block.followed(q)["embed"])
    stats = (at for part in ("mean", "deviation") if (at := f"{name}_norm.{part}") in block.trace)
    given = (Address(f"{name}_residual", cell), *(Address(at, here) for at in stats))
    *texts, end = (numbers.text(block.trace[at.tensor][at.index], style) for at in (*given, Address(made, cell)))
    x, *mean, deviation = (Run(numbers.factor(t), "ink", source=at) for t, at in zip(texts, given, strict=True))
    less = (Run("("), x, Run(f" {numbers.MINUS} "), *mean, Run(") / ")) if mean else (x, Run(" / "))
    return (*less, deviation, Run("  →  ", late=True), phrases.result(end, Address(made, cell)))


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
        yield Row(*strips, *_weights(block, named=True))
    yield Row(*bodies, units, *_weights(block))
    if arcs and sum(look.room + APART for look in looks) <= canvas.right - canvas.left:
        yield Column(_arcs(block, 1, across=2, firm=True), Row(*bodies, units))


def _looks(block: TransformerView, most: int) -> list[tuple[str, int]]:
    """Each attention with the heads that are drawn of it: those that were asked for, else at most so many."""
    heads = block.heads if "heads" in block.film.show_of else block.heads[:most]
    return [(name, h) for name in block.looked for h in heads]


def _weights(block: TransformerView, named: bool = False) -> Iterator[Node]:
    """Whom the tokens look at in a head of each attention, and what those that are not drawn take."""
    for name, h in _looks(block, 1):
        look, keys = block.looked[name], block.trace.axes(f"{name}.weights")[-1]
        yield from look.beside(Grid(look.tensor, f"{LOOKS[name]}, head {h + 1}", "queries", keys, at=(("heads", h),),
                                    called=((), look.asked.marks if named else ()), tight=True))  # fmt: skip


def _bodies(block: TransformerView) -> tuple[Node | str, ...]:
    """The lane, and what is added to it; what a sublayer reads with pre stands where its answer will."""
    *before, (last, text) = block.lane()
    lane = Becoming(last, text, "queries", "embed", called=(block.tokens.marks, ()), tight=True,
                    before=tuple(before))  # fmt: skip
    found = list[tuple[str, str]]()
    for name, _, source, _, _ in block.chain:
        found += [(source, "a copy, normalised")] * block.pre + [(f"{name}.output", BROUGHT[name])]
    *earlier, (end, called) = found
    return lane, "+", Becoming(end, called, "queries", "embed", tight=True, before=tuple(earlier),
                               along=tuple((name, block.trace.axes(name)[-1]) for name, _ in earlier))  # fmt: skip


def _arcs(block: TransformerView, most: int, across: int = 1, firm: bool = False) -> Node:
    """Arcs of the heads of each attention."""
    every = _looks(block, most)

    def one(k: int) -> Node:
        name, h = every[k]
        text = f"{LOOKS[name]}, head {h + 1}" if block.config.heads > 1 else LOOKS[name]
        return block.looked[name].arcs(h, ARCS, text, firm)

    return Repeat(one, len(every), across=across, apart=APART)


# ── acts ─────────────────────────────────────────────────────────────────────
def _acts(block: TransformerView) -> Iterator[tuple[tuple[str, ...], Note | tuple[Note, ...]]]:
    """Sublayer by sublayer: what it finds in what it reads, and what the lane becomes."""
    norm = tuple[str, ...]()
    for name, _, source, added, after in block.chain:
        before, notes = norm, _talks(block, name)
        norm = tuple(f"{name}_norm.{part}" for part in NORM)
        if block.pre:  # a copy is normalised, and read
            before, notes = (*norm, source), (*notes, Note("it reads a normalised copy; the lane stays as it is"))
        yield (*before, *(f"{name}.{part}" for part in INSIDE)), notes
        yield (added,), Note("added to the lane: what was there stays in the sum")
        norm = (*norm, after)
    if not block.pre:
        scaled = "mean 0, deviation 1" if block.config.norm_kind == "layer" else "the mean of its squares becomes 1"
        shifted = " and β" if "feedforward_norm.beta" in block.trace else ""
        yield norm, Note(f"{scaled}, then γ{shifted}", block.standard)


def _talks(block: TransformerView, name: str) -> tuple[Note, ...]:
    """What a word looks at: only itself, itself and those before it, or others."""
    if name == "feedforward":
        alone = Note("each word alone: its units see no other word")
        return (alone, Note("each unit is multiplied by its gate")) if "feedforward.gate" in block.trace else (alone,)
    if name == "cross":
        return (Note("keys and values come from what was read before"),)
    rows, last = block.picks.queries, block.picks.count - 1
    weights = (block.picks.row("self.weights", q) for q in range(len(rows)))
    # how far off the tokens are that a word takes in; a weight that is no number may be any
    away = [(np.flatnonzero(found.any(axis=0)) - row).tolist() for found, row in zip(weights, rows, strict=True)]
    return (
        Note("this word sees only itself", lambda q: not any(away[q])),
        Note(
            "words talk: each takes in a mixture of those up to itself",
            lambda q: max(away[q], default=0) <= 0 and rows[q] < last,
        ),
        Note("words talk: each takes in a mixture of others", lambda q: any(away[q])),
    )


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
        *phrases.unusual(c, norm="{}-norm", norm_kind="RMS norm", activation=activation_word),
        *(("causal" if c.causal else "not causal",) if bool(c.causal) != context else ()),
        *phrases.unusual(c, window="window {}", bias="no bias", eps="eps {:g}"),
    )


TransformerStory = story("Transformer block", film, GOOD_FOR, takes=9, shows=("heads", "tokens"))
