"""Films of a captured model in a file, as a manifest names them: the file is read, nothing is computed yet."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from layeranim import catalog, inputs
from layeranim.capturing import Capture, file
from layeranim.capturing.network import places
from layeranim.engine import memory
from layeranim.engine.option import Words
from layeranim.engine.trace import Trace
from layeranim.errors import OptionError
from layeranim.film.provenance import MadeFrom
from layeranim.preparing import network
from layeranim.preparing.given import allowed
from layeranim.preparing.traced import film_of, of_call, worded
from layeranim.preparing.work import Work, coloured, lettered
from layeranim.records import dataclass
from layeranim.stories.networks.captured_options import GraphFilmConfig
from layeranim.stories.options import FilmOptions

SUFFIXES = (".npz",)
HOW = "write one with layeranim capture FILE.py:NAME -o run.npz"


@dataclass(frozen=True, eq=False)
class ModelWork(Work):
    """A film of a captured model, or of one ``call`` of it; ``digest`` is that of the file ``source``."""

    model: Capture | None = None
    call: str | None = None
    source: str = ""
    digest: str = ""
    words: Mapping[str, Any] = field(default_factory=dict)

    def trace(self) -> Trace:
        assert self.model is not None
        with memory.budget(self.memory):
            if self.call is None:
                return network.trace(self.model, self.film, self.config.opened)  # type: ignore[attr-defined]
            made, _ = worded(self.layer, of_call(self.model, self.call, {})[0], self.words)
            return made

    def origin(self) -> MadeFrom:
        return replace(super().origin(), options=self.options(), inputs={"model": {
            "name": self.source, "kind": "capture", "sha256": self.digest}})  # fmt: skip

    def options(self) -> dict[str, str]:
        """The options that the film was asked for with; what the model computes stands in its file."""
        shown = {name: text for name, text in self.config.shown().items() if name != "calls"}
        return shown | ({"layer": self.call} if self.call else {})

    def read_from(self) -> dict[str, str]:
        return {"model": f"{self.source} (capture) {self.digest}"}


def of_file(given: Mapping[str, Any], base: inputs.Base = None) -> ModelWork:
    """What decides the film of ``given["model"]``, or of its call ``given["layer"]``.

    Raises ``InputError`` for a file that is no capture, ``OptionError`` for a call that there is not.
    """
    options = {key.replace("-", "_"): value for key, value in given.items()}
    path, layer, most = str(options.pop("model")), options.pop("layer", None), allowed(options)
    options = {key: value for key, value in options.items() if key not in ("max_memory", "max_input")}
    request = inputs.Request("model", path, inputs.Limits.within(most))
    with memory.budget(most), inputs.discreet("model", path, base):
        with inputs.opened(path, request, base, SUFFIXES, HOW) as (name, stream, size):
            request.check_size("the file", size, request.limits.size)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]
            stream.seek(0)
            model = file.load(stream)
        made = _of_layer(model, layer, options) if layer else _of_model(model, options)
    film, font = lettered(coloured(made.film, base, most), base, most)
    files = inputs.files([path, film.font, film.theme], base)
    return replace(made, film=film, font=font, files=files, memory=most, source=name, digest=digest)


def _of_model(model: Capture, options: Mapping[str, Any]) -> ModelWork:
    config: Any = GraphFilmConfig(opened=options.get("opened"))
    places(list(model.layers), config.opened or ())  # refuses what there is not
    film = network.film_options(model, options)
    return ModelWork("network", catalog.layer("network"), config, film, {}, None, (), 0, model=model)


def _of_layer(model: Capture, name: str, options: Mapping[str, Any]) -> ModelWork:
    call = model[name]
    if call.layer is None:
        raise OptionError(f"{call.name} is {call.kind}, which has its numbers here but no layer: {call.why}")
    if options.get("opened"):
        raise OptionError("opened is for the film of all of a model; leave it out, or leave out layer")
    film = film_of(call.layer, call.name)
    layer = catalog.layer(film)
    known = {item.name for item in layer.config.options() if isinstance(item.kind, Words)}
    words = {key: value for key, value in options.items() if key in known}
    config = layer.config.of({**call.options, **words})
    looks: Any = FilmOptions.of(
        {"title": network.titled(call.name), **{k: v for k, v in options.items() if k not in words}}
    )
    return ModelWork(film, layer, config, looks, {}, None, (), 0, model=model, call=call.name, words=words)
