"""Convolution: a kernel slides over its input; the products of every window add up to one number."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from layeranim import numbers
from layeranim.records import dataclass
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.convolution.conv_words import GOOD_FOR, ConvWords
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.stage import (
    Apart,
    Column,
    Each,
    Grid,
    Mask,
    Others,
    Play,
    Row,
    Tally,
    Tries,
    Windows,
    picked,
    story,
)  # fmt: skip
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Telling

COLOURS = "RGB"
SMALL = "kernel in colours"


def film(telling: Telling) -> Play:
    """The film of a convolution."""
    view = ConvView(telling)
    words = ConvWords(view)
    notes = words.notes()
    sums = ("partial_sums",) * (view.depth > 1)
    bent = (("output", notes),) if view.activated else ()
    added = (*sums, "pre_activation" if view.activated else "output"), (*words.chosen(), *notes)
    return Play(
        units=Windows(
            ("out_channels", "out_height", "out_width"), ("window", "windows"),
            names=words.place, only={"out_channels": view.maps}, of="padded", by="kernel",
            steps=lambda here: shared.steps_at(view.trace, here),
        ),
        stage=_stage(view),
        acts=(Each((("products", notes), added, *bent)),),
        opening=words.opening(),
        opening_note=words.size_formula(),
        closing=words.closing(),
        good_for=words.good_for(),
        options=words.options(),
        drawn=words.hidden(),
        alike=_alike(view),
        kinds=view.kinds,
        spans=view.spans,
        masks={"padded": Mask(view.ghost, view.unread)},
        follow=view.told,
        evidence=view.evidence(view.told),
        apart=(Apart("partial_sums", "group_channels", view.rows),) if view.apart else (),
        stops=tuple(f * view.per_map for f in range(1, len(view.maps))),
        row=view.out_shape[1],
    )  # fmt: skip


def _alike(view: ConvView) -> tuple[tuple[str, ...], ...]:
    """What is compared cell by cell: a window and its products, unless these are so large that it would be pale."""
    if view.symbolic:
        return ()
    several = ("partial_sums",) if view.depth > 1 else ()
    sums = shared.compared(view.trace, *several, "pre_activation")
    return (sums,) if view.picture else (("padded", "patches"), sums)


# ── stage ────────────────────────────────────────────────────────────────────
@dataclass(frozen=True)
class ConvLook:
    """How much of the stage has numerals: the input and the output, or ``share`` of the room for a picture of each.

    ``across`` is how many channels, and how many maps, stand side by side.
    """

    given: bool = True
    made: bool = True
    share: float = 1.0
    across: tuple[int, int] = (1, 1)

    def pictures(self, counts: tuple[int, int]) -> tuple[int, int]:
        """How many pictures stand one under another, of the input and of the output; 0 where they are numbers."""
        given, made = (-(-count // across) for count, across in zip(counts, self.across, strict=True))
        return 0 if self.given else given, 0 if self.made else made


def _stage(view: ConvView) -> Node:
    """Numerals everywhere; else the input in colours with its window in numbers; then the output in colours too."""
    sides = [(1, 2) if count > 2 else (1,) for count in (len(view.inputs), len(view.maps))]
    ways = [(a, b) for a, b in itertools.product(*sides)]
    whole = [ConvLook(across=way) for way in ways]
    lensed = [ConvLook(False, made, share, way) for share, made in ((1, True), (1, False), (0.75, False), (0.5, False))
              for way in ways]  # fmt: skip
    bare = [ConvLook(False, False, share, way) for share in (1, 0.75, 0.5) for way in ways]
    rows = [*((look, one) for look in whole for one in _operators(view, False)),
            *((look, one) for look in lensed for one in _operators(view, True)),
            *((look, _bare(view, look.share)) for look in bare)]  # fmt: skip
    return Tries(*(_row(view, look, operator) for look, operator in rows), least=NUMERAL_LOW)


def _row(view: ConvView, look: ConvLook, operator: Node) -> Node:
    """Data flows from left to right: the input, what the kernel does to its window, the output."""
    pictures = look.pictures((len(view.inputs), len(view.maps)))
    given = picked(lambda k: _given(view, k, pictures[0], look.share), view.inputs, view.in_channels, look.across[0])
    made = picked(lambda f: _made(view, f, pictures[1], look.share), view.maps, view.filters, look.across[1])
    made_of = "pre_activation" if view.activated else "output"
    total = Tally(made_of, "sum")
    others = (Others("partial_sums", made_of),) if view.apart else ()
    bias = (Grid("bias", "+ bias", one=True),) if view.biased else ()
    sums = ("Σ",) if view.symbolic else (Column(total, *bias, *others),)
    return Row(given, operator, "→", *sums, "→", *shared.bent(view.trace), made)


def _operators(view: ConvView, lens: bool) -> Iterator[Node]:
    """The window in numbers where the input has none, the kernel, their products; with less where that has no room."""
    window = ("patches",) if lens else ()
    if view.depth > 1:
        for parts in ((*window, "kernel", "products"), (*window, "kernel"), (*window, SMALL)):
            yield _rows(view, parts)
        return
    kernel, products = _part(view, "kernel"), _part(view, "products")
    if lens:
        yield Row(Column(_part(view, "patches"), kernel), products)
        yield Column(_part(view, "patches"), kernel)
        yield Row(_part(view, "patches"), kernel)
        yield Row(_part(view, "patches"), _part(view, SMALL))
    else:
        yield Column(kernel, products)
        yield Row(kernel, products)


def _bare(view: ConvView, share: float) -> Node:
    """The kernel in colours alone."""
    return _rows(view, (SMALL,), share) if view.depth > 1 else _part(view, SMALL, share=share)


def _rows(view: ConvView, parts: Sequence[str], share: float = 1.0) -> Node:
    """A row a channel, with the sum of each."""
    every = (*parts, "partial_sums")
    return picked(lambda k: Row(*(_part(view, part, view.rows.index(k), share) for part in every)), view.rows,
                  view.depth)  # fmt: skip


def _part(view: ConvView, part: str, row: int = 0, share: float = 1.0) -> Grid:
    """What the kernel does to a channel; the first row has the names."""
    at, several = (("group_channels", view.rows[row]),), view.depth > 1
    if part == "patches":
        channel = (("in_channels", view.inputs[row]),)
        return Grid(part, "" if row else "window", *KERNEL, at=channel, frame="focus")
    if part == "products":
        return Grid(part, "" if row else part, *KERNEL, at=at)
    if part == "partial_sums":
        return Grid(part, "" if row else "sums", at=at, one=True)
    name = "filter <out_channels>" if view.filters > 1 else "kernel"
    return Grid("kernel", "" if row else name, *KERNEL, at=at, colours=0 if part == "kernel" else 1,
                share=share * min(0.3, 0.9 / len(view.rows)),
                sized=False if several else numbers.shape_text(view.kernel_shape))  # fmt: skip


def _given(view: ConvView, k: int, pictures: int, share: float) -> Grid:
    """A channel of the input, with its padding."""
    shape = shared.size_said(view.trace)
    name = "input" if view.in_channels == 1 else f"input {COLOURS[k] if view.picture == 'planes' else k + 1}"
    return Grid("padded", name, "padded_height", "padded_width", at=(("in_channels", k),),
                sized=shape if view.in_channels == 1 else False, colours=pictures, share=share)  # fmt: skip


def _made(view: ConvView, f: int, pictures: int, share: float) -> Grid:
    """One map of the output."""
    name = "output" if view.filters == 1 else f"map {f + 1}"
    return Grid("output", name, *OUT, at=(("out_channels", f),),
                sized=numbers.shape_text(view.out_shape) if view.filters == 1 else False, colours=pictures,
                share=share)  # fmt: skip


ConvStory = story("Convolution", film, GOOD_FOR, takes=9, shows=("filters", "channels"))
