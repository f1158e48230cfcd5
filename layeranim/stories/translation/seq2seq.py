"""Encoder–decoder: one network reads, another writes; without attention one state is all that passes between them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Region, Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import All, Column, Each, Grid, Note, Play, Row, Units, story
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "translation, summaries, speech: a sequence in, another one of its own length out"
NAMED = 20
"""Of more steps none is called by its number."""
TALL = 6
"""States of more units than these lie along rows."""
_WEIGHTS = "attention.weights"


def film(telling: Telling) -> Play:
    """The film of an encoder–decoder: word by word that is written."""
    trace, config = telling.trace, telling.config
    at = telling.film.place_in(trace.size("batch"))
    read, written = trace.size("source_time"), trace.size("target_time")
    looks = _WEIGHTS in trace
    shown = telling.film.selected(written)
    into = "target" if config.feeding == "teacher" else "fed_back"
    times = tuple(f"x{k + 1}" for k in range(read)) if read <= NAMED else ()
    words = tuple(f"y{k + 1}" for k in range(written)) if written <= NAMED else ()
    wide = trace.size("hidden") > TALL  # states of many units lie along rows, step under step

    def states(tensor: str, text: str, units: str, time: str, called: tuple[str, ...] = ()) -> Grid:
        rows, cols = (time, units) if wide else (units, time)
        return Grid(tensor, text, rows, cols, called=(called, ()) if wide else ((), called), lens=False)

    encoder = Column(
        states("source", "source", "source_features", "source_time", times),
        states("encoder.hidden", "encoder states", "hidden", "source_time"),
        *((Grid(_WEIGHTS, "looks back", "target_time", "source_time", called=(words, times), lens=False),)
          if looks else ()),
    )  # fmt: skip
    decoder = Column(
        states("decoder.hidden", "decoder states", "hidden", "target_time", words),
        states("probabilities", "p(word)", "classes", "target_time"),
    )
    return Play(
        title="Encoder–decoder",
        units=Units(("target_time",), ("word", "words"), ("batch", "heads"),
                    tuple(f"y{k + 1}" for k in range(written)),
                    inner=lambda k: {"classes": int(trace["chosen"][at, k]), **_most(trace, at, k)}),
        stage=Row(encoder, "→", Grid("decoder.initial_hidden", "context", "hidden", lens=False), "→", decoder),
        acts=(
            All(("encoder.hidden",), Note("each state holds what was read so far", read > 1), says=_phrase(
                "the encoder reads ", phrases.so_many("step", "steps", read))),
            All(("decoder.initial_hidden",), Note("all that the decoder is told of the source", not looks),
                says=_phrase("its last state goes over: ", phrases.so_many("number", "numbers", trace.size("hidden")))),
            Each((
                (("decoder.hidden", _WEIGHTS) if looks else "decoder.hidden",
                                   (Note("it begins where the encoder ended", lambda k: k == 0),
                                    Note("it reads the word that it wrote last", into == "fed_back"),
                                    Note("it reads the target, as in training", into == "target"))),
                (("chosen", "probabilities"), (
                    Note("a way past the one state: it looks back at all of the encoder's", looks),
                    Note("the most probable word is written"),
                )),
            )),
        ),
        words={"decoder.hidden": _step_on, "probabilities": _chosen(telling, at),
               **({_WEIGHTS: _looked(telling, at)} if looks else {})},
        opening=sentence("one network reads, another one writes: ",
                      "one state passes between them, and looks back" if looks else
                      "all passes through one state"),
        closing=_closing(read, written, looks),
        good_for=GOOD_FOR,
        options=(
            config.cell, f"hidden {config.hidden}", f"{read} read, {written} written",
            *((f"{config.attention} attention",) if looks else ()),
            "the target is given" if into == "target" else "reads what it wrote",
            *(("no bias",) if not config.bias else ()),
        ),
        kinds={"probabilities": "share", _WEIGHTS: "share"},
        alike=(("encoder.hidden", "decoder.initial_hidden", "decoder.hidden"),),
        evidence=tuple(Region.of("probabilities", batch=at, target_time=k, classes=int(trace["chosen"][at, k]))
                       for k in shown) if looks else (Region.of("decoder.initial_hidden", batch=at),),
    )  # fmt: skip


def _most(trace: Trace, at: int, k: int) -> dict[str, int]:
    """The step that a word looks at most, where it looks back."""
    if _WEIGHTS not in trace:
        return {}
    return {"source_time": int(np.argmax(np.nan_to_num(trace[_WEIGHTS][at, 0, k])))}


def _step_on(k: int) -> Line:
    """Which state comes of which."""
    before = "the context" if k == 0 else f"state {k}"
    return Run(f"{before} and a word in: ", source=Fact("state")), Run(
        f"state {k + 1}", "result", "semibold", Fact("state"), True
    )


def _looked(telling: Telling, at: int) -> Callable[[int], Line]:
    """At which step it looks most."""
    trace = telling.trace
    style = numbers.style(trace[_WEIGHTS], kind="probability", precision=telling.film.precision)

    def says(k: int) -> Line:
        best = _most(trace, at, k)["source_time"]
        place = Address(_WEIGHTS, (at, 0, k, best))
        text = numbers.text(trace[_WEIGHTS][place.index], style)
        return (Run(f"most at x{best + 1}", source=Fact("step")), phrases.equals(text, late=True),
                phrases.result(text, place, "probability"))  # fmt: skip

    return says


def _chosen(telling: Telling, at: int) -> Callable[[int], Line]:
    """Which word is written, and how probable it was."""
    trace = telling.trace
    style = numbers.style(trace["probabilities"], kind="probability", precision=telling.film.precision)

    def says(k: int) -> Line:
        best = int(trace["chosen"][at, k])
        place = Address("probabilities", (at, k, best))
        text = numbers.text(trace["probabilities"][place.index], style)
        return (Run(f"p(word {best + 1})", "ink", source=Fact("word")), phrases.equals(text, late=True),
                phrases.result(text, place, "probability"))  # fmt: skip

    return says


def _closing(read: int, written: int, looks: bool) -> Line:
    counts = f"{read} read, {written} written: "
    return sentence(counts, "and each word looked back at all that was read" if looks else
                 "all of the source went through this one state")  # fmt: skip


def _phrase(before: str, strong: str) -> Line:
    return Run(before, source=Fact("act")), Run(strong, "result", "semibold", Fact("act"))


Seq2SeqStory = story("Encoder–decoder", film, GOOD_FOR)
