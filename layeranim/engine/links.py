"""What a row of layers is made of: each layer, its options and arrays, and how it reads what the one before wrote."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from layeranim.engine.activation_layer import ACTIVATION
from layeranim.engine.array import shape_text
from layeranim.engine.conv import CONV
from layeranim.engine.conv_nd import CONV_1D, CONV_3D
from layeranim.engine.conv_transpose import CONV_TRANSPOSE, CONV_TRANSPOSE_1D, CONV_TRANSPOSE_3D
from layeranim.engine.dense import DENSE
from layeranim.engine.dropout import DROPOUT
from layeranim.engine.embedding import EMBEDDING
from layeranim.engine.flatten import FLATTEN
from layeranim.engine.normalisation import BATCH_NORM, LAYER_NORM
from layeranim.engine.option import Kind
from layeranim.engine.padding import PAD
from layeranim.engine.pool import POOL, POOL_1D, POOL_3D
from layeranim.engine.recurrent import GRU, LSTM, RNN
from layeranim.engine.softmax import SOFTMAX
from layeranim.engine.trace import Shape, count
from layeranim.engine.transformer import TRANSFORMER
from layeranim.engine.upsample import UPSAMPLE
from layeranim.errors import OptionError
from layeranim.records import dataclass

LAYERS = {layer.name: layer for layer in (
    ACTIVATION, BATCH_NORM, CONV, CONV_1D, CONV_3D, CONV_TRANSPOSE, CONV_TRANSPOSE_1D, CONV_TRANSPOSE_3D, DENSE,
    DROPOUT, EMBEDDING, FLATTEN, GRU, LAYER_NORM, LSTM, PAD, POOL, POOL_1D, POOL_3D, RNN, SOFTMAX, TRANSFORMER,
    UPSAMPLE,
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
class LinkRow(Kind):
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


FIELDS = ("name", "layer", "options", "shape", "axes", "entry", "arrays")


def _listed(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"it is {_kind(value)}")
    return value


def _fields(numbered: tuple[int, Any]) -> list[Any]:
    """The seven fields of one layer; of anything else what is wrong with it."""
    k, fields = numbered
    if not isinstance(fields, list) or len(fields) != len(FIELDS):
        what = f"has {len(fields)} of these {len(FIELDS)}" if isinstance(fields, list) else f"is {_kind(fields)}"
        raise ValueError(f"layer {k + 1} {what}; la.from_torch writes them, docs/weights.md says what they are")
    for field, kind in zip(fields, (str, str, dict, list, list, list, list), strict=True):
        if not isinstance(field, kind):
            which = FIELDS[fields.index(field)]
            raise ValueError(f"{which} of layer {k + 1} is {_kind(field)}, but must be {_KINDS[kind]}")
    return fields


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), "a number" if isinstance(value, (int, float)) else "nothing")


_KINDS = {str: "text", dict: "an object", list: "a list", bool: "true or false"}


def links_of(value: str) -> list[Link]:
    """The layers of a row. Raises ``ValueError`` or ``TypeError`` for text that is none."""
    found = []
    for name, layer, options, shape, axes, entry, arrays in map(_fields, enumerate(_listed(json.loads(value)))):
        if layer not in LAYERS:
            raise ValueError(f"no layer {layer!r} stands in a row; {', '.join(sorted(LAYERS))} do")
        words = {str(key): str(value) for key, value in options.items()}
        seen, order, read = (tuple(int(n) for n in numbers) for numbers in (shape, axes, entry))
        found.append(Link(str(name), layer, words, seen, order, read, tuple(str(a) for a in arrays)))
    if not found or len({link.name for link in found}) < len(found):
        raise ValueError("at least one layer, and every name once")
    return found
