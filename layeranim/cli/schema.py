"""``layeranim schema``: the JSON Schema of the manifest, for editors."""

from __future__ import annotations

import click

from layeranim.assets.schema import schema as made
from layeranim.cli.console import out_json
from layeranim.cli.program import debug_option

schema = click.Command(
    "schema",
    callback=lambda: out_json(made()),
    help="Print the JSON Schema of layeranim.toml; editors complete and check with it.",
    params=[debug_option()],
)
