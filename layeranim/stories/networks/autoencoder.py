"""An autoencoder: a sample is squeezed to its code, opened again, and then the code walks to another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from layeranim.engine.autoencoder_runs import DenseRun, runs
from layeranim.engine.losses import PENALTIES
from layeranim.engine.trace import Region
from layeranim.numbers import evenly
from layeranim.stories import phrases
from layeranim.stories.activations import activation_name, activation_word, bounded
from layeranim.stories.phrases import sentence
from layeranim.stories.pictures import ink, relief, side_of
from layeranim.stories.stage import All, Column, Each, Grid, Note, Picture, Play, Row, Trail, Tries, Units, story
from layeranim.stories.stage.arrangements import largest
from layeranim.stories.stage.parts.becoming import Becoming, Turning
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "keeping what matters of many numbers in few: no labels are needed"
BAND: Any = {"band": (26.0, 250.0), "lens": False}
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
DEEP = 4
"""More hidden layers have no room beside the rest."""
SHOWN = 3
"""Of a code of more numbers so many are said in one line."""
SUMS = ("products", "weighted_sum", "pre_activation")
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


class AutoencoderView(FilmView):
    """The numbers of one sample there and back, and of the walk of its code."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.features, self.width, self.places = map(self.trace.size, ("in_features", "code", "walk"))
        self.tight = self.width < self.features
        self.side = side_of(telling, self.features)
        self.noun = "pixel" if self.side else "number"
        self.layers, middle = runs(self.config, {})[""], len(self.config.encoder) - 1
        self.sides = self.layers[:middle], self.layers[middle:]
        self.hidden = [layer.made for layer in self.layers if layer.made not in ("code", "output")]
        self.deep = len(self.hidden) > DEEP

    @cached_property
    def at(self) -> dict[str, int]:
        """Which number is followed on each axis: the largest of the output, and back from there what says most."""
        (above,) = largest(self.trace["output"][self.sample])
        out = {"in_features": above}
        for layer in reversed(self.layers[1:]):
            products = self.trace[layer.name("products")][self.sample, out[layer.units]]
            (out[layer.inner],) = largest(np.abs(products))
        return out

    # ── acts ─────────────────────────────────────────────────────────────────
    def passed(self) -> Iterator[All]:
        """From the sample to its code, and from the code to the sample again; where the hidden layers have no room on
        the stage, nothing is said of them."""
        for layers in self.sides:
            for group in [layers] if self.deep else [[layer] for layer in layers]:
                last, units = group[-1], self.trace.size(group[-1].units)
                code, first = last.made == "code", last.read == "input" and last.made != "code"
                notes = (
                    Note(f"{units} units, and each reads all {self.features} numbers", first and units > 1),
                    Note(f"the code: {self.counted()} in place of {self.features}", code and self.tight),
                    Note(f"the decoder reads the code alone: {self.counted()}", layers[-1].made == "output"),
                )
                writes = tuple(name for layer in group for name in (*map(layer.name, SUMS), layer.made))
                yield All(writes, notes, 2.8 if code else 2.4, () if code else self._summed(last), at=self.at)

    def _summed(self, layer: DenseRun) -> Line:
        """``unit 9: 64 products and a bias make 2.61``: of more products than anybody would read."""
        products, at = self.trace.size(layer.inner), (self.sample, self.at[layer.units])
        if products <= FEW and not self.deep:
            return ()
        noun, many = self.noun if layer.made == "output" else "unit", phrases.so_many("product", "products", products)
        said = Run(f"{noun} {at[1] + 1}: {many}{' and a bias' * self.config.bias} make ", source=Fact("terms"))
        total, made = Address(layer.name("pre_activation"), at), Address(layer.made, at)
        if layer.function == "linear":
            return said, self.telling.number(made, "result", "semibold")
        return (said, self.telling.number(total, "ink", "semibold"),
                Run(f", {activation_name(layer.function)} → ", source=Fact("activation")),
                phrases.result(self.telling.text(made), made))  # fmt: skip

    def lost(self) -> Line:
        """``mean of 64 squared errors = 1.93``."""
        kind = f"{self.config.loss} error"
        said = f"mean of {self.features} {kind}s" if self.features > 1 else kind
        place = Address("sample_loss", (self.sample,))
        return Run(said, source=Fact("loss")), Run(" = "), phrases.result(self.telling.text(place), place)

    def where(self, unit: int) -> Line:
        """What is to be known of the first place of the walk, and of its last, where these are places: NaN is none."""
        last = "the code of the next sample" if self.trace.size("batch") > 1 else ""
        last = "the code of another sample" if "goal_code" in self.trace else last
        said = {0: "from here the code alone moves", self.places - 1: last}.get(unit)
        if not said or not np.isfinite(self.trace["walk_code"][self.sample, unit]).all():
            return ()
        return Run(": ", weight="regular"), Run(said, weight="regular")

    # ── the code ─────────────────────────────────────────────────────────────
    @cached_property
    def drawn(self) -> tuple[int, int | None]:
        """Which numbers of the code lie across and up: the two along which all codes lie farthest apart."""
        if self.width == 1:
            return 0, None
        codes = [self.trace[name] for name in ("code", "others_code") if name in self.trace]
        every = np.concatenate([*codes, self.trace["walk_code"][self.sample]]).astype(float)
        apart = np.ptp(np.clip(np.nan_to_num(every), -1e150, 1e150), axis=0)
        first, second = sorted(np.argsort(-apart, kind="stable")[:2].tolist())
        return first, second

    def symbol(self, k: int) -> Line:
        """What a number of the code is called."""
        return phrases.name(f"z_{{{k + 1}}}" if self.width > 1 else "z")

    def plane(self) -> str:
        """What the plane of the codes is called."""
        few = {1: "code z across", 2: "codes: z_{1} across, z_{2} up"}
        drawn = ", ".join(f"z_{{{k + 1}}}" for k in self.drawn if k is not None)
        return few.get(self.width, f"codes: {drawn} of {self.width}")

    def code(self, unit: int) -> Line:
        """``z = (−0.66, −2.47)``: where the walk is; of a longer code the two numbers that the plane shows."""
        told = range(self.width) if self.width <= SHOWN else [k for k in self.drawn if k is not None]
        found = [self.telling.number(Address("walk_code", (self.sample, unit, k)), "result", "semibold") for k in told]
        if self.width > SHOWN:
            return phrases.join([(*self.symbol(k), Run(" = "), number) for k, number in zip(told, found, strict=True)],
                                Run(", "))  # fmt: skip
        return Run("z", "ink", "semibold"), Run(" = "), *(phrases.coordinates(found) if self.width > 1 else found)

    # ── words ────────────────────────────────────────────────────────────────
    def counted(self) -> str:
        """How long the code is: ``two numbers``."""
        return f"{WORDS[self.width] if self.width < len(WORDS) else self.width} number{'s' * (self.width != 1)}"

    def options(self) -> tuple[str, ...]:
        """What the header keeps: widths, functions, the loss, the walk."""
        config = self.config
        return (
            "→".join(map(str, (*config.encoder, *config.decoder[1:]))),
            *((activation_word(config.activation),) if self.hidden or config.activation != "relu" else ()),
            *phrases.unusual(
                config, code_activation=lambda name: f"code {activation_word(name)}",
                output_activation=lambda name: f"output {activation_word(name)}", bias="no bias",
                loss="absolute errors", walk_steps=lambda n: phrases.so_many("step", "steps", n),
            ),
        )  # fmt: skip

    def closing(self) -> Line:
        """What the code was enough for: how much comes back beyond the mean level, 1 all of it, 0 or less nothing."""
        x, lost = self.trace["input"][self.sample].astype(float), float(self.trace["sample_loss"][self.sample])
        with np.errstate(all="ignore"):
            kept = 1 - lost / PENALTIES[self.config.loss].value(x.mean(), x).mean() if lost else 1.0
        many = self.counted().capitalize()
        ladder = (
            (not np.isfinite(lost), "no output is a number here: ", "other inputs show it"),
            (not self.tight, f"{many} for {self.features}: ", "nothing had to be left out"),
            (kept > MOSTLY, f"{many}, ", "and the decoder knows the rest"),
            (kept > 0, f"{many}, ", "and the decoder knows a part of the rest"),
            (True, f"{many} for {self.features}: ", "with these weights that is not enough"),
        )
        return next(sentence(before, strong) for true, before, strong in ladder if true)


