"""What stands on the stage of a pooling's film: the input, its window, what becomes of it; or the way back."""

from __future__ import annotations

import math

from layeranim import numbers
from layeranim.layout import LEAST_PITCH
from layeranim.records import dataclass
from layeranim.stories.pictures import ink
from layeranim.stories.pooling.gradient import Landed
from layeranim.stories.pooling.pool_view import PoolView
from layeranim.stories.stage import Column, Copied, Grid, Repeat, Row, Tally, Tries
from layeranim.stories.stage.solver import Node

COPIED, COUNTED = 400, 12
"""Of so many numbers at most a window is copied, and counted one by one."""
SHARES = (
    *((share, True) for share in (1.4, 1.3, 1.2, 1.1, 1.0, 0.75)),
    *((share, False) for share in (1.3, 1.2, 1.1, 1.0, 0.75, 0.5)),
)
"""How large a picture of the input is, and whether the output beside it has numerals."""
STAMPS = {False: 0.45, True: 0.75}
"""Of the size of the input that an output in colours has at least; of one of several channels more."""
PALE = 4
"""Times larger, and the smaller numbers would have one colour step."""
NAMES = {"max": "largest", "mean": "sum", "lp": "norm"}


def kinds(view: PoolView) -> dict[str, str]:
    """An image stays one: grey, or a tinted plane for each channel."""
    if view.telling.kinds.get("input") != "image":
        return {}
    return dict.fromkeys(("padded", "output"), ink(view.telling, view.channels))


def spans(view: PoolView) -> dict[str, float]:
    """Input and output are compared cell by cell, so they share one range; gradients too, if it leaves none pale."""
    values = {name: view.trace[name][view.sample, : view.shown] for name in ("input", "output")}
    one = numbers.value_range(*values.values())
    out = dict.fromkeys(("padded", "output", "divisors"), one)
    if view.config.backward:
        back = numbers.value_range(
            *(view.trace[name][view.sample, : view.shown] for name in ("grad_output", "grad_input"))
        )
        every = max(one, back)
        alike = every <= PALE * min(one, back)
        out = dict.fromkeys(out, every if alike else one)
        out |= dict.fromkeys(("grad_output", "grad_input", "shares"), every if alike else back)
    return out


@dataclass(frozen=True)
class PoolLook:
    """How much of the stage has numerals: the input, the output, a ``copy`` of the window, which may be in colours too;
    else ``share`` of the room for a picture of each. ``across`` channels stand side by side."""

    given: bool = True
    made: bool = True
    copy: bool | str = True
    share: float = 1.0
    across: int = 1


def stage(view: PoolView) -> Node:
    """Numerals everywhere; else the input in colours with its window in numbers; then the output in colours too."""
    ways = (1, 2) if view.drawn > 2 else (1,)
    apart = not view.single and math.prod(view.kernel) <= COPIED
    copies: tuple[bool | str, ...] = (True, "colours", False) if apart else (False,)
    beside = (True, False) if apart and not view.whole else (False,)
    looks = [PoolLook(copy=copy, across=way) for copy in beside for way in ways]
    looks += [PoolLook(False, made, copy, share, way) for copy in copies for share, made in SHARES for way in ways]
    row = _back if view.config.backward else _row
    return Tries(*(row(view, look) for look in looks), least=LEAST_PITCH)


def _row(view: PoolView, look: PoolLook) -> Row:
    """Data flows from left to right: the input, its window, what becomes of it, the output."""
    copy = (copied(view, look), "→") if look.copy else ()
    return Row(channels(view, look, "padded"), "→", *copy, _operator(view), "→", channels(view, look, "output"))


def _operator(view: PoolView) -> Node:
    """What the window's numbers become, counted one by one; of a mean the sum and its divisor."""
    taken = view.taken if math.prod(view.kernel) <= COUNTED else None
    if view.kind == "mean":
        by = Grid("divisors", "divided by", one=True)
        return Column(Tally("sums", "sum", taken, "output"), by)
    return Tally("output", NAMES[view.kind], taken)


def copied(view: PoolView, look: PoolLook) -> Copied:
    """The window's numbers beside the input."""
    uneven = view.adaptive and any(n % out for n, out in zip(view.size, view.out, strict=True))
    sized = f"{'up to ' if uneven else ''}{numbers.shape_text(view.kernel)}"
    made = "grad_input" if view.config.backward else "output"
    return Copied("padded", "window", sized=sized, shape=view.kernel, taken=view.taken, made=made,
                  colours=int(look.copy == "colours"), share=0.6)  # fmt: skip


def _back(view: PoolView, look: PoolLook) -> Row:
    """From the output's gradient by way of who won the window, or of the share of each cell, to the input's."""
    back = channels(view, look, "grad_input")
    given = channels(view, look, "grad_output")
    one = () if look.made else (Grid("grad_output", "gradient", one=True),)
    if view.kind == "mean":
        by = Grid("divisors", "divided by", one=True)
        return Row(given, "→", Column(*one, by, Grid("shares", "share", one=True)), "→", back)
    if look.copy and not look.given:
        return Row(given, "→", Column(*one, copied(view, look)), "→", back)
    return Row(given, "→", *((*one, "→") if one else ()), channels(view, look, "padded"), "→", back)


CALLED = {"padded": "input", "output": "output", "grad_output": "output's gradient", "grad_input": "input's gradient"}


def channels(view: PoolView, look: PoolLook, tensor: str) -> Repeat:
    """A tensor, channel by channel; pictures in colours have one heading for all."""
    numeral = look.given if tensor in ("padded", "grad_input") else look.made
    many = view.channels > 1
    shape = view.size if tensor == "padded" else view.trace.tensor(tensor).shape[2:]
    less = max(n / whole for n, whole in zip(shape, view.padded, strict=True))  # cells as large as those of the input
    sized = numbers.shape_text((*((view.channels,) if many else ()), *shape))
    if tensor == "padded" and view.size != view.padded and not many:
        sized += f", padded {numbers.shape_text(view.padded)}"
    rows, cols = view.trace.axes(tensor)[2:]

    def grid(k: int) -> Grid:
        name = CALLED[tensor] if not many else f"{CALLED[tensor]} {k + 1}" if numeral else CALLED[tensor] * (k == 0)
        made = Grid(tensor, name, rows, cols, at=(("channels", k),), sized=False if many and numeral else sized,
                    colours=0 if numeral else -(-view.drawn // look.across),
                    share=look.share * max(less, STAMPS[many]))  # fmt: skip
        return Landed(**vars(made), view=view) if tensor == "grad_input" else made

    count = view.channels if view.channels - view.drawn > 1 else view.drawn  # one more would have its place
    return Repeat(grid, count, view.drawn + (count > view.drawn), look.across)
