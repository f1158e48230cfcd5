"""Weights by PyTorch's parameter names, from a mapping and from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import layeranim as la
from tests.engine.family import refused

RNG = np.random.default_rng(8)


def normal(*shape: int) -> Any:
    return RNG.normal(size=shape).astype(np.float32)


def safetensors(path: Path, arrays: dict[str, Any]) -> Path:
    head, data = {}, b""
    for name, array in arrays.items():
        head[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps({"__metadata__": {"format": "pt"}, **head}).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


def saved(folder: Path, kind: str, arrays: dict[str, Any]) -> Any:
    if kind == "mapping":
        return arrays
    if kind == "safetensors":
        return safetensors(folder / "m.safetensors", arrays)
    np.savez(folder / "m.npz", **arrays)
    return folder / "m.npz"


STATE = {
    "fc.weight": normal(2, 3), "fc.bias": normal(2), "conv.weight": normal(2, 1, 2, 2), "bn.weight": normal(3),
    "bn.bias": normal(3), "bn.running_mean": normal(3), "bn.running_var": normal(3) ** 2,
    "bn.num_batches_tracked": np.float32([4]), "rnn.weight_ih_l0": normal(8, 3), "rnn.weight_hh_l0": normal(8, 2),
    "rnn.bias_ih_l0": normal(8), "rnn.bias_hh_l0": normal(8), "attn.in_proj_weight": normal(12, 4),
    "attn.in_proj_bias": normal(12), "attn.out_proj.weight": normal(4, 4), "attn.out_proj.bias": normal(4),
    "table.weight": normal(5, 3),
}  # fmt: skip


@pytest.mark.parametrize("kind", ["mapping", "safetensors", "npz"])
def test_layers_are_read_by_the_names_of_pytorch(kind: str, tmp_path: Path) -> None:
    state, x = saved(tmp_path, kind, STATE), normal(4, 3)
    dense = la.from_state("dense", state, prefix="fc.", input=x, activation="relu")
    np.testing.assert_allclose(dense["output"], np.maximum(x @ STATE["fc.weight"].T + STATE["fc.bias"], 0), rtol=1e-5)
    conv = la.from_state("conv", state, prefix="conv.", input=normal(1, 1, 4, 4), stride=2)
    assert "bias" not in conv
    assert np.array_equal(conv["kernel"], STATE["conv.weight"])
    norm = la.from_state("batchnorm", state, prefix="bn.", input=x, mode="inference")
    truth = (x - STATE["bn.running_mean"]) / np.sqrt(STATE["bn.running_var"] + 1e-5)
    np.testing.assert_allclose(norm["output"], truth * STATE["bn.weight"] + STATE["bn.bias"], rtol=1e-4, atol=1e-5)
    lstm = la.from_state("lstm", state, prefix="rnn.", input=normal(1, 4, 3))
    assert lstm["output"].shape == (1, 4, 2)
    attention = la.from_state("attention", state, prefix="attn.", num_heads=2, embeddings=normal(1, 3, 4))
    assert attention["weights"].shape == (1, 2, 3, 3)
    assert la.from_state("embedding", state, prefix="table.", ids=[[4, 0]])["output"].shape == (1, 2, 3)


def test_what_does_not_belong_is_refused(tmp_path: Path) -> None:
    refused(
        lambda: la.from_state("dense", STATE, input=normal(1, 3)), "fc.weight is no weight of dense", "weight, bias"
    )
    refused(lambda: la.from_state("gru", STATE, prefix="rnn."), "weights of lstm, not of gru")
    refused(lambda: la.from_state("attention", STATE, prefix="attn."), "heads of attention must be given")
    refused(lambda: la.from_state("pool", STATE), "pool takes no state dict")
    refused(lambda: la.from_state("dense", STATE, prefix="fd."), "no name that begins with 'fd.'")
    refused(lambda: la.from_state("dense", STATE, prefix="fc.", input=normal(1, 4)), "in_features", "4", "3")
    refused(lambda: la.from_state("dense", tmp_path / "none.npz"), "none.npz")
    refused(lambda: la.from_state("dense", "model.pt"), "model.pt")
    broken = tmp_path / "b.safetensors"
    broken.write_bytes(b"\xff" * 9)
    refused(lambda: la.from_state("dense", broken), "b.safetensors", "header")


def test_options_of_inputs_work_wherever_inputs_do() -> None:
    state = {"weight": normal(2, 3, 3, 3), "bias": normal(2)}
    made = la.from_state("conv", state, input="photo", resize="12x10")
    assert np.array_equal(made["input"], la.trace("conv", input="photo", resize="12x10")["input"])
    gray = la.from_state("Conv2d", {"weight": normal(2, 1, 3, 3)}, input="photo", gray=True, resize="12x10", strides=2)
    assert gray["output"].shape == (1, 2, 5, 4)
    x = normal(12, 10, 3)
    assert la.from_state("conv", state, input=x).facts["input_layout"] == "HWC"
    drawn = la.from_state("conv", {"weight": normal(2, 1, 3, 3)}, input="random:6x6", seed=3)
    assert np.array_equal(drawn["input"], la.trace("conv", input="random:6x6", seed=3)["input"])
    back = la.from_state("conv", state, input=x, backward=True)
    assert np.array_equal(back["grad_kernel"], la.backward(back.origin.forward)["grad_kernel"])  # type: ignore[union-attr]


def test_what_belongs_to_a_film_is_refused_of_a_state() -> None:
    state = {"weight": normal(2, 3)}
    given = {"input": normal(1, 3)}
    refused(lambda: la.from_state("dense", state, **given, theme="dark"), "theme was given, but from_state takes")
    refused(lambda: la.from_state("dense", state, **given, example="digits"), "example was given")
