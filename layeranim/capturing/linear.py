"""Functions that weigh what they are given by numbers of their own: samples at places, Fourier's.

Each is a product with a matrix, or two, written out here from the function's definition; PyTorch keeps none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from layeranim.capturing.functions import bound
from layeranim.engine.memory import affordable
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.engine.upsample import mixed
from layeranim.errors import OptionError
from layeranim.inputs.module_tensors import array

Read = Callable[[str, tuple[Any, ...], Mapping[str, Any]], Packed]


def last(rank: int, dim: int) -> tuple[int, ...]:
    """The order of axes in which one stands last."""
    return (*(k for k in range(rank) if k != dim % rank), dim % rank)


# ── samples at places ────────────────────────────────────────────────────────
def _affine_grid(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Places, with a 1 beside them, times the transposed matrix that moves them."""
    given = bound("theta size align_corners=False", op, args, kwargs)
    theta, corners = array("theta", given["theta"]), bool(given["align_corners"])
    lines = [np.linspace(-1, 1, n) * (1 if corners else (n - 1) / n) if n > 1 else np.zeros(1)
             for n in map(int, given["size"][2:])]  # fmt: skip
    places = np.stack([*np.meshgrid(*lines, indexing="ij")][::-1], axis=-1).reshape(-1, len(lines))
    places = np.concatenate([places, np.ones((len(places), 1))], axis=1).astype(theta.dtype)
    return Packed("matmul", {}, {"input": places[None], "other": theta.transpose(0, 2, 1)})


