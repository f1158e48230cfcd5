"""The words of an attention film: title, parameters, what each stage does, what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim import numbers
from layeranim.stories import phrases
from layeranim.stories.attention_arithmetic import AttentionArithmetic, count, note, quoted
from layeranim.stories.attention_formula import formula, softmax
from layeranim.stories.attention_view import AttentionView
from layeranim.stories.header import header
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

GOOD_FOR = "every position reads any other in one step: translation, language models"
TITLES = {"dot": "Dot-product attention", "scaled": "Scaled dot-product attention", "additive": "Additive attention",
          "multiplicative": "Multiplicative attention", "cosine": "Cosine attention"}  # fmt: skip


class AttentionWords:
    """Parameters, notes and the captions without arithmetic; ``says`` has those with numbers."""

    def __init__(self, view: AttentionView) -> None:
        self.view, self.config, self.says = view, view.config, AttentionArithmetic(view)

    # ── furniture ────────────────────────────────────────────────────────────
    @property
    def title(self) -> str:
        preset = self.view.telling.preset
        usual = TITLES[self.config.kind] if self.view.heads == 1 else "Multi-head attention"
        return self.view.film.title or (preset.title if preset else "") or usual

    @property
    def made(self) -> str:
        """What a row of one head ends in."""
        return "output" if self.view.mixture == "output" else "mixture"

    def parameters(self) -> Line:
        """Sizes, options that are not usual, and what was drawn at random."""
        view, c = self.view, self.config
        noun = "word" if view.words else "query"
        parts = [count(view.queries, noun, "queries" if noun == "query" else "words")]
        parts += [count(view.keys, "key", "keys")] if not view.alike else []
        parts += [f"{view.heads} heads"] if view.heads > 1 else []
        parts += [f"{c.key_heads} key heads"] if view.heads > 1 and c.key_heads != view.heads else []
        parts += [c.kind] if view.heads > 1 and c.kind != "scaled" else []
        parts.append(f"d = {view.features}")
        parts += ["causal"] if c.causal else []
        parts += [f"window {c.window}"] if c.window is not None else []
        parts += [c.positional] if c.positional != "none" else []
        parts += [f"capped at {c.softcap:g}"] if c.softcap is not None else []
        parts += ["hard"] if c.lookup == "hard" else []
        drawn = [f"sequence {view.b + 1} of {view.batch}"] if view.batch > 1 else []
        seeded = [name for name in view.telling.seeded if name not in ("mask", "key_mask")]
        weights = all(name.startswith(("weight", "bias")) for name in seeded)
        seed = f"random {'weights' if weights else 'values'}, seed {view.telling.seed}" if seeded else ""
        return header(parts, drawn, seed)

    def opening(self) -> Line:
        one, others = ("word", "every word") if self.view.words else ("query", "every key")
        return (
            Run(f"each {one} looks at {others} and takes in a "),
            Run("mixture", "result", "semibold"),
            Run(" of their "),
            Run("values", "ink", "semibold"),
        )

    def whole_formula(self) -> Line:
        """The layer in one line."""
        return (
            Run(self.made, "result", "semibold"),
            Run(" = "),
            Run(f"{softmax(self.view)}(", "probability"),
            *formula(self.view),
            Run(")", "probability"),
            Run(" V", "ink"),
        )

    # ── stages ────────────────────────────────────────────────────────────────
    def note(self, stage: str, u: int) -> Line:
        """What a stage does, in plain words."""
        view = self.view
        row, col = quoted(self.says.row(u)), quoted(self.says.col(view.strongest(u)))
        if stage == "project":
            return note(self.strange()) if self.view.strangers else self.says.matrices()
        if stage == "score":
            query = (*note("query of "), row) if view.words else (row,)
            key = (*note("key of " if view.key_words else "key "), col)
            if self.config.kind == "additive":
                return (*note("a small network compares "), *query, *note(" with "), *key)
            return (*query, *note(" times "), *key, *note(": feature by feature, added up"))
        if stage == "scale":
            cosine = "divided by both lengths: only the direction counts"
            return note(cosine if self.config.kind == "cosine" else "scores nearer to 0 make a softer choice")
        if stage == "cap":
            return note("no score grows beyond the cap")
        if stage == "mask":
            return note(
                "added before the softmax" if view.seen(u).all() else f"dashed cells are masked: {self.hidden(u)}"
            )
        if stage == "exp":
            return note("every score becomes positive, the largest becomes 1")
        if stage == "divide":
            return self.says.row_sum(u)
        if stage == "pick":
            return note("the largest score takes all")
        if stage == "mix" and not view.seen(u).any():
            return note("every key is masked: there is nothing to take in")
        if stage == "mix":
            return (*note(f"each value, a row v of V, counts as much as its weight: the {self.made} of "), row)
        return self.says.row_sum(u)

    def hidden(self, u: int) -> str:
        """Why a query does not see some keys: no query does, they come later, or its own mask says so."""
        view, i = self.view, self.view.at(u)[1]
        padded, unseen = view.padding(u), ~view.seen(u)
        later = np.arange(len(unseen)) > i
        if not (unseen & ~padded).any():
            return "they are padding, all other keys are kept"
        if not self.config.causal or (unseen & ~padded & ~later).any():
            return "these keys do not take part"
        return "padding, and later words" if (unseen & ~later).any() else "a later word must not be seen"

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

    def others(self) -> Line:
        """Heads that are joined without having been shown."""
        first, last = self.view.shown_heads + 1, self.view.heads
        if first > last:
            return ()
        which = f"head {last} came" if first == last else f"heads {first}–{last} came"
        return note(f"{which} about in the same way")

    def closing(self) -> Line:
        view = self.view
        pairs = f"{count(view.queries, 'query', 'queries')}, {count(view.keys, 'key and value', 'keys and values')}"
        heads = f"{view.heads} heads,  " if view.heads > 1 else ""
        shape = view.trace.tensor("output").shape
        shape = shape[1:] if view.config.output_projection else shape[2:] if view.heads == 1 else shape[1:]
        return (
            Run(f"{heads}{pairs}  →  ", source=Fact("counts")),
            Run(f"{numbers.shape_text(shape)} output", "result", "semibold", Fact("output shape")),
        )

    def takeaway(self) -> Line:
        return note(self.view.telling.takeaway or GOOD_FOR)

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        words = f" over the words {' '.join(view.words[: view.rows])}" if view.words else ""
        given = f"{view.queries} queries and {view.keys} keys of {view.features} features"
        row = f"Row {beat.units[0] + 1} of {view.units}, {plain(beat.place)}"
        strange = f" {self.strange()}." if view.strangers else ""
        return f"{title}{words}: {given}. {row}: {plain(beat.caption)}.{strange}"
