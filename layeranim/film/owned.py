"""Whose the files are that stand where a film goes: ours are those that the provenance beside them names by digest.

Anything else is somebody's: it is neither replaced nor removed, unless the user says so. While files appear one after
the other, the provenance names both those that were there and those that come; so a film is known for ours whenever a
process dies.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import stat
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from layeranim.errors import OutputError
from layeranim.film.hidden import HIDDEN
from layeranim.film.output import Output, Outputs
from layeranim.film.places import frames_at, is_sequence, mode_of
from layeranim.film.provenance import dumped
from layeranim.records import dataclass

LARGEST = 10_000_000
"""Bytes of a provenance file, and of captions."""
FILES, LEFT, COMING = "files", "beside", "coming"
"""Where a provenance names files: the film's, those of earlier films that still stand, those that are on their way."""
AS_IT_IS, LINE_ENDS, POINTER = "as it is", "line ends", "pointer"
WORDS = (".vtt", ".captions")
TEXTS = (*WORDS, ".json")
GIT_LFS = re.compile(rb"version https://git-lfs\.github\.com/spec/v1\n(?:.*\n)*?oid sha256:([0-9a-f]{64})\n")
LARGEST_POINTER = 1024
"""Bytes that a pointer of Git LFS may take."""
TRIES, BETWEEN = 200, 0.02
"""How often another process that lets files appear is waited for, and the seconds between."""
FLAG = "--overwrite (in Python overwrite=True)"

Identity = tuple[int, int]


@dataclass(frozen=True)
class Provenance:
    """A provenance file: what it says, and the digests under which it knows each file beside it."""

    report: Mapping[str, Any]
    named: Mapping[str, frozenset[str]]

    def knows(self, path: Path) -> bool:
        """Whether it names the file at ``path``, as that stands now."""
        digests = self.named.get(path.name)
        if digests is None and path.suffix == ".vtt" and not any(name.endswith(WORDS) for name in self.named):
            return _starts(path, b"WEBVTT\n\n")  # version 0.1 wrote captions and did not name them
        return digests is not None and not digests.isdisjoint(standing(path).values())


def provenance(place: Path) -> Provenance | None:
    """What a provenance file says; ``None`` if there is none, or it is somebody's."""
    try:
        if not stat.S_ISREG(place.lstat().st_mode) or place.stat().st_size > LARGEST:
            return None
        report = json.loads(place.read_bytes())
        if not isinstance(report["explainer"], str) or "layeranim" not in report["versions"]:
            return None
        named: dict[str, set[str]] = {}
        for key in (FILES, LEFT, COMING):
            for name, entry in report.get(key, {}).items():
                listed = entry if isinstance(entry, list) else [entry["sha256"]]
                named.setdefault(name, set()).update(map(str, listed))
    except (OSError, ValueError, RecursionError, KeyError, TypeError, AttributeError):
        return None
    return Provenance(report, {name: frozenset(digests) for name, digests in named.items()})


def standing(path: Path) -> dict[str, str]:
    """SHA-256 of a regular file as it is; of a text also with the line ends that it was written with; of a pointer of
    Git LFS also what it stands for. Nothing if there is no such file.
    """
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            return {}
        with open(path, "rb") as file:
            found = {AS_IT_IS: hashlib.file_digest(file, "sha256").hexdigest()}
            file.seek(0)
            if status.st_size <= LARGEST_POINTER and (pointer := GIT_LFS.match(file.read())):
                found[POINTER] = pointer[1].decode()
            file.seek(0)
            if path.suffix in TEXTS and status.st_size <= LARGEST and b"\r\n" in (text := file.read()):
                found[LINE_ENDS] = hashlib.sha256(text.replace(b"\r\n", b"\n")).hexdigest()
    except OSError:
        return {}
    return found


def _starts(path: Path, with_bytes: bytes) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(len(with_bytes) + 2).replace(b"\r\n", b"\n").startswith(with_bytes)
    except OSError:
        return False


# ── before anything is drawn ─────────────────────────────────────────────────
def foreign(place: Path, paths: Iterable[Path]) -> list[Path]:
    """What stands in the places of a film's files and is not ours to replace. ``place`` is its provenance's.

    Of a sequence it is whatever could be taken for a frame, for those after the last one would be shown with it.
    An empty file is nobody's loss.
    """
    found = []
    ours = provenance(place)
    for path in paths:
        for one in frames_at(path) if is_sequence(path) else [path]:
            known = ours is not None and (one == place or ours.knows(one))
            if not known and mode_of(one) and one.lstat().st_size:
                found.append(one)
    return found


