"""What a film of a transformer block reads from its trace: words, lanes, what is followed."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Region
from layeranim.engine.transformer.config import chain
from layeranim.stories import vocabulary
from layeranim.stories.stage.parts.arcs import MANY
from layeranim.stories.storyboard import Telling

BROUGHT = {"self.output": "attention", "cross.output": "from the context", "feedforward.output": "feed-forward"}
"""What the sublayers hand on, by the names under which it stands there."""


class TransformerView:
    """What the film reads from a block's trace."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        config: Any = telling.trace.config
        self.config = config
        self.at = telling.film.place_in(self.trace.size("batch"))
        self.chain = chain(config)
        self.words, self.read = (tuple(typeface.draw_safe(word, 14) for word in getattr(self.config, name, None) or ())
                                 for name in ("words", "context_words"))  # fmt: skip
        self.looks = [name for name, *_ in self.chain if name != "feedforward"]

    @property
    def strange(self) -> str:
        """Which words the vocabulary lacks, where a preset drew them."""
        every = (*(getattr(self.config, "words", None) or ()), *(getattr(self.config, "context_words", None) or ()))
        unknown = [word for word in every if not vocabulary.known(word)]
        return vocabulary.strange(unknown, self.telling.seed) if self.telling.preset else ""

    def looked(self, name: str) -> tuple[str, ...]:
        """The words that a sublayer looks at."""
        return self.words if name == "self" else self.read

    def drawn(self, name: str) -> bool:
        """Whether a sublayer's words and what they look at have arcs."""
        return bool(self.words and self.looked(name)) and max(len(self.words), len(self.looked(name))) <= MANY

    def row(self, name: str, q: int, h: int) -> Any:
        """The weights of a word in a head."""
        return self.trace.read(Region.of(f"{name}.weights", batch=self.at, heads=h, queries=q))

    def followed(self, q: int) -> dict[str, int]:
        """The feature of a word to which its feed-forward adds most, and the unit that adds most to it."""
        here = Region.of("feedforward.output", batch=self.at, queries=q)
        k = int(np.argmax(np.abs(np.nan_to_num(self.trace.read(here)))))
        units = self.trace.read(Region.of("feedforward.expanded", batch=self.at, queries=q))
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
