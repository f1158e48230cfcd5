"""Live PyTorch modules become a layer of ours: its name, its options, its arrays.

A module is known by its class's name and read through its attributes; PyTorch is not imported here. A copy of it is
read, another is run, and what it gives is held against ours. What a module does not give back the same way twice
(dropout inside a layer in training) is refused; plain dropout draws from a seed.
Axes that a layer of ours does not have are folded into the batch: the numbers of the output are the module's, in the
module's order unless a class axis, or PReLU's channels, had to be moved to the end.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from layeranim.engine.array import shape_text
from layeranim.engine.option import suggest
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array, Trace
from layeranim.errors import OptionError, ShapeError
from layeranim.inputs import module_functions as functions
from layeranim.inputs import module_joins as joins
from layeranim.inputs import module_run as run
from layeranim.inputs import module_sequences as sequences
from layeranim.inputs.module_row import row
from layeranim.inputs.module_tensors import array, optional, refuse, rows

Call = Mapping[str, Any]
"""What ``forward`` would be called with, by name."""


def traced(module: Any, *inputs: Any, compute: Callable[[Packed], Trace], seed: int = 0, **named: Any) -> Trace:
    """The trace that ``compute`` makes of the module as a layer of ours, once its output is what the module gives.

    Raises what ``packed`` does, and ``OptionError`` where the module gives other numbers.
    """
    if not run.live(module):
        return compute(packed(module, *inputs, seed=seed, **named))
    with run.aside():
        found = packed(run.copied(module), *inputs, seed=seed, **named)
    trace = compute(found)
    if found.layer == "dropout" and found.options["rate"]:
        return trace  # its mask is of our seed, not of PyTorch's
    result = _result(module, inputs, named)
    try:
        run.agree(trace, found, result, type(module).__name__)
    except OptionError:
        if result[1] == run.FINEST:
            raise
        # Where numbers cancel, all but the rounding of single precision is lost: in double precision it is not.
        with run.aside():
            exact, (inputs, named) = run.copied(module).double(), run.doubles((inputs, dict(named)))
            found = packed(run.copied(exact), *inputs, seed=seed, **named)
        run.agree(compute(found), found, _result(exact, inputs, named), type(module).__name__)
    return trace


def _result(module: Any, inputs: tuple[Any, ...], named: Mapping[str, Any]) -> tuple[Array, float]:
    """What a copy of the module gives, and ε of its type."""
    with run.aside():
        result = run.ran(run.copied(module), inputs, named)
    return run.first(result, type(module).__name__, lambda value: sequences.unpacked(value)[0])


def packed(module: Any, *inputs: Any, seed: int = 0, **named: Any) -> Packed:
    """The layer that computes what ``module(*inputs, **named)`` does; ``seed`` is for dropout in training.

    Raises:
        OptionError: a module that is not known, was changed by a subclass, or draws random numbers inside.
        InputError: something that cannot be read as an array.
        ShapeError: inputs that do not go with the module.
    """
    known = next((kind for kind in type(module).__mro__ if kind.__name__ in READERS), None)
    if known is None:
        name = type(module).__name__
        told = f"{name} is no module that is read here{_nearest(name)}; there are {', '.join(READERS)}"
        raise OptionError(f"{told}; la.capture runs a model of your own and reads each of its layers")
    if known.__module__.startswith("torch.ao."):
        raise OptionError(
            f"{known.__name__} of {known.__module__.partition('.modules.')[0]} is quantized: "
            "it computes with rounded numbers, which are not read here; give the module as it was before quantization"
        )
    own = "forward" in vars(module)
    if own or getattr(type(module), "forward", None) is not getattr(known, "forward", None):
        raise OptionError(
            f"{type(module).__name__} has a forward of its own, but only that of {known.__name__} is read"
        )
    try:
        bound = _signature(getattr(known, "forward", None)).bind(*inputs, **named)
    except TypeError as error:
        raise OptionError(f"{known.__name__} cannot be called so: {error}") from None
    first = next(iter(bound.arguments.values()), None)  # RMSNorm calls it x
    bound.apply_defaults()
    try:
        return READERS[known.__name__](module, {"input": first, **bound.arguments, "seed": seed})
    except AttributeError as error:
        if error.obj is not module:
            raise
        raise OptionError(
            f"{type(module).__name__} has no {error.name}, but is read as torch.nn.{known.__name__}"
        ) from None
    except RecursionError:
        raise OptionError(f"{type(module).__name__} is nested too deep, or holds itself") from None


@cache
def _signature(forward: Any) -> inspect.Signature:
    """The arguments of a method but for the module itself."""
    whole = inspect.signature(forward)
    return whole.replace(parameters=[*whole.parameters.values()][1:])


def _nearest(name: str) -> str:
    """The hint at a class of nearly that name, as it is written."""
    lower = {known.lower(): known for known in READERS}
    hint = suggest(name, lower)
    return next((hint.replace(low, known) for low, known in lower.items() if f" {low}?" in hint), "")


def _weights(module: Any, weight: str = "weight") -> dict[str, Array]:
    """``weight`` under our name for it, and ``bias`` where there is one."""
    found = {weight: array("weight", module.weight)}
    return found if module.bias is None else {**found, "bias": array("bias", module.bias)}


def _conv(layer: str) -> Callable[[Any, Call], Packed]:
    def read(module: Any, call: Call) -> Packed:
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        options = {name: getattr(module, name) for name in names} | {"bias": module.bias is not None}
        return Packed(layer, options, {"input": array("input", call["input"]), **_weights(module, "kernel")})

    return read


def _conv_transpose(layer: str, axes: int) -> Callable[[Any, Call], Packed]:
    def read(module: Any, call: Call) -> Packed:
        x, kernel = array("input", call["input"]), _weights(module, "kernel")
        more = module.output_padding
        if call.get("output_size") is not None:
            items = zip(
                call["output_size"][-axes:], x.shape[-axes:], module.stride, module.padding, module.dilation,
                kernel["kernel"].shape[2:], strict=True,
            )  # fmt: skip
            more = tuple(int(out) - ((n - 1) * s - 2 * p + d * (k - 1) + 1) for out, n, s, p, d, k in items)
        options = {name: getattr(module, name) for name in ("stride", "padding", "dilation", "groups")}
        options |= {"output_padding": more, "bias": module.bias is not None}
        return Packed(layer, options, {"input": x, **kernel})

    return read


def _pool(layer: str, mode: str) -> Callable[[Any, Call], Packed]:
    taken = ("kernel_size", "stride", "padding", "dilation", "ceil_mode", "count_include_pad", "divisor_override")

    def read(module: Any, call: Call) -> Packed:
        names = (*taken, "norm_type") if mode == "lp" else taken
        options = {name: getattr(module, name) for name in names if getattr(module, name, None) is not None}
        x = array("input", call["input"])
        if mode == "lp":
            _same_norm(x, options)
        return Packed(layer, {"mode": mode, **options}, {"input": x})

    return read


def _same_norm(x: Array, options: dict[str, Any]) -> None:
    """Refuse where PyTorch's power pooling is no p-norm: it leaves out |x|, and scales windows that hang over."""
    p = options["norm_type"]
    if p % 2 and (x < 0).any():
        raise OptionError(
            f"norm_type is {p:g} and the input holds {x[x < 0].flat[0]:g}, but PyTorch takes no |x|; use 2"
        )
    if options.get("ceil_mode"):
        refuse("ceil_mode", "LPPool", "scales a window that hangs over the edge; use ceil_mode=False")


