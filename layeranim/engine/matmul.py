"""A matrix product, one for each item of a batch: every row of one array meets every column of the other."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.contraction import Contraction
from layeranim.engine.entry import enter, ranked, size_of
from layeranim.engine.option import ArrayOption, Config, Layer
from layeranim.engine.trace import Array, Shape, Steps, Tensor, Trace, tensors
from layeranim.records import dataclass

_INPUT, _OTHER, _OUTPUT = ("batch", "rows", "inner"), ("batch", "inner", "columns"), ("batch", "rows", "columns")


@dataclass(frozen=True, kw_only=True)
class MatrixProductConfig(Config):
    """A matrix product has no options."""


def complete(
    config: MatrixProductConfig, shapes: Mapping[str, Shape | None]
) -> tuple[MatrixProductConfig, dict[str, Shape]]:
    """Two batches of matrices; one matrix alone, or a batch of one, meets every item of the other.

    Raises ``ShapeError`` for arrays that do not fit the layer or each other.
    """
    one, two = ranked("input", shapes.get("input"), _INPUT, 2), ranked("other", shapes.get("other"), _OTHER, 2)
    inner = door.agreed("inner", [size_of("input", one, 2), size_of("other", two, 1)], 3)
    batches = [size_of(name, shape, 0) for name, shape in (("input", one), ("other", two)) if shape and shape[0] != 1]
    batch = door.agreed("batch", batches, 1)
    needed: dict[str, Shape] = {
        "input": (one[0] if one else batch, one[1] if one else 2, inner),
        "other": (two[0] if two else batch, inner, two[2] if two else 2),
    }
    for name, shape in {**needed, "output": (batch, needed["input"][1], needed["other"][2])}.items():
        window.affordable(name, shape)
    return config, needed


def makes(config: MatrixProductConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The products' sums."""
    return {"output": _out(shapes["input"], shapes["other"])}


def _out(one: Shape, two: Shape) -> Shape:
    return (max(one[0], two[0]), one[1], two[2])


def _contraction(one: Shape, two: Shape) -> Contraction:
    """A batch of one beside a larger one has an axis of its own."""
    batch = _out(one, two)[0]
    first = "batch" if one[0] == batch else "input_batch"
    second = "batch" if two[0] == batch else "other_batch"
    return Contraction({"input": (first, *_INPUT[1:]), "other": (second, *_OTHER[1:])}, _OUTPUT)


def compute(config: MatrixProductConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``output`` (batch, rows, columns) of ``input`` (batch, rows, inner), ``other`` (batch, inner,
    columns)."""
    full, ready = enter("matmul", _ARRAYS, complete, config, arrays)
    plan = _contraction(ready["input"].shape, ready["other"].shape)
    with np.errstate(all="ignore"):
        output = plan.run([ready["input"], ready["other"]])
    held = [Tensor(name, plan.parts[name], "input", ready[name]) for name in ("input", "other")]
    return assemble(full, tensors(*held, Tensor("output", _OUTPUT, "output", output)))


def assemble(config: MatrixProductConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    one, two, output = saved["input"], saved["other"], saved["output"]
    facts: dict[str, int | float | str] = {"terms": one.shape[2], "parameters": 0}
    steps = _contraction(one.shape, two.shape).steps(output)
    return Trace("matmul", config, tensors(one, two, output), steps, facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """∂X = g Yᵀ, ∂Y = Xᵀ g; summed over the batch where one matrix met all of it."""
    g, arrays = start(trace, gradients), {name: trace[name] for name in ("input", "other")}
    plan = _contraction(arrays["input"].shape, arrays["other"].shape)
    with np.errstate(all="ignore"):
        made = [Tensor(f"grad_{name}", plan.parts[name], "output", plan.back(name, g, arrays)) for name in arrays]
    every = beside(trace, Tensor("grad_output", _OUTPUT, "input", g), *made)
    steps = Steps.chain(*(plan.back_steps(name, array.shape) for name, array in arrays.items()))
    return passed_back(trace, {"output": g}, every, steps)


_ARRAYS = (
    ArrayOption("input", _INPUT, "input", "the left matrix, or one for each item of a batch"),
    ArrayOption("other", _OTHER, "input", "the right one"),
)

MATMUL = Layer(
    name="matmul",
    title="Matrix product",
    config=MatrixProductConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[b, i, j] = Σ_k x[b, i, k] · z[b, k, j]",
    source="torch.matmul, torch.bmm",
    backward=backward,
    makes=makes,
)
