"""The backward pass of every layer in the catalog: for each value of each option, its gradients are the slopes.

A configuration has one option fixed and the others drawn; its arrays are small and random. Σ r · output, r random, is
moved along some cells of every array that may hold any number, and the central difference must be the gradient.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np
import pytest

from layeranim import api, catalog
from layeranim.engine import archive, option
from layeranim.engine.axes import Several
from layeranim.engine.einsum import Equation
from layeranim.engine.links import LinkRow
from layeranim.engine.network import Sizes
from layeranim.engine.option import Layer, Option
from layeranim.engine.replay import replay, sampled
from layeranim.engine.sequential import SequentialConfig
from layeranim.engine.trace import Trace, count
from layeranim.errors import UsageError
from layeranim.preparing import given
from tests import grids
from tests.engine.family import HAS_TORCH

ALREADY = set(given.ALREADY)
"""Their own traces go back already."""

NO_ARRAY = {"positional-encoding"}
DRAWN = {"init", "feature-space", "symmetry"}
"""Show weights before anything is learned, and after: the way back is that of an mlp."""
COMPARED = {"compare-layers"}
"""Layers that go back each by itself."""
NAMES = [name for name in catalog.names() if name not in ALREADY | NO_ARRAY | DRAWN | COMPARED]

CONSTANT = ("target", "class_weight", "pos_weight", "ids", "lengths", "mask", "key_mask", "running_mean",
            "running_variance", "goal", "others", "others_class")  # fmt: skip
"""What a loss compares with and weighs by, whole numbers, masks, statistics that are not learned, samples aside."""

NEVER_BY_HAND = {(name, ("convention", "haiku")) for name in ("lstm", "gru")}
"""What is taken from files of weights alone: Haiku adds 1 to a gate at run time, and its z weighs the new state."""
LEFT = ("backward", "view", "tokens", "key_tokens", "mask_seed", "draws", "words", "context_words")
"""Options of a film, words, and a seed; ``draws`` is drawn by ``mask``."""

MOST_CELLS = 600

FAR = 1e4
"""A number from which on a difference of 1e-6 is rounding."""


def test_the_layers_without_a_backward_pass_are_those() -> None:
    without = {name for name in catalog.names() if catalog.layer(name).backward is None}
    assert without == ALREADY | NO_ARRAY | DRAWN | COMPARED


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
        return str(rng.choice(["0", "1", *kind.words, ",".join("1" if k else "0" for k in range(2 * kind.axes))]))
    if isinstance(kind, Sizes):
        return tuple(int(n) for n in rng.integers(1, 4, kind.least))
    if isinstance(kind, Several):
        return tuple(int(n) for n in rng.integers(kind.low, min(kind.high, kind.low + 2) + 1, rng.integers(1, 5)))
    if isinstance(kind, Equation):
        return str(rng.choice(["ij,jk->ik", "bhid,bhjd->bhij", "ab,cb->a", "abc->ca", "a,b->ab"]))
    if isinstance(kind, option.Choices):  # functions side by side: no way back leads through several
        return item.default
    if isinstance(kind, LinkRow):
        return SequentialConfig().layers  # the engine's own, which is small
    if isinstance(kind, option.Words):
        return item.default  # of a picture, not of the numbers
    raise AssertionError(f"no value of {item.name} is known")


def values(item: Option) -> list[Any]:
    """The values of an option that a test goes through: all of a closed set, of any other one that is drawn."""
    if isinstance(item.kind, option.Choice):
        return list(item.kind.names)
    if isinstance(item.kind, option.Padding):
        return [None, *item.kind.words]
    return [True, False] if isinstance(item.kind, option.Flag) else [None]


def made(layer: Layer, fixed: dict[str, Any], rng: np.random.Generator) -> tuple[Any, dict[str, Any], Trace] | None:
    """A legal configuration with these options, its arrays and its trace; nothing where the drawn ones are none."""
    often = rng.choice([0.1, 0.3, 0.5])
    options = {item.name: drawn(item, rng) for item in layer.config.options()
               if item.name not in LEFT
               and (item.name in fixed or isinstance(item.kind, LinkRow) or rng.random() < often)}  # fmt: skip
    options |= {name: value for name, value in fixed.items() if value is not None}
    try:
        config, shapes = layer.complete(layer.config.of(options), {})
    except UsageError:
        return None
    if sum(count(shape) for shape in shapes.values()) > MOST_CELLS:
        return None
    for low, high in ((-1.5, 1.5), (0.1, 0.9)):  # probabilities, where a layer takes nothing else, or gives NaN
        arrays = {name: rng.integers(2, size=shape) if name in CONSTANT[3:7] else rng.uniform(low, high, shape)
                  for name, shape in shapes.items()}  # fmt: skip
        try:
            trace = layer.compute(config, arrays)
        except UsageError:
            continue
        if any(np.isnan(tensor.array).any() for tensor in trace.tensors.values() if tensor.role == "output"):
            continue
        found = _with_optional(layer, config, arrays, trace, rng)
        # gates that let everything through let a state grow beyond what a difference can tell
        return None if any(_far(found[1][name]) for name in found[1]) else (config, *found)
    return None


def _far(values: np.ndarray) -> bool:
    """Whether a number lies beyond what a difference can tell; a mask's −∞ lies nowhere."""
    return bool(np.abs(values[np.isfinite(values)]).max(initial=0.0) > FAR)


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
    fixed = []
    for item in items:
        names = values(item)
        # every activation has its slopes in its own layer; with the others it is enough that they take them
        fixed += [{item.name: v} for v in (names if len(names) <= 12 or name == "activation" else names[::4])]
    fixed = [one for one in fixed if (name, *one.items()) not in NEVER_BY_HAND]
    numbered = list(enumerate([{}, *fixed]))
    for number, one in [numbered[0], *grids.part(numbered[1:], 4, name)]:
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
        assert back.tensor(f"grad_{start}").role == "input"
        assert all(back.tensor(key).role == "intermediate" for key, t in trace.tensors.items() if t.role == "output")
        assert all(key.startswith("grad_") for key, tensor in back.tensors.items() if tensor.role == "output")
        for i in sampled(back, 20):
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
            few = 1 if len(arrays) > 6 else min(2, array.size)  # of many arrays a number each
            for flat in rng.choice(array.size, few, replace=False):
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


