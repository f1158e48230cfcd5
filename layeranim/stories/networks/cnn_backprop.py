"""Backpropagation through a convolutional network: errors go back through every stage, and become slopes of filters."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim.engine.cnn import CNN_BACKPROP
from layeranim.layout import LEAST_PITCH
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name
from layeranim.stories.learning import Learning
from layeranim.stories.networks.cnn_view import BAND, NUMBERS, SCORES, CnnView
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Grid, Maps, Note, Play, Row, Tally, Tries, Units, story
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Line, Telling

GOOD_FOR = "how filters come about: nobody draws them, the loss does"
ERRORS = f"grad_{SCORES}"
SLOPES = "grad_conv1_kernel"
TALL, HIGH, FILTER = 146.0, 150.0, 66.0
"""The height of a block of maps and of the row, the side of a filter."""
TALL_NARROW, HIGH_NARROW, SHALLOW = 58.0, 70.0, 2
"""The same on narrow canvases, where the stages stand in lines; deeper networks have no room for their poolings there,
nor elsewhere those that are deeper still."""
BARS_HIGH = 236.0
"""The height of all bars with their numbers."""
CALM, BRIEFLY = 2.4, 2.0
CELL, CELL_NARROW = 24.0, 20.0
"""The side of a cell of the maps beside numbers."""
FEW, LONGEST = 4, 28.0
"""Of more filters the one that is followed is taught first; seconds of the film before it is given time to be read."""


class CnnBackView(CnnView):
    """One step as its film sees it; a unit of the film is a filter of the first convolution."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.step = Learning(telling, CNN_BACKPROP, "dense", SLOPES)

    def winner(self) -> int:
        """The output that is followed: the one with the largest error."""
        return int(np.argmax(np.nan_to_num(np.abs(self.trace[ERRORS][self.sample]), nan=0.0)))

    def steepest(self, f: int) -> dict[str, int]:
        """The weight of a filter with the steepest slope, by its axes."""
        return dict(zip(self.trace.axes(SLOPES)[1:], self.step.steepest(f), strict=True))

    def at(self) -> dict[str, int]:
        out = super().at()
        for k in range(2, self.layers + 1):
            rows, cols = self.trace.axes(f"conv{k}_padded")[2:]
            _, row, col = self.path.pools[k - 2]
            top, left = self.before(k)
            out |= {rows: row + top, cols: col + left}
        return out

    def back(self, name: str, tall: float, cell: float) -> Maps:
        """The errors of a stage's maps, which stand as the maps do."""
        conv = name.startswith("conv")
        tensor = f"grad_{name}_{'pre_activation' if conv else 'output'}"
        number, k = f"_{{{name[4:]}}}" if self.layers > 1 else "", int(name[4:])
        return Maps(tensor, f"{'δ' if conv else '∂'}{number}", *self.axes(name), maps=self.filters[k - 1], tall=tall,
                    cell=cell, like=self.maps(f"conv{k}", tall, cell), chosen=self.chosen(k))  # fmt: skip

    # ── words ────────────────────────────────────────────────────────────────
    def options(self) -> tuple[str, ...]:
        return *super().options(), *self.step.options(self.called)

    def symbols(self) -> dict[str, Line]:
        names = [(self.step.error, "δ", "ink"), (SLOPES, "∂w", "weights"), ("new_conv1_kernel", "w", "weights"),
                 ("grad_flatten_output", "∂", "ink"), ("loss", "loss", "ink")]  # fmt: skip
        for k in range(1, self.layers + 1):
            names += [(f"grad_conv{k}_pre_activation", "δ", "ink"), (f"grad_pool{k}_output", "∂", "ink")]
        return {tensor: phrases.name(text, role) for tensor, text, role in names}

    def words(self) -> dict[str, Callable[[int], Line]]:
        """The loss of one true class of one sample; of several samples what losses and slopes come to."""
        step = self.step
        out: dict[str, Callable[[int], Line]] = {
            "loss": lambda unit: step.charge() if step.plain else step.together("loss", Address("loss", ()))
        }
        if step.batch > 1:  # every sample has a part in a slope, and one is told
            out[SLOPES] = lambda unit: self._slope(self.drawn[0][unit])
        return out

    def _slope(self, f: int) -> Line:
        """What all samples say of the steepest weight of a filter."""
        return self.step.together("∂w", Address(SLOPES, (f, *self.step.steepest(f))))


