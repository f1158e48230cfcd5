"""What stands beside a film: its poster, its words, and where it came from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from layeranim.film import captions, provenance
from layeranim.film.destinations import CAPTIONS, POSTER, TRACK, Destination, stems
from layeranim.film.provenance import Origin, Written
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
    origin: Origin,
    frames: Mapping[tuple[int, int, Fraction], int],
) -> None:
    """Write posters, captions and provenance into ``files``, where the films are complete.

    ``posters`` by the size of the frame, ``frames`` by its size and rate: how many each drawing pass made.
    """
    largest = posters[max(posters)]
    for item in found:
        if item.fmt == POSTER:
            write_png(files[item.path], largest)
    for stem in stems(found):
        films = [item for item in found if item.stem == stem and item.fmt in FORMATS]
        poster, words = stem + ".png", stem + (CAPTIONS if options.captions else TRACK)
        asked = any(item.path == poster for item in found)
        picture = largest if asked else posters[max(options.frame(item.fmt)[:2] for item in films)]
        if not asked:
            write_png(files[poster], picture)
        files[words].write(captions.webvtt(board).encode())
        written = {Path(item.path).name: _film(item, files[item.path], options, frames) for item in films}
        written[Path(poster).name] = _file(files[poster], "image/png", width=picture.shape[1], height=picture.shape[0])
        written[Path(words).name] = _file(files[words], "text/vtt")
        longest = max((one for one in written.values() if one.frames), key=lambda one: one.frames or 0)
        files[stem + ".json"].write(provenance.dumped(provenance.report(board, options, origin, written, longest)))


def _film(
    item: Destination, file: Any, options: FilmOptions, frames: Mapping[tuple[int, int, Fraction], int]
) -> Written:
    shot = width, height, fps = options.frame(item.fmt)
    played = float(frames[shot] / fps)
    kind = FORMATS[item.fmt].media_type
    return _file(file, kind, width=width, height=height, frames=frames[shot], seconds=played)


def _file(file: Any, kind: str, **more: Any) -> Written:
    """Kind, bytes and SHA-256 of a file under way."""
    file.flush()
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Written(type=kind, bytes=file.seek(0, 2), sha256=digest, **more)
