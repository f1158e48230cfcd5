"""Transposed convolution: every input cell stamps the kernel, scaled by its number, and overlaps add up."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace, cell
from layeranim.engine.window import padding_text
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name, activation_word
from layeranim.stories.convolution.conv_transpose_view import FULL, SPACE, Stamping
from layeranim.stories.convolution.sides import pair
from layeranim.stories.phrases import relation_run, result
from layeranim.stories.stage import All, Each, Grid, Note, Painted, Play, Repeat, Row, Tries, Units, story
from layeranim.stories.stage.arrangements import drawn
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "decoders and masks: it makes small maps large, with learnt weights"
KERNEL = "kernel_height", "kernel_width"
OUT = "out_height", "out_width"


def film(telling: Telling) -> Play:
    """The film of a transposed convolution, stamp by stamp."""
    view = Stamping(telling)
    unit = telling.preset.unit if telling.preset else None
    stamps, noun = int(np.prod(view.inside)), ("stamp", "stamps")
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
        words={"painted": lambda unit: _added(telling, view, unit)},
        opening=phrases.sentence("every cell stamps the kernel, ", "overlaps add up"),
        closing=_closing(view),
        good_for=_good_for(view),
        options=_options(view),
        drawn=tuple(f"{drawn(n)} of {n} {what} drawn" for n, what in ((view.inside[0], "channels"),
                                                                      (view.filters, "maps")) if drawn(n) < n),
        alike=(("input", "stamps", "painted", "full", "pre_activation", "output"),),
        stand_ins={"painted": ("stamps", "full")},
        kinds={"input": "grey"} if telling.kinds.get("input") == "image" and view.inside[0] == 1 else {},
        follow=unit if unit is not None and unit < stamps else _told(view, stamps),
        row=view.inside[2],
        evidence=(_last(view, telling.film.selected(stamps)[-1]),),
    )  # fmt: skip


def _last(view: Stamping, unit: int) -> Region:
    """The output; where it is the sum of all stamps itself, where the last one lies."""
    if view.goes_on:
        return Region.of("output", batch=view.batch)
    here = dict(zip(("in_channels", *SPACE), cell(unit, view.inside), strict=True))
    return Region.of("painted", batch=view.batch, **here, **view.lies(unit))


def _told(view: Stamping, stamps: int) -> int:
    """The first stamp that falls on another; the first of all where none does."""
    return next((unit for unit in range(min(stamps, 60)) if view.overlaps(unit)), 0)


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: Stamping) -> Node:
    """Numbers everywhere; else the maps in colours beside the stamp in numbers; then all in colours."""
    sides = (1, 2) if view.filters > 1 else (1,)
    pictured = [(small, across, share) for small in (False, True) for share in (1.0, 0.7, 0.45) for across in sides]
    numbered = [_row(view, False, False, across, 1.0) for across in sides]
    return Tries(*numbered, *(_row(view, True, *way) for way in pictured), least=NUMERAL_LOW)


def _row(view: Stamping, pictures: bool, small: bool, across: int, share: float) -> Node:
    """A cell, the kernel, its stamp, and what all stamps have made so far."""
    several, each = view.filters > 1, drawn(view.per_group)
    given = Repeat(lambda ch: _input(view, ch, pictures, share), view.inside[0])
    one = (Grid("input", "cell", sized=False, one=True),) if pictures else ()
    stamp = Repeat(lambda k: _stamp(k, several, min(0.3, 0.6 / each) if small else 0.0), view.per_group)
    canvas = Repeat(lambda f: _canvas(view, f, drawn(view.filters) if pictures else 0, share / across), view.filters,
                    across=across)  # fmt: skip
    config, after = view.config, list[Node | str]()
    if view.goes_on:
        bias = (Grid("bias", "+ bias", rows="out_channels", sized=False, colours=int(view.filters > 4)),)
        chip = (activation_name(config.activation), "→") if config.activation != "linear" else ()
        made = Repeat(
            lambda f: Grid("output", f"output {f + 1}" if several else "output", *OUT, at=(("out_channels", f),),
                           sized=False, colours=drawn(view.filters) if pictures else 0, share=0.8 * share / across),
            view.filters, across=across,
        )  # fmt: skip
        after = [*(bias if "bias" in view.trace else ()), "→", *chip, made]
    return Row(given, *one, "×", stamp, "→", canvas, *after)


def _input(view: Stamping, ch: int, pictures: bool, share: float) -> Grid:
    name = f"input {ch + 1}" if view.inside[0] > 1 else "input"
    return Grid("input", name, *SPACE, at=(("in_channels", ch),), sized=False, share=0.7 * share,
                colours=drawn(view.inside[0]) if pictures else 0)  # fmt: skip


def _stamp(k: int, several: bool, share: float) -> Node:
    """What one map's weights are, and what they become; in colours each has this share of the room for a picture."""
    at, more = (("group_filters", k),), f" {k + 1}" if several else ""
    kernel, stamp = (
        Grid(tensor, f"{name}{more}", *KERNEL, at=at, sized=False, colours=int(share > 0), share=share or 1.0)
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
    yield Note(f"stride {pair(stride)}: each stamp lies {pair(stride)} cells from the one before",
               len({*stride}) == 1 and stride[0] > 1 and int(np.prod(view.inside[1:])) > 1)  # fmt: skip
    yield Note("the stamp is laid down where its cell stands")


def _added(telling: Telling, view: Stamping, unit: int) -> Line:
    """``4 + 2 = 6``: what lay there, the stamp, what lies there now."""
    here, at = dict(zip(("in_channels", *SPACE), cell(unit, view.inside), strict=True)), view.followed(unit)
    full = tuple(at[axis] for axis in ("out_channels", *FULL))
    tap = tuple(at[axis] for axis in ("group_filters", *KERNEL))
    stamp = Address("stamps", (view.batch, *here.values(), *tap))
    total = Address("painted", (view.batch, *here.values(), *full))
    before = [Address("painted", (view.batch, *cell(unit - 1, view.inside), *full))] if unit else []
    parts = [*before, stamp]
    style = numbers.style(np.concatenate([np.ravel(view.trace[name]) for name in ("input", "full", "output")]),
                          precision=telling.film.precision)  # fmt: skip
    texts = [numbers.text(_value(view.trace, one), style) for one in (*parts, total)]
    exact = [numbers.exact(text) for text in texts[:-1]]
    finite = all(isinstance(one, Fraction) for one in exact)
    reached = sum(exact) if finite else sum(map(numbers.double, texts[:-1]))
    runs: list[Run] = []
    for k, (text, one) in enumerate(zip(texts, parts, strict=False)):
        runs += [Run(" + ")] if k else []
        runs.append(Run(numbers.factor(text) if k else text, "ink", source=one))
    if not unit:
        return (Run("the stamp lies there: ", weight="regular", source=Fact("first")), result(texts[-1], total))
    relation = numbers.agrees(reached, texts[-1], *texts[:-1])
    return (*runs, relation_run(relation), result(texts[-1], total))


def _value(trace: Trace, address: Address) -> float:
    where = zip(trace.axes(address.tensor), address.index, strict=True)
    return float(trace.read(Region(address.tensor, tuple(where))))


def _after(view: Stamping) -> Iterator[All]:
    """What is done to the sum of all stamps."""
    if not view.goes_on:
        return
    config = view.config
    notes = (
        *_cut(view),
        Note(
            f"output padding {pair(config.output_padding)}: so many cells are added at the end",
            any(config.output_padding),
        ),
        Note("each map gets its bias", "bias" in view.trace),
        Note("the activation has the last word"),
    )
    note = next(one for one in notes if one.holds(0))
    row, col = (min(n - 1, n // 2) for n in view.trace.tensor("output").shape[2:])
    yield All(("pre_activation", "output"), note, at={"out_height": row, "out_width": col, "out_channels": 0})


def _cut(view: Stamping) -> Iterator[Note]:
    """What padding does to the edges of the sum."""
    pads = [(before, after) for before, after, _ in view.cuts]
    out, step = view.trace.tensor("output").shape[2:], view.config.stride
    if view.config.padding == "same" and all(n * s == m for n, s, m in zip(view.inside[1:], step, out, strict=True)):
        yield Note(f"padding same: {numbers.shape_text(step)} cells for every cell of the input")
    elif all(before == after for before, after in pads):
        amount = pair([before for before, _ in pads])
        yield Note(f"padding {amount}: so many cells are cut off at every edge", any(map(any, pads)))
    else:
        yield Note(f"padding {padding_text(pads)}: cells cut off at top, bottom, left and right")


def _padding(view: Stamping) -> tuple[str, ...]:
    """``padding 1``, ``padding same 0,1,0,1``; nothing where nothing is cut off."""
    word = f"{view.config.padding} " if isinstance(view.config.padding, str) else ""
    pads = [(before, after) for before, after, _ in view.cuts]
    if not any(map(any, pads)):
        return (f"padding {word}".rstrip(),) if any(map(any, view.cuts)) and word else ()
    even = not word and all(before == after for before, after in pads)
    return (f"padding {word}{pair([before for before, _ in pads]) if even else padding_text(pads)}",)


def _closing(view: Stamping) -> Line:
    """``4 stamps of 2×2 → 3×3 output``."""
    count = int(np.prod(view.inside))
    shape = numbers.shape_text((*((view.filters,) if view.filters > 1 else ()), *view.trace.tensor("output").shape[2:]))
    size = numbers.shape_text(view.kernel.shape[2:])
    return phrases.sentence(f"{count} stamp{'s' * (count > 1)} of {size} → ", f"{shape} output")


def _good_for(view: Stamping) -> str:
    """What it is good for; that cells take unlike many stamps, where they do."""
    if not view.uneven:
        return GOOD_FOR
    counts = view.counts()
    return f"cells take {counts.min()} to {counts.max()} stamps: a checkerboard may show"


def _options(view: Stamping) -> tuple[str, ...]:
    """Sizes, and every option that is not the usual one."""
    config, out = view.config, view.trace.tensor("output").shape[1:]
    shapes = (view.inside[1:], out[1:]) if view.inside[0] == view.filters == 1 else (view.inside, out)
    return (
        f"{numbers.shape_text(shapes[0])} → {numbers.shape_text(shapes[1])}",
        f"kernel {numbers.shape_text(view.kernel.shape[2:])}",
        *((f"{view.filters} filters",) if view.filters > 1 else ()),
        f"stride {pair(config.stride)}",
        *_padding(view),
        *((f"output padding {pair(config.output_padding)}",) if any(config.output_padding) else ()),
        *((f"dilation {pair(config.dilation)}",) if {*config.dilation} != {1} else ()),
        *((f"groups {config.groups}",) if config.groups > 1 else ()),
        *(("bias",) if "bias" in view.trace else ()),
        *((activation_word(config.activation),) if config.activation != "linear" else ()),
    )


ConvTransposeStory = story("Transposed convolution", film, GOOD_FOR, takes=200)
