"""Where the films on a site's pages come from: assets of a manifest, files of films, explainers with options."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from layeranim import catalog, preparing
from layeranim.assets import finding
from layeranim.assets.build import build
from layeranim.assets.manifest import Manifest, files_of
from layeranim.assets.plan import load
from layeranim.embed.files import Pair, is_path, of, pair
from layeranim.engine.spelling import suggestion
from layeranim.errors import InputError, ManifestError, OptionError
from layeranim.records import dataclass

RENDER = ("never", "missing", "always")
SHOWN_AS = {"video": ("mp4",), "picture": ("gif", "mp4"), "player": ("html",)}
"""How a page shows a film, and the formats that it takes: a picture leads to the film with controls."""
OWN = ("width", "caption", "as", "class", "name")
"""Options of what shows a film; all others are the explainer's."""
WIDTH = 640


@dataclass(frozen=True)
class Shelf:
    """The films of a site.

    ``settings`` is the folder that themes' files start from, ``folder`` where films of explainers go; ``when``, one of
    ``RENDER``, is called ``word`` in the site's settings. ``needs`` is told of every file that a page depends on.
    """

    manifest: Path | None
    settings: Path
    folder: Path
    themes: Sequence[str]
    when: str
    word: str
    needs: Callable[[Path], None]
    loaded: list[Manifest] = field(default_factory=list, repr=False, compare=False)
    """The manifest, once a page has asked for one of its assets: it is read once a build."""

    @staticmethod
    def manifest_above(pages: Path) -> Path | None:
        """The nearest manifest, from the pages upwards."""
        found = (folder / finding.NAME for folder in (pages, *pages.parents))
        return next((path for path in found if path.is_file()), None)

    def films(self, what: str, given: Mapping[str, str], shown_as: str, page: Path, root: Path) -> Pair:
        """The films that a page asks for, made if need be; files are seen from the page, or with a / from ``root``.

        Raises ``UsageError`` for what is not there, and for options that do not go with it.
        """
        one_of(self.word, self.when, RENDER)
        if not 1 <= len(self.themes) <= 2 or not all(isinstance(one, str) for one in self.themes):
            raise OptionError(f"themes is {list(self.themes)!r}, but must be one or two themes, by name or .toml file: "
                              "that of light pages, then that of dark ones")  # fmt: skip
        if is_path(what):
            if given:
                raise OptionError(f"{what} is a file, which takes no option {next(iter(given))}")
            both = pair(root / what.lstrip("/") if what.startswith("/") else page.parent / what)
        else:
            both = self._asset(what, given) or self._rendered(what, given, shown_as, page)
        for shown in both.both:
            for file in shown.files.values():
                self.needs(file)
        return both

    def _asset(self, what: str, given: Mapping[str, str]) -> Pair | None:
        """What ``layeranim build`` made, or makes now; nothing for what is no asset but an explainer.

        A manifest with a mistake has no assets to look among: then an explainer of that name might be another film.
        """
        if self.manifest is None:
            return None
        self.needs(self.manifest)
        self.needs(finding.lock_of(self.manifest))
        plan = self.loaded[0] if self.loaded else load(self.manifest)[0]
        self.loaded[:] = [plan]
        try:
            chosen = plan.chosen((what,))
        except ManifestError:
            if not catalog.has_film(what):
                raise
            return None
        if given:
            option = next(iter(given))
            raise OptionError(f"{what} is an asset of {self.manifest.name}, where the option {option} belongs")
        films = [plan.root / files_of(entry)[0] for entry in chosen]
        if self.when == "always" or (self.when == "missing" and not all(file.is_file() for file in films)):
            build(self.manifest, what)
        return pair(*asset(plan, what))

    def _rendered(self, what: str, given: Mapping[str, str], shown_as: str, page: Path) -> Pair:
        """The film of an explainer, for each ground, under a name that its options decide."""
        called, _ = catalog.named(what)
        grounds = [given["theme"]] if "theme" in given else [self._theme(one) for one in self.themes]
        made = []
        for ground in grounds:
            options = {**{key: value if value else "true" for key, value in given.items()}, "theme": ground}
            work = preparing.prepare(called, options, base=page.parent)
            for file in work.files.values():
                self.needs(page.parent / file)
            name = f"{called}-{work.key()}-{shown_as}"
            outputs = [self.folder / f"{name}.{fmt}" for fmt in SHOWN_AS[shown_as]]
            there = all(file.is_file() for file in (*outputs, outputs[0].with_suffix(".json")))
            if self.when == "never" and not there:
                raise OptionError(f"{what} is not rendered yet, and {self.word} is never")
            if self.when == "always" or not there:
                try:
                    self.folder.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise OptionError(f"films cannot be kept in {self.folder}: {error.strerror}") from None
                work.film_to([str(file) for file in outputs], None)
            made.append(outputs[0])
        return pair(*made)

    def _theme(self, word: str) -> str:
        """A theme of the site's settings, whose file lies beside them."""
        return str((self.settings / word).absolute()) if word.endswith(".toml") else word


def asset(plan: Manifest, what: str) -> tuple[Path, Path | None]:
    """The first film of an asset, and the one of its themes that is for pages of the other ground.

    Raises ``InputError`` where it is not built.
    """
    first = plan.chosen((what,))[0]
    alike = [one for one in plan.entries if (one.asset, one.options) == (first.asset, first.options)]
    places = {one.name: plan.root / files_of(one)[0] for one in alike}
    lost = [name for name, place in places.items() if not place.is_file()]
    if lost:
        raise InputError(f"{', '.join(lost)} of {plan.path.name} is not built yet; layeranim build {what} makes it")
    film = places[first.name]
    others = (place for name, place in places.items() if of(place).theme != of(film).theme)
    return film, next(others, None)


def one_of(name: str, value: Any, known: tuple[str, ...]) -> str:
    """A word of a few. Raises ``OptionError``."""
    if value not in known:
        near = suggestion(value, known) if isinstance(value, str) else ""
        raise OptionError(f"{name} is {value!r}{near}; it must be one of {', '.join(known)}")
    return str(value)


def width_of(text: str | None) -> int:
    """Pixels of a page. Raises ``OptionError``."""
    digits = (text or str(WIDTH)).strip().removesuffix("px")
    if not digits.isdigit() or not 16 <= int(digits) <= 8192:
        raise OptionError(f"width is {text!r}, but must be 16 to 8192 pixels")
    return int(digits)
