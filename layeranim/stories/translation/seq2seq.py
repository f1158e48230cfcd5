"""Encoder–decoder: one network reads, another writes; without attention one state is all that passes between them."""

from __future__ import annotations

from functools import partial

import numpy as np

from layeranim import typeface
from layeranim.engine.trace import Region, Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.solver import NUMERAL_LOW, Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling
from layeranim.stories.translation import lexicon

GOOD_FOR = "translation, summaries, speech: a sequence in, another one of its own length out"
NAMED = 20
"""Of more steps none is called by its number."""
TALL, CLASSES = 6, 12
"""States of more units than these lie along rows, and of more words that can be written."""
LINES, LOOKS = (44.0, 36.0, 26.0), 40.0
LOW = 0.75
"""How high a row of looks is on narrow canvases, of a word's."""
CELLS = (40.0, 24.0), (36.0, 16.0), (28.0, 16.0), (20.0, 20.0), (14.0, 14.0)
"""The widths of cells of colours that are tried, of a state and of a word that can be written; over them the heights of
a word's row, and the width of a look's weights."""
_WEIGHTS = "attention.weights"


def film(telling: Telling) -> Play:
    """The film of an encoder–decoder: word by word that is written."""
    trace, config = telling.trace, telling.config
    at = telling.sample
    read, written = trace.size("source_time"), trace.size("target_time")
    looks = _WEIGHTS in trace
    shown, handed = telling.film.selected(written), phrases.so_many("number", "numbers", trace.size("hidden"))
    into = "target" if config.feeding == "teacher" else "fed_back"
    noun = ("word", "words") if config.tokens else ("step", "steps")
    names = _names(telling, at)
    times = names[0] if read <= NAMED else ()
    words = names[1] if written <= NAMED else ()
    return Play(
        units=Units(("target_time",), ("word", "words"), ("batch", "heads"),
                    names[1],
                    inner=lambda k: {"classes": int(trace["chosen"][at, k]), **_most(trace, at, k)}),
        stage=_stage(telling, times, words),
        acts=(
            All(("encoder.hidden",), Note("each state holds what was read so far", read > 1),
                says=phrases.point("the encoder reads ", phrases.so_many(*noun, read), "act")),
            All(("decoder.initial_hidden",), Note("all that the decoder is told of the source", not looks),
                says=phrases.point("its last state goes over: ", handed, "act")),
            Each((
                (("decoder.hidden", _WEIGHTS) if looks else "decoder.hidden",
                                   (Note("it begins where the encoder ended", lambda k: k == 0),
                                    Note("it reads the word that it wrote last", into == "fed_back"),
                                    Note("it reads the target, as in training", into == "target"))),
                (("chosen", "probabilities"), (
                    Note("a way past the one state: it looks back at all encoder states", looks),
                    Note("the most probable word is written"),
                )),
            ), says=lambda k, brief: _chosen(telling, at, k)),
        ),
        words={"decoder.hidden": _step_on, "probabilities": partial(_chosen, telling, at),
               _WEIGHTS: partial(_looked, telling, at)},
        opening=sentence("one network reads, another one writes", " and looks back at all that was read") if looks else
        sentence("one network reads, another one writes: ", "all passes through one state"),
        closing=_closing(read, written, looks),
        tokens=(*(config.tokens or ()), *(names[1] if telling.preset and config.tokens else ())),
        warning=lexicon.strange(telling),
        options=(
            config.cell.upper(), f"hidden {config.hidden}", f"{read} read, {written} written",
            *((f"{config.attention} attention",) if looks else ()),
            "the target is given" if into == "target" else "reads what it wrote",
            *(("no bias",) if not config.bias else ()),
        ),
        kinds={"probabilities": "share", _WEIGHTS: "share"},
        alike=(("encoder.hidden", "decoder.initial_hidden", "decoder.hidden"),),
        evidence=tuple(Region.of("probabilities", batch=at, target_time=k, classes=int(trace["chosen"][at, k]))
                       for k in shown) if looks else (Region.of("decoder.initial_hidden", batch=at),),
    )  # fmt: skip


