"""Autoencoders: dense layers squeeze a sample to a few numbers, its code, and dense layers make the sample of it again.

``e[l] = φ(W[l] e[l−1] + b[l])`` from the sample to the code, ``d[l] = φ(V[l] d[l−1] + c[l])`` from the code to the
reconstruction, ``error = output − input``; the loss is the mean of the errors' squares, or of their sizes. The code
then walks in equal steps, ``(1 − t) · code + t · end``, and each of its places is decoded: to the code of ``goal``,
else to that of the next sample, of one sample alone to 0. ``others`` are samples that are encoded beside these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from layeranim.engine import door, window
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import Cell, at, average, matmul, per_cell
from layeranim.engine.autoencoder_backward import backward
from layeranim.engine.autoencoder_runs import MOST, PLACES, AutoencoderConfig, DenseRun, link_steps, runs
from layeranim.engine.entry import enter, ranked, whole
from layeranim.engine.lazy import product
from layeranim.engine.losses import PENALTIES
from layeranim.engine.option import ArrayOption, Layer
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, count, tensors
from layeranim.engine.training import blend_into
from layeranim.errors import OptionError, ShapeError

CLASSES = 1_000_000
_SAMPLES, _OTHERS = ("batch", "in_features"), ("others", "in_features")


def complete(
    config: AutoencoderConfig, shapes: Mapping[str, Shape | None]
) -> tuple[AutoencoderConfig, dict[str, Shape]]:
    """Every size filled in, from the weights where they are given; input (batch, features) or (features).

    Raises ``ShapeError`` for arrays that do not fit the layer or each other, ``OptionError`` for options that do not
    go together.
    """
    x = ranked("input", shapes.get("input"), _SAMPLES, 1)
    encoder = config.encoder or _sizes("encoder", shapes) or (x[1] if x else 4, 3, 2)
    known = _sizes("decoder", shapes)
    whole_way = known is not None and known[-1] == encoder[0]  # else only its first weights are given
    decoder = config.decoder or (known if whole_way and known else encoder[::-1])
    if (decoder[0], decoder[-1]) != (encoder[-1], encoder[0]):
        widths = ",".join(map(str, decoder))
        raise OptionError(
            f"decoder is {widths}, but must go from {encoder[-1]} to {encoder[0]}, as encoder "
            f"{','.join(map(str, encoder))} goes the other way"
        )
    x = x or (1, encoder[0])
    if x[1] != encoder[0]:
        raise ShapeError(f"input has {x[1]} features, but encoder {','.join(map(str, encoder))} begins with "
                         f"{encoder[0]}")  # fmt: skip
    config = config.replace(encoder=encoder, decoder=decoder)
    needed: dict[str, Shape] = {"input": x}
    if (goal := ranked("goal", shapes.get("goal"), ("in_features",))) is not None:
        needed["goal"] = door.fitting("goal", goal, x[1:], "features, as of the input")
    if (others := ranked("others", shapes.get("others"), _OTHERS, 1)) is not None:
        needed["others"] = door.fitting("others", others, (others[0], x[1]), "others, features as of the input")
        if (ids := shapes.get("others_class")) is not None:
            needed["others_class"] = door.fitting("others_class", ids, others[:1], "others")
    for side, sizes in (("encoder", encoder), ("decoder", decoder)):
        needed |= _weights(config, side, sizes, shapes)
    for name, shape in {**needed, **makes(config, needed)}.items():
        window.affordable(name, shape)
    return config, needed


def _weights(
    config: AutoencoderConfig, side: str, sizes: tuple[int, ...], shapes: Mapping[str, Shape | None]
) -> dict[str, Shape]:
    """The shapes of the weights of one side. A bias may be one number for all."""
    needed: dict[str, Shape] = {}
    for k in range(1, MOST + 1):
        weight, bias = f"{side}{k}_weight", f"{side}{k}_bias"
        if k >= len(sizes):
            if shapes.get(weight) is not None:
                told = f"{side} {','.join(map(str, sizes))} makes {len(sizes) - 1} layers"
                raise ShapeError(f"{weight} was given, but {told}")
            continue
        found = ranked(weight, shapes.get(weight), ("units", "inputs"), 1)
        needed[weight] = door.fitting(weight, found or sizes[k - 1 : k + 1][::-1], sizes[k - 1 : k + 1][::-1],
                                      "units, inputs")  # fmt: skip
        if config.bias:
            given = shapes.get(bias)
            one = given is not None and door.one_for_all(bias, given)
            needed[bias] = door.fitting(bias, sizes[k : k + 1] if given is None or one else given, sizes[k : k + 1],
                                        "units")  # fmt: skip
    return needed


def _sizes(side: str, shapes: Mapping[str, Shape | None]) -> tuple[int, ...] | None:
    """What the given weights of one side say, if all up to the last one are given."""
    weights = [shapes.get(f"{side}{k}_weight") for k in range(1, MOST + 1)]
    known = [w for w in weights if w is not None and len(w) == 2]
    if not known or weights[: len(known)] != known:
        return None
    return (known[0][1], *(w[0] for w in known))


def makes(config: AutoencoderConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What each layer of each run makes, and the errors."""
    batch, features = shapes["input"]
    sizes: dict[str, int] = {"batch": batch, "walk": config.walk_steps + 1, "others": shapes.get("others", (0,))[0]}
    encoder, decoder = config.encoder or (), config.decoder or ()
    made: dict[str, Shape] = {"errors": (3, batch, features), "walk_code": (batch, sizes["walk"], decoder[0])}
    made["walk_error"] = (batch, sizes["walk"], features)
    widths = {
        f"{side}{k}": of[k] for side, of in (("encoder", encoder), ("decoder", decoder)) for k in range(1, len(of))
    }
    for link in (link for run in runs(config, shapes).values() for link in run):
        made[link.name("all")] = (3, *(sizes[axis] for axis in link.lead), widths[link.label])
    return made


