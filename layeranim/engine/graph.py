"""The calls of a model that was captured, as one trace: any layers, each reading what others wrote, or the input.

What a call reads may be turned, reshaped or cut out of what another one wrote; then a step ``arrange`` stands between
them. Tensors and axes carry the call's name in front: ``conv1.kernel``, ``conv1.output``. What no layer here computes
stands as the model gave it: one step ``arrange`` takes ``<name>.given`` over, and nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from layeranim.engine import window
from layeranim.engine.array import shape_text
from layeranim.engine.compose import Part, from_file, union
from layeranim.engine.graph_calls import GIVEN, LAYERS, GraphCall, GraphText, GraphWire, calls_of, text
from layeranim.engine.option import ArrayOption, Config, Layer, option
from layeranim.engine.rearrange import arrange, kept
from layeranim.engine.trace import Array, Region, Role, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.errors import OptionError, ShapeError
from layeranim.records import dataclass

RESULTS = ("output", "loss", "losses")
"""What a layer calls that which a model's call gives."""
_DEFAULT = text([GraphCall("x", "call", (2, 3), arrays=(GIVEN,), reads=("input",))])


@dataclass(frozen=True, kw_only=True)
class GraphConfig(Config):
    """Options of a model's calls."""

    calls: str = option(GraphText(), _DEFAULT, "the calls in their order, as la.capture found them")


def complete(config: GraphConfig, shapes: Mapping[str, Shape | None]) -> tuple[GraphConfig, dict[str, Shape]]:
    """The shape of every array that is given, by its name in the whole: ``input``, then ``<call>.<array>``.

    Of one call that is given ``input`` (batch, features) gives ``output`` (batch, features).
    Raises ``OptionError`` for an array that belongs to no call.
    """
    known, needed = _names(config), {name: shape for name, shape in shapes.items() if shape is not None}
    if unknown := [name for name in needed if name not in known]:
        raise OptionError(f"{unknown[0]} is of no call; a network's arrays are {', '.join(known)[:200]}")
    for name, shape in needed.items():
        window.affordable(name, shape)
    return config, needed


def _names(config: GraphConfig) -> tuple[str, ...]:
    """All arrays: what goes in, and what each call is given besides."""
    calls = calls_of(config.calls)
    outside = (source for call in calls for source in call.sources if "." not in source)
    own = (f"{call.name}.{array}" for call in calls for array in call.arrays)
    return tuple(dict.fromkeys(("input", *outside, *own)))


