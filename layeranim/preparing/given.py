"""What a user gave, sorted: options of the layer and of the film, where arrays come from, how far a trace goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from layeranim.engine import synonyms
from layeranim.engine.conventions import NAMES
from layeranim.engine.option import Choice, Config, Flag, Integer, Kind, Layer, PerAxis, Text, option, suggest
from layeranim.engine.option import given as said
from layeranim.errors import OptionError
from layeranim.preparing.forms import Layout
from layeranim.records import dataclass
from layeranim.stories.options import Bytes, FilmOptions


@dataclass(frozen=True)
class StateDict(Kind):
    """A file or a mapping; what is in it is read with the arrays."""

    metavar: str = "FILE"

    def check(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, (str, os.PathLike, Mapping)):
            return value
        raise OptionError(f"{name} is {said(value)}, but must be a file or a mapping of names to arrays")


@dataclass(frozen=True)
class Mark(Kind):
    """The decimal mark: ``.`` or ``,``, or what they are called."""

    metavar: str = ".|,"

    def check(self, name: str, value: Any) -> Any:
        marks = {".": ".", "point": ".", ",": ",", "comma": ","}
        if value is None or (isinstance(value, str) and value.strip().lower() in marks):
            return value and marks[value.strip().lower()]
        raise OptionError(f"{name} is {said(value)}, but must be . or ,")


@dataclass(frozen=True, kw_only=True)
class InputOptions(Config):
    """Where the arrays come from, besides each array's own option."""

    example: str | None = option(Text(), None, "a ready example, with its source")
    seed: int = option(Integer(0), 0, "seed of every number that is drawn at random")
    gray: bool = option(Flag(), False, "read the input picture as grey values", aliases=("grey",))
    resize: tuple[int, int] | None = option(PerAxis(optional=True), None, "scale the input picture to height x width")
    layout: tuple[str, ...] | None = option(
        Layout(), None, "the order of the axes of arrays that are not NCHW, NTC or OIHW, several by commas"
    )
    decimal: str = option(Mark(), ".", "the decimal mark of numbers in tables and on the command line")
    max_memory: int = option(
        Bytes(), "512MiB", "how much memory may be taken, beyond the program itself and your files", old=("max_input",)
    )
    weights: Any = option(
        StateDict(), None, "all weights, from a file of PyTorch, Keras, Flax, ONNX, …, a prefix after a colon"
    )
    convention: str | None = option(
        Choice(NAMES), None, "whose names, layout and defaults are meant (default: as the file of weights says)"
    )


ALREADY = ("backprop", "cnn-backprop", "descent", "gan", "optimiser", "regularisation", "training", "vanishing")
"""Layers whose own trace goes back."""


@dataclass(frozen=True, kw_only=True)
class PassOptions(Config):
    """How far a trace goes."""

    backward: bool = option(Flag(), False, "go back too: every gradient, from that of the output (1 unless given)")


@dataclass(frozen=True)
class Names:
    """Every word that may be given of a layer; each leads to its option or array, and to where that belongs."""

    layer: Layer

    @cached_property
    def own(self) -> dict[str, str]:
        return {alias: o.name for o in self.layer.config.options() for alias in (o.name, *o.aliases)}

    @cached_property
    def arrays(self) -> dict[str, str]:
        return {alias: spec.name for spec in self.layer.arrays for alias in (spec.name, spec.name.replace(".", "_"))}

    @cached_property
    def ours(self) -> dict[str, str]:
        return {word: o.name for o in InputOptions.options() for word in o.spellings}

    @cached_property
    def every(self) -> frozenset[str]:
        film = (o.name for o in FilmOptions.options())
        return frozenset((*self.own, *self.arrays, *self.ours, *film, "backward", "grad_output"))

    def place(self, key: str, value: Any) -> tuple[str, str]:
        """Where a word belongs (``options``, ``arrays``, ``film``, ``ours``, ``passes``, ``gradients``), and its name.

        ``bias = true`` is the option, ``bias = [1, 2]`` the array. Raises ``OptionError`` for a word that is none.
        """
        word = key.replace("-", "_")
        plain = word.removesuffix("_values")
        if plain in self.arrays and (word != plain or plain not in self.own or not isinstance(value, (bool, str))):
            return "arrays", self.arrays[plain]
        if word in self.own:
            return "options", self.own[word]
        if word in {o.name for o in FilmOptions.options()}:
            return "film", word
        if word in self.ours:
            return "ours", self.ours[word]
        if word == "backward":
            return "passes", word
        if word.startswith("grad_"):
            return "gradients", word.removeprefix("grad_")
        if inner := self.layer.inner(word):
            return "arrays", inner
        if same := synonyms.option(word, self.every):
            return self.place(same, value)
        says = synonyms.answer(word, self.every) or f"unknown option {key}{suggest(word, self.every)}"
        raise OptionError(f"{says} of {self.layer.name}" if says.startswith("unknown") else says)


def allowed(given: Mapping[str, Any]) -> int:
    """How much memory may be taken, of all that was given."""
    item = next(item for item in InputOptions.options() if item.name == "max_memory")
    said = [value for key, value in given.items() if key.replace("-", "_") in item.spellings and value is not None]
    return int(item.kind.check(item.name, said[-1] if said else item.default))


def sorted_out(
    layer: Layer, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], FilmOptions, InputOptions, dict[str, Any] | None]:
    """Options of the layer, its arrays, options of the film, where arrays come from, gradients to go back from."""
    names, spelt = Names(layer), dict[tuple[str, str], str]()
    found: dict[str, dict[str, Any]] = {
        part: {} for part in ("options", "arrays", "film", "ours", "passes", "gradients")
    }
    for key, value in given.items():
        if value is None:
            continue
        part, name = names.place(key, value)
        if name in found[part]:
            raise OptionError(f"{name} was given twice, as {spelt[part, name]} and as {key}; leave out one of them")
        found[part][name], spelt[part, name] = value, key
    back = way_back(layer, found["gradients"], bool(PassOptions.of(found["passes"]).backward))  # type: ignore[attr-defined]
    film, ours = FilmOptions.of(found["film"]), InputOptions.of(found["ours"])
    return found["options"], found["arrays"], film, ours, back  # type: ignore[return-value]


def with_implied(layer: Layer, called: str, implied: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The options with those that the name a layer was called by implies: ``MaxPool2d`` is a pool with mode max."""
    asked: Any = Config.of.__func__(layer.config, {n: v for n, v in options.items() if n in implied})  # type: ignore[attr-defined]
    for name, value in implied.items():
        if name in options and getattr(asked, name) != value:
            raise OptionError(
                f"{called} is {layer.name} with {name} {said(value)}, but {name} is {said(options[name])}; "
                f"leave it out, or write {layer.name}"
            )
    return {**implied, **options}


def way_back(layer: Layer, gradients: dict[str, Any], backward: bool) -> dict[str, Any] | None:
    """The gradients to go back from, or nothing where the way ends with the output."""
    if gradients and not backward:
        raise OptionError(f"grad_{next(iter(gradients))} was given, but is for the way back; add backward")
    if backward and layer.backward is None:
        why = ": its own trace goes back already" if layer.name in ALREADY else "; leave out backward"
        raise OptionError(f"{layer.name} has no backward pass{why}")
    return gradients if backward else None
