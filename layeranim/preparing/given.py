"""What a user gave, sorted: options of the layer and of the film, where arrays come from, how far a trace goes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layeranim.engine.option import Config, Flag, Integer, Kind, Layer, PerAxis, Text, option, suggest
from layeranim.engine.option import given as said
from layeranim.errors import OptionError
from layeranim.stories.options import Bytes, FilmOptions


@dataclass(frozen=True)
class StateDict(Kind):
    """A file or a mapping; what is in it is read with the arrays."""

    metavar: str = "FILE"

    def check(self, name: str, value: Any) -> Any:
        if value is None or isinstance(value, (str, os.PathLike, Mapping)):
            return value
        raise OptionError(f"{name} is {said(value)}, but must be a file or a mapping of names to arrays")


@dataclass(frozen=True, kw_only=True)
class InputOptions(Config):
    """Where the arrays come from, besides each array's own option."""

    example: str | None = option(Text(), None, "a ready example, with its source")
    seed: int = option(Integer(0), 0, "seed of every number that is drawn at random")
    gray: bool = option(Flag(), False, "read the input picture as grey values", aliases=("grey",))
    resize: tuple[int, int] | None = option(PerAxis(optional=True), None, "scale the input picture to height x width")
    max_input: int = option(Bytes(), "256MiB", "how much memory an array may take")
    weights: Any = option(  # noqa: RUF009
        StateDict(), None, "all weights: a state_dict as .npz or .safetensors, a prefix after a colon"
    )


@dataclass(frozen=True, kw_only=True)
class PassOptions(Config):
    """How far a trace goes."""

    backward: bool = option(Flag(), False, "go back too: every gradient, from that of the output (1 unless given)")


def sorted_out(
    layer: Layer, given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any], FilmOptions, InputOptions, dict[str, Any] | None]:
    """Options of the layer, its arrays, options of the film, where arrays come from, gradients to go back from."""
    layer_names = {alias: o.name for o in layer.config.options() for alias in (o.name, *o.aliases)}
    array_names = {alias: spec.name for spec in layer.arrays for alias in (spec.name, spec.name.replace(".", "_"))}
    film_names = {o.name for o in FilmOptions.options()}
    input_names = {alias for o in InputOptions.options() for alias in (o.name, *o.aliases)}
    options: dict[str, Any] = {}
    arrays: dict[str, Any] = {}
    film: dict[str, Any] = {}
    ours: dict[str, Any] = {}
    passes: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    for key, value in given.items():
        word = key.replace("-", "_")
        if value is None:
            continue
        plain = word.removesuffix("_values")
        if plain in array_names and (word != plain or plain not in layer_names or not isinstance(value, (bool, str))):
            arrays[array_names[plain]] = value
        elif word in layer_names:
            options[layer_names[word]] = value
        elif word in film_names:
            film[word] = value
        elif word in input_names:
            ours[word] = value
        elif word == "backward":
            passes[word] = value
        elif word.startswith("grad_"):
            gradients[word.removeprefix("grad_")] = value
        else:
            known = {*layer_names, *array_names, *film_names, *input_names, "backward", "grad_output"}
            raise OptionError(f"unknown option {key}{suggest(word, known)} of {layer.name}")
    back = way_back(layer, gradients, bool(PassOptions.of(passes).backward))  # type: ignore[attr-defined]
    return options, arrays, FilmOptions.of(film), InputOptions.of(ours), back  # type: ignore[return-value]


def way_back(layer: Layer, gradients: dict[str, Any], backward: bool) -> dict[str, Any] | None:
    """The gradients to go back from, or nothing where the way ends with the output."""
    if gradients and not backward:
        raise OptionError(f"grad_{next(iter(gradients))} was given, but is for the way back; add backward")
    if backward and layer.backward is None:
        why = "its own trace goes back already" if layer.arrays else "it takes no array"
        raise OptionError(f"{layer.name} has no backward pass: {why}")
    return gradients if backward else None
