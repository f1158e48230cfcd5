"""What a film of a transformer block reads from its trace: words, lanes, what is followed."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Region
from layeranim.engine.transformer.config import chain
from layeranim.stories import vocabulary
from layeranim.stories.attention.looking import Looking
from layeranim.stories.attention.picks import LONG, Picks, Tokens
from layeranim.stories.stage.arrangements import MOST
from layeranim.stories.storyboard import FilmView, Line, Telling

NEAR = 0.05
"""How near 1 the mean of squares is of what a norm made standard."""
BROUGHT = {"self.output": "attention", "cross.output": "from the context", "feedforward.output": "feed-forward"}
"""What the sublayers hand on, by the names under which it stands there."""


class TransformerView(FilmView):
    """What the film reads from a block's trace."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.chain = chain(self.config)
        self.picks = Picks(self.trace, self.film, self.sample, True, lambda: 0, "self.weights")
        every = [getattr(self.config, name, None) or () for name in ("words", "context_words")]
        self.given: tuple[str, ...] = (*every[0], *every[1])
        words, read = (tuple(typeface.draw_safe(word, 14) for word in one) for one in every)
        self.noun = ("word", "words") if words else ("token", "tokens")
        self.tokens = Tokens(words, self.picks.queries, self.picks.count)
        keys = Tokens(words, self.picks.keys, self.picks.reads)
        self.looked = {"self": Looking(self.picks, self.tokens, keys, "self.weights")}
        """Each attention; of a large context it looks at the tokens with the largest weights for the followed one."""
        if "cross" in (name for name, *_ in self.chain):
            count = self.trace.size("context_keys")
            drawn = tuple(range(count)) if count <= LONG else self.picks.heaviest("cross.weights")
            self.looked["cross"] = Looking(self.picks, self.tokens, Tokens(read, drawn, count), "cross.weights")

    @property
    def only(self) -> dict[str, tuple[int, ...]]:
        """The indices of the axes of which not all are drawn."""
        cross = self.looked.get("cross")
        return self.picks.only | ({"context_keys": cross.asked.drawn} if cross and cross.asked.hidden else {})

    @cached_property
    def heads(self) -> tuple[int, ...]:
        """The heads that are drawn: of many the one that chooses most clearly for the followed token."""
        if "heads" in self.film.show_of or self.config.heads <= MOST:
            return self.picks.heads_at(self.picks.focus)
        return (self.picks.head_at(self.picks.focus),)

    def found(self, name: str, q: int) -> Line:
        """``sat  →  head 1: cat 0.67,  head 2: down 0.66``: whom a drawn word looks at in an attention."""
        return self.looked[name].links(q, self.heads[:3])

    @property
    def strange(self) -> str:
        """Which words the vocabulary lacks, where a preset drew them."""
        unknown = [word for word in self.given if not vocabulary.known(word)]
        return vocabulary.strange(unknown, self.telling.seed) if self.telling.preset else ""

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
