"""A dense layer: every unit multiplies what comes in by weights of its own; a net beside the matrix, or a picture."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from layeranim.engine.trace import Region
from layeranim.stories.activations import BOUNDED, bounded
from layeranim.stories.dense import neuron
from layeranim.stories.dense.dense_words import GOOD_FOR, DenseView, DenseWords
from layeranim.stories.dense.pictured import pictures
from layeranim.stories.pictures import ink
from layeranim.stories.stage import (
    Aside,
    Bars,
    Chip,
    Column,
    Each,
    Grid,
    Leading,
    Neurons,
    Note,
    Play,
    Row,
    Sides,
    Tries,
    Units,
    story,
)  # fmt: skip
from layeranim.stories.stage.arrangements import leading
from layeranim.stories.stage.parts.sides import weighed
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Telling

CONCLUDED, PASSED = 3.4, 0.8
"""Seconds for an activation of all units together: of the last sample that is told, and of those before it."""
SUMS = ("products", "weighted_sum", "pre_activation")
PICTURE = 180.0
"""Three pictures have at least so much width together with their heights."""
BARS_HIGH, BAR_MOST, BAR_LEAST = 370.0, 40.0, 28.0
"""All bars together, and one of them, where they have numbers beside a picture."""
Body = Node | str


def film(telling: Telling) -> Play:
    """The film of a dense layer; one of a single unit is a neuron."""
    view = DenseView(telling)
    if view.units == 1 and not view.row_wise:
        return replace(neuron.film(telling), good_for=neuron.GOOD_FOR)
    words, sides = DenseWords(view), _sides(view)
    apart, written = leading(telling, "products", "in_features", not view.side)
    first, second = words.notes()
    acts: tuple[tuple[tuple[str, ...], tuple[Note, ...]], ...] = ((SUMS, first),)
    if not view.activated:
        acts = (((*SUMS, "output"), first),)
    elif not view.row_wise:
        acts += ((("output",), second),)
    last = acts[0][0][-1]
    return Play(
        title=view.title,
        units=Units(
            ("batch", "out_features") if view.batch > 1 else ("out_features",),
            (view.noun, f"{view.noun}{'es' if view.classes else 's'}"),
            () if view.batch > 1 else ("batch",),
            names=words.place,
        ),
        stage=_pictured(view, sides) if view.side else _tabled(view),
        acts=(Each(acts, asides=dict(_asides(view, words))),),
        opening=words.opening(),
        opening_note=words.counted(),
        closing=words.closing(),
        options=words.options(),
        kinds=({"output": "share"} if view.shares else {}) | ({"input": ink(telling)} if view.side else {}),
        spans=_spans(view),
        alike=() if view.row_wise or view.activation in BOUNDED else (("pre_activation", "output"),),
        follow=view.followed,
        evidence=tuple(_evidence(view)),
        row=view.units,
        retold={last: lambda figures, unit: weighed(figures, sides, unit)} if view.side else {},
        largest=view.inputs > 5,
        apart=apart,
        drawn=written,
    )


# ── stage ────────────────────────────────────────────────────────────────────
def _made(view: DenseView, last: Node) -> tuple[Body, ...]:
    """From the sums to the results: through the activation, where there is one."""
    if not view.activated:
        return ()
    return "→", *(() if view.row_wise and view.side else (Chip("pre_activation", "output"), "→")), last


def _tabled(view: DenseView) -> Node:
    """The net beside W · x + b = z → y; without the net; in colours with the largest products of a unit in numbers."""
    z = ("pre_activation", "z") if view.activated else ("output", "y")
    several = view.batch > 1
    bias = ("+", Grid("bias", "b", rows="out_features")) if view.biased else ()
    y = Grid("output", "y", rows="out_features", sized=not several)
    made = _made(view, y)
    weight = Grid("weight", "W", rows="out_features", cols="in_features")
    x = "x, sample <batch>" if several else "x"
    sums: tuple[Body, ...] = (weight, "·", Grid("input", x, rows="in_features", sized=not several), *bias)
    table: tuple[Body, ...] = (*sums, "=", replace(y, tensor=z[0], text=z[1]), *made)
    short = (*sums, *made) if view.activated else table  # the sums stand in the nodes
    net = Neurons("input", z[0], ("x", z[1]), ("in_features", "out_features"))
    colours = Column(
        Grid("input", x, cols="in_features", lens=False, sized=not several),
        Grid("weight", "W", rows="out_features", cols="in_features", lens=False),
    )
    heads = ("input", "w", "x", "w · x")
    one = ("+", Grid("bias", "b", one=True)) if view.biased else ()
    through = ("=", Grid("pre_activation", "z", one=True, sized=True), "→", Chip("pre_activation", "output"), "→")
    heat: tuple[Body, ...] = (
        colours, Leading("products", heads, "in_features"), *one, *(through if view.activated else ("=",)),
        y,
    )  # fmt: skip
    return Tries(Row(net, *short), Row(*table), Row(*heat), least=44)


def _sides(view: DenseView) -> Sides:
    return Sides("products", "pre_activation" if view.activated else "output", "bias" if view.biased else "")


def _pictured(view: DenseView, sides: Sides) -> Node:
    """What is read as the picture that it is, the weights of a unit in the same places, what speaks for and against."""
    z = ("pre_activation", "z") if view.activated else ("output", "y")
    weight = f"w, {view.noun} <out_features{':0' if view.classes else ''}>"
    x, sized = ("sample <batch>", False) if view.batch > 1 else ("x", view.sized)
    laid = pictures(view.side, PICTURE, x, sized, weight)
    called = tuple(map(view.name, range(view.units)))

    def stage(pitch: float) -> Row:
        scores = Bars(*z, rows="out_features", called=called, pitch=pitch)
        made = _made(view, Bars("output", view.chip, rows="out_features", pitch=pitch))
        return Row(Column(laid, sides), scores, *made)

    pitch = min(BAR_MOST, BARS_HIGH / view.units)
    return Tries(*([stage(pitch)] if pitch >= BAR_LEAST else []), stage(0.0))


# ── acts ─────────────────────────────────────────────────────────────────────
def _asides(view: DenseView, words: DenseWords) -> Iterator[tuple[int, Aside]]:
    """After the last unit of a sample, whether it is shown or not, the activation of all its units together."""
    samples = range(view.shown.start // view.units, (view.shown.stop - 1) // view.units + 1) if view.row_wise else ()
    for b in samples:
        unit, best = (b + 1) * view.units - 1, view.winner(b)
        said, note = words.finish(unit)
        points = [Region.of("output", batch=b, out_features=best)]
        if view.side:
            points += [region for k in view.loudest(b, best) for region in view.spot(b, best, k)]
        seconds = CONCLUDED if view.last(unit) else PASSED
        yield unit, Aside(said, tuple(points), seconds, ("output",), b * view.units + best, note)


def _evidence(view: DenseView) -> Iterator[Region]:
    """The results of the sample that was followed; of a picture that which spoke loudest for the winner."""
    sample, unit = divmod(view.followed, view.units)
    told = range(max(view.shown.start - sample * view.units, 0), min(view.shown.stop - sample * view.units, view.units))
    whole = told.stop == view.units
    made = "pre_activation" if view.row_wise and not whole else "output"
    yield Region.of(made, batch=sample, out_features=told)
    if view.side and whole and unit == view.winner(sample):
        for k in view.loudest(sample, unit):
            yield from view.spot(sample, unit, k)


def _spans(view: DenseView) -> dict[str, float]:
    """One range of colours where the ranges are not far apart; what is bounded has its own."""
    out = {} if view.side else neuron.one_scale(view.trace, ("input", "bias", "pre_activation", "output"))
    return out | bounded(view.activation, "output")


DenseStory = story("Dense layer", film, GOOD_FOR, takes=7, shows=("inputs",))