def compute(config: GraphConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all calls. Raises ``OptionError`` for an array that is missing or of no call, and ``ShapeError`` for
    one that does not fit."""
    full, _ = complete(config, {name: array.shape for name, array in arrays.items()})
    if missing := [name for name in _names(full) if name not in arrays]:
        raise OptionError(f"{missing[0]} is missing; a network's arrays are {', '.join(_names(full))[:200]}")
    return _trace(full, arrays)


@dataclass(frozen=True)
class GraphDone:
    """One call that was computed: its tensors and steps in the names of the whole, and what came out."""

    tensors: Mapping[str, Tensor]
    steps: Steps
    out: Tensor


def _trace(config: GraphConfig, ready: Mapping[str, Array]) -> Trace:
    calls = calls_of(config.calls)
    held = _inputs(ready, calls)
    every, steps = [dict(held)], []
    for call in calls:
        own = {array: ready[f"{call.name}.{array}"] for array in call.arrays}
        done = (
            _computed(call, own, held, call is calls[-1]) if call.layer else _given(call, own, held, call is calls[-1])
        )
        held[f"{call.name}.output"] = done.out
        every.append(dict(done.tensors))
        steps.append(done.steps)
    facts: dict[str, int | float | str] = {
        "calls": sum(call.stands for call in calls), "parameters": sum(call.parameters for call in calls)
    }  # fmt: skip
    return Trace("network", config, union(every), Steps.chain(*steps), facts)


def _inputs(ready: Mapping[str, Array], calls: list[GraphCall]) -> dict[str, Tensor]:
    """What goes in. The axis that who reads it first takes for samples is ``batch``, of as many in every input."""
    held, most = dict[str, Tensor](), 0
    for name in sorted((name for name in ready if "." not in name), key=lambda name: (len(name), name)):
        x = ready[name]
        axes = [f"{name}_{k}" for k in range(x.ndim)]
        wire = next((wire for call in calls for wire in call.wires if wire.source == name), None)
        at = wire.axes[0] if wire and wire.axes and wire.shape == x.shape and not wire.spans else 0
        alone = x.ndim < 2 or bool(wire and len(wire.entry) > x.ndim)
        if not alone and x.shape[at] == (most or x.shape[at]):
            axes[at], most = "batch", x.shape[at]
        held[name] = Tensor(name, tuple(axes), "input", x)
    return held


def _given(call: GraphCall, own: Mapping[str, Array], held: Mapping[str, Tensor], last: bool) -> GraphDone:
    """What the model gave, taken over; its first axis are samples where those of what it reads are as many."""
    array, name = own[GIVEN], f"{call.name}.{GIVEN}"
    first = next((held[source] for source in call.sources if source in held), None)
    axes = tuple(f"{call.name}.axis_{k}" for k in range(array.ndim))
    if first is not None and first.axes[:1] == ("batch",) and array.ndim and first.shape[0] == array.shape[0]:
        axes = first.axes if first.shape == array.shape else ("batch", *axes[1:])
    before = Tensor(name, axes, "input", array)
    out = Tensor(_out(call, last), axes, "output" if last else "intermediate", array)
    step = _arranging(before, (), out, array.shape, tuple(range(array.ndim)))
    return GraphDone(tensors(before, out), Steps.chain([step]), out)


def _out(call: GraphCall, last: bool) -> str:
    return "output" if last else f"{call.name}.output"


def _arranging(
    before: Tensor, where: tuple[tuple[str, range], ...], after: Tensor, shape: Shape, axes: tuple[int, ...]
) -> Step:
    how = (("shape", shape), ("axes", axes), ("entry", after.shape))
    return Step("arrange", (Region(before.name, where),), Region(after.name), how)


def _computed(call: GraphCall, own: Mapping[str, Array], held: Mapping[str, Tensor], last: bool) -> GraphDone:
    """A call's layer on what it reads, in the names of the whole."""
    layer = LAYERS[call.layer]
    read = {wire.array: _read(wire, held[wire.source]) for wire in call.wires}
    trace = layer.compute(call.config, {**own, **read})
    result = next(name for name in RESULTS if name in trace)
    prefix = f"{call.name}."
    entries = list(_entered(call, trace, held, read))
    first = entries[0].axes if entries else _alone(trace[result], trace.axes(result), held["input"])
    plain = trace[result].shape == call.made and call.axes == tuple(range(len(call.made)))
    written = _out(call, last) if plain else f"{prefix}folded"
    role: Role = "output" if last and plain else "intermediate"
    roles: dict[str, Role] = {name: "intermediate" for name, t in trace.tensors.items() if t.role == "output"}
    part = Part(
        prefix,
        names={one.wire.array: one.tensor.name for one in entries} | {result: written},
        axes={"batch": f"{prefix}batch", **first},
        axis_prefix=prefix,
        roles={one.wire.array: one.tensor.role for one in entries} | roles | {result: role},
    )
    inside = part.tensors(trace)
    before = [tensors(one.tensor) for one in entries if one.step]
    begun = [[one.step] for one in entries if one.step]
    wrote = inside[written]
    if plain:
        return GraphDone(union([*before, inside]), Steps.chain(*begun, part.steps(trace)), wrote)
    after = Tensor(_out(call, last), _made_axes(call, wrote, entries, held), "output" if last else "intermediate",
                   arrange(wrote.array, shape=call.shape, axes=call.axes, entry=call.made))  # fmt: skip
    ended = [_arranging(wrote, (), after, call.shape, call.axes)]
    return GraphDone(union([*before, inside, tensors(after)]), Steps.chain(*begun, part.steps(trace), ended), after)


def _alone(made: Array, axes: tuple[str, ...], given: Tensor) -> dict[str, str]:
    """Of a layer that reads nothing drawn: its samples are those of the whole, where they are as many."""
    sampled = axes[:1] == given.axes[:1] == ("batch",) and len(made) == given.shape[0]
    return {"batch": "batch"} if sampled else {}


def _read(wire: GraphWire, source: Tensor) -> Array:
    """What a wire brings. Raises ``ShapeError`` where the source has other sizes."""
    part = source.read(Region(source.name, _where(wire, source)))
    if count(part.shape) != count(wire.shape):
        raise ShapeError(f"{wire.array} sees {shape_text(wire.shape)}, but {source.name} has {shape_text(part.shape)}")
    return arrange(part, shape=wire.shape, axes=wire.axes, entry=wire.entry)


def _where(wire: GraphWire, source: Tensor) -> tuple[tuple[str, range], ...]:
    return tuple((source.axes[axis], range(start, stop)) for axis, start, stop in wire.spans)


@dataclass(frozen=True)
class GraphEntry:
    """What a layer reads by a wire: the tensor itself, or one that a step makes of it; and of the first one what the
    layer's axes are called in the whole."""

    wire: GraphWire
    tensor: Tensor
    step: Step | None
    axes: Mapping[str, str]


def _entered(
    call: GraphCall, trace: Trace, held: Mapping[str, Tensor], read: Mapping[str, Array]
) -> Iterator[GraphEntry]:
    """What the layer reads. The axes of the first keep the names that they have in the whole; of another one that goes
    by other names there, a step makes a tensor with the layer's own."""
    prefix, known = f"{call.name}.", dict[str, str]()
    for wire in sorted(call.wires, key=lambda wire: [*trace].index(wire.array)):
        source, inner = held[wire.source], trace.axes(wire.array)
        same = not wire.spans and wire.entry == source.shape and wire.axes == tuple(range(len(source.shape)))
        first = not known
        if first:
            seen = source.axes if same else _seen(wire, source, f"{prefix}entry")
            outer = seen if len(seen) == len(inner) and len(set(seen)) == len(seen) else ()
            named = {a: b for a, b in zip(inner, outer, strict=bool(outer)) if not b.startswith(f"{prefix}entry")}
            known = {"batch": f"{prefix}batch", **named}
        names = tuple(known.get(axis, prefix + axis) for axis in inner)
        if same and names == source.axes:
            yield GraphEntry(wire, source, None, known if first else {})
            continue
        made = Tensor(f"{prefix}{wire.array}", names, "intermediate", read[wire.array].reshape(trace[wire.array].shape))
        yield GraphEntry(wire, made, _arranging(source, _where(wire, source), made, wire.shape, wire.axes),
                         known if first else {})  # fmt: skip


def _seen(wire: GraphWire, source: Tensor, label: str) -> tuple[str, ...]:
    """The names of the axes of what a wire brings: those of the source that it leaves whole, others of its own."""
    seen = kept(*_part(wire, source, label), wire.shape, f"{label}_seen")
    turned = tuple(seen[axis] for axis in wire.axes)
    return kept(tuple(wire.shape[axis] for axis in wire.axes), turned, wire.entry, label)


def _part(wire: GraphWire, source: Tensor, label: str) -> tuple[Shape, tuple[str, ...]]:
    """The sizes and the names of the axes of what a wire cuts out."""
    cut = {axis: stop - start for axis, start, stop in wire.spans}
    sizes = tuple(cut.get(k, n) for k, n in enumerate(source.shape))
    return sizes, tuple(f"{label}_cut_{k}" if k in cut else axis for k, axis in enumerate(source.axes))


def _made_axes(
    call: GraphCall, wrote: Tensor, entries: list[GraphEntry], held: Mapping[str, Tensor]
) -> tuple[str, ...]:
    """The axes of what the model gave: those that its layer wrote whole, and in front of them those of what it read
    that were folded for the layer. Of what calls made that are not drawn the first are samples, if they are as many."""
    label = f"{call.name}.made"
    seen = list(kept(wrote.shape, wrote.axes, call.shape, label))
    if entries:
        wire = entries[0].wire
        names = kept(*_part(wire, held[wire.source], label), wire.shape, label)
        for k, axis in enumerate(wire.axes[: len(seen)]):
            free = seen[k].startswith(f"{label}_") and names[axis] not in seen
            if not free or call.shape[k] != wire.shape[axis]:
                break
            seen[k] = names[axis]
    elif call.unseen and held["input"].axes[:1] == ("batch",) and call.shape[0] == held["input"].shape[0]:
        seen[0] = "batch" if len(call.shape) > 1 else seen[0]
    turned = [seen[axis] for axis in call.axes]
    return kept(tuple(call.shape[axis] for axis in call.axes), turned, call.made, f"{label}_out")


def assemble(config: GraphConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: made again, with the stored numbers in place of those computed again."""
    return from_file(_trace(config, {name: saved[name].array for name in _names(config)}), saved)


GRAPH = Layer(
    name="network",
    title="The calls of a model",
    config=GraphConfig,
    arrays=(ArrayOption("input", (), "input", "what goes into the model"),),
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="y = f_n(…), each call reading the input or what calls before it wrote",
    source="la.capture",
    inner=lambda word: word if "." in word else None,
)
