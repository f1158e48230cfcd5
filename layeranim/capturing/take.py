"""``la.capture``: run a model once, and hold what it computed against the engine."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import partial
from typing import Any

from layeranim import catalog
from layeranim.capturing import functions, keras_model, onnx_graph, reading, recognise
from layeranim.capturing.captured import Capture, ModelCall
from layeranim.capturing.events import SHOWN, Event
from layeranim.capturing.recorder import Recorder
from layeranim.capturing.running import recorded
from layeranim.capturing.seen import numbered, refuse_unmatched
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, UsageError
from layeranim.inputs.module_run import first
from layeranim.inputs.module_sequences import unpacked


def captured(
    model: Any,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
    keep: str | Iterable[str] | None,
    check: bool,
    most: int,
) -> Capture:
    """The capture of ``model(*args, **kwargs)``; see ``la.capture``."""
    wanted = (keep,) if isinstance(keep, str) else tuple(keep) if keep is not None else None
    if onnx_graph.is_onnx(model):
        return onnx_graph.captured(model, args, kwargs, wanted, check, most)
    if keras_model.is_keras(model):
        return keras_model.captured(model, args, kwargs, wanted, check, most)
    recorder, output = recorded(model, args, kwargs, wanted, most)
    if wanted is not None:
        refuse_unmatched([entry.name for entry in recorder.entries if entry.kind in SHOWN], wanted)
    found = recognise.composites(recorder) if check and wanted is None else []
    calls = _calls(recorder, found)
    made = Capture(type(recorder.model).__name__, calls, _parameters(recorder), tuple(_notes(recorder, calls)), output)
    if check:
        for call in calls:
            call.verify()
    return made


def _calls(recorder: Recorder, composites: list[Event]) -> tuple[ModelCall, ...]:
    """Every call that computes something; a composite stands behind the last call that it covers."""
    shown = [entry for entry in (*recorder.entries, *composites) if entry.kind in SHOWN]
    shown.sort(key=lambda entry: (entry.at, bool(entry.covers)))
    for entry, name in zip(shown, numbered([entry.base for entry in shown]), strict=True):
        entry.name = name
    return tuple(_call(recorder, entry) for entry in shown)


def _call(recorder: Recorder, entry: Event) -> ModelCall:
    layer, options, why = None, {}, ""
    try:
        found = reading.read(entry)
        layer, options = found.layer, dict(found.options)
        catalog.layer(layer).config.of(options)
    except UsageError as error:
        layer, why = None, str(error)
    made = ModelCall(
        entry.name, entry.op, entry.shapes_in, entry.shapes_out, entry.weights, _count(recorder, entry.weights), layer,
        options, None, why, _sources(recorder, entry), tuple(recorder.entries[k].name for k in entry.covers
                                                              if recorder.entries[k].kind in SHOWN),
        partial(reading.given, entry), partial(reading.results, entry),
        brought=tuple(k for k, brought in enumerate(entry.brought) if brought),
    )  # fmt: skip
    if layer is not None:
        made.packed = partial(_packed, entry)
    return made


def _packed(entry: Event) -> tuple[Packed, tuple[Array, float]]:
    if reading.lost(entry):
        raise OptionError(f"{entry.name} was written to in place since it was captured")
    expected = first(entry.result.tree(), entry.op, lambda value: unpacked(value)[0])  # type: ignore[union-attr]
    return reading.read(entry), expected


def _sources(recorder: Recorder, entry: Event) -> tuple[str, ...]:
    """The calls that made what it reads, through whatever only carried it."""
    found: dict[str, None] = {}
    todo, seen = list(entry.reads), set[int]()
    while todo:
        at = todo.pop(0)
        if at in seen:
            continue
        seen.add(at)
        source = recorder.entries[at]
        if source.kind in SHOWN:
            found[source.name] = None
        elif source.op not in functions.SHAPED:
            todo += source.reads
    return tuple(found)


def _count(recorder: Recorder, weights: tuple[tuple[str, ...], ...]) -> int:
    return sum(recorder.counts[names[0]] for names in weights)


def _parameters(recorder: Recorder) -> int:
    return sum(math.prod(parameter.shape) for parameter in recorder.model.parameters())


def _notes(recorder: Recorder, calls: tuple[ModelCall, ...]) -> Iterable[str]:
    """What the numbers alone do not tell."""
    modules = [*recorder.model.modules()]
    drawing = {type(m).__name__ for m in modules if m.training and "Dropout" in type(m).__name__ and getattr(m, "p", 0)}
    moving = {type(m).__name__ for m in modules if m.training and "BatchNorm" in type(m).__name__}
    if drawing or moving:
        told = " and ".join(sorted(drawing | moving))
        yield f"the model is in training mode, so {told} took this run's draws and statistics; they were put back"
    if recorder.depending:
        times = f"{recorder.depending} times" if recorder.depending > 1 else "once"
        yield f"a number of a tensor was read {times}, so other inputs may take another way"
    if any(type(m).__name__ == "TransformerEncoder" and not m.training for m in modules):
        yield "TransformerEncoder ran without its fast path, which gives 0 at padded places"
    tied = {names for call in calls for names in call.weights if len(names) > 1}
    for names in sorted(tied):
        yield f"tied: {', '.join(names)} are one parameter"
