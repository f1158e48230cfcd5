"""What a user wrote for arrays, read; what is left open, filled in from an example or with small seeded numbers."""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from layeranim import inputs
from layeranim.engine import memory
from layeranim.engine.conventions import implied
from layeranim.engine.door import is_bias
from layeranim.engine.option import Config, Layer
from layeranim.engine.option import given as said
from layeranim.engine.trace import Shape
from layeranim.errors import LayeranimError, OptionError, UsageError
from layeranim.preparing.given import InputOptions
from layeranim.records import dataclass
from layeranim.stories.preset import Made, Preset

KEYS = ("key_tokens", "tokens")
WORDED = {"input": ("tokens",), "embeddings": ("tokens",), "query": ("tokens",), "key": KEYS, "value": KEYS,
          "context": ("key_tokens",)}  # fmt: skip
"""The options whose words stand for an array's rows."""
RECURRENT = ("weight_input", "weight_hidden", "weight_peephole", "weight_projection", "bias_input", "bias_hidden",
             "initial_hidden", "initial_cell")  # fmt: skip
COMPARED = ("weight_query", "weight_key", "weight_value", "query", "key", "weight_score", "weight_score_query",
            "weight_score_key")  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Reads what a user wrote for an array."""

    layer: Layer
    ours: InputOptions
    stdin: BinaryIO | None
    base: inputs.Base
    back: bool = False

    @property
    def limits(self) -> inputs.Limits:
        """How large one array may be."""
        return inputs.Limits.within(self.ours.max_memory)

    def read(self, name: str, spec: Any, config: Any) -> inputs.Source:
        common: dict[str, Any] = {"what": name, "seed": self.ours.seed, "stdin": self.stdin, "base": self.base}
        common |= {"limits": self.limits, "decimal": self.ours.decimal}
        if is_bias(name) and (isinstance(spec, (int, float)) or getattr(spec, "shape", None) == ()):
            spec = spec.reshape(1) if hasattr(spec, "reshape") else [spec]  # one number for all
        if name in ("kernel", "weight"):
            named = isinstance(spec, str) and spec in inputs.KERNELS  # any other has its size, which the layer compares
            return inputs.kernel(spec, size=getattr(config, "kernel_size", None) if named else None, **common)
        if name == self.layer.arrays[0].name:
            common |= {"gray": self.ours.gray, "resize": self.ours.resize}
            return _one_row(inputs.read(spec, **common), self.layer)
        return inputs.read(spec, **common)

    def unpacked(
        self, wanted: Any, options: Mapping[str, Any], given: Container[str]
    ) -> tuple[dict[str, Any], dict[str, inputs.Source]]:
        """The options, those of the layer whose state dict was given among them, and its arrays; others are given."""
        from layeranim.inputs.states import file_of

        file = file_of(self.ours.weights)
        if file is None:
            return self._unpacked(wanted, options, given)
        with inputs.discreet("weights", file, self.base):
            found, sources = self._unpacked(wanted, options, given)
        name = inputs.printable(os.path.basename(os.fspath(self.ours.weights)), 40)
        outside = inputs.foreign(file, self.base)
        return found, {n: replace(s, name=name, kind="file", foreign=outside) for n, s in sources.items()}

    def _unpacked(
        self, wanted: Any, options: Mapping[str, Any], given: Container[str]
    ) -> tuple[dict[str, Any], dict[str, inputs.Source]]:
        from layeranim.inputs.loading import RECURRENT as RECURRENT_LAYERS
        from layeranim.inputs.loading import from_state as from_weights
        from layeranim.inputs.states import state_dict

        state = state_dict(self.ours.weights, limits=self.limits, base=self.base)
        heads = getattr(wanted, "heads", None) if "heads" in options else None
        whose = str(options.get("convention") or self.ours.convention or state.convention)
        found = from_weights(self.layer.name, state, heads, whose, state.said, masked="mask" in given)
        used = {"convention"} if self.layer.name in RECURRENT_LAYERS else set()  # the gates are in our order now
        for name, value in found.options.items():
            if name in options and name not in used and getattr(wanted, name) != value:
                raise OptionError(
                    f"{name} is {said(getattr(wanted, name))}, but weights have {said(value)}; leave it out"
                )
        usual = {name: value for name, value in found.usual.items() if name not in options}
        arrays = {name: inputs.read(array, what=name) for name, array in found.arrays.items()}
        every = {**usual, **{n: v for n, v in options.items() if n not in used}, **found.options}
        return self.meant(every, whose), arrays

    def meant(self, options: Mapping[str, Any], whose: str = "") -> dict[str, Any]:
        """The options as the library means them whose convention is asked for, or that a file says."""
        whose = whose or str(options.get("convention") or self.ours.convention or "torch")
        wanted = Config.of.__func__(self.layer.config, options)  # type: ignore[attr-defined]
        found = implied(whose, wanted)
        return {**options, **{n: v for n, v in found.items() if n == "activation" or n not in options}}

    def seeded(self, name: str, shape: Shape, config: Any) -> inputs.Source:
        """Small numbers by what the array is for; the same row for the same word where words stand for rows."""
        found = (getattr(config, option, None) for option in WORDED.get(name, ()))
        words = next((w for w in found if w and isinstance(w, tuple)), ())  # a transformer's tokens are a number
        worded = len(words) > 0 and shape[-2:-1] == (len(words),)
        values = inputs.seeded(shape, self.ours.seed, name, self._role(name, worded))
        if worded:
            values = values[..., [words.index(word) for word in words], :]
        return inputs.read(values, what=name)

    def _role(self, name: str, worded: bool) -> inputs.Role:
        role = next((spec.role for spec in self.layer.arrays if spec.name == name), "weight")
        last = name.rpartition(".")[2]
        if last in RECURRENT:
            return "recurrent"
        if name.endswith("bias"):
            return "bias"
        if name in COMPARED:
            return "projection"
        if role != "weight" and worded:
            return "word"
        if role != "weight":
            return "sequence" if self.layer.arrays[0].axes[1:2] == ("time",) else "input"
        return "weight"


def filled(
    layer: Layer,
    preset: Preset,
    options: Mapping[str, Any],
    sources: Mapping[str, inputs.Source],
    reader: Reader,
    explicit: bool,
) -> tuple[Config, dict[str, inputs.Source], bool, tuple[str, ...]]:
    """Config and arrays made complete: from the preset where it fits, else with small seeded numbers.

    A preset asked for by name must fit what else is given; the default one gives way, array by array.
    """
    users = {*sources, *options}
    absent = [n for n in preset.arrays if n not in sources and users.isdisjoint(preset.bound.get(n, ()))]
    alone = [[n] for n in absent if len(absent) > 1 and not {*preset.bound.get(n, ())}.intersection(preset.arrays)]
    tries = [absent] if explicit else [absent, *alone, []]
    failure: UsageError | None = None
    for names in tries:
        made = {n: spec for n in names if isinstance(spec := preset.arrays[n], Made)}
        usual = {spec.option: spec.usual for spec in made.values() if spec.usual is not None}
        merged = {**usual, **(preset.options if explicit else {}), **options}
        try:
            config: Config = layer.config.of(merged)
            specs = {n: made[n].of(config, reader.ours.seed) if n in made else _first(preset, n, config) for n in names}
            ready = {**sources, **{n: reader.read(n, spec, config) for n, spec in specs.items() if spec is not None}}
            with memory.roomy():  # what all of it takes is refused below, not tensor by tensor
                full, shapes = layer.complete(config, {name: source.array.shape for name, source in ready.items()})
            types = [source.array.dtype for source in ready.values()]
            memory.check(layer, full, shapes, types if len(ready) == len(shapes) else (), reader.back)
        except UsageError as error:
            failure = error if failure is None or not names else failure
            continue
        if not sources and not {*shapes} <= {*ready}:
            shapes = {**shapes, **layer.also_seeded(full, shapes)}
        seeded = tuple(n for n in shapes if n not in ready)
        ready |= {n: reader.seeded(n, shapes[n], full) for n in seeded}
        return full, ready, len(names) == len(preset.arrays), seeded
    raise failure if failure else LayeranimError("no preset")


def _first(preset: Preset, name: str, config: Config) -> Any:
    """An array of a preset, or as many of its first rows as an option asks for."""
    spec, asked = preset.arrays[name], getattr(config, preset.cut.get(name, ""), None)
    reads_one = getattr(config, "mode", "") == "one-to-many"  # of however many steps
    return spec if asked is None or asked >= len(spec) or reads_one else spec[:asked]


def _one_row(source: inputs.Source, layer: Layer) -> inputs.Source:
    """A picture, for a layer that reads rows of numbers: it is one sample, read line by line."""
    if not (is_picture(source) or is_drawing(source)) or layer.arrays[0].axes != ("batch", "in_features"):
        return source
    return replace(source, array=source.array.reshape(1, -1))


def is_drawing(source: inputs.Source) -> bool:
    """Whether an array is one of the bundled drawings: ink on paper, 0 where there is none."""
    return source.kind == "sample" and source.array.dtype == "uint8" and not source.picture


def is_picture(source: inputs.Source) -> bool:
    """Whether an array is drawn as the picture that it is."""
    return source.picture
