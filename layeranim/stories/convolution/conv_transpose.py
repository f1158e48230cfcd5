"""Transposed convolution: every input cell stamps the kernel, scaled by its number, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from math import prod

import numpy as np

from layeranim import numbers
from layeranim.engine.conv_transpose_shapes import axes_of, cuts
from layeranim.engine.trace import Array, Step, cell
from layeranim.engine.window import padding_text
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.stage import All, Each, Grid, Note, Painted, Play, Row, Tries, Units, listed, stack, story
from layeranim.stories.stage.arrangements import drawn_of, largest, picked
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

FULL, SPACE = ("full_height", "full_width"), ("height", "width")
FIRST = 60
"""Of so many stamps the one that is followed is looked for."""
GOOD_FOR = "decoders and masks: it makes small maps large, with learnt weights"


def film(telling: Telling) -> Play:
    """The film of a transposed convolution, stamp by stamp."""
    view = Stamping(telling)
    stamps, kernel = prod(view.inside), numbers.shape_text(view.kernel.shape[2:])
    shape = numbers.shape_text((view.filters, *view.out)[view.filters == 1 :])
    return Play(
        units=Units(("in_channels", *SPACE), ("stamp", "stamps"), names=view.name, inner=view.followed),
        stage=_stage(view),
        acts=(
            Each((("stamps", Note("one cell times every weight: the kernel, as strong as the cell")),
                  ("painted", tuple(_notes(view))))),
            *_after(view),
        ),
        retold={"painted": _added},
        opening=phrases.sentence("every cell stamps the kernel, ", "overlaps add up"),
        closing=phrases.sentence(f"{phrases.so_many('stamp', 'stamps', stamps)} of {kernel} → ", f"{shape} output"),
        good_for=view.good_for,
        options=(
            shared.through(view.trace, 2 if view.inside[0] == view.filters == 1 else 1),
            f"kernel {kernel}",
            *((f"{view.filters} filters",) if view.filters > 1 else ()),
            *shared.options_of(view.trace, True, padding=tuple(_padding(view))),
        ),
        drawn=(*listed("channels", view.channels, view.inside[0]), *listed("maps", view.maps, view.filters)),
        alike=(shared.compared(view.trace, "input", "stamps", "painted", "full", "pre_activation"),),
        stand_ins={"painted": ("stamps", "full")},
        kinds={"input": "grey"} if telling.kinds.get("input") == "image" and view.inside[0] == 1 else {},
        follow=view.follow,
        row=view.inside[2],
        evidence=() if view.goes_on else (view.laid(telling.film.selected(stamps)[-1]).writes,),
    )  # fmt: skip


class Stamping(shared.MapsView):
    """One transposed convolution as its film looks at it."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.inside = tuple(self.trace.size(axis) for axis in ("in_channels", *SPACE))
        self.each = prod(self.inside[1:])
        """Cells, and so stamps, of a channel."""
        self.kernel, self.out = self.trace["kernel"], self.trace.tensor("output").shape[2:]
        self.filters, self.per_group = self.trace.size("out_channels"), self.kernel.shape[1]
        shape = self.trace.tensor("input").shape
        self.cuts, self.axes = cuts(self.config, shape), axes_of(self.config, shape)
        self.pads = [(before, after) for before, after, _ in self.cuts]

    @property
    def lost(self) -> str:
        """What the ends of an axis lose: ``1`` or ``1×2`` where both lose as many, else ``0,1,0,1``."""
        firsts, lasts = zip(*self.pads, strict=True)
        return phrases.pair(firsts) if firsts == lasts else padding_text(self.pads)

    @property
    def goes_on(self) -> bool:
        """Whether anything is done to the sum of all stamps."""
        return any(map(any, self.cuts)) or "bias" in self.trace or shared.activated(self.trace)

    def name(self, unit: int) -> str:
        """What a unit is called."""
        channel, row, col = cell(unit, self.inside)
        return f"channel {channel + 1}, " * (self.inside[0] > 1) + f"row {row + 1}, column {col + 1}"

    # ── what is drawn of a large layer ───────────────────────────────────────
    @cached_property
    def channels(self) -> tuple[int, ...]:
        """The channels that are drawn: of many those with the largest number in a stamp on a map that is drawn."""

        def stamped() -> Array:
            weights = shared.sizes(self.kernel).max(axis=(2, 3))
            seen = np.isin([self.lies(ch * self.each)[0] for ch in range(self.inside[0])], self.maps)
            return np.asarray(shared.strongest(self, "input") * np.where(seen, weights, 0.0).max(axis=1), np.float64)

        return drawn_of(self.film, "channels", self.inside[0], stamped)

    @cached_property
    def follow(self) -> int:
        """The stamp that is followed: the first, of a channel that is drawn, on what is there."""
        units = [ch * self.each + k for ch in self.channels for k in range(min(self.each, FIRST))]
        return next((unit for unit in units[:FIRST] if self.met(unit)[1]), units[0])

    # ── one stamp ────────────────────────────────────────────────────────────
    def laid(self, unit: int) -> Step:
        """The step that lays the stamp of a unit down: it reads the stamp, and what lies there."""
        return self.trace.steps[2 * (self.sample * prod(self.inside) + unit) + 1]

    def lies(self, unit: int) -> list[range]:
        """On which maps, rows and columns the stamp of a unit lies."""
        return [self.laid(unit).writes.along(axis) or range(0) for axis in ("out_channels", *FULL)]

    def met(self, unit: int) -> tuple[tuple[int, int, int], bool]:
        """Which number of a stamp is told, and whether it falls on another: of the first map that is drawn the largest
        that does, else of all."""
        k = next((k for k, m in enumerate(self.lies(unit)[0]) if m in self.maps), 0)
        stamp, *there = (self.trace.read(region)[k] for region in self.laid(unit).reads)
        sizes, falls = shared.sizes(stamp), (there[0] if there else np.zeros_like(stamp)) != 0
        i, j = largest(sizes * falls if (sizes * falls).any() else sizes)
        return (k, i, j), bool(falls[i, j])

    def followed(self, unit: int) -> dict[str, int]:
        """The place of that number in the stamp, and where it falls."""
        at, _ = self.met(unit)
        falls = [along[k] for along, k in zip(self.lies(unit), at, strict=True)]
        return dict(zip(("group_filters", *KERNEL, "out_channels", *FULL), (*at, *falls), strict=True))

    @property
    def good_for(self) -> str:
        """What it is good for; that neighbours inside take unlike many stamps, where the stride does not divide the
        kernel."""
        items = zip(self.inside[1:], self.axes, strict=True)
        if not any(n > 1 and axis.kernel % axis.stride and axis.kernel > axis.stride for n, axis in items):
            return GOOD_FOR
        least, most = (prod(map(end, self.counts())) for end in (np.min, np.max))
        return f"cells take {least} to {most} stamps: a checkerboard may show"

    def counts(self) -> Iterator[Array]:
        """How many stamps of a channel lie over every cell of the output, of each axis."""
        for axis, n, (cut, *_), out in zip(self.axes, self.inside[1:], self.cuts, self.out, strict=True):
            every = np.add.outer(np.arange(n) * axis.stride, axis.taps(0))
            yield np.bincount(every.ravel(), minlength=cut + out)[cut : cut + out]


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Stamping) -> Node:
    """Numbers everywhere; else the maps in colours beside the stamp in numbers; then all in colours."""
    ways = [(False, False, 1.0), *((True, small, share) for small in (False, True) for share in (1.0, 0.7, 0.45))]
    sides = (1, 2) if view.filters > 1 else (1,)
    return Tries(*(_row(view, *way, across) for way in ways for across in sides), least=NUMERAL_LOW)


