"""What every film does, wherever its storyboard comes from: find its places, be drawn, be written."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layeranim import inputs
from layeranim.engine import memory as budgets
from layeranim.loading import loading
from layeranim.preparing import notebook
from layeranim.stories.options import THEMES, FilmOptions
from layeranim.version import __version__

if TYPE_CHECKING:
    from layeranim import typeface
    from layeranim.engine.trace import Trace
    from layeranim.film.destinations import Destination
    from layeranim.film.film import Film
    from layeranim.film.provenance import MadeFrom
    from layeranim.stories.storyboard import Storyboard


class Filmed:
    """A film that can be made: how it is ``told``, by which ``scene`` it is drawn, and what its ``origin`` is."""

    name: str
    film: FilmOptions
    font: typeface.Font | None
    memory: int
    files: Mapping[inputs.Identity, str]

    def told(self) -> Storyboard:
        """The storyboard."""
        raise NotImplementedError

    def scene(self) -> Any:
        """The class of the scene that plays it."""
        raise NotImplementedError

    def origin(self) -> MadeFrom:
        """What it comes from, for its provenance."""
        raise NotImplementedError

    def numbers(self) -> Trace | None:
        """The trace that its steps are of, for a player; none where only a storyboard is there."""
        return None

    def drawing(self) -> AbstractContextManager[None]:
        """Within, it is drawn."""
        return nullcontext()

    def lettering(self) -> AbstractContextManager[None]:
        """Text that is laid out within has the user's font at hand."""
        from layeranim import typeface

        return typeface.with_font(self.font)

    def places(self, output: Any = None, formats: Any = None, overwrite: bool = False) -> tuple[Destination, ...]:
        """Where the film goes. Raises ``OutputError`` for places that cannot be written, that an input is in, and, but
        for ``overwrite``, that hold what this program did not make.
        """
        from layeranim.film import owned
        from layeranim.film.destinations import by_provenance, destinations, every_path

        with budgets.budget(self.memory):
            found = destinations(self._called(), output, formats, self.film)
        owned.refuse_inputs(map(Path, every_path(found, self.film.captions)), self.files)
        if not overwrite:
            groups = by_provenance(found, self.film.captions).items()
            owned.refuse_foreign([o for place, paths in groups for o in owned.foreign(Path(place), map(Path, paths))])
        return found

    def _called(self) -> str:
        """The name of a film that is given none: in a notebook, whose cells must not take each other's, one that all
        decides that the film is made of.
        """
        return f"{self.name}-{self.key()}" if notebook.here() else self.name

    def key(self) -> str:
        """What tells the film from another of its explainer: its options, what it is computed from, our version."""
        from layeranim.film.provenance import looks

        said = [__version__, asdict(self.origin()), looks(self.film), *self.more()]
        return hashlib.sha256(json.dumps(said, sort_keys=True, default=str).encode()).hexdigest()[:10]

    def more(self) -> Iterator[str]:
        """What decides a film and stands not in its origin."""
        yield from ()

    def replacing(self, found: Iterable[Destination]) -> tuple[str, ...]:
        """A warning for each film there is in these places that was made with other options."""
        from layeranim.film import owned
        from layeranim.film.destinations import by_provenance
        from layeranim.film.provenance import changes

        warned = []
        for place, paths in by_provenance(found, self.film.captions).items():
            there = owned.provenance(Path(place))
            if there and (differ := changes(there.report, self.film, self.origin())):
                more = f" and {len(differ) - 4} more" if differ[4:] else ""
                told = owned.listed([path for path in map(Path, paths) if path.exists()])
                warned.append(f"made with other options and replaced: {told} ({', '.join(differ[:4])}{more})")
        return tuple(warned)

    def hard_to_read(self) -> list[str]:
        """What to warn of in the film's colours, where they are the user's own."""
        if self.film.theme in THEMES and self.film.background is None:
            return []
        from layeranim.theme import audit, own

        return audit.warnings(own.named(self.film.theme, self.film.background))

    def film_to(
        self, output: Any = None, formats: Any = None, progress: Any = None, board: Storyboard | None = None,
        overwrite: bool = False,
    ) -> Film:  # fmt: skip
        """Write the film; paths and formats are checked before anything is computed. ``board``: made before."""
        found = self.places(output, formats, overwrite)
        warned = (*self.hard_to_read(), *self.replacing(found))
        board = board or self.told()
        from layeranim.film.destinations import PLAYER

        with loading():
            from layeranim.film.film import make  # Manim is imported here, after everything that can be refused

            scene = self.scene()
        trace = self.numbers() if any(item.fmt == PLAYER for item in found) else None
        with self.lettering(), self.drawing():
            return replace(make(board, scene, self.film, found, self.origin(), progress, trace=trace), warnings=warned)
