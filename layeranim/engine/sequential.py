"""Layers one after another, each reading what the one before it wrote: ``torch.nn.Sequential``.

A layer here may want other axes than the one before it wrote (a dense layer reads rows). Then one step ``arrange``
stands between them: the same numbers, axes turned, shape changed; where leading axes were folded into rows for it, one
more unfolds what it wrote (``0.folded`` into ``0.output``). Tensors and axes carry the layer's name in front:
``0.kernel``, ``0.output``; an axis that all of this leaves whole keeps its name, and samples lie along ``batch``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from layeranim.engine import door, window
from layeranim.engine.array import shape_text
from layeranim.engine.backward import beside, passed_back, starts
from layeranim.engine.compose import Part, from_file, union
from layeranim.engine.links import LAYERS, Link, LinkRow, links_of, text
from layeranim.engine.memory import named
from layeranim.engine.option import ArrayOption, Config, Layer, option
from layeranim.engine.rearrange import arrange, input_axes, kept, reshaped, turned, turned_axes, unfolded
from layeranim.engine.refit import refitted
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.errors import OptionError, ShapeError, UsageError
from layeranim.records import dataclass

_DEFAULT = text(
    [
        Link("0", "dense", {"units": "3"}, (1, 2), (0, 1), (1, 2), ("weight", "bias")),
        Link("1", "activation", {"activation": "relu"}, (1, 3), (0, 1), (1, 3)),
    ]
)


@dataclass(frozen=True, kw_only=True)
class SequentialConfig(Config):
    """Options of layers in a row."""

    layers: str = option(LinkRow(), _DEFAULT, "the layers in their order, as la.from_torch writes them")


def complete(config: SequentialConfig, shapes: Mapping[str, Shape | None]) -> tuple[SequentialConfig, dict[str, Shape]]:
    """The shape of every array by its name in the whole: ``input``, then ``<name>.<array>``.

    Of dense layers the first one's ``input`` (batch, features) gives the last one's ``output`` (batch, out_features).
    Of another number of samples or steps than the layers were written for they are, where these weights can be, those
    for as many.
    """
    links = links_of(config.layers)
    first = links[0].shape
    given = shapes.get("input") or first
    alone = (1,) * (len(first) - len(given)) + given  # a sample, a map without the axis of all of them
    other = None if alone == first else refitted(links, given, shapes)
    if other:  # more steps, or samples, than it was written for
        config, links, first = replace(config, layers=text(other)), other, other[0].shape
    taken = first if alone == first or other else given
    needed = {"input": door.fitting("input", taken, first, "as the first layer reads it")}
    for link in links:
        prefix = f"{link.name}."
        own = {n.removeprefix(prefix): s for n, s in shapes.items() if n.startswith(prefix)}
        try:
            _, found = LAYERS[link.layer].complete(link.config, {link.reads: link.entry, **own})
        except UsageError as error:
            raise type(error)(f"{prefix}{error}") from None
        needed |= {prefix + name: shape for name, shape in found.items() if name != link.reads}
    for name, shape in needed.items():
        window.affordable(name, shape)
    door.known(shapes, needed, "sequential")
    return config, needed


def makes(config: SequentialConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What every layer makes, and what it reads, turned."""
    made: dict[str, Shape] = {}
    for link in links_of(config.layers):
        prefix, layer = f"{link.name}.", LAYERS[link.layer]
        own = {n.removeprefix(prefix): s for n, s in shapes.items() if n.startswith(prefix)}
        full, needed = layer.complete(link.config, {link.reads: link.entry, **own})
        inner = layer.makes(full, needed) if layer.makes else {}
        made |= {f"{prefix}entry": link.entry, **named(prefix, inner)}
        whole = unfolded(link, inner.get("output", ()))
        made |= {f"{prefix}unfolded": whole} if whole else {}
    return made


