"""Everything in a manifest, made: what is there already is left alone, what the cache holds is put in its place."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path

from layeranim.assets import lock as locks
from layeranim.assets.cache import SIZE, Cache, Files, folder_of_user
from layeranim.assets.check import too_large
from layeranim.assets.finding import content, find
from layeranim.assets.lock import Lock, Locked
from layeranim.assets.manifest import Manifest, files_of
from layeranim.assets.plan import BuildPlan, drawn, load
from layeranim.assets.report import CACHED, DESCRIBED, DRAWN, FAILED, FRESH, BuildError, Report, Shard
from layeranim.errors import LayeranimError, OutputError
from layeranim.film import owned
from layeranim.film.output import Outputs, check_writable, clear_leftovers
from layeranim.records import dataclass

LARGEST = 1_000_000_000
"""Bytes of a film that is taken as it stands."""
Tell = Callable[[str, str, int, int], None]
"""Called with a film's name, what became of it, and how many of how many films are done with it."""


def build(
    manifest: str | os.PathLike[str] | None = None,
    *ids: str,
    executor: Executor | None = None,
    force: bool = False,
    jobs: int | None = None,
    shard: str | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
    cache_size: int = SIZE,
    restrict: bool = False,
    tell: Tell | None = None,
    overwrite: bool = False,
) -> Report:
    """Make the films of a manifest (without one: the nearest ``layeranim.toml``), or those of some ids.

    ``executor`` is any ``concurrent.futures.Executor``; without one, ``jobs`` processes of our own draw. ``force``
    draws again what is fresh; ``overwrite`` replaces files in the places of films that no build made, which else are
    an ``OutputError`` before anything is drawn. The cache takes ``cache_size`` bytes at most. ``restrict`` refuses
    inputs outside of the manifest's folder, which is for manifests of strangers. Raises ``ManifestError`` for what is
    wrong with the manifest, ``OutputError`` for places that cannot be written, and ``BuildError``, when the other films
    are done, naming those that failed.
    """
    path = Path(manifest) if manifest is not None else find()
    part = Shard.of(shard) if shard is not None else None
    folder = Path(cache_dir) if cache_dir is not None else folder_of_user()
    found, films = load(path, ids, folder, restrict)
    report = Report()
    cache = Cache(folder, report.warn, cache_size)
    job = Build(found, report, cache, tell or (lambda name, what, done, count: None), overwrite)
    job.run(part.take(films) if part else films, executor, jobs or os.cpu_count() or 1, force)
    if not ids and part is None and not job.report.problems:
        job.drop({one.name for one in films})
    if job.report.problems:
        raise BuildError(job.report)
    return job.report


