"""Transposed convolution: every input cell stamps the kernel, scaled by its number, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property

import numpy as np

from layeranim import numbers
from layeranim.engine.conv_transpose_shapes import axes_of, cuts
from layeranim.engine.painting import spot
from layeranim.engine.trace import Array, Region, cell
from layeranim.engine.window import padding_text
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.stage import (
    All,
    Each,
    Grid,
    Note,
    Painted,
    Play,
    Row,
    Tries,
    Units,
    listed,
    picked,
    stack,
    story,
)
from layeranim.stories.stage.arrangements import drawn_of
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

FULL, SPACE = ("full_height", "full_width"), ("height", "width")
FIRST = 60
"""Of so many stamps the one that is followed is looked for."""
GOOD_FOR = "decoders and masks: it makes small maps large, with learnt weights"


def film(telling: Telling) -> Play:
    """The film of a transposed convolution, stamp by stamp."""
    view = Stamping(telling)
    stamps, noun = view.inside[0] * view.each, ("stamp", "stamps")
    last, kernel = telling.film.selected(stamps)[-1], numbers.shape_text(view.kernel.shape[2:])
    shape = numbers.shape_text((view.filters, *view.out)[view.filters == 1 :])
    return Play(
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
        evidence=() if view.goes_on else (view.painted(last, view.lies(last)),),
    )  # fmt: skip


class Stamping(FilmView):
    """One transposed convolution as its film looks at it."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.inside = tuple(self.trace.size(axis) for axis in ("in_channels", *SPACE))
        self.each = int(np.prod(self.inside[1:]))
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

    # ── what is drawn of a large layer ───────────────────────────────────────
    @cached_property
    def maps(self) -> tuple[int, ...]:
        """The maps that are drawn: of many those with the largest numbers."""
        return drawn_of(self.film, "maps", self.filters, lambda: shared.strongest(self, "output"))

    @cached_property
    def channels(self) -> tuple[int, ...]:
        """The channels that are drawn: of many those with the largest number in a stamp on a map that is drawn."""

        def stamped() -> Array:
            weights = shared.sizes(self.kernel).max(axis=(2, 3))
            seen = [[m in self.maps for m in self.lies(ch * self.each)["out_channels"]] for ch in range(self.inside[0])]
            return np.asarray(shared.strongest(self, "input") * np.where(seen, weights, 0.0).max(axis=1), np.float64)

        return drawn_of(self.film, "channels", self.inside[0], stamped)

    @property
    def stamps(self) -> tuple[int, ...]:
        """Which of the weights of a channel are drawn, by their place in its group: those of the maps that are."""
        return tuple(sorted({m % self.per_group for m in self.maps}))

    @cached_property
    def follow(self) -> int:
        """The stamp that is followed: the first, of a channel that is drawn, on what is there."""
        units = [ch * self.each + k for ch in self.channels for k in range(min(self.each, FIRST))]
        return next((unit for unit in units[:FIRST] if self.overlaps(unit)), units[0])

    def followed(self, unit: int) -> dict[str, int]:
        """The number of a stamp that is told: the largest of those that fall on another, else of all; the first map
        that is drawn."""
        here = zip(("batch", "in_channels", *SPACE), (self.sample, *cell(unit, self.inside)), strict=True)
        k = self._first(self.lies(unit)["out_channels"])
        sizes = shared.sizes(self.trace.read(Region("stamps", (*here, ("group_filters", k)))))
        before = self._before(unit)
        chosen = np.where(before != 0, sizes, 0) if ((before != 0) & (sizes > 0)).any() else sizes
        i, j = (int(k) for k in np.unravel_index(int(chosen.argmax()), chosen.shape))
        maps, rows, cols = self.lies(unit).values()
        return {"group_filters": k, "kernel_height": i, "kernel_width": j, "out_channels": maps[k],
                "full_height": rows[i], "full_width": cols[j]}  # fmt: skip

    def _first(self, maps: range) -> int:
        """Of the maps of a stamp the place of the first that is drawn."""
        return next((k for k, m in enumerate(maps) if m in self.maps), 0)

    def painted(self, unit: int, lies: Mapping[str, int | range]) -> Region:
        """What all stamps have made so far in some cells, after that of a unit."""
        names = dict(zip(("in_channels", *SPACE), cell(unit, self.inside), strict=True))
        return Region.of("painted", batch=self.sample, **names, **lies)

    def _before(self, unit: int) -> Array:
        """What lies where the stamp of a unit falls, (kernel rows, kernel columns)."""
        if not unit:
            return np.zeros(self.kernel.shape[2:])
        lies = self.lies(unit)
        maps = lies["out_channels"]
        return self.trace.read(self.painted(unit - 1, {**lies, "out_channels": maps[self._first(maps)]}))

    def lies(self, unit: int) -> dict[str, range]:
        """Where the stamp of a unit lies: on which maps, rows and columns."""
        channel, *place = cell(unit, self.inside)
        spans = spot(channel, place, self.axes, self.kernel.shape, self.config.groups)
        return dict(zip(("out_channels", *FULL), spans, strict=True))

    def overlaps(self, unit: int) -> bool:
        """Whether the followed number of its stamp falls on one that is there."""
        at = self.followed(unit)
        return bool(self._before(unit)[at["kernel_height"], at["kernel_width"]] != 0)

    def counts(self) -> Array:
        """How many stamps of a channel every cell of the output takes, (rows, columns)."""
        per = []
        for axis, n, (cut, *_), out in zip(self.axes, self.inside[1:], self.cuts, self.out, strict=True):
            taken = np.zeros(max(cut + out, axis.size), int)
            for at in range(0, n * axis.stride, axis.stride):
                taken[at : at + axis.reach : axis.dilation] += 1
            per.append(taken[cut : cut + out])
        return np.outer(*per)

    @property
    def good_for(self) -> str:
        """What it is good for; that neighbours inside take unlike many stamps, where the stride does not divide the
        kernel."""
        items = zip(self.inside[1:], self.axes, strict=True)
        if not any(n > 1 and axis.kernel % axis.stride and axis.kernel > axis.stride for n, axis in items):
            return GOOD_FOR
        counts = self.counts()
        return f"cells take {counts.min()} to {counts.max()} stamps: a checkerboard may show"


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Stamping) -> Node:
    """Numbers everywhere; else the maps in colours beside the stamp in numbers; then all in colours."""
    sides = (1, 2) if view.filters > 1 else (1,)
    pictured = [(small, across, share) for small in (False, True) for share in (1.0, 0.7, 0.45) for across in sides]
    numbered = [_row(view, False, False, across, 1.0) for across in sides]
    return Tries(*numbered, *(_row(view, True, *way) for way in pictured), least=NUMERAL_LOW)


