"""H.264 frames that repeat the one before them.

An encoder that is handed the same picture again looks at all of it, to end with 40 bytes that say "as it was". Here
x264 makes such a frame once and it is copied. What differs between copies is ``frame_num``, a counter at a fixed place
in the slice header (ITU-T H.264, 7.3.3); x264's own frames are renumbered to leave room for them.
"""

from __future__ import annotations

import re

from layeranim.errors import RenderError

START_CODE = b"\0\0\0\1"  # of a NAL unit, annex B
SLICE, KEY_SLICE = 1, 5  # NAL unit types, table 7-1
HEAD = 0b1001101  # of a P slice: macroblock 0, slice_type 5, parameter set 0; frame_num follows
SEQUENCE = b"\xac\xb4"
"""A sequence parameter set after profile and level: set 0, 4:2:0 of 8 bits, no scaling lists; frame_num has 4 bits and
alone orders the frames (pic_order_cnt_type 2); one reference frame."""


def numberable(first: bytes) -> bool:
    """Whether the frames of the encoder that began with this packet can be numbered here."""
    return _units(first)[0][4:6] == SEQUENCE


def numbered(packet: bytes, number: int) -> bytes:
    """A packet of x264, of one slice, as frame ``number`` after its key frame; notes beside the slice are dropped."""
    for unit in _units(packet):
        kind = unit[0] & 31
        if kind == KEY_SLICE and number == 0:
            return START_CODE + unit
        if kind == SLICE and unit[1] >> 1 == HEAD:
            raw = bytearray(unit.replace(b"\0\0\3", b"\0\0"))  # a 3 keeps start codes from turning up inside
            raw[1] = HEAD << 1 | number >> 3 & 1
            raw[2] = (number & 7) << 5 | raw[2] & 31
            return START_CODE + re.sub(b"\0\0(?=[\0-\3])", b"\0\0\3", raw)
    raise RenderError(f"libx264 made no slice for frame {number} after a key frame")


def _units(packet: bytes) -> list[bytes]:
    """The NAL units of a packet, without start codes."""
    return [unit for unit in re.split(b"\0*\0\0\1", packet) if unit]
