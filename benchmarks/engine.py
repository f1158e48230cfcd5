"""Traced passes against PyTorch eager, one thread each, float32: layers as they stand in networks of today.

``python engine.py [WORD]`` prints a JSON line a case whose name holds the word: our seconds of the processor and
PyTorch's, forward and forward with backward; megabytes that the forward trace holds, and at most had.
It is a process of its own, because a BLAS library takes its number of threads from the environment when it is loaded.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import nn

from layeranim import catalog
from layeranim.engine.trace import Trace
from layeranim.inputs.modules import packed

ROUNDS, LONGEST = 25, 6.0  # rounds of a row, or as many as fit so many seconds
Case = tuple[str, float, float, Any, tuple[torch.Tensor, ...]]


def cases() -> Iterator[Case]:
    """What is computed, the ratios that are wanted forward and with backward, the module, its inputs."""
    torch.manual_seed(0)

    def draw(*shape: int) -> torch.Tensor:
        return torch.randn(*shape)

    image = draw(1, 3, 224, 224)
    yield "conv, 3×224×224, 64 filters 3×3", 2, 3, nn.Conv2d(3, 64, 3, padding=1), (image,)
    yield "conv, 3×224×224, 64 filters 7×7, stride 2", 3, 3, nn.Conv2d(3, 64, 7, 2, 3), (image,)
    yield "conv, 64×56×56, 64 filters 3×3", 3, 4, nn.Conv2d(64, 64, 3, padding=1), (draw(1, 64, 56, 56),)
    yield "conv1d, 64×1000, 64 filters of 3", 4, 5, nn.Conv1d(64, 64, 3, padding=1), (draw(1, 64, 1000),)
    yield "conv3d, 64×8×32×32, 64 filters 3×3×3", 4, 5, nn.Conv3d(64, 64, 3, padding=1), (draw(1, 64, 8, 32, 32),)
    deep = nn.Conv2d(144, 144, 3, padding=1, groups=144)
    yield "depthwise, 144×56×56, 3×3", 4, 5, deep, (draw(1, 144, 56, 56),)
    five = nn.Conv2d(240, 240, 5, padding=2, groups=240)
    yield "depthwise, 240×28×28, 5×5", 4, 5, five, (draw(1, 240, 28, 28),)
    apart = nn.Conv2d(96, 96, 3, 2, 1, groups=96)
    yield "depthwise, 96×112×112, 3×3, stride 2", 4, 5, apart, (draw(1, 96, 112, 112),)
    yield "transposed, 128×28×28, 64 filters 2×2", 4, 5, nn.ConvTranspose2d(128, 64, 2, 2), (draw(1, 128, 28, 28),)
    yield "LSTM, 256 steps, 512 units", 1.5, 2, nn.LSTM(512, 512, batch_first=True), (draw(1, 256, 512),)
    several = nn.LSTM(256, 256, batch_first=True)
    yield "LSTM, 8 sequences of 100 steps, 256 units", 1.5, 2, several, (draw(8, 100, 256),)
    yield "GRU, 256 steps, 512 units", 1.5, 2, nn.GRU(512, 512, batch_first=True), (draw(1, 256, 512),)
    tokens = draw(1, 512, 768)
    yield (
        "attention, 12 heads, 512 tokens of 768",
        1.5,
        1.5,
        nn.MultiheadAttention(768, 12, batch_first=True),
        (tokens,) * 3,
    )
    block = nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True)
    yield "encoder layer, 512 tokens of 768", 1.8, 1.8, block, (tokens,)


def ours(module: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[Callable[[], Trace], Callable[[], Trace]]:
    """The same layer here, read once: forward, and with backward."""
    found = packed(module, *inputs)
    layer = catalog.layer(found.layer)
    config = layer.config.of(found.options)

    def both() -> Trace:
        trace = layer.compute(config, found.arrays)
        return layer.backward(trace, {})  # type: ignore[misc]

    return lambda: layer.compute(config, found.arrays), both


def theirs(module: Any, inputs: tuple[torch.Tensor, ...]) -> tuple[Callable[[], Any], Callable[[], None]]:
    """PyTorch's forward pass, and with backward to inputs and weights."""

    def forward() -> Any:
        with torch.no_grad():
            return module(*inputs)

    def both() -> None:
        module.zero_grad()
        own: dict[int, torch.Tensor] = {}
        leaves = [own.setdefault(id(x), x.detach().requires_grad_()) for x in inputs]
        y = module(*leaves)
        (y[0] if isinstance(y, tuple) else y).sum().backward()

    return forward, both


def seconds(act: Callable[[], object]) -> float:
    """Of the processor: other work of the machine is not counted."""
    start = time.process_time()
    act()
    return time.process_time() - start


def paired(mine: Callable[[], object], other: Callable[[], object]) -> tuple[float, float]:
    """The best of rounds in which both take turns."""
    taken, end = [], time.perf_counter() + LONGEST
    while len(taken) < ROUNDS and (len(taken) < 3 or time.perf_counter() < end):
        taken.append((seconds(mine), seconds(other)))
    return min(a for a, _ in taken), min(b for _, b in taken)


def compare(module: Any, inputs: tuple[torch.Tensor, ...]) -> dict[str, float]:
    mine, other = ours(module, inputs), theirs(module, inputs)
    (forward, by_torch), (both, both_by_torch) = (paired(a, b) for a, b in zip(mine, other, strict=True))
    tracemalloc.start()
    trace = mine[0]()
    arrays = [t.array for t in trace.tensors.values() if not t.is_recipe]
    stored = {a.__array_interface__["data"][0]: a.nbytes for a in arrays}  # a linear output is its own sum
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    tracemalloc.stop()
    return {"ours": forward, "torch": by_torch, "both": both, "both_torch": both_by_torch,
            "held": sum(stored.values()) / 2**20, "peak": peak}  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    for name, wanted, wanted_both, module, inputs in cases():
        if not sys.argv[1:] or sys.argv[1] in name:
            wants = {"name": name, "wanted": wanted, "wanted_both": wanted_both}
            print(json.dumps({**wants, **compare(module, inputs)}), flush=True)
