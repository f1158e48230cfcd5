"""What a user writes for a tensor, and how it becomes an array.

The text alone decides what it is, so it means the same in every folder. In this order:

1. ``-`` is standard input, told apart by its content; ``-:KEY`` one array of an archive there.
2. Text that ends in ``.npy .csv .tsv .txt .json .png .jpg .jpeg .webp`` or as a file of weights does, ``.npz
   .safetensors .pt .keras .onnx`` and others, also with ``:KEY`` behind it, is a file; the ending says how it is read.
3. Text that begins with ``[`` holds numbers in brackets: JSON, what NumPy or MATLAB print. Text that begins with a
   number is a literal: ``1 2 3; 4 5 6``. Words that print them, ``A =`` and ``array(``, may stand in front.
4. ``NAME`` or ``NAME:SIZE`` with a name of ``SAMPLES`` is a sample.
5. All else is a file that is not there, or one whose ending is not known.

``./`` before a file's name makes sure of it. What is written as text or generated is float64, pictures are uint8;
arrays and array files keep bool, integers, float32 and float64, float16 becomes float32, longer floats float64.
NaN, infinities, −0.0 and denormals pass as they are; empty arrays, single numbers, complex numbers, text, dates and
objects are refused.
"""

from __future__ import annotations

import io
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import IO, Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from layeranim.engine.array import is_masked
from layeranim.inputs import pictures, text
from layeranim.inputs.npy import NPY_MAGIC, ZIP_MAGIC, npy
from layeranim.inputs.request import LIMITS, RAISE_LIMIT, Limits, Request, nearest
from layeranim.inputs.samples import SAMPLES, sample
from layeranim.inputs.source import Kind, Source, source
from layeranim.inputs.stored import INDEX, READERS, Opener, stored
from layeranim.inputs.table import table
from layeranim.inputs.within import Base, discreet, foreign, place

TABLES = (".csv", ".tsv", ".txt")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")
ARCHIVES = (".npz", ".safetensors")
SUFFIXES = (".npy", *ARCHIVES, *TABLES, ".json", *PICTURES, *(end for end in READERS if end not in ARCHIVES))
CHUNK = 2**20
FORMS = "a file, numbers such as '1 2; 3 4', or a sample such as digit:3 (layeranim list --samples)"

ARCHIVE = re.compile(rf"(.*?(?:{'|'.join(map(re.escape, (*READERS, INDEX)))}))(?::(.*))?", re.IGNORECASE | re.DOTALL)
"""A file of several arrays, and behind a colon the name of one, or how the names begin that are meant."""


def read(
    spec: str | os.PathLike[str] | ArrayLike,
    *,
    what: str = "input",
    seed: int = 0,
    gray: bool = False,
    resize: tuple[int, int] | None = None,
    decimal: str = ".",
    stdin: BinaryIO | None = None,
    base: Base = None,
    limits: Limits = LIMITS,
) -> Source:
    """The array that ``spec`` stands for, by the rules at the top of this file.

    ``what`` names the parameter in errors and picks the random stream; ``gray`` and ``resize`` (height, width) are
    for pictures, ``decimal=","`` for tables and literals whose numbers have a comma; ``stdin`` is the stream behind
    ``-``; relative paths start from ``base``. Anything that is not text or a path is taken as an array (lists, NumPy
    arrays, ``__array__``, PyTorch tensors) and copied.
    Raises :class:`InputError`; :class:`MissingLibraryError` when a picture is read without Pillow.

    >>> read("1 2 3; 4 5 6").array.tolist()
    [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    """
    request = Request(what, "", limits, gray=gray, resize=resize, decimal=decimal)
    return resolve(spec, request, seed=seed, stdin=stdin, base=base, names=SAMPLES)


def resolve(
    spec: object, request: Request, *, seed: int, stdin: BinaryIO | None, base: Base, names: Iterable[str]
) -> Source:
    """As :func:`read`; ``names`` are the ones to suggest when nothing fits."""
    if isinstance(spec, os.PathLike):
        spec, form = os.fspath(spec), "file"
        request = replace(request, given=str(spec))
    elif isinstance(spec, str):
        form, request = form_of(spec), replace(request, given=spec)
    else:
        pictures.check_resize(request)
        return _array(spec, request)
    pictures.check_resize(request)
    words = str(spec)
    if form == "stdin":
        return _stream(words, request, stdin)
    if form == "json":
        return source(text.brackets(words, _plain(request)), "literal", "literal", request)
    if form == "literal":
        return source(text.literal(words, _plain(request)), "literal", "literal", request)
    if form == "sample":
        return sample(words, request, seed)
    return _file(words, request, base, names)


