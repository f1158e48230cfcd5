"""Traced forward passes against PyTorch eager, both on one thread: conv, LSTM, attention as in networks of today.

``python engine.py`` prints a JSON line a case: our seconds, PyTorch's, megabytes that the trace holds, and at most had.
It is a process of its own, because a BLAS library takes its number of threads from the environment when it is loaded.
"""

from __future__ import annotations

import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import torch

from layeranim import catalog
from layeranim.engine.trace import Trace
from layeranim.inputs.modules import packed

ROUNDS = 25
Case = tuple[str, Any, tuple[torch.Tensor, ...]]


def cases() -> Iterator[Case]:
    """What is computed, the module, its inputs."""
    torch.manual_seed(0)
    yield "conv, 3×224×224, 64 filters 3×3", torch.nn.Conv2d(3, 64, 3, padding=1), (torch.randn(1, 3, 224, 224),)
    yield "LSTM, 128 steps, 256 units", torch.nn.LSTM(256, 256, batch_first=True), (torch.randn(1, 128, 256),)
    tokens = torch.randn(1, 256, 512)
    yield "attention, 8 heads, 256 tokens of 512", torch.nn.MultiheadAttention(512, 8, batch_first=True), (tokens,) * 3


def ours(module: Any, inputs: tuple[torch.Tensor, ...]) -> Callable[[], Trace]:
    """The same layer here, read once."""
    found = packed(module, *inputs)
    layer = catalog.layer(found.layer)
    config = layer.config.of(found.options)
    return lambda: layer.compute(config, found.arrays)


def seconds(act: Callable[[], object]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def compare(module: Any, inputs: tuple[torch.Tensor, ...]) -> dict[str, float]:
    """The best of rounds in which both take turns: what other work of the machine disturbs least."""
    mine, theirs = ours(module, inputs), lambda: module(*inputs)
    taken = [(seconds(mine), seconds(theirs)) for _ in range(ROUNDS)]
    best, other = min(a for a, _ in taken), min(b for _, b in taken)
    tracemalloc.start()
    trace = mine()
    arrays = [t.array for t in trace.tensors.values() if not t.is_recipe]
    stored = {a.__array_interface__["data"][0]: a.nbytes for a in arrays}  # a linear output is its own sum
    held = sum(stored.values()) / 2**20
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return {"ours": best, "torch": other, "ratio": best / other, "held": held, "peak": peak}


if __name__ == "__main__":
    torch.set_num_threads(1)
    with torch.no_grad():
        for name, module, inputs in cases():
            print(json.dumps({"name": name, **compare(module, inputs)}), flush=True)
