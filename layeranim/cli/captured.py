"""``render model.npz``, ``trace model.npz``: a captured model, or a layer of it, in the place of an explainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from layeranim.cli.options import DATA, ExplainerCommand, Sectioned, WordsType, declared
from layeranim.preparing import Work


class FileCommand(click.Command):
    """A command for a file; its options stand under headings."""

    format_options = ExplainerCommand.format_options
    format_epilog = ExplainerCommand.format_epilog


def options_of_a_model() -> list[click.Option]:
    """``--layer``, ``--opened``."""
    from layeranim.stories.networks.captured_options import GraphFilmConfig

    told = "one call of the model alone, by its name in the table that layeranim capture prints  [default: all]"
    layer = Sectioned(["layer", "--layer"], DATA, type=WordsType(), metavar="NAME", help=told)
    return [layer, *(option for option in declared(GraphFilmConfig, DATA) if option.name == "opened")]


def work(path: str, layer: str | None, options: Mapping[str, Any], film: bool = True) -> Work:
    """What decides the film, or without ``film`` the trace, of the model in a file, or of one call of it."""
    from layeranim import api, inputs
    from layeranim.preparing import traced

    files = inputs.files([path])
    model = api.load_capture(path)
    if film or layer is None:
        return traced.of_capture(model, layer, options, files)
    return traced.numbers(*traced.of_call(model, layer, options), files)
