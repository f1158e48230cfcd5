"""State dicts: the arrays of a model by their names, from a mapping or from a file of weights, chosen by a prefix."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from layeranim.engine.option import suggest
from layeranim.engine.trace import Array, Shape
from layeranim.errors import InputError
from layeranim.inputs.loading import LEFT_OUT
from layeranim.inputs.read import ARCHIVE, neighbours, opened, read
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.safe import printable
from layeranim.inputs.source import source
from layeranim.inputs.stored import INDEX, READERS, Stored, parts, stored
from layeranim.inputs.within import Base
from layeranim.records import dataclass

MOST = 10_000
"""Arrays of one layer."""
GIVE = "give a file of weights"
PARAMETERS = frozenset(("weight", "bias", "kernel", "w", "b", "gamma", "beta", "scale", "offset"))
"""What a number without axes cannot be: it is missed where it is left out."""
SLOPE = "negative_slope"
"""PReLU's in Flax and Equinox: one number without axes for all channels."""


class ArraysOfState(dict[str, Array]):
    """Arrays by name; ``convention`` is the library whose layout their file says that they have, if it says so, and
    ``said`` what it says of the layer besides."""

    convention: str = ""
    said: Mapping[str, Any] = {}


@dataclass(frozen=True)
class FileListing:
    """What a file of weights holds: type and shape by name, the prefix that was asked for, whose layout it is, what
    else stands in it, and by prefix what it says of a layer besides."""

    arrays: Mapping[str, tuple[str, Shape]]
    prefix: str
    convention: str
    rest: tuple[str, ...]
    said: Mapping[str, Mapping[str, Any]]


def state_dict(
    given: Mapping[str, Any] | str | os.PathLike[str],
    prefix: str = "",
    limits: Limits = LIMITS,
    base: Base = None,
) -> ArraysOfState:
    """The arrays whose names begin with ``prefix``, without it; from a mapping, or a file of weights.

    A file may bring its prefix: ``model.pt:encoder.``; the dot at its end may be left out. Numbers without axes and
    empty arrays beside the layer's own are left out. All arrays together take no more than ``limits`` let one take.
    Raises ``InputError`` for a file that cannot be read, and where no name begins so.
    """
    if isinstance(given, Mapping):
        of = {str(name): value for name, value in given.items()}
        names, start = _chosen(list(of), prefix, "the state dict")
        out = ArraysOfState()
        for name in names:
            if not _aside(name, shape := getattr(of[name], "shape", None)):
                value = of[name].reshape(1) if _last(name) == SLOPE and shape == () else of[name]
                out[name.removeprefix(start)] = read(value, what=name, limits=limits, base=base).array
                _within(out, name, limits)
        if isinstance(given, ArraysOfState):
            out.convention, out.said = given.convention, given.said
        return _some(out, names, "the state dict")
    path, of_file = _split(os.fspath(given))
    with _opened(path, Request("weights", path, limits), base) as file:
        names, start = _chosen(file.names, prefix or of_file, f"'{printable(path)}'", _part(path))
        Request("weights", path, limits).check_size("it", len(names), MOST, "arrays")
        out = ArraysOfState()
        for name in names:
            held, slope = file.held(name), _last(name) == SLOPE
            request = Request(name, f"{path}:{name}", limits, bare=slope)
            if not _aside(name, held.shape):
                value = held.read(request)
                value = value.reshape(1) if slope and not held.shape else value
                out[name.removeprefix(start)] = source(value, name, "file", request).array
                _within(out, name, limits)
        out.convention, out.said = file.convention, file.said.get(start, {})
    return _some(out, names, f"'{printable(path)}'")


