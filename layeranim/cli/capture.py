"""``layeranim capture FILE.py:NAME|FILE.onnx|FILE.keras``: a model of the user's, run once, each of its layers checked.

This is the one command that runs a Python file of the user's, and it does so on his word alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from layeranim.cli.captured import FileCommand
from layeranim.cli.console import Voice, lines, out, out_json, out_paths, stdin
from layeranim.cli.options import DATA, OUTPUT, Sectioned, WordsType
from layeranim.cli.program import debug_option
from layeranim.errors import OutputError


def _capture(
    model: str, input: Sequence[str], keep: Sequence[str], no_check: bool, seed: int, max_memory: str | None,
    output: str | None, overwrite: bool, quiet: bool, json: bool,
) -> None:  # fmt: skip
    from layeranim import api
    from layeranim.capturing import file, users
    from layeranim.inputs import files

    if output is not None:
        _check(output, overwrite, files([users.file_of(model), *(spec.rpartition("=")[2] for spec in input)]))
    made = users.model_of(model, seed)
    args, kwargs = users.inputs_of(made, input, seed, stdin())
    memory = {"max_memory": max_memory} if max_memory is not None else {}
    with users.blamed(model):
        found = api.capture(made, *args, keep=keep or None, check=not no_check, **memory, **kwargs)
    voice = Voice(quiet)
    if output is not None:
        file.save(found, output, overwrite)
        if not quiet:
            lines(repr(found))
        voice.say(f"layeranim render {output} --layer NAME makes a film of one of them")
        out_json(found.to_dict() | {"path": output}) if json else out_paths([output])
    else:
        out_json(found.to_dict()) if json else out(repr(found))


def _check(output: str, overwrite: bool, taken: Any) -> None:
    """Refuse a place that cannot be written before the model runs."""
    from layeranim.capturing.file import FORMAT
    from layeranim.engine.archive_writing import in_the_way
    from layeranim.film import owned
    from layeranim.film.output import check_writable

    if Path(output).suffix.lower() != ".npz":
        raise OutputError(f"output {output!r} must end in .npz to hold a capture; --json prints the table")
    check_writable(output)
    owned.refuse_inputs([Path(output)], taken)
    if not overwrite and in_the_way(Path(output), FORMAT):
        owned.refuse_foreign([Path(output)], "no saved capture", "--overwrite")


HELP = """Run a model of yours once, and check every layer of it against the engine.

FILE.onnx is a graph of ONNX; onnxruntime computes it where that is installed, else onnx. No code is in such a file.

FILE.keras is a model of Keras, loaded by Keras in its safe mode, which takes no code from it.

FILE.py:NAME is a Python file of yours, and the function in it that takes nothing and gives the model (or the model
itself). The file is run, with all that it does: give none that you would not run with python. Nothing else in layeranim
runs a file of yours."""

capture = FileCommand(
    "capture",
    callback=_capture,
    help=HELP,
    epilog="layeranim capture train.py:make_model --input x.npy -o model.npz",
    params=[
        click.Argument(["model"], metavar="FILE.py:NAME|FILE.onnx|FILE.keras"),
        Sectioned(["input", "-i", "--input"], DATA, multiple=True, metavar="[NAME=]FILE|NAME|NUMBERS",
                  type=WordsType(files=True), help="what the model is called with, in order or by name; repeatable"),
        Sectioned(["seed", "--seed"], DATA, type=click.IntRange(0, 2**32 - 1), default=0, metavar="N",
                  help="seed of random inputs, and of PyTorch and Python while the file makes the model  [default: 0]"),
        Sectioned(["keep", "--keep"], DATA, multiple=True, metavar="NAME", type=WordsType(),
                  help="keep the values of these calls alone; * stands for any letters; repeatable"),
        Sectioned(["no_check", "--no-check"], DATA, is_flag=True, help="do not compute every layer again"),
        Sectioned(["max_memory", "--max-memory"], DATA, metavar="SIZE", type=WordsType(),
                  help="how much memory the values may take  [default: 2GiB]"),
        Sectioned(["output", "-o", "--output"], OUTPUT, metavar="FILE", type=WordsType(files=True),
                  help="write the capture to a .npz file, which render and trace read"),
        Sectioned(["overwrite", "--overwrite"], OUTPUT, is_flag=True, help="replace a file that is no capture, too"),
        Sectioned(["quiet", "-q", "--quiet"], OUTPUT, is_flag=True, help="say nothing on stderr but errors"),
        Sectioned(["json", "--json"], OUTPUT, is_flag=True, help="print the table as JSON"),
        debug_option(),
    ],
)  # fmt: skip
