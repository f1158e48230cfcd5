"""Four layers on one sequence of single numbers: which output reads what, with which weights, in which order.

Dense         y_i = Σ_j W_ij x_j                                        n² weights
Convolution   y_i = Σ_t k_t x_{i+t−⌊k/2⌋}, zeros beyond the ends        k weights, the same at every place
Recurrent     y_i = tanh(u x_i + w y_{i−1}), y_{−1} = 0                 2 weights, the same at every step
Attention     y_i = Σ_j a_ij v x_j, a_i = softmax(q x_i · k x_j)        3 weights, and edges made of the input

An edge leads from each number that an output reads without another one between them: an input, or another output of
the same layer. ``order`` is how many outputs must be made one after another, ``path`` how many edges a signal crosses
at the least from the first input to the last output, through as many such layers as that takes (Vaswani et al.,
Attention Is All You Need, 2017, table 1: complexity, sequential operations, maximum path length).

Then two inputs change places and every layer runs once more. The edges that attention makes of the input go with it,
all others stay; its outputs are the same numbers, two of them in each other's place: it knows no places.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from layeranim.engine import arithmetic, vector, window  # noqa: F401  (registers what the steps name)
from layeranim.engine.door import agreed, fitting, ranked
from layeranim.engine.entry import enter
from layeranim.engine.network import Sizes
from layeranim.engine.option import ArrayOption, Choices, Config, Integer, Layer, option
from layeranim.engine.recurrent import vanishing  # noqa: F401  (registers what the steps name)
from layeranim.engine.replay import OPERATIONS, operation
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.errors import OptionError
from layeranim.records import dataclass

KINDS = ("dense", "convolution", "recurrent", "attention")
WEIGHTS = {kind: f"{kind}_weight" for kind in KINDS}
COUNTS = ("weights", "edges", "order", "path")
"""What is counted of every layer."""
FIRST = 10
"""Of so many places, the first ones, two are swapped where none are named."""
MILLIONTH = 1e-6
SWAPPED = "swapped_"
"""What the names of tensors begin with that are of the input with two numbers swapped."""


@dataclass(frozen=True, kw_only=True)
class CompareConfig(Config):
    """Options of the comparison."""

    layers: tuple[str, ...] = option(Choices(KINDS, "layer"), KINDS, "which layers, side by side")
    places: int | None = option(Integer(1), None, "how many numbers go in (default: as the input, else 8)")
    kernel_size: int | None = option(
        Integer(1), None, "weights of the kernel, an odd number (default: as given, else 3)"
    )
    swap: tuple[int, ...] | None = option(
        Sizes(2, 2),
        None,
        f"two places that change numbers (default: the smallest and the largest of the first {FIRST})",
    )


def complete(config: CompareConfig, shapes: Mapping[str, Shape | None]) -> tuple[CompareConfig, dict[str, Shape]]:
    """Every size filled in: input (in_places), dense_weight (out_places, in_places), convolution_weight (taps),
    recurrent_weight (2): u of the input and w of the state, attention_weight (3): of query, key and value.

    Raises ``ShapeError`` for arrays that do not fit, ``OptionError`` for a kernel that has no middle or never passes
    anything on, for places that cannot be swapped, and for weights of a layer that is not compared.
    """
    held = {name: shape for name, shape in shapes.items() if shape is not None}

    def size(name: str, axis: int, rank: int) -> tuple[int | None, str]:
        return (ranked(name, held[name], rank)[axis] if name in held else None), name

    dense = [size("dense_weight", axis, 2) for axis in (0, 1)]
    places = agreed("places", [(config.places, "option places"), size("input", 0, 1), *dense], default=8)
    taps = agreed("kernel_size", [(config.kernel_size, "option kernel_size"), size("convolution_weight", 0, 1)], 3)
    if "convolution" not in config.layers and config.kernel_size is not None:
        raise OptionError(f"kernel_size is {config.kernel_size}, but no convolution is among the layers; leave it out")
    if "convolution" in config.layers and taps % 2 == 0:
        raise OptionError(f"kernel_size is {taps}, but must be odd: the window's middle lies on its output's place; "
                          f"{taps - 1} or {taps + 1} would do")  # fmt: skip
    if "convolution" in config.layers and taps == 1 < places:
        raise OptionError("kernel_size is 1, but such a window reads one place alone and nothing ever comes from the "
                          "first place to the last; 3 or more would do")  # fmt: skip
    _swappable(config.swap, places)
    wanted: dict[str, Shape] = {"input": (places,), "dense_weight": (places, places), "convolution_weight": (taps,),
                                "recurrent_weight": (2,), "attention_weight": (3,)}  # fmt: skip
    wanted = {name: shape for name, shape in wanted.items()
              if name == "input" or name in {WEIGHTS[kind] for kind in config.layers}}  # fmt: skip
    for name, shape in held.items():
        if name in wanted:
            fitting(name, shape, wanted[name], ", ".join(_OWN[name]))
    full = config.replace(places=places, kernel_size=taps if "convolution" in config.layers else None)
    window.affordable("links", (len(config.layers), places, 2 * places))
    return full, wanted


def makes(config: CompareConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """The edges of every layer and their weights, and the products of each."""
    n = int(config.places or 1)
    return {"links": (5 * len(config.layers), n, 2 * n), "products": (8, n, n)}


def _swappable(swap: tuple[int, ...] | None, places: int) -> None:
    """Refuse places that are no two of those that there are."""
    if swap is None:
        return
    given = ",".join(map(str, swap))
    if places == 1:
        raise OptionError(f"swap is {given}, but there is one place alone; leave it out")
    if len(set(swap)) < 2 or max(swap) > places:
        raise OptionError(f"swap is {given}, but must be two different places from 1 to {places}, such as 1,{places}")


def swapped_places(x: Array) -> tuple[int, ...]:
    """The places that change numbers where none are named, counted from 1.

    >>> swapped_places(np.array([2, 5, 1, 2]))
    (2, 3)
    >>> swapped_places(np.array([2, 2]))
    (1, 2)
    """
    first = x[:FIRST]
    found = sorted({int(np.argmin(first)), int(np.argmax(first))})
    return tuple(place + 1 for place in (found if len(found) == 2 else (0, 1)))


# ── operations ───────────────────────────────────────────────────────────────
@operation("links_of")
def links_of(x: Array, *, layer: str, reach: int) -> Array:
    """(places, 2·places): 1 where an output reads an input, and after these where it reads another output.

    >>> links_of(np.zeros(3), layer="recurrent", reach=0).astype(int)
    array([[1, 0, 0, 0, 0, 0],
           [0, 1, 0, 1, 0, 0],
           [0, 0, 1, 0, 1, 0]])
    """
    n = len(x)
    out = np.zeros((n, 2 * n), x.dtype)
    apart = np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    near = {"convolution": reach, "recurrent": 0}.get(layer, n)
    out[:, :n] = apart <= near
    if layer == "recurrent":
        out[1:, n:-1] += np.eye(n - 1, dtype=x.dtype)
    return out


@operation("edge_weights_of")
def edge_weights_of(weight: Array, links: Array, *, layer: str) -> Array:
    """What every edge weighs: its own weight, one that it shares, or what was made of the input; 0 where is none."""
    n = len(links)
    out = np.zeros_like(links)
    if weight.ndim == 2:
        out[:, :n] = weight
    elif layer == "convolution":
        for tap, value in enumerate(weight):
            out[:, :n] += value * np.eye(n, k=tap - len(weight) // 2, dtype=out.dtype)
    else:
        out[:, :n] += weight[0] * links[:, :n]
        out[:, n:] += weight[1] * links[:, n:]
    return out


@operation("zeros_around")
def zeros_around(x: Array, *, by: int) -> Array:
    """x with so many zeros on either side."""
    return np.pad(x, by)


@operation("swap_places")
def swap_places(x: Array, *, swap: tuple[int, int]) -> Array:
    """x with the numbers of two places, counted from 1, each at the other one's."""
    out = x.copy()
    a, b = (place - 1 for place in swap)
    out[[a, b]] = x[[b, a]]
    return out


