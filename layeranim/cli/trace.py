"""``layeranim trace NAME``: the numbers alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from layeranim import catalog, preparing
from layeranim.cli import captured, options, tables
from layeranim.cli.console import Voice, out, out_json, out_paths, stdin, write
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import OUTPUT, Sectioned, WordsType
from layeranim.cli.program import debug_option
from layeranim.engine.trace import Trace
from layeranim.errors import OutputError
from layeranim.inputs import printable
from layeranim.preparing import notebook
from layeranim.stories.options import FilmOptions

NOT_HERE = {item.name: item.flag for item in FilmOptions.options() if item.name != "precision"}
OWN = ("output", "overwrite", "quiet", "json")


def _make(name: str, called: str) -> click.Command:
    def callback(**values: Any) -> Trace:
        output, overwrite, quiet, as_json = (values.pop(key) for key in OWN)
        return run(called, options.given(values), output, Voice(quiet), as_json, overwrite)

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
        Sectioned(["overwrite", "--overwrite"], OUTPUT, is_flag=True, help="replace a file that is no trace, too"),
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

    def callback(layer: str | None, **values: Any) -> Trace:
        output, overwrite, quiet, as_json = (values.pop(key) for key in OWN)
        work = captured.work(path, layer, options.given(values), film=False)
        return told(work, output, Voice(quiet), as_json, overwrite)

    look = options.declared(FilmOptions, options.FILM, NOT_HERE)
    params: list[click.Parameter] = [captured.layer_option(), *look, *_output_options()]
    example = "layeranim trace model.npz --layer conv1"
    says = "The numbers of one layer of a captured model."
    return captured.FileCommand(path, params=params, callback=callback, help=says, epilog=example)


trace = ExplainerGroup("trace", _make, "The numbers of an explainer or layer, or of a layer of a captured model.",
                       films_only=False, files={".npz": _of_file})  # fmt: skip


def run(
    name: str, given: Mapping[str, Any], output: Sequence[str], voice: Voice, as_json: bool, overwrite: bool = False
) -> Trace:
    """Compute, then print or write."""
    return told(preparing.prepare(name, given, stdin=stdin()), output, voice, as_json, overwrite)


def told(work: preparing.Work, output: Sequence[str], voice: Voice, as_json: bool, overwrite: bool) -> Trace:
    """The numbers, printed or written; in a notebook a trace shows itself."""
    if output:
        _check(output, overwrite)
        from layeranim.film import owned

        owned.refuse_inputs(map(Path, output), work.files)
    name = work.name
    for line in work.notes:
        voice.say(line)
    made = work.trace()
    if output:
        _write(made, output)
        if as_json:
            tensors = [tables.tensor_json(tensor) for tensor in made.tensors.values()]
            out_json({"explainer": name, "paths": list(output), "tensors": tensors})
        else:
            out_paths(output)
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
    return made


# What writes files is loaded when a file is asked for: numbers on a terminal come a tenth sooner without it.
def _check(output: Sequence[str], overwrite: bool) -> None:
    from layeranim.engine.archive import SUFFIXES, in_the_way
    from layeranim.film import owned
    from layeranim.film.output import check_writable

    for path in output:
        if Path(path).suffix.lower() not in SUFFIXES:
            raise OutputError(f"output {printable(path)!r} must end in .npz or .json to hold a trace; --json prints it")
    check_writable(*output)
    if not overwrite:
        found = [path for path in map(Path, output) if in_the_way(path)]
        owned.refuse_foreign(found, "no saved trace", "--overwrite")


def _write(made: Trace, output: Sequence[str]) -> None:
    """All files complete, or none."""
    from layeranim.engine import archive
    from layeranim.film.output import Outputs

    with Outputs(output) as outputs:
        for path, file in zip(output, outputs.files, strict=True):
            archive.write(made, file, Path(path).suffix.lower())
        outputs.commit()
