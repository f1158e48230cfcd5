"""What the commands around ``layeranim.toml`` share: their options, and the manifest they mean."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from layeranim.assets import lock
from layeranim.assets.cache import SIZE, folder_of_user
from layeranim.assets.finding import PROJECT, find, lock_of, parsed, tool
from layeranim.errors import OptionError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class _Ids(click.types.StringParamType):
    """Assets of the manifest, and films of its lock."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from layeranim.assets import names

        path = manifest(ctx.params.get("manifest"))
        table = tool(parsed(path)) if path.name == PROJECT else parsed(path)
        assets = table.get("asset") if isinstance(table, dict) else None
        found = [item.get("id") for item in assets if isinstance(item, dict)] if isinstance(assets, list) else []
        sound = [str(word) for word in [*found, *lock.read(lock_of(path))] if names.problem(word) is None]
        return [CompletionItem(word) for word in dict.fromkeys(sound) if word.startswith(incomplete)]


def ids() -> click.Argument:
    """``[ID]…``: assets, or single films of them."""
    return click.Argument(["ids"], nargs=-1, metavar="[ID]…", type=_Ids())


def one_id() -> click.Argument:
    """``ID``: an asset, or a single film of one."""
    return click.Argument(["id"], type=_Ids())


def manifest_option() -> click.Option:
    return click.Option(
        ["--manifest", "-m"],
        metavar="FILE",
        help="the manifest  [default: the nearest layeranim.toml or pyproject.toml]",
    )


def shard_option() -> click.Option:
    return click.Option(["--shard"], metavar="K/N", help="only part K of N of the films, in the order of their names")


def jobs_option() -> click.Option:
    return click.Option(["--jobs", "-j"], metavar="N", help="films drawn side by side  [default: one a processor]")


def cache_option() -> click.Option:
    return click.Option(["--cache-dir"], metavar="DIR", help="folder of the cache  [default: the user's]")


def size_option() -> click.Option:
    says = f"how much the cache may take; what was used longest ago leaves first  [default: {SIZE // 10**9}GB]"
    return click.Option(["--cache-size"], metavar="SIZE", help=says)


def restrict_option() -> click.Option:
    return click.Option(["--restrict"], is_flag=True, help="refuse inputs that lie outside of the manifest's folder")


def cache_size(text: str | None) -> int:
    """Bytes that the cache may take."""
    if text is None:
        return SIZE
    from layeranim.stories.options import Bytes  # and NumPy with it

    return Bytes().check("cache_size", text) or SIZE


def manifest(path: str | None) -> Path:
    """The manifest that is named, or the nearest."""
    return Path(path) if path is not None else find()


def cache_folder(path: str | None) -> Path | None:
    """The cache that is named, or the user's."""
    if path == "":
        raise OptionError("cache_dir is empty, but must be a folder; leave it out for the user's")
    return Path(path) if path is not None else folder_of_user()


def jobs(text: str | None) -> int:
    """How many films are drawn side by side."""
    if text is None:
        return os.cpu_count() or 1
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= 256 and len(text) < 9):
        raise OptionError(f"jobs is {text!r}, but must be a number from 1 to 256")
    return int(text)


def shown(path: Path) -> str:
    """A path as it is read from the folder that the command runs in."""
    try:
        here = Path.cwd()
    except FileNotFoundError:
        return str(path)
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
