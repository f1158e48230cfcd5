"""Every step of every layer in the catalog, done again from what it read."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from layeranim import catalog
from layeranim.engine.option import Choice, Config, Flag, Integer, Layer, Padding, PerAxis, Real
from layeranim.engine.replay import OPERATIONS, Replay, finite_max, operation, replay, sampled
from layeranim.engine.trace import Region, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import UsageError
from tests import grids

NAMES = sorted(catalog.EXPLAINERS)
LAYERS: dict[str, Layer] = {layer.name: layer for layer in map(catalog.layer, NAMES)}


def choices(kind: Any) -> list[Any]:
    """A few values that an option takes."""
    if isinstance(kind, Choice):
        return list(kind.names)
    if isinstance(kind, Flag):
        return [True, False]
    if isinstance(kind, Real):
        return [x for x in (0.25, 0.5, 2.0) if _taken(kind, x)]
    if isinstance(kind, (Integer, PerAxis)):
        low = kind.low if kind.low is not None else 1
        return [n for n in (low, low + 1, low + 2) if kind.high is None or n <= kind.high]
    if isinstance(kind, Padding):
        return [0, 1, *kind.words, list(range(2 * kind.axes))]
    return []


def _taken(kind: Real, value: float) -> bool:
    try:
        return kind.check("x", value) is not None
    except UsageError:
        return False


def configs(layer: Layer) -> Iterator[Config]:
    """The default, each option changed alone, then seeded mixtures."""
    yield layer.config()
    options = [(item.name, choices(item.kind)) for item in layer.config.options()]
    for name, values in options:
        for value in values:
            yield layer.config(**{name: value})
    rng = np.random.default_rng(17)
    for _ in range(40):
        drawn = {name: values[rng.integers(len(values))] for name, values in options if values and rng.integers(2)}
        yield layer.config(**drawn)


def traces(layer: Layer) -> Iterator[Trace]:
    """A trace of each config whose options go together, float64 and float32 in turn."""
    numbered = list(enumerate(configs(layer)))
    for number, config in [numbered[0], *grids.part(numbered[1:], 5, layer.name)]:
        try:
            full, shapes = layer.complete(config, {})
            rng = np.random.default_rng(number)
            kind = (np.float64, np.float32)[number % 2]
            yield layer.compute(full, {name: rng.normal(size=s).astype(kind) for name, s in shapes.items()})
        except UsageError:
            if config == layer.config():
                raise


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_step_gives_what_the_trace_holds(name: str) -> None:
    made = 0
    for trace in traces(LAYERS[name]):
        made += 1
        for i in sampled(trace, 3_000):
            again = replay(trace, trace.steps[i])
            assert again.agrees, (trace.config.shown(), trace.steps[i], again)
    assert made >= 5


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_every_output_cell_is_written_by_a_step(name: str) -> None:
    trace = next(traces(LAYERS[name]))
    written = {t.name: np.zeros(t.shape, bool) for t in trace.tensors.values() if t.role == "output"}
    for step in trace.steps:
        if step.writes.tensor in written:
            written[step.writes.tensor][step.writes.index(trace.axes(step.writes.tensor))] = True
    assert written
    assert all(cells.all() for cells in written.values())


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_a_changed_number_is_found(name: str) -> None:
    trace = next(traces(LAYERS[name]))
    last = {step.writes.tensor: step for step in trace.steps if not trace.tensor(step.writes.tensor).is_recipe}
    assert last
    for tensor_name, step in last.items():
        tensor = trace.tensor(tensor_name)
        wrong = tensor.array.copy()
        wrong[step.writes.index(tensor.axes)] += 1 if np.issubdtype(wrong.dtype, np.integer) else 1e-3
        changed = dataclasses.replace(trace, tensors={**trace.tensors, tensor_name: _with(tensor, wrong)})
        assert replay(trace, step).agrees
        assert not replay(changed, step).agrees


def _with(tensor: Tensor, array: Any) -> Tensor:
    return dataclasses.replace(tensor, source=array)


def one(operation: str, reads: list[Any], writes: Any, **parameters: Any) -> Replay:
    """The replay of a single step over whole tensors."""
    held = [Tensor(f"r{i}", tuple(f"a{i}{k}" for k in range(np.ndim(r))), "input", np.asarray(r))
            for i, r in enumerate(reads)]  # fmt: skip
    out = Tensor("out", tuple(f"o{k}" for k in range(np.ndim(writes))), "output", np.asarray(writes))
    step = Step(operation, tuple(Region(t.name) for t in held), Region("out"), tuple(parameters.items()))
    return replay(Trace("test", Config(), tensors(*held, out), [step]), step)


def test_exact_operations_have_no_tolerance() -> None:
    assert one("multiply", [[1.0, 2], [3.0, 4]], [3.0, 8]).agrees
    assert not one("multiply", [[1.0, 2], [3.0, 4]], [3.0, np.nextafter(8, 9)]).agrees


def test_sums_may_differ_by_their_rounding_and_no_more() -> None:
    x = np.full((2, 4), 0.1)
    bound = 2 * 4 * np.finfo(float).eps * 0.4
    good = one("sum", [x], [0.4, 0.4], axes=1)
    assert good.tolerance == pytest.approx(bound, rel=1e-12)
    assert one("sum", [x], [0.4, 0.4 + bound / 2], axes=1).agrees
    assert not one("sum", [x], [0.4, 0.4 + 2 * bound], axes=1).agrees
    assert one("sum", [x.reshape(2, 2, 2)], [0.4, 0.4], axes=2).agrees
    assert one("add", [[0.1, 0.2], 0.3], 0.6).agrees
    assert not one("add", [[0.1, 0.2], 0.3], 0.6 + 1e-14).agrees
    assert one("add", [np.float32([0.1, 0.2])], np.float32(0.3)).agrees


def test_nan_and_infinity_agree_only_with_themselves() -> None:
    assert one("add", [[np.nan, 1.0]], np.nan).agrees
    assert one("add", [[np.inf, 1.0]], np.inf).agrees
    assert not one("add", [[np.inf, 1.0]], -np.inf).agrees
    assert not one("add", [[np.inf, 1.0]], 1e300).agrees
    assert not one("add", [[np.nan, 1.0]], 1.0).agrees
    assert one("sum", [[[np.nan, 1.0], [0.1, 0.2]]], [np.nan, np.nextafter(0.1 + 0.2, 0)], axes=1).agrees
    assert not one("sum", [[[np.nan, 1.0], [0.1, 0.2]]], [np.nan, 0.31], axes=1).agrees
    assert finite_max(np.array([np.nan, 2.0, np.inf])) == 2.0


def test_a_wrong_shape_does_not_agree() -> None:
    assert not one("multiply", [[1.0], [1.0]], [1.0, 1.0]).agrees


def test_activations_replay_within_a_few_units_in_the_last_place() -> None:
    assert one("activate", [0.7], np.tanh(0.7), name="tanh").agrees
    assert not one("activate", [0.7], np.tanh(0.7) * (1 + 1e-14), name="tanh").agrees
    assert one("activate", [-0.5], -0.125, name="prelu").agrees
    assert not one("activate", [-0.5], np.nextafter(-0.125, 0), name="prelu").agrees


def test_long_traces_are_sampled_evenly() -> None:
    trace = Trace("test", Config(), {}, Steps(25_001, lambda i: Step("multiply", (), Region(str(i)))))
    chosen = sampled(trace)
    assert chosen[0] == 0
    assert 8_000 < len(chosen) <= 10_000
    assert sampled(trace, 30_000) == range(25_001)


def test_operations_are_defined_once() -> None:
    with pytest.raises(RuntimeError, match="operation multiply is defined twice"):
        operation("multiply")(lambda x: x)
    assert {"multiply", "sum", "add", "activate"} <= set(OPERATIONS)
