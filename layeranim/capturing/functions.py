"""The functions of PyTorch by name: which compute a layer, which only carry numbers, which are silent.

A name is what ``__torch_function__`` is told, without underscores: ``Tensor.__radd__``, ``torch.add`` and ``+`` are all
``add``. Signatures are those of ``torch.nn.functional``; the three functions of ``torch`` that order their arguments
otherwise under the same name are known only from there.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import CellType, FunctionType
from typing import Any

from layeranim.errors import OptionError


def words(text: str) -> frozenset[str]:
    """A set of words."""
    return frozenset(text.split())


WIRES = words("""
    view reshape transpose permute contiguous expand getitem split chunk unbind unsqueeze squeeze detach to float half
    bfloat16 double type type_as t T mT clone narrow select flatten unflatten view_as reshape_as expand_as movedim
    moveaxis swapaxes swapdims tensor_split split_with_sizes lift_fresh requires_grad cpu cuda pack_padded_sequence
    pad_packed_sequence index_select sort roll flip repeat repeat_interleave tile pixel_shuffle pixel_unshuffle gather
    take_along_dim unfold broadcast_to alias ravel copy topk kthvalue median mode cummax cummin take masked_select
    view_as_real view_as_complex real imag complex resolve_conj positive
    as_strided rot90 diagonal diag diag_embed fliplr flipud channel_shuffle fft_fftshift fft_ifftshift
    unique unique_consecutive block_diag broadcast_tensors cartesian_prod combinations
    pad_sequence hsplit vsplit dsplit resize_as
""")
"""They carry numbers and compute none."""

SILENT = words("""
    dim size numel is_floating_point is_complex get_device stride len item tolist bool int index eq ne lt le gt ge
    is_contiguous ndimension nelement element_size data_ptr format repr hash shape device dtype requires_grad is_cuda
    layout ndim is_sparse grad_fn all any storage_offset is_nested is_leaf names is_quantized result_type is_same_size
    untyped_storage invert logical_not logical_and logical_or
""")
"""They ask, and what they answer is no tensor of a layer."""

MAKERS = words("""
    arange zeros ones full tensor empty as_tensor from_numpy zeros_like ones_like full_like empty_like new_zeros
    new_ones new_full new_tensor new_empty new linspace logspace eye rand randn randint rand_like randn_like
    scalar_tensor meshgrid zero fill normal uniform exponential multinomial randperm tril_indices triu_indices histc
    bincount hann_window hamming_window blackman_window bartlett_window kaiser_window
    weight_norm kaiming_uniform kaiming_normal xavier_uniform xavier_normal trunc_normal constant
""")
"""They make numbers of nothing that a layer gave."""

THIN = words("fractional_max_pool2d fractional_max_pool3d")
"""They draw random numbers, and call a function of their own name with these."""

SHAPED = words("""
    zeros_like ones_like full_like empty_like rand_like randn_like new_zeros new_ones new_full new_empty
