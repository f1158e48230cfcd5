"""What libraries do differently: one table, which loaders, options and docs/weights.md take from here.

Every cell is held against numbers that the library itself made: ``tests/inputs/test_conventions.py``, whose vectors
``tests/vectors/make_convention_vectors.py`` writes. A cell that is ``None`` is not told by that
library, or was not tried.
Axes of kernels are letters: O filters, I channels of the input, H and W the window.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, fields
from typing import Any

from layeranim.errors import OptionError
from layeranim.records import dataclass


def cell(meaning: str) -> Any:
    """A column of the table, with the words that stand above it."""
    return field(default=None, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Convention:
    """One library, by its defaults."""

    library: str
    version: str
    dense: str | None = cell("axes of a dense kernel")
    conv: str | None = cell("axes of a convolution's kernel")
    transposed: str | None = cell("axes of a transposed kernel")
    turned: bool | None = cell("transposed kernels are turned by 180°")
    same_strided: str | None = cell("padding same with a stride")
    same_dilated: str | None = cell("padding same with a dilation")
    same_transposed: str | None = cell("padding same of a transposed convolution")
    average: str | None = cell("padding in a mean of pooling")
    lstm: str | None = cell("gates of an LSTM")
    gru: str | None = cell("gates of a GRU")
    reset: str | None = cell("a GRU's reset gate comes")
    update: str | None = cell("a GRU's z weighs the state that is")
    eps: Mapping[str, float] = field(default_factory=dict, metadata={"meaning": "eps of normalisations"})
    momentum: float | None = cell("momentum")
    weighs: str | None = cell("momentum weighs the statistic that is")
    variance: str | None = cell("running variance")
    groups: str | None = cell("groups of channels")
    gelu: str | None = cell("GELU")
    hard_sigmoid: str | None = cell("slope of hard sigmoid")
    hard_swish: str | None = cell("slope of hard swish")
    leaky: float | None = cell("slope of leaky ReLU")
    causal: str | None = cell("causal with fewer queries than keys")
    no_keys: str | None = cell("a query without keys gives")


_ONE = {"batch": 1e-5, "layer": 1e-5, "group": 1e-5}
CONVENTIONS: dict[str, Convention] = {
    "torch": Convention(
        "PyTorch", "2.13.0", dense="OI", conv="OIHW", transposed="IOHW", turned=False, same_strided="refused",
        same_dilated="padded for it",
        average="counted", lstm="i f g o",
        gru="r z n", reset="after", update="old", eps=_ONE, momentum=0.1, weighs="new", variance="unbiased",
        groups="neighbours", gelu="exact", hard_sigmoid="1/6", hard_swish="1/6", leaky=0.01, causal="upper left",
        no_keys="0",
    ),
    "keras": Convention(
        "Keras", "3.15.1", dense="IO", conv="HWIO", transposed="HWOI", turned=False, same_strided="odd cell at the end",
        same_dilated="padded for it", same_transposed="leaves stride × input",
        average="left out", lstm="i f g o", gru="z r n", reset="after", update="old",
        eps={"batch": 1e-3, "layer": 1e-3, "group": 1e-3, "rms": 1e-6}, momentum=0.99, weighs="old", variance="biased",
        groups="neighbours", gelu="exact", hard_sigmoid="1/6", leaky=0.3, causal="upper left", no_keys="the mean",
    ),
    "flax": Convention(
        "Flax", "0.12.8", dense="IO", conv="HWIO", transposed="HWIO", turned=True, same_strided="odd cell at the end",
        same_dilated="padded for it", same_transposed="leaves stride × input",
        average="counted", lstm="i f g o", gru="r z n", reset="after", update="old",
        eps={"batch": 1e-5, "layer": 1e-6, "group": 1e-6, "rms": 1e-6}, momentum=0.99, weighs="old", variance="biased",
        groups="neighbours", gelu="tanh", hard_sigmoid="1/6", leaky=0.01, causal="upper left", no_keys="the mean",
    ),
    "haiku": Convention(
        "Haiku", "0.0.17", dense="IO", conv="HWIO", transposed="HWOI", turned=True, same_strided="odd cell at the end",
        same_dilated="padded for it", same_transposed="leaves stride × input",
        average="left out", lstm="i g f o", gru="z r n", reset="before", update="new",
        eps={**_ONE, "rms": 1e-5}, groups="neighbours",
    ),
    "equinox": Convention(
        "Equinox", "0.13.8", dense="OI", conv="OIHW", transposed="OIHW", turned=True,
        same_strided="odd cell at the end",
        same_dilated="padded for it", same_transposed="leaves stride × input",
        average="counted", lstm="i f g o", gru="r z n", reset="after", update="old",
        eps={**_ONE, "rms": 1e-5}, momentum=0.99, weighs="old", variance="biased", groups="neighbours",
        no_keys="the mean",
    ),
    "mlx": Convention(
        "MLX", "0.32.4", dense="OI", conv="OHWI", transposed="OHWI", turned=False, average="counted",
        lstm="i f g o", gru="r z n",
        reset="after", update="old", eps={**_ONE, "rms": 1e-5}, momentum=0.1, weighs="new", variance="unbiased",
        groups="strided", gelu="exact", hard_swish="1/6", leaky=0.01, causal="lower right", no_keys="the mean",
    ),
    "paddle": Convention(
        "PaddlePaddle", "3.3.1", dense="IO", conv="OIHW", transposed="IOHW", turned=False,
        same_strided="odd cell at the end",
        same_dilated="dilation dropped", same_transposed="as of a convolution",
        lstm="i f g o", gru="r z n", reset="after", update="old", eps=_ONE,
        momentum=0.9, weighs="old", variance="biased", groups="neighbours", gelu="exact", hard_sigmoid="1/6",
        hard_swish="1/6", leaky=0.01, causal="upper left", no_keys="NaN",
    ),
    "onnx": Convention(
        "ONNX, by onnxruntime", "1.32.0", conv="OIHW", transposed="IOHW", turned=False,
        same_strided="odd cell at the end",
        same_dilated="refused", same_transposed="leaves stride × input",
        average="left out", lstm="i o f g", gru="z r n", reset="before", update="old", eps=_ONE,
        momentum=0.9, weighs="old", variance="biased", groups="neighbours", gelu="exact", hard_sigmoid="0.2",
        hard_swish="1/6", leaky=0.01, causal="upper left", no_keys="0",
    ),
}  # fmt: skip
"""By the name that ``--convention`` takes."""
NAMES = tuple(CONVENTIONS)


def convention(name: str) -> Convention:
    """The convention of that name."""
    if name not in CONVENTIONS:
        raise OptionError(f"convention is {name!r}, but must be one of {', '.join(NAMES)}")
    return CONVENTIONS[name]


def rows(name: str, kind: str) -> list[int]:
    """Of PyTorch's gates in their order, where each stands in a library's packed rows; ``kind`` is lstm or gru."""
    theirs = str(getattr(convention(name), kind)).split()
    return [theirs.index(letter) for letter in str(getattr(CONVENTIONS["torch"], kind)).split()]


def implied(whose: str, config: Any) -> dict[str, Any]:
    """The options of a layer that a library has otherwise than PyTorch: corner of a causal mask, GELU, slopes."""
    told, found = convention(whose), dict[str, Any]()
    if getattr(config, "causal", False) and hasattr(config, "corner") and told.causal == "lower right":
        found["corner"] = "lower-right"
    used = getattr(config, "activation", None)
    if used == "gelu" and told.gelu == "tanh":
        found["activation"] = "gelu-tanh"
    column = {"hard-sigmoid": "hard_sigmoid", "hard-swish": "hard_swish", "leaky-relu": "leaky"}.get(used or "")
    if column and hasattr(config, "alpha") and getattr(config, "alpha", None) is None:
        slope = getattr(told, column)
        if slope not in (None, getattr(CONVENTIONS["torch"], column)):
            found["alpha"] = float(slope)
    return found


def columns() -> dict[str, str]:
    """The columns of the table that say what a library does, each with its meaning."""
    return {f.name: str(f.metadata["meaning"]) for f in fields(Convention) if "meaning" in f.metadata}


def shown(value: object) -> str:
    """A cell as it is written in the table; empty where nothing is known."""
    if value is None or value == {}:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{kind} {number:g}" for kind, number in value.items())
    return (
        {True: "yes", False: "no"}[value]
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
