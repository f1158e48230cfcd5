"""Tables of scores that are too large to be kept: their rows are computed where they are read.

Five thousand words have 25 million scores, and as many in each table on the way to the weights. What a film or a reader
looks at is a row here and there, and what the layer is for, the mixtures, needs one row at a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.attention.scores import attend, scores
from layeranim.engine.trace import Array, Index, Recipe, Shape, count
from layeranim.records import dataclass

LARGE = 12 * 512**2
"""Scores beyond which no table of them is kept. Those of twelve heads over 512 words are: the way back reads all."""
BLOCK = 2**18
"""Scores that are computed together."""
TABLES = ("alignment", "scores", "scaled", "capped", "masked", "exponentials", "weights")
ROWS = ("query_part", "query_norm", "row_max", "exponential_sum", "head_output")
"""What is kept of every row."""


def too_large(scores: Shape) -> bool:
    """Whether tables of this shape (batch, heads, queries, keys) are not kept."""
    return count(scores) > LARGE


@dataclass(frozen=True)
class Rows:
    """Rows of every table, from queries, keys and values with one row for each head, and what the scores need else."""

    config: AttentionConfig
    held: Mapping[str, Array]
    query: Array
    key: Array
    value: Array

    @property
    def shape(self) -> Shape:
        """Of a table: (batch, heads, queries, keys)."""
        return (*self.query.shape[:3], self.key.shape[2])

    def some(self, batch: Any, heads: Any, queries: Any) -> dict[str, Array]:
        """All that comes of these sequences, heads and queries."""
        held = dict(self.held)
        if "mask" in held:
            held["mask"] = self._mask(batch, heads, queries)
        key, value = self.key[batch][:, heads], self.value[batch][:, heads]
        with np.errstate(all="ignore"):
            found = scores(self.config, held, self.query[batch][:, heads][:, :, queries], key)
            return found | attend(self.config, held, found, value)

    def _mask(self, *at: Any) -> Array:
        """The mask's cells there, with all four axes; of an axis that it does not have, one for all."""
        mask = self.held["mask"]
        mask = mask[:, None] if mask.ndim == 3 else mask.reshape((1,) * (4 - mask.ndim) + mask.shape)
        for axis, chosen in enumerate(at):
            if mask.shape[axis] > 1:
                mask = mask[(slice(None),) * axis + (chosen,)]
        return mask

    def blocks(self, of: Shape) -> list[slice]:
        """The rows of a table of this shape, as many at a time as are computed together."""
        step = max(1, BLOCK // count((*of[:2], self.shape[3])))
        return [slice(first, first + step) for first in range(0, of[2], step)]

    def kept(self) -> dict[str, Array]:
        """Everything but the tables."""
        every, out = slice(None), dict[str, Array]()
        parts: dict[str, list[Array]] = {}
        for block in self.blocks(self.shape):
            for name, array in self.some(every, every, block).items():
                if name in ROWS:
                    parts.setdefault(name, []).append(array)
                elif name not in TABLES:  # what is made of the keys alone, in every block
                    out[name] = array
        return out | {name: np.concatenate(arrays, axis=2) for name, arrays in parts.items()}

    def recipes(self) -> dict[str, Recipe]:
        """Every table, to be read where it is needed."""
        one = slice(0, 1)
        first = self.some(one, one, one)
        return {name: self._recipe(name, first[name]) for name in TABLES if name in first}

    def _recipe(self, name: str, cell: Array) -> Recipe:
        shape = (*self.shape, *cell.shape[4:])

        def read(index: Index) -> Array:
            batch, heads, rows = (np.atleast_1d(np.arange(n)[k]) for n, k in zip(shape, index[:3], strict=False))
            inner = (slice(None),) * 3 + index[3:]
            blocks = self.blocks((len(batch), len(heads), len(rows)))
            whole = np.concatenate([self.some(batch, heads, rows[block])[name][inner] for block in blocks], axis=2)
            return np.asarray(whole[tuple(0 if isinstance(k, int) else slice(None) for k in index[:3])])

        return Recipe(shape, cell.dtype, read)