def film(telling: Telling) -> Play:
    """The film of one autoencoder."""
    view = AutoencoderView(telling)
    steps, last, pictures = view.places - 1, telling.film.selected(view.places)[-1], ("input", "output", "walk_output")
    off = relief(np.stack([view.trace["error"][view.sample], view.trace["walk_error"][view.sample, -1]]))
    missed = view.features > 1 and bool(view.trace["error"][view.sample].any())
    made = (f"walk_{layer.made}" for layer in view.sides[1])
    return Play(
        units=Units(("walk",), ("place", "places"),
                    names=("its own code", *(f"step {k} of {steps}" for k in range(1, steps + 1)))),
        stage=_stage(view),
        acts=(
            *view.passed(),
            All(("error", "losses", "sample_loss"), Note(f"what each {view.noun} is off by", missed), says=view.lost()),
            Each(((("walk_code", *made, "walk_error"), ()),),
                 sentence=lambda _, unit, brief: (*view.code(unit), *(() if brief else view.where(unit)))),
        ),
        opening=sentence(f"{phrases.so_many('number passes', 'numbers pass', view.features)} through {view.width}: ",
                         "the decoder sees nothing else"),
        opening_note=f"{telling.trace.facts['parameters']} parameters: they learn to make each sample again",
        closing=view.closing(),
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
    plane = Trail("walk_code", view.plane(), "code", view.drawn, "others_code", "others_class")
    code = _walked("code", "z", rows="code", **BAND if view.side and view.width > FEW else {})
    hidden = [_hidden(view, {}), _hidden(view, BAND), ([], [])]
    if not view.side:
        x = Grid("input", "x", rows="in_features")
        e, y = (_walked(name, text, rows="in_features") for name, text in MADE)
        several = hidden if view.deep else hidden[:2]
        return Tries(*(Row(x, *there, "→", code, plane, *back, "→", y, e) for there, back in several))
    pixels: Any = {"rows": f"in_features/{view.side}", "cols": f"in_features%{view.side}"}
    x = Picture("input", "x", **pixels, least=LARGE, sized=f"{view.side}×{view.side}")
    e, y = (_walked(name, text, Turning, **pixels, least=LARGE, sized=False) for name, text in MADE)
    each = Picture("walk_output", "", **pixels, least=SMALL, sized=False)
    strip = Row("x̂ on the walk", *(replace(each, at=(("walk", k),)) for k in evenly(range(view.places), MOST_PICTURES)))
    rows = (Row(Column(x, e), *there, "→", code, plane, *back, "→", y) for there, back in hidden[1 + view.deep :])
    return Tries(*(Column(row, strip) for row in rows), least=1)


def _walked(name: str, text: str, kind: type[Becoming] = Becoming, **looks: Any) -> Becoming:
    """What is made of the sample, and in the same place what is made of each place of the walk."""
    return kind(f"walk_{name}", text, before=((name, text),), kept=True, **looks)


def _hidden(view: AutoencoderView, band: Any) -> tuple[list[Node | str], ...]:
    """The hidden layers of both sides, as columns of numbers, or in a ``band`` of colours: these stand side by side."""
    out: tuple[list[Node | str], ...] = [], []
    for row, side in zip(out, view.sides, strict=True):
        part, letter = (_walked, "d") if side is view.sides[1] else (Grid, "h")
        for k, layer in enumerate(side[:-1], start=1):
            text = letter if len(side) == 2 else f"{letter}_{{{k}}}"
            row += ["→"] if k == 1 or not band else []
            row.append(part(layer.made, text, rows=layer.units, **band))
    return out


AutoencoderStory = story("Autoencoder", film, GOOD_FOR, takes=6)
