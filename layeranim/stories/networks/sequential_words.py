"""What the stages of a row are called, and what is said of each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from layeranim.engine.graph_calls import GraphCall
from layeranim.stories import phrases
from layeranim.stories.networks import called as names
from layeranim.stories.networks.called import CONVS, POOLS, TRANSPOSED, Says
from layeranim.stories.networks.sequential_view import STATED, RowStage, RowView
from layeranim.stories.phrases import so_many
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.names import short
from layeranim.stories.storyboard import Address, Fact, Line, Run

NAMED_MOST = 9
"""Names of layers of more letters stand for themselves in no heading."""
JOINING = ("elementwise", "concatenate", "matmul", "einsum")
"""Layers that may bring several tensors together."""


def word(stage: RowStage) -> str:
    """What a stage is called."""
    return names.called(stage.calls)


def title(stage: RowStage) -> str:
    """Its number, from 1, and what it is: ``3 max pool``; of one that stands for others its name alone."""
    return word(stage) if stage.closed else f"{stage.number} {word(stage)}"


def titles(group: Sequence[RowStage]) -> str:
    """That of a stage, or of the first and the last of those that are folded."""
    return " … ".join(map(title, (group[0], *group[1:][-1:])))


def inner(name: str, stage: RowStage) -> str:
    """What a tensor inside a stage is called: ``self weights``."""
    own = name.removeprefix(stage.prefix)
    own = own.rpartition(".")[2] if stage.layer in STATED else own  # of several layers in it one is told
    return INNER.get(own, own.replace("_", " ").replace(".", " "))


def says(view: RowView, stage: RowStage) -> str:
    """What a stage does with what comes in, in a sentence; nothing where its arithmetic says it."""
    last = stage.last
    if last.stands > 1:
        return _closed(last)
    if stage.given:
        said = "gives other numbers here" if last.differs else "is not computed here"
        return f"{names.short(last.kind, names.NAME)} {said}: this is what the model gave"
    if last.layer in JOINING:
        return _joined(view, stage)
    if stage.place and len(stage.calls) == 1 and not last.sources and not last.unseen:
        return "it reads none of the stages before it"
    if len(stage.calls) > 1:
        return ", then ".join(map(names.word, stage.calls))
    if stage.layer == "softmax" and not np.isfinite(view.trace.read(view.figures.told(stage.out))).all():
        return ""  # what is no number is no share
    own = SENTENCES.get(stage.layer, "")
    return own(last) if callable(own) else own


def _closed(call: GraphCall) -> str:
    """What stands for many calls."""
    each = call.stands // call.times
    inside = so_many("call", "calls", each)
    if call.times > 1:
        return f"{so_many('block', 'blocks', call.times)} of {inside} each, not drawn: this is what the last one gave"
    return f"{inside}, not drawn one by one: this is what the last one gave"


def _joined(view: RowView, stage: RowStage) -> str:
    """What a stage brings together, and from where."""
    call, sources = stage.last, (stage.before, *stage.others)
    there = [one for one in sources if one == "input" or view.stage_of(one)]
    if len(there) < 2:
        return ""
    told = [_from(view, one) for one in there]
    added = call.layer == "elementwise" and call.options.get("operation") == "add"
    again = next((one for one in there if added and any(one in view.behind(other) for other in there)), None)
    if again:
        return f"a residual: {_from(view, again)} is added to what became of it"
    every = phrases.listed(told)
    if call.layer == "concatenate":
        return f"{every} stand one after another: no number changes"
    return f"{every} are added up" if added else f"{every} meet here"


def _from(view: RowView, tensor: str) -> str:
    """Whose tensor it is: ``3 conv``, or the input."""
    stage = view.stage_of(tensor)
    return title(stage) if stage else "the input"


def _filtered(call: GraphCall) -> str:
    if call.config.groups == 1:
        return "a filter reads one window at a time, through all maps"
    return "each filter reads windows of the maps of its group"


def _windowed(call: GraphCall) -> str:
    mode = str(call.config.mode).split("-")[-1]
    return {"max": "the largest number of each window stays", "mean": "each window becomes its mean"}.get(
        mode, "each window becomes its norm")  # fmt: skip


SENTENCES: dict[str, str | Says] = {
    "activation": lambda call: {"linear": "no number changes", "relu": "what is negative becomes 0"}.get(
        call.config.activation, "every number goes through one curve"),
    "batchnorm": "every feature gets its own centre and spread",
    **dict.fromkeys(CONVS, _filtered),
    **dict.fromkeys(TRANSPOSED, "every cell stamps the kernel; overlaps add up"),
    **dict.fromkeys(POOLS, _windowed),
    **dict.fromkeys(STATED, "step by step: what it read before is in its state"),
    "dense": "every unit weighs all that comes in",
    "dropout": lambda call: "units are left out at random" if call.config.rate else (
        "nothing is dropped: the network is in use"),
    "embedding": "every id picks its row of the table",
    "flatten": "the maps lie down in one row: no number changes",
    "layernorm": "numbers of a sample get a common centre and spread",
    "pad": "more cells around: no number changes",
    "softmax": lambda call: "scores become logarithms of shares" if call.config.log else (
        "scores become shares that add up to 1"),
    "transformer": "rows look at each other, then each thinks alone",
    "upsample": "more cells, made of those that are there",
}  # fmt: skip


def single(axis: str) -> str:
    """What one index along an axis is called: ``head``, ``map``."""
    own = axis.rpartition(".")[2]
    return AXES.get(own, "row" if nameless(axis) else own.removesuffix("s").replace("_", " "))


def nameless(axis: str) -> bool:
    """Whether an axis only has a number: that of what goes in, or of what a layer reads in another shape."""
    word, _, number = axis.rpartition(".")[2].rpartition("_")
    return number.isdigit() and word in ("input", "entry", "seen")


AXES = {"out_channels": "map", "group_channels": "map", "out_depth": "slice", "out_height": "row", "timesteps": "step"}
MAPPED = ("channels", "maps")
"""How axes of maps end."""
INNER = {
    "cell_tanh": "tanh(cell)",
    "exponentials": "power",
    "hidden_pre": "sum",
    "maximum": "max",
    "pre_activation": "sum",
    "shifted": "difference",
    "self.weights": "attention",
    "self.head_output": "mixture",
    "self_norm.output": "normalised",
    "feedforward.expanded": "feed-forward",
}
"""Names of what a block makes on its way, in the words of its own film."""


# ── the film ─────────────────────────────────────────────────────────────────
def options(view: RowView, crowded: Sequence[int]) -> tuple[str, ...]:
    """What the header keeps: what goes in and comes out, how many layers or calls, and of these how many are drawn,
    what they learned, which are opened, and for which of those that should be there is no room."""
    ends = " → ".join("×".join(map(str, view.shape(name))) or "1" for name in ("input", "output"))
    learnt, drawn = sum(one.learnt for one in view.stages), sum(len(one.calls) for one in view.stages if not one.closed)
    open_, shut = (", ".join(str(view.stages[k].number) for k in view.open if (k in crowded) == wanted)
                   for wanted in (False, True))  # fmt: skip
    return (
        ends,
        so_many(*view.noun, view.total),
        *((f"{drawn} of them drawn",) if drawn < view.total else ()),
        *((so_many("parameter", "parameters", learnt),) if learnt else ()),
        *((f"{open_} opened",) if open_ else ()),
        *((f"{shut} not opened: no room",) if shut else ()),
    )


def counted(view: RowView) -> str:
    """What is only drawn as the model gave it; else which stages learned, and how much of it is in the largest."""
    given = sum(not call.layer and call.stands == 1 for stage in view.stages for call in stage.calls)
    if given:
        others = so_many("call", "calls", given) if given < view.total else "this call"
        return f"of {others} no layer here gives the numbers: drawn as the model gave {'them' if given > 1 else 'it'}"
    sizes = [stage.learnt for stage in view.stages if stage.learnt]
    total, largest = sum(sizes), max(sizes, default=0)
    if not total:
        return "nothing here is learned"
    if sizes.count(largest) > 1:  # none has more than all others
        return f"{total} parameters are in {len(sizes)} layers"
    most = next(stage for stage in view.stages if stage.learnt == largest)
    where = f"layer {most.number}, {word(most)}"
    if largest == total:
        return f"all {total} parameters are in {where}" if total > 1 else f"one parameter, in {where}"
    return f"{largest} of {total} parameters are in {where}"


def closing(view: RowView, last: RowStage, digits: bool, figures: Figures) -> Line:
    """What the stages, up to the last that is shown, made of what came in."""
    at, end = view.followed(last), last is view.stages[-1]
    where = f"read as a {at.index[-1]}: " if digits and end else f"{place(view, at)} = "
    role = "probability" if last.layer == "softmax" and not last.config.log else "result"
    done = sum(stage.stands for stage in view.stages[: last.place + 1])
    return (Run(f"{so_many(*view.noun, done)} later: ", source=Fact(view.noun[1])),
            Run(where, "ink", "semibold", Fact("place")),
            Run(figures.text(at), role, "semibold", at))  # fmt: skip


def place(view: RowView, at: Address) -> str:
    """Where a cell stands among those of its sample: ``map 8, row 2, column 1``; a row by its word where it has one."""
    axes = view.trace.axes(at.tensor)
    found = [(axis, i) for axis, i in zip(axes, at.index, strict=True)
             if axis in view.axes(at.tensor) and not (view.trace.size(axis) == 1 and nameless(axis))]  # fmt: skip
    mapped = bool(found) and found[0][0].endswith(MAPPED)
    called = {0: [], 1: ["output"], 2: ["map", "place"] if mapped else ["row", "column"]}.get(
        len(found), ["map", *["row"] * (len(found) - 2), "column"])  # fmt: skip
    spoken = view.tokens if len(found) == 2 and not mapped and view.trace.size(found[0][0]) == len(view.tokens) else ()
    said = [f"{word} {i + 1}" for word, (_, i) in zip(called, found, strict=True)]
    if spoken:
        said[0] += f" ({short(spoken[found[0][1]])})"
    return ", ".join(said) or "the output"


def laid(view: RowView, stage: RowStage, figures: Figures) -> Line:
    """``7.1 of map 8, row 2, column 1 goes to place 31 of 64``."""
    cell = view.ways[stage.place][stage.wrote]
    before = view.figures.rearranged(cell)
    assert before is not None
    number = Run(figures.text(before), "ink", "semibold", before)
    return phrases.laid(number, place(view, before), cell.index[-1], view.shape(stage.wrote)[-1])


def kept(view: RowView, stage: RowStage, figures: Figures) -> Line:
    """``2.24 stays 2.24``: of a layer that passes every number on."""
    cell = view.followed(stage)
    text = figures.text(cell)
    return (Run(text, "ink", "semibold", cell), Run(" stays "), Run(text, "result", "semibold", cell, late=True))


def picked(view: RowView, stage: RowStage, figures: Figures) -> Line:
    """``down is id 3, row 4 of the table: 1.20 in column 4``."""
    cell = view.followed(stage)
    *place_of, column = view.ways[stage.place].get(stage.wrote, cell).index  # as the layer has its axes
    place_, ids = place_of[-1], view.trace[stage.reads][tuple(place_of)]
    name = f"{short(view.tokens[place_])} is " if place_ < len(view.tokens) else ""
    return (
        Run(f"{name}id {int(ids)}, row {int(ids) + 1} of the table: ", source=Fact("row")),
        Run(figures.text(cell), "result", "semibold", cell, late=True),
        Run(f" in column {column + 1}", source=Fact("column"), late=True),
    )


def placed(view: RowView, stage: RowStage, figures: Figures) -> Line:
    """``3.28 of 1 down1 keeps its value in map 6, row 2, column 1``."""
    at = view.followed(stage)
    way = view.ways[stage.place]
    before = way.get(stage.wrote) or at
    while not (whose := view.stage_of(before.tensor)) or whose is stage:
        carried = view.figures.rearranged(before) if view.figures.made(before.tensor) else None
        if carried is None:
            break
        before = carried
    from_ = f" of {title(whose)} stands as " if whose and whose is not stage else " stands as "
    return (Run(figures.text(before), "ink", "semibold", before),
            Run(from_, source=Fact("place")),
            Run(place(view, at), "result", "semibold", Fact("place"), late=True))  # fmt: skip


def given(view: RowView, stage: RowStage, figures: Figures) -> Line:
    """``cumsum gave 2.25``: no arithmetic here made it."""
    at = view.followed(stage)
    gave = Run(f"{word(stage)} gave ", "ink", "semibold", Fact("name"))
    return gave, phrases.result(figures.text(at), at)


def shape_line(view: RowView, tensor: str) -> Line:
    """How large what a stage makes is."""
    return (Run("×".join(map(str, view.shape(tensor))) or "1", weight="regular", source=Fact("shape")),)


def learnt_line(stage: RowStage, short: bool) -> tuple[Line, ...]:
    """How many numbers it has learned, if any; in a long row of stages in short."""
    n = stage.learnt
    said = f"w: {names.compact(n)}" if short else so_many("parameter", "parameters", n)
    return ((Run(said, "weights", "regular", Fact("parameters")),),) if n else ()
