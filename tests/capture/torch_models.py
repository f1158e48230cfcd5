"""Models as people write them, each with what it is called with; imported only where PyTorch is."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


@dataclass(frozen=True)
class Model:
    """``make()`` gives the model; ``args`` and ``kwargs`` are what it is called with."""

    make: Callable[[], nn.Module]
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    unmapped: tuple[str, ...] = ()
    """Kinds of calls that no layer of ours computes."""


class ResidualCnn(nn.Module):
    """Functional activations and pooling, activations in place, a residual, a squeeze-and-excite gate."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 8, 3, padding=1, groups=2)
        self.act = nn.ReLU(inplace=True)
        self.squeeze, self.excite = nn.Linear(8, 4), nn.Linear(4, 8)
        self.fc = nn.Linear(8 * 4 * 4, 5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.bn1(self.conv1(x)))
        z = F.relu(self.conv2(y), inplace=True)
        gate = torch.sigmoid(self.excite(F.silu(self.squeeze(z.mean((2, 3))))))
        y = z * gate[:, :, None, None] + y
        y += 0.5
        return self.fc(F.max_pool2d(y, 2).flatten(1)).log_softmax(-1)


class UNet(nn.Module):
    """Down, up with both ways of enlarging, skips that are joined, a reflected frame."""

    def __init__(self) -> None:
        super().__init__()
        self.down1 = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(1, 4, 3), nn.GroupNorm(2, 4), nn.LeakyReLU(0.1))
        self.down2 = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(4, 8, 3, padding=1), nn.InstanceNorm2d(8), nn.Mish())
        self.bottom = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(8, 8, 3, padding=1), nn.SiLU())
        self.up = nn.Upsample(scale_factor=2, mode="bilinear", align_corners=True)
        self.join1 = nn.Conv2d(16, 8, 1)
        self.up2 = nn.ConvTranspose2d(8, 4, 2, stride=2)
        self.join2 = nn.Conv2d(8, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        one = self.down1(x)
        two = self.down2(one)
        deep = self.join1(torch.cat([self.up(self.bottom(two)), two], dim=1))
        deep = self.join2(torch.cat((self.up2(deep), one), 1))
        return F.interpolate(F.pad(deep, (1, 1, 0, 0)), size=(12, 14), mode="nearest")


class Tagger(nn.Module):
    """Words of sentences of different lengths: packed, read both ways, padded again."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(20, 6, padding_idx=0)
        self.rnn = nn.LSTM(6, 5, num_layers=2, bidirectional=True, batch_first=True)
        self.gru = nn.GRU(10, 4, batch_first=True)
        self.out = nn.Linear(4, 3)

    def forward(self, words: Tensor, lengths: Tensor) -> Tensor:
        packed = pack_padded_sequence(self.embed(words), lengths, batch_first=True, enforce_sorted=False)
        read, _ = pad_packed_sequence(self.rnn(packed)[0], batch_first=True)
        return self.out(self.gru(read)[0])


class SelfAttention(nn.Module):
    """One projection for queries, keys and values, as in nanoGPT; by hand, or by the function of PyTorch."""

    def __init__(self, by_hand: bool) -> None:
        super().__init__()
        self.qkv, self.proj, self.by_hand = nn.Linear(16, 48), nn.Linear(16, 16), by_hand
        self.register_buffer("bias", torch.tril(torch.ones(12, 12)).view(1, 1, 12, 12))

    def forward(self, x: Tensor) -> Tensor:
        b, t, c = x.shape
        q, k, v = (y.view(b, t, 4, c // 4).transpose(1, 2) for y in self.qkv(x).split(c, dim=2))
        if self.by_hand:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.size(-1)))
            scores = scores.masked_fill(self.bias[:, :, :t, :t] == 0, float("-inf"))
            y = F.softmax(scores, dim=-1) @ v
        else:
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).contiguous().view(b, t, c))


class Block(nn.Module):
    def __init__(self, by_hand: bool) -> None:
        super().__init__()
        self.ln1, self.attn, self.ln2 = nn.LayerNorm(16), SelfAttention(by_hand), nn.LayerNorm(16)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(approximate="tanh"), nn.Linear(32, 16), nn.Dropout(0.1))

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class NanoGpt(nn.Module):
    """A transformer whose last weight is its first, tied."""

    def __init__(self, by_hand: bool) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(30, 16), nn.Embedding(12, 16)
        self.h = nn.ModuleList([Block(by_hand) for _ in range(2)])
        self.ln_f = nn.LayerNorm(16)
        self.lm_head = nn.Linear(16, 30, bias=False)
        self.lm_head.weight = self.wte.weight

    def forward(self, ids: Tensor) -> Tensor:
        x = self.wte(ids) + self.wpe(torch.arange(ids.size(1), device=ids.device))
        for block in self.h:
            x = block(x)
        return self.lm_head(self.ln_f(x))


class Rotary(nn.Module):
    """Grouped heads, positions that turn halves or neighbours, RMS norms and a gated unit of one's own, as in Llama."""

    def __init__(self, pairs: str = "halves") -> None:
        super().__init__()
        self.pairs = pairs
        self.norm = OwnRms(16)
        self.q_proj, self.k_proj = nn.Linear(16, 16, bias=False), nn.Linear(16, 8, bias=False)
        self.v_proj, self.o_proj = nn.Linear(16, 8, bias=False), nn.Linear(16, 16, bias=False)
        self.gate, self.up, self.down = nn.Linear(16, 24), nn.Linear(16, 24), nn.Linear(24, 16)

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        b, t, _ = y.shape
        q = self.q_proj(y).view(b, t, 4, 4).transpose(1, 2)
        k, v = (p(y).view(b, t, 2, 4).transpose(1, 2) for p in (self.k_proj, self.v_proj))
        angle = torch.outer(torch.arange(t), 1 / 500 ** (torch.arange(0, 4, 2) / 4))
        q, k = (turned(x, angle, self.pairs) for x in (q, k))
        mask = torch.ones(t, t, dtype=torch.bool).tril()
        if self.pairs == "adjacent":  # every head of keys is written out for both heads of queries that share it
            k, v = (x.repeat_interleave(2, dim=1) for x in (k, v))
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, enable_gqa=True)
        x = x + self.o_proj(out.transpose(1, 2).reshape(b, t, 16))
        return x + self.down(F.silu(self.gate(x)) * self.up(x))


