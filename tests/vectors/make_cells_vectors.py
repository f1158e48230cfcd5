"""Makes ``cells.npz``: recurrent cells that ``torch.nn`` lacks, written with PyTorch's operations, and their gradients.

Other activations, peepholes, the reset before the candidate's weights; with lengths, and with logits on top.
PyTorch's autograd is the truth of the gradients. Run ``python -m tests.vectors.make_cells_vectors``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tests.vectors import store

GATES = {"rnn": 1, "gru": 3, "lstm": 4}
FUNCTIONS = {
    "tanh": "tanh", "sigmoid": "sigmoid", "relu": "relu", "hard-sigmoid": "hardsigmoid", "softsign": "softsign",
    "elu": "elu", "leaky-relu": "leaky_relu", "linear": "", "hard-tanh": "hardtanh", "softplus": "softplus",
    "relu6": "relu6", "gelu": "gelu", "silu": "silu",
}  # fmt: skip


def case(rng: np.random.Generator, number: int) -> store.Case:
    """One layer of one of the kinds, its activations drawn."""
    kind = list(GATES)[number % 3]
    batch, time, features, hidden = (int(n) for n in rng.integers((1, 1, 1, 2), (4, 5, 4, 4)))
    names = [str(name) for name in rng.choice(list(FUNCTIONS), 2)]
    dtype = store.TYPES[number // 3 % 3 == 2]
    if "hard-sigmoid" in names:
        dtype = "float32"  # PyTorch's slope is 1/6 in single precision for doubles too
    config: dict[str, Any] = {"nonlinearity": names[0]} if kind == "rnn" else {}
    if kind != "rnn":
        config = {"activation": names[0], "gate_activation": names[1]}
    rows, state = GATES[kind] * hidden, hidden
    arrays: dict[str, Any] = {}
    if kind == "gru":
        config["variant"] = str(rng.choice(["reset-after", "reset-before"]))
    elif kind == "lstm" and rng.integers(2):
        arrays["weight_peephole"] = store.array(rng, 3, hidden, kind="small")
    elif kind == "lstm" and rng.integers(2):
        state = hidden - 1
        config["projection"] = state
        arrays["weight_projection"] = store.array(rng, state, hidden, kind="small")
    arrays |= {
        "input": store.array(rng, batch, time, features, kind="small"),
        "weight_input": store.array(rng, rows, features, kind="small"),
        "weight_hidden": store.array(rng, rows, state, kind="small"),
        "bias_input": store.array(rng, rows, kind="small"),
        "bias_hidden": store.array(rng, rows, kind="small"),
        "initial_hidden": store.array(rng, batch, state, kind="small"),
    }
    arrays |= {"initial_cell": store.array(rng, batch, hidden, kind="small")} if kind == "lstm" else {}
    if rng.integers(2):
        arrays["lengths"] = {"values": rng.integers(1, time + 1, batch).tolist()}
    if rng.integers(2):
        arrays |= {"weight_output": store.array(rng, 2, state), "bias_output": store.array(rng, 2)}
        config["classes"] = 2
        arrays["grad_logits"] = store.array(rng, batch, time, 2)
    else:
        arrays["grad_output"] = store.array(rng, batch, time, state)
    return {"layer": kind, "config": config, "arrays": arrays, "dtype": dtype}


def function(name: str) -> Any:
    """PyTorch's function of our name."""
    from torch.nn import functional as F

    return getattr(F, FUNCTIONS[name]) if FUNCTIONS[name] else lambda x: x


def step(case: store.Case, w: dict[str, Any], x: Any, hidden: Any, cell: Any) -> tuple[Any, Any]:
    """One time step of a batch: the new state and the new memory."""
    config, kind = case["config"], case["layer"]
    own = function(config.get("activation", config.get("nonlinearity")))
    fresh, old = x @ w["weight_input"].T + w["bias_input"], hidden @ w["weight_hidden"].T + w["bias_hidden"]
    if kind == "rnn":
        return own(fresh + old), cell
    gate = function(config["gate_activation"])
    if kind == "gru":
        new, last = fresh.chunk(3, -1), old.chunk(3, -1)
        reset, update = gate(new[0] + last[0]), gate(new[1] + last[1])
        after = reset * last[2]
        if config["variant"] == "reset-before":
            units = hidden.shape[-1]
            after = (reset * hidden) @ w["weight_hidden"][2 * units :].T + w["bias_hidden"][2 * units :]
        return update * hidden + (1 - update) * own(new[2] + after), cell
    i, f, g, o = (fresh + old).chunk(4, -1)
    look = w.get("weight_peephole", [0, 0, 0])
    cell_now = gate(f + look[1] * cell) * cell + gate(i + look[0] * cell) * own(g)
    made = gate(o + look[2] * cell_now) * own(cell_now)
    return made @ w["weight_projection"].T if "weight_projection" in w else made, cell_now


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The states, the logits and every gradient; a sequence that has ended changes nothing and hands on zeros."""
    import torch

    apart = ("lengths", "grad_logits", "grad_output")
    w = {name: torch.from_numpy(a).requires_grad_() for name, a in arrays.items() if name not in apart}
    hidden, cell = w["initial_hidden"], w.get("initial_cell", torch.zeros(1, 1))
    time = arrays["input"].shape[1]
    lengths = torch.from_numpy(arrays.get("lengths", np.full(len(arrays["input"]), time)))
    states, answers = [], []
    for t in range(time):
        on = (t < lengths)[:, None]
        new, kept = step(case, w, w["input"][:, t], hidden, cell)
        hidden, cell = torch.where(on, new, hidden), torch.where(on, kept, cell)
        states.append(torch.where(on, new, 0))
        if "weight_output" in w:
            answers.append(torch.where(on, new @ w["weight_output"].T + w["bias_output"], 0))
    results = {"hidden": torch.stack(states, 1), "final_hidden": hidden}
    if answers:
        results["logits"] = torch.stack(answers, 1)
    name = "logits" if answers else "hidden"
    above = arrays["grad_logits" if answers else "grad_output"]
    results[name].backward(torch.from_numpy(above))
    found = {name: result.detach().numpy() for name, result in results.items()}
    return found | {f"grad_{name}": leaf.grad.numpy() for name, leaf in w.items() if leaf.grad is not None}


if __name__ == "__main__":
    store.write("cells", 240, case, expected)
