"""Is what a manifest wants what is there? Nothing is drawn: digests are compared, in milliseconds."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from layeranim.assets import lock as locks
from layeranim.assets.cache import Cache
from layeranim.assets.lock import Lock, Locked
from layeranim.assets.manifest import Manifest, files_of
from layeranim.assets.plan import BuildPlan
from layeranim.film import owned
from layeranim.records import dataclass

LARGEST_REPORT = 10_000_000
"""Bytes of a provenance file that is read."""


@dataclass
class Findings:
    """What is wrong, by film; ``warnings`` are no failures but under ``--strict``."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, state: str, detail: str) -> None:
        self.wrong.setdefault(name, []).append(f"{state}: {detail}")


def check(manifest: Manifest, films: Sequence[BuildPlan], every: Collection[str] | None) -> Findings:
    """Compare films, lock and files. ``every``: the names of all films, so that what is beside them is orphaned."""
    found = Findings()
    lock = locks.read(manifest.lock)
    for one in films:
        _film(one, lock.get(one.name), manifest.root, found)
    if every is not None:
        _orphans(set(every), lock, manifest.root, found)
    drifted = [one.name for one in films if one.name in lock and lock[one.name].tools != one.tools_digest]
    if drifted:
        how = "; ".join(_versions(manifest.root, films, drifted[0])) or "layeranim why says which"
        found.warnings.append(f"{_some(drifted)} made with other versions of the tools: {how}")
    return found


def _film(one: BuildPlan, locked: Locked | None, root: Path, found: Findings) -> None:
    named = locks.suffixes(one.name, files_of(one.entry))
    if locked is None:
        found.add(one.name, "missing", "it is not in the lock; run layeranim build")
        return
    if locked.causes != one.digest:
        reasons = why(one, locked, root, None)
        found.add(one.name, "stale", f"{_few(reasons)}; run layeranim build")
    for file, suffix in named.items():
        digest = locks.sha256(root / file)
        if digest is None:
            found.add(one.name, "missing", f"{file} is not there; run layeranim build")
        elif suffix not in locked.files:
            found.add(one.name, "stale", f"{file} is not in the lock; run layeranim build")
        elif digest != locked.files[suffix]:
            found.add(one.name, *_otherwise(root / file, digest, locked.files[suffix]))
        if digest and len(digest) == 64 and (line := too_large(one, suffix, (root / file).stat().st_size)):
            found.add(one.name, "too large", line)
    for suffix in sorted(set(locked.files) - set(named.values())):
        if (root / f"{one.name}.{suffix}").exists():
            found.add(one.name, "orphaned", f"{one.name}.{suffix} is asked for no longer; run layeranim build")


def too_large(one: BuildPlan, suffix: str, size: int) -> str | None:
    """What to say of a film file of so many bytes, if they are more than its entry allows."""
    most = one.work.film.max_size
    if most is None or suffix in locks.BESIDE or size <= most:
        return None
    return f"{one.name}.{suffix} has {size:,} bytes, the limit is {most:,}"


def _otherwise(path: Path, digest: str, locked: str) -> tuple[str, str]:
    """What has become of a file that is not as it was built, and what to do."""
    how = next((how for how, known in owned.standing(path).items() if known == locked), None)
    if how == owned.LINE_ENDS:
        return "line ends", (f"{path.name} is as it was built but for its line ends, which Git changed; "
                             f"put '{path.name} -text' in .gitattributes, delete it, and git checkout it")  # fmt: skip
    if how == owned.POINTER:
        return "not fetched", f"{path.name} is a pointer of Git LFS to the file that was built; run git lfs pull"
    what = f"is {digest}" if len(digest) < 64 else "is not the file that was built"
    return "edited", f"{path.name} {what}; run layeranim build to replace it"


def _orphans(names: set[str], lock: Lock, root: Path, found: Findings) -> None:
    for name in sorted(set(lock) - names):
        left = [f"{name}.{suffix}" for suffix in sorted(lock[name].files) if (root / f"{name}.{suffix}").exists()]
        there = f"{', '.join(left)} still there" if left else "its line is still in the lock"
        found.add(name, "orphaned", f"no asset makes it any more, {there}; run layeranim build")


def why(one: BuildPlan, locked: Locked, root: Path, cache: Cache | None) -> list[str]:
    """What changed since a film was locked, one line each: ``option stride: 2 → 1``."""
    then = _then(one.name, locked, root, cache)
    if then is None:
        return ["its causes changed; which, only the provenance that was built could tell"]
    lines = differences(then["causes"], one.causes) if locked.causes != one.digest else []
    return lines + (tools_drift(then["tools"], one.tools) if locked.tools != one.tools_digest else [])


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The parts that differ, in words; a source's digests say nothing, its name does."""
    lines = []
    for part in sorted({*then, *now}):
        before, after = then.get(part), now.get(part)
        if before == after:
            continue
        if part.startswith("source "):
            verb = "is new" if before is None else "is gone" if after is None else "changed"
            lines.append(f"{part} {verb}")
        elif part.startswith(("input ", "font")):  # a name and a digest
            was, now_is = (text and text.rpartition(" ")[0] for text in (before, after))
            what = f"what is in {now_is} changed" if was == now_is else f"{_word(was)} → {_word(now_is)}"
            lines.append(f"{part}: {what}")
        else:
            lines.append(f"{part}: {_word(before)} → {_word(after)}")
    return lines


def tools_drift(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """The tools whose versions differ."""
    return [
        f"{tool} {_word(then.get(tool))} → {_word(now.get(tool))}"
        for tool in sorted({*then, *now})
        if then.get(tool) != now.get(tool)
    ]


def _then(name: str, locked: Locked, root: Path, cache: Cache | None) -> dict[str, Any] | None:
    """The provenance that the lock speaks of: the file, if nobody changed it, else what the cache holds."""
    path = root / f"{name}.json"
    if locks.sha256(path) == locked.files.get("json", "") and path.stat().st_size <= LARGEST_REPORT:
        return _report(path.read_bytes())
    kept = cache.holding("json", locked.files.get("json", "")) if cache else None
    return None if kept is None else _report(kept)


def _report(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    parts = [found.get("causes"), found.get("tools")]
    return found if all(isinstance(p, dict) and all(isinstance(v, str) for v in p.values()) for p in parts) else None


def _versions(root: Path, films: Sequence[BuildPlan], name: str) -> list[str]:
    one = next(film for film in films if film.name == name)
    path = root / f"{name}.json"
    then = _report(path.read_bytes()) if path.is_file() and path.stat().st_size <= LARGEST_REPORT else None
    return tools_drift(then["tools"], one.tools) if then else []


def _few(lines: Sequence[str], most: int = 3) -> str:
    return "; ".join(lines[:most]) + (f"; and {len(lines) - most} more (layeranim why)" if lines[most:] else "")


def _some(names: Sequence[str]) -> str:
    return f"{names[0]} was" if len(names) == 1 else f"{names[0]} and {len(names) - 1} more were"


def _word(text: str | None) -> str:
    return "none" if text is None else text if len(text) <= 80 else text[:79] + "…"
