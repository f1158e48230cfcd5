"""The program ``layeranim``: its commands by name, and how it ends.

Exit codes: 0 done · 1 stale or differs (``check``) · 2 usage, bad input, an output that cannot be written · 3 a library
is missing · 4 rendering or writing failed · 70 a bug of ours, always with its traceback · 129, 130 and 143 ended by a
signal.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from layeranim.cli.console import error, let_go, lines, note, tolerant
from layeranim.cli.signals import ENDS, ended_by_signals
from layeranim.engine.spelling import suggestion
from layeranim.errors import LayeranimError, out_of_threads
from layeranim.loading import loading
from layeranim.records import dataclass
from layeranim.version import __version__

COMMANDS = {
    "render": ("layeranim.cli.render:render", "make the film of an explainer"),
    "trace": ("layeranim.cli.trace:trace", "the numbers alone: every tensor, and how each came about"),
    "storyboard": (
        "layeranim.cli.storyboard:storyboard",
        "a film as data: what stands where, what happens when, as JSON",
    ),
    "capture": ("layeranim.cli.capture:capture", "run a model of your own, and check every layer of it"),
    "weights": ("layeranim.cli.weights:weights", "what a file of weights holds, and which layers it suits"),
    "list": ("layeranim.cli.listing:explainers", "the explainers; with a name: options, examples, formula, tensors"),
    "build": ("layeranim.cli.build:build", "make every film of layeranim.toml that is not there yet"),
    "check": ("layeranim.cli.check:check", "stale, missing, edited, orphaned, too large? ends with 1; draws nothing"),
    "validate": ("layeranim.cli.validate:validate", "everything that is wrong with layeranim.toml, at once"),
    "embed": ("layeranim.cli.embed:embed", "the markup that shows a film on a page: HTML, Markdown, Sphinx, MkDocs, …"),
    "why": ("layeranim.cli.why:why", "what changed since a film was built"),
    "schema": ("layeranim.cli.schema:schema", "print the JSON Schema of layeranim.toml"),
    "cache": ("layeranim.cli.cache:cache", "what the cache holds; clear it"),
    "init": ("layeranim.cli.init:init", "write a first layeranim.toml, a workflow, a pre-commit configuration"),
    "doctor": ("layeranim.cli.doctor:doctor", "check the libraries, the fonts and the codecs that films need"),
    "completion": ("layeranim.cli.completion:completion", "print a script that completes words in your shell"),
}
HELP = "help"
"""Before a command it is ``--help`` after it."""
COMPLETE = "_LAYERANIM_COMPLETE"
BUG = 70
ROOM = {"max_content_width": 110, "help_option_names": ["-h", "--help"]}


@dataclass
class State:
    """What the end of the program must know of its call."""

    debug: bool = False


def _no_command(word: str) -> str:
    """What to say of a word that is no command; it may be a layer's."""
    from layeranim import catalog

    if not suggestion(word, COMMANDS):
        try:
            name = catalog.named(word)[0]
        except LayeranimError:
            pass
        else:
            film = f"layeranim render {word} makes its film, " if catalog.has_film(name) else ""
            return f"{word!r} is a layer, not a command; {film}layeranim trace {word} shows its numbers"
    return f"unknown command {word!r}{suggestion(word, COMMANDS)}; there are {', '.join((*COMMANDS, HELP))}"


def debug_option() -> click.Option:
    """``--debug``, which every command takes."""

    def note(context: click.Context, _: click.Parameter, value: bool) -> None:
        if value:
            context.ensure_object(State).debug = True

    return click.Option(["--debug"], is_flag=True, expose_value=False, callback=note, is_eager=True,
                        help="show the traceback of an error")  # fmt: skip


