"""Pooling over one axis: a window slides along a row, and each time the numbers under it become one."""

from __future__ import annotations

import numpy as np

from layeranim.engine.pool_shapes import WINDOWED
from layeranim.stories import phrases
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.pooling import words
from layeranim.stories.pooling.gradient import Landed, WayBack
from layeranim.stories.pooling.pool_stage import NAMES, spans
from layeranim.stories.pooling.pool_view import PoolView
from layeranim.stories.stage import Aligned, Column, Copied, Each, Grid, Mask, Play, Row, Tally, Windows, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Line, Run, Telling

GOOD_FOR = "a shorter row for the layers that follow, nothing to learn"
TAKEAWAYS: tuple[Sentence[PoolView], ...] = (
    Sentence("windows of one number: nothing to choose or to mix", lambda view: view.single),
    Sentence("one number for each channel, however long its row is",
             lambda view: view.config.mode not in WINDOWED and view.out[1] == 1),
    Sentence("a shorter row: the strongest answer of each window stays",
             lambda view: view.out[1] < view.size[1] and view.kind == "max"),
    Sentence(GOOD_FOR, lambda view: view.out[1] < view.size[1]),
    Sentence("no shorter than before: each number the largest around its place", lambda view: view.kind == "max"),
    Sentence("no shorter than before, and nothing to learn"),
)  # fmt: skip
COPIED = 8
"""Of so many numbers at most a window is copied, and counted one by one."""


def film(telling: Telling) -> Play:
    """The film of a pooling over one axis, or of the way of a gradient back through it."""
    view = PoolView(telling)
    way, mean, back = WayBack(view), view.kind == "mean", view.config.backward
    shown = telling.film.selected(view.units)
    follow = view.followed(shown)
    chain = ("shares" if back else "sums",) * mean + ("grad_input" if back else "output",)
    act = chain, words.back_notes(view) if back else words.notes(view)
    return Play(
        title=words.title(view).replace("pooling", "pooling along one axis"),
        units=Windows(
            ("channels", "out_width"), ("window", "windows"), names=lambda u: _place(view, u),
            of="grad_input" if back else "padded", steps=view.steps,
            found=way.found if back else None, inner=way.told if back else None,
        ),
        stage=_back(view) if back else _stage(view),
        acts=(Each((act,), sentence=way.said if back else None),),
        opening=words.opening(view),
        opening_note=words.size(view),
        closing=_closing(view),
        good_for=words.good_for(view) if back else first_true(TAKEAWAYS, view),
        options=words.options(view),
        alike=(("grad_output", "grad_input", "shares"),) if back else (("padded", "output"),) * (view.kind == "max"),
        spans=spans(view),
        masks={"padded": Mask(*(np.repeat(one, view.channels, 0) for one in (view.ghost, view.unread, view.counts)))},
        follow=follow,
        evidence=way.evidence(follow, shown) if back else (),
        row=view.out[1],
    )  # fmt: skip


def _given(view: PoolView, lens: bool = False) -> Grid:
    n, size, padded = view.channels, view.size[1], view.padded[1]
    sized = f"{n}×{size}, padded {n}×{padded}" if padded > size else f"{n}×{size}"
    return Grid("padded", "input", "channels", "padded_width", sized=sized, lens=lens)


def _stage(view: PoolView) -> Node:
    """The input across; under it the window, what becomes of it and the output; of one window beside it."""
    made, taps = Grid("output", "output", "channels", "out_width"), view.kernel[1]
    copied = Copied(
        "padded", "window", sized=f"1×{taps}", shape=view.kernel, taken=view.taken, made="output", firm=True
    )
    few, copy = view.taken if taps <= COPIED else None, 1 < taps <= COPIED and view.out[1] > 1
    given = _given(view, lens=not copy)
    turns: tuple[Node | str, ...] = (Tally("output", NAMES[view.kind], few), "→")
    if view.kind == "mean":
        turns = Tally("sums", "sum", few, "output"), "/", Grid("divisors", "count", one=True), "="
    if view.out[1] == 1:
        return Row(given, "→", *turns, made)
    return Column(given, Row(*((copied, "→") if copy else ()), *turns, made))


def _back(view: PoolView) -> Node:
    """The output's gradient, the input that the windows read, and under it the gradient of each of its numbers."""
    back = Landed("grad_input", "input's gradient", "channels", "width", view=view)
    share = Grid("divisors", "count", one=True), "=", Grid("shares", "share", one=True)
    given = Grid("grad_output", "output's gradient", "channels", "out_width")
    under = Column(_given(view), back) if view.padded > view.size else Aligned(_given(view), back)
    return Column(Row(given, "/", *share) if view.kind == "mean" else given, under)


def _place(view: PoolView, u: int) -> str:
    channel, place = divmod(u, view.out[1])
    return ", ".join([f"channel {channel + 1}"] * (view.channels > 1) + [f"window {place + 1}"] * (view.out[1] > 1))


def _closing(view: PoolView) -> Line:
    if view.config.backward:
        return words.closing(view)
    given, made = (phrases.so_many("number", "numbers", view.channels * n) for n in (view.size[1], view.out[1]))
    halves = phrases.point(f"{given} → ", made, "input shape", "output shape")
    return *halves, Run(", "), Run("no weights", "weights", "semibold")


Pool1dStory = story("Pooling along one axis", film, GOOD_FOR)
