"""What dropout's film says: each unit kept or dropped with its numbers, the draws, their mean, the test-time pass."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from layeranim import numbers
from layeranim.numbers import DOT, TIMES, shape_text
from layeranim.stories import phrases
from layeranim.stories.dropout_stage import Stage
from layeranim.stories.dropout_view import DropoutView
from layeranim.stories.header import header
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

GOOD_FOR = "no unit can rely on another, so each must be useful alone: less overfitting"
MOST_TERMS = 5


class DropoutWords:
    """Captions and notes of one film."""

    def __init__(self, view: DropoutView, stage: Stage) -> None:
        self.view, self.stage = view, stage

    # ── one unit ─────────────────────────────────────────────────────────────
    def caption(self, k: int) -> Line:
        """Input times mask, divided by what is kept."""
        view = self.view
        kept = bool(view.masks[0].reshape(-1)[k])
        x = Run(numbers.factor(view.text("input", k)), "ink", source=view.address("input", k))
        mask = Run(str(int(kept)), "weights", "semibold", view.address("mask", k))
        y = view.text("output", k)
        end = phrases.result(y, view.address("output", k))
        if view.mode == "alpha":
            return self._alpha(k, kept, x, end)
        if not kept:
            line = (Run("dropped:  "), x, Run(DOT), mask, phrases.equals(x.text, late=True), end)
            return line if _finite(x.text) else (Run("dropped:  "), x, Run(" is left out →", late=True), _gap(), end)
        if view.mode == "weight-scaling":
            relation = view.relation(x.text, by=Fraction(1), result=y)
            return (Run("kept:  "), x, Run(DOT), mask, phrases.relation_run(relation), end)
        keep = 1 - Fraction(view.rate_text)
        relation = view.relation(x.text, by=1 / keep, result=y)
        divisor = Run(f" / (1 − {view.rate_text})", source=Fact("rate"))
        return (Run("kept:  "), x, Run(DOT), mask, divisor, phrases.relation_run(relation), end)

    def _alpha(self, k: int, kept: bool, x: Run, end: Run) -> Line:
        view = self.view
        scale, shift, fill = (view.fact(name) for name in ("scale", "shift", "fill"))
        left = x.text if kept else numbers.factor(fill)
        relation = view.relation(left, by=Fraction(numbers.exact(scale)), plus=shift, result=end.text)
        first = x if kept else Run(left, "weights", source=Fact("fill"))
        head = (Run("kept:  "),) if kept else (Run("dropped:  "), x, Run(" → "), Run(left, "weights", source=Fact("f")),
                                               Run(",  "))  # fmt: skip
        body = (first, Run(f"{DOT}{scale} + {numbers.factor(shift)}", source=Fact("scale")))
        return (*head, *body, phrases.relation_run(relation), end)

    def brief_caption(self, k: int) -> Line:
        word = "kept" if self.view.masks[0].reshape(-1)[k] else "dropped"
        end = phrases.result(self.view.text("output", k), self.view.address("output", k))
        return (Run(f"{word}:  "), Run("y", "ink", "semibold"), phrases.equals(end.text, late=True), end)

    def place(self, k: int) -> Line:
        view = self.view
        row, col = divmod(k, view.cols)
        text = f"unit {k + 1}" if view.total == view.features else f"row {row + 1}, column {col + 1}"
        text = f"draw 1, {text}" if view.draws > 1 else text
        return _note(text, "place")

    def sweep_caption(self, units: range) -> Line:
        gone = int((~self.view.masks[0].reshape(-1)[units.start : units.stop]).sum())
        return (
            Run(f"{len(units)} units:  ", source=Fact("units")),
            Run(f"{gone} dropped", "weights", "semibold", Fact("dropped")),
        )

    # ── all units ────────────────────────────────────────────────────────────
    def drawn(self, draw: int) -> Line:
        view = self.view
        return (
            Run(f"draw {draw + 1}:  ", source=Fact("draw")),
            self._count(draw),
            Run(", another thinned network" if view.dropped(draw) else ", this time the whole network"),
        )

    def _count(self, draw: int) -> Run:
        text = f"{self.view.dropped(draw)} of {self.view.total} dropped"
        return Run(text, "weights", "semibold", Fact("dropped"))

    def mean(self) -> tuple[Line, Line]:
        """One unit's mean over the draws, beside its output at test time."""
        view, k = self.view, self.view.example()
        texts = [view.text("output", k, d) for d in range(view.draws)]
        parts: list[Line] = [
            (Run(numbers.factor(text), "ink", source=view.address("output", k, d)),)
            for d, text in enumerate(texts[:MOST_TERMS])
        ]
        parts += [phrases.more(view.draws - MOST_TERMS)] if view.draws > MOST_TERMS else []
        mean = view.text("mean", k)
        relation = view.relation(*texts, by=Fraction(1, view.draws), result=mean)
        line = (
            Run("mean:  ("),
            *phrases.join(parts),
            Run(f") / {view.draws}", source=Fact("draws")),
            Run(f" {relation} "),
            Run(mean, "result", "semibold", view.address("mean", k)),
        )
        if not phrases.fits(line):
            line = (Run(f"mean of {view.draws} draws:  ", source=Fact("draws")), line[-1])
        full = view.text("inference", k)
        note = Run(f"over many draws the mean approaches the output without dropout, here {full}", weight="regular",
                   source=Fact("mean"))  # fmt: skip
        return line, (note,)

    def test(self) -> tuple[Line, Line]:
        """The pass without a mask."""
        view, k = self.view, self.view.example()
        if view.mode != "weight-scaling":
            units = "its unit as it is" if view.total == 1 else f"all {view.total} units as they are"
            return (
                Run("test time:  no mask, "),
                Run(units, "result", "semibold", Fact("units")),
            ), _note("what training scaled up need not be scaled now")
        x, y = view.text("input", k), view.text("inference", k)
        keep = 1 - Fraction(view.rate_text)
        relation = view.relation(x, by=keep, result=y)
        return (
            Run("test time:  "),
            Run(numbers.factor(x), "ink", source=view.address("input", k)),
            Run(f"{DOT}(1 − {view.rate_text}) {relation} ", source=Fact("rate")),
            Run(y, "result", "semibold", view.address("inference", k)),
        ), _note("no mask: every unit is used, made smaller instead")

    # ── words ────────────────────────────────────────────────────────────────
    def parameters(self) -> Line:
        view, telling = self.view, self.view.telling
        kept = f"kept units {TIMES}{view.fact('scale')}" if view.mode == "inverted" and view.rate else ""
        parts = [f"dropout {view.rate_text}", kept if view.mode == "inverted" else view.mode]
        parts += [f"{view.draws} draws"] if view.draws > 1 else []
        parts += ["whole channels"] if view.mask_axes < len(view.shape) else []
        told = [f"sample {view.sample + 1} of {view.batch}"] if view.sample is not None and view.batch > 1 else []
        seed = f"random values, seed {telling.seed}" if telling.seeded else ""
        return header([part for part in parts if part], told, seed)

    def opening(self) -> Line:
        return (
            Run("in training, each unit is "),
            Run("dropped", "weights", "semibold"),
            Run(f" with probability {self.view.rate_text}", source=Fact("rate")),
        )

    def sizes(self) -> Line:
        view = self.view
        if self.stage.layer:
            return _note(f"a layer of {view.features} unit{'s' * (view.features > 1)}, a mask of 0 and 1 for each draw")
        if len(view.shape) == 4:
            return _note(f"{shape_text(view.shape)}: channels one below the other")
        return _note(f"{view.total} unit{'s' * (view.total > 1)}, a mask of 0 and 1 for each draw, nothing to learn")

    def notes(self) -> Iterator[Line]:
        """Things worth saying once."""
        config_view = getattr(self.view.trace.config, "view", None)
        if config_view == "network" and not self.stage.layer:
            yield _note("too many units for nodes and edges: drawn as a matrix")
        yield _note("chance decides: 1 keeps a unit, 0 leaves it out")
        if self.view.mode == "inverted" and self.view.rate:
            yield _note("kept values grow: averaged over many masks, the sum stays as it was")
        if self.stage.layer:
            yield _note("a dropped unit loses all its edges: a thinner network is left")
        elif self.view.mode == "alpha":
            yield _note("a and b keep mean and variance as they were")

    def closing(self) -> Line:
        view = self.view
        scaled = "the others" if view.dropped(0) else "all"
        tail = f", {scaled} ×{view.fact('scale')}" if view.mode == "inverted" and view.rate else ""
        return (
            Run("training: "),
            self._count(0),
            Run(f"{tail} → test: ", source=Fact("scale")),
            Run("all used", "result", "semibold"),
        )

    def takeaway(self) -> Line:
        return _note(self.view.telling.takeaway or GOOD_FOR)

    def counter(self, done: int) -> Line:
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.total}", source=Fact("units"))

    def draw_counter(self, draw: int) -> Line:
        """Which of the further draws is under way."""
        number = Run(f"draw {draw + 1}", "ink", "semibold", Fact("draw"))
        return number, Run(f" / {self.view.draws}", source=Fact("draws"))

    def alt(self, title: str, beat: Beat) -> str:
        step = f"Step {beat.units[0] + 1} of {self.view.total}, {plain(beat.place)}"
        shape = shape_text(self.view.shape)
        return f"{title}: {shape} units, {plain(self.parameters())}. {step}: {plain(beat.caption)}."


def _finite(text: str) -> bool:
    return not any(mark in text for mark in (numbers.INFINITY, numbers.NAN))


def _gap() -> Run:
    return Run(" ", late=True)


def _note(text: str, fact: str = "note") -> Line:
    return (Run(text, weight="regular", source=Fact(fact)),)
