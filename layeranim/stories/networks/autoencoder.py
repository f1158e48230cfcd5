"""An autoencoder: a sample is squeezed to its code, opened again, and then the code walks to another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name, bounded
from layeranim.stories.networks.autoencoder_view import AutoencoderView, CodeLayer
from layeranim.stories.phrases import sentence
from layeranim.stories.pictures import ink, relief
from layeranim.stories.stage import All, Column, Each, Grid, Note, Picture, Play, Row, Trail, Tries, Units, story
from layeranim.stories.stage.parts.becoming import Becoming, Turning
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "keeping what matters of many numbers in few: no labels are needed"
BAND = (26.0, 250.0)
"""A layer of many units, upright, in colours alone."""
LARGE, SMALL = 150.0, 86.0
"""The least width of a picture, and of one of the walk."""
ERRORS, MADE = ("error", "walk_error"), (("error", "x̂ − x"), ("output", "x̂"))
MOSTLY = 0.5
"""Of a sample that is known so much comes back, beyond a flat level."""
FEW = 6
"""Sums of no more products are written out."""
MOST_PICTURES = 9
"""Of a longer walk so many places are drawn as pictures of their own, equally far apart."""


def film(telling: Telling) -> Play:
    """The film of one autoencoder."""
    view = AutoencoderView(telling)
    steps, last, pictures = view.places - 1, telling.film.selected(view.places)[-1], ("input", "output", "walk_output")
    off = relief(np.stack([view.trace["error"][view.sample], view.trace["walk_error"][view.sample, -1]]))
    missed = Note(f"what each {view.noun} is off by", view.features > 1 and not _exact(view))
    made = (f"walk_{layer.made}" for layer in view.decoder)
    return Play(
        units=Units(("walk",), ("place", "places"),
                    names=("its own code", *(f"step {k} of {steps}" for k in range(1, steps + 1)))),
        stage=_stage(view),
        acts=(
            *_layers(view),
            All(("error", "losses", "sample_loss"), missed, says=_lost(view)),
            Each(((("walk_code", *made, "walk_error"), ()),),
                 sentence=lambda _, unit, brief: (*view.code(unit), *(() if brief else _where(view, unit)))),
        ),
        opening=sentence(
            f"{phrases.so_many('number passes', 'numbers pass', view.features)} through {view.width}: ",
            "the decoder sees nothing else",
        ),
        opening_note=f"{telling.trace.facts['parameters']} parameters: they learn to make each sample again",
        closing=_closing(view),
        options=view.options(),
        kinds=dict.fromkeys(pictures, ink(telling)) | dict.fromkeys(ERRORS, "relief") if view.side else {},
        alike=() if view.side else (pictures, ERRORS),
        spans=bounded(view.config.activation, *view.hidden) | (dict.fromkeys(ERRORS, off) if view.side else {}),
        follow=steps,
        evidence=tuple(Region.of(name, batch=view.sample, walk=last) for name in ("walk_code", "walk_output")),
        symbols={"code": view.symbol(view.at["code"])},
        largest=True,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: AutoencoderView) -> Node:
    """The sample, its code in the plane of codes, the sample again; under them what the walk comes past."""
    given = {"others": "others_code", "classes": "others_class"}
    given = {part: name for part, name in given.items() if name in view.trace}
    plane = Trail("walk_code", view.plane(), "code", view.drawn, **given)
    wide = bool(view.side) and view.width > FEW
    code = _walked("code", "z", rows="code", band=BAND if wide else (0.0, 0.0), lens=not wide)
    hidden = {band: [_hidden(view, layers, band) for layers in (view.encoder, view.decoder)] for band in (False, True)}
    if not view.side:
        x = Grid("input", "x", rows="in_features")
        e, y = (_walked(name, text, rows="in_features") for name, text in MADE)
        every = [Row(x, *there, "→", code, plane, *back, "→", y, e) for there, back in hidden.values()]
        return Tries(*every, *([Row(x, "→", code, plane, "→", y, e)] if view.deep else ()))
    rows, cols = f"in_features/{view.side}", f"in_features%{view.side}"
    x = Picture("input", "x", rows, cols, least=LARGE, sized=f"{view.side}×{view.side}")
    e, y = (_walked(name, text, Turning, rows=rows, cols=cols, least=LARGE, sized=False) for name, text in MADE)
    many = min(MOST_PICTURES, view.places)
    places = sorted({round(i * (view.places - 1) / (many - 1)) for i in range(many)})
    each = Picture("walk_output", "", rows, cols, least=SMALL, sized=False)
    strip = Row("x̂ on the walk", *(replace(each, at=(("walk", k),)) for k in places))
    there, back = hidden[True]
    without = Column(Row(Column(x, e), "→", code, plane, "→", y), strip)
    whole = Column(Row(Column(x, e), *there, "→", code, plane, *back, "→", y), strip)
    return without if view.deep else Tries(whole, without, least=1)


def _walked(name: str, text: str, kind: type[Becoming] = Becoming, **looks: Any) -> Becoming:
    """What is made of the sample, and in the same place what is made of each place of the walk."""
    return kind(f"walk_{name}", text, before=((name, text),), kept=True, **looks)


def _hidden(view: AutoencoderView, layers: Sequence[CodeLayer], band: bool) -> list[Node | str]:
    """The hidden layers of one side, as columns of numbers, or of colours."""
    out: list[Node | str] = []
    part, letter = (Grid, "h") if layers is view.encoder else (_walked, "d")
    for k, layer in enumerate(layers[:-1], start=1):
        text = letter if len(layers) == 2 else f"{letter}_{{{k}}}"
        column = part(layer.made, text, rows=layer.axis, band=BAND if band else (0.0, 0.0), lens=not band)
        out += [*["→"][: k == 1 or not band], column]
    return out


# ── acts ─────────────────────────────────────────────────────────────────────
def _layers(view: AutoencoderView) -> Iterator[All]:
    """From the sample to its code, and from the code to the sample again; where the hidden layers have no room on the
    stage, nothing is said of them."""
    for layers in (view.encoder, view.decoder):
        for group in [layers] if view.deep else [[layer] for layer in layers]:
            last, units = group[-1], view.trace.size(group[-1].axis)
            writes = tuple(name for layer in group for name in (*layer.sums, layer.made))
            note = Note(f"{units} units, and each reads all {view.features} numbers", last is layers[0] and units > 1)
            if layers is view.decoder:
                note = Note(f"the decoder reads the code alone: {view.counted()}")
            elif last.made == "code":
                note = Note(f"the code: {view.counted()} in place of {view.features}", view.tight)
            said, seconds = (_summed(view, last), 2.4) if last.made != "code" else ((), 2.8)
            yield All(writes, note, seconds, said, at=view.at)


def _summed(view: AutoencoderView, layer: CodeLayer) -> Line:
    """``unit 9: 64 products and its bias add up to 2.61``: of more products than anybody would read."""
    products = view.trace.tensor(layer.sums[0]).shape[-1]
    if products <= FEW and not view.deep:
        return ()
    at, function = (view.sample, view.at[layer.axis]), view.function(layer)
    noun, bent = view.noun if layer.axis == "in_features" else "unit", function != "linear"
    total, made = (Address(name, at) for name in (layer.sums[-1], layer.made))
    said = f"{noun} {at[1] + 1}: {products} product{'s' * (products > 1)}{' and a bias' * view.config.bias} make "
    ends = Run(view.telling.text(total), "ink" if bent else "result", "semibold", total if bent else made)
    last = (Run(f", {activation_name(function)} → ", source=Fact("activation")),
            phrases.result(view.telling.text(made), made))  # fmt: skip
    return Run(said, source=Fact("terms")), ends, *(last if bent else ())


def _lost(view: AutoencoderView) -> Line:
    """``mean of 64 squared errors = 1.93``."""
    kind = "absolute" if view.config.loss == "absolute" else "squared"
    said = f"mean of {view.features} {kind} errors" if view.features > 1 else f"{kind} error"
    place = Address("sample_loss", (view.sample,))
    return Run(said, source=Fact("loss")), Run(" = "), phrases.result(view.telling.text(place), place)


def _where(view: AutoencoderView, unit: int) -> Line:
    """What is to be known of the first place of the walk, and of its last, where these are places: NaN is none."""
    goal, said = "goal_code" in view.trace, ""
    if unit == 0:
        said = "from here the code alone moves"
    elif unit == view.places - 1 and (goal or view.trace.size("batch") > 1):
        said = "the code of another sample" if goal else "the code of the next sample"
    if not said or not np.isfinite(view.trace["walk_code"][view.sample, unit]).all():
        return ()
    return Run(": ", weight="regular"), Run(said, weight="regular")


# ── words ────────────────────────────────────────────────────────────────────
def _exact(view: AutoencoderView) -> bool:
    """Whether the sample comes back as it was."""
    return bool((view.trace["error"][view.sample] == 0).all())


def _kept(view: AutoencoderView) -> float:
    """Which part of the sample comes back, beyond its mean level: 1 all of it, 0 or less nothing."""
    x = view.trace["input"][view.sample].astype(float)
    with np.errstate(all="ignore"):
        apart = np.abs(x - x.mean())
        flat = float((apart if view.config.loss == "absolute" else apart**2).mean())
        part = 1 - float(view.trace["sample_loss"][view.sample]) / flat if flat else float(_exact(view))
    return part if np.isfinite(part) else 0.0


def _closing(view: AutoencoderView) -> Line:
    """What the code was enough for."""
    many, kept = view.counted().capitalize(), _kept(view)
    if not np.isfinite(view.trace["sample_loss"][view.sample]):
        return sentence("no output is a number here: ", "other inputs show it")
    if not view.tight:
        return sentence(f"{many} for {view.features}: ", "nothing had to be left out")
    if kept > MOSTLY:
        return sentence(f"{many}, ", "and the decoder knows the rest")
    if kept > 0:
        return sentence(f"{many}, ", "and the decoder knows a part of the rest")
    return sentence(f"{many} for {view.features}: ", "with these weights that is not enough")


AutoencoderStory = story("Autoencoder", film, GOOD_FOR, takes=6)
