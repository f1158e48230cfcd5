"""What each stage of attention does in plain words, each sentence chosen by what the numbers of the row do."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim.stories.attention.arithmetic import AttentionArithmetic
from layeranim.stories.attention.sources import note, quoted
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.storyboard import Line


class AttentionNotes:
    """The line under the arithmetic of a stage; ``u`` is a row of one head."""

    def __init__(self, view: AttentionView) -> None:
        self.view, self.config, self.says = view, view.config, AttentionArithmetic(view)

    def note(self, stage: str, u: int) -> Line:
        """What a stage does; nothing where its numbers are none."""
        plain: dict[str, Callable[[int], str]] = {
            "turn": self._turn,
            "scale": self._scale,
            "cap": lambda _: "no score grows beyond the cap",
            "mask": self._mask,
            "exp": self._powers,
            "pick": self._pick,
        }
        if stage in plain:
            return note(text) if (text := plain[stage](u)) else ()
        runs: dict[str, Callable[[int], Line]] = {
            "position": self._position,
            "project": self._project,
            "score": self._score,
            "divide": self.says.row_sum,
            "mix": self._mix,
        }
        return runs[stage](u)

    def needed(self, stage: str) -> bool:
        """Whether a film without the note would mislead."""
        return stage == "project" and bool(self.view.strangers)

    def _position(self, u: int) -> Line:
        learned = self.config.positional == "learned"
        return note("each place has numbers of its own" + (", learned" if learned else ": sines and cosines"))

    def _turn(self, u: int) -> str:
        still = not np.any(self.view.angles(u))
        return "R turns each pair of features by its place" + (": the first place stays as it is" if still else "")

    def _project(self, u: int) -> Line:
        if self.view.strangers:
            return note(self.view.strange)
        return self.says.sources.matrices()

    def _score(self, u: int) -> Line:
        view = self.view
        row, col = quoted(self.says.row(u)), quoted(self.says.col(view.strongest(u)))
        query = (*note("query of "), row) if view.words else (row,)
        key = (*note("key of " if view.key_words else "key "), col)
        if self.config.kind == "additive":
            return (*note("a small network compares "), *query, *note(" with "), *key)
        weighted = " (times W)" if self.config.kind == "multiplicative" else ""
        return (*query, *note(" times "), *key, *note(f"{weighted}: feature by feature, added up"))

    def _scale(self, u: int) -> str:
        if self.config.kind == "cosine":
            return "divided by both lengths: only the direction counts"
        before, after = (self._spread(tensor, u) for tensor in ("scores", "scaled"))
        if after < before:
            return "smaller scores, softer choice"
        if after > before:
            return "larger scores, sharper choice"
        return "no difference between scores: no choice to soften" if before == 0 else ""

    def _spread(self, tensor: str, u: int) -> float:
        """From the smallest score of a row to its largest."""
        with np.errstate(all="ignore"):
            return float(np.ptp(self.view.row(tensor, u)))

    def _mask(self, u: int) -> str:
        """Why a query does not see some keys: no query does, they come later, or its own mask says so."""
        view, i = self.view, self.view.at(u)[1]
        padded, unseen = view.padding(u), ~view.seen(u)
        if not unseen.any():
            return "added before the softmax"
        later = np.arange(len(unseen)) > i
        word = "word" if view.key_words else "key"
        if not (unseen & ~padded).any():
            why = "they are padding, all other keys are kept"
        elif not self.config.causal or (unseen & ~padded & ~later).any():
            why = "these keys take no part"
        else:
            why = f"padding, and later {word}s" if (unseen & ~later).any() else f"a later {word} must not be seen"
        return f"dashed cells are masked: {why}"

    def _powers(self, u: int) -> str:
        seen = self.view.seen(u)
        powers = self.view.row("exponentials", u)
        if not seen.any() or not np.isfinite(powers).all():
            return ""
        if (powers[seen] == 0).any():
            return "e^… of a score far below the best is 0; the best becomes 1"
        masked = "" if seen.all() else ", masked ones 0"
        return f"e^… makes every score positive{masked}; the best becomes 1"

    def _pick(self, u: int) -> str:
        scores = self.view.row(self.view.chain[-1], u)
        if not self.view.seen(u).any():
            return ""
        several = np.count_nonzero(scores == scores.max()) > 1
        return "of the largest scores the first takes all" if several else "the largest score takes all"

    def _mix(self, u: int) -> Line:
        if not self.view.seen(u).any():
            return note("every key is masked: there is nothing to take in")
        made = "output" if self.view.mixture == "output" else "mixture"
        how = (
            "every value, in proportion to its weight"
            if self.config.lookup == "soft"
            else "the value of its best match"
        )
        return (*note(f"the {made} of "), quoted(self.says.row(u)), *note(f": {how}"))