def _stage(telling: Telling, times: tuple[str, ...], words: tuple[str, ...]) -> Node:
    """Encoder, what it hands over, decoder; states of many units, or of many words, lie along rows that have names."""
    trace, looks = telling.trace, _WEIGHTS in telling.trace
    wide = trace.size("hidden") > TALL or trace.size("classes") > CLASSES
    handed, canvas = "decoder.initial_hidden", telling.film.canvas

    def states(
        tensor: str, text: str, units: str, time: str, called: tuple[str, ...] = (), cell: float = 0, line: float = 0
    ) -> Grid:
        rows, cols = (time, units) if wide else (units, time)
        band = cell * trace.size(units), line * trace.size(time)
        return Grid(tensor, text, rows, cols, called=(called, ()) if wide else ((), called), lens=False, band=band)

    def encoder(cell: float = 0.0, line: float = 0.0) -> list[Grid]:
        low = LOW * line if canvas.narrow else line  # its rows have no names of their own
        band = (LOOKS * trace.size("source_time"), low * trace.size("target_time")) if cell else (0.0, 0.0)
        called = ((), ()) if cell else (words, times)
        back = Grid(_WEIGHTS, "looks back", "target_time", "source_time", called=called, lens=False, band=band)
        return [states("source", "source", "source_features", "source_time", times, cell, line),
                states("encoder.hidden", "encoder states", "hidden", "source_time", (), cell, line),
                *((back,) if looks else ())]  # fmt: skip

    def decoder(
        cell: float = 0.0, word: float = 0.0, line: float = 0.0, over: type[Column | Row] = Column
    ) -> Column | Row:
        return over(states("decoder.hidden", "decoder states", "hidden", "target_time", words, cell, line),
                      states("probabilities", "p(word)", "classes", "target_time", words if cell else (),
                             word, line))  # fmt: skip

    def named(over: type[Column | Row], line: float, cell: float, word: float) -> Node:
        read, *held = encoder(cell, line)
        context = Grid(handed, "context", "hidden", lens=False, band=(line, cell * trace.size("hidden")))
        kept, written = over(*held), decoder(cell, word, line, over)
        if canvas.narrow:
            return Column(Row(read, "→", kept), Row(context, "→", written))
        return Row(read, "→", kept, "→", context, "→", written)

    def plain(*encoded: Node | str, over: type[Column | Row] = Column) -> Row:
        return Row(*encoded, "→", Grid(handed, "context", "hidden", lens=False), "→", decoder(over=over))

    if wide:
        ways = (Column,) if not canvas.narrow else (Row, Column) if canvas.width >= canvas.height else (Column, Row)
        rows = (named(over, line, *cells) for over in ways for line in LINES for cells in CELLS)
        return Tries(*rows, plain(Column(*encoder())))
    read, *held = encoder()
    whole = Column(read, *held)
    return Tries(plain(read, "→", Column(*held)), plain(whole, over=Row), plain(whole), least=NUMERAL_LOW)


def _names(telling: Telling, at: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What is read and what is written, by its words, where the lexicon knows what these numbers stand for."""
    trace, tokens = telling.trace, telling.config.tokens
    read = tuple(typeface.draw_safe(word, 24) for word in tokens or ())
    chosen = trace["chosen"][at]
    if telling.preset is None or not tokens:
        return (read or tuple(f"x{k + 1}" for k in range(trace.size("source_time"))),
                tuple(f"y{k + 1}" for k in range(len(chosen))))  # fmt: skip
    return read, tuple(lexicon.called(int(i)) for i in chosen)


def _most(trace: Trace, at: int, k: int) -> dict[str, int]:
    """The step that a word looks at most, where it looks back."""
    if _WEIGHTS not in trace:
        return {}
    return {"source_time": int(np.argmax(np.nan_to_num(trace[_WEIGHTS][at, 0, k])))}


def _step_on(k: int) -> Line:
    """Which state comes of which."""
    before = "the context" if k == 0 else f"state {k}"
    return Run(f"{before} and a word in: ", source=Fact("state")), phrases.result(f"state {k + 1}", Fact("state"))


def _looked(telling: Telling, at: int, k: int) -> Line:
    """At which step it looks most."""
    best = _most(telling.trace, at, k)["source_time"]
    place = Address(_WEIGHTS, (at, 0, k, best))
    step = Run(_names(telling, at)[0][best], source=Fact("word" if telling.config.tokens else "step"))
    return Run("most at "), step, *phrases.reads(telling.text(place, "probability"), place, "probability")


def _chosen(telling: Telling, at: int, k: int) -> Line:
    """Which word is written, and how probable it was."""
    best = int(telling.trace["chosen"][at, k])
    place = Address("probabilities", (at, k, best))
    known = telling.preset is not None and telling.config.tokens
    called = lexicon.called(best) if known else f"word {best + 1}"
    before, after = ("p", "") if called.startswith("(") else ("p(", ")")
    return (Run(before, "ink"), Run(called, "ink", source=Fact("word")), *((Run(after, "ink"),) if after else ()),
            *phrases.reads(telling.text(place, "probability"), place, "probability"))  # fmt: skip


def _closing(read: int, written: int, looks: bool) -> Line:
    counts = f"{read} read, {written} written: "
    return sentence(counts, "each word looked back at all that was read" if looks else
                 "all of the source went through this one state")  # fmt: skip


Seq2SeqStory = story("Encoder–decoder", film, GOOD_FOR)
