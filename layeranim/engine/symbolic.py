"""Letters in place of numbers: from labels of input and kernel to ``aw + bx + ey + fz`` in the output.

Convolutions and dense layers are labelled, and only small ones: a label is text for a film, not algebra.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layeranim.engine import conv_shapes
from layeranim.engine.activations import ACTIVATIONS, log_softmax, softmax
from layeranim.engine.array import shape_text
from layeranim.engine.trace import Array, Trace, count
from layeranim.engine.window import origin
from layeranim.errors import OptionError, ShapeError

LABELLED = {"conv": "kernel", "dense": "weight", "neuron": "weight"}
"""The layers that take labels, and what they call their weights."""
MOST_PRODUCTS = 10_000
LONGEST = 40
NOTHING = "0"
"""The label of a padded cell that holds zero; its products are left out of sums."""
_ROW_WISE = {"softmax": softmax, "log-softmax": log_softmax}


def labelled(trace: Trace, **labels: Any) -> Trace:
    """The trace of a convolution or a dense layer with one label a cell: those given for ``input``, its weights
    (``kernel``, before it is turned by ``flip``, or ``weight``) and ``bias``, and those that follow for padding,
    products, sums and output.

    >>> from layeranim.engine.dense import DENSE
    >>> t = DENSE.compute(DENSE.config(), {"input": [1, 2], "weight": [[3, 4]], "bias": [5]})
    >>> labelled(t, input=["x", "y"], weight=[["a", "b"]], bias=["c"]).tensor("output").labels.tolist()
    [['xa + yb + c']]

    Raises ``OptionError`` for another layer or another tensor, ``ShapeError`` where the labels are not one a cell, or
    where there are more than ``MOST_PRODUCTS`` products.
    """
    if trace.layer not in LABELLED:
        raise OptionError(f"{trace.layer} takes no labels; {', '.join(LABELLED)} do")
    config: Any = trace.config
    products = trace.tensor("products")
    if count(products.shape) > MOST_PRODUCTS:
        raise ShapeError(f"labels are for at most {MOST_PRODUCTS} products, but there are {count(products.shape)}")
    known = ["input", LABELLED[trace.layer], *(["bias"] if "bias" in trace else [])]
    if set(labels) != set(known):
        given = ", ".join(labels) or "nothing"
        raise OptionError(f"labels are given for {given}, but are needed for {', '.join(known)}")
    letters = {name: _one_a_cell(name, labels[name], trace) for name in known}
    if trace.layer == "conv" and config.flip:
        letters["kernel"] = letters["kernel"][..., ::-1, ::-1]
    return derived(_with(trace, letters))


def derived(trace: Trace) -> Trace:
    """The trace with the labels that follow from those of ``input``, the weights (as applied) and ``bias``."""
    x, weights = (trace.tensor(name).labels for name in ("input", LABELLED[trace.layer]))
    bias = trace.tensor("bias").labels if "bias" in trace else None
    if x is None or weights is None or ("bias" in trace and bias is None):
        raise ShapeError("labels are needed for the input, the weights and the bias, where there is one")
    return (_of_conv if trace.layer == "conv" else _of_dense)(trace, x, weights, bias)


def _of_dense(trace: Trace, x: Array, weight: Array, bias: Array | None) -> Trace:
    shape = trace.tensor("products").shape
    products = _text([times(str(x[b, i]), str(weight[o, i])) for b, o, i in np.ndindex(shape)], shape)
    sums = _sums(products, 1)
    before = sums
    if bias is not None:
        before = _text([joined((str(label), str(bias[o]))) for (_, o), label in np.ndenumerate(sums)], sums.shape)
    config: Any = trace.config
    name = config.activation
    after = before if name == "linear" else _text([f"{name}({t})" for t in before.flat], before.shape)
    if name in _ROW_WISE:
        rows = [f"{name}({', '.join(row)})" for row in before.tolist()]
        after = _text([f"{row}[{o}]" for row in rows for o in range(shape[1])], before.shape)
    return _with(trace, {"products": products, "weighted_sum": sums, "pre_activation": before, "output": after})


def _of_conv(trace: Trace, x: Array, kernel: Array, bias: Array | None) -> Trace:
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
    """The number that a sum of products stands for, each name replaced by its value, or an activation of such sums.

    >>> evaluate("aw + bx", {"a": 1, "b": 2, "w": 10, "x": 100})
    210.0
    >>> evaluate("softmax(a, b)[1]", {"a": 0, "b": 0})
    0.5
    """
    if label == NOTHING:
        return 0.0
    name, _, inside = label.partition("(")
    if name in ACTIVATIONS and inside.endswith(")"):
        return float(ACTIVATIONS[name](np.array(evaluate(inside[:-1], values))))
    if name in _ROW_WISE and inside.endswith("]"):
        row, _, place = inside[:-1].rpartition(")[")
        return float(_ROW_WISE[name](np.array([evaluate(term, values) for term in row.split(", ")]))[int(place)])
    return float(sum(_product(term, values) for term in label.split(" + ")))


def _product(term: str, values: Mapping[str, float]) -> float:
    if term in values:
        return values[term]
    return math.prod(values[name] for name in (term.split("·") if "·" in term else term))


def _one_a_cell(name: str, labels: Any, trace: Trace) -> Array:
    longest = max(map(len, map(str, np.asarray(labels, dtype=object).flat)), default=0)
    if longest > LONGEST:  # an array of text takes as much for every cell as for its longest
        raise ShapeError(f"labels of {name} hold one of {longest} letters, but each may have at most {LONGEST}")
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