def refuse_foreign(found: Sequence[Path], why: str = "", remedy: str = FLAG) -> None:
    """Raises ``OutputError`` if there is anything in the way that is not ours, and tells ``why`` that is so."""
    if found:
        it = "it" if len(found) == 1 else "them"
        why = why or f"no provenance beside {it} names {it} as layeranim made {it}"
        stands = "stands" if len(found) == 1 else "stand"
        raise OutputError(f"{listed(found)} {stands} in the way: {why}. Nothing was written; name another place, or "
                          f"replace {it} with {remedy}")  # fmt: skip


def refuse_inputs(paths: Iterable[Path], inputs: Mapping[Identity, str]) -> None:
    """Raises ``OutputError`` where something would be written that is the same file as an input."""
    for path in paths:
        for one in frames_at(path) if is_sequence(path) else [path]:
            with suppress(OSError):
                status = one.stat()
                if given := inputs.get((status.st_dev, status.st_ino)):
                    same = "" if given == str(one) else f" {given}, which is the same file"
                    raise OutputError(f"cannot write {one}: it is an input{same}; name another place")


def listed(paths: Sequence[Path]) -> str:
    """The first of them, and how many more."""
    if len(paths) <= 3:
        return " and ".join(filter(None, (", ".join(map(str, paths[:-1])), str(paths[-1]))))
    return f"{paths[0]}, {paths[1]} and {len(paths) - 2} more"


# ── when all is complete ─────────────────────────────────────────────────────
def earlier(place: Path, names: Iterable[str], patterns: Iterable[Path] = ()) -> dict[str, Any]:
    """The films that an earlier provenance names and that still stand: name → bytes and SHA-256.

    Words, and frames of a sequence that is made anew, are not among them: they would be taken for this film's.
    """
    before = provenance(place)
    frames = {path.name for pattern in patterns for path in frames_at(pattern)}
    found = {}
    for name in sorted(before.named if before else ()):
        path = place.with_name(name) if _is_plain(name) else None
        if before and path and name not in {*names, *frames} and path.suffix not in WORDS and before.knows(path):
            found[name] = {"bytes": path.stat().st_size, "sha256": standing(path)[AS_IT_IS]}
    return found


def _is_plain(name: str) -> bool:
    """Whether a name that a provenance gives is one beside it."""
    return name == os.path.basename(name) and name not in ("", ".", "..") and "\0" not in name


def publish(outputs: Outputs, reports: Mapping[Path, Mapping[str, Any]]) -> None:
    """Let complete outputs appear, with these provenances among them, and what belongs to no film any more go."""
    with _turn({place.parent for place in reports}):
        before = {place: provenance(place) for place in reports}
        for place, report in reports.items():
            _announce(place, before[place], report)
        outputs.publish()
        for place, report in reports.items():
            _clear(place, before[place], report)


def _announce(place: Path, before: Provenance | None, report: Mapping[str, Any]) -> None:
    """Let the provenance name what is about to appear, beside all that it named before."""
    coming = {name: frozenset([entry["sha256"]]) for name, entry in report[FILES].items()}
    known = before.named if before else {}
    if all(digests <= known.get(name, frozenset()) for name, digests in coming.items()):
        return
    named = {name: coming.get(name, frozenset()) | known.get(name, frozenset()) for name in {*coming, *known}}
    with Output(place) as output:
        listed = {name: sorted(digests) for name, digests in sorted(named.items())}
        output.file.write(dumped({**(before.report if before else report), COMING: listed}))
        output.commit()


def _clear(place: Path, before: Provenance | None, report: Mapping[str, Any]) -> None:
    """Remove what the earlier provenance named and this one does not."""
    kept = {name for key in (FILES, LEFT) for name in report.get(key, {})}
    for name in {*before.named, place.with_suffix(".vtt").name} - kept if before else ():
        path = place.with_name(name) if _is_plain(name) else place
        if before and path != place and before.knows(path):
            path.unlink(missing_ok=True)


def _hold(handle: int) -> None:
    for _ in range(TRIES):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            time.sleep(BETWEEN)


@contextmanager
def _turn(folders: Iterable[Path]) -> Iterator[None]:
    """One process at a time lets files appear in a folder; who holds it for long is no render, and not waited for."""
    handles = []
    try:
        for folder in sorted({Path(os.path.realpath(folder)) for folder in folders}):
            if not HIDDEN.fullmatch(folder.name):  # out of sight, and held by ourselves
                with suppress(OSError):  # a file system without locks
                    handles.append(os.open(folder, os.O_RDONLY))
                    _hold(handles[-1])
        yield
    finally:
        for handle in handles:
            os.close(handle)
