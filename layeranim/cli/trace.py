"""``layeranim trace NAME``: the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np

from layeranim import catalog, preparing
from layeranim.cli import captured, options, tables
from layeranim.cli.console import Voice, out, out_json, out_paths, stdin, write
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import OUTPUT, Sectioned, WordsType
from layeranim.cli.program import debug_option
from layeranim.engine.option import suggest
from layeranim.engine.trace import Tensor, Trace
from layeranim.errors import OptionError, OutputError
from layeranim.inputs import printable
from layeranim.preparing import notebook
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions

NOT_HERE = {item.name: item.flag for item in FilmOptions.options() if item.name != "precision"}
OWN = ("output", "tensor", "overwrite", "quiet", "json")


def _make(name: str, called: str) -> click.Command:
    def callback(**values: Any) -> Trace | None:
        return run(called, Asked(*(values.pop(key) for key in OWN)), options.given(values))

    params: list[click.Parameter] = [*_options(name), *_output_options()]
    film = catalog.has_film(name)
    example = [f" --example {preset.name}" for preset in catalog.presets(name)[-1:]]
    examples = [f"layeranim trace {name}{rest}" for rest in ("", *example, f" -o {name}.npz")]
    return options.ExplainerCommand(
        name, params=params, callback=callback, epilog="\n".join(examples),
        help=catalog.explainer(name).summary if film else catalog.LAYERS[name].title,
        elsewhere=dict.fromkeys(NOT_HERE.values(), "is an option of render; trace draws nothing"),
    )  # fmt: skip


def _output_options() -> list[click.Option]:
    """Where the numbers go and what is said about it."""
    return [
        Sectioned(["output", "-o", "--output"], OUTPUT, multiple=True, metavar="FILE", type=WordsType(files=True),
                  help="write the trace to a .npz or .json file; repeatable"),
        Sectioned(["tensor", "--tensor"], OUTPUT, metavar="NAME",
                  help="one tensor alone: printed whole, or with -o as .npy, .csv or .txt"),
        Sectioned(["overwrite", "--overwrite"], OUTPUT, is_flag=True, help="replace any file that is there"),
        Sectioned(["quiet", "-q", "--quiet"], OUTPUT, is_flag=True, help="say nothing on stderr but errors"),
        Sectioned(["json", "--json"], OUTPUT, is_flag=True, help="print the trace as JSON; with -o what was written"),
        debug_option(),
    ]  # fmt: skip


def _options(name: str) -> list[click.Option]:
    """What decides the numbers."""
    layer = catalog.layer(name)
    back = options.way_back(layer, preparing.PassOptions)
    if catalog.has_film(name):
        shown = [option for option in options.film_options(name) if option.name not in NOT_HERE]
        return [*shown, *(() if catalog.explainer(name).back else back)]
    look = options.declared(FilmOptions, options.FILM, NOT_HERE)
    data = options.data_options(name)
    return [*options.declared(layer.config, options.LAYER), *options.arrays(layer), *data, *back, *look]


def _of_file(path: str) -> click.Command:
    """``trace model.npz --layer conv1``."""

    def callback(layer: str | None, **values: Any) -> Trace | None:
        wanted = Asked(*(values.pop(key) for key in OWN))
        return told(captured.work(path, layer, options.given(values), film=False), wanted)

    look = options.declared(FilmOptions, options.FILM, NOT_HERE)
    params: list[click.Parameter] = [*captured.options_of_a_model(), *look, *_output_options()]
    example = "layeranim trace model.npz --layer conv1"
    says = "The numbers of a captured model, as its film shows them, or of one layer of it."
    return captured.FileCommand(path, params=params, callback=callback, help=says, epilog=example)


trace = ExplainerGroup("trace", _make, "The numbers of an explainer or layer, or of a layer of a captured model.",
                       films_only=False, files={".npz": _of_file})  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What is to be done with the numbers; ``tensor`` is the only one that is asked for."""

    output: Sequence[str] = ()
    tensor: str | None = None
    overwrite: bool = False
    quiet: bool = False
    json: bool = False


def run(name: str, wanted: Asked, given: Mapping[str, Any]) -> Trace | None:
    """Compute, then print or write."""
    return told(preparing.prepare(name, given, stdin=stdin()), wanted)


