"""Which heads, queries and keys of a large attention are drawn, the clearest and what these attend to; their names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from layeranim.engine.trace import Array, Region, Trace
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage.arrangements import MOST, drawn
from layeranim.stories.storyboard import Fact, Run

LONG, TOKENS = 48, 8
"""Of more queries or keys not all are drawn, but so many."""


class Picks:
    """What is drawn of the weights of one sample: (heads, queries, keys).

    ``alike``: queries and keys are the same tokens; ``usual`` says which drawn query is followed of a short sequence.
    """

    def __init__(self, trace: Trace, film: FilmOptions, sample: int, alike: bool, usual: Callable[[], int],
                 tensor: str = "weights") -> None:  # fmt: skip
        self.trace, self.film, self.sample, self.alike = trace, film, sample, alike
        self.usual, self.tensor = usual, tensor
        _, self.heads, self.count, self.reads = trace.tensor(tensor).shape

    @cached_property
    def asked(self) -> tuple[int, ...]:
        """The queries that were asked for."""
        return self.film.chosen("tokens", self.count, TOKENS)

    @cached_property
    def queries(self) -> tuple[int, ...]:
        """The queries that are drawn: of many the one that chooses its keys most clearly and, of the same tokens, these
        keys, else the clearest ones."""
        if self.asked or self.count <= LONG:
            return self.asked or tuple(range(self.count))
        if self.alike and "keys" not in self.film.show_of:
            return self.keys
        return tuple(sorted(np.argsort(-self._clearness, kind="stable")[:TOKENS].tolist()))

    @cached_property
    def keys(self) -> tuple[int, ...]:
        """The keys that are drawn: of many those with the largest weights for the query that is followed, and of the
        same tokens those that look."""
        asked = self.film.chosen("keys", self.reads, TOKENS)
        if asked or self.reads <= LONG:
            return asked or tuple(range(self.reads))
        return self.heaviest(self.tensor, (self.asked or (self.focus,)) if self.alike else ())

    def heaviest(self, tensor: str, first: Sequence[int] = ()) -> tuple[int, ...]:
        """After the ``first`` the keys with the largest weights for the query that is followed."""
        where = {"batch": self.sample, "heads": self.head_at(self.focus), "queries": self.focus}
        weights = np.nan_to_num(self.trace.read(Region.of(tensor, **where)))
        ordered = dict.fromkeys((*first, *np.argsort(-weights, kind="stable").tolist()))
        return tuple(sorted(list(ordered)[:TOKENS]))

    @property
    def weighed(self) -> bool:
        """Whether the keys that are drawn were chosen by their weights."""
        return self.reads > LONG and "keys" not in self.film.show_of

    @property
    def clearest(self) -> bool:
        """Whether the heads that are drawn were chosen by their weights."""
        return self.heads > MOST and "heads" not in self.film.show_of

    @property
    def only(self) -> dict[str, tuple[int, ...]]:
        """The indices of the axes of which not all are drawn."""
        found = {"queries": (self.queries, self.count), "keys": (self.keys, self.reads)}
        return {axis: indices for axis, (indices, count) in found.items() if len(indices) < count}

    @cached_property
    def focus(self) -> int:
        """The query that is followed; of a long sequence, or of those that were asked for, the clearest."""
        if self.asked or self.count > LONG:
            return max(self.asked or range(self.count), key=lambda q: float(self._clearness[q]))
        return self.usual()

    def row(self, tensor: str, q: int, **at: int) -> Array:
        """What a tensor holds for a drawn query, ``at`` these indices of its other axes."""
        return self.trace.read(Region.of(tensor, batch=self.sample, queries=self.queries[q], **at))

    def unit(self, shown: range) -> int | None:
        """Which of the drawn queries is followed, where not all are drawn."""
        if len(self.queries) == self.count or self.focus not in self.queries:
            return None
        unit = self.queries.index(self.focus)
        return unit if unit in shown else shown[0]

    def heads_at(self, query: int) -> tuple[int, ...]:
        """The heads that are drawn where this query is followed: of many those that choose most clearly."""
        asked = self.film.chosen("heads", self.heads, MOST)
        if asked or self.heads <= MOST:
            return asked or tuple(range(self.heads))
        return tuple(sorted(np.argsort(self._spread_at(query), kind="stable")[: drawn(self.heads)].tolist()))

    def head_at(self, query: int) -> int:
        """Of the heads that are drawn where this query is followed the first, where they were chosen the clearest."""
        heads = self.heads_at(query)
        if self.heads <= MOST:
            return heads[0]
        spread = self._spread_at(query)
        return min(heads, key=lambda h: float(spread[h]))

    def _spread_at(self, query: int) -> NDArray[np.float64]:
        """How evenly each head shares out the row of a query."""
        where = Region.of(self.tensor, batch=self.sample, queries=query)
        return _spread(np.asarray(self.trace.read(where), np.float64))

    @cached_property
    def _clearness(self) -> NDArray[np.float64]:
        """How far from even each query shares its weights out among the keys that it sees, in its clearest head."""
        heads = self.film.chosen("heads", self.heads, MOST) or range(self.heads)
        out = np.full(self.count, -np.inf)
        for head in heads:  # one after another: each is as large as the square of the tokens
            where = Region.of(self.tensor, batch=self.sample, heads=head)
            weights = np.asarray(self.trace.read(where), np.float64)
            with np.errstate(all="ignore"):
                even = np.log(np.maximum(1, np.count_nonzero(weights, axis=-1)))
            out = np.fmax(out, even - _spread(weights))
        return out


def _spread(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """The entropy of weights along their last axis; what has a weight that is no number has the largest."""
    with np.errstate(all="ignore"):
        found = -np.where(weights > 0, weights * np.log(weights), 0.0).sum(axis=-1)
    return np.where(np.isnan(weights).any(axis=-1), np.inf, found)


@dataclass(frozen=True)
class Tokens:
    """What stands on one side of an attention: the words of all ``count`` tokens, if they have any, and which of them
    are drawn."""

    every: tuple[str, ...]
    drawn: tuple[int, ...]
    count: int
    noun: str = "token"

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are drawn."""
        return tuple(self.every[k] for k in self.drawn) if self.every else ()

    @property
    def hidden(self) -> bool:
        """Whether some are not drawn."""
        return len(self.drawn) < self.count

    @property
    def marks(self) -> tuple[str, ...]:
        """What stands beside those that are drawn: words, or where not all are drawn their numbers."""
        return self.words or tuple(str(k + 1) for k in self.drawn if self.hidden)

    @property
    def names(self) -> tuple[str, ...]:
        """What those that are drawn are called as units of a film."""
        return self.words or tuple(f"{self.noun} {mark}" for mark in self.marks)

    def called(self, k: int) -> str:
        """What one of all is called."""
        return self.every[k] if self.every else f"{self.noun} {k + 1}"

    def focused(self, i: int) -> Run:
        """What a drawn one is called, in focus."""
        return Run(self.called(self.drawn[i]), "focus", source=Fact("word" if self.every else "place"))
