"""An encoder–decoder: one network reads a sequence into its last state, another writes from it, word by word.

Without attention the decoder knows the source by the encoder's last state alone (Sutskever et al., 2014,
arXiv:1409.3215). With attention each of its states s_t looks back at all of the encoder's: the mixture is the context
c_t, and tanh(W [c_t; s_t] + b) goes to the output layer (Luong et al., 2015, arXiv:1508.04025, equations 5 and 6; the
scores may be Bahdanau's additive ones). A taught decoder reads the given target, a greedy one the row of the word that
it wrote last, beginning with the word ``start``.

Names: ``source``; ``target``, or ``fed_back`` where the decoder reads what it wrote; ``encoder.`` and ``decoder.``
before all names of a recurrent layer, ``attention.`` before those of attention; ``context``, ``context_state``,
``combined_pre``, ``combined``; ``logits``, ``probabilities``, ``chosen`` (the number of the most probable word).
Axes: source_time, target_time, source_features, target_features, classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from layeranim.engine.door import shaped, take
from layeranim.engine.option import Layer
from layeranim.engine.recurrent.shapes import check_lengths
from layeranim.engine.seq2seq.backward import backward
from layeranim.engine.seq2seq.config import ARRAYS, Seq2SeqConfig, complete, inner
from layeranim.engine.seq2seq.forward import makes, run
from layeranim.engine.seq2seq.layout import assemble, held_tensors
from layeranim.engine.trace import Trace

__all__ = ["SEQ2SEQ", "Seq2SeqConfig", "assemble", "complete", "compute"]


def compute(config: Seq2SeqConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of an encoder–decoder.

    Raises:
        OptionError, ShapeError: see :func:`complete`; an array that is needed and missing; lengths out of range.
    """
    taken = take(arrays, apart=("lengths",))
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    held = shaped(taken, needed, "an encoder–decoder")
    if "lengths" in held:
        check_lengths(held["lengths"], int(full.source_steps or 0))
    own, inside = run(full, held)
    tensors = {name: tensor for name, tensor in inside.items() if not tensor.is_recipe and name != "encoder.lengths"}
    return assemble(full, {**held_tensors(full, own), **tensors})


SEQ2SEQ = Layer(
    name="seq2seq", title="Encoder–decoder", config=Seq2SeqConfig, arrays=ARRAYS,
    complete=complete, compute=compute, assemble=assemble, backward=backward, makes=makes, back=2.5,
    starts=("probabilities", "logits"), inner=inner,
    formula="s_0 = h_S, p_t = softmax(W s_t + b); with attention softmax(W tanh(W_c [c_t; s_t]))",
    source="I. Sutskever et al. (2014), arXiv:1409.3215; M.-T. Luong et al. (2015), arXiv:1508.04025",
)  # fmt: skip
