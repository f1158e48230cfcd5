"""Depthwise separable convolution: a filter for each channel alone, then a 1×1 convolution that mixes the channels.

``depthwise[b, ch·m + k] = x[b, ch] ∗ depthwise_kernel[ch·m + k]``, then
``output[b, f] = Σ_d depthwise[b, d] · pointwise_kernel[f, d] + bias[f]``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine import conv, conv_backward, conv_shapes, door, window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.array import axes_text
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.compose import Part, from_file, union
from layeranim.engine.conv_shapes import ConvConfig
from layeranim.engine.conventions import NAMES
from layeranim.engine.entry import enter, ranked, size_of
from layeranim.engine.memory import named
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, Padding, PerAxis, option
from layeranim.engine.trace import Array, Shape, Steps, Tensor, Trace, count
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

_INPUT = ("batch", "in_channels", "height", "width")
_DEEP = ("depth_channels", "multiplicand", "kernel_height", "kernel_width")
_POINT = ("out_channels", "depth_channels", "point_height", "point_width")


@dataclass(frozen=True, kw_only=True)
class DepthwiseConfig(Config):
    """Options of a depthwise separable convolution. ``None`` is filled in from the shapes of the arrays."""

    kernel_size: tuple[int, int] | None = option(
        PerAxis(optional=True), None, "height and width of the filters (default: as given, else 3)", short="-k"
    )
    stride: tuple[int, int] = option(
        PerAxis(), 1, "cells from one window to the next", short="-s", aliases=("strides",)
    )
    padding: str | tuple[tuple[int, int], ...] = option(
        Padding(words=window.PADDINGS), 0, "cells added around the input", short="-p"
    )
    dilation: tuple[int, int] = option(
        PerAxis(), 1, "cells from one tap of the kernel to the next", short="-d", aliases=("dilation_rate",)
    )
    in_channels: int | None = option(Integer(1), None, "channels of the input (default: as the input given, else 3)")
    multiplier: int | None = option(
        Integer(1),
        None,
        "filters of each channel (default: as the kernel given, else 1)",
        aliases=("depth_multiplier",),
    )
    filters: int | None = option(
        Integer(1), None, "output channels (default: as the pointwise kernel given, else 4)", aliases=("out_channels",)
    )
    bias: bool | None = option(Flag(), None, "add a bias to every output channel (default: when its values are given)")
    activation: str = option(Choice(tuple(ACTIVATIONS)), "linear", "function applied to every output")
    convention: str = option(Choice(NAMES), "torch", "whose meaning of padding same is used")


def complete(config: DepthwiseConfig, shapes: Mapping[str, Shape | None]) -> tuple[DepthwiseConfig, dict[str, Shape]]:
    """Every size filled in; a pointwise kernel may be given as (out_channels, depth_channels)."""
    x, deep = ranked("input", shapes.get("input"), _INPUT, 2), shapes.get("depthwise_kernel")
    if deep is not None and len(deep) == 3:
        deep = (deep[0], 1, *deep[1:])
    deep = ranked("depthwise_kernel", deep, _DEEP, 2)
    if deep is not None and deep[1] != 1:
        raise ShapeError(
            f"depthwise_kernel has {deep[1]} group_channels, but must have 1: each filter reads one channel"
        )
    point = shapes.get("pointwise_kernel")
    if point is not None and len(point) not in (2, 4):
        raise ShapeError(f"pointwise_kernel has {axes_text(len(point))}, but must have 2 or 4 ({', '.join(_POINT)})")
    bias = ranked("bias", shapes.get("bias"), ("out_channels",), 0)
    if bias is not None and config.bias is False:
        raise OptionError("bias is false, but values for the bias are given; leave out one of them")
    made = (
        deep[0] if deep is not None and config.in_channels is None and x is None and config.multiplier is None else None
    )
    channels = door.agreed("in_channels", [(config.in_channels, "in_channels"), size_of("input", x, 1)], made or 3)
    if deep is not None and deep[0] % channels:
        raise ShapeError(
            f"depthwise_kernel has {deep[0]} filters, but must have a multiple of the {channels} in_channels"
        )
    each = deep[0] // channels if deep else None
    multiplier = door.agreed("multiplier", [(config.multiplier, "multiplier"), (each, "depthwise_kernel")], 1)
    many = bias if shapes.get("bias") != () else None
    claims = [(config.filters, "filters"), size_of("pointwise_kernel", point, 0), size_of("bias", many, 0)]
    filters = door.agreed("filters", claims, 4)
    size = (deep[2], deep[3]) if deep else config.kernel_size or (3, 3)
    door.fitting("depthwise_kernel", size, config.kernel_size or size, "as kernel_size says")
    config = config.replace(in_channels=channels, multiplier=multiplier, filters=filters, kernel_size=size,
                            bias=bias is not None or bool(config.bias))  # fmt: skip
    first, needed = conv_shapes.complete(_first(config), {"input": x} if x else {})
    depth = channels * multiplier
    pointwise = (filters, depth, 1, 1)
    if point is not None:
        door.fitting("pointwise_kernel", point, pointwise[: len(point)], ", ".join(_POINT[: len(point)]))
    found = {"input": needed["input"], "depthwise_kernel": (depth, 1, *size), "pointwise_kernel": pointwise}
    if config.bias:
        found["bias"] = (filters,)
    window.affordable(
        "output", (found["input"][0], filters, *(a.out for a in conv_shapes.axes_of(first, found["input"])))
    )
    return config, found


def _first(config: DepthwiseConfig) -> ConvConfig:
    channels = config.in_channels or 1
    return ConvConfig(
        kernel_size=config.kernel_size, stride=config.stride, padding=config.padding, dilation=config.dilation,
        in_channels=channels, filters=channels * (config.multiplier or 1), groups=channels, bias=False,
        convention=config.convention,
    )  # fmt: skip


def makes(config: DepthwiseConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What both convolutions make."""
    first = conv_shapes.makes(_first(config), {"input": shapes["input"]})
    second = {"input": first["pre_activation"]}
    point = ConvConfig(kernel_size=(1, 1), filters=config.filters, activation=config.activation)
    return {**named("depthwise_", first), **named("pointwise_", conv_shapes.makes(point, second))}


