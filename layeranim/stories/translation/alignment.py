"""Alignment: for every word that it writes the decoder looks back at all that were read, at some more than others."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Array, Region
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Arcs, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling
from layeranim.stories.translation import lexicon

GOOD_FOR = "translation, speech, summaries: a long text need not fit into one state"
SURE = 0.5
"""From this share on a word is looked at more than all others together."""
_WEIGHTS = "attention.weights"


def film(telling: Telling) -> Play:
    """An alignment's film: word by word that is written."""
    trace, config = telling.trace, telling.config
    at = telling.sample
    shares, chosen = trace[_WEIGHTS][at, 0], trace["chosen"][at]
    read = tuple(config.tokens or (f"step {k + 1}" for k in range(shares.shape[1])))
    written = _written(chosen, telling.preset is not None)
    best = [int(np.argmax(np.nan_to_num(row))) for row in shares]
    table = Grid(_WEIGHTS, "weights", "target_time", "source_time", called=(written, ()))

    def said(figures: Figures, k: int) -> Line:
        """What is looked at most, and what is written."""
        place = Address(_WEIGHTS, (at, 0, k, best[k]))
        return (
            Run(figures.text(place), "probability", "semibold", place),
            Run(" on ", "ink"),
            Run(typeface.draw_safe(read[best[k]], 24), "ink", source=Fact("word")),
            Run("  →  ", late=True),
            Run(written[k], "result", "semibold", Fact("word"), late=True),
        )

    return Play(
        units=Units(("target_time",), ("word", "words"), ("batch", "heads"), written),
        stage=Tries(
            Row(Arcs(_WEIGHTS, written, read), table),
            Row(Arcs(_WEIGHTS, written, read)),
            Row(Grid(_WEIGHTS, "weights", "target_time", "source_time", called=(written, read))),
        ),
        acts=(Each((((_WEIGHTS, "chosen"), tuple(_notes(shares, best))),), instead=said),),
        opening=sentence("for each word that it writes ", "the decoder looks back at all that was read"),
        closing=_closing(shares, best),
        options=(
            f"{phrases.so_many('word', 'words', len(read))} read, {len(written)} written",
            *((config.cell.upper(),) if config.cell != "rnn" else ()),
            *((config.attention,) if config.attention != "additive" else ()),
            f"hidden {config.hidden}",
            *(("the target is given",) if config.feeding == "teacher" else ()),
            *(("no bias",) if not config.bias else ()),
        ),
        kinds={_WEIGHTS: "share"},
        tokens=(*(config.tokens or ()), *written),
        warning=lexicon.strange(telling),
        evidence=tuple(
            Region.of(_WEIGHTS, batch=at, heads=0, target_time=k, source_time=best[k])
            for k in telling.film.selected(len(best))
        ),
    )


def _written(chosen: Array, trained: bool) -> tuple[str, ...]:
    """The words that were written, or their numbers where nobody knows what they stand for."""
    if not trained:
        return tuple(f"word {int(i)}" for i in chosen)
    return tuple(lexicon.called(int(i)) for i in chosen)


def _notes(shares: Array, best: Sequence[int]) -> list[Note]:
    """What is said of a word: where it looks, if that is not simply the next one."""
    jumps = {k: best[k] - best[k - 1] - 1 for k in range(1, len(best)) if best[k] > best[k - 1] + 1}
    leaps = [_leap(u, jump) for u, jump in jumps.items()]
    goes_back = Note("the look goes back: the order of the words is another", lambda k: k > 0 and best[k] < best[k - 1])
    sure = Note("the wider an arc, the larger its share; all shares of a word add up to 1",
                lambda k: bool(abs(shares[k].sum() - 1) < 1e-3))  # fmt: skip
    return [*leaps, goes_back, sure]


def _leap(unit: int, jump: int) -> Note:
    """Over how many words the look goes on to the next one it needs."""
    return Note(f"the look leaps over {phrases.so_many('word', 'words', jump)}", lambda k: k == unit)


def _closing(shares: Array, best: Sequence[int]) -> Line:
    count = phrases.so_many("word", "words", len(best))
    clear = all(row[k] > SURE for row, k in zip(shares, best, strict=True))
    return sentence(f"{count} written: ", "each mostly from one word that was read" if clear else
                 "each from a mixture of all that was read")  # fmt: skip


AlignmentStory = story("Alignment", film, GOOD_FOR)
