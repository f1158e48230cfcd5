"""A convolution backwards: the gradients of the outputs lie on the input, and each weight gets what it met."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from layeranim import numbers
from layeranim.engine.trace import cell
from layeranim.errors import OptionError
from layeranim.stories import phrases
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.stage import (
    All,
    Column,
    Each,
    Grid,
    Mask,
    Note,
    Play,
    Repeat,
    Row,
    Tries,
    Windows,
    picked,
    stack,
    story,
)
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "learning: a small step against these gradients makes the loss smaller"
DELTA = "grad_pre_activation"
MET = "a weight's gradient: each number that it met, times the gradient there"
BACK = "each input cell: the gradients that it had a part in, times the weight of its part"


def film(telling: Telling) -> Play:
    """The film of the way back: weight by weight, then the input."""
    view = ConvView(telling)
    if view.batch > 1:
        raise OptionError(f"a film of a convolution backwards shows one sample, but input has {view.batch}, and a "
                          f"weight's gradient is a sum over all of them; give one")  # fmt: skip
    if view.symbolic:
        raise OptionError("a film of a convolution backwards adds up numbers, but the input is letters; give an input "
                          "and a kernel of numbers")  # fmt: skip
    taps = (view.shown_filters, view.shown_depth, *view.kernel_shape)
    shown = telling.film.selected(int(taps[0] * taps[1] * taps[2] * taps[3]))
    return Play(
        units=Windows(
            ("out_channels", "group_channels", *KERNEL), ("weight", "weights"),
            names=lambda unit: _place(view, cell(unit, taps)),
            most={"out_channels": view.shown_filters, "group_channels": view.shown_depth}, of="padded", by=DELTA,
        ),
        stage=_stage(view),
        acts=(*_before(view), Each((("grad_kernel", Note(MET)),)), *_after(view)),
        opening=phrases.sentence("gradients come back from the output: ", "which weight had which part in them?"),
        opening_note=_note(view),
        closing=phrases.sentence(f"{phrases.so_many('weight', 'weights', int(view.trace['kernel'].size))}, "
                                 f"each shared by {phrases.so_many('window', 'windows', view.per_map)}: ",
                                 "their gradients add up"),
        options=(f"{_shape(view.trace.tensor('input').shape[1:])} → {_shape(view.trace.tensor('output').shape[1:])}",
                 f"kernel {_shape(view.kernel_shape)}", *shared.options_of(view.trace, True, view.filters)),
        drawn=(*phrases.not_all(view.shown_channels, view.in_channels, "channels"),
               *phrases.not_all(view.shown_filters, view.filters, "filters")),
        alike=((DELTA, "grad_output"),),
        kinds={name: kind for name, kind in view.kinds.items() if name == "padded"},
        masks={"padded": Mask(view.ghost, view.unread)},
        follow=shown[len(shown) // 2],
        row=view.kernel_shape[1],
    )  # fmt: skip


def _place(view: ConvView, at: tuple[int, ...]) -> str:
    f, channel, row, col = at
    where = [f"filter {f + 1}"] * (view.filters > 1) + [f"channel {channel + 1}"] * (view.depth > 1)
    return ", ".join([*where, f"weight row {row + 1}, column {col + 1}"])


def _shape(sizes: tuple[int, ...]) -> str:
    return numbers.shape_text(sizes[1:] if len(sizes) == 3 and sizes[0] == 1 else sizes)


def _note(view: ConvView) -> str:
    """What the way back starts from."""
    given = view.trace["grad_output"]
    return "the gradient of every output is 1: the loss is their sum" if (given == 1).all() else ""


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: ConvView) -> Node:
    """Numbers everywhere; else the maps as pictures; then in smaller ones."""
    ways = ((0, 1.0), (1, 1.0), (1, 0.7), (1, 0.45))
    return Tries(*(_row(view, bool(pictures), share) for pictures, share in ways), least=NUMERAL_LOW)


def _row(view: ConvView, pictures: bool, share: float) -> Node:
    """The input under the gradients of the output, what they make of it; under these what becomes of the input."""
    channels, filters, depth = (range(n) for n in (view.shown_channels, view.shown_filters, view.shown_depth))
    colours = len(channels) if pictures else 0
    given, back = (
        stack(Grid(tensor, name, *sides, colours=colours, share=share), name, "in_channels", view.in_channels, channels)
        for tensor, name, sides in (("padded", "input", ("padded_height", "padded_width")),
                                    ("grad_input", "input gradient", ("height", "width")))
    )  # fmt: skip
    delta = picked(lambda f: _came(view, f, pictures, share), filters, view.filters)
    bias = (Grid("grad_bias", "bias gradient", rows="out_channels", sized=False, colours=int(len(filters) > 3)),)
    name = " <out_channels>" if view.filters > 1 else ""

    def weights(grid: Grid) -> Repeat:
        """A grid a channel; the first has the name."""
        return picked(lambda k: replace(grid, text="" if k else f"{grid.text}{name}", at=(("group_channels", k),)),
                      depth, view.depth)  # fmt: skip

    made = weights(Grid("grad_kernel", "kernel gradient", *KERNEL))
    kernel = weights(Grid("kernel", "kernel", *KERNEL, colours=int(pictures), share=0.3))
    return Row(given, "·", delta, "=", Column(made, *(bias if view.biased else ())), kernel, "→", back)


def _came(view: ConvView, f: int, pictures: bool, share: float) -> Node:
    """The gradients of one map: as they come back, and behind its activation."""
    names = ("grad_output", "of outputs"), (DELTA, "gradients")
    more = f" {f + 1}" if view.filters > 1 else ""
    colours = view.shown_filters if pictures else 0
    grids = [Grid(tensor, text + more, *OUT, at=(("out_channels", f),), colours=colours, share=share)
             for tensor, text in names[not view.activated :]]  # fmt: skip
    return Row(*grids) if view.filters > 1 else Column(*grids)


# ── acts ─────────────────────────────────────────────────────────────────────
def _before(view: ConvView) -> Iterator[All]:
    """What comes in, through the activation."""
    if view.activated:
        yield All((DELTA,), Note("first back through the activation: times its slope"))
    else:
        came = phrases.point("one gradient for each output: ", "how the loss moves with it", "gradients")
        yield All((DELTA,), says=came)


def _after(view: ConvView) -> Iterator[All]:
    """The bias, and the input."""
    if view.biased:
        yield All(("grad_bias",), Note("the bias had a part in every output: it gets their sum"))
    height, width = view.trace.tensor("input").shape[2:]
    at = (0, height // 2, width // 2)  # the middle of the input, of its first channel
    yield All(("grad_padded", "grad_input"), Note(BACK), 3.2, lambda figures: _spread(view, figures, at),
              at={"in_channels": at[0], "height": at[1], "width": at[2]})  # fmt: skip


def _spread(view: ConvView, figures: Figures, at: tuple[int, int, int]) -> Line:
    """``2 · 1 + 1 · 3 = 5``: every gradient in which an input cell had a part, times the weight of that part."""
    made = Address("grad_input", (view.sample, *at))
    if pairs := list(_parts(view, at)) if view.config.padding_mode == "zeros" else []:
        return figures.added(pairs, made)
    return Run("the middle cell", source=Fact("place")), *phrases.reads(figures.text(made), made)


def _parts(view: ConvView, at: tuple[int, int, int]) -> Iterator[tuple[Address, Address]]:
    """The gradients of the windows over an input cell, each with the weight that lay on the cell."""
    rows, cols = shared.axes_of(view.trace)
    met = []
    for place, axis in zip(at[1:], (rows, cols), strict=True):
        reached = place + axis.before
        within = [(o, reached - o * axis.stride) for o in range(axis.out)]
        met.append([(o, by // axis.dilation) for o, by in within if by in range(0, axis.reach, axis.dilation)])
    per_group = view.filters // view.config.groups
    group, channel = divmod(at[0], view.depth)
    for f in range(group * per_group, (group + 1) * per_group):
        for r, i in met[0]:
            yield from (
                (Address(DELTA, (view.sample, f, r, c)), Address("kernel", (f, channel, i, j))) for c, j in met[1]
            )


ConvBackStory = story("Convolution, backwards", film, GOOD_FOR, takes=9)