def compute(config: DepthwiseConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``input``, ``depthwise_kernel`` (in_channels · multiplier, 1, …), ``pointwise_kernel``, ``bias``.

    Raises ``ShapeError`` or ``OptionError`` for what does not go together.
    """
    full, ready = enter("depthwise", _ARRAYS, complete, config, arrays)
    return _trace(full, *_parts(full, ready))


def _parts(config: DepthwiseConfig, ready: Mapping[str, Array]) -> tuple[Trace, Trace]:
    deep = conv.compute(_first(config), {"input": ready["input"], "kernel": ready["depthwise_kernel"]})
    second: dict[str, Any] = {"input": deep["output"], "kernel": ready["pointwise_kernel"], "bias": ready.get("bias")}
    point = ConvConfig(bias=config.bias, activation=config.activation)
    return deep, conv.compute(point, {name: array for name, array in second.items() if array is not None})


_DEEP_NAMES = Part(
    "depthwise_",
    names={"input": "input", "padded": "padded", "output": "depthwise_output"},
    axes={"out_channels": "depth_channels", "group_channels": "multiplicand"},
    roles={"output": "intermediate"},
)  # fmt: skip
_POINT_NAMES = Part(
    "pointwise_",
    names={"input": "depthwise_output", "padded": "depthwise_output", "output": "output", "bias": "bias"},
    axes={
        "in_channels": "depth_channels", "group_channels": "depth_channels", "out_channels": "out_channels",
        "height": "out_height", "padded_height": "out_height", "out_height": "out_height",
        "width": "out_width", "padded_width": "out_width", "out_width": "out_width",
        "kernel_height": "point_height", "kernel_width": "point_width",
    },
)  # fmt: skip


def _trace(config: DepthwiseConfig, deep: Trace, point: Trace) -> Trace:
    both = ((_DEEP_NAMES, deep), (_POINT_NAMES, point))
    every = union(names.tensors(trace) for names, trace in both)
    kernel, x = config.kernel_size or (), deep.tensor("input").shape
    full = count((config.filters or 1, x[1], *kernel))
    biases = config.filters if config.bias else 0
    facts: dict[str, int | float | str] = {
        "depthwise_parameters": deep["kernel"].size,
        "pointwise_parameters": point["kernel"].size + (biases or 0),
        "parameters": deep["kernel"].size + point["kernel"].size + (biases or 0),
        "full_parameters": full + (biases or 0),
        "multiplications": int(deep.facts["multiplications"]) + int(point.facts["multiplications"]),
        "full_multiplications": full * count(point.tensor("output").shape) // (config.filters or 1),
        "height_formula": deep.facts["height_formula"],
        "width_formula": deep.facts["width_formula"],
    }
    return Trace("depthwise", config, every, Steps.chain(*(names.steps(trace) for names, trace in both)), facts)


def assemble(config: DepthwiseConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    ready = {
        name: saved[name].array for name in ("input", "depthwise_kernel", "pointwise_kernel", "bias") if name in saved
    }
    return from_file(_trace(config, *_parts(config, ready)), saved)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradients of input, both kernels and bias from that of ``output``: pointwise first, then depthwise."""
    config: Any = trace.config
    g = start(trace, gradients)
    deep, point = _parts(config, {item.name: trace[item.name] for item in _ARRAYS if item.name in trace})
    second = conv_backward.backward(point, {"output": g})
    first = conv_backward.backward(deep, {"output": np.asarray(second["grad_input"])})
    both = ((_POINT_BACK, second), (_DEEP_NAMES, first))
    every = beside(trace, *union(names.tensors(part) for names, part in both).values())
    return passed_back(trace, {"output": g}, every, Steps.chain(*(names.steps(part) for names, part in both)))


_POINT_BACK = replace(
    _POINT_NAMES,
    names={**_POINT_NAMES.names, "grad_padded": "grad_pointwise_padded"},
    roles={"grad_input": "intermediate"},
)


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "the image or feature maps"),
    ArrayOption("depthwise_kernel", _DEEP, "weight", "the filters of each channel"),
    ArrayOption("pointwise_kernel", _POINT, "weight", "how much of each filtered channel goes into each output"),
    ArrayOption("bias", ("out_channels",), "weight", "one number per output channel, or one for all", optional=True),
)

DEPTHWISE = Layer(
    name="depthwise",
    title="Depthwise separable convolution",
    config=DepthwiseConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = pointwise(depthwise(x)): C·m·k² + F·C·m parameters in place of F·C·k²",
    source="Chollet, Xception: Deep Learning with Depthwise Separable Convolutions (2017)",
    backward=backward,
    makes=makes,
    back=1.5,
)
