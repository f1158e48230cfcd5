"""Captures that need no PyTorch: calls as a model has them, their numbers computed by the engine's own layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim import catalog
from layeranim.capturing import Capture, ModelCall
from layeranim.engine.packing import Packed

Array = NDArray[Any]
WEIGHTS = ("kernel", "weight", "bias", "gamma", "beta", "running_mean", "running_var", "weight_input", "weight_hidden",
           "bias_input", "bias_hidden", "table")  # fmt: skip


class Made:
    """A model that runs: each call is given arrays, and what it gives may be turned as the model wants it."""

    def __init__(self, name: str, seed: int = 3) -> None:
        self.name, self.calls, self.chance = name, list[ModelCall](), np.random.default_rng(seed)

    def drawn(self, *shape: int) -> Array:
        return self.chance.normal(0, 0.6, shape).astype(np.float32)

    def run(
        self, name: str, layer: str, arrays: Mapping[str, Array], reads: tuple[str, ...] = (), shape: Any = None,
        kind: str = "", tied: str = "", **options: Any,
    ) -> Array:  # fmt: skip
        """One call of a layer of ours; ``shape`` is the one that the model gives, where that is another."""
        found = catalog.layer(layer)
        trace = found.compute(found.config.of(options), dict(arrays))
        made = np.array(trace["output"]).reshape(shape or trace["output"].shape)
        weights = tuple((tied or f"{name}.{key}",) for key in arrays if key in WEIGHTS)
        learnt = sum(x.size for key, x in arrays.items() if key in WEIGHTS and "running" not in key)
        self._call(name, kind or layer, arrays, made, reads, weights=weights, layer=layer, options=options,
                   parameters=learnt)  # fmt: skip
        self.calls[-1].packed = lambda: (Packed(layer, dict(options), dict(arrays)), (made, 2.0**-23))
        return made

    def strange(self, name: str, x: Array, made: Array, reads: tuple[str, ...]) -> Array:
        """A call that no layer of ours computes."""
        self._call(name, name, {"input": x}, made, reads, why=f"{name} is no layer that is known here")
        return made

    def _call(
        self, name: str, kind: str, arrays: Mapping[str, Array], made: Array, reads: tuple[str, ...], **more: Any
    ) -> None:
        given = {key: x for key, x in arrays.items() if key not in WEIGHTS}
        self.calls.append(
            ModelCall(name, kind, tuple(x.shape for x in given.values()), (made.shape,), reads=reads,
                      given=lambda: given, results=lambda: {"output": made}, **more)
        )  # fmt: skip

    def dense(
        self, name: str, x: Array, units: int, reads: tuple[str, ...], tied: str = "", weight: Any = None
    ) -> Array:
        rows = x.reshape(-1, x.shape[-1])
        weight = self.drawn(units, x.shape[-1]) if weight is None else weight
        arrays = {"input": rows, "weight": weight, "bias": np.zeros(units, np.float32)}
        return self.run(name, "dense", arrays, reads, (*x.shape[:-1], units), "Linear", tied, units=units)

    def conv(self, name: str, x: Array, filters: int, reads: tuple[str, ...]) -> Array:
        arrays = {"input": x, "kernel": self.drawn(filters, x.shape[1], 3, 3)}
        return self.run(name, "conv", arrays, reads, kind="Conv2d", filters=filters, kernel_size=3, padding=1)

    def bent(self, name: str, x: Array, reads: tuple[str, ...], activation: str = "relu") -> Array:
        arrays = {"input": x.reshape(-1, x.shape[-1])}
        return self.run(name, "activation", arrays, reads, x.shape, name.rpartition(".")[2], activation=activation)

    def norm(self, name: str, x: Array, reads: tuple[str, ...]) -> Array:
        n = x.shape[-1]
        arrays = {"input": x.reshape(-1, n), "gamma": np.ones(n, np.float32), "beta": np.zeros(n, np.float32)}
        return self.run(name, "layernorm", arrays, reads, x.shape, "LayerNorm")

    def added(self, name: str, x: Array, y: Array, reads: tuple[str, ...]) -> Array:
        return self.run(name, "elementwise", {"input": x, "other": y}, reads, kind="add", operation="add")

    def done(self, *notes: str) -> Capture:
        return Capture(self.name, tuple(self.calls), sum(call.parameters for call in self.calls), notes)


def residual() -> Capture:
    """Convolutions with a way around them, two samples."""
    m = Made("Residual")
    one = m.bent("relu:1", m.conv("conv1", m.drawn(2, 1, 8, 8), 4, ()), ("conv1",))
    two = m.added("add", m.conv("conv2", one, 4, ("relu:1",)), one, ("conv2", "relu:1"))
    pooled = m.run("max_pool2d", "pool", {"input": two}, ("add",), kind="max_pool2d")
    laid = pooled.reshape(2, -1)
    m.dense("fc", laid, 3, ("max_pool2d",))
    return m.done()


def joined() -> Capture:
    """Down and up again, what was seen before beside it."""
    m = Made("Joined")
    x = m.drawn(1, 1, 8, 8)
    down = m.conv("down", x, 3, ())
    deep = m.run("pool", "pool", {"input": down}, ("down",), kind="MaxPool2d")
    up = m.run("up", "upsample", {"input": deep}, ("pool",), kind="Upsample", scale_factor=2)
    both = m.run("cat", "concatenate", {"input1": up, "input2": down}, ("up", "down"), kind="cat", axis=1)
    m.conv("out", both, 1, ("cat",))
    return m.done()


def attending(blocks: int = 1) -> Capture:
    """A transformer: words, blocks of attention with a way around it, scores."""
    m = Made("Attending")
    ids = np.array([[1, 4, 2, 3], [0, 2, 2, 1]])
    x = m.run(
        "embed", "embedding", {"ids": ids, "table": m.drawn(5, 8)}, (), kind="Embedding", vocabulary=5, features=8
    )
    before = "embed"
    for k in range(blocks):
        at = f"h.{k}"
        y = m.norm(f"{at}.norm", x, (before,))
        qkv = m.dense(f"{at}.qkv", y, 24, (f"{at}.norm",))
        q, k_, v = (part.reshape(2, 4, 2, 4).transpose(0, 2, 1, 3) for part in np.split(qkv, 3, axis=-1))
        found = catalog.layer("attention").compute(
            catalog.layer("attention").config.of({"heads": 2}), {"query": q, "key": k_, "value": v})  # fmt: skip
        m.run(f"{at}.attend", "attention", {"query": q, "key": k_, "value": v}, (f"{at}.qkv",),
              found["output"].shape, "scaled_dot_product_attention", heads=2)  # fmt: skip
        mixed = m.calls[-1].output
        flat = mixed if mixed.ndim == 3 else mixed.transpose(0, 2, 1, 3).reshape(2, 4, 8)
        out = m.dense(f"{at}.proj", flat, 8, (f"{at}.attend",))
        x = m.added(f"{at}.add", x, out, (before, f"{at}.proj"))
        before = f"{at}.add"
    m.dense("head", x, 5, (before,))
    return m.done()


def tagging() -> Capture:
    """An LSTM over words, what a second input says of each added, a label for each."""
    m = Made("Tagging")
    ids = np.array([[1, 4, 2], [0, 2, 3]])
    x = m.run(
        "embed", "embedding", {"ids": ids, "table": m.drawn(5, 4)}, (), kind="Embedding", vocabulary=5, features=4
    )
    arrays = {"input": x, "weight_input": m.drawn(12, 4), "weight_hidden": m.drawn(12, 3),
              "bias_input": m.drawn(12), "bias_hidden": m.drawn(12)}  # fmt: skip
    y = m.run("rnn", "lstm", arrays, ("embed",), kind="LSTM", hidden=3)
    side = m.dense("side", m.drawn(2, 3, 5), 3, ())
    m.dense("out", m.added("add", y, side, ("rnn", "side")), 2, ("add",))
    return m.done()


def unknown() -> Capture:
    """A function that no layer here computes, between others."""
    m = Made("Unknown")
    x = m.dense("fc", m.drawn(2, 4), 4, ())
    y = m.strange("cumsum", x, x.cumsum(-1), ("fc",))
    m.bent("relu", y, ("cumsum",))
    return m.done()


def wrong() -> Capture:
    """A dense layer whose model gave other numbers."""
    m = Made("Wrong")
    x = m.dense("fc", m.drawn(2, 4), 4, ())
    found, (made, eps) = m.calls[-1].packed()  # type: ignore[misc]
    other = made + 1
    m.calls[-1].packed = lambda: (found, (other, eps))
    m.calls[-1].results = lambda: {"output": other}
    m.bent("relu", x + 1, ("fc",))
    return m.done()


def twice() -> Capture:
    """One module that runs twice, with the same weights; between, its numbers are kept in bounds and doubled."""
    m = Made("Twice")
    weight = m.drawn(4, 4)
    x = m.bent("tanh", m.dense("rec:1", m.drawn(3, 4), 4, (), "rec", weight), ("rec:1",), "tanh")
    low, high, two = (np.full(1, n, np.float32) for n in (-0.25, 0.25, 2))
    y = m.run("clamp", "elementwise", {"input": x, "other": low, "third": high}, ("tanh",), operation="clamp")
    x = m.run("add", "elementwise", {"input": x, "other": y, "third": two}, ("tanh", "clamp"), operation="multiply-add")
    m.dense("rec:2", x, 4, ("add",), "rec", weight)
    return m.done()


def deep(blocks: int = 30) -> Capture:
    """Many blocks that are alike."""
    m = Made("Deep")
    x, before = m.dense("stem", m.drawn(2, 6), 4, ()), "stem"
    for k in range(blocks):
        y = m.bent(f"h.{k}.act", m.dense(f"h.{k}.fc", x, 4, (before,)), (f"h.{k}.fc",), "tanh")
        x, before = m.added(f"h.{k}.add", x, y, (before, f"h.{k}.act")), f"h.{k}.add"
    m.dense("head", x, 2, (before,))
    return m.done()


def alone() -> Capture:
    """One call."""
    m = Made("Alone")
    m.dense("fc", m.drawn(1, 3), 2, ())
    return m.done()


def flat(calls: int = 40) -> Capture:
    """Many calls that stand in no module, and are not alike."""
    m = Made("Flat")
    x, before = m.drawn(2, 3), ()
    for k in range(calls):
        x, before = m.dense(f"fc{k}", x, 2 + k % 3, before), (f"fc{k}",)
    return m.done()


MAKERS: dict[str, Callable[[], Capture]] = {
    "residual": residual, "joined": joined, "attending": attending, "many-attending": lambda: attending(3),
    "tagging": tagging, "unknown": unknown, "wrong": wrong, "twice": twice, "deep": deep, "alone": alone, "flat": flat,
}  # fmt: skip


@cache
def made(name: str) -> Capture:
    """A capture, made once."""
    return MAKERS[name]()
