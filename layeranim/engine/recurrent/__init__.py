"""Recurrent layers: RNN, GRU, LSTM, over time, in several layers and both directions.

Names. One layer that reads in one direction has plain names: ``input``, ``forget_gate``, ``hidden``. With several
layers each begins with ``layer0.``, ``layer1.``, …; with two directions follows ``forward.`` or ``backward.``:
``layer1.backward.forget_gate``. ``input``, ``lengths``, ``output``, ``logits`` and ``probabilities`` have no prefix;
``layer0.output`` is what layer 0 hands to layer 1, both directions side by side; every run sees what it reads as its
own ``input`` (``layer1.backward.input`` is ``layer0.output`` by another name).

Of each cell, with axes (batch, time, units): ``previous_hidden`` and the input side by side are ``joined``; each gate
has ``forget_products`` (units × joined), ``forget_gate_pre`` and ``forget_gate``. LSTM: ``input forget candidate
output``, then ``kept`` = f ⊙ c₋₁, ``written`` = i ⊙ g, ``cell``, ``cell_tanh`` (named by the layer's activation),
``hidden``. GRU: ``reset update``, then ``candidate_input``, ``candidate_hidden``, ``candidate_pre``, ``candidate``,
``kept`` = z ⊙ h₋₁, ``update_complement``, ``written`` = (1 − z) ⊙ n, ``hidden``. RNN: ``state_products``,
``hidden_pre``, ``hidden``. ``initial_hidden``, ``initial_cell``, ``final_hidden``, ``final_cell`` are (batch, …).
Weights: the packed ``weight_input weight_hidden bias_input bias_hidden``; of every gate ``weight_input_forget``,
``weight_hidden_forget``, ``bias_input_forget``, and both weights side by side as ``weight_forget_gate`` (units ×
joined).

Axes. ``units`` counts the rows of gates and cell, ``hidden`` the features of the state (fewer with a projection),
``gates`` the rows of packed weights, ``outputs`` the state of both directions, ``joined`` = hidden + features
(``joined_above`` = hidden + outputs in layers above the first).

Steps. A time step first takes over what it reads: the state of the one before or ``initial_hidden``, and with several
runs what its layer reads; then the cell's acts follow in the order of its table.

Beyond a sequence's length every tensor is 0, the input too, and there are no steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.door import shaped, take
from layeranim.engine.option import Layer
from layeranim.engine.recurrent.backward import backward
from layeranim.engine.recurrent.config import (
    ARRAYS,
    LSTM_ARRAYS,
    GruConfig,
    LstmConfig,
    RecurrentConfig,
    RnnConfig,
    inner,
    kind_of,
)
from layeranim.engine.recurrent.forward import active, defaults, forward, makes
from layeranim.engine.recurrent.layout import all_tensors, facts_of, held_tensors
from layeranim.engine.recurrent.shapes import also_seeded, check_lengths, complete, only_first
from layeranim.engine.recurrent.steps import steps_of
from layeranim.engine.trace import Tensor, Trace

__all__ = ["GRU", "LSTM", "RNN", "GruConfig", "LstmConfig", "RnnConfig", "assemble", "complete", "compute"]


def compute(config: RecurrentConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of a recurrent layer.

    Raises:
        OptionError, ShapeError: see :func:`complete`; an array that is needed and missing; lengths out of range.
    """
    taken = take(arrays, apart=("lengths",))
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    held = shaped(taken, needed, kind_of(full).upper())
    if "lengths" in held:
        check_lengths(held["lengths"], int(full.timesteps or 0))
    if full.mode == "one-to-many":
        only_first(held["input"])
        batch, read, features = held["input"].shape
        rest = np.zeros((batch, int(full.timesteps or 1) - read, features), held["input"].dtype)
        held["input"] = np.concatenate([held["input"], rest], axis=1)
    if "lengths" in held:
        running = active(held["lengths"], *held["input"].shape[:2])
        held["input"] = np.where(running[:, :, None], held["input"], 0)
    held |= defaults(full, held)
    return assemble(full, held_tensors(full, held | forward(full, held)))


def assemble(config: RecurrentConfig, tensors: Mapping[str, Tensor]) -> Trace:
    """The trace from its held tensors."""
    everything = all_tensors(config, tensors)
    return Trace(kind_of(config), config, everything, steps_of(config, everything), facts_of(config, tensors))


STARTS = ("output", "logits", "probabilities", "final_hidden")

RNN = Layer(
    name="rnn", title="Recurrent layer", config=RnnConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=2.5,
    starts=STARTS, inner=inner,
    formula="h_t = tanh(W x_t + U h_{t−1} + b)",
    source="J. L. Elman, Finding Structure in Time (1990)",
)  # fmt: skip
GRU = Layer(
    name="gru", title="Gated recurrent unit", config=GruConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=2.5,
    starts=STARTS, inner=inner, also_seeded=also_seeded,
    formula="h_t = z ⊙ h_{t−1} + (1 − z) ⊙ n, n = tanh(W x_t + b + r ⊙ (U h_{t−1} + c))",
    source="K. Cho et al., Learning Phrase Representations using RNN Encoder–Decoder (2014), arXiv:1406.1078",
)  # fmt: skip
LSTM = Layer(
    name="lstm", title="Long short-term memory", config=LstmConfig, arrays=(*ARRAYS, *LSTM_ARRAYS),
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=2.5,
    starts=(*STARTS, "final_cell"), inner=inner,
    formula="c_t = f ⊙ c_{t−1} + i ⊙ g, h_t = o ⊙ tanh(c_t)",
    source="S. Hochreiter and J. Schmidhuber, Long Short-Term Memory (1997); F. Gers et al., Learning to Forget (2000)",
)  # fmt: skip
