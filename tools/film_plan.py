"""What a first film of a layer can show, found in its trace: which tensors stand on the stage, along what it goes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from layeranim import catalog, preparing
from layeranim.engine.option import Choice, Flag
from layeranim.engine.trace import Step, Trace
from layeranim.errors import OptionError, UsageError
from layeranim.stories.preset import Preset

GIVEN, MADE = 2, 2
"""Of the arrays that come in, and of what is made on the way, so many stand on the stage at most."""
WIDER = (500, 50, 5)
"""So many times as long is the last axis of what comes in, where a layer is told wide."""


@dataclass(frozen=True)
class FilmPlan:
    """A film before it is written. ``given`` come in, ``between`` are made at once, ``output`` unit by unit, and with
    it those that are ``beside`` it, of the same units.

    ``along`` are the axes of the units, ``told`` those of which one index is shown; ``batch`` are options that make a
    batch of three, or ``None`` where the layer has no batch, ``wide`` options that make a large one.
    """

    name: str
    layer: str
    family: str
    title: str
    given: tuple[str, ...]
    between: tuple[str, ...]
    beside: tuple[str, ...]
    output: str
    along: tuple[str, ...]
    told: tuple[str, ...]
    preset: Preset
    batch: Mapping[str, str] | None = field(default=None)
    wide: Mapping[str, str] = field(default_factory=dict)

    @property
    def module(self) -> str:
        return self.name.replace("-", "_")

    @property
    def noun(self) -> tuple[str, str]:
        """What one unit, and several, are called."""
        if len(self.along) != 1:
            return ("number", "numbers") if self.along else ("step", "steps")
        axis = self.along[0].replace("_", " ")
        return axis.removesuffix("s"), axis if axis.endswith("s") else f"{axis}s"


def planned(name: str, layer: str, family: str) -> FilmPlan:
    """The film that can be told of a layer whatever its options. Raises ``OptionError`` where there is none."""
    (preset, *_) = catalog.presets(layer)
    trace = preparing.prepare(layer, {}).trace()
    steady = _steady(layer, trace)
    steps = {step.writes.tensor: step for step in reversed(trace.steps) if step.writes.tensor in steady}
    outputs = [n for n in steps if trace.tensor(n).role == "output"] or list(steps)
    if not outputs:
        raise OptionError(f"no tensor of {layer} is made whatever its options are; write its film by hand")
    output = list(dict.fromkeys(step.writes.tensor for step in trace.steps if step.writes.tensor in outputs))[-1]
    reads = [r.tensor for r in steps[output].reads]
    between = [n for n in dict.fromkeys(reads) if n in steps and n != output][:MADE]
    read = {region.tensor for step in trace.steps for region in step.reads}
    given = [n for n, t in trace.tensors.items() if t.role != "weight" and n in read & steady and n not in steps]
    along = tuple(a for a, at in steps[output].writes.where if isinstance(at, int) and a != "batch")
    if not along:
        raise OptionError(f"{layer} makes all of {output} in one step, not number by number; write its film by hand")
    drawn = [*given[:GIVEN], *between, output]
    beside = tuple(n for n in between if set(along) <= set(trace.axes(n)))
    title, batch, wide = _title(catalog.layer(layer).title), _batch(trace, output), _wide(trace)
    return FilmPlan(name, layer, family, title, tuple(given[:GIVEN]), tuple(between), beside, output, along,
                    _told(trace, drawn, along), preset, batch, wide)  # fmt: skip


def _title(said: str) -> str:
    """The layer's title without digits, which on screen have an address: ``1D pooling`` is pooling along one axis."""
    found = re.fullmatch(r"([123])D (.*)", said)
    if not found:
        return said
    axes = ("one axis", "two axes", "three axes")[int(found[1]) - 1]
    return f"{found[2][0].upper()}{found[2][1:]} along {axes}"


def _told(trace: Trace, drawn: list[str], along: tuple[str, ...]) -> tuple[str, ...]:
    """The batch, and the axes of which there is no room for more than one index: two are drawn."""
    more = [axis for name in drawn for axis in [a for a in trace.axes(name) if a != "batch"][:-2]]
    return ("batch", *dict.fromkeys(axis for axis in more if axis not in along))


def _steady(layer: str, usual: Trace) -> set[str]:
    """The tensors that are there, with the same axes, whatever the options are."""
    kept = set(usual.tensors)
    for trace in _others(layer):
        kept &= {n for n, t in trace.tensors.items() if n in usual and t.axes == usual.axes(n)}
        kept -= _written(usual) ^ _written(trace)
    return kept


def _written(trace: Trace) -> set[str]:
    seen: dict[str, Step] = {}
    for step in trace.steps:
        seen.setdefault(step.writes.tensor, step)
    return set(seen)


def _others(layer: str) -> Iterator[Trace]:
    """The layer with each value of each closed option, wherever that can be."""
    for item in catalog.layer(layer).config.options():
        values: tuple[Any, ...] = (
            item.kind.names if isinstance(item.kind, Choice) else (True, False) if isinstance(item.kind, Flag) else ()
        )
        for value in values:
            try:
                yield preparing.prepare(layer, {item.name: value}).trace()
            except UsageError:
                continue


def _batch(trace: Trace, output: str) -> dict[str, str] | None:
    """Options that make a batch of three of it: every array that comes in and has one, drawn by chance."""
    shapes = {name: (3, *shape[1:]) for name, shape in _inputs(trace) if trace.axes(name)[:1] == ("batch",)}
    return _drawn(trace.layer, shapes) if "batch" in trace.axes(output) else None


def _wide(trace: Trace) -> dict[str, str]:
    """Options that make it large: the last axis of what comes in is as long as the layer takes, if it takes more."""
    for times in WIDER:
        made = _drawn(trace.layer, {name: (*shape[:-1], shape[-1] * times) for name, shape in _inputs(trace) if shape})
        if made:
            return made
    return {}


def _inputs(trace: Trace) -> Iterator[tuple[str, tuple[int, ...]]]:
    """The arrays that come in, with their shapes."""
    for spec in catalog.layer(trace.layer).arrays:
        if spec.role == "input" and spec.name in trace:
            yield spec.name, trace.tensor(spec.name).shape


def _drawn(layer: str, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str] | None:
    """Options that draw arrays of these shapes by chance; ``None`` where there are none, or the layer refuses them."""
    made = {name: f"random:{'x'.join(map(str, shape))}" for name, shape in shapes.items()}
    try:
        preparing.prepare(layer, made).trace()
    except UsageError:
        return None
    return made or None
