"""A generative adversarial network: move by move the critic's curve bends, and forged numbers run up along it."""

from __future__ import annotations

from typing import Any

import numpy as np

from layeranim.engine.gan import PLAYERS, SOURCES
from layeranim.engine.trace import Array, Trace
from layeranim.stories import phrases
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Column, Contest, Each, Lines, Note, Play, Row, Tries, Units, story
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "pictures, voices, forgeries: learned from examples, with no rule for what is real"
NEAR, APART = 0.05, 0.1
"""How near 0.5 a mean is where the critic guesses, and how far apart two are where it tells them apart."""
RISE = 0.02
"""What a mean has to rise by for anybody to see it on the curve."""
QUIET = 3
"""So many turns at the end the critic must guess in, or it has only been met on its way."""


def film(telling: Telling) -> Play:
    """The film of a generator and a critic."""
    trace, config = telling.trace, telling.config
    moves = trace.size("moves")
    seen = telling.film.selected(moves)
    real, forged = trace["beliefs"]
    contest = Contest("curve", "points", "real", "forged", "noise", "D(x): how real the critic finds x")
    lines = (Lines("beliefs", "mean D after each move", "sources", SOURCES, rule=0.5, low=True, others=PLAYERS),
             Lines("losses", "loss", "players", PLAYERS, mark=2, low=True))  # fmt: skip
    return Play(
        units=Units(("moves",), ("move", "moves"), (), names=("before the first turn", *map(_called, range(1, moves))),
                    inner=lambda _: {"sources": 1, "players": 1}),
        stage=Tries(Row(contest, Column(*lines)), Row(contest, *lines)),
        acts=(Each(((("forged", "losses", "beliefs"), (
            Note("what has learned nothing can only guess",
                 lambda m: m == 0 and bool((trace["curve"][0] == 0.5).all())),
            Note("its curve now parts real from forged", lambda m: m % 2 == 1 and bool(real[m] - forged[m] > APART)),
            Note("forged numbers run up the curve", lambda m: m > 0 and m % 2 == 0
                 and bool(forged[m] > forged[m - 1] + RISE)),
            Note("forged ones pass as often as not, real ones more often", lambda m: m > 0
                 and bool(abs(forged[m] - 0.5) <= NEAR and real[m] > 0.5 + APART)),
            Note("real and forged lie alike: little is left to tell them apart by", lambda m: m > 0
                 and _met(trace["beliefs"][:, m]) and _alike(trace, m)),
        )),)),),
        opening=sentence("one forges numbers, one judges them: ", "each learns from the other"),
        closing=_closing(telling, seen),
        options=_options(config),
        kinds={"beliefs": "share"},
        follow=min(2, moves - 1),
        stops=_stops(trace, min(2, moves - 1)),
        symbols={"beliefs": phrases.name("mean D(forged)")},
        words={"beliefs": lambda m: _moved(telling, m)},
    )  # fmt: skip


def _met(means: Array) -> bool:
    """Whether the critic guesses, on average, of real numbers and of forged ones."""
    return bool((np.abs(means - 0.5) <= NEAR).all())


def _alike(trace: Trace, m: int) -> bool:
    """Whether the forged numbers after a move lie where the real ones do, and as wide, within a quarter of that."""
    real, forged = trace["real"], trace["forged"][m]
    wide = float(real.std())
    apart = max(abs(float(forged.mean() - real.mean())), abs(float(forged.std()) - wide))
    return apart <= wide / 4 and wide > 0


def _stops(trace: Trace, follow: int) -> tuple[int, ...]:
    """Where the film halts: at what is followed, when forged numbers pass as often as not for the first time, when they
    lie like the real ones and the critic guesses from then on."""
    forged, met = trace["beliefs"][1], [_met(means) for means in trace["beliefs"].T]
    after = range(4, len(met), 2)
    passing = (m for m in after if forged[m] >= 0.5 > forged[:m].min())
    resting = (m for m in after if all(met[m:]) and not all(met) and _alike(trace, m))
    return tuple(sorted({follow, *list(passing)[:1], *list(resting)[:1]}))


