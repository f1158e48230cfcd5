"""A call of a model as a layer of ours: its module or function, what it was given, the options that it had."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from layeranim.capturing import functions
from layeranim.capturing.captured import NOT_KEPT
from layeranim.capturing.events import Event
from layeranim.capturing.joins import JOINS
from layeranim.capturing.kept import Saved, torch_module
from layeranim.engine.dropout import DropoutConfig, factors
from layeranim.engine.packing import Packed
from layeranim.engine.recurrent_packing import from_torch_state
from layeranim.errors import OptionError, UsageError
from layeranim.inputs.module_run import returned
from layeranim.inputs.module_tensors import array, rows
from layeranim.inputs.modules import READERS, packed

_ODD = (ValueError, TypeError, RuntimeError, IndexError, KeyError, AttributeError)
"""What a call ends in that is written in another way than was thought of."""
_RRELU = "input lower=0.125 upper=0.3333333333333333 training=False inplace=False generator=None"
_CELLS = ("lstm_cell", "gru_cell", "rnn_tanh_cell", "rnn_relu_cell")


def read(entry: Event) -> Packed:
    """The layer that computes what this call did. Raises ``UsageError`` with the reason where there is none."""
    if entry.found is not None:
        return entry.found
    if entry.given is None:
        raise OptionError(NOT_KEPT)
    if lost(entry):
        raise OptionError("its values were overwritten in place before they could be kept")
    args, kwargs = entry.given.tree()
    try:
        found = _found(entry, args, kwargs)
    except UsageError:
        raise
    except _ODD as error:
        reason = " ".join(str(error).split())[:120]
        raise OptionError(f"{entry.op} is called in a way that is not known here: {reason}") from error
    if "parametrizations" in getattr(entry.module, "_modules", ()):
        entry.found = found  # to ask for its weight again may make another one, as a spectral norm does
    if found.layer == "dropout" and found.options["rate"]:
        found.arrays["mask"] = _mask(entry, found)
    return found


def known(op: str) -> bool:
    """Whether a function of this name may be a layer of ours; one that cannot be is better seen call by call."""
    return op in JOINS or op in functions.SPECS or op in ("scaled_dot_product_attention", "addmm", "rrelu", *_CELLS)


def lost(entry: Event) -> bool:
    """Whether somebody wrote into what the call was given or gave, unseen."""
    return any(saved.lost for kept in (entry.given, entry.result) if kept for saved in kept.saved)


def _found(entry: Event, args: Any, kwargs: Any) -> Packed:
    if entry.kind == "module":
        return packed(entry.module, *args, **kwargs)
    op = entry.op
    if op == "scaled_dot_product_attention":
        return _sdpa(functions.bound(functions.ATTENTION, op, args, kwargs))
    if op in _CELLS:
        return _cell(op, args)
    if op == "addmm" or (op == "matmul" and entry.weights and getattr(args[1], "ndim", 0) == 2):
        return _dense(op, args, kwargs)
    if op == "rrelu":
        return _rrelu(functions.bound(_RRELU, op, args, kwargs), entry)
    if op in JOINS and (op != "instance_norm" or not functions.elsewhere(entry.func, op)):
        return JOINS[op](op, args, kwargs)
    if op in functions.SPECS and not functions.elsewhere(entry.func, op):
        reader, spec = functions.SPECS[op]
        given = functions.per_axis(op, functions.bound(spec, op, args, kwargs))
        namespace = type(op, (), {})()
        vars(namespace).update(given)
        return READERS[reader](namespace, {**given, "seed": 0})
    raise OptionError(f"{op} is no layer that is known here")


def _rrelu(given: dict[str, Any], entry: Event) -> Packed:
    """``rrelu``: a leaky ReLU; in training every negative number has its own slope, read back from what it gave."""
    low, high, x = given["lower"], given["upper"], array("input", given["input"])
    if not given["training"]:
        return Packed(
            "activation", {"activation": "leaky-relu", "alpha": (low + high) / 2}, {"input": rows("input", x)}
        )
    with np.errstate(all="ignore"):
        slope = np.where(x < 0, np.clip(array("output", output(entry)) / x, low, high), x.dtype.type(1))
    return Packed("elementwise", {"operation": "multiply"}, {"input": x, "other": slope.astype(x.dtype)})


def _dense(op: str, args: Any, kwargs: Any) -> Packed:
    """A product with a matrix of weights, as GPT-2's ``Conv1D`` writes a dense layer."""
    if kwargs.get("beta", 1) != 1 or kwargs.get("alpha", 1) != 1 or len(args) < 2 + (op == "addmm"):
        raise OptionError(f"{op} with {', '.join(kwargs)} is not known here")
    bias, x, weight = args[:3] if op == "addmm" else (None, *args[:2])
    namespace = type(op, (), {})()
    namespace.weight, namespace.bias = weight.t(), bias
    return READERS["Linear"](namespace, {"input": x})


