"""``layeranim cache info`` and ``layeranim cache clear``."""

from __future__ import annotations

import click

from layeranim.assets.cache import Cache
from layeranim.assets.report import films
from layeranim.cli import manifests
from layeranim.cli.console import out
from layeranim.cli.program import debug_option, help_instead


@click.pass_context
def _start(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        help_instead(context)


def _info(cache_dir: str | None) -> None:
    held = Cache(manifests.cache_folder(cache_dir))
    if held.folder is None:
        out("there is no cache: no home\n")
        return
    count, taken = held.used()
    out(f"{held.folder}\n{films(count)}, {megabytes(taken)}; a build keeps {megabytes(held.size)} of them, where "
        "--cache-size says nothing else\n")  # fmt: skip


def megabytes(size: int) -> str:
    """``12.3 MB``."""
    return f"{size / 1e6:,.1f} MB".replace(".0 MB", " MB")


def _clear(cache_dir: str | None) -> None:
    out(f"{films(Cache(manifests.cache_folder(cache_dir)).clear())} removed from the cache\n")


cache = click.Group(
    "cache", callback=_start, invoke_without_command=True, help="What the cache holds; clear it.",
    commands=[
        click.Command("info", callback=_info, help="Where the cache is and how much it holds.",
                      params=[manifests.cache_option(), debug_option()]),
        click.Command("clear", callback=_clear, help="Delete every film in the cache. What is in renders/ stays.",
                      params=[manifests.cache_option(), debug_option()]),
    ],
)  # fmt: skip