@pytest.mark.grid(2)
@pytest.mark.parametrize("name", NAMES)
def test_single_precision_stays_and_the_callers_gradient_too(name: str) -> None:
    layer = catalog.layer(name)
    assert layer.backward is not None
    for config, arrays, double, rng in islice(cases(name), 0, None, 3):
        trace = layer.compute(config, {key: array.astype(np.float32) for key, array in arrays.items()})
        start = str(layer.backward(double, {}).facts["given"])
        if getattr(config, "lookup", "") == "hard" and not np.array_equal(trace["weights"], double["weights"]):
            continue  # scores that only double precision tells apart: another key is taken
        weights = rng.normal(size=trace.tensor(start).shape)
        mine = weights.copy()
        back = layer.backward(trace, {start: mine})
        assert mine.flags.writeable
        np.testing.assert_array_equal(mine, weights)
        for key, tensor in back.own().items():
            assert tensor.dtype == np.float32, (key, config.shown())
            assert tensor.is_recipe or not tensor.array.flags.writeable
        for key in (key for key, tensor in back.own().items() if tensor.role == "output"):
            truth = layer.backward(double, {start: weights})[key]
            np.testing.assert_allclose(back[key], truth, rtol=2e-3, atol=2e-4 * np.abs(truth).max(initial=1e-2))


@pytest.mark.grid(3)
@pytest.mark.parametrize("value", [np.nan, np.inf, -1e300])
@pytest.mark.parametrize("name", NAMES)
def test_any_number_travels_back_without_a_warning(name: str, value: float) -> None:
    layer = catalog.layer(name)
    assert layer.backward is not None
    config, arrays, plain, _ = next(cases(name))
    first = next(key for key in arrays if key not in CONSTANT)
    start = str(layer.backward(plain, {}).facts["given"])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        far = layer.backward(plain, {start: np.full(plain.tensor(start).shape, value)})
        found = [far]
        try:
            wild = layer.compute(config, {**arrays, first: np.full(arrays[first].shape, value)})
            found.append(layer.backward(wild, {}))
        except UsageError:
            assert name in ("loss", "cross-entropy"), "which take probabilities alone"
        for back in found:
            for i in sampled(back, 50):
                replay(back, back.steps[i])
            for key in back:
                assert back[key].shape == back.tensor(key).shape
    assert any(not (np.abs(far[key]) < 1e200).all() for key in far.own()), "it arrives"


@pytest.mark.parametrize("suffix", archive.SUFFIXES)
@pytest.mark.parametrize("name", NAMES)
def test_a_file_gives_a_backward_pass_back(name: str, suffix: str) -> None:
    layer = catalog.layer(name)
    assert layer.backward is not None
    _, _, trace, rng = next(cases(name))
    ones = layer.backward(trace, {})
    start = str(ones.facts["given"])
    given = layer.backward(trace, {start: rng.normal(size=trace.tensor(start).shape).astype(trace[start].dtype)})
    last = next(name for name in reversed(layer.starts) if name in trace)
    for back in (ones, given, layer.backward(trace, {last: rng.normal(size=trace.tensor(last).shape)})):
        data = archive.dumps(back, suffix)
        again = archive.load(io.BytesIO(data), catalog.layer)
        assert archive.same(back, again)
        assert archive.dumps(again, suffix) == data
        assert again.steps[-1] == back.steps[-1]
        assert again.origin is not None
        assert archive.same(again.origin.forward, trace)
        for key, tensor in back.tensors.items():
            assert again.tensor(key).is_recipe == tensor.is_recipe
            np.testing.assert_allclose(again[key], tensor.array, rtol=1e-12, atol=1e-14)


if HAS_TORCH:
    import torch

    MODULES = [
        (torch.nn.Linear(3, 4), (2, 3)), (torch.nn.Conv2d(2, 3, 3, stride=2, padding=1), (2, 2, 5, 5)),
        (torch.nn.MaxPool2d(2), (1, 2, 4, 4)), (torch.nn.LayerNorm(5), (2, 5)), (torch.nn.GELU(), (2, 4)),
        (torch.nn.GLU(), (2, 6)), (torch.nn.LSTM(3, 2, 2, bidirectional=True, batch_first=True), (2, 4, 3)),
        (torch.nn.TransformerEncoderLayer(4, 2, 6, 0.0, batch_first=True), (2, 3, 4)),
    ]  # fmt: skip

    @pytest.mark.parametrize(("module", "shape"), MODULES, ids=lambda value: type(value).__name__)
    def test_the_trace_of_a_module_goes_back_as_autograd_does(module: Any, shape: tuple[int, ...]) -> None:
        module, rng = module.double(), np.random.default_rng(4)
        x = torch.from_numpy(rng.normal(size=shape)).requires_grad_()
        y = module(x)
        y = y[0] if isinstance(y, tuple) else y
        g = rng.normal(size=tuple(y.shape))
        y.backward(torch.from_numpy(g))
        back = api.backward(api.from_torch(module, x.detach()), output=g)
        np.testing.assert_allclose(back["grad_input"].reshape(shape), x.grad.numpy(), rtol=1e-10, atol=1e-12)
