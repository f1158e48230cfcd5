"""``layeranim weights FILE``: what a file of weights holds, and which layers it suits."""

from __future__ import annotations

import math

import click

from layeranim.cli.console import out, out_json
from layeranim.cli.options import WordsType
from layeranim.cli.program import debug_option


def _weights(file: str, json: bool) -> None:
    from layeranim.engine.array import shape_text
    from layeranim.inputs.states import file_of, shapes_of
    from layeranim.preparing.fitting import groups

    every, prefix = shapes_of(file)
    found, path = groups(every, prefix), file_of(file)
    if json:
        out_json([{"prefix": g.prefix, "fits": list(g.fits), "arrays": {
            name: {"dtype": kind, "shape": list(shape)} for name, (kind, shape) in g.arrays.items()
        }} for g in found])  # fmt: skip
        return
    total = sum(math.prod(shape) for _, shape in every.values())
    lines = [f"{path}: {len(every)} arrays, {total:,} numbers"]
    for group in found:
        lines += ["", f"{path}:{group.prefix}" if group.prefix else str(path)]
        lines += [f"  {name}  {shape_text(shape)} {kind}" for name, (kind, shape) in group.arrays.items()]
        lines += [f"  → {', '.join(group.fits)}" if group.fits else "  → no layer has all of these names and shapes"]
    out("\n".join(lines) + "\n")


weights = click.Command(
    "weights",
    callback=_weights,
    help="What a .npz or .safetensors file holds: names, shapes and types, and after each group the layers that it "
    "makes. Each is rendered by layeranim render LAYER --weights FILE:PREFIX with the flags that stand there.",
    params=[
        click.Argument(["file"], metavar="FILE[:PREFIX]", type=WordsType(files=True)),
        click.Option(["--json"], is_flag=True, help="print JSON"),
        debug_option(),
    ],
)