def film(telling: Telling) -> Play:
    """The film of one step of a convolutional network."""
    view = CnnBackView(telling)
    last, follow = view.layers, view.first
    errors = [(f"grad_conv{k}_output", f"grad_conv{k}_pre_activation", f"grad_pool{k}_output")
              for k in range(1, last + 1)]  # fmt: skip
    return Play(
        units=Units(("conv1_out_channels",), ("filter", "filters"), names=view.named, only=view.only,
                    inner=lambda unit: view.steepest(view.drawn[0][unit])),
        stage=_stage(view),
        acts=(_forwards(view), *view.step.charged(BRIEFLY), *_back(view), _slopes(view), _step(view)),
        opening=sentence("the error goes back through every stage, ", "to every filter"),
        opening_note=f"{view.parameters('conv', 'dense_')} parameters: which way for each?",
        closing=view.step.closing(),
        options=view.options(),
        kinds=view.kinds() | ({view.step.target: "share"} if view.end == "softmax" else {}),
        alike=(*view.alike, *errors),
        spans=view.spans(),
        follow=follow,
        visits=(follow,) if len(view.drawn[0]) > FEW else (),
        at=view.at(),
        templates=view.step.templates(),
        words=view.words(),
        symbols=view.symbols(),
        longest=LONGEST,
        largest=True,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: CnnBackView) -> Node:
    """Every stage above what comes back to it; on the left the slopes of a filter, on the right what the loss says.

    In numbers what is followed has room in, else in colours."""
    return Tries(_arranged(view, True), _arranged(view, False), least=LEAST_PITCH)


def _arranged(view: CnnBackView, numbers: bool) -> Node:
    """The maps in colours; the slopes of a filter, its weights and the errors of the answers in ``numbers`` or not."""
    narrow = view.telling.film.canvas.narrow
    tall, high, cell = (TALL_NARROW, HIGH_NARROW, CELL_NARROW) if narrow else (TALL, HIGH, CELL)
    pools = view.layers <= (SHALLOW if narrow else SHALLOW + 1)
    maps = {"tall": tall, "cell": cell if numbers else 0.0}
    picture, filters = view.picture(maps["cell"]), _filters(view, NUMBERS if numbers else (FILTER, FILTER))
    out: list[Node | str] = [Column(picture, *filters)]
    if narrow or numbers:
        out = [picture, Row(*filters) if narrow and numbers else Column(*filters)]
    for k in range(1, view.layers + 1):
        names = (f"conv{k}", f"pool{k}") if pools else (f"conv{k}",)
        out += [Column(view.maps(name, **maps), view.back(name, **maps)) for name in names]
    out.append(Column(*_rows((BAND, high))))
    errors, answers = view.answers(view.step.error, "δ", BARS_HIGH, 0.0 if numbers else HIGH)
    said, loss = Row(answers, errors), Tally("loss", "loss")
    return Row(*out, "→", *([said, loss] if narrow else [Column(said, loss)]))


def _rows(band: tuple[float, float] = NUMBERS) -> list[Node]:
    """The maps as one row, and what comes back to it."""
    named = (("flatten_output", "row"), ("grad_flatten_output", "∂"))
    return [Grid(name, text, rows="flatten_features", lens=False, band=band, sized=False) for name, text in named]


def _filters(view: CnnBackView, band: tuple[float, float] = NUMBERS) -> list[Node]:
    """The slopes of a filter's weights, and these after the step."""
    channel, rows, cols = view.trace.axes(SLOPES)[1:]
    at = ((channel, view.step.steepest(view.path.convs[0][0])[0]),)
    named = ((SLOPES, "∂w, filter <conv1_out_channels>"), ("new_conv1_kernel", "new w"))
    return [Grid(name, text, rows, cols, at=at, sized=False, lens=False, band=band) for name, text in named]


# ── acts ─────────────────────────────────────────────────────────────────────
def _forwards(view: CnnBackView) -> All:
    """All stages at once, as the film of the network shows them one by one."""
    names = list(view.trace)
    every = tuple(name for name in names[: names.index("output") + 1] if view.trace.tensor(name).role != "weight")
    note = Note("forwards: filter, pool, weigh")
    if view.end == "linear":
        return All(every, note, CALM)
    return All(every, note, CALM, says=view.ended)


def _back(view: CnnBackView) -> list[Act]:
    """From the row to the first convolution."""
    over = Note("errors come back over the same weights")
    out: list[Act] = [All((ERRORS, f"grad_pool{view.layers}_output", "grad_flatten_output"), over, BRIEFLY)]
    name = activation_name(view.config.activation)
    winner = Note("to the largest of each window alone", view.config.pool_mode == "max")
    shared = Note("to all of each window alike", view.config.pool_mode == "mean")
    bent = Note(f"times the slope of {name}", view.config.activation != "linear")
    for k in range(view.layers, 0, -1):
        routed, after = f"grad_conv{k}_output", f"grad_conv{k}_pre_activation"
        out.append(All((routed, after), (winner, shared, bent), BRIEFLY))
        if k > 1:
            gather = Note("from every cell that read it, times the weight it was read with")
            out.append(All((f"grad_conv{k}_padded", f"grad_pool{k - 1}_output"), gather, BRIEFLY))
    return out


def _slopes(view: CnnBackView) -> Each:
    """The slopes of the first convolution's weights, filter by filter."""
    return Each(((SLOPES, Note("a weight's slope: all that it read, times the errors of what it made")),))


def _step(view: CnnBackView) -> All:
    """All weights and biases at once, against their slopes."""
    every = sorted(name for name in view.trace if name.startswith("new_") and name != "new_conv1_kernel")
    return All((*every, "new_conv1_kernel"), view.step.down, BRIEFLY, at=view.steepest(view.path.convs[0][0]))


CnnBackpropStory = story("Backpropagation through a CNN", film, GOOD_FOR, takes=14)
