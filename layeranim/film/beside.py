"""What stands beside a film: its poster, its words, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.film import captions, owned, provenance
from layeranim.film.destinations import CAPTIONS, POSTER, TRACK, Destination, by_provenance, stems
from layeranim.film.places import is_sequence
from layeranim.film.provenance import MadeFrom, Written
from layeranim.film.writers import FORMATS
from layeranim.film.writers.png import write_png
from layeranim.stories.options import FilmOptions
from layeranim.stories.storyboard import Storyboard

Picture = NDArray[np.uint8]
Size = tuple[int, int]


def beside(
    board: Storyboard,
    found: Sequence[Destination],
    files: Mapping[str, Any],
    posters: Mapping[Size, Picture],
    options: FilmOptions,
    origin: MadeFrom,
    frames: Mapping[tuple[int, int, Fraction], int],
    stills: Mapping[str, Mapping[str, Any]],
) -> dict[Path, dict[str, Any]]:
    """Write posters, captions and provenances into ``files``, where the films are complete; what the provenances say.

    ``posters`` by the size of the frame, ``frames`` by its size and rate: how many each drawing pass made.
    ``stills``: what there is to say of each page of stills.
    """
    pictures = {item.path: posters[max(posters)] for item in found if item.fmt == POSTER}
    for stem in stems(found):
        films = [item for item in found if item.stem == stem and item.fmt in FORMATS]
        pictures.setdefault(stem + ".png", posters[max(options.frame(item.fmt)[:2] for item in films)])
        files[stem + (CAPTIONS if options.captions else TRACK)].write(captions.webvtt(board).encode())
    for path, picture in pictures.items():
        write_png(files[path], picture)
    films_by_path = {item.path: item for item in found if item.fmt in FORMATS}
    reports = {}
    for place, paths in by_provenance(found, options.captions).items():
        written: dict[str, Written] = {}
        for path in paths[:-1]:
            if path in films_by_path:
                written |= _film(films_by_path[path], files[path], options, frames)
            elif path in pictures:
                height, width = pictures[path].shape[:2]
                written[Path(path).name] = _file(files[path], "image/png", width=width, height=height)
            elif path in stills:
                written[Path(path).name] = _file(files[path], **stills[path])
            else:
                written[Path(path).name] = _file(files[path], "text/vtt")
        report = provenance.report(board, options, origin, written, _longest(frames))
        sequences = [Path(path) for path in paths if is_sequence(path)]
        if earlier := owned.earlier(Path(place), written, sequences):
            report[owned.LEFT] = earlier
        files[place].write(provenance.dumped(report))
        reports[Path(place)] = report
    return reports


def _longest(frames: Mapping[tuple[int, int, Fraction], int]) -> tuple[int, float]:
    """Frames and seconds of the drawing pass with most frames."""
    (*_, fps), most = max(frames.items(), key=lambda shot: shot[1])
    return most, float(most / fps)


def _film(
    item: Destination, file: Any, options: FilmOptions, frames: Mapping[tuple[int, int, Fraction], int]
) -> dict[str, Written]:
    """A film, or every frame of a sequence, by name."""
    shot = width, height, fps = options.frame(item.fmt)
    if is_sequence(item.path):
        told = file.written().items()
        return {n: Written(type="image/png", bytes=b, sha256=d, width=width, height=height) for n, (b, d) in told}
    played = float(frames[shot] / fps)
    kind = FORMATS[item.fmt].media_type
    more = {"width": width, "height": height, "frames": frames[shot], "seconds": played}
    return {Path(item.path).name: _file(file, kind, **more)}


def _file(file: Any, kind: str, **more: Any) -> Written:
    """Kind, bytes and SHA-256 of a file under way."""
    file.flush()
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(type=kind, bytes=file.seek(0, 2), sha256=digest, **more)
