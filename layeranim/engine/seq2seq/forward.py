"""The arithmetic of an encoder–decoder around its parts: looking back, combining, choosing a word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.activations import softmax
from layeranim.engine.attention import ATTENTION
from layeranim.engine.attention.forward import makes as attention_makes
from layeranim.engine.memory import named
from layeranim.engine.recurrent.forward import active
from layeranim.engine.recurrent.forward import makes as recurrent_makes
from layeranim.engine.seq2seq.config import Seq2SeqConfig, attention_of, decoder_of, encoder_of
from layeranim.engine.trace import Array, Shape, Tensor, Trace


def makes(config: Seq2SeqConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What encoder, decoder and attention make, and what becomes of the decoder's states; a greedy one is run anew
    for every word, and has two of them at a time."""
    batch, hidden = shapes["source"][0], int(config.hidden or 1)
    steps, words = int(config.target_steps or 1), int(config.classes or 1)
    made: dict[str, Shape] = {}
    for (part, _, inner), length in ((encoder_of(config), int(config.source_steps or 1)), (decoder_of(config), steps)):
        made |= named(part.prefix, recurrent_makes(inner, {"input": (batch, length, 1)}))
    if config.attention != "none":
        _, options = attention_of(config)
        row, keys = (batch, 1, steps, hidden), (batch, 1, int(config.source_steps or 1), hidden)
        full, needed = ATTENTION.complete(options, {"query": row, "key": keys, "value": keys})
        made |= named("attention.", attention_makes(full, needed))
        made |= {"both": (batch, steps, 2 * hidden), "combined_pre": row, "combined": row}
    made |= dict.fromkeys(("logits", "probabilities", "softmax"), (batch, steps, words))
    return made if config.feeding == "teacher" else {**made, **named("again ", made)}


def run(config: Seq2SeqConfig, given: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Tensor]]:
    """Every array of the model's own by name, and the tensors of its parts."""
    held = dict(given)
    part, layer, inner = encoder_of(config)
    lengths = {"lengths": held["lengths"]} if "lengths" in held else {}
    encoder = layer.compute(inner, part.arrays(held) | lengths)
    seen = active(held.get("lengths"), *held["source"].shape[:2])
    if config.feeding == "teacher":
        found, inside = _decode(config, held, encoder, seen)
    else:
        batch, table = held["source"].shape[0], held["target_embeddings"]
        target = np.broadcast_to(table[config.start], (batch, int(config.target_steps or 1), table.shape[1])).copy()
        for t in range(target.shape[1]):
            found, inside = _decode(config, held | {"fed_back": target}, encoder, seen)
            if t + 1 < target.shape[1]:
                target[:, t + 1] = table[found["chosen"][:, t]]
        held["fed_back"] = target
    return held | found, part.tensors(encoder) | inside


def _decode(
    config: Seq2SeqConfig, held: Mapping[str, Array], encoder: Trace, seen: Array
) -> tuple[dict[str, Array], dict[str, Tensor]]:
    """The decoder over the whole target, and what it makes of each of its states."""
    part, layer, inner = decoder_of(config)
    ends = {name: encoder[name.removeprefix("encoder.")] for name in part.reads.values() if name.startswith("encoder.")}
    decoder = layer.compute(inner, part.arrays({**held, **ends}))
    state, out, inside = decoder["hidden"], dict[str, Array](), part.tensors(decoder)
    none = state.dtype.type(0)
    with np.errstate(all="ignore"):
        if config.attention != "none":
            look, options = attention_of(config)
            keys = encoder["hidden"][:, None]
            arrays: dict[str, Any] = {"query": state[:, None], "key": keys, "value": keys}
            arrays |= {} if seen.all() else {"key_mask": seen}
            weights = {n.removeprefix("attention."): a for n, a in held.items() if n.startswith("attention.")}
            trace = ATTENTION.compute(options, arrays | weights)
            inside |= look.tensors(trace)
            both = np.concatenate([trace["output"][:, 0], state], axis=-1)
            out["combined_pre"] = both @ held["weight_combine"].T + held.get("bias_combine", none)
            out["combined"] = state = np.tanh(out["combined_pre"])
        out["logits"] = state @ held["weight_output"].T + held.get("bias_output", none)
        out["probabilities"] = softmax(out["logits"])
        out["chosen"] = np.argmax(out["probabilities"], axis=-1)
    return out, inside
