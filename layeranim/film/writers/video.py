"""MP4 and WebM: constant frame rate, one encoder for the whole film, fed with patches of YUV.

Every frame of the film is a frame of the file, held ones too: players, editors and seeking want it so, and an unchanged
frame takes 40 bytes. The encoder's own threads run beside the camera; their number changes x264's bytes, so it is
fixed, whatever the machine has.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO

import av
import numpy as np
from av.codec.context import Flags
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from layeranim.errors import RenderError
from layeranim.film.writers import Rect, Spec
from layeranim.film.writers.mp4 import faststart
from layeranim.film.writers.yuv import Planes, convert, paste

KEYFRAMES = 250  # frames between two points where a player can begin, at most
BT709 = 1  # ffmpeg's number for its primaries, transfer and matrix
LIMITED = 1  # ffmpeg's number for 16…235
START_CODE = b"\0\0\1"  # of a NAL unit, ITU-T H.264 annex B


@dataclass(frozen=True)
class Codec:
    """An encoder of libav and how it is driven.

    ``threads`` None: ``Spec.workers``, for an encoder that makes the same bytes with any number of them.
    """

    encoder: str
    container: str
    options: dict[str, str]
    threads: int | None


CODECS = {
    "h264": Codec("libx264", "mp4", {"preset": "veryfast", "crf": "20"}, threads=4),
    "vp9": Codec(
        "libvpx-vp9",
        "webm",
        {"deadline": "realtime", "cpu-used": "7", "lag-in-frames": "0", "tune-content": "screen", "crf": "32"},
        threads=None,
    ),
    "av1": Codec("libsvtav1", "webm", {"preset": "8", "crf": "50"}, threads=None),
}


class Sink:
    """The output file as libav sees it: it never fails. What went wrong is raised by ``check``, in our own code.

    libav goes on writing after an error, and PyAV would report each further one on stderr and lose an interrupt.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._error: BaseException | None = None

    def write(self, data: bytes) -> int:
        self._try(self._file.write, data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._try(self._file.seek, offset, whence) or 0

    def tell(self) -> int:
        return self._try(self._file.tell) or 0

    def check(self) -> None:
        """Raise the first error."""
        if self._error is not None:
            raise self._error

    def _try(self, call: Callable[..., int], *arguments: Any) -> int | None:
        if self._error is None:
            try:
                return call(*arguments)
            except BaseException as error:
                self._error = error
        return None


class Video:
    """Writes a video file; see ``Writer``."""

    def __init__(self, out: BinaryIO, spec: Spec, codec: Codec) -> None:
        self._out, self._sink, self._codec = out, Sink(out), codec
        self._frames = 0
        if codec.encoder == "libsvtav1":
            os.environ["SVT_LOG"] = "0"  # or it reports its settings on stderr
        self._frame = VideoFrame(spec.width, spec.height, "yuv420p")
        self._planes = _planes(self._frame)
        self._container = av.open(self._sink, "w", format=codec.container, container_options={"fflags": "bitexact"})
        self._stream: Any = self._container.add_stream(codec.encoder, rate=spec.fps)
        self._context: Any = self._stream.codec_context
        self._configure(spec)

    def _configure(self, spec: Spec) -> None:
        context = self._context
        context.width, context.height, context.pix_fmt = spec.width, spec.height, "yuv420p"
        context.framerate, context.time_base = spec.fps, 1 / Fraction(spec.fps)
        context.options = self._codec.options
        context.bit_rate = 0  # quality decides
        context.thread_count = self._codec.threads or spec.workers
        context.gop_size = KEYFRAMES
        context.flags |= int(Flags.bitexact)
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        for rect in changed:
            paste(self._planes, convert(pixels[rect.y0 : rect.y1, rect.x0 : rect.x1]), rect.x0, rect.y0)
        for _ in range(repeat):
            self._frame.pts = self._frames
            self._frame.time_base = self._context.time_base
            self._mux(self._frame)
            self._frames += 1

    def finish(self) -> None:
        if not self._frames:
            raise RenderError("the film has no frame")
        self._mux(None)
        self._container.close()
        self._sink.check()
        if self._codec.container == "mp4":
            faststart(self._out)

    def abort(self) -> None:
        with suppress(av.FFmpegError, ValueError):  # it ends with writing what nobody wants any more
            self._container.close()

    def _mux(self, frame: VideoFrame | None) -> None:
        try:
            for packet in self._context.encode(frame):
                self._container.mux(self._ready(packet))
        except (av.FFmpegError, ValueError) as error:
            raise RenderError(f"{self._codec.encoder} cannot encode frame {self._frames}: {error}") from error
        self._sink.check()

    def _ready(self, packet: Packet[Any]) -> Packet[Any]:
        if self._codec.encoder == "libx264":
            packet = _without_sei(packet)
        packet.stream = self._stream
        return packet


def _planes(frame: VideoFrame) -> Planes:
    """The frame's own memory, without the padding at the end of each line."""
    views = []
    planes: Any = frame.planes  # buffers, though their types do not say so
    for plane in planes:
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(lines[: plane.height, : plane.width])
    return Planes(*views)


def _without_sei(packet: Packet[Any]) -> Packet[Any]:
    """x264 begins a stream with a note of its version and settings (a NAL unit of type 6); drop it."""
    data = bytes(packet)
    head = data.index(START_CODE) + len(START_CODE)
    if data[head] & 31 != 6:
        return packet
    clean = Packet(data[data.index(START_CODE, head) :])
    clean.pts, clean.dts, clean.time_base = packet.pts, packet.dts, packet.time_base
    clean.is_keyframe = packet.is_keyframe
    return clean