def listed(given: str | os.PathLike[str], limits: Limits = LIMITS) -> FileListing:
    """What stands in a file of weights. No numbers are read.

    Raises ``InputError`` for a file that cannot be read, and where no name begins with the prefix behind its colon.
    """
    path, prefix = _split(os.fspath(given))
    with _opened(path, Request("weights", path, limits), None) as file:
        if prefix:
            _, prefix = _chosen(file.names, prefix, f"'{printable(path)}'", _part(path), whole=True)
        names = [name for name in file.names if name.startswith(prefix)]
        found = {name: file.held(name) for name in names}
    arrays = {name: (held.kind, held.shape) for name, held in found.items()}
    return FileListing(arrays, prefix, file.convention, file.rest, file.said)


def file_of(given: Mapping[str, Any] | str | os.PathLike[str]) -> str | None:
    """The file that a state dict is read from, without a prefix behind its colon; none of a mapping."""
    return None if isinstance(given, Mapping) else _split(os.fspath(given))[0]


def _split(path: str) -> tuple[str, str]:
    """A file and the prefix behind its colon."""
    found = ARCHIVE.fullmatch(path)
    return (found[1], found[2] or "") if found else (path, "")


@contextmanager
def _opened(path: str, request: Request, base: Base) -> Iterator[Stored]:
    index = path.lower().endswith(INDEX)
    with opened(path, request, base, (".json",) if index else READERS, GIVE) as (_, stream, _size):
        beside = neighbours(path, request, base)
        if not index:
            yield stored(path, stream, request, beside)
            return
        with parts(stream, request, beside) as found:
            yield found


def _part(path: str) -> str:
    """What to say of a file that is one part of several."""
    found = re.fullmatch(r"(.*)-\d{3,6}-of-\d{3,6}\.safetensors", os.path.basename(path))
    return f"; other parts of the model are listed in {printable(found[1])}{INDEX}" if found else ""


def _chosen(
    names: Sequence[str], prefix: str, where: str, elsewhere: str = "", whole: bool = False
) -> tuple[list[str], str]:
    """The names that begin with the prefix, and the prefix with the dot or slash that ends it."""
    start = prefix
    if prefix and prefix[-1] not in "./":
        start = next((prefix + dot for dot in "./" if any(name.startswith(prefix + dot) for name in names)), "")
        if not start and prefix in names and not whole:
            layer = prefix[: max(prefix.rfind("."), prefix.rfind("/")) + 1]
            raise InputError(
                f"'{printable(prefix)}' of {where} is one array; a layer is all that begins alike, here "
                f"{printable(layer) or 'without a prefix'}"
            )
        start = start or prefix
    found = [n for n in names if n.startswith(start) and n.rpartition(".")[2] not in LEFT_OUT]
    cut = prefix and prefix[-1] not in "./" and start == prefix and prefix not in names
    if not names:
        raise InputError(f"{where} has no name that begins with '{printable(prefix)}'; it holds no array of numbers")
    if not found or cut:
        shown = ", ".join(printable(name, 40) for name in names[:8]) + (", …" if names[8:] else "")
        near = suggest(prefix, sorted({name[: name.rfind(".") + 1] for name in names[:1000]} - {""}))
        raise InputError(f"{where} has no name that begins with '{printable(prefix)}'{near}; it has {shown}{elsewhere}")
    return found, start


def _some(found: ArraysOfState, names: Sequence[str], where: str) -> ArraysOfState:
    """The same, where it is any: a layer without its weights would be told in others."""
    if not found and names:
        shown = ", ".join(printable(name, 40) for name in names[:8]) + (", …" if names[8:] else "")
        raise InputError(f"{where} has only {shown} here: numbers without axes and empty arrays are no layer's weights")
    return found


def _aside(name: str, shape: Sequence[int] | None) -> bool:
    """Whether an array has no cells or no axes, and is no parameter that would be missed."""
    bare = shape is not None and (len(shape) == 0 or 0 in shape)
    return bare and _last(name) not in PARAMETERS | {SLOPE}


def _last(name: str) -> str:
    return re.split(r"[./]", name)[-1]


def _within(state: ArraysOfState, name: str, limits: Limits) -> None:
    Request("weights", name, limits).check_size("all of it", sum(x.nbytes for x in state.values()), limits.size)
