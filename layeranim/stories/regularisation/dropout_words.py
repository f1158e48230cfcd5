"""What dropout's film says: each unit kept or dropped with its numbers, the draws, their mean, the test-time pass."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from layeranim import numbers
from layeranim.numbers import DOT, TIMES, shape_text
from layeranim.stories import phrases
from layeranim.stories.claims import Sentence, first_true
from layeranim.stories.header import header
from layeranim.stories.regularisation.dropout_stage import DropoutStage
from layeranim.stories.regularisation.dropout_view import DropoutView
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

GOOD_FOR = "no unit can rely on another, so each must be useful alone: less overfitting"
TAKEAWAYS: tuple[Sentence[DropoutView], ...] = (
    Sentence("nothing dropped: the layer passes everything on", lambda view: view.rate == 0 and not view.masks_drop),
    Sentence("a unit alone: with it everything is dropped or kept", lambda view: view.total == 1),
    Sentence(GOOD_FOR),
)
MOST_TERMS = 5


@dataclass
class Notes:
    """What is still to be said once: of any unit, of a kept one, of a dropped one."""

    first: list[str]
    kept: str
    gone: str


class DropoutWords:
    """Captions and notes of one film."""

    def __init__(self, view: DropoutView, stage: DropoutStage) -> None:
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

    def passing(self) -> Line:
        """What is done to unit after unit, while they pass too fast for numbers."""
        return Run("unit after unit:  "), Run("kept or dropped", "weights", "semibold")

    def result(self, k: int) -> Line:
        """What becomes of a unit, alone."""
        word = "kept" if self.view.masks[0].reshape(-1)[k] else "dropped"
        end = phrases.result(self.view.text("output", k), self.view.address("output", k))
        return (Run(f"{word}:  "), Run("y", "ink", "semibold"), phrases.equals(end.text, late=True), end)

    def place(self, k: int) -> Line:
        view = self.view
        row, col = divmod(k, view.cols)
        text = f"unit {k + 1}" if view.total == view.features else f"row {row + 1}, column {col + 1}"
        text = f"draw 1, {text}" if view.draws > 1 else text
        return _note(text, "place")

    # ── all units ────────────────────────────────────────────────────────────
    def drawn(self, draw: int) -> Line:
        left = self._left(draw)
        again = any(left == self._left(before) for before in range(1, draw))
        return (
            Run(f"draw {draw + 1}:  ", source=Fact("draw")),
            self._count(draw),
            *((Run(left),) if left and not again else ()),
        )

    def _left(self, draw: int) -> str:
        """What a draw leaves of the network."""
        gone = self.view.dropped(draw)
        if gone == self.view.total:
            return ", a layer of constants" if self.view.mode == "alpha" else ", nothing is left"
        return ", another thinned network" if gone else ", this time the whole network"

    def _count(self, draw: int) -> Run:
        gone, total = self.view.dropped(draw), self.view.total
        text = f"{f'all {total}' if gone == total > 1 else f'{gone} of {total}'} dropped"
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
        return line, self._expected(k)

    def _expected(self, k: int) -> Line:
        """What the mean of one unit comes to over ever more draws, if it is the pass at test time."""
        view = self.view
        if view.mode == "alpha":  # mean and spread of the layer are kept, not those of a unit
            return ()
        full = Run(view.text("inference", k), "ink", "regular", view.address("inference", k))
        if not view.rate:
            return (*_note("nothing is ever dropped: every draw is the output at test time, "), full)
        return (*_note("over ever more draws the mean approaches the output at test time, here "), full)

    def test(self) -> tuple[Line, Line]:
        """The pass without a mask."""
        view, k = self.view, self.view.example()
        if view.mode != "weight-scaling":
            units = "its unit as it is" if view.total == 1 else f"all {view.total} units as they are"
            line = Run("test time:  no mask, "), Run(units, "result", "semibold", Fact("units"))
            scaled = view.mode == "inverted" and view.rate
            return line, _note("training already scaled them up, so nothing to do here") if scaled else ()
        x, y = view.text("input", k), view.text("inference", k)
        keep = 1 - Fraction(view.rate_text)
        relation = view.relation(x, by=keep, result=y)
        return (
            Run("test time:  "),
            Run(numbers.factor(x), "ink", source=view.address("input", k)),
            Run(f"{DOT}(1 − {view.rate_text}) {relation} ", source=Fact("rate")),
            Run(y, "result", "semibold", view.address("inference", k)),
        ), _note(f"no mask: every unit is used{', made smaller instead' if view.rate else ' as it is'}")

    # ── words ────────────────────────────────────────────────────────────────
    def parameters(self) -> Line:
        view, telling = self.view, self.view.telling
        kept = f"kept units {TIMES}{view.fact('scale')}" if view.mode == "inverted" and view.rate else ""
        parts = [f"dropout {view.rate_text}", kept if view.mode == "inverted" else view.mode]
        parts += [f"{view.draws} draws"] if view.draws > 1 else []
        parts += [f"whole {self.whole}s"] if view.mask_axes < len(view.shape) else []
        told = [f"sample {view.sample + 1} of {view.batch}"] if view.sample is not None and view.batch > 1 else []
        seed = f"random values, seed {telling.seed}" if telling.seeded else ""
        return header([part for part in parts if part], told, seed)

    @property
    def whole(self) -> str:
        """What is dropped as a whole: a channel of an image, a feature of a sequence."""
        return "channel" if len(self.view.shape) == 4 else "feature"

    def opening(self) -> Line:
        what = self.whole if self.view.mask_axes < len(self.view.shape) else "unit"
        return (
            Run(f"in training, each {what} is "),
            Run("dropped", "weights", "semibold"),
            Run(f" with probability {self.view.rate_text}", source=Fact("rate")),
        )

    def sizes(self) -> Line:
        if len(self.view.shape) == 4:
            return _note(f"{shape_text(self.view.shape)}: channels one below the other")
        if len(self.view.shape) == 3:
            return _note(f"{shape_text(self.view.shape)}: a row for each time step")
        return _note("a fresh random mask of 0s and 1s every time; no weights")

    def notes(self) -> Notes:
        """Things worth saying once, each under the first unit that shows them."""
        view, alpha = self.view, self.view.mode == "alpha"
        asked = getattr(view.trace.config, "view", None) == "network" and not self.stage.layer
        first = ["too many units for nodes and edges: drawn as a matrix"] * asked
        instead = f"puts {view.fact('fill')} in its place" if alpha else "leaves it out"
        first.append(f"1 keeps a unit, 0 {instead}")
        kept = {
            "inverted": "kept values grow: averaged over many masks, the sum stays as it was",
            "alpha": f"a = {view.fact('scale')} and b = {view.fact('shift')} restore mean and spread of the layer",
        }
        gone = "a dropped unit loses all its edges: a thinner network is left"
        return Notes(first, kept.get(view.mode, "") if view.rate else "", gone if self.stage.layer else "")

    def note(self, k: int, notes: Notes) -> Line:
        """The next note for unit ``k``; what is told of kept or dropped units waits for one of that kind."""
        kept = bool(self.view.masks[0].reshape(-1)[k])
        if notes.first:
            return _note(notes.first.pop(0))
        if kept and notes.kept and (self.view.mode == "alpha" or self.view.value("input", k)):
            said, notes.kept = notes.kept, ""
            return _note(said)
        if not kept and notes.gone:
            said, notes.gone = notes.gone, ""
            return _note(said)
        return ()

    def closing(self) -> Line:
        view = self.view
        scaled = "the others" if view.dropped(0) else "all"
        scales = view.mode == "inverted" and view.rate and view.dropped(0) < view.total
        tail = f", {scaled} ×{view.fact('scale')}" if scales else ""
        return (
            Run("training: "),
            self._count(0),
            Run(f"{tail} → test: ", source=Fact("scale")),
            Run("all used", "result", "semibold"),
        )

    def takeaway(self) -> Line:
        return _note(self.view.telling.takeaway or first_true(TAKEAWAYS, self.view))

    def counter(self, done: int) -> Line:
        return Run(str(done), "ink", "semibold", Fact("done")), Run(f" / {self.view.total}", source=Fact("units"))

    def draw_counter(self, draw: int) -> Line:
        """Which of the further draws is under way."""
        number = Run(f"draw {draw + 1}", "ink", "semibold", Fact("draw"))
        return number, Run(f" / {self.view.draws}", source=Fact("draws"))

    def alt(self, title: str, beat: Beat) -> str:
        units = f"Step {beat.units[0] + 1} of {self.view.total}, {plain(beat.place)}: " if beat.units else ""
        shape = shape_text(self.view.shape)
        return f"{title}: {shape} units, {plain(self.parameters())}. {units}{plain(beat.caption)}."


def _finite(text: str) -> bool:
    return not any(mark in text for mark in (numbers.INFINITY, numbers.NAN))


def _gap() -> Run:
    return Run(" ", late=True)


def _note(text: str, fact: str = "note") -> Line:
    return (Run(text, weight="regular", source=Fact(fact)),)
