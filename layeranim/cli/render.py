"""``layeranim render NAME``: the main job."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields
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
from layeranim.film.writers import EVERY
from layeranim.loading import loading
from layeranim.preparing import recorded
from layeranim.preparing.filmed import Filmed
from layeranim.records import dataclass
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
    return [
        Sectioned(["output", "-o", "--output"], OUTPUT, multiple=True, metavar="FILE", type=WordsType(files=True),
                  help="file to write; its suffix decides the format, .png is the poster, .sheet.png (and sheet.png) "
                  "and .pdf are pages of stills, %d in the name numbers single frames, - is standard output (with -f); "
                  "repeatable  [default: films/NAME.FORMAT]"),
        Sectioned(["format", "-f", "--format"], OUTPUT, multiple=True, metavar="FORMAT,…", type=WordsType(EVERY),
                  envvar=ENVIRONMENT + "FORMAT", help=f"{', '.join(EVERY)}  [default: mp4,gif]"),
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
    def callback(**values: Any) -> Film | None:
        call = Call(**{item.name: values.pop(item.name) for item in fields(Call)})
        return run(called, options.given(values), call)

    presets = catalog.presets(name)
    examples = [f"layeranim render {name}", f"layeranim render {name} --theme dark --quality hd -o {name}.mp4"]
    examples.insert(1, f"layeranim render {name} --example {presets[-1].name} -f gif")
    explainer = catalog.explainer(name)
    return options.ExplainerCommand(name, params=[*options.film_options(name), *output_options()], callback=callback,
                                    help=explainer.summary, epilog="\n".join(examples))  # fmt: skip


def _of_file(path: str) -> click.Command:
    """``render model.npz --layer conv1``."""

    def callback(layer: str | None, **values: Any) -> Film | None:
        call = Call(**{item.name: values.pop(item.name) for item in fields(Call)})
        return film(captured.work(path, layer, options.given(values)), call)

    look = options.declared(FilmOptions, options.FILM)
    params: list[click.Parameter] = [*captured.options_of_a_model(), *look, *output_options()]
    example = "layeranim render model.npz\nlayeranim render model.npz --layer conv1"
    told = "The film of a captured model, or of one layer of it."
    return captured.FileCommand(path, params=params, callback=callback, help=told, epilog=example)


def _of_board(path: str) -> click.Command:
    """``render FILE.json``: a storyboard decides what is told, so that only its looks are left to choose."""

    def callback(max_memory: Any, **values: Any) -> Film | None:
        call = Call(**{item.name: values.pop(item.name) for item in fields(Call)})
        return draw(path, options.given({**values, "max_memory": max_memory}), call)

    inputs = [item.name for item in preparing.InputOptions.options() if item.name != "max_memory"]
    params = [*options.declared(FilmOptions, options.FILM, recorded.DECIDED),
              *options.declared(preparing.InputOptions, options.DATA, inputs), *output_options()]  # fmt: skip
    elsewhere = {"--" + name: recorded.TOLD for name in recorded.DECIDED}
    return options.ExplainerCommand(path, params=params, callback=callback, elsewhere=elsewhere, of_layer=False,
                                    help="Draw a storyboard that layeranim storyboard wrote.")  # fmt: skip


SAYS = "Make the film of an explainer, of a captured model or its layer, of a storyboard."
render = ExplainerGroup("render", _make, SAYS,
                        files={".npz": _of_file, **dict.fromkeys(recorded.SUFFIXES, _of_board)})  # fmt: skip


def run(name: str, given: Mapping[str, Any], call: Call) -> Film | None:
    """Render the film of an explainer, or say what it would be."""
    return film(preparing.prepare(name, given, stdin=stdin()), call)


def film(work: preparing.Work, call: Call) -> Film | None:
    """Render one film, or say what it would be."""
    voice = Voice(call.quiet, call.verbose)
    _check_stdout(call)
    for line in work.notes:
        voice.say(line)
    found = work.places(*_asked(call), call.overwrite)
    trace = work.trace()
    board = work.storyboard(trace)
    voice.warn(*board.warnings, *(() if call.dry_run else work.replacing(found)))
    for array, source in work.sources.items():
        voice.detail(f"{array}: {source.name}, {source.kind}, {'×'.join(map(str, source.array.shape))}")
    if call.dry_run:
        _dry(trace, board, found, call.json)
        return None
    return _made(work, board, found, call, voice)


def draw(path: str, given: Mapping[str, Any], call: Call) -> Film | None:
    """Draw the storyboard of a file, or print it."""
    voice = Voice(call.quiet, call.verbose)
    _check_stdout(call)
    film = recorded.read(path, given)
    found = film.places(*_asked(call), call.overwrite)
    voice.warn(*(() if call.dry_run else film.replacing(found)))
    if call.dry_run and call.json:
        out_json({"paths": [item.path for item in found]})
    elif call.dry_run:
        out(film.board.text())
    else:
        return _made(film, film.board, found, call, voice)
    return None


def _asked(call: Call) -> tuple[list[str] | None, str | None]:
    """Paths and formats."""
    return list(call.output) or None, ",".join(call.format) or None


def _made(work: Filmed, board: Storyboard, found: Sequence[Destination], call: Call, voice: Voice) -> Film:
    """Draw and write a film, and say what was written."""
    name = work.name
    outputs, formats = _asked(call)
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
    return made


def _check_stdout(call: Call) -> None:
    """Refuse a film on a standard output that cannot take it."""
    if STDOUT not in call.output:
        return
    if call.json:
        raise OptionError("--json and -o - both want standard output; leave out one of them")
    if sys.stdout is None or sys.stdout.isatty() or not hasattr(sys.stdout, "buffer"):
        held = "closed" if sys.stdout is None else "a terminal" if sys.stdout.isatty() else "for text alone"
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
    """Frames of each walk over the scene."""
    with loading():
        from layeranim.film.film import walks  # Manim is imported here, after everything that can be refused

    return [shots[0].frame_of(board.ticks) for shots in walks(found, film)]


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
