"""``layeranim doctor``: is everything here that a film needs?"""

from __future__ import annotations

import importlib
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib import metadata

import click

import layeranim
from layeranim.cli.console import out, out_json
from layeranim.cli.program import debug_option
from layeranim.errors import MissingLibraryError
from layeranim.records import dataclass

LIBRARIES = {"numpy": "numpy", "manim": "layeranim.borrowed", "pillow": "PIL", "av": "av", "pycairo": "cairo",
             "manimpango": "manimpango", "uharfbuzz": "uharfbuzz", "click": "click", "rich": "rich",
             "jsonschema-rs": "jsonschema_rs"}  # fmt: skip
"""Distribution → the module to import."""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. ``remedy`` says what to do where it is not well."""

    name: str
    well: bool
    detail: str
    remedy: str = ""


def findings() -> Iterator[Finding]:
    """Everything that is looked at, in order."""
    yield Finding("layeranim", True, layeranim.__version__)
    new_enough = sys.version_info >= (3, 11)
    yield Finding("python", new_enough, platform.python_version(), "layeranim needs Python 3.11 or newer")
    for distribution in LIBRARIES:
        yield _tried(distribution, partial(_library, distribution), f"pip install --force-reinstall {distribution}")
    yield _tried("fonts", _fonts, "pip install --force-reinstall layeranim")
    yield _tried("encoders", _encoders, "pip install --force-reinstall av")
    yield Finding("manim.cfg", True, _configurations())
    yield _tried("films/", _folder, "run in a folder that you may write to, or name a place with -o")


def _tried(name: str, look: Callable[[], str], remedy: str) -> Finding:
    try:
        return Finding(name, True, look())
    except Exception as error:  # whatever a broken installation raises is what is to be told
        return Finding(name, False, " ".join(str(error).split()) or type(error).__name__, remedy)


def _library(distribution: str) -> str:
    module = importlib.import_module(LIBRARIES[distribution])
    inside = {"cairo": "cairo_version_string", "manimpango": "pango_version", "uharfbuzz": "version_string"}
    beneath = inside.get(module.__name__)
    return metadata.version(distribution) + (f", on {getattr(module, beneath)()}" if beneath else "")


def _fonts() -> str:
    from layeranim.typeface import Weight, shape

    weights: tuple[Weight, ...] = ("regular", "medium", "semibold")
    widths = [shape("0123456789", weight).advance for weight in weights]
    return f"Inter {', '.join(weights)}; ten digits are {widths[0]:.2f} em wide"


def _encoders() -> str:
    import av

    from layeranim.film.writers.mp4 import H264
    from layeranim.film.writers.video import AV1, VP9

    wanted = [codec.encoder for codec in (H264, VP9, AV1)]
    absent = [name for name in wanted if name not in av.codecs_available]
    if absent:
        raise MissingLibraryError(f"this av has no {', '.join(absent)}")
    return ", ".join(wanted)


def _configurations() -> str:
    from layeranim.borrowed.unconfigured import files_left_alone

    there = files_left_alone()
    return f"{', '.join(there)}: not read, films never follow it" if there else "none; films would not follow it"


def _folder() -> str:
    from layeranim.film.destinations import FOLDER
    from layeranim.film.output import check_writable

    check_writable(f"{FOLDER}/doctor.gif")
    return "can be written"


def _doctor(json: bool) -> None:
    found = list(findings())
    ill = [one for one in found if not one.well]
    if json:
        out_json({"well": not ill, "findings": [asdict(one) for one in found]})
    else:
        width = max(len(one.name) for one in found)
        out("\n".join(f"{'ok' if one.well else 'NO':<3} {one.name:<{width}}  {one.detail}" for one in found))
    if ill:
        raise MissingLibraryError("\n".join(f"{one.name}: {one.detail}; {one.remedy}" for one in ill))


doctor = click.Command(
    "doctor",
    callback=_doctor,
    params=[click.Option(["--json"], is_flag=True, help="print JSON"), debug_option()],
    help="Check the libraries, the fonts and the codecs that films need. Ends with 3 where something is missing.",
)
