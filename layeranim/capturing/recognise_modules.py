"""Norms and activations of other people's classes.

A module without children that makes of one tensor another of its shape is tried. Its own data may not tell GELU from
its tanh form, or a layer scale from a norm: a copy of it has to do the same to made numbers first.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import permutations, product
from typing import Any

import numpy as np

from layeranim.capturing.events import Event, Span
from layeranim.capturing.kept import torch_module
from layeranim.capturing.recognise_check import REFUSALS, composite, computed
from layeranim.capturing.recorder import Recorder
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.inputs.module_run import aside
from layeranim.inputs.module_tensors import array

CURVE = 2e-5
"""How far a curve may be from an activation's: GELU and its tanh form are 5·10⁻⁴ apart."""


def leaves(recorder: Recorder) -> Iterator[Event]:
    """Every such module of a run that is a norm or an activation."""
    for span in recorder.spans:
        covers = [entry.at for entry in recorder.entries[span.start : span.stop] if entry.kind != "made"]
        if not covers or any(True for _ in span.module.children()):
            continue
        x, y = _only(span.given), _only(span.result)
        if x is None or y is None or x.shape != y.shape or x.ndim < 1:
            continue
        for found in _tries(span, array("input", x)):
            start = recorder.entries[covers[0]]
            made = composite(recorder, span.path, type(span.module).__name__, found, covers, start)
            if made is not None:
                made.given = span.given
                yield made
                break


def _only(kept: Any) -> Any:
    """The one tensor of floats in it; nothing if there are more, or it was overwritten."""
    found = [saved for saved in kept.saved if saved.tensor.is_floating_point()]
    return found[0].tensor if len(found) == 1 and not found[0].lost else None


def _tries(span: Span, x: Array) -> Iterator[Packed]:
    """What it may be, each already probed."""
    parameters = dict(span.module.named_parameters(recurse=False))
    rows = x.reshape(-1, x.shape[-1])
    if not parameters:
        name = _curve(span.module)
        if name:
            yield Packed("activation", {"activation": name}, {"input": rows})
    elif len(parameters) <= 2 and all(p.shape == x.shape[-1:] for p in parameters.values()):
        yield from (found for found in _norms(span, parameters, rows) if _same(span.module, found))


def _run(module: Any, x: Any) -> Array:
    """What a copy of the module makes of made numbers."""
    with aside():
        return array("output", copy.deepcopy(module).eval()(x))


def _curve(module: Any) -> str | None:
    """The activation whose curve this module draws on [−8, 8], whichever numbers stand beside one another."""
    torch = torch_module()
    line = torch.linspace(-8, 8, 1601, dtype=torch.float64)
    mixed = line[torch.randperm(1601, generator=torch.Generator().manual_seed(1))][:400].reshape(4, 100) + 0.3
    try:
        drawn = [(x.numpy(), _run(module, x)) for x in (line.reshape(1, -1), mixed)]
    except REFUSALS:
        return None
    if any(x.shape != y.shape for x, y in drawn):
        return None
    known = [name for name in ACTIVATIONS if name not in ("linear", "prelu")]
    apart = {name: max(float(np.max(np.abs(ACTIVATIONS[name](x) - y))) for x, y in drawn) for name in known}
    best = min(apart, key=lambda name: apart[name])
    return best if apart[best] < CURVE else None


def _norms(span: Span, parameters: dict[str, Any], rows: Array) -> Iterator[Packed]:
    """RMS and layer normalisation, with gamma as it is kept or one less; which is gamma, no name has to say."""
    eps = next((v for n, v in vars(span.module).items() if "eps" in n.lower() and isinstance(v, float)), 1e-6)
    kept = [array(name, p) for name, p in parameters.items()]
    for kind, less, (gamma, *beta) in product(("rms", "layer"), (0, 1), permutations(kept)):
        options = {"kind": kind, "eps": eps, "affine": True, "normalized_axes": 1}
        arrays = {"input": rows, "gamma": gamma + gamma.dtype.type(less)}
        if kind == "layer" or not beta:
            yield Packed("layernorm", options, arrays | ({"beta": beta[0]} if beta else {}))


def _same(module: Any, found: Packed) -> bool:
    """Whether a copy of the module does to numbers that are spread, shifted and scaled what the layer does."""
    torch, size = torch_module(), found.arrays["input"].shape[-1]
    parameter = next(iter(module.parameters()))
    generator = torch.Generator().manual_seed(1)
    for scale, shift in ((1, 0), (3, 5), (50, -20)):
        x = torch.randn((4, size), generator=generator) * scale + shift
        x = x.to(device=parameter.device, dtype=parameter.dtype)
        try:
            theirs = _run(module, x)
            ours = computed(Packed(found.layer, found.options, {**found.arrays, "input": array("x", x)}))["output"]
        except REFUSALS:
            return False
        bound = 1e-4 if parameter.dtype in (torch.float32, torch.float64) else 2e-2
        largest = max(float(np.max(np.abs(theirs))), 1e-12)
        if theirs.shape != ours.shape or not float(np.max(np.abs(ours - theirs))) <= bound * largest:
            return False
    return True
