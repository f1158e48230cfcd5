"""The runs of an autoencoder: which dense layers there are, what each reads and makes, for which rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, per_cell
from layeranim.engine.network import Sizes
from layeranim.engine.option import Choice, Config, Flag, Integer, option
from layeranim.engine.trace import Step, Steps, Tensor
from layeranim.records import dataclass

MOST = 4
"""The most dense layers of an encoder, and of a decoder."""
PLACES = ("batch", "walk")


@dataclass(frozen=True, kw_only=True)
class AutoencoderConfig(Config):
    """Options of an autoencoder."""

    encoder: tuple[int, ...] | None = option(
        Sizes(most=MOST + 1), None, "numbers of a sample, units of every layer, numbers of its code "
        "(default: as the weights given, else 4,3,2)",
    )  # fmt: skip
    decoder: tuple[int, ...] | None = option(
        Sizes(most=MOST + 1), None, "from the code back to the sample (default: as the weights given, else the "
        "encoder turned round)",
    )  # fmt: skip
    activation: str = option(Choice(tuple(ACTIVATIONS)), "relu", "function of every layer but the code and the last")
    code_activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function of the code")
    output_activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function of the last layer")
    bias: bool = option(Flag(), True, "add a bias to every unit")
    loss: str = option(Choice(("squared", "absolute")), "squared", "what an error costs")
    walk_steps: int = option(Integer(1, 1_000), 5, "steps in which the code walks to another one")


@dataclass(frozen=True)
class DenseRun:
    """One dense layer in one run: what it reads and makes, for rows along the axes ``lead``."""

    label: str
    run: str
    read: str
    made: str
    lead: tuple[str, ...]
    inner: str
    units: str
    function: str

    def name(self, part: str) -> str:
        """``walk_decoder1_products``."""
        return f"{self.run}{self.label}_{part}"

    @property
    def weight(self) -> str:
        return f"{self.label}_weight"

    @property
    def bias(self) -> str:
        return f"{self.label}_bias"

    @property
    def axes(self) -> tuple[str, ...]:
        return (*self.lead, self.units)


def links(
    config: AutoencoderConfig, side: str, run: str, lead: tuple[str, ...], start: str, end: str
) -> list[DenseRun]:
    """The layers of the encoder or the decoder (``side``), for the rows of one run, from ``start`` to ``end``."""
    sizes = (config.encoder if side == "encoder" else config.decoder) or ()
    found, last = [], len(sizes) - 1
    ends = ("in_features", "code") if side == "encoder" else ("code", "in_features")
    functions = {"encoder": config.code_activation, "decoder": config.output_activation}
    for k in range(1, last + 1):
        inner = ends[0] if k == 1 else f"{side}{k - 1}_units"
        units, made = (ends[1], end) if k == last else (f"{side}{k}_units", f"{run}{side}{k}_output")
        function = functions[side] if k == last else config.activation
        found.append(DenseRun(f"{side}{k}", run, start, made, lead, inner, units, function))
        start = made
    return found


def runs(config: AutoencoderConfig, held: Mapping[str, Any]) -> dict[str, list[DenseRun]]:
    """All layers of every run that there is: the samples there and back, the goal and others to their codes, the walk
    from its codes."""
    out = {
        "": [*links(config, "encoder", "", ("batch",), "input", "code"),
             *links(config, "decoder", "", ("batch",), "code", "output")],
    }  # fmt: skip
    if "goal" in held:
        out["goal_"] = links(config, "encoder", "goal_", (), "goal", "goal_code")
    if "others" in held:
        out["others_"] = links(config, "encoder", "others_", ("others",), "others", "others_code")
    return out | {"walk_": links(config, "decoder", "walk_", PLACES, "walk_code", "walk_output")}


def link_steps(link: DenseRun, saved: Mapping[str, Tensor]) -> Steps:
    """Products, sum, bias, function: unit by unit."""
    lead, units, biased = link.lead, link.units, link.bias in saved

    def multiply(c: Cell) -> Step:
        reads = (at(link.weight, c, units), at(link.read, c, *lead))
        return Step("multiply", reads, at(link.name("products"), c, *link.axes))

    def total(c: Cell) -> Step:
        reads = (at(link.name("products"), c, *link.axes),)
        return Step("sum", reads, at(link.name("weighted_sum"), c, *link.axes), (("axes", 1),))

    def add(c: Cell) -> Step:
        more = (at(link.bias, c, units),) if biased else ()
        reads = (at(link.name("weighted_sum"), c, *link.axes), *more)
        return Step("add", reads, at(link.name("pre_activation"), c, *link.axes))

    def bend(c: Cell) -> Step:
        reads = (at(link.name("pre_activation"), c, *link.axes),)
        return Step("activate", reads, at(link.made, c, *link.axes), (("name", link.function),))

    return per_cell(link.axes, saved[link.made].shape, multiply, total, add, bend)
