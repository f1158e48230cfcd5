"""``layeranim completion SHELL``: names, options and choices completed by the shell."""

from __future__ import annotations

import click

from layeranim.cli.console import write
from layeranim.cli.program import COMPLETE, debug_option, program

WHERE = {
    "bash": 'add to ~/.bashrc:  eval "$(layeranim completion bash)"',
    "zsh": 'add to ~/.zshrc:  eval "$(layeranim completion zsh)"',
    "fish": "layeranim completion fish > ~/.config/fish/completions/layeranim.fish",
}


def _completion(shell: str) -> None:
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    if found is not None:
        write(found(program, {}, "layeranim", COMPLETE).source())


completion = click.Command(
    "completion",
    callback=_completion,
    params=[click.Argument(["shell"], type=click.Choice(list(WHERE))), debug_option()],
    help="Print a script that completes words in your shell.\n\n\b\n" + "\n".join(WHERE.values()),
)
