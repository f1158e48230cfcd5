"""Attention, written by hand or by PyTorch's function, as one layer, from its embeddings where wires alone lie between.

By hand it is a softmax whose input comes from a product and whose output goes into one. Its mask is what the logits are
beyond the scaled product, so how it was made need not be understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from layeranim.capturing import functions
from layeranim.capturing.events import Event
from layeranim.capturing.kept import torch_module
from layeranim.capturing.reading import attention, read
from layeranim.capturing.recognise_check import REFUSALS, composite
from layeranim.capturing.recognise_projection import Axes, Place, from_linear
from layeranim.capturing.recorder import Recorder
from layeranim.engine.packing import Packed
from layeranim.records import dataclass

_BETWEEN = ("mul", "div", "add", "sub", "masked_fill", "where", "dropout", "Dropout")
_PRODUCTS = ("matmul", "baddbmm", "einsum")
_FAR = 12
"""Calls that may stand between a product and a softmax."""


@dataclass(frozen=True)
class _Found:
    """An attention of queries, keys and values: its layer, where those came from, and what it covers."""

    packed: Packed
    places: tuple[Place | None, ...]
    covers: tuple[int, ...]
    start: Event
    turns: tuple[Axes, ...] = ((), (), ())
    """How the axes of each place are turned on the way to (batch, heads, time, features), if they are."""


@dataclass(frozen=True)
class _Product:
    """A batched matrix product: its two sides as it multiplies them, the factor of it, and where they came from."""

    left: Any
    right: Any
    factor: float
    sources: tuple[Place | None, ...]
    turns: tuple[Axes, Axes] = ((), ())
    """How the axes were turned: of the left side, and of the right one before its last two changed places."""
    axes: Axes = ()
    """The order in which the axes of its result are those of the product, where it is another."""


def attentions(recorder: Recorder) -> Iterator[Event]:
    """Every attention of a run that was found."""
    users: dict[int, list[int]] = {}
    for entry in recorder.entries:
        for at in entry.reads:
            users.setdefault(at, []).append(entry.at)
    for entry in recorder.entries:
        name = f"{entry.path}.attention".lstrip(".")
        try:
            if entry.op == "scaled_dot_product_attention":
                found = _Found(read(entry), entry.sources[:3], (entry.at,), entry)
            elif entry.op in ("softmax", "Softmax") and (by_hand := _by_hand(recorder, entry, users)):
                found = by_hand
            else:
                continue
            from_embeddings = from_linear(recorder, found.packed, found.places, found.turns)
        except REFUSALS:
            continue
        made = None
        if from_embeddings is not None:
            packed, covers = from_embeddings
            made = composite(recorder, name, "attention", packed, (*found.covers, *covers))
        if made is None and len(found.covers) > 1:
            made = composite(recorder, name, "attention", found.packed, found.covers, found.start)
        if made is not None:
            yield made


def _tree(entry: Event) -> Any:
    return entry.given.tree()  # type: ignore[union-attr]


def _product(entry: Event) -> _Product | None:
    """The product that a call is, if it is one."""
    args, kwargs = _tree(entry)
    if entry.op == "matmul":
        return _Product(args[0], args[1], 1.0, entry.sources[:2])
    if entry.op == "baddbmm":
        told = functions.bound("input batch1 batch2 beta=1 alpha=1", entry.op, args, kwargs)
        return _Product(told["batch1"], told["batch2"], float(told["alpha"]), entry.sources[1:3])
    if entry.op == "einsum" and isinstance(args[0], str):
        return _einsum(args, entry)
    return None


def _einsum(args: Any, entry: Event) -> _Product | None:
    """An equation that is a batched matrix product, in whichever order its axes are written."""
    operands = list(args[1]) if isinstance(args[1], (list, tuple)) else list(args[1:])
    left, _, out = args[0].replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != 2 or "." in left or len(operands) != 2:
        return None
    one, two = terms
    batch = [x for x in out if x in one and x in two]
    rows, columns = ([x for x in out if x in mine and x not in other] for mine, other in ((one, two), (two, one)))
    inner = [x for x in one if x in two and x not in out]
    if not len(rows) == len(columns) == len(inner) == 1 or len(out) != len(batch) + 2:
        return None
    turns = tuple(one.index(x) for x in batch + rows + inner), tuple(two.index(x) for x in batch + columns + inner)
    left, right = operands[0].permute(turns[0]), operands[1].permute(turns[1]).transpose(-1, -2)
    axes = tuple(out.index(x) for x in batch + rows + columns)
    return _Product(left, right, 1.0, entry.sources[:2], turns, () if axes == tuple(sorted(axes)) else axes)


def _by_hand(recorder: Recorder, softmax: Event, users: dict[int, list[int]]) -> _Found | None:
    """The attention around a softmax."""
    log = recorder.entries
    up = _above(log, softmax)
    down = _below(log, softmax, users)
    if up is None or down is None:
        return None
    (scores, scale, above), (weighed, below) = up, down
    one, two = _product(log[scores]), _product(log[weighed])
    if one is None or two is None or one.axes:
        return None
    query, key, value, scale = one.left, one.right.transpose(-1, -2), two.right, scale * one.factor
    mask = _mask(next(leaf for leaf in _leaves(_tree(softmax))), query, one.right, scale)
    causal = mask is not None and _is_causal(mask)
    packed = replace(attention(query, key, value, None if causal else mask, causal, scale), axes=two.axes)
    turned = one.sources[1] if one.turns[1] else _before(log, one.sources[1])
    across = two.turns[1] and (*two.turns[1][:-2], two.turns[1][-1], two.turns[1][-2])
    return _Found(
        packed, (one.sources[0], turned, two.sources[1]), (scores, *above, softmax.at, *below, weighed), log[scores],
        (*one.turns, across),
    )  # fmt: skip


def _leaves(tree: Any) -> list[Any]:
    torch = torch_module()
    return [leaf for leaf in torch.utils._pytree.tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


def _above(log: list[Event], softmax: Event) -> tuple[int, float, list[int]] | None:
    """The product whose scaled and masked result the softmax reads, the scale, and what lies between."""
    at = softmax.reads[0] if softmax.reads else None
    scale, covers = 1.0, list[int]()
    for _ in range(_FAR):
        if at is None:
            return None
        entry = log[at]
        if entry.op in _PRODUCTS:
            return at, scale, covers
        if entry.op not in _BETWEEN and entry.kind != "wire":
            return None
        covers.append(at)
        scale *= _factor(entry)
        shape, wire = entry.shapes_out[0], entry.kind == "wire"  # a view may give it another shape
        at = next((one for one in entry.reads if wire or log[one].shapes_out[0] == shape), None)
    return None


def _factor(entry: Event) -> float:
    """What a call multiplies by, if that is one number."""
    if entry.op not in ("mul", "div"):
        return 1.0
    args = _tree(entry)[0]
    other = next((x for x in args if isinstance(x, (int, float)) or getattr(x, "numel", lambda: 0)() == 1), 1.0)
    return float(other) if entry.op == "mul" else 1 / float(other)


def _below(log: list[Event], softmax: Event, users: dict[int, list[int]]) -> tuple[int, list[int]] | None:
    """The product that the softmax goes into, and what lies between."""
    at, covers = softmax.at, list[int]()
    for _ in range(_FAR):
        after = [log[one] for one in users.get(at, [])]
        found = next((e for e in after if e.op in (*_PRODUCTS, "dropout", "Dropout") or e.kind == "wire"), None)
        if found is None:
            return None
        if found.op in _PRODUCTS:
            return found.at, covers
        covers.append(found.at)
        at = found.at
    return None


def _mask(logits: Any, query: Any, key: Any, scale: float) -> Any:
    """What stands in the logits beyond the scaled product; nothing if that is rounding."""
    product = scale * (query.double() @ key.double())
    mask = logits.double().reshape(product.shape) - product
    size = max(1.0, float(product.abs().max()))
    mask[mask.abs() < 1e-4 * size] = 0.0
    mask[mask < -1e4 * size] = -float("inf")
    return mask.to(query.dtype) if bool(mask.any()) else None


def _is_causal(mask: Any) -> bool:
    torch = torch_module()
    causal = torch.full(mask.shape[-2:], -float("inf"), dtype=mask.dtype).triu(1)
    return bool((mask.cpu() == causal).all())


def _before(log: list[Event], place: Place | None) -> Place | None:
    """Before the key was turned for its product."""
    if place is None or log[place[0]].op not in ("transpose", "permute", "swapaxes", "T", "mT", "movedim"):
        return None
    return log[place[0]].sources[0]
