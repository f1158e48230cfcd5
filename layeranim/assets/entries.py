"""One ``[[asset]]``: its keys and values checked one by one, then spread out over ``matrix`` and ``themes``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from layeranim import api, catalog
from layeranim.assets import names
from layeranim.engine.option import Kind, Layer, given, suggest
from layeranim.errors import LayeranimError, OptionError
from layeranim.film.writers import FORMATS
from layeranim.inputs import printable
from layeranim.stories.options import FilmOptions

OWN = ("id", "explainer", "formats", "themes", "matrix", "alt")
THEMES = ("light", "dark")
MADE = (*(name for name in FORMATS if name != "png-sequence"), "png")
ELSEWHERE = {"format": "formats", "output": "formats", "theme": "themes"}
MOST_CASES = 200
"""Films of one matrix."""
LONGEST_ALT = 2000


@dataclass(frozen=True)
class Given:
    """What the top of a manifest gives every asset."""

    formats: Any
    themes: Any
    defaults: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One film to make. ``options`` are what ``api.prepare`` takes, all of them plain values."""

    name: str
    asset: str
    place: str
    explainer: str
    options: Mapping[str, Any]
    theme: str
    formats: tuple[str, ...]
    alt: str | None = None


@dataclass(frozen=True)
class Known:
    """Every key that an asset of a layer may have; ``kinds`` leads from each spelling to the option."""

    kinds: Mapping[str, tuple[str, Kind]]
    arrays: frozenset[str]

    def canonical(self, key: str, value: Any) -> tuple[str, Kind | None] | None:
        """The option that ``key`` names, ``None`` if there is none; an array's has no kind."""
        word = key.replace("-", "_")
        plain = word.removesuffix("_values")
        # `bias = true` is the option, `bias = [1, 2]` the array: as `api.prepare` sorts them.
        if plain in self.arrays and (word != plain or plain not in self.kinds or not isinstance(value, (bool, str))):
            return (word if plain in self.kinds else plain), None
        return self.kinds.get(word)

    @property
    def words(self) -> list[str]:
        return sorted({*self.kinds, *self.arrays})


def known(layer: Layer | None) -> Known:
    """The keys of one layer's assets; without a layer those that suit all, as ``[defaults]`` takes them."""
    options = [*FilmOptions.options(), *api.InputOptions.options(), *(layer.config.options() if layer else ())]
    kinds = {
        alias: (item.name, item.kind)
        for item in options
        for alias in (item.name, *item.aliases)
        if layer or item.name != "example"
    }
    kinds.pop("theme")
    return Known(kinds, frozenset(spec.name for spec in layer.arrays) if layer else frozenset())


def shared_problems(shared: Given) -> Iterator[str]:
    """What is wrong with formats, themes and ``[defaults]``."""
    yield from _closed("formats", shared.formats, MADE)
    if shared.themes is not None:
        yield from _closed("themes", shared.themes, THEMES)
    _, wrong = _options(shared.defaults, known(None), "defaults: ")
    yield from wrong


def spread(item: Mapping[str, Any], place: str, shared: Given) -> tuple[list[Entry], list[str]]:
    """The films of one asset, and all that is wrong with it; a part that is wrong is left out of the films."""
    wrong = [p for p in [names.problem(item.get("id", ""))] if p]
    layer, problem = _layer(item.get("explainer"))
    wrong += [problem] if problem else []
    if layer is None:
        return [], wrong
    has = known(layer)
    options, more = _options({k: v for k, v in item.items() if k not in OWN}, has)
    defaults, _ = _options(shared.defaults, known(None))
    cases, wrong_cases = _cases(item.get("matrix", {}), has, options)
    alt = item.get("alt")
    wrong += [*more, *wrong_cases, *_closed("formats", item.get("formats", []), MADE, "formats" not in item)]
    if "themes" in item:
        wrong += _closed("themes", item["themes"], THEMES)
    if alt is not None and not (isinstance(alt, str) and 0 < len(alt.strip()) <= LONGEST_ALT):
        wrong.append(f"alt is {given(alt)}, but must be text of at most {LONGEST_ALT} letters")
    if wrong:
        return [], wrong
    formats = tuple(dict.fromkeys(item.get("formats", shared.formats)))
    themes = tuple(dict.fromkeys(item.get("themes", shared.themes) or THEMES[:1]))
    if not _sound(formats, MADE) or not _sound(themes, THEMES):
        return [], []  # told of the top of the manifest already
    found = []
    for name, case in cases:
        for theme in themes:
            full = item["id"] + name + (f"-{theme}" if len(themes) > 1 else "")
            if problem := names.problem(full):
                return [], [f"matrix: {problem}; write the cases as assets of their own"]
            merged = {**defaults, **options, **case}
            found.append(Entry(full, item["id"], place, item["explainer"], merged, theme, formats, alt))
    return found, []


