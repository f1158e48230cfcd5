"""A model of Keras 3 run once, with any backend: its layers, and the operations between them, as they are called.

``Layer.__call__`` and ``Operation.__call__`` are watched for the time of one eager call. Keras is not imported here:
whoever has a model has imported it.
"""

from __future__ import annotations

import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any

import numpy as np

from layeranim.capturing import keras_layers
from layeranim.capturing.captured import Capture
from layeranim.capturing.seen import SeenCall, capture_of, numbers
from layeranim.engine.trace import Array


def is_keras(model: Any) -> bool:
    """Whether it is a model or layer of Keras 3."""
    keras: Any = sys.modules.get("keras")
    layer = getattr(getattr(keras, "layers", None), "Layer", None)
    return isinstance(layer, type) and isinstance(model, layer) and hasattr(keras, "KerasTensor")


def captured(
    model: Any, args: Sequence[Any], kwargs: Mapping[str, Any], wanted: Sequence[str] | None, check: bool, most: int
) -> Capture:
    """The capture of ``model(*args, **kwargs)``; see ``la.capture``."""
    keras: Any = sys.modules["keras"]
    args, kwargs = keras.tree.map_structure(partial(_tensor, keras), (list(args), dict(kwargs)))
    with _as_before(keras, model), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a functional model made of a subclassed one has other names of inputs
        notes = [f"the values were computed by Keras {keras.__version__} on {keras.backend.backend()}"]
        run: Any = model
        places = dict[int, tuple[str, ...]]()
        if any(_opens(layer) for layer in (model, *model._flatten_layers())):
            run = None if kwargs else _opened(keras, model, args, places)
            notes += [] if run else ["operations that a call of its own makes outside of layers are not seen"]
        watch = _Watch(keras, run or model, places, (args, kwargs))
        with _patched((keras.layers.Layer, "__call__", watch.called), (_operation(), "__call__", watch.operated)):
            output = watch.run(*args, **kwargs)
    parameters = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    title = type(model).__name__ if _own(model) else model.name
    return capture_of(title, watch.calls, parameters, output, tuple(notes), wanted, check, most)


def _tensor(keras: Any, x: Any) -> Any:
    """An array as the model's backend has it: numbers with a point in the usual type, as a layer would read them."""
    if not isinstance(x, np.ndarray):
        return x
    return keras.ops.convert_to_tensor(x, dtype=keras.config.floatx() if x.dtype.kind == "f" else None)


def _own(layer: Any) -> bool:
    """Whether somebody else wrote the class."""
    return not type(layer).__module__.startswith("keras.")


@contextmanager
def _patched(*methods: tuple[Any, str, Callable[..., Any]]) -> Iterator[None]:
    """While it lasts, each method of a class is another function, which gets the usual one first."""

    def instead(usual: Any, ours: Any) -> Any:
        return lambda this, *args, **kwargs: ours(usual, this, args, kwargs)

    usual = [(kind, name, getattr(kind, name)) for kind, name, _ in methods]
    for (kind, name, ours), (*_, before) in zip(methods, usual, strict=True):
        setattr(kind, name, instead(before, ours))
    try:
        yield
    finally:
        for kind, name, before in usual:
            setattr(kind, name, before)


def _operation() -> Any:
    from keras.src.ops.operation import Operation

    return Operation


def _opened(keras: Any, model: Any, args: Sequence[Any], places: dict[int, tuple[str, ...]]) -> Any:
    """A subclassed model as a functional one on the same weights, in which every operation of a ``call`` is a node.

    ``places`` gets the layers that each node stands in. ``None`` where that cannot be made: what a ``call`` does may
    hang on its numbers, or be no operation of Keras.
    """
    path: list[str] = []

    def operated(usual: Any, this: Any, given: Any, named: Any) -> Any:
        places[id(this)] = tuple(path)
        return usual(this, *given, **named)

    def called(usual: Any, this: Any, given: Any, named: Any) -> Any:
        symbolic = any(isinstance(x, keras.KerasTensor) for x in keras.tree.flatten((given, named)))
        places[id(this)] = tuple(path)
        if not symbolic or not _opens(this):
            return usual(this, *given, **named)
        path.append(this.name)
        try:
            return this.call(*given, **named)
        finally:
            path.pop()

    try:
        model(*args)  # which builds it, where it has not been
        inputs = [keras.Input(batch_shape=np.shape(x), dtype=keras.backend.standardize_dtype(_dtype(x))) for x in args]
        with _patched((keras.layers.Layer, "__call__", called), (_operation(), "symbolic_call", operated)):
            return keras.Model(inputs, model.call(*inputs))
    except Exception:
        return None


