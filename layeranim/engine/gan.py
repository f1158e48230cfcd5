"""A generative adversarial network of one dimension: a generator forges numbers from noise, a critic judges which are
real, and they learn in turns.

The generator is ``G(z) = scale · z + shift``, the critic ``D(x) = σ(Σ wₖ xᵏ)`` up to ``critic_degree``. In a turn the
critic makes ``critic_steps`` updates that lower ``−mean ln D(real) − mean ln(1 − D(forged))``, then the generator one
that lowers ``−mean ln D(forged)``, with minimax ``mean ln(1 − D(forged))``. Noise and real numbers are the same in
every turn. ``moves`` counts the moments before the first turn, after the critic's part of it, after the generator's,
and so on; ``states`` and ``critic_states`` the updates of both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache

import numpy as np

from layeranim.engine import (
    door,
    normalisation,  # noqa: F401 - registers scale_shift
    window,
)
from layeranim.engine.activations import ACTIVATIONS
from layeranim.engine.arithmetic import average
from layeranim.engine.entry import enter, ranked
from layeranim.engine.gan_operations import FORMS, forger_loss, judge_loss, powers, score
from layeranim.engine.option import ArrayOption, Choice, Config, Flag, Integer, Layer, Real, option
from layeranim.engine.trace import Array, Region, Shape, Step, Steps, Tensor, Trace, tensors
from layeranim.engine.training import HISTORIES, METHODS, Move, OptimiserConfig, filled, first_entry, moves, perform
from layeranim.records import dataclass

GENERATOR, CRITIC = "generator", "critic"
PLAYERS, SOURCES = (CRITIC, GENERATOR), ("real", "forged")
START = (0.3, -3.0)
"""What the generator begins with, where nothing else is given: scale and shift. The critic begins with zeros."""
AROUND = 0.1
"""How much farther than all numbers the critic's curve goes, as a part of what they take."""


@dataclass(frozen=True, kw_only=True)
class GanConfig(Config):
    """Options of a generator and a critic that learn in turns."""

    turns: int = option(Integer(1, 10_000), 12, "how often both learn")
    critic_steps: int = option(Integer(1, 100), 8, "updates of the critic in a turn; the generator makes one")
    loss: str = option(Choice(FORMS), "non-saturating", "what the generator lowers")
    method: str = option(Choice(METHODS), "sgd", "how a gradient becomes an update", aliases=("optimizer", "optimiser"))
    critic_rate: float = option(Real(low=0), 0.2, "how far an update of the critic goes")
    generator_rate: float = option(Real(low=0), 1.0, "how far an update of the generator goes")
    critic_decay: float = option(Real(low=0), 0.5, "pull of the critic's weights to 0, so that turns do not circle")
    momentum: float | None = option(Real(low=0), None, "how much of the last velocity is kept (sgd, rmsprop)")
    beta1: float | None = option(Real(low=0, below=1), None, "how much of the first moment is kept (adam)")
    critic_degree: int = option(Integer(1, 4), 2, "the highest power of x that the critic weighs")
    critic_bias: bool = option(Flag(), True, "whether the critic has a weight for no power of x")
    grid: int = option(Integer(20, 1000), 81, "points of the critic's curve")

    @property
    def width(self) -> int:
        """How many weights the critic has."""
        return self.critic_degree + self.critic_bias


def complete(config: GanConfig, shapes: Mapping[str, Shape | None]) -> tuple[GanConfig, dict[str, Shape]]:
    """The shapes of all arrays: real (samples), noise (forgeries), and where they are given generator_start (2) and
    critic_start (weights). Raises ``ShapeError`` for others, ``OptionError`` for options that do not go together.
    """
    needed: dict[str, Shape] = {}
    for item in _ARRAYS:
        found = ranked(item.name, shapes.get(item.name), item.axes)
        wanted = {"generator_start": (2,), "critic_start": (config.width,)}.get(item.name)
        if found is not None and wanted is not None:
            door.fitting(item.name, found, wanted, item.axes[0])
        if found is not None or wanted is None:
            needed[item.name] = found or (6,)
    for player in PLAYERS:
        own(config, player)
    for name, shape in makes(config, needed).items():
        window.affordable(name, shape)
    return config, needed


@lru_cache(maxsize=64)
def own(config: GanConfig, player: str) -> OptimiserConfig:
    """The optimiser of one player. Only the critic's weights are pulled to 0."""
    critic = player == CRITIC
    return filled(
        OptimiserConfig(
            method=config.method, momentum=config.momentum, beta1=config.beta1,
            learning_rate=config.critic_rate if critic else config.generator_rate,
            weight_decay=config.critic_decay if critic else 0.0,
        )
    )  # fmt: skip