def form_of(spec: str) -> str:
    """``stdin``, ``file``, ``json``, ``literal`` or ``sample``; looks at nothing but the text."""
    if spec == "-" or spec.startswith("-:"):
        return "stdin"
    if ARCHIVE.fullmatch(spec) or _suffix(spec) in SUFFIXES:
        return "file"
    bare = text.unnamed(spec)
    if bare.startswith("["):
        return "json"
    first = re.split(r"[\s,;]", bare.lstrip(" \t,;")[:1001], maxsplit=1)[0]
    if text.is_number(first) or text.truths(first):
        return "literal"
    return "sample" if spec.partition(":")[0] in SAMPLES else "file"


def _suffix(path: str) -> str:
    return os.path.splitext(path)[1].lower()


def _plain(request: Request) -> Request:
    """The request, once it is known that no picture is asked for."""
    if request.gray or request.resize is not None:
        raise request.refuse("gray and resize are for pictures", "leave them out, or bring a PNG, JPEG or WebP")
    return request


def _stream(spec: str, request: Request, stdin: BinaryIO | None) -> Source:
    if stdin is None:
        raise request.refuse("there is no standard input here", "pass stdin=, a binary stream")
    start = stdin.read(CHUNK)
    if not start.strip():
        raise request.refuse("nothing came on standard input", f"pipe a file into it, or give {FORMS}")
    suffix = _sniff(start)
    most = request.limits.text if suffix in (".json", ".csv") else request.limits.size // 2
    buffer = io.BytesIO()
    buffer.write(start)
    while buffer.tell() <= most and (chunk := stdin.read(CHUNK)):
        buffer.write(chunk)
    if buffer.tell() > most:
        raise request.refuse(f"standard input is longer than {most} bytes", f"give it as a file, or {RAISE_LIMIT}")
    request = replace(request, key=spec[2:] if spec != "-" else None)
    found = source(_decode(suffix, buffer, request), "stdin" + spec[1:], "file", request)
    return replace(found, picture=suffix in PICTURES)