def turned(x: Tensor, angle: Tensor, pairs: str) -> Tensor:
    """Pairs of features turned by the angle of their place, as Llama's code and as RoFormer's write it."""
    if pairs == "halves":
        cos, sin = (f(torch.cat((angle, angle), -1)) for f in (torch.cos, torch.sin))
        one, two = x.chunk(2, -1)
        return x * cos + torch.cat((-two, one), -1) * sin
    cos, sin = (f(angle).repeat_interleave(2, -1) for f in (torch.cos, torch.sin))
    return x * cos + torch.stack((-x[..., 1::2], x[..., ::2]), -1).flatten(-2) * sin


class OwnRms(nn.Module):
    """RMS normalisation written out."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight, self.eps = nn.Parameter(torch.rand(size) + 0.5), 1e-5

    def forward(self, x: Tensor) -> Tensor:
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


class NewGelu(nn.Module):
    """GELU's tanh form written out, as GPT-2's first code has it."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * x * (1.0 + torch.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * torch.pow(x, 3.0))))


class Scale(nn.Module):
    """A layer scale: one number a feature, which is no norm."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.gamma = nn.Parameter(torch.full((size,), 0.1))

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gamma


class Foreign(nn.Module):
    """Norms and activations of other people's classes."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.act, self.scale, self.fc = OwnRms(8), NewGelu(), Scale(8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.scale(self.act(self.fc(self.norm(x))))


class Shifted(nn.Module):
    """A layer norm written out, whose parameters are called as somebody liked."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.offset, self.w = nn.Parameter(torch.rand(size)), nn.Parameter(torch.rand(size) + 0.5)

    def forward(self, x: Tensor) -> Tensor:
        mean, spread = x.mean(-1, keepdim=True), x.var(-1, keepdim=True, unbiased=False)
        return (x - mean) / torch.sqrt(spread + 1e-6) * self.w + self.offset


class Equations(nn.Module):
    """Attention in equations: heads stand behind the tokens, the mask is filled in, and the mixture is turned back."""

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.qkv, self.out = Shifted(8), nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: Tensor, pad: Tensor) -> Tensor:
        q, k, v = (part.reshape(*x.shape[:2], 2, 4) for part in self.qkv(self.norm(x)).chunk(3, -1))
        scores = torch.einsum("bqhd,bkhd->bhqk", q, k) / 2
        weights = scores.masked_fill(pad[:, None, None], float("-inf")).softmax(-1)
        return self.out(torch.einsum("bhqk,bkhd->bqhd", weights, v).flatten(2))


class Standardised(nn.Module):
    """A convolution whose kernel is centred and scaled before it meets the picture."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel, self.fc = nn.Parameter(torch.randn(3, 1, 3, 3)), nn.Linear(3, 2)

    def forward(self, x: Tensor) -> Tensor:
        centred = self.kernel - self.kernel.mean((1, 2, 3), keepdim=True)
        kernel = centred / centred.square().mean((1, 2, 3), keepdim=True).sqrt()
        return self.fc(F.relu(F.conv2d(x.flip(-1), kernel)).mean((2, 3)))


