"""``layeranim check``: is what the manifest wants what is there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from pathlib import Path

import click

from layeranim.assets import known
from layeranim.assets.cache import folder_of_user
from layeranim.assets.report import Shard, films
from layeranim.cli import manifests
from layeranim.cli.console import Voice, out, out_json
from layeranim.cli.program import debug_option
from layeranim.cli.summary import append, summary_option
from layeranim.records import dataclass

REPORT = "layeranim-differences"


@dataclass
class Verdict:
    """What is told of a check."""

    films: int
    wrong: Mapping[str, Sequence[str]] = field(default_factory=dict)
    warnings: Sequence[str] = ()
    page: Path | None = None


def _check(
    ids: tuple[str, ...], json: bool, strict: bool, pixels: bool, report: str, jobs: str | None, shard: str | None,
    summary: str | None, restrict: bool, manifest: str | None,
) -> None:  # fmt: skip
    path, workers = manifests.manifest(manifest), manifests.jobs(jobs)
    part = Shard.of(shard) if shard is not None else None
    all_well = None if pixels else known.fresh(path, ids, shard, folder_of_user(), restrict)
    if all_well:
        verdict = Verdict(len(all_well[1]))
    else:
        verdict = _worked_out(path, ids, part, Path(report) if pixels else None, workers, restrict)
    well = not verdict.wrong and not (strict and verdict.warnings)
    _say(verdict, well, json, summary)
    if not well:
        click.get_current_context().exit(1)


def _worked_out(
    path: Path, ids: tuple[str, ...], part: Shard | None, report: Path | None, jobs: int, restrict: bool
) -> Verdict:
    """Every film planned anew; with a folder for the ``report`` drawn anew, too."""
    from layeranim.assets.check import check as compare  # all that a film takes, but for Manim
    from layeranim.assets.plan import load

    found, films = load(path, ids, folder_of_user(), restrict)
    every = {one.name for one in films} if not ids and (part is None or part.first) else None
    films = part.take(films) if part else films
    findings = compare(found, films, every)
    verdict = Verdict(len(films), findings.wrong, findings.warnings)
    if report:
        from layeranim.assets.pixels import check_report, redrawn, write

        check_report(report, films)
        differences, problems = redrawn(found, films, jobs)
        for file, one in differences.items():
            findings.add(file, "differs", one.detail)
        for name, why in problems.items():
            findings.add(name, "not compared", why)
        verdict.page = write(report, differences) if differences else None
    return verdict


def _say(verdict: Verdict, well: bool, json: bool, summary: str | None) -> None:
    Voice().warn(*verdict.warnings)
    wrong, page = verdict.wrong, verdict.page
    if json:
        out_json({"well": well, "films": verdict.films, "wrong": wrong, "warnings": verdict.warnings,
                  "page": str(page) if page else None})  # fmt: skip
    every = [(name, line) for name in sorted(wrong) for line in wrong[name]]
    lines = [f"{name}: {line}" for name, line in every] + ([f"differences: {page}"] if page else [])
    last = f"{films(verdict.films)}, {'all as they should be' if not wrong else f'{len(wrong)} not as they should be'}"
    if not json:
        out("\n".join(lines or [last]) + "\n")
    rows = [(name, *line.split(": ", 1)) for name, line in every]
    rows += [("all", "warning", text) for text in verdict.warnings]
    append(summary, ("film", "state", "what it is"), rows, last)


check = click.Command(
    "check",
    callback=_check,
    help="Stale, missing, edited by hand, orphaned or too large: ends with 1 and says which. Draws nothing but for "
    "--pixels.",
    params=[
        manifests.ids(),
        click.Option(["--json"], is_flag=True, help="print JSON"),
        click.Option(["--strict"], is_flag=True, help="other versions of the tools are a failure too"),
        click.Option(["--pixels"], is_flag=True, help="draw the films again and compare their frames"),
        click.Option(["--report"], metavar="DIR", default=REPORT, show_default=True,
                     help="where --pixels puts pictures of what differs"),
        manifests.jobs_option(),
        manifests.shard_option(),
        summary_option(),
        manifests.restrict_option(),
        manifests.manifest_option(),
        debug_option(),
    ],
)  # fmt: skip