def compute(config: SequentialConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all layers. Raises ``ShapeError`` or ``OptionError`` for what does not go together."""
    apart = [name for name in arrays if name.rpartition(".")[2] in ("lengths", "mask", "key_mask")]
    if links_of(config.layers)[0].layer == "embedding":
        apart.append("input")
    taken = door.take(arrays, apart)
    full, needed = complete(config, {name: array.shape for name, array in taken.items()})
    return _trace(full, door.shaped(taken, needed, "sequential"))


@dataclass(frozen=True)
class ChainDone:
    """One layer that was computed: what it reads (``before``, or ``entry`` made of it), its trace and its names, and
    what it wrote (``after``, which may be made of ``written``)."""

    link: Link
    before: Tensor
    entry: Tensor
    trace: Trace
    part: Part
    written: Tensor
    after: Tensor

    @property
    def tensors(self) -> dict[str, Tensor]:
        """Its tensors in the names of the whole."""
        arranged = {} if self.entry is self.before else tensors(self.entry)
        last = {} if self.after is self.written else tensors(self.after)
        return arranged | self.part.tensors(self.trace) | last

    @property
    def steps(self) -> Steps:
        """Its steps in the names of the whole."""
        how = (("shape", self.link.shape), ("axes", self.link.axes), ("entry", self.link.entry))
        arranged = Step("arrange", (Region(self.before.name),), Region(self.entry.name), how)
        first = [] if self.entry is self.before else [[arranged]]
        last = [] if self.after is self.written else [[reshaped(self.written, self.after)]]
        return Steps.chain(*first, self.part.steps(self.trace), *last)


def _forwards(config: SequentialConfig, ready: Mapping[str, Array]) -> list[ChainDone]:
    links = links_of(config.layers)
    x = ready["input"]
    before, done = Tensor("input", input_axes(links[0], x.ndim), "input", x), []
    for link in links:
        entry, prefix, last = _arranged(before, link), f"{link.name}.", link is links[-1]
        own = {n.removeprefix(prefix): a for n, a in ready.items() if n.startswith(prefix)}
        trace = LAYERS[link.layer].compute(link.config, {link.reads: entry.array, **own})
        whole = unfolded(link, trace["output"].shape)
        name = "output" if last else f"{prefix}output"
        inner: Any = {n: "intermediate" for n, t in trace.tensors.items() if t.role == "output"}
        part = Part(
            prefix,
            names={link.reads: entry.name, "output": f"{prefix}folded" if whole else name},
            axes={"batch": f"{prefix}batch"} | dict(zip(trace.axes(link.reads), entry.axes, strict=True)),
            axis_prefix=prefix,
            roles={link.reads: entry.role} | ({} if last and not whole else inner),
        )
        written = after = part.tensors(trace)[part.name("output")]
        if whole:
            axes = *turned_axes(before, link)[: 1 + len(whole) - written.array.ndim], *written.axes[1:]
            after = Tensor(name, axes, "output" if last else "intermediate", written.array.reshape(whole))
        done.append(ChainDone(link, before, entry, trace, part, written, after))
        before = after
    return done


def _trace(config: SequentialConfig, ready: Mapping[str, Array]) -> Trace:
    done = _forwards(config, ready)
    every = union([tensors(done[0].before), *(item.tensors for item in done)])
    learnt = [t for n, t in every.items() if t.role == "weight" and not t.is_recipe and ".running_" not in n]
    facts: dict[str, int | float | str] = {"layers": len(done), "parameters": sum(count(t.shape) for t in learnt)}
    return Trace("sequential", config, every, Steps.chain(*(item.steps for item in done)), facts)


def backward(trace: Trace, gradients: Mapping[str, Array]) -> Trace:
    """The gradient of ``output`` back through every layer to ``input`` and all weights, where the first layer has one.

    Raises ``OptionError`` for a gradient of another tensor, ``ShapeError`` for one of another shape.
    """
    config: Any = trace.config
    given = starts(trace, gradients, "output")
    g, made = given["output"], []
    steps: list[Sequence[Step]] = []
    for item in reversed(_forwards(config, _ready(config, trace.tensors))):
        if item.after is not item.written:
            made.append(tensors(replace(item.after, name=f"grad_{item.after.name}", role="intermediate", source=g)))
            g = g.reshape(item.written.shape)
            folded = replace(item.written, name=f"grad_{item.written.name}", role="intermediate", source=g)
            made.append(tensors(folded))
            steps.append([reshaped(replace(item.after, name=f"grad_{item.after.name}"), folded)])
        run = LAYERS[item.link.layer].backward
        if run is None:
            raise OptionError(f"{item.link.name} is {item.link.layer}, which has no backward pass")
        back = run(item.trace, {"output": g})
        of_weights = [f"grad_{n}" for n, t in item.trace.tensors.items() if t.role == "weight"]
        roles: Any = {n: "output" if n in of_weights else "intermediate" for n in back if n.startswith("grad_")}
        part = replace(item.part, roles={**item.part.roles, **roles})
        found = part.tensors(back)
        made.append(found)
        steps.append(part.steps(back))
        name = f"grad_{item.entry.name}"
        if name not in found:
            break  # ids have no gradient
        g = found[name].array
        if item.entry is not item.before:
            turned = tuple(item.link.shape[axis] for axis in item.link.axes)
            how: Any = {"shape": turned, "axes": _inverse(item.link.axes), "entry": item.before.shape}
            g = arrange(g, **how)
            made.append(tensors(Tensor(f"grad_{item.before.name}", item.before.axes, "intermediate", g)))
            step = Step("arrange", (Region(name),), Region(f"grad_{item.before.name}"), tuple(how.items()))
            steps.append([step])
    every = union(made)
    ends: Any = {"grad_output": "input", "grad_input": "output"}
    every = {name: replace(tensor, role=ends.get(name, tensor.role)) for name, tensor in every.items()}
    own = {n: t for n, t in every.items() if n not in trace.tensors}
    return passed_back(trace, given, beside(trace, *own.values()), Steps.chain(*steps))


def _inverse(axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(axes.index(k) for k in range(len(axes)))


def _arranged(before: Tensor, link: Link) -> Tensor:
    """What the layer reads: what was written before, or a rearrangement of it."""
    if before.shape == link.entry and link.axes == tuple(range(len(link.axes))):
        return before
    if count(before.shape) != count(link.shape):
        raise ShapeError(
            f"{link.name} sees {shape_text(link.shape)}, but what comes before it is {shape_text(before.shape)}"
        )
    array = arrange(before.array, shape=link.shape, axes=link.axes, entry=link.entry)
    axes = kept(turned(link), turned_axes(before, link), link.entry, f"{link.name}.entry")
    return Tensor(f"{link.name}.entry", axes, "intermediate", array)


def assemble(config: SequentialConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: made again, with the stored numbers in place of those computed again."""
    return from_file(_trace(config, _ready(config, saved)), saved)


def _ready(config: SequentialConfig, held: Mapping[str, Tensor]) -> dict[str, Array]:
    names = ["input", *(f"{link.name}.{name}" for link in links_of(config.layers) for name in link.arrays)]
    return {name: held[name].array for name in names}


SEQUENTIAL = Layer(
    name="sequential",
    title="Layers in a row",
    config=SequentialConfig,
    arrays=(ArrayOption("input", (), "input", "what the first layer reads"),),
    complete=complete,
    compute=compute,
    assemble=assemble,
    backward=backward,
    makes=makes,
    back=2.0,
    formula="y = f_n(… f_2(f_1(x)))",
    source="torch.nn.Sequential",
    inner=lambda word: word if "." in word else None,  # a module's name, which is anything, and its array's
)
