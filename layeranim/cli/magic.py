"""The command line in a notebook: ``%load_ext layeranim``, then ``%layeranim render conv --stride 2``."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import Any

from layeranim.cli.console import clean
from layeranim.cli.program import BUG, State, program, verdict
from layeranim.errors import LayeranimError

NAME = "layeranim"


class Refused(LayeranimError):
    """What a command says in a notebook that cannot be done: one line, where Python shows a traceback."""

    def _render_traceback_(self) -> list[str]:  # asked for by IPython
        return [f"layeranim: error: {clean(line)}" for line in str(self).splitlines()]


Refused.lines = True


def magic(line: str, cell: str | None = None, expand: Callable[[str], str] = str) -> Any:
    """``%layeranim COMMAND …``: the film or the trace that the command made, which shows itself, else what it prints.

    In a cell (``%%layeranim``) the words go on in the lines below, as in a terminal also behind a ``\\``; those that
    begin with # are comments. ``expand`` puts Python's names in there, as the notebook does in the first line.
    Raises ``Refused`` with one line; a bug of ours as it is, with its traceback.
    """
    lines = [line, *(text for text in (cell or "").splitlines() if not text.lstrip().startswith("#"))]
    lines = [text.removesuffix("\\") for text in (lines[0], *(map(expand, lines[1:])))]
    try:
        words = shlex.split("\n".join(lines))
    except ValueError as error:
        raise Refused(f"{str(error).lower()} in: {line}") from None
    state = State()
    try:
        with program.make_context(NAME, words or ["--help"], obj=state) as context:
            return program.invoke(context)
    except BaseException as caught:
        code, said = verdict(caught)
        if code == BUG or isinstance(caught, KeyboardInterrupt) or (state.debug and said):
            raise
        if code:
            raise Refused(said or f"layeranim {words[0]} ends with {code}") from None
    return None


def load(shell: Any) -> None:
    """Called for ``%load_ext layeranim``, by the package."""

    def run(line: str, cell: str | None = None) -> Any:
        return magic(line, cell, shell.var_expand)

    run.__doc__ = magic.__doc__
    shell.register_magic_function(run, "line_cell", NAME)