def _row(view: Stamping, pictures: bool, small: bool, across: int, share: float) -> Node:
    """A cell, the kernel, its stamp, and what all stamps have made so far."""
    maps, after = len(view.maps) if pictures else 0, list[Node | str]()
    one = Grid("input", "input", *SPACE, share=0.7 * share, colours=len(view.channels) if pictures else 0)
    given = stack(one, "input", "in_channels", view.inside[0], view.channels)
    cell = (Grid("input", "cell", one=True),) if pictures else ()
    stamp_share = min(0.3, 0.6 / len(view.stamps)) if small else 0.0
    stamp = picked(lambda k: _stamp(k, view.filters > 1, stamp_share), view.stamps, view.per_group)
    canvas = picked(lambda f: _canvas(view, f, maps, share / across), view.maps, view.filters, across)
    if view.goes_on:
        made = Grid("output", "output", *OUT, colours=maps, share=0.8 * share / across)
        outputs = stack(made, "output", "out_channels", view.filters, view.maps, across)
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
    return Painted("painted", f"{name} {f + 1}" if view.filters > 1 else name, *FULL, at=(("out_channels", f),),
                  sized=numbers.shape_text(view.trace.tensor("full").shape[2:]) if view.filters == 1 else False,
                  colours=pictures, share=share, carried=f"stamps:{f % view.per_group}")  # fmt: skip


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
               len({*stride}) == 1 and stride[0] > 1 and view.each > 1)  # fmt: skip
    yield Note("the stamp is laid down where its cell stands")


def _added(view: Stamping, figures: Figures, unit: int) -> Line:
    """``4 + 2 = 6``: what lay there, the stamp, what lies there now."""
    here, at = cell(unit, view.inside), view.followed(unit)
    place = tuple(at[axis] for axis in ("out_channels", *FULL))
    total = Address("painted", (view.sample, *here, *place))
    made = figures.result(total)
    if not unit:
        return Run("the stamp lies there: ", weight="regular", source=Fact("first")), made
    before = Address("painted", (view.sample, *cell(unit - 1, view.inside), *place))
    stamp = Address("stamps", (view.sample, *here, *(at[axis] for axis in ("group_filters", *KERNEL))))
    relation = numbers.relation([(figures.text(before),), (figures.text(stamp),)], made.text)
    return (figures.number(before), Run(" + "), figures.number(stamp, True), phrases.relation_run(relation), made)


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
        yield All(
            ("pre_activation", "output"), notes, at={"out_height": row, "out_width": col, "out_channels": view.maps[0]}
        )


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
