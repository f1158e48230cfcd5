"""MP4 and WebM: constant frame rate, encoded in chunks side by side.

Every frame of the film is a frame of the file, held ones too: players, editors and seeking want it so, and an unchanged
frame takes 40 bytes. A chunk is a hundred frames by number, whoever encodes it and whenever: it starts with a key frame
and knows nothing of its neighbours, so any number of workers makes the same bytes.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from queue import SimpleQueue
from threading import Thread
from typing import Any, BinaryIO

import av
import numpy as np
from av.codec.context import Flags
from av.container.output import OutputContainer
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from layeranim.errors import RenderError
from layeranim.film.writers import Rect, Spec
from layeranim.film.writers.chunks import Budget, Chunk, Patch, Step, Stopped
from layeranim.film.writers.mp4 import faststart
from layeranim.film.writers.yuv import Planes, black, convert, paste

AHEAD = 24_000_000  # bytes of patches on their way: 17 whole frames of 1280×720
FLAGS = int(Flags.bitexact | Flags.global_header | Flags.closed_gop)
BT709 = 1  # ffmpeg's number for its primaries, transfer and matrix
LIMITED = 1  # ffmpeg's number for 16…235
START_CODE = b"\0\0\1"  # of a NAL unit, ITU-T H.264 annex B


@dataclass(frozen=True)
class Codec:
    """An encoder of libav and how it is driven; ``chunk`` frames are encoded in a row, a key frame among ``keyframes``."""

    encoder: str
    container: str
    options: dict[str, str]
    chunk: int = 100
    keyframes: int = 100


CODECS = {
    "h264": Codec("libx264", "mp4", {"preset": "veryfast", "crf": "20"}),
    "vp9": Codec(
        "libvpx-vp9",
        "webm",
        {"deadline": "realtime", "cpu-used": "7", "lag-in-frames": "0", "tune-content": "screen", "crf": "32"},
    ),
    # SVT-AV1 has threads of its own and makes the same bytes with any number of them: one chunk is the whole film.
    "av1": Codec("libsvtav1", "webm", {"preset": "8", "crf": "50"}, chunk=sys.maxsize, keyframes=250),
}


class Video:
    """Writes a video file; see ``Writer``."""

    def __init__(self, out: BinaryIO, spec: Spec, codec: Codec) -> None:
        self._out, self._spec, self._codec = out, spec, codec
        self._now = black(spec.width, spec.height)
        self._frames = 0
        self._budget = Budget(AHEAD)
        self._chunk: Chunk | None = None
        self._unjoined: deque[Chunk] = deque()
        self._todo: SimpleQueue[Chunk | None] = SimpleQueue()
        self._workers: list[Thread] = []
        self._error = "the film was aborted"
        self._delay = 0
        self._muxed = 0
        if codec.encoder == "libsvtav1":
            os.environ["SVT_LOG"] = "1"  # or it reports its settings on stderr
        # An encoder that never sees a frame gives the stream its header; kept open it would hold memory for the film.
        model = self._open(BytesIO())
        stream = model.add_stream(codec.encoder, rate=spec.fps)
        self._configure(stream.codec_context)
        model.start_encoding()
        self._container = self._open(out)
        self._stream = self._container.add_stream_from_template(stream)
        model.close()
        self._container.start_encoding()

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        patches = [Patch(convert(pixels[r.y0 : r.y1, r.x0 : r.x1]), r.x0, r.y0) for r in changed]
        for patch in patches:
            paste(self._now, *patch)
        try:
            while repeat:
                if self._chunk is None:
                    self._chunk, patches = self._new_chunk(), []
                room = self._chunk.start + self._codec.chunk - self._frames
                take = min(repeat, room)
                self._chunk.put(Step(patches, take))
                patches, repeat, self._frames = [], repeat - take, self._frames + take
                if take == room:
                    self._end_chunk()
                    self._join(wait=False)
        except Stopped:
            raise RenderError(self._error) from None

    def finish(self) -> None:
        if not self._frames:
            raise RenderError("the film has no frame")
        self._end_chunk()
        self._join(wait=True)
        self._end_workers()
        self._container.close()
        if self._codec.container == "mp4":
            faststart(self._out)

    def abort(self) -> None:
        self._budget.stop()
        self._end_chunk()
        self._end_workers()
        with suppress(Exception):  # ends with writing what nobody wants any more, perhaps to a full disk
            self._container.close()

    # ── chunks, in the camera's thread ───────────────────────────────────────
    def _new_chunk(self) -> Chunk:
        base = Planes(*(plane.copy() for plane in self._now))
        chunk = Chunk(self._frames, base, self._budget)
        self._unjoined.append(chunk)
        self._todo.put(chunk)
        if len(self._workers) < self._spec.workers:
            self._workers.append(Thread(target=self._work, daemon=True, name="layeranim-encoder"))
            self._workers[-1].start()
        return chunk

    def _end_chunk(self) -> None:
        if self._chunk is not None:
            self._chunk.close()
            self._chunk = None

    def _join(self, wait: bool) -> None:
        """Mux what is encoded, in the film's order."""
        while self._unjoined and (wait or self._unjoined[0].packets.done()):
            for packet in self._unjoined.popleft().packets.result():
                if not self._muxed:
                    self._delay = (packet.pts or 0) - (packet.dts or 0)
                # One packet a frame and one frame a tick: decoding times simply count.
                packet.dts = self._muxed - self._delay
                packet.duration = 1
                packet.stream = self._stream
                self._container.mux(packet)
                self._muxed += 1

    def _end_workers(self) -> None:
        for _ in self._workers:
            self._todo.put(None)
        for worker in self._workers:
            worker.join()
        self._workers.clear()

    # ── encoding, in the workers' threads ────────────────────────────────────
    def _work(self) -> None:
        while (chunk := self._todo.get()) is not None:
            try:
                chunk.packets.set_result(list(self._encode(chunk)))
            except Exception as error:
                if not isinstance(error, Stopped):
                    self._error = f"encoding {self._codec.encoder} failed: {error}"
                self._budget.stop()
                chunk.packets.set_exception(RenderError(self._error))

    def _encode(self, chunk: Chunk) -> Iterator[Packet[Any]]:
        context: Any = av.CodecContext.create(self._codec.encoder, "w")
        self._configure(context)
        frame = VideoFrame(self._spec.width, self._spec.height, "yuv420p")
        planes = _planes(frame)
        paste(planes, chunk.base, 0, 0)
        number = chunk.start
        for step in chunk.steps():
            for patch in step.patches:
                paste(planes, *patch)
            for _ in range(step.repeat):
                frame.pts = number
                frame.time_base = context.time_base
                number += 1
                yield from self._cleaned(context.encode(frame))
        yield from self._cleaned(context.encode(None))

    def _cleaned(self, packets: Sequence[Packet[Any]]) -> Iterator[Packet[Any]]:
        return (_without_sei(packet) if self._codec.encoder == "libx264" else packet for packet in packets)

    def _open(self, file: BinaryIO) -> OutputContainer:
        return av.open(file, "w", format=self._codec.container, container_options={"fflags": "bitexact"})

    def _configure(self, context: Any) -> None:
        context.width, context.height, context.pix_fmt = self._spec.width, self._spec.height, "yuv420p"
        context.framerate, context.time_base = self._spec.fps, 1 / Fraction(self._spec.fps)
        context.options = self._codec.options
        context.bit_rate = 0  # quality decides
        context.thread_count = 1
        context.gop_size = self._codec.keyframes
        context.flags |= FLAGS
        context.color_primaries = context.color_trc = context.colorspace = BT709
        context.color_range = LIMITED


def _planes(frame: VideoFrame) -> Planes:
    """The frame's own memory, without the padding at the end of each line."""
    views = []
    planes: Any = frame.planes  # buffers, though their types do not say so
    for plane in planes:
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(lines[: plane.height, : plane.width])
    return Planes(*views)


def _without_sei(packet: Packet[Any]) -> Packet[Any]:
    """x264 begins a stream with a note of its version and settings (a NAL unit of type 6): half a kilobyte a chunk."""
    data = bytes(packet)
    head = data.index(START_CODE) + len(START_CODE)
    if data[head] & 31 != 6:
        return packet
    clean = Packet(data[data.index(START_CODE, head) :])
    clean.pts, clean.dts, clean.time_base = packet.pts, packet.dts, packet.time_base
    clean.is_keyframe = packet.is_keyframe
    return clean
