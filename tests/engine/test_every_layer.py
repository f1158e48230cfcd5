"""What holds for every layer that the catalog knows by name."""

from __future__ import annotations

import importlib
import io
import pkgutil
import subprocess
import sys
import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest

import layeranim.engine
from layeranim import api, catalog
from layeranim.engine import archive, archive_reading
from layeranim.engine.option import Layer
from layeranim.engine.replay import replay, sampled
from layeranim.engine.trace import Steps, Trace
from layeranim.errors import UsageError

NAMES = catalog.names()
SMALL: dict[str, dict[str, Any]] = {
    "compare-layers": {"places": 3},
    "descent": {"updates": 2, "grid": 5},
    "feature-space": {"grid": 5},
    "gan": {"turns": 2, "critic_steps": 2, "grid": 20},
    "init": {"layers": 2, "units": 4, "samples": 3},
    "regularisation": {"updates": 2, "grid": 5},
    "training": {"epochs": 1, "grid": 3, "sizes": "2,3,2"},
    "positional-encoding": {"positions": 4, "features": 4},
}
"""Options that keep a slow default short."""

APART = ("ids", "target", "lengths", "mask", "key_mask", "true_class")
"""Arrays that hold whole numbers or truth values, where NaN is refused."""


@cache
def layer(name: str) -> Layer:
    return catalog.layer(name)


@cache
def given(name: str) -> tuple[Any, dict[str, Any]]:
    """A full Config and arrays for the layer's smallest default, seeded; class ids stay class ids."""
    config, shapes = layer(name).complete(layer(name).config.of(SMALL.get(name, {})), {})
    rng = np.random.default_rng(3)
    arrays = {}
    for key, shape in shapes.items():
        arrays[key] = rng.integers(2, size=shape).astype(float) if key in APART else rng.uniform(0.1, 0.9, shape)
    return config, arrays


def trace(name: str) -> Trace:
    config, arrays = given(name)
    return layer(name).compute(config, arrays)


def every_layer() -> dict[int, tuple[str, Layer]]:
    """Every ``Layer`` that a module of the engine holds."""
    found: dict[int, tuple[str, Layer]] = {}
    for info in pkgutil.walk_packages(layeranim.engine.__path__, "layeranim.engine."):
        for name, value in vars(importlib.import_module(info.name)).items():
            if isinstance(value, Layer):
                found.setdefault(id(value), (f"{info.name}:{name}", value))
    return found


def test_every_layer_is_reached_by_its_own_name() -> None:
    found = every_layer()
    assert len(found) >= 36
    for where, item in found.values():
        known = catalog.layer(item.name)  # a film may have more options than the layer that it is made of
        assert (known.name, known.compute, known.assemble) == (item.name, item.compute, item.assemble), where
        assert issubclass(known.config, item.config), where
        assert item.title, where
        assert item.formula, where
        assert item.source, where


@pytest.mark.parametrize("name", NAMES)
def test_steps_replay_and_every_tensor_is_reached(name: str) -> None:
    made = trace(name)
    for i in sampled(made, 400):
        step = made.steps[i]
        again = replay(made, step)
        assert again.agrees, (step, again)
        assert {region.tensor for region in (*step.reads, step.writes)} <= set(made)
    assert {"input", "output"} & {tensor.role for tensor in made.tensors.values()}
    for key, tensor in made.tensors.items():
        assert key == tensor.name
        assert len(set(tensor.axes)) == len(tensor.axes) == made[key].ndim
        assert all(axis and axis == axis.strip() for axis in tensor.axes)
        assert made[key].shape == tensor.shape
        assert made[key].dtype.name in archive_reading.DTYPES


