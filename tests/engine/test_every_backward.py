"""The backward pass of every layer in the catalog: for each value of each option, its gradients are the slopes.

A configuration has one option fixed and the others drawn; its arrays are small and random. Σ r · output, r random, is
moved along some cells of every array that may hold any number, and the central difference must be the gradient.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from layeranim import catalog
from layeranim.engine import archive, option
from layeranim.engine.links import Row
from layeranim.engine.network import Sizes
from layeranim.engine.option import Layer, Option
from layeranim.engine.replay import replay, sampled
from layeranim.engine.trace import Trace, count
from layeranim.errors import UsageError

ALREADY = {"backprop", "cnn-backprop", "optimiser", "training", "vanishing"}
"""Their own traces go back already."""

NO_ARRAY = {"positional-encoding"}
NAMES = [name for name in catalog.names() if name not in ALREADY | NO_ARRAY]

CONSTANT = ("target", "class_weight", "pos_weight", "ids", "lengths", "mask", "key_mask", "running_mean",
            "running_variance")  # fmt: skip
"""What a loss compares with and weighs by, whole numbers, masks, and statistics that are not learned."""

LEFT = ("backward", "view", "tokens", "mask_seed", "draws")
"""Options of a film, words, and a seed; ``draws`` is drawn by ``mask``."""

MOST_CELLS = 600


def test_the_layers_without_a_backward_pass_are_those() -> None:
    without = {name for name in catalog.names() if catalog.layer(name).backward is None}
    assert without == ALREADY | NO_ARRAY


def drawn(item: Option, rng: np.random.Generator) -> Any:
    """A legal value of an option, small."""
    kind = item.kind
    if isinstance(kind, option.Choice):
        return str(rng.choice(kind.names))
    if isinstance(kind, option.Flag):
        return bool(rng.integers(2))
    if isinstance(kind, option.Integer):
        low = kind.low if kind.low is not None else 0
        return int(rng.integers(low, min(low + 3, kind.high if kind.high is not None else low + 3) + 1))
    if isinstance(kind, option.Real):
        least = [n for n in (kind.low, kind.above) if n is not None]
        lowest = max(least, default=0.3)
        most = [n for n in (kind.high, kind.below) if n is not None]
        return float(lowest + (min(most, default=lowest + 2) - lowest) * rng.uniform(0.1, 0.9))
    if isinstance(kind, option.PerAxis):
        return tuple(int(n) for n in rng.integers(kind.low, kind.low + 2, kind.axes))
    if isinstance(kind, option.Padding):
        return str(rng.choice(["0", "1", "same", ",".join("1" if k else "0" for k in range(2 * kind.axes))]))
    if isinstance(kind, Sizes):
        return tuple(int(n) for n in rng.integers(1, 4, kind.least))
    if isinstance(kind, Row):
        return str(item.default)
    raise AssertionError(f"no value of {item.name} is known")


def values(item: Option) -> list[Any]:
    """The values of an option that a test goes through: all of a closed set, of any other one that is drawn."""
    if isinstance(item.kind, option.Choice):
        return list(item.kind.names)
    return [True, False] if isinstance(item.kind, option.Flag) else [None]


def made(layer: Layer, fixed: dict[str, Any], rng: np.random.Generator) -> tuple[Any, dict[str, Any], Trace] | None:
    """A legal configuration with these options, its arrays and its trace; nothing where the drawn ones are none."""
    often = rng.choice([0.1, 0.3, 0.5])
    options = {item.name: drawn(item, rng) for item in layer.config.options()
               if item.name not in LEFT and (item.name in fixed or rng.random() < often)}  # fmt: skip
    options |= {name: value for name, value in fixed.items() if value is not None}
    try:
        config, shapes = layer.complete(layer.config.of(options), {})
    except UsageError:
        return None
    if sum(count(shape) for shape in shapes.values()) > MOST_CELLS:
        return None
    for low, high in ((-1.5, 1.5), (0.1, 0.9)):  # probabilities, where a layer takes nothing else
        arrays = {name: rng.integers(2, size=shape) if name in CONSTANT[3:7] else rng.uniform(low, high, shape)
                  for name, shape in shapes.items()}  # fmt: skip
        try:
            trace = layer.compute(config, arrays)
        except UsageError:
            continue
        return config, *_with_optional(layer, config, arrays, trace, rng)
    return None


def _with_optional(
    layer: Layer, config: Any, arrays: dict[str, Any], trace: Trace, rng: np.random.Generator
) -> tuple[dict[str, Any], Trace]:
    """Also the arrays that have defaults (gamma, a first state): what the trace holds of them, drawn anew."""
    for name, tensor in trace.tensors.items():
        if tensor.role in ("input", "weight") and not tensor.is_recipe and name not in arrays:
            more = {**arrays, name: rng.uniform(0.1, 1.5, tensor.shape)}
            try:
                arrays, trace = more, layer.compute(config, more)
            except UsageError:
                continue
    return arrays, trace


def cases(name: str) -> Iterator[tuple[Any, dict[str, Any], Trace, np.random.Generator]]:
    """One configuration for every value of every option, and one with nothing fixed."""
    layer = catalog.layer(name)
    items = [item for item in layer.config.options() if item.name not in LEFT]
    fixed = [{item.name: v} for item in items for v in values(item)]
    for number, one in enumerate([{}, *fixed]):
        for attempt in range(2000):
            rng = np.random.default_rng([number, attempt])
            found = made(layer, one, rng)
            if found:
                yield *found, rng
                break
        else:
            raise AssertionError(f"{name} with {one} found no legal configuration")


@pytest.mark.parametrize("name", NAMES)
def test_every_option_of_every_layer_has_its_slopes(name: str) -> None:
    layer, moved = catalog.layer(name), set()
    assert layer.backward is not None
    for config, arrays, trace, rng in cases(name):
        start = str(layer.backward(trace, {}).facts["given"])
        weights = rng.normal(size=trace.tensor(start).shape)
        back = layer.backward(trace, {start: weights})
        for i in sampled(back, 60):
            assert replay(back, back.steps[i]).agrees, (config.shown(), back.steps[i])
        for key, array in arrays.items():
            gradient = f"grad_{key}_given" if f"grad_{key}_given" in back else f"grad_{key}"
            if key.rpartition(".")[2] in CONSTANT:
                continue
            assert gradient in back, (key, config.shown())
            moved.add(key)
            found = back[gradient]
            if getattr(config, "mode", "") == "one-to-many":
                found = found[:, : array.shape[1]] if key == "input" else found  # the other steps read zeros
            for flat in rng.choice(array.size, min(2, array.size), replace=False):
                at, ends = np.unravel_index(int(flat), array.shape), []
                if key == "table" and at[0] == config.padding_idx:
                    continue  # a row that is never learned
                for sign in (1, -1):
                    other = {**arrays, key: array.copy()}
                    other[key][at] += sign * 1e-6
                    ends.append(float(np.sum(weights * layer.compute(config, other)[start])))
                slope = (ends[0] - ends[1]) / 2e-6
                assert found[at] == pytest.approx(slope, rel=1e-5, abs=1e-6), (key, at, config.shown())
    assert moved


@pytest.mark.parametrize("suffix", archive.SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_a_backward_pass_back(name: str, suffix: str) -> None:
    layer = catalog.layer(name)
    assert layer.backward is not None
    _, _, trace, rng = next(cases(name))
    ones = layer.backward(trace, {})
    start = str(ones.facts["given"])
    given = layer.backward(trace, {start: rng.normal(size=trace.tensor(start).shape).astype(trace[start].dtype)})
    for back in (ones, given):
        data = archive.dumps(back, suffix)
        again = archive.load(io.BytesIO(data), catalog.layer)
        assert archive.same(back, again)
        assert archive.dumps(again, suffix) == data
        assert again.steps[-1] == back.steps[-1]
        assert again.origin is not None
        assert archive.same(again.origin.forward, trace)
        assert {n: t.is_recipe for n, t in again.tensors.items()} == {n: t.is_recipe for n, t in back.tensors.items()}
