"""A whole model as one trace: what a film draws of it is computed again, all else stands as the model gave it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from layeranim.capturing.captured import ModelCall
from layeranim.capturing.outline import OutlinedStage, source_names
from layeranim.capturing.wiring import way
from layeranim.engine.graph_calls import GIVEN, LAYERS, GraphCall, GraphWire, text
from layeranim.engine.option import suggest
from layeranim.engine.trace import Array
from layeranim.errors import OptionError

LONGEST_WHY = 160


def network(
    calls: Sequence[ModelCall], stages: Iterable[OutlinedStage], numbers: Mapping[str, int]
) -> tuple[str, dict[str, Array]]:
    """The calls of a model as option ``calls`` holds them, in these stages, and the arrays of all; ``numbers`` are the
    calls' places in the model's table.

    Raises ``OptionError`` for a capture without the values that are drawn.
    """
    made = _Building(calls, numbers)
    for stage in stages:
        made.add(stage)
    return text(made.made), made.arrays


def places(calls: Sequence[ModelCall], words: Collection[str]) -> list[int]:
    """Where calls stand among all, from 0, by their names or their numbers from 1."""
    shown, names = source_names(calls), [call.name for call in calls]
    found = []
    for word in words:
        name = next((one for one in (word, word.removesuffix(":1")) if one in shown), None)
        if name is None and word.isascii() and word.isdigit() and 0 < int(word[:9]) <= len(calls):
            found.append(int(word) - 1)
        elif name is None:
            said = f"is {word}, but there are {len(calls)} calls" if word.isdigit() else f"names no call {word[:60]!r}"
            runs = [one for one in names if one.rpartition(":")[0] == word]
            more = f"; it runs {len(runs)} times: {', '.join(runs)[:120]}" if runs else suggest(word, names)
            raise OptionError(f"opened {said}{more}; there are {', '.join(names)[:200]}")
        else:
            found.append(names.index(shown[name]))
    return found


class _Building:
    """Calls one after another, each with where what it reads came from."""

    def __init__(self, calls: Sequence[ModelCall], numbers: Mapping[str, int]) -> None:
        self.calls, self.shown, self.numbers = calls, source_names(calls), numbers
        self.made: list[GraphCall] = []
        self.arrays: dict[str, Array] = {}
        self.outs: dict[str, tuple[str, Array]] = {}  # of a call its tensor in the whole, and what the model gave
        self.arrays["input"] = self._input()
        self.known: set[tuple[str, ...]] = set()

    def _input(self) -> Array:
        """What goes into the model: what the caller brought to the first call that was given such; where that is not
        known, what the first one was given that reads no other.
        """
        for known in (True, False):
            for call in self.calls:
                given = list(call.inputs.values())
                firsts = [given[k] for k in call.brought if k < len(given)] if known else given[: not call.reads]
                if firsts and firsts[0].size:
                    return firsts[0]
        raise OptionError("the capture holds no values of the model's first call; capture it without keep")

    def add(self, stage: OutlinedStage) -> None:
        """The calls of a stage, or one in the place of those that it closes."""
        if stage.closed:
            self._take(self._closed(stage), [self.calls[k] for k in stage.calls])
            return
        for number, k in enumerate(stage.calls):
            call = self.calls[k]
            made = replace(self._call(call), place=self.numbers[call.name], after=number > 0)
            self._take(made, [call])

    def _take(self, made: GraphCall, calls: Sequence[ModelCall]) -> None:
        call, learnt, tied = calls[-1], 0, False
        for one in calls:
            fresh = not self.known & {*one.weights}  # a parameter that several use counts once
            learnt, tied = learnt + fresh * one.parameters, tied or not fresh
            self.known |= {*one.weights}
        self.made.append(replace(made, parameters=learnt, tied=tied))
        result = _result(call) if made.layer else call.output
        self.outs[call.name] = f"{made.name}.output", result

    def _name(self, call: ModelCall) -> str:
        """Its name; where another call's begins with it, with the number of its run, so that no two are confused."""
        return call.name + ":1" * any(other.name.startswith(f"{call.name}.") for other in self.calls)

    # ── what stands as the model gave it ─────────────────────────────────────
    def _closed(self, stage: OutlinedStage) -> GraphCall:
        mine = [self.calls[k] for k in stage.calls]
        inside = {call.name for call in mine}
        reads = [source for call in mine for source in self._sources(call) if source not in inside]
        made = self._given(mine[-1], tuple(dict.fromkeys(reads)))
        return replace(made, kind=stage.label, place=self.numbers[mine[0].name], stands=len(mine), times=stage.times)

    def _given(self, call: ModelCall, reads: Sequence[str], why: str = "") -> GraphCall:
        name = self._name(call)
        self.arrays[f"{name}.{GIVEN}"] = np.asarray(call.output)
        read = tuple(self.outs[one][0] for one in reads if one in self.outs)
        unseen = tuple(one for one in reads if one not in self.outs)
        return GraphCall(name, call.kind, tuple(call.output.shape), arrays=(GIVEN,), why=why[:LONGEST_WHY],
                         reads=read or ("input",) * (not reads), unseen=unseen)  # fmt: skip

    def _sources(self, call: ModelCall) -> list[str]:
        """The calls that it reads, composites for those that they cover."""
        found = (self.shown.get(name, name) for name in call.reads)
        return [name for name in dict.fromkeys(found) if name != call.name and name not in call.covers]

    # ── what is computed ─────────────────────────────────────────────────────
    def _call(self, call: ModelCall) -> GraphCall:
        """A call that its layer computes; as the model gave it where there is none, or it gives other numbers."""
        sources = self._sources(call)
        why = self._unsound(call)
        if why is not None:
            return replace(self._given(call, sources, why), differs=call.agrees is False)
        found, (expected, _) = call.packed()  # type: ignore[misc]
        layer, name = LAYERS[found.layer], self._name(call)
        roles = {spec.name: spec.role for spec in layer.arrays}
        wires, own = [], []
        for array, value in found.arrays.items():
            wire = self._wire(array, np.asarray(value), sources) if roles.get(array, "input") != "weight" else None
            if wire:
                wires.append(wire)
            else:
                own.append(array)
                self.arrays[f"{name}.{array}"] = np.asarray(value)
        seen = expected.transpose(found.axes) if found.axes else expected
        back = tuple(int(k) for k in np.argsort(found.axes)) if found.axes else tuple(range(expected.ndim))
        wired = {wire.source for wire in wires}
        unseen = tuple(one for one in sources if one not in self.outs)
        reads = tuple(self.outs[one][0] for one in sources if one in self.outs and self.outs[one][0] not in wired)
        if "input" not in wired and self._reads_input(call):
            reads = ("input", *reads)
        return GraphCall(
            name, call.kind, tuple(expected.shape), found.layer, layer.config.of(found.options).shown(), tuple(wires),
            tuple(own), tuple(seen.shape), back, reads, unseen=unseen,
        )  # fmt: skip

    def _reads_input(self, call: ModelCall) -> bool:
        """Whether what goes into the model was given to it, of which its layer takes something else."""
        given = list(call.inputs.values())
        return any(way(self.arrays["input"], given[k]) for k in call.brought if k < len(given))

    def _unsound(self, call: ModelCall) -> str | None:
        """Why a call is not computed here; nothing where it is."""
        if call.packed is not None and call.layer in LAYERS:
            call.verify()
        if call.packed is None or call.layer is None:
            return call.why or f"{call.kind} is no layer that is known here"
        if call.layer not in LAYERS:
            return f"{call.layer} stands in no network here"
        return None if call.agrees else call.why or "its layer here gives other numbers"

    def _wire(self, array: str, value: Array, sources: Sequence[str]) -> GraphWire | None:
        """Where an array came from, if its numbers are those of something that is drawn."""
        for source, held in self._held(sources):
            found = way(held, value)
            if found:
                return GraphWire(array, source, found.shape, found.axes, tuple(value.shape), found.spans)
        return None

    def _held(self, sources: Sequence[str]) -> Iterator[tuple[str, Array]]:
        yield from (self.outs[one] for one in sources if one in self.outs)
        yield "input", self.arrays["input"]


def _result(call: ModelCall) -> Array:
    return call.packed()[1][0] if call.packed is not None else call.output
