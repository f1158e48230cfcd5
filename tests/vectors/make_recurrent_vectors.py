"""Makes ``recurrent.npz``: what PyTorch's RNN, GRU and LSTM compute, and their gradients. Needs PyTorch.

The file holds ``pool`` (random numbers), ``cases`` (JSON) and PyTorch's numbers one after another, float64 and float32
apart. A case takes input, weights, states and the gradient of its output from the pool, beginning at ``at``.
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

POOL, ROUNDS = 1009, 4
GATES = {"rnn": 1, "gru": 3, "lstm": 4}


def cases() -> list[dict[str, Any]]:
    """Every legal combination of kind, layers, directions, biases, projection and lengths; the rest drawn."""
    rng = np.random.default_rng(20)
    out: list[dict[str, Any]] = []
    for _, kind, layers, both, bias, lengths, projected in product(range(ROUNDS), GATES, (1, 2), *[(False, True)] * 4):
        if projected and kind != "lstm":
            continue
        batch, time, hidden = int(rng.integers(1, 4)), int(rng.integers(1, 5)), int(rng.integers(2, 4))
        out.append({
            "kind": kind, "layers": layers, "bidirectional": both, "bias": bias, "batch": batch, "time": time,
            "features": int(rng.integers(1, 4)), "hidden": hidden,
            "projection": int(rng.integers(1, hidden)) if projected else None,
            "nonlinearity": str(rng.choice(["tanh", "relu"])), "states": bool(rng.integers(2)),
            "lengths": rng.integers(1, time + 1, batch).tolist() if lengths else None,
            "dtype": str(rng.choice(["float32", "float64"])), "at": int(rng.integers(POOL)),
        })  # fmt: skip
    return out


def runs(case: dict[str, Any]) -> list[tuple[str, str, int]]:
    """(PyTorch's ending, our prefix, features) of every layer and direction."""
    directions = ("", "_reverse") if case["bidirectional"] else ("",)
    state = case["projection"] or case["hidden"]
    out = []
    for layer, d in product(range(case["layers"]), range(len(directions))):
        ours = (f"layer{layer}." if case["layers"] > 1 else "") + (
            ("forward.", "backward.")[d] if case["bidirectional"] else ""
        )
        out.append((f"_l{layer}{directions[d]}", ours, case["features"] if layer == 0 else state * len(directions)))
    return out


def weight_shapes(case: dict[str, Any], features: int) -> dict[str, tuple[tuple[int, ...], str]]:
    """Of one layer and direction: PyTorch's name → (shape, our name)."""
    rows, state = GATES[case["kind"]] * case["hidden"], case["projection"] or case["hidden"]
    out: dict[str, tuple[tuple[int, ...], str]] = {
        "weight_ih": ((rows, features), "weight_input"),
        "weight_hh": ((rows, state), "weight_hidden"),
    }
    if case["bias"]:
        out |= {"bias_ih": ((rows,), "bias_input"), "bias_hh": ((rows,), "bias_hidden")}
    if case["projection"]:
        out["weight_hr"] = ((state, case["hidden"]), "weight_projection")
    return out


def arrays_of(case: dict[str, Any], pool: np.ndarray) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Our arrays, and the gradients that come from above: of ``output`` and of every final state."""
    place = case["at"]

    def take(*shape: int) -> np.ndarray:
        nonlocal place
        place += 7
        return (
            np.take(pool, np.arange(place, place + int(np.prod(shape))), mode="wrap")
            .reshape(shape)
            .astype(case["dtype"])
        )

    state = case["projection"] or case["hidden"]
    arrays = {"input": take(case["batch"], case["time"], case["features"])}
    above = {"output": take(case["batch"], case["time"], state * (2 if case["bidirectional"] else 1))}
    if case["lengths"]:
        arrays["lengths"] = np.array(case["lengths"])
    for _, prefix, features in runs(case):
        for shape, name in weight_shapes(case, features).values():
            arrays[prefix + name] = take(*shape)
        states = {"hidden": state} | ({"cell": case["hidden"]} if case["kind"] == "lstm" else {})
        for name, size in states.items():
            if case["states"]:
                arrays[f"{prefix}initial_{name}"] = take(case["batch"], size)
            above[f"{prefix}final_{name}"] = take(case["batch"], size)
    return arrays, above


def wanted(case: dict[str, Any]) -> list[str]:
    """Our names of the numbers that are stored, in their order."""
    states = ["hidden"] + (["cell"] if case["kind"] == "lstm" else [])
    out = ["output", "grad_input"]
    for _, prefix, features in runs(case):
        out += [f"{prefix}final_{name}" for name in states]
        out += [f"grad_{prefix}{name}" for _, name in weight_shapes(case, features).values()]
        out += [f"grad_{prefix}initial_{name}" for name in states if case["states"]]
    return out


def expected(case: dict[str, Any], pool: np.ndarray) -> dict[str, np.ndarray]:
    """What PyTorch gives, by our names."""
    import torch  # only here: the tests take the arrays of a case without it
    from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

    arrays, above = arrays_of(case, pool)
    extra = {"nonlinearity": case["nonlinearity"]} if case["kind"] == "rnn" else {}
    extra |= {"proj_size": case["projection"]} if case["projection"] else {}
    module = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}[case["kind"]](
        case["features"],
        case["hidden"],
        num_layers=case["layers"],
        bias=case["bias"],
        batch_first=True,
        bidirectional=case["bidirectional"],
        dtype=getattr(torch, case["dtype"]),
        **extra,
    )
    leaves = {name: torch.tensor(a, requires_grad=name != "lengths") for name, a in arrays.items()}
    for ending, prefix, features in runs(case):
        for theirs, (_, ours) in weight_shapes(case, features).items():
            setattr(module, theirs + ending, torch.nn.Parameter(leaves[prefix + ours].detach()))
            leaves[prefix + ours] = getattr(module, theirs + ending)
    names = ["hidden"] + (["cell"] if case["kind"] == "lstm" else [])
    first: Any = None
    if case["states"]:
        parts = [torch.stack([leaves[f"{p}initial_{n}"] for _, p, _ in runs(case)]) for n in names]
        first = tuple(parts) if len(parts) == 2 else parts[0]
    x = leaves["input"]
    if case["lengths"]:
        x = pack_padded_sequence(x, leaves["lengths"], batch_first=True, enforce_sorted=False)
    output, last = module(x, first)
    if case["lengths"]:
        output, _ = pad_packed_sequence(output, batch_first=True, total_length=case["time"])
    finals = last if isinstance(last, tuple) else (last,)
    out = {"output": output}
    for at, (_, prefix, _) in enumerate(runs(case)):
        out |= {f"{prefix}final_{n}": f[at] for n, f in zip(names, finals, strict=True)}
    loss = sum((out[name] * torch.tensor(gradient)).sum() for name, gradient in above.items())
    loss.backward()
    found = {name: tensor.detach().numpy() for name, tensor in out.items()}
    found |= {f"grad_{name}": leaf.grad.numpy() for name, leaf in leaves.items() if leaf.grad is not None}
    return {name: found[name] for name in wanted(case)}


def main() -> None:
    pool = np.random.default_rng(21).normal(0, 0.7, POOL).round(3)
    flat: dict[str, list[np.ndarray]] = {"float32": [], "float64": []}
    every = cases()
    for case in every:
        flat[case["dtype"]] += [array.ravel() for array in expected(case, pool).values()]
    text = np.frombuffer(json.dumps(every).encode(), np.uint8)
    path = Path(__file__).with_name("recurrent.npz")
    single, double = (np.concatenate(flat[name]) for name in ("float32", "float64"))
    np.savez_compressed(path, pool=pool, cases=text, float32=single, float64=double)
    print(f"{path.name}: {len(every)} cases, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