@operation("noticeably_changed")
def noticeably_changed(before: Array, after: Array, terms: Array, other_terms: Array) -> Array:
    """1 where a sum has become another number by more than a millionth of its terms and than rounding, else 0."""
    with np.errstate(all="ignore"):
        sizes = np.maximum(np.abs(terms).sum(axis=-1), np.abs(other_terms).sum(axis=-1))
        least = max(MILLIONTH, 4 * (terms.shape[-1] + 8) * float(np.finfo(before.dtype).eps))
        near = (before == after) | (np.abs(before - after) <= least * sizes) | (np.isnan(before) & np.isnan(after))
    return np.asarray(~near, before.dtype)


@operation("number_of_cells")
def number_of_cells(weight: Array) -> Array:
    """How many numbers there are."""
    return np.asarray(weight.size, weight.dtype)


@operation("longest_chain")
def longest_chain(links: Array) -> Array:
    """How many outputs are made one after another: the longest chain of outputs that read each other."""
    n = len(links)
    length = np.ones(n, int)
    for i in range(n):
        before = np.flatnonzero(links[i, n:])
        length[i] += length[before].max(initial=0)
    return np.asarray(length.max(), links.dtype)


@operation("fewest_edges")
def fewest_edges(links: Array) -> Array:
    """How many edges lead from the first input to the last output at the least; an output is an input of the next
    layer, which has the same edges. Infinite where no way leads there."""
    n = len(links)
    reads, hands = links[:, :n] != 0, links[:, n:] != 0
    reached, steps = reads[:, 0], 1
    while not reached[-1]:
        further = reached | (reads | hands)[:, reached].any(axis=1)
        if (further == reached).all():
            return np.asarray(np.inf, links.dtype)
        reached, steps = further, steps + 1
    return np.asarray(steps, links.dtype)


