"""Dropout: one input through thinned networks side by side, their mean, and the whole network at test time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from math import isqrt, prod
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.dropout import spread
from layeranim.engine.trace import Trace
from layeranim.numbers import DOT, TIMES, shape_text
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.options import FilmOptions
from layeranim.stories.stage import All, Each, Folded, Note, Play, Row, Sheet, Thinned, Tries, Units, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "no unit can rely on another, so each must be useful alone: less overfitting"
COLUMN_MOST, SLOTS, COLOURED = 9, 5, 3
"""Units of one sample that stand in one column, and draws that stand beside each other: in numbers, in colours."""
COMPARED = ("input", "kept", "output", "mean", "inference")


class Masks:
    """What the masks of a trace do to the units that are told."""

    def __init__(self, telling: Telling) -> None:
        trace, config = telling.trace, _config(telling.trace)
        self.trace, self.mode, self.rate = trace, str(config.mode), float(config.rate)
        self.shape = trace.tensor("input").shape
        view = config.view or ("network" if telling.base and telling.base.name == "slugnet" else "matrix")
        self.asked = config.view == "network"
        self.network = view == "network" and len(self.shape) == 2 and self.shape[1] <= COLUMN_MOST
        self.network = self.network and self.mode != "alpha"
        options: FilmOptions = telling.film
        self.single = options.sample is not None or self.network
        self.units = self._folded(options.place_in(self.shape[0]) if self.single else None)
        self.kept, self.draws = self.units.kept, len(self.units.kept)
        self.shown = options.selected(self.draws)
        self.total = self.kept.shape[1]

    def _folded(self, sample: int | None) -> Folded:
        """The told units as a rectangle: one sample stands as a column, or is folded where it is long."""
        shape = self.shape if sample is None else (1, *self.shape[1:])
        rows, cols = prod(shape[:-1]), shape[-1]
        if rows == 1:
            side = 1 if cols <= COLUMN_MOST else cols // next(n for n in range(isqrt(cols), 0, -1) if cols % n == 0)
            rows, cols = cols // side, side
        trace = self.trace
        mask = spread(np.asarray(trace["mask"]) != 0, trace.axes("mask"), trace.axes("input"))
        start = prod(shape) * (sample or 0)
        every = np.broadcast_to(mask, (len(mask), *self.shape)).reshape(len(mask), -1)
        return Folded(self.shape, start, rows, cols, every[:, start : start + rows * cols])

    def dropped(self, draw: int) -> int:
        """How many units a draw leaves out."""
        return int((~self.kept[draw]).sum())

    def followed(self) -> int:
        """The unit that is followed: the first of the largest that the draws treat differently, kept in the last."""
        given = self.units.told(self.trace["input"]).reshape(-1)
        sizes = np.nan_to_num(np.abs(numbers.rounded(given)), nan=0.0, posinf=0.0) + 1e-300
        varied = self.kept.any(axis=0) & ~self.kept.all(axis=0)
        for wanted in (varied & self.kept[-1], varied, self.kept[-1]):
            if wanted.any():
                return int(np.argmax(np.where(wanted, sizes, -1.0)))
        return int(np.argmax(sizes))

    def at(self, unit: int) -> tuple[int, ...]:
        """The place in the input of a unit."""
        return tuple(int(i) for i in np.unravel_index(self.units.start + unit, self.shape))

    def holds(self, cell: Address) -> bool:
        """Whether the mask keeps a cell of a draw."""
        draw, *index = cell.index
        flat = int(np.ravel_multi_index(tuple(index), self.shape)) - self.units.start
        return bool(self.kept[draw, flat])

    def fact(self, name: str) -> str:
        """A number of the formula: ``scale``, ``shift``, ``fill``."""
        value = round(float(self.trace.facts[name]), 9)
        return numbers.text(value, numbers.Style(0 if value == int(value) else 2))


def film(telling: Telling) -> Play:
    """Dropout's film: draw by draw, then what all of them come to."""
    masks, trace = Masks(telling), telling.trace
    unit = masks.followed()
    acts: tuple[tuple[str | tuple[str, ...], Note], ...] = (("kept", _thrown(masks)), ("output", _grown(masks, unit)))
    if masks.mode == "weight-scaling":  # what is kept stays as it is
        acts = ((("output", "kept"), _thrown(masks)),)
    return Play(
        title="Dropout",
        units=Units(("draws",), ("draw", "draws"), ("batch",) if masks.single else ()),
        stage=Tries(*_arrangements(masks)),
        acts=(
            Each(acts, says=lambda draw, terse: _drawn(masks, draw, terse)),
            *((All(("mean",), _expected(masks)),) if masks.draws > 1 else ()),
            _tested(masks),
        ),
        opening=_opening(masks),
        opening_note=_sizes(masks),
        closing=_closing(masks),
        good_for=first_true(TAKEAWAYS, masks),
        options=_options(masks),
        alike=(COMPARED,),
        follow=masks.shown[-1],
        at=dict(zip(trace.axes("input"), masks.at(unit), strict=True)),
        templates=_templates(masks),
        displayed={"output": _rounded(masks)} if masks.mode == "alpha" else {},
    )


