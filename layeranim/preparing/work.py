"""Everything that decides one film, and its walk from there: Trace → Storyboard → scene → film."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING, Any

from layeranim import catalog, inputs
from layeranim.engine import memory
from layeranim.engine.option import Config, Layer
from layeranim.engine.trace import Trace
from layeranim.errors import InputError, OptionError, UsageError
from layeranim.preparing.arrays import is_drawing, is_picture
from layeranim.preparing.filmed import Filmed
from layeranim.records import dataclass
from layeranim.stories.options import THEMES, FilmOptions
from layeranim.stories.preset import Preset

if TYPE_CHECKING:
    from layeranim import typeface
    from layeranim.film.provenance import MadeFrom
    from layeranim.stories.storyboard import Story, Storyboard, Telling


def computed(layer: Layer, config: Config, sources: Mapping[str, inputs.Source]) -> Trace:
    """The trace of a layer; its facts say in which order of axes an array came, where that was another than here."""
    try:
        made = layer.compute(config, {name: source.array for name, source in sources.items()})
    except UsageError:
        if outside := [name for name, source in sources.items() if source.foreign]:
            raise InputError(
                f"what {' and '.join(outside)} holds does not suit {layer.name}, and lies outside the manifest's "
                "folder; nothing in such a file is quoted: layeranim trace says more"
            ) from None
        raise
    layouts = {f"{name}_layout": source.layout for name, source in sources.items() if source.layout}
    return replace(made, facts={**made.facts, **layouts}) if layouts else made


@dataclass(frozen=True, eq=False)
class Work(Filmed):
    """Everything that decides one film, resolved: what ``render``, ``trace`` and ``--dry-run`` start from."""

    name: str
    layer: Layer
    config: Config
    film: FilmOptions
    sources: Mapping[str, inputs.Source]
    preset: Preset | None
    seeded: tuple[str, ...]
    seed: int
    labels: Mapping[str, str] = field(default_factory=dict)
    traced: Trace | None = None
    gradients: Mapping[str, inputs.Source] | None = None
    font: typeface.Font | None = None
    asked: Preset | None = None
    given: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()
    memory: int = memory.USUAL
    files: Mapping[inputs.Identity, str] = field(default_factory=dict)
    """What is read from the disk, which no film is written over."""

    def trace(self) -> Trace:
        """Compute every tensor."""
        if self.traced is not None:
            return self.traced
        with memory.budget(self.memory):
            return self._computed()

    def _computed(self) -> Trace:
        made = computed(self.layer, self.config, self.sources)
        if self.labels:
            from layeranim.engine.symbolic import labelled

            made = labelled(made, **{name: letters(text) for name, text in self.labels.items()})
        if self.gradients is not None:
            given = {name: source.array for name, source in self.gradients.items()}
            return self.layer.backward(made, given)  # type: ignore[misc]
        return made

    def storyboard(self, trace: Trace) -> Storyboard:
        """Words and timing of the film."""
        from layeranim.stories import alt, timing  # and all that a film is told with: a check tells none
        from layeranim.stories.storyboard import Telling

        story = catalog.story(self.name, back=self.gradients is not None)
        for noun in self.film.show_of:
            if noun not in story.shows and re.sub(r"[1-9]\d?$", "#", noun) not in story.shows:
                *before, last = (one.replace("#", "1 or conv2") for one in story.shows or ("",))
                which = f"{', '.join(before)} and {last}" if before else last
                way = f"show chooses its {which}" if last else "leave it out"
                name = f"{self.name} backwards" if self.gradients is not None else self.name
                raise OptionError(f"show is {self.film.show}, but a film of {name} has no {noun} to choose; {way}")
        names = {name: source.name for name, source in self.sources.items() if source.kind == "kernel"}
        kinds = {name: "ink" for name, source in self.sources.items() if is_drawing(source)}
        kinds |= {name: "image" for name, source in self.sources.items() if is_picture(source)}
        with self.lettering(), memory.budget(self.memory):
            film, warned = _drawable(self.film)
            presets = (self.preset, self.asked)
            if self.gradients is not None:  # what they say is said of the way forth
                presets = tuple(one and replace(one, takeaway="", title="", unit=None) for one in presets)  # type: ignore[assignment]
            told = Telling(trace, film, *presets, self.given, names, list(self.seeded), self.seed, kinds)
            memory.afford(f"a film of this {self.name} takes", story.needed(trace))
            board = timing.unhurried(_with_room(story, told), self.film.pace)
        return replace(
            board, explainer=self.name, warnings=(*warned, *board.warnings), alt=alt.described(board, bool(film.title))
        )

    def options(self) -> dict[str, str]:
        """The options of the layer that it was asked for with."""
        return self.config.shown()

    def read_from(self) -> dict[str, str]:
        """The arrays that it is computed from, each with its name and digest."""
        return {n: f"{s.name} ({s.kind}) {s.digest}" for n, s in self.sources.items()}

    def origin(self) -> MadeFrom:
        """What the film comes from, for its provenance."""
        from layeranim.film.provenance import MadeFrom

        sources = {n: {"name": s.name, "kind": s.kind, "sha256": s.digest} | ({"layout": s.layout} if s.layout else {})
                   for n, s in self.sources.items()}  # fmt: skip
        if self.font:
            sources["font"] = {"name": self.font.name, "kind": "font", "sha256": self.font.digest}
        options = self.config.shown()
        if self.gradients is not None:
            options |= {"backward": "true"}
            sources |= {f"grad_{n}": {"name": s.name, "kind": s.kind, "sha256": s.digest}
                        for n, s in self.gradients.items()}  # fmt: skip
        example = self.preset.name if self.preset else None
        return MadeFrom(self.name, options, sources, example, self.seeded, self.seed)

    def more(self) -> Iterator[str]:
        yield from map(str, sorted(self.labels.items()))
        for tensor in self.traced.tensors.values() if self.traced else ():
            if not tensor.is_recipe:
                yield hashlib.sha256(tensor.array.tobytes()).hexdigest()

    def told(self) -> Storyboard:
        return self.storyboard(self.trace())

    def numbers(self) -> Trace:
        return self.trace()

    def scene(self) -> Any:
        return catalog.resolve(catalog.explainer(self.name).scene)


def lettered(film: FilmOptions, base: inputs.Base, most: int) -> tuple[FilmOptions, typeface.Font | None]:
    """The options with the font's name instead of its path, and the font."""
    if film.font is None:
        return film, None
    from layeranim import typeface

    with inputs.discreet("font", film.font, base):
        name, data = inputs.font(film.font, base=base, limits=inputs.Limits.within(most))
        return film.replace(font=name), typeface.Font.of(name, data)


