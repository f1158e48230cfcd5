"""Weights of recurrent layers as PyTorch, Keras and ONNX keep them, turned into ours.

PyTorch   gates i f g o and r z n; ``weight_ih_l0`` (gates·units, features), …, ``_reverse``; two biases, added up.
Keras     gates i f c o and z r h; ``kernel`` (features, gates·units), ``recurrent_kernel``; one bias, but two as rows
          for a GRU with reset_after.
ONNX      gates i o f c and z r h; ``W`` (directions, gates·units, features), ``R``; ``B`` holds two, end to end.

Ours are PyTorch's, and with ``convention="keras"`` a GRU's gates stay in Keras' order z r h.
Sources: torch.nn.LSTM and torch.nn.GRU, keras.layers.LSTM and keras.layers.GRU, onnx.ai operators LSTM, GRU, RNN.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from layeranim.engine.array import numeric, shape_text
from layeranim.engine.conventions import rows as rows_of
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError

KINDS = {1: "rnn", 3: "gru", 4: "lstm"}
_TORCH = {"weight_ih": "weight_input", "weight_hh": "weight_hidden", "bias_ih": "bias_input", "bias_hh": "bias_hidden",
          "weight_hr": "weight_projection"}  # fmt: skip


def from_torch_state(state: Mapping[str, Any]) -> Packed:
    """The layer of a ``torch.nn.RNN``, ``GRU`` or ``LSTM`` from its ``state_dict`` (arrays, not tensors).

    Raises:
        OptionError: a name that these modules do not have.
        ShapeError: weights whose rows are not 1, 3 or 4 blocks of units.
    """
    found: dict[tuple[int, int, str], Array] = {}
    for name, value in state.items():
        match = re.fullmatch(r"(weight_ih|weight_hh|bias_ih|bias_hh|weight_hr)_l(\d{1,4})(_reverse)?", name)
        if not match:
            raise OptionError(
                f"{name} is no weight of torch.nn.RNN, GRU or LSTM; theirs are weight_ih_l0, weight_hh_l0, …"
            )
        found[int(match[2]), int(match[3] is not None), _TORCH[match[1]]] = numeric(name, value)
    if (0, 0, "weight_hidden") not in found or (0, 0, "weight_input") not in found:
        raise OptionError("the state has no weight_ih_l0 and weight_hh_l0; give the state_dict of the module itself")
    layers, directions = max(at[0] for at in found) + 1, max(at[1] for at in found) + 1
    projection = found.get((0, 0, "weight_projection"))
    units = (found[0, 0, "weight_hidden"] if projection is None else projection).shape[-1]
    kind = _kind("weight_hh_l0", found[0, 0, "weight_hidden"].shape, 0, units)
    options: dict[str, Any] = {"layers": layers, "bidirectional": directions == 2,
                               "bias": (0, 0, "bias_input") in found}  # fmt: skip
    if projection is not None:
        options["projection"] = projection.shape[0]
    arrays = {_prefix(layers, directions, layer, d) + name: array for (layer, d, name), array in found.items()}
    return Packed(kind, options, arrays)


def from_keras(weights: Sequence[Any], bidirectional: bool = False, reset_after: bool | None = None) -> Packed:
    """The layer of a Keras ``SimpleRNN``, ``GRU`` or ``LSTM`` from ``layer.get_weights()``.

    kernel, recurrent_kernel and, with use_bias, bias; of ``Bidirectional`` those of the forward layer, then those of
    the backward one. A GRU whose bias has two rows has reset_after, one with one row has not; without a bias
    ``reset_after`` tells, which is true in Keras unless it is said.

    Raises:
        OptionError: ``reset_after`` for what is no GRU, or against what its bias says.
        ShapeError: another number of arrays, or blocks that are not 1, 3 or 4 times the units.
    """
    arrays = [numeric(f"weight {at}", value) for at, value in enumerate(weights)]
    directions = 2 if bidirectional else 1
    if len(arrays) not in (2 * directions, 3 * directions):
        raise ShapeError(
            f"{len(arrays)} arrays were given, but {'a bidirectional' if bidirectional else 'a'} Keras layer has "
            f"{2 * directions} (no bias) or {3 * directions}: kernel, recurrent_kernel, bias"
        )
    each = len(arrays) // directions
    out: dict[str, Array] = {}
    options: dict[str, Any] = {"bidirectional": bidirectional, "bias": each == 3, "convention": "keras"}
    kind = ""
    for d in range(directions):
        kernel, recurrent, *bias = arrays[d * each : (d + 1) * each]
        kind = _kind("recurrent_kernel", recurrent.shape, 1, recurrent.shape[0])
        p = _prefix(1, directions, 0, d)
        out |= {p + "weight_input": kernel.T, p + "weight_hidden": recurrent.T}
        rows = list(np.atleast_2d(bias[0])) if bias else []
        out |= {p + name: row for name, row in zip(("bias_input", "bias_hidden"), rows, strict=False)}
        after = len(rows) == 2 if rows else reset_after
        if reset_after is not None and (kind != "gru" or after != reset_after):
            why = f"its bias has {len(rows)} rows, which says {after}" if kind == "gru" else f"{kind} resets nothing"
            raise OptionError(f"reset_after is {reset_after}, but {why}; leave it out")
        if kind == "gru" and after is not None:
            options["variant"] = "reset-after" if after else "reset-before"
    return Packed(kind, options, out)


def from_onnx(w: Any, r: Any, b: Any = None, p: Any = None, *, linear_before_reset: bool = False) -> Packed:
    """The layer of ONNX's ``RNN``, ``GRU`` or ``LSTM`` from its inputs W, R, B and P (peepholes).

    Raises:
        ShapeError: ranks and sizes that do not belong together.
    """
    weight, hidden = numeric("W", w), numeric("R", r)
    if weight.ndim != 3 or hidden.ndim != 3 or weight.shape[:2] != hidden.shape[:2] or len(weight) > 2:
        raise ShapeError(
            f"W has shape {shape_text(weight.shape)} and R {shape_text(hidden.shape)}, but both must be "
            "1 or 2 directions × gates·units × features"
        )
    units, directions = hidden.shape[2], len(weight)
    kind = _kind("R", hidden.shape, 1, units)
    order = [0] if kind == "rnn" else rows_of("onnx", kind)
    bias = None if b is None else numeric("B", b)
    rows = len(order) * units
    if bias is not None and bias.shape != (directions, 2 * rows):
        raise ShapeError(f"B has shape {shape_text(bias.shape)}, but must be {directions}×{2 * rows}: 2 biases a gate")
    peepholes = None if p is None else numeric("P", p)
    if peepholes is not None and (kind != "lstm" or peepholes.shape != (directions, 3 * units)):
        raise ShapeError(f"P has shape {shape_text(peepholes.shape)}, but must be {directions}×{3 * units}, of an LSTM")
    arrays: dict[str, Array] = {}
    for d in range(directions):
        name = _prefix(1, directions, 0, d)
        arrays |= {name + "weight_input": blocks(weight[d], order), name + "weight_hidden": blocks(hidden[d], order)}
        if bias is not None:
            arrays[name + "bias_input"] = blocks(bias[d, :rows], order)
            arrays[name + "bias_hidden"] = blocks(bias[d, rows:], order)
        if peepholes is not None:
            arrays[name + "weight_peephole"] = blocks(peepholes[d], [0, 2, 1]).reshape(3, units)
    options: dict[str, Any] = {"bidirectional": directions == 2, "bias": bias is not None}
    if kind == "gru":
        options["variant"] = "reset-after" if linear_before_reset else "reset-before"
    return Packed(kind, options, arrays)


def blocks(array: Array, order: Sequence[int]) -> Array:
    """The blocks of rows in another order."""
    size = len(array) // len(order)
    return np.concatenate([array[at * size : (at + 1) * size] for at in order])


def _kind(name: str, shape: tuple[int, ...], axis: int, units: int) -> str:
    size = shape[axis] if len(shape) > axis else 0
    if units < 1 or size % units or size // units not in KINDS:
        raise ShapeError(
            f"{name} has shape {shape_text(shape)}, but must have 1 (RNN), 3 (GRU) or 4 (LSTM) blocks of {units} units"
        )
    return KINDS[size // units]


def _prefix(layers: int, directions: int, layer: int, direction: int) -> str:
    parts = [f"layer{layer}."] if layers > 1 else []
    parts += [("forward.", "backward.")[direction]] if directions == 2 else []
    return "".join(parts)
