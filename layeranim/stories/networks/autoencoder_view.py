"""The numbers of one autoencoder: its layers, which numbers are followed, where the walk of its code is."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from layeranim.records import dataclass
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.pictures import side_of
from layeranim.stories.stage.arrangements import largest
from layeranim.stories.storyboard import Address, FilmView, Line, Run, Telling

WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
DEEP = 4
"""More hidden layers have no room beside the rest."""
SHOWN = 3
"""Of a code of more numbers so many are said in one line."""


@dataclass(frozen=True)
class CodeLayer:
    """One layer on the way to the code, or back, and what it makes along which axis."""

    label: str
    made: str
    axis: str

    @property
    def sums(self) -> tuple[str, ...]:
        return tuple(f"{self.label}_{name}" for name in ("products", "weighted_sum", "pre_activation"))


class AutoencoderView(FilmView):
    """The numbers of one sample there and back, and of the walk of its code."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.features, self.width = self.trace.size("in_features"), self.trace.size("code")
        self.tight = self.width < self.features
        self.side = side_of(telling, self.features)
        self.noun = "pixel" if self.side else "number"
        self.places = self.trace.size("walk")
        self.encoder, self.decoder = self._layers("encoder", "code"), self._layers("decoder", "output")
        self.hidden = [layer.made for layer in (*self.encoder[:-1], *self.decoder[:-1])]
        self.deep = len(self.hidden) > DEEP

    def _layers(self, side: str, end: str) -> list[CodeLayer]:
        made = [*(f"{side}{k}_output" for k in range(1, len(getattr(self.config, side)) - 1)), end]
        return [CodeLayer(f"{side}{k}", name, self.trace.axes(name)[-1]) for k, name in enumerate(made, start=1)]

    def function(self, layer: CodeLayer) -> str:
        """What the sums of a layer go through."""
        ends = {"code": self.config.code_activation, "output": self.config.output_activation}
        return str(ends.get(layer.made, self.config.activation))

    @cached_property
    def at(self) -> dict[str, int]:
        """Which number is followed on each axis: the largest of the output, and back from there what says most."""
        (above,) = largest(self.trace["output"][self.sample])
        out = {"in_features": above}
        for layer in reversed((*self.encoder, *self.decoder)):
            axis = self.trace.axes(layer.sums[0])[-1]
            if axis not in out:
                (above,) = largest(np.abs(self.trace[layer.sums[0]][self.sample, above]))
                out[axis] = above
        return out

    # ── the code ─────────────────────────────────────────────────────────────
    @cached_property
    def drawn(self) -> tuple[int, int | None]:
        """Which numbers of the code lie across and up: the two along which all codes lie farthest apart."""
        if self.width == 1:
            return 0, None
        codes = [self.trace[name] for name in ("code", "others_code") if name in self.trace]
        every = np.concatenate([*codes, self.trace["walk_code"][self.sample]]).astype(float)
        spread = np.ptp(np.clip(np.nan_to_num(every), -1e150, 1e150), axis=0)
        first, second = sorted(np.argsort(-spread, kind="stable")[:2].tolist())
        return first, second

    def symbol(self, k: int) -> Line:
        """What a number of the code is called."""
        return phrases.name(f"z_{{{k + 1}}}" if self.width > 1 else "z")

    def plane(self) -> str:
        """What the plane of the codes is called."""
        across, up = self.drawn
        if up is None:
            return "code z across"
        if self.width > 2:
            return f"codes: z_{{{across + 1}}}, z_{{{up + 1}}} of {self.width}"
        return "codes: z_{1} across, z_{2} up"

    def code(self, unit: int) -> Line:
        """``z = (−0.66, −2.47)``: where the walk is; of a longer code the two numbers that the plane shows."""
        across, up = self.drawn
        told = range(self.width) if self.width <= SHOWN else (across, up or 0)
        found = [self.telling.number(Address("walk_code", (self.sample, unit, k)), "result", "semibold") for k in told]
        if self.width > SHOWN:
            return phrases.join([(*self.symbol(k), Run(" = "), number) for k, number in zip(told, found, strict=True)],
                                Run(", "))  # fmt: skip
        inside = phrases.join([(number,) for number in found], Run(", "))
        head = Run("z", "ink", "semibold"), Run(" = ")
        return (*head, *inside) if self.width == 1 else (*head, Run("("), *inside, Run(")"))

    def options(self) -> tuple[str, ...]:
        """What the header keeps: widths, functions, the loss, the walk."""
        config = self.config
        ends = (("code", config.code_activation), ("output", config.output_activation))
        return (
            "→".join(map(str, (*config.encoder, *config.decoder[1:]))),
            *((activation_word(config.activation),) if self.hidden or config.activation != "relu" else ()),
            *(f"{name} {activation_word(function)}" for name, function in ends if function != "linear"),
            *phrases.unusual(
                config, bias="no bias", loss="absolute errors", walk_steps=lambda n: phrases.so_many("step", "steps", n)
            ),
        )

    def counted(self) -> str:
        """How long the code is: ``two numbers``."""
        return f"{WORDS[self.width] if self.width < len(WORDS) else self.width} number{'s' * (self.width != 1)}"
