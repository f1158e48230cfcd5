"""Which calls of a model a film has room for: each alone, an activation with what it bends, blocks that are closed.

Of the ways to see a model the finest is taken that has room: every call; then activations, norms and dropout with the
call before them; then the modules of one depth, all of them closed, those that are alike one after another as one,
``× 12``. Where there is room left, the first of those is opened, as finely. Else what lies in the middle is folded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from layeranim.capturing.captured import ModelCall
from layeranim.engine.graph_calls import LAYERS, GraphCall
from layeranim.records import dataclass

MARKS = ("activation", "batchnorm", "dropout", "flatten", "layernorm", "pad", "softmax")
"""Layers that may be drawn as one with the call before them."""


@dataclass(frozen=True)
class OutlinedStage:
    """Calls, by their places from 0, that stand as one; ``closed`` ones are not drawn one by one.

    ``label`` is the module that they are, where they are one; ``times`` how many alike stand there one after another.
    """

    calls: tuple[int, ...]
    label: str = ""
    times: int = 1
    closed: bool = False


def outline(calls: Sequence[ModelCall], room: int, alone: Collection[int] = ()) -> list[OutlinedStage]:
    """The stages of a model, ``room`` of them at most but for those around calls that stand ``alone``."""
    room = max(3, room - 2 * len(alone))
    found = next((one for one in _views(calls) if len(one) <= room), None)
    if found is None:
        found = _middle(_collapsed(calls, range(len(calls)), 1), room)
    found = _opened(calls, found, room)
    return [part for stage in found for part in _apart(stage, alone)]


def sketched(calls: Sequence[ModelCall], stage: OutlinedStage) -> tuple[GraphCall, ...]:
    """The calls of a stage as far as they have words: what they are called, how large what they make is."""
    if not stage.closed:
        return tuple(_sketch(calls[k], k) for k in stage.calls)
    learnt = sum(calls[k].parameters for k in stage.calls)
    last = _sketch(calls[stage.calls[-1]], stage.calls[0])
    return (replace(last, kind=stage.label, layer="", options={}, stands=len(stage.calls), times=stage.times,
                    parameters=learnt),)  # fmt: skip


def _sketch(call: ModelCall, place: int) -> GraphCall:
    made = call.shapes_out[0] if call.shapes_out else ()
    layer = call.layer if call.layer in LAYERS else ""
    return GraphCall(call.name, call.kind, made, layer or "", dict(call.options) if layer else {}, place=place + 1,
                     parameters=call.parameters)  # fmt: skip


def source_names(calls: Sequence[ModelCall]) -> dict[str, str]:
    """Where a call's result is shown: a composite's, for the calls that it covers."""
    return {name: call.name for call in calls for name in (*call.covers, call.name)}


def _views(calls: Sequence[ModelCall]) -> list[list[OutlinedStage]]:
    """The ways to see a model, the finest first."""
    return _inside(calls, range(len(calls)), 0)


def _inside(calls: Sequence[ModelCall], places: Sequence[int], depth: int) -> list[list[OutlinedStage]]:
    """The ways to see those calls, modules deeper than that closed at last, the finest first."""
    deep = max((len(_path(calls[k])) for k in places), default=1)
    return [_every(places), _marked(calls, places),
            *(_collapsed(calls, places, one) for one in range(deep - 1, depth, -1))]  # fmt: skip


def _every(places: Sequence[int]) -> list[OutlinedStage]:
    return [OutlinedStage((k,)) for k in places]


def _path(call: ModelCall) -> tuple[str, ...]:
    """The modules that a call stands in, and its own name."""
    return tuple(call.name.partition(":")[0].split("."))


def _marked(calls: Sequence[ModelCall], places: Sequence[int]) -> list[OutlinedStage]:
    """Each call with those marks after it that alone read it."""
    shown = source_names(calls)
    readers = Counter(shown.get(name, name) for call in calls for name in dict.fromkeys(call.reads))
    found: list[OutlinedStage] = []
    for k in places:
        call = calls[k]
        before = found[-1].calls[-1] if found else -1
        alone = before == k - 1 and k > 0 and [shown.get(name) for name in call.reads] == [calls[before].name]
        if found and alone and call.layer in MARKS and readers[calls[before].name] == 1 and k < len(calls) - 1:
            found[-1] = replace(found[-1], calls=(*found[-1].calls, k))
        else:
            found.append(OutlinedStage((k,)))
    return found


def _collapsed(calls: Sequence[ModelCall], within: Sequence[int], depth: int) -> list[OutlinedStage]:
    """The modules of a depth closed, alike ones as one; what stands outside of them with its marks."""
    blocks: list[tuple[tuple[str, ...], list[int]]] = []
    for k in within:
        path = _path(calls[k])
        key = path[:depth] if len(path) > depth else ()
        if blocks and blocks[-1][0] == key:
            blocks[-1][1].append(k)
        else:
            blocks.append((key, [k]))
    found: list[OutlinedStage] = []
    for key, places in blocks:
        if not key or len(places) == 1:
            found += _marked(calls, places)
            continue
        stage = OutlinedStage(tuple(places), ".".join(key), closed=True)
        if found and found[-1].closed and _alike(calls, found[-1], stage):
            found[-1] = replace(found[-1], calls=(*found[-1].calls, *places), times=found[-1].times + 1)
        else:
            found.append(stage)
    return found


def _alike(calls: Sequence[ModelCall], one: OutlinedStage, other: OutlinedStage) -> bool:
    """Whether two blocks make the same calls, of the same sizes."""
    first = one.calls[: len(one.calls) // one.times]
    beside = one.label.rpartition(".")[0] == other.label.rpartition(".")[0]
    depth = len(one.label.split("."))

    def told(k: int) -> tuple[object, ...]:
        call = calls[k]
        return _path(call)[depth:], call.kind, call.layer, call.parameters, call.shapes_in, call.shapes_out

    return beside and [told(k) for k in first] == [told(k) for k in other.calls]


def _opened(calls: Sequence[ModelCall], stages: list[OutlinedStage], room: int) -> list[OutlinedStage]:
    """The first of blocks that are alike, as finely as there is room for it beside the others."""
    for at, stage in enumerate(stages):
        if stage.times < 2:
            continue
        size = len(stage.calls) // stage.times
        first, left = stage.calls[:size], stage.calls[size:]
        rest = OutlinedStage(left, _label(calls, stage, left[0]), stage.times - 1, closed=True)
        for inner in _inside(calls, first, len(stage.label.split("."))):
            if len(stages) + len(inner) <= room:
                return [*stages[:at], *inner, rest, *stages[at + 1 :]]
    return stages


def _label(calls: Sequence[ModelCall], stage: OutlinedStage, place: int) -> str:
    """The module, as deep as that of the stage, that a call stands in."""
    return ".".join(_path(calls[place])[: len(stage.label.split("."))])


def _middle(stages: list[OutlinedStage], room: int) -> list[OutlinedStage]:
    """The first and the last stages, and what lies between them as one."""
    head = room // 2
    tail = room - head - 1
    between = stages[head : len(stages) - tail]
    folded = OutlinedStage(tuple(k for stage in between for k in stage.calls), closed=True)
    return [*stages[:head], folded, *stages[len(stages) - tail :]]


def _apart(stage: OutlinedStage, alone: Collection[int]) -> list[OutlinedStage]:
    """A stage, or its parts around the calls that stand alone."""
    if len(stage.calls) == 1 or not {*stage.calls} & {*alone}:
        return [stage]
    parts: list[list[int]] = [[]]
    for k in stage.calls:
        if k in alone:
            parts += [[k], []]
        else:
            parts[-1].append(k)
    return [OutlinedStage(tuple(part), closed=stage.closed and len(part) > 1) for part in parts if part]
