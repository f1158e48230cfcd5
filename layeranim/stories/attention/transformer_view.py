"""What a film of a transformer block reads from its trace: words, lanes, what is followed."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Region
from layeranim.engine.transformer.config import chain
from layeranim.stories import vocabulary
from layeranim.stories.attention.picks import LONG, Picks, numbered
from layeranim.stories.stage.arrangements import MOST
from layeranim.stories.stage.parts.arcs import MANY
from layeranim.stories.storyboard import Telling, View

NEAR = 0.05
"""How near 1 the mean of squares is of what a norm made standard."""
BROUGHT = {"self.output": "attention", "cross.output": "from the context", "feedforward.output": "feed-forward"}
"""What the sublayers hand on, by the names under which it stands there."""


class TransformerView(View):
    """What the film reads from a block's trace."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.chain = chain(self.config)
        self.looks = [name for name, *_ in self.chain if name != "feedforward"]
        self.picks = Picks(self.trace, self.film, self.sample, True, lambda: 0, "self.weights")
        given = (getattr(self.config, name, None) or () for name in ("words", "context_words"))
        self.every, self.every_read = (tuple(typeface.draw_safe(word, 14) for word in words) for words in given)
        self.words = tuple(self.every[q] for q in self.picks.queries) if self.every else ()
        self.read = tuple(self.every_read[k] for k in self.context) if self.every_read else ()

    # ── what is drawn of a large block ───────────────────────────────────────
    @cached_property
    def context(self) -> tuple[int, ...]:
        """The tokens of the context that are drawn: of many those with the largest weights for the followed token."""
        if "cross" not in self.looks:
            return ()
        every = range(self.trace.size("context_keys"))
        return tuple(every) if len(every) <= LONG else self.picks.heaviest("cross.weights")

    @property
    def only(self) -> dict[str, tuple[int, ...]]:
        """The indices of the axes of which not all are drawn."""
        context = len(self.context) < self.trace.size("context_keys") if self.context else False
        return self.picks.only | ({"context_keys": self.context} if context else {})

    @cached_property
    def heads(self) -> tuple[int, ...]:
        """The heads that are drawn: of many the one that chooses most clearly for the followed token."""
        if "heads" in self.film.show_of or self.config.heads <= MOST:
            return self.picks.heads_at(self.picks.focus)
        return (self.picks.head_at(self.picks.focus),)

    @property
    def row_marks(self) -> tuple[str, ...]:
        """What stands beside the drawn tokens."""
        return self.words or numbered(self.picks.queries, self.picks.count)

    @property
    def one_row(self) -> bool:
        """Whether the tokens that look are those that are looked at."""
        return self.picks.queries == self.picks.keys

    def marks(self, name: str) -> tuple[str, ...]:
        """What stands beside the tokens that a sublayer looks at: words, or where not all are drawn their numbers."""
        if name == "self":
            return self.looked(name) or numbered(self.picks.keys, self.picks.reads)
        return self.read or numbered(self.context, self.trace.size("context_keys"))

    @property
    def names(self) -> tuple[str, ...]:
        """What the units of the film are called."""
        return self.words or tuple(f"token {mark}" for mark in self.row_marks)

    @property
    def strange(self) -> str:
        """Which words the vocabulary lacks, where a preset drew them."""
        every = (*(getattr(self.config, "words", None) or ()), *(getattr(self.config, "context_words", None) or ()))
        unknown = [word for word in every if not vocabulary.known(word)]
        return vocabulary.strange(unknown, self.telling.seed) if self.telling.preset else ""

    def looked(self, name: str) -> tuple[str, ...]:
        """The drawn words that a sublayer looks at."""
        if name != "self":
            return self.read
        return tuple(self.every[k] for k in self.picks.keys) if self.every else ()

    def called(self, name: str, k: int) -> str:
        """What a token that a sublayer looks at is called."""
        every = self.every if name == "self" else self.every_read
        return every[k] if k < len(every) else f"token {k + 1}"

    def axis(self, name: str) -> str:
        """The axis along which stand the tokens that a sublayer looks at."""
        return "keys" if name == "self" else "context_keys"

    def hides(self, name: str) -> bool:
        """Whether some tokens that a sublayer looks at are not drawn."""
        return self.axis(name) in self.only

    def drawn(self, name: str) -> bool:
        """Whether a sublayer's words and what they look at have arcs: not to some words alone."""
        words = bool(self.words and self.looked(name)) and not self.hides(name)
        return words and max(len(self.words), len(self.looked(name))) <= MANY

    def row(self, name: str, q: int, h: int) -> Any:
        """The weights of a drawn word in a head."""
        return self.trace.read(Region.of(f"{name}.weights", batch=self.sample, heads=h, queries=self.picks.queries[q]))

    def standard(self, q: int) -> bool:
        """Whether the last norm gives a drawn word what it is for: eps may be large, numbers equal or none."""
        here = Region.of("feedforward_norm.normalised", batch=self.sample, queries=self.picks.queries[q])
        x = self.trace.read(here)
        centred = self.config.norm_kind == "rms" or abs(x.mean()) < NEAR
        return bool(abs((x * x).mean() - 1) < NEAR and centred)

    def followed(self, q: int) -> dict[str, int]:
        """The feature of a drawn word to which its feed-forward adds most, and the unit that adds most to it."""
        row = self.picks.queries[q]
        here = Region.of("feedforward.output", batch=self.sample, queries=row)
        k = int(np.argmax(np.abs(np.nan_to_num(self.trace.read(here)))))
        units = self.trace.read(Region.of("feedforward.expanded", batch=self.sample, queries=row))
        parts = np.nan_to_num(units) * np.nan_to_num(self.trace["feedforward.weight_contract"][k])
        return {"embed": k, "outputs": k, "units": int(np.argmax(np.abs(parts)))}

    def lane(self) -> list[tuple[str, str]]:
        """What the lane holds, one after another, with its name; what a sublayer reads is no part of it with pre."""
        out = [("input", "lane: x")]
        for name, _, _, after in self.chain:
            added = f"{name}_residual" if self.config.norm == "post" else after
            out.append((added, f"lane: x + {BROUGHT[f'{name}.output']}"))
            if self.config.norm == "post":
                out.append((after, "lane: normalised"))
        return out
