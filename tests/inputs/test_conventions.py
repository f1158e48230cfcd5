"""Every cell of the table of conventions against numbers that the library itself made (``tests/vectors``)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import layeranim as la
from layeranim.engine import conventions
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.conventions import CONVENTIONS
from layeranim.engine.recurrent.cells import gate_order
from layeranim.engine.recurrent_packing import from_keras
from layeranim.errors import LayeranimError, OptionError
from tests.inputs.vectors import Arrays, cases

LAYERS = {
    "dense": "dense", "conv": "conv", "conv-transpose": "conv-transpose",
    "conv-transpose-same": "conv-transpose", "conv-dilated": "conv", "depthwise": "conv", "lstm": "lstm",
    "lstm-optimized": "lstm", "lstm-nnx": "lstm", "lstm-both-ways": "lstm", "gru": "gru", "gru-nnx": "gru",
    "gru-without-bias": "gru", "gru-after": "gru",
    "gru-without-bias-before": "gru", "rnn": "rnn", "batchnorm": "batchnorm", "layernorm": "layernorm",
    "rmsnorm": "layernorm", "groupnorm": "layernorm", "embedding": "embedding", "attention": "attention",
    "prelu": "activation",
}  # fmt: skip
"""By case the layer that it is a case of."""
INPUT = {"embedding": "ids", "attention": "embeddings"}
OPTIONS: dict[str, dict[str, Any]] = {
    "conv": {"stride": 2, "padding": "same"}, "conv-transpose": {"stride": 2},
    "conv-transpose-same": {"stride": 2, "padding": "same"}, "conv-dilated": {"dilation": 2, "padding": "same"},
    "rmsnorm": {"kind": "rms"},
    "groupnorm": {"kind": "group", "groups": 2}, "gru-without-bias-before": {"variant": "reset-before"},
    "gru-after": {"variant": "reset-after"}, "attention": {"heads": 2},
}  # fmt: skip
TOLD = [(library, case) for library in CONVENTIONS for case in cases(library) if case in LAYERS
        and library != "torch" and (library, case) != ("paddle", "conv-dilated")]  # fmt: skip


def made(library: str, case: str, **more: Any) -> Any:
    """Our trace of a library's case, from its own parameters."""
    held, layer = cases(library)[case], LAYERS[case]
    state = {name: value for name, value in held["state"].items() if "state_index" not in name}
    if case == "depthwise":
        state = {name.replace("kernel", "depthwise_kernel"): value for name, value in state.items()}
    x: Any = held["in"]["x"]
    options = {**OPTIONS.get(case, {}), **({"layout": "NTC"} if x.ndim == 3 else {}), **more}
    if (library, case) == ("mlx", "conv"):
        options["padding"] = 1  # MLX has no padding same
    if (library, case) == ("haiku", "batchnorm"):
        options["mode"] = "inference"
        for ours, theirs in (("running_mean", "mean"), ("running_variance", "var")):
            options[ours] = held["out"][f"batch_norm/~/{theirs}_ema/average"].ravel()
    x = x.astype(int) if layer == "embedding" else x
    return la.from_state(layer, state, **{INPUT.get(layer, "input"): x}, **options)


@pytest.mark.parametrize(("library", "case"), TOLD)
def test_a_layer_computes_what_its_library_does(library: str, case: str) -> None:
    ours, truth = made(library, case, convention=library)["output"], cases(library)[case]["out"]["y"]
    np.testing.assert_allclose(ours, truth, rtol=2e-4, atol=4e-5 if "norm" in case else 2e-6)


@pytest.mark.parametrize(
    ("library", "case"),
    [(library, case) for library, case in TOLD if not (
        library in ("paddle", "mlx")
        or case in ("conv-transpose", "conv-transpose-same", "rmsnorm", "conv", "conv-dilated")
        or (library, case) in (("equinox", "batchnorm"), ("equinox", "layernorm"), ("equinox", "groupnorm"))
    )],
)  # fmt: skip
def test_names_that_one_library_has_tell_whose_they_are(library: str, case: str) -> None:
    assert np.array_equal(made(library, case)["output"], made(library, case, convention=library)["output"])


