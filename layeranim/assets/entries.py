"""One ``[[asset]]``: its keys and values checked one by one, then spread out over ``matrix`` and ``themes``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import field
from itertools import product
from pathlib import PurePosixPath
from typing import Any

from layeranim import catalog, preparing
from layeranim.assets import names
from layeranim.engine import synonyms
from layeranim.engine.option import Choice, Kind, Layer, given, suggest
from layeranim.errors import LayeranimError, OptionError
from layeranim.film.writers import EVERY
from layeranim.inputs import printable
from layeranim.inputs.request import number_text
from layeranim.preparing.model_options import MODEL_OPTIONS
from layeranim.records import dataclass
from layeranim.stories.options import THEMES, FilmOptions

OWN = ("id", "explainer", "formats", "themes", "matrix", "alt")
VERSION = 1
THEME_FILE = r".+\.toml"
"""What else may stand among ``themes``."""
MADE = tuple(name for name in EVERY if name != "png-sequence")
ELSEWHERE = {"format": "formats", "output": "formats", "theme": "themes"}
MOST_CASES = 200
"""Films of one matrix."""
LONGEST_ALT = 2000
BESIDE = re.compile(r"(?:id|formats|themes|alt|captions)\b")
"""How a problem begins that no option of a film has a part in."""


@dataclass(frozen=True)
class Given:
    """What the top of a manifest gives every asset."""

    formats: Any
    themes: Any
    defaults: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One film to make. ``options`` are what ``preparing.prepare`` takes, all of them plain values."""

    name: str
    asset: str
    place: str
    explainer: str
    options: Mapping[str, Any]
    theme: str
    formats: tuple[str, ...]
    alt: str | None = None
    captions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class KnownEntry:
    """Every key that an asset of a layer may have; ``kinds`` leads from each spelling to the option."""

    kinds: Mapping[str, tuple[str, Kind]]
    arrays: frozenset[str]

    def canonical(self, key: str, value: Any) -> tuple[str, Kind | None] | None:
        """The option that ``key`` names, ``None`` if there is none; an array's has no kind."""
        word = key.replace("-", "_")
        plain = word.removesuffix("_values")
        # `bias = true` is the option, `bias = [1, 2]` the array: as `preparing.prepare` sorts them.
        if plain in self.arrays and (word != plain or plain not in self.kinds or not isinstance(value, (bool, str))):
            return (word if plain in self.kinds else plain), None
        return self.kinds.get(word)

    @property
    def words(self) -> list[str]:
        return sorted({*self.kinds, *self.arrays})


def known(layer: Layer | None) -> KnownEntry:
    """The keys of one layer's assets; without a layer those that suit all, as ``[defaults]`` takes them."""
    options = [*FilmOptions.options(), *preparing.InputOptions.options(), *(layer.config.options() if layer else ())]
    gradients = way_back(layer) if layer else ()
    options += preparing.PassOptions.options() if gradients else ()
    kinds = {
        alias: (item.name, item.kind) for item in options for alias in item.spellings if layer or item.name != "example"
    }
    kinds.pop("theme")
    return KnownEntry(kinds, frozenset((*(spec.name for spec in layer.arrays), *gradients) if layer else ()))


def known_of_model() -> KnownEntry:
    """The keys of a captured model's asset: the model, one of its calls, how the film looks, words for its rows."""
    kinds = {alias: (item.name, item.kind) for item in MODEL_OPTIONS for alias in item.spellings}
    return KnownEntry(kinds, frozenset())


def of_model(item: Mapping[str, Any]) -> bool:
    """Whether an asset is of a captured model."""
    return "model" in item and item.get("explainer") is None


def way_back(layer: Layer) -> tuple[str, ...]:
    """The gradients that a film of a layer's way back starts from, where there is such a film."""
    films = (catalog.EXPLAINERS[name] for name in catalog.EXPLAINERS if catalog.layer(name) is layer)
    return tuple(f"grad_{name}" for name in layer.starts) if any(film.back for film in films) else ()


def defaults_problems(shared: Given) -> list[str]:
    """The values of ``[defaults]`` that their options refuse."""
    return _options(shared.defaults, known(None), "defaults: ")[1]


def spread(item: Mapping[str, Any], shared: Given, place: str, told: list[str]) -> tuple[list[Entry], list[str]]:
    """The films of one asset, and all that is wrong with it; a part that is wrong is left out of the films.

    Where only names, formats or words are wrong there are films all the same, so that what else is wrong with them,
    such as an input that is not there, comes up in the same go. ``told``: what its schema says of it, by which unknown
    keys and other shapes are known already.
    """
    wrong = list(told)
    wrong += [problem for problem in [names.problem(item["id"])] if problem] if isinstance(item.get("id"), str) else []
    has, explainer, problem = _known(item)
    wrong += [problem] if problem and item else []
    if has is None:
        return [], wrong
    captions = item["captions"] if isinstance(item.get("captions"), dict) else {}
    left_out = {*OWN, *(["captions"] if captions else [])}  # `captions = false` is the option
    options, more = _options({k: v for k, v in item.items() if k not in left_out}, has)
    defaults, _ = _options(shared.defaults, known(None))
    cases, wrong_cases = _cases(item.get("matrix", {}), has, options)
    wrong += [*more, *wrong_cases]
    if isinstance(item.get("alt"), str) and not item["alt"].strip() and item["alt"]:
        wrong.append(f"alt is {given(item['alt'])}, but must say what the film shows")
    if not all(map(BESIDE.match, wrong)):
        return [], wrong
    formats = _sound(item.get("formats", shared.formats), MADE)
    themes = _sound(item.get("themes", shared.themes), THEMES, re.compile(THEME_FILE))
    id, alt = item.get("id"), item.get("alt")
    known_id = isinstance(id, str) and not names.problem(id)
    asset = str(id) if known_id else "film"
    found = []
    for name, case in cases:
        for theme in themes:
            full = asset + name + (f"-{PurePosixPath(theme).stem}" if len(themes) > 1 else "")
            if problem := names.problem(full):
                return [], [*wrong, f"matrix: {problem}; write the cases as assets of their own"]
            merged = {**{k: v for k, v in defaults.items() if k in has.words}, **options, **case}
            words = (alt, captions) if not wrong else (None, {})
            found.append(Entry(full, asset, place, explainer, merged, theme, formats, *words))
    return found, wrong


