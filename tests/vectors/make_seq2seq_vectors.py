"""Makes ``seq2seq.npz``: encoder–decoders out of PyTorch's recurrent modules, and the gradients of all weights.

Run ``python -m tests.vectors.make_seq2seq_vectors``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.engine.seq2seq import SEQ2SEQ
from tests.vectors import store

ATTENTIONS = ("none", "dot", "scaled", "multiplicative", "additive")


def case(rng: np.random.Generator, number: int) -> store.Case:
    """Every cell with and without every attention, taught or greedy, sources of one or of several lengths."""
    batch, steps = int(rng.integers(1, 4)), int(rng.integers(1, 5))
    config: dict[str, Any] = {
        "attention": ATTENTIONS[number % 5], "cell": ("rnn", "gru", "lstm")[number // 5 % 3],
        "feeding": ("teacher", "greedy")[number // 15 % 2], "bias": bool(rng.integers(3)),
        "hidden": int(rng.integers(2, 4)), "input_size": int(rng.integers(1, 4)), "source_steps": steps,
        "target_size": int(rng.integers(1, 4)), "target_steps": int(rng.integers(1, 4)),
        "classes": int(rng.integers(2, 5)), "start": int(rng.integers(2)),
    }  # fmt: skip
    _, needed = SEQ2SEQ.complete(SEQ2SEQ.config.of(config), {"source": (batch, steps, config["input_size"])})
    arrays = {name: store.array(rng, *shape) for name, shape in needed.items()}
    if rng.integers(2):
        arrays["lengths"] = {"values": rng.integers(1, steps + 1, batch).tolist()}
    start = "logits" if rng.integers(2) else "probabilities"
    arrays[f"grad_{start}"] = store.array(rng, batch, config["target_steps"], config["classes"])
    return {"layer": "seq2seq", "config": config, "arrays": arrays, "dtype": store.TYPES[number % 4 == 3]}


def cell(config: dict[str, Any], leaves: dict[str, Any], side: str) -> Any:
    """The recurrent module of one side, called with these weights as its parameters."""
    import torch

    size = config["input_size" if side == "encoder" else "target_size"]
    module = getattr(torch.nn, config["cell"].upper())(size, config["hidden"], batch_first=True, bias=config["bias"])
    ours = {"weight_ih_l0": "weight_input", "weight_hh_l0": "weight_hidden", "bias_ih_l0": "bias_input",
            "bias_hh_l0": "bias_hidden"}  # fmt: skip
    state = {}
    for theirs, parameter in module.named_parameters():
        zeros = torch.zeros_like(parameter, dtype=leaves["source"].dtype)
        state[theirs] = leaves.get(f"{side}.{ours[theirs]}", zeros)
    return lambda *inputs: torch.func.functional_call(module, state, inputs)


def look(config: dict[str, Any], leaves: dict[str, Any], state: Any, seen: Any, keys: Any) -> Any:
    """The decoder's state together with what it looked back at."""
    import torch

    kind = config["attention"]
    if kind == "none":
        return state
    if kind == "additive":
        hidden = (state @ leaves["attention.weight_score_query"].T)[:, :, None]
        hidden = torch.tanh(hidden + (keys @ leaves["attention.weight_score_key"].T)[:, None])
        scores = hidden @ leaves["attention.weight_score"]
    else:
        scores = state @ (keys @ leaves["attention.weight_score"].T if kind == "multiplicative" else keys).mT
        scores = scores * config["hidden"] ** -0.5 if kind == "scaled" else scores
    context = scores.masked_fill(~seen[:, None], -torch.inf).softmax(dim=-1) @ keys
    return torch.tanh(torch.nn.functional.linear(torch.cat([context, state], dim=-1), leaves["weight_combine"],
                                                 leaves.get("bias_combine")))  # fmt: skip


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """Probabilities, logits, and the gradients of source, target and every weight."""
    import torch
    from torch.nn.utils import rnn

    config = case["config"]
    leaves = {n: torch.from_numpy(a).requires_grad_() for n, a in arrays.items()
              if n != "lengths" and not n.startswith("grad_")}  # fmt: skip
    batch, steps = arrays["source"].shape[:2]
    lengths = torch.from_numpy(arrays.get("lengths", np.full(batch, steps)).astype(np.int64))
    packed = rnn.pack_padded_sequence(leaves["source"], lengths, batch_first=True, enforce_sorted=False)
    states, last = cell(config, leaves, "encoder")(packed)
    keys, _ = rnn.pad_packed_sequence(states, batch_first=True, total_length=steps)
    seen, decoder = torch.arange(steps) < lengths[:, None], cell(config, leaves, "decoder")
    found = []
    for t in range(config["target_steps"]):
        if config["feeding"] == "teacher":
            x = leaves["target"][:, t : t + 1]
        else:
            words = found[-1].argmax(dim=-1) if found else torch.full((batch, 1), config["start"])
            x = leaves["target_embeddings"][words]
        state, last = decoder(x, last)
        state = look(config, leaves, state, seen, keys)
        found.append(torch.nn.functional.linear(state, leaves["weight_output"], leaves.get("bias_output")))
    logits = torch.cat(found, dim=1)
    results = {"logits": logits, "probabilities": logits.softmax(dim=-1)}
    start = next(name for name in results if f"grad_{name}" in arrays)
    results[start].backward(torch.from_numpy(arrays[f"grad_{start}"]))
    gradients = {f"grad_{name}": leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None}
    return {**{name: tensor.detach().numpy() for name, tensor in results.items()}, **gradients}


if __name__ == "__main__":
    store.write("seq2seq", 120, case, expected)
