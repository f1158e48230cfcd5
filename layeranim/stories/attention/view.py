"""What an attention film reads from its trace: planes of one head as cells, names of words, which row is taught."""

from __future__ import annotations

from collections import Counter
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import layout, numbers, typeface
from layeranim.engine.attention import AttentionConfig
from layeranim.engine.attention.layout import key_name, query_name, score_chain, tokens_name, value_name
from layeranim.engine.attention.steps import places, row_of
from layeranim.engine.attention.tables import LARGE
from layeranim.engine.trace import Array, Region, count
from layeranim.numbers import Style
from layeranim.stories import vocabulary
from layeranim.stories.storyboard import Address, Cells, Fact, Run, Telling

MOST_HEADS, MOST_TOKENS, MOST_FEATURES = 4, 48, 48
NAME_MOST = 14  # characters of a word as a label
MADE = ("projected_{}", "{}", "turned_{}", "shared_{}", "transformed_{}", "{}_part")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
WIDE, NARROW = 80.0, 50.0  # pitches of cells with the usual decimals, and with one


class AttentionView:
    """One film's trace: one sequence, the first heads, the first tokens and features as far as they are drawn."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        config = telling.trace.config
        if not isinstance(config, AttentionConfig):
            raise TypeError(f"attention is told from its own trace, not from {type(config).__name__}")
        self.config = config
        self.batch, self.heads, self.queries, self.keys = self.trace.tensor("weights").shape
        self.b = telling.film.place_in(self.batch)
        self.shown_heads = min(self.heads, MOST_HEADS)
        self.rows, self.cols = min(self.queries, MOST_TOKENS), min(self.keys, MOST_TOKENS)
        additive = config.kind == "additive"
        self.query = "query_part" if additive else query_name(config)
        self.key = "key_part" if additive else key_name(config)
        self.value = value_name(config)
        self.mixture = "head_output" if config.output_projection else "output"
        self.tokens = tokens_name("query", self.trace.tensors) if config.projections else None
        self.features = self.trace.tensor(self.query).shape[-1]
        self.value_features = self.trace.tensor(self.value).shape[-1]
        self.chain = score_chain(config, self.trace.tensors)
        self.units = self.shown_heads * self.rows
        self._styles: dict[str, Style] = {}
        self._told: dict[str, Array] = {}
        self.relative = False
        self.projected = "weight_output" in self.trace
        self.outputs = int(self.trace.tensor("output").shape[-1])
        self.plane = lru_cache(maxsize=64)(self._plane)
        self.vmax = lru_cache(maxsize=64)(self._vmax)

    # ── words ────────────────────────────────────────────────────────────────
    @cached_property
    def words(self) -> list[str] | None:
        """The words of the queries as they can be drawn, if the film has any."""
        text = self.config.tokens
        return None if text is None else [typeface.draw_safe(word, NAME_MOST) for word in text]

    @cached_property
    def key_words(self) -> list[str] | None:
        """The words of the keys: their own, or those of the queries where they are the same."""
        text = self.config.key_tokens
        if text is not None:
            return [typeface.draw_safe(word, NAME_MOST) for word in text]
        return self.words if self.alike else None

    @cached_property
    def told_apart(self) -> list[str] | None:
        """The words of the queries as they are named on stage: equal ones are counted, ``the₁`` and ``the₂``."""
        return _told_apart(self.words)

    @cached_property
    def keys_told_apart(self) -> list[str] | None:
        """The same of the keys."""
        return _told_apart(self.key_words)

    @property
    def alike(self) -> bool:
        """Whether queries and keys are the same words."""
        return self.queries == self.keys and "context" not in self.trace and self.config.key_tokens is None

    def row_name(self, i: int) -> Run:
        """The name of a query."""
        return _name(self.told_apart, i)

    def col_name(self, j: int) -> Run:
        """The name of a key."""
        return _name(self.keys_told_apart, j)

    @cached_property
    def from_vocabulary(self) -> bool:
        """Whether the embeddings are those of the bundled words."""
        text = self.config.tokens
        if text is None or "embeddings" not in self.trace:
            return False
        return vocabulary.from_here(text, self.trace["embeddings"][self.b], self.telling.seed)

    @cached_property
    def strangers(self) -> list[str]:
        """Words without a trained embedding, each once, as they can be drawn."""
        if not self.from_vocabulary:
            return []
        found = [
            word
            for word in (*(self.config.tokens or ()), *(self.config.key_tokens or ()))
            if not vocabulary.known(word)
        ]
        return list(dict.fromkeys(typeface.draw_safe(word, NAME_MOST) for word in found))

    @property
    def strange(self) -> str:
        """Which words the bundled vocabulary lacks; nothing where it has all."""
        found = self.strangers
        listed = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
        verb = "is" if len(found) == 1 else "are"
        return f"{listed} {verb} not in the vocabulary: drawn at random, seed {self.telling.seed}" if found else ""

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """One line if the font lacks characters of the words."""
        return vocabulary.undrawn("".join((*(self.config.tokens or ()), *(self.config.key_tokens or ()))))

    # ── units ────────────────────────────────────────────────────────────────
    def at(self, u: int) -> tuple[int, int]:
        """Head and query of a unit."""
        return divmod(u, self.rows)

    def steps(self, units: range) -> range:
        """The trace's steps of some units of one head."""
        first, last = (row_of(self.trace, self.b, *self.at(u)) for u in (units[0], units[-1]))
        return range(first.start, last.stop)

    def made_by(self) -> tuple[str, ...]:
        """What queries, keys and values come from: places that are added, projections, pairs that are turned."""
        found = {"position": "positioned" in self.trace, "project": bool(self.config.projections),
                 "turn": "turned_query" in self.trace}  # fmt: skip
        return tuple(kind for kind, there in found.items() if there)

    def angles(self, u: int) -> Array:
        """By how much each pair of a unit's query is turned, in radians."""
        return np.asarray(self.trace["query_angle"][self.at(u)[1]])

    def making(self, u: int, kind: str) -> tuple[int, ...]:
        """The steps that make a unit's query, and its key and value, or all of these where they are other words'."""
        head, i = self.at(u)
        if kind == "position":
            return places(self.trace, ("positioned",), **self._here(head), queries=i)
        others = range(i, i + 1) if self.alike else range(self.keys)
        turned = kind == "turn"
        out: list[int] = []
        for part, rows in (("query", range(i, i + 1)), ("key", others), ("value", range(0) if turned else others)):
            made = ("turned_{}",) if turned else MADE
            names = [name.format(part) for name in made]
            chain = [name for one in names for name in (f"{one}_products", one)]
            for row in rows:
                out += places(self.trace, chain, **self._here(head), queries=row, keys=row)
        return tuple(out)

    def joining(self) -> tuple[int, ...]:
        """The steps that put the first row of all heads side by side and project it."""
        rows = (places(self.trace, ("joined",), **self._here(head), queries=0) for head in range(self.heads))
        made = places(self.trace, ("output_products", "output"), **self._here(0), queries=0)
        return (*(i for row in rows for i in row), *made)

    def _here(self, head: int) -> dict[str, int]:
        """The axes of one head of the sequence that is told."""
        return {
            "batch": self.b,
            "heads": head,
            "key_heads": self.group(head),
        }

    def row(self, tensor: str, u: int) -> Array:
        """What a tensor (heads, queries, …) holds for one unit: all its keys or features."""
        head, query = self.at(u)
        return self.trace.read(Region.of(tensor, batch=self.b, heads=head, queries=query))

    def address(self, tensor: str, u: int, *last: int) -> Address:
        """The address of a cell in a unit's row."""
        return Address(tensor, (self.b, *self.at(u), *last))

    def padding(self, u: int) -> NDArray[np.bool_]:
        """Which keys the mask hides from every query of a unit's head, of several: padding."""
        head = self.at(u)[0]
        if self.queries == 1:
            return np.zeros(self.keys, bool)
        return np.asarray(np.isneginf(self.trace.read(Region.of("masked", batch=self.b, heads=head))).all(axis=0))

    def seen(self, u: int) -> NDArray[np.bool_]:
        """Which keys a unit's query sees: all whose score the mask does not make −∞."""
        if "masked" not in self.trace:
            return np.ones(self.keys, bool)
        return np.asarray(~np.isneginf(self.row("masked", u)))

    @cached_property
    def reach(self) -> NDArray[np.bool_]:
        """Which keys every query of the sequence sees: (heads, queries, keys)."""
        if "masked" not in self.trace:
            return np.ones((self.heads, self.queries, self.keys), bool)
        return np.asarray(~np.isneginf(self.trace["masked"][self.b]))

    def strongest(self, u: int) -> int:
        """The drawn key with the largest weight: the one whose arithmetic is written out."""
        return int(np.argmax(np.nan_to_num(self.row("weights", u)[: self.cols], nan=-1.0)))

    def largest(self, u: int, most: int) -> list[int]:
        """The keys with the largest weights, largest first."""
        weights = np.nan_to_num(self.row("weights", u), nan=-1.0)
        return [int(j) for j in np.argsort(-weights, kind="stable")[:most]]

    def taught(self, shown: range) -> int:
        """The unit whose stages are shown one by one: the example's own, else the first that has a choice of keys."""
        preset = self.telling.preset
        own = preset.unit if preset and not self.telling.given & {"tokens", *preset.arrays} else None
        if own is not None and own in shown and own < self.rows and self.seen(own).sum() > 1:
            return own
        several = [u for u in shown if self.seen(u).sum() > 1]
        choices = (u for u in several if np.ptp(self.row("weights", u)[self.seen(u)]) > 0)
        return next(choices, several[0] if several else shown[0])

    def turned(self, u: int, shown: range) -> int:
        """The unit whose turn is told with that of ``u``: its own, or the next one's where it stands still."""
        return u if np.any(self.angles(u)) or u + 1 not in shown or self.rows == 1 else u + 1

    def group(self, head: int) -> int:
        """Which head of keys and values a head reads."""
        return head * int(self.config.key_heads or self.heads) // self.heads

    def told(self, tensor: str) -> Array:
        """A tensor as far as it has a say in how it is drawn; of a table too large to be kept, the rows drawn."""
        found = self.trace.tensor(tensor)
        if not found.is_recipe or "queries" not in found.axes or count(found.shape) <= LARGE:
            return found.array
        if tensor not in self._told:
            self._told[tensor] = self.trace.read(Region.of(tensor, queries=range(self.rows)))
        return self._told[tensor]

    # ── cells ────────────────────────────────────────────────────────────────
    def style(self, tensor: str) -> Style:
        """How a tensor's numbers are written; ``decide`` says so once, for the cells that show them."""
        if tensor not in self._styles:
            self.decide(tensor, WIDE)
        return self._styles[tensor]

    def decide(self, tensor: str, pitch: float) -> None:
        """Write a tensor's numbers as cells of that pitch hold them."""
        self._styles[tensor] = self._style(tensor, pitch)

    def _style(self, tensor: str, pitch: float) -> Style:
        kind: Any = "probability" if tensor in ("weights", "exponentials", "row_sum", "exponential_sum") else "value"
        values = self.told(tensor)
        return numbers.style(values, kind=kind, pitch=pitch, precision=self.film.precision)

    def widest(self, tensor: str, pitch: float) -> float:
        """The width of a tensor's widest text at size 1, written as cells of that pitch hold it."""
        return layout.widest(numbers.texts(self.told(tensor)[self.b], self._style(tensor, pitch)).ravel().tolist())

    def _vmax(self, tensor: str) -> float:
        """The value of full colour; queries and keys are compared and share theirs, values and their mixtures too."""
        scores = tuple(name for name in self.chain if name != "masked")
        groups = ((self.query, self.key), (self.value, self.mixture), ("exponentials",), (self.tokens,))
        names = next((group for group in groups if tensor in group), scores)
        return numbers.value_range(*(self.told(name) for name in names if name and name in self.trace))

    @cached_property
    def heaviest(self) -> Address:
        """Where the largest weight of the sequence is."""
        values = np.nan_to_num(self.told("weights")[self.b], nan=-1.0)
        return Address("weights", (self.b, *(int(i) for i in np.unravel_index(np.argmax(values), values.shape))))

    def levels(self, tensor: str, values: Array) -> NDArray[np.int8]:
        """Colour steps. Weights count from 0 to 1; in colour alone from 0 to the largest, which the stage names."""
        if tensor != "weights":
            return numbers.levels(values, self.vmax(tensor))
        return numbers.heat_levels(values, float(self.told("weights")[self.heaviest.index]) if self.relative else 1.0)

    def _plane(self, tensor: str, head: int, numerals: bool) -> Cells:
        """The last two axes of a tensor for one head, as far as they are drawn; keys stand as columns."""
        axes = self.trace.axes(tensor)
        where: dict[str, int | range] = {"batch": self.b}
        if "heads" in axes:
            where["heads"] = head
        if "queries" in axes:
            where["queries"] = range(self.rows)
        values = self.trace.read(Region.of(tensor, **where))
        turned = tensor == self.key
        values = (values.T if turned else values)[: self.limit(tensor, 0), : self.limit(tensor, 1)]
        scale = "heat" if tensor == "weights" else "value"
        levels = self.levels(tensor, values)
        texts = numbers.texts(values, self.style(tensor)) if numerals else None
        ghost = self._masked(tensor, head)
        if ghost is not None and texts is not None and tensor != "masked":
            texts[ghost] = "0"
        lead = (self.b, head) if "heads" in axes else (self.b,)

        def source(r: int, c: int) -> Address:
            return Address(tensor, (*lead, *((c, r) if turned else (r, c))))

        return Cells(levels, texts, ghost, None, scale, source)

    def _masked(self, tensor: str, head: int) -> NDArray[np.bool_] | None:
        """Which cells of a row of scores or weights have no key to look at."""
        if tensor not in ("masked", "exponentials", "weights") or "masked" not in self.trace:
            return None
        scores = self.trace.read(Region.of("masked", batch=self.b, heads=head, queries=range(self.rows)))
        return np.asarray(np.isneginf(scores[:, : self.cols]))

    def limit(self, tensor: str, axis: int) -> int:
        """How many rows or columns of a tensor's plane are drawn."""
        if tensor == self.key:
            return (min(self.features, MOST_FEATURES), self.cols)[axis]
        if tensor in (self.value, self.mixture):
            return (self.cols if tensor == self.value else self.rows, min(self.value_features, MOST_FEATURES))[axis]
        if tensor == self.query:
            return (self.rows, min(self.trace.tensor(tensor).shape[-1], MOST_FEATURES))[axis]
        return (self.rows, self.cols)[axis]


def _name(words: list[str] | None, i: int) -> Run:
    if words is None:
        return Run(str(i + 1), source=Fact("position"))
    return Run(words[i], source=Fact("token"))


def _told_apart(words: list[str] | None) -> list[str] | None:
    """Words of which equal ones are counted."""
    if words is None:
        return None
    seen = Counter[str]()
    out = []
    for word in words:
        seen[word] += 1
        out.append(word + (str(seen[word]).translate(LOWERED) if words.count(word) > 1 else ""))
    return out
