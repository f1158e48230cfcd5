"""Makes ``transformer.npz``: what PyTorch computes. Run as ``python -m tests.vectors.make_transformer_vectors``."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.engine.transformer import TRANSFORMER
from tests.vectors import store


def case(rng: np.random.Generator, number: int) -> store.Case:
    """An encoder or decoder block with or without masks; ``state`` options are those of PyTorch's modules."""
    decoder, heads = bool(number % 2), int(rng.choice([1, 2, 3]))
    batch, tokens, others, embed = (int(n) for n in (rng.integers(1, 3), rng.integers(1, 5), rng.integers(1, 5),
                                                     heads * rng.integers(1, 4)))  # fmt: skip
    embed = max(embed, 4)  # a norm of two numbers gives ±1 and hardly a slope
    embed += -embed % heads
    config: dict[str, Any] = {
        "block": "decoder" if decoder else "encoder", "heads": heads, "feedforward": int(rng.integers(2, 7)),
        "norm": str(rng.choice(["post", "pre"])), "activation": str(rng.choice(["relu", "gelu"])),
        "bias": bool(rng.integers(2)), "causal": bool(rng.integers(2)), "eps": float(rng.choice([1e-5, 1e-3])),
        "mask_kind": "boolean",
    }  # fmt: skip
    shapes = {"input": (batch, tokens, embed)} | ({"context": (batch, others, embed)} if decoder else {})
    _, needed = TRANSFORMER.complete(TRANSFORMER.config.of(config), shapes)
    arrays = {name: store.array(rng, *shape, kind="small" if ".weight_" in name else "real")
              for name, shape in needed.items()}  # fmt: skip
    arrays["grad_output"] = store.array(rng, batch, tokens, embed)
    for name, keys in (("self.key_mask", tokens), ("cross.key_mask", others if decoder else 0)):
        if keys and rng.integers(2):
            there = rng.integers(0, 2, (batch, keys))
            there[:, 0] = 1
            arrays[name] = {"values": there.tolist()}
    return {"layer": "transformer", "config": config, "arrays": arrays}


def module(case: store.Case, arrays: store.Arrays) -> Any:
    """PyTorch's module with the case's weights."""
    import torch

    config, state = case["config"], {}
    decoder = config["block"] == "decoder"
    for ours, theirs in {"self": "self_attn", **({"cross": "multihead_attn"} if decoder else {})}.items():
        for kind in ("weight", "bias") if config["bias"] else ("weight",):
            parts = [arrays[f"{ours}.{kind}_{part}"] for part in ("query", "key", "value")]
            state[f"{theirs}.in_proj_{kind}"] = np.concatenate(parts)
            state[f"{theirs}.out_proj.{kind}"] = arrays[f"{ours}.{kind}_output"]
    names = ["self", "cross", "feedforward"] if decoder else ["self", "feedforward"]
    for k, part in ((1, "expand"), (2, "contract")):
        state |= {f"linear{k}.{kind}": arrays[f"feedforward.{kind}_{part}"] for kind in ("weight", "bias")
                  if f"feedforward.{kind}_{part}" in arrays}  # fmt: skip
    for k, name in enumerate(names, start=1):
        state |= {f"norm{k}.{theirs}": arrays[f"{name}_norm.{ours}"] for theirs, ours in
                  (("weight", "gamma"), ("bias", "beta")) if f"{name}_norm.{ours}" in arrays}  # fmt: skip
    made = (torch.nn.TransformerDecoderLayer if decoder else torch.nn.TransformerEncoderLayer)(
        arrays["input"].shape[2], config["heads"], config["feedforward"], 0.0, config["activation"],
        layer_norm_eps=config["eps"], batch_first=True, norm_first=config["norm"] == "pre", bias=config["bias"],
        dtype=getattr(torch, case["dtype"]),
    )  # fmt: skip
    made.load_state_dict({name: torch.from_numpy(array) for name, array in state.items()})
    return made


def expected(case: store.Case, arrays: store.Arrays) -> store.Arrays:
    """The block's output and the gradients of tokens, context and every weight."""
    import torch

    tokens = arrays["input"].shape[1]
    causal = torch.ones(tokens, tokens, dtype=torch.bool).triu(1) if case["config"]["causal"] else None
    padding = {
        name: torch.from_numpy(arrays[name]) == 0 for name in ("self.key_mask", "cross.key_mask") if name in arrays
    }
    block = module(case, arrays)
    given = {name: torch.from_numpy(arrays[name]).requires_grad_() for name in ("input", "context") if name in arrays}
    if case["config"]["block"] == "decoder":
        y = block(*given.values(), causal, None, padding.get("self.key_mask"), padding.get("cross.key_mask"))
    else:
        y = block(given["input"], causal, padding.get("self.key_mask"))
    y.backward(torch.from_numpy(arrays["grad_output"]))
    found = {f"grad_{name}": value.grad.numpy() for name, value in given.items()}
    return {"output": y.detach().numpy(), **found, **_gradients(block, len(given) == 2)}


def _gradients(block: Any, decoder: bool) -> store.Arrays:
    """The gradients of a module's parameters by our names."""
    theirs = {name: parameter.grad.numpy() for name, parameter in block.named_parameters()}
    norms = ["self", "cross", "feedforward"] if decoder else ["self", "feedforward"]
    found = {}
    for name, array in theirs.items():
        owner, _, kind = name.partition(".")
        if "attn" in owner:
            ours = "self" if owner == "self_attn" else "cross"
            word = "bias" if kind.endswith("bias") else "weight"
            parts = ("query", "key", "value") if kind.startswith("in_proj") else ("output",)
            blocks = np.split(array, len(parts))
            # A key's bias shifts a whole row of scores: its gradient is 0, and what is left is rounding.
            found |= {f"grad_{ours}.{word}_{part}": piece for part, piece in zip(parts, blocks, strict=True)
                      if (word, part) != ("bias", "key")}  # fmt: skip
        elif owner.startswith("linear"):
            found[f"grad_feedforward.{kind}_{('expand', 'contract')[int(owner[-1]) - 1]}"] = array
        else:
            found[f"grad_{norms[int(owner[-1]) - 1]}_norm.{'gamma' if kind == 'weight' else 'beta'}"] = array
    return found


if __name__ == "__main__":
    store.write("transformer", 120, case, expected)