def _opens(layer: Any) -> bool:
    """Whether it is somebody's own layer of layers."""
    return _own(layer) and bool(getattr(layer, "_layers", ()))


def _dtype(x: Any) -> Any:
    return getattr(x, "dtype", None) or np.asarray(x).dtype.name


@contextmanager
def _as_before(keras: Any, model: Any) -> Iterator[None]:
    """Moving statistics and the states of seeds are put back; without gradients where the backend would keep them."""
    torch: Any = sys.modules.get("torch") if keras.backend.backend() == "torch" else None
    held = [(v, np.array(keras.ops.convert_to_numpy(v))) for v in model.non_trainable_variables]
    try:
        with torch.no_grad() if torch else nullcontext():
            yield
    finally:
        for variable, value in held:
            variable.assign(value)


class _Watch:
    """The calls of one run, in the thread that watches; ``places`` are the layers that a call stands in, if known."""

    def __init__(self, keras: Any, run: Callable[..., Any], places: Mapping[int, tuple[str, ...]], given: Any) -> None:
        self.keras, self.run, self.places, self.calls = keras, run, places, list[SeenCall]()
        self._thread, self._path, self._inside = threading.get_ident(), list[str](), 0
        self._made = dict[int, tuple[Any, tuple[int, ...]]]()  # tensors are held, so that no other has their number
        self.brought = {id(x) for x in keras.tree.flatten(given) if self._tensor(x)}

    def operated(self, usual: Callable[..., Any], this: Any, args: Any, kwargs: Any) -> Any:
        """An operation; a layer was seen on its way here."""
        if isinstance(this, self.keras.layers.Layer):
            return usual(this, *args, **kwargs)
        return self.called(usual, this, args, kwargs)

    def called(self, usual: Callable[..., Any], this: Any, args: Any, kwargs: Any) -> Any:
        """Call it the usual way, and note what it was given and gave."""
        if self._inside or threading.get_ident() != self._thread:
            return usual(this, *args, **kwargs)
        if self._open(this):
            self._path.append("" if this is self.run else this.name)
            try:
                return usual(this, *args, **kwargs)
            finally:
                self._path.pop()
        self._inside += 1
        try:
            with self._split(this) as after:
                result = usual(this, *args, **kwargs)
        finally:
            self._inside -= 1
        self._note(this, args, kwargs, result, after)
        return result

    def _open(self, this: Any) -> bool:
        """Whether what is inside is of interest: a model, or somebody's own layer of layers."""
        if type(this).__name__ in keras_layers.KERAS and not _own(this):
            return False
        return bool(getattr(this, "_layers", ()))

    @contextmanager
    def _split(self, this: Any) -> Iterator[list[tuple[Any, Any]]]:
        """What an activation inside a layer that no layer of ours has with it is given, and gives."""
        seen: list[tuple[Any, Any]] = []
        usual: Any = getattr(this, "activation", None)
        name = getattr(usual, "__name__", "")
        whole = type(this).__name__ in ("Activation", "LSTM", "GRU", "SimpleRNN") or not callable(usual)
        if whole or name in keras_layers.ACTIVATIONS:
            yield seen
            return

        def watched(x: Any, *more: Any, **named: Any) -> Any:
            result = usual(x, *more, **named)
            seen.append((x, result))
            return result

        this.activation = watched
        try:
            yield seen
        finally:
            this.activation = usual

    def _note(self, this: Any, args: Any, kwargs: Any, result: Any, after: list[tuple[Any, Any]]) -> None:
        kind = type(this).__name__
        leaves = [x for x in self.keras.tree.flatten(args) if self._tensor(x) or isinstance(x, (int, float))]
        named = {name: value for name, value in kwargs.items() if value is not None}
        tensors = [x for x in (*leaves, *self.keras.tree.flatten(named)) if self._tensor(x)]
        reads = tuple(dict.fromkeys(k for x in tensors for k in self._made.get(id(x), (None, ()))[1]))
        results = [x for x in self.keras.tree.flatten(result) if self._tensor(x)]
        if kind in keras_layers.WIRES or not any("float" in str(x.dtype) for x in results):
            self._keep(results, reads)
            if any(id(x) in self.brought for x in tensors):
                self.brought |= {id(x) for x in results}
            return
        config = _config(this)
        if after and len(after) == 1:  # the layer, and its activation as a call of its own
            told = str(config.get("activation"))
            self._add(this, kind, {**config, "activation": "linear"}, leaves, named, [after[0][0]], reads)
            softmax = told in keras_layers.SOFTMAX
            self._add(this, "Activation" if softmax else told, {"activation": told}, [after[0][0]], {}, results,
                      (len(self.calls) - 1,), told)  # fmt: skip
        else:
            self._add(this, kind, config, leaves, named, results, reads)
        self._keep(results, (len(self.calls) - 1,))

    def _keep(self, results: Sequence[Any], calls: tuple[int, ...]) -> None:
        self._made |= {id(x): (x, calls) for x in results}

    def _tensor(self, x: Any) -> bool:
        return isinstance(x, np.ndarray) or bool(self.keras.ops.is_tensor(x))

    def _array(self, x: Any) -> Array | None:
        return numbers(x if isinstance(x, np.ndarray) else self.keras.ops.convert_to_numpy(x))

    def _add(
        self, this: Any, kind: str, config: dict[str, Any], leaves: Sequence[Any], named: Mapping[str, Any],
        results: Sequence[Any], reads: tuple[int, ...], part: str = "",
    ) -> None:  # fmt: skip
        own = this.name.replace("/", ".") if isinstance(this, self.keras.layers.Layer) else kind.lower()
        path = (*self._path, *self.places.get(id(this), ()))
        base = ".".join(name for name in (*path, own, part) if name)
        variables = [] if part else [v for v in getattr(this, "variables", ()) if "seed" not in v.path.split("/")[-1]]
        weights = {_ending(v.path): np.array(self.keras.ops.convert_to_numpy(v)) for v in variables}
        learnt = {v.path.replace("/", "."): int(np.prod(v.shape)) for v in variables if v.trainable}
        x = tuple(self._array(leaf) if self._tensor(leaf) else leaf for leaf in leaves)
        more = {name: self._array(value) if self._tensor(value) else value for name, value in named.items()}
        if (mask := self._mask(leaves)) is not None:
            more.setdefault("mask", mask)
        y = tuple(found for one in results if (found := self._array(one)) is not None)
        call = keras_layers.KerasCall(kind, config, weights, x, more, y)
        given = [one for one in (*x, *more.values()) if isinstance(one, np.ndarray)]
        dtype = str(results[0].dtype).removeprefix("torch.")
        tensors = [one for one in (*leaves, *named.values()) if self._tensor(one)]
        brought = tuple(k for k, one in enumerate(tensors) if id(one) in self.brought)
        read = partial(keras_layers.read, call)
        self.calls.append(SeenCall(base, kind, given, y, read, reads, brought, learnt, dtype))

    def _mask(self, leaves: Sequence[Any]) -> Array | None:
        """The mask that travels with a tensor."""
        mask = next((found for x in leaves if (found := getattr(x, "_keras_mask", None)) is not None), None)
        return None if mask is None else self._array(mask)


def _ending(path: str) -> str:
    """How a variable is called within its layer; the parts of attention and both directions keep theirs."""
    *_, parent, name = ("", *path.split("/"))
    return f"{parent}/{name}" if parent in ("query", "key", "value", "attention_output") else (
        path if "forward" in path or "backward" in path else name
    )  # fmt: skip


def _config(this: Any) -> dict[str, Any]:
    """What a layer or operation says of itself; nothing where it cannot."""
    try:
        return dict(this.get_config())
    except Exception:  # a class without the method, or with one that raises
        return {}
