"""What an attention film reads from its trace: names of words, masks, which row and which key are followed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import typeface
from layeranim.engine.attention import AttentionConfig
from layeranim.engine.attention.layout import key_name, query_name, score_chain, value_name
from layeranim.engine.trace import Array, Region, count
from layeranim.stories import phrases, vocabulary
from layeranim.stories.attention.looking import Looking
from layeranim.stories.attention.picks import Picks, Tokens
from layeranim.stories.stage import Note
from layeranim.stories.storyboard import Address, FilmView, Telling

MOST_DRAWN = 48
"""Of more features only so many are drawn."""
MANY_KEYS = 12
"""Weights over more keys are small: their colours count to the largest."""
NAME_MOST = 14


class AttentionView(FilmView):
    """One sequence of a trace, with all of its heads."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        config = telling.trace.config
        if not isinstance(config, AttentionConfig):
            raise TypeError(f"attention is told from its own trace, not from {type(config).__name__}")
        self.config = config
        self.batch, self.heads, self.queries, self.keys = self.trace.tensor("weights").shape
        self.additive = config.kind == "additive"
        self.chain = score_chain(config, self.trace)
        self.features = int(self.trace.tensor("query").shape[-1])
        self.value = value_name(config)
        self.value_features = int(self.trace.tensor(self.value).shape[-1])
        self.mixture = "head_output" if config.output_projection else "output"
        self.projected = "weight_output" in self.trace
        self.queries_of = _grown(self.trace, "query", "query_part" if self.additive else query_name(config))
        self.keys_of = _grown(self.trace, "key", "key_part" if self.additive else key_name(config))

    # ── words ────────────────────────────────────────────────────────────────
    @cached_property
    def asking(self) -> Tokens:
        """The queries; of equal words each is counted (``the₁``, ``the₂``)."""
        return Tokens(_told_apart(self.config.tokens or ()), self.picks.queries, self.queries, "query")

    @cached_property
    def asked(self) -> Tokens:
        """The keys, with words of their own, or those of the queries where they are the same."""
        own = self.config.key_tokens or (self.config.tokens if self.alike else None)
        return Tokens(_told_apart(own or ()), self.picks.keys, self.keys, "key")

    @property
    def alike(self) -> bool:
        """Whether queries and keys are the same words."""
        return self.queries == self.keys and "context" not in self.trace and self.config.key_tokens is None

    @property
    def noun(self) -> tuple[str, str]:
        return ("word", "words") if self.asking.words else ("query", "queries")

    @cached_property
    def look(self) -> Looking:
        """Who looks at whom."""
        return Looking(self.picks, self.asking, self.asked)

    @cached_property
    def strange(self) -> str:
        """Which words the bundled vocabulary lacks; nothing where it has all."""
        text = self.config.tokens
        if text is None or "embeddings" not in self.trace:
            return ""
        if not vocabulary.from_here(text, self.trace["embeddings"][self.sample], self.telling.seed):
            return ""
        return vocabulary.strange((*text, *(self.config.key_tokens or ())), self.telling.seed, NAME_MOST)

    # ── numbers ──────────────────────────────────────────────────────────────
    def row(self, tensor: str, query: int, head: int | None = None) -> Array:
        """What a tensor (heads, queries, …) holds for a drawn query of a head, by default the one that is followed."""
        return self.picks.row(tensor, query, heads=self.head if head is None else head)

    def weight(self, head: int, query: int, key: int) -> Address:
        """Where the weight of a key stands, for a drawn query."""
        return Address("weights", (self.sample, head, self.drawn_queries[query], key))

    @cached_property
    def reach(self) -> NDArray[np.bool_]:
        """Which keys the drawn queries see: (heads, queries, keys)."""
        if "masked" not in self.trace:
            return np.ones((self.heads, self.rows, self.keys), bool)
        return np.stack([~np.isneginf(self.picks.row("masked", q)) for q in range(self.rows)], 1)

    def seen(self, query: int) -> NDArray[np.bool_]:
        """Which keys a query sees, in the head that is followed."""
        return np.asarray(self.reach[self.head, query])

    @cached_property
    def padding(self) -> NDArray[np.bool_]:
        """Which keys no query sees, of several queries: padding."""
        return np.asarray(~self.reach[self.head].any(axis=0)) if self.queries > 1 else np.zeros(self.keys, bool)

    @property
    def backwards(self) -> bool:
        """Whether every query sees its own place and all places before it, and no other."""
        before = np.arange(self.keys) <= np.array(self.drawn_queries)[:, None]
        return self.alike and self.rows > 1 and bool((self.reach == before).all())

    @cached_property
    def best(self) -> list[int]:
        """The drawn key with the largest weight, of every query."""
        return [self.strongest(i, self.head) for i in range(self.rows)]

    def strongest(self, query: int, head: int) -> int:
        """The drawn key that a drawn query of a head looks at most."""
        drawn_weights = self.row("weights", query, head)[list(self.drawn_keys)]
        return self.drawn_keys[int(np.argmax(np.nan_to_num(drawn_weights, nan=-1.0)))]

    def tenths(self, tensor: str) -> bool:
        """Whether all numbers of a tensor are tenths, as people write them down."""
        if tensor not in self.trace:
            return True
        if count(self.trace.tensor(tensor).shape) > MOST_DRAWN**3:
            return False
        with np.errstate(all="ignore"):
            tens = np.asarray(self.trace[tensor], np.float64) * 10
        return bool(np.isfinite(tens).all() and np.allclose(tens, np.round(tens), rtol=0, atol=1e-6))

    @cached_property
    def darkest(self) -> float | None:
        """The largest weight, which has the darkest colour where there are many keys: else that is 1."""
        if self.keys <= MANY_KEYS:
            return None
        keys = list(self.drawn_keys)
        top = max(float(np.nan_to_num(self.picks.row("weights", q)[:, keys]).max()) for q in range(self.rows))
        return top if 0 < top < 1 else None

    # ── what is drawn of a large layer ───────────────────────────────────────
    @cached_property
    def picks(self) -> Picks:
        """What is drawn of many heads, queries and keys."""
        return Picks(self.trace, self.film, self.sample, self.alike, lambda: self.follow)

    @property
    def drawn_queries(self) -> tuple[int, ...]:
        """The queries that are drawn: the units of the film."""
        return self.picks.queries

    @property
    def drawn_keys(self) -> tuple[int, ...]:
        """The keys that are drawn."""
        return self.picks.keys

    @property
    def rows(self) -> int:
        """How many queries are drawn."""
        return len(self.drawn_queries)

    @property
    def cols(self) -> int:
        """How many keys are drawn."""
        return len(self.drawn_keys)

    @property
    def heaviest(self) -> Note:
        """Why these keys are drawn and no others, where nobody asked for them."""
        return Note("the keys drawn are those with the largest weights here",
                    lambda q: self.picks.weighed and self.drawn_queries[q] == self.picks.focus)  # fmt: skip

    @cached_property
    def drawn_heads(self) -> tuple[int, ...]:
        """The heads that are drawn."""
        return self.picks.heads_at(self.drawn_queries[self.follow])

    @cached_property
    def head(self) -> int:
        """The head whose numbers are written out."""
        return self.picks.head_at(self.drawn_queries[self.follow])

    @property
    def told(self) -> dict[str, int]:
        """Of several heads the followed one, and the head of keys and values that it reads."""
        return {"heads": self.head, "key_heads": self.group(self.head)} if self.heads > 1 else {}

    @property
    def made(self) -> tuple[Region, ...]:
        """What comes out for the queries of the film, of the heads that are drawn."""
        shown = self.film.selected(self.rows)
        told: list[int | range] = [range(shown.start, shown.stop)]
        told = [self.drawn_queries[u] for u in shown] if self.rows < self.queries else told
        if self.projected or len(self.drawn_heads) == self.heads:
            return tuple(Region.of("output", batch=self.sample, queries=at) for at in told)
        return tuple(Region.of("output", heads=head, batch=self.sample, queries=at) for head in self.drawn_heads
                     for at in told)  # fmt: skip

    def group(self, head: int) -> int:
        """Which head of keys and values a head reads."""
        return head * int(self.config.key_heads or self.heads) // self.heads

    @cached_property
    def follow(self) -> int:
        """The drawn query that is followed: the example's own while it is about these words, else the first that has a
        choice of keys; of a long sequence the one for which the others were chosen."""
        base, shown = self.telling.base, self.film.selected(self.rows)
        if self.film.follow is not None and int(self.film.follow) - 1 in shown:
            return int(self.film.follow) - 1
        if (picked := self.picks.unit(shown)) is not None:
            return picked
        own = base.unit if base and not self.telling.given & {"tokens", *base.arrays} else None
        if own is not None and own in shown and self.reach[0, own].sum() > 1:
            return own
        seen = self.reach[0]  # not of the head that is followed: which one that is depends on the row
        several = [i for i in shown if seen[i].sum() > 1]
        choices = (i for i in several if np.ptp(self.row("weights", i, 0)[seen[i]]) > 0)
        return int(next(choices, several[0] if several else shown[0]))


def _grown(trace: Any, part: str, last: str) -> tuple[str, ...]:
    """The tensors through which queries or keys go, as far as they have one shape: the last is what is compared."""
    names = [part, f"turned_{part}", f"shared_{part}", f"transformed_{part}", f"{part}_part"]
    found = [name for name in names[: names.index(last) + 1] if name in trace]
    size, axis = trace.tensor(last).shape, trace.axes(last)[-1]
    return tuple(name for name in found if (trace.tensor(name).shape, trace.axes(name)[-1]) == (size, axis))


def _told_apart(words: Sequence[str]) -> tuple[str, ...]:
    """Words as they can be drawn, of which equal ones are counted."""
    drawn = [typeface.draw_safe(word, NAME_MOST) for word in words]
    every, seen = Counter(drawn), Counter[str]()
    out = []
    for word in drawn:
        seen[word] += 1
        out.append(word + (phrases.lowered(seen[word]) if every[word] > 1 else ""))
    return tuple(out)
