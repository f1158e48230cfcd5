"""Behind ``python -m layeranim.film.look``: the options of ``render``, and a sheet of stills."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from layeranim import catalog, preparing
from layeranim.cli import options
from layeranim.cli.console import Voice, out_paths, stdin
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import OUTPUT, Sectioned
from layeranim.cli.program import debug_option, run
from layeranim.film import owned
from layeranim.film.output import Output, check_writable

FOLDER = "out"


def _make(name: str, called: str) -> click.Command:
    def callback(output: str | None, frames: int, **values: Any) -> None:
        _look(called, options.given(values), output or f"{FOLDER}/look-{name}.png", frames)

    place = f"the picture to write  [default: {FOLDER}/look-{name}.png]"
    own: list[click.Parameter] = [
        Sectioned(["output", "-o", "--output"], OUTPUT, metavar="FILE.png", help=place),
        Sectioned(["frames", "--frames"], OUTPUT, metavar="N", default=12, type=click.IntRange(1, 200),
                  help="how many stills  [default: 12]"),
        debug_option(),
    ]  # fmt: skip
    return options.ExplainerCommand(name, params=[*options.film_options(name), *own], callback=callback,
                                    help="Stills of the film on one sheet.")  # fmt: skip


look = ExplainerGroup("look", _make, "Stills of a film on one sheet, to look at while working on it.")


def _look(name: str, given: dict[str, Any], output: str, frames: int) -> None:
    check_writable(output)
    work = preparing.prepare(name, given, stdin=stdin())
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
