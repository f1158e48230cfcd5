"""What a user gave, resolved: options → Config → arrays → Work."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from layeranim import catalog
from layeranim.engine.option import Config, Layer, suggest
from layeranim.errors import OptionError
from layeranim.preparing.arrays import Reader, filled
from layeranim.preparing.given import InputOptions, PassOptions, sorted_out
from layeranim.preparing.work import Work, lettered
from layeranim.stories.storyboard import Preset, Story, Storyboard, Telling

__all__ = ["InputOptions", "PassOptions", "Work", "numbers_only", "prepare"]


def prepare(name: str, given: Mapping[str, Any], *, stdin: BinaryIO | None = None, base: Path | None = None) -> Work:
    """Resolve names and values, as they come from a command line, a manifest or keywords, into ``Work``.

    Raises ``UsageError`` for whatever cannot be resolved; nothing is computed yet.
    """
    layer = catalog.layer(name)
    story = catalog.story(name) if catalog.has_film(name) else numbers_only(layer)
    options, arrays, film, ours, gradients = sorted_out(layer, story, given)
    film, font = lettered(film, base, ours.max_input)
    seed, example = ours.seed, ours.example
    preset = story.preset(example) if example else story.presets[0]
    if preset is None:
        known = [p.name for p in story.presets]
        raise OptionError(f"unknown example {example!r}{suggest(example, known)}; {name} has {', '.join(known)}")
    if (ours.gray or ours.resize) and not example and layer.arrays[0].name not in arrays:
        raise OptionError(f"gray and resize are for a picture; give one as {layer.arrays[0].name}, such as photo")
    reader = Reader(layer, ours, stdin, base)
    wanted = Config.of.__func__(layer.config, options)  # type: ignore[attr-defined]
    sources = {n: reader.read(n, spec, wanted) for n, spec in arrays.items()}
    given_names = frozenset((*options, *arrays))
    if ours.weights is not None:
        found, unpacked = reader.unpacked(wanted, options)
        options, sources = {**found, **options}, {**unpacked, **sources}
    config, every, used, seeded = filled(layer, preset, options, sources, reader, explicit=bool(example))
    labels = preset.labels if used and preset.labels and not seeded else {}
    back = None if gradients is None else {n: reader.read(f"grad_{n}", spec, config) for n, spec in gradients.items()}
    asked, whole = preset if example else None, preset if used else None
    return Work(
        name, layer, story, config, film, every, whole, seeded, seed, labels,
        gradients=back, font=font, asked=asked, given=given_names,
    )  # fmt: skip


def numbers_only(layer: Layer) -> Story:
    """Stands in for the story of a layer without a film: no preset, so its arrays are seeded."""

    def tell(telling: Telling) -> Storyboard:
        raise OptionError(f"{layer.name} has numbers but no film yet; layeranim trace {layer.name} shows them")

    return Story(layer.title, (Preset("seeded", "small seeded numbers", "ours"),), tell, "")