def _sniff(data: bytes) -> str:
    """The ending that a file which begins so would have."""
    if data.startswith(NPY_MAGIC):
        return ".npy"
    if data.startswith(ZIP_MAGIC):
        return ".npz"
    if data.startswith((b"\x89PNG", b"\xff\xd8\xff")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
        return ".png"
    if data[8:9] == b"{" and data[5:8] == bytes(3):  # no header takes 2⁴⁰ bytes
        return ".safetensors"
    start = text.unnamed(data[:200].removeprefix(b"\xef\xbb\xbf").decode("latin-1"))
    return ".json" if start.lstrip()[:1] in ("[", "{") else ".csv"


def _decode(suffix: str, stream: IO[bytes], request: Request, beside: Opener | None = None) -> NDArray[Any]:
    if suffix in PICTURES:
        return pictures.picture(stream, request)
    _plain(request)
    if request.key is not None and suffix not in READERS:
        raise request.refuse("holds one array, without a name", "leave out what follows the colon")
    if suffix in READERS:
        found = stored(suffix, stream, request, beside)
        return found.held(request.choose(found.names)).read(request)
    if suffix == ".npy":
        size = stream.seek(0, os.SEEK_END)
        stream.seek(0)
        return npy(stream, size, request)
    return text.json_file(stream, request) if suffix == ".json" else table(stream, request)


def _file(spec: str, request: Request, base: Base, names: Iterable[str]) -> Source:
    archive = ARCHIVE.fullmatch(spec)
    path, key = (archive[1], archive[2]) if archive else (spec, None)
    request = replace(request, key=key)
    kernels = "a kernel such as sobel-x, " if "sobel-x" in names else ""
    with opened(path, request, base, SUFFIXES, f"give {kernels}{FORMS}", names) as (name, stream, _):
        array = _decode(_suffix(path), stream, request, neighbours(path, request, base))
    found = source(array, name + (f":{key}" if key is not None else ""), "file", request)
    found = replace(found, picture=_suffix(path) in PICTURES, foreign=foreign(path, base))
    return replace(found, said=()) if found.foreign else found


@contextmanager
def opened(
    path: str, request: Request, base: Base, suffixes: Iterable[str], remedy: str, names: Iterable[str] = ()
) -> Iterator[tuple[str, IO[bytes], int]]:
    """A regular file with one of these endings: its name without folders, its bytes, how many they are.

    ``remedy`` is what would work instead, ``names`` what could be meant if there is no such file.
    """
    with discreet(request.what, path, base), _open(path, request, place(path, base), suffixes, remedy, names) as found:
        yield found


def neighbours(path: str, request: Request, base: Base) -> Opener:
    """What opens a file in the folder of another one that names it."""

    @contextmanager
    def beside(name: str) -> Iterator[IO[bytes]]:
        there = os.path.join(os.path.dirname(path), name)
        remedy = "keep all files of the model in one folder"
        with opened(there, request, base, (_suffix(name),), remedy) as (_, part, _size):
            yield part

    return beside


@contextmanager
def _open(
    path: str, request: Request, where: str, suffixes: Iterable[str], remedy: str, names: Iterable[str]
) -> Iterator[tuple[str, IO[bytes], int]]:
    try:
        found = os.stat(where)
    except (OSError, ValueError):
        raise _missing(path, where, request, remedy, names) from None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        if os.path.exists(os.path.join(where, "_CHECKPOINT_METADATA")):
            raise request.refuse(
                "is a folder of Orbax", "restore it there, and save it by flax.serialization.to_bytes as .msgpack"
            )
        raise request.refuse(f"is {kind}", "name a file; what comes through a pipe is read by -")
    if _suffix(path) not in suffixes:
        raise request.refuse(f"its ending '{_suffix(path)[:20]}' is not known", f"read are {' '.join(suffixes)}")
    if found.st_size == 0:
        raise request.refuse("is an empty file", "save it again")
    try:
        with open(where, "rb") as stream:
            yield os.path.basename(path), stream, found.st_size
    except OSError as error:
        raise request.refuse(
            f"cannot be read: {error.strerror or error}", "check its permissions and its disk"
        ) from error


def _missing(path: str, where: str, request: Request, remedy: str, names: Iterable[str]) -> Exception:
    if not path.strip():
        return request.refuse("is empty", remedy)
    head, colon, size = path.partition(":")
    name = nearest(head, names)
    if name is not None:
        return request.refuse("no such file or name", f"did you mean '{name}{colon}{size[:40]}'?")
    try:
        with os.scandir(os.path.dirname(where) or ".") as entries:
            there = [entry.name for entry, _ in zip(entries, range(1000), strict=False)]
    except (OSError, ValueError):
        there = []
    asked = os.path.basename(path)
    whole = (name for name in sorted(there) if asked in (os.path.splitext(name)[0], *_with_key(name, asked)))
    close = next(whole, None) or nearest(asked, there)
    if not close and len(path.split()) > 1 and path.replace(" ", "").isalpha():
        return request.refuse("is words, not numbers", f"layers that read words take them as --tokens; {remedy}")
    hint = f"did you mean '{os.path.join(os.path.dirname(path), close)[:200]}'?" if close else remedy
    return request.refuse("no such file", hint)


def _with_key(name: str, asked: str) -> list[str]:
    """What was asked for, if it is this file with a key behind it, which this file cannot have."""
    return [asked] if asked.startswith(f"{name}:") else []


def _array(value: object, request: Request) -> Source:
    """An array-like, copied; PyTorch's tensors are detached first, Pillow's pictures read like those of a file."""
    kind: Kind = "literal" if isinstance(value, list | tuple) else "array"
    request = replace(request, given=type(value).__name__)
    if pictures.is_pillow(value):
        name = os.path.basename(str(getattr(value, "filename", ""))) or "picture"
        return replace(source(pictures.of_pillow(value, request), name, kind, request), picture=True)
    request = _plain(request)
    if is_masked(value):
        raise request.refuse("is a masked array", "fill its gaps: x.filled(np.nan)")
    with request.decoding("cannot be made an array of numbers", _uneven(value)):
        array = np.asarray(_detached(value) if hasattr(value, "detach") else value)
    return source(array, kind, kind, request, ours=False)


def _detached(tensor: Any) -> Any:
    """A PyTorch tensor as NumPy can take it; NumPy has no bfloat16, float32 holds all of it."""
    tensor = tensor.detach().cpu()
    return tensor.float() if str(tensor.dtype) == "torch.bfloat16" else tensor


def _uneven(value: object) -> str:
    """What to put right in nested lists that make no array."""
    lengths = [len(row) for row in value if isinstance(row, list | tuple)] if isinstance(value, list | tuple) else []
    at = next((index for index, length in enumerate(lengths) if length != lengths[0]), None)
    if at is None:
        return "give numbers, or lists of numbers of one length"
    return f"row {at + 1} has {lengths[at]} values, row 1 has {lengths[0]}: give all rows the same length"