def _cell(op: str, args: Any) -> Packed:
    """One time step of a recurrent layer."""
    x, state, *weights = args
    names = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0")
    found = from_torch_state({n: array(n, w) for n, w in zip(names, weights, strict=False) if w is not None})
    if found.layer == "rnn":
        found.options["nonlinearity"] = op[4:8]
    states = state if isinstance(state, (list, tuple)) else (state,)
    found.arrays["input"] = array("input", x).reshape(-1, 1, x.shape[-1])
    for name, one in zip(("initial_hidden", "initial_cell"), states, strict=False):
        found.arrays[name] = array(name, one).reshape(-1, one.shape[-1])
    return found


def _sdpa(given: dict[str, Any]) -> Packed:
    if given["dropout_p"]:
        raise OptionError(f"scaled_dot_product_attention drops at random inside, with rate {given['dropout_p']:g}")
    return attention(*(given[name] for name in ("query", "key", "value", "attn_mask", "is_causal", "scale")))


def attention(query: Any, key: Any, value: Any, mask: Any = None, causal: Any = False, scale: Any = None) -> Packed:
    """Attention of queries, keys and values (…, heads, time, features); of keys' heads there may be fewer."""
    q, k, v = (_by_head(name, x) for name, x in (("query", query), ("key", key), ("value", value)))
    many = max(len(q), len(k), len(v))  # one for all of a batch
    q, k, v = (np.broadcast_to(x, (many, *x.shape[1:])) if len(x) == 1 else x for x in (q, k, v))
    options: dict[str, Any] = {"heads": q.shape[1], "key_heads": k.shape[1], "causal": bool(causal)}
    if scale is not None:
        options["scale"] = float(scale)
    arrays = {"query": q, "key": k, "value": v}
    if mask is not None:
        meant = array("attn_mask", mask)
        meant = np.where(meant, 0.0, -np.inf) if meant.dtype.kind == "b" else meant
        full = (*q.shape[:3], k.shape[2])
        wide = np.broadcast_to(meant, (*_shape(query, many), key.shape[-2])) if meant.ndim != 2 else meant
        arrays["mask"] = wide.reshape(full) if meant.ndim != 2 else np.broadcast_to(meant, full[2:])
        options["mask_kind"] = "additive"
    return Packed("attention", options, arrays)


def _shape(query: Any, many: int) -> tuple[int, ...]:
    """The axes of a query before its features, with those of the batch."""
    shape = tuple(query.shape[:-1])
    return (many, *shape[1:]) if len(shape) == 3 and shape[0] == 1 else shape


def _by_head(name: str, value: Any) -> Any:
    """(batch, heads, time, features)."""
    x = array(name, value)
    if x.ndim == 2:
        return x[None, None]
    return x[:, None] if x.ndim == 3 else x.reshape(-1, *x.shape[-3:])


def _mask(entry: Event, found: Packed) -> Any:
    """What PyTorch's dropout kept, read back from what it gave: 1 where that is nearer to the number than to what a
    dropped one becomes; of whole channels where it is so in all of one.
    """
    x = found.arrays["input"]
    y = array("output", output(entry)).reshape(x.shape)
    fill, factor, shift = (
        x.dtype.type(n) for n in factors(DropoutConfig(rate=found.options["rate"], mode=found.options["mode"]))
    )
    with np.errstate(all="ignore"):
        dropped = np.abs(y - (fill * factor + shift)) < np.abs(y - (x * factor + shift))
    kept = ~(dropped | (~np.isfinite(x) & np.isfinite(y)))
    if found.options["channelwise"]:
        kept = kept.reshape(*kept.shape[:2], -1).all(axis=-1)
    return kept.astype(x.dtype)[None]


def output(entry: Event) -> Any:
    """The tensor that a call gave, or the first of several."""
    return returned(entry.result.tree(), entry.op)  # type: ignore[union-attr]


def given(entry: Event) -> dict[str, Any]:
    """The tensors that a call was given, as arrays where they can be; a complex number as its two parts, along a last
    axis."""
    return _arrays(entry.given, "input")


def results(entry: Event) -> dict[str, Any]:
    """The tensors that it gave."""
    return _arrays(entry.result, "output")


def _arrays(kept: Any, name: str) -> dict[str, Any]:
    found = []
    for leaf in kept.leaves if kept else ():
        tensor = leaf.tensor if isinstance(leaf, Saved) else leaf
        if hasattr(tensor, "detach") and getattr(tensor, "layout", None) is not None:
            with suppress(ValueError):  # sparse numbers, those inside vmap
                found.append(array(name, torch_module().view_as_real(tensor) if tensor.is_complex() else tensor))
    return {name if len(found) == 1 else f"{name}{k}": x for k, x in enumerate(found, 1)}
