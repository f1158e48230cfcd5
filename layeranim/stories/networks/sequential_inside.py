"""What stands there for opened stages of a row that are not sums: shares, states, numbers that only move."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.sequential_panels import HeldTally, Opened, lead_of, side_by_side, sliced, told_unit
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.stage import Column, Grid, Row
from layeranim.stories.storyboard import Address

OWN: dict[str, tuple[str, ...]] = {
    "gru": ("update_gate", "candidate", "reset_gate"),
    "lstm": ("output_gate", "cell_tanh", "cell", "forget_gate", "input_gate", "candidate"),
    "rnn": ("hidden_pre",),
}
"""Of layers with a state: what the last number is made of, that first."""
WAY = 4
"""So many of the tensors that a stage makes on its way stand there side by side."""
FIRM, SMALL = 4, 110.0
"""Rows and columns of more cells are colours alone, so large."""


def stated(view: RowView, stage: RowStage, own: Sequence[str]) -> list[str]:
    """What a layer with a state makes for its last number, that first: of several in it the one that is followed."""
    ends = OWN[stage.layer]
    way = [name.rpartition(".")[0] for name in view.ways[stage.place] if name.rpartition(".")[2] in ends]
    lead = way[-1] if way else next((name.rpartition(".")[0] for name in reversed(own)
                                     if name.rpartition(".")[2] in ends), "")  # fmt: skip
    return [name for word in ends if (name := f"{lead}.{word}") in own]


def passed(view: RowView, stage: RowStage) -> str:
    """The tensor whose numbers stand in what a stage wrote as they are: to tell both would be to tell one twice."""
    cell = view.ways[stage.place].get(stage.wrote)
    if cell is None or not view.figures.made(stage.wrote):
        return ""
    step = view.figures.acted_at(cell).step
    same = step.operation in ("join", "copy", "arrange", "unroll")
    return step.reads[0].tensor if same and len(step.reads) == 1 else ""


def moved(view: RowView, stage: RowStage) -> Opened:
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
    rows, cols = drawn or (None, None)
    grid = Grid(before.tensor, f"{lead_of(view, stage)}{of}", rows, cols, at=at, sized=False, lens=False, firm=few,
                band=(0.0, 0.0) if few else (SMALL, SMALL))  # fmt: skip
    return Opened(Row(grid, "→", HeldTally(made.tensor, text)), ())


# ── softmax ──────────────────────────────────────────────────────────────────
def shared(view: RowView, stage: RowStage) -> Opened:
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
