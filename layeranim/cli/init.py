"""``layeranim init``: a first manifest."""

from __future__ import annotations

from pathlib import Path

import click

from layeranim.assets.starters import start
from layeranim.cli.console import out_paths
from layeranim.cli.program import debug_option


def _init(action: str | None, pre_commit: bool) -> None:
    out_paths(str(path) for path in start(Path(), action, pre_commit))


init = click.Command(
    "init",
    callback=_init,
    help="Write a first layeranim.toml here. Nothing that is there is overwritten.",
    params=[
        click.Option(["--action"], metavar="OWNER/REPO@VERSION",
                     help="a GitHub workflow too, with layeranim's action from that repository"),
        click.Option(["--pre-commit"], is_flag=True, help="a pre-commit configuration too"),
        debug_option(),
    ],
)  # fmt: skip
