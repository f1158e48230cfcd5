"""The order of the axes of what a user brings: said, recognised where only one can be meant, else asked for.

Here channels come before height and width, a batch before time (``NCHW``, ``NTC``), filters before the channels that
they read (``OIHW``). Pillow, Keras and TensorFlow put channels last (``HWC``, ``NHWC``, kernels ``HWIO``), PyTorch's
sequences put time first (``TNC``). An array is turned around where its own order does not go with the rest and one
other does, or where it is surely a picture; where several orders go with the rest and another is at least as likely,
the user is asked. Nothing is turned around without a word about it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from layeranim.engine.array import shape_text
from layeranim.engine.option import Config, Layer
from layeranim.engine.trace import Shape
from layeranim.errors import OptionError, ShapeError, UsageError
from layeranim.inputs import Source
from layeranim.preparing.forms import KERNEL, SEQUENCE, SPACE, Form, form_of

COLOURS = (1, 3, 4)
"""How many channels a picture has: gray, colours, colours and how opaque they are."""


def settled(
    layer: Layer, config: Config, sources: Mapping[str, Source], raw: Mapping[str, Any], orders: Sequence[str]
) -> dict[str, Source]:
    """The arrays with their axes in our order; ``raw`` are the user's own as they were given, ``orders`` what was said.

    Raises ``ShapeError`` where the order must be asked for, ``OptionError`` for one that no array has.
    """
    known = {spec.name: spec for spec in layer.arrays}
    forms = {
        name: form
        for name in raw
        if name in known and (form := form_of(layer, known[name], config, sources[name].array.ndim))
        and sources[name].array.ndim <= len(form.ours)
    }  # fmt: skip
    told = _told(layer, forms, sources, orders)
    open_ = {name: [form.own(n), *form.others(n)] for name, form in forms.items() if name not in told
             and not _plain(raw[name], sources[name], form) and (n := sources[name].array.ndim)}  # fmt: skip
    orders_of = {**told, **dict.fromkeys(open_)}
    for name in open_:
        orders_of[name] = _decided(layer, config, sources, forms, orders_of, open_, name)
    return {name: turned(source, forms[name], order) if (order := orders_of.get(name)) else source
            for name, source in sources.items()}  # fmt: skip


def _told(
    layer: Layer, forms: Mapping[str, Form], sources: Mapping[str, Source], orders: Sequence[str]
) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for order in orders:
        fits = {name: meant for name, form in forms.items() if (meant := form.meant(order, sources[name].array.ndim))}
        if not fits:
            ours = [f"{name} of shape {shape_text(sources[name].array.shape)} is {form.own(sources[name].array.ndim)}"
                    for name, form in forms.items()]  # fmt: skip
            why = f"; here {', '.join(ours)}" if ours else f"; {layer.name} was given no array that has one"
            raise OptionError(f"layout {order} is the order of no array that was given{why}")
        found |= fits
    return found


def _plain(raw: Any, source: Source, form: Form) -> bool:
    """Whether an array is in our order by what it is: a sample, a decoded picture, planes of a literal, a tensor."""
    if source.picture or source.kind in ("sample", "random", "kernel"):
        return True
    if source.kind == "literal" and isinstance(raw, str):
        return not raw.lstrip().startswith("[")
    return type(raw).__module__.partition(".")[0] == "torch" and form.what != SEQUENCE


def _decided(
    layer: Layer, config: Config, sources: Mapping[str, Source], forms: Mapping[str, Form],
    orders: Mapping[str, str | None], open_: Mapping[str, list[str]], name: str,
) -> str | None:  # fmt: skip
    """The order of one array: its own, the only other that goes with the rest, or the user is asked."""
    shape, form = sources[name].array.shape, forms[name]
    own, *others = open_[name]
    legal = [o for o in others if _fits(layer, config, sources, forms, {**orders, name: o}, open_)]
    if not _fits(layer, config, sources, forms, {**orders, name: own}, open_):
        legal = [o for o in legal if o != "N" + form.ours[2:]]  # a batch of gray pictures goes with anything
        if form.what == KERNEL and layer.arrays[0].name not in sources:  # nothing says how many channels there are
            legal = [o for o in legal if _likely(sources[name], form, own, o)]
        if len(legal) > 1:
            raise asked(name, shape, form, legal)
        return legal[0] if legal else None
    for other in legal:
        if _surely(sources[name], form, other):
            return other
        if _likely(sources[name], form, own, other):
            raise asked(name, shape, form, [own, other])
    return own if orders[name] else None


def _fits(
    layer: Layer, config: Config, sources: Mapping[str, Source], forms: Mapping[str, Form],
    orders: Mapping[str, str | None], open_: Mapping[str, list[str]],
) -> bool:  # fmt: skip
    """Whether these orders go together, whatever is still open."""
    choices = [[order] if (order := orders.get(name)) else open_.get(name, [""]) for name in forms]
    for chosen in product(*choices):
        shapes = {name: source.array.shape for name, source in sources.items()}
        shapes |= {name: _turned_shape(shapes[name], form, order)
                   for (name, form), order in zip(forms.items(), chosen, strict=True) if order}  # fmt: skip
        try:
            layer.complete(config, shapes)
        except UsageError:
            continue
        return True
    return False


def _surely(source: Source, form: Form, other: str) -> bool:
    """Whether bytes are a picture with its channels last."""
    shape = source.array.shape
    if form.what != SPACE or source.array.dtype != "uint8" or other[-1] != "C":
        return False
    return shape[-1] in COLOURS and _sizes(shape, form.own(len(shape)))["C"] not in COLOURS


def _likely(source: Source, form: Form, own: str, other: str) -> bool:
    """Whether another order is as good a guess as ours: fewer channels, and places or taps no less even."""
    one, two = (_sizes(source.array.shape, order) for order in (own, other))
    if form.what == SEQUENCE:
        return one["N"] > 1
    if other == "N" + form.ours[2:]:  # a batch of gray pictures
        return source.array.dtype == "uint8" and one["C"] not in COLOURS and source.array.shape[-1] not in COLOURS
    evener = _uneven(two, form) <= _uneven(one, form)
    if form.what == KERNEL:
        return (
            evener and _uneven(two, form)[1] > 1
        )  # kernels of one tap are rare, and 1×1×3×3 is a common way to write one
    return two["C"] < one["C"] and evener


def _sizes(shape: Shape, order: str) -> dict[str, int]:
    return dict(zip(order, shape, strict=True))


def _uneven(sizes: Mapping[str, int], form: Form) -> tuple[float, int]:
    """How far from a square: the longest side over the shortest; of kernels also how long that is."""
    sides = [sizes[letter] for letter in form.ours[2:]]
    return max(sides) / min(sides), max(sides) if form.what == KERNEL else 0


def asked(name: str, shape: Shape, form: Form, orders: Sequence[str]) -> ShapeError:
    """The question which order is meant, with what each would make of the array."""
    ways = " or ".join(f"{order} ({described(shape, form, order)})" for order in orders)
    return ShapeError(f"{name} has shape {shape_text(shape)}, which may be {ways}; say which, as layout {orders[0]} or "
                      f"layout {orders[-1]}")  # fmt: skip


def described(shape: Shape, form: Form, order: str) -> str:
    """What an order makes of an array, in words: ``3 channels of 48×64``."""
    sizes = _sizes(shape, order)

    def many(letter: str, one: str, more: str) -> str:
        return f"{sizes[letter]} {one if sizes[letter] == 1 else more}"

    if form.what == SEQUENCE:
        return f"{many('N', 'sequence', 'sequences')} of {many('T', 'step', 'steps')}"
    places = "×".join(str(sizes[letter]) for letter in form.ours[2:])
    if form.what == KERNEL:
        return f"{many('O', 'filter', 'filters')} of {places}, {many('I', 'channel', 'channels')} each"
    if "C" not in sizes:
        return f"{many('N', 'gray picture', 'gray pictures')} of {places}"
    return f"{many('C', 'channel', 'channels')} of {places}"


def turned(source: Source, form: Form, order: str) -> Source:
    """An array in our order of axes, with the order that it came in."""
    own = form.own(source.array.ndim)
    if order == own:
        return source
    array = source.array.transpose([order.index(letter) for letter in form.ours if letter in order])
    array = array.reshape(_turned_shape(source.array.shape, form, order))
    picture = source.picture or _surely(source, form, order)
    return replace(source.with_array(array), layout=order, picture=picture)


def _turned_shape(shape: Shape, form: Form, order: str) -> Shape:
    sizes = _sizes(shape, order)
    kept = [
        letter for letter in form.ours if letter in order or (letter == "C" and "N" in order and form.what == SPACE)
    ]
    return tuple(sizes.get(letter, 1) for letter in kept)


def notes(layer: Layer, config: Any, before: Mapping[str, Source], after: Mapping[str, Source]) -> Iterator[str]:
    """What is said of every array that was turned around."""
    for name, source in after.items():
        if source.layout and name in before:
            spec = next(spec for spec in layer.arrays if spec.name == name)
            shape = before[name].array.shape
            form = form_of(layer, spec, config, len(shape))
            if form is not None:
                yield f"{name}: {shape_text(shape)} is read as {source.layout}, {described(shape, form, source.layout)}"