class Program(click.Group):
    """The commands, imported one at a time."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        with loading():
            found: click.Command = getattr(importlib.import_module(module), name)
        return found

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        if args and args[0] == HELP:
            args = [*args[1:], "--help"]
            if len(args) == 1:
                click.echo(ctx.get_help())
                ctx.exit()
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            raise click.UsageError(_no_command(args[0]), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])


def help_instead(context: click.Context) -> None:
    """No command was named: say what there is, on stderr, and end as a usage error."""
    click.echo(context.get_help(), err=True)
    context.exit(2)


@click.pass_context
def _start(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        help_instead(context)


program = Program(
    "layeranim",
    callback=_start,
    invoke_without_command=True,
    context_settings=ROOM,
    params=[debug_option()],
    help="Neural-network layers as true, beautiful animations.",
    epilog="First film: layeranim render conv --stride 2",
    subcommand_metavar="COMMAND [ARGS]…",
)
click.version_option(__version__, message="%(prog)s %(version)s")(program)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if instruction := os.environ.get(COMPLETE):
        return _completed(instruction)
    return run(program, arguments)


def _completed(instruction: str) -> int:
    """What a shell asks for while a line is being typed; what is wrong in that line is not for now."""
    from click.shell_completion import shell_complete

    try:
        return shell_complete(program, {}, "layeranim", COMPLETE, instruction)
    except (LayeranimError, click.ClickException):
        return 0


def run(command: click.Command, arguments: Sequence[str] | None = None, name: str = "layeranim") -> int:
    """Run ``command``; whatever it raises becomes a line and an exit code."""
    state = State()
    tolerant(sys.stdout, sys.stderr)
    words = list(sys.argv[1:] if arguments is None else arguments)
    with ended_by_signals() as over:
        try:
            with command.make_context(name, words, obj=state) as context:
                command.invoke(context)
        except BaseException as caught:
            over()
            return _ended(caught, state)
        finally:
            let_go(sys.stdout, sys.stderr)
    return 0


def _ended(caught: BaseException, state: State) -> int:
    """The exit code of what was raised, after one line about it."""
    code, line = verdict(caught)
    if (state.debug and line) or code == BUG:
        import traceback

        lines("".join(traceback.format_exception(caught)))
    if line:
        note(line) if code > 128 else error(line)
    return code


def verdict(caught: BaseException) -> tuple[int, str]:
    """Exit code and line; no line for an end that is no error."""
    if isinstance(caught, click.exceptions.Exit):
        return caught.exit_code, ""
    if isinstance(caught, SystemExit):
        return caught.code if isinstance(caught.code, int) else 0, "terminated" if caught.code in ENDS.values() else ""
    if isinstance(caught, LayeranimError):
        return caught.exit_code, str(caught)
    if isinstance(caught, click.ClickException):
        return 2, _usage(caught)
    if isinstance(caught, (KeyboardInterrupt, click.Abort)):
        return 130, "interrupted"
    if isinstance(caught, BrokenPipeError):
        return 0, ""
    if isinstance(caught, MemoryError):
        return 4, "there is not enough memory; a smaller --size or a smaller input needs less"
    if isinstance(caught, ImportError) and (caught.name or "").split(".")[0] != "layeranim":
        return 3, f"{caught}; layeranim doctor says what to install"
    if out_of_threads(caught):
        return 4, "the system gives no more threads or processes; end some, or raise its limit (ulimit -u)"
    if isinstance(caught, OSError):
        place = f"{caught.filename}: " if caught.filename else ""
        return 4, f"{place}{caught.strerror or caught}"
    return BUG, f"this is a bug of layeranim: {type(caught).__name__}: {caught}"


def _usage(caught: click.ClickException) -> str:
    """Click's message as one of ours: lower case, one line, where to read on."""
    message = caught.format_message().rstrip(".")
    if isinstance(caught, click.NoSuchOption):
        message = f"unknown option {caught.option_name}{suggestion(caught.option_name, caught.possibilities or ())}"
    path = caught.ctx.command_path if isinstance(caught, click.UsageError) and caught.ctx else "layeranim"
    return " ".join(f"{message[:1].lower()}{message[1:]}; see {path} --help".split())
