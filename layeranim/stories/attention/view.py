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
from layeranim.stories.stage.arrangements import MOST, drawn
from layeranim.stories.storyboard import Address, Telling

MOST_DRAWN = 48
"""Of more queries, keys or features only so many are drawn."""
MANY_KEYS = 12
"""Weights over more keys are small: their colours count to the largest."""
NAME_MOST = 14


class AttentionView:
    """One sequence of a trace, with all of its heads."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        config = telling.trace.config
        if not isinstance(config, AttentionConfig):
            raise TypeError(f"attention is told from its own trace, not from {type(config).__name__}")
        self.config = config
        self.batch, self.heads, self.queries, self.keys = self.trace.tensor("weights").shape
        self.b = telling.film.place_in(self.batch)
        self.rows, self.cols = min(self.queries, MOST_DRAWN), min(self.keys, MOST_DRAWN)
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
    def words(self) -> tuple[str, ...]:
        """The words of the queries as they can be drawn, equal ones counted (``the₁``, ``the₂``), if there are any."""
        return _told_apart(self.config.tokens or ())[: self.rows]

    @cached_property
    def key_words(self) -> tuple[str, ...]:
        """The words of the keys: their own, or those of the queries where they are the same."""
        if self.config.key_tokens is not None:
            return _told_apart(self.config.key_tokens)[: self.cols]
        return self.words if self.alike else ()

    @property
    def alike(self) -> bool:
        """Whether queries and keys are the same words."""
        return self.queries == self.keys and "context" not in self.trace and self.config.key_tokens is None

    @property
    def noun(self) -> tuple[str, str]:
        return ("word", "words") if self.words else ("query", "queries")

    def key_called(self, j: int) -> str:
        """A key by its name."""
        return self.key_words[j] if j < len(self.key_words) else f"key {j + 1}"

    @cached_property
    def strange(self) -> str:
        """Which words the bundled vocabulary lacks; nothing where it has all."""
        text = self.config.tokens
        if text is None or "embeddings" not in self.trace:
            return ""
        if not vocabulary.from_here(text, self.trace["embeddings"][self.b], self.telling.seed):
            return ""
        lost = [word for word in (*text, *(self.config.key_tokens or ())) if not vocabulary.known(word)]
        found = list(dict.fromkeys(typeface.draw_safe(word, NAME_MOST) for word in lost))
        listed = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
        verb = "is" if len(found) == 1 else "are"
        return f"{listed} {verb} not in the vocabulary: drawn at random, seed {self.telling.seed}" if found else ""

    # ── numbers ──────────────────────────────────────────────────────────────
    def row(self, tensor: str, query: int, head: int | None = None) -> Array:
        """What a tensor (heads, queries, …) holds for one query of a head, by default the one that is followed."""
        at = self.head if head is None else head
        return self.trace.read(Region.of(tensor, batch=self.b, heads=at, queries=query))

    def weight(self, head: int, query: int, key: int) -> Address:
        """Where the weight of a key stands."""
        return Address("weights", (self.b, head, query, key))

    @cached_property
    def reach(self) -> NDArray[np.bool_]:
        """Which keys the drawn queries see: (heads, queries, keys)."""
        if "masked" not in self.trace:
            return np.ones((self.heads, self.rows, self.keys), bool)
        found = self.trace.read(Region.of("masked", batch=self.b, queries=range(self.rows)))
        return np.asarray(~np.isneginf(found))

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
        before = np.tri(self.rows, self.keys, dtype=bool)
        return self.alike and self.rows > 1 and bool((self.reach == before).all())

    @cached_property
    def best(self) -> list[int]:
        """The drawn key with the largest weight, of every query."""
        return [self.strongest(i, self.head) for i in range(self.rows)]

    def strongest(self, query: int, head: int) -> int:
        """The drawn key that a query of a head looks at most."""
        return int(np.argmax(np.nan_to_num(self.row("weights", query, head)[: self.cols], nan=-1.0)))

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
        if self.cols <= MANY_KEYS:
            return None
        found = self.trace.read(Region.of("weights", batch=self.b, queries=range(self.rows), keys=range(self.cols)))
        top = float(np.nan_to_num(found).max())
        return top if 0 < top < 1 else None

    @cached_property
    def drawn_heads(self) -> tuple[int, ...]:
        """The heads that are drawn: of many those that choose most clearly in the row that is followed."""
        asked: tuple[int, ...] = self.film.chosen("heads", self.heads, MOST)
        if asked or self.heads <= MOST:
            return asked or tuple(range(self.heads))
        return tuple(sorted(np.argsort(self._spread, kind="stable")[: drawn(self.heads)].tolist()))

    @property
    def clearest(self) -> bool:
        """Whether the heads that are drawn were chosen by their weights."""
        return self.heads > MOST and "heads" not in self.film.show_of

    @cached_property
    def _spread(self) -> NDArray[np.float64]:
        """How evenly each head shares out the followed row: the entropy of its weights; what has none is last."""
        weights = np.asarray(self.trace.read(Region.of("weights", batch=self.b, queries=self.follow)), np.float64)
        with np.errstate(all="ignore"):
            found = -np.where(weights > 0, weights * np.log(weights), 0.0).sum(axis=-1)
        return np.where(np.isnan(weights).any(axis=-1), np.inf, found)

    @cached_property
    def head(self) -> int:
        """The head whose numbers are written out: of those drawn the first, where they were chosen the clearest."""
        if self.heads <= MOST:
            return self.drawn_heads[0]
        return min(self.drawn_heads, key=lambda h: float(self._spread[h]))

    @property
    def told(self) -> dict[str, int]:
        """Of several heads the followed one, and the head of keys and values that it reads."""
        return {"heads": self.head, "key_heads": self.group(self.head)} if self.heads > 1 else {}

    @property
    def made(self) -> tuple[Region, ...]:
        """What comes out for the queries of the film, of the heads that are drawn."""
        shown = self.film.selected(self.rows)
        whole = {"batch": self.b, "queries": range(shown.start, shown.stop)}
        if self.projected or len(self.drawn_heads) == self.heads:
            return (Region.of("output", **whole),)
        return tuple(Region.of("output", heads=head, **whole) for head in self.drawn_heads)

    def group(self, head: int) -> int:
        """Which head of keys and values a head reads."""
        return head * int(self.config.key_heads or self.heads) // self.heads

    @cached_property
    def follow(self) -> int:
        """The row that is followed: the example's own while it is about these words, else the first that has a choice
        of keys."""
        base, shown = self.telling.base, self.film.selected(self.rows)
        if self.film.follow is not None and int(self.film.follow) - 1 in shown:
            return int(self.film.follow) - 1
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
    seen = Counter[str]()
    out = []
    for word in drawn:
        seen[word] += 1
        out.append(word + (phrases.lowered(seen[word]) if drawn.count(word) > 1 else ""))
    return tuple(out)
