"""A plane before and after a hidden layer: where its samples go, and what one line there is here."""

from __future__ import annotations

from layeranim.stories import phrases
from layeranim.stories.activations import activation_word
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Grid, Note, Play, Row, Scatter, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "why a network has hidden layers: they move the samples until a line is enough"
SQUARE = "square"


def film(telling: Telling) -> Play:
    """The film of one hidden layer of two units."""
    trace, name = telling.trace, telling.config.activation
    before = Scatter("input", "class_ids", "plane_share", "plane", "classes", text="inputs x", stepped=True)
    after = Scatter("hidden", "class_ids", "space_share", "space", "classes", text="features h", stepped=True,
                    before=before)  # fmt: skip
    weights = Column(
        Grid("weight", "W", "units", "features"), Grid("bias", "b", None, "units"),
        Row(Grid("out_weight", "v", None, "units"), Grid("out_bias", "c")),
    )  # fmt: skip
    told, samples = _Moved(telling), trace.size("samples")
    return Play(
        units=Units(("samples",), ("sample", "samples"), ()),
        stage=Tries(Row(before, "→", weights, "→", after), Row(before, "→", after)),
        acts=(
            All(("space_score", "space_share"),
                Note("between the features the score is 0 on a straight line", told.crossed), says=told.border),
            Each(((("products", "weighted_sum", "pre_activation", "hidden"), (
                Note("two units: two new coordinates", lambda k: k == 0),
                Note("samples of one class have come together", told.joined),
            )),), sentence=told.moved),
            All(("plane_features", "plane_score", "plane_share"),
                (Note("what the hidden layer makes of a straight line", name != "linear" and told.seen),
                 Note("without a bend it is a straight line here too", name == "linear" and told.seen)),
                says=told.from_inputs()),
        ),
        opening=sentence("no line parts the classes here? ", "the hidden layer moves the samples"),
        closing=told.closing(),
        options=(phrases.so_many("sample", "samples", samples), _word(name)),
        kinds={"plane_share": "versus", "space_share": "versus"},
    )  # fmt: skip


def _word(name: str) -> str:
    return "squares" if name == SQUARE else activation_word(name)


class _Moved(FilmView):
    """Where the samples went, and on which side of the border they are."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        score, ids = self.trace["score"], self.trace["class_ids"]
        self.wrong = int(((score > 0) != (ids == 1)).sum())
        self.crossed, self.seen = (
            bool((self.trace[name] > 0).any() and (self.trace[name] <= 0).any())
            for name in ("space_score", "plane_score")
        )

    def joined(self, unit: int) -> bool:
        """Whether a sample has come to where one of its class before it lies, that was elsewhere."""
        x, h = self.trace["input"], self.trace["hidden"]
        same = (h[:unit] == h[unit]).all(axis=1) & (x[:unit] != x[unit]).any(axis=1)
        ids = self.trace["class_ids"]
        return bool((same & (ids[:unit] == ids[unit])).any())

    def moved(self, figures: Figures, unit: int, brief: bool) -> Line:
        """``(1, 1) → (2, 1)``: from the inputs to the features; where there is little time these alone."""

        def pair(tensor: str, role: str, late: bool) -> Line:
            places = (Address(tensor, (unit, k)) for k in (0, 1))
            return phrases.coordinates([Run(figures.text(at), role, "semibold", at, late=late) for at in places])

        if brief:
            return Run("→ "), *pair("hidden", "result", False)
        return (*pair("input", "ink", False), Run(" → ", late=True), *pair("hidden", "result", True))

    def border(self, figures: Figures) -> Line:
        """``border: 1 · h₁ + (−2) · h₂ + (−0.50) = 0``: where the score is 0."""
        terms: list[Line] = []
        for at, after in ((Address("out_weight", (0,)), " · h₁"), (Address("out_weight", (1,)), " · h₂"),
                          (Address("out_bias", (0,)), "")):  # fmt: skip
            terms.append((figures.number(at, bool(terms)), *((Run(after),) if after else ())))
        return Run("border: ", weight="regular"), *phrases.join(terms), Run(" = 0", source=Fact("border"))

    def from_inputs(self) -> Line:
        """The border where the inputs are, or that they all lie on one side of it."""
        if not self.seen:
            return Run("no border between the "), Run("inputs", "ink", "semibold"), Run(": one side has all")
        return Run("the same border, seen from the "), Run("inputs", "ink", "semibold")

    def closing(self) -> Line:
        samples = self.trace.size("samples")
        if self.wrong:
            which = f"{self.wrong} of {samples} on the wrong side"
        else:
            which = f"all {samples} samples on their side" if samples > 1 else "the sample is on its side"
        return sentence("a line between features: ", which, end="wrong" if self.wrong else "sentence")


FeatureSpaceStory = story("Feature space", film, GOOD_FOR, takes=3)
