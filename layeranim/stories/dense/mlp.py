"""A multilayer perceptron: every layer reads what the one before it wrote; a net, or a picture and its class."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories.activations import bounded
from layeranim.stories.dense.network_view import NetworkView
from layeranim.stories.dense.pictured import pictures
from layeranim.stories.phrases import reckoned
from layeranim.stories.pictures import ink
from layeranim.stories.stage import (
    All,
    Bars,
    Column,
    Each,
    Grid,
    Leading,
    Note,
    Play,
    Row,
    Sides,
    Tally,
    Tries,
    Units,
    story,
)  # fmt: skip
from layeranim.stories.stage.arrangements import leading
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.parts.sides import weighed
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Line, Run, Telling

GOOD_FOR = "the plainest deep network: any row of numbers, as long as its length stays the same"
PICTURE = 150.0
"""Three pictures have at least so much width together with their heights."""
TALL = 1.6
"""Canvases that are so many times as high as wide have room for bars under the pictures."""
DEEP = 4
"""Networks of more layers have one act a layer."""
BARS_HIGH, BAR_MOST, BAR_LEAST = 370.0, 40.0, 23.0
"""All bars together, and one of them, where they have numbers beside a picture."""


def film(telling: Telling) -> Play:
    """The film of a multilayer perceptron."""
    view = NetworkView(telling)
    last, path = view.layers, view.path()
    sides = Sides("dense1_products", "dense1_pre_activation", "dense1_bias" if view.biased else "")
    first = _first(view)
    apart, written = leading(telling, "dense1_products", "in_features", not view.side)
    return Play(
        title=telling.base.title if view.digits and telling.base else "Multilayer perceptron",
        units=Units((view.axis(1),), ("unit", "units"),
                    names=lambda unit: f"{'hidden unit' if last > 1 else 'unit'} {unit + 1}"),
        stage=_stage(view, sides),
        acts=(first, *(act for k in range(2, last + 1) for act in _layer(view, k)), *_end(view)),
        opening=_opening(view),
        opening_note=_counted(view),
        closing=_closing(view),
        options=view.options(),
        kinds=view.shares | ({"input": ink(telling)} if view.side else {}),
        spans=bounded(view.activation, *map(view.made, range(1, last))),
        follow=path[0],
        at={view.axis(k): path[k - 1] for k in range(2, last + 1)},
        evidence=(Region.of("output", batch=view.sample),),
        retold={first.acts[0][0][-1]: lambda figures, unit: weighed(figures, sides, unit)} if view.side else {},
        symbols=view.symbols(),
        largest=True,
        apart=apart,
        drawn=written,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: NetworkView, sides: Sides) -> Node:
    """A picture and the weights of a unit laid over it; a net; or columns of cells with the largest products."""
    last = view.layers
    if view.side:
        return _pictured(view, sides)
    heads = ("input", "w", "x", "w · x")
    x = Grid("input", "x", rows="in_features")
    largest = Leading("dense1_products", heads, "in_features")
    some = [*([largest] if last < 3 else []), *_columns(view, (last,) if last < DEEP else ())]
    return Tries(Row(view.net()), Row(x, *_columns(view, ())), Row(x, *some), least=1)


def _columns(view: NetworkView, barred: Sequence[int], summed: bool = False) -> list[Node | str]:
    """What the layers make, as columns of cells; few numbers of the ``barred`` ones as bars, before the last of which
    the sum that is followed stands where it is ``summed``.
    """
    out: list[Node | str] = []
    for k in range(1, view.layers + 1):
        last, pitch = k == view.layers, min(BAR_MOST, BARS_HIGH / view.sizes[k])
        called = tuple(map(view.called, range(view.sizes[k]))) if last else ()
        few = k in barred and pitch >= BAR_LEAST
        if summed and few and last and k > 1 and view.bent(k):
            noun = "class" if view.classes else "output"
            out += ["→", Tally(view.sums(k)[-1], f"z, {noun} {view.called(view.winner)}")]
        out += ["→", Bars(view.made(k), view.name(k), view.axis(k), called, pitch) if few
                else Grid(view.made(k), view.name(k), rows=view.axis(k))]  # fmt: skip
    return out


def _pictured(view: NetworkView, sides: Sides) -> Node:
    weight = "w, unit <dense1_out_features>"
    laid = pictures(view.side, PICTURE, "x", f"{view.side}×{view.side}", weight, "dense1_")
    two, last = view.layers < 3, view.layers
    canvas = view.telling.film.canvas
    under = (last,) if canvas.height > TALL * canvas.width else ()  # below the pictures there is room for bars
    tries = (_columns(view, (1, last) if two else (last,), two), _columns(view, under))
    return Tries(*(Row(Column(laid, sides), *some) for some in tries))


# ── acts ─────────────────────────────────────────────────────────────────────
def _first(view: NetworkView) -> Each:
    """The first layer, unit by unit."""
    own = Note("one product for each input, then their sum", view.sizes[0] > 1 and not view.side)
    same = Note("every unit reads the same inputs with weights of its own", view.sizes[1] > 1 and not view.side)
    read = (Note("blue speaks for it, orange against it", bool(view.side)), own, same)
    if view.layers == 1 and view.bent(1):  # what bends all of them comes at the end
        return Each(((view.sums(1), read),))
    if not view.bent(1):
        return Each((((*view.sums(1), view.made(1)), read),))
    below = bool((view.trace[view.sums(1)[-1]][view.sample] < 0).any())
    bend = Note("ReLU keeps what is positive, the rest becomes 0", view.activation == "relu" and below)
    return Each(((view.sums(1), read), ("dense1_output", (bend, same))))


def _layer(view: NetworkView, k: int) -> list[Act]:
    """A later layer, all of its units at once; one of them is followed."""
    reads = Note(f"layer {k} reads what layer {k - 1} made", k < 3)
    if k == view.layers and view.bent(k):
        return [All(view.sums(k), reads)]
    if not view.bent(k) or view.layers > DEEP:  # one act a layer, or a deep network would take a minute
        return [All((*view.sums(k), view.made(k)), reads)]
    return [All(view.sums(k), reads), All((view.made(k),), seconds=2.0)]


def _end(view: NetworkView) -> list[Act]:
    """The function at the end, of all outputs together."""
    if view.end == "linear":
        return []
    steps = [name for name in view.trace if name.startswith("softmax_")]
    shares = Note("shares that add up to 1", view.classes)
    return [All((*steps, "output"), shares, 2.8, says=lambda figures: view.ended(figures, view.winner))]


# ── words ────────────────────────────────────────────────────────────────────
def _opening(view: NetworkView) -> Line:
    if view.layers == 1:
        return Run("one layer: "), Run("multiply, add up", "weights", "semibold")
    bent = Run(", bend" * view.bent(1), "ink", "semibold")
    return (Run("each layer: "), Run("multiply, add up", "weights", "semibold"), bent,
            Run("; the next one reads what it made"))  # fmt: skip


def _counted(view: NetworkView) -> str:
    """How many numbers are learned, layer by layer."""
    each = [f"{m}{numbers.DOT}{n}" + (f" + {m}" if view.biased else "")
            for n, m in zip(view.sizes, view.sizes[1:], strict=False)]  # fmt: skip
    total = view.trace.facts["parameters"]
    return f"{total} parameters" + (f":  {' + '.join(each)}" if view.layers < 3 else f" in {view.layers} layers")


def _closing(view: NetworkView) -> Line:
    read = f"read as a {view.winner}" if view.digits and view.classes else _answer(view)
    body = " + ".join(map(str, view.sizes[1:-1]))
    hidden = f"{body} hidden unit{'s' * (body != '1')}"
    inputs = f"{view.sizes[0]} {'pixel' if view.side else 'input'}{'s' * (view.sizes[0] > 1)}"
    learned = hidden if body else f"{view.trace.facts['parameters']} parameters"
    return reckoned(f"{inputs}, ", learned, read, "inputs", "units", "outputs")


def _answer(view: NetworkView) -> str:
    if view.classes:
        return f"class {view.called(view.winner)}"
    return f"{view.sizes[-1]} output{'s' * (view.sizes[-1] > 1)}"


MlpStory = story("Multilayer perceptron", film, GOOD_FOR, takes=6, shows=("inputs",))
