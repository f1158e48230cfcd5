"""What a manifest came to when it was last worked out: while nothing that it came from has changed, it is that still.

A check of fifty films that are all as they should be compares digests; neither NumPy nor a story is imported for it.
Where the manifest, an input, a file of ours, a tool or this record is not as it was, all is worked out anew.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layeranim.assets import lock as locks
from layeranim.assets import sources
from layeranim.assets.cache import KNOWN, by_use, ours
from layeranim.assets.finding import LARGEST, content, lock_of
from layeranim.assets.lock import Locked
from layeranim.assets.report import Shard
from layeranim.errors import LayeranimError
from layeranim.film.output import Output
from layeranim.records import dataclass

if TYPE_CHECKING:
    from layeranim.assets.manifest import Manifest
    from layeranim.assets.plan import BuildPlan

MOST = 10_000_000
"""Bytes of a record."""
RECORDS = 1000
"""Manifests that a cache knows; the one that was asked for longest ago leaves first."""
_TEXT = (str,)
RECORD = {
    "state": _TEXT, "inputs": {...: _TEXT}, "root": _TEXT,
    "films": [{"name": _TEXT, "asset": _TEXT, "causes": _TEXT, "tools": _TEXT, "files": {...: (int, type(None))}}],
}  # fmt: skip
"""What a record holds."""


@dataclass(frozen=True)
class Brief:
    """A film as far as a check must know it. ``files`` leads from a suffix to the most bytes it may have, or none."""

    name: str
    asset: str
    causes: str
    tools: str
    files: Mapping[str, int | None]


@dataclass(frozen=True)
class Known:
    """All films of a manifest, and the folder that they go to."""

    root: Path
    films: tuple[Brief, ...]


def state(manifest: Path, restricted: bool) -> str:
    """A digest of all that a manifest is worked out from, but for the inputs that it names."""
    data = hashlib.sha256(content(manifest, LARGEST)).hexdigest()
    return _sha(
        json.dumps([data, manifest.name, restricted, sources.everything(), sources.tools(), sys.version]).encode()
    )


def digests(files: Iterable[Path], base: Path) -> dict[str, str]:
    """What is in the inputs, by their paths from the manifest's folder."""
    places = {path: path.relative_to(base) if path.is_relative_to(base) else path for path in files}
    return {str(place): locks.sha256(path) or "" for path, place in places.items()}


def remember(
    folder: Path | None, then: str, read: Mapping[str, str], manifest: Manifest, films: Sequence[BuildPlan]
) -> None:
    """Keep what all films of a manifest came to. ``then`` and ``read``: the state and the inputs before that."""
    foreign = any(cause.startswith("source ") and not cause.startswith("source layeranim/")
                  for one in films for cause in one.causes)  # fmt: skip
    if folder is None or foreign:  # whose files are not all in the state
        return
    base = manifest.path.parent
    with suppress(OSError, LayeranimError):
        if state(manifest.path, manifest.restricted) != then or digests(map(base.joinpath, read), base) != read:
            return
        briefs = [asdict(_brief(one)) for one in films]
        data = json.dumps(
            {"state": then, "inputs": read, "root": str(manifest.root.relative_to(base)), "films": briefs}
        ).encode()
        folder.mkdir(parents=True, exist_ok=True)
        with Output(_place(folder, manifest.path), lasting=False) as output:
            output.file.write(_sha(data).encode() + data)
            output.commit()
        for _, _, path in by_use(path for path in ours(folder) if path.suffix == KNOWN)[:-RECORDS]:
            path.unlink(missing_ok=True)


def recall(folder: Path | None, manifest: Path, restricted: bool = False) -> Known | None:
    """What ``remember`` kept, if all of it is so still."""
    if folder is None:
        return None
    base = manifest.parent
    place = _place(folder, manifest)
    try:
        record = content(place, MOST)
        data = json.loads(record[64:]) if _sha(record[64:]).encode() == record[:64] else {}
        _check(data, RECORD)
        if (
            data["state"] != state(manifest, restricted)
            or digests(map(base.joinpath, data["inputs"]), base) != data["inputs"]
        ):
            return None
        found = Known(base / data["root"], tuple(Brief(**one) for one in data["films"]))
    except (OSError, LayeranimError, ValueError, RecursionError):
        return None
    words = {word for one in found.films for word in (one.name, *one.files)}
    if {os.sep, ".."} & {data["root"][:1], *Path(data["root"]).parts} or any(os.sep in word for word in words):
        return None  # no manifest makes films elsewhere
    with suppress(OSError):  # a cache that can only be read
        os.utime(place)
    return found


def _check(value: Any, wanted: Any) -> None:
    """Whoever may have written it: raise ``ValueError`` unless ``value`` has exactly the keys and types of ``wanted``.

    A list is of one kind, a mapping under ``...`` too; a tuple names the types that there may be.
    """
    if isinstance(wanted, dict) and isinstance(value, dict) and (... in wanted or value.keys() == wanted.keys()):
        for key, one in value.items():
            _check(one, wanted[... if ... in wanted else key])
    elif isinstance(wanted, list) and isinstance(value, list):
        for one in value:
            _check(one, wanted[0])
    elif isinstance(wanted, (dict, list)) or type(value) not in wanted:
        raise ValueError("no record of ours")


def fresh(
    manifest: Path, ids: Sequence[str], shard: str | None, folder: Path | None, restricted: bool = False
) -> tuple[Path, list[Brief]] | None:
    """The folder of films and the films that are meant, if all of them are known and as the lock wants them.

    ``None`` where anything at all is to be said or done.
    """
    known = recall(folder, manifest, restricted)
    if known is None or not set(ids) <= {word for one in known.films for word in (one.asset, one.name)}:
        return None
    films = [one for one in known.films if not ids or one.asset in ids or one.name in ids]
    part = Shard.of(shard) if shard is not None else None
    lock = locks.read(lock_of(manifest))
    if not ids and (part is None or part.first) and not set(lock) <= {one.name for one in films}:
        return None
    films = part.take(films) if part else films
    well = all(one.name in lock and _well(one, lock[one.name], known.root) for one in films)
    return (known.root, films) if well else None


def _well(one: Brief, locked: Locked, root: Path) -> bool:
    if (locked.causes, locked.tools, set(locked.files)) != (one.causes, one.tools, set(one.files)):
        return False
    for suffix, most in one.files.items():
        path = root / f"{one.name}.{suffix}"
        if locks.sha256(path) != locked.files[suffix] or (most is not None and path.stat().st_size > most):
            return False
    return True


def _brief(one: BuildPlan) -> Brief:
    from layeranim.assets.manifest import files_of

    most = one.work.film.max_size
    suffixes = locks.suffixes(one.name, files_of(one.entry)).values()
    files = {suffix: None if suffix in locks.BESIDE else most for suffix in suffixes}
    return Brief(one.name, one.entry.asset, one.digest, one.tools_digest, files)


def _place(folder: Path, manifest: Path) -> Path:
    return folder / (_sha(os.path.realpath(manifest).encode("utf-8", "surrogateescape"))[:32] + KNOWN)


def _sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
