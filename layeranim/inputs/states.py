"""State dicts: all weights of a model by PyTorch's parameter names, and the layer that some of them make."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from layeranim.engine.option import suggest
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array, Shape
from layeranim.errors import InputError, OptionError
from layeranim.inputs.npy import npz_names, npz_shapes
from layeranim.inputs.read import opened, read
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.safe import printable
from layeranim.inputs.safetensors import safetensors_names, safetensors_shapes
from layeranim.inputs.within import Base

NAMES = {".npz": npz_names, ".safetensors": safetensors_names}
SHAPES = {".npz": npz_shapes, ".safetensors": safetensors_shapes}
MOST = 10_000  # arrays in one file
LEFT_OUT = ("num_batches_tracked",)
"""Counters that no layer computes with."""

_PLAIN = {"weight": "weight", "bias": "bias"}
_KERNEL = {"weight": "kernel", "bias": "bias"}
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_variance"}
OURS: dict[str, dict[str, str]] = {
    "dense": _PLAIN, "neuron": _PLAIN, "bilinear": _PLAIN, "embedding": {"weight": "table"},
    "conv": _KERNEL, "conv1d": _KERNEL, "conv3d": _KERNEL, "conv-matmul": _KERNEL, "conv-transpose": _KERNEL,
    "conv-transpose1d": _KERNEL, "conv-transpose3d": _KERNEL,
    "batchnorm": _NORM, "layernorm": _NORM, "activation": {"weight": "slope"},
}  # fmt: skip
"""By layer: PyTorch's names and ours."""
KNOWN = frozenset((*OURS, "rnn", "gru", "lstm", "attention", "transformer"))
"""The layers that a state dict can hold."""


def state_dict(
    given: Mapping[str, Any] | str | os.PathLike[str],
    prefix: str = "",
    limits: Limits = LIMITS,
    base: Base = None,
) -> dict[str, Array]:
    """The arrays whose names begin with ``prefix``, without it; from a mapping, a ``.npz`` or a ``.safetensors`` file.

    A file may bring its prefix: ``model.npz:encoder.``. All arrays together take no more than ``limits`` let one take.
    Raises ``InputError`` for a file that cannot be read, and where no name begins so.
    """
    if isinstance(given, Mapping):
        names, of, where = [str(name) for name in given], {str(k): v for k, v in given.items()}, "the state dict"
    else:
        path, _, of_file = _split(os.fspath(given))
        prefix = prefix or of_file
        request = Request("state", path, limits)
        with opened(path, request, base, NAMES, "give a .npz or .safetensors file") as (_, stream, _size):
            names = NAMES[os.path.splitext(path)[1].lower()](stream, request)
        request.check_size("it", len(names), MOST, "arrays")
        of, where = {name: f"{path}:{name}" for name in names}, f"'{printable(path)}'"
    chosen = [n for n in names if n.startswith(prefix) and n.rpartition(".")[2] not in LEFT_OUT]
    if not chosen:
        shown = ", ".join(printable(name, 40) for name in names[:8]) + (", …" if names[8:] else "")
        raise InputError(
            f"{where} has no name that begins with '{printable(prefix)}'{suggest(prefix, names)}; it has {shown}"
        )
    out, size = dict[str, Array](), 0
    for name in chosen:
        out[name.removeprefix(prefix)] = array = read(of[name], what=name, limits=limits, base=base).array
        size += array.nbytes
        Request("state", name, limits).check_size("all of it", size, limits.size)
    return out


def shapes_of(given: str | os.PathLike[str], limits: Limits = LIMITS) -> tuple[dict[str, tuple[str, Shape]], str]:
    """Type and shape of every array of a ``.npz`` or ``.safetensors`` file, and the prefix behind its colon. No numbers
    are read. Raises ``InputError`` for a file that cannot be read."""
    path, _, prefix = _split(os.fspath(given))
    request = Request("weights", path, limits)
    with opened(path, request, None, SHAPES, "give a .npz or .safetensors file") as (_, stream, _size):
        found = SHAPES[os.path.splitext(path)[1].lower()](stream, request)
    request.check_size("it", len(found), MOST, "arrays")
    return found, prefix


def file_of(given: Mapping[str, Any] | str | os.PathLike[str]) -> str | None:
    """The file that a state dict is read from, without a prefix behind its colon; none of a mapping."""
    return None if isinstance(given, Mapping) else _split(os.fspath(given))[0]


def _split(path: str) -> tuple[str, str, str]:
    """A file and the prefix behind its colon."""
    for suffix in NAMES:
        name, colon, prefix = path.partition(f"{suffix}:")
        if colon:
            return name + suffix, ":", prefix
    return path, "", ""


def from_state(layer: str, state: Mapping[str, Any], heads: int | None = None, **told: Any) -> Packed:
    """The layer of that name with the weights of a state dict; ``told`` is what a transformer's does not say.

    Raises ``OptionError`` for a name that such a layer does not have.
    """
    if layer in ("rnn", "gru", "lstm"):
        from layeranim.engine.recurrent_packing import from_torch_state  # loaded where it is asked for

        found = from_torch_state(state)
        if found.layer != layer:
            raise OptionError(f"these are the weights of {found.layer}, not of {layer}")
        return found
    if layer in ("attention", "transformer"):
        if heads is None:
            raise OptionError(f"heads of {layer} must be given: the weights do not say how many there are")
        from layeranim.engine.attention_packing import from_torch_attention, from_torch_transformer

        maker: Callable[..., Packed] = from_torch_attention if layer == "attention" else from_torch_transformer
        return maker(state, heads, **told)
    if layer not in OURS:
        raise OptionError(f"{layer} takes no state dict; {', '.join(sorted(KNOWN))} do")
    for name in state:
        if name not in OURS[layer]:
            raise OptionError(
                f"{name} is no weight of {layer}{suggest(name, OURS[layer])}; its are {', '.join(OURS[layer])}"
            )
    options: dict[str, Any] = (
        {"bias": "bias" in state} if "bias" in OURS[layer] and OURS[layer]["bias"] == "bias" else {}
    )
    options |= {"activation": "prelu"} if layer == "activation" else {}
    return replace(Packed(layer), options=options, arrays={OURS[layer][n]: array for n, array in state.items()})
