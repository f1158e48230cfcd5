"""Transposed convolution: every input cell stamps the kernel, scaled by its number, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import cell
from layeranim.engine.window import padding_text
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.conv_transpose_view import FULL, SPACE, Stamping
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.phrases import relation_run, result
from layeranim.stories.stage import All, Each, Grid, Note, Painted, Play, Repeat, Row, Tries, Units, stack, story
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "decoders and masks: it makes small maps large, with learnt weights"


def film(telling: Telling) -> Play:
    """The film of a transposed convolution, stamp by stamp."""
    view = Stamping(telling)
    stamps, noun = int(np.prod(view.inside)), ("stamp", "stamps")
    last = telling.film.selected(stamps)[-1]
    return Play(
        title="Transposed convolution",
        units=Units(("in_channels", *SPACE), noun, names=tuple(_name(view, k) for k in range(stamps)),
                    inner=view.followed),
        stage=_stage(view),
        acts=(
            Each((("stamps", Note("one cell times every weight: the kernel, as strong as the cell")),
                  ("painted", tuple(_notes(view))))),
            *_after(view),
        ),
        retold={"painted": lambda figures, unit: _added(view, figures, unit)},
        opening=phrases.sentence("every cell stamps the kernel, ", "overlaps add up"),
        closing=_closing(view),
        good_for=_good_for(view),
        options=(
            shared.through(view.trace, 2 if view.inside[0] == view.filters == 1 else 1),
            f"kernel {numbers.shape_text(view.kernel.shape[2:])}",
            *((f"{view.filters} filters",) if view.filters > 1 else ()),
            *shared.options_of(view.trace, True, padding=tuple(_padding(view))),
        ),
        drawn=(*shared.partly("channels", drawn(view.inside[0]), view.inside[0]),
               *shared.partly("maps", drawn(view.filters), view.filters)),
        alike=(("input", "stamps", "painted", "full", "pre_activation", "output"),),
        stand_ins={"painted": ("stamps", "full")},
        kinds={"input": "grey"} if telling.kinds.get("input") == "image" and view.inside[0] == 1 else {},
        follow=next((unit for unit in range(min(stamps, 60)) if view.overlaps(unit)), 0),
        row=view.inside[2],
        evidence=() if view.goes_on else (view.painted(last, view.lies(last)),),
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Stamping) -> Node:
    """Numbers everywhere; else the maps in colours beside the stamp in numbers; then all in colours."""
    sides = (1, 2) if view.filters > 1 else (1,)
    pictured = [(small, across, share) for small in (False, True) for share in (1.0, 0.7, 0.45) for across in sides]
    numbered = [_row(view, False, False, across, 1.0) for across in sides]
    return Tries(*numbered, *(_row(view, True, *way) for way in pictured), least=NUMERAL_LOW)


def _row(view: Stamping, pictures: bool, small: bool, across: int, share: float) -> Node:
    """A cell, the kernel, its stamp, and what all stamps have made so far."""
    maps, after = drawn(view.filters) if pictures else 0, list[Node | str]()
    one = Grid("input", "input", *SPACE, share=0.7 * share, colours=drawn(view.inside[0]) if pictures else 0)
    given = stack(one, "input", "in_channels", view.inside[0])
    cell = (Grid("input", "cell", one=True),) if pictures else ()
    stamp_share = min(0.3, 0.6 / drawn(view.per_group)) if small else 0.0
    stamp = Repeat(lambda k: _stamp(k, view.filters > 1, stamp_share), view.per_group)
    canvas = Repeat(lambda f: _canvas(view, f, maps, share / across), view.filters, across=across)
    if view.goes_on:
        made = Grid("output", "output", *OUT, colours=maps, share=0.8 * share / across)
        outputs = stack(made, "output", "out_channels", view.filters, across=across)
        after = [*shared.biases(view.trace, 1.0, True), "→", *shared.bent(view.trace), outputs]
    return Row(given, *cell, "×", stamp, "→", canvas, *after)


def _stamp(k: int, several: bool, share: float) -> Node:
    """What one map's weights are, and what they become; in colours each has this share of the room for a picture."""
    at, more = (("group_filters", k),), f" {k + 1}" if several else ""
    kernel, stamp = (
        Grid(tensor, f"{name}{more}", *KERNEL, at=at, colours=int(share > 0), share=share or 1.0)
        for tensor, name in (("kernel", "kernel"), ("stamps", "stamp"))
    )
    return Row(kernel, "=", stamp)


