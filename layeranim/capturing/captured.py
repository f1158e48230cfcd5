"""What a capture holds: the calls of one run of a model, each with the layer of ours that gives the same numbers."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, overload

from layeranim import catalog
from layeranim.engine import memory
from layeranim.engine.array import shape_text
from layeranim.engine.option import suggest
from layeranim.engine.packing import Packed
from layeranim.engine.tables import aligned
from layeranim.engine.trace import Array, Shape, Trace
from layeranim.errors import OptionError, UsageError
from layeranim.inputs.module_run import agree
from layeranim.records import dataclass

NOT_KEPT = "its values were not kept; name it in keep"
Numbers = Callable[[], Mapping[str, Array]]


@dataclass(eq=False)
class ModelCall:
    """One call of a model.

    ``name`` is where it stands (``layer1.0.conv1``, ``encoder.add``; ``rec:2`` is ``rec`` when it runs again), ``kind``
    its class or function, ``layer`` the layer of ours that computes it, or ``None``.
    ``weights`` are the names that the model has for the parameters it takes part with: several where they are tied.
    ``agrees`` is ``True`` where our layer gives the model's own output, ``False`` where it does not, ``None`` where
    that was not asked or there is no layer; ``why`` then says the reason. ``reads`` are the places, among all calls, of
    those that made its inputs; ``covers`` the calls that a composite (attention written by hand) is made of.
    ``brought`` are those of its inputs, from 0, that nothing in the model made: the caller brought them.
    """

    name: str
    kind: str
    shapes_in: tuple[Shape, ...]
    shapes_out: tuple[Shape, ...]
    weights: tuple[tuple[str, ...], ...] = ()
    parameters: int = 0
    layer: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    agrees: bool | None = None
    why: str = ""
    reads: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    given: Numbers = field(default=dict, repr=False)
    results: Numbers = field(default=dict, repr=False)
    packed: Callable[[], tuple[Packed, tuple[Array, float]]] | None = field(default=None, repr=False)
    brought: tuple[int, ...] = ()

    @property
    def inputs(self) -> Mapping[str, Array]:
        """The tensors that it was given: ``input``, or ``input1``, ``input2``, …"""
        return self.given()

    @property
    def numberless(self) -> bool:
        """Whether what it gave has no numbers here, kept or not: it is sparse, or made inside ``vmap``."""
        return self.layer is None and self.why != NOT_KEPT and not self.results()

    @property
    def output(self) -> Array:
        """The tensor that it gave, or the first of several."""
        found = self.results()
        if not found:
            raise OptionError(f"{self.name} has no values: {self.why or 'they were not kept'}")
        return next(iter(found.values()))

    @property
    def outputs(self) -> Mapping[str, Array]:
        """All tensors that it gave: ``output``, or ``output1``, ``output2``, …"""
        return self.results()

    def trace(self, max_memory: int = memory.WIDEST) -> Trace:
        """The trace of the layer that computes it, held against what the model gave.

        Raises ``OptionError`` where there is no such layer, or it gives other numbers.
        """
        if self.packed is None or self.layer is None:
            raise OptionError(f"{self.name} is {self.kind}, which has its numbers here but no layer: {self.why}")
        with memory.budget(max_memory):
            made, found, expected = self._computed()
            agree(made, found, expected, self.name)
        return made

    def _computed(self) -> tuple[Trace, Packed, tuple[Array, float]]:
        """What our layer gives, and what the model gave."""
        found, expected = self.packed()  # type: ignore[misc]
        layer = catalog.layer(found.layer)
        return layer.compute(layer.config.of(found.options), found.arrays), found, expected

    def verify(self) -> None:
        """Compute it again, and note whether it agrees. What our layer refuses to compute has no layer here."""
        if self.packed is None:
            return
        self.agrees, self.why = None, ""
        try:
            made, found, expected = self._computed()
        except UsageError as error:
            self.layer, self.packed, self.why = None, None, str(error)
            return
        except MemoryError:
            self.why = "there is not enough memory to compute it again"
            return
        try:
            agree(made, found, expected, self.name)
        except UsageError as error:
            self.agrees, self.why = False, str(error)
        else:
            self.agrees = True

    def row(self) -> dict[str, Any]:
        """What the table says of it."""
        return {
            "name": self.name, "kind": self.kind, "layer": self.layer, "inputs": [list(s) for s in self.shapes_in],
            "outputs": [list(s) for s in self.shapes_out], "parameters": self.parameters,
            "weights": [list(names) for names in self.weights], "agrees": self.agrees, "why": self.why,
        }  # fmt: skip


class CallTable(Sequence[ModelCall]):
    """Calls in their order; printed, a table."""

    def __init__(self, calls: Sequence[ModelCall]) -> None:
        self._calls = tuple(calls)

    def __len__(self) -> int:
        return len(self._calls)

    @overload
    def __getitem__(self, at: int) -> ModelCall: ...
    @overload
    def __getitem__(self, at: slice) -> CallTable: ...
    def __getitem__(self, at: int | slice) -> ModelCall | CallTable:
        return CallTable(self._calls[at]) if isinstance(at, slice) else self._calls[at]

    def __repr__(self) -> str:
        titles = ("name", "kind", "layer", "in", "out", "parameters", "agrees")
        return aligned([titles, *map(_cells, self._calls)], right=("parameters",))


def _cells(call: ModelCall) -> tuple[str, ...]:
    tied = sum(len(names) > 1 for names in call.weights)
    parameters = f"{call.parameters:,}" + (" tied" if tied else "") if call.parameters else ""
    verdict = {True: "yes", False: "NO", None: "not checked" if call.layer else ""}[call.agrees]
    shapes = (", ".join(map(shape_text, shapes)) for shapes in (call.shapes_in, call.shapes_out))
    return (call.name, call.kind, call.layer or "–", *shapes, parameters, verdict)


@dataclass(eq=False)
class Capture:
    """The calls of one run of ``model``, in the order in which they ran.

    ``capture["layer1.0.conv1"]`` is a call by its name, ``capture.layers`` the table of all, ``capture.trace(name)``
    the numbers of one as a trace; ``la.render(capture, layer=name)`` its film.
    ``calls`` has those too that a composite covers. ``notes`` are lines that a reader of the table should know.
    """

    model: str
    calls: tuple[ModelCall, ...]
    parameters: int = 0
    notes: tuple[str, ...] = ()
    output: Any = field(default=None, repr=False)
    """What the model gave; not of a capture from a file."""

    @property
    def layers(self) -> CallTable:
        """The calls, composites in the place of what they are made of."""
        covered = {name for call in self.calls for name in call.covers}
        return CallTable([call for call in self.calls if call.name not in covered])

    @property
    def unmapped(self) -> CallTable:
        """The calls that no layer of ours computes."""
        return CallTable([call for call in self.layers if call.layer is None])

    @property
    def share(self) -> float:
        """The share of all calls that a layer of ours computes with the model's own result."""
        return sum(bool(call.agrees) for call in self.layers) / max(1, len(self.layers))

    def __len__(self) -> int:
        return len(self.calls)

    def __iter__(self) -> Iterator[ModelCall]:
        return iter(self.calls)

    def __getitem__(self, name: str | int) -> ModelCall:
        if isinstance(name, int):
            return self.calls[name]
        found = {call.name: call for call in self.calls}
        once = name.removesuffix(":1")
        if name in found or once in found:
            return found.get(name) or found[once]
        runs = [other for other in found if other.rpartition(":")[0] == name]
        if runs:
            raise OptionError(f"{name} runs {len(runs)} times; say which: {_listed(runs)}")
        inside = [call for call in found if call.startswith(f"{name}.")]
        if inside:
            raise OptionError(f"{name} has calls inside: {_listed(inside)}")
        raise OptionError(f"no call {name!r}{suggest(name, found)}; there are {_listed(list(found))}")

    def __contains__(self, name: object) -> bool:
        return any(call.name == name for call in self.calls)

    def trace(self, name: str, max_memory: int = memory.WIDEST) -> Trace:
        """The trace of a call, held against what the model gave. Raises ``OptionError`` where there is none."""
        return self[name].trace(max_memory)

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
        """Write it to an ``.npz`` file, complete or not at all; ``la.load_capture`` reads it, without the model."""
        from layeranim.capturing import file_writing

        file_writing.save(self, path, overwrite)

    def to_dict(self) -> dict[str, Any]:
        """The table as JSON can hold it."""
        return {"model": self.model, "parameters": self.parameters, "notes": list(self.notes),
                "layers": [call.row() for call in self.layers]}  # fmt: skip

    def __repr__(self) -> str:
        layers = self.layers
        known, agree = sum(call.layer is not None for call in layers), sum(call.agrees is True for call in layers)
        said = [f"{self.model}: {len(layers)} calls, {known} with a layer here, {agree} of them agree; "
                f"{self.parameters:,} parameters"]  # fmt: skip
        wrong = [f"{call.name}: {call.why}" for call in layers if call.agrees is False]
        return "\n".join((repr(layers), *said, *wrong, *self.notes))


def _listed(names: list[str]) -> str:
    return ", ".join(names if len(names) <= 12 else [*names[:11], f"… and {len(names) - 11} more"])
