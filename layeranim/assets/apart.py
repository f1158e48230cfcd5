"""Interpreters and imports that a project's folder has no say in: it is data, and a file ``socket.py`` in it is too.

A child of ours is started with Python's safe path (``-P``), with a ``PYTHONPATH`` that names neither the working folder
nor the project's, and takes this very layeranim. What the caller added to ``sys.path`` comes after all else.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parents[1]
CHILD = Path(__file__).with_name("child.py").resolve()


def start(
    function: str, arguments: Sequence[str], project: Path, handles: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """A fresh interpreter that calls ``function`` (``module:name``) with a list of words; it inherits ``handles``.

    Raises ``OSError`` where the machine has no room for a process.
    """
    more = json.dumps(_inside_left_out(safe(sys.path, project), project))
    command = [sys.executable, *_flags(), str(CHILD), str(PACKAGE), more, function, *arguments]
    return subprocess.Popen(command, env=_environment(project), pass_fds=handles)


def run(function: str, arguments: Sequence[str], project: Path) -> int:
    """``start``, and wait for its end, which comes no later than that of this wait."""
    process = start(function, arguments, project)
    try:
        return process.wait()
    except BaseException:
        process.terminate()
        process.wait()
        raise


def sealed(function: Callable[[Any], Any], argument: Any) -> bytes:
    """A call as bytes, so that nothing is imported for it before ``opened``."""
    return pickle.dumps((function, argument))


def opened(project: str, call: bytes) -> Any:
    """Do what was ``sealed``, in a process of somebody else's; meanwhile nothing is imported from the project."""
    with _closed_to(Path(project)):
        function, argument = pickle.loads(call)
        return function(argument)


def safe(folders: Iterable[str], project: Path) -> list[str]:
    """Folders to import from, each by its full name, without the working folder and the project's own."""
    found, unsafe = dict[str, None](), {_real(os.curdir), _real(project), None}
    for folder in folders:
        if _real(folder or os.curdir) not in unsafe:
            found[os.path.abspath(folder)] = None
    return list(found)


def _real(folder: str | Path) -> str | None:
    """The folder without links; none where it starts from a working folder that is gone."""
    try:
        return os.path.realpath(folder)
    except FileNotFoundError:
        return None


def _inside_left_out(folders: Sequence[str], project: Path) -> list[str]:
    """Without what lies in the project: the folder of a script of its is none that a child needs."""
    inside = os.path.join(os.path.realpath(project), "")
    return [folder for folder in folders if not os.path.realpath(folder).startswith(inside)]


def _environment(project: Path) -> dict[str, str]:
    given = os.environ.get("PYTHONPATH", "")
    found = {**os.environ, "PYTHONSAFEPATH": "1"}
    found.pop("PYTHONPATH", None)
    kept = safe(given.split(os.pathsep), project) if given else []
    return {**found, "PYTHONPATH": os.pathsep.join(kept)} if kept else found


def _flags() -> list[str]:
    """How this interpreter was started, as far as it is for a child too."""
    flags = sys.flags
    found = ["-I"] if flags.isolated else ["-P", *["-E"] * flags.ignore_environment, *["-s"] * flags.no_user_site]
    found += ["-B"] * flags.dont_write_bytecode + ["-O"] * flags.optimize
    return found + [f"-W{option}" for option in sys.warnoptions]


_turn = threading.Lock()
_inside = 0
_before: list[str] = []


@contextmanager
def _closed_to(project: Path) -> Iterator[None]:
    """While threads are in here, the path of this process names neither the working folder nor the project's."""
    global _inside, _before
    with _turn:
        _inside += 1
        if _inside == 1:
            _before = sys.path[:]
            sys.path[:] = safe(sys.path, project)
    try:
        yield
    finally:
        with _turn:
            _inside -= 1
            if not _inside:
                sys.path[:] = _before
