"""PyTorch's recurrent, attention and transformer modules; batch first, masks true for what takes part."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.attention_packing import from_torch_attention, from_torch_transformer
from layeranim.engine.packing import Packed
from layeranim.engine.recurrent_packing import from_torch_state
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError
from layeranim.inputs.module_tensors import array, refuse, steady

Call = Mapping[str, Any]
_CURVES = ("relu", "gelu", "gelu-tanh")


def _state(module: Any) -> dict[str, Array]:
    return {name: array(name, value) for name, value in module.state_dict().items()}


def recurrent(module: Any, call: Call) -> Packed:
    """``RNN``, ``GRU`` or ``LSTM``, with ``hx``; a ``PackedSequence`` becomes sequences with lengths."""
    steady(module, module.dropout if module.num_layers > 1 else 0.0)
    found = from_torch_state(_state(module))
    arrays = dict(found.arrays)
    given = call["input"]
    if type(given).__name__ == "PackedSequence":
        arrays["input"], arrays["lengths"] = unpacked(given)
    else:
        arrays["input"] = _batch_first("input", given, module.batch_first, 3)
    if call.get("hx") is not None:
        pair = isinstance(call["hx"], (tuple, list)) and len(call["hx"]) == 2
        if pair != (found.layer == "lstm"):
            raise OptionError(f"hx of {found.layer} must be {'a pair, hidden and cell' if not pair else 'one tensor'}")
        for name, state in zip(("initial_hidden", "initial_cell"), call["hx"] if pair else [call["hx"]], strict=False):
            arrays |= _initial(name, array(name, state), found.options)
    options = dict(found.options)
    if found.layer == "rnn":
        options["nonlinearity"] = module.nonlinearity
    return Packed(found.layer, options, arrays, _time_first(given, module.batch_first))


def unpacked(sequence: Any) -> tuple[Array, Array]:
    """(batch, time, features) with zeros after each sequence's end, and the lengths."""
    data, sizes = array("input", sequence.data), [int(n) for n in array("input", sequence.batch_sizes)]
    padded, start = np.zeros((sizes[0], len(sizes), data.shape[-1]), data.dtype), 0
    for time, n in enumerate(sizes):
        padded[:n, time] = data[start : start + n]
        start += n
    lengths = np.sum(np.array(sizes)[:, None] > np.arange(sizes[0]), axis=0)
    if sequence.unsorted_indices is None:
        return padded, lengths
    order = array("input", sequence.unsorted_indices)
    return padded[order], lengths[order]


def _initial(name: str, state: Array, options: Mapping[str, Any]) -> dict[str, Array]:
    """(layers · directions, batch, units) as one array a layer and direction."""
    layers, ways = options["layers"], 2 if options["bidirectional"] else 1
    if state.ndim not in (2, 3) or len(state) != layers * ways:
        raise ShapeError(
            f"{name} has shape {shape_text(state.shape)}, but must begin with {layers * ways}: layers times directions"
        )
    out = {}
    for at, values in enumerate(state):
        prefix = f"layer{at // ways}." if layers > 1 else ""
        prefix += ("forward.", "backward.")[at % ways] if ways == 2 else ""
        out[prefix + name] = values
    return out


def _batch_first(name: str, value: Any, batch_first: bool, ndim: int) -> Array:
    """Sequences as (batch, time, features); one alone gets a batch of 1."""
    x = array(name, value)
    if x.ndim not in (ndim - 1, ndim):
        raise ShapeError(f"{name} has shape {shape_text(x.shape)}, but must have 2 or 3 axes")
    return x[None] if x.ndim < ndim else x if batch_first else np.swapaxes(x, 0, 1)


def _time_first(value: Any, batch_first: bool) -> tuple[int, ...]:
    """The order of the axes of what has its batch second."""
    return (1, 0, 2) if not batch_first and getattr(value, "ndim", 0) == 3 else ()


