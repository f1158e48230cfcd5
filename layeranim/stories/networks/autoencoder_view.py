"""The numbers of one autoencoder: names, widths, which numbers are followed, what is kept of a sample."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.pictures import relief, side_of
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DEEP = 4
SHOWN = 3
"""Of a code of more numbers so many are said in one line."""


class AutoencoderView:
    """The numbers of one sample there and back, and of the walk of its code."""

    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace = telling, telling.trace
        self.config: Any = telling.config
        self.features, self.width = self.trace.size("in_features"), self.trace.size("code")
        self.side = side_of(telling, self.features)
        self.sample = telling.film.place_in(self.trace.size("batch"))
        self.places = self.trace.size("walk")
        self.inside = {side: [f"{side}{k}_output" for k in range(1, len(getattr(self.config, side)) - 1)]
                       for side in ("encoder", "decoder")}  # fmt: skip

    @property
    def deep(self) -> bool:
        """Whether there are more hidden layers than have room beside the rest."""
        return sum(map(len, self.inside.values())) > DEEP

    @property
    def tight(self) -> bool:
        """Whether the code has fewer numbers than the sample."""
        return self.width < self.features

    def sums(self, label: str) -> tuple[str, ...]:
        """What a layer adds up: ``encoder1`` as a label."""
        return tuple(f"{label}_{name}" for name in ("products", "weighted_sum", "pre_activation"))

    def layer(self, side: str, k: int) -> tuple[str, ...]:
        """All that one layer makes, in order."""
        last = k == len(getattr(self.config, side)) - 1
        made = {"encoder": "code", "decoder": "output"}[side] if last else f"{side}{k}_output"
        return (*self.sums(f"{side}{k}"), made)

    def layers(self, side: str) -> range:
        return range(1, len(getattr(self.config, side)))

    def units(self, side: str, k: int) -> str:
        """The axis of what a layer makes."""
        return self.trace.axes(self.layer(side, k)[-1])[-1]

    def function(self, side: str, k: int) -> str:
        """What a layer's sums go through."""
        last = k == self.layers(side)[-1]
        ends = {"encoder": self.config.code_activation, "decoder": self.config.output_activation}
        return str(ends[side] if last else self.config.activation)

    @cached_property
    def at(self) -> dict[str, int]:
        """Which number is followed on each axis: the largest of the output, and back from there what says most."""
        above = self._most(self.trace["output"][self.sample])
        out = {"in_features": above}
        for side in ("decoder", "encoder"):
            for k in reversed(self.layers(side)):
                axis = self.trace.axes(f"{side}{k}_products")[-1]
                if axis not in out:
                    above = self._most(np.abs(self.trace[f"{side}{k}_products"][self.sample, above]))
                    out[axis] = above
        return out

    @staticmethod
    def _most(values: Array) -> int:
        return int(np.argmax(np.nan_to_num(values, nan=-np.inf)))

    def drawn(self) -> tuple[int, int | None]:
        """Which numbers of the code lie across and up: the two along which all codes lie farthest apart."""
        if self.width == 1:
            return 0, None
        codes = [self.trace["code"], self.trace["walk_code"][self.sample]]
        codes += [self.trace["others_code"]] if "others_code" in self.trace else []
        every = np.clip(np.nan_to_num(np.concatenate(codes).astype(float)), -1e150, 1e150)
        spread = every.max(axis=0) - every.min(axis=0)
        first, second = sorted(np.argsort(-spread, kind="stable")[:2].tolist())
        return first, second

    def some(self, most: int) -> list[int]:
        """Places of the walk, equally far apart, its ends among them."""
        many = min(most, self.places)
        return sorted({round(i * (self.places - 1) / (many - 1)) for i in range(many)})

    def symbol(self) -> Line:
        """What the number of the code is called that is followed."""
        several = self.width > 1
        name = f"z_{{{self.at['code'] + 1}}}" if several else "z"
        return (Run(name, "ink", "semibold", Fact("name"), markup=several),)

    def plane(self) -> str:
        """What the plane of the codes is called."""
        across, up = self.drawn()
        if up is None:
            return "code z across"
        if self.width > 2:
            return f"codes: z_{{{across + 1}}}, z_{{{up + 1}}} of {self.width}"
        return "codes: z_{1} across, z_{2} up"

    def text(self, tensor: str, *at: int) -> str:
        """A number as sentences write it."""
        style = numbers.style(self.trace[tensor], precision=self.telling.film.precision)
        return numbers.text(self.trace[tensor][at], style)

    def code(self, unit: int) -> Line:
        """``z = (−0.66, −2.47)``: where the walk is; of a longer code the two numbers that the plane shows."""
        across, up = self.drawn()
        places = [(self.sample, unit, k) for k in (range(self.width) if self.width <= SHOWN else (across, up or 0))]
        found = [Run(self.text("walk_code", *at), "result", "semibold", Address("walk_code", at)) for at in places]
        if self.width > SHOWN:
            named = [Run(f"z_{{{at[2] + 1}}}", "ink", "semibold", Fact("name"), markup=True) for at in places]
            return named[0], Run(" = "), found[0], Run(", "), named[1], Run(" = "), found[1]
        head = Run("z", "ink", "semibold"), Run(" = ")
        if self.width == 1:
            return *head, found[0]
        inside = [run for one in found for run in (one, Run(", "))][:-1]
        return *head, Run("("), *inside, Run(")")

    def somewhere(self, unit: int) -> bool:
        """Whether a place of the walk is one: NaN is none."""
        return bool(np.isfinite(self.trace["walk_code"][self.sample, unit]).all())

    def farthest(self) -> float:
        """How far off a pixel has to be to have the deepest colour: as the sample and as the walk's last place is."""
        return relief(np.stack([self.trace["error"][self.sample], self.trace["walk_error"][self.sample, -1]]))

    @property
    def known(self) -> bool:
        """Whether the loss of the sample is a number."""
        return bool(np.isfinite(self.trace["sample_loss"][self.sample]))

    @cached_property
    def kept(self) -> float:
        """Which part of the sample comes back, beyond its mean level: 1 all of it, 0 or less nothing."""
        x = self.trace["input"][self.sample].astype(float)
        with np.errstate(all="ignore"):
            apart = np.abs(x - x.mean())
            flat = float((apart if self.config.loss == "absolute" else apart**2).mean())
            part = 1 - float(self.trace["sample_loss"][self.sample]) / flat if flat else float(self.exact)
        return part if np.isfinite(part) else 0.0

    @cached_property
    def exact(self) -> bool:
        """Whether the sample comes back as it was."""
        return bool((self.trace["error"][self.sample] == 0).all())

    def options(self) -> tuple[str, ...]:
        """What the header keeps: widths, functions, the loss, the walk."""
        config = self.config
        widths = (*config.encoder, *config.decoder[1:])
        bent = any(self.inside.values())
        return (
            "→".join(map(str, widths)),
            *((activation_word(config.activation),) if bent or config.activation != "relu" else ()),
            *((f"code {activation_word(config.code_activation)}",) if config.code_activation != "linear" else ()),
            *((f"output {activation_word(config.output_activation)}",) if config.output_activation != "linear" else ()),
            *(("no bias",) if not config.bias else ()),
            *(("absolute errors",) if config.loss == "absolute" else ()),
            *((phrases.so_many("step", "steps", config.walk_steps),) if config.walk_steps != 5 else ()),
        )

    def counted(self, count: int) -> str:
        """``two numbers``."""
        word = WORDS[count] if count < len(WORDS) else str(count)
        return f"{word} number{'s' * (count != 1)}"
