"""A convolutional network: maps become smaller and more, until they are a row that a dense layer reads as a class."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim.stories.networks.cnn_view import BAND, SCORES, CnnView
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "pictures: what a filter finds counts wherever it stands"
HIGH, LOWER, LOWEST = 336.0, 236.0, 150.0
"""The height of the flattened row where its cells have no numbers, and of all bars together."""
CALM, BRIEFLY, QUICK = 2.6, 2.4, 1.7
"""Seconds of an act that adds up, and of one that takes what is there, in a deep network less."""
FEW = 4
"""Of more filters the one that is followed is taught first, then all run."""
LONGEST = 28.0
"""Seconds of the film before it is given time to be read."""
DEEP = 2
"""Networks of more convolutions have little time, and no lanes, between them."""


def film(telling: Telling) -> Play:
    """The film of a convolutional network."""
    view = CnnView(telling)
    return Play(
        units=Units(("conv1_out_channels",), ("filter", "filters"), names=view.named, only=view.only),
        stage=_stage(view),
        acts=(_first(view), *(act for k in range(1, view.layers + 1) for act in _stages(view, k)), *_end(view)),
        opening=_opening(view),
        opening_note=_counted(view),
        closing=_closing(view),
        options=view.options(),
        kinds=view.kinds(),
        alike=view.alike,
        spans=view.spans(),
        follow=view.first,
        visits=(view.first,) if len(view.drawn[0]) > FEW else (),
        at=view.at(),
        evidence=view.followed(),
        routes=view.routes(),
        symbols=view.symbols(),
        longest=LONGEST,
        largest=True,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: CnnView) -> Node:
    """From the picture to the classes; the row in cells with numbers, or as a band of colours."""
    row = Grid("flatten_output", "row", rows="flatten_features", lens=False)
    band = Grid("flatten_output", "row", rows="flatten_features", band=(BAND, _high(view)), lens=False)
    maps: list[Node | str] = []
    for k in range(1, view.layers + 1):
        maps += ["→"] if k == 1 or view.layers <= DEEP else []
        maps += [view.maps(f"conv{k}"), view.maps(f"pool{k}")]
    ends = ((row, _answers(view, 0.0)), (band, _answers(view, 0.0)), (band, _answers(view, _high(view))))
    return Tries(*(Row(view.picture(), *maps, "→", one, "→", *said) for one, said in ends), least=44)


def _high(view: CnnView) -> float:
    """How high the row and all bars are: lower where they stand under others."""
    if view.broken:
        return LOWER if view.telling.film.canvas.narrow else LOWEST
    return HIGH


def _answers(view: CnnView, high: float) -> Sequence[Node | str]:
    """What the dense layer says, and the shares that are made of it, as bars where they are few; without numbers so
    ``high``."""
    sums, said = view.answers(SCORES, "z", _high(view), high)
    return [said] if view.end == "linear" else [sums, "→", said]


# ── acts ─────────────────────────────────────────────────────────────────────
def _first(view: CnnView) -> Each:
    """The first convolution, filter by filter."""
    many = view.trace.tensor("conv1_output").shape[2:] != (1, 1)
    return Each(((view.conv(1), Note("one pixel of its map; all others in the same way", many)),))


def _stages(view: CnnView, k: int) -> list[Act]:
    """A convolution, but for the first, and the pooling after it."""
    conv, pool = view.trace.tensor(f"conv{k}_output").shape, view.trace.tensor(f"pool{k}_output").shape
    mean = view.config.pool_mode == "mean"
    kept = Note(f"the {'mean' if mean else 'largest'} of each window: {_of(pool)} of {_of(conv)}", pool != conv)
    kernel = "×".join(map(str, view.trace.tensor(f"conv{k}_kernel").shape[1:]))
    learnt = view.parameters(f"conv{k}_")
    reads = Note(f"every filter reads all maps before, {kernel}: {learnt} parameters", k > 1 and learnt > 1)
    pooled = All((f"pool{k}_output",), kept, BRIEFLY if view.layers <= DEEP else QUICK)
    return [pooled] if k == 1 else [All(view.conv(k), reads, CALM), pooled]


def _end(view: CnnView) -> list[Act]:
    """The row, what the dense layer makes of it, and the function at the end."""
    laid = Note("the maps lie down in one row: no number changes", view.filters[-1] > 1)
    sums = ("dense_products", "dense_weighted_sum", SCORES)
    asks = Note("every class weighs all of the row", view.noun == "class")
    out: list[Act] = [All(("flatten_output",), laid, BRIEFLY, says=view.laid)]
    if view.end == "linear":
        return [*out, All((*sums, "output"), asks, CALM)]
    steps = [name for name in view.trace if name.startswith(("softmax_", "sigmoid_"))]
    shares = Note("shares that add up to 1", view.noun == "class")
    return [*out, All(sums, asks, CALM), All((*steps, "output"), shares, CALM, says=view.ended)]


# ── words ────────────────────────────────────────────────────────────────────
def _of(shape: Sequence[int]) -> str:
    return "×".join(map(str, shape[2:]))


def _opening(view: CnnView) -> Line:
    """What becomes of the picture: fewer places, more maps."""
    before, after = (view.trace.tensor(view.out(name)).shape[1:] for name in ("input", f"pool{view.layers}"))
    if after[0] > before[0] and after[1] * after[2] < before[1] * before[2]:
        return sentence("from stage to stage ", "less where, more what")
    return sentence("filters, poolings, ", "one row for a dense layer")


def _counted(view: CnnView) -> str:
    """How many numbers are learned, and where most of them are."""
    convs, dense = view.parameters("conv"), view.parameters("dense_")
    return f"{convs + dense} parameters: {convs} in filters, {dense} dense"


def _closing(view: CnnView) -> Line:
    pixels = view.height * view.width * view.channels
    noun = "pixel" if view.pictured else "number"
    row = view.trace.size("flatten_features")
    answer = f"read as a {view.path.winner}" if view.digits else f"{view.noun} {view.called(view.path.winner)}"
    before = f"{pixels} {noun}{'s' * (pixels > 1)} → {row} answer{'s' * (row > 1)} of what is where → "
    return sentence(before, answer)


CnnStory = story("Convolutional network", film, GOOD_FOR, takes=8, shows=("conv#",))
