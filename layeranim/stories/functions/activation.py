"""An activation: every number through one curve, alone; a maxout and a gated unit take several together."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.activations import activation_word
from layeranim.stories.functions.side_by_side import side_by_side
from layeranim.stories.phrases import sentence, so_many
from layeranim.stories.stage import Curve, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "without a bend, any number of layers is no more than one straight line"

GATES = {"glu": "σ", "reglu": "ReLU", "geglu": "GELU", "swiglu": "SiLU"}
"""What bends the second half of the numbers, before the first half is multiplied by it."""


def film(telling: Telling) -> Play:
    """An activation's film."""
    trace, config = telling.trace, telling.config
    if config.compare:
        return side_by_side(telling)
    name, out = config.activation, trace.axes("output")[1]
    gated, slope = name in GATES, "slope" in trace
    grouped = gated or name == "maxout"
    given, made = Grid("input", "x"), Grid("output", "y")
    second = Grid("slope", "slope") if slope else Grid("gate", f"{GATES.get(name)}(b)")
    plain = Row(given, "→", second, "→", made) if slope or gated else Row(given, "→", made)
    told = telling.sample
    x, y = trace["input"][told], trace["output"][told]
    share = Note("how much of its partner passes: 0 none, 1 all", name == "glu")
    factor = Note("its partner of the second half, bent", name != "glu")
    cut = ("output", Note("what is below 0 is cut", name == "relu" and bool((x < 0).any())))
    return Play(
        title=_title(name),
        units=Units((out,), ("number", "numbers")),
        stage=plain if grouped or slope else Tries(Row(Curve("input", "output"), given, "→", made), plain),
        acts=(Each((("gate", (share, factor)), cut) if gated else (cut,)),),
        opening=_opening(name, config.pieces),
        closing=_closing(name, x, y),
        good_for=GOOD_FOR if name != "linear" else "it passes everything on: the layer stays linear",
        options=(
            f"y = {trace.facts['activation_formula']}",
            *((f"alpha {config.alpha:g}",) if config.alpha is not None else ()),
            *((f"{config.pieces} pieces",) if config.pieces else ()),
        ),
        alike=(("input", "output"),),
        kinds={"gate": "share"} if name == "glu" else {},
        follow=_telling(x[: y.size]) if not grouped else None,
    )


def _title(name: str) -> str:
    word = "GELU (tanh)" if name == "gelu-tanh" else activation_word(name)
    return f"{word[0].upper()}{word[1:]} activation"


def _opening(name: str, pieces: int | None) -> Line:
    if name == "maxout":
        return sentence(f"of {pieces} numbers each ", "the largest passes")
    if name == "glu":
        return sentence("the second half of the numbers ", "opens and closes gates for the first")
    if name in GATES:
        return sentence("every number of the first half ", "times its bent partner of the second")
    return sentence("every number goes through ", "the same curve, alone")


def _closing(name: str, x: Any, y: Any) -> Line:
    count, cut = y.size, int(np.sum(y == 0))
    numbers = so_many("number", "numbers", count)
    if name == "relu" and cut:
        all_ = f"all {count}" if count > 1 else "the number"
        one = "the other passes" if count - cut == 1 else "the others pass"
        return (sentence(f"{all_} became 0, ", "nothing passes") if cut == count
                else sentence(f"{cut} of {count} became 0, ", f"{one} unchanged"))  # fmt: skip
    if name == "maxout":
        return sentence(f"{numbers}, ", "each the largest of its group")
    if name == "glu":
        return sentence(f"{numbers}, ", "each as far as its gate was open")
    if name in GATES:
        return sentence(f"{numbers}, ", "each times its bent partner")
    if name != "linear" and np.array_equal(x, y):
        return sentence("every number as it was: ", "none stands where the curve bends")
    return sentence("same shape, ", "every number bent by the curve" if name != "linear" else "every number as it was")


def _telling(x: Any) -> int | None:
    """The number that shows the bend: the positive one nearest to 1, where there is one."""
    near = [k for k in range(len(x)) if x[k] > 0]
    return min(near, key=lambda k: abs(x[k] - 1)) if near else None


ActivationStory = story("Activation", film, GOOD_FOR, takes=7)
