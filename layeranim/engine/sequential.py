"""Layers one after another, each reading what the one before it wrote: ``torch.nn.Sequential``.

A layer here may want other axes than the one before it wrote (a dense layer reads rows). Then one step ``arrange``
stands between them: the same numbers, axes turned, shape changed. Tensors and axes carry the layer's name in front:
``0.kernel``, ``0.output``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activation_layer import ACTIVATION
from layeranim.engine.array import shape_text
from layeranim.engine.compose import Part, from_file, union
from layeranim.engine.conv import CONV
from layeranim.engine.conv_nd import CONV_1D, CONV_3D
from layeranim.engine.conv_transpose import CONV_TRANSPOSE
from layeranim.engine.dense import DENSE
from layeranim.engine.dropout import DROPOUT
from layeranim.engine.embedding import EMBEDDING
from layeranim.engine.flatten import FLATTEN
from layeranim.engine.normalisation import BATCH_NORM, LAYER_NORM
from layeranim.engine.option import ArrayOption, Config, Kind, Layer, option
from layeranim.engine.pool import POOL, POOL_1D, POOL_3D
from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.replay import operation
from layeranim.engine.softmax import SOFTMAX
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.engine.transformer import TRANSFORMER
from layeranim.errors import OptionError, ShapeError, UsageError

LAYERS = {layer.name: layer for layer in (
    ACTIVATION, BATCH_NORM, CONV, CONV_1D, CONV_3D, CONV_TRANSPOSE, DENSE, DROPOUT, EMBEDDING, FLATTEN, GRU,
    LAYER_NORM, LSTM, POOL, POOL_1D, POOL_3D, RNN, SOFTMAX, TRANSFORMER,
)}  # fmt: skip
"""The layers that can stand in a row: one array goes in, one comes out."""


@dataclass(frozen=True)
class Link:
    """One layer of the row, and the arrays that it is given besides what it reads.

    What the layer before wrote is seen in ``shape``, its axes turned to the order ``axes``, and given the shape
    ``entry``, which the layer reads.
    """

    name: str
    layer: str
    options: Mapping[str, str]
    shape: Shape
    axes: tuple[int, ...]
    entry: Shape
    arrays: tuple[str, ...] = ()

    def written(self) -> list[Any]:
        """As JSON holds it."""
        sizes = [list(self.shape), list(self.axes), list(self.entry)]
        return [self.name, self.layer, dict(self.options), *sizes, list(self.arrays)]

    @property
    def reads(self) -> str:
        """The layer's own name of what it reads."""
        return LAYERS[self.layer].arrays[0].name

    @property
    def config(self) -> Any:
        """The layer's options."""
        return LAYERS[self.layer].config.of(self.options)


def text(links: list[Link]) -> str:
    """The row as option ``layers`` holds it."""
    return json.dumps([link.written() for link in links], separators=(",", ":"))


@dataclass(frozen=True)
class Row(Kind):
    """JSON: ``[name, layer, {option: text}, shape, axes, entry, arrays]`` for each layer."""

    metavar: str = "JSON"

    def check(self, name: str, value: Any) -> str:
        try:
            for link in links_of(value):
                if sorted(link.axes) != list(range(len(link.shape))) or min(*link.shape, *link.entry, 1) < 1:
                    raise ValueError(f"{link.name} has axes {link.axes} of shape {shape_text(link.shape)}")
                if count(link.shape) != count(link.entry):
                    raise ValueError(
                        f"{link.name} reads {shape_text(link.entry)} of {shape_text(link.shape)}: not as many numbers"
                    )
        except (ValueError, TypeError, KeyError) as error:
            reason = " ".join(str(error).split())[:120]
            form = "[name, layer, options, shape, axes, entry, arrays]"
            raise OptionError(f"{name} must be JSON, a list of {form}: {reason}") from None
        return str(value)


def links_of(value: str) -> list[Link]:
    """The layers of a row. Raises ``ValueError`` or ``TypeError`` for text that is none."""
    found = []
    for name, layer, options, shape, axes, entry, arrays in json.loads(value):
        if layer not in LAYERS:
            raise ValueError(f"no layer {layer!r} stands in a row; {', '.join(sorted(LAYERS))} do")
        words = {str(key): str(value) for key, value in options.items()}
        seen, order, read = (tuple(int(n) for n in numbers) for numbers in (shape, axes, entry))
        found.append(Link(str(name), layer, words, seen, order, read, tuple(str(a) for a in arrays)))
    if not found or len({link.name for link in found}) < len(found):
        raise ValueError("at least one layer, and every name once")
    return found


_DEFAULT = text(
    [
        Link("0", "dense", {"units": "3"}, (1, 2), (0, 1), (1, 2), ("weight", "bias")),
        Link("1", "activation", {"activation": "relu"}, (1, 3), (0, 1), (1, 3)),
    ]
)


@dataclass(frozen=True, kw_only=True)
class SequentialConfig(Config):
    """Options of layers in a row."""

    layers: str = option(Row(), _DEFAULT, "the layers in their order, as la.from_torch writes them")


