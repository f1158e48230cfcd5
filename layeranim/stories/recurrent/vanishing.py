"""Vanishing and exploding gradients: step by step back through time, multiplied once more at each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Each, Grid, Lines, Note, Play, Row, Units
from layeranim.stories.stage.parts.tracks import drawn
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "why long memories are hard to learn, and why gates and clipping help"
SHORT = 15
"""Of numbers with more letters than these only those of the first and of the last scale are said at the end."""
NAMED = 30
"""Of more time steps none is called by its number."""


class ThroughTime(FilmView):
    """The way back; a unit of the film is a step back, from the last time step."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.ways, self.steps = self.trace.size("ways"), self.trace.size("time")
        self.shown, self.told = drawn(self.ways), telling.film.selected(self.steps)
        self.several, self.reach = self.trace.size("hidden") > 1, int(self.config.truncate or self.steps)
        self.times = tuple(f"t = {t}" for t in range(1, self.steps + 1)) if self.steps <= NAMED else ()
        lanes = () if self.config.forget is None else ("LSTM cell",)
        self.names = (*lanes, *(f"{float(s):g} · U" for s in self.trace["scales"]))[: len(self.shown)]
        self.norms = np.asarray(self.trace["gradient_norm"], float)[: len(self.shown), ::-1]
        """The lengths of all that are drawn: (ways, steps back)."""

    def t(self, unit: int) -> int:
        """The time step, from 0, to which a unit leads back."""
        return self.steps - 1 - unit

    def units(self, inner: Callable[[int], Mapping[str, int]]) -> Units:
        names = tuple(f"t = {self.t(k) + 1}" for k in range(self.steps))
        return Units(("time",), ("step back", "steps back"), (), names, most={"ways": len(self.shown)}, inner=inner,
                     turned=True)  # fmt: skip

    def lines(self, *, low: bool = False) -> Lines:
        return Lines("gradient_norm", "length of the gradient at t", "ways", self.names, self.config.threshold, 1,
                     low=low)  # fmt: skip

    def clipped(self) -> Note:
        """What clipping does, where a length is beyond its threshold."""
        most = self.config.threshold
        return Note("above the dashed line a gradient keeps its direction and loses its length",
                    lambda k: most is not None and bool((self.norms[:, k] > most).any()))  # fmt: skip

    def options(self) -> tuple[str, ...]:
        """What the header says."""
        config = self.config
        return (
            phrases.so_many("time step", "time steps", self.steps),
            f"hidden {self.trace.size('hidden')}",
            *(("a loss at every step",) if config.losses == "every" else ()),
            *((config.nonlinearity,) if config.nonlinearity != "tanh" else ()),
            *((f"forget gate {config.forget:g}",) if config.forget is not None else ()),
            *((f"clipped at {config.threshold:g}",) if config.threshold is not None else ()),
            *((f"cut off after {phrases.so_many('step', 'steps', config.truncate)}",) if config.truncate else ()),
        )

    # ── of the loss at the end ───────────────────────────────────────────────
    @cached_property
    def followed(self) -> int:
        """The way whose gradient becomes longest; of equals that of the largest scale."""
        far = np.nan_to_num(self.norms[:, min(1, self.steps - 1) :]).max(axis=1)
        return len(self.shown) - 1 - int(np.argmax(far[::-1]))

    @property
    def gated(self) -> bool:
        return self.followed == 0 and self.config.forget is not None

    def level(self, k: int) -> bool:
        """Whether the cell's gradient is still half as long as it was, and another one is not."""
        kept, lost = self.norms[0, k], self.norms[1:, k] < self.norms[1:, 0] / 2
        return self.config.forget is not None and k > 0 and bool(kept >= self.norms[0, 0] / 2 > 0 and lost.any())

    def ends(self) -> tuple[Note, Note]:
        """That the way which grows most explodes, and that the one which shrinks most vanishes, as soon as they do."""
        last = np.nan_to_num(self.norms[:, -1])
        most, least = self.norms[np.argmax(last)], self.norms[np.argmin(last)]
        return (
            Note(f"{self.names[np.argmax(last)]} explodes: one such step throws the weights far away",
                 lambda k: k > 0 and bool(most[k] > 2 * most[0])),
            Note(f"{self.names[np.argmin(last)]} vanishes: the distant past gets no blame",
                 lambda k: k > 0 and bool(0 < least[k] < least[0] / 2)),
        )  # fmt: skip

    def multiplied(self, unit: int) -> Line:
        """The way so far times one more step's factor; of several units both are matrices."""
        t, k = self.t(unit), self.followed
        if unit == 0:
            return (Run("the last state: nothing is multiplied yet", source=Fact("last")),)
        if unit > self.reach:
            return (Run("cut off: ", source=Fact("cut off")),
                    Run("0 goes further back", "result", "semibold", Fact("zero")))  # fmt: skip
        if self.several and self.gated:
            return (Run("times the forget gate ", source=Fact("step")),
                    Run(f"{self.config.forget:g}", "result", "semibold", Fact("forget")))  # fmt: skip
        if self.several:
            return jacobian(t)
        product, factor, made = (Address(name, (k, at, 0, 0)) for name, at in
                                 (("product", t + 1), ("jacobian", t + 1), ("product", t)))  # fmt: skip
        return pair(self.telling.text, product, factor, made)

    def long(self, unit: int) -> Line:
        """How long the gradient is that arrives."""
        place = Address("gradient_norm", (self.followed, self.t(unit)))
        return Run("length"), *phrases.reads(self.telling.text(place), place)

    def shortened(self, unit: int) -> Line:
        """How long the gradient is, and how long it may be."""
        place, most = Address("gradient_norm", (self.followed, self.t(unit))), self.config.threshold
        said = f" > {most:g}: clipped" if self.norms[self.followed, unit] > most else ": left as it is"
        return Run("length "), self.telling.number(place), Run(said, "result", "semibold", Fact("limit"))

    def closing(self) -> Line:
        """What arrives at the end of the way, of each scale."""
        back = self.told[-1]
        ends = [(name, self.telling.number(Address("gradient_norm", (k, self.t(back))), "result", "semibold"))
                for k, name in enumerate(self.names)]  # fmt: skip
        if len(ends) > 3 or sum(len(number.text) for _, number in ends) > SHORT:
            ends = [ends[0], *ends[1:][-1:]]
        out = [Run(f"{phrases.so_many('step', 'steps', back)} back: ", weight="regular", source=Fact("steps"))]
        for i, (name, number) in enumerate(ends):
            out += [Run(f"{', ' if i else ''}{name} leaves ", "result", source=Fact("scale")), number]
        return tuple(out)


