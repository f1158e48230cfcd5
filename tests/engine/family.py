"""What the tests of every family ask: does it replay, come back from a file, agree with PyTorch and with itself?"""

from __future__ import annotations

import importlib.util
import io
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pytest

from layeranim.engine import archive
from layeranim.engine.option import Layer
from layeranim.engine.replay import replay, sampled
from layeranim.engine.trace import Array, Trace
from layeranim.errors import UsageError
from tests.vectors import store

HAS_TORCH = importlib.util.find_spec("torch") is not None
TOLERANCE = {"float64": 1e-10, "float32": 1e-5}


def proven(layer: Layer, trace: Trace) -> Trace:
    """The trace, once every step replays, every result is written by a step, and a file gives it back."""
    replays(trace)
    for suffix in archive.SUFFIXES:
        again = archive.load(io.BytesIO(archive.dumps(trace, suffix)), lambda name: layer)
        assert archive.same(trace, again), suffix
    return trace


def replays(trace: Trace) -> Trace:
    """The trace, once every step (sampled in a long one) gives what the trace holds and every result has a step."""
    written = {t.name: np.zeros(t.shape, bool) for t in trace.tensors.values() if t.role == "output"}
    visited = set(sampled(trace))
    for i, step in enumerate(trace.steps):
        if i in visited:
            again = replay(trace, step)
            assert again.agrees, (trace.config.shown(), step, again)
        if step.writes.tensor in written:
            written[step.writes.tensor][step.writes.index(trace.axes(step.writes.tensor))] = True
    assert written
    for name, cells in written.items():
        assert cells.all(), name
    return trace


def run(layer: Layer, case: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Trace]:
    """The forward trace of a stored case, and the backward one when the case starts from a gradient."""
    given = {name: array for name, array in arrays.items() if not name.startswith("grad_")}
    forward = layer.compute(layer.config.of(case["config"]), given)
    traces = {"forward": forward}
    starts = {name[5:]: array for name, array in arrays.items() if name.startswith("grad_")}
    if starts:
        assert layer.backward is not None
        traces["backward"] = layer.backward(forward, starts)
    return traces


def agrees(layer: Layer, case: Mapping[str, Any], results: Mapping[str, Array]) -> None:
    """Every tensor that PyTorch gave is in our traces, with its type and numbers."""
    arrays = store.arrays_of(dict(case))
    traces = run(layer, case, arrays)
    for name, expected in results.items():
        found = _tensor(traces, name)
        assert found.shape == expected.shape, (name, case)
        if found.dtype.kind == "f":
            assert found.dtype == case["dtype"], (name, case)
        allowed = TOLERANCE[case["dtype"]]
        apart = distance(found, expected)
        if apart > allowed and case["dtype"] == "float32":
            # Where a sum cancels, single precision itself is coarser than that: as far from the truth as PyTorch is.
            double = {key: value.astype(float) if value.dtype == "f4" else value for key, value in arrays.items()}
            truth = _tensor(run(layer, case, double), name)
            apart, allowed = distance(found, truth), 4 * distance(expected, truth)
        assert apart <= allowed, (name, apart, case)


def _tensor(traces: Mapping[str, Trace], name: str) -> Array:
    return next(trace[name] for trace in reversed(traces.values()) if name in trace)


def distance(found: Array, expected: Array) -> float:
    """The largest difference as a share of the largest number expected; infinite where only one of them is finite."""
    scale = max(float(np.max(np.abs(expected), where=np.isfinite(expected), initial=0)), 1e-30)
    with np.errstate(invalid="ignore"):
        apart = np.where((found == expected) | (np.isnan(found) & np.isnan(expected)), 0, np.abs(found - expected))
    return float(np.max(np.where(np.isnan(apart), np.inf, apart), initial=0)) / scale


def stored_agree(family: str, layers: Mapping[str, Layer], least: int) -> list[dict[str, Any]]:
    """Check every stored case of a family; gives the cases back, so that a test can say what they cover."""
    cases = []
    for case, results in store.read(family):
        agrees(layers[case["layer"]], case, results)
        cases.append(case)
    assert len(cases) >= least
    return cases


def fresh_agree(maker: Any, layers: Mapping[str, Layer], seed: int, count: int) -> None:
    """Draw new cases, ask the PyTorch at hand, compare."""
    for case in store.draw(seed, count, maker.case):
        agrees(layers[case["layer"]], case, maker.expected(case, store.arrays_of(case)))


def maker(family: str) -> Any:
    """The script that made a family's vectors, as a module."""
    path = store.HERE / f"make_{family}_vectors.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def slopes(layer: Layer, config: Any, arrays: Mapping[str, Any], names: Iterable[str], output: str = "output") -> Trace:
    """The backward trace, once it replays and its gradients equal central differences of Σ r · output, r random."""
    return replays(differences(layer, config, arrays, names, output))


def differences(
    layer: Layer, config: Any, arrays: Mapping[str, Any], names: Iterable[str], output: str = "output"
) -> Trace:
    """The backward trace, once its gradients equal those differences."""
    held = {name: np.array(array, dtype=np.float64) for name, array in arrays.items()}
    forward = layer.compute(config, held)
    weights = np.random.default_rng(3).normal(size=forward.tensor(output).shape)
    assert layer.backward is not None
    back = layer.backward(forward, {output: weights})
    for name in names:
        found = back[f"grad_{name}"].reshape(held[name].shape)
        for at in np.ndindex(held[name].shape):
            step = 1e-6 * max(1.0, abs(float(held[name][at])))
            ends = []
            for sign in (1, -1):
                moved = {**held, name: held[name].copy()}
                moved[name][at] += sign * step
                ends.append(float(np.sum(weights * layer.compute(config, moved)[output])))
            assert found[at] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-7), (name, at)
    return back


def takes_any_array(layer: Layer, config: Any, arrays: Mapping[str, Any], output: str = "output") -> None:
    """Integers, lists, big-endian, read-only and strided arrays give the same; the caller's stay as they are."""
    plain = {name: np.array(array, dtype=np.float64) for name, array in arrays.items()}
    truth = layer.compute(config, plain)[output]

    def strided(array: Array) -> Array:
        wide = np.zeros([2 * n for n in array.shape])
        view = wide[tuple(slice(None, None, 2) for _ in array.shape)]
        view[...] = array
        return view

    forms = {
        "list": lambda a: a.tolist(),
        "integer": lambda a: a.astype(np.int32),
        "big-endian": lambda a: a.astype(">f8"),
        "strided": strided,
        "Fortran": np.asfortranarray,
    }
    for name, form in forms.items():
        given = {key: form(array) for key, array in plain.items()}
        for array in given.values():
            if isinstance(array, np.ndarray):
                array.flags.writeable = False
        trace = layer.compute(config, given)
        assert np.array_equal(trace[output], truth, equal_nan=True), name
        for key, array in given.items():
            assert np.array_equal(np.asarray(array), plain[key]), name
    single = layer.compute(config, {key: array.astype(np.float16) for key, array in plain.items()})
    assert single[output].dtype == np.float32
    for tensor in layer.compute(config, plain).tensors.values():
        assert tensor.is_recipe or not tensor.source.flags.writeable, tensor.name  # type: ignore[union-attr]


def refused(call: Any, *pieces: str) -> str:
    """The message of the ``UsageError`` that ``call`` raises: one line, with all of the pieces."""
    with pytest.raises(UsageError) as caught:
        call()
    message = str(caught.value)
    assert message.isprintable(), message
    for piece in pieces:
        assert piece in message, message
    return message
