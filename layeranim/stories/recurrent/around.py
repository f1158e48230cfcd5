"""What the recurrent films share around their cells: the strips over time, their acts, what is of one scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories.recurrent import said
from layeranim.stories.recurrent.good import good_for
from layeranim.stories.recurrent.notes import begins, notes
from layeranim.stories.recurrent.presets import ROWS
from layeranim.stories.recurrent.view import FEW, RecurrentView
from layeranim.stories.stage import Aligned, All, Column, Each, Grid, History, Mask, Note, Play, Row, Tries
from layeranim.stories.stage.solver import NUMERAL_LOW, Node

NAMED = 40
"""More time steps than these have no names over their columns."""
CURVED = 200
"""A curve over more time steps than these is no help beside the strip."""
BAND_WIDE, BAND_HIGH, BANDS_HIGH = 720.0, 112.0, 352.0
"""The width of bands, the most that one is high, and the height of all with what is between them and a key."""
BESIDE_WIDE, BESIDE_HIGH = 420.0, 172.0
"""The same where a curve stands beside them."""
SLIM_WIDE = 300.0
"""The width of bands on a narrow canvas."""
BETWEEN = 26.0
LONGEST = 28.0
"""Seconds of a film before it is given time to be read: a cell has many parts."""
PALE = 8
"""Times larger, and the smaller numbers would have one colour step."""
Acts = tuple[tuple[tuple[str, ...], Note | tuple[Note, ...]], ...]


def play(
    view: RecurrentView, title: str, machines: Sequence[Node], acts: Acts, *, unit: int | None = None,
    again: tuple[str, ...] = (),
    sums: tuple[str, ...] = (),    scale: tuple[str, ...] = (), gates: tuple[str, ...] = (), opening_note: str = "",
) -> Play:  # fmt: skip
    """The film of a recurrent layer: ``machines`` are pictures of its opened cell, the best first; ``scale`` are the
    tensors that are as large as states, ``gates`` those from 0 to 1; ``unit`` is told, if not the view's.
    """
    config = view.config
    unit, state = (view.told, view.told_state) if unit is None else (unit, unit)
    answers: tuple[All | Each, ...] = ()
    if config.classes is not None:
        turns = Note("the output layer turns the state into probabilities")
        answers = (
            All(("output", "logits_products", "logits", "probabilities"), turns, says=lambda f: said.answer(view, f)),
        )
    return Play(
        title=title,
        units=replace(view.units, inner=lambda _: {"units": unit, "hidden": state}),
        stage=_stage(view, machines, bool(answers), unit if view.kind == "lstm" else state),
        acts=(Each(told(view, acts), again=again, sums=sums), *answers),
        opening=said.opening(view),
        opening_note=opening_note,
        closing=said.closing(view),
        good_for=good_for(config),
        options=said.options(view),
        drawn=said.drawn(view),
        alike=_alike(view, scale, gates),
        kinds={"probabilities": "share"},
        masks=_masks(view),
        stops=tuple(n * view.steps for n in range(1, len(view.runs))),
        evidence=() if answers else _evidence(view),
        routes=_routes(view),
        tokens=tuple(config.tokens or ()),
        same=(("hidden", "units"),),
        symbols=said.symbols(view, unit, state),
        largest=view.hidden > FEW,
        longest=LONGEST,
    )


def _evidence(view: RecurrentView) -> tuple[Region, ...]:
    """What comes out: the states of the last layer, of all steps or of the last one; of a part of the film its last."""
    last, t = view.at(view.shown[-1])
    tops = [run for run in view.runs if run.layer == view.runs[-1].layer]
    if len(view.shown) < len(view.runs) * view.steps:
        return (Region.of(last.prefix + "hidden", batch=view.sample, time=t),)
    times = range(view.steps) if view.config.returns == "sequences" else None
    return tuple(Region.of(run.prefix + "hidden", batch=view.sample,
                           time=(0 if run.reverse else view.steps - 1) if times is None else times)
                 for run in tops)  # fmt: skip


# ── the stage ────────────────────────────────────────────────────────────────
def _stage(view: RecurrentView, machines: Sequence[Node], answers: bool, told: int) -> Node:
    """The opened cell over the strips, with a curve of the number that is told beside them where there is room."""
    strips, bands = (
        Aligned(*_strips(view, answers)),
        Column(*_strips(view, answers, (BAND_WIDE, BANDS_HIGH))),
    )
    slim = Column(*_strips(view, answers, (SLIM_WIDE, BANDS_HIGH)))
    if not view.single:
        return Tries(strips, *_both_ways(view, answers), bands, slim, least=NUMERAL_LOW)
    kept = "cell" if view.kind == "lstm" else "hidden"
    number = f"_{{{told + 1}}}" if view.hidden > 1 else ""
    narrow = view.telling.film.canvas.narrow
    curve = History(kept, f"{kept[0]}{number} over t", first=1) if 2 < view.steps <= CURVED else None
    over = next(
        (strip for strip in _strips(view, answers) if strip.tensor == "probabilities" and strip.cols == "time"), None
    )
    low = Column(*_strips(view, answers, (BESIDE_WIDE, BESIDE_HIGH)))
    numbered = [strip for strip in _strips(view, answers) if strip.tensor != "cell"]
    below: list[Node] = []
    if over:
        below = [
            Row(Aligned(*(strip for strip in numbered if strip != over)), replace(over, beside=False, sized=False))
        ]
    close = [replace(strip, tight=True) for strip in numbered]
    unnamed = [replace(strip, called=((), strip.called[1])) for strip in close]
    if curve:
        tight = [Row(Aligned(*each, flush=True), curve) for each in (close, unnamed)] if narrow else []
        below += [Row(Aligned(*numbered), curve), *tight, Row(low, curve)]
    below.append(strips)
    under = Column(*_strips(view, answers, (BAND_WIDE, BESIDE_HIGH)))
    found = [Column(machine, each) for machine in machines for each in (*below, under)]
    return Tries(*found, *([Row(strips, curve)] if curve else []), strips, bands, slim, least=NUMERAL_LOW)


def _both_ways(view: RecurrentView, answers: bool) -> Iterator[Node]:
    """The cells of two directions beside each other under the input that both read."""
    if len(view.runs) > 2 or not view.config.bidirectional:
        return
    given, *held = _strips(view, answers)
    each = 1 + _remembers(view)
    ways = (Aligned(*part, flush=True) for part in (held[:each], held[each : 2 * each]))
    yield Column(given, Row(*ways), *held[2 * each :])


def _strips(view: RecurrentView, answers: bool, band: tuple[float, float] = (0.0, 0.0)) -> list[Grid]:
    """A strip for the input, for the states of every cell, and for the answers; in numbers, or as bands that are
    together so wide and so high.
    """
    preset = view.telling.untouched
    rows = ROWS.get(preset.name, {}) if preset else {}
    few = range(view.steps if view.steps <= NAMED else 0)
    names = tuple(view.config.tokens[t] if view.config.tokens else str(t + 1) for t in few)
    held = [("input", "x", "features", rows.get("x", ()))]
    memory = _remembers(view)
    for run in view.runs:
        name = f"layer {run.layer + 1}" if view.config.layers > 1 else ""
        arrow = (" ←" if run.reverse else " →") if view.config.bidirectional else ""
        if memory:
            held.append((f"{run.prefix}cell", f"{name} c{arrow}".strip(), "units", ()))
        state = " h" if memory or not name else ""
        held.append((f"{run.prefix}hidden", f"{name}{state}{arrow}".strip(), "hidden", ()))
    over = "time" in view.trace.axes("probabilities") if answers else False
    if over:
        held.append(("probabilities", "y", "classes", rows.get("y", ())))
    high = min(BAND_HIGH, max(0.0, band[1] / len(held) - BETWEEN))
    out = [Grid(tensor, text, axis, "time", beside=True, called=(called, names if tensor == "input" else ()),
                band=(band[0], high)) for tensor, text, axis, called in held]  # fmt: skip
    if answers and not over:
        out.append(Grid("probabilities", "y", None, "classes", beside=True))
    return out


def _routes(view: RecurrentView) -> tuple[tuple[str, str], ...]:
    """From the input to the first layer, from every layer to the next one: to the first strip of each cell."""
    if view.single:
        return ()
    out, first = [], "cell" if _remembers(view) else "hidden"
    for run in view.runs:
        below = [lower.prefix + "hidden" for lower in view.runs if lower.layer == run.layer - 1] or ["input"]
        out += [(name, run.prefix + first) for name in below]
    return tuple(out)


def _remembers(view: RecurrentView) -> bool:
    """Whether there are strips of memories beside those of states."""
    return view.kind == "lstm" and len(view.runs) <= 2


def _alike(view: RecurrentView, scale: tuple[str, ...], gates: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """States have one scale, and so has the input, unless it is far larger."""
    every = tuple(run.prefix + base for run in view.runs for base in ("hidden", "previous_hidden", *scale)
                  if run.prefix + base in view.trace)  # fmt: skip
    given = ("input", *(run.prefix + "joined" for run in view.runs))
    opened = tuple(run.prefix + gate for run in view.runs for gate in gates if run.prefix + gate in view.trace)
    ranges = [numbers.value_range(*(view.trace[name] for name in names)) for names in (("input",), every)]
    groups = ((*given, *every),) if max(ranges) <= PALE * min(ranges) else (given, every)
    return (*groups, opened) if opened else groups


def _masks(view: RecurrentView) -> Mapping[str, Mask]:
    """Zeros that are no data: what a one-to-many layer reads after its first step."""
    if view.config.mode != "one-to-many":
        return {}
    held = view.trace["input"][view.sample].T[:, : view.steps]
    return {"input": Mask(ghost=np.broadcast_to(np.arange(held.shape[1]) > 0, held.shape))}


# ── acts ──────────────────────────────────────────────────────────────────────
def told(view: RecurrentView, acts: Acts) -> Acts:
    """The acts of a step with what it reads: of one cell, whose parts stand on the stage, one after another, of several
    cells all at once.
    """
    (first, note), *others = acts
    whole = ((("below", "input", *first), note), *others)
    if view.single:
        return whole
    return ((tuple(name for names, _ in whole for name in names), notes(view, begins)),)