def test_names_that_two_libraries_lay_out_apart_are_asked_about() -> None:
    for library in ("keras", "flax"):
        with pytest.raises(OptionError, match="say convention keras or flax"):
            made(library, "conv-transpose")
        with pytest.raises(OptionError, match="scale is Keras' name"):
            made(library, "rmsnorm")
    with pytest.raises(OptionError, match="must be one of torch, keras"):
        made("flax", "dense", convention="tinygrad")


# ── the table, cell by cell ─────────────────────────────────────────────────────────


def cells(column: str) -> Iterator[Any]:
    """The libraries of which a column says something."""
    return (
        pytest.param(name, id=name) for name, whose in CONVENTIONS.items() if getattr(whose, column) not in (None, {})
    )


@pytest.mark.parametrize("column", conventions.columns())
def test_every_column_has_a_test_here(column: str) -> None:
    assert column in {*BY_NUMBERS} | {cell for _, cell, _, _ in OTHERWISE}


OTHERWISE = [
    ("keras", "dense", "OI", "dense"), ("mlx", "conv", "OIHW", "conv"),
    ("flax", "transposed", "HWOI", "conv-transpose"), ("haiku", "turned", False, "conv-transpose"),
    ("haiku", "lstm", "i f g o", "lstm"), ("onnx", "lstm", "i f g o", "lstm"), ("onnx", "gru", "r z n", "gru"),
    ("haiku", "update", "old", "gru"), ("haiku", "reset", "after", "gru"),
    ("flax", "eps", {"layer": 1e-5}, "layernorm"), ("mlx", "groups", "neighbours", "groupnorm"),
]  # fmt: skip
"""Cells that are held by layers, each with another content and a case that must notice."""


