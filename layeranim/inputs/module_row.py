"""``torch.nn.Sequential``: its modules one after another, as one layer of ours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from layeranim.engine.links import LAYERS, Link, text
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, UsageError
from layeranim.inputs.module_run import live, ran, returned
from layeranim.inputs.module_tensors import array

Read = Callable[[Any, Any], Packed]


def row(module: Any, x: Any, read: Read) -> Packed:
    """The modules in their order, nested rows opened; ``read`` reads one. ``module`` is a copy: running changes it."""
    if not live(module):
        raise OptionError("a Sequential is read by running it, so it must be PyTorch's own")
    links: list[Link] = []
    first = array("input", x)
    arrays: dict[str, Array] = {"input": np.array(first)}
    shape, back = first.shape, tuple(range(first.ndim))
    parts = list(_opened(module))
    for name, part in parts:
        try:
            found = read(part, x)
            if found.layer not in LAYERS:
                raise OptionError(f"{type(part).__name__} does not stand in a row")
            if found.layer == "dropout" and found.options["rate"]:
                raise OptionError(f"{type(part).__name__} drops at random inside; call module.eval() first")
            layer = LAYERS[found.layer]
            config = layer.config.of(found.options)
            entry = layer.complete(config, {key: np.shape(value) for key, value in found.arrays.items()})[1]
            own = {key: np.array(value) for key, value in found.arrays.items() if key != layer.arrays[0].name}
            axes = found.axes or tuple(range(len(shape)))
            turned, read_in = tuple(back[axis] for axis in axes), entry[layer.arrays[0].name]
            links.append(Link(name, found.layer, config.shown(), _taken(shape, back), turned, read_in, tuple(own)))
            arrays |= {f"{name}.{key}": value for key, value in own.items()}
            x = ran(part, (x,), {})
        except UsageError as error:
            raise type(error)(f"{name}: {error}") from None
        tensor = returned(x, f"{name}: {type(part).__name__}")
        if isinstance(x, (tuple, list)) and name != parts[-1][0]:
            raise OptionError(f"{name}: {type(part).__name__} returns several tensors, but the next module takes one")
        result = array("the output", tensor)
        shape = result.shape
        back = tuple(int(k) for k in np.argsort(found.axes)) if found.axes else tuple(range(result.ndim))
    if not links:
        raise OptionError("Sequential is empty, but must hold at least one module")
    return Packed("sequential", {"layers": text(links)}, arrays, found.axes)


def _taken(shape: tuple[int, ...], back: tuple[int, ...]) -> tuple[int, ...]:
    """The shape in the order in which our layer wrote it, given the way back to the module's."""
    written = [0] * len(shape)
    for axis, at in enumerate(back):
        written[at] = shape[axis]
    return tuple(written)


def _opened(module: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, part in module._modules.items():  # named_children leaves out one that stands twice
        if type(part).__name__ == "Sequential":
            yield from _opened(part, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", part
