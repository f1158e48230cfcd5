"""Video files: one encoder for the whole film, in a thread beside the camera, fed with patches of YUV.

Every frame of the film is a frame of the file, held ones too: players, editors and seeking want it so.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from fractions import Fraction
from queue import Queue
from threading import Thread
from typing import Any, BinaryIO, NamedTuple

import av
import numpy as np
from av.codec.context import Flags, ThreadType
from av.packet import Packet
from av.video.frame import PictureType, VideoFrame
from numpy.typing import NDArray

from layeranim.errors import RenderError
from layeranim.film.writers.spec import Rect, Spec
from layeranim.film.writers.yuv import ClearPlanes, Planes, clear, convert, paste
from layeranim.records import dataclass
from layeranim.theme import rgb

KEYFRAMES = 200
"""Frames from a point where a player can begin to the next, at least: that waits for a new picture.

A key frame codes its picture anew, and a held one would twitch; a new picture is where a step begins.
"""
NEVER = 1 << 20
WAITING = 16  # pictures on their way to the encoder; then the camera waits
BT709 = 1  # ffmpeg's number for its primaries, transfer and matrix
LIMITED = 1  # ffmpeg's number for 16…235


@dataclass(frozen=True)
class Codec:
    """An encoder of libav and how it is driven.

    ``threads`` None: ``Spec.workers``, for an encoder that makes the same bytes with any number of them.
    """

    encoder: str
    container: str
    options: dict[str, str]
    threads: int | None = None


CENTRE = {"chroma_sample_location": "center"}
"""Where ``yuv`` takes colour from: the middle of each 2×2 block. AV1 has no word for it."""
VP9 = Codec(
    "libvpx-vp9",
    "webm",
    {"deadline": "realtime", "cpu-used": "7", "lag-in-frames": "0", "tune-content": "screen", "crf": "32", **CENTRE},
)
CLEAR = replace(VP9, options={**VP9.options, "auto-alt-ref": "0"})
"""VP9 with opacity, which is a second stream beside the first: it borrows from no later frame."""
AV1 = Codec("libsvtav1", "webm", {"preset": "8", "crf": "50"})


class ShownFrame(NamedTuple):
    """Parts of a picture that changed, each with the place of its top left pixel; for how many frames it is shown."""

    patches: list[tuple[Planes | ClearPlanes, int, int]]
    repeat: int


class PacketSink:
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
        self._out, self._sink, self._spec, self._codec = out, PacketSink(out), spec, codec
        self._frames = self._key = 0
        if codec.encoder == "libsvtav1":
            os.environ["SVT_LOG"] = "0"  # or it reports its settings on stderr
        self._frame, self._planes = picture(spec)
        self._container = av.open(self._sink, "w", format=codec.container, container_options={"fflags": "bitexact"})
        self._stream: Any = self._container.add_stream(codec.encoder, rate=spec.fps)
        self._context = configure(self._stream.codec_context, spec, codec)
        self._waiting: Queue[ShownFrame | None] = Queue(WAITING)
        self._error: BaseException | None = None
        self._thread = Thread(target=self._run, name=codec.encoder, daemon=True)
        self._thread.start()

    # ── in the camera's thread ───────────────────────────────────────────────
    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        patches = [(self._planes_of(pixels[y0:y1, x0:x1]), x0, y0) for x0, y0, x1, y1 in changed]
        self._waiting.put(ShownFrame(patches, repeat))
        if self._error is not None:
            raise self._error

    def _planes_of(self, patch: NDArray[np.uint8]) -> Planes | ClearPlanes:
        theme = self._spec.theme
        return clear(patch, rgb(theme.ink)) if theme.clear else convert(patch)

    def finish(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            raise self._error
        if not self._frames:
            raise RenderError("the film has no frame")
        self._end()
        self._container.close()
        self._sink.check()

    def abort(self) -> None:
        self._error = RenderError("the film was given up")
        self._waiting.put(None)
        self._thread.join()
        with suppress(av.FFmpegError, ValueError):  # it ends with writing what nobody wants any more
            self._container.close()

    # ── in the encoder's thread ──────────────────────────────────────────────
    def _run(self) -> None:
        """Take pictures until the film ends; after an error only so that the camera need not wait."""
        while (shown := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    for patch in shown.patches:
                        paste(self._planes, *patch)
                    self._show(shown)
                except BaseException as error:
                    self._error = error

    def _show(self, shown: ShownFrame) -> None:
        """Encode the picture as it stands now for as many frames."""
        key = self._begins_key(shown)
        for number in range(shown.repeat):
            self._frame.pts = self._frames
            self._frame.pict_type = PictureType.I if key and number == 0 else PictureType.NONE
            for packet in self._encode(self._frame):
                self._mux(packet)
            self._frames += 1

    def _begins_key(self, shown: ShownFrame) -> bool:
        """Whether the picture that is shown next becomes a key frame."""
        due = not self._frames or (bool(shown.patches) and self._frames - self._key >= KEYFRAMES)
        self._key = self._frames if due else self._key
        return due

    def _end(self) -> None:
        """Encode what the encoder still holds back."""
        for packet in self._encode(None):
            self._mux(packet)

    def _encode(self, frame: VideoFrame | None) -> list[Packet[Any]]:
        with encoding(self._codec, self._frames):
            packets: list[Packet[Any]] = self._context.encode(frame)
        return packets

    def _mux(self, packet: Packet[Any]) -> None:
        packet.stream = self._stream
        self._container.mux(packet)
        self._sink.check()


@contextmanager
def encoding(codec: Codec, frame: int) -> Iterator[None]:
    """What an encoder refuses is a RenderError; before the first frame it is for want of threads or memory."""
    try:
        yield
    except (av.FFmpegError, ValueError) as error:
        if frame == 0 and isinstance(error, av.error.ExternalError):
            reason = "perhaps the system gives no more threads or memory; a smaller size needs less"
            raise RenderError(f"{codec.encoder} cannot begin: {reason}") from error
        raise RenderError(f"{codec.encoder} cannot encode frame {frame}: {error}") from error


def layout(spec: Spec) -> str:
    """ffmpeg's word for the planes of a film."""
    return "yuva420p" if spec.theme.clear else "yuv420p"


def configure(context: Any, spec: Spec, codec: Codec) -> Any:
    """Set an encoder up for a film: constant frame rate, no versions in its stream."""
    context.width, context.height, context.pix_fmt = spec.width, spec.height, layout(spec)
    context.framerate, context.time_base = spec.fps, 1 / Fraction(spec.fps)
    context.options = codec.options
    context.bit_rate = 0  # quality decides
    context.thread_count = codec.threads or spec.workers
    context.thread_type = ThreadType.FRAME  # frames side by side; parts of one frame would each be a slice of their own
    context.gop_size = NEVER  # the encoder makes no key frame of its own accord
    context.flags |= int(Flags.bitexact)
    context.color_primaries = context.color_trc = context.colorspace = BT709
    context.color_range = LIMITED
    return context


def picture(spec: Spec) -> tuple[VideoFrame, Planes | ClearPlanes]:
    """A frame for an encoder, and its memory without the padding at the end of each line."""
    frame = VideoFrame(spec.width, spec.height, layout(spec))
    frame.time_base = 1 / Fraction(spec.fps)
    views = []
    planes: Any = frame.planes  # buffers, though their types do not say so
    for plane in planes:
        lines = np.frombuffer(plane, np.uint8).reshape(-1, plane.line_size)
        views.append(lines[: plane.height, : plane.width])
    return frame, ClearPlanes(*views) if spec.theme.clear else Planes(*views)
