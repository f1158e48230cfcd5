"""The whole line, walked in one place: options → Config → inputs → Trace → Storyboard → scene → film."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from layeranim import catalog, inputs, typeface
from layeranim.engine.option import Config, Flag, Integer, Kind, Layer, PerAxis, Text, option, suggest
from layeranim.engine.option import given as said
from layeranim.engine.packing import Packed
from layeranim.engine.trace import Array, Shape, Trace
from layeranim.errors import LayeranimError, OptionError, UsageError
from layeranim.inputs.read import read
from layeranim.inputs.states import from_state as from_weights
from layeranim.inputs.states import state_dict
from layeranim.stories.options import Bytes, FilmOptions
from layeranim.stories.storyboard import Made, Preset, Story, Storyboard, Telling

if TYPE_CHECKING:
    from layeranim.film.film import Film

PICTURES = (".png", ".jpg", ".jpeg", ".webp")


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


@dataclass(frozen=True, eq=False)
class Work:
    """Everything that decides one film, resolved: what ``render``, ``trace`` and ``--dry-run`` start from."""

    name: str
    layer: Layer
    story: Story
    config: Config
    film: FilmOptions
    sources: Mapping[str, inputs.Source]
    preset: Preset | None
    seeded: tuple[str, ...]
    seed: int
    labels: Mapping[str, str] = field(default_factory=dict)
    traced: Trace | None = None
    gradients: Mapping[str, inputs.Source] | None = None
    font: typeface.Font | None = None
    asked: Preset | None = None
    given: frozenset[str] = frozenset()

    def trace(self) -> Trace:
        """Compute every tensor."""
        if self.traced is not None:
            return self.traced
        made = self.layer.compute(self.config, {name: source.array for name, source in self.sources.items()})
        if self.labels:
            from layeranim.engine.symbolic import labelled

            made = labelled(made, **{name: _letters(text) for name, text in self.labels.items()})
        if self.gradients is not None:
            return backward(made, **{name: source.array for name, source in self.gradients.items()})
        return made

    def storyboard(self, trace: Trace) -> Storyboard:
        """Words and timing of the film."""
        if self.gradients is not None:
            raise OptionError(f"no film shows {self.name} backwards yet; layeranim trace {self.name} --backward does")
        names = {name: source.name for name, source in self.sources.items() if source.kind == "kernel"}
        kinds = {name: "image" for name, source in self.sources.items() if _is_picture(source)}
        with self.lettering():
            film, warned = _drawable(self.film)
            told = Telling(trace, film, self.preset, self.asked, self.given, names, list(self.seeded), self.seed, kinds)
            board = self.story.tell(told)
        return replace(board, explainer=self.name, warnings=(*warned, *board.warnings))

    def lettering(self) -> AbstractContextManager[None]:
        """Text that is laid out within has the user's font at hand."""
        return typeface.with_font(self.font)

    def film_to(
        self, output: Any = None, formats: Any = None, progress: Any = None, board: Storyboard | None = None
    ) -> Film:
        """Write the film; paths and formats are checked before anything is computed. ``board``: made before."""
        from layeranim.film.destinations import destinations
        from layeranim.film.provenance import Origin

        found = destinations(self.name, output, formats, self.film)
        board = board or self.storyboard(self.trace())
        from layeranim.film.film import make  # Manim is imported here, after everything that can be refused

        sources = {n: {"name": s.name, "kind": s.kind, "sha256": s.digest} for n, s in self.sources.items()}
        if self.font:
            sources["font"] = {"name": self.font.name, "kind": "font", "sha256": self.font.digest}
        example = self.preset.name if self.preset else None
        origin = Origin(self.name, self.config.shown(), sources, example, self.seeded, self.seed)
        scene = catalog.resolve(catalog.explainer(self.name).scene)
        with self.lettering():
            return make(board, scene, self.film, found, origin, progress)