def _adaptive(layer: str, mode: str, axes: int) -> Callable[[Any, Call], Packed]:
    def read(module: Any, call: Call) -> Packed:
        x, size = array("input", call["input"]), module.output_size
        sizes = size if isinstance(size, (tuple, list)) else (size,) * axes
        full = tuple(n if wanted is None else wanted for wanted, n in zip(sizes, x.shape[-axes:], strict=True))
        return Packed(layer, {"mode": mode, "output_size": full}, {"input": x})

    return read


def _linear(module: Any, call: Call) -> Packed:
    return Packed(
        "dense", {"bias": module.bias is not None}, {"input": rows("input", call["input"]), **_weights(module)}
    )


def _bilinear(module: Any, call: Call) -> Packed:
    both = {name: rows(name, call[name]) for name in ("input1", "input2")}
    return Packed("bilinear", {"bias": module.bias is not None}, both | _weights(module))


def _embedding(module: Any, call: Call) -> Packed:
    if module.max_norm is not None:
        refuse("max_norm", "Embedding", "changes the table in every call")
    ids = array("input", call["input"])
    ids = ids.reshape(-1, ids.shape[-1]) if ids.ndim else ids.reshape(1)
    return Packed(
        "embedding", {"padding_idx": module.padding_idx}, {"ids": ids, "table": array("weight", module.weight)}
    )


