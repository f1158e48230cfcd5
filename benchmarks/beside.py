"""One way to run one model, in a process of its own: what it takes of time and memory, for ``./run bench capture``.

Ways: the model alone, ``la.capture`` without its check and with it, ``torchlens.trace``. Time is that of the processor,
the least of some runs; memory is the peak of the first run above what the process held before it.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import layeranim as la


class Block(nn.Module):
    """Two convolutions and what goes past them, as in ResNet-18."""

    def __init__(self, inside: int, out: int, stride: int) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.past = nn.Sequential()
        if inside != out:
            self.past = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)), inplace=True)))
        return F.relu(y + self.past(x), inplace=True)


def resnet18() -> nn.Module:
    sizes = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2),
             (512, 512, 1)]  # fmt: skip
    first = (nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(True), nn.MaxPool2d(3, 2, 1))
    blocks = (Block(*size) for size in sizes)
    return nn.Sequential(*first, *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


class Transformer(nn.Module):
    """A block of GPT-2 small: 768 numbers a token, 12 heads."""

    def __init__(self, width: int = 768) -> None:
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = (part.unflatten(-1, (12, -1)).transpose(1, 2) for part in self.qkv(self.ln1(x)).chunk(3, -1))
        seen = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.ln2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    """As many weights as GPT-2 small."""

    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(50257, 768), nn.Embedding(1024, 768)
        self.h, self.ln = nn.Sequential(*(Transformer() for _ in range(12))), nn.LayerNorm(768)

    def forward(self, ids: Tensor) -> Tensor:
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1]))
        return self.ln(self.h(x)) @ self.tokens.weight.t()


MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Tensor]]] = {
    "ResNet-18, 224×224": (resnet18, lambda: torch.randn(1, 3, 224, 224)),
    "GPT-2 small, 128 tokens": (Gpt2, lambda: torch.randint(0, 50257, (1, 128))),
}


def alone(model: nn.Module, x: Tensor) -> Any:
    with torch.no_grad():
        return model(x)


def torchlens(model: nn.Module, x: Tensor) -> Any:
    import torchlens

    with torch.no_grad():
        return torchlens.trace(model, x)


WAYS: dict[str, Callable[[nn.Module, Tensor], Any]] = {
    "alone": alone, "capture": lambda model, x: la.capture(model, x, check=False), "checked": la.capture,
    "torchlens": torchlens,
}  # fmt: skip


def held(field: str) -> float:
    """Megabytes of this process: ``VmRSS`` now, ``VmHWM`` at most."""
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) / 1024


def main(name: str, way: str) -> None:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    run, (make, given) = WAYS[way], MODELS[name]
    run(nn.Sequential(nn.Linear(2, 2), nn.ReLU()).eval(), torch.randn(1, 2))  # what is imported at first use
    model, x = make().eval(), given()
    before = held("VmRSS")
    found = run(model, x)
    megabytes = held("VmHWM") - before
    agree = all(call.agrees for call in found.layers) if way == "checked" else None
    del found
    least = float("inf")
    for _ in range(7 if way in ("alone", "capture") else 3):
        start = time.process_time()
        run(model, x)
        least = min(least, 1e3 * (time.process_time() - start))
    print(json.dumps({"ms": least, "mb": megabytes, "agree": agree}))
