"""A whole state_dict: from a file, from a mapping, and what is refused."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest

from layeranim import api, preparing
from layeranim.errors import InputError, OptionError, ShapeError
from layeranim.inputs import Limits
from layeranim.inputs.states import state_dict

ROWS = {"rnn": 1, "gru": 3, "lstm": 4}


def weights(kind: str, features: int = 3, units: int = 2, layers: int = 2) -> dict[str, np.ndarray]:
    """What ``torch.nn``'s module of that kind calls its weights."""
    draw, rows = np.random.default_rng(5), ROWS[kind] * units
    out: dict[str, np.ndarray] = {}
    for layer in range(layers):
        out[f"weight_ih_l{layer}"] = draw.normal(size=(rows, units if layer else features))
        out[f"weight_hh_l{layer}"] = draw.normal(size=(rows, units))
        out |= {f"bias_{part}_l{layer}": draw.normal(size=rows) for part in ("ih", "hh")}
    return out


def save(arrays: dict[str, np.ndarray], path: Path) -> str:
    if path.suffix == ".npz":
        np.savez(path, **arrays)  # type: ignore[arg-type]
        return str(path)
    header, data = {}, b""
    for name, array in arrays.items():
        header[name] = {"dtype": "F64", "shape": array.shape, "data_offsets": [len(data), len(data) + array.nbytes]}
        data += array.tobytes()
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return str(path)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_every_array_of_a_file_is_read_by_name(suffix: str, tmp_path: Path) -> None:
    held = weights("gru")
    read = state_dict(save(held, tmp_path / f"w{suffix}"))
    assert list(read) == list(held)
    assert all(np.array_equal(read[name], held[name]) for name in held)


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_slope_without_axes_is_read_and_weights_that_are_none_are_refused(suffix: str, tmp_path: Path) -> None:
    """Both were left out, and PReLU was told with the slope that it has by default."""
    held = {"act.negative_slope": np.array(0.5), "steps.count": np.array(3.0), "steps.none": np.zeros((0, 2))}
    path = save(held, tmp_path / f"w{suffix}")
    for given in (held, path):
        assert state_dict(given, "act") == {"negative_slope": [0.5]}
        with pytest.raises(
            InputError, match=r"has only steps\.count, steps\.none here: numbers without axes and empty"
        ):
            state_dict(given, "steps")
    made = api.trace("activation", activation="prelu", weights=f"{path}:act", input=[[-2.0, 1.0]])
    assert made["output"].tolist() == [[-1.0, 1.0]]


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize("kind", list(ROWS))
def test_a_film_takes_all_weights_of_a_module_at_once(kind: str, suffix: str, tmp_path: Path) -> None:
    held, x = weights(kind), np.random.default_rng(1).normal(size=(4, 3))
    given = {"weights": save(held, tmp_path / f"w{suffix}"), "input": x}
    work = preparing.prepare(kind, given)
    trace = work.trace()
    assert trace.facts["layers"] == 2
    for part, ours in (("weight_ih", "weight_input"), ("weight_hh", "weight_hidden")):
        assert np.array_equal(trace[f"layer1.{ours}"], held[f"{part}_l1"])
    assert np.array_equal(trace["output"], api.trace(kind, **{**given, "weights": held})["output"])
    assert {source.name for name, source in work.sources.items() if name != "input"} == {f"w{suffix}"}
    assert not work.seeded
    assert not trace["layer0.previous_hidden"][0, 0].any()  # no state of a ready example


@pytest.mark.parametrize("hidden", [2, 3])
def test_own_weights_do_not_start_from_a_ready_example(hidden: int) -> None:
    held = weights("lstm", 2, hidden, 1)
    given = {"weight_input": held["weight_ih_l0"], "weight_hidden": held["weight_hh_l0"], "bias": False}
    trace = api.trace("lstm", input="1 0; 0 1", **given)
    assert not trace["previous_cell"][0, 0].any()
    assert api.trace("lstm", input="1 0; 0 1")["previous_cell"][0, 0].any()  # the example's own weights do


def test_what_is_no_state_is_refused(tmp_path: Path) -> None:
    path = save(weights("lstm"), tmp_path / "w.npz")
    for given, rule in (
        ({"weights": "x.csv"}, "no such file"),
        ({"weights": path, "layers": 3}, "layers is 3, but weights have 2; leave it out"),
        ({"weights": 3}, "must be a file or a mapping"),
        ({"weights": str(tmp_path / "no.npz")}, "no such file"),
        ({"weights": {"kernel": [[1.0]]}}, "1 arrays were given, but a Keras layer has 2"),
        ({"weights": {"core": [[1.0]]}}, "core is no weight of torch.nn.RNN"),
    ):
        with pytest.raises((InputError, OptionError, ShapeError), match=rule):
            preparing.prepare("lstm", given)
    (tmp_path / "x.csv").write_text("1,2\n")
    for name, given, rule in (
        ("gru", path, "weights of lstm, not of gru"),
        ("conv", path, "weight_ih_l0 is no weight of conv"),
        ("pool", path, "pool takes no state dict"),
        ("lstm", f"{path}:encoder.", "no name that begins with 'encoder.'"),
        ("lstm", str(tmp_path / "x.csv"), "give a file of weights|its ending '.csv' is not known"),
    ):
        with pytest.raises((InputError, OptionError), match=rule):
            preparing.prepare(name, {"weights": given})


def test_any_layer_takes_its_weights_from_a_part_of_a_model(tmp_path: Path) -> None:
    model = {
        "fc.weight": np.eye(3)[:2],
        "fc.bias": np.ones(2),
        "norm.weight": np.ones(3),
        **{f"conv.{name}": array for name, array in (("weight", np.full((1, 1, 2, 2), 2.0)), ("bias", np.ones(1)))},
    }
    path = save(model, tmp_path / "model.safetensors")
    dense = api.trace("dense", weights=f"{path}:fc.", input=[[3, 4, 5]])
    assert dense["output"].tolist() == [[4, 5]]
    conv = api.trace("conv", weights=f"{path}:conv.", input="1 2; 3 4")
    assert conv["output"].ravel().tolist() == [21]


def test_all_arrays_together_stay_within_the_limit(tmp_path: Path) -> None:
    held = {f"weight_ih_l{i}": np.zeros((8, 8)) for i in range(9)}
    path = save(held, tmp_path / "w.npz")
    assert len(state_dict(path, limits=Limits(9 * 512))) == 9
    with pytest.raises(InputError, match="all of it takes 4608 bytes, the limit is 4096"):
        state_dict(path, limits=Limits(4096))