def attention(module: Any, call: Call) -> Packed:
    """``MultiheadAttention`` of query, key and value, with its masks."""
    if module.add_zero_attn:
        refuse("add_zero_attn", "MultiheadAttention", "adds a key that is not there; use add_zero_attn=False")
    steady(module, module.dropout)
    found = from_torch_attention(_state(module), module.num_heads)
    query, key, value = (call[name] for name in ("query", "key", "value"))
    arrays = found.arrays | {"embeddings": _batch_first("query", query, module.batch_first, 3)}
    if key is not query:
        arrays["context"] = _batch_first("key", key, module.batch_first, 3)
    if value is not key:
        arrays["value_context"] = _batch_first("value", value, module.batch_first, 3)
    masks = _masks(call, "attn_mask", "key_padding_mask", "is_causal", module.num_heads)
    causal = bool(masks.pop("causal", False))
    axes = _time_first(query, module.batch_first)
    return Packed(found.layer, found.options | {"causal": causal, "mask_kind": "additive"}, arrays | masks, axes)


def _masks(call: Call, mask: str, key_mask: str, causal: str, heads: int) -> dict[str, Any]:
    """The masks under our names, as what is added to scores, and whether it is causal without one."""
    out: dict[str, Any] = {}
    if call.get(mask) is not None:
        seen = _meant(array(mask, call[mask]))
        out["mask"] = seen.reshape(-1, heads, *seen.shape[1:]) if seen.ndim == 3 else seen
    elif call.get(causal):
        out["causal"] = True
    if call.get(key_mask) is not None:
        out["key_mask"] = _meant(array(key_mask, call[key_mask]))
    return out


def _meant(mask: Array) -> Array:
    """What is added to scores: of PyTorch's boolean masks, true for what is left out, −∞ there; numbers as they are."""
    return np.where(mask, -np.inf, 0.0) if mask.dtype.kind == "b" else mask


def _transformer(module: Any, given: Any, attentions: Mapping[str, dict[str, Any]], name: str) -> Packed:
    """What both layers share; ``attentions`` holds the masks of each, by our name of the sublayer."""
    tokens = _batch_first(name, given, module.self_attn.batch_first, 3)
    steady(module, module.dropout.p)
    name = _curve(module)
    if name not in _CURVES:
        raise OptionError(f"activation is {name}, but a transformer here has relu or gelu")
    heads, eps = module.self_attn.num_heads, module.norm1.eps
    found = from_torch_transformer(_state(module), heads, norm_first=module.norm_first, activation=name)
    causal = bool(attentions["self"].pop("causal", False))
    if attentions.get("cross", {}).pop("causal", False):
        raise OptionError("memory_is_causal is true, but there is no memory_mask; give the mask itself")
    masks = {f"{part}.{name}": mask for part, given in attentions.items() for name, mask in given.items()}
    axes = _time_first(given, module.self_attn.batch_first)
    options = found.options | {"eps": eps, "causal": causal, "mask_kind": "additive"}
    return Packed("transformer", options, found.arrays | {"input": tokens} | masks, axes)


def whole(module: Any) -> bool:
    """Whether attention, or a layer of a transformer, is read as one; where it is not, what it is made of is."""
    if hasattr(module, "add_zero_attn"):
        return module.bias_k is None and not module.add_zero_attn and not (module.training and module.dropout)
    return _curve(module) in _CURVES and not (module.training and module.dropout.p)


def _curve(module: Any) -> str:
    """Its activation by our name."""
    name = getattr(module.activation, "__name__", type(module.activation).__name__).lower()
    return str(name) + ("-tanh" if getattr(module.activation, "approximate", "none") == "tanh" else "")


def encoder(module: Any, call: Call) -> Packed:
    """``TransformerEncoderLayer`` of ``src`` and its masks."""
    masks = _masks(call, "src_mask", "src_key_padding_mask", "is_causal", module.self_attn.num_heads)
    return _transformer(module, call["src"], {"self": masks}, "src")


def decoder(module: Any, call: Call) -> Packed:
    """``TransformerDecoderLayer`` of ``tgt`` and ``memory`` and their masks."""
    first, heads = module.self_attn.batch_first, module.self_attn.num_heads
    masks = {
        "self": _masks(call, "tgt_mask", "tgt_key_padding_mask", "tgt_is_causal", heads),
        "cross": _masks(call, "memory_mask", "memory_key_padding_mask", "memory_is_causal", heads),
    }
    found = _transformer(module, call["tgt"], masks, "tgt")
    found.arrays["context"] = _batch_first("memory", call["memory"], first, 3)
    return found
