"""Films and traces in a notebook: HTML that holds what it shows, so that it goes where the notebook goes."""

from __future__ import annotations

import base64
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from layeranim.embed import snippets
from layeranim.embed.files import MOVING, PLAYER, FilmFiles, Pair, reported
from layeranim.embed.snippets import Figure
from layeranim.engine.trace import Region, Tensor, Trace
from layeranim.errors import InputError
from layeranim.film.owned import AS_IT_IS, standing
from layeranim.film.player.tables import SIDES, StepTable, StepTables

if TYPE_CHECKING:
    from layeranim.film.film import Film

WIDTH = 640
LARGEST = 4_000_000
"""Bytes of a film that a notebook holds; a larger one stays a file beside it."""
ROOM = 60_000
"""Letters of a trace's markup."""
FIRST = 8
"""Steps of a trace that are shown, besides the last."""
FLUSH = "<style>.layeranim-film figure { margin: 0 }</style>"
PLAIN = """<style>
.layeranim-trace table { border-collapse: collapse; color: inherit; font-size: inherit }
div.layeranim-trace.layeranim-trace :is(th, td) { text-align: left; vertical-align: top }
.layeranim-trace th, .layeranim-trace td { padding: .1em .6em; border-bottom: 1px solid #8888 }
.layeranim-trace .layeranim-cells { display: inline-block; margin: .3em 1em .3em 0; max-width: 100%; overflow-x: auto }
div.layeranim-trace.layeranim-trace .layeranim-cells td { text-align: right; white-space: nowrap }
.layeranim-trace caption { text-align: left; white-space: nowrap; color: inherit }
.layeranim-trace summary { cursor: pointer }
</style>"""
"""Of a trace: lines for any ground, no colour but the page's own; of more weight than what Jupyter says of tables."""


# ── films ────────────────────────────────────────────────────────────────────
def film(made: Film) -> str:
    """A film with controls, its poster, its words and its size, and what it says as a list.

    A file that another film has taken since is not shown: what a cell shows is what its own film was.
    """
    shown = min(_shown(made), key=lambda one: one.controlled is None, default=None)
    if shown is None:
        return _still(made)
    wanted = {"image/png", "text/vtt", _best(shown)}
    held = replace(shown, files={kind: file for kind, file in shown.files.items() if kind in wanted})
    figure = Figure(Pair(held), WIDTH, held.title, _address, linked=False)
    markup = snippets.opened(figure) if held.cannot_pause() else snippets.block(figure)
    return f'<div class="layeranim-film">\n{FLUSH}\n{markup}{"".join(_beside(held))}{_told(made)}</div>\n'


def poster(made: Film) -> bytes | None:
    """The still, for what takes no HTML; nothing where it is not the film's any more."""
    names = {path.name for path in (*made.paths, made.poster) if path and path.suffix == ".png"}
    for place, report in made.reports.items():
        for name, entry in report["files"].items():
            still: Path = place.parent / name
            if name in names and entry["sha256"] in standing(still).values():
                return still.read_bytes()
    return None


def _shown(made: Film) -> Iterator[FilmFiles]:
    """The film under each of its names, as far as a page can show it."""
    for place, report in made.reports.items():
        with suppress(InputError):
            yield reported(report, place, exact=True)


def _best(shown: FilmFiles) -> str | None:
    """The one form of a film that a notebook holds."""
    return next((kind for kind in (*shown.videos, PLAYER, *MOVING) if kind in shown.files), None)


def _still(made: Film) -> str:
    """The poster of a film that has nothing else to show, and why."""
    still = poster(made)
    if not made.reports:  # written to standard output
        return f"<p>{escape(made.alt)}</p>\n"
    there = [path for path in made.paths if path.suffix == ".pdf" and path.is_file()]
    if still is None and there:
        links = ", ".join(f'<a href="{quote(str(path))}">{escape(path.name)}</a>' for path in there)
        return f"<p>{links}: {escape(made.alt)}</p>\n"
    if still is None:
        lost = ", ".join(map(str, made.paths))
        return f"<p>The film is not in {escape(lost)} any more: render it anew. {escape(made.alt)}</p>\n"
    return f'<img src="{_data(still, "image/png")}" style="max-width: 100%" alt="{escape(made.alt)}" />\n'


def _told(made: Film) -> str:
    """What the film says, for who would rather read it."""
    lines = "".join(f"<li>{escape(cue.text)}</li>\n" for cue in made.captions)
    return f"<details>\n<summary>In words</summary>\n<ol>\n{lines}</ol>\n</details>\n" if lines else ""


def _address(file: Path) -> str:
    """A file as text, or where it is large the way to it, under a name that no other film gets."""
    if file.stat().st_size <= LARGEST:
        return _data(file.read_bytes(), _KINDS[file.suffix])
    return quote(Path(os.path.relpath(_kept(file))).as_posix())


