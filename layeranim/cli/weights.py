"""``layeranim weights FILE``: what a file of weights holds, and which layers it suits."""

from __future__ import annotations

import math

import click

from layeranim.cli.console import out, out_json
from layeranim.cli.options import WordsType
from layeranim.cli.program import debug_option


def _weights(file: str, json: bool) -> None:
    from layeranim.engine.array import shape_text
    from layeranim.inputs.safe import printable
    from layeranim.inputs.states import file_of, listed
    from layeranim.preparing.fitting import groups

    held = listed(file)
    found, path = groups(held.arrays, held.prefix, held.convention, held.said), printable(str(file_of(file)), 200)
    if json:
        out_json([{"prefix": g.prefix, "fits": list(g.fits), "arrays": {
            name: {"dtype": kind, "shape": list(shape)} for name, (kind, shape) in g.arrays.items()
        }} for g in found])  # fmt: skip
        return
    total = sum(math.prod(shape) for _, shape in held.arrays.values())
    whose = f", laid out as by {held.convention}" if held.convention else ""
    lines = [f"{path}: {len(held.arrays)} arrays, {total:,} numbers{whose}"]
    if held.rest:
        lines.append(f"beside them: {', '.join(printable(name, 40) for name in held.rest[:20])}")
    for group in found:
        lines += ["", f"{path}:{printable(group.prefix, 200)}" if group.prefix else path]
        lines += [f"  {printable(n, 200)}  {shape_text(shape)} {kind}" for n, (kind, shape) in group.arrays.items()]
        lines += [f"  → {', '.join(group.fits)}" if group.fits else "  → no layer has all of these names and shapes"]
    out("\n".join(lines) + "\n")


weights = click.Command(
    "weights",
    callback=_weights,
    help="What a file of weights holds: names, shapes and types, and after each group the layers that it makes. Each "
    "is rendered by layeranim render LAYER --weights FILE:PREFIX with the flags that stand there. Files of PyTorch "
    "(.pt, .pth, .bin, .ckpt), safetensors (also by their .index.json), NumPy (.npz), Keras (.keras, .weights.h5, "
    ".h5; with h5py), ONNX (.onnx), Flax (.msgpack), PaddlePaddle (.pdparams) and llama.cpp (.gguf) are read without "
    "these libraries; nothing in them is run.",
    params=[
        click.Argument(["file"], metavar="FILE[:PREFIX]", type=WordsType(files=True)),
        click.Option(["--json"], is_flag=True, help="print JSON"),
        debug_option(),
    ],
)
