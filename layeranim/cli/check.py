"""``layeranim check``: is what the manifest wants what is there?"""

from __future__ import annotations

from pathlib import Path

import click

from layeranim.assets.build import Shard
from layeranim.assets.check import Findings
from layeranim.assets.check import check as compare
from layeranim.assets.plan import load
from layeranim.cli import manifests
from layeranim.cli.console import Voice, out, out_json
from layeranim.cli.program import debug_option

REPORT = "layeranim-differences"


def _check(
    ids: tuple[str, ...], json: bool, strict: bool, pixels: bool, report: str, jobs: str | None, shard: str | None,
    manifest: str | None,
) -> None:  # fmt: skip
    path = manifests.manifest(manifest)
    found, films = load(path, ids)
    part = Shard.of(shard) if shard else None
    films = part.take(films) if part else films
    findings = compare(found, films, whole=not ids and part is None)
    page = None
    if pixels:
        from layeranim.assets.pixels import redrawn, write

        differences, problems = redrawn(found, films, manifests.jobs(jobs))
        for file, one in differences.items():
            findings.add(file, "differs", one.detail)
        for name, why in problems.items():
            findings.add(name, "not compared", why)
        page = write(Path(report), differences) if differences else None
    _say(findings, len(films), page, strict, json)
    if findings.wrong or (strict and findings.warnings):
        click.get_current_context().exit(1)


def _say(findings: Findings, count: int, page: Path | None, strict: bool, json: bool) -> None:
    Voice().warn(*findings.warnings)
    if json:
        well = not findings.wrong and not (strict and findings.warnings)
        out_json({"well": well, "films": count, "wrong": findings.wrong, "warnings": findings.warnings,
                  "page": str(page) if page else None})  # fmt: skip
        return
    lines = [f"{name}: {line}" for name in sorted(findings.wrong) for line in findings.wrong[name]]
    lines += [f"differences: {page}"] if page else []
    out("\n".join(lines or [f"{count} films, all as they should be"]) + "\n")


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
        manifests.manifest_option(),
        debug_option(),
    ],
)  # fmt: skip