def prepare(name: str, given: Mapping[str, Any], *, stdin: BinaryIO | None = None, base: Path | None = None) -> Work:
    """Resolve names and values, as they come from a command line, a manifest or keywords, into ``Work``.

    Raises ``UsageError`` for whatever cannot be resolved; nothing is computed yet.
    """
    layer = catalog.layer(name)
    story = catalog.story(name) if catalog.has_film(name) else numbers_only(layer)
    options, arrays, film, ours, gradients = _sorted(layer, story, given)
    film, font = _lettered(film, base, ours.max_input)
    seed, example = ours.seed, ours.example
    preset = story.preset(example) if example else story.presets[0]
    if preset is None:
        known = [p.name for p in story.presets]
        raise OptionError(f"unknown example {example!r}{suggest(example, known)}; {name} has {', '.join(known)}")
    if (ours.gray or ours.resize) and not example and layer.arrays[0].name not in arrays:
        raise OptionError(f"gray and resize are for a picture; give one as {layer.arrays[0].name}, such as photo")
    reader = _Reader(layer, ours, stdin, base)
    wanted = Config.of.__func__(layer.config, options)  # type: ignore[attr-defined]
    sources = {n: reader.read(n, spec, wanted) for n, spec in arrays.items()}
    given_names = frozenset((*options, *arrays))
    if ours.weights is not None:
        found, unpacked = reader.unpacked(wanted, options)
        options, sources = {**found, **options}, {**unpacked, **sources}
    config, every, used, seeded = _filled(layer, preset, options, sources, reader, explicit=bool(example))
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


def _sorted(
    layer: Layer, story: Story, given: Mapping[str, Any]
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
    back = _way_back(layer, gradients, bool(PassOptions.of(passes).backward))  # type: ignore[attr-defined]
    return options, arrays, FilmOptions.of(film), InputOptions.of(ours), back  # type: ignore[return-value]


def _way_back(layer: Layer, gradients: dict[str, Any], backward: bool) -> dict[str, Any] | None:
    """The gradients to go back from, or nothing where the way ends with the output."""
    if gradients and not backward:
        raise OptionError(f"grad_{next(iter(gradients))} was given, but is for the way back; add backward")
    if backward and layer.backward is None:
        why = "its own trace goes back already" if layer.arrays else "it takes no array"
        raise OptionError(f"{layer.name} has no backward pass: {why}")
    return gradients if backward else None


@dataclass(frozen=True)
class _Reader:
    """Reads what a user wrote for an array."""

    layer: Layer
    ours: InputOptions
    stdin: BinaryIO | None
    base: Path | None

    def read(self, name: str, spec: Any, config: Any) -> inputs.Source:
        common: dict[str, Any] = {"what": name, "seed": self.ours.seed, "stdin": self.stdin, "base": self.base}
        common["limits"] = inputs.Limits(self.ours.max_input)
        if name in ("kernel", "weight"):
            return inputs.kernel(spec, size=getattr(config, "kernel_size", None), **common)
        if name == self.layer.arrays[0].name:
            common |= {"gray": self.ours.gray, "resize": self.ours.resize}
            return _one_row(inputs.read(spec, **common), self.layer)
        return inputs.read(spec, **common)

    def unpacked(self, wanted: Any, options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, inputs.Source]]:
        """Options and arrays of the layer whose state_dict was given."""
        state = state_dict(self.ours.weights, limits=inputs.Limits(self.ours.max_input), base=self.base)
        found = from_weights(
            self.layer.name, state, heads=getattr(wanted, "heads", None) if "heads" in options else None
        )
        for name, value in found.options.items():
            if name in options and getattr(wanted, name) != value:
                raise OptionError(
                    f"{name} is {said(getattr(wanted, name))}, but weights have {said(value)}; leave it out"
                )
        sources = {name: inputs.read(array, what=name) for name, array in found.arrays.items()}
        if isinstance(self.ours.weights, Mapping):
            return found.options, sources
        file = os.path.basename(self.ours.weights)
        return found.options, {n: replace(s, name=inputs.printable(file, 40), kind="file") for n, s in sources.items()}

    def seeded(self, name: str, shape: Shape) -> inputs.Source:
        role = next((spec.role for spec in self.layer.arrays if spec.name == name), "weight")
        request = inputs.Request(name, "small seeded numbers", inputs.Limits(self.ours.max_input))
        request.check_shape(shape, 8)  # bytes each, before they are drawn
        drawn: Any = "bias" if name.endswith("bias") else "weight" if role == "weight" else "input"
        if name in ("weight_query", "weight_key", "weight_value"):
            drawn = "projection"
        return inputs.read(inputs.seeded(shape, self.ours.seed, name, drawn), what=name)


