"""One film drawn, in whatever process: from a task, which can be pickled, to the bytes of its files."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layeranim.assets import sources
from layeranim.assets.entries import Entry
from layeranim.assets.lock import suffixes
from layeranim.assets.manifest import files_of
from layeranim.assets.plan import BuildPlan, plan, work_of
from layeranim.assets.telling import board_of
from layeranim.errors import LayeranimError, RenderError, out_of_threads
from layeranim.film.destinations import suffix_of
from layeranim.film.hidden import create, remove
from layeranim.film.provenance import dumped
from layeranim.inputs import Within
from layeranim.records import dataclass


@dataclass(frozen=True)
class Task:
    """A film to draw. ``base``: where inputs are; ``root``: where films go, and are made out of sight."""

    entry: Entry
    base: Within
    root: Path
    causes: str


@dataclass(frozen=True)
class Drawn:
    """A film that was drawn: its files by suffix, or why there are none."""

    files: Mapping[str, bytes]
    warnings: tuple[str, ...] = ()
    problem: str | None = None


def draw(task: Task) -> Drawn:
    """Draw one film. What goes wrong with it comes back as words: an error of ours may not survive a pickle."""
    try:
        found = _plan(task)
        _unchanged(task, found)
        drawn = _drawn(task, found)
        sources.forget()
        _unchanged(task, _plan(task))
        return drawn
    except LayeranimError as error:
        return Drawn({}, problem=str(error))
    except (RuntimeError, BlockingIOError) as error:
        if out_of_threads(error):
            return Drawn({}, problem="the system gives no more threads; fewer --jobs need less")
        raise
    except MemoryError:
        return Drawn({}, problem="there is not enough memory; a smaller size needs less")
    except OSError as error:
        return Drawn({}, problem=f"{error.filename or task.root}: {error.strerror or error}")


def _plan(task: Task) -> BuildPlan:
    return plan(task.entry, work_of(task.entry, task.base), task.base)


def _unchanged(task: Task, found: BuildPlan) -> None:
    """A film must be what its digest says: neither an input nor a source may change under it."""
    if found.digest != task.causes:
        raise RenderError("an input or a source changed while the film was drawn; nothing was kept, build again")


def _drawn(task: Task, found: BuildPlan) -> Drawn:
    work, entry = found.work, found.entry
    board = board_of(entry, work)
    task.root.mkdir(parents=True, exist_ok=True)
    hidden, handle = out_of_sight(task.root)
    try:
        work.film_to([str(hidden / (entry.name + suffix_of(fmt))) for fmt in entry.formats], board=board)
        named = suffixes(entry.name, files_of(entry))
        files = {suffix: (hidden / file).read_bytes() for file, suffix in named.items()}
    except RenderError as error:
        raise RenderError(str(error).replace(f"{hidden}{os.sep}", "")) from None
    finally:
        remove(hidden)
        os.close(handle)
    if "json" in files:
        files["json"] = _signed(files["json"], found)
    return Drawn(files, board.warnings)


def out_of_sight(root: Path) -> tuple[Path, int]:
    """A hidden folder in ``root`` and its handle; another build may take it for a leftover before it is locked."""
    while True:
        try:
            return create(root, as_folder=True)
        except FileNotFoundError:
            if not root.is_dir():
                raise


def _signed(report: bytes, found: BuildPlan) -> bytes:
    """The provenance, and with it everything that the film comes from, for ``why``."""
    data: dict[str, Any] = json.loads(report)
    data["causes"], data["tools"] = dict(found.causes), dict(found.tools)
    return dumped(data)