def complete(config: SequentialConfig, shapes: Mapping[str, Shape | None]) -> tuple[SequentialConfig, dict[str, Shape]]:
    """The shape of every array by its name in the whole: ``input``, then ``<name>.<array>``."""
    links = links_of(config.layers)
    first = links[0].shape
    needed = {"input": door.fitting("input", shapes.get("input") or first, first, "as the first layer reads it")}
    for link in links:
        prefix = f"{link.name}."
        own = {n.removeprefix(prefix): s for n, s in shapes.items() if n.startswith(prefix)}
        try:
            _, found = LAYERS[link.layer].complete(link.config, {link.reads: link.entry, **own})
        except UsageError as error:
            raise type(error)(f"{prefix}{error}") from None
        needed |= {prefix + name: shape for name, shape in found.items() if name != link.reads}
    for name, shape in needed.items():
        window.affordable(name, shape)
    door.known(shapes, needed, "sequential")
    return config, needed


def compute(config: SequentialConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all layers. Raises ``ShapeError`` or ``OptionError`` for what does not go together."""
    apart = [name for name in arrays if name.rpartition(".")[2] in ("lengths", "mask", "key_mask")]
    if links_of(config.layers)[0].layer == "embedding":
        apart.append("input")
    taken = door.take(arrays, apart)
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    return _trace(full, door.shaped(taken, needed, "sequential"))


def _trace(config: SequentialConfig, ready: Mapping[str, Array]) -> Trace:
    links = links_of(config.layers)
    x = ready["input"]
    before = Tensor("input", tuple(f"input_{k}" for k in range(x.ndim)), "input", x)
    parts: list[Mapping[str, Tensor]] = [tensors(before)]
    steps: list[Any] = []
    for k, link in enumerate(links):
        entry = _arranged(before, link)
        if entry is not before:
            parts.append(tensors(entry))
            steps.append([_arrange(before, entry, link)])
        prefix = f"{link.name}."
        own = {n.removeprefix(prefix): a for n, a in ready.items() if n.startswith(prefix)}
        trace = LAYERS[link.layer].compute(link.config, {link.reads: entry.array, **own})
        read = trace.tensor(link.reads)
        last = k == len(links) - 1
        roles: Any = {link.reads: entry.role} | ({} if last else {"output": "intermediate"})
        named = {link.reads: entry.name} | ({"output": "output"} if last else {})
        axes = {axis: prefix + axis for axis in ("batch",)} | dict(zip(read.axes, entry.axes, strict=True))
        part = Part(prefix, names=named, axes=axes, axis_prefix=prefix, roles=roles)
        made = part.tensors(trace)
        if not last:
            made = {n: t if t.role != "output" else _inner(t) for n, t in made.items()}
        parts.append(made)
        steps.append(part.steps(trace))
        before = made[part.name("output")]
    every = union(parts)
    learnt = [t for n, t in every.items() if t.role == "weight" and not t.is_recipe and ".running_" not in n]
    numbers = sum(count(t.shape) for t in learnt)
    return Trace("sequential", config, every, Steps.chain(*steps), {"layers": len(links), "parameters": numbers})


def _inner(tensor: Tensor) -> Tensor:
    return Tensor(tensor.name, tensor.axes, "intermediate", tensor.source, tensor.labels)


def _arranged(before: Tensor, link: Link) -> Tensor:
    """What the layer reads: what was written before, or a rearrangement of it."""
    if before.shape == link.entry and link.axes == tuple(range(len(link.axes))):
        return before
    if count(before.shape) != count(link.shape):
        raise ShapeError(
            f"{link.name} sees {shape_text(link.shape)}, but what comes before it is {shape_text(before.shape)}"
        )
    array = arrange(before.array, shape=link.shape, axes=link.axes, entry=link.entry)
    axes = tuple(f"{link.name}.entry_{k}" for k in range(len(link.entry)))
    return Tensor(f"{link.name}.entry", axes, "intermediate", array)


def _arrange(before: Tensor, entry: Tensor, link: Link) -> Step:
    how = (("shape", link.shape), ("axes", link.axes), ("entry", link.entry))
    return Step("arrange", (Region(before.name),), Region(entry.name), how)


@operation("arrange")
def arrange(x: Array, *, shape: Shape, axes: tuple[int, ...], entry: Shape) -> Array:
    """The same numbers: seen in ``shape``, its axes turned to the order ``axes``, in the shape ``entry``."""
    return np.ascontiguousarray(x.reshape(shape).transpose(axes).reshape(entry))


def assemble(config: SequentialConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: made again, with the stored numbers in place of those computed again."""
    names = ["input", *(f"{link.name}.{name}" for link in links_of(config.layers) for name in link.arrays)]
    return from_file(_trace(config, {name: saved[name].array for name in names}), saved)


SEQUENTIAL = Layer(
    name="sequential",
    title="Layers in a row",
    config=SequentialConfig,
    arrays=(ArrayOption("input", (), "input", "what the first layer reads"),),
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = f_n(… f_2(f_1(x)))",
    source="torch.nn.Sequential",
)
