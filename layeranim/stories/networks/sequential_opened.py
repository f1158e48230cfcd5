"""A stage that is opened: its weights, windows, curve, or what it makes on its way, and the units that tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from layeranim.stories import phrases
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.opened import tight
from layeranim.stories.networks.sequential_panels import (
    Foremost,
    HeldTally,
    Opened,
    at_axes,
    lead_of,
    plain_grid,
    side_by_side,
    sliced,
    told_unit,
)  # fmt: skip
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.stage import Column, Curve, Grid, Row
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address

KERNEL, KERNEL_SMALL, KERNEL_TIGHT, SMALL = 4, 3, 2, 110.0
"""Windows of more rows or columns are colours alone, where several stages are opened, in little height; so large are
these."""
TERMS, TABLED = 6, 3
"""Of a sum of more terms the largest stand in a table, so many."""
CENTRAL = (-4.0, 4.0)
"""What the axis of a curve shows at least: where the functions of layers bend."""
CURVED = 2_000
"""Of more numbers than these no curve has points."""
SEVERAL = 3
"""So many of what a layer with a state makes where several stages are opened."""
TELLING = (
    "self.weights", "weights", "head_output", "expanded", "self_norm.output", "forget_gate", "input_gate",
    "update_gate", "reset_gate", "candidate", "new_gate", "output_gate", "cell", "hidden", "exponentials", "deviation",
    "mean", "normalised", "total", "pre_activation",
)  # fmt: skip
"""What says most of a layer that has no view of its own, the first first."""
OWN: dict[str, tuple[str, ...]] = {
    "gru": ("update_gate", "candidate", "reset_gate"),
    "lstm": ("output_gate", "cell_tanh", "cell", "forget_gate", "input_gate", "candidate"),
    "rnn": ("hidden_pre",),
}
"""Of layers with a state: what the last number is made of, that first."""
SUMS = "pre_activation"
WAY = 4
"""So many of the tensors that a stage makes on its way stand there side by side."""
FIRM = 4
"""Rows and columns of more cells that only move are colours alone."""


def opened_view(view: RowView, stage: RowStage) -> Opened:
    """The opened view of a stage: of its own kind, else of what it makes on its way."""
    way = view.ways[stage.place]
    layer = stage.layer
    if layer == "dense":
        return _dense(view, stage)
    if layer == "conv" and f"{stage.prefix}patches" in view.trace and f"{stage.prefix}products" in way:
        return _windowed(view, stage)
    if layer == "pool" and f"{stage.prefix}windows" in view.trace:
        return _pooled(view, stage)
    small = view.trace.tensor(stage.wrote).shape and view.trace[stage.wrote].size <= CURVED
    if layer == "activation" and stage.wrote in way and small and not stage.keeps:
        acted = view.figures.acted_at(way[stage.wrote])
        if acted.step.operation == "activate":
            head = phrases.name(f"{lead_of(view, stage)}{words.word(stage)}")
            return Opened(Curve(stage.reads, stage.wrote, head, least=CENTRAL), ())
    if layer == "softmax":
        return _shared(view, stage)
    return _on_the_way(view, stage)


# ── dense ────────────────────────────────────────────────────────────────────
def _dense(view: RowView, stage: RowStage) -> Opened:
    """The weights of all units, the sum of the one that is told; of long sums the largest products."""
    weight, products, *sums = (f"{stage.prefix}{word}" for word in ("weight", "products", "weighted_sum", SUMS))
    last, writes = _summed(view, stage, (products, *sums))
    cell = at_axes(view, view.ways[stage.place].get(last, view.target()))
    out, into = view.trace.axes(weight)
    followed = cell.get(out, 0)
    units = tuple(dict.fromkeys((0, followed) if view.trace.size(out) > 1 else (0,)))
    passages = tuple(told_unit(view, stage, f"unit {unit + 1}", writes, {**cell, out: unit}) for unit in units)
    parts: list[Node | str] = [plain_grid(view, weight, f"{lead_of(view, stage)}w", (out, into))]
    if view.trace.size(into) > TERMS and len(view.open) == 1:
        heads, own = ("input", "w", "x", "w · x"), tuple({**cell, out: followed}.items())
        parts.append(Foremost(products, heads, into, TABLED, own))
    parts.append(HeldTally(last, "sum"))
    return Opened(Row(*parts), passages)


# ── windows ──────────────────────────────────────────────────────────────────
def _windowed(view: RowView, stage: RowStage) -> Opened:
    """A window, the filter that lies on it, their products and the sum."""
    way, parts = view.ways[stage.place], ("padded", "patches", "kernel", "products", "partial_sums", SUMS)
    padded, patches, kernel, *sums = (f"{stage.prefix}{word}" for word in parts)
    cell, product = at_axes(view, way[sums[-1]]), view.figures.indices(way[sums[0]])
    channel = view.trace.axes(patches)[1]
    at_channel = way[padded].index[1] if padded in way else 0
    out, _, rows, cols = view.trace.axes(kernel)
    firm = _firm(view, rows, cols)
    which = f", map {at_channel + 1}" if view.trace.size(channel) > 1 else ""

    def cells(tensor: str, text: str, at: Mapping[str, int]) -> Grid:
        own = tuple((axis, at[axis]) for axis in view.axes(tensor) if axis not in (rows, cols))
        return _small(tensor, text, (rows, cols), own, firm)

    window = cells(patches, f"window{which}", {**product, channel: at_channel})
    weights = cells(kernel, f"{lead_of(view, stage)}w, filter {cell[out] + 1}{which}", product)
    last, writes = _summed(view, stage, tuple(sums))
    passage = told_unit(view, stage, f"filter {cell[out] + 1}", writes, cell)
    several = len(view.open) > 1  # then the window is looked for in the maps themselves
    every: list[Node | str] = [window, "·", weights, "=", cells(sums[0], "products", product)]
    factors = [weights] if several else every
    return Opened(Row(*factors, "→", HeldTally(last, "sum")), (passage,))


def _summed(view: RowView, stage: RowStage, sums: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """The tensor whose numbers are the sums of a stage, and all on the way to it: without an activation its output."""
    bent = view.option(stage, "activation") != "linear"
    return (sums[-1], sums) if bent else (stage.wrote, (*sums, stage.wrote))


def _small(tensor: str, text: str, drawn: Sequence[str], at: tuple[tuple[str, int], ...], firm: bool) -> Grid:
    """Cells with numbers where they are ``firm``, else a small square of colours."""
    rows, cols = drawn or (None, None)
    return Grid(tensor, text, rows, cols, at=at, sized=False, lens=False, firm=firm,
                band=(0.0, 0.0) if firm else (SMALL, SMALL))  # fmt: skip


def _firm(view: RowView, rows: str, cols: str) -> bool:
    """Whether a window has room for numerals."""
    most = KERNEL if len(view.open) == 1 else KERNEL_TIGHT if tight(view.telling.film.canvas) else KERNEL_SMALL
    return max(view.trace.size(rows), view.trace.size(cols)) <= most


def _pooled(view: RowView, stage: RowStage) -> Opened:
    """A window, and what it becomes."""
    windows = f"{stage.prefix}windows"
    out = view.ways[stage.place][stage.wrote]
    rows, cols = view.trace.axes(windows)[-2:]
    cell = view.figures.indices(out)
    at = tuple((axis, cell[axis]) for axis in view.axes(windows) if axis not in (rows, cols) and axis in cell)
    grid = _small(windows, f"{lead_of(view, stage)}window", (rows, cols), at, _firm(view, rows, cols))
    passage = told_unit(view, stage, "one window", (stage.wrote,), at_axes(view, out))
    return Opened(Row(grid, "→", HeldTally(stage.wrote, words.word(stage).partition(" ")[0])), (passage,))


# ── softmax ──────────────────────────────────────────────────────────────────
def _shared(view: RowView, stage: RowStage) -> Opened:
    """Scores less the largest of them, their powers, what these add up to."""
    warm, log = view.option(stage, "temperature"), view.option(stage, "log")
    z = f"z/{warm:g}" if warm != 1 else "z"
    headed = {"scaled": z, "maximum": "max", "shifted": f"{z} − max", "exponentials": f"e^{{{z} − max}}", "total": "Σ",
              "log_total": "ln Σ"}  # fmt: skip
    told = [word for word in headed if (word != "scaled" or warm != 1) and (word != "log_total" or log)]
    if len(view.open) > 1:
        told = [word for word in told if word not in ("scaled", "maximum")]
    names = [name for word in told if (name := f"{stage.prefix}{word}") in view.trace]
    passages = tuple(told_unit(view, stage, words.inner(name, stage), (name,), {}) for name in names)
    nodes = [sliced(view, stage, name, headed[name.removeprefix(stage.prefix)], k == 0) for k, name in enumerate(names)]
    long = view.shape(stage.out)[-1:] > (1,) and side_by_side(view, view.shape(stage.out)[-1])
    if not long or len(nodes) < WAY:
        return Opened(Row(*nodes), passages)
    return Opened(Column(Row(*nodes[:-2]), Row(*nodes[-2:])), passages)


# ── any other layer ──────────────────────────────────────────────────────────
def _on_the_way(view: RowView, stage: RowStage) -> Opened:
    """What it makes between what comes in and what goes out, one tensor after another, each in its own arithmetic."""
    inside = [name for name in view.trace if stage.own(name) and name not in (stage.out, stage.wrote)
              and not view.trace.tensor(name).is_recipe and view.figures.made(name)]  # fmt: skip
    own = [name for name in inside if name not in (stage.reads, _passed(view, stage))
           and not name.endswith((".derivative", ".indices"))]  # fmt: skip
    most = WAY if len(view.open) == 1 else WAY // 2
    if stage.layer in OWN:
        own, most = _stated(view, stage, own), len(OWN[stage.layer]) if len(view.open) == 1 else SEVERAL
    chosen = (own if stage.layer in OWN else sorted(own, key=lambda name: _telling(name, stage)))[:most]
    chosen = sorted(chosen, key=lambda name: view.figures.acted(name).at)
    weights = [name for name in view.trace if stage.own(name)
               and view.trace.tensor(name).role == "weight" and len(view.shape(name)) == 2]  # fmt: skip
    shown = [*(weights[:1] if len(chosen) < most and stage.layer not in OWN else []), *chosen]
    nodes: list[Node] = [sliced(view, stage, name, first=not k) for k, name in enumerate(shown)]
    passages = tuple(told_unit(view, stage, words.inner(name, stage), (name,), {}) for name in chosen)
    if not nodes:
        return _moved(view, stage) if stage.layer == "flatten" else _at_once(view, stage)
    half = -(-len(nodes) // 2)
    stands = Column(Row(*nodes[:half]), Row(*nodes[half:])) if len(nodes) > WAY else Row(*nodes)
    return Opened(stands, passages)


def _telling(name: str, stage: RowStage) -> tuple[int, int]:
    """How much a tensor says of its layer: less is more."""
    own = name.removeprefix(stage.prefix)
    short = own.rpartition(".")[2]
    found = [TELLING.index(word) for word in (own, short) if word in TELLING]
    return (min(found), 0) if found else (len(TELLING), 0)


def _stated(view: RowView, stage: RowStage, own: Sequence[str]) -> list[str]:
    """What a layer with a state makes for its last number, that first: of several in it the one that is followed."""
    ends = OWN[stage.layer]
    way = [name.rpartition(".")[0] for name in view.ways[stage.place] if name.rpartition(".")[2] in ends]
    lead = way[-1] if way else next((name.rpartition(".")[0] for name in reversed(own)
                                     if name.rpartition(".")[2] in ends), "")  # fmt: skip
    return [name for word in ends if (name := f"{lead}.{word}") in own]


def _passed(view: RowView, stage: RowStage) -> str:
    """The tensor whose numbers stand in what a stage wrote as they are: to tell both would be to tell one twice."""
    cell = view.ways[stage.place].get(stage.wrote)
    if cell is None or not view.figures.made(stage.wrote):
        return ""
    step = view.figures.acted_at(cell).step
    same = step.operation in ("join", "copy", "arrange", "unroll")
    return step.reads[0].tensor if same and len(step.reads) == 1 else ""


def _at_once(view: RowView, stage: RowStage) -> Opened:
    """A stage that makes what it gives in one act: the followed number in its own arithmetic."""
    made = view.ways[stage.place].get(stage.wrote) or view.followed(stage)
    passage = told_unit(view, stage, "one number", (made.tensor,), at_axes(view, made))
    return Opened(Row(HeldTally(made.tensor, f"{lead_of(view, stage)}{words.place(view, made)}")), (passage,))


def _moved(view: RowView, stage: RowStage) -> Opened:
    """A stage that computes nothing: the rows and columns that the followed number comes from, and where it goes."""
    way = view.ways[stage.place]
    made = way.get(stage.wrote) or way[stage.out]
    before = view.figures.rearranged(made) if stage.layer == "flatten" else None
    text = f"place {made.index[-1] + 1}" if before else words.word(stage)
    if before is None:
        before = Address(stage.reads, tuple(view.cell(stage.reads, stage).values()))
    axes, cell = view.axes(before.tensor), view.figures.indices(before)
    drawn = axes[-2:] if len(axes) > 2 else ()
    at = tuple((axis, cell[axis]) for axis in axes if axis not in drawn)
    of = words.place(view, before) if not drawn else ", ".join(f"{words.single(axis)} {i + 1}" for axis, i in at)
    few = max((view.trace.size(axis) for axis in drawn), default=1) <= FIRM
    grid = _small(before.tensor, f"{lead_of(view, stage)}{of}", drawn, at, few)
    return Opened(Row(grid, "→", HeldTally(made.tensor, text)), ())