def _canvas(view: Stamping, f: int, pictures: int, share: float) -> Painted:
    name = "all stamps" if view.goes_on else "output"
    at = f % view.per_group
    return Painted("painted", f"{name} {f + 1}" if view.filters > 1 else name, *FULL, at=(("out_channels", f),),
                  sized=numbers.shape_text(view.trace.tensor("full").shape[2:]) if view.filters == 1 else False,
                  colours=pictures, share=share, carried=f"stamps:{at}")  # fmt: skip


# ── words ────────────────────────────────────────────────────────────────────
def _name(view: Stamping, unit: int) -> str:
    channel, row, col = cell(unit, view.inside)
    place = f"row {row + 1}, column {col + 1}"
    return f"channel {channel + 1}, {place}" if view.inside[0] > 1 else place


def _notes(view: Stamping) -> Iterator[Note]:
    """What happens to a stamp."""
    stride = view.config.stride
    yield Note("where stamps overlap, the numbers add up", view.overlaps)
    yield Note(f"stride {phrases.pair(stride)}: each stamp lies {phrases.pair(stride)} cells from the one before",
               len({*stride}) == 1 and stride[0] > 1 and int(np.prod(view.inside[1:])) > 1)  # fmt: skip
    yield Note("the stamp is laid down where its cell stands")


def _added(view: Stamping, figures: Figures, unit: int) -> Line:
    """``4 + 2 = 6``: what lay there, the stamp, what lies there now."""
    here, at = cell(unit, view.inside), view.followed(unit)
    place = tuple(at[axis] for axis in ("out_channels", *FULL))
    total = Address("painted", (view.batch, *here, *place))
    made = result(figures.text(total), total)
    if not unit:
        return Run("the stamp lies there: ", weight="regular", source=Fact("first")), made
    before = Address("painted", (view.batch, *cell(unit - 1, view.inside), *place))
    stamp = Address("stamps", (view.batch, *here, *(at[axis] for axis in ("group_filters", *KERNEL))))
    lay, more = figures.text(before), figures.text(stamp)
    terms = Run(lay, "ink", source=before), Run(" + "), Run(numbers.factor(more), "ink", source=stamp)
    return (*terms, relation_run(numbers.relation([(lay,), (more,)], made.text)), made)


def _after(view: Stamping) -> Iterator[All]:
    """What is done to the sum of all stamps."""
    more = view.config.output_padding
    notes = (
        _cut(view),
        Note(f"output padding {phrases.pair(more)}: so many cells are added at the end", any(more)),
        Note("each map gets its bias", "bias" in view.trace),
        Note("the activation has the last word"),
    )
    row, col = (min(n - 1, n // 2) for n in view.trace.tensor("output").shape[2:])
    if view.goes_on:
        yield All(("pre_activation", "output"), notes, at={"out_height": row, "out_width": col, "out_channels": 0})


def _cut(view: Stamping) -> Note:
    """What padding does to the edges of the sum."""
    out, step = view.trace.tensor("output").shape[2:], view.config.stride
    if view.config.padding == "same" and all(n * s == m for n, s, m in zip(view.inside[1:], step, out, strict=True)):
        return Note(f"padding same: {numbers.shape_text(step)} cells for every cell of the input")
    uneven = "cells cut off at top, bottom, left and right"
    what = uneven if "," in view.lost else "so many cells are cut off at every edge"
    return Note(f"padding {view.lost}: {what}", any(map(any, view.pads)))


def _padding(view: Stamping) -> Iterator[str]:
    """``padding 1``, ``padding same 0,1,0,1`` where cells are cut off; ``output padding 1``."""
    word, more = isinstance(view.config.padding, str), view.config.output_padding
    if any(map(any, view.pads)):
        yield f"padding {view.config.padding} {padding_text(view.pads)}" if word else f"padding {view.lost}"
    elif word and any(map(any, view.cuts)):
        yield f"padding {view.config.padding}"
    if any(more):
        yield f"output padding {phrases.pair(more)}"


def _closing(view: Stamping) -> Line:
    """``4 stamps of 2×2 → 3×3 output``."""
    stamps = phrases.so_many("stamp", "stamps", int(np.prod(view.inside)))
    shape = numbers.shape_text(view.trace.tensor("output").shape[1 if view.filters > 1 else 2 :])
    return phrases.sentence(f"{stamps} of {numbers.shape_text(view.kernel.shape[2:])} → ", f"{shape} output")


def _good_for(view: Stamping) -> str:
    """What it is good for; that cells take unlike many stamps, where they do."""
    if not view.uneven:
        return GOOD_FOR
    counts = view.counts()
    return f"cells take {counts.min()} to {counts.max()} stamps: a checkerboard may show"


ConvTransposeStory = story("Transposed convolution", film, GOOD_FOR, takes=200)
