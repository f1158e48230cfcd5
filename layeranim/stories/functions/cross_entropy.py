"""Cross-entropy: what a guess costs, −ln of the share that it gave to the true class."""

from __future__ import annotations

import numpy as np

from layeranim import numbers
from layeranim.engine.activations import softmax
from layeranim.engine.trace import Array
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence, unusual
from layeranim.stories.stage import All, Bars, Each, Graph, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, FilmView, Line, Run, Telling

GOOD_FOR = "the loss of every classifier: what is sure and wrong costs most"
SURE = 0.8
"""From this share on a guess is called sure."""
CHEAP = 0.1


def film(telling: Telling) -> Play:
    """Cross-entropy's film: sample by sample, then all of them together."""
    trace, config, told = telling.trace, telling.config, _Charged(telling)
    samples, classes = trace.tensor("input").shape
    p, q = told.shares, "weighted_target" if "weighted_target" in trace else "target_distribution"
    scores: tuple[Node | str, ...] = (Grid("input", "scores", rows="classes"), "→") if config.source == "logits" else ()
    guess = Bars(p or "input", "guess p" if p else "guess ln p", rows="classes")
    truth = Bars(q, "truth" if q == "target_distribution" else "truth · weight", rows="classes")
    end: tuple[Node | str, ...] = (Grid("losses", "loss", rows="batch"),)
    if "loss" in trace:
        end += ("→", Grid("loss", config.reduction))
    axis = (Run("−ln p", "ink", "semibold", Fact("name")),)
    curve = (Graph(p, "terms", axis, by=surprise),) if p else ()
    costs = (Note("sure and wrong costs most", told.sure_and_wrong),
             Note("sure and right costs next to nothing", told.sure_and_right))  # fmt: skip
    acts: list[tuple[str | tuple[str, ...], Note | tuple[Note, ...]]] = []
    if config.source == "logits":
        acts.append(("probabilities", Note("softmax makes shares of the scores")))
    acts.append(("target_distribution", Note("the truth: all of it at one class", told.pointed)))
    if q == "weighted_target":
        acts.append((q, Note("some classes count more")))
    acts += [(("terms", "losses"), costs)] if told.simple else [("terms", costs), ("losses", costs)]
    averaged = Note("the mean of all samples that count", config.reduction == "mean" and samples > 1)
    words = {"terms": told.term, "losses": told.loss, "probabilities": told.share, "target_distribution": told.point}
    return Play(
        units=Units(("batch",), ("sample", "samples"), (), inner=lambda unit: {"classes": told.true(unit)}),
        stage=Tries(Row(*scores, guess, truth, *curve, *end), Row(guess, truth, *end)),
        acts=(Each(tuple(acts)), *((All(("loss",), averaged),) if "loss" in trace else ())),
        opening=sentence("a guess is charged by ", "−ln of the share that the truth got"),
        closing=lambda figures: _closing(figures, config.reduction, samples),
        options=_options(telling, samples, classes),
        alike=(("terms", "losses", "loss"),),
        kinds=({p: "share"} if p else {}) | {"target_distribution": "share"},
        follow=int(np.argmax(np.nan_to_num(trace["losses"], posinf=np.finfo(float).max))),
        retold=words | ({"loss": told.total} if config.reduction == "sum" else {}),
    )


def surprise(p: Array) -> Array:
    """−ln p."""
    return np.asarray(-np.log(p))


