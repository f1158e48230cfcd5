"""Everything in a manifest, made: what is there already is left alone, what the cache holds is put in its place."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

from layeranim.assets import lock as locks
from layeranim.assets.cache import SIZE, Cache, Files, folder_of_user
from layeranim.assets.finding import find
from layeranim.assets.lock import Lock, Locked
from layeranim.assets.manifest import Manifest, files_of
from layeranim.assets.plan import Plan, load
from layeranim.assets.report import CACHED, DRAWN, FAILED, FRESH, BuildError, Report, Shard
from layeranim.errors import LayeranimError, OutputError
from layeranim.film.output import Outputs, check_writable, clear_leftovers

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
) -> Report:
    """Make the films of a manifest (without one: the nearest ``layeranim.toml``), or those of some ids.

    ``executor`` is any ``concurrent.futures.Executor``; without one, ``jobs`` processes of our own draw. ``force``
    draws again what is fresh. The cache takes ``cache_size`` bytes at most. ``restrict`` refuses inputs outside of the
    manifest's folder, which is for manifests of strangers. Raises ``ManifestError`` for what is wrong
    with the manifest, ``OutputError`` for places that cannot be written, and ``BuildError``, when the other films are
    done, naming those that failed.
    """
    path = Path(manifest) if manifest is not None else find()
    part = Shard.of(shard) if shard is not None else None
    folder = Path(cache_dir) if cache_dir is not None else folder_of_user()
    found, films = load(path, ids, folder, restrict)
    report = Report()
    job = Build(found, report, Cache(folder, report.warn, cache_size), tell or (lambda name, what, done, count: None))
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
    count: int = 0

    def run(self, films: Sequence[Plan], executor: Executor | None, jobs: int, force: bool) -> None:
        """Make these films; their lines in the lock are written even if the build is stopped half way."""
        root, self.count = self.manifest.root, len(films)
        before = locks.read(self.manifest.lock)
        todo = [one for one in films if force or not fresh(one, before.get(one.name), root)]
        for one in films:
            if one not in todo:
                self._done(one, FRESH)
        if not todo:
            return
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"the folder of films, {root}, cannot be made: {error.strerror}") from None
        check_writable(*(root / file for one in todo for file in files_of(one.entry)), self.manifest.lock)
        made: Lock = {}
        try:
            for one, files, what in self._made(todo, executor, jobs, force):
                self._publish(one, files, what, before.get(one.name), made)
        finally:
            clear_leftovers(root)  # of processes that died or were ended
            if made:
                with locks.changing(self.manifest.lock) as lock:
                    lock.update(made)

    def _made(
        self, todo: Sequence[Plan], executor: Executor | None, jobs: int, force: bool
    ) -> Iterator[tuple[Plan, Files, str]]:
        """Every film with its files, from the cache or drawn."""
        tasks: dict[str, Plan] = {}
        for one in todo:
            files = None if force else self.cache.get(one.key, _suffixes(one))
            if files is None:
                tasks[one.name] = one
            else:
                yield one, files, CACHED
        if not tasks:
            return
        from layeranim.assets import pool  # multiprocessing, which a build of what is fresh does not need
        from layeranim.assets.draw import Task

        work = [Task(one.entry, self.manifest.base, self.manifest.root, one.digest) for one in tasks.values()]
        results = pool.by_executor(work, executor) if executor else pool.by_processes(work, jobs)
        for task, drawn in results:
            one = tasks[task.entry.name]
            for text in drawn.warnings:
                self.report.warn(f"{one.name}: {text}")
            if drawn.problem is None and drawn.files.keys() != _suffixes(one):  # of an executor that is not ours
                self._failed(one, "what drew it gave back other files than this film has; nothing was written")
            elif drawn.problem is not None:
                self._failed(one, drawn.problem)
            else:
                self.cache.put(one.key, drawn.files)
                yield one, drawn.files, DRAWN

    def _publish(self, one: Plan, files: Files, what: str, before: Locked | None, made: Lock) -> None:
        try:
            put(self.manifest.root, one.name, files)
        except LayeranimError as error:
            self._failed(one, str(error))
            return
        digests = {suffix: locks.digest_of(data) for suffix, data in files.items()}
        made[one.name] = Locked(one.digest, one.tools_digest, digests)
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

    def _done(self, one: Plan, what: str) -> None:
        self.report.done[one.name] = what
        self.report.paths += [self.manifest.root / file for file in files_of(one.entry)]
        self.tell(one.name, what, len(self.report.done), self.count)

    def _failed(self, one: Plan, why: str) -> None:
        self.report.done[one.name], self.report.problems[one.name] = FAILED, why
        self.tell(one.name, FAILED, len(self.report.done), self.count)


def _suffixes(one: Plan) -> set[str]:
    """What the names of a film's files end in."""
    return set(locks.suffixes(one.name, files_of(one.entry)).values())


def fresh(one: Plan, locked: Locked | None, root: Path) -> bool:
    """Whether a film's files are those of the lock, and the lock's causes are today's."""
    if locked is None or locked.causes != one.digest:
        return False
    named = locks.suffixes(one.name, files_of(one.entry))
    return all(locks.sha256(root / file) == locked.files.get(suffix, "") for file, suffix in named.items())


def put(root: Path, name: str, files: Files) -> None:
    """Let a film's files appear, all complete before the first; those that are there already are left alone."""
    changed = {f"{name}.{suffix}": data for suffix, data in files.items()}
    with Outputs([root / file for file in changed]) as outputs:
        for file, data in zip(outputs.files, changed.values(), strict=True):
            file.write(data)
        check_writable(*(root / file for file in changed))
        outputs.commit()
