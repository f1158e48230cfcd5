"""What a model's calls are made of, as one option holds it: each call, the layer that computes it, what it reads."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from typing import Any

from layeranim.engine.attention import ATTENTION
from layeranim.engine.bilinear import BILINEAR
from layeranim.engine.concatenate import CONCATENATE
from layeranim.engine.cross_entropy import CROSS_ENTROPY
from layeranim.engine.einsum import EINSUM
from layeranim.engine.elementwise import ELEMENTWISE
from layeranim.engine.links import LAYERS as IN_ROWS
from layeranim.engine.losses import LOSS
from layeranim.engine.matmul import MATMUL
from layeranim.engine.option import Kind
from layeranim.engine.reduce import REDUCE
from layeranim.engine.trace import Shape, count
from layeranim.errors import OptionError
from layeranim.records import dataclass

LAYERS = IN_ROWS | {layer.name: layer for layer in (
    ATTENTION, BILINEAR, CONCATENATE, CROSS_ENTROPY, EINSUM, ELEMENTWISE, LOSS, MATMUL, REDUCE,
)}  # fmt: skip
"""The layers that a model's calls are computed by."""
GIVEN = "given"
"""The array of a call that no layer computes: what the model itself gave."""


@dataclass(frozen=True)
class GraphWire:
    """How an array of a call comes from what another call wrote, or from what goes into the model.

    Of the tensor ``source`` the indices ``spans`` (axis, start, stop) are read, seen in ``shape``, their axes turned to
    the order ``axes``, and given the shape ``entry``, which the layer reads.
    """

    array: str
    source: str
    shape: Shape
    axes: tuple[int, ...]
    entry: Shape
    spans: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class GraphCall:
    """One call of a model, or several that stand as one.

    ``layer`` computes it with ``options``, from its ``wires`` and the ``arrays`` that it is given besides; what that
    layer wrote is seen in ``shape``, its axes turned to ``axes``, and so has the shape that the model gave, ``made``.
    Without a layer it has one array, ``given``, and ``reads`` names the tensors that it was made of.
    ``kind`` is what the model calls it, ``place`` its place among all calls, from 1, ``stands`` how many calls it
    stands for, ``times`` how often the same ones stand there one after another, ``parameters`` how many numbers it
    learned that no call before it uses, ``tied`` that it uses such, too, ``after`` says of a call that it is drawn as
    one with the call before it, ``differs`` that its layer gives other numbers, ``why`` what kept it from being
    computed, ``unseen`` which calls that are not drawn it reads besides.
    """

    name: str
    kind: str
    made: Shape
    layer: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    wires: tuple[GraphWire, ...] = ()
    arrays: tuple[str, ...] = ()
    shape: Shape = ()
    axes: tuple[int, ...] = ()
    reads: tuple[str, ...] = ()
    place: int = 1
    stands: int = 1
    times: int = 1
    parameters: int = 0
    tied: bool = False
    after: bool = False
    differs: bool = False
    why: str = ""
    unseen: tuple[str, ...] = ()

    @property
    def config(self) -> Any:
        """The layer's options."""
        return LAYERS[self.layer].config.of(self.options)

    @property
    def sources(self) -> tuple[str, ...]:
        """The tensors that it is made of, each once."""
        return tuple(dict.fromkeys((*(wire.source for wire in self.wires), *self.reads)))


@dataclass(frozen=True)
class GraphText(Kind):
    """JSON: a list of calls, each with the fields of ``GraphCall``."""

    metavar: str = "JSON"

    def check(self, name: str, value: Any) -> str:
        try:
            known = {"input"}
            for call in calls_of(value):
                for wire in call.wires:
                    _fits(wire.shape, wire.axes, wire.entry)
                if call.layer:
                    call.config  # noqa: B018  refuses options that there are not
                    _fits(call.shape, call.axes, call.made)
                elif call.wires or call.arrays != (GIVEN,):
                    raise ValueError(f"{call.name} has no layer, so its one array is {GIVEN}")
                if unknown := [one for one in call.sources if "." in one and one not in known]:
                    raise ValueError(f"{call.name} reads {unknown[0]}, which no call before it makes")
                known.add(f"{call.name}.output")
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            reason = " ".join(str(error).split())[:120]
            raise OptionError(f"{name} must be JSON, a list of a model's calls: {reason}") from None
        return str(value)


def _fits(shape: Shape, axes: tuple[int, ...], after: Shape) -> None:
    if sorted(axes) != list(range(len(shape))) or count(shape) != count(after) or min((*shape, *after, 1)) < 1:
        raise ValueError(f"axes {axes} of shape {shape} do not give {after}")


def text(calls: Sequence[GraphCall]) -> str:
    """The calls as option ``calls`` holds them; what is as usual is left out."""
    usual = asdict(GraphCall("", "", ()))
    plain = ({key: value for key, value in asdict(call).items() if key in ("name", "kind", "made") or
              value != usual[key]} for call in calls)  # fmt: skip
    return json.dumps(list(plain), separators=(",", ":"))


def calls_of(value: str) -> list[GraphCall]:
    """The calls of a model. Raises ``ValueError``, ``TypeError`` or ``KeyError`` for text that is none."""
    found = [_call(item) for item in json.loads(value)]
    if not found or len({call.name for call in found}) < len(found):
        raise ValueError("at least one call, and every name once")
    return found


def _call(item: Mapping[str, Any]) -> GraphCall:
    plain = dict(item)
    for name in ("made", "shape", "axes"):
        plain[name] = tuple(int(n) for n in plain.get(name, ()))
    for name in ("arrays", "reads", "unseen"):
        plain[name] = tuple(map(str, plain.get(name, ())))
    plain["options"] = {str(key): str(value) for key, value in plain.get("options", {}).items()}
    plain["wires"] = tuple(_wire(wire) for wire in plain.get("wires", ()))
    made = GraphCall(**plain)
    if made.layer and made.layer not in LAYERS:
        raise ValueError(f"no layer {made.layer!r} computes a model's call; {', '.join(sorted(LAYERS))} do")
    return made


def _wire(item: Mapping[str, Any]) -> GraphWire:
    shape, axes, entry = (tuple(int(n) for n in item[name]) for name in ("shape", "axes", "entry"))
    spans = tuple((int(a), int(b), int(c)) for a, b, c in item.get("spans", ()))
    return GraphWire(str(item["array"]), str(item["source"]), shape, axes, entry, spans)
