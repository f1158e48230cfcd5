"""Einstein's summation: letters name axes, what is not on the right of the arrow is summed over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine import window
from layeranim.engine.array import axes_text, shape_text
from layeranim.engine.axes import MOST
from layeranim.engine.backward import beside, passed_back, start
from layeranim.engine.contraction import Contraction
from layeranim.engine.entry import enter
from layeranim.engine.option import ArrayOption, Config, Kind, Layer, option
from layeranim.engine.option import given as said
from layeranim.engine.trace import Array, Shape, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

_NAMES = ("input", "other", "third")


@dataclass(frozen=True)
class Equation(Kind):
    """``bij,bjk->bik``: a letter for each axis of one array, two or three, and of the result."""

    metavar: str = "ij,jk->ik"

    def check(self, name: str, value: Any) -> str:
        text = value.replace(" ", "") if isinstance(value, str) else ""
        if not re.fullmatch(r"[A-Za-z]*(,[A-Za-z]*){0,2}(->[A-Za-z]*)?", text):
            raise OptionError(
                f"{name} is {said(value)}, but must be letters for the axes of one to three arrays: {self.metavar}"
            )
        left, arrow, right = text.partition("->")
        terms = left.split(",")
        every = "".join(terms)
        right = right if arrow else "".join(sorted(letter for letter in every if every.count(letter) == 1))
        for term in (*terms, right):
            if len(set(term)) < len(term) or len(term) > MOST:
                raise OptionError(
                    f"{name} is {said(value)}, but each array has at most {MOST} axes, each of its own letter"
                )
        if unknown := [letter for letter in right if letter not in every]:
            raise OptionError(f"{name} is {said(value)}, but {unknown[0]}, right of the arrow, is no axis on the left")
        return f"{left}->{right}"


@dataclass(frozen=True, kw_only=True)
class EinsumConfig(Config):
    """The options of an einsum."""

    equation: str = option(Equation(), "ij,jk->ik", "a letter for each axis of the arrays, and of the result")


def _plan(config: EinsumConfig) -> Contraction:
    left, _, right = config.equation.partition("->")
    parts = dict(zip(_NAMES, map(tuple, left.split(",")), strict=False))
    return Contraction(parts, tuple(right))


def complete(config: EinsumConfig, shapes: Mapping[str, Shape | None]) -> tuple[EinsumConfig, dict[str, Shape]]:
    """The size of every letter, on which the arrays must agree; a letter that nobody gives a size has 2.

    ``input`` (i, j), ``other`` (j, k) give ``output`` (i, k).
    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    plan, sizes = _plan(config), dict[str, tuple[int, str]]()
    for name in _NAMES[len(plan.parts) :]:
        if shapes.get(name) is not None:
            many = ("one array", "two arrays")[len(plan.parts) - 1]
            raise OptionError(f"{name} was given, but equation {config.equation} has {many}; leave it out")
    for name, letters in plan.parts.items():
        shape = shapes.get(name)
        if shape is None:
            continue
        if len(shape) != len(letters):
            raise ShapeError(
                f"{name} has shape {shape_text(shape)}, {axes_text(len(shape))}, but the equation {config.equation} "
                f"has {len(letters)} letters for it"
            )
        for letter, n in zip(letters, shape, strict=True):
            known, owner = sizes.setdefault(letter, (n, name))
            if known != n:
                raise ShapeError(f"{letter} is {known} in {owner}, but {n} in {name}; they must agree")
    needed = {name: tuple(sizes.get(x, (2, ""))[0] for x in letters) for name, letters in plan.parts.items()}
    for name, shape in {**needed, "output": _out(plan, needed)}.items():
        window.affordable(name, shape)
    return config, needed


def _out(plan: Contraction, shapes: Mapping[str, Shape]) -> Shape:
    sizes = {x: n for name, letters in plan.parts.items() for x, n in zip(letters, shapes[name], strict=True)}
    return tuple(sizes[letter] for letter in plan.out)


def makes(config: EinsumConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The sums."""
    return {"output": _out(_plan(config), shapes)}


def compute(config: EinsumConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace; the axes of every tensor are called by their letters."""
    full, ready = enter("einsum", _ARRAYS, complete, config, arrays)
    plan = _plan(full)
    with np.errstate(all="ignore"):
        output = plan.run([ready[name] for name in plan.parts])
    held = [Tensor(name, letters, "input", ready[name]) for name, letters in plan.parts.items()]
    return assemble(full, tensors(*held, Tensor("output", plan.out, "output", output)))


def assemble(config: EinsumConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors."""
    plan, output = _plan(config), saved["output"]
    facts: dict[str, int | float | str] = {"equation": config.equation, "parameters": 0}
    every = tensors(*(saved[name] for name in plan.parts), output)
    return Trace("einsum", config, every, plan.steps(output), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient of each array: an einsum of that of the result and the other arrays."""
    plan, g = _plan(trace.config), start(trace, gradients)  # type: ignore[arg-type]
    arrays = {name: trace[name] for name in plan.parts}
    with np.errstate(all="ignore"):
        made = [Tensor(f"grad_{name}", trace.axes(name), "output", plan.back(name, g, arrays)) for name in arrays]
    every = beside(trace, Tensor("grad_output", plan.out, "input", g), *made)
    steps = Steps.chain(*(plan.back_steps(name, array.shape) for name, array in arrays.items()))
    return passed_back(trace, {"output": g}, every, steps)


_ARRAYS = (
    ArrayOption("input", ("i", "j"), "input", "the first array, an axis for each of its letters"),
    ArrayOption("other", ("j", "k"), "input", "the second one, if the equation has two"),
    ArrayOption("third", ("k", "l"), "input", "the third one, if it has three"),
)

EINSUM = Layer(
    name="einsum",
    title="Einstein summation",
    config=EinsumConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y[i, k] = Σ_j x[i, j] · z[j, k], or what the equation says",
    source="numpy.einsum, torch.einsum",
    backward=backward,
    makes=makes,
)