""")
"""Of these the ones that are given a tensor for its shape alone."""

DEPENDING = frozenset(("item", "tolist", "__bool__", "__int__", "__index__", "__float__"))
"""What reads a number out of a tensor, so that the model may go on as it says."""

_SAME = {
    "truediv": "div", "rtruediv": "rdiv", "swapdims": "transpose", "mm": "matmul", "bmm": "matmul",
    "subtract": "sub", "multiply": "mul", "divide": "div", "true_divide": "div", "negative": "neg", "absolute": "abs",
    "concat": "cat", "concatenate": "cat", "linalg_norm": "norm", "radd": "add", "rmul": "mul",
    "special_softmax": "softmax", "special_log_softmax": "log_softmax", "special_expit": "sigmoid",
    "special_exp2": "exp2", "special_erfc": "erfc", "special_logit": "logit", "linalg_vecdot": "vecdot",
    "mod": "remainder", "linalg_matrix_power": "matrix_power",
    "special_xlogy": "xlogy", "special_sinc": "sinc", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "log_sigmoid": "logsigmoid", "row_stack": "vstack",
    **{f"{kind}max_pool{n}d_with_indices": f"{kind}max_pool{n}d"
                                     for kind in ("", "adaptive_", "fractional_") for n in (1, 2, 3)},
}  # fmt: skip

_POOL = "input kernel_size stride=None padding=0"
_LOSS = "size_average=None reduce=None reduction='mean'"
_PLAIN = {
    "relu": "ReLU", "relu6": "ReLU6", "selu": "SELU", "silu": "SiLU", "mish": "Mish", "sigmoid": "Sigmoid",
    "tanh": "Tanh", "hardsigmoid": "Hardsigmoid", "hardswish": "Hardswish", "softsign": "Softsign",
    "logsigmoid": "LogSigmoid",
}  # fmt: skip
SPECS: dict[str, tuple[str, str]] = {
    "linear": ("Linear", "input weight bias=None"),
    "bilinear": ("Bilinear", "input1 input2 weight bias=None"),
    **{f"conv{n}d": (f"Conv{n}d", "input weight bias=None stride=1 padding=0 dilation=1 groups=1 padding_mode='zeros'")
       for n in (1, 2, 3)},
    **{f"conv_transpose{n}d": (f"ConvTranspose{n}d", "input weight bias=None stride=1 padding=0 output_padding=0 "
                                                     "groups=1 dilation=1 output_size=None") for n in (1, 2, 3)},
    **{f"max_pool{n}d": (f"MaxPool{n}d", f"{_POOL} dilation=1 ceil_mode=False return_indices=False")
       for n in (1, 2, 3)},
    **{f"avg_pool{n}d": (f"AvgPool{n}d", f"{_POOL} ceil_mode=False count_include_pad=True divisor_override=None")
       for n in (1, 2, 3)},
    **{f"adaptive_{kind}_pool{n}d": (f"Adaptive{kind.title()}Pool{n}d", "input output_size return_indices=False")
       for kind in ("max", "avg") for n in (1, 2, 3)},
    **{name: (reader, "input inplace=False") for name, reader in _PLAIN.items()},
    "gelu": ("GELU", "input approximate='none'"),
    "leaky_relu": ("LeakyReLU", "input negative_slope=0.01 inplace=False"),
    "elu": ("ELU", "input alpha=1.0 inplace=False"),
    "celu": ("CELU", "input alpha=1.0 inplace=False"),
    "hardtanh": ("Hardtanh", "input min_val=-1.0 max_val=1.0 inplace=False"),
    "softplus": ("Softplus", "input beta=1 threshold=20"),
    "glu": ("GLU", "input dim=-1"),
    "prelu": ("PReLU", "input weight"),
    "softmax": ("Softmax", "input dim=None stacklevel=3 dtype=None"),
    "log_softmax": ("LogSoftmax", "input dim=None stacklevel=3 dtype=None"),
    "layer_norm": ("LayerNorm", "input normalized_shape weight=None bias=None eps=1e-5"),
    "rms_norm": ("RMSNorm", "input normalized_shape weight=None eps=None"),
    "group_norm": ("GroupNorm", "input num_groups weight=None bias=None eps=1e-5"),
    "batch_norm": ("BatchNorm2d", "input running_mean running_var weight=None bias=None training=False momentum=0.1 "
                                  "eps=1e-5 num_batches_tracked=None"),
    "embedding": ("Embedding", "input weight padding_idx=None max_norm=None norm_type=2.0 "
                               "scale_grad_by_freq=False sparse=False"),
    **{name: (reader, "input p=0.5 training=True inplace=False") for name, reader in (
        ("dropout", "Dropout"), ("dropout1d", "Dropout1d"), ("dropout2d", "Dropout2d"), ("dropout3d", "Dropout3d"))},
    **{name: (reader, "input p=0.5 training=False inplace=False") for name, reader in (
        ("alpha_dropout", "AlphaDropout"), ("feature_alpha_dropout", "FeatureAlphaDropout"))},
    "interpolate": ("Upsample", "input size=None scale_factor=None mode='nearest' align_corners=None "
                                "recompute_scale_factor=None antialias=False"),
    "cross_entropy": ("CrossEntropyLoss", "input target weight=None size_average=None ignore_index=-100 reduce=None "
                                          "reduction='mean' label_smoothing=0.0"),
    "nll_loss": ("NLLLoss", "input target weight=None size_average=None ignore_index=-100 reduce=None "
                            "reduction='mean'"),
    **{name: (reader, f"input target {_LOSS} weight=None")
       for name, reader in (("mse_loss", "MSELoss"), ("l1_loss", "L1Loss"))},
    "huber_loss": ("HuberLoss", "input target reduction='mean' delta=1.0 weight=None"),
    "smooth_l1_loss": ("SmoothL1Loss", f"input target {_LOSS} beta=1.0"),
    "kl_div": ("KLDivLoss", f"input target {_LOSS} log_target=False"),
    "binary_cross_entropy": ("BCELoss", f"input target weight=None {_LOSS}"),
    "binary_cross_entropy_with_logits": ("BCEWithLogitsLoss", f"input target weight=None {_LOSS} pos_weight=None"),
}  # fmt: skip
"""By the function's name: the class of ``torch.nn`` that computes the same, and the arguments in their order."""

