"""Softmax: every logit by the temperature, minus the largest, e to its power; then each power's share of their sum."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.stories.stage import All, Bars, Curve, Each, Grid, Note, Play, Row, Stacked, Tries, Units, story
from layeranim.stories.storyboard import Fact, Run, Telling

GOOD_FOR = "the last layer of a classifier, the weights of attention: shares of a whole"


def film(telling: Telling) -> Play:
    """Softmax's film."""
    trace, config = telling.trace, telling.config
    along, other = ("classes", "batch") if config.axis % 2 else ("batch", "classes")
    noun = ("class", "classes") if along == "classes" else ("sample", "samples")
    told = telling.sample if along == "classes" else (slice(None), 0)
    warm, log, count = config.temperature != 1, config.log, trace.size(along)
    z = f"z/{config.temperature:g}" if warm else "z"
    scaled = ("→", Grid("scaled", z)) if warm else ()
    scores = Row(Grid("logits", "z"), *scaled, "−", Grid("maximum", "max"), "=", Grid("shifted", f"{z} − max"))
    powers = Bars("exponentials", f"e^{{{z} − max}}")
    if log:
        shares = Row("→", Grid("total", "Σ"), "→", Grid("log_total", "ln Σ"), "→", Grid("output", "log p"))
    else:
        shares = Row("/", Grid("total", "Σ"), "=", Grid("output", "p"), Stacked("output", "sum 1"))
    taken = Note("the largest is taken off so that no power overflows; the shares stay the same")
    came, kept = "differences of scores became ", "differences of logarithms" if log else "ratios of shares"
    if count == 1:
        came, kept = "one class has ", "all of it"
    elif not (trace["shifted"][told] != 0).any():
        came, kept = "equal scores became ", "equal shares"
    differ = bool((trace["shifted"][told] < 0).any())
    lost = bool((trace["exponentials"][told][np.isfinite(trace["shifted"][told])] == 0).any())
    made = "logarithms of shares" if log else "shares that add up to 1"
    return Play(
        units=Units((along,), noun, (other,)),
        stage=Tries(Row(scores, Curve("shifted", "exponentials"), powers, shares), Row(scores, "→", powers, shares)),
        acts=(
            *((All(("scaled",), Note("a temperature above 1 evens out, one below 1 sharpens")),) if warm else ()),
            All(("maximum", "shifted") if warm else ("scaled", "maximum", "shifted"), taken),
            All(
                ("exponentials",),
                (
                    Note("every power is positive, and larger scores pull ahead", differ and not lost),
                    Note("every power is positive; one so small is kept as 0", lost),
                ),
            ),
            All(("total",), Note("what all powers add up to", count > 1)),
            *((All(("log_total",)),) if log else ()),
            Each((("output", Note("its part of the whole", not log)),)),
        ),
        opening=(Run("scores become ", weight="regular"), Run(made, "result", "semibold", Fact("opening"))),
        closing=(
            Run(came, weight="regular"),
            Run(kept, "result", "semibold", Fact("closing")),
        ),
        options=(
            f"{count} {noun[count > 1]}",
            *((f"temperature {config.temperature:g}",) if warm else ()),
            *(("logarithms",) if log else ()),
            *(() if along == "classes" else ("over the batch",)),
        ),
        alike=(("logits", "scaled", "maximum", "shifted"),),
        kinds={} if log else {"output": "share"},
        follow=_second(trace["logits"][told]),
    )


def _second(scores: Any) -> int:
    """The unit with the second largest of the scores that are told: its power is no 1, its share is not all."""
    return int(sorted(range(len(scores)), key=lambda i: -scores[i])[:2][-1])


SoftmaxStory = story("Softmax", film, GOOD_FOR)