@pytest.mark.parametrize(("name", "column", "other", "case"), OTHERWISE)
def test_a_cell_that_says_otherwise_is_noticed(
    name: str, column: str, other: Any, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(CONVENTIONS, name, replace(CONVENTIONS[name], **{column: other}))
    try:
        ours = made(name, case, convention=name)["output"]
    except LayeranimError:
        return
    assert np.abs(ours - cases(name)[case]["out"]["y"]).max() > 1e-3


def running(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance that a library keeps after one batch, and what they were before."""
    out, state = cases(name)["batchnorm"]["out"], cases(name)["batchnorm"]["state"]
    keys = {"keras": ("moving_mean", "moving_variance"), "mlx": ("running_mean", "running_var"),
            "paddle": ("_mean", "_variance")}.get(name, ("mean", "var"))  # fmt: skip
    before = [
        state.get(key, state.get(f"running_{key}", np.full(4, start))) for key, start in zip(keys, (0, 1), strict=True)
    ]
    return np.stack([out[key] for key in keys]), np.stack(before)


def momentum(name: str) -> None:
    x = cases(name)["batchnorm"]["in"]["x"]
    after, (mean, variance) = running(name)
    ours = la.trace("batchnorm", input=x, running_mean=mean, running_variance=variance, convention=name)
    for key, truth in zip(("new_running_mean", "new_running_variance"), after, strict=True):
        np.testing.assert_allclose(ours[key], truth, rtol=1e-6, atol=1e-8)
        assert np.abs(ours[key] - np.stack([mean, variance])).max() > 1e-4


def strided(name: str) -> None:
    kernel = np.ones((1, 1, 3, 3))
    if CONVENTIONS[name].same_strided == "refused":
        with pytest.raises(OptionError, match="which PyTorch refuses"):
            la.trace("conv", input=np.ones((1, 1, 5, 5)), kernel=kernel, stride=2, padding="same", convention=name)
        return
    held = cases(name)["conv"]
    assert held["out"]["y"].shape[2:] == (3, 3)  # of 6×5, whose odd cell of padding is at the end
    assert np.abs(made(name, "conv", convention=name)["output"] - held["out"]["y"]).max() < 2e-6


def dilated(name: str) -> None:
    says, given = CONVENTIONS[name].same_dilated, {"dilation": 2, "padding": "same", "convention": name}
    if says == "padded for it":
        held = cases(name)["conv-dilated"]
        np.testing.assert_allclose(made(name, "conv-dilated", convention=name)["output"], held["out"]["y"], atol=2e-6)
        return
    if says == "dilation dropped":
        plain = made(name, "conv-dilated", convention=name, dilation=1)["output"]
        np.testing.assert_allclose(plain, cases(name)["conv-dilated"]["out"]["y"], atol=2e-6)
        with pytest.raises(OptionError, match="computes without the dilation; convention keras"):
            la.trace("conv-transpose", input=np.ones((1, 1, 5, 5)), kernel=np.ones((1, 1, 3, 3)), **given)
    with pytest.raises(OptionError, match=r"padding 2,2,2,2 or convention keras"):
        la.trace("conv", input=np.ones((1, 1, 5, 5)), kernel=np.ones((1, 1, 3, 3)), **given)


def averaged(name: str) -> None:
    held, counted = cases(name)["average"], CONVENTIONS[name].average == "counted"
    options = {"mode": "mean", "kernel_size": 3, "stride": 2, "count_include_pad": counted}
    padding = "same" if name in ("keras", "flax", "haiku") else 1  # the others are told how many cells
    ours = la.trace("pool", input=held["in"]["x"], padding=padding, **options)["output"]
    np.testing.assert_allclose(ours, held["out"]["y"], rtol=1e-5, atol=1e-6)


def transposed(name: str) -> None:
    held = cases(name)["conv-transpose-same"]
    made_of = {"leaves stride × input": (12, 10), "as of a convolution": (12, 9)}
    assert held["out"]["y"].shape[2:] == made_of[CONVENTIONS[name].same_transposed or ""]  # of 6×5, stride 2, taps 3
    assert np.abs(made(name, "conv-transpose-same", convention=name)["output"] - held["out"]["y"]).max() < 2e-6


def function(case: str) -> np.ndarray:
    return np.linspace(-4, 4, 33, dtype=np.float32) if case else np.zeros(0)


def called(name: str, activation: str) -> np.ndarray:
    """What the activation of that name is to a library."""
    made = la.trace("activation", activation=activation, input=function("x"), convention=name)
    return np.asarray(made["output"]).ravel()


def gelu(name: str) -> None:
    ours = ACTIVATIONS[{"exact": "gelu", "tanh": "gelu-tanh"}[CONVENTIONS[name].gelu or ""]](function("gelu"))
    assert np.array_equal(ours, called(name, "gelu"))
    np.testing.assert_allclose(ours, cases(name)["gelu"]["out"]["y"], atol=1e-6)


def leaky(name: str) -> None:
    ours = ACTIVATIONS["leaky-relu"](function("leaky"), alpha=CONVENTIONS[name].leaky or 0.0)
    assert np.array_equal(ours, called(name, "leaky-relu"))
    np.testing.assert_allclose(ours, cases(name)["leaky"]["out"]["y"], atol=1e-6)


def slope(case: str, column: str) -> Any:
    def check(name: str) -> None:
        told = {"1/6": 1 / 6, "0.2": 0.2}[getattr(CONVENTIONS[name], column)]
        x = function(case)
        gate = np.clip(told * x + 0.5, 0, 1)
        np.testing.assert_allclose(called(name, case), gate if case == "hard-sigmoid" else x * gate, atol=1e-6)
        np.testing.assert_allclose(
            gate if case == "hard-sigmoid" else x * gate, cases(name)[case]["out"]["y"], atol=1e-6
        )

    return check


def attended() -> Arrays:
    """Queries, keys and values of the cases without parameters, as the script draws them."""
    rng = np.random.default_rng(15)
    for shape in ((2, 3), (2, 4, 3), (1, 2, 6, 5), (4, 4), (2, 4, 2, 2)):
        rng.normal(size=shape)
    query, key, value = (rng.normal(size=s).astype(np.float32) for s in ((1, 2, 4), (1, 4, 4), (1, 4, 4)))
    return {"query": query[:, None], "key": key[:, None], "value": value[:, None]}


def causal(name: str) -> None:
    arrays, options = attended(), {"scale": 1.0} if name == "keras" else {}  # its Attention without scale
    mask = np.tril(np.ones((2, 4), bool), {"upper left": 0, "lower right": 2}[CONVENTIONS[name].causal or ""])
    by_mask = la.trace("attention", **arrays, mask=mask, **options)["output"]
    np.testing.assert_allclose(by_mask.ravel(), cases(name)["causal"]["out"]["y"].ravel(), atol=1e-6)
    ours = la.trace("attention", **arrays, causal=True, convention=name, **options)["output"]
    assert np.array_equal(ours, by_mask)


def no_keys(name: str) -> None:
    arrays = attended()
    row = cases(name)["no-keys"]["out"]["y"].reshape(2, 4)[1]
    wanted = {"0": np.zeros(4), "the mean": arrays["value"][0, 0].mean(axis=0), "NaN": np.full(4, np.nan)}
    np.testing.assert_allclose(row, wanted[CONVENTIONS[name].no_keys or ""], atol=1e-6)


BY_NUMBERS: Mapping[str, Any] = {
    "momentum": momentum, "weighs": momentum, "variance": momentum, "same_strided": strided,
    "same_transposed": transposed, "same_dilated": dilated, "average": averaged, "gelu": gelu,
    "leaky": leaky, "hard_sigmoid": slope("hard-sigmoid", "hard_sigmoid"),
    "hard_swish": slope("hard-swish", "hard_swish"), "causal": causal, "no_keys": no_keys,
}  # fmt: skip


@pytest.mark.parametrize(
    ("column", "name"),
    [
        pytest.param(column, param.values[0], id=f"{column}-{param.id}")
        for column in BY_NUMBERS
        for param in cells(column)
    ],
)
def test_a_cell_says_what_the_library_does(column: str, name: str) -> None:
    BY_NUMBERS[column](name)


# ── what follows from the table ─────────────────────────────────────────────────────


def test_gates_stand_in_the_order_of_the_table() -> None:
    assert gate_order("lstm", "", "onnx") == ("input", "output", "forget", "candidate")
    assert gate_order("gru", "reset-after", "onnx") == ("update", "reset", "candidate")
    assert gate_order("gru", "glossary", "keras") == ("update", "reset")
    with pytest.raises(OptionError, match="give its weights as a state"):
        gate_order("lstm", "", "haiku")


def test_a_keras_gru_without_biases_resets_after_unless_it_is_said() -> None:
    held = cases("keras")["gru-without-bias"]
    weights = [held["state"][name] for name in ("kernel", "recurrent_kernel")]
    assert from_keras(weights).options.get("variant", "reset-after") == "reset-after"
    assert from_keras(weights, reset_after=False).options["variant"] == "reset-before"
    with pytest.raises(OptionError, match="its bias has 1 rows, which says False"):
        from_keras([*weights, np.zeros(6)], reset_after=True)
    with pytest.raises(OptionError, match="lstm resets nothing"):
        from_keras([np.zeros((3, 8)), np.zeros((2, 8))], reset_after=True)


def test_haikus_running_statistics_are_not_ours() -> None:
    with pytest.raises(OptionError, match="corrects its running statistics for their start"):
        la.trace("batchnorm", input=np.eye(3), convention="haiku")