def film(way: ThroughTime) -> Play:
    """The film of the loss at the end."""
    names, reach, clipped = way.names, way.reach, "clipped" in way.trace
    grids = [Grid("gradient_norm", "length", "ways", "time", sized=False, called=(names, way.times))]
    if clipped:
        grids.append(Grid("clipped", "clipped g", "ways", "hidden_before", sized=False, called=(names, ())))
    factor = "the forget gate" if way.gated else "the weight U times the slope"
    return Play(
        units=way.units(lambda _: {"ways": way.followed}),
        stage=Row(way.lines(), Column(*grids)),
        acts=(
            Each((
                ("product", (Note("the loss hangs on the last state alone", lambda k: k == 0),
                             Note("the way back is cut off: nothing goes further", lambda k: k > reach),
                             Note(f"one step further back, one factor more: {factor}", lambda k: 0 < k <= reach))),
                (("gradient_norm", "clipped") if clipped else "gradient_norm", (
                    way.clipped(),
                    Note("the cell's lane stays open: what is far back still gets its blame", way.level),
                    *way.ends(),
                )),
            )),
        ),
        words={"product": way.multiplied, "gradient_norm": way.long, "clipped": way.shortened},
        opening=sentence("the blame for an error goes back step by step, ", "and is multiplied at each"),
        closing=way.closing(),
        options=way.options(),
        drawn=phrases.not_all(len(way.shown), way.ways),
        follow=way.steps - 1,
        evidence=tuple(Region.of("gradient_norm", ways=k, time=way.t(way.told[-1])) for k in way.shown),
    )  # fmt: skip


def jacobian(t: int) -> Line:
    """The factor of a step back where it is a matrix."""
    return (Run(f"times the Jacobian of t = {t + 2}: ", source=Fact("step")),
            Run("its slopes times U", "result", "semibold", Fact("factor")))  # fmt: skip


def pair(text: Callable[[Address], str], first: Address, second: Address, to: Address, minus: str = "") -> Line:
    """``2.25 · 1.50 = 3.38``: two numbers and what is made of them: a product, or with the sign a difference."""
    a, b = text(first), text(second)
    x, y = numbers.double(a), numbers.double(b)
    return (
        Run(a if minus else numbers.factor(a), "ink", source=first),
        Run(f" {minus} " if minus else numbers.DOT), Run(numbers.factor(b), "weights", source=second),
        *phrases.comes_to(x - y if minus else x * y, text(to), to, a, b),
    )  # fmt: skip
