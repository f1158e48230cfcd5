"""The words of an attention film: title, parameters, what each stage does, what it comes to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim import numbers
from layeranim.stories import phrases
from layeranim.stories.attention.arithmetic import AttentionArithmetic
from layeranim.stories.attention.formula import output_formula
from layeranim.stories.attention.sources import count, note
from layeranim.stories.attention.view import AttentionView
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
        preset = self.view.telling.untouched
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
        parts += [c.kind] if c.kind != "scaled" and (view.heads > 1 or view.film.title) else []
        parts.append(f"d = {view.features}")
        parts += [f"values of {view.value_features}"] if view.value_features != view.features else []
        parts += [f"scale {c.scale:g}"] if c.scale is not None else []
        parts += ["causal"] if c.causal else []
        parts += [f"window {c.window}"] if c.window is not None else []
        parts += [c.positional] if c.positional != "none" else []
        parts += ["halves turned together"] if c.positional == "rotary" and c.pairs == "halves" else []
        parts += [f"base {c.base:g}"] if c.positional in ("rotary", "sinusoidal") and c.base != 10000 else []
        parts += ["biases"] if c.bias else []
        parts += [f"capped at {c.softcap:g}"] if c.softcap is not None else []
        parts += ["hard"] if c.lookup == "hard" else []
        drawn = [f"sequence {view.b + 1} of {view.batch}"] if view.batch > 1 else []
        seeded = [name for name in view.telling.seeded if name not in ("mask", "key_mask")]
        weights = all(name.startswith(("weight", "bias")) for name in seeded)
        seed = f"random {'weights' if weights else 'values'}, seed {view.telling.seed}" if seeded else ""
        return header(parts, drawn, seed)

    def opening(self) -> Line:
        """What happens to every query, by what it sees and takes."""
        start = Run(f"each {self.noun} looks at {self.reach} and takes ")
        if self.config.lookup == "hard":
            return (start, Run("the "), Run("value", "ink", "semibold"), Run(" of its best match"))
        if self.view.keys == 1:
            return (start, Run("in its "), Run("value", "ink", "semibold"))
        return (start, Run("in a "), Run("mixture", "result", "semibold"), Run(" of their "),
                Run("values", "ink", "semibold"))  # fmt: skip

    @property
    def noun(self) -> str:
        return "word" if self.view.words else "query"

    @property
    def reach(self) -> str:
        """Which keys the queries of this film see."""
        view = self.view
        other = "word" if view.words and view.alike else "key"
        if view.reach.all():
            return f"every {other}" if view.keys > 1 else f"the only {other}"
        return f"itself and every {other} before" if self.backwards else f"the {other}s that it may see"

    @property
    def backwards(self) -> bool:
        """Whether every query sees its own place and all places before it, and no other."""
        seen = self.view.reach
        before = np.tri(self.view.queries, self.view.keys, dtype=bool)
        return self.view.alike and bool(np.array_equal(seen, np.broadcast_to(before, seen.shape)))

    def opening_note(self) -> Line:
        """What is not drawn, or the layer in one line."""
        left_out = self.shortened()
        return (Run(left_out, weight="regular", source=Fact("drawn")),) if left_out else self.whole_formula()

    def whole_formula(self) -> Line:
        """The layer in one line."""
        return output_formula(self.view, self.made)

    # ── stages ────────────────────────────────────────────────────────────────
    def place(self, u: int) -> Line:
        head, i = self.view.at(u)
        run = self.view.row_name(i)
        text = run.text if self.view.words else f"query {run.text}"
        text = f"head {head + 1} of {self.view.heads}:  {text}" if self.view.heads > 1 else text
        return (Run(text, weight="regular", source=Fact("place")),)

    # ── the rest ─────────────────────────────────────────────────────────────
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

    def swept(self, units: Sequence[int]) -> Line:
        """``head 2, rows 3–9``: which rows a sweep runs over."""
        rows = self.view.rows
        first, last = units[0], units[-1]
        where = phrases.ordinal_range(first % rows, last % rows, "row", "rows")
        where = f"head {first // rows + 1}, {where}" if self.view.heads > 1 else where
        return (Run(where, source=Fact("rows")),)

    def passing(self) -> Line:
        """What happens to rows that are swept over."""
        made = "mixture of values" if self.config.lookup == "soft" else "value of the best match"
        return (
            Run(":  "),
            Run("scores", "ink", "semibold"),
            Run("  →  "),
            Run("weights", "probability", "semibold"),
            Run("  →  "),
            Run(made, "result", "semibold"),
        )

    def head(self, u: int) -> Line:
        """``head 2 of 4``."""
        return (Run(f"head {self.view.at(u)[0] + 1} of {self.view.heads}", "focus", "semibold", Fact("head")),)

    def shared(self, u: int) -> Line:
        """What a head has of its own, and which head's keys and values it reads."""
        head, group = self.view.at(u)[0], self.view.group
        owner = next(h for h in range(head + 1) if group(h) == group(head))
        if owner == head:
            return (Run(" has its own "), Run("queries, keys and values", "ink"))
        return (Run(" shares the "), Run("keys and values", "ink"), Run(f" of head {owner + 1}", source=Fact("head")))

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
        """``4 words in, 4 mixtures out (4×3)``."""
        view = self.view
        shape = view.trace.tensor("output").shape
        shape = shape[1:] if view.config.output_projection else shape[2:] if view.heads == 1 else shape[1:]
        one = "output" if self.made == "mixture" else "value" if self.config.lookup == "hard" else "mixture"
        given = count(view.queries, self.noun, "words" if view.words else "queries")
        given += "" if view.alike else f" and {count(view.keys, 'key', 'keys')}"
        heads = f"{view.heads} heads:  " if view.heads > 1 else ""
        return (
            Run(f"{heads}{given} in,  ", source=Fact("counts")),
            Run(f"{count(view.queries, one, f'{one}s')} out", "result", "semibold", Fact("counts")),
            Run(f"  ({numbers.shape_text(shape)})", source=Fact("output shape")),
        )

    def takeaway(self) -> str:
        """Why one would use it: the example's own sentence, or one by what the queries see."""
        own = self.view.telling.takeaway
        if own or (self.view.reach.all() and self.config.lookup == "soft"):
            return own or GOOD_FOR
        if self.config.lookup == "hard":
            return "a lookup: exact, but a choice of one cannot be learnt by gradients"
        if self.backwards:
            return "every position reads all before it in one step, as language models do"
        return "every position reads those that it may see in one step"

    def alt(self, title: str, beat: Beat) -> str:
        view = self.view
        words = f" over the words {' '.join(view.words[: view.rows])}" if view.words else ""
        given = f"{view.queries} queries and {view.keys} keys of {view.features} features"
        row = f"Row {beat.units[0] + 1} of {view.units}, {plain(beat.place)}: " if beat.kind != "join" else ""
        strange = f" {view.strange}." if view.strangers else ""
        return f"{title}{words}: {given}. {row}{plain(beat.caption)}.{strange}"
