"""The arithmetic and the words of an attention film, stage by stage, with their addresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import sqrt, tanh

import numpy as np

from layeranim import numbers, theme
from layeranim.stories import phrases
from layeranim.stories.attention_plan import formula, shorten, softmax
from layeranim.stories.attention_view import AttentionView
from layeranim.stories.phrases import Addend, Term
from layeranim.stories.storyboard import Address, Beat, Fact, Line, Run, plain

GOOD_FOR = "every position reads any other in one step: translation, language models"
TITLES = {"dot": "Dot-product attention", "scaled": "Scaled dot-product attention", "additive": "Additive attention",
          "multiplicative": "Multiplicative attention", "cosine": "Cosine attention"}  # fmt: skip
MOST_VALUES = 4  # entries of a vector that a caption spells out
NAME_ROOM = 130


class AttentionWords:
    """Captions, notes and parameters of one film."""

    def __init__(self, view: AttentionView) -> None:
        self.view, self.config = view, view.config

    # ── furniture ────────────────────────────────────────────────────────────
    @property
    def title(self) -> str:
        preset = self.view.telling.preset
        usual = TITLES[self.config.kind] if self.view.heads == 1 else "Multi-head attention"
        return self.view.film.title or (preset.title if preset else "") or usual

    def parameters(self) -> Line:
        """Sizes, options that are not usual, and what was drawn at random."""
        view, c = self.view, self.config
        noun = "word" if view.words else "query"
        parts = [_count(view.queries, noun, "queries" if noun == "query" else "words")]
        parts += [_count(view.keys, "key", "keys")] if not view.alike else []
        parts += [f"{view.heads} heads"] if view.heads > 1 else []
        parts += [f"{c.key_heads} key heads"] if view.heads > 1 and c.key_heads != view.heads else []
        parts += [c.kind] if view.heads > 1 and c.kind != "scaled" else []
        parts.append(f"d = {view.features}")
        parts += ["causal"] if c.causal else []
        parts += [c.positional] if c.positional != "none" else []
        parts += [f"capped at {c.softcap:g}"] if c.softcap is not None else []
        parts += ["hard"] if c.lookup == "hard" else []
        parts += [f"sequence 1 of {view.batch}"] if view.batch > 1 else []
        seeded = [name for name in view.telling.seeded if name not in ("mask", "key_mask")]
        if seeded:
            weights = all(name.startswith(("weight", "bias")) for name in seeded)
            parts.append(f"random {'weights' if weights else 'values'}, seed {view.telling.seed}")
        while len(parts) > 2 and phrases.width((Run(",  ".join(parts)),), theme.PARAMETERS) > 700:
            parts.pop(-2)
        return (Run(",  ".join(parts), source=Fact("options")),)

    def opening(self) -> Line:
        what = "word" if self.view.words else "query"
        return (
            Run(f"how much does each {what} look at each "),
            Run("key" if what == "query" else "word", "ink"),
            Run("?  it takes in a mixture of their "),
            Run("values", "ink", "semibold"),
        )

    def whole_formula(self) -> Line:
        """The layer in one line."""
        return (
            Run("output", "result", "semibold"),
            Run(" = "),
            Run(f"{softmax(self.view)}(", "probability"),
            *formula(self.view),
            Run(")", "probability"),
            Run(" V", "ink"),
        )

    # ── stages ───────────────────────────────────────────────────────────────
    def caption(self, stage: str, u: int) -> Line:
        """The arithmetic of a stage with its numbers."""
        makers: dict[str, Callable[[int], Line]] = {
            "project": self.project,
            "score": self.score,
            "scale": self.scale,
            "cap": self.cap,
            "mask": self.mask,
            "exp": self.exponentials,
            "divide": self.divide,
            "pick": self.pick,
            "mix": self.mix,
            "step": self.mix,
        }
        return makers[stage](u)

    def note(self, stage: str, u: int) -> Line:
        """What a stage does, in plain words."""
        view = self.view
        row, col = self.row(u), self.col(view.strongest(u))
        if stage == "project":
            return _note(self.strange() or "three learned matrices make a query, a key and a value of every word")
        if stage == "score":
            start = "each feature of the query against the key's" if self.config.kind != "additive" else "a small network compares them"
            return (*_note(f"{start}:  score of "), row, *_note(" for "), col)
        if stage == "scale":
            return _note("divided by both lengths: only the direction counts" if self.config.kind == "cosine"
                         else "smaller scores make a softer choice")  # fmt: skip
        if stage == "cap":
            return _note("no score grows beyond the cap")
        if stage == "mask":
            return _note("dashed cells are masked: a later word must not be seen" if self.config.causal
                         else "dashed cells are masked: these keys do not take part")  # fmt: skip
        if stage == "exp":
            return _note("every score becomes positive, differences become factors")
        if stage == "divide":
            return self.row_sum(u)
        if stage == "pick":
            return _note("the largest score takes all")
        if stage == "mix":
            return (*_note("every value counts as much as its weight: the new "), row)
        return self.row_sum(u)

    def project(self, u: int) -> Line:
        name = self.row(u)
        parts = [
            (Run(symbol, "ink", "semibold"), Run(" = "), Run(matrix, "weights", markup=True), Run(" x(", "ink"), name, Run(")", "ink"))
            for symbol, matrix in (("q", "W_{Q}"), ("k", "W_{K}"), ("v", "W_{V}"))
        ]  # fmt: skip
        return phrases.join(parts, Run(",   "))

    def score(self, u: int) -> Line:
        """q · k term by term; additive: w · tanh(…)."""
        view, j = self.view, self.view.strongest(u)
        total = numbers.text(view.row("scores", u)[j], view.style("scores"))
        source = view.address("scores", u, j)
        terms = self._additive(u, j) if self.config.kind == "additive" else self._products(u, j)
        return phrases.sum_of(terms, [], total, source)

    def _products(self, u: int, j: int) -> list[Term]:
        view = self.view
        head, i = view.at(u)
        q, k = view.row(view.query, u), view.trace.tensor(view.key).array[0, head, j]
        texts = [numbers.texts(x, view.style(name)) for x, name in ((q, view.query), (k, view.key))]
        with np.errstate(all="ignore"):
            zero = np.asarray(q * k) == 0
        return [
            Term(str(a), str(b), bool(zero[f]), Address(view.query, (0, head, i, f)), Address(view.key, (0, head, j, f)),
                 "focus", "ink")
            for f, (a, b) in enumerate(zip(*texts, strict=True))
        ]  # fmt: skip

    def _additive(self, u: int, j: int) -> list[Term]:
        view = self.view
        hidden, weight = view.row("alignment", u)[j], view.trace["weight_score"]
        a, w = (numbers.texts(x, view.style(n)) for x, n in ((weight, "weight_score"), (hidden, "alignment")))
        zero = np.asarray(hidden * weight) == 0
        return [
            Term(str(a[f]), str(w[f]), bool(zero[f]), Address("weight_score", (f,)), view.address("alignment", u, j, f),
                 "weights", "ink")
            for f in range(len(weight))
        ]  # fmt: skip

    def scale(self, u: int) -> Line:
        """score / √d; cosine: score / (|q| · |k|)."""
        view, j = self.view, self.view.strongest(u)
        given = numbers.text(view.row("scores", u)[j], view.style("scores"))
        made = numbers.text(view.row("scaled", u)[j], view.style("scaled"))
        exact = _float(given)
        left = Run(given, "ink", source=view.address("scores", u, j))
        if self.config.kind == "cosine":
            head, i = view.at(u)
            a, b = (numbers.text(view.trace[n][0, head, at], view.style(n)) for n, at in (("query_norm", i), ("key_norm", j)))
            reached = _quotient(exact, _float(a) * _float(b))
            middle: Line = (
                Run(" / ("),
                Run(a, "focus", source=Address("query_norm", (0, head, i))),
                Run(numbers.DOT),
                Run(b, "ink", source=Address("key_norm", (0, head, j))),
                Run(")"),
            )
        elif self.config.scale is not None:
            text = numbers.text(self.config.scale, numbers.style(self.config.scale))
            reached, middle = exact * _float(text), (Run(numbers.DOT), Run(numbers.factor(text), source=Fact("scale")))
        else:
            d = int(self.config.features or 1)
            reached, middle = exact / sqrt(d), (Run(" / "), Run(f"√{d}", source=Fact("features")))
        return (left, *middle, *self._ends(reached, made, view.address("scaled", u, j)))

    def cap(self, u: int) -> Line:
        view, j = self.view, self.view.strongest(u)
        before = view.chain[view.chain.index("capped") - 1]
        given = numbers.text(view.row(before, u)[j], view.style(before))
        made = numbers.text(view.row("capped", u)[j], view.style("capped"))
        limit = float(self.config.softcap or 1)
        text = f"{limit:g}"
        return (
            Run(text, source=Fact("softcap")),
            Run(f"{numbers.DOT}tanh("),
            Run(given, "ink", source=view.address(before, u, j)),
            Run(f" / {text})", source=Fact("softcap")),
            *self._ends(limit * tanh(_float(given) / limit), made, view.address("capped", u, j)),
        )

    def mask(self, u: int) -> Line:
        hidden = int((~self.view.seen(u)).sum())
        if not hidden:
            return (Run("the mask's numbers are added to the scores"),)
        return (
            Run(_count(hidden, "key", "keys"), "ink", "semibold", Fact("masked keys")),
            Run(" masked:  score "),
            Run(f"{numbers.MINUS}∞", "ink"),
            Run("  →  weight "),
            Run("0", "probability", "semibold", Fact("masked weight"), late=True),
        )

    def exponentials(self, u: int) -> Line:
        """The powers of a row and their sum."""
        view = self.view
        values, seen = view.row("exponentials", u), view.seen(u)
        texts = numbers.texts(values, view.style("exponentials"))
        parts = [Addend(str(texts[j]), "ink", view.address("exponentials", u, j)) for j in np.flatnonzero(seen)]
        total = numbers.text(view.trace["exponential_sum"][(0, *view.at(u))], view.style("exponential_sum"))
        relation = numbers.relation([(part.text,) for part in parts], total)
        lead = (Run("Σ e^{score − largest}", markup=True), Run(" = "))
        end = (phrases.relation_run(relation), phrases.result(total, Address("exponential_sum", (0, *view.at(u)))))
        for most in range(min(phrases.MOST_TERMS, len(parts)), 0, -1):
            shown = [part.runs() for part in parts[:most]] + ([(Run("…"),)] if most < len(parts) else [])
            line = (*lead, *phrases.join(shown), *end)
            if phrases.fits(line, 28):
                return line
        return (*lead[:1], *end)

    def divide(self, u: int) -> Line:
        """One power divided by the sum of all."""
        view, j = self.view, self.view.strongest(u)
        top = numbers.text(view.row("exponentials", u)[j], view.style("exponentials"))
        total = numbers.text(view.trace["exponential_sum"][(0, *view.at(u))], view.style("exponential_sum"))
        made = numbers.text(view.row("weights", u)[j], view.style("weights"))
        return (
            Run("weight of ", "muted"),
            self.col(j),
            Run(":   "),
            Run(top, "ink", source=view.address("exponentials", u, j)),
            Run(" / "),
            Run(total, "ink", source=Address("exponential_sum", (0, *view.at(u)))),
            *self._ends(_quotient(_float(top), _float(total)), made, view.address("weights", u, j), "probability"),
        )

    def pick(self, u: int) -> Line:
        j = self.view.strongest(u)
        made = numbers.text(self.view.row("weights", u)[j], self.view.style("weights"))
        return (
            Run("the best key is "),
            self.col(j),
            Run(":  weight ", late=True),
            Run(made, "probability", "semibold", self.view.address("weights", u, j), late=True),
        )

    def mix(self, u: int) -> Line:
        """``0.89 v(cat) + 0.07 v(sat) + … → [0.12, 0.78, −0.05]``: the largest weights, in reading order."""
        view = self.view
        texts = numbers.texts(view.row("weights", u), view.style("weights"))
        keys = [j for j in view.largest(u, phrases.MOST_TERMS) if view.seen(u)[j]]
        live = int(view.seen(u).sum())
        if not live:
            return (Run("no key is left: the output of "), self.row(u), Run(" is 0", source=Fact("no keys")))
        for most in range(len(keys), 0, -1):
            shown = sorted(keys[:most])
            parts = [self._share(str(texts[j]), u, j) for j in shown] + ([(Run("…"),)] if most < live else [])
            for entries in (MOST_VALUES, 2, 1):
                line = (*phrases.join(parts), Run("  →  ", late=True), *self.vector(u, entries))
                if phrases.fits(line, 28 if most > 1 else theme.CAPTION_FLOOR):
                    return line
        return self.vector(u, 1)

    def _share(self, text: str, u: int, j: int) -> Line:
        return (
            Run(text, "probability", "semibold", self.view.address("weights", u, j)),
            Run(" v(", "ink"),
            self.col(j),
            Run(")", "ink"),
        )

    def vector(self, u: int, most: int) -> Line:
        """A row of the output, spelled out as far as there is room."""
        view = self.view
        texts = numbers.texts(view.row(view.mixture, u), view.style(view.mixture))
        entries = [
            (Run(str(text), "result", "semibold", view.address(view.mixture, u, f), late=True),)
            for f, text in enumerate(texts[:most])
        ]
        entries += [(Run("…", "result", late=True),)] if most < len(texts) else []
        comma = Run(", ", "result", "semibold", late=True)
        return (
            Run("[", "result", "semibold", late=True),
            *phrases.join(entries, comma),
            Run("]", "result", "semibold", late=True),
        )

    def row_sum(self, u: int) -> Line:
        """The traced sum of a row's weights, ``≈`` where the displayed digits miss it."""
        view = self.view
        texts = numbers.texts(view.row("weights", u), view.style("weights"))
        total = numbers.text(view.trace.tensor("row_sum").array[(0, *view.at(u))], view.style("weights"))
        relation = numbers.relation([(str(text),) for text in texts], total)
        return (
            *_note("the weights of "),
            self.row(u),
            *_note(f" add up:  Σ {relation} "),
            Run(total, "probability", "semibold", Address("row_sum", (0, *view.at(u)))),
        )

    def _ends(self, reached: Fraction | float, made: str, source: Address, role: str = "result") -> Line:
        return phrases.relation_run(numbers.agrees(reached, made)), phrases.result(made, source, role)

    # ── names ────────────────────────────────────────────────────────────────
    def row(self, u: int) -> Run:
        """The query of a unit by its name, in focus."""
        run = self.view.row_name(self.view.at(u)[1])
        return _styled(run if self.view.words else _prefixed(run, "query "), "focus")

    def col(self, j: int) -> Run:
        """A key by its name."""
        return _styled(self.view.col_name(j), "ink")

    def place(self, u: int) -> Line:
        head, i = self.view.at(u)
        run = self.view.row_name(i)
        text = run.text if self.view.words else f"query {run.text}"
        text = f"head {head + 1} of {self.view.heads}:  {text}" if self.view.heads > 1 else text
        return (Run(text, weight="regular", source=Fact("place")),)

    # ── the rest ─────────────────────────────────────────────────────────────
    def strange(self) -> str:
        """Which words the bundled vocabulary lacks."""
        found = self.view.strangers
        if not found:
            return ""
        listed = ", ".join(found[:3]) + (f" and {len(found) - 3} more" if found[3:] else "")
        verb = "is" if len(found) == 1 else "are"
        return f"{listed} {verb} not in the vocabulary: drawn at random, seed {self.view.telling.seed}"

    def shortened(self) -> str:
        """What is not drawn."""
        view, parts = self.view, []
        for shown, all_, noun in (
            (view.shown_heads, view.heads, "heads"),
            (view.rows, view.queries, "queries"),
            (view.cols, view.keys, "keys"),
            (view.limit(view.query, 1), view.features, "features"),
        ):
            if shown < all_:
                parts.append(f"{shown} of {all_} {noun}")
        return f"drawn: {', '.join(parts)}" if parts else ""

    def sweep(self, units: Sequence[int]) -> Line:
        rows = self.view.rows
        first, last = units[0], units[-1]
        where = phrases.ordinal_range(first % rows, last % rows, "row", "rows")
        where = f"head {first // rows + 1}, {where}" if self.view.heads > 1 else where
        return (
            Run(f"{where}:  ", source=Fact("rows")),
            Run("scores", "ink", "semibold"),
            Run("  →  "),
            Run("weights", "probability", "semibold"),
            Run("  →  "),
            Run("mixture of values", "result", "semibold"),
        )

    def head(self, u: int) -> Line:
        head = self.view.at(u)[0]
        return (
            Run(f"head {head + 1} of {self.view.heads}", "focus", "semibold", Fact("head")),
            Run(" has its own "),
            Run("queries, keys and values", "ink"),
        )

    def join(self) -> Line:
        """Heads side by side, and the matrix after them."""
        view = self.view
        width = view.heads * view.value_features
        joined = numbers.shape_text((view.queries, width))
        start = f"{view.heads} heads side by side: {joined}" if view.heads > 1 else f"mixture {joined}"
        if "weight_output" not in view.trace:
            return (Run(start, source=Fact("joined shape")),)
        out = numbers.shape_text(view.trace.tensor("output").shape[1:])
        return (
            Run(f"{start},  times ", source=Fact("joined shape")),
            Run("W_{O}", "weights", markup=True),
            Run("  →  "),
            Run(f"{out} output", "result", "semibold", Fact("output shape")),
        )

    def closing(self) -> Line:
        view = self.view
        pairs = f"{_count(view.queries, 'query', 'queries')} × {_count(view.keys, 'key', 'keys')}"
        heads = f"{view.heads} heads,  " if view.heads > 1 else ""
        shape = view.trace.tensor("output").shape
        shape = shape[1:] if view.config.output_projection else shape[2:] if view.heads == 1 else shape[1:]
        return (
            Run(f"{heads}{pairs}  →  ", source=Fact("counts")),
            Run(f"{numbers.shape_text(shape)} output", "result", "semibold", Fact("output shape")),
        )

    def takeaway(self) -> Line:
        preset = self.view.telling.preset
        own = self.config.tokens is None or preset is None or preset.arrays["embeddings"].usual != self.config.tokens
        return _note(preset.takeaway if preset and preset.takeaway and not own else GOOD_FOR)

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        words = f" over the words {' '.join(view.words[: view.rows])}" if view.words else ""
        given = f"{view.queries} queries and {view.keys} keys of {view.features} features"
        return f"{title}{words}: {given}. Row {beat.units[0] + 1} of {view.units}, {plain(beat.place)}: {plain(beat.caption)}."


def _note(text: str) -> Line:
    return (Run(text, weight="regular", source=Fact("note")),)


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


def _styled(run: Run, role: str) -> Run:
    short = shorten(run, NAME_ROOM, theme.CAPTION) or run
    return Run(short.text, role, source=run.source)


def _prefixed(run: Run, prefix: str) -> Run:
    return Run(prefix + run.text, source=run.source)


def _float(text: str) -> float:
    return float(numbers.exact(text))


def _quotient(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))



