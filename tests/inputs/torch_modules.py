"""Live modules of ``torch.nn`` with what they are called with; imported only where PyTorch is."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_sequence, pad_packed_sequence

Case = tuple[nn.Module, tuple[Any, ...], dict[str, Any]]

_DRAWN = torch.Generator().manual_seed(11)


def normal(*shape: int) -> Tensor:
    return torch.randn(shape, generator=_DRAWN, dtype=torch.float64)


def uniform(*shape: int) -> Tensor:
    return torch.rand(shape, generator=_DRAWN, dtype=torch.float64)


def case(module: nn.Module, *inputs: Any, **named: Any) -> Case:
    return module, inputs, named


def convolutions() -> Iterator[Case]:
    for n, kind in ((1, nn.Conv1d), (2, nn.Conv2d), (3, nn.Conv3d)):
        yield case(kind(4, 6, 3, stride=2, padding=1, groups=2), normal(2, 4, *[7] * n))
        yield case(kind(2, 3, 2, padding="same", padding_mode="circular", dilation=2), normal(2, *[6] * n))
        yield case(kind(2, 3, 2, bias=False, padding="valid"), normal(1, 2, *[4] * n))
        yield case(kind(1, 2, 3, padding=2, padding_mode="reflect"), normal(1, 1, *[5] * n))
        yield case(kind(1, 2, 3, padding=2, padding_mode="replicate"), normal(1, 1, *[4] * n))
    yield case(nn.Conv2d(1, 1, (2, 3), stride=(2, 1), padding=(0, 1), dilation=(1, 2)), normal(1, 1, 6, 7))
    yield case(nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), normal(2, 4, 3, 4))
    yield case(nn.ConvTranspose2d(2, 3, 3, stride=3, bias=False), normal(2, 3, 4), output_size=[10, 13])
    for n, kind in ((1, nn.ConvTranspose1d), (3, nn.ConvTranspose3d)):
        yield case(kind(4, 6, 3, stride=2, padding=1, output_padding=1, groups=2), normal(2, 4, *[3] * n))
        yield case(kind(2, 3, 2, dilation=2, bias=False), normal(2, *[3] * n))
        yield case(kind(2, 3, 3, stride=3), normal(1, 2, *[2] * n), output_size=[7] * n)


def pools() -> Iterator[Case]:
    for n in (1, 2, 3):
        x = normal(2, 3, *[9, 8, 7][:n])
        yield case(getattr(nn, f"MaxPool{n}d")(3, 2, padding=1, ceil_mode=True), x)
        yield case(getattr(nn, f"MaxPool{n}d")(2, 1, dilation=2), x[0])
        yield case(getattr(nn, f"AvgPool{n}d")(3, 2, padding=1, ceil_mode=True, count_include_pad=False), x)
        yield case(getattr(nn, f"LPPool{n}d")(2, 3, 2), x)
        yield case(getattr(nn, f"AdaptiveMaxPool{n}d")(3), x)
        yield case(getattr(nn, f"AdaptiveAvgPool{n}d")(3 if n == 1 else (None, *[2] * (n - 1))), x)
    yield case(nn.AvgPool2d(2, divisor_override=3), normal(1, 1, 4, 4))
    yield case(nn.LPPool2d(3, 2), uniform(1, 1, 4, 4))


def joins() -> Iterator[Case]:
    for n, kinds in ((1, (nn.ZeroPad1d, nn.ConstantPad1d, nn.ReflectionPad1d, nn.ReplicationPad1d, nn.CircularPad1d)),
                     (2, (nn.ZeroPad2d, nn.ConstantPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.CircularPad2d)),
                     (3, (nn.ZeroPad3d, nn.ConstantPad3d, nn.ReflectionPad3d, nn.ReplicationPad3d,
                          nn.CircularPad3d))):  # fmt: skip
        for kind in kinds:
            amounts = tuple([1, 2, 0, 1, 2, 1][: 2 * n])
            made = kind(amounts, 0.5) if "Constant" in kind.__name__ else kind(amounts)
            yield case(made, normal(2, 1, *[4, 3, 5][-n:]))
    yield case(nn.Upsample(scale_factor=2), normal(1, 2, 3, 4))
    yield case(nn.Upsample(scale_factor=(1.5, 2.7), mode="bilinear"), normal(1, 2, 3, 4))
    yield case(nn.Upsample(size=(5, 3), mode="bicubic", align_corners=True), normal(1, 2, 3, 4))
    yield case(nn.Upsample(scale_factor=1.7, mode="linear"), normal(1, 2, 5))
    yield case(nn.Upsample(size=7, mode="nearest-exact"), normal(1, 2, 5))
    yield case(nn.UpsamplingNearest2d(scale_factor=3), normal(1, 1, 2, 2))
    yield case(nn.UpsamplingBilinear2d(size=(3, 5)), normal(1, 1, 2, 2))


def rows() -> Iterator[Case]:
    yield case(nn.Linear(3, 4), normal(2, 5, 3))
    yield case(nn.Linear(3, 4, bias=False), normal(3))
    yield case(nn.Bilinear(3, 2, 4), normal(2, 5, 3), normal(2, 5, 2))
    yield case(nn.Embedding(7, 3, padding_idx=-1), torch.tensor([[1, 2, 6], [0, 0, 1]]))
    yield case(nn.Embedding(7, 3), torch.tensor(3))
    yield case(nn.Embedding(7, 3), torch.tensor([[[1, 2], [3, 4]]]))
    for dropped in (nn.Dropout(0.3), nn.Dropout1d(0.3), nn.AlphaDropout(0.3), nn.FeatureAlphaDropout(0.3)):
        yield case(dropped.eval(), normal(2, 3, 4))
    yield case(nn.Dropout2d(0.3).eval(), normal(2, 3, 4, 5))
    yield case(nn.Dropout3d(0.3).eval(), normal(3, 4, 2, 2))
    for start, shape in (
        (1, (2, 3)),
        (1, (2, 3, 4)),
        (1, (2, 3, 4, 5)),
        (1, (2, 3, 2, 2, 2)),
        (0, (5,)),
        (2, (2, 3, 4)),
    ):
        yield case(nn.Flatten(start), normal(*shape))


def norms() -> Iterator[Case]:
    changes: tuple[dict[str, Any], ...] = (
        {}, {"affine": False}, {"track_running_stats": False}, {"momentum": None, "eps": 1e-3},
    )  # fmt: skip
    for n in (1, 2, 3):
        x = normal(4, 3, *[3] * n)
        for training in (True, False):
            for change in changes:
                yield case(_used(getattr(nn, f"BatchNorm{n}d")(3, **change), x).train(training), x)
            for change in ({}, {"affine": True}, {"track_running_stats": True, "affine": True}):
                yield case(_used(getattr(nn, f"InstanceNorm{n}d")(3, **change), x).train(training), x)
                yield case(_used(getattr(nn, f"InstanceNorm{n}d")(3, **change), x).train(training), x[0])
    yield case(nn.BatchNorm1d(3), normal(4, 3))
    yield case(nn.LayerNorm(4), normal(2, 3, 4))
    yield case(nn.LayerNorm((3, 4), bias=False), normal(2, 3, 4))
    yield case(nn.LayerNorm(4, elementwise_affine=False), normal(4))
    yield case(nn.LayerNorm((2, 3)), normal(2, 3))
    yield case(nn.RMSNorm((2, 3, 4)), normal(2, 3, 4))
    yield case(nn.GroupNorm(2, 4), normal(2, 4, 3, 3))
    yield case(nn.GroupNorm(2, 4, affine=False), normal(2, 4))
    yield case(nn.RMSNorm(4), normal(2, 3, 4))
    yield case(nn.RMSNorm((3, 4), eps=1e-3), normal(2, 3, 4))
    yield case(nn.RMSNorm((3, 4), elementwise_affine=False), normal(2, 3, 4))


def _used(module: nn.Module, x: Tensor) -> nn.Module:
    """A normalisation whose weights and running statistics are no longer what they began as."""
    module.double()(2 * x + 1)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(normal(*weight.shape))
    return module


def recurrent() -> Iterator[Case]:
    for kind in (nn.RNN, nn.GRU, nn.LSTM):
        yield case(kind(3, 4), normal(5, 2, 3))
        yield case(kind(3, 4, 2, bidirectional=True, batch_first=True, bias=False), normal(2, 5, 3))
        yield case(kind(3, 4), normal(5, 3))
        states = (normal(4, 2, 4), normal(4, 2, 4)) if kind is nn.LSTM else normal(4, 2, 4)
        yield case(kind(3, 4, 2, bidirectional=True, dropout=0.5).eval(), normal(5, 2, 3), states)
        states = (normal(1, 4), normal(1, 4)) if kind is nn.LSTM else normal(1, 4)
        yield case(kind(3, 4), normal(5, 3), hx=states)
        unsorted = pack_sequence([normal(3, 3), normal(5, 3), normal(4, 3)], enforce_sorted=False)
        yield case(kind(3, 4, 2, bidirectional=True), unsorted)
        yield case(kind(3, 4), pack_sequence([normal(5, 3), normal(4, 3)]))
    yield case(nn.RNN(3, 4, nonlinearity="relu"), normal(5, 2, 3))
    yield case(nn.LSTM(3, 4, 2, proj_size=2, bidirectional=True), normal(5, 2, 3), (normal(4, 2, 2), normal(4, 2, 4)))


def attention() -> Iterator[Case]:
    x, causal = normal(2, 3, 4), torch.triu(torch.ones(3, 3, dtype=torch.bool), 1)
    padding = torch.tensor([[False, False, True], [False, False, False]])
    yield case(nn.MultiheadAttention(4, 2, batch_first=True), x, x, x)
    yield case(nn.MultiheadAttention(4, 2), normal(3, 2, 4), normal(5, 2, 4), normal(5, 2, 4))
    yield case(nn.MultiheadAttention(4, 2, kdim=3, vdim=5, bias=False), normal(3, 4), normal(5, 3), normal(5, 5))
    both = {"attn_mask": causal, "key_padding_mask": padding}
    yield case(nn.MultiheadAttention(4, 2, batch_first=True), x, x, x, **both)
    yield case(nn.MultiheadAttention(4, 2, batch_first=True), x, x, x, attn_mask=normal(4, 3, 3))
    yield case(nn.MultiheadAttention(4, 2, batch_first=True), x, x, x, attn_mask=causal[None].repeat(4, 1, 1))
    for first in (False, True):
        for name in ("relu", "gelu"):
            made = {"norm_first": first, "activation": name}
            yield case(nn.TransformerEncoderLayer(4, 2, 8, dropout=0, batch_first=first, **made), normal(3, 2, 4))
            other = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True, bias=False, layer_norm_eps=1e-3, **made)
            yield case(other.eval(), x, src_mask=causal, src_key_padding_mask=padding)
            memory = normal(3, 5, 4) if first else normal(5, 2, 4)
            plain = nn.TransformerDecoderLayer(4, 2, 8, dropout=0, batch_first=first, **made)
            yield case(plain, normal(3, 2, 4), memory)
            masks = {"tgt_mask": normal(3, 3), "memory_key_padding_mask": padding.repeat(1, 2)[:, 1:]}
            yield case(
                nn.TransformerDecoderLayer(4, 2, 8, dropout=0, batch_first=True, **made), x, normal(2, 5, 4), **masks
            )


def functions() -> Iterator[Case]:
    for module in (
        nn.Identity(), nn.ReLU(), nn.LeakyReLU(0.2), nn.PReLU(), nn.ELU(0.7), nn.SELU(), nn.CELU(0.6), nn.GELU(),
        nn.GELU("tanh"), nn.SiLU(), nn.Mish(), nn.GLU(), nn.Softplus(), nn.Softplus(2), nn.Softsign(), nn.Sigmoid(),
        nn.Tanh(),
        nn.Hardsigmoid(), nn.Hardswish(), nn.ReLU6(), nn.Hardtanh(), nn.LogSigmoid(), nn.Softmax(-1), nn.LogSoftmax(-1),
    ):  # fmt: skip
        yield case(module, 4 * normal(2, 3, 4))
    yield case(nn.PReLU(3), normal(2, 3))
    yield case(nn.Softmax(None), normal(4))
    yield case(nn.Softmax2d(), normal(1, 3, 1, 1))


def rows_of_modules() -> Iterator[Case]:
    image = [nn.Conv2d(1, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(inplace=True), nn.MaxPool2d(2)]
    dense = nn.Sequential(nn.Flatten(), nn.Dropout(0.3), nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 3), nn.Softmax(-1))
    yield case(nn.Sequential(*image, dense).eval(), normal(2, 1, 4, 4))
    yield case(nn.Sequential(*copy.deepcopy(image)), normal(2, 1, 4, 4))
    yield case(nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2)), normal(2, 5, 3))
    yield case(nn.Sequential(nn.Linear(3, 4, bias=False), nn.LayerNorm(4), nn.Sigmoid()), normal(3))
    yield case(
        nn.Sequential(nn.Embedding(7, 3), nn.LSTM(3, 4, 2, bidirectional=True, batch_first=True)),
        torch.tensor([[1, 2], [6, 0]]),
    )
    layers = [nn.TransformerEncoderLayer(4, 2, 8, dropout=0, batch_first=first) for first in (False, True)]
    yield case(nn.Sequential(*layers, nn.Softmax(1), nn.PReLU(3), nn.GLU(0), nn.Identity()), normal(2, 3, 4))
    yield case(nn.Sequential(nn.GLU(1), nn.Linear(3, 2), nn.GroupNorm(2, 2)), normal(3, 4, 2, 3))
    yield case(
        nn.Sequential(nn.Conv1d(2, 3, 2), nn.ELU(0.5), nn.AvgPool1d(2), nn.LogSoftmax(1), nn.Flatten()), normal(2, 2, 7)
    )
    yield case(nn.Sequential(nn.ConvTranspose2d(2, 2, 2, stride=2), nn.InstanceNorm2d(2), nn.SiLU()), normal(2, 3, 3))
    yield case(nn.Sequential(nn.ConvTranspose1d(2, 2, 2, stride=2), nn.Tanh()), normal(1, 2, 3))
    yield case(nn.Sequential(nn.ConvTranspose3d(1, 2, 2), nn.ReLU()), normal(1, 1, 2, 2, 2))
    yield case(nn.Sequential(nn.Conv3d(1, 2, 2), nn.AdaptiveAvgPool3d(1), nn.Flatten()), normal(1, 1, 3, 3, 3))


def losses() -> Iterator[Case]:
    weight, ids = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64), torch.tensor([0, 2, 1, -100])
    for reduction in ("mean", "sum", "none"):
        for kind in (nn.MSELoss, nn.L1Loss, nn.SmoothL1Loss):
            for shape in ((4,), (4, 3), (4, 3, 2), ()):
                yield case(kind(reduction=reduction), normal(*shape), normal(*shape))
        yield case(nn.SmoothL1Loss(beta=0, reduction=reduction), normal(3), normal(3))
        yield case(nn.SmoothL1Loss(beta=0.5, reduction=reduction), normal(3), normal(3))
        yield case(nn.HuberLoss(delta=0.4, reduction=reduction), normal(3, 2), normal(3, 2))
        yield case(nn.BCELoss(reduction=reduction), uniform(3, 2), uniform(3, 2))
        for shape in ((3,), (4, 3), (2, 4, 3)):
            yield case(nn.BCEWithLogitsLoss(pos_weight=weight, reduction=reduction), normal(*shape), uniform(*shape))
        log_p, p = normal(3, 4).log_softmax(-1), normal(3, 4).softmax(-1)
        yield case(nn.KLDivLoss(reduction=reduction), log_p, p)
        yield case(nn.KLDivLoss(reduction=reduction, log_target=True), log_p, p.log())
        entropy = nn.CrossEntropyLoss(reduction=reduction)
        yield case(entropy, normal(4, 3), ids)
        yield case(entropy, normal(4, 3), normal(4, 3).softmax(-1))
        yield case(entropy, normal(3), torch.tensor(1))
        yield case(entropy, normal(3), normal(3).softmax(-1))
        yield case(entropy, normal(2, 3, 2, 2), torch.tensor([[[0, 1], [2, 0]], [[1, 1], [2, 2]]]))
        yield case(nn.CrossEntropyLoss(weight, label_smoothing=0.1, reduction=reduction), normal(4, 3), ids)
        for shape, target in (((4, 3), ids), ((3,), torch.tensor(1)), ((2, 3, 2), torch.tensor([[0, 1], [2, -100]]))):
            log_p = normal(*shape).log_softmax(min(1, len(shape) - 1))
            yield case(nn.NLLLoss(weight, reduction=reduction), log_p, target)
        yield case(nn.NLLLoss(ignore_index=2, reduction=reduction), normal(4, 3), ids.abs() % 3)
        smooth = nn.CrossEntropyLoss(label_smoothing=0.2, reduction=reduction)
        yield case(smooth, normal(2, 3, 2), normal(2, 3, 2).softmax(1))
    for shape in ((3, 4), (4,), (2, 4, 3)):
        yield case(nn.KLDivLoss(reduction="batchmean"), normal(*shape).log_softmax(-1), normal(*shape).softmax(-1))


FAMILIES = (convolutions, pools, joins, rows, norms, recurrent, attention, functions, rows_of_modules, losses)


def typed(made: Case, kind: torch.dtype) -> Case:
    """The case in float32 or float64; what was one object stays one."""
    module, inputs, named = made
    seen: dict[int, Any] = {}

    def cast(value: Any) -> Any:
        if isinstance(value, tuple) and not isinstance(value, PackedSequence):
            return tuple(cast(part) for part in value)
        floats = isinstance(value, PackedSequence) or (isinstance(value, Tensor) and value.is_floating_point())
        return seen.setdefault(id(value), value.to(kind)) if floats else value

    return (
        copy.deepcopy(module).to(kind),
        tuple(map(cast, inputs)),
        {name: cast(value) for name, value in named.items()},
    )


def output(made: Case) -> Any:
    """What the module itself gives, sequences batch first, as an array."""
    module, inputs, named = made
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = copy.deepcopy(module)(*inputs, **named)
    if isinstance(found, tuple) and not isinstance(found, PackedSequence):
        found = found[0]
    if isinstance(found, PackedSequence):
        return pad_packed_sequence(found, batch_first=True)[0].numpy()
    sequences = module.self_attn if hasattr(module, "self_attn") else module
    if getattr(sequences, "batch_first", True) is False and found.ndim == 3:
        found = found.transpose(0, 1)
    return found.numpy()
