"""What is said of the calls of a captured model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layeranim.engine.graph_calls import GraphCall
from layeranim.stories.networks import captured_cards as cards
from layeranim.stories.networks import sequential_words as words
from layeranim.stories.phrases import so_many
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Fact, Line, Run

if TYPE_CHECKING:
    from layeranim.stories.networks.captured_view import NetStage, NetView

JOINING = ("elementwise", "concatenate", "matmul", "einsum")
"""Layers that may bring several tensors together."""


def says(view: NetView, stage: NetStage) -> str:
    """What is said of a stage; nothing where the layer's own sentence holds."""
    last = stage.last
    if last.stands > 1:
        return _closed(last)
    if stage.given:
        said = "gives other numbers here" if last.differs else "is not computed here"
        return f"{cards.short(last.kind, cards.NAME)} {said}: this is what the model gave"
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


def _chained(stage: NetStage) -> str:
    return ", then ".join(map(cards.word, stage.calls))


def _joined(view: NetView, stage: NetStage) -> str:
    """What a stage brings together, and from where."""
    call, sources = stage.last, (stage.before, *stage.others)
    there = [one for one in sources if one == "input" or view.stage_of(one)]
    if len(there) < 2:
        return ""
    names = [_from(view, one) for one in there]
    added = call.layer == "elementwise" and call.options.get("operation") == "add"
    again = next((one for one in there if added and any(one in view.behind(other) for other in there)), None)
    if again:
        return f"a residual: {_from(view, again)} is added to what became of it"
    told = f"{', '.join(names[:-1])} and {names[-1]}"
    if call.layer == "concatenate":
        return f"{told} stand one after another: no number changes"
    return f"{told} are added up" if added else f"{told} meet here"


def _from(view: NetView, tensor: str) -> str:
    """Whose tensor it is: ``3 conv``, or the input."""
    stage = view.stage_of(tensor)
    return words.title(stage) if stage else "the input"


def placed(view: NetView, stage: NetStage, figures: Figures) -> Line:
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


# ── the film ─────────────────────────────────────────────────────────────────
def options(view: NetView, crowded: tuple[int, ...] = ()) -> tuple[str, ...]:
    """What the header keeps: what goes in and comes out, how many calls, how many of them are drawn, which are
    opened."""
    ends = " → ".join("×".join(map(str, view.shape(name))) or "1" for name in ("input", "output"))
    total, drawn = parameters(view), sum(len(stage.calls) for stage in view.stages if stage.last.stands == 1)
    open_, shut = (", ".join(str(view.stages[k].number) for k in view.open if (k in crowded) == wanted)
                   for wanted in (False, True))  # fmt: skip
    return (
        ends,
        so_many("call", "calls", view.total),
        *((f"{drawn} of them drawn",) if drawn < view.total else ()),
        *((so_many("parameter", "parameters", total),) if total else ()),
        *((f"{open_} opened",) if open_ else ()),
        *((f"{shut} not opened: no room",) if shut else ()),
    )


def parameters(view: NetView) -> int:
    return sum(stage.parameters for stage in view.stages)


def opening(view: NetView) -> Line:
    if view.total == 1:
        return Run("one call: "), Run("what goes in, what comes out", "ink", "semibold")
    return Run("a model as it ran, "), Run("call by call", "ink", "semibold")


def counted(view: NetView) -> str:
    """What takes part, and what is only drawn as it was given."""
    given = sum(call.stands == 1 and not call.layer for call in view.calls)
    if given:
        others = so_many("call", "calls", given) if given < view.total else "this call"
        return f"of {others} no layer here gives the numbers: drawn as the model gave {'them' if given > 1 else 'it'}"
    return words.counted(view)


def closing(view: NetView, last: NetStage, figures: Figures) -> Line:
    at = view.followed(last)
    role = "probability" if last.layer == "softmax" and not view.option(last, "log") else "result"
    done = sum(stage.stands for stage in view.stages[: last.place + 1])
    return (Run(f"{so_many('call', 'calls', done)} later: ", source=Fact("calls")),
            Run(f"{words.place(view, at)} = ", "ink", "semibold", Fact("place")),
            Run(figures.text(at), role, "semibold", at))  # fmt: skip
