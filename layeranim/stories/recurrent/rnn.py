"""A plain recurrent layer: the last state beside the new input, weighed, added up, bent to the new state."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim.stories.recurrent.around import Acts, play
from layeranim.stories.recurrent.good import GOOD_FOR
from layeranim.stories.recurrent.notes import begins, fuller, made_of, notes
from layeranim.stories.recurrent.said import summary
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.stage import Aligned, Chip, Grid, Play, Row, Tally, story
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Telling

COUNTED = ("₁", "₂", "₃", "₄", "₅", "₆", "₇", "₈", "₉")


def film(telling: Telling) -> Play:
    """A plain recurrent layer's film."""
    view = RecurrentView(telling)
    unit = view.told if view.chosen else fuller(view, view.shown[0])
    acts: Acts = (
        (("previous_hidden", "joined", "state_products", "hidden_pre"),
         notes(view, begins)),
        (("hidden",), notes(view, begins, made_of(unit))),
    )  # fmt: skip
    usual = summary(view, "each state is made of the input and the state before")
    return play(view, "Recurrent network (RNN)", list(_machines(view, unit)), acts, unit=unit, opening_note=usual)


def _machines(view: RecurrentView, unit: int) -> Iterator[Node]:
    """State and input beside each other, over the weights of a unit and their products; sum, bend, new state."""
    numbered = view.hidden > 1
    of = f"_{{{unit + 1}}}" if numbered else ""
    at = (("units", unit),)
    joined = Grid("joined", "", cols="joined", beside=True, called=((), column_names(view)))
    weights = Grid("weight_state", "weights", None, "joined", beside=True, at=at)
    products = Grid("state_products", "products", None, "joined", beside=True, at=at)
    biases = [Grid(name, "bias", at=at, one=True, sized=False) for name in
              ("bias_input_state", "bias_hidden_state") if view.has(name)]  # fmt: skip
    state = Grid("hidden", f"h{of}", at=(("hidden", unit),), one=True, sized=False)
    added: list[Node | str] = ["+", *biases] if biases else []
    yield Row(
        Aligned(joined, weights, products),
        *added,
        "→",
        Tally("hidden_pre", "sum"),
        "→",
        Chip("hidden_pre", "hidden"),
        "→",
        state,
    )


def column_names(view: RecurrentView) -> tuple[str, ...]:
    """``h₁ h₂ x₁``: what stands in the state and input beside each other."""
    states, given = view.size("previous_hidden"), view.trace.tensor("input").shape[-1]
    return tuple(f"{letter}{number}" for letter, count in (("h", states), ("x", given))
                 for number in (COUNTED[:count] if 1 < count <= len(COUNTED) else ("",) * count))  # fmt: skip


RnnStory = story("Recurrent network", film, GOOD_FOR["rnn"].removeprefix("for "), takes=7, shows=("units",))