def makes(config: GanConfig, shapes: Mapping[str, Shape]) -> dict[str, Shape]:
    """What both make in every turn, and what their optimisers keep."""
    moves, samples = 2 * config.turns + 1, shapes["real"][0] + 2 * shapes["noise"][0]
    written = len({act.writes[0] for act in _acts(config, CRITIC, 0)}) + 1
    return {
        "numbers": (3, moves, samples), "curve": (3, moves, config.grid),
        "critic's updates": (8 * written, config.turns * config.critic_steps + 1, config.width),
        "generator's updates": (8 * written, config.turns + 1, 2),
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _acts(config: GanConfig, player: str, t: int) -> tuple[Move, ...]:
    """The acts of one update of one player, from its gradient, in its own names."""

    def of(place: tuple[str, int]) -> tuple[str, int]:
        return f"{player}.{place[0]}", place[1]

    return tuple(
        replace(act, reads=tuple(map(of, act.reads)), writes=of(act.writes)) for act in moves(own(config, player), t)
    )


def _histories(player: str) -> set[str]:
    return {f"{player}.{name}" for name in HISTORIES}


def compute(config: GanConfig, arrays: Mapping[str, Array]) -> Trace:
    """The trace of all turns: ``forged`` (moves, forgeries), ``curve`` (moves, points), ``beliefs`` (sources, moves)
    and ``losses`` (players, moves).
    """
    full, ready = enter("gan", _ARRAYS, complete, config, arrays)
    real, noise = ready["real"], ready["noise"]
    kind = real.dtype
    starts = {
        GENERATOR: ready.get("generator_start", np.array(START, kind)),
        CRITIC: ready.get("critic_start", np.zeros(full.width, kind)),
    }
    with np.errstate(all="ignore"):
        values = _played(full, real, noise, starts)
        made = [g[0] * noise + g[1] for g in values["generator.parameters"]]
        forged = np.stack([made[m // 2] for m in range(2 * full.turns + 1)])
        critic = np.stack([values["critic.parameters"][(m + 1) // 2 * full.critic_steps] for m in range(len(forged))])
        points = _points(full, np.concatenate([real, noise, forged.ravel()]))
        held = list(_watched(full, real, forged, critic, points))
    out = [Tensor(item.name, item.axes, item.role, ready[item.name]) for item in _ARRAYS if item.name in ready]
    out += [Tensor(f"{player}_begins", _AXES[player], "intermediate", start)
            for player, start in starts.items() if f"{player}_start" not in ready]  # fmt: skip
    for name, entries in values.items():
        player, _, part = name.partition(".")
        if len(entries) > (part in HISTORIES):
            lead = ("critic_" if player == CRITIC else "") + ("states" if part in HISTORIES else "updates")
            axes = (lead, *_AXES[player])[: 1 + entries[0].ndim]
            out.append(Tensor(name, axes, "intermediate", np.stack(entries)))
    out += [
        Tensor("critic", ("moves", "weights"), "intermediate", critic),
        Tensor("points", ("points",), "intermediate", points),
        Tensor("forged", ("moves", "forgeries"), "output", forged),
        *held,
    ]
    return assemble(full, tensors(*out))


def _played(config: GanConfig, real: Array, noise: Array, starts: Mapping[str, Array]) -> dict[str, list[Array]]:
    """Everything that both have, update by update."""
    values: dict[str, list[Array]] = {}
    for player in PLAYERS:
        mine = own(config, player)
        values |= {f"{player}.{name}": [first_entry(mine, name, starts[player])] for name in HISTORIES[1:]}
        values |= {f"{player}.parameters": [starts[player]], f"{player}.gradients": []}
    seen, sigmoid = powers(real, config.critic_degree, config.critic_bias), ACTIVATIONS["sigmoid"]
    n, m = real.dtype.type(len(real)), real.dtype.type(len(noise))
    for t in range(config.turns):
        scale, shift = values["generator.parameters"][t]
        x = scale * noise + shift
        made = powers(x, config.critic_degree, config.critic_bias)
        for i in range(t * config.critic_steps, (t + 1) * config.critic_steps):
            w = values["critic.parameters"][i]
            wrong = (sigmoid(score(seen, w)) - 1) / n, sigmoid(score(made, w)) / m
            values["critic.gradients"].append(
                np.einsum("i,ij->j", wrong[0], seen) + np.einsum("i,ij->j", wrong[1], made)
            )
            perform(_acts(config, CRITIC, i), values, i, _histories(CRITIC))
        w = values["critic.parameters"][-1]
        trust = sigmoid(score(made, w))
        pull = trust - 1 if config.loss == "non-saturating" else -trust
        steep = sum(k * w[k - 1 + config.critic_bias] * x ** (k - 1) for k in range(1, config.critic_degree + 1))
        back = pull * steep / m
        values["generator.gradients"].append(np.stack([(back * noise).sum(), back.sum()]).astype(real.dtype))
        perform(_acts(config, GENERATOR, t), values, t, _histories(GENERATOR))
    return values


def _points(config: GanConfig, numbers: Array) -> Array:
    """Where the critic's curve is drawn: evenly, somewhat farther than all numbers lie."""
    known = numbers[np.isfinite(numbers)] if np.isfinite(numbers).any() else np.zeros(1, numbers.dtype)
    low, high = known.min(), known.max()
    wide = (high - low) * known.dtype.type(AROUND)
    wide = wide if np.isfinite(wide) and wide > 0 else known.dtype.type(1)
    return np.linspace(low - wide, high + wide, config.grid, dtype=known.dtype)


def _watched(config: GanConfig, real: Array, forged: Array, critic: Array, points: Array) -> Iterator[Tensor]:
    """What the critic says after every move, of real and forged numbers and everywhere, and what both pay for it."""
    said = {}
    for name, x, axis in (("curve", points, "points"), ("real", real, "samples"), ("forged", forged, "forgeries")):
        each = x if x.ndim > 1 else np.broadcast_to(x, (len(critic), len(x)))
        scores = np.stack([score(powers(row, config.critic_degree, config.critic_bias), w)
                           for row, w in zip(each, critic, strict=True)])  # fmt: skip
        said[name] = scores
        yield Tensor(f"{name}_score", ("moves", axis), "intermediate", scores)
        belief = np.asarray(ACTIVATIONS["sigmoid"](scores), real.dtype)
        said[f"{name}_belief"] = belief
        yield Tensor("curve" if name == "curve" else f"{name}_belief", ("moves", axis), "output", belief)
    paid = [[judge_loss(a, b), forger_loss(b, form=config.loss)]
            for a, b in zip(said["real"], said["forged"], strict=True)]  # fmt: skip
    means = [[average(row) for row in said[f"{name}_belief"]] for name in SOURCES]
    yield Tensor("losses", ("players", "moves"), "output", np.array(paid, real.dtype).T.copy())
    yield Tensor("beliefs", ("sources", "moves"), "output", np.array(means, real.dtype))


def assemble(config: GanConfig, saved: Mapping[str, Tensor]) -> Trace:
    """The trace from its stored tensors: steps and facts are made here."""
    steps = config.critic_steps
    first = [*_first(CRITIC, saved), *_first(GENERATOR, saved), *_critic_now(config, 0), _forged_now(0),
             *_judged(config, 0)]  # fmt: skip

    @lru_cache(maxsize=64)
    def turn(t: int) -> list[Step]:
        found: list[Step] = []
        for i in range(t * steps, (t + 1) * steps):
            reads = Region("real"), Region.of("forged", moves=2 * t), Region.of("critic.parameters", critic_states=i)
            found += [Step("critic_slope", reads, Region.of("critic.gradients", critic_updates=i), _kind(config)),
                      *_moved(config, CRITIC, i)]  # fmt: skip
        after = 2 * t + 1
        found += [*_critic_now(config, after), _same("forged", after), *_judged(config, after)]
        reads = Region("noise"), Region.of("generator.parameters", states=t), Region.of("critic", moves=after)
        return [
            *found,
            Step("generator_slope", reads, Region.of("generator.gradients", updates=t),
                 (*_kind(config), ("form", config.loss))),
            *_moved(config, GENERATOR, t), *(_same(name, after + 1) for name in ("critic", "curve_score", "curve")),
            _forged_now(after + 1), *_judged(config, after + 1),
        ]  # fmt: skip

    each = len(turn(0))

    def find(tensor: str, here: Mapping[str, int]) -> int | None:
        """The step of the turn that the indices name: each turn has the same steps."""
        counts = {"updates": (0, 1), "critic_updates": (0, steps), "states": (1, 1), "critic_states": (1, steps),
                  "moves": (1, 2)}  # fmt: skip
        t = next(((here[axis] - late) // count for axis, (late, count) in counts.items() if axis in here), 0)
        if not 0 <= t < config.turns:
            return None
        for k, step in enumerate(turn(t)):
            if step.writes.tensor == tensor and step.writes.holds(here):
                return t * each + k
        return None

    every = Steps.chain(first, Steps(config.turns * each, lambda i: turn(i // each)[i % each], find))
    facts: dict[str, int | float | str] = {"turns": config.turns, "parameters": 2 + config.width}
    for k, name in enumerate(SOURCES):
        facts[f"last_belief_{name}"] = float(saved["beliefs"].array[k, -1])
    return Trace("gan", config, tensors(*saved.values()), every, facts)


def _kind(config: GanConfig) -> tuple[tuple[str, int | float | str], ...]:
    return (("degree", config.critic_degree), ("bias", int(config.critic_bias)))


def _first(player: str, saved: Mapping[str, Tensor]) -> list[Step]:
    """What a player begins with."""
    start = f"{player}_start" if f"{player}_start" in saved else f"{player}_begins"
    lead = "critic_states" if player == CRITIC else "states"
    return [Step("copy", (Region(start),), Region(f"{player}.parameters", ((lead, 0),)))]


def _moved(config: GanConfig, player: str, t: int) -> Iterator[Step]:
    """The acts of one update of a player, as steps."""
    axis = "critic_" if player == CRITIC else ""

    def region(place: tuple[str, int]) -> Region:
        name, after = place
        if name in _histories(player):
            return Region(name, ((f"{axis}states", t + after),))
        return Region(name, ((f"{axis}updates", t),))

    for act in _acts(config, player, t):
        yield Step(act.operation, tuple(map(region, act.reads)), region(act.writes), act.parameters)


def _same(name: str, m: int) -> Step:
    """What the other player's move left as it was."""
    return Step("copy", (Region.of(name, moves=m - 1),), Region.of(name, moves=m))


def _critic_now(config: GanConfig, m: int) -> list[Step]:
    """The critic after its updates, and its curve."""
    now, scores = Region.of("critic", moves=m), Region.of("curve_score", moves=m)
    return [
        Step("copy", (Region.of("critic.parameters", critic_states=(m + 1) // 2 * config.critic_steps),), now),
        Step("critic_score", (Region("points"), now), scores, _kind(config)),
        Step("activate", (scores,), Region.of("curve", moves=m), _SIGMOID),
    ]


def _forged_now(m: int) -> Step:
    """What the generator makes of the noise after its update."""
    scale, shift = (Region.of("generator.parameters", states=m // 2, coefficients=k) for k in (0, 1))
    return Step("scale_shift", (Region("noise"), scale, shift), Region.of("forged", moves=m), (("trailing", 1),))


def _judged(config: GanConfig, m: int) -> list[Step]:
    """What the critic says after a move, and what both pay."""
    here = {"moves": m}
    shown = Region("real"), Region.of("forged", **here)
    scores, said = ([Region.of(f"{name}_{part}", **here) for name in SOURCES] for part in ("score", "belief"))
    return [
        *(Step("critic_score", (x, Region.of("critic", **here)), z, _kind(config))
          for x, z in zip(shown, scores, strict=True)),
        *(Step("activate", (z,), d, _SIGMOID) for z, d in zip(scores, said, strict=True)),
        Step("judge_loss", tuple(scores), Region.of("losses", players=0, **here)),
        Step("forger_loss", (scores[1],), Region.of("losses", players=1, **here), (("form", config.loss),)),
        *(Step("average", (d,), Region.of("beliefs", sources=k, **here)) for k, d in enumerate(said)),
    ]  # fmt: skip


_SIGMOID = (("name", "sigmoid"),)
_AXES = {GENERATOR: ("coefficients",), CRITIC: ("weights",)}
_ARRAYS = (
    ArrayOption("real", ("samples",), "input", "the real numbers"),
    ArrayOption("noise", ("forgeries",), "input", "the noise that numbers are forged from, one number each"),
    ArrayOption("generator_start", _AXES[GENERATOR], "weight", "scale and shift before the first turn", optional=True),
    ArrayOption("critic_start", _AXES[CRITIC], "weight", "the critic's weights before the first turn", optional=True),
)

GAN = Layer(
    name="gan",
    title="Generative adversarial network",
    config=GanConfig,
    arrays=_ARRAYS,
    complete=complete,
    compute=compute,
    assemble=assemble,
    makes=makes,
    formula="min over G, max over D of mean ln D(x) + mean ln(1 − D(G(z)))",
    source="Goodfellow and others, Generative adversarial nets (2014); Mescheder, Geiger, Nowozin, Which training "
    "methods for GANs do actually converge? (2018)",
)
