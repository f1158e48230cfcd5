"""Output files that appear complete or not at all: written under a hidden name, renamed when all of it is there."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, Protocol, Self

from layeranim.errors import LayeranimError, OutputError, RenderError, SizeLimitError
from layeranim.film.hidden import STDOUT as STDOUT
from layeranim.film.hidden import buffered, create, remove, reported, sync_folder
from layeranim.film.hidden import clear_leftovers as clear_leftovers

NUMBER = re.compile(r"%(0\d)?d")
BLOCK = 1 << 20
KINDS = {stat.S_IFDIR: "a folder", stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a fifo", stat.S_IFSOCK: "a socket"}


def is_sequence(path: str | Path) -> bool:
    """True if the file name has a place for a frame number: ``%d``, ``%04d``."""
    return NUMBER.search(Path(path).name) is not None


def check_writable(*paths: str | Path) -> None:
    """Try whether the outputs could be written, leaving no trace. ``-`` is standard output, ``%d`` a sequence.

    A folder that does not exist will be made if its own folder is there. What stands in the place of an output may only
    be a regular file. Raises OutputError, also where two of them are the same file.
    """
    for path in paths:
        if str(path) != STDOUT:
            _check(path)
    places = [Path(os.path.realpath(Path(path).parent), Path(path).name) for path in paths]
    for number, place in enumerate(places):
        if place in places[:number]:
            raise OutputError(f"{paths[number]} is named twice; every output needs a name of its own")


def _check(path: str | Path) -> None:
    target = Path(path)
    try:
        if not target.name or str(path).endswith("/"):
            raise OutputError(f"cannot write {path}: it is a folder; add a file name")
        if len(NUMBER.findall(target.name)) > 1:
            raise OutputError(f"cannot write {path}: the frame number stands twice in its name; once is enough")
        _refuse_irregular(_frame_path(target, 0), OutputError)
        folder = target.parent if target.parent.exists() else target.parent.parent
        if not folder.is_dir():
            raise OutputError(f"cannot write {path}: there is no folder {folder}; make it first")
        hidden, handle = create(folder)
        try:
            remove(hidden)
        finally:
            os.close(handle)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; make it writable, or name another place") from None
    except ValueError:  # NUL, or half of a surrogate pair
        raise OutputError(f"cannot write {str(path)!r}: no file can have this name") from None


class Target(Protocol):
    """One output under way. ``file`` is what a writer writes into."""

    @property
    def path(self) -> str | Path: ...
    @property
    def file(self) -> Any: ...

    def complete(self) -> int:
        """Bring all of it to the disk; returns its bytes."""

    def publish(self) -> None:
        """Let it appear in its place."""

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
            return os.fstat(self._handle).st_size

    def publish(self) -> None:
        with reported(self.path):
            os.replace(self._hidden, self._target)
            if self._lasting:
                sync_folder(self._target.parent)

    def discard(self) -> None:
        # Closing writes what is buffered, and a full disk says so again.
        with suppress(OSError, RenderError):
            self.file.close()
        with suppress(OSError):
            remove(self._hidden)


class SequenceOutput:
    """One file a frame, numbered from 0 at the ``%d`` of its name; what a longer one left behind it is removed."""

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self._target = Path(path)
        self._frames = 0
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
        self._frames = number + 1

    def complete(self) -> int:
        size = 0
        with reported(self.path):
            for number in range(self._frames):
                _refuse_irregular(_frame_path(self._target, number), RenderError)
                size += (self._hidden / str(number)).stat().st_size
            sync_folder(self._hidden)
        return size

    def publish(self) -> None:
        with reported(self.path):
            for number in range(self._frames):
                os.replace(self._hidden / str(number), _frame_path(self._target, number))
            number = self._frames
            while stat.S_ISREG(_mode(_frame_path(self._target, number))):
                _frame_path(self._target, number).unlink()
                number += 1
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

    def publish(self) -> None:
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


class Outputs:
    """The outputs of one film: all complete before the first appears; ``with Outputs(paths) as outputs: …``.

    ``files`` holds, in the order of ``paths``, what the writers write into: binary files, FrameFiles for a sequence.
    Without ``commit`` nothing appears. ``max_bytes`` is for each of them, or for the ``limited`` ones alone.
    """

    def __init__(
        self,
        paths: Iterable[str | Path],
        max_bytes: int | None = None,
        limited: Collection[str | Path] | None = None,
    ) -> None:
        self._max_bytes, self._limited = max_bytes, limited
        self._targets: list[Target] = []
        try:
            for path in paths:
                self._targets.append(_target(path))
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
        sizes = {target.path: target.complete() for target in self._targets}
        if self._limited is not None:
            sizes = {path: size for path, size in sizes.items() if path in self._limited}
        _check_sizes(sizes, self._max_bytes)
        for target in self._targets:
            target.publish()

    def _discard(self) -> None:
        for target in self._targets:
            target.discard()


def _target(path: str | Path) -> Target:
    if str(path) == STDOUT:
        return StdoutOutput()
    return SequenceOutput(path) if is_sequence(path) else Output(path)


# ── checks and reports ───────────────────────────────────────────────────────
def _check_sizes(sizes: Mapping[str | Path, int], most: int | None) -> None:
    too_large = [f"{path} would be {size:,} bytes" for path, size in sizes.items() if most is not None and size > most]
    if too_large:
        raise SizeLimitError(
            f"{' and '.join(too_large)}, the limit is {most:,}; nothing was replaced. "
            "A smaller --size, a lower --fps or fewer --steps makes a smaller film"
        )


def _refuse_irregular(path: Path, error: type[LayeranimError]) -> None:
    """Raise ``error`` if something other than a regular file stands at ``path``; a link is not followed."""
    mode = _mode(path)
    if mode and not stat.S_ISREG(mode):
        raise error(f"cannot write {path}: {KINDS.get(stat.S_IFMT(mode), 'a device')} stands there, not a regular file")


def _mode(path: Path) -> int:
    """The kind and permissions of what stands at ``path``; 0 if nothing does."""
    try:
        return path.lstat().st_mode
    except FileNotFoundError:
        return 0


def _frame_path(pattern: Path, number: int) -> Path:
    return pattern.with_name(NUMBER.sub(lambda place: f"{number:{place[1] or ''}d}", pattern.name))
