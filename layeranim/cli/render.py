"""``layeranim render NAME``: the main job."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from layeranim import catalog, preparing
from layeranim.cli import captured, options, tables
from layeranim.cli.console import Voice, clean, out, out_json, out_paths, stdin
from layeranim.cli.explainer_group import ExplainerGroup
from layeranim.cli.options import ENVIRONMENT, OUTPUT, Sectioned, WordsType
from layeranim.cli.program import debug_option
from layeranim.errors import OptionError, OutputError
from layeranim.film.destinations import Destination, beside, stems
from layeranim.film.hidden import STDOUT
from layeranim.film.output import is_sequence
from layeranim.film.writers import FORMATS
from layeranim.stories.options import FilmOptions

if TYPE_CHECKING:
    from layeranim.film.film import Film
    from layeranim.stories.storyboard import Storyboard


@dataclass(frozen=True, kw_only=True)
class Call:
    """What ``render`` is asked to do, besides the film itself."""

    output: Sequence[str] = ()
    format: Sequence[str] = ()
    overwrite: bool = False
    dry_run: bool = False
    open: bool = False
    quiet: bool = False
    verbose: bool = False
    json: bool = False


def output_options() -> list[click.Option]:
    """Where the film goes and what is said about it."""
    known = [*FORMATS, "png"]
    return [
        Sectioned(["output", "-o", "--output"], OUTPUT, multiple=True, metavar="FILE", type=WordsType(files=True),
                  help="file to write; its suffix decides the format, .png is the poster, %d in the name numbers "
                  "single frames, - is standard output (with -f); repeatable  [default: films/NAME.FORMAT]"),
        Sectioned(["format", "-f", "--format"], OUTPUT, multiple=True, metavar="FORMAT,…", type=WordsType(known),
                  envvar=ENVIRONMENT + "FORMAT", help=f"{', '.join(known)}  [default: mp4,gif]"),
        Sectioned(["overwrite", "--overwrite"], OUTPUT, is_flag=True,
                  help="replace files that layeranim did not make, too; never an input"),
        Sectioned(["dry_run", "--dry-run"], OUTPUT, is_flag=True,
                  help="print shapes, steps, times and captions; draw nothing"),
        Sectioned(["open", "--open"], OUTPUT, is_flag=True, help="show the first file when it is written"),
        Sectioned(["quiet", "-q", "--quiet"], OUTPUT, is_flag=True, help="say nothing on stderr but errors"),
        Sectioned(["verbose", "-v", "--verbose"], OUTPUT, is_flag=True, help="say where every array came from"),
        Sectioned(["json", "--json"], OUTPUT, is_flag=True, help="print JSON instead of paths"),
        debug_option(),
    ]  # fmt: skip


def _make(name: str, called: str) -> click.Command:
    def callback(**values: Any) -> None:
        call = Call(**{item.name: values.pop(item.name) for item in fields(Call)})
        run(called, options.given(values), call)

    presets = catalog.presets(name)
    examples = [f"layeranim render {name}", f"layeranim render {name} --theme dark --quality hd -o {name}.mp4"]
    examples.insert(1, f"layeranim render {name} --example {presets[-1].name} -f gif")
    explainer = catalog.explainer(name)
    return options.ExplainerCommand(name, params=[*options.film_options(name), *output_options()], callback=callback,
                                    help=explainer.summary, epilog="\n".join(examples))  # fmt: skip


def _of_file(path: str) -> click.Command:
    """``render model.npz --layer conv1``."""

    def callback(layer: str | None, **values: Any) -> None:
        call = Call(**{item.name: values.pop(item.name) for item in fields(Call)})
        film(captured.work(path, layer, options.given(values)), call)

    look = options.declared(FilmOptions, options.FILM)
    params: list[click.Parameter] = [captured.layer_option(), *look, *output_options()]
    example = "layeranim render model.npz --layer conv1"
    told = "The film of one layer of a captured model."
    return captured.FileCommand(path, params=params, callback=callback, help=told, epilog=example)


render = ExplainerGroup("render", _make, "Make the film of an explainer, or of a layer of a captured model.",
                        of_file=_of_file)  # fmt: skip


def run(name: str, given: Mapping[str, Any], call: Call) -> None:
    """Render the film of an explainer, or say what it would be."""
    film(preparing.prepare(name, given, stdin=stdin()), call)


def film(work: preparing.Work, call: Call) -> None:
    """Render one film, or say what it would be."""
    voice = Voice(call.quiet, call.verbose)
    _check_stdout(call)
    name = work.name
    for line in work.notes:
        voice.say(line)
    outputs, formats = list(call.output) or None, ",".join(call.format) or None
    found = work.places(outputs, formats, call.overwrite)
    trace = work.trace()
    board = work.storyboard(trace)
    voice.warn(*board.warnings, *(() if call.dry_run else work.replacing(found)))
    for array, source in work.sources.items():
        voice.detail(f"{array}: {source.name}, {source.kind}, {'×'.join(map(str, source.array.shape))}")
    if call.dry_run:
        _dry(trace, board, found, call.json)
        return
    from layeranim.cli.progress import ProgressLine

    with ProgressLine(voice, board) as progress:
        progress.passes = _frames(found, work.film, board)
        made = work.film_to(outputs, formats, progress.drawn, board, call.overwrite)
    voice.say(f"{name}: {made.seconds:.2f} s → {', '.join(_sized(item.path) for item in found)}")
    if call.json:
        out_json(_report(name, made, found, work.film.captions))
    elif STDOUT not in call.output:
        out_paths(item.path for item in found)
    if call.open:
        _open(found, voice)


def _check_stdout(call: Call) -> None:
    """Refuse a film on a standard output that cannot take it."""
    if STDOUT not in call.output:
        return
    if call.json:
        raise OptionError("--json and -o - both want standard output; leave out one of them")
    if sys.stdout is None or sys.stdout.isatty():
        held = "closed" if sys.stdout is None else "a terminal"
        raise OutputError(f"cannot write -: standard output is {held}; redirect it to a file or a program")


def _dry(trace: Any, board: Storyboard, found: Sequence[Destination], as_json: bool) -> None:
    if as_json:
        out_json(tables.board_json(trace, board) | {"paths": [item.path for item in found]})
    else:
        out(tables.shapes(trace) + f"\n{len(trace.steps)} steps\n\n" + board.text())


def _report(name: str, film: Film, found: Sequence[Destination], captioned: bool) -> dict[str, Any]:
    """What ``--json`` prints: files are named as they were asked for."""
    return {
        "explainer": name,
        "paths": [item.path for item in found],
        "poster": str(film.poster) if film.poster else None,
        "captions": next((stem + beside(captioned)[1] for stem in stems(found)), None),
        "provenance": next((stem + ".json" for stem in stems(found)), None),
        "alt": film.alt,
        "seconds": film.seconds,
        "frames": film.frames,
        "bytes": {item.path: os.path.getsize(item.path) for item in found if not is_sequence(item.path)},
    }


def _frames(found: Sequence[Destination], film: FilmOptions, board: Storyboard) -> list[int]:
    """Frames of each drawing pass."""
    from layeranim.film.film import passes  # Manim is imported here, after everything that can be refused

    return [one.frame_of(board.ticks) for one in passes(found, film)]


def _sized(path: str) -> str:
    if path == STDOUT:
        return "standard output"
    if is_sequence(path):
        return clean(path)
    return f"{clean(path)} ({os.path.getsize(path) / 1000:,.0f} KB)"


def _open(found: Sequence[Destination], voice: Voice) -> None:
    """Hand the first file to the system's opener."""
    path = next((item.path for item in found if item.path != STDOUT and not is_sequence(item.path)), None)
    if path is None:
        voice.warn("--open has no file to show")
    elif click.launch(os.path.abspath(path)):
        voice.warn(f"{path} cannot be shown: this system has no opener")
