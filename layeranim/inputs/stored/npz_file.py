"""NumPy's ``.npz``: a zip archive of ``.npy``, whose directory is checked before it is believed."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from layeranim.inputs.npy import DEFLATE_RATIO, MAX_HEADER, SAVE_AGAIN, check_directory, described, npy
from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Stored

UNSOUND = ("is not a sound zip archive", f"it is damaged or cut short: {SAVE_AGAIN}")


def npz_file(stream: IO[bytes], request: Request) -> Stored:
    """The arrays of a ``.npz``."""
    check_directory(stream, request)
    with request.decoding(*UNSOUND):
        archive = zipfile.ZipFile(stream)
        members = archive.infolist()
    arrays: dict[str, zipfile.ZipInfo] = {}
    seen = set[str]()
    for member in members:
        if member.filename in seen:
            rule = f"holds '{member.filename[:40]}' twice"
            raise request.refuse(rule, f"no telling which is meant: {SAVE_AGAIN}")
        seen.add(member.filename)
        if member.filename.endswith(".npy"):
            arrays[member.filename.removesuffix(".npy")] = member
    return Stored(list(arrays), lambda name: _held(archive, arrays, name, request))


def _held(archive: zipfile.ZipFile, arrays: Mapping[str, zipfile.ZipInfo], name: str, request: Request) -> HeldArray:
    member = arrays[name]
    _check(member, request)
    with request.decoding(*UNSOUND), archive.open(member) as opened:
        descr, shape, _, _ = described(opened, request)

    def read(request: Request) -> NDArray[Any]:
        request.check_size("the array", member.file_size, request.limits.size + MAX_HEADER)
        if member.file_size > DEFLATE_RATIO * member.compress_size + 64:
            rule = f"declares {member.file_size} bytes, more than its {member.compress_size} packed bytes can hold"
            raise request.refuse(rule, f"it is damaged: {SAVE_AGAIN}")
        with request.decoding(*UNSOUND), archive.open(member) as opened:
            array = npy(opened, member.file_size, request)
            opened.read(1)  # at the end zipfile compares the checksum
            return array

    return HeldArray(_named(descr), shape, read)


def _named(descr: str) -> str:
    """The type as NumPy calls it; what it has no name for, as the header writes it."""
    text = descr.strip("'\"")
    if text in ("<V2", "|V2"):
        return "V2 (bfloat16?)"
    try:
        return np.dtype(text).name
    except TypeError:
        return text[:40]


def _check(member: zipfile.ZipInfo, request: Request) -> None:
    if member.flag_bits & 1:
        raise request.refuse("is encrypted", "save it without a password")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        rule = f"is compressed by method {member.compress_type}, not stored or deflated"
        raise request.refuse(rule, "save it with np.savez_compressed")
