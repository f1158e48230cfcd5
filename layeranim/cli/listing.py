"""``layeranim list [NAME]``: what there is."""

from __future__ import annotations

from textwrap import wrap

import click
from click.shell_completion import CompletionItem

from layeranim import catalog
from layeranim.cli.console import out, out_json
from layeranim.cli.explainer_group import NUMBERS_ONLY
from layeranim.cli.program import debug_option

USES = {"samples": "for any array: --input digit:3", "kernels": "for --kernel and --weight: --kernel sobel-x"}


class _Names(click.types.StringParamType):
    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        return [CompletionItem(name) for name in catalog.names() if name.startswith(incomplete)]


def _list(name: str | None, json: bool, samples: bool) -> None:
    if samples:
        if name is not None:
            raise click.UsageError("--samples lists what any array may be; leave out the name")
        from layeranim.inputs import KERNELS, SAMPLES  # and with them what reads files: a list of names needs none

        found = {"samples": dict(SAMPLES), "kernels": dict(KERNELS)}
        out_json(found) if json else out(_named(found))
        return
    if name is None:
        rows = [{"name": n, "family": e.family, "summary": e.summary} for n, e in catalog.explainers().items()]
        rows += [
            {"name": n, "family": NUMBERS_ONLY, "summary": catalog.LAYERS[n].title} for n in catalog.without_film()
        ]
        out_json(rows) if json else out(_families(rows))
        return
    from layeranim.cli.describing import describe, described  # the layer's numbers: a list of names needs none

    found = describe(name)
    out_json(found) if json else out(described(found))


explainers = click.Command(
    "list",
    callback=_list,
    help="The explainers by family, then layers with numbers only; with a NAME its options, examples and tensors.",
    params=[
        click.Argument(["name"], required=False, type=_Names()),
        click.Option(["--samples"], is_flag=True, help="the named samples and kernels that an array may be"),
        click.Option(["--json"], is_flag=True, help="print JSON"),
        debug_option(),
    ],
)


def _named(found: dict[str, dict[str, str]]) -> str:
    """Samples, which any array may be, and kernels: each name with what it is, in lines of a terminal's width."""
    lines: list[str] = []
    for kind, entries in found.items():
        width = max(map(len, entries))
        lines += ["", f"{kind}, {USES[kind]}"]
        for name, what in entries.items():
            first, *rest = wrap(what, 96 - width)
            lines += [f"  {name:<{width}}  {first}", *(" " * (width + 4) + more for more in rest)]
    return "\n".join(lines[1:]) + "\n"


def _families(rows: list[dict[str, str]]) -> str:
    width = max(len(row["name"]) for row in rows)
    lines: list[str] = []
    for family in dict.fromkeys(row["family"] for row in rows):
        lines += ["", family] + [f"  {r['name']:<{width}}  {r['summary']}" for r in rows if r["family"] == family]
    return "\n".join(lines[1:]) + "\n"
