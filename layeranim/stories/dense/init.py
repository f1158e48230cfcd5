"""First weights: the same signal through layers of weights drawn in several ways; it dies, sticks, grows, or lives."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.stage import DotLane, Dots, Each, Lines, Note, Play, Row, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.parts.tracks import MOST_LINES, drawn
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "signals should neither die nor stick on their way, nor should the gradients back"
LIMIT = 2.0
"""How far from 0 the axis of the dots goes at most."""
GONE, KEPT, MANIFOLD, STUCK = 0.05, 0.2, 5.0, 0.5
"""A signal has died that is smaller than this part of what came in, lives above that one, has grown beyond so many
times; numbers are stuck where more than half of them are within a hundredth of the ends of their function."""
NEAR = 0.01
KNOWN = {"zeros": "zeros", "small": "too small", "large": "too large", "xavier": "Xavier", "he": "He"}
"""What schemes are called."""


class InitView(FilmView):
    """The numbers of one film; a unit is a layer, the first one what comes in."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.schemes: tuple[str, ...] = self.config.schemes
        self.shown = drawn(len(self.schemes))
        self.sizes = self.trace["sizes"]
        self.last = telling.film.selected(self.trace.size("states"))[-1]
        self.best = self._best()

    def _best(self) -> int:
        """The scheme that keeps the signal nearest to what came in, and whose numbers are not stuck."""
        with np.errstate(all="ignore"):
            grown = np.abs(np.log(self.sizes[:, self.last] / self.sizes[:, 0]))
        far = [np.inf if self.fate(k) == "sticks" or not np.isfinite(grown[k]) else grown[k] for k in self.shown]
        return int(np.argmin(far))

    def stuck(self, k: int) -> float:
        """The part of a scheme's last numbers that lie at the ends of a function that has ends."""
        low, high = {"tanh": (-1, 1), "sigmoid": (0, 1), "softsign": (-1, 1), "hard-tanh": (-1, 1)}.get(
            self.config.activation, (-np.inf, np.inf)
        )
        values = self.trace[f"{self.schemes[k]}.numbers"][self.last]
        return float(np.mean((values <= low + NEAR) | (values >= high - NEAR))) if self.last else 0.0

    def alike(self, k: int, state: int) -> bool:
        """Whether all units say the same of every sample."""
        values = self.trace[f"{self.schemes[k]}.numbers"][state]
        return values.size > 1 and bool((values == values.flat[0]).all())

    def fate(self, k: int) -> str:
        """What becomes of the signal under a scheme."""
        first, end = self.sizes[k, 0], self.sizes[k, self.last]
        if not np.isfinite(first) or not first or (end and self.alike(k, self.last)):
            return "is lost"
        if not np.isfinite(end) or end > MANIFOLD * first:
            return "explodes"
        if self.stuck(k) > STUCK:
            return "sticks"
        return "dies" if end < GONE * first else "lives" if end > KEPT * first else "fades"


def film(telling: Telling) -> Play:
    """The film of first weights."""
    view = InitView(telling)
    names = [view.schemes[k] for k in view.shown]
    numbers_, sizes = (tuple(f"{name}.{kind}" for name in names) for kind in ("numbers", "size"))
    lanes = tuple(DotLane(n, KNOWN[name], None, s) for name, n, s in zip(names, numbers_, sizes, strict=True))
    states = view.trace.size("states")
    return Play(
        units=Units(
            ("states",), ("layer", "layers"), (), names=("what comes in", *(f"layer {k}" for k in range(1, states))),
            most={"schemes": len(names)}, inner=lambda _: {"schemes": view.best},
        ),
        stage=Row(
            Dots(lanes, ("samples", "units"), True, LIMIT),
            Lines("sizes", "RMS of a layer", "schemes", tuple(KNOWN[name] for name in names)),
        ),
        acts=(Each((((*numbers_, *sizes, "sizes"), _notes(view)),)),),
        opening=phrases.sentence("the same numbers through layers of ", "weights drawn in several ways"),
        opening_note=f"{phrases.so_many('layer', 'layers', states - 1)} of {view.config.units} units: "
        f"every dot is what one unit makes of one sample",
        closing=_closing(view),
        options=_options(view.config),
        drawn=phrases.not_all(len(names), len(view.schemes)),
        follow=states - 1,
        symbols={"sizes": (Run(f"RMS, {KNOWN[view.schemes[view.best]]}", source=Fact("scheme")),)},
        retold={"sizes": lambda figures, unit: _now(view, figures, unit)},
        evidence=(Region.of("sizes", states=view.last),),
    )  # fmt: skip


def _notes(view: InitView) -> tuple[Note, ...]:
    """What becomes of each scheme's signal, at the end of its way; what the schemes are, before."""
    spreads = view.trace.facts
    said = {
        "xavier": f"Xavier: a spread of √(2/(in + out)) = {float(spreads.get('spread_xavier', 0)):.3g}",
        "he": f"He: a spread of √(2/in) = {float(spreads.get('spread_he', 0)):.3g}",
    }
    names = [view.schemes[k] for k in view.shown]
    return (
        Note("all begin with the same numbers", lambda unit: unit == 0),
        Note("zeros: every unit is like every other, and stays so",
             lambda unit: unit == 1 and "zeros" in names and view.alike(view.schemes.index("zeros"), 1)),
        *(Note(text, lambda unit: unit > 0) for name, text in said.items() if name in names),
    )  # fmt: skip


def _now(view: InitView, figures: Figures, unit: int) -> Line:
    """How large the numbers of a layer are under each scheme: ``RMS: zeros 0, Xavier 0.42``."""
    out: list[Run] = [Run("RMS:  ")]
    for k in view.shown:
        out += [Run(f"{',  ' if len(out) > 1 else ''}{KNOWN[view.schemes[k]]} "),
                figures.result(Address(f"{view.schemes[k]}.size", (unit,)))]  # fmt: skip
    return tuple(out)


def _closing(view: InitView) -> Line:
    """What became of the signal under each scheme."""
    out: list[Run] = []
    for k in view.shown:
        role = "result" if view.fate(k) == "lives" else "ink"
        out += [Run(f"{',  ' if out else ''}{KNOWN[view.schemes[k]]}: ", source=Fact("scheme")),
                Run(f"it {view.fate(k)}", role, "semibold", Fact("fate"))]  # fmt: skip
    return tuple(out)


def _options(config: Any) -> tuple[str, ...]:
    usual = {item.name: item.default for item in config.options()}
    return (
        phrases.so_many("layer", "layers", config.layers),
        phrases.so_many("unit", "units", config.units),
        phrases.so_many("sample", "samples", config.samples),
        activation_word(config.activation),
        *(f"{name} {getattr(config, name):g}" for name in ("small", "large") if getattr(config, name) != usual[name]),
        *((f"init seed {config.init_seed}",) if config.init_seed else ()),
        *((",  ".join(config.schemes),) if len(config.schemes) > MOST_LINES else ()),
    )


InitStory = story("First weights", film, GOOD_FOR, takes=1)