def coloured(film: FilmOptions, base: inputs.Base, most: int) -> FilmOptions:
    """The options with a theme's colours instead of the name of the file that tells them."""
    if film.theme in THEMES and film.background is None:
        return film
    from layeranim.theme import audit, own

    name = film.theme
    if name.lower().endswith(".toml"):
        table = inputs.theme(name, base=base, limits=inputs.Limits.within(most))
        with inputs.discreet("theme", name, base):
            film = film.replace(theme=own.canonical(f"theme {name}", table))
    audit.check(f"theme {name}" if name not in THEMES else "background", own.named(film.theme, film.background))
    return film


def _drawable(film: FilmOptions) -> tuple[FilmOptions, tuple[str, ...]]:
    """The options with a title that the bundled font can draw, and what to warn of."""
    from layeranim import typeface

    title = film.title and typeface.draw_safe(film.title, 48)
    if title == film.title:
        return film, ()
    lost = typeface.lost(str(film.title))
    said = f"the font has no {lost}" if lost else "it is long, or holds what cannot be seen"
    changed: FilmOptions = film.replace(title=title)
    return changed, (f"the title is drawn as {title!r}: {said}",)


def letters(text: str) -> list[list[str]]:
    return [row.split() for row in text.split(";")]


ZOOMS = (1.0, 1.25, 1.5, 2.0)
"""How many times as small everything may become in a picture of a shape that has no room for a film."""


def _with_room(story: Story, told: Telling, zooms: tuple[float, ...] = ZOOMS) -> Storyboard:
    """The storyboard, as large as it fits."""
    from layeranim.stories.stage.solver import NoRoom

    zoom, *more = zooms
    try:
        board = story.tell(replace(told, film=told.film.zoomed(zoom)))
    except NoRoom:
        if not more:
            raise
        return _with_room(story, told, tuple(more))
    small = f"a picture of this shape has little room: everything in it is {zoom:g} times as small as usual"
    return board if zoom == 1 else replace(board, warnings=(*board.warnings, small))
