"""Gradients of one loss or of many: step by step back through time, multiplied at each, they vanish or explode."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.stage import All, Column, Each, Grid, Lattice, Lines, Mask, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.tracks import drawn
from layeranim.stories.stage.solver import NUMERAL_LOW
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
        far = np.nan_to_num(self.norms[:, min(1, self.steps - 1) :]).max(axis=1)
        self.followed = len(self.shown) - 1 - int(np.argmax(far[::-1]))
        """The way whose gradient becomes longest; of equals that of the largest scale."""
        self.gated = self.followed == 0 and self.config.forget is not None

    def t(self, unit: int) -> int:
        """The time step, from 0, to which a unit leads back."""
        return self.steps - 1 - unit

    def units(self, inner: Callable[[int], Mapping[str, int]]) -> Units:
        return Units(("time",), ("step back", "steps back"), (), lambda k: f"t = {self.t(k) + 1}",
                     most={"ways": len(self.shown)}, inner=inner, turned=True)  # fmt: skip

    def lines(self, *, low: bool = False) -> Lines:
        return Lines("gradient_norm", "length of the gradient at t", "ways", self.names, self.config.threshold, 1,
                     low=low)  # fmt: skip

    def clipped(self) -> Note:
        """What clipping does, where a length is beyond its threshold."""
        said = "above the dashed line a gradient keeps its direction and loses its length"
        return Note(said, lambda k: bool((self.norms[:, k] > (self.config.threshold or np.inf)).any()))

    def options(self) -> tuple[str, ...]:
        """What the header says."""
        changed = phrases.unusual(
            self.config, losses="a loss at every step", nonlinearity=activation_word, forget="forget gate {:g}",
            threshold="clipped at {:g}", truncate=lambda n: f"cut off after {phrases.so_many('step', 'steps', n)}",
        )  # fmt: skip
        return phrases.so_many("time step", "time steps", self.steps), f"hidden {self.trace.size('hidden')}", *changed

    # ── of the loss at the end ───────────────────────────────────────────────
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
            return phrases.point("cut off: ", "0 goes further back", "cut off", "zero")
        if self.several and self.gated:
            return phrases.point("times the forget gate ", f"{self.config.forget:g}", "step", "forget")
        if self.several:
            return jacobian(t)
        product, factor = (Address(name, (k, t + 1, 0, 0)) for name in ("product", "jacobian"))
        return pair(self.telling.text, product, factor, Address("product", (k, t, 0, 0)))

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
        ends = [(name, Address("gradient_norm", (k, self.t(self.told[-1])))) for k, name in enumerate(self.names)]
        if len(ends) > 3 or sum(len(self.telling.text(at)) for _, at in ends) > SHORT:
            ends = [ends[0], *ends[1:][-1:]]
        out = [Run(f"{phrases.so_many('step', 'steps', self.told[-1])} back: ", weight="regular", source=Fact("steps"))]
        for i, (name, at) in enumerate(ends):
            out += [Run(f"{', ' if i else ''}{name} leaves ", "result", source=Fact("scale")),
                    self.telling.number(at, "result", "semibold")]  # fmt: skip
        return tuple(out)


def film(telling: Telling) -> Play:
    """The film of the way back: of all losses, or of the one at the end."""
    return (every if telling.config.losses == "every" else last)(ThroughTime(telling))


def last(way: ThroughTime) -> Play:
    """The film of one loss."""
    names, reach, clipped = way.names, way.reach, "clipped" in way.trace
    lengths = Grid("gradient_norm", "length", "ways", "time", sized=False, called=(names, way.times))
    cut = Grid("clipped", "clipped g", "ways", "hidden_before", sized=False, called=(names, ()))
    factor = "the forget gate" if way.gated else "the weight U times the slope"
    return Play(
        units=way.units(lambda _: {"ways": way.followed}),
        stage=Row(way.lines(), Column(lengths, *((cut,) if clipped else ()))),
        acts=(Each((
            ("product", (Note("the loss hangs on the last state alone", lambda k: k == 0),
                         Note("the way back is cut off: nothing goes further", lambda k: k > reach),
                         Note(f"one step further back, one factor more: {factor}", lambda k: 0 < k <= reach))),
            (("gradient_norm", "clipped") if clipped else "gradient_norm", (
                way.clipped(),
                Note("the cell's lane stays open: what is far back still gets its blame", way.level),
                *way.ends(),
            )),
        )),),
        words={"product": way.multiplied, "gradient_norm": way.long, "clipped": way.shortened},
        opening=phrases.sentence("the blame for an error goes back step by step, ", "and is multiplied at each"),
        closing=way.closing(),
        options=way.options(),
        drawn=phrases.not_all(len(way.shown), way.ways),
        follow=way.steps - 1,
        evidence=tuple(Region.of("gradient_norm", ways=k, time=way.t(way.told[-1])) for k in way.shown),
    )  # fmt: skip


# ── a loss at every step ─────────────────────────────────────────────────────
def every(view: ThroughTime) -> Play:
    """The film of all losses, of the scale that is drawn last."""
    steps, hidden = view.steps, view.trace.size("hidden")
    way, whole, end = view.shown[-1], len(view.told) == steps, view.t(view.told[-1])
    at = Address("weight_gradient", (way, 0, 0)) if whole else Address("gradient_norm", (way, end))
    losses = f"{phrases.so_many('loss', 'losses', steps)}, one weight: its blame adds up to "
    lead = losses if whole else f"back to t = {end + 1}: a gradient of length "
    cell = (("ways", way), *((("hidden_before", 0),) if view.several else ()))
    weight = (*cell, *((("hidden", 0),) if view.several else ()))
    of = f", {view.names[-1]}" if len(view.shown) > 1 else ""

    sent = Lattice(
        (Grid("loss", "loss", "time", None, at=(("scales", way),), sized=False, called=(view.times, ()), lens=False),
         Grid("sent", "what each loss sends back to t", "losses", "time", at=cell, sized=False,
              called=((), view.times), lens=False)),
        (None, Grid("gradient", f"gradient at t{of}", None, "time", at=cell, sized=False)),
    )  # fmt: skip
    blamed = Row(Grid("blame", "blame of U at t", None, "time", at=weight, sized=False, lens=False),
                 Grid("weight_gradient", "sum", at=weight, sized=False))  # fmt: skip
    lengths, narrow = view.lines(low=True), view.telling.film.canvas.narrow  # there numbers go before lines
    full = Row(sent, Column(lengths, blamed) if whole else lengths)
    part = (f"state 1 of {hidden}, weight 1 of {hidden**2} drawn",) if view.several else ()
    return Play(
        title="Backpropagation through time",
        units=view.units(lambda k: {"ways": way, "scales": way, "losses": min(steps - 1, view.t(k) + view.reach)}),
        stage=Tries(full, Row(sent, blamed), full, least=NUMERAL_LOW) if whole and narrow else full,
        acts=(
            Each((
                ("loss", Note("every step has a loss of its own", lambda k: k == 0 and steps > 1)),
                ("sent", (
                    Note("a loss begins with its error: what the state is, less what it should be", lambda k: k == 0),
                    Note("the way back is cut off: older steps hear nothing of it", lambda k: k > view.reach),
                    Note("every later loss sends on what it sent: one factor more", lambda k: 0 < k <= view.reach),
                )),
                (("gradient_norm", "clipped", "gradient"), (
                    view.clipped(), Note("what all of them send to a step adds up", lambda k: k > 0),
                )),
            ), again=("sent",), pause=2.2),
            *(_blames(view, way) if whole else ()),
        ),
        retold={"sent": _sent},
        opening=phrases.sentence("every time step has a loss, ", "and each sends its blame back"),
        closing=lambda figures: (Run(lead, weight="regular", source=Fact("losses")),
                                 Run(figures.text(at), "result", "semibold", at)),
        options=view.options(),
        drawn=(*phrases.not_all(len(view.shown), view.ways), *part),
        follow=max(0, steps - 2),
        masks={"sent": Mask(~np.tri(steps, dtype=bool))},
        alike=(("sent", "gradient"), ("blame", "weight_gradient")),
        evidence=(Region.of("weight_gradient", ways=way, hidden=0, hidden_before=0) if whole
                  else Region.of("gradient", ways=way, time=end, hidden_before=0),),
    )  # fmt: skip


def _blames(view: ThroughTime, way: int) -> Iterator[All]:
    """What U is blamed for, at each step, where it is blamed most, and in all."""
    blamed = Note("U is blamed at each step: the gradient times the slope, times the state before")
    most = int(np.argmax(np.abs(np.nan_to_num(view.trace["blame"][way, 0, 0]))))
    arrived, before = (Address(name, (way, most, 0)) for name in ("delta", "previous_hidden"))
    yield All(("blame",), blamed, at={"ways": way, "time": most},
              says=lambda f: pair(f.text, arrived, before, Address("blame", (way, 0, 0, most))))  # fmt: skip
    used = "every step used the same U: its blame adds up"
    yield All(("weight_gradient",), Note(used, view.steps > 1), at={"ways": way})


def _sent(figures: Figures, unit: int) -> Line:
    """``0.03 − 1.00 = −0.97``: an error; or what the farthest loss sent to the step after, times one more factor."""
    to = figures.cell_of("sent", unit, figures.inner(unit))
    way, _, loss, t = to.index
    if t == loss:
        return pair(figures.text, Address("hidden", (way, t, 0)), Address("target", (t, 0)), to, numbers.MINUS)
    if figures.trace.size("hidden") > 1:
        return jacobian(t)
    return pair(figures.text, Address("sent", (way, 0, loss, t + 1)), Address("jacobian", (way, t + 1, 0, 0)), to)


def jacobian(t: int) -> Line:
    """The factor of a step back where it is a matrix."""
    return phrases.point(f"times the Jacobian of t = {t + 2}: ", "its slopes times U", "step", "factor")


def pair(text: Callable[[Address], str], first: Address, second: Address, to: Address, minus: str = "") -> Line:
    """``2.25 · 1.50 = 3.38``: two numbers and what is made of them: a product, or with the sign a difference."""
    a, b = text(first), text(second)
    x, y = numbers.double(a), numbers.double(b)
    return (
        Run(a if minus else numbers.factor(a), "ink", source=first),
        Run(f" {minus} " if minus else numbers.DOT), Run(numbers.factor(b), "weights", source=second),
        *phrases.comes_to(x - y if minus else x * y, text(to), to, a, b),
    )  # fmt: skip


VanishingStory = story("Gradients through time", film, GOOD_FOR)