def _filled(
    layer: Layer,
    preset: Preset,
    options: Mapping[str, Any],
    sources: Mapping[str, inputs.Source],
    reader: _Reader,
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
            specs = {n: made[n].of(config, reader.ours.seed) if n in made else preset.arrays[n] for n in names}
            ready = {**sources, **{n: reader.read(n, spec, config) for n, spec in specs.items()}}
            full, shapes = layer.complete(config, {name: source.array.shape for name, source in ready.items()})
        except UsageError as error:
            failure = error if failure is None or not names else failure
            continue
        seeded = tuple(n for n in shapes if n not in ready)
        ready |= {n: reader.seeded(n, shapes[n]) for n in seeded}
        return full, ready, len(names) == len(preset.arrays), seeded
    raise failure if failure else LayeranimError("no preset")


def _one_row(source: inputs.Source, layer: Layer) -> inputs.Source:
    """A picture, for a layer that reads rows of numbers: it is one sample, read line by line."""
    drawn = _is_picture(source) or (source.array.dtype == "uint8" and source.kind == "sample")
    if not drawn or layer.arrays[0].axes != ("batch", "in_features"):
        return source
    return replace(source, array=source.array.reshape(1, -1))


def _is_picture(source: inputs.Source) -> bool:
    return source.array.dtype == "uint8" and (source.name.lower().endswith(PICTURES) or source.name.startswith("photo"))


def _lettered(film: FilmOptions, base: Path | None, most: int) -> tuple[FilmOptions, typeface.Font | None]:
    """The options with the font's name instead of its path, and the font."""
    if film.font is None:
        return film, None
    name, data = inputs.font(film.font, base=base, limits=inputs.Limits(most))
    return film.replace(font=name), typeface.Font.of(name, data)


def _drawable(film: FilmOptions) -> tuple[FilmOptions, tuple[str, ...]]:
    """The options with a title that the bundled font can draw, and what to warn of."""
    title = film.title and typeface.draw_safe(film.title)
    if title == film.title:
        return film, ()
    lost = typeface.lost(str(film.title))
    said = f"the font has no {lost}" if lost else "it is long, or holds what cannot be seen"
    changed: FilmOptions = film.replace(title=title)
    return changed, (f"the title is drawn as {title!r}: {said}",)


def _letters(text: str) -> list[list[str]]:
    return [row.split() for row in text.split(";")]


# ── what users call ──────────────────────────────────────────────────────────
def trace(name: str, *, labels: Mapping[str, Any] | None = None, **options: Any) -> Trace:
    """Every tensor of a layer and how each number came about.

    ``options`` are the layer's (``stride=2``), its arrays (``input=x, kernel="sobel-x"``), ``example`` and ``seed``.
    With ``backward=True`` it is the trace of the backward pass, see :func:`backward`; ``grad_output=g`` is where that
    starts.
    ``labels`` are letters, one a cell, for the input, weights and bias of a convolution or a dense layer, as
    ``{"input": "x y", "weight": "a b; c d"}`` or lists; those of products, sums and output follow.
    Raises ``UsageError`` with the rule that was broken.

    >>> import layeranim as la
    >>> t = la.trace("conv", input="1 2 3; 4 5 6; 7 8 9", kernel="1 0; 0 1")
    >>> t["output"].tolist()
    [[[[6.0, 8.0], [12.0, 14.0]]]]
    """
    made = prepare(name, options).trace()
    if labels is None:
        return made
    from layeranim.engine.symbolic import labelled

    return labelled(made, **{key: _letters(text) if isinstance(text, str) else text for key, text in labels.items()})


def backward(trace: Trace, **gradients: Any) -> Trace:
    """The backward pass of a trace, as a trace of its own: ``grad_<tensor>`` is ∂loss/∂tensor, in that tensor's shape.

    ``gradients`` are those of the loss by the name of their tensor (``output=g``; of a recurrent layer also
    ``final_hidden``, of a loss ``loss``). Without any, that of the layer's output is 1 everywhere. The result holds the
    forward trace's tensors too, and is saved and loaded like it.
    Raises ``UsageError`` for a layer without a backward pass, another tensor's gradient, another shape.

    >>> import layeranim as la
    >>> t = la.trace("dense", input=[[1, 2]], weight=[[3, 4]])
    >>> la.backward(t)["grad_weight"].tolist()
    [[1.0, 2.0]]
    """
    if trace.origin is not None:
        raise OptionError(f"{trace.layer} is a backward pass already; give its forward trace, origin.forward")
    layer = catalog.layer(trace.layer)
    _way_back(layer, gradients, True)
    return layer.backward(trace, gradients)  # type: ignore[misc]


def from_torch(module: Any, *inputs: Any, seed: int = 0, **named: Any) -> Trace:
    """The trace of what a live PyTorch module computes: ``la.from_torch(torch.nn.LSTM(3, 4), x)``.

    ``inputs`` and ``named`` are what the module itself would be called with; the module is only read. ``seed`` draws
    the mask of a dropout in training. Axes beyond a layer's own are folded into the batch, sequences come batch first.
    An ``nn.Sequential`` becomes one trace, tensors and steps with the names of its modules in front (``0.kernel``).
    What the trace gives is held against a copy of the module; module, buffers and random state stay as they are.
    Raises ``UsageError`` for a module that is not known, with those that are, and for one that gives other numbers.
    """

    def compute(found: Packed) -> Trace:
        layer = catalog.layer(found.layer)
        return layer.compute(layer.config.of(found.options), found.arrays)

    from layeranim.inputs.modules import traced  # the layers of a network: nothing else needs them all

    return traced(module, *inputs, compute=compute, seed=seed, **named)


def from_state(
    name: str, state: Mapping[str, Any] | str | os.PathLike[str], *, prefix: str = "", **options: Any
) -> Trace:
    """The trace of a layer with weights from a state dict, by PyTorch's parameter names.

    ``state`` is a ``.safetensors`` or ``.npz`` file, or a mapping; of it the names that begin with ``prefix`` are
    taken (``prefix="encoder.0."``). ``options`` are the layer's and its other arrays: ``input=x, stride=2``; attention
    and transformer need ``heads``. See docs/weights.md, also for Keras and ONNX.
    Raises ``UsageError`` for a file that cannot be read and for names that such a layer does not have.

    >>> import layeranim as la
    >>> la.from_state("dense", {"fc.weight": [[1, 2]], "fc.bias": [3]}, prefix="fc.", input=[[1, 1]])["output"].tolist()
    [[6.0]]
    """
    layer = catalog.layer(name)
    known = {alias: item.name for item in layer.config.options() for alias in (item.name, *item.aliases)}
    given = {known[key]: value for key, value in options.items() if key in known}
    found = from_weights(name, state_dict(state, prefix), heads=given.get("heads"))
    arrays = {key: read(value, what=key).array for key, value in options.items() if key not in known}
    return layer.compute(layer.config.of({**found.options, **given}), {**found.arrays, **arrays})


def load_trace(path: str | os.PathLike[str] | IO[bytes]) -> Trace:
    """A trace that ``Trace.save`` wrote, also of a backward pass: arrays as stored, recipes and steps made anew."""
    from layeranim.engine import archive

    return archive.load(path, catalog.layer)


def render(
    what: str | Trace,
    *,
    output: str | Iterable[str] | None = None,
    formats: str | Iterable[str] | None = None,
    **options: Any,
) -> Film:
    """Make the film of an explainer, or of a trace, and write it.

    ``output`` is one or more paths, the suffix deciding the format; ``formats`` names formats beside
    ``renders/<name>``. Other ``options`` are the layer's, its arrays, and the film's (``theme="dark"``).
    Returns a ``Film`` with its paths, poster, alt text, captions and seconds.
    """
    if isinstance(what, Trace):
        return _of_trace(what, options).film_to(output, formats)
    return prepare(what, options).film_to(output, formats)


def _of_trace(made: Trace, options: Mapping[str, Any]) -> Work:
    name = next((n for n in catalog.explainers() if catalog.layer(n).name == made.layer), None)
    if name is None:
        raise OptionError(
            f"a trace of {made.layer} has numbers but no film yet; there are {', '.join(catalog.explainers())}"
        )
    film, font = _lettered(FilmOptions.of(options), None, inputs.LIMITS.size)  # type: ignore[arg-type]
    layer, story = catalog.layer(name), catalog.story(name)
    return Work(name, layer, story, made.config, film, {}, None, (), 0, {}, made, font=font)


def arrays_of(trace: Trace) -> dict[str, Array]:
    """The stored tensors by name."""
    return {name: tensor.array for name, tensor in trace.tensors.items() if not tensor.is_recipe}