def _grid_sample(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Each sample is a mean of the cells around its place, by how near they are."""
    given = bound("input grid mode='bilinear' padding_mode='zeros' align_corners=False", op, args, kwargs)
    x, grid = array("input", given["input"]), array("grid", given["grid"])
    old, samples = x.shape[2:], math.prod(grid.shape[1:-1])
    affordable("the matrix of shares", (len(x), math.prod(old), samples))
    shares = np.zeros((len(x), *old, samples), x.dtype)
    around = [_around(grid[..., -1 - k].reshape(len(x), -1), n, given) for k, n in enumerate(old)]
    batch, sample = np.indices((len(x), samples))
    for taken in product(*around):
        inside = np.logical_and.reduce([(at >= 0) & (at < n) for (at, _), n in zip(taken, old, strict=True)])
        share = np.multiply.reduce([part for _, part in taken])
        np.add.at(shares, (batch[inside], *(at[inside] for at, _ in taken), sample[inside]), share[inside])
    flat = x.reshape(*x.shape[:2], -1), shares.reshape(len(x), -1, samples)
    return Packed("matmul", {}, {"input": flat[0], "other": flat[1]})


def _around(at: Array, n: int, given: Mapping[str, Any]) -> list[tuple[Array, Array]]:
    """Of places from −1 to 1 along an axis of ``n`` cells the cells around them, and the share of each."""
    half = at.dtype.type(0.5)
    place = (at + 1) * half * (n - 1) if given["align_corners"] else ((at + 1) * n - 1) * half
    if given["mode"] == "bicubic":  # each cell is mirrored for itself
        first = np.floor(place)
        cells, shares = mixed("bicubic", (place - first).reshape(-1))
        return [(_kept(first + cell, n, given).astype(int), shares[:, k].reshape(at.shape).astype(at.dtype))
                for k, cell in enumerate(cells)]  # fmt: skip
    place = _kept(place, n, given)
    if given["mode"] == "nearest":
        return [(np.rint(place).astype(int), np.ones_like(place))]
    first = np.floor(place)
    return [(first.astype(int), first + 1 - place), (first.astype(int) + 1, place - first)]


def _kept(place: Array, n: int, given: Mapping[str, Any]) -> Array:
    """Places beyond the ends of an axis as ``padding_mode`` says: mirrored there, or the end itself."""
    if given["padding_mode"] == "reflection":
        low, span = (0, n - 1) if given["align_corners"] else (-0.5, n)
        far = np.abs(place - place.dtype.type(low))
        turned = np.fmod(far, span) if span else 0 * far
        place = np.where(np.floor(far / (span or 1)) % 2 == 0, turned, span - turned) + place.dtype.type(low)
    return place if given["padding_mode"] == "zeros" else place.clip(0, n - 1)


def _fold(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """Patches added where they lie: a transposed convolution whose kernels hold one 1 each."""
    given = bound("input output_size kernel_size dilation=1 padding=0 stride=1", op, args, kwargs)
    x, pairs = array("input", given["input"]), {}
    for name in ("output_size", "kernel_size", "dilation", "padding", "stride"):
        value = given[name]
        pairs[name] = (int(value),) * 2 if isinstance(value, int) else tuple(int(n) for n in value)
    kernel, dilation, padding, stride = (pairs[name] for name in ("kernel_size", "dilation", "padding", "stride"))
    spread = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    size = pairs["output_size"]
    many = [(n + 2 * p - k) // s + 1 for n, k, p, s in zip(size, spread, padding, stride, strict=True)]
    more = tuple(n - ((m - 1) * s - 2 * p + k)
                 for n, m, k, p, s in zip(size, many, spread, padding, stride, strict=True))  # fmt: skip
    x = x.reshape(-1, x.shape[-2], *many)
    groups, taps = x.shape[1] // math.prod(kernel), math.prod(kernel)
    ones = np.tile(np.eye(taps, dtype=x.dtype).reshape(taps, 1, *kernel), (groups, 1, 1, 1))
    options = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups, "output_padding": more,
               "bias": False}  # fmt: skip
    return Packed("conv-transpose", options, {"input": x, "kernel": ones})


# ── Fourier ──────────────────────────────────────────────────────────────────
def parts(name: str, value: Any) -> Array:
    """Complex numbers as their real and imaginary parts, along a last axis."""
    x = value.detach().cpu().resolve_conj().numpy()
    if x.dtype.kind != "c":
        return array(name, value)
    return np.stack([x.real, x.imag], axis=-1)


def _wave(op: str, size: int, n: int, norm: str | None, kind: Any, real: tuple[bool, bool]) -> Array:
    """What each number along an axis gives to each frequency, or back: (old, part, new, part), without the axis of
    parts where numbers are real (before, after). ``size`` numbers are there, ``n`` are taken."""
    back = "_i" in op
    old = np.arange(min(size, n // 2 + 1 if back and real[1] else n))
    new = np.arange(n // 2 + 1 if real[0] and op.startswith("fft_rfft") else n)
    turn = 2 * np.pi * (old[:, None] * new % n) / n
    cos, sin = np.cos(turn), np.sin(turn) * (1 if back else -1)
    full = np.stack([np.stack([cos, sin], -1), np.stack([-sin, cos], -1)], axis=1)
    if back and real[1]:  # half of the frequencies stand for those on the other side too
        full[1 : (n + 1) // 2] *= 2
    scale = {None: (1, 1 / n), "backward": (1, 1 / n), "ortho": (n**-0.5,) * 2, "forward": (1 / n, 1)}[norm][back]
    wide = np.zeros((size, *full.shape[1:]), kind)
    wide[: len(old)] = full * scale
    wide = wide[:, 0] if real[0] else wide
    return wide[..., 0] if real[1] else wide


def _fourier(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """A transform over one axis or two: the last is turned first, or last where it ends in real numbers."""
    many = op.endswith(("2", "n"))
    given = bound(f"input {'s=None dim=None' if many else 'n=None dim=-1'} norm=None", op, args, kwargs)
    rank, half = given["input"].ndim, op.startswith(("fft_rfft", "fft_irfft"))
    told = given["s"] if many else None if given["n"] is None else (given["n"],)
    usual = range(-2 if op.endswith("2") else -rank if told is None else -len(told), 0)
    dims = tuple(int(k) % rank for k in (given["dim"] or usual if many else (given["dim"],)))
    if len(dims) > 2:
        raise OptionError(f"{op} over {len(dims)} axes is not known here; over one or two it is")
    x, back = parts("input", given["input"]), "_i" in op
    real = x.ndim == rank
    order = (*(k for k in range(rank) if k not in dims), *dims)
    turned = x.transpose((*order, rank) if not real else order)
    turned = turned.reshape(-1, *turned.shape[rank - len(dims) :])
    sizes = [int(n) for n in told] if told is not None else [x.shape[k] for k in dims]
    if half and back and told is None:
        sizes[-1] = 2 * (sizes[-1] - 1)
    waves = []
    for k, (dim, n) in enumerate(zip(dims, sizes, strict=True)):
        end = k == len(dims) - 1
        plain = real and k == (0 if half and back else len(dims) - 1)  # it is turned first, and numbers are real yet
        waves.append(_wave(op if end else op.replace("rfft", "fft"), x.shape[dim], n, given["norm"], x.dtype,
                           (plain, half and back and end)))  # fmt: skip
        affordable("the matrix of waves", waves[-1].shape)
    ending = "" if half and back else "d"
    if len(dims) == 1:
        start = "zi" if real else "zia"
        equation, arrays = f"{start},{start[1:]}k{ending}->zk{ending}", [turned, waves[0]]
    elif half and back:
        start = "zij" if real else "zija"
        equation, arrays = f"{start},{'ikc' if real else 'iakc'},jcl->zkl", [turned, waves[0], waves[1]]
    else:
        start = "zij" if real else "zija"
        equation, arrays = f"{start},{'jlb' if real else 'jalb'},ibkd->zkld", [turned, waves[1], waves[0]]
    axes = order if half and back else (*order, rank)
    return Packed("einsum", {"equation": equation}, dict(zip(("input", "other", "third"), arrays, strict=False)), axes)


_STFT = ("input n_fft hop_length=None win_length=None window=None center=True pad_mode='reflect' normalized=False "
         "onesided=None return_complex=None align_to_window=None")  # fmt: skip


def _stft(op: str, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Packed:
    """A window that moves on, each of its places a transform."""
    given = bound(_STFT, op, args, kwargs)
    if given["input"].is_complex() or given["align_to_window"]:
        raise OptionError(f"{op} of complex numbers, or with align_to_window, is not known here")
    x, n = array("input", given["input"]), int(given["n_fft"])
    x = x.reshape(-1, x.shape[-1])
    wide = int(given["win_length"] or n)
    shape = np.ones(wide, x.dtype) if given["window"] is None else array("window", given["window"])
    shape = np.pad(shape, ((n - wide) // 2, n - wide - (n - wide) // 2))
    if given["center"]:
        mode = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
        x = np.pad(x, ((0, 0), (n // 2, n // 2)), mode=mode[given["pad_mode"]])  # type: ignore[call-overload]
    frames = np.lib.stride_tricks.sliding_window_view(x, n, axis=1)[:, :: int(given["hop_length"] or n // 4)]
    norm = "ortho" if given["normalized"] else None
    wave = _wave("fft_fft" if given["onesided"] is False else "fft_rfft", n, n, norm, x.dtype, (True, False))
    arrays = {"input": np.ascontiguousarray(frames), "other": wave * shape[:, None, None]}
    return Packed("einsum", {"equation": "zti,ikb->zktb"}, arrays)


def complex_product(x: Any, y: Any) -> Packed:
    """Each part of one times each of the other, with the sign that it has in the product."""
    spread = np.broadcast_shapes(tuple(x.shape), tuple(y.shape))
    one, two = (np.broadcast_to(parts("input", part), (*spread, 2)).reshape(-1, 2) for part in (x, y))
    signs = np.array([[[1, 0], [0, 1]], [[0, 1], [-1, 0]]], one.dtype)
    return Packed("einsum", {"equation": "zi,zj,ijk->zk"}, {"input": one, "other": two, "third": signs})


LINEAR: dict[str, Read] = {
    "affine_grid": _affine_grid, "grid_sample": _grid_sample, "fold": _fold, "stft": _stft,
    **dict.fromkeys([f"fft_{kind}fft{axes}" for kind in ("", "i", "r", "ir") for axes in ("", "2", "n")], _fourier),
}  # fmt: skip
"""How each of them is read, by its name."""
