"""Dropout: one input through thinned networks side by side, their mean, and the whole network at test time."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim.numbers import TIMES, shape_text
from layeranim.stories import phrases
from layeranim.stories.claims import first_true
from layeranim.stories.regularisation import dropout_words as words
from layeranim.stories.regularisation.dropout_masks import Masks
from layeranim.stories.stage import All, Each, Note, Play, Row, Sheet, Thinned, Tries, Units, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

SLOTS, COLOURED = 5, 3
"""Draws that stand beside each other: in numbers, in colours."""
COMPARED = ("input", "kept", "output", "mean", "inference")


def film(telling: Telling) -> Play:
    """Dropout's film: draw by draw, then what all of them come to."""
    masks, trace = Masks(telling), telling.trace
    unit = masks.followed()
    acts: tuple[tuple[str | tuple[str, ...], Note], ...] = (
        ("kept", words.thrown(masks)),
        ("output", words.grown(masks, unit)),
    )
    if masks.mode == "weight-scaling":  # what is kept stays as it is
        acts = ((("output", "kept"), words.thrown(masks)),)
    return Play(
        units=Units(("draws",), ("draw", "draws"), ("batch",) if masks.single else ()),
        stage=Tries(*_arrangements(masks)),
        acts=(
            Each(acts, says=lambda draw, terse: words.drawn(masks, draw, terse)),
            *((All(("mean",), words.expected(masks)),) if masks.draws > 1 else ()),
            words.tested(masks),
        ),
        opening=words.opening(masks),
        opening_note=words.sizes(masks),
        closing=words.closing(masks),
        good_for=first_true(words.TAKEAWAYS, masks),
        options=words.options(masks),
        alike=(COMPARED,),
        follow=masks.shown[-1],
        at=dict(zip(trace.axes("input"), masks.at(unit), strict=True)),
        templates=words.templates(masks),
        displayed={"output": words.rounded(masks)} if masks.mode == "alpha" else {},
    )


# ── the stage ────────────────────────────────────────────────────────────────
def _arrangements(masks: Masks) -> list[Node]:
    """The draws side by side, as many as have room, between the input and what they come to."""
    shape = str(masks.total) if masks.total == masks.shape[-1] else shape_text(masks.told)
    given = Sheet("input", _headed("x", f"  {shape}"), masks.units)
    mean, test = Sheet("mean", _headed("mean"), masks.units), Sheet("inference", _headed("test"), masks.units)
    ends: list[Node] = [mean] if masks.draws > 1 else []
    rows = list(_slots(masks))
    if masks.network:
        nets = {id(sheet): Thinned(sheet) for row in rows for sheet in row}
        whole = Thinned(test)
        several = [Row(given, "→", *(nets[id(sheet)] for sheet in row), *ends, whole) for row in rows]
        return [*several, several[max(0, len(rows) - COLOURED)]]
    if masks.draws > 1:
        several = [Row(given, "→", *row, *ends, test) for row in rows]
        return [*several, several[max(0, len(rows) - COLOURED)]]
    head = (*phrases.name("mask", "weights"), Run("  1 keeps", source=Fact("mask")))
    mask = Sheet("mask", head, masks.units, range(1), dashed=True)
    return [Row(given, TIMES, mask, "→", rows[0][0], test)]


def _slots(masks: Masks) -> Iterator[list[Sheet]]:
    """Sheets for all draws, from as many as may stand beside each other down to one; the last holds all that are left.

    Equal ones are the same, so that a part stands once whatever arrangement is taken.
    """
    made: dict[range, Sheet] = {}
    for count in range(min(masks.draws, SLOTS), 0, -1):
        spans = [*(range(d, d + 1) for d in range(count - 1)), range(count - 1, masks.draws)]
        for span in spans:
            more = f"–{span.stop}" if len(span) > 1 else ""
            name = f"draw {span.start + 1}" if not more else f"draws {span.start + 1}{more}"
            head: Line = (Run(name if masks.draws > 1 else "y", "ink", "semibold", Fact("draw")),)
            made.setdefault(span, Sheet("output", head, masks.units, span, "kept", masks.mode != "alpha"))
        yield [made[span] for span in spans]


def _headed(name: str, sizes: str = "") -> Line:
    return *phrases.name(name), *((Run(sizes, source=Fact("shape")),) if sizes else ())


DropoutStory = story("Dropout", film, words.GOOD_FOR, takes=6)
