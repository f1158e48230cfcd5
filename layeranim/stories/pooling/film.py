"""Pooling: every window becomes its largest number, its mean or its norm; with ``backward`` the way of a gradient."""

from __future__ import annotations

import numpy as np

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.pooling import words
from layeranim.stories.pooling.gradient import WayBack
from layeranim.stories.pooling.pool_stage import kinds, spans, stage
from layeranim.stories.pooling.pool_view import PoolView
from layeranim.stories.stage import Each, Mask, Other, Play, WhatIf, Windows, story
from layeranim.stories.stage.parts.copied import COPY
from layeranim.stories.stage.slices import Listed
from layeranim.stories.storyboard import Address, Fact, Run, Telling


def film(telling: Telling) -> Play:
    """The film of a pooling."""
    view = PoolView(telling)
    way, mean, back = WayBack(view), view.kind == "mean", view.config.backward
    shown = telling.film.selected(view.units)
    follow = view.followed(shown)
    shift = not back and len(shown) == view.units and view.steady
    chain = ("shares" if back else "sums",) * mean + ("grad_input" if back else "output",)
    act = chain, words.back_notes(view) if back else words.notes(view)
    windows = Each((act,), sentence=way.said if back else None)
    return Play(
        title=words.title(view),
        units=Windows(
            ("channels", "out_height", "out_width"), ("window", "windows"),
            names=lambda u: words.place(view, u), most={"channels": view.shown},
            of="grad_input" if back else "padded", steps=view.steps,
            found=way.found if back else None, inner=way.told if back else None,
        ),
        stage=stage(view),
        acts=(windows, _shifted(view)) if shift else (windows,),
        opening=words.opening(view),
        opening_note=words.size(view),
        closing=words.closing(view),
        good_for=words.good_for(view),
        options=words.options(view),
        drawn=phrases.not_all(view.drawn, view.channels, "channels"),
        alike=(("grad_output", "grad_input", "shares"),) if back else (("padded", "output"),) * (view.kind == "max"),
        kinds=kinds(view),
        spans=spans(view),
        masks={"padded": Mask(view.ghost, view.unread, view.counts)},
        follow=follow,
        evidence=way.evidence(follow, shown) if back else _evidence(view, follow, shift),
        stops=tuple(k * view.per_map for k in range(1, view.shown)),
        row=view.out[1],
    )  # fmt: skip


def _evidence(view: PoolView, told: int, shift: bool) -> tuple[Region, ...]:
    """The outputs that stay when the picture is shifted, else an output and the window that it was made of."""
    axes = view.trace.axes("output")
    if not shift:
        return Region.of("output", **dict(zip(axes, view.index(told), strict=True))), view.region(told)
    cells = np.argwhere(view.stays).tolist()
    return tuple(Region.of("output", **dict(zip(axes, (view.sample, *at), strict=True))) for at in cells)


def _shifted(view: PoolView) -> WhatIf:
    """The picture a column further to the left: most of the output stays."""
    others = []
    for k in range(view.shown):
        cells = [[Address("padded", (view.sample, k, *view.moved(r, c))) for c in range(view.padded[1])]
                 for r in range(view.padded[0])]  # fmt: skip
        made = [[_home(view, k, r, c) for c in range(view.out[1])] for r in range(view.out[0])]
        for name, rows in (("padded", cells), ("output", made)):
            values = view.shifted[name][view.sample, k]
            others.append(Other(f"{name}:{k}", values, Listed(tuple(map(tuple, rows)))))
    stay, n = int(view.stays.sum()), view.stays.size
    says = (Run("shifted one column to the left: "), Run(f"{stay} of {n} outputs", "result", "semibold", Fact("stay")),
            Run(" stay"))  # fmt: skip
    return WhatIf(tuple(others), says, (COPY, "output:tally"))


def _home(view: PoolView, channel: int, r: int, c: int) -> Address:
    """Where the largest number of a shifted window stands in the trace: in the output, or where it was before."""
    if view.stays[channel, r, c]:
        return Address("output", (view.sample, channel, r, c))
    row, col = divmod(int(view.shifted["indices"][view.sample, channel, r, c]), view.size[1])
    return Address("padded", (view.sample, channel, *view.moved(row + view.before[0], col + view.before[1])))


PoolStory = story("Pooling", film, words.GOOD_FOR, takes=4)
