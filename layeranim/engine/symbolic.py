"""Letters in place of numbers: from labels of input and kernel to ``aw + bx + ey + fz`` in the output.

Only convolutions are labelled, and only small ones: a label is text for a film, not algebra.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes
from layeranim.engine.array import shape_text
from layeranim.engine.trace import Array, Trace, count
from layeranim.engine.window import origin
from layeranim.errors import ShapeError

MOST_PRODUCTS = 10_000
NOTHING = "0"
"""The label of a padded cell that holds zero; its products are left out of sums."""


def labelled(trace: Trace, *, input: Any, kernel: Any, bias: Any = None) -> Trace:
    """A convolution's trace with one label a cell: those given for ``input``, ``kernel`` (before it is turned by
    ``flip``) and ``bias``, and those that follow for padding, products, sums and output.

    Raises ``ShapeError`` where the labels are not one a cell, or where there are more than ``MOST_PRODUCTS`` products.
    """
    config: Any = trace.config
    products = trace.tensor("products")
    if count(products.shape) > MOST_PRODUCTS:
        raise ShapeError(f"labels are for at most {MOST_PRODUCTS} products, but there are {count(products.shape)}")
    given = {"input": input, "kernel": kernel} | ({"bias": bias} if "bias" in trace else {})
    letters = {name: _one_a_cell(name, labels, trace) for name, labels in given.items()}
    if config.flip:
        letters["kernel"] = letters["kernel"][..., ::-1, ::-1]
    return derived(_with(trace, letters))


def derived(trace: Trace) -> Trace:
    """The trace with the labels that follow from those of ``input``, ``kernel`` (as applied) and ``bias``."""
    x, kernel = trace.tensor("input").labels, trace.tensor("kernel").labels
    bias = trace.tensor("bias").labels if "bias" in trace else None
    if x is None or kernel is None or ("bias" in trace and bias is None):
        raise ShapeError("labels are needed for the input, the kernel and the bias, where there is one")
    config: Any = trace.config
    padded = _padded(trace, x)
    products = _products(trace, padded, kernel)
    partial = _sums(products, 2)
    before = _sums(partial, 1)
    if bias is not None:
        before = _text(
            [joined((label, str(bias[at[1]]))) for at, label in np.ndenumerate(before)],
            before.shape,
        )
    made = {"padded": padded, "products": products, "partial_sums": partial, "pre_activation": before}
    name = config.activation
    made["output"] = before if name == "linear" else _text([f"{name}({t})" for t in before.flat], before.shape)
    if config.flip:
        made["kernel_given"] = kernel[..., ::-1, ::-1]
    return _with(trace, made)


def joined(terms: Iterable[str]) -> str:
    """``aw + bx``, without the terms that are nothing."""
    return " + ".join(term for term in terms if term != NOTHING) or NOTHING


def times(x: str, y: str) -> str:
    """``aw`` for two letters, ``x1·w1`` for longer names."""
    if NOTHING in (x, y):
        return NOTHING
    return x + y if len(x) == len(y) == 1 else f"{x}·{y}"


def evaluate(label: str, values: Mapping[str, float]) -> float:
    """The number that a sum of products stands for, each name replaced by its value.

    >>> evaluate("aw + bx", {"a": 1, "b": 2, "w": 10, "x": 100})
    210.0
    """
    if label == NOTHING:
        return 0.0
    return float(sum(_product(term, values) for term in label.split(" + ")))


def _product(term: str, values: Mapping[str, float]) -> float:
    if term in values:
        return values[term]
    return math.prod(values[name] for name in (term.split("·") if "·" in term else term))


def _one_a_cell(name: str, labels: Any, trace: Trace) -> Array:
    letters = np.asarray(labels, dtype=np.str_)
    shape = trace.tensor(name).shape
    if letters.size != count(shape):
        raise ShapeError(f"labels of {name} have shape {shape_text(letters.shape)}, but {name} is {shape_text(shape)}")
    return letters.reshape(shape)


def _padded(trace: Trace, x: Array) -> Array:
    config: Any = trace.config
    rows, columns = (origin(axis, config.padding_mode) for axis in conv_shapes.axes_of(config, x.shape))
    shape = trace.tensor("padded").shape
    cells = []
    for b, ch, r, c in np.ndindex(shape):
        i, j = rows[r], columns[c]
        cells.append(NOTHING if i is None or j is None else str(x[b, ch, i, j]))
    return _text(cells, shape)


def _products(trace: Trace, padded: Array, kernel: Array) -> Array:
    config: Any = trace.config
    rows, columns = conv_shapes.axes_of(config, trace.tensor("input").shape)
    shape = trace.tensor("products").shape
    per_group = shape[1] // config.groups
    cells = []
    for b, f, r, c, ch, i, j in np.ndindex(shape):
        cell = padded[b, f // per_group * shape[4] + ch, rows.taps(r)[i], columns.taps(c)[j]]
        cells.append(times(str(cell), str(kernel[f, ch, i, j])))
    return _text(cells, shape)


def _sums(terms: Array, axes: int) -> Array:
    """Joined over the last axes, in reading order."""
    shape = terms.shape[: terms.ndim - axes]
    return _text([joined(row) for row in terms.reshape(count(shape), -1).tolist()], shape)


def _text(cells: list[str], shape: tuple[int, ...]) -> Array:
    return np.array(cells, dtype=np.str_).reshape(shape)


def _with(trace: Trace, letters: Mapping[str, Array]) -> Trace:
    tensors = {
        name: dataclasses.replace(tensor, labels=letters.get(name, tensor.labels))
        for name, tensor in trace.tensors.items()
    }
    return dataclasses.replace(trace, tensors=tensors)
