"""``layeranim validate``: is the manifest right?"""

from __future__ import annotations

import click

from layeranim.assets.plan import load
from layeranim.assets.report import films as counted
from layeranim.assets.telling import deep
from layeranim.cli import manifests
from layeranim.cli.console import Voice, out
from layeranim.cli.program import debug_option


def _validate(file: str | None, restrict: bool) -> None:
    path = manifests.manifest(file)
    _, films = load(path, restricted=restrict)
    Voice().warn(*deep(films))
    out(f"{path.name}: {counted(len(films))}, nothing wrong\n")


validate = click.Command(
    "validate",
    callback=_validate,
    help="Say everything that is wrong with a manifest, at once, without drawing. Ends with 2 if something is.",
    params=[click.Argument(["file"], required=False, metavar="[FILE]"), manifests.restrict_option(), debug_option()],
)
