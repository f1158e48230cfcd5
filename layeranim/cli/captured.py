"""``render model.npz``, ``trace model.npz``: a layer of a captured model in the place of an explainer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from layeranim.cli.options import DATA, ExplainerCommand, Sectioned, WordsType
from layeranim.preparing import Work


class FileCommand(click.Command):
    """A command for a file; its options stand under headings."""

    format_options = ExplainerCommand.format_options
    format_epilog = ExplainerCommand.format_epilog


def layer_option() -> click.Option:
    """``--layer``."""
    told = "which call of the model, by its name in the table that layeranim capture prints"
    return Sectioned(["layer", "--layer"], DATA, type=WordsType(), metavar="NAME", help=told)


def work(path: str, layer: str | None, options: Mapping[str, Any], film: bool = True) -> Work:
    """What decides the film, or without ``film`` the trace, of a call of the model in a file."""
    from layeranim import api, inputs
    from layeranim.preparing import traced

    files = inputs.files([path])
    made, options = traced.of_call(api.load_capture(path), layer, options)
    return traced.of_trace(made, options, files) if film else traced.numbers(made, options, files)