def _row(view: Stamping, pictures: bool, small: bool, share: float, across: int) -> Node:
    """A cell, the kernel, its stamp, and what all stamps have made so far."""
    maps, after = len(view.maps) if pictures else 0, list[Node | str]()
    one = Grid("input", "input", *SPACE, share=0.7 * share, colours=len(view.channels) if pictures else 0)
    given = stack(one, "input", "in_channels", view.inside[0], view.channels)
    lone = (Grid("input", "cell", one=True),) if pictures else ()
    stamps = sorted({f % view.per_group for f in view.maps})
    stamp_share = min(0.3, 0.6 / len(stamps)) if small else 0.0
    stamp = picked(lambda k: _stamp(k, view.filters > 1, stamp_share), stamps, view.per_group)
    canvas = picked(lambda f: _canvas(view, f, maps, share / across), view.maps, view.filters, across)
    if view.goes_on:
        made = Grid("output", "output", *OUT, colours=maps, share=0.8 * share / across)
        outputs = stack(made, "output", "out_channels", view.filters, view.maps, across)
        after = [*shared.biases(view.trace, 1.0, True), "→", *shared.bent(view.trace), outputs]
    return Row(given, *lone, "×", stamp, "→", canvas, *after)


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
    return Painted("painted", f"{name} {f + 1}" if view.filters > 1 else name, *FULL, at=(("out_channels", f),),
                  sized=numbers.shape_text(view.trace.tensor("full").shape[2:]) if view.filters == 1 else False,
                  colours=pictures, share=share, carried=f"stamps:{f % view.per_group}")  # fmt: skip