# ── the trace ────────────────────────────────────────────────────────────────
def compute(config: CompareConfig, arrays: Mapping[str, Any]) -> Trace:
    """The trace of every layer on the same input, and on the same with two numbers swapped."""
    full, held = enter("compare-layers", _ARRAYS, complete, config, arrays)
    out = [Tensor(item.name, item.axes, item.role, held[item.name]) for item in _ARRAYS if item.name in held]
    with np.errstate(all="ignore"):
        out += _passed(full, held, "")
        if len(held["input"]) > 1:
            full = full.replace(swap=full.swap or swapped_places(held["input"]))
            swapped = swap_places(held["input"], swap=full.swap)
            out.append(Tensor(f"{SWAPPED}input", ("in_places",), "intermediate", swapped))
            out += _passed(full, {**held, "input": swapped}, SWAPPED)
            out.append(_changed(full, tensors(*out)))
    return assemble(full, tensors(*out))


def _passed(full: CompareConfig, held: Mapping[str, Array], prefix: str) -> list[Tensor]:
    """What every layer makes of an input; of the input as it is also its edges and what is counted of them."""
    out, outputs, links, weights, counts = [], [], [], [], []
    for kind in full.layers:
        made = _MAKE[kind](held["input"], held[WEIGHTS[kind]])
        out += [
            Tensor(f"{prefix}{kind}.{name}", axes, "intermediate", made[name]) for name, axes in _AXES[kind].items()
        ]
        own = links_of(held["input"], layer=kind, reach=_reach(full))
        links.append(own)
        weights.append(edge_weights_of(made.get("shares", held[WEIGHTS[kind]]), own, layer=kind))
        outputs.append(made["output"])
        counts.append((number_of_cells(held[WEIGHTS[kind]]), own.sum(), longest_chain(own), fewest_edges(own)))
    edges = ("layers", "out_places", "sources")
    out.append(Tensor(f"{prefix}edge_weights", edges, "intermediate", np.stack(weights)))
    out.append(Tensor(f"{prefix}outputs", edges[:2], "output", np.stack(outputs)))
    if prefix:
        return out
    counted = zip(COUNTS, np.array(counts, held["input"].dtype).T, strict=True)
    return [*out, Tensor("links", edges, "intermediate", np.stack(links)),
            *(Tensor(name, ("layers",), "output", column) for name, column in counted)]  # fmt: skip


def _changed(config: CompareConfig, made: Mapping[str, Tensor]) -> Tensor:
    """Which outputs are other numbers after the swap."""
    rows = []
    for k, kind in enumerate(config.layers):
        sums = (made[name].array[k] for name in ("outputs", f"{SWAPPED}outputs"))
        terms = (made[f"{prefix}{kind}.products"].array for prefix in ("", SWAPPED))
        rows.append(noticeably_changed(*sums, *terms))
    return Tensor("changed", ("layers", "out_places"), "output", np.stack(rows))


def _reach(config: CompareConfig) -> int:
    return (config.kernel_size or 1) // 2


def _dense(x: Array, weight: Array) -> dict[str, Array]:
    products = weight * x
    return {"products": products, "output": vector.sum_terms(products)}


