"""The words of an attention film: parameters, what each stage does, what it comes to; each with its condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from math import sqrt

import numpy as np

from layeranim import numbers
from layeranim.engine.attention.masks import places
from layeranim.stories import phrases
from layeranim.stories.attention.formula import output_formula
from layeranim.stories.attention.looking import placed
from layeranim.stories.attention.view import MOST_DRAWN, AttentionView
from layeranim.stories.stage import Note, listed
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run

GOOD_FOR = "every position reads any other in one step: translation, language models"
ALONE = "one key gets all the weight: of several, each query takes its own mixture"
TITLES = {"dot": "Dot-product attention", "scaled": "Scaled dot-product attention", "additive": "Additive attention",
          "multiplicative": "Multiplicative attention", "cosine": "Cosine attention"}  # fmt: skip
MOST_VALUES = 4
"""Entries of a vector that a caption spells out."""
MANY = 6
"""Of more rows that pass by one head is told."""
SURE = 1e-6
"""Weights that add up to 1 but for this are said to."""


class AttentionWords:
    """What is said of a film of attention."""

    def __init__(self, view: AttentionView) -> None:
        self.view, self.config = view, view.config

    # ── furniture ────────────────────────────────────────────────────────────
    @property
    def title(self) -> str:
        return TITLES[self.config.kind] if self.view.heads == 1 else "Multi-head attention"

    def options(self) -> tuple[str, ...]:
        """Sizes, and options that are not usual."""
        view, c = self.view, self.config
        sizes = (
            (phrases.so_many(*view.noun, view.queries), True),
            (phrases.so_many("key", "keys", view.keys), not view.alike),
            (f"{view.heads} heads", view.heads > 1),
            (phrases.so_many("key head", "key heads", c.key_heads or 0), view.heads > 1 and c.key_heads != view.heads),
            (c.kind, c.kind != "scaled" and (view.heads > 1 or bool(view.film.title))),
            (f"d = {view.features}", True),
            (f"values of {view.value_features}", view.value_features != view.features),
        )
        return (
            *(text for text, said in sizes if said),
            *phrases.unusual(c, scale="scale {:g}", causal="causal", window="window {}", corner="lower right"),
            *placed(c),
            *(("biases",) if c.bias else ()),
            *phrases.unusual(c, softcap="capped at {:g}", lookup="hard"),
        )

    def hidden(self, *axes: str) -> tuple[str, ...]:
        """What is not drawn: heads, tokens, keys, and features along these axes and those of the output."""
        view = self.view
        ends = ("joined", "outputs") if view.projected else ()
        sizes = sorted({view.trace.size(axis) for axis in (*axes, "value_features", *ends)})
        long = " and ".join(str(size) for size in sizes if size > MOST_DRAWN)
        cut = (f"{MOST_DRAWN} of {long} features drawn",) if long else ()
        return (*listed("heads", view.drawn_heads, view.heads), *listed("tokens", view.drawn_queries, view.queries),
                *view.look.hidden(), *cut)  # fmt: skip

    def opening(self) -> Line:
        """What happens to every query, by what it sees and takes."""
        start = Run(f"each {self.view.noun[0]} looks at {self.reach} and takes ")
        if self.config.lookup == "hard":
            return start, Run("the "), Run("value", "ink", "semibold"), Run(" of its best match")
        if self.view.keys == 1:
            return start, Run("in its "), Run("value", "ink", "semibold")
        return (start, Run("in a "), Run("mixture", "result", "semibold"), Run(" of their "),
                Run("values", "ink", "semibold"))  # fmt: skip

    @property
    def reach(self) -> str:
        """Which keys the queries of this film see."""
        view = self.view
        other = "word" if view.asking.words and view.alike else "key"
        if view.reach.all():
            return f"every {other}" if view.keys > 1 else f"the only {other}"
        return f"itself and every {other} before" if view.backwards else f"the {other}s that it may see"

    def opening_note(self) -> str:
        """The layer in one line."""
        return output_formula(self.view)

    def closing(self) -> Line:
        """``4 words in, 4 mixtures out  (4×3)``."""
        view = self.view
        shape = view.trace.tensor("output").shape
        shape = shape[1:] if self.config.output_projection or view.heads > 1 else shape[2:]
        one = "output" if self.config.output_projection else "value" if self.config.lookup == "hard" else "mixture"
        given = phrases.so_many(*view.noun, view.queries)
        given += "" if view.alike else f" and {phrases.so_many('key', 'keys', view.keys)}"
        heads = f"{view.heads} heads:  " if view.heads > 1 else ""
        return (
            Run(f"{heads}{given} in,  ", source=Fact("counts")),
            Run(f"{phrases.so_many(one, f'{one}s', view.queries)} out", "result", "semibold", Fact("counts")),
            Run(f"  ({numbers.shape_text(shape)})", source=Fact("output shape")),
        )

    def good_for(self) -> str:
        """Why one would use it, by what the queries see."""
        if self.config.lookup == "hard":
            return "a lookup: exact, but a choice of one cannot be learnt by gradients"
        if self.view.reach.all():
            return GOOD_FOR if self.view.keys > 1 else ALONE
        if self.view.backwards:
            return "every position reads all before it in one step, as language models do"
        return "every position reads those that it may see in one step"

    # ── how cells are written ────────────────────────────────────────────────
    def templates(self) -> Mapping[str, Callable[[Address], str]]:
        """``1.56 / √3`` in place of a factor that nobody would recognise."""
        c = self.config
        if c.kind == "cosine" or "scaled" not in self.view.chain or c.scale is not None:
            return {}
        return {"scaled": lambda _: f"{{0}} / √{c.features}"}

    def displayed(self) -> Mapping[str, Mapping[str, float]]:
        """The factor as it is written."""
        c = self.config
        if c.kind == "cosine" or "scaled" not in self.view.chain or c.scale is not None:
            return {}
        return {"scaled": {"factor": 1 / sqrt(int(c.features or 1))}}

    # ── where queries, keys and values come from ─────────────────────────────
    def position(self) -> Note:
        learned = self.config.positional == "learned"
        return Note("each place has numbers of its own" + (", learned" if learned else ": sines and cosines"))

    def project(self) -> Note:
        """What queries, keys and values are made from; of words that nobody has trained that they are not."""
        trace, word = self.view.trace, "word" if self.view.asking.words else "token"
        if self.view.strange:
            return Note(self.view.strange)
        by = "a matrix and a bias" if "bias_query" in trace else "a matrix"
        if "context" in trace:
            return Note(f"queries come from every {word}, keys and values from the context, each by {by} of its own")
        return Note(f"query, key and value of every {word}: each by {by} of its own")

    def turn(self) -> Note:
        still = not np.any(self.view.trace["query_angle"][self.view.drawn_queries[self.turned_row]])
        return Note(
            "R turns each pair of features by its place" + (": the first place stays as it is" if still else "")
        )

    @property
    def turned_row(self) -> int:
        """The row whose turn is told: the one that is followed, or the next one where that stands still."""
        row, shown = self.view.follow, self.view.film.selected(self.view.rows)
        still = not np.any(self.view.trace["query_angle"][self.view.drawn_queries[row]])
        return row + 1 if still and row + 1 in shown else row

    def turned(self) -> Callable[[Figures], Line]:
        """``query of cat:  (0.8, −0.4) turned by 1.00 rad → (0.77, 0.46)``."""
        view, half = self.view, self.view.features // 2
        pair = (0, 1) if self.config.pairs == "adjacent" else (0, half)
        row = self.turned_row
        query = view.drawn_queries[row]
        at = (view.sample, view.head, query)

        def said(figures: Figures) -> Line:
            before, after = (self._pair(figures, tensor, at, pair) for tensor in ("query", "turned_query"))
            angle = Address("query_angle", (query, 0))
            style = numbers.style(view.trace["query_angle"], kind="probability")
            text = numbers.text(figures.value(angle), style)
            return (Run("query of ", weight="regular"), self.view.asking.focused(row), Run(":  "), *before,
                    Run(" turned by "), Run(text, "ink", source=angle), Run(" rad  →  ", late=True),
                    *after)  # fmt: skip

        return said

    def _pair(self, figures: Figures, tensor: str, at: tuple[int, ...], pair: tuple[int, int]) -> Line:
        late = tensor.startswith("turned")
        places = [Address(tensor, (*at, f)) for f in pair]
        return phrases.coordinates([Run(figures.text(one), "ink", source=one, late=late) for one in places], "ink")

    def weighed(self) -> Note:
        if self.view.additive:
            return Note("a small network reads both: what it makes of queries and of keys")
        return Note("every key goes through a learned matrix first")

    def shared(self) -> Note:
        return Note("so fewer keys and values have to be kept")

    def sharing(self) -> Line:
        c = self.config
        few = phrases.so_many("head", "heads", int(c.key_heads or 1))
        heads = Fact("heads")
        return Run(f"{c.heads} heads share ", source=heads), Run(few, "ink", source=heads), Run(" of keys and values")

    # ── what happens to a row ────────────────────────────────────────────────
    def compared(self) -> Note:
        by = {"additive": "by a small network", "multiplicative": "times the keys through W, feature by feature"}
        return Note(f"how well its query fits each key: {by.get(self.config.kind, 'feature by feature, added up')}")

    def changed(self, name: str) -> tuple[Note, ...]:
        """What scaling, a cap and a mask do, as far as these numbers show it."""
        if name == "scaled":
            return self._scaled()
        if name == "capped":
            return (Note("no score grows beyond the cap"),)
        return self._masked()

    def _scaled(self) -> tuple[Note, ...]:
        if self.config.kind == "cosine":
            return (Note("divided by both lengths: only the direction counts"),)
        view = self.view

        def spread(tensor: str, q: int) -> float:
            with np.errstate(all="ignore"):
                return float(np.ptp(view.row(tensor, q)))

        hard = self.config.lookup == "hard"
        softer, sharper = ("", "") if hard else (", softer choice", ", sharper choice")
        return (
            Note(f"smaller scores{softer}", lambda q: spread("scaled", q) < spread("scores", q)),
            Note(f"larger scores{sharper}", lambda q: spread("scaled", q) > spread("scores", q)),
            Note("no difference between scores: no choice to soften",
                 lambda q: not hard and spread("scores", q) == 0),
        )  # fmt: skip

    def _masked(self) -> tuple[Note, ...]:
        """Why a query does not see some keys: no query does, they come later, or its own mask says so."""
        view, causal = self.view, self.config.causal
        query, key = places(self.config)
        later = (key > query)[list(view.drawn_queries)]
        unseen = ~view.reach[view.head]
        own = unseen & ~view.padding
        late = np.array([bool(causal and not (row & ~after).any()) for row, after in zip(own, later, strict=True)])
        word = "word" if view.asked.words else "key"
        said = "dashed cells are masked: "
        return (
            Note("added before the softmax", lambda q: not unseen[q].any()),
            Note(f"{said}they are padding, all other keys are kept", lambda q: unseen[q].any() and not own[q].any()),
            Note(f"{said}padding, and later {word}s",
                 lambda q: own[q].any() and late[q] and bool((unseen[q] & ~later[q]).any())),
            Note(f"{said}a later {word} must not be seen", lambda q: own[q].any() and late[q]),
            Note(f"{said}these keys take no part", lambda q: own[q].any() and not late[q]),
        )  # fmt: skip

    def masked(self, q: int) -> Line:
        """How many keys a query does not see."""
        lost = int((~self.view.seen(q)).sum())
        if not lost:
            return (Run("the mask's numbers are added to the scores"),)
        return (Run(phrases.so_many("key", "keys", lost), "ink", "semibold", Fact("masked keys")),
                Run(" masked:  score "), Run(f"{numbers.MINUS}∞", "ink"), Run("  →  weight "),
                Run("0", "probability", "semibold", Fact("masked weight"), late=True))  # fmt: skip

    def powers(self) -> tuple[Note, ...]:
        view = self.view

        def live(q: int) -> bool:
            return bool(view.seen(q).any() and np.isfinite(view.row("exponentials", q)).all())

        def far(q: int) -> bool:
            return live(q) and bool((view.row("exponentials", q)[view.seen(q)] == 0).any())

        start = "powers of e make every score positive"
        return (
            Note("far below the best a power of e is 0; the best becomes 1", far),
            Note(f"{start}; the best becomes 1", lambda q: live(q) and not far(q) and bool(view.seen(q).all())),
            Note(f"{start}, masked ones 0; the best becomes 1",
                 lambda q: live(q) and not far(q) and not view.seen(q).all()),
        )  # fmt: skip

    def summed(self) -> Note:
        def holds(q: int) -> bool:
            return abs(float(self.view.row("weights", q).sum()) - 1) < SURE

        return Note("its part of the sum: all weights of a row add up to 1", holds)

    def picked(self) -> tuple[Note, ...]:
        view = self.view

        def ties(q: int) -> bool:
            scores = view.row(view.chain[-1], q)
            return int(np.count_nonzero(scores == scores.max())) > 1

        return (
            Note("the largest score takes all", lambda q: bool(view.seen(q).any()) and not ties(q)),
            Note("of the largest scores the first takes all", lambda q: bool(view.seen(q).any()) and ties(q)),
        )

    def mixed(self) -> tuple[Note, ...]:
        view = self.view
        how = "every value, in proportion to its weight"
        how = how if self.config.lookup == "soft" else "the value of its best match"
        return (
            view.heaviest,
            Note(how, lambda q: bool(view.seen(q).any())),
        )  # fmt: skip

    def joined(self) -> Note:
        many = self.view.heads > 1
        return Note(("all heads side by side" if many else "the mixture") + ", through a matrix of their own" * many +
                    " through a matrix of its own" * (not many))  # fmt: skip

    # ── in few words ─────────────────────────────────────────────────────────
    def link(self, q: int, brief: bool) -> Line:
        """``sat  →  cat 0.85``, of every head where there are several; of those that are not named how many."""
        view = self.view
        if not view.seen(q).any():
            return ()
        others = (h for h in view.drawn_heads if h != view.head)
        shown = sorted((view.head, *islice(others, 2 if not brief else 1 if view.rows <= MANY else 0)))
        return view.look.links(q, shown, view.heads - len(shown), not brief or view.heads == 1)

    def nothing(self, figures: Figures, q: int) -> Line:
        """Of a row without a key there is no arithmetic, of the value of one key no sum."""
        view = self.view
        if view.seen(q).any():
            return self._taken(figures, q) if self.config.lookup == "hard" and not view.projected else ()
        return Run("no key is left: the output of "), self.view.asking.focused(q), Run(" is 0", source=Fact("no keys"))

    def _taken(self, figures: Figures, q: int) -> Line:
        """``1.00 v(cat)  →  [−0.7, 1.5, 1.4]``."""
        view, key = self.view, self.view.best[q]
        at, row = view.weight(view.head, q, key), view.drawn_queries[q]
        shown = [
            Address("output", (view.sample, view.head, row, f)) for f in range(min(view.value_features, MOST_VALUES))
        ]
        entries: list[Line] = [(Run(figures.text(one), "result", "semibold", one, late=True),) for one in shown]
        entries += [(Run("…", "result", late=True),)] * (len(shown) < view.value_features)
        return (
            Run(figures.text(at), "probability", "semibold", at), Run(" v("),
            Run(view.asked.called(key), "ink", source=Fact("word")), Run(")  →  ["),
            *phrases.join(entries, Run(", ", "result", late=True)), Run("]"),
        )  # fmt: skip
