"""Convolution over one axis: a window of a few weights slides along, the same weights at every place."""

from __future__ import annotations

from layeranim.stories.convolution import shared
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Mask, Net, Note, Play, Row, Tally, Tries, Units, story
from layeranim.stories.stage.lines import Column
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "sound, text and sensor readings: a pattern is found wherever it stands"
MOST_NODES = 11
"""Of more inputs than these no nodes are drawn."""


def film(telling: Telling) -> Play:
    """The film of a convolution over one axis."""
    trace = telling.trace
    inputs, outputs = trace.size("padded_width"), trace.size("out_width")
    filters, taps = trace.size("out_channels"), trace.size("kernel_width")
    channels, depth = trace.size("in_channels"), trace.size("group_channels")
    last = "output" if shared.activated(trace) else "pre_activation"
    grids = Column(
        Row(Grid("padded", "input", rows="in_channels", cols="padded_width", sized=shared.size_said(trace))),
        Row(
            Grid("kernel", "kernel", rows="group_channels", cols="kernel_width"), "→",
            Grid("products", "products", rows="group_channels", cols="kernel_width"), "→",
            Grid(last, "output", rows="out_channels", cols="out_width"),
        ),
    )  # fmt: skip
    weights = trace.tensor("kernel").array.size
    full = channels * trace.tensor("input").shape[2] * filters * outputs
    single = channels == filters == 1 and inputs <= MOST_NODES
    net = Net("padded", last, "products", ("x", "y"))
    strip = Grid("kernel", "kernel", cols="kernel_width", beside=True)
    nodes = Row(Column(net, strip), Tally(last, "sum"))
    return Play(
        units=Units(("out_channels", "out_width"), ("place", "places"), names=_names(filters, outputs)),
        stage=Tries(nodes, grids) if single else grids,
        acts=(Each(((("products", last), Note("what stands under the window, times the weights, added up")),)),),
        opening=sentence(
            f"{_sliding(depth, taps)} weights slide along, " if depth * taps > 1 else "1 weight slides along, ",
            "the same at every place",
        ),
        closing=_closing(weights, full),
        options=(shared.through(trace), f"kernel {taps}", *shared.options_of(trace, True)),
        alike=(("padded", "products"),),
        masks={"padded": Mask(*shared.without_data(trace))},
    )


def _names(filters: int, outputs: int) -> tuple[str, ...]:
    if filters == 1:
        return ()
    return tuple(f"filter {f + 1}, place {k + 1}" for f in range(filters) for k in range(outputs))


def _sliding(depth: int, taps: int) -> str:
    """How many weights a filter has, a row of them for each channel that it reads."""
    return f"{depth}×{taps}" if depth > 1 else str(taps)


def _closing(shared: int, full: int) -> Line:
    weights = f"{shared} weights do" if shared > 1 else "1 weight does"
    if shared >= full:
        return sentence(f"{weights} ", "what a dense layer does")
    return sentence(f"{weights} the work of ", f"{full} in a dense layer")


Conv1dStory = story("Convolution along one axis", film, GOOD_FOR, takes=6)
