"""``layeranim check``: is what the manifest wants what is there?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from layeranim.assets import known
from layeranim.assets.cache import folder_of_user
from layeranim.assets.report import Shard
from layeranim.cli import manifests
from layeranim.cli.console import Voice, out, out_json
from layeranim.cli.program import debug_option

REPORT = "layeranim-differences"


def _check(
    ids: tuple[str, ...], json: bool, strict: bool, pixels: bool, report: str, jobs: str | None, shard: str | None,
    manifest: str | None,
) -> None:  # fmt: skip
    path, part = manifests.manifest(manifest), Shard.of(shard) if shard else None
    all_well = None if pixels else known.fresh(path, ids, shard, folder_of_user())
    if all_well:
        _say({}, [], len(all_well[1]), None, json)
        return
    from layeranim.assets.check import check as compare  # all that a film takes, but for Manim
    from layeranim.assets.plan import load

    found, films = load(path, ids, folder_of_user())
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
    _say(findings.wrong, findings.warnings, len(films), page, json, strict)
    if findings.wrong or (strict and findings.warnings):
        click.get_current_context().exit(1)


def _say(
    wrong: Mapping[str, Sequence[str]], warnings: Sequence[str], count: int, page: Path | None, json: bool,
    strict: bool = False,
) -> None:  # fmt: skip
    Voice().warn(*warnings)
    if json:
        well = not wrong and not (strict and warnings)
        out_json({"well": well, "films": count, "wrong": wrong, "warnings": warnings,
                  "page": str(page) if page else None})  # fmt: skip
        return
    lines = [f"{name}: {line}" for name in sorted(wrong) for line in wrong[name]]
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
