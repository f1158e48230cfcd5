"""Behind ``python -m layeranim.film.look``: the options of ``render``, and a sheet of stills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from layeranim import catalog, preparing
from layeranim.cli import captured, options
from layeranim.cli.console import Voice, out_paths, stdin
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import OUTPUT, Sectioned
from layeranim.cli.program import debug_option, run
from layeranim.film import owned
from layeranim.film.output import Output, check_writable
from layeranim.stories.options import FilmOptions

FOLDER = "out"


def _make(name: str, called: str) -> click.Command:
    def callback(output: str, frames: int, **values: Any) -> None:
        _look(called, options.given(values), output, frames)

    params = [*options.film_options(name), *_own(f"{FOLDER}/look-{name}.png")]
    return options.ExplainerCommand(name, params=params, callback=callback, help="Stills of the film on one sheet.")


def _own(place: str) -> list[click.Option]:
    return [
        Sectioned(["output", "-o", "--output"], OUTPUT, metavar="FILE.png", default=place,
                  help=f"the picture to write  [default: {place}]"),
        Sectioned(["frames", "--frames"], OUTPUT, metavar="N", default=12, type=click.IntRange(1, 200),
                  help="how many stills  [default: 12]"),
        debug_option(),
    ]  # fmt: skip


def _of_file(path: str) -> click.Command:
    def callback(layer: str | None, output: str, frames: int, **values: Any) -> None:
        _drawn(captured.work(path, layer, options.given(values)), output, frames)

    params: list[click.Parameter] = [
        *captured.options_of_a_model(),
        *options.declared(FilmOptions, options.FILM),
        *_own(f"{FOLDER}/look.png"),
    ]
    return captured.FileCommand(path, params=params, callback=callback, help="Stills of a captured model's film.")


look = ExplainerGroup("look", _make, "Stills of a film on one sheet, to look at while working on it.",
                      files={".npz": _of_file})  # fmt: skip


def _look(name: str, given: dict[str, Any], output: str, frames: int) -> None:
    _drawn(preparing.prepare(name, given, stdin=stdin()), output, frames)


def _drawn(work: preparing.Work, output: str, frames: int) -> None:
    check_writable(output)
    owned.refuse_inputs([Path(output)], work.files)
    board = work.storyboard(work.trace())
    Voice().warn(*board.warnings)
    from layeranim.film.look import sheet  # Manim is imported here, after everything that can be refused
    from layeranim.film.writers.png import write_png

    with work.lettering():
        made = sheet(board, catalog.resolve(catalog.explainer(work.name).scene), work.film, frames)
    with Output(output) as file:
        write_png(file.file, made)
        file.commit()
    out_paths([output])


def main() -> int:
    """Run it as a program."""
    return run(look, name="python -m layeranim.film.look")