def _layer(name: Any) -> tuple[Layer | None, str | None]:
    if name is None:
        return None, f"explainer is missing; it is one of {', '.join(catalog.explainers())}"
    if not isinstance(name, str):
        return None, f"explainer is {given(name)}, but must be text"
    try:
        catalog.explainer(name)
        return catalog.layer(name), None
    except OptionError as error:
        return None, f"explainer: {error}"


def _options(items: Mapping[str, Any], has: Known, where: str = "") -> tuple[dict[str, Any], list[str]]:
    """Options by their own names, and what is wrong with them."""
    found: dict[str, Any] = {}
    wrong = []
    for key, value in items.items():
        option = has.canonical(key, value)
        if option is None:
            wrong.append(where + _unknown(key, has))
            continue
        name, kind = option
        if name in found:
            wrong.append(f"{where}{key}: {name} stands twice, under two spellings; keep one")
        try:
            if kind is not None:
                kind.check(key, value)
            elif value == "-" or (isinstance(value, str) and value.startswith("-:")):
                raise OptionError(f"{key} is '-', but a manifest has no standard input; name a file")
            found[name] = value
        except LayeranimError as error:
            wrong.append(where + str(error))
    return found, wrong


def _unknown(key: str, has: Known) -> str:
    word = key.replace("-", "_")
    if word in ELSEWHERE:
        return f"{key} belongs to render; a manifest has {ELSEWHERE[word]}, a list"
    if not has.arrays and word in OWN:
        return f"{key} is an asset's own; write it under [[asset]]"
    shown = word.replace("_", "-")
    near = suggest(shown, [one.replace("_", "-") for one in (*has.words, *OWN)])
    return f"unknown option {printable(key)}{near or '; layeranim list NAME shows the options'}"


def _cases(matrix: Any, has: Known, options: Mapping[str, Any]) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    """Every combination of a matrix with what it adds to the name; one, without a name, where there is no matrix."""
    if not isinstance(matrix, dict) or not all(isinstance(v, list) and v for v in matrix.values()):
        return [], [f"matrix is {given(matrix)}, but must be lists by option: {{ stride = [1, 2] }}"]
    wrong: list[str] = []
    columns: list[list[tuple[str, str, Any]]] = []
    size = 1
    for key, values in matrix.items():
        size *= len(values)
        column = []
        for value in values:
            found, bad = _options({key: value}, has, "matrix: ")
            wrong += [line for line in bad if line not in wrong]
            column += [(names.part(key, value), name, value) for name in found]
        columns.append(column)
    taken = [name for column in columns for _, name, _ in column[:1]]
    wrong += [
        f"matrix: {name} stands twice; keep one"
        for name in dict.fromkeys(taken)
        if name in options or taken.count(name) > 1
    ]
    if size > MOST_CASES:
        return [], [*wrong, f"matrix makes {size} films, but at most {MOST_CASES} are made of one asset"]
    cases = [
        ("".join(f"-{text}" for text, _, _ in row), {name: value for _, name, value in row})
        for row in product(*columns)
    ]
    return cases, wrong


def _sound(given_words: Any, closed: tuple[str, ...]) -> bool:
    return bool(given_words) and all(isinstance(word, str) and word in closed for word in given_words)


def _closed(key: str, value: Any, closed: tuple[str, ...], absent: bool = False) -> Iterator[str]:
    """What is wrong with a list of words from a closed set."""
    if absent:
        return
    if not isinstance(value, list) or not value:
        yield f"{key} is {given(value)}, but must be a list of {', '.join(closed)}"
        return
    for word in value:
        if word == "png-sequence":
            yield f"{key}: png-sequence is many files, which no lock can hold; layeranim render makes it"
        elif not isinstance(word, str) or word not in closed:
            yield f"{key}: {given(word)} is unknown{suggest(word, closed)}; there are {', '.join(closed)}"