def _convolution(x: Array, kernel: Array) -> dict[str, Array]:
    padded = zeros_around(x, by=len(kernel) // 2)
    products = np.lib.stride_tricks.sliding_window_view(padded, len(kernel)) * kernel
    return {"padded": padded, "products": products, "output": vector.sum_terms(products)}


def _recurrent(x: Array, weight: Array) -> dict[str, Array]:
    states, products, sums = [x.dtype.type(0)], [], []
    for number in x:
        products.append(weight * np.array([number, states[-1]]))
        sums.append(vector.sum_terms(products[-1]))
        states.append(OPERATIONS["activate"].run(sums[-1], name="tanh"))
    held = {
        "read": np.stack([x, np.array(states[:-1])], axis=1),
        "products": np.stack(products),
        "sums": np.stack(sums),
    }
    return {**held, "output": np.array(states[1:], x.dtype)}


def _attention(x: Array, weight: Array) -> dict[str, Array]:
    query, key, value = (factor * x for factor in weight)
    scores = np.multiply.outer(query, key)
    shares = np.stack([vector.softmax_row(row) for row in scores])
    products = shares * value
    own = {"query": query, "key": key, "value": value, "scores": scores, "shares": shares, "products": products}
    return {**own, "output": vector.sum_terms(products)}


def assemble(config: CompareConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    parts: list[Sequence[Step]] = []
    for k, kind in enumerate(config.layers):
        parts += [_before(config, kind, ""), _outputs(config, k, ""), _edges(config, k), _counted(k, kind)]
    if config.swap:
        swap = (("swap", config.swap),)
        parts.append([Step("swap_places", (Region("input"),), Region(f"{SWAPPED}input"), swap)])
        for k, kind in enumerate(config.layers):
            parts += [_before(config, kind, SWAPPED), _outputs(config, k, SWAPPED), [_weighed(k, kind, SWAPPED)]]
            sums = (Region.of(name, layers=k) for name in ("outputs", f"{SWAPPED}outputs"))
            terms = (Region(f"{prefix}{kind}.products") for prefix in ("", SWAPPED))
            parts.append([Step("noticeably_changed", (*sums, *terms), Region.of("changed", layers=k))])
    facts: dict[str, int | float | str] = {"places": config.places or 1}
    for name in COUNTS:
        facts |= {f"{name}_{kind}": float(saved[name].array[k]) for k, kind in enumerate(config.layers)}
    return Trace("compare-layers", config, tensors(*saved.values()), Steps.chain(*parts), facts)


def _outputs(config: CompareConfig, k: int, prefix: str) -> Steps:
    """One output of a layer after another, each in equally many steps."""
    kind = config.layers[k]

    @lru_cache(maxsize=256)
    def row(i: int) -> list[Step]:
        return _ROW[kind](config, prefix, Region.of(f"{prefix}outputs", layers=k, out_places=i), i)

    each = len(row(0))

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        i = here.get("out_places", 0)
        if not 0 <= i < (config.places or 1):
            return None
        writes = (step.writes for step in row(i))
        at = next((s for s, region in enumerate(writes) if region.tensor == tensor and region.holds(here)), None)
        return None if at is None else i * each + at

    return Steps((config.places or 1) * each, lambda s: row(s // each)[s % each], find)


def _before(config: CompareConfig, kind: str, prefix: str) -> list[Step]:
    """What a layer makes of the input before its first output."""
    given = Region(f"{prefix}input")
    if kind == "convolution":
        return [Step("zeros_around", (given,), Region(f"{prefix}convolution.padded"), (("by", _reach(config)),))]
    if kind != "attention":
        return []
    return [Step("multiply", (Region.of("attention_weight", factors=p), given), Region(f"{prefix}attention.{name}"))
            for p, name in enumerate(("query", "key", "value"))]  # fmt: skip


def _edges(config: CompareConfig, k: int) -> list[Step]:
    """A layer's edges, and their weights."""
    kind = config.layers[k]
    named = (("layer", kind), ("reach", _reach(config)))
    return [Step("links_of", (Region("input"),), Region.of("links", layers=k), named), _weighed(k, kind, "")]


def _weighed(k: int, kind: str, prefix: str) -> Step:
    """The weights of a layer's edges, which attention makes of the input."""
    own = Region(f"{prefix}attention.shares") if kind == "attention" else Region(WEIGHTS[kind])
    writes = Region.of(f"{prefix}edge_weights", layers=k)
    return Step("edge_weights_of", (own, Region.of("links", layers=k)), writes, (("layer", kind),))


def _counted(k: int, kind: str) -> list[Step]:
    """What is counted of a layer."""
    weight, links = Region(WEIGHTS[kind]), Region.of("links", layers=k)
    counted = {"weights": ("number_of_cells", weight), "edges": ("add", links), "order": ("longest_chain", links),
               "path": ("fewest_edges", links)}  # fmt: skip
    return [Step(does, (of,), Region.of(name, layers=k)) for name, (does, of) in counted.items()]


def _dense_row(config: CompareConfig, prefix: str, out: Region, i: int) -> list[Step]:
    products = Region.of(f"{prefix}dense.products", out_places=i)
    return [Step("multiply", (Region.of("dense_weight", out_places=i), Region(f"{prefix}input")), products),
            Step("sum_terms", (products,), out)]  # fmt: skip


def _convolution_row(config: CompareConfig, prefix: str, out: Region, i: int) -> list[Step]:
    products = Region.of(f"{prefix}convolution.products", out_places=i)
    window = Region.of(f"{prefix}convolution.padded", padded_places=range(i, i + (config.kernel_size or 1)))
    return [Step("multiply", (Region("convolution_weight"), window), products), Step("sum_terms", (products,), out)]


def _recurrent_row(config: CompareConfig, prefix: str, out: Region, i: int) -> list[Step]:
    here = {"out_places": i}
    read, products, sums = (Region.of(f"{prefix}recurrent.{name}", **here) for name in ("read", "products", "sums"))
    first, second = (Region.of(read.tensor, out_places=i, terms=term) for term in (0, 1))
    number = Region.of(f"{prefix}input", in_places=i)
    given = [Step("copy", (number,), first)]
    if i:
        before = Region.of(out.tensor, layers=config.layers.index("recurrent"), out_places=i - 1)
        given.append(Step("copy", (before,), second))
    else:  # nothing came before: the number itself is the whole of what is read, and 0
        given.append(Step("nothing_of", (number,), second))
    return [*given, Step("multiply", (Region("recurrent_weight"), read), products),
            Step("sum_terms", (products,), sums), Step("activate", (sums,), out, (("name", "tanh"),))]  # fmt: skip


def _attention_row(config: CompareConfig, prefix: str, out: Region, i: int) -> list[Step]:
    scores, shares, products = (
        Region.of(f"{prefix}attention.{name}", out_places=i) for name in ("scores", "shares", "products")
    )
    query = Region.of(f"{prefix}attention.query", out_places=i)
    return [Step("multiply", (query, Region(f"{prefix}attention.key")), scores),
            Step("softmax", (scores,), shares),
            Step("multiply", (shares, Region(f"{prefix}attention.value")), products),
            Step("sum_terms", (products,), out)]  # fmt: skip


_MAKE = {"dense": _dense, "convolution": _convolution, "recurrent": _recurrent, "attention": _attention}
_ROW = {
    "dense": _dense_row, "convolution": _convolution_row, "recurrent": _recurrent_row, "attention": _attention_row,
}  # fmt: skip
_SQUARE = ("out_places", "in_places")
_AXES: dict[str, dict[str, tuple[str, ...]]] = {
    "dense": {"products": _SQUARE},
    "convolution": {"padded": ("padded_places",), "products": ("out_places", "taps")},
    "recurrent": {"read": ("out_places", "terms"), "products": ("out_places", "terms"), "sums": ("out_places",)},
    "attention": {"query": ("out_places",), "key": ("in_places",), "value": ("in_places",), "scores": _SQUARE,
                  "shares": _SQUARE, "products": _SQUARE},
}  # fmt: skip
_ARRAYS = (
    ArrayOption("input", ("in_places",), "input", "the sequence, a number at each place"),
    ArrayOption("dense_weight", _SQUARE, "weight", "W of the dense layer", optional=True),
    ArrayOption("convolution_weight", ("taps",), "weight", "the kernel", optional=True),
    ArrayOption("recurrent_weight", ("terms",), "weight", "u of the input, w of the state", optional=True),
    ArrayOption("attention_weight", ("factors",), "weight", "of query, key and value", optional=True),
)

_OWN = {item.name: item.axes for item in _ARRAYS}

COMPARE = Layer(
    name="compare-layers",
    title="Four layers on one input",
    config=CompareConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="dense Σ W_ij x_j · convolution Σ k_t x_{i+t} · recurrent tanh(u x_i + w y_{i−1}) · "
    "attention Σ softmax(q x_i k x_j) v x_j",
    source="A. Vaswani et al., Attention Is All You Need (2017), table 1",
)
