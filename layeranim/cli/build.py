"""``layeranim build``: every film of the manifest."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

import layeranim
from layeranim.assets import apart, known
from layeranim.assets.finding import lock_of
from layeranim.assets.report import FAILED, FRESH, BuildError, Report, films
from layeranim.cli import manifests
from layeranim.cli.console import Voice, out_json, out_paths
from layeranim.cli.manifests import shown
from layeranim.cli.program import debug_option
from layeranim.cli.summary import append, summary_option
from layeranim.errors import LayeranimError, OptionError

SECONDS_BETWEEN_LOOKS = 0.5


def _build(
    ids: tuple[str, ...], force: bool, jobs: str | None, shard: str | None, watch: bool, cache_dir: str | None,
    cache_size: str | None, summary: str | None, restrict: bool, manifest: str | None, quiet: bool, json: bool,
    lock: bool, overwrite: bool,
) -> None:  # fmt: skip
    path, voice = manifests.manifest(manifest), Voice(quiet)
    if watch:
        if json:
            raise OptionError("--watch never ends, so that --json has nothing to print; leave out one of them")
        options = {"--jobs": jobs, "--shard": shard, "--cache-dir": cache_dir, "--cache-size": cache_size}
        given = [word for flag, value in options.items() if value is not None for word in (flag, value)]
        given += ["--quiet"] * quiet + ["--restrict"] * restrict + ["--overwrite"] * overwrite
        _watch(path, ["build", "--manifest", str(path), *given, "--", *ids], voice)
        return

    def tell(name: str, what: str, done: int, count: int) -> None:
        if what != FRESH:
            voice.say(f"{name}: {what}, {done} of {count}")

    workers, folder, size = manifests.jobs(jobs), manifests.cache_folder(cache_dir), manifests.cache_size(cache_size)
    more = [lock_of(path)] if lock else []
    if not force and (all_well := known.fresh(path, ids, shard, folder, restrict)):
        root, well = all_well
        paths = [root / f"{one.name}.{suffix}" for one in well for suffix in one.files]
        _say(Report(paths + more, {one.name: FRESH for one in well}), voice, json, summary)
        return
    from layeranim.assets.build import build as make  # all that a film takes, but for Manim

    try:
        report = make(
            path, *ids, force=force, jobs=workers, shard=shard, cache_dir=folder, cache_size=size, restrict=restrict,
            tell=tell, overwrite=overwrite,
        )  # fmt: skip
    except BuildError as failed:
        failed.report.paths += more
        _say(failed.report, voice, json, summary)
        raise
    report.paths += more
    _say(report, voice, json, summary)


def _say(report: Report, voice: Voice, json: bool, summary: str | None) -> None:
    voice.warn(*report.warnings)
    for path in report.removed:
        voice.say(f"{path.name}: removed, nothing makes it any more")
    made = sum(what not in (FRESH, FAILED) for what in report.done.values())
    failed = f", {len(report.problems)} failed" if report.problems else ""
    last = f"{films(len(report.done))}: {made} made, {len(report.done) - made - len(report.problems)} fresh{failed}"
    voice.say(last)
    rows = [(name, what, report.problems.get(name, "")) for name, what in sorted(report.done.items()) if what != FRESH]
    append(summary, ("film", "state", "why"), rows, last)
    if json:
        out_json({"films": report.done, "paths": [shown(path) for path in report.paths], "problems": report.problems,
                  "removed": [shown(path) for path in report.removed], "warnings": report.warnings})  # fmt: skip
    else:
        out_paths(shown(path) for path in report.paths)


def _watch(path: Path, words: Sequence[str], voice: Voice) -> None:
    """Build, and again whenever the manifest, an input or the program changes; each time in a fresh interpreter.

    A manifest that is not there, or changes while it is looked at, is waited for.
    """
    built: Any = None
    last: Any = ()
    while True:
        now = _state(path)
        if now is None and last is not None:
            voice.say(f"{path.name} is not there; watching until it is")
        elif now is not None and now != built and (now == last or built is None):
            built = now
            try:
                apart.run("layeranim.cli:main", words, path.parent)
            except OSError as error:  # no process is to be had: the next change is another chance
                voice.warn(f"this build did not begin: {error.strerror}")
            voice.say("watching; Ctrl-C ends")
        last = now
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _state(path: Path) -> Any:
    """Sizes and times of the files that a build reads; what is in them decides, when it builds. ``None`` if there is no
    manifest.
    """
    from layeranim.assets.manifest import read
    from layeranim.assets.plan import input_files

    package = Path(layeranim.__file__).parent
    try:
        inputs = input_files(read(path)[0])
    except (LayeranimError, OSError):  # the build says what is wrong with it
        inputs = []
    found = []
    for file in [path, *inputs, *sorted(package.rglob("*.py"))]:
        try:
            status = file.stat()
        except OSError:
            if file == path:
                return None
            continue
        found.append((file, status.st_size, status.st_mtime_ns, status.st_ino))
    return found


build = click.Command(
    "build",
    callback=_build,
    help="Make every film of layeranim.toml that is not there as it should be, or those of some IDs.",
    params=[
        manifests.ids(),
        click.Option(["--force"], is_flag=True, help="draw again what is fresh or in the cache"),
        manifests.jobs_option(),
        manifests.shard_option(),
        click.Option(["--overwrite"], is_flag=True, help="replace files that no build made, too; never an input"),
        click.Option(
            ["--watch"], is_flag=True, help="build again whenever the manifest, an input or the program changes"
        ),
        click.Option(["--lock"], is_flag=True, help="print the path of the lock too"),
        manifests.cache_option(),
        manifests.size_option(),
        summary_option(),
        manifests.restrict_option(),
        manifests.manifest_option(),
        click.Option(["--quiet", "-q"], is_flag=True, help="say nothing on stderr but errors"),
        click.Option(["--json"], is_flag=True, help="print JSON instead of paths"),
        debug_option(),
    ],
)
