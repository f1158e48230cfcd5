"""What a command found, as a Markdown table for the summary of a job."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

import click

from layeranim.cli.console import clean
from layeranim.errors import OutputError

SPECIAL = re.compile(r"([\\`*_{}\[\]<>()#+!|&~$@])")


def summary_option() -> click.Option:
    """``--summary FILE``."""
    return click.Option(["--summary"], metavar="FILE", help="append a table of it, in Markdown, to FILE")


def append(path: str | None, head: Sequence[str], rows: Iterable[Sequence[str]], last: str) -> None:
    """A table, if there is a row, and a line after it; what is in them is shown as it is, whatever it says."""
    if path is None:
        return
    cells = [[escaped(text) for text in row] for row in rows]
    table = [list(head), ["---"] * len(head), *cells] if cells else []
    lines = ["| " + " | ".join(row) + " |" for row in table]
    text = "\n".join([*lines, "", escaped(last), ""]) + "\n"
    try:
        with open(path, "ab", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK, 0o666)) as file:
            os.set_blocking(file.fileno(), True)  # only opening a pipe that nobody reads must not wait
            file.write(text.encode())
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "no file can have this name"
        raise OutputError(f"cannot write {clean(path)}: {reason}; name another place with --summary") from None


def escaped(text: str) -> str:
    """Text that Markdown shows as it stands."""
    return SPECIAL.sub(r"\\\1", clean(text))
