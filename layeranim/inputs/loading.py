"""The layer that a state dict makes, whoever named and laid out its weights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from layeranim.engine.conventions import convention as known_convention
from layeranim.engine.option import suggest
from layeranim.engine.packing import Packed
from layeranim.errors import OptionError
from layeranim.inputs import attention_names, libraries
from layeranim.inputs.weight_parts import whole

_PLAIN = {"weight": "weight", "bias": "bias"}
_KERNEL = {"weight": "kernel", "bias": "bias"}
_NORM = {"weight": "gamma", "bias": "beta", "running_mean": "running_mean", "running_var": "running_variance"}
OURS: dict[str, dict[str, str]] = {
    "dense": _PLAIN, "neuron": _PLAIN, "embedding": {"weight": "table"},
    "conv": _KERNEL, "conv1d": _KERNEL, "conv3d": _KERNEL, "conv-matmul": _KERNEL, "conv-transpose": _KERNEL,
    "conv-transpose1d": _KERNEL, "conv-transpose3d": _KERNEL, "bilinear": _PLAIN,
    "layernorm": _NORM, "batchnorm": _NORM, "activation": {"weight": "slope"},
}  # fmt: skip
"""By layer: PyTorch's names and ours."""
RECURRENT = ("rnn", "gru", "lstm")
KNOWN = frozenset((*OURS, *RECURRENT, "attention", "transformer"))
"""The layers that a state dict can hold."""
LEFT_OUT = ("num_batches_tracked",)
"""Counters that no layer computes with."""


def from_state(
    layer: str,
    state: Mapping[str, Any],
    heads: int | None = None,
    convention: str = "",
    said: Mapping[str, Any] | None = None,
    masked: bool = False,
) -> Packed:
    """The layer of that name with the weights of a state dict.

    ``convention`` is whose names and layout they have (else the names themselves tell, else PyTorch's), ``said`` what
    the file says of the layer besides, ``masked`` that a mask is given too.
    Raises ``OptionError`` for a name that such a layer does not have, and for a convention that is none.
    """
    if layer not in KNOWN:
        raise OptionError(f"{layer} takes no state dict; {', '.join(sorted(KNOWN))} do")
    if convention:
        known_convention(convention)
    state = whole({name.replace("/", "."): value for name, value in state.items()})
    whose = convention or libraries.told_by(layer, state)
    if layer in RECURRENT:
        found = libraries.recurrent(state, whose, said or {})
        if found.layer != layer:
            raise OptionError(f"these are the weights of {found.layer}, not of {layer}")
        return found
    if layer in ("attention", "transformer"):
        return _attending(layer, state, heads or (said or {}).get("heads"), whose, masked, said or {})
    return _plain(layer, state, whose)


def _plain(layer: str, state: Mapping[str, Any], whose: str) -> Packed:
    if layer == "dense" and {"scales", "biases"} <= {*state}:
        raise OptionError(
            "scales and biases are those of MLX's QuantizedLinear, which packs its weight; dequantise it first"
        )
    found = libraries.translated(layer, state, whose)
    names = OURS[layer]
    for name in found:
        if name not in names:
            hint = _hint(state) or suggest(name, names)
            raise OptionError(f"{name} is no weight of {layer}{hint}; its are {', '.join(names)}")
    options: dict[str, Any] = {"bias": "bias" in found} if names.get("bias") == "bias" else {}
    options |= {"activation": "prelu"} if layer == "activation" else {}
    if "depthwise_kernel" in state and layer in libraries.CONVOLUTIONS:
        options["groups"] = int(state["depthwise_kernel"].shape[-2])
    own = (
        "batchnorm",
        "layernorm",
        *libraries.CONVOLUTIONS,
        *libraries.TRANSPOSED,
    )  # whose eps, whose padding same
    usual = {"convention": whose} if layer in own and whose else {}
    return Packed(layer, options, {names[n]: array for n, array in found.items()}, usual=usual)


def _hint(state: Mapping[str, Any]) -> str:
    """What else these weights may be: parts of attention, or a layer further down."""
    if attention_names.form_of(state):
        return " (they are those of attention)"
    inner = next((name for name in state if name.rpartition(".")[2] in ("weight", "kernel", "w")), "")
    return f" (its prefix may be '{inner.rpartition('.')[0]}.')" if "." in inner else ""


def _attending(
    layer: str, state: Mapping[str, Any], heads: int | None, whose: str, masked: bool, said: Mapping[str, Any]
) -> Packed:
    from layeranim.engine.attention_packing import from_torch_attention, from_torch_transformer
    from layeranim.inputs.block_names import block

    form = attention_names.form_of(state) if layer == "attention" else None
    if form is not None:
        return attention_names.attention(state, heads, form, whose == "paddle", masked, said)
    if heads is None:
        raise OptionError(f"heads of {layer} must be given: the weights do not say how many there are")
    if layer == "attention":
        return from_torch_attention(state, heads)
    return block(state, heads, said) or _open(from_torch_transformer(state, heads), ("norm", "activation"))


def _open(found: Packed, names: Iterable[str]) -> Packed:
    """The same where these options may be others: the weights do not say them."""
    told = {name: value for name, value in found.options.items() if name not in names}
    return replace(found, options=told, usual={name: found.options[name] for name in names})
