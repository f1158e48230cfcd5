"""What reaches the terminal: paths and JSON on stdout; progress, warnings and errors on stderr, never raw."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, BinaryIO, TextIO

import click

from layeranim.errors import RenderError

THIN = {0x2009: " ", 0xA0: " ", 0x2002: " "}
LINE = 2000


def tolerant(*streams: TextIO | None) -> None:
    """Write what a stream's encoding lacks as an escape instead of failing."""
    for stream in streams:
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="backslashreplace")


def stdin() -> BinaryIO | None:
    """Standard input as bytes, if there is one."""
    return getattr(sys.stdin, "buffer", None)


def clean(text: str, limit: int = LINE) -> str:
    """Text as one line that a terminal can take: no control characters, plain spaces."""
    text = text.translate(THIN)
    if len(text) <= limit and text.isprintable():  # most of what is told: NumPy is not needed for it
        return text
    try:
        from layeranim.inputs.safe import printable
    except ImportError:  # without NumPy there are still errors to tell
        return ascii(text)[1:-1]
    return printable(text, limit)


def out(text: str) -> None:
    """Lines on standard output."""
    write("".join(clean(line, 5 * LINE) + "\n" for line in text.splitlines()))


def out_json(value: Any) -> None:
    """JSON on standard output, in ASCII."""
    write(json.dumps(value, indent=1, allow_nan=False) + "\n")


def out_paths(paths: Iterable[str]) -> None:
    """One path a line: on a terminal and in a notebook safe to show, else the bytes of its name."""
    looked_at = sys.stdout is not None and (sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"))
    for path in paths:
        write(clean(path, 5 * LINE) + "\n" if looked_at else os.fsencode(path) + b"\n")


def write(data: str | bytes) -> None:
    """Text or bytes on standard output. A full disk is a RenderError, a reader that has gone away BrokenPipeError."""
    try:
        click.echo(data, nl=False)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RenderError(f"cannot write standard output: {error.strerror}") from None


def let_go(*streams: TextIO | None) -> None:
    """Give up what these streams could not take: it must not come up again, as an error, when Python ends."""
    for stream in streams:
        if stream is None:
            continue
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def error(text: str) -> None:
    """``layeranim: error: …``, one line for each of ``text``."""
    for line in text.splitlines():
        note(f"error: {line}")


def lines(text: str) -> None:
    """Several lines on stderr, each as it stands."""
    for line in text.splitlines():
        _line(line)


def note(text: str) -> None:
    """``layeranim: …`` on stderr."""
    _line(f"layeranim: {text}")


def _line(text: str) -> None:
    with suppress(OSError):  # nobody reads stderr any more: no reason to lose a film
        click.echo(clean(text), err=True)


class Voice:
    """What a command says on stderr while it works. ``-q``: nothing; ``-v``: more."""

    def __init__(self, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet, self.verbose = quiet, verbose and not quiet

    def say(self, text: str) -> None:
        if not self.quiet:
            _line(text)

    def detail(self, text: str) -> None:
        if self.verbose:
            _line(text)

    def warn(self, *warnings: str) -> None:
        """Each warning once."""
        for text in dict.fromkeys(warnings):
            if not self.quiet:
                note(f"warning: {text}")

    @property
    def live(self) -> bool:
        """Whether a bar can move on stderr."""
        terminal = sys.stderr is not None and sys.stderr.isatty()
        return terminal and not self.quiet and os.environ.get("TERM") != "dumb"
