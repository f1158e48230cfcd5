"""What a recurrent film says around its steps: the line beside the title, the opening and the end."""

from __future__ import annotations

from typing import Any

from layeranim import numbers
from layeranim.stories.header import header
from layeranim.stories.recurrent.good import good_for
from layeranim.stories.recurrent.shot import note
from layeranim.stories.recurrent.strips import Strips
from layeranim.stories.recurrent.view import RecurrentView
from layeranim.stories.storyboard import Beat, Fact, Line, Run, plain

TITLES = {"rnn": "Recurrent network (RNN)", "gru": "GRU cell", "lstm": "LSTM cell"}


class Said:
    """The words of one film."""

    def __init__(self, view: RecurrentView, strips: Strips) -> None:
        self.view, self.strips, self.preset = view, strips, view.telling.untouched

    @property
    def title(self) -> str:
        return str(self.view.telling.film.title or (self.preset.title if self.preset else "") or TITLES[self.view.kind])

    def parameters(self) -> Line:
        """Sizes and options, what the drawing leaves out, what was drawn at random."""
        view, seeded = self.view, "values" if "input" in self.view.telling.seeded else "weights"
        seed = f"random {seeded}, seed {view.telling.seed}" if view.telling.seeded else ""
        drawn = [
            (view.batch > 1, f"sequence {view.b + 1} of {view.batch}"),
            (len(view.runs) < view.all_runs, f"{len(view.runs)} of {view.all_runs} cells drawn"),
            (self.strips.partial, self.strips.partial),
            (self.cut_short(), f"colours: first {self.strips.most}"),
        ]
        return header(self._sizes(), [text for there, text in drawn if there], seed)

    def _sizes(self) -> list[str]:
        """Sizes and options of the layer that are not usual."""
        view, config = self.view, self.view.config
        options: Any = config
        lstm, gru = view.kind == "lstm", view.kind == "gru"
        parts = [
            (True, f"input {view.trace.tensor('input').shape[-1]}"),
            (True, f"hidden {view.hidden}"),
            (lstm and options.projection, f"projection {getattr(config, 'projection', 0)}"),
            (gru and options.variant != "reset-after", getattr(config, "variant", "")),
            (lstm and options.peepholes, "peepholes"),
            (getattr(config, "nonlinearity", "tanh") != "tanh", "ReLU"),
            (not config.bias, "no biases"),
            (config.layers > 1, f"{config.layers} layers"),
            (config.bidirectional, "bidirectional"),
            (config.classes, f"{config.classes} classes"),
            (config.returns != "sequences", f"returns {config.returns}"),
            (view.steps < int(config.timesteps or 0), f"length {view.steps} of {config.timesteps}"),
            (config.mode != "many-to-many", config.mode),
            (config.convention == "keras", "Keras order"),
        ]
        return [text for there, text in parts if there]

    def cut_short(self) -> bool:
        """Whether a block of colours shows the first units alone."""
        view = self.view
        sizes = [view.size(n, base) for n in range(len(view.runs)) for base in ("input", "previous_hidden")]
        return max(*sizes, view.hidden, int(view.config.classes or 0)) > self.strips.most

    def alt(self, poster: Beat) -> str:
        """The film in words: what goes in, and the step that the poster shows."""
        given = numbers.shape_text((self.view.steps, self.view.size(0, "input")))
        sizes = plain(self.parameters())
        step = f"{plain(poster.place)}: {plain(poster.caption)}"
        return f"{self.title}: a sequence of {given}, {sizes}. {step}."

    def opening(self) -> Line:
        steps, count = self.view.steps, self.view.all_runs
        cells = "one cell" if count == 1 else f"{count} cells"
        said = (
            Run(f"{steps} time step{'s' * (steps != 1)}, ", source=Fact("steps")),
            Run(cells, "weights", "semibold", Fact("cells")),
        )
        if steps == 1:
            return said
        return *said, Run(f", {'each with ' * (count > 1)}the same weights at every step")

    def opening_note(self) -> Line:
        """What the example shows, or how such a layer works; of gates and memories only where they are drawn."""
        view = self.view
        if view.config.tokens and "input" in view.telling.seeded:
            return note("each word has numbers of its own, drawn at random")
        if self.preset:
            return note(self.preset.summary)
        if view.config.mode == "one-to-many" and view.steps > 1:
            return note("one input; after the first step the cell reads zeros")
        if self.strips.answers and not self.strips.answers_each:
            return note(f"only the last state{' of each direction' * view.config.bidirectional} becomes an answer")
        if view.kind == "lstm" and self.strips.remembers:
            return note("c is the memory, h is what the cell shows of it")
        if view.kind == "gru" and self.strips.bases:
            return note("two gates mix the old state and a candidate")
        return note("each state is made of the input and the state before")

    def closing(self) -> Line:
        view = self.view
        output = view.trace.tensor("output").shape[1:]
        count = int(view.trace.facts["parameters"])
        returns = str(view.config.returns)
        final = "final memory and state, each " if view.kind == "lstm" else "final state "
        what = {"sequences": "output ", "last": "last state ", "state": final}[returns]
        once = view.config.classes is not None and returns != "sequences"  # the output layer's, at the end alone
        more = []
        if self.strips.answers:
            answer = view.trace.tensor("probabilities").shape[1:]
            more.append(Run(f", y {numbers.shape_text(answer)}", "result", "semibold", Fact("answer shape")))
        if view.steps < int(view.config.timesteps or 0) and returns == "sequences":
            more.append(Run(f", zeros after step {view.steps}", source=Fact("steps")))
        return (
            Run(f"{view.steps} step{'s' * (view.steps != 1)}, ", source=Fact("steps")),
            Run(
                f"{count} {'' if once or view.steps == 1 else 'shared '}parameter{'s' * (count != 1)}",
                "weights",
                "semibold",
                Fact("parameters"),
            ),
            Run(" → "),
            Run(what + numbers.shape_text(output), "result", "semibold", Fact("output shape")),
            *more,
        )

    def takeaway(self) -> str:
        """Why one would use the layer: the preset's own sentence, or the one of its options."""
        return self.view.telling.takeaway or good_for(self.view.config)