ATTENTION = "query key value attn_mask=None dropout_p=0.0 is_causal=False scale=None enable_gqa=False"
_OTHERWISE = ("batch_norm", "embedding", "instance_norm")
_PER_AXIS = ("stride", "padding", "output_padding", "dilation")


def named(func: Any) -> str:
    """A function's name as these tables have it; of a property the property's."""
    raw = raw_name(func)
    if raw in ("__get__", "__set__", "__delete__"):
        raw = getattr(getattr(func, "__self__", None), "__name__", raw)
    return _SAME.get(raw.strip("_"), raw.strip("_"))


def raw_name(func: Any) -> str:
    """A function's own name."""
    return str(getattr(func, "__name__", func))


def writes(func: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> bool:
    """Whether a call changes one of its arguments, by its name and what it was told."""
    raw = raw_name(func)
    if raw.endswith("_") and not raw.endswith("__"):
        return True
    if raw == "__setitem__" or (raw.startswith("__i") and raw not in ("__invert__", "__int__", "__index__")):
        return True
    if kwargs.get("out") is not None or kwargs.get("inplace"):
        return True
    spec = SPECS.get(named(func))
    return spec is not None and "inplace" in spec[1] and any(value is True for value in args[1:])


def bound(spec: str, name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of a call by name, with defaults. Raises ``OptionError`` for a call that the signature forbids."""
    told = {key.lstrip("_"): value for key, value in kwargs.items()}
    known = {key: value for key, value in told.items() if key in _signature(spec).parameters}
    odd = [key for key, value in told.items() if key not in known and value is not None and key != "out"]
    try:
        if odd:
            raise TypeError(f"argument {odd[0]} is not known here")
        found = _signature(spec).bind(*args, **known)
    except TypeError as error:
        raise OptionError(f"{name}: {error}") from None
    found.apply_defaults()
    return dict(found.arguments)


def per_axis(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a transposed convolution with a number for each axis."""
    if not name.startswith("conv_transpose"):
        return given
    axes = int(name[-2])
    wide = {key: (value,) * axes for key in _PER_AXIS if isinstance(value := given[key], int)}
    return {**given, **wide}


def elsewhere(func: Any, name: str) -> bool:
    """Whether a function has the name of another one whose arguments stand in another order."""
    return name in _OTHERWISE and getattr(func, "__module__", None) != "torch.nn.functional"


@cache
def opened(func: Callable[..., Any]) -> Callable[..., Any] | None:
    """A function of PyTorch's own that is written in Python, as one that does not hand itself to a mode as a whole: the
    functions that it calls do. Nothing where it is no such function.
    """
    if not isinstance(func, FunctionType) or func.__module__ != "torch.nn.functional":
        return None
    there = {name: _no for name in func.__globals__ if name.startswith("has_torch_function")}
    made = FunctionType(
        func.__code__, {**func.__globals__, **there}, func.__name__, func.__defaults__,
        tuple(CellType(opened(cell.cell_contents) or cell.cell_contents) for cell in func.__closure__ or ()),
    )  # fmt: skip
    made.__kwdefaults__ = func.__kwdefaults__
    return made


def _no(*values: Any) -> bool:
    return False


@cache
def _signature(spec: str) -> inspect.Signature:
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    made = []
    for item in spec.split():
        name, given, default = item.partition("=")
        usual = ast.literal_eval(default) if given else inspect.Parameter.empty
        made.append(inspect.Parameter(name, kind, default=usual))
    return inspect.Signature(made)
