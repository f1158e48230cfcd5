"""Films of what is computed already: a trace, or one call of a captured model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from layeranim import catalog, inputs
from layeranim.capturing import Capture
from layeranim.engine import memory
from layeranim.engine.option import Layer, Words
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.preparing import network
from layeranim.preparing.work import Work, coloured, lettered
from layeranim.stories.options import FilmOptions


def of_call(captured: Any, layer: str, options: Mapping[str, Any]) -> tuple[Trace, dict[str, Any]]:
    """The trace of one call of a captured model, and the options with its name as the film's title.

    Raises ``OptionError`` for what is no capture, a call that there is not, and one without a trace.
    """
    call = _checked(captured)[layer]
    return call.trace(), {"title": network.titled(call.name), **options}


def of_capture(
    captured: Any, layer: str | None, options: Mapping[str, Any], files: Mapping[inputs.Identity, str] | None = None
) -> Work:
    """What decides the film of one ``layer`` of a captured model, or without one of all of it."""
    if layer is not None:
        made, told = of_call(captured, layer, options)
        film_of(made.layer, layer)
        return of_trace(made, told, files)
    model = _checked(captured)
    film, font = lettered(coloured(network.film_options(model, options), None, memory.USUAL), None, memory.USUAL)
    made = network.trace(model, film, options.get("opened"))
    layer_ = catalog.layer(made.layer)
    return Work(made.layer, layer_, made.config, film, {}, None, (), 0, {}, made, font=font, files=files or {})


def _checked(captured: Any) -> Capture:
    if isinstance(captured, Capture):
        return captured
    kind = type(captured).__name__
    raise OptionError(f"a film is of an explainer's name, a trace or a capture, but this is {kind}")


def of_trace(made: Trace, options: Mapping[str, Any], files: Mapping[inputs.Identity, str] | None = None) -> Work:
    """What decides the film of a trace; ``files`` are those that it was read from. Raises ``UsageError``."""
    name = film_of(made.layer)
    layer = catalog.layer(name)
    made, options = worded(layer, made, options)
    film, font = lettered(coloured(FilmOptions.of(options), None, memory.USUAL), None, memory.USUAL)  # type: ignore[arg-type]
    return Work(name, layer, made.config, film, {}, None, (), 0, {}, made, font=font, files=files or {})


def film_of(layer: str, call: str | None = None) -> str:
    """The explainer that shows a layer, that of a ``call`` of a model. Raises ``OptionError`` where there is none."""
    name = next((n for n in (*catalog.explainers(), *catalog.CAPTURED) if catalog.layer(n).name == layer), None)
    if name is None and call is not None:
        raise OptionError(
            f"{call} is {layer}, which has numbers but no film of its own yet; opened={call!r} opens it in the film of "
            "the whole model"
        )
    if name is None:
        raise OptionError(
            f"a trace of {layer} has numbers but no film yet; there are {', '.join(catalog.explainers())}"
        )
    return name


def worded(layer: Layer, made: Trace, options: Mapping[str, Any]) -> tuple[Trace, dict[str, Any]]:
    """A trace with the words that its rows stand for, which a live module does not know, and the other options."""
    known = {item.name for item in layer.config.options() if isinstance(item.kind, Words)}
    words = {key: value for key, value in options.items() if key in known}
    if not words:
        return made, dict(options)
    config = made.config.replace(**words)
    given = {name: t.shape for name, t in made.tensors.items() if t.role in ("input", "weight") and not t.is_recipe}
    layer.complete(config, given)  # refuses other numbers of words
    return replace(made, config=config), {key: value for key, value in options.items() if key not in words}


def numbers(made: Trace, options: Mapping[str, Any], files: Mapping[inputs.Identity, str]) -> Work:
    """A trace alone, of a layer with or without a film; of the options of a film the precision counts."""
    layer = catalog.layer(made.layer)
    film: Any = FilmOptions.of(options)
    return Work(made.layer, layer, made.config, film, {}, None, (), 0, {}, made, files=files)