@dataclass
class Build:
    """One build under way."""

    manifest: Manifest
    report: Report
    cache: Cache
    tell: Tell
    overwrite: bool = False
    count: int = 0

    def run(self, films: Sequence[BuildPlan], executor: Executor | None, jobs: int, force: bool) -> None:
        """Make these films; their lines in the lock are written even if the build is stopped half way."""
        root, self.count = self.manifest.root, len(films)
        before = locks.read(self.manifest.lock)
        todo = [one for one in films if force or not fresh(one, before.get(one.name), root)]
        for one in films:
            if one not in todo and not self._too_large(one, _sizes(one, root)):
                self._done(one, FRESH)
        if not todo:
            return
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"the folder of films, {root}, cannot be made: {error.strerror}") from None
        check_writable(*(root / file for one in todo for file in files_of(one.entry)), self.manifest.lock)
        self._check_owned(todo, before)
        made: Lock = {}
        try:
            for one, files, what in self._made(todo, before, executor, jobs, force):
                self._publish(one, files, what, before.get(one.name), made)
        finally:
            clear_leftovers(root)  # of processes that died or were ended
            if made:
                with locks.changing(self.manifest.lock) as lock:
                    lock.update(made)

    def _check_owned(self, todo: Sequence[BuildPlan], before: Lock) -> None:
        """Refuse to replace what neither the lock nor the provenance beside it knows.

        Where some file of a film still stands as one of them knows it, a file that the lock names was built there too:
        it was changed since, and is made again.
        """
        root, strange = self.manifest.root, list[Path]()
        for one in todo:
            locked = before[one.name].files if one.name in before else {}
            report = root / f"{one.name}.json"
            built = owned.provenance(report) or any(
                digest in owned.standing(root / f"{one.name}.{suffix}").values() for suffix, digest in locked.items()
            )
            for file, suffix in locks.suffixes(one.name, files_of(one.entry)).items():
                others = owned.foreign(report, [root / file])
                if not (others and suffix in locked and built):
                    strange += others
                elif locked[suffix] not in owned.standing(root / file).values():
                    self.report.warn(f"{file} was changed after it was built; it is made again")
        if not self.overwrite:
            owned.refuse_foreign(strange, "neither the lock nor a provenance names what was built there")

    def _made(
        self, todo: Sequence[BuildPlan], before: Lock, executor: Executor | None, jobs: int, force: bool
    ) -> Iterator[tuple[BuildPlan, Files, str]]:
        """Every film with its files: those that are there with other words, from the cache, or drawn."""
        tasks: dict[str, BuildPlan] = {}
        for one in todo:
            what, files = DESCRIBED, None if force else standing(one, before.get(one.name), self.manifest.root)
            if files is None and not force:
                what, files = CACHED, self.cache.get(one.key, _suffixes(one))
            if files is None:
                tasks[one.name] = one
            elif not self._too_large(one, {suffix: len(data) for suffix, data in files.items()}):
                yield one, files, what
        if not tasks:
            return
        from layeranim.assets import pool  # multiprocessing, which a build of what is fresh does not need
        from layeranim.assets.draw import Task

        work = [Task(one.entry, self.manifest.base, self.manifest.root, one.digest) for one in tasks.values()]
        results = pool.by_executor(work, executor) if executor else pool.by_processes(work, jobs)
        for task, made in results:
            one = tasks[task.entry.name]
            for text in made.warnings:
                self.report.warn(f"{one.name}: {text}")
            if made.problem is None and made.files.keys() != _suffixes(one):  # of an executor that is not ours
                self._failed(one, "what drew it gave back other files than this film has; nothing was written")
            elif made.problem is not None:
                self._failed(one, made.problem)
            else:
                self.cache.put(one.key, made.files)
                yield one, made.files, DRAWN

    def _publish(self, one: BuildPlan, files: Files, what: str, before: Locked | None, made: Lock) -> None:
        try:
            if what != DRAWN:
                from layeranim.assets.telling import described  # and what words are made with

                files = described(one, files)
            put(self.manifest.root, one.name, files)
        except LayeranimError as error:
            self._failed(one, str(error))
            return
        digests = {suffix: locks.digest_of(data) for suffix, data in files.items()}
        tools = before.tools if before and what == DESCRIBED else one.tools_digest
        made[one.name] = Locked(one.digest, tools, digests)
        self._remove(one.name, before, keep=set(digests))
        self._done(one, what)

    def drop(self, wanted: set[str]) -> None:
        """Take films out of the lock that the manifest has no longer, and their files if nobody changed them."""
        if not set(locks.read(self.manifest.lock)) - wanted:
            return
        with locks.changing(self.manifest.lock) as lock:
            for name in sorted(set(lock) - wanted):
                self._remove(name, lock.pop(name), keep=set())

    def _remove(self, name: str, before: Locked | None, keep: set[str]) -> None:
        for suffix, digest in before.files.items() if before else ():
            path = self.manifest.root / f"{name}.{suffix}"
            if suffix in keep or path.parent != self.manifest.root:
                continue
            if locks.sha256(path) == digest:
                path.unlink()
                self.report.removed.append(path)
            elif path.exists():
                self.report.warn(f"{path.name} belongs to no film any more, but was changed by hand; it stays")

    def _done(self, one: BuildPlan, what: str) -> None:
        self.report.done[one.name] = what
        self.report.paths += [self.manifest.root / file for file in files_of(one.entry)]
        self.tell(one.name, what, len(self.report.done), self.count)

    def _too_large(self, one: BuildPlan, sizes: Mapping[str, int]) -> bool:
        """Whether a film that is not drawn is over its limit of today; that is told."""
        lines = [line for suffix, size in sizes.items() if (line := too_large(one, suffix, size))]
        if lines:
            self._failed(one, "; ".join(lines) + "; a smaller size or fewer frames a second make a smaller film")
        return bool(lines)

    def _failed(self, one: BuildPlan, why: str) -> None:
        self.report.done[one.name], self.report.problems[one.name] = FAILED, why
        self.tell(one.name, FAILED, len(self.report.done), self.count)


def _suffixes(one: BuildPlan) -> set[str]:
    """What the names of a film's files end in."""
    return set(locks.suffixes(one.name, files_of(one.entry)).values())


def fresh(one: BuildPlan, locked: Locked | None, root: Path) -> bool:
    """Whether a film's files are those of the lock, and the lock's causes are today's."""
    if locked is None or locked.causes != one.digest:
        return False
    named = locks.suffixes(one.name, files_of(one.entry))
    return all(locks.sha256(root / file) == locked.files.get(suffix, "") for file, suffix in named.items())


def _sizes(one: BuildPlan, root: Path) -> dict[str, int]:
    return {
        suffix: (root / file).stat().st_size for file, suffix in locks.suffixes(one.name, files_of(one.entry)).items()
    }


def standing(one: BuildPlan, locked: Locked | None, root: Path) -> Files | None:
    """The files of a film that stand as the lock has them and need not be drawn anew, only described."""
    named = locks.suffixes(one.name, files_of(one.entry))
    if locked is None or set(named.values()) != set(locked.files):
        return None
    try:
        files = {suffix: content(root / file, LARGEST) for file, suffix in named.items()}
    except (OSError, LayeranimError):
        return None
    if any(locks.digest_of(data) != locked.files[suffix] for suffix, data in files.items()):
        return None
    report = owned.provenance(root / f"{one.name}.json")
    then = report.report.get("causes") if report else None
    return files if isinstance(then, dict) and drawn(then) == drawn(one.causes) else None


def put(root: Path, name: str, files: Files) -> None:
    """Let a film's files appear, all complete before the first."""
    changed = {f"{name}.{suffix}": data for suffix, data in files.items()}
    with Outputs([root / file for file in changed]) as outputs:
        for file, data in zip(outputs.files, changed.values(), strict=True):
            file.write(data)
        check_writable(*(root / file for file in changed))
        outputs.complete()
        owned.publish(outputs, {root / f"{name}.json": json.loads(files["json"])})
