"""``render NAME``, ``trace NAME``: a command for each explainer, made when its name is given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from layeranim import catalog
from layeranim.cli.program import help_instead

NUMBERS_ONLY = "numbers only"
"""The last family: layers without a film."""


NO_FILES: Mapping[str, Callable[[str], click.Command]] = {}


class ExplainerGroup(click.Group):
    """The explainers as commands, and unless ``films_only`` the layers without a film.

    ``make(name, called)`` builds one, with the options of its layer; ``called`` is the name that the user gave where it
    stands for more than the layer (``MaxPool2d``). ``files`` builds the one of a file, by the ending of its name.
    """

    def __init__(
        self, name: str, make: Callable[[str, str], click.Command], help: str, *,
        files: Mapping[str, Callable[[str], click.Command]] = NO_FILES, films_only: bool = True,
    ) -> None:  # fmt: skip
        super().__init__(name, callback=_unnamed, invoke_without_command=True, help=help,
                         subcommand_metavar="NAME|FILE [OPTIONS]" if files else "NAME [OPTIONS]")  # fmt: skip
        self.make, self.files, self.films_only = make, files, films_only

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(catalog.explainers() if self.films_only else catalog.names())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        ending = cmd_name[cmd_name.rfind(".") :].lower()
        if "." in ending and ending in self.files:
            return self.files[ending](cmd_name)
        name, implied = catalog.named(cmd_name, self.films_only)
        if self.films_only:
            catalog.explainer(name)  # refuses a layer without a film
        return self.make(name, cmd_name if implied else name)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        return args[0], self.get_command(ctx, args[0]), args[1:]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            raise click.UsageError(
                f"{error.option_name} comes before a name; write {ctx.command_path} NAME {error.option_name}", ctx
            ) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        families: dict[str, list[tuple[str, str]]] = {}
        for name, explainer in catalog.explainers().items():
            families.setdefault(explainer.family, []).append((name, explainer.summary))
        if not self.films_only:
            families[NUMBERS_ONLY] = [(name, catalog.LAYERS[name].title) for name in catalog.without_film()]
        for family, rows in families.items():
            with formatter.section(family.capitalize()):
                formatter.write_dl(rows)


@click.pass_context
def _unnamed(context: click.Context) -> None:
    if context.invoked_subcommand is None:
        help_instead(context)