class _Charged(FilmView):
    """What a batch holds, sample by sample."""

    def __init__(self, telling: Telling) -> None:
        super().__init__(telling)
        self.shares = {"logits": "probabilities", "probabilities": "input"}.get(self.config.source, "")
        self.truth = self.trace["target_distribution"]

    def true(self, unit: int) -> int:
        """The class that the truth gives most."""
        return int(np.argmax(self.truth[unit]))

    def pointed(self, unit: int) -> bool:
        return bool((self.truth[unit] == 1).any())

    @property
    def simple(self) -> bool:
        """Whether every sample costs one term: its truth is at one class, and no class counts more."""
        return "weighted_target" not in self.trace and all(map(self.pointed, range(len(self.truth))))

    def _guess(self, unit: int) -> Array:
        with np.errstate(all="ignore"):
            held = self.trace[self.shares][unit] if self.shares else np.exp(self.trace["input"][unit])
        return np.asarray(np.nan_to_num(held))

    def sure_and_wrong(self, unit: int) -> bool:
        guess = self._guess(unit)
        worst = self.trace["losses"][unit] >= np.nanmax(self.trace["losses"])
        return bool(guess.max() >= SURE and self.truth[unit][int(np.argmax(guess))] == 0 and self.truth[unit].any()
                    and worst)  # fmt: skip

    def sure_and_right(self, unit: int) -> bool:
        guess = self._guess(unit)
        return bool(guess.max() >= SURE and self.truth[unit][int(np.argmax(guess))] == 1
                    and 0 <= self.trace["losses"][unit] <= CHEAP)  # fmt: skip

    def term(self, figures: Figures, unit: int, cell: Address | None = None) -> Line:
        """``−0.93 · ln 0.02 ≈ 3.87``: what the class that the truth gives most costs."""
        at = unit, self.true(unit)
        weight = Address("weighted_target" if "weighted_target" in self.trace else "target_distribution", at)
        cell = cell or Address("terms", at)
        share = Address(self.shares or "input", at)
        texts = [figures.text(one) for one in (weight, share, cell)]
        whole = self.trace[weight.tensor][at] == 1
        with np.errstate(all="ignore"):
            inside = float(np.log(numbers.double(texts[1]))) if self.shares else numbers.double(texts[1])
        relation = numbers.agrees(-inside * numbers.double(texts[0]), texts[2], texts[0], texts[1])
        return (
            Run(numbers.MINUS, "ink"),
            *(() if whole else (Run(texts[0], "weights", source=weight), Run(numbers.DOT))),
            Run("ln " if self.shares else ""),
            Run(texts[1] if self.shares else numbers.factor(texts[1]), "ink", source=share),
            phrases.relation_run(relation),
            phrases.result(texts[2], cell),
        )

    def share(self, figures: Figures, unit: int) -> Line:
        """``e^{−2} / (e^{−2} + e^{2} + e^{0}) ≈ 0.02``: the share of the class that the truth gives most."""
        at, classes = (unit, self.true(unit)), self.trace["input"].shape[1]
        texts: list[str] = numbers.texts(self.trace["input"][unit], figures.style("input")).tolist()
        cell = Address("probabilities", at)

        def power(k: int) -> Line:
            return Run("e"), Run(f"^{{{texts[k]}}}", "ink", source=Address("input", (unit, k)), markup=True)

        few = classes <= phrases.MOST_TERMS
        shown = [power(k) for k in range(classes if few else 3)] + ([] if few else [phrases.more(classes - 3)])
        with np.errstate(all="ignore"):
            reached = softmax(np.array([numbers.double(text) for text in texts]))[at[1]]
        relation = numbers.agrees(float(reached), figures.text(cell), *texts)
        return (*power(at[1]), Run(" / ("), *phrases.join(shown), Run(")"), phrases.relation_run(relation),
                phrases.result(figures.text(cell), cell, "probability"))  # fmt: skip

    def point(self, figures: Figures, unit: int) -> Line:
        """Which class is the true one, and what of the truth it has."""
        cell = Address("target_distribution", (unit, self.true(unit)))
        named = Run(str(self.true(unit) + 1), "ink", source=Fact("class"))
        has = (Run(" has ", late=True), phrases.result(figures.text(cell), cell, "probability"))
        return (Run("of the truth, class ", weight="regular"), named, *has)

    def loss(self, figures: Figures, unit: int) -> Line:
        """What a sample costs: of a truth at one class the one term, else the terms of all classes."""
        if self.pointed(unit) and "weighted_target" not in self.trace:
            return self.term(figures, unit, Address("losses", (unit,)))
        cells = [(Address("terms", (unit, c)),) for c in range(self.trace["terms"].shape[1])]
        return figures.added(cells, Address("losses", (unit,)))

    def total(self, figures: Figures, unit: int) -> Line:
        """The sum of all losses."""
        cells = [(Address("losses", (k,)),) for k in range(len(self.trace["losses"]))]
        return figures.added(cells, Address("loss", ()))


def _options(telling: Telling, samples: int, classes: int) -> tuple[str, ...]:
    config = telling.config
    return (
        f"{samples} sample{'s' * (samples > 1)}, {classes} class{'es' * (classes > 1)}",
        *unusual(
            config, source="from {}", reduction="reduction {}", label_smoothing="smoothing {:g}",
            ignore_index=lambda k: f"{_left_out(k, classes)} left out", true_class=lambda k: f"true class {k + 1}",
        ),
        *(("class weights",) if "class_weight" in telling.trace else ()),
    )  # fmt: skip


def _left_out(class_id: int, classes: int) -> str:
    """A class as the stage counts it; an id that is no class, such as −100, as it was given."""
    return f"class {class_id + 1}" if 0 <= class_id < classes else f"id {class_id}".replace("-", numbers.MINUS)


def _closing(figures: Figures, reduction: str, samples: int) -> Line:
    if "loss" not in figures.trace:
        return sentence(f"{samples} sample{'s' * (samples > 1)}, ", "each with a loss of its own")
    cell = Address("loss", ())
    what = "loss" if samples == 1 else "mean loss" if reduction == "mean" else "losses together"
    return (
        Run(f"{samples} sample{'s' * (samples > 1)}: ", weight="regular", source=Fact("counts")),
        Run(f"{what} ", "result", "semibold"),
        Run(figures.text(cell), "result", "semibold", cell),
    )


CrossEntropyStory = story("Cross-entropy", film, GOOD_FOR)
