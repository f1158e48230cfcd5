"""Functions as people write them, each computed again by the layer that it is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import pytest

import layeranim as la
from layeranim.capturing import functions
from layeranim.capturing.joins import JOINS, spelt
from layeranim.errors import OptionError

torch = pytest.importorskip("torch")

from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402

from tests.capture.torch_models import drawn  # noqa: E402


class Written(nn.Module):
    """A function of x, a positive y of its shape, and a weight."""

    def __init__(self, run: Callable[..., Any]) -> None:
        super().__init__()
        self.weight, self.run = nn.Parameter(drawn(6, 6, seed=2)), run

    def forward(self, x: Tensor, y: Tensor) -> Any:
        return self.run(x, y, self.weight)


TRUE = torch.tensor([[3, 0, -1, 1, 2, 2], [1, -1, 0, 0, 0, 0]])
IDS = torch.tensor([[0, 2], [2, 5]])
X, Y = drawn(2, 4, 6, 6), drawn(2, 4, 6, 6, seed=1).abs() + 0.5
PLACES, GRID = torch.arange(288).reshape(2, 4, 6, 6) * 7 % 6, drawn(2, 3, 5, 2, seed=3)
LAYERS: dict[str, list[Callable[..., Any]]] = {
    "elementwise": [
        lambda x, y, w: x + 1, lambda x, y, w: 1 - x, lambda x, y, w: 2 / y, lambda x, y, w: y**2, lambda x, y, w: 2**x,
        lambda x, y, w: x * y[:, :1], lambda x, y, w: torch.sub(x, y), lambda x, y, w: x.div(y), lambda x, y, w: -x,
        lambda x, y, w: torch.rsqrt(y), lambda x, y, w: x.clamp(min=0.1), lambda x, y, w: x.clamp(max=0.1),
        lambda x, y, w: torch.maximum(x, y), lambda x, y, w: torch.max(x, y), lambda x, y, w: x.abs(),
        lambda x, y, w: torch.pow(y, exponent=1.5), lambda x, y, w: y.log(), lambda x, y, w: x.exp(),
        lambda x, y, w: torch.cos(x), lambda x, y, w: y.sqrt(), lambda x, y, w: x.square(),
        lambda x, y, w: torch.reciprocal(y), lambda x, y, w: x * torch.tensor(2.0),
        lambda x, y, w: torch.add(x, y, alpha=1), lambda x, y, w: x.sin(),
        lambda x, y, w: x.mul_(2), lambda x, y, w: w * x, lambda x, y, w: x.double() + 1,
        lambda x, y, w: torch.where(x > 0, x, 0.1), lambda x, y, w: x.where(x > y, y),
        lambda x, y, w: x.masked_fill(x < 0, -1e9), lambda x, y, w: x.masked_fill(y > 1, torch.tensor(2.0)),
        lambda x, y, w: x.tril(1), lambda x, y, w: torch.triu(x), lambda x, y, w: x.clamp(-1, 1),
        lambda x, y, w: x.clamp(w[0, 0], y), lambda x, y, w: torch.clamp_max(x, 0.1), lambda x, y, w: x.clip(-0.2, 3),
        lambda x, y, w: torch.add(x, y, alpha=2), lambda x, y, w: torch.sub(x, y, alpha=0.5),
        lambda x, y, w: torch.addcmul(x, y, y), lambda x, y, w: torch.lerp(x, y, 0.3), lambda x, y, w: x // y,
        lambda x, y, w: torch.div(x, y, rounding_mode="floor"), lambda x, y, w: x % y, lambda x, y, w: x.erf(),
        lambda x, y, w: torch.round(x), lambda x, y, w: y.log1p(), lambda x, y, w: F.threshold(x, 0.1, -3),
        lambda x, y, w: F.hardshrink(x), lambda x, y, w: F.hardtanh(x, -2, 0.5),
        lambda x, y, w: torch.addcmul(x, y, y, value=2), lambda x, y, w: torch.addcdiv(x, x, y, value=0.1),
        lambda x, y, w: F.softshrink(x, 0.2), lambda x, y, w: F.tanhshrink(x), lambda x, y, w: torch.frac(x),
        lambda x, y, w: torch.exp2(x), lambda x, y, w: torch.erfc(x), lambda x, y, w: torch.deg2rad(x),
        lambda x, y, w: (y / 9).logit(), lambda x, y, w: torch.special.logit(x, 0.01), lambda x, y, w: x.fmod(0.4),
        lambda x, y, w: torch.trunc(x), lambda x, y, w: torch.acos(y / 9), lambda x, y, w: torch.atan2(x, y),
        lambda x, y, w: torch.hypot(x, y), lambda x, y, w: torch.logaddexp(x, y), lambda x, y, w: torch.diff(x, dim=1),
        lambda x, y, w: torch.quantile(x, 0.3), lambda x, y, w: x.quantile(0.9, dim=1, keepdim=True),
        lambda x, y, w: torch.complex(x, y) - torch.complex(y, x), lambda x, y, w: torch.complex(x, y) * y,
        lambda x, y, w: torch.complex(x, y).angle(), lambda x, y, w: torch.complex(x, y).conj(),
        lambda x, y, w: x.index_copy(2, torch.tensor([3, 1]), y[:, :, :2]), lambda x, y, w: x.index_fill(1, IDS[0], 2),
        lambda x, y, w: x.scatter(-1, x.argsort(-1), y), lambda x, y, w: x.scatter(3, PLACES, y),
        lambda x, y, w: x.scatter(3, PLACES[:1, :2, :3], 2.0), lambda x, y, w: x.masked_scatter(x > 0, y),
        lambda x, y, w: x.index_put((x[:, 0, 0, 0] > -9, IDS[1] % 4), y[:, 0]),
        lambda x, y, w: torch.baddbmm((x[0] > 0).float().log(), y[0], y[1]),
        lambda x, y, w: torch.sinc(x.round()), lambda x, y, w: torch.xlogy(x.relu(), x.relu()),
        lambda x, y, w: x.log().nan_to_num(), lambda x, y, w: torch.cross(x[:, :3], y[:, :3], dim=1),
        lambda x, y, w: torch.linalg.cross(x[..., :3], y[..., :3]),
        lambda x, y, w: torch.cross(x[:, :3, :3], y[:, :3, :3]),
        lambda x, y, w: torch.kron(x[0, 0], y[0, 0]), lambda x, y, w: torch.float_power(y, 1.5),
        lambda x, y, w: torch.asinh(x), lambda x, y, w: torch.acosh(y + 1), lambda x, y, w: torch.atanh(y / 9),
        lambda x, y, w: torch.div(x, y, rounding_mode="trunc"), lambda x, y, w: F.rrelu(x, training=True),
        lambda x, y, w: F.normalize(x, p=1, dim=1), lambda x, y, w: F.softplus(x, 2.0, 1.0),
        lambda x, y, w: F.local_response_norm(x, 3, 0.1, 0.5, 2.0),
        lambda x, y, w: F.lp_pool2d(x, 3, 2, ceil_mode=True),
        *(partial(lambda x, y, w, run: run(x, y), run=run) for run in (
            lambda x, y: F.margin_ranking_loss(x, y, x.sign(), 0.3, reduction="none"),
            lambda x, y: F.hinge_embedding_loss(x, x.sign(), reduction="none"),
            lambda x, y: F.binary_cross_entropy_with_logits(x, y / 9, y[0], reduction="none"),
            lambda x, y: F.soft_margin_loss(x, y.sign(), reduction="none"),
            lambda x, y: F.cosine_embedding_loss(x[0, 0], y[0, 0], x[0, 0, 0].sign(), 0.2, reduction="none"),
            lambda x, y: F.poisson_nll_loss(x, 3 * y, full=True, reduction="none"),
            lambda x, y: F.poisson_nll_loss(y, 3 * y, log_input=False, reduction="none"),
            lambda x, y: F.multi_margin_loss(x[0, 0], IDS[0].repeat(3), 2, weight=y[0, 0, 0], reduction="none"),
            lambda x, y: F.multilabel_margin_loss(x[0, 0, :2], TRUE, reduction="none"),
            lambda x, y: F.triplet_margin_loss(x, y, x.flip(0), swap=True, reduction="none"),
        )),
    ],
    "concatenate": [
        lambda x, y, w: torch.cat([x, y, x[:, :1]], 1), lambda x, y, w: torch.stack((x, y), dim=-1),
        lambda x, y, w: torch.concat((x, y), dim=0), lambda x, y, w: torch.cat((x, torch.empty(0)), 1),
        lambda x, y, w: torch.cat((x, x[..., :0]), -1), lambda x, y, w: torch.hstack((x, y)),
        lambda x, y, w: torch.vstack((x[0, 0, 0], y[0, 0, 0])),
    ],
    "matmul": [
        lambda x, y, w: x @ y, lambda x, y, w: x[0, 0] @ y, lambda x, y, w: torch.bmm(x[0], y[0]),
        lambda x, y, w: torch.matmul(x, y[0, 0, 0]), lambda x, y, w: x[:, None] @ y[:, :, None],
        lambda x, y, w: torch.mv(x[0, 0], y[0, 0, 0]), lambda x, y, w: torch.dot(x[0, 0, 0], y[0, 0, 0]),
        lambda x, y, w: torch.outer(x[0, 0, 0], y[0, 0, 0]), lambda x, y, w: F.embedding_bag(IDS, w, padding_idx=0),
        lambda x, y, w: F.embedding_bag(IDS.flatten(), w, torch.tensor([0, 2]), mode="sum"),
        lambda x, y, w: F.grouped_mm(
            F.pad(x[0, 0], (0, 2)).bfloat16(), F.pad(y[0, :2], (0, 2, 0, 2)).bfloat16(), offs=torch.tensor([2, 6]).int()
        ),
        lambda x, y, w: torch.tensordot(x, y, dims=([1, 3], [1, 3])), lambda x, y, w: torch.inner(x, y[0]),
        lambda x, y, w: torch.baddbmm(x[0], y[0], y[1], beta=0.5, alpha=2),
        lambda x, y, w: x.index_add(1, torch.tensor([0, 2, 0]), y[:, :3], alpha=0.5),
        lambda x, y, w: torch.zeros(4).index_add(0, torch.tensor([3, 3]), x[0, 0, 0, :2]),
        lambda x, y, w: torch.zeros(5, 6).scatter_add(0, torch.tensor([2, 0, 2])[:, None].expand(-1, 6), x[0, 0, :3]),
        lambda x, y, w: x.scatter_add(3, PLACES, y), lambda x, y, w: x.scatter_add(0, PLACES[:1, :2] % 2, y),
        lambda x, y, w: x.scatter(3, PLACES, y, reduce="add"),
        lambda x, y, w: x.index_put((IDS[0] * 0, IDS[0] * 0), y[:, 0], accumulate=True),
        lambda x, y, w: torch.matrix_power(w, 3),
        lambda x, y, w: F.grid_sample(x[None], GRID.reshape(1, 1, 2, 10, 3), align_corners=False),
        lambda x, y, w: x.scatter_reduce(3, PLACES, y, "mean"),
        lambda x, y, w: x.scatter_reduce(0, PLACES % 2, y, reduce="mean", include_self=False),
        lambda x, y, w: F.affine_grid(x[:, 0, :2, :3], (2, 1, 3, 4), align_corners=False),
        lambda x, y, w: F.affine_grid(x[:, 0, :3, :4], (2, 1, 2, 3, 4), align_corners=True),
    ],
    "dense": [
        lambda x, y, w: x @ w, lambda x, y, w: F.linear(x, w, w[0]), lambda x, y, w: torch.addmm(w[0], x[0, 0], w),
        lambda x, y, w: torch.matmul(x, w),
    ],
    "einsum": [
        lambda x, y, w: torch.einsum("bcij,bcjk->bcik", x, y), lambda x, y, w: torch.einsum("...ij,...jk", x, y),
        lambda x, y, w: torch.einsum("bc...,cd->bd...", x, w[:4]), lambda x, y, w: torch.einsum("bcij->bc", [x]),
        lambda x, y, w: torch.einsum("bcij,bcij,jk->bk", x, y, w),
        lambda x, y, w: F.cosine_similarity(x, y[:1], dim=-1),
        lambda x, y, w: F.cosine_similarity(x1=x[:, :, None], x2=y[:, None], dim=3, eps=0.1),
        lambda x, y, w: torch.linalg.vecdot(x, y, dim=1), lambda x, y, w: torch.complex(x, y) * torch.complex(y, x),
        lambda x, y, w: torch.stft(x.reshape(2, -1), 9, 4, 7, window=y[0, 0, 0].repeat(2)[:7], return_complex=True),
        lambda x, y, w: torch.stft(
            x[0].flatten(), 8, window=y[0].flatten()[:8], center=False, normalized=True, return_complex=True
        ).real,
        lambda x, y, w: F.interpolate(x[None], scale_factor=(1.5, 2, 0.7), mode="trilinear"),
        lambda x, y, w: F.interpolate(x[None], size=(5, 3, 7), mode="trilinear", align_corners=True),
        lambda x, y, w: F.interpolate(x[None], scale_factor=2),
    ],
    "reduce": [
        lambda x, y, w: x.mean(), lambda x, y, w: x.mean((2, 3), keepdim=True), lambda x, y, w: x.sum(-1),
        lambda x, y, w: torch.amax(x, dim=(0, 1)), lambda x, y, w: x.max(dim=1)[0], lambda x, y, w: x.min(),
        lambda x, y, w: x.norm(), lambda x, y, w: torch.linalg.vector_norm(x, dim=1),
        lambda x, y, w: x.norm(dim=-1, p=2), lambda x, y, w: x.norm(1, -1), lambda x, y, w: x.prod(1),
        lambda x, y, w: x.std(), lambda x, y, w: x.var((2, 3), unbiased=False), lambda x, y, w: x.std(-1, correction=0),
        lambda x, y, w: torch.var(x, False), lambda x, y, w: torch.var_mean(x, 1)[0],
        lambda x, y, w: torch.logsumexp(x, (1, 2)), lambda x, y, w: x.cumsum(-1), lambda x, y, w: x.cumprod(dim=1),
        lambda x, y, w: torch.cdist(x, y), lambda x, y, w: torch.cdist(x[0, 0], y[0, 0], p=1),
        lambda x, y, w: x.dist(y),
        lambda x, y, w: F.pairwise_distance(x, y, p=3), lambda x, y, w: torch.complex(x, y).abs(),
        lambda x, y, w: torch.aminmax(x, dim=1)[0], lambda x, y, w: torch.logcumsumexp(x, 1),
        lambda x, y, w: x.norm(float("inf"), 1), lambda x, y, w: torch.linalg.matrix_norm(x),
        lambda x, y, w: F.pdist(x[0, 0]), lambda x, y, w: torch.trace(x[0, 0]),
        lambda x, y, w: F.embedding_bag(IDS.flatten(), w, torch.tensor([0, 1]), mode="max"),
        *(partial(lambda x, y, w, how, own: x.scatter_reduce(3, PLACES[:, :2], y, how, include_self=own),
                  how=how, own=own) for how, own in product(("amax", "amin", "prod"), (True, False))),
        lambda x, y, w: x.index_reduce(1, IDS[0], y[:, :2], "amax", include_self=False),
        lambda x, y, w: x.scatter(3, PLACES, y, reduce="multiply"),
        lambda x, y, w: F.fractional_max_pool2d(x, (2, 3), (3, 2)),
        lambda x, y, w: F.fractional_max_pool3d(x, 2, output_ratio=0.6, return_indices=True)[0],
        lambda x, y, w: F.triplet_margin_loss(x, y, x.flip(0)), lambda x, y, w: F.mse_loss(x, y, weight=y),
        lambda x, y, w: F.poisson_nll_loss(x, y, reduction="sum"),
        lambda x, y, w: x.sum(-1, dtype=torch.float64), lambda x, y, w: (x - x.mean()).mean(),
    ],
    "pad": [
        lambda x, y, w: F.pad(x, (1, 2)), lambda x, y, w: F.pad(x, (0, 0, 1, 1), value=2.0),
        lambda x, y, w: F.pad(x, (1, 1, 2, 2), mode="reflect"), lambda x, y, w: F.pad(x, (1, 0, 0, 3), "circular"),
        lambda x, y, w: F.pad(x, (-1, 2, 0, -3)),
    ],
    "upsample": [
        lambda x, y, w: F.interpolate(x, scale_factor=2), lambda x, y, w: F.interpolate(x, (9, 5), mode="bilinear"),
        lambda x, y, w: F.interpolate(x[0], scale_factor=1.7, mode="linear"),
        lambda x, y, w: F.interpolate(x, scale_factor=1.3, mode="bicubic", recompute_scale_factor=True),
        lambda x, y, w: F.interpolate(x, scale_factor=0.4, mode="bicubic", antialias=True),
    ],
    "layernorm": [
        lambda x, y, w: F.normalize(x, dim=1), lambda x, y, w: F.normalize(x * (x[:, :1] > 0), dim=-1),
        lambda x, y, w: F.layer_norm(x, (6,), w[0], w[1]), lambda x, y, w: F.group_norm(x, 2),
        lambda x, y, w: F.instance_norm(x, weight=w[0, :4]),
    ],
    "activation": [
        lambda x, y, w: F.relu(x), lambda x, y, w: x.relu(), lambda x, y, w: torch.sigmoid(x),
        lambda x, y, w: F.silu(x, True), lambda x, y, w: F.gelu(x, approximate="tanh"),
        lambda x, y, w: F.leaky_relu(x, 0.2), lambda x, y, w: F.rrelu(x), lambda x, y, w: F.glu(x, 1),
        lambda x, y, w: F.prelu(x, w[0, :4]), lambda x, y, w: F.elu(x, alpha=0.5, inplace=True),
    ],
    "softmax": [lambda x, y, w: F.softmax(x, 1), lambda x, y, w: torch.softmax(x, dim=-1),
                lambda x, y, w: x.log_softmax(0), lambda x, y, w: F.softmin(x, 1),
                lambda x, y, w: F.gumbel_softmax(x, 0.5, hard=True, dim=1),
                lambda x, y, w: F.softmax(x, -1, dtype=torch.float64)],
    "conv": [
        lambda x, y, w: F.conv2d(x, y[:, :, :3, :3], padding=1),
        lambda x, y, w: F.conv2d(x, y[:, :2, :3, :3], groups=2, stride=2),
    ],
    "conv-transpose": [lambda x, y, w: F.conv_transpose2d(x, y[:1].transpose(0, 1)[:, :, :2, :2], stride=2),
                       lambda x, y, w: F.fold(x.reshape(2, 6, -1), (7, 10), (2, 3), (1, 2), (1, 0), (2, 1))],
    "pool": [lambda x, y, w: F.max_pool2d(x, 2), lambda x, y, w: F.max_pool2d(x, 2, return_indices=True)[0],
             lambda x, y, w: F.avg_pool2d(x, 3, stride=2, padding=1),
             lambda x, y, w: F.adaptive_avg_pool2d(x, (2, 3)),
             lambda x, y, w: F.interpolate(x, scale_factor=0.5, mode="area")],
    "batchnorm": [lambda x, y, w: F.batch_norm(x, None, None, training=True),
                  lambda x, y, w: F.batch_norm(x, w[0, :4], w[1, :4].abs())],
    "dropout": [
        lambda x, y, w: F.dropout(x, 0.4), lambda x, y, w: F.dropout(x, 0.4, training=False),
        lambda x, y, w: F.dropout2d(x, 0.4), lambda x, y, w: F.dropout1d(x[0], 0.4),
        lambda x, y, w: F.alpha_dropout(x, 0.4, True), lambda x, y, w: F.feature_alpha_dropout(x, 0.4, True),
    ],
    "attention": [
        lambda x, y, w: F.scaled_dot_product_attention(x, y, y), lambda x, y, w: F.scaled_dot_product_attention(
            x, y[:, :2], y[:, :2], enable_gqa=True, scale=0.3),
        lambda x, y, w: F.scaled_dot_product_attention(x, y, y, attn_mask=w),
        lambda x, y, w: F.scaled_dot_product_attention(x, y, y, is_causal=True),
        lambda x, y, w: F.scaled_dot_product_attention(x, y[:1], y[:1], attn_mask=w > 0),
    ],
    "loss": [
        lambda x, y, w: F.mse_loss(x, y), lambda x, y, w: F.smooth_l1_loss(x, y), lambda x, y, w: F.huber_loss(x, y),
        lambda x, y, w: F.kl_div(y.softmax(1).log(), y.softmax(1), reduction="sum"),
        lambda x, y, w: F.binary_cross_entropy(x.sigmoid(), y / 9),
    ],
    "cross-entropy": [
        lambda x, y, w: F.cross_entropy(x[:, :, 0, 0], torch.tensor([1, 3])),
        lambda x, y, w: F.nll_loss(x[:, :, 0, 0].log_softmax(-1), torch.tensor([1, 3])),
    ],
    "embedding": [lambda x, y, w: F.embedding(torch.tensor([[0, 2]]), w)],
}  # fmt: skip


LAYERS["matmul"] += [
    partial(lambda x, y, w, how: F.grid_sample(x, GRID, *how), how=how)
    for how in product(("bilinear", "nearest", "bicubic"), ("zeros", "border", "reflection"), (True, False))
]
LAYERS["matmul"] += [
    lambda x, y, w: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
    lambda x, y, w: F.max_unpool1d(*F.max_pool1d(x[0], 4, return_indices=True), 4, output_size=[6]),
]
LAYERS["einsum"] += [
    partial(lambda x, y, w, name, z, told: getattr(torch.fft, name)(torch.complex(x, y) if z else x, **told),
            name=f"{kind}fft", z=z, told={"n": n, "dim": dim, "norm": norm})
    for (kind, z), (n, dim, norm) in product(
        [("", False), ("", True), ("i", False), ("i", True), ("r", False), ("ir", False), ("ir", True)],
        [(None, -1, None), (3, 1, "ortho"), (9, 2, "forward")],
    )
]  # fmt: skip
LAYERS["einsum"] += [
    lambda x, y, w: torch.fft.fftn(x, dim=(1, 3)), lambda x, y, w: torch.fft.rfftn(x, s=(5,)),
    lambda x, y, w: torch.fft.irfftn(x[0, 0]), lambda x, y, w: torch.fft.ifftn(x, (4, 3), norm="ortho"),
]  # fmt: skip
LAYERS["einsum"] += [
    partial(lambda x, y, w, name, z, told: getattr(torch.fft, name)(torch.complex(x, y) if z else x, **told),
            name=f"{kind}fft2", z=z, told={"s": s, "dim": dim})
    for (kind, z), (s, dim) in product(
        [("", False), ("", True), ("i", True), ("r", False), ("ir", False), ("ir", True)],
        [(None, (-2, -1)), ((4, 7), (2, 1))],
    )
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:(index_reduce|The reduce argument|Using torch.cross):UserWarning")
@pytest.mark.parametrize("layer", LAYERS)
def test_functions_are_the_layers_that_they_are(layer: str) -> None:
    for k, run in enumerate(LAYERS[layer]):
        found = la.capture(Written(run), X.clone(), Y.clone())
        call = next((call for call in found if call.layer == layer), None)
        assert call is not None, (layer, k, repr(found))
        assert all(call.agrees for call in found), (layer, k, repr(found))


@pytest.mark.parametrize(
    ("run", "why"),
    [
        (lambda x, y, w: torch.einsum("bcii->bci", x), "each of its own letter"),
        (lambda x, y, w: torch.einsum("bcij,bcij,bcij,b->b", x, x, x, x[:, 0, 0, 0]), "einsum of 4 tensors"),
        (lambda x, y, w: x.norm(p=0), "p 0 is not known"),
        (lambda x, y, w: torch.matrix_power(w, 0), "from 2 on"),
        (lambda x, y, w: F.embedding_bag(IDS.flatten(), w, torch.tensor([0, 0]), mode="max"), "of an empty bag"),
        (lambda x, y, w: F.ctc_loss(x[0, 0].log_softmax(-1), IDS[0] + 1, [6], [2]), "ctc_loss is no layer"),
        (lambda x, y, w: torch.embedding(w, torch.tensor([1])), "embedding is no layer that is known"),
        (lambda x, y, w: torch.fft.fftn(x).real, "fft_fftn over 4 axes is not known"),
        (lambda x, y, w: torch.complex(x, y) / torch.complex(y, x), "div of these complex numbers is not known"),
        (lambda x, y, w: torch.cdist(x.reshape(-1, 2), x.reshape(-1, 2)), "took distances from a product"),
        (lambda x, y, w: torch.cdist(x, y, p=0), "cdist with p 0 is not known"),
        (lambda x, y, w: torch.quantile(x, torch.tensor([0.1, 0.2])), "several shares"),
        (lambda x, y, w: torch.diff(x, n=2), "more than once"),
        (lambda x, y, w: F.scaled_dot_product_attention(x, y, y, dropout_p=0.5), "drops at random inside"),
    ],
)
def test_what_is_not_known_says_why(run: Callable[..., Any], why: str) -> None:
    found = la.capture(Written(run), X.clone(), Y.clone())
    assert any(call.layer is None and why in call.why for call in found), repr([call.why for call in found])
    assert not any(call.agrees is False for call in found)


def test_functions_written_in_python_are_opened_and_keep_their_name() -> None:
    found = la.capture(
        Written(lambda x, y, w: F.fractional_max_pool2d(F.softmin(x, 1), 2, 2) + F.rrelu(x)[..., :2, :2]), X, Y
    )
    assert [call.name for call in found] == ["softmin.neg", "softmin.softmax", "fractional_max_pool2d", "rrelu", "add"]


def test_what_lays_axes_out_in_the_middle_only_carries() -> None:
    assert [call.name for call in la.capture(nn.Sequential(nn.Flatten(1, 2), nn.ReLU()), X)] == ["1"]


def test_attention_with_keys_of_its_own_and_in_training_is_opened() -> None:
    torch.manual_seed(0)
    apart = torch.ones(4, 4).triu(1).bool()
    for more in ({"add_bias_kv": True}, {"add_zero_attn": True}, {"dropout": 0.5}):
        model = nn.MultiheadAttention(6, 2, batch_first=True, **more)
        words = X[0, :2, :4]
        found = la.capture(model, words, words, words, attn_mask=apart)
        assert found.share == 1, repr(found)
        assert "in_proj_weight" in str([call.weights for call in found])


def test_where_a_sum_cancels_rounding_agrees_and_no_more() -> None:
    class Centred(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(50, 3)
            self.fc.weight.data -= self.fc.weight.data.mean(1, keepdim=True)
            self.fc.bias.data.zero_()

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x)

    torch.manual_seed(1)
    model, x = Centred(), torch.full((2, 50), 0.7)
    (call,) = la.capture(model, x)
    assert abs(call.output).max() < 1e-6
    assert call.agrees, call.why
    model.fc.weight.data[:, 0] += 1e-4
    with pytest.raises(OptionError, match="so it is not shown"):
        call.trace()


def test_experts_without_tokens_make_no_call() -> None:
    found = la.capture(Written(lambda x, y, w: F.linear(x[:0], w).sum() + F.linear(x, w)), X, Y)
    assert [call.name for call in found] == ["sum", "linear", "add"]


def test_what_carries_or_makes_numbers_is_no_call() -> None:
    def run(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        mask = torch.ones(6, 6).tril() * 2 + 1
        x = x.transpose(1, 2).reshape(2, 6, -1).mT[0].T.contiguous().to(torch.float64).float()
        return torch.where(torch.arange(6).float().sin().exp() > 0, x.roll(1, 0), x) if mask.sum() < 0 else x[:2]

    assert [call.name for call in la.capture(Written(run), X, Y)] == []


def test_dots_of_an_equation_become_letters() -> None:
    assert spelt("...ij,...jk->...ik", [4, 4]) == "ABij,ABjk->ABik"
    assert spelt("...ij,jk", [3, 2]) == "Aij,jk->Aik"
    assert spelt(" ij , jk -> ik ", [2, 2]) == "ij,jk->ik"


def test_a_call_that_its_signature_forbids_is_answered() -> None:
    with pytest.raises(OptionError, match="linear: missing a required argument: 'weight'"):
        functions.bound(functions.SPECS["linear"][1], "linear", (1,), {})
    with pytest.raises(OptionError, match="argument odd is not known"):
        functions.bound("input", "relu", (1,), {"odd": 2})


def test_what_is_written_into_a_tensor_is_what_it_holds() -> None:
    def run(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        out = torch.zeros(2, 3, 6)
        out[:, 0] = x[:, 0, 0].tanh()
        out[:, 1].copy_(y[:, 0, 0].log())
        row = out[:, 2]
        row += F.linear(x[:, 1, 1], w)
        return out.exp()

    found = la.capture(Written(run), X, Y)
    assert [call.name for call in found] == ["tanh", "log", "linear", "add", "exp"]
    assert set(found["exp"].reads) == {"tanh", "log", "add"}
    assert "linear" in found["add"].reads


def test_a_call_that_its_reader_cannot_follow_has_no_layer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(JOINS, "sin", lambda op, args, kwargs: args[1])
    found = la.capture(Written(lambda x, y, w: x.sin() + x.cos()), X, Y)
    assert [call.agrees for call in found] == [None, True, True]
    assert "sin is called in a way that is not known here: tuple index out of range" in found["sin"].why


def test_what_is_given_for_its_shape_alone_is_not_read() -> None:
    found = la.capture(Written(lambda x, y, w: torch.zeros_like(x.relu()).index_add(0, IDS[0] % 2, y.exp())), X, Y)
    assert found["index_add"].reads == ("exp",)