# ── the stage ────────────────────────────────────────────────────────────────
def _arrangements(masks: Masks) -> list[Node]:
    """The draws side by side, as many as have room, between the input and what they come to."""
    shape = str(masks.total) if masks.total == masks.shape[-1] else shape_text(_told_shape(masks))
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
    head: Line = (Run("mask", "weights", "semibold", Fact("name")), Run("  1 keeps", source=Fact("mask")))
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


def _told_shape(masks: Masks) -> tuple[int, ...]:
    return (1, *masks.shape[1:]) if masks.single else masks.shape


def _headed(name: str, sizes: str = "") -> Line:
    return (Run(name, "ink", "semibold", Fact("name")), *((Run(sizes, source=Fact("shape")),) if sizes else ()))


# ── the words ────────────────────────────────────────────────────────────────
TAKEAWAYS: tuple[Sentence[Masks], ...] = (
    Sentence("nothing dropped: the layer passes everything on", lambda m: m.rate == 0 and bool(m.kept.all())),
    Sentence("a unit alone: with it everything is dropped or kept", lambda m: m.total == 1),
    Sentence(GOOD_FOR),
)


def _thrown(masks: Masks) -> Note:
    """What a mask does."""
    if masks.network:
        return Note("a dropped unit loses all its edges: a thinner network is left",
                    lambda draw: 0 < masks.dropped(draw) < masks.total)  # fmt: skip
    gone = f"puts {masks.fact('fill')} in its place" if masks.mode == "alpha" else "leaves it out"
    return Note(f"1 keeps a unit, 0 {gone}")


def _grown(masks: Masks, unit: int) -> Note:
    """What makes up for it."""
    if masks.mode == "alpha":
        a, b = masks.fact("scale"), masks.fact("shift")
        return Note(f"a = {a} and b = {b} restore mean and spread of the layer", masks.rate > 0)
    x = float(masks.trace["input"][masks.at(unit)])
    return Note("kept values grow: averaged over many masks, the sum stays as it was",
                lambda draw: masks.rate > 0 and x != 0 and bool(masks.kept[draw, unit]))  # fmt: skip


def _templates(masks: Masks) -> dict[str, Any]:
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


def _rounded(masks: Masks) -> dict[str, float]:
    """The factor and the shift of alpha dropout as they are displayed."""
    return {"factor": numbers.double(masks.fact("scale")), "shift": numbers.double(masks.fact("shift"))}


def _drawn(masks: Masks, draw: int, terse: bool) -> Line:
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


def _expected(masks: Masks) -> Note:
    """What the mean comes to over ever more draws; of alpha dropout that is another mean."""
    if not masks.rate:
        return Note("nothing is ever dropped: every draw is the output at test time", masks.mode != "alpha")
    return Note("over ever more draws the mean approaches the output at test time", masks.mode != "alpha")


def _tested(masks: Masks) -> All:
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


def _opening(masks: Masks) -> Line:
    return (
        Run(f"in training, each {_whole(masks) or 'unit'} is "), Run("dropped", "weights", "semibold"),
        Run(f" with probability {masks.rate:g}", source=Fact("rate")),
    )  # fmt: skip


def _whole(masks: Masks) -> str:
    """What is dropped as a whole: a channel of an image, a feature of a sequence."""
    if len(masks.trace.axes("mask")) - 1 == len(masks.shape):
        return ""
    return "channel" if len(masks.shape) == 4 else "feature"


def _sizes(masks: Masks) -> str:
    shape = shape_text(_told_shape(masks))
    if masks.asked and not masks.network:
        return "too many units for nodes and edges: drawn as a matrix"
    if len(masks.shape) == 4:
        return f"{shape}: channels one below the other"
    if len(masks.shape) == 3:
        return f"{shape}: a row for each time step"
    return "a fresh random mask of 0s and 1s every time; no weights"


def _options(masks: Masks) -> tuple[str, ...]:
    scaled = masks.mode == "inverted" and masks.rate > 0
    return (
        f"dropout {masks.rate:g}",
        *((masks.mode,) if masks.mode != "inverted" else ()),
        *((f"kept units {TIMES}{masks.fact('scale')}",) if scaled else ()),
        *((f"{masks.draws} draws",) if masks.draws > 1 else ()),
        *((f"whole {_whole(masks)}s",) if _whole(masks) else ()),
    )  # fmt: skip


def _closing(masks: Masks) -> Line:
    draw = masks.shown[-1]
    scales = masks.mode == "inverted" and masks.rate and masks.dropped(draw) < masks.total
    who = "the others" if masks.dropped(draw) else "all"
    tail = f", {who} {TIMES}{masks.fact('scale')}" if scales else ""
    where = f"training, draw {draw + 1}: " if masks.draws > 1 else "training: "
    return (
        Run(where, source=Fact("draw")), _count(masks, draw), Run(f"{tail} → test: ", source=Fact("scale")),
        Run("all used", "result", "semibold"),
    )  # fmt: skip


def _config(trace: Trace) -> Any:
    return trace.config


DropoutStory = replace(story("Dropout", film, GOOD_FOR), takes=18)