def _called(m: int) -> str:
    return f"turn {(m + 1) // 2}: the {'critic' if m % 2 else 'generator'}"


def _moved(telling: Telling, m: int) -> Line:
    """``8 updates of the critic:  mean D(forged) 0.50 → 0.06``."""
    config: Any = telling.trace.config
    places = [Address("beliefs", (1, k)) for k in (*([m - 1] if m else []), m)]
    texts = [telling.text(place, "probability") for place in places]
    updates = phrases.so_many("update", "updates", config.critic_steps) if m % 2 else "1 update"
    who = f"{updates} of the {'critic' if m % 2 else 'generator'}:  " if m else ""
    before = (Run(texts[0], "ink", source=places[0]), Run(" → ")) if m else ()
    return (
        Run(f"{who}mean D(forged)  ", source=Fact("move")), *before,
        phrases.result(texts[-1], places[-1], "probability"),
    )  # fmt: skip


# ── what came of it ──────────────────────────────────────────────────────────
def guessing(beliefs: Array) -> bool:
    """Whether the critic, which told them apart once, has guessed for some turns: beliefs (sources, moves)."""
    gaps = np.abs(beliefs[:, -2 * QUIET :] - 0.5)
    once = np.abs(beliefs[0] - beliefs[1]).max() > APART
    return bool(once and beliefs.shape[1] > 2 * QUIET and gaps.max() <= NEAR)


def circling(trace: Trace, last: int) -> bool:
    """Whether the mean of the forged numbers passed the real ones to and fro, and is as far off late as before."""
    off = trace["forged"][: last + 1 : 2].mean(axis=1) - trace["real"].mean()
    turned = np.flatnonzero(np.sign(off[1:]) * np.sign(off[:-1]) < 0)
    if len(turned) < 2:
        return False
    swings = [np.abs(part).max() for part in np.split(off, turned + 1)[1:-1]]
    return bool(np.isfinite(off).all() and min(swings) > 0.7 * np.abs(off).max())


def _closing(telling: Telling, seen: range) -> Line:
    """What became of the contest, as the numbers say; what they are, where no sentence holds."""
    trace, last = telling.trace, seen[-1]
    beliefs = trace["beliefs"][:, : last + 1]
    after = Run(f"{phrases.so_many('turn', 'turns', (last + 1) // 2)}: ", weight="regular", source=Fact("turns"))
    if not (np.isfinite(beliefs).all() and np.isfinite(trace["forged"][: last + 1]).all()):
        return after, Run("there are no numbers left to judge", "result", "semibold")
    if guessing(beliefs):
        return sentence("it ends ", "when the critic can only guess")
    if circling(trace, last):
        return sentence("no end: ", "each runs after the other, round and round")
    told: list[Run] = [after]
    for k, name in enumerate(SOURCES):
        place = Address("beliefs", (k, last))
        told += [Run(f"{',  ' if k else ''}mean D({name}) ", weight="regular", source=Fact("source")),
                 phrases.result(telling.text(place, "probability"), place, "probability")]  # fmt: skip
    return tuple(told)


def _options(config: Any) -> tuple[str, ...]:
    """How long, what both are, at which rates; then what is not usual."""
    critic = f"critic up to power {config.critic_degree}" if config.critic_degree > 1 else "critic of x alone"
    return (
        phrases.so_many("turn", "turns", config.turns),
        f"{phrases.so_many('update', 'updates', config.critic_steps)} of the critic in each",
        f"rates {config.critic_rate:g} and {config.generator_rate:g}",
        *phrases.unusual(config, loss="{}", method="{}", critic_decay="decay {:g}", momentum="momentum {:g}",
                         beta1="beta1 {:g}", critic_degree=critic, critic_bias="no bias"),
    )  # fmt: skip


GanStory = story("Generative adversarial network", film, GOOD_FOR, takes=1)