def told(work: preparing.Work, wanted: Asked) -> Trace | None:
    """The numbers, printed or written; in a notebook a whole trace shows itself."""
    output, voice, as_json = wanted.output, Voice(wanted.quiet), wanted.json
    if output:
        _check(wanted)
        from layeranim.film import owned

        owned.refuse_inputs(map(Path, output), work.files)
    name = work.name
    for line in work.notes:
        voice.say(line)
    made = work.trace()
    tensors = _named(made, wanted.tensor)
    if output:
        _write(made, wanted)
        if as_json:
            told_of = [tables.tensor_json(tensor) for tensor in tensors]
            out_json({"explainer": name, "paths": list(output), "tensors": told_of})
        else:
            out_paths(output)
    elif wanted.tensor is not None:
        from layeranim.engine.archive_writing import listed

        (tensor,) = tensors
        if as_json:
            letters = {} if tensor.labels is None else {"labels": np.asarray(tensor.labels, str).tolist()}
            out_json(tables.tensor_json(tensor) | {"values": listed(tensor.array)} | letters)
        else:
            _print(tensor)
    elif as_json:
        from layeranim.engine import archive

        for piece in archive.pieces(made):
            write(piece)
    else:
        said = ""
        if catalog.has_film(name) and work.gradients is None and work.traced is None:
            board = work.storyboard(made)
            voice.warn(*board.warnings)
            said = "\n" + tables.captions(board)
        if not notebook.here():
            out(tables.values(made, work.film.precision) + said)
    return made if wanted.tensor is None else None


# What writes files is loaded when a file is asked for: numbers on a terminal come a tenth sooner without it.
def _check(wanted: Asked) -> None:
    from layeranim.engine import tensor_file
    from layeranim.engine.archive import SUFFIXES, in_the_way
    from layeranim.film import owned
    from layeranim.film.output import check_writable

    for path in wanted.output:
        kind = Path(path).suffix.lower()
        if wanted.tensor is not None and kind not in tensor_file.SUFFIXES:
            raise OutputError(f"output {printable(path)!r} must end in .npy, .csv or .txt to hold one tensor")
        if wanted.tensor is None and kind in tensor_file.SUFFIXES:
            raise OutputError(f"output {printable(path)!r} holds one tensor: --tensor says which; a whole trace is a "
                              ".npz or .json file")  # fmt: skip
        if wanted.tensor is None and kind not in SUFFIXES:
            raise OutputError(f"output {printable(path)!r} must end in .npz or .json to hold a trace; --json prints it")
    check_writable(*wanted.output)
    if wanted.overwrite:
        return
    if wanted.tensor is not None:
        owned.refuse_foreign([path for path in map(Path, wanted.output) if path.exists()],
                             "numbers in such a file do not say whose they are", "--overwrite")  # fmt: skip
    else:
        owned.refuse_foreign([path for path in map(Path, wanted.output) if in_the_way(path)],
                             "no saved trace", "--overwrite")  # fmt: skip


def _named(made: Trace, name: str | None) -> list[Tensor]:
    """The tensor of that name, or all."""
    if name is None:
        return list(made.tensors.values())
    if name not in made:
        meant, has = suggest(name, list(made.tensors)), ", ".join(made.tensors)
        raise OptionError(f"tensor is {printable(name)!r}, but {made.layer} has none{meant}; it has {has}")
    return [made.tensor(name)]


def _print(tensor: Tensor) -> None:
    """All of a tensor, as ``-o x.txt`` has it."""
    import io

    from layeranim.engine import tensor_file

    page = io.BytesIO()
    tensor_file.write(tensor, page, ".txt")
    out(page.getvalue().decode())


def _write(made: Trace, wanted: Asked) -> None:
    """All files complete, or none."""
    from layeranim.engine import archive, tensor_file
    from layeranim.film.output import Outputs

    with Outputs(wanted.output) as outputs:
        for path, file in zip(wanted.output, outputs.files, strict=True):
            kind = Path(path).suffix.lower()
            if wanted.tensor is None:
                archive.write(made, file, kind)
            else:
                tensor_file.write(made.tensor(wanted.tensor), file, kind)
        outputs.commit()
