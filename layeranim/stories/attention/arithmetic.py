"""The arithmetic of one row of attention as captions, stage by stage, with its addresses."""

from __future__ import annotations

from collections.abc import Callable
from math import sqrt, tanh

import numpy as np

from layeranim import displayed, numbers
from layeranim.stories import phrases
from layeranim.stories.attention.sources import EASY, AttentionSources, count, note, quoted, row_name, styled
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.phrases import NumberRow, Terms
from layeranim.stories.storyboard import Address, Fact, Line, Run

MOST_VALUES = 4  # entries of a vector that a caption spells out


class AttentionArithmetic:
    """Captions of one film's rows; ``u`` is a row of one head."""

    def __init__(self, view: AttentionView) -> None:
        self.view, self.config, self.sources = view, view.config, AttentionSources(view)

    # ── stages ───────────────────────────────────────────────────────────────
    def caption(self, stage: str, u: int) -> Line:
        """The arithmetic of a stage with its numbers."""
        makers: dict[str, Callable[[int], Line]] = {
            "position": self.sources.position,
            "project": self.sources.project,
            "turn": self.sources.turn,
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

    def short(self, stage: str, u: int) -> Line:
        """What a stage comes to, without its arithmetic; nothing where there is none."""
        names = {"score": "score", "scale": "scaled", "cap": "capped", "exp": "sum of powers", "divide": "weight"}
        if stage == "mix":
            return self.vector(u, MOST_VALUES)
        if stage not in names:
            return ()
        result = self.caption(stage, u)[-1]
        return (Run(names[stage]), phrases.equals(result.text), result)

    def link(self, u: int) -> Line:
        """``sat → cat  0.85``: the key that a row finds, and its weight."""
        if not self.view.seen(u).any():
            return self.mix(u)
        j = self.view.strongest(u)
        weight = numbers.text(self.view.row("weights", u)[j], self.view.style("weights"))
        found = Run(weight, "probability", "semibold", self.view.address("weights", u, j), late=True)
        named = self.view.words and self.view.alike
        return (self.row(u), Run(" → " if named else " → key "), self.col(j), Run("  "), found)

    def score(self, u: int) -> Line:
        """q · k term by term; additive: w · tanh(…)."""
        view, j = self.view, self.view.strongest(u)
        total = numbers.text(view.row("scores", u)[j], view.style("scores"))
        source = view.address("scores", u, j)
        terms = self._additive(u, j) if self.config.kind == "additive" else self._products(u, j)
        return phrases.sum_of([terms], [], total, source)

    def _products(self, u: int, j: int) -> Terms:
        view = self.view
        head = view.at(u)[0]
        q, k = view.row(view.query, u), view.trace.tensor(view.key).array[view.b, head, j]
        rows = (
            NumberRow(q, view.style(view.query), lambda f: view.address(view.query, u, f), "focus"),
            NumberRow(k, view.style(view.key), lambda f: Address(view.key, (view.b, head, j, f))),
        )
        with np.errstate(all="ignore"):
            return Terms(rows, np.asarray(q * k) == 0)

    def _additive(self, u: int, j: int) -> Terms:
        view = self.view
        hidden, weight = view.row("alignment", u)[j], view.trace["weight_score"]
        rows = (
            NumberRow(weight, view.style("weight_score"), lambda f: Address("weight_score", (f,)), "weights"),
            NumberRow(hidden, view.style("alignment"), lambda f: view.address("alignment", u, j, f)),
        )
        return Terms(rows, np.asarray(hidden * weight) == 0)

    def scale(self, u: int) -> Line:
        """score / √d; cosine: score / (|q| · |k|)."""
        view, j = self.view, self.view.strongest(u)
        given = numbers.text(view.row("scores", u)[j], view.style("scores"))
        made = numbers.text(view.row("scaled", u)[j], view.style("scaled"))
        exact = numbers.double(given)
        left = Run(given, "ink", source=view.address("scores", u, j))
        if self.config.kind == "cosine":
            head, i = view.at(u)
            norms = (("query_norm", i), ("key_norm", j))
            a, b = (numbers.text(view.trace[name][view.b, head, at], view.style(name)) for name, at in norms)
            reached = _quotient(exact, numbers.double(a) * numbers.double(b))
            middle: Line = (
                Run(" / ("),
                Run(a, "focus", source=Address("query_norm", (view.b, head, i))),
                Run(numbers.DOT),
                Run(b, "ink", source=Address("key_norm", (view.b, head, j))),
                Run(")"),
            )
        elif self.config.scale is not None:
            text = numbers.text(self.config.scale, numbers.style(self.config.scale))
            reached, middle = (
                exact * numbers.double(text),
                (Run(numbers.DOT), Run(numbers.factor(text), source=Fact("scale"))),
            )
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
            *self._ends(limit * tanh(numbers.double(given) / limit), made, view.address("capped", u, j)),
        )

    def mask(self, u: int) -> Line:
        hidden = int((~self.view.seen(u)).sum())
        if not hidden:
            return (Run("the mask's numbers are added to the scores"),)
        return (
            Run(count(hidden, "key", "keys"), "ink", "semibold", Fact("masked keys")),
            Run(" masked:  score "),
            Run(f"{numbers.MINUS}∞", "ink"),
            Run("  →  weight "),
            Run("0", "probability", "semibold", Fact("masked weight"), late=True),
        )

    def exponentials(self, u: int) -> Line:
        """The powers of a row and their sum."""
        view = self.view
        at = np.flatnonzero(view.seen(u))
        powers = NumberRow(view.row("exponentials", u)[at], view.style("exponentials"),
                     lambda i: view.address("exponentials", u, int(at[i])))  # fmt: skip
        total = numbers.text(view.trace["exponential_sum"][(view.b, *view.at(u))], view.style("exponential_sum"))
        relation = displayed.relation([[(powers.values, powers.style)]], [], total)
        lead = (Run("Σ e^{score − largest}", markup=True), Run(" = "))
        end = (phrases.relation_run(relation), phrases.result(total, Address("exponential_sum", (view.b, *view.at(u)))))
        parts = Terms((powers,))
        written = parts.first(phrases.MOST_TERMS)
        for most in range(len(written), 1 if len(parts) == 1 else 0, -1):
            shown = written[:most] + ([phrases.more(len(parts) - most)] * (most < len(parts)))
            line = (*lead, *phrases.join(shown), *end)
            if phrases.fits(line, EASY):
                return line
        return (*lead[:1], *end)

    def divide(self, u: int) -> Line:
        """One power divided by the sum of all."""
        view, j = self.view, self.view.strongest(u)
        top = numbers.text(view.row("exponentials", u)[j], view.style("exponentials"))
        total = numbers.text(view.trace["exponential_sum"][(view.b, *view.at(u))], view.style("exponential_sum"))
        made = numbers.text(view.row("weights", u)[j], view.style("weights"))
        return (
            Run("weight of ", "muted"),
            self.col(j),
            Run(":   "),
            Run(top, "ink", source=view.address("exponentials", u, j)),
            Run(" / "),
            Run(total, "ink", source=Address("exponential_sum", (view.b, *view.at(u)))),
            *self._ends(
                _quotient(numbers.double(top), numbers.double(total)),
                made,
                view.address("weights", u, j),
                "probability",
            ),
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
        weights = view.row("weights", u)
        mixed = view.seen(u) & (weights != 0)
        keys = [j for j in view.largest(u, phrases.MOST_TERMS) if mixed[j]]
        texts = {j: numbers.text(weights[j], view.style("weights")) for j in keys}
        keys = [j for j in keys if texts[j].strip("0.")] or keys[:1]  # what shows as 0.00 is among the others
        live = int(mixed.sum())
        if not view.seen(u).any():
            return (Run("no key is left: the output of "), quoted(self.row(u)), Run(" is 0", source=Fact("no keys")))
        for entries in (MOST_VALUES, 2, 1):
            for most in range(len(keys), 0, -1):
                parts = [self._share(texts[j], u, j) for j in sorted(keys[:most])]
                parts += [phrases.more(live - most)] if most < live else []
                line = (*phrases.join(parts), Run("  →  ", late=True), *self.vector(u, entries))
                if phrases.fits(line, EASY):
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
        style = view.style("weights")
        total = numbers.text(view.row("row_sum", u), style)
        relation = displayed.relation([[(view.row("weights", u), style)]], [], total, written=False)
        return (
            *note("the weights of "),
            quoted(self.row(u)),
            *note(f" add up:  Σ {relation} "),
            Run(total, "probability", "semibold", Address("row_sum", (view.b, *view.at(u)))),
        )

    def _ends(self, reached: float, made: str, source: Address, role: str = "result") -> Line:
        return phrases.relation_run(numbers.agrees(reached, made)), phrases.result(made, source, role)

    def row(self, u: int) -> Run:
        """The query of a unit by its name, in focus."""
        return row_name(self.view, u)

    def col(self, j: int) -> Run:
        """A key by its name."""
        return styled(self.view.col_name(j), "ink")


def _quotient(a: float, b: float) -> float:
    with np.errstate(all="ignore"):
        return float(np.float64(a) / np.float64(b))
