"""``layeranim embed``: the markup that shows a film on a page."""

from __future__ import annotations

from pathlib import Path

import click

from layeranim.cli.console import Voice, out, out_paths
from layeranim.cli.program import debug_option
from layeranim.embed import files, pages, slides
from layeranim.embed.targets import TARGETS, relative
from layeranim.errors import OptionError, UsageError


def _embed(
    film: str | None, target: str | None, page: str | None, dark: str | None, width: int, caption: str | None,
    base: str, bare: bool, update: tuple[str, ...], check: bool,
) -> None:  # fmt: skip
    if update:
        if film or target:
            raise OptionError("--update reads the film and the target from the page; leave them out")
        _update([Path(name) for name in update], check)
        return
    if check:
        raise OptionError("--check goes with --update PAGE")
    if film is None or target is None:
        raise UsageError("embed takes a film and --for TARGET, or --update PAGE; see layeranim embed --help")
    first, other = _film(film)
    alone = dark == pages.NONE
    twin = None if alone else Path(dark) if dark else other
    wanted = pages.Wanted(first, target, twin, width, caption, base, alone)
    if target == "pptx" and page and Path(page).suffix.lower() == slides.SUFFIX:
        if slides.put(wanted, Path(page)):
            out_paths([page])
        return
    made = pages.snippet(wanted, Path(page) if page else None, not bare)
    Voice().warn(*made.warnings)
    for place in pages.put(made.copies):
        Voice().say(f"copied {relative(place, Path())}")
    out(made.text)


def _film(word: str) -> tuple[Path, Path | None]:
    """A film's file, or the first film of an asset of the manifest; with the one for dark pages where names do not say
    which that is.
    """
    path = Path(word)
    if path.is_file() or files.is_path(word):
        return path, None
    from layeranim.assets.manifest import read
    from layeranim.cli import manifests
    from layeranim.embed.shelf import asset

    first, other = asset(read(manifests.manifest(None))[0], word)
    return Path(relative(first, Path())), Path(relative(other, Path())) if other else None


def _update(places: list[Path], check: bool) -> None:
    """Find out all before anything is written, then write all of it."""
    pages.ready(places)
    stale: dict[Path, bytes] = {}
    copies: dict[Path, bytes] = {}
    for page in places:
        made: list[pages.Snippet] = []
        if page.suffix.lower() == slides.SUFFIX:
            before, after = slides.updated(page)
        else:
            before, after, made = pages.updated(page, copies)
        Voice().warn(*(line for one in made for line in one.warnings))
        needed = {place: content for one in made for place, content in one.copies.items()}
        copies |= needed
        if before != after or (check and pages.lacking(needed)):
            stale[page] = after
    if not check:
        pages.put(copies, stale)
    out_paths(map(str, stale))
    if check and stale:
        click.get_current_context().exit(1)


embed = click.Command(
    "embed",
    callback=_embed,
    help=(
        "Print the markup that shows a film on a page: with its words for who does not see it, its size, its poster, "
        "light and dark, and no motion for who wants none.\n\nFILM is a file of a film, or an asset of layeranim.toml."
        "\n\nTargets: " + "; ".join(f"{one.name}: {one.says}" for one in TARGETS.values()) + "."
    ),
    params=[
        click.Argument(["film"], required=False, metavar="[FILM]"),
        click.Option(["--for", "target"], metavar="TARGET", help="the program that shows the page",
                     type=click.STRING),
        click.Option(["--page"], metavar="FILE", help="the page, which need not be there: addresses start from it; "
                     "films that lie outside its site are copied into it; of slides the deck, which gets one more  "
                     "[default: a page in this folder]"),
        click.Option(["--dark"], metavar="FILE",
                     help="the film for dark pages; none: FILM alone  [default: NAME-dark beside NAME-light]"),
        click.Option(["--width"], metavar="PX", type=int, default=pages.WIDTH, show_default=True,
                     help="the film's width on the page"),
        click.Option(["--caption"], metavar="TEXT", help="the line under the film  [default: its title]"),
        click.Option(["--base"], metavar="URL", default="",
                     help="where the films are on the web, for absolute addresses"),
        click.Option(["--bare"], is_flag=True, help="without the comments that --update finds it by"),
        click.Option(["--update"], metavar="PAGE", multiple=True,
                     help="make the snippets on a page anew; more than once"),
        click.Option(["--check"], is_flag=True, help="with --update: change nothing, name stale pages, end with 1"),
        debug_option(),
    ],
)  # fmt: skip
