"""The matrix forms of a convolution backwards: each matrix's product read the other way.

Kernel by im2col: ∂W = Σ δ · columnsᵀ over the samples; input by Toeplitz: ∂x = T(w)ᵀ δ, every zero multiplied too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes
from layeranim.engine.arithmetic import Cell, at, chain, matmul, per_cell
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.conv_backward import collecting, turning, unpadded
from layeranim.engine.trace import Array, Step, Steps, Tensor, Trace
from layeranim.engine.window import Axis

_PRODUCT, _SPARSE = "grad_matrix_product", "grad_toeplitz_product"


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradients of input, kernel and bias from that of ``output``, by both matrices."""
    config: Any = trace.config
    g, kernel, padded = start(trace, gradients), trace["kernel"], trace.tensor("padded")
    axes = conv_shapes.axes_of(config, trace.tensor("input").shape)
    with np.errstate(all="ignore"):
        delta = chain(g, trace["pre_activation"], name=config.activation)
        product = delta.reshape(trace.tensor("matrix_product").shape)
        sparse = delta.reshape(len(delta), -1)
        matrix = matmul(product, np.swapaxes(trace["columns"], 1, 2)).sum(axis=0)
        flat = matmul(sparse, trace["toeplitz"])
        at_padded = flat.reshape(padded.shape)
        at_input, at_bias = unpadded(at_padded, axes, config.padding_mode), delta.sum(axis=(0, 2, 3))
    at_kernel = matrix.reshape(kernel.shape)
    found: dict[str, tuple[str, Array]] = {
        "grad_pre_activation": ("output", delta), _PRODUCT: ("matrix_product", product),
        "grad_kernel_matrix": ("kernel_matrix", matrix), "grad_kernel": ("kernel", at_kernel),
        **({"grad_kernel_given": ("kernel", at_kernel[..., ::-1, ::-1])} if config.flip else {}),
        **({"grad_bias": ("bias", at_bias)} if "bias" in trace else {}),
        _SPARSE: ("toeplitz_product", sparse), "grad_flat_input": ("flat_input", flat),
        "grad_padded": ("padded", at_padded), "grad_input": ("input", at_input),
    }  # fmt: skip
    asked = ("grad_kernel", "grad_kernel_given", "grad_bias", "grad_input")
    every = beside(
        trace,
        Tensor("grad_output", trace.axes("output"), "input", g),
        *(Tensor(name, trace.axes(of), "output" if name in asked else "intermediate", array)
          for name, (of, array) in found.items()),
    )  # fmt: skip
    return passed_back(trace, {"output": g}, every, _steps(config, axes, every))


def _steps(config: Any, axes: tuple[Axis, Axis], every: Mapping[str, Tensor]) -> Steps:
    def step(c: Cell) -> Step:
        reads = (at("grad_output", c, *c), at("pre_activation", c, *c))
        return Step("chain", reads, at("grad_pre_activation", c, *c), (("name", config.activation),))

    def unroll(to: str) -> Any:
        return lambda c: Step("unroll", (at("grad_pre_activation", c, *c),), at(to, c, *c))

    def roll_up(source: str, to: str) -> Any:
        return lambda c: Step("roll_up", (at(source, c, *c),), at(to, c, *c), (("shape", every[to].shape[1:]),))

    def weight(c: Cell) -> Step:
        reads = (at(_PRODUCT, c, "out_channels"), at("columns", c, "terms"))
        return Step("dot", reads, at("grad_kernel_matrix", c, *c))

    def bias(c: Cell) -> Step:
        return Step("add", (at("grad_pre_activation", c, *c),), at("grad_bias", c, *c))

    def back(c: Cell) -> Step:
        return Step("dot", (at("toeplitz", c, "cells"), at(_SPARSE, c, "batch")), at("grad_flat_input", c, *c))

    parts: list[tuple[str, int, Any]] = [
        ("grad_pre_activation", 4, step), (_PRODUCT, 2, unroll(_PRODUCT)), ("grad_kernel_matrix", 2, weight),
        ("grad_kernel", 1, roll_up("grad_kernel_matrix", "grad_kernel")),
        *([("grad_kernel_given", 4, turning(every["kernel"]))] if config.flip else []),
        *([("grad_bias", 1, bias)] if "grad_bias" in every else []),
        (_SPARSE, 1, unroll(_SPARSE)), ("grad_flat_input", 2, back),
        ("grad_padded", 1, roll_up("grad_flat_input", "grad_padded")),
        ("grad_input", 4, collecting(config, axes, every["padded"], every["grad_input"])),
    ]  # fmt: skip
    return Steps.chain(*(per_cell(every[name].axes[:n], every[name].shape[:n], act) for name, n, act in parts))
