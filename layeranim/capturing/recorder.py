"""What a model calls while it runs: modules that are known as one call each, and every function outside of them.

A ``TorchFunctionMode`` sees the functions as they are written (``F.relu``, ``+``, ``@``); hooks before and after every
module tell where they stand, and take a known module of ``torch.nn`` as one call with what is inside it.
"""

from __future__ import annotations

import weakref
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import field
from functools import cache
from typing import Any

from layeranim.capturing import functions, reading
from layeranim.capturing.events import SHOWN, Event, Span
from layeranim.capturing.kept import Kept, TensorKeeper, Tree, has_numbers, torch_module
from layeranim.capturing.seen import asked_for
from layeranim.inputs.module_sequences import whole
from layeranim.inputs.modules import READERS
from layeranim.records import dataclass


@dataclass
class _Frame:
    module: Any
    path: str
    start: int = 0
    entry: Event | None = None
    given: Kept | None = None
    op: str = ""
    """Of a function that is opened its name."""


@dataclass
class Recorder:
    """The calls of one run, in their order."""

    model: Any
    wanted: tuple[str, ...] | None
    most: int
    entries: list[Event] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    depending: int = 0
    busy: bool = False

    def __post_init__(self) -> None:
        names: dict[int, list[str]] = {}
        self.counts: dict[str, int] = {}
        for name, parameter in self.model.named_parameters(remove_duplicate=False):
            names.setdefault(id(parameter), []).append(name)
            self.counts[name] = parameter.numel()
        self.parameters = {key: tuple(found) for key, found in names.items()}
        self._own = {id(tensor) for tensor in (*self.model.parameters(), *self.model.buffers())}
        self.paths = {id(m): n for n, m in reversed([*self.model.named_modules(remove_duplicate=False)])}
        self.keeper, self._made = TensorKeeper(), dict[int, tuple[Any, int, int]]()
        self._frames, self._count, self._failed = list[_Frame](), Counter[str](), ""
        self._living = defaultdict[int, list[Any]](list)
        self._storages, self._held, self.sizes = set[int](), 0, Counter[str]()

    @property
    def full(self) -> bool:
        """Whether more was to be kept than may be."""
        return self._held > self.most

    @property
    def where(self) -> str:
        """The module that raised, the innermost of those that are known or opened; nothing if none did."""
        return self._failed

    def begin(self, module: Any, args: Any, kwargs: Any) -> None:
        """Before a module runs."""
        if self.busy:
            return
        path = self.paths.get(id(module), type(module).__name__)
        frame = _Frame(module, path, len(self.entries))
        self._frames.append(frame)
        if self._inside(but=frame):
            return
        with _Busy(self):
            given = Tree((args, kwargs))
            if known(module):
                base = path or type(module).__name__
                frame.entry = self._noted("module", type(module).__name__, path, base, None, given)
                frame.entry.module = as_it_is(module, self.keeper)
                frame.entry.weights = self._names(module.parameters())
                if getattr(module, "inplace", False):
                    self.keeper.about_to_write(given.tensors)
            else:
                frame.given = self.keeper.keep(given)

    def end(self, module: Any, result: Any) -> None:
        """After a module ran, or raised: then there is no result."""
        if self.busy:
            return
        while self._frames and self._frames[-1].module is not module:
            self._frames.pop()  # what raised below it
        if not self._frames:
            return
        frame = self._frames.pop()
        if result is None:
            self._failed = self._failed or (frame.entry.name if frame.entry else frame.path)
        else:
            self._failed = ""
        if result is None or self._inside():
            return
        with _Busy(self):
            made = Tree(result)
            if frame.entry is not None:
                self._done(frame.entry, made)
            elif frame.given is not None:
                kept = self.keeper.keep(made)
                self.spans.append(Span(frame.path, module, frame.start, len(self.entries), frame.given, kept))

    def function(self, func: Any, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run a function, and note it."""
        op = functions.named(func)
        raw = functions.raw_name(func)
        if raw in functions.DEPENDING and not self.busy:
            self.depending += 1
        turned = raw == "__get__" and op in functions.WIRES  # x.T is a property
        if self.busy or self._inside() or op in functions.SILENT or (raw in ("__get__", "__set__") and not turned):
            return func(*args, **kwargs)
        inside = None if op in functions.WIRES | functions.MAKERS else functions.opened(func)
        inside = None if reading.known(op) and op not in functions.THIN else inside
        if inside is not None and not any(frame.module is func for frame in self._frames):
            return self._opened(inside, func, op, args, kwargs)
        with _Busy(self):
            kind = "wire" if op in functions.WIRES else "made" if op in functions.MAKERS else "function"
            path = self._frames[-1].path if self._frames else ""
            given = Tree((args, kwargs))
            entry = self._noted(kind, op, path, self._called(op), func, given)
            wrote = functions.writes(func, args, kwargs)
            if wrote:
                self.keeper.about_to_write(given.tensors)
        result = func(*args, **kwargs)
        with _Busy(self):
            made = Tree(result)
            if made.tensors:
                self._done(entry, made)
            if wrote and given.tensors:
                self._written(entry, made.tensors or given.tensors[:1])
        return result

    def _opened(self, inside: Callable[..., Any], func: Any, op: str, args: Any, kwargs: dict[str, Any]) -> Any:
        """Run a function as the calls that it is written in, as if it were a module that is opened."""
        self._frames.append(_Frame(func, self._called(op.removesuffix("_forward")), op=op))
        try:
            with mode_class()(self):
                return inside(*args, **kwargs)
        finally:
            while self._frames and self._frames.pop().module is not func:
                pass  # what raised below it

    def _called(self, op: str) -> str:
        """Where a function stands; one that an opened function of its name calls is that one itself."""
        frame = self._frames[-1] if self._frames else None
        return op if frame is None else frame.path if frame.op == op else f"{frame.path}.{op}".lstrip(".")

    def _written(self, entry: Event, into: list[Any]) -> None:
        """Whatever shares its memory with what a call wrote into has those numbers too: ``out[:, 0] = y``,
        ``out[0].copy_(y)``."""
        done = entry.at >= 0  # what it gives is what it wrote into
        for target in into:
            for one in self._sharing(target):
                if done and any(one is leaf for leaf in into):
                    continue
                came = ((entry.at, 0),) if done else entry.sources
                event = Event("made", "setitem", entry.path, "", None, (self._source(one), *came), (), ())
                event.constant = entry.constant and self._constant(one)
                event.of_nothing = entry.of_nothing and (not one.is_floating_point() or self._of_nothing([one]))
                event.brought, event.at = entry.brought, len(self.entries)
                self.entries.append(event)
                self._made[id(one)] = (weakref.ref(one), event.at, 0)

    def _sharing(self, tensor: Any) -> list[Any]:
        """The tensor, and all others that lie in the same part of memory, as far as calls gave them."""
        if not has_numbers(tensor):
            return [tensor]
        place = tensor.untyped_storage().data_ptr()
        living = [one for reference in self._living[place] if (one := reference()) is not None]
        found = {id(one): one for one in (tensor, tensor._base, *living) if one is not None}
        here = _extent(tensor)
        return [one for one in found.values()
                if one.untyped_storage().data_ptr() == place and _meet(here, _extent(one))]  # fmt: skip

    def _inside(self, but: _Frame | None = None) -> bool:
        """Whether a known module is running, whose inside is its own."""
        return any(frame.entry is not None for frame in self._frames if frame is not but)

    def _names(self, tensors: Any) -> tuple[tuple[str, ...], ...]:
        found = (self.parameters.get(id(tensor)) for tensor in tensors)
        return tuple(dict.fromkeys(names for names in found if names))

    def _noted(self, kind: str, op: str, path: str, base: str, func: Any, given: Tree) -> Event:
        leaves = given.tensors
        sources = tuple(self._source(leaf) for leaf in leaves)
        name = base
        if kind in SHOWN:
            self._count[base] += 1
            name = f"{base}:{self._count[base]}" if self._count[base] > 1 else base
        shapes = tuple(tuple(leaf.shape) for leaf in leaves)
        entry = Event(kind, op, path, name, func, sources, shapes, self._names(leaves))
        entry.base = base
        entry.brought = tuple(
            self._brought(source) if source else id(leaf) not in self._own
            for source, leaf in zip(sources, leaves, strict=True)
        )
        whole = kind != "module" and bool(leaves) and all(map(self._constant, leaves))  # a module may have weights
        entry.constant = kind == "made" or whole
        plain = kind != "module" and not entry.weights
        entry.of_nothing = entry.constant or (plain and self._of_nothing(leaves))
        entry.given = self._kept(name, given)
        return entry

    def _kept(self, name: str, tree: Tree) -> Kept | None:
        """What is kept of a call: all, or nothing where it is not asked for or there is no room left."""
        if not asked_for(name, self.wanted):
            return None
        kept = self.keeper.keep(tree)
        for saved in kept.saved:
            storage = saved.tensor.untyped_storage()
            if storage.data_ptr() not in self._storages:
                self._storages.add(storage.data_ptr())
                self._held += storage.nbytes()
                self.sizes[name] += storage.nbytes()
        if not self.full:
            return kept
        for entry in self.entries:
            entry.given = entry.result = None
        return None

    def _done(self, entry: Event, result: Tree) -> None:
        tensors = result.tensors
        entry.at = len(self.entries)
        entry.shapes_out = tuple(tuple(leaf.shape) for leaf in tensors)
        whole = not any(leaf.is_floating_point() or leaf.is_complex() for leaf in tensors)
        empty = bool(tensors) and not any(leaf.numel() for leaf in tensors)  # as an expert gives that gets no token
        if empty or (entry.kind in ("function", "wire") and (whole or entry.of_nothing)):
            self._count[entry.base] -= entry.kind in SHOWN
            entry.kind = "made"  # a mask, or places: no numbers of a layer
        self.entries.append(entry)
        entry.result = self._kept(entry.name, result) if entry.given is not None else None
        for k, leaf in enumerate(tensors):
            self._made[id(leaf)] = (weakref.ref(leaf), entry.at, k)
            if has_numbers(leaf):
                self._living[leaf.untyped_storage().data_ptr()].append(weakref.ref(leaf))

    def _of_nothing(self, leaves: list[Any]) -> bool:
        """Whether all that a call computes with was made of nothing that a layer gave, nor of weights or the input."""
        floats = [leaf for leaf in leaves if leaf.is_floating_point()]
        sources = [self._source(leaf) for leaf in floats or leaves]
        return bool(sources) and all(source and self.entries[source[0]].of_nothing for source in sources)

    def _constant(self, leaf: Any) -> bool:
        """Whether the same tensor would be there with any input: made anew, a buffer, or made of such alone."""
        source = self._source(leaf)
        return self.entries[source[0]].constant if source else id(leaf) in self._own and id(leaf) not in self.parameters

    def _brought(self, source: tuple[int, int]) -> bool:
        """Whether a result was only carried on from what the caller brought."""
        entry = self.entries[source[0]]
        return entry.kind in ("wire", "made") and any(entry.brought)

    def _source(self, tensor: Any) -> tuple[int, int] | None:
        """Which entry made this very tensor: another one may have its number once it is gone."""
        reference, at, k = self._made.get(id(tensor), (None, -1, -1))
        return (at, k) if reference is not None and reference() is tensor else None


def _meet(one: range, two: range) -> bool:
    return max(one.start, two.start) < min(one.stop, two.stop)


def _extent(tensor: Any) -> range:
    """From the first to the last of the numbers in memory that are a tensor's."""
    start = tensor.storage_offset()
    reach = sum((size - 1) * step for size, step in zip(tensor.shape, tensor.stride(), strict=True))
    return range(start, start + reach + 1 if tensor.numel() else start)


class _Busy:
    """While the recorder itself works, nothing is noted, and the mode is not even asked."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder, self.unasked = recorder, torch_module()._C.DisableTorchFunction()

    def __enter__(self) -> None:
        self.before, self.recorder.busy = self.recorder.busy, True
        self.unasked.__enter__()

    def __exit__(self, *error: object) -> None:
        self.unasked.__exit__(*error)
        self.recorder.busy = self.before


def known(module: Any) -> bool:
    """Whether a module is one of ``torch.nn`` that is read here, with the ``forward`` of its class."""
    kind: Any = next((k for k in type(module).__mro__ if k.__name__ in READERS and _of_torch(k)), None)
    if kind is None or kind.__name__ == "Sequential" or "forward" in vars(module):
        return False
    if _in_parts(kind.__name__, module):
        return False
    return bool(type(module).forward is kind.forward)


def _in_parts(name: str, module: Any) -> bool:
    """Whether a module is seen by the calls in it, because no layer of ours is all of it as it was made."""
    if name in ("MultiheadAttention", "TransformerEncoderLayer", "TransformerDecoderLayer"):
        return not whole(module)
    if name == "Flatten":
        return bool(module.end_dim != -1)  # it may leave axes behind it
    # of odd norms PyTorch takes no |x|, and it scales windows that hang over
    return name.startswith("LPPool") and bool(module.norm_type % 2 or module.ceil_mode)


def _of_torch(kind: type) -> bool:
    return kind.__module__.startswith("torch.nn.modules")


def as_it_is(module: Any, keeper: TensorKeeper) -> Any:
    """The module with the parameters that it has now: ``torch.func.functional_call`` lends others for one call. Those
    that the model wrote into are copied, and buffers that training moves."""
    copy = object.__new__(type(module))
    state = dict(vars(module))
    state["_parameters"] = {
        name: one.detach().clone() if one is not None and keeper.written(one) else one
        for name, one in module._parameters.items()
    }
    state["_buffers"] = {
        name: buffer.detach().clone() if module.training and buffer is not None else buffer
        for name, buffer in module._buffers.items()
    }
    state["_modules"] = {name: part and as_it_is(part, keeper) for name, part in module._modules.items()}
    vars(copy).update(state)
    return copy


@cache
def mode_class() -> Callable[[Recorder], Any]:
    """A mode that hands every function to a recorder; made when PyTorch is there."""
    from torch.overrides import TorchFunctionMode

    class RecordingMode(TorchFunctionMode):  # type: ignore[misc]
        def __init__(self, recorder: Recorder) -> None:
            super().__init__()
            self.recorder = recorder

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            return self.recorder.function(func, args, kwargs or {})

    return RecordingMode