def _dropout(mode: str, channelwise: bool = False, alone: int = 0) -> Callable[[Any, Call], Packed]:
    """``alone`` is the number of axes that an input without a batch has."""

    def read(module: Any, call: Call) -> Packed:
        x = array("input", call["input"])
        if channelwise:
            x = _image(x[None] if x.ndim == alone else x)
        elif not 1 <= x.ndim <= 4:
            x = x.reshape(-1, x.shape[-1]) if x.ndim else x.reshape(1)
        rate = module.p if module.training else 0.0
        options = {"rate": rate, "mode": mode, "channelwise": channelwise, "mask_seed": call["seed"]}
        return Packed("dropout", options, {"input": x})

    return read


def _image(x: Array) -> Array:
    """(batch, channels, …) as (batch, channels, height, width)."""
    if x.ndim < 2:
        raise ShapeError(f"input has shape {shape_text(x.shape)}, but must have batch and channels")
    return x.reshape(*x.shape[:2], 1, -1) if x.ndim < 4 else x.reshape(*x.shape[:3], -1)


def _norm(kind: str) -> Callable[[Any, Call], Packed]:
    def read(module: Any, call: Call) -> Packed:
        affine = getattr(module, "weight", None) is not None
        options: dict[str, Any] = {"kind": kind, "eps": module.eps, "affine": affine}
        x = array("input", call["input"])
        if kind == "group":
            options["groups"] = module.num_groups
        else:
            options["normalized_axes"] = len(module.normalized_shape)
            x = x if x.ndim > len(module.normalized_shape) else x[None]
        return Packed("layernorm", options, {"input": x, **optional(module, gamma="weight", beta="bias")})

    return read


def _batch_norm(module: Any, call: Call) -> Packed:
    running = optional(module, running_mean="running_mean", running_variance="running_var")
    training = module.training or not running
    momentum = module.momentum
    if momentum is None:  # PyTorch's cumulative average
        momentum = 1.0 / (int(module.num_batches_tracked) + 1) if running else 0.1
    options = {"kind": "batch", "mode": "training" if training else "inference", "eps": module.eps,
               "momentum": momentum, "affine": module.weight is not None}  # fmt: skip
    arrays = {"input": array("input", call["input"]), **running, **optional(module, gamma="weight", beta="bias")}
    return Packed("batchnorm", options, arrays)


def _instance_norm(axes: int) -> Callable[[Any, Call], Packed]:
    def read(module: Any, call: Call) -> Packed:
        x = array("input", call["input"])
        call = {**call, "input": x if x.ndim == axes + 2 else x[None]}
        if module.track_running_stats and not module.training:
            return _batch_norm(module, call)  # with running statistics it is the same arithmetic
        options = {"kind": "instance", "eps": module.eps, "affine": module.weight is not None}
        return Packed("layernorm", options, {"input": call["input"], **optional(module, gamma="weight", beta="bias")})

    return read


def _flatten(module: Any, call: Call) -> Packed:
    x = array("input", call["input"])
    start = module.start_dim % max(x.ndim, 1)
    if module.end_dim % max(x.ndim, 1) != x.ndim - 1:
        refuse("end_dim", "Flatten", "must be the last axis; use end_dim=-1")
    batch = int(np.prod(x.shape[:start], dtype=int))
    inner = x.shape[start:] if len(x.shape[start:]) <= 3 else (x.shape[start], x.shape[start + 1], -1)
    return Packed("flatten", {}, {"input": x.reshape(batch, *inner, *(1,) * (3 - len(inner)))})


