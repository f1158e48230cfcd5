"""The index of an MP4 moved to its front, so that a player can begin before it has the whole file."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

BLOCK = 1 << 20
CONTAINERS = (b"trak", b"mdia", b"minf", b"stbl")


def faststart(file: BinaryIO) -> None:
    """Move ``moov`` before ``mdat``, in place (ISO/IEC 14496-12, 8.1-8.2 and 8.7.5)."""
    boxes = {kind: (start, size) for kind, start, size in _boxes_of(file)}
    start, size = boxes[b"moov"]
    file.seek(start)
    moov = bytearray(file.read(size))
    _shift_offsets(moov, 8, len(moov), by=size)
    at = boxes[b"ftyp"][1]
    for stop in range(start, at, -BLOCK):
        begin = max(at, stop - BLOCK)
        file.seek(begin)
        block = file.read(stop - begin)
        file.seek(begin + size)
        file.write(block)
    file.seek(at)
    file.write(moov)
    file.seek(0, 2)


def _boxes_of(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    at, end = 0, file.seek(0, 2)
    while at < end:
        file.seek(at)
        head = file.read(16)
        size, kind = struct.unpack_from(">I4s", head)
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, 8)
        yield kind, at, size
        at += size


def _shift_offsets(moov: bytearray, at: int, end: int, by: int) -> None:
    """Add ``by`` to every chunk offset in the boxes between ``at`` and ``end``."""
    while at < end:
        size, kind = struct.unpack_from(">I4s", moov, at)
        if kind in CONTAINERS:
            _shift_offsets(moov, at + 8, at + size, by)
        elif kind in (b"stco", b"co64"):
            (count,) = struct.unpack_from(">I", moov, at + 12)
            layout = f">{count}{'I' if kind == b'stco' else 'Q'}"
            offsets = struct.unpack_from(layout, moov, at + 16)
            struct.pack_into(layout, moov, at + 16, *(offset + by for offset in offsets))
        at += size
