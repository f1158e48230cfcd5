"""What is said of a stage that stands for several calls, brings several together, or is drawn as the model gave it."""

from __future__ import annotations

from layeranim.engine.graph_calls import GraphCall
from layeranim.stories import phrases
from layeranim.stories.networks import called as names
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.networks.sequential_view import RowStage, RowView
from layeranim.stories.phrases import so_many
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Fact, Line, Run

JOINING = ("elementwise", "concatenate", "matmul", "einsum")
"""Layers that may bring several tensors together."""


def says(view: RowView, stage: RowStage) -> str:
    """What is said of a stage; nothing where the layer's own sentence holds."""
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
    return words.does(view, stage) if len(stage.calls) == 1 else _chained(stage)


def _closed(call: GraphCall) -> str:
    """What stands for many calls."""
    each = call.stands // call.times
    inside = so_many("call", "calls", each)
    if call.times > 1:
        return f"{so_many('block', 'blocks', call.times)} of {inside} each, not drawn: this is what the last one gave"
    return f"{inside}, not drawn one by one: this is what the last one gave"


def _chained(stage: RowStage) -> str:
    return ", then ".join(map(names.word, stage.calls))


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
    return words.title(stage) if stage else "the input"


def placed(view: RowView, stage: RowStage, figures: Figures, unit: int = 0) -> Line:
    """``3.28 of 1 down1 keeps its value in map 6, row 2, column 1``."""
    at = view.followed(stage)
    way = view.ways[stage.place]
    before = way.get(stage.wrote) or at
    while not (whose := view.stage_of(before.tensor)) or whose is stage:
        carried = view.figures.rearranged(before) if view.figures.made(before.tensor) else None
        if carried is None:
            break
        before = carried
    from_ = f" of {words.title(whose)} stands as " if whose and whose is not stage else " stands as "
    return (Run(figures.text(before), "ink", "semibold", before),
            Run(from_, source=Fact("place")),
            Run(words.place(view, at), "result", "semibold", Fact("place"), late=True))  # fmt: skip


def given(view: RowView, stage: RowStage, figures: Figures, unit: int = 0) -> Line:
    """``cumsum gave 2.25``: no arithmetic here made it."""
    at = view.followed(stage)
    gave = Run(f"{words.word(stage)} gave ", "ink", "semibold", Fact("name"))
    return gave, phrases.result(figures.text(at), at)