_PLACES = ((1, "pool1d"), (2, "pool"), (3, "pool3d"))
_PADS = {"Zero": "zeros", "Constant": "zeros", "Reflection": "reflect", "Replication": "replicate",
         "Circular": "circular"}  # fmt: skip
_POOLS = {"Max": "max", "Avg": "mean", "LP": "lp"}
_ACTIVATIONS = {
    "Identity": "linear", "ReLU": "relu", "SELU": "selu", "GELU": "gelu", "SiLU": "silu", "Mish": "mish",
    "Softplus": "softplus", "Softsign": "softsign", "Sigmoid": "sigmoid", "Tanh": "tanh", "ReLU6": "relu6",
    "Hardsigmoid": "hard-sigmoid", "Hardswish": "hard-swish", "Hardtanh": "hard-tanh", "LogSigmoid": "log-sigmoid",
}  # fmt: skip
_LOSSES = {
    "MSELoss": "squared", "L1Loss": "absolute", "HuberLoss": "huber", "SmoothL1Loss": "smooth-l1",
    "BCELoss": "binary", "BCEWithLogitsLoss": "binary-logits", "KLDivLoss": "kl",
}  # fmt: skip

READERS: dict[str, Callable[[Any, Call], Packed]] = {
    "Conv1d": _conv("conv1d"), "Conv2d": _conv("conv"), "Conv3d": _conv("conv3d"),
    "ConvTranspose1d": _conv_transpose("conv-transpose1d", 1), "ConvTranspose2d": _conv_transpose("conv-transpose", 2),
    "ConvTranspose3d": _conv_transpose("conv-transpose3d", 3),
    **{f"{kind}Pool{n}d": _pool(layer, mode) for kind, mode in _POOLS.items() for n, layer in _PLACES},
    **{f"AdaptiveMaxPool{n}d": _adaptive(layer, "adaptive-max", n) for n, layer in _PLACES},
    **{f"AdaptiveAvgPool{n}d": _adaptive(layer, "adaptive-mean", n) for n, layer in _PLACES},
    "Linear": _linear, "Bilinear": _bilinear, "Embedding": _embedding, "Flatten": _flatten,
    "Dropout": _dropout("inverted"), "Dropout1d": _dropout("inverted", True, 2),
    "Dropout2d": _dropout("inverted", True), "Dropout3d": _dropout("inverted", True, 4),
    "AlphaDropout": _dropout("alpha"), "FeatureAlphaDropout": _dropout("alpha", True),
    **{f"BatchNorm{n}d": _batch_norm for n in (1, 2, 3)}, **{f"InstanceNorm{n}d": _instance_norm(n) for n in (1, 2, 3)},
    "LayerNorm": _norm("layer"), "GroupNorm": _norm("group"), "RMSNorm": _norm("rms"),
    "Sequential": lambda module, call: row(module, call["input"], lambda part, x: packed(part, x, seed=call["seed"])),
    "RNN": sequences.recurrent, "GRU": sequences.recurrent, "LSTM": sequences.recurrent,
    "MultiheadAttention": sequences.attention, "TransformerEncoderLayer": sequences.encoder,
    "TransformerDecoderLayer": sequences.decoder,
    "Upsample": joins.upsample, "UpsamplingNearest2d": joins.upsample, "UpsamplingBilinear2d": joins.upsample,
    **{f"{kind}Pad{n}d": joins.padded(mode) for kind, mode in _PADS.items() for n in (1, 2, 3)},
    **{name: functions.activation(ours) for name, ours in _ACTIVATIONS.items()},
    "LeakyReLU": functions.activation("leaky-relu", "negative_slope"), "ELU": functions.activation("elu", "alpha"),
    "CELU": functions.activation("celu", "alpha"), "PReLU": functions.prelu, "GLU": functions.glu,
    "Softmax": functions.softmax(False), "Softmax2d": functions.softmax(False), "LogSoftmax": functions.softmax(True),
    **{name: functions.loss(ours) for name, ours in _LOSSES.items()},
    "CrossEntropyLoss": functions.cross_entropy("logits"), "NLLLoss": functions.cross_entropy("log-probabilities"),
}  # fmt: skip
"""How each class of ``torch.nn`` is read."""
