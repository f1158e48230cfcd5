"""``layeranim storyboard NAME``: a film as data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from layeranim import catalog, preparing
from layeranim.cli import captured, options
from layeranim.cli.console import Voice, out_json, out_paths, stdin, write
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import OUTPUT, Sectioned, WordsType
from layeranim.cli.program import debug_option
from layeranim.errors import OutputError
from layeranim.inputs import printable
from layeranim.preparing.recorded import DECIDED, SUFFIXES
from layeranim.stories.options import FilmOptions

STDOUT = "-"
DECIDES = (*DECIDED, "size", "font")
"""Options of a film that its storyboard depends on."""
LOOKS = {item.name: item.flag for item in FilmOptions.options() if item.name not in DECIDES}


def _make(name: str, called: str) -> click.Command:
    def callback(output: str, overwrite: bool, quiet: bool, **values: Any) -> None:
        run(called, options.given(values), output, Voice(quiet), overwrite)

    params = [*(option for option in options.film_options(name) if option.name not in LOOKS), *_output_options()]
    examples = [f"layeranim storyboard {name} -o {name}.board.json", f"layeranim render {name}.board.json -f gif"]
    return options.ExplainerCommand(
        name, params=params, callback=callback, epilog="\n".join(examples), help=catalog.explainer(name).summary,
        elsewhere=dict.fromkeys(LOOKS.values(), "is an option of render; a storyboard is the same whatever it is"),
    )  # fmt: skip


def _output_options() -> list[click.Option]:
    """Where it goes and what is said about it."""
    return [
        Sectioned(["output", "-o", "--output"], OUTPUT, metavar="FILE.json", default=STDOUT, type=WordsType(files=True),
                  help="file to write; - is standard output  [default: -]"),
        Sectioned(["overwrite", "--overwrite"], OUTPUT, is_flag=True, help="replace a file that is no storyboard, too"),
        Sectioned(["quiet", "-q", "--quiet"], OUTPUT, is_flag=True, help="say nothing on stderr but errors"),
        debug_option(),
    ]  # fmt: skip


def _of_file(path: str) -> click.Command:
    """``storyboard model.npz``."""

    def callback(layer: str | None, output: str, overwrite: bool, quiet: bool, **values: Any) -> None:
        tell(captured.work(path, layer, options.given(values)), output, Voice(quiet), overwrite)

    params: list[click.Parameter] = [
        *captured.options_of_a_model(), *options.declared(FilmOptions, options.FILM, [*LOOKS]), *_output_options(),
    ]  # fmt: skip
    says = "The film of a captured model, or of one layer of it, as data."
    example = "layeranim storyboard model.npz -o model.board.json"
    return captured.FileCommand(path, params=params, callback=callback, help=says, epilog=example)


class StoryboardGroup(ExplainerGroup):
    """The explainers, and ``--schema``."""

    def __init__(self) -> None:
        super().__init__("storyboard", _make, "A film as data, in JSON: what stands where, what happens when.",
                         files={".npz": _of_file})  # fmt: skip
        self.params.append(click.Option(["--schema"], is_flag=True, expose_value=False, is_eager=True,
                                        callback=_schema, help="print the JSON Schema of a storyboard"))  # fmt: skip


def _schema(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        from layeranim.stories.stage import record

        out_json(record.schema())
        context.exit()


storyboard = StoryboardGroup()


def run(name: str, given: Mapping[str, Any], output: str, voice: Voice, overwrite: bool) -> None:
    """Tell the film of an explainer, then print or write it."""
    if output != STDOUT:
        _check(output, overwrite)
    tell(preparing.prepare(name, given, stdin=stdin()), output, voice, overwrite)


def tell(work: preparing.Work, output: str, voice: Voice, overwrite: bool) -> None:
    """Tell a film, then print or write it."""
    from layeranim.stories.stage import record

    if output != STDOUT:
        _check(output, overwrite)
    for line in work.notes:
        voice.say(line)
    board = work.told()
    voice.warn(*board.warnings)
    text = record.dumped(board)
    if output == STDOUT:
        write(text)
        return
    from layeranim.film import owned
    from layeranim.film.output import Output

    owned.refuse_inputs([Path(output)], work.files)
    with Output(output) as file:
        file.file.write(text.encode())
        file.commit()
    out_paths([output])


def _check(output: str, overwrite: bool) -> None:
    from layeranim.film import owned
    from layeranim.film.output import check_writable
    from layeranim.stories.stage import record

    if not output.lower().endswith(SUFFIXES):
        raise OutputError(f"output {printable(output)!r} must end in .json to hold a storyboard")
    check_writable(output)
    if not overwrite and record.in_the_way(Path(output)):
        owned.refuse_foreign([Path(output)], "no storyboard", "--overwrite")
