"""One step of learning: the loss of a network, the errors of its outputs, and what the loss is after the step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from layeranim import numbers
from layeranim.engine.network import loss_of
from layeranim.engine.option import Layer
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.stage import All, Note
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

USUAL = {"softmax": "cross-entropy", "sigmoid": "binary", "linear": "squared"}
"""The loss that goes with what the network ends with."""


class Learning(FilmView):
    """What the films of networks tell of such a step: ``layer`` computes it, ``last`` is its last stage with weights,
    ``slopes`` are the gradients that are told unit by unit.
    """

    def __init__(self, telling: Telling, layer: Layer, last: str, slopes: str) -> None:
        super().__init__(telling)
        self.layer, self.slopes = layer, slopes
        self.loss, self.rate = loss_of(self.config), float(self.config.learning_rate)
        self.batch: int = self.trace.size("batch")
        self.target = "loss_target_distribution" if self.loss == "cross-entropy" else "target"
        self.error = "grad_output" if self.config.output_activation == "linear" else f"grad_{last}_output"
        """How the loss changes with what the last stage adds up."""
        self.given = {item.name: self.trace[item.name] for item in layer.arrays if item.name in self.trace}

    def steepest(self, unit: int) -> tuple[int, ...]:
        """The weight of a unit with the steepest slope, by its places on the other axes."""
        slopes = np.nan_to_num(np.abs(self.trace[self.slopes][unit]), nan=0.0)
        return tuple(int(i) for i in np.unravel_index(int(np.argmax(slopes)), slopes.shape))

    def loss_with(self, changed: Mapping[str, Array]) -> float:
        """The loss of the same network with other weights, by the engine."""
        return float(self.layer.compute(self.config, {**self.given, **changed})["loss"])

    def charged(self, seconds: float) -> tuple[All, All]:
        """The loss, and the errors of the outputs."""
        names = list(self.trace)
        losses = [name for name in names if name.startswith("loss_") and name not in (self.target, "loss_share")]
        errors = names[names.index("loss") + 1 : names.index(self.error) + 1]
        usual = self.loss in ("cross-entropy", "binary") and self.batch == 1
        minus = Note("its error: what it said, minus what it should", usual)
        slope = Note("its error: how the loss changes with its sum", not usual)
        return (All((self.target, *losses, "loss"), Note("how wrong that is"), seconds),
                All(tuple(errors), (minus, slope), seconds))  # fmt: skip

    @property
    def down(self) -> Note:
        """What is said of the step itself."""
        return Note("every weight goes a step down its slope", self.rate > 0)

    # ── words ────────────────────────────────────────────────────────────────
    def options(self, called: Callable[[int], str]) -> tuple[str, ...]:
        """What the header keeps of the step: the loss that is not usual, the true class as the stage calls it, the
        rate.
        """
        return (
            *((f"loss {self.loss}",) if self.loss != USUAL[self.config.output_activation] else ()),
            *((f"class {called(self.config.true_class)}",) if self.config.true_class is not None else ()),
            f"rate {self.rate:g}",
        )

    def templates(self) -> dict[str, Callable[[Address], str]]:
        """The error of a share: what it said, minus what it should have; of several samples a part for each."""
        said = "{2} − {1f}" if self.batch == 1 else f"({{2}} − {{1f}}) / {self.batch}"
        return {self.error: lambda target: said} if self.loss == "cross-entropy" else {}

    @property
    def plain(self) -> bool:
        """Whether the loss is that of one true class of one sample."""
        if self.loss != "cross-entropy" or self.batch > 1:
            return False
        return bool((np.sort(self.trace[self.target][0])[:-1] == 0).all())

    def charge(self) -> Line:
        """``loss = −ln 0.27 = 1.31``."""
        true = int(self.trace[self.target][0].argmax())
        place, loss = Address("output", (0, true)), Address("loss", ())
        share, text = self.telling.text(place, "probability"), self.telling.text(loss)
        with np.errstate(all="ignore"):
            right = numbers.agrees(float(-np.log(float(share.replace(numbers.MINUS, "-")))), text)
        return (Run("loss = −ln "), Run(share, "probability", source=place), phrases.relation_run(right),
                phrases.result(text, loss))  # fmt: skip

    def together(self, name: str, place: Address) -> Line:
        """``∂w over all 3 samples = 0.35``: a number in which every sample has a part."""
        text = self.telling.text(place)
        over = f" over all {self.batch} samples" if self.batch > 1 else ""
        return (Run(name, "ink", "semibold"), Run(over, source=Fact("samples")), phrases.equals(text),
                phrases.result(text, place))  # fmt: skip

    def closing(self) -> Line:
        """What the loss was, and what it is after the step."""
        after = self.loss_with({name: self.trace[f"new_{name}"] for name in self.given if f"new_{name}" in self.trace})
        ends, style = (float(self.trace["loss"]), after), self.telling.style("loss")
        texts = [numbers.text(loss, style) for loss in ends]
        moved = phrases.loss_moved(ends, texts, (Address("loss", ()), Fact("after the step")))
        return Run("one step: ", source=Fact("step")), *moved