@pytest.mark.parametrize("name", NAMES)
def test_steps_are_found_where_a_look_at_all_of_them_finds_them(name: str) -> None:
    t = trace(name)
    if not isinstance(t.steps, Steps) or not t.steps.finds:
        return
    writes = [step.writes for step in t.steps[: min(len(t.steps), 200)]]
    for region in writes[:: max(1, len(writes) // 12)]:
        one = {axis: at if isinstance(at, int) else at[0] for axis, at in region.where}
        for here in ({}, one, dict(list(one.items())[:1])):
            first = next(i for i, other in enumerate(writes) if other.tensor == region.tensor and other.holds(here))
            assert t.steps.writing(region.tensor, here) == first, (region, here)
    assert t.steps.writing("nothing", {}) is None


@pytest.mark.parametrize("suffix", archive.SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_it_back(name: str, suffix: str) -> None:
    made = trace(name)
    data = archive.dumps(made, suffix)
    again = archive.load(io.BytesIO(data), catalog.layer)
    assert archive.same(made, again)
    assert archive.dumps(again, suffix) == data
    assert again.steps[-1] == made.steps[-1]


@pytest.mark.parametrize("name", NAMES)
def test_arrays_are_read_only_and_the_callers_stay(name: str) -> None:
    config, arrays = given(name)
    mine = {key: array.copy() for key, array in arrays.items()}
    made = layer(name).compute(config, mine)
    for tensor in made.tensors.values():
        if not tensor.is_recipe:
            with pytest.raises(ValueError, match="read-only"):
                tensor.array[...] = 0
            assert not any(np.shares_memory(tensor.array, array) for array in mine.values()), tensor.name
    for key, array in mine.items():
        assert array.flags.writeable
        np.testing.assert_array_equal(array, arrays[key])


def real(name: str) -> list[str]:
    """The arrays that may hold any number."""
    return [key for key in given(name)[1] if key not in APART]


@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
@pytest.mark.parametrize("name", NAMES)
def test_any_number_travels_without_a_warning(name: str, value: float) -> None:
    config, arrays = given(name)
    wild = {key: np.full(array.shape, value) if key in real(name)[:1] else array for key, array in arrays.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made = layer(name).compute(config, wild)
        for i in sampled(made, 50):
            replay(made, made.steps[i])
        for key in made:
            assert made[key].shape == made.tensor(key).shape


@pytest.mark.parametrize("name", NAMES)
def test_a_complex_array_and_a_wrong_rank_are_refused_in_one_line(name: str) -> None:
    config, arrays = given(name)
    for key in arrays:
        for wrong in (arrays[key] + 1j, np.ones((1,) * 7)):
            with pytest.raises(UsageError) as raised:
                layer(name).compute(config, {**arrays, key: wrong})
            assert str(raised.value).isprintable()
            assert key in str(raised.value) or key.rpartition(".")[2] in str(raised.value), (key, str(raised.value))


def test_under_python_o_nothing_changes() -> None:
    code = (
        "import warnings; warnings.simplefilter('error')\n"
        "from layeranim import api\n"
        "from layeranim.errors import UsageError\n"
        "from layeranim.engine.replay import replay\n"
        "for name in ('conv', 'lstm', 'attention', 'batchnorm', 'backprop'):\n"
        "    made = api.trace(name)\n"
        "    print(name, all(replay(made, made.steps[i]).agrees for i in range(0, len(made.steps), 7)))\n"
        "for given in ({'stride': 0}, {'input': [[1j]]}, {'input': [[1, 2]], 'kernel': [[1, 2, 3]]}):\n"
        "    try:\n"
        "        api.trace('conv', **given)\n"
        "    except UsageError as error:\n"
        "        print(type(error).__name__)\n"
    )
    done = subprocess.run([sys.executable, "-O", "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        *(f"{name} True" for name in ("conv", "lstm", "attention", "batchnorm", "backprop")),
        "OptionError", "InputError", "ShapeError",
    ]  # fmt: skip


def test_every_name_has_its_trace() -> None:
    assert api.trace("mlp")["output"].shape == (4, 2)
    assert {"backprop", "cnn", "cnn-backprop", "training", "optimiser"} <= set(NAMES)