def _known(item: Mapping[str, Any]) -> tuple[KnownEntry | None, str, str | None]:
    """The keys that an asset may have, its explainer, and what is wrong with that."""
    if of_model(item):
        return known_of_model(), next(iter(catalog.CAPTURED)), None
    if "model" in item:
        return (
            None,
            "",
            "explainer and model are both given; the film of a captured model has no explainer, so keep one",
        )
    layer, problem = _layer(item.get("explainer"))
    return (known(layer) if layer else None), str(item.get("explainer")), problem


def _layer(name: Any) -> tuple[Layer | None, str | None]:
    if name is None:
        return None, (f"explainer is missing; it is one of {', '.join(catalog.explainers())}; "
                      'or give model = "run.npz", a captured model')  # fmt: skip
    if not isinstance(name, str):
        return None, f"explainer is {given(name)}, but must be text"
    if name in catalog.CAPTURED:
        return None, f'explainer {name} is the film of a captured model; write model = "run.npz" instead'
    try:
        catalog.explainer(name)
        return catalog.layer(name), None
    except OptionError as error:
        return None, f"explainer: {error}"


def _options(items: Mapping[str, Any], has: KnownEntry, where: str = "") -> tuple[dict[str, Any], list[str]]:
    """Options by their own names, and what is wrong with them."""
    found: dict[str, Any] = {}
    wrong = []
    for key, value in items.items():
        option = has.canonical(key, value)
        if option is None:  # its schema says so
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


def in_our_words(item: Mapping[str, Any]) -> dict[str, Any]:
    """An asset with everything under our names that the field calls otherwise; what is none stays, to be refused."""
    called = item.get("explainer")
    try:
        name, implied = catalog.named(called if isinstance(called, str) else "")
    except OptionError:
        return dict(item)
    if not catalog.has_film(name) or any(item.get(key, value) != value for key, value in implied.items()):
        return dict(item)
    has = known(catalog.layer(name))
    own = {_word(key, has): value for key, value in item.items()}
    if len(own) < len(item):  # one option under two spellings: told of with the words as they are
        return dict(item)
    return {**implied, **{key: _meant(key, value, has) for key, value in own.items()}, "explainer": name}


def _word(key: str, has: KnownEntry) -> str:
    if key in OWN or key.replace("-", "_") in ELSEWHERE or has.canonical(key, None):
        return key
    return synonyms.option(key, has.words) or key


def _meant(key: str, value: Any, has: KnownEntry) -> Any:
    """A value of a closed set by our name for it; a matrix's one by one."""
    if key == "matrix" and isinstance(value, dict):
        columns = {_word(k, has): v for k, v in value.items()}
        return {k: [_meant(k, one, has) for one in v] if isinstance(v, list) else v for k, v in columns.items()}
    option = None if key in OWN else has.canonical(key, value)
    if option and isinstance(option[1], Choice) and isinstance(value, str):
        return synonyms.value(value, option[1].names) or value
    return value


def unknown(key: str, has: KnownEntry) -> str:
    """What to say of a key that there is not."""
    word = key.replace("-", "_")
    if word in ELSEWHERE:
        return f"{key} belongs to render; a manifest has {ELSEWHERE[word]}, a list"
    if not has.arrays and word in OWN:
        return f"{key} is an asset's own; write it under [[asset]]"
    shown = word.replace("_", "-")
    if says := synonyms.answer(word, has.words):
        return says
    near = suggest(shown, [one.replace("_", "-") for one in (*has.words, *OWN)])
    return f"unknown option {printable(key)}{near or '; layeranim list NAME shows the options'}"


def _cases(
    matrix: Any, has: KnownEntry, options: Mapping[str, Any]
) -> tuple[list[tuple[str, dict[str, Any]]], list[str]]:
    """Every combination of a matrix with what it adds to the name; one, without a name, where there is no matrix."""
    if not isinstance(matrix, dict) or not all(isinstance(v, list) and v for v in matrix.values()):
        return [], []  # its schema says so
    size = math.prod(map(len, matrix.values()))
    if size > MOST_CASES:
        return [], [f"matrix makes {number_text(size)} films, but at most {MOST_CASES} are made of one asset"]
    wrong: list[str] = []
    columns: list[list[tuple[str, str, Any]]] = []
    for key, values in matrix.items():
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
    cases = [
        ("".join(f"-{text}" for text, _, _ in row), {name: value for _, name, value in row})
        for row in product(*columns)
    ]
    return cases, wrong


def _sound(given_words: Any, closed: tuple[str, ...], open_: re.Pattern[str] | None = None) -> tuple[str, ...]:
    """The words that there are, or that are of a form; the first of all where none is."""
    words = [word for word in given_words if isinstance(word, str)] if isinstance(given_words, (list, tuple)) else []
    sound = [word for word in words if word in closed or (open_ and open_.fullmatch(word))]
    return tuple(dict.fromkeys(sound)) or closed[:1]
