"""What dropout's film says: each draw's arithmetic, what makes up for the dropped units, the pass at test time."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.numbers import DOT, TIMES, shape_text
from layeranim.stories.claims import Sentence
from layeranim.stories.regularisation.dropout_masks import Masks
from layeranim.stories.stage import All, Note
from layeranim.stories.storyboard import Address, Fact, Line, Run

GOOD_FOR = "no unit can rely on another, so each must be useful alone: less overfitting"
TAKEAWAYS: tuple[Sentence[Masks], ...] = (
    Sentence("nothing dropped: the layer passes everything on", lambda m: m.rate == 0 and bool(m.kept.all())),
    Sentence("a unit alone: with it everything is dropped or kept", lambda m: m.total == 1),
    Sentence(GOOD_FOR),
)


def thrown(masks: Masks) -> Note:
    """What a mask does."""
    gone = "takes it out with all its edges" if masks.network else "leaves it out"
    gone = f"puts {masks.fact('fill')} in its place" if masks.mode == "alpha" else gone
    return Note(f"1 keeps a unit, 0 {gone}")


def grown(masks: Masks, unit: int) -> Note:
    """What makes up for it."""
    if masks.mode == "alpha":
        a, b = masks.fact("scale"), masks.fact("shift")
        return Note(f"a = {a} and b = {b} restore mean and spread of the layer", masks.rate > 0)
    x = float(masks.trace["input"][masks.at(unit)])
    return Note("kept values grow: averaged over many masks, the sum stays as it was",
                lambda draw: masks.rate > 0 and x != 0 and bool(masks.kept[draw, unit]))  # fmt: skip


def templates(masks: Masks) -> dict[str, Any]:
    """How each tensor's cells are written; a NaN that is dropped is left out, not multiplied by 0."""
    rate, scale, shift = f"{masks.rate:g}", masks.fact("scale"), numbers.factor(masks.fact("shift"))

    def kept(cell: Address) -> str:
        head = "kept:  " if masks.holds(cell) else "dropped:  "
        if masks.mode == "alpha" and not masks.holds(cell):
            return head + "{0}→"
        finite = np.isfinite(masks.trace["input"][cell.index[1:]])
        return head + (f"{{0}}{DOT}{{1f}}" if finite or masks.holds(cell) else "{0} is left out→")

    grown = f"{scale}{DOT}{{0f}} + {shift}" if masks.mode == "alpha" else f"{{0}} / (1 − {rate})"
    return {
        "kept": kept,
        "output": lambda cell: grown,
        "mean": lambda cell: "mean:  ({all: + }) / {n}",
        "inference": lambda cell: f"test time:  {{0f}}{DOT}(1 − {rate})",
    }


def rounded(masks: Masks) -> dict[str, float]:
    """The factor and the shift of alpha dropout as they are displayed."""
    return {"factor": numbers.double(masks.fact("scale")), "shift": numbers.double(masks.fact("shift"))}


def drawn(masks: Masks, draw: int, terse: bool) -> Line:
    """What a draw leaves of the network; the same is said once."""
    left = _left(masks, draw)
    again = any(left == _left(masks, before) for before in range(masks.shown.start + 1, draw))
    return (
        Run(f"draw {draw + 1}:  ", source=Fact("draw")),
        _count(masks, draw),
        *(() if again or terse else (Run(left),)),
    )


def _left(masks: Masks, draw: int) -> str:
    gone = masks.dropped(draw)
    if gone == masks.total:
        return ", a layer of constants" if masks.mode == "alpha" else ", nothing is left"
    return ", another thinned network" if gone else ", this time the whole network"


def _count(masks: Masks, draw: int) -> Run:
    gone, total = masks.dropped(draw), masks.total
    text = f"{f'all {total}' if gone == total > 1 else f'{gone} of {total}'} dropped"
    return Run(text, "weights", "semibold", Fact("dropped"))


def expected(masks: Masks) -> Note:
    """What the mean comes to over ever more draws; of alpha dropout that is another mean."""
    if not masks.rate:
        return Note("nothing is ever dropped: every draw is the output at test time", masks.mode != "alpha")
    return Note("over ever more draws the mean approaches the output at test time", masks.mode != "alpha")


def tested(masks: Masks) -> All:
    """The pass without a mask."""
    if masks.mode == "weight-scaling":
        return All(
            ("inference",),
            Note(f"no mask: every unit is used{', made smaller instead' if masks.rate else ' as it is'}"),
        )
    units = "its unit as it is" if masks.total == 1 else f"all {masks.total} units as they are"
    scaled = masks.mode == "inverted" and masks.rate > 0
    note = Note("training already scaled them up, so nothing to do here", scaled)
    return All(
        ("inference",), note, says=(Run("test time:  no mask, "), Run(units, "result", "semibold", Fact("units")))
    )


def opening(masks: Masks) -> Line:
    """What dropout does in training."""
    return (
        Run(f"in training, each {_whole(masks) or 'unit'} is "), Run("dropped", "weights", "semibold"),
        Run(f" with probability {masks.rate:g}", source=Fact("rate")),
    )  # fmt: skip


def _whole(masks: Masks) -> str:
    """What is dropped as a whole: a channel of an image, a feature of a sequence."""
    if len(masks.trace.axes("mask")) - 1 == len(masks.shape):
        return ""
    return "channel" if len(masks.shape) == 4 else "feature"


def sizes(masks: Masks) -> str:
    """How the units stand, or what there is to learn."""
    shape = shape_text(masks.told)
    if masks.asked and not masks.network:
        return "too many units for nodes and edges: drawn as a matrix"
    if len(masks.shape) == 4:
        return f"{shape}: channels one below the other"
    if len(masks.shape) == 3:
        return f"{shape}: a row for each time step"
    if not masks.rate:
        return "a mask of 1s: nothing is dropped; no weights"
    return "a fresh random mask of 0s and 1s every time; no weights"


def options(masks: Masks) -> tuple[str, ...]:
    """What the header says."""
    scaled = masks.mode == "inverted" and masks.rate > 0
    return (
        f"dropout {masks.rate:g}",
        *((masks.mode,) if masks.mode != "inverted" else ()),
        *((f"kept units {TIMES}{masks.fact('scale')}",) if scaled else ()),
        *((f"{masks.draws} draws",) if masks.draws > 1 else ()),
        *((f"whole {_whole(masks)}s",) if _whole(masks) else ()),
    )  # fmt: skip


def closing(masks: Masks) -> Line:
    """What was dropped, and what is used."""
    draw = masks.shown[-1]
    scales = masks.mode == "inverted" and masks.rate and masks.dropped(draw) < masks.total
    left = masks.total - masks.dropped(draw)
    who = "all" if left == masks.total else "the others" if left > 1 else "the other"
    tail = f", {who} {TIMES}{masks.fact('scale')}" if scales else ""
    where = f"training, draw {draw + 1}: " if masks.draws > 1 else "training: "
    return (
        Run(where, source=Fact("draw")), _count(masks, draw), Run(f"{tail} → test: ", source=Fact("scale")),
        Run("all used", "result", "semibold"),
    )  # fmt: skip
