"""A film whose storyboard was made before, alone or in a file: what is left to decide is how it looks."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

from layeranim import catalog, inputs
from layeranim.canvas import WIDE
from layeranim.engine import memory
from layeranim.errors import InputError, LayeranimError, OptionError
from layeranim.preparing.filmed import Filmed
from layeranim.preparing.given import allowed
from layeranim.preparing.work import coloured, lettered
from layeranim.records import dataclass
from layeranim.stories.options import FilmOptions

if TYPE_CHECKING:
    from layeranim import typeface
    from layeranim.film.provenance import MadeFrom
    from layeranim.stories.storyboard import Storyboard

SCENE = "scenes.stage:StageScene"
DECIDED = ("pace", "steps", "sample", "follow", "precision", "title")
"""Options of a film that its storyboard holds already."""
TOLD = "was decided when the storyboard was made; give it to layeranim storyboard"
SUFFIXES = (".json",)


@dataclass(frozen=True, eq=False)
class Recorded(Filmed):
    """A storyboard that is to be drawn; ``source`` is what it was read from, ``digest`` that of its record."""

    name: str
    board: Storyboard
    film: FilmOptions
    source: str
    digest: str
    font: typeface.Font | None = None
    memory: int = memory.USUAL
    files: Mapping[inputs.Identity, str] = field(default_factory=dict)

    def told(self) -> Storyboard:
        return self.board

    def scene(self) -> Any:
        return catalog.resolve(SCENE)

    def origin(self) -> MadeFrom:
        from layeranim.film.provenance import MadeFrom

        sources = {"storyboard": {"name": self.source, "kind": "storyboard", "sha256": self.digest}}
        return MadeFrom(self.name, {}, sources, None, (), 0)

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """What a scene trips over stands in the record: a file is data from a stranger, and no bug of ours."""
        try:
            yield
        except (LayeranimError, OSError, MemoryError):
            raise
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InputError(
                f"the storyboard in {self.source} cannot be drawn: {type(error).__name__}: {error}; "
                "write it anew with layeranim storyboard"
            ) from error


def read(path: str, given: Mapping[str, Any]) -> Recorded:
    """The film of a file that ``layeranim storyboard`` wrote. Raises ``InputError`` for what is none."""
    from layeranim.stories.stage import record

    most = allowed(given)
    request = inputs.Request("storyboard", path, inputs.Limits.within(most))
    with memory.budget(most):
        with inputs.opened(path, request, None, SUFFIXES, record.HOW) as (name, stream, size):
            request.check_size("the file", size, request.limits.size)
            data = stream.read(size)
        board = record.loaded(data)
    return of(board, given, name, hashlib.sha256(data).hexdigest(), inputs.files([path]))


def of(
    board: Storyboard, given: Mapping[str, Any], source: str = "", digest: str = "",
    files: Mapping[inputs.Identity, str] | None = None,
) -> Recorded:  # fmt: skip
    """The film of a storyboard; without a size of its own it is as large as its canvas, where that is not 16:9."""
    from layeranim.stories.stage import record

    for name in DECIDED:
        if given.get(name) is not None:
            raise OptionError(f"{name} {TOLD}")
    most = allowed(given)
    film: Any = FilmOptions.of({key: value for key, value in given.items() if key != "max_memory"})
    film, font = lettered(coloured(film, None, most), None, most)
    if film.size is None and board.canvas != WIDE:
        film = film.replace(size=(board.canvas.width, board.canvas.height))
    digest = digest or hashlib.sha256(record.dumped(board).encode()).hexdigest()
    source = source or f"a storyboard of {board.explainer}"
    return Recorded(board.explainer, board, film, source, digest, font, most, files or {})
