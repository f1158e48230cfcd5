"""``layeranim why ID``: what changed since a film was built."""

from __future__ import annotations

import click

from layeranim.assets import lock
from layeranim.assets.cache import Cache
from layeranim.assets.check import check
from layeranim.assets.check import why as reasons
from layeranim.assets.plan import load
from layeranim.cli import manifests
from layeranim.cli.console import out
from layeranim.cli.program import debug_option


def _why(id: str, cache_dir: str | None, restrict: bool, manifest: str | None) -> None:
    found, films = load(manifests.manifest(manifest), (id,), restricted=restrict)
    locked = lock.read(found.lock)
    cache = Cache(manifests.cache_folder(cache_dir))
    wrong = check(found, films, None).wrong
    lines = []
    for one in films:
        before = locked.get(one.name)
        said = [line for line in wrong.get(one.name, []) if not line.startswith("stale: ")]
        said += reasons(one, before, found.root, cache) if before else []
        lines += [f"{one.name}: {line}" for line in said or ["nothing changed since it was built"]]
    out("\n".join(lines) + "\n")


why = click.Command(
    "why",
    callback=_why,
    help="Say what changed since a film was built: an option, an input, a source file, a tool.",
    params=[
        manifests.one_id(),
        manifests.cache_option(),
        manifests.restrict_option(),
        manifests.manifest_option(),
        debug_option(),
    ],
)
