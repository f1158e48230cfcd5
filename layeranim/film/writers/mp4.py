"""MP4 with H.264: x264 sees each picture once.

A film stands still most of the time. The frames that repeat a picture are copies of one that says "as it was" (see
``slices``), so that a film takes as long as its movements.
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from av.codec.context import CodecContext
from av.packet import Packet
from av.video.frame import PictureType

from layeranim.film.writers import slices
from layeranim.film.writers.faststart import faststart
from layeranim.film.writers.spec import Spec
from layeranim.film.writers.video import CENTRE, Codec, ShownFrame, Video, configure, encoding, picture

H264 = Codec(
    "libx264",
    "mp4",
    {
        "preset": "veryfast",
        "crf": "20",
        "forced-idr": "1",
        # Flat fills and sharp edges: motion finer than a pixel, the filter across block edges and frames that borrow
        # from later ones take time, and make a worse picture here. It looks two frames ahead: ten take more memory, and
        # make larger files.
        "x264-params": "bframes=0:weightp=0:scenecut=0:me=dia:subme=0:no-deblock=1:rc-lookahead=2",
        **CENTRE,
    },
    threads=2,  # always: its bytes are those of one thread, on any number of cores; of three they are others
)

LARGE = 1920 * 1080
"""Of larger frames x264 looks at none ahead: ten of them would take more memory than all the rest."""


def codec(spec: Spec) -> Codec:
    """How x264 is driven for frames of that size."""
    if spec.width * spec.height <= LARGE:
        return H264
    params = H264.options["x264-params"] + ":rc-lookahead=0:no-mbtree=1"
    return replace(H264, options={**H264.options, "x264-params": params})


def mp4(out: BinaryIO, spec: Spec) -> Mp4:
    """A writer of MP4. An x264 that numbers its frames in a way not known here encodes the held ones too."""
    copied = still(spec)
    return Mp4(out, spec) if copied is None else Held(out, spec, copied)


class Mp4(Video):
    """Writes an MP4; see ``Writer``."""

    def __init__(self, out: BinaryIO, spec: Spec, driven: Codec | None = None) -> None:
        super().__init__(out, spec, driven or codec(spec))

    def finish(self) -> None:
        super().finish()
        faststart(self._out)


class Held(Mp4):
    """Writes an MP4 whose held frames are copies of x264's packet ``still``."""

    def __init__(self, out: BinaryIO, spec: Spec, still: bytes) -> None:
        self._still = still
        self._packets: deque[bytes] = deque()
        # The frames at which the pictures of these packets, and later ones, begin; each with its key frame.
        self._starts: deque[tuple[int, int]] = deque()
        super().__init__(out, spec)

    def _show(self, shown: ShownFrame) -> None:
        if shown.patches:
            self._frame.pts = self._frames
            self._frame.pict_type = PictureType.I if self._begins_key(shown) else PictureType.NONE
            self._starts.append((self._frames, self._key))
            self._packets += map(bytes, self._encode(self._frame))
        self._frames += shown.repeat
        self._write()

    def _end(self) -> None:
        self._packets += map(bytes, self._encode(None))
        self._starts.append((self._frames, self._key))
        self._write()

    def _write(self) -> None:
        """Write the pictures whose end is known: a frame of x264's, then copies."""
        while self._packets and len(self._starts) > 1:
            data, (start, key) = self._packets.popleft(), self._starts.popleft()
            for at in range(start, self._starts[0][0]):
                packet = Packet(slices.numbered(data if at == start else self._still, at - key))
                packet.pts = packet.dts = at
                packet.duration, packet.time_base = 1, 1 / Fraction(self._spec.fps)
                packet.is_keyframe = at == key
                self._mux(packet)


def still(spec: Spec) -> bytes | None:
    """x264's packet for a frame that repeats the one before; None of an x264 that numbers its frames in another way."""
    h264 = codec(spec)
    context = configure(CodecContext.create(h264.encoder, "w"), spec, h264)
    frame, planes = picture(spec)
    for plane in planes[:3]:
        plane[:] = 128
    packets = list[bytes]()
    for number in (0, 1):
        frame.pts = number
        with encoding(h264, number):
            packets += map(bytes, context.encode(frame))
    packets += map(bytes, context.encode(None))
    return packets[1] if slices.numberable(packets[0]) else None
