"""The film in a player: the same pictures as an MP4's in two thirds of its bytes, for it is carried as text.

Every picture is coded once and shown for as long as it stands; x264 takes its time, and borrows from later pictures. A
key frame, by which a player gets to a place without the pictures before it, is dear where everything stands still: it
comes at the end of a step, where stepping halts, and only where the last one is far back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any, BinaryIO

from av.packet import Packet
from av.video.frame import PictureType

from layeranim.film.writers.mp4 import H264, LARGE, Mp4
from layeranim.film.writers.spec import Spec
from layeranim.film.writers.video import Codec, ShownFrame

PICTURES = 150
"""From a key frame to the next, at least: so many are decoded in about a tenth of a second."""
SLOW = replace(
    H264,
    options={**H264.options, "preset": "slow", "x264-params": "bframes=5:b-adapt=2:ref=3:rc-lookahead=20:scenecut=0"},
)


def codec(spec: Spec) -> Codec:
    """How x264 is driven for frames of that size: of large ones it keeps fewer."""
    if spec.width * spec.height <= LARGE:
        return SLOW
    params = "bframes=0:ref=1:rc-lookahead=0:no-mbtree=1:scenecut=0"
    return replace(SLOW, options={**SLOW.options, "x264-params": params})


class Stepped(Mp4):
    """Writes an MP4 of pictures that stand for as long as they are shown; ``ends`` are the frames where steps end."""

    def __init__(self, out: BinaryIO, spec: Spec, ends: Sequence[int]) -> None:
        self._steps = deque(sorted(set(ends)))
        self._since = 0
        self._packets: deque[Packet[Any]] = deque()
        self._stands: dict[int, int] = {}
        self._last = 0
        self._first: int | None = None
        super().__init__(out, spec, codec(spec))

    @property
    def frames(self) -> int:
        return self._frames

    def _show(self, shown: ShownFrame) -> None:
        if shown.patches or not self._frames:
            if self._frames:
                self._stands[self._last] = self._frames - self._last
            self._last = self._frame.pts = self._frames
            self._frame.pict_type = PictureType.I if self._is_key(shown.repeat) else PictureType.NONE
            self._packets += self._encode(self._frame)
        self._frames += shown.repeat
        self._write()

    def _is_key(self, repeat: int) -> bool:
        """Whether a player can begin at the picture that is shown next."""
        ends = False
        while self._steps and self._steps[0] < self._frames + repeat:
            ends = self._steps.popleft() >= self._frames or ends
        due = not self._frames or (ends and self._since >= PICTURES)
        self._since = 0 if due else self._since + 1
        return due

    def _end(self) -> None:
        self._packets += self._encode(None)
        self._stands[self._last] = self._frames - self._last
        self._write()

    def _write(self) -> None:
        """Write the pictures whose end is known, in the order in which they are decoded."""
        while self._packets and self._packets[0].pts in self._stands:
            packet = self._packets.popleft()
            packet.duration, packet.time_base = self._stands.pop(packet.pts or 0), 1 / Fraction(self._spec.fps)
            self._first = packet.dts or 0 if self._first is None else self._first
            if not self._stands:  # the last to be decoded need not be the last that is shown, but ends with the film
                packet.duration = self._frames + self._first - (packet.dts or 0)
            self._mux(packet)
