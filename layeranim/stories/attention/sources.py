"""Where queries, keys and values come from, as captions: places that are added, projections, pairs that are turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from layeranim import numbers, theme
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.attention.plan import shorten
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.storyboard import Address, Fact, Line, Run

NAME_ROOM = 160
EASY = 28  # a caption is shortened rather than set smaller than this


class AttentionSources:
    """Captions of what happens before there are scores; ``u`` is a row of one head."""

    def __init__(self, view: AttentionView) -> None:
        self.view = view

    def position(self, u: int) -> Line:
        """``embedding of cat [0.4, …] + place 2 [0.84, …] = [1.2, …]``: what a projection reads."""
        view, name, i = self.view, row_name(self.view, u), self.view.at(u)[1]
        place, at = ("positions", (i,)) if "positions" in view.trace else ("encoding", (i,))
        parts = [("embeddings", (view.b, i)), (place, at), ("positioned", (view.b, i))]
        texts = [numbers.texts(view.trace[tensor][index], view.style(tensor)) for tensor, index in parts]
        for most in (6, 4, 3, 2, 1):
            said = [self._vector(tensor, index, view.trace[tensor][index], most) for tensor, index in parts]
            pairs = [[(str(a),), (str(b),)] for a, b, _ in zip(*(t[:most] for t in texts), strict=True)]
            agree = {numbers.relation(pair, str(made)) for pair, made in zip(pairs, texts[2][:most], strict=True)}
            place_of = (Run("  +  place "), Run(str(i + 1), source=Fact("place")), Run(" "))
            equals = Run(f" {'≈' if '≈' in agree else '='} ")
            line = (Run("embedding of "), name, Run(" "), *said[0], *place_of, *said[1], equals, *said[2])
            if phrases.fits(line, EASY):
                break
        return line

    def _vector(self, tensor: str, at: tuple[int, ...], values: Array, most: int, which: Sequence[int] = ()) -> Line:
        """``[0.4, −0.2, …]`` with its addresses: the first entries, or ``which``."""
        texts = numbers.texts(values, self.view.style(tensor))
        listed = list(which or range(min(most, len(texts))))
        entries: list[Line] = [(Run(str(texts[f]), "ink", source=Address(tensor, (*at, f))),) for f in listed]
        entries += [(Run("…"),)] if len(listed) < len(texts) and not which else []
        left, right = ("(", ")") if which else ("[", "]")
        return (Run(left, "ink"), *phrases.join(entries, Run(", ", "ink")), Run(right, "ink"))

    def turn(self, u: int) -> Line:
        """``a pair of the query of cat (0.8, −0.4) turned by 1.00 rad  →  (0.77, 0.46)``."""
        view, (head, i) = self.view, self.view.at(u)
        half = view.features // 2
        pair = (0, 1) if view.config.pairs == "adjacent" else (0, half)
        at = (view.b, head, i)
        before = self._vector("query", at, view.trace["query"][at], 2, pair)
        after = self._vector("turned_query", at, view.trace["turned_query"][at], 2, pair)
        angles = view.trace["query_angle"]
        angle = numbers.text(angles[i, 0], numbers.style(angles, kind="probability"))
        whose = (*note("query of "), row_name(view, u)) if view.words else (row_name(view, u),)
        return (
            *(*whose, Run(":  "), *before, Run(" turned by ")),
            *(Run(angle, "ink", source=Address("query_angle", (i, 0))), Run(" rad  →  "), *after),
        )

    def project(self, u: int) -> Line:
        """``x(cat) = [1.0, −0.4, 0.8]``: what the query, the key and the value of a word are made from."""
        view, name = self.view, row_name(self.view, u)
        tensor, i = str(view.tokens), view.at(u)[1]
        texts = numbers.texts(view.trace[tensor][view.b, i], view.style(tensor))
        what = "embedding and place of " if "positioned" in view.trace else "embedding of "
        end = (Run("   →   "), Run("query, key, value" if view.alike else "query", "ink", "semibold", late=True))
        for most in (6, 4, 2, 1):
            entries: list[Line] = [
                (Run(str(text), "ink", source=Address(tensor, (view.b, i, f))),) for f, text in enumerate(texts[:most])
            ]
            entries += [(Run("…"),)] if most < len(texts) else []
            vector = (Run("  [", "ink"), *phrases.join(entries, Run(", ", "ink")), Run("]", "ink"))
            line = (Run(what), name, *vector, *end)
            if phrases.fits(line, EASY):
                return line
        return (Run(what), name, *end)

    def matrices(self) -> Line:
        """``q = W_Q x + b, k = W_K x + b, v = W_V x + b``; keys and values of other words are made from ``y``."""
        trace, own = self.view.trace, "context" not in self.view.trace
        parts = []
        for symbol, matrix, part in (("q", "W_{Q}", "query"), ("k", "W_{K}", "key"), ("v", "W_{V}", "value")):
            bias = (Run(" + "), Run("b", "weights")) if f"bias_{part}" in trace else ()
            of = " x" if own or part == "query" else " y"
            parts.append((Run(symbol, "ink"), Run(" = "), Run(matrix, "weights", markup=True), Run(of, "ink"), *bias))
        which = ("for every word" if self.view.words else "for every token") + (
            "" if own else " x, and y of the context"
        )
        return (*note(f"{which}:   "), *phrases.join(parts, Run(",   ")))


def row_name(view: AttentionView, u: int) -> Run:
    """The query of a unit by its name, in focus."""
    run = view.row_name(view.at(u)[1])
    return styled(run if view.words else replace(run, text=f"query {run.text}"), "focus")


def note(text: str) -> Line:
    """Plain words under a caption."""
    return (Run(text, weight="regular", source=Fact("note")),)


def quoted(run: Run) -> Run:
    """A word within a sentence: “the”."""
    return replace(run, text=f"“{run.text}”") if run.source == Fact("token") else run


def count(number: int, one: str, many: str) -> str:
    """``1 word``, ``4 words``."""
    return f"{number} {one if number == 1 else many}"


def styled(run: Run, role: str) -> Run:
    short = (shorten(run, NAME_ROOM, theme.CAPTION) if run.source == Fact("token") else None) or run
    return Run(short.text, role, source=run.source)