_KINDS = {".mp4": "video/mp4", ".webm": "video/webm", ".vtt": "text/vtt", ".captions": "text/vtt", ".png": "image/png",
          ".apng": "image/apng", ".gif": "image/gif", ".webp": "image/webp", ".html": PLAYER}  # fmt: skip


def _data(held: bytes, kind: str) -> str:
    return f"data:{kind};base64,{base64.b64encode(held).decode()}"


def _kept(file: Path) -> Path:
    """The same film under the name of what it holds: the next film of the first name does not take this one's place."""
    digest = standing(file)[AS_IT_IS]
    place = file.with_name(f"{file.stem}-{digest[:10]}{file.suffix}")
    if not place.exists():
        try:
            os.link(file, place)
        except OSError:  # a file system without links
            shutil.copyfile(file, place)
    return place


def _beside(held: FilmFiles) -> Iterator[str]:
    """What to say of files that the notebook does not hold."""
    for kind, file in held.files.items():
        if kind != "image/png" and file.stat().st_size > LARGEST:
            place = f"<code>{escape(_address(file))}</code>"
            yield f"<p>This film lies beside the notebook, for it has {file.stat().st_size / 1e6:.1f} MB: {place}</p>\n"


# ── traces ───────────────────────────────────────────────────────────────────
def trace(made: Trace) -> str:
    """The tensors of a trace with their numbers, and its first steps: what each reads and writes, as Python says it."""
    text = ""
    for side in SIDES:
        text = "\n".join(_lines(made, StepTables(made, side, first=0))) + "\n"
        if len(text) <= ROOM:
            break
    return text


def _lines(made: Trace, tables: StepTables) -> Iterator[str]:
    yield f'<div class="layeranim-trace">\n{PLAIN}'
    settings = ", ".join(f"{name} {value}" for name, value in made.config.shown().items())
    yield f"<p><b>{escape(made.layer)}</b> <small>{escape(settings)}</small></p>"
    yield f"<details open>\n<summary>{len(made.tensors)} tensors</summary>\n<table>"
    heads = "".join(f'<th scope="col">{head}</th>' for head in ("tensor", "role", "axes", "type", "numbers"))
    yield f"<thead><tr>{heads}</tr></thead>\n<tbody>"
    for tensor in made.tensors.values():
        yield _row(tensor, tables)
    yield "</tbody>\n</table>\n</details>"
    yield from _steps(made, tables)
    yield "</div>"


def _row(tensor: Tensor, tables: StepTables) -> str:
    numbers = f"<details><summary>show</summary>{_cells(tables.table(Region(tensor.name)))}</details>"
    words = (f"<code>{escape(tensor.name)}</code>", tensor.role, escape(tensor.extents), tensor.dtype.name, numbers)
    first, *rest = words
    return f'<tr><th scope="row">{first}</th>' + "".join(f"<td>{word}</td>" for word in rest) + "</tr>"


def _steps(made: Trace, tables: StepTables) -> Iterator[str]:
    """The first steps and the last: those between are as many more of the same."""
    count = len(made.steps)
    shown = [*range(count)] if count <= FIRST + 1 else [*range(FIRST), count - 1]
    yield f"<details>\n<summary>{count} steps</summary>\n<ul>"
    for at in shown:
        if at == count - 1 and len(shown) < count:
            yield f"<li>{count - len(shown)} more: <code>steps[{FIRST}]</code> to <code>steps[{count - 2}]</code></li>"
        step = made.steps[at]
        reads = ", ".join(_place(made, region) for region in step.reads)
        how = "".join(f", {escape(str(name))} {escape(str(value))}" for name, value in step.parameters)
        cells = "".join(_cells(table) for table in tables.of([at]))
        yield (
            f"<li><details><summary><code>steps[{at}]</code> {escape(step.operation)}{how}: {reads} → "
            f"{_place(made, step.writes)}</summary>{cells}</details></li>"
        )
    yield "</ul>\n</details>"


def _place(made: Trace, region: Region) -> str:
    """Cells as the index that gives them: ``padded[0, 0:3]``."""
    at = [f"{i.start}:{i.stop}" + f":{i.step}" * (i.step not in (None, 1)) if isinstance(i, slice) else str(i)
          for i in region.index(made.axes(region.tensor))]  # fmt: skip
    while at and at[-1] == "None:None":
        at.pop()
    inside = ", ".join(":" if i == "None:None" else i for i in at)
    return f"<code>{escape(region.tensor)}{f'[{inside}]' if inside else ''}</code>"


def _cells(table: StepTable) -> str:
    """Cells of a tensor, under what they are."""
    said = " · ".join(filter(None, (table.name, table.where, table.rest)))
    ways = " ".join(filter(None, (table.down and f"{table.down} ↓", table.across and f"{table.across} →")))
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in table.columns)
    head = f'<tr><th scope="col">{escape(ways)}</th>{heads}</tr>' if heads else ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th>' + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for name, row in zip(table.rows, table.cells, strict=True)
    )
    return f'<div class="layeranim-cells"><table><caption>{escape(said)}</caption>{head}{rows}</table></div>'