class ConvLstm(nn.Module):
    """An LSTM whose products are convolutions: gates are cut out of one result."""

    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.Conv2d(4, 12, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        hidden = cell = x.new_zeros(x.shape[0], 3, *x.shape[-2:])
        for t in range(x.shape[1]):
            i, f, o, g = self.gates(torch.cat([x[:, t], hidden], 1)).chunk(4, 1)
            cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
            hidden = o.sigmoid() * cell.tanh()
        return hidden


class Twice(nn.Module):
    """One block that runs three times, on two inputs of one shape, and control flow that asks the numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.rec = nn.Linear(4, 4)
        self.cell = nn.LSTMCell(4, 4)

    def forward(self, a: Tensor, b: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        a, b = torch.tanh(self.rec(a)), self.rec(b)
        if (a.sum() > -100).item():
            a = self.rec(a) - b
        h, c = self.cell(a, (b, b))
        return h, {"cell": c / 2}


class Half(nn.Module):
    """Everything in bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Linear(6, 12), nn.GELU(), nn.LayerNorm(12), nn.Linear(12, 3), nn.Softmax(-1))
        self.to(torch.bfloat16)

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x.to(torch.bfloat16))


class Masked(nn.Module):
    """Attention of PyTorch's own, across and with both masks, then a layer of an encoder."""

    def __init__(self) -> None:
        super().__init__()
        self.cross = nn.MultiheadAttention(8, 2, batch_first=True)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.0, batch_first=True)
        self.vote = nn.Conv1d(8, 2, 3, padding="same")

    def forward(self, x: Tensor, memory: Tensor, pad: Tensor) -> Tensor:
        hidden = torch.ones(x.shape[1], memory.shape[1], dtype=torch.bool).triu(2)
        y, _ = self.cross(x, memory, memory, key_padding_mask=pad, attn_mask=hidden)
        return self.vote(self.layer(x + y).transpose(1, 2)).amax(-1)


class Training(nn.Module):
    """In training: units drop, statistics move."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1, self.bn, self.drop, self.fc2 = nn.Linear(6, 16), nn.BatchNorm1d(16), nn.Dropout(0.5), nn.Linear(16, 2)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.dropout(self.drop(F.relu(self.bn(self.fc1(x)))), 0.2, self.training))


class Siamese(nn.Module):
    """Two images through one net; a distance, and an equation."""

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(nn.Conv2d(1, 4, 3, stride=2), nn.Hardswish(), nn.Flatten(), nn.Linear(36, 6))
        self.weight = nn.Parameter(torch.randn(6, 6))

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        one, two = F.normalize(self.net(a), dim=-1), F.normalize(self.net(b), dim=-1)
        both = torch.einsum("bi,ij->bj", one, self.weight) * two
        return torch.stack([both.sum(-1), (one - two).norm(dim=-1), torch.exp(-both.square().mean(-1))], dim=1)


class NotNan(nn.Module):
    """A function that nobody here knows, between two that are known."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 4)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(torch.nanmean(self.fc(x), -1, keepdim=True))


def drawn(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


IDS = torch.tensor([[3, 1, 4, 1, 5], [9, 2, 6, 5, 3]])
PAD = torch.tensor([[False] * 6, [False] * 4 + [True] * 2])
MODELS: dict[str, Model] = {
    "residual-cnn": Model(lambda: ResidualCnn().eval(), (drawn(2, 3, 8, 8),)),
    "unet": Model(UNet, (drawn(1, 1, 12, 12),)),
    "packed-bilstm": Model(Tagger, (torch.tensor([[3, 4, 5], [6, 7, 0], [8, 0, 0]]), torch.tensor([3, 2, 1]))),
    "nanogpt": Model(lambda: NanoGpt(False).eval(), (IDS,)),
    "nanogpt-by-hand": Model(lambda: NanoGpt(True).eval(), (IDS,)),
    "grouped-heads": Model(Rotary, (drawn(2, 5, 16),)),
    "repeated-heads": Model(lambda: Rotary("adjacent"), (drawn(2, 5, 16),)),
    "foreign": Model(Foreign, (drawn(3, 8),)),
    "equations": Model(Equations, (drawn(2, 6, 8), PAD)),
    "standardised": Model(Standardised, (drawn(2, 1, 6, 6),)),
    "conv-lstm": Model(ConvLstm, (drawn(1, 3, 1, 4, 4),)),
    "twice": Model(Twice, (drawn(2, 4), drawn(2, 4, seed=1))),
    "bfloat16": Model(Half, (drawn(3, 6),)),
    "masked": Model(lambda: Masked().eval(), (drawn(2, 5, 8), drawn(2, 6, 8, seed=1), PAD)),
    "training": Model(Training, (drawn(8, 6),)),
    "siamese": Model(Siamese, (drawn(2, 1, 7, 7), drawn(2, 1, 7, 7, seed=1))),
    "unknown-function": Model(NotNan, (drawn(2, 4),), unmapped=("nanmean",)),
}
