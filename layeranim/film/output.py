"""Output files that appear complete or not at all: written under a hidden name, renamed when all of it is there."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from layeranim.errors import RenderError, SizeLimitError
from layeranim.film.hidden import STANDS, buffered, create, remove, reported, sync_folder
from layeranim.film.hidden import STDOUT as STDOUT
from layeranim.film.hidden import clear_leftovers as clear_leftovers
from layeranim.film.places import check_writable as check_writable
from layeranim.film.places import frame_path, mode_of, refuse_irregular
from layeranim.film.places import is_sequence as is_sequence

BLOCK = 1 << 20


class Target(Protocol):
    """One output under way. ``file`` is what a writer writes into."""

    @property
    def path(self) -> str | Path: ...
    @property
    def file(self) -> Any: ...

    def complete(self) -> int:
        """Bring all of it to the disk; returns its bytes."""

    def publish(self, standing: str = STANDS) -> None:
        """Let it appear in its place; ``standing`` is what an error says of the files that are there.

        What appeared already, before a signal came between, is left alone.
        """

    def discard(self) -> None:
        """Delete what is not published."""


class Output:
    """A regular file; ``with Output(path) as output: output.file.write(…); output.commit()``.

    Without ``commit`` the place stays as it was. Errors of the disk are RenderError. What need not outlive a power
    failure, as it tells when it is damaged and can be made again, is not ``lasting``: nothing waits for the disk.
    """

    def __init__(self, path: str | Path, lasting: bool = True) -> None:
        self.path, self._lasting = path, lasting
        self._target = Path(path)
        with reported(path):
            self._target.parent.mkdir(exist_ok=True)
            clear_leftovers(self._target.parent)
            self._hidden, self._handle = create(self._target.parent)
        self.file: BinaryIO = buffered(self._handle, path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def commit(self, max_bytes: int | None = None) -> None:
        """Put the complete file in its place. Raises SizeLimitError, with nothing replaced, if it is too large."""
        _check_sizes({self.path: self.complete()}, max_bytes)
        self.publish()

    def complete(self) -> int:
        with reported(self.path):
            self.file.flush()
            if self._lasting:
                os.fsync(self._handle)
            if stat.S_ISDIR(mode_of(self._target)):  # made meanwhile; found now, none of several is replaced
                raise IsADirectoryError(errno.EISDIR, None)
            return os.fstat(self._handle).st_size

    def publish(self, standing: str = STANDS) -> None:
        with reported(self.path, standing):
            _move(self._hidden, self._target, os.fstat(self._handle))
            if self._lasting:
                sync_folder(self._target.parent)

    def discard(self) -> None:
        # Closing writes what is buffered, and a full disk says so again.
        with suppress(OSError, RenderError):
            self.file.close()
        with suppress(OSError):
            remove(self._hidden)


class SequenceOutput:
    """One file a frame, numbered from 0 at the ``%d`` of its name. What a longer one left behind it stays."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._target = Path(path)
        self._made: list[os.stat_result] = []
        with reported(path):
            self._target.parent.mkdir(exist_ok=True)
            clear_leftovers(self._target.parent)
            self._hidden, self._handle = create(self._target.parent, as_folder=True)

    @property
    def file(self) -> Self:
        """The sequence itself: see ``frame``."""
        return self

    @contextmanager
    def frame(self, number: int) -> Iterator[BinaryIO]:
        """The file of frame ``number``; they come in order."""
        with reported(self.path):
            handle = os.open(self._hidden / str(number), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
            with buffered(handle, self.path) as file:
                yield file
                file.flush()
                os.fsync(handle)
                self._made[number:] = [os.fstat(handle)]

    def written(self) -> dict[str, tuple[int, str]]:
        """Bytes and SHA-256 of every frame, by the name that it will have."""
        found = {}
        for number, status in enumerate(self._made):
            with open(self._hidden / str(number), "rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
            found[frame_path(self._target, number).name] = (status.st_size, digest)
        return found

    def complete(self) -> int:
        with reported(self.path):
            for number in range(len(self._made)):
                refuse_irregular(frame_path(self._target, number), RenderError)
            sync_folder(self._hidden)
        return sum(status.st_size for status in self._made)

    def publish(self, standing: str = STANDS) -> None:
        for number in range(len(self._made)):
            with reported(self.path, f"{number} frames are new, {standing}" if number else standing):
                _move(self._hidden / str(number), frame_path(self._target, number), self._made[number])
        with reported(self.path, standing):
            sync_folder(self._target.parent)

    def discard(self) -> None:
        with suppress(OSError):
            remove(self._hidden)
            os.close(self._handle)
        self._handle = -1


class StdoutOutput:
    """Standard output: collected in a file without a name, poured out when it is complete."""

    def __init__(self) -> None:
        import tempfile  # and much with it, which a check does not need

        self.path = STDOUT
        with reported(STDOUT):
            handle, name = tempfile.mkstemp()
            os.unlink(name)
        self.file: BinaryIO = buffered(handle, STDOUT)

    def complete(self) -> int:
        with reported(STDOUT):
            self.file.flush()
            return self.file.seek(0, os.SEEK_END)

    def publish(self, standing: str = STANDS) -> None:
        """Pour it out; a reader that has gone away is no error."""
        self.file.seek(0)
        with reported(STDOUT), suppress(BrokenPipeError):
            sys.stdout.flush()
            while block := memoryview(self.file.read(BLOCK)):
                # Past Python's buffer: what could not be written must not come up again when Python ends.
                while block:
                    block = block[os.write(sys.stdout.fileno(), block) :]

    def discard(self) -> None:
        with suppress(OSError, RenderError):
            self.file.close()


class StreamOutput(StdoutOutput):
    """A binary stream of the caller's: it gets all of the film when that is complete, and stays open."""

    def __init__(self, stream: Any) -> None:
        super().__init__()
        self._stream = stream

    def publish(self, standing: str = STANDS) -> None:
        self.file.seek(0)
        while block := memoryview(self.file.read(BLOCK)):
            while block:
                try:
                    wrote = self._stream.write(block)
                except OSError as error:
                    raise RenderError(f"cannot write to the stream that output is: {error}") from None
                block = block[len(block) if wrote is None else wrote :]


class Outputs:
    """The outputs of one film: all complete before the first appears; ``with Outputs(paths) as outputs: …``.

    ``files`` holds, in the order of ``paths``, what the writers write into: binary files, FrameFiles for a sequence.
    Without ``commit`` nothing appears; it is ``complete`` and ``publish``, for those who have something to do between
    them. ``max_bytes`` is for each of them, or for the ``limited`` ones alone. ``stream`` takes what standard output
    would.
    """

    def __init__(
        self,
        paths: Iterable[str | Path],
        max_bytes: int | None = None,
        limited: Collection[str | Path] | None = None,
        stream: Any = None,
    ) -> None:
        self._max_bytes, self._limited = max_bytes, limited
        self._targets: list[Target] = []
        try:
            for path in paths:
                self._targets.append(_target(path, stream))
        except BaseException:
            self._discard()
            raise
        self.files = [target.file for target in self._targets]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._discard()

    def commit(self) -> None:
        """Put all outputs in their places. Raises SizeLimitError, with nothing replaced, if one is too large."""
        self.complete()
        self.publish()

    def complete(self) -> None:
        """Bring all of them to the disk. Raises SizeLimitError if one is too large."""
        sizes = {target.path: target.complete() for target in self._targets}
        if self._limited is not None:
            sizes = {path: size for path, size in sizes.items() if path in self._limited}
        _check_sizes(sizes, self._max_bytes)

    def publish(self) -> None:
        """Let all of them appear. An error says which did; a signal waits until all of them are there."""
        waiting = list(self._targets)
        try:
            self._publish(waiting)
        except Exception:
            raise
        except BaseException:  # a signal
            self._publish(waiting)
            raise

    def _publish(self, waiting: list[Target]) -> None:
        while waiting:
            there = [str(target.path) for target in self._targets if target not in waiting]
            new = f"{', '.join(there)} {'is' if len(there) == 1 else 'are'} new, the others stand as before"
            waiting[0].publish(new if there else STANDS)
            del waiting[0]

    def _discard(self) -> None:
        for target in self._targets:
            target.discard()


def _target(path: str | Path, stream: Any) -> Target:
    if str(path) == STDOUT:
        return StdoutOutput() if stream is None else StreamOutput(stream)
    return SequenceOutput(path) if is_sequence(path) else Output(path)


def _move(hidden: Path, target: Path, made: os.stat_result) -> None:
    """Let the hidden file ``made`` appear, unless it did before a signal came between."""
    try:
        os.replace(hidden, target)
    except FileNotFoundError:
        if not target.exists() or not os.path.samestat(target.stat(), made):
            raise


def _check_sizes(sizes: Mapping[str | Path, int], most: int | None) -> None:
    too_large = [f"{path} would be {size:,} bytes" for path, size in sizes.items() if most is not None and size > most]
    if too_large:
        raise SizeLimitError(
            f"{' and '.join(too_large)}, the limit is {most:,}; nothing was replaced. "
            "A smaller --size, a lower --fps or fewer --steps makes a smaller film"
        )
