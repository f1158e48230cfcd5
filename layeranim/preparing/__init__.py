"""What a user gave, resolved: options → Config → arrays → Work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO

from layeranim import catalog, inputs
from layeranim.engine import memory
from layeranim.engine.option import Config, suggest
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.preparing import layouts
from layeranim.preparing.arrays import Reader, filled
from layeranim.preparing.given import InputOptions, PassOptions, allowed, sorted_out, with_implied
from layeranim.preparing.work import Work, coloured, computed, lettered
from layeranim.stories.options import FilmOptions
from layeranim.stories.preset import Preset

__all__ = ["InputOptions", "PassOptions", "Reader", "Work", "coloured", "prepare", "with_state"]

SEEDED = (Preset("seeded", "small seeded numbers", "ours"),)
"""Stands in for the examples of a layer that has none: its arrays are drawn."""


def prepare(name: str, given: Mapping[str, Any], *, stdin: BinaryIO | None = None, base: inputs.Base = None) -> Work:
    """Resolve names and values, as they come from a command line, a manifest or keywords, into ``Work``.

    Raises ``UsageError`` for whatever cannot be resolved; nothing is computed yet.
    """
    with memory.budget(allowed(given)):
        return _prepared(name, given, stdin, base)


def _prepared(name: str, given: Mapping[str, Any], stdin: BinaryIO | None, base: inputs.Base) -> Work:
    called, (name, implied) = name, catalog.named(name)
    layer = catalog.layer(name)
    presets = catalog.presets(name) or SEEDED
    options, arrays, film, ours, gradients = sorted_out(layer, given)
    options = with_implied(layer, called, implied, options)
    named = [*arrays.values(), *(gradients or {}).values(), ours.weights, film.font, film.theme]
    files = inputs.files(named, base, stdin)
    film, font = lettered(coloured(film, base, ours.max_memory), base, ours.max_memory)
    seed, example = ours.seed, ours.example
    preset = next((p for p in presets if p.name == (example or presets[0].name)), None)
    if preset is None:
        known = [p.name for p in presets]
        raise OptionError(f"unknown example {example!r}{suggest(example, known)}; {name} has {', '.join(known)}")
    if (ours.gray or ours.resize) and not example and layer.arrays[:1] and layer.arrays[0].name not in arrays:
        raise OptionError(f"gray and resize are for a picture; give one as {layer.arrays[0].name}, such as photo")
    reader = Reader(layer, ours, stdin, base, back=gradients is not None)
    wanted = Config.of.__func__(layer.config, options)  # type: ignore[attr-defined]
    sources = {n: reader.read(n, spec, wanted) for n, spec in arrays.items()}
    given_names = frozenset((*options, *arrays))
    if ours.weights is not None:
        options, unpacked = reader.unpacked(wanted, options, sources)
        sources = {**unpacked, **sources}
    else:
        options = reader.meant(options)
    wanted = Config.of.__func__(layer.config, options)  # type: ignore[attr-defined]
    given_as, sources = sources, layouts.settled(layer, wanted, sources, arrays, ours.layout or ())
    told = tuple(layouts.notes(layer, wanted, given_as, sources)) if ours.layout is None else ()
    told += tuple(f"{n}: {line}" for n, source in given_as.items() for line in source.said)
    config, every, used, seeded = filled(layer, preset, options, sources, reader, explicit=bool(example))
    labels = preset.labels if used and preset.labels and not seeded else {}
    back = None if gradients is None else {n: reader.read(f"grad_{n}", spec, config) for n, spec in gradients.items()}
    asked, whole = preset if example else None, preset if used else None
    return Work(
        name, layer, config, film, every, whole, seeded, seed, labels,
        gradients=back, font=font, asked=asked, given=given_names, notes=told, memory=ours.max_memory, files=files,
    )  # fmt: skip


def with_state(name: str, state: Mapping[str, Any], given: Mapping[str, Any]) -> Trace:
    """The trace of a layer with weights by PyTorch's names; nothing else than what is given is filled in.

    Raises ``UsageError`` for what cannot be resolved, and for options of a film.
    """
    called, (name, implied) = name, catalog.named(name)
    layer = catalog.layer(name)
    options, arrays, film, ours, gradients = sorted_out(layer, {**given, "weights": state})
    other = next((key for key, text in film.shown().items() if text != FilmOptions().shown().get(key)), None)
    if other or ours.example:
        raise OptionError(f"{other or 'example'} was given, but from_state takes the options of {name} and its arrays")
    options, reader = with_implied(layer, called, implied, options), Reader(layer, ours, None, None)
    wanted: Any = layer.config.of(options)
    sources = {n: reader.read(n, spec, wanted) for n, spec in arrays.items()}
    options, unpacked = reader.unpacked(wanted, options, sources)
    config = layer.config.of(options)
    sources = layouts.settled(layer, config, {**unpacked, **sources}, arrays, ours.layout or ())
    made = computed(layer, config, sources)
    if gradients is None:
        return made
    starts = {n: reader.read(f"grad_{n}", spec, config).array for n, spec in gradients.items()}
    return layer.backward(made, starts)  # type: ignore[misc]