# ── words ────────────────────────────────────────────────────────────────────
def _notes(view: Stamping) -> Iterator[Note]:
    """What happens to a stamp."""
    stride = view.config.stride
    yield Note("where stamps overlap, the numbers add up", lambda unit: view.met(unit)[1])
    yield Note(f"stride {phrases.pair(stride)}: each stamp lies {phrases.pair(stride)} cells from the one before",
               len({*stride}) == 1 and stride[0] > 1 and view.each > 1)  # fmt: skip
    yield Note("the stamp is laid down where its cell stands")


def _added(figures: Figures, unit: int) -> Line:
    """``4 + 2 = 6``: what lay there, the stamp, what lies there now."""
    at = figures.inner(unit)
    made = figures.cell_of("painted", unit, at)
    if not unit:
        return Run("the stamp lies there: ", weight="regular", source=Fact("first")), figures.result(made)
    before, stamp = figures.cell_of("painted", unit - 1, at), figures.cell_of("stamps", unit, at)
    return figures.added([(before,), (stamp,)], made)


def _after(view: Stamping) -> Iterator[All]:
    """What is done to the sum of all stamps."""
    more = view.config.output_padding
    notes = (
        _cut(view),
        Note(f"output padding {phrases.pair(more)}: so many cells are added at the end", any(more)),
        Note("each map gets its bias", "bias" in view.trace),
        Note("the activation has the last word"),
    )
    row, col = (min(n - 1, n // 2) for n in view.out)
    if view.goes_on:
        at = {"out_height": row, "out_width": col, "out_channels": view.maps[0]}
        yield All(("pre_activation", "output"), notes, at=at)


def _cut(view: Stamping) -> Note:
    """What padding does to the edges of the sum."""
    grown = tuple(n * step for n, step in zip(view.inside[1:], view.config.stride, strict=True))
    if view.config.padding == "same" and grown == view.out:
        return Note(f"padding same: {numbers.shape_text(view.config.stride)} cells for every cell of the input")
    each, every = "cells cut off at top, bottom, left and right", "so many cells are cut off at every edge"
    return Note(f"padding {view.lost}: {each if ',' in view.lost else every}", any(map(any, view.pads)))


def _padding(view: Stamping) -> Iterator[str]:
    """``padding 1``, ``padding same 0,1,0,1`` where cells are cut off; ``output padding 1``."""
    word, more = isinstance(view.config.padding, str), view.config.output_padding
    if any(map(any, view.pads)):
        yield f"padding {view.config.padding} {padding_text(view.pads)}" if word else f"padding {view.lost}"
    elif word and any(map(any, view.cuts)):
        yield f"padding {view.config.padding}"
    if any(more):
        yield f"output padding {phrases.pair(more)}"


ConvTransposeStory = story("Transposed convolution", film, GOOD_FOR, takes=200, shows=("channels", "maps"))