def compute(config: AutoencoderConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace: ``code`` (batch, code), ``output`` (batch, features), the errors and the loss.

    ``walk_code`` (batch, walk, code), ``walk_output`` and ``walk_error`` (batch, walk, features) are the walk's;
    ``goal_code`` and ``others_code`` are there where they are given.
    """
    full, ready = enter("autoencoder", _ARRAYS, complete, config, arrays, ("others_class",))
    if "others_class" in ready:
        whole("others_class", ready["others_class"], CLASSES)
    held = [Tensor(item.name, axes_of(full, item), item.role, ready[item.name]) for item in _ARRAYS
            if item.name in ready]  # fmt: skip
    values, x = dict(ready), ready["input"]
    with np.errstate(all="ignore"):
        for name, run in runs(full, ready).items():
            if name == "walk_":
                held += _started(full, values)
            held += [tensor for link in run for tensor in _passed(link, values)]
        values["error"] = values["output"] - x
        values["walk_error"] = values["walk_output"] - x[:, None]
        values["losses"] = np.asarray(PENALTIES[full.loss].value(values["output"], x), x.dtype)
        values["sample_loss"] = np.array([average(row) for row in values["losses"]], x.dtype)
        loss = np.asarray(average(values["sample_loss"]), x.dtype)
    held += [Tensor(name, _SAMPLES[: values[name].ndim], "intermediate", values[name])
             for name in ("error", "losses", "sample_loss")]  # fmt: skip
    held.append(Tensor("walk_error", (*PLACES, "in_features"), "intermediate", values["walk_error"]))
    return assemble(full, tensors(*held, Tensor("loss", (), "output", loss)))


def _passed(link: DenseRun, values: dict[str, Array]) -> Iterator[Tensor]:
    """The sums of one layer, with the bias, and through the function; what it makes is added to ``values``."""
    x = values[link.read]
    weighted = matmul(x[None], values[link.weight].T)[0] if x.ndim == 1 else matmul(x, values[link.weight].T)
    before = weighted + values[link.bias] if link.bias in values else weighted
    values[link.made] = np.asarray(ACTIVATIONS[link.function](before), x.dtype)
    role: Any = "output" if link.made in ("code", "output") else "intermediate"
    for part, array in (("weighted_sum", weighted), ("pre_activation", before)):
        yield Tensor(link.name(part), link.axes, "intermediate", array)
    yield Tensor(link.made, link.axes, role, values[link.made])


def _started(config: AutoencoderConfig, values: dict[str, Array]) -> list[Tensor]:
    """Where the walk of every sample ends, and all of its places."""
    code, steps = values["code"], config.walk_steps
    if "goal_code" in values:
        end = np.broadcast_to(values["goal_code"], code.shape).copy()
    else:
        end = np.roll(code, -1, axis=0) if len(code) > 1 else code * 0 + 0
    places = [blend_into(code, end, keep=1 - k / steps, weight=k / steps) for k in range(steps + 1)]
    values["walk_code"] = np.stack(places, axis=1)
    return [Tensor("walk_end", ("batch", "code"), "intermediate", end),
            Tensor("walk_code", (*PLACES, "code"), "intermediate", values["walk_code"])]  # fmt: skip


def assemble(config: AutoencoderConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: products, steps and facts are made here."""
    every, parts = dict[str, Tensor](), list[Steps]()
    for item in _ARRAYS:
        every |= {item.name: saved[item.name]} if item.name in saved else {}
    for name, run in runs(config, saved).items():
        if name == "walk_":
            every |= {key: saved[key] for key in ("walk_end", "walk_code")}
            parts.append(_walk_steps(config, saved))
        for link in run:
            every |= tensors(product(link.name("products"), (*link.axes, link.inner), saved[link.read],
                                     saved[link.weight]))  # fmt: skip
            every |= {key: saved[key] for key in (link.name("weighted_sum"), link.name("pre_activation"), link.made)}
            parts.append(link_steps(link, saved))
    every |= {key: saved[key] for key in ("error", "losses", "sample_loss", "loss", "walk_error")}
    batch, features = saved["input"].shape
    facts: dict[str, int | float | str] = {
        "parameters": sum(count(t.shape) for t in every.values() if t.role == "weight"),
        "numbers": features, "code": saved["code"].shape[1], "loss": float(saved["loss"].array),
    }  # fmt: skip
    return Trace("autoencoder", config, every, Steps.chain(*parts, *_error_steps(config, batch, features)), facts)


def _walk_steps(config: AutoencoderConfig, saved: Mapping[str, Tensor]) -> Steps:
    """Where the walk of each sample ends, then its places."""
    (batch, width), places = saved["code"].shape, config.walk_steps

    def end(c: Cell) -> Step:
        where = at("walk_end", c, "batch")
        if "goal_code" in saved:
            return Step("copy", (Region("goal_code"),), where)
        if batch > 1:
            return Step("copy", (Region.of("code", batch=(c["batch"] + 1) % batch),), where)
        return Step("rescale", (at("code", c, "batch"),), where, (("factor", 0.0),))

    def place(c: Cell) -> Step:
        t = c["walk"] / places
        reads = (at("code", c, "batch", "code"), at("walk_end", c, "batch", "code"))
        return Step("blend_into", reads, at("walk_code", c, *PLACES, "code"),
                    (("keep", 1 - t), ("weight", t)))  # fmt: skip

    return Steps.chain(per_cell(("batch",), (batch,), end),
                       per_cell((*PLACES, "code"), (batch, places + 1, width), place))  # fmt: skip


def _error_steps(config: AutoencoderConfig, batch: int, features: int) -> list[Steps]:
    def miss(c: Cell) -> Step:
        return Step("minus", (at("output", c, *_SAMPLES), at("input", c, *_SAMPLES)), at("error", c, *_SAMPLES))

    def charge(c: Cell) -> Step:
        reads = (at("output", c, *_SAMPLES), at("input", c, *_SAMPLES))
        return Step("charge", reads, at("losses", c, *_SAMPLES), (("name", config.loss),))

    def each(c: Cell) -> Step:
        return Step("average", (at("losses", c, "batch"),), at("sample_loss", c, "batch"))

    def all_of(c: Cell) -> Step:
        return Step("average", (Region("sample_loss"),), Region("loss"))

    def stray(c: Cell) -> Step:
        walked = (*PLACES, "in_features")
        return Step("minus", (at("walk_output", c, *walked), at("input", c, *_SAMPLES)), at("walk_error", c, *walked))

    return [per_cell(_SAMPLES, (batch, features), miss, charge), per_cell(("batch",), (batch,), each),
            per_cell((), (), all_of),
            per_cell((*PLACES, "in_features"), (batch, config.walk_steps + 1, features), stray)]  # fmt: skip


def axes_of(config: AutoencoderConfig, item: ArrayOption) -> tuple[str, ...]:
    """The axes of an array: those of a weight are called as what the layers make."""
    for link in runs(config, {})[""]:
        if item.name == link.weight:
            return link.units, link.inner
        if item.name == link.bias:
            return (link.units,)
    return item.axes


def _arrays() -> Iterator[ArrayOption]:
    yield ArrayOption("input", _SAMPLES, "input", "one row of numbers a sample")
    yield ArrayOption("goal", ("in_features",), "input", "the sample whose code the walk ends at", optional=True)
    yield ArrayOption("others", _OTHERS, "input", "samples whose codes stand beside those", optional=True)
    yield ArrayOption("others_class", ("others",), "input", "the class id of each of these", optional=True)
    for side in ("encoder", "decoder"):
        for k in range(1, MOST + 1):
            axes = (f"{side}{k}_units", f"{side}{k}_inputs")
            yield ArrayOption(f"{side}{k}_weight", axes, "weight", f"weights of {side} layer {k}", optional=k > 2)
            yield ArrayOption(f"{side}{k}_bias", axes[:1], "weight", f"biases of {side} layer {k}", optional=True)


_ARRAYS = tuple(_arrays())

AUTOENCODER = Layer(
    name="autoencoder",
    title="Autoencoder",
    config=AutoencoderConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    formula="z = e(x),  x̂ = d(z)",
    source="Rumelhart, Hinton, Williams, Learning internal representations by error propagation (1986); Hinton and "
    "Salakhutdinov, Reducing the dimensionality of data with neural networks (2006)",
    backward=backward,
    starts=("loss",),
    makes=makes,
    back=1.2,
)
