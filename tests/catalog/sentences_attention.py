"""The claims of attention's films: what queries see and take, what each stage does to a row, what comes out."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np

from layeranim import numbers, typeface
from layeranim.engine.trace import Array
from layeranim.stories import vocabulary
from layeranim.stories.storyboard import Address, Beat

from .sentences import Claim, Told

ARITHMETIC = ("step", "brief", "act")
Match = re.Match[str]
Check = Callable[[Told, Match, Beat], bool]


def where(told: Told, beat: Beat) -> tuple[int, int, int]:
    """Sequence, head and query of a beat; what is told of all rows is told of the one that is followed."""
    followed = next(b for b in told.board.beats if told.board.poster < b.end)
    return told.work.film.place_in(len(told["weights"])), 0, told.query(beat if beat.units else followed)


def row(told: Told, beat: Beat, tensor: str) -> Array:
    return np.asarray(told[tensor][where(told, beat)])


def seen(told: Told) -> Array:
    """(heads, queries, keys) of the sequence that is told."""
    batch = told.trace.tensor("weights").shape[0]
    b = told.work.film.place_in(batch)
    if "masked" not in told.trace.tensors:
        return np.ones(told.trace.tensor("weights").shape[1:], bool)
    return np.asarray(~np.isneginf(told["masked"][b]))


def seen_row(told: Told, beat: Beat) -> Array:
    _, head, query = where(told, beat)
    return np.asarray(seen(told)[head, query])


def alike(told: Told) -> bool:
    _, _, queries, keys = told.trace.tensor("weights").shape
    return queries == keys and "context" not in told.trace.tensors


def before(told: Told) -> bool:
    """Whether every query sees its own place and those before it, and no other."""
    here = seen(told)
    return alike(told) and bool((here == (np.tri(*here.shape[1:]) > 0)).all()) and not here.all()


def heaviest(told: Told, match: Match, beat: Beat) -> bool:
    """No key that is not drawn has a larger weight for the told query than one that is, but for the query itself."""
    grid = next(grid for grid in told.board.grids.values() if grid.tensor == "weights")
    keys, query = [*dict(grid.picked).get("keys", ())], told.query(beat)
    head = dict(grid.fixed).get("heads", 0)
    weights = told["weights"][told.work.film.place_in(len(told["weights"])), head, query]
    others = [k for k in keys if k != query]
    return 0 < len(keys) < len(weights) and bool(weights[others].min() >= np.delete(weights, keys).max())


# ── open and close ───────────────────────────────────────────────────────────
def opening(told: Told, match: Match, beat: Beat) -> bool:
    words, all_, keys = told.config.tokens is not None, bool(seen(told).all()), seen(told).shape[-1]
    other = "word" if words and alike(told) else "key"
    reach = {f"every {other}": all_ and keys > 1, f"the only {other}": all_ and keys == 1,
             f"itself and every {other} before": before(told),
             f"the {other}s that it may see": not all_ and not before(told)}  # fmt: skip
    hard = told.config.lookup == "hard"
    takes = {"the value of its best match": hard, "in its value": not hard and keys == 1,
             "in a mixture of their values": not hard and keys > 1}  # fmt: skip
    return match["noun"] == ("word" if words else "query") and reach[match["reach"]] and takes[match["takes"]]


def formula(told: Told, match: Match, beat: Beat) -> bool:
    c, text = told.config, match[0]
    return (
        ("softmax" in text) == (c.lookup == "soft")
        and (f"{numbers.DOT}tanh(" in text) == (c.softcap is not None)
        and ("+ M" in text) == ("masked" in told.trace.tensors)
        and ("√" in text) == (c.kind == "scaled" and c.scale is None)
        and (c.scale is None or c.kind in ("additive", "cosine") or numbers.DOT in text)
        and ("RQ" in text) == (c.positional == "rotary" and c.kind != "additive" and c.kind != "multiplicative")
        and match["made"] == ("mixture" if c.output_projection else "output")
    )


def closing(told: Told, match: Match, beat: Beat) -> bool:
    heads, queries, keys = seen(told).shape
    c = told.config
    noun = (
        ("word" if c.tokens is not None else "query")
        if queries == 1
        else ("words" if c.tokens is not None else "queries")
    )
    made = "output" if c.output_projection else "value" if c.lookup == "hard" else "mixture"
    shape = told.trace.tensor("output").shape
    shape = shape[2:] if heads == 1 and not c.output_projection else shape[1:]
    return (
        int(match["heads"] or 1) == heads
        and (int(match["n"]), match["noun"]) == (queries, noun)
        and (match["keys"] is None) == alike(told)
        and int(match["keys"] or keys) == keys
        and (int(match["m"]), match["made"]) == (queries, made + "s" * (queries > 1))
        and match["shape"] == numbers.shape_text(shape)
    )


# ── stages ───────────────────────────────────────────────────────────────────
def spreads(compare: Callable[[float, float], bool], soft: bool = False) -> Check:
    def check(told: Told, match: Match, beat: Beat) -> bool:
        a, b = (np.ptp(row(told, beat, tensor)) for tensor in ("scores", "scaled"))
        chosen = soft and told.config.lookup == "hard"  # whose choice is not softer or sharper
        return compare(float(a), float(b)) and told.config.kind != "cosine" and not chosen

    return check


def powers(told: Told, match: Match, beat: Beat) -> bool:
    values, here = row(told, beat, "exponentials"), seen_row(told, beat)
    positive = bool((values[here] > 0).all())
    if not np.isclose(values.max(), 1) or not np.isfinite(values).all():
        return False
    return (positive == (not match["far"])) and bool(match["masked"]) == (not here.all() and positive)


def masked(told: Told, match: Match, beat: Beat) -> bool:
    _, _, query = where(told, beat)
    here = seen_row(told, beat)
    ahead = len(here) - seen(told).shape[1] if told.config.corner == "lower-right" else 0
    later = bool(told.config.causal) and bool(here[: query + ahead + 1].all())
    return not here.all() and later == ("must not be seen" in match[0])


def ties(several: bool) -> Check:
    def check(told: Told, match: Match, beat: Beat) -> bool:
        chain = next(name for name in ("masked", "capped", "scaled", "scores") if name in told.trace.tensors)
        scores = row(told, beat, chain)
        return (int((scores == scores.max()).sum()) > 1) == several and bool(seen_row(told, beat).any())

    return check


def strangers(told: Told, match: Match, beat: Beat) -> bool:
    words = list(told.config.tokens or ())
    lost = [word for word in dict.fromkeys(words) if not vocabulary.known(word)]
    return bool(lost) and match[0].startswith(typeface.draw_safe(lost[0], 14)) and "weight_query" in told.trace.tensors


def matrices(told: Told, match: Match, beat: Beat) -> bool:
    names = told.trace.tensors
    return (
        (match["noun"] == "word") == (told.config.tokens is not None)
        and ("context" in match[0]) == ("context" in names)
        and (match["bias"] is not None) == ("bias_query" in names)
    )


def turns(told: Told, beat: Beat) -> bool:
    """Whether the row whose turn is told is turned by more than nothing."""
    places = [run.source for run in beat.caption if isinstance(run.source, Address)]
    row = next(place.index[0] for place in places if place.tensor == "query_angle")
    return bool(told["query_angle"][row].any())


def options(**wanted: Any) -> Check:
    return lambda told, m, b: all(getattr(told.config, name) == value for name, value in wanted.items())


def own(name: str) -> Check:
    """Whether the film is the example's own, and the links that its sentence names are the largest weights."""
    links = {"sentence": [(2, 1), (3, 2)], "pronoun": [(4, 0)]}.get(name, [])

    def check(told: Told, match: Match, beat: Beat) -> bool:
        untouched = told.work.preset is not None and told.work.preset.name == name and not told.work.given
        return untouched and all(told["weights"][0, 0, q].argmax() == k for q, k in links)

    return check


RANDOM = {"query": "random:3x2", "key": "random:3x2", "value": "random:3x2"}
EQUAL = {"query": "1 1; 1 1", "key": "1 1; 1 1", "value": "1 0; 0 1"}
FAR = {"query": "100; 100", "key": "100; 0", "value": "1; 2", "kind": "dot"}
GROUPED = {"heads": 4, "key_heads": 2, "queries": 3, "keys": 3, "features": 2}
NO_KEY = {"mask": "0 0 0 0; 0 0 0 0; 0 0 0 0; 0 0 0 0", "mask_kind": "boolean"}
HARD = {"lookup": "hard"}
ONE_KEY = {"query": "random:2x2", "key": "random:1x2", "value": "random:1x2"}
LONG = {"queries": 5, "keys": 50, "features": 3}
ATTENTION = (
    Claim(
        r"each (?P<noun>word|query) looks at (?P<reach>.*) and takes (?P<takes>.*)", opening, counts=True
    ),
    Claim(r"(?P<made>output|mixture) = (?:softmax\(.*\) V|V at the largest of .*)", formula, counts=True),
    Claim(r"(?:(?P<heads>\d+) heads:  )?(?P<n>\d+) (?P<noun>words?|query|queries)(?: and (?P<keys>\d+) keys?)? in,  "
          r"(?P<m>\d+) (?P<made>\w+) out  \((?P<shape>[\d×]+)\)", closing, counts=True),
    # positions and projections
    Claim(r"each place has numbers of its own: sines and cosines", options(positional="sinusoidal"),
          {"positional": "sinusoidal"}, ({}, {"positional": "learned"})),
    Claim(r"each place has numbers of its own, learned", options(positional="learned"), {"positional": "learned"},
          ({}, {"positional": "sinusoidal"})),
    Claim(r"R turns each pair of features by its place",
          lambda told, m, b: turns(told, b), {"positional": "rotary"},
          ({}, {"positional": "rotary", "tokens": "cat"})),
    Claim(r"R turns each pair of features by its place: the first place stays as it is",
          lambda told, m, b: not turns(told, b), {"positional": "rotary",
          "tokens": "cat"},
          ({}, {"positional": "rotary"})),
    Claim(r"query, key and value of every (?P<noun>word|token): each by a matrix(?P<bias> and a bias)? of its own",
          matrices, {}, (RANDOM,)),
    Claim(r"queries come from every (?P<noun>word|token), keys and values from the context, "
          r"each by a matrix(?P<bias> and a bias)? of its own", matrices,
          {"tokens": "the cat", "key_tokens": "sat down"}, ({},)),
    Claim(r"every key goes through a learned matrix first", options(kind="multiplicative"), {"kind": "multiplicative"},
          ({},)),
    Claim(r"a small network reads both: what it makes of queries and of keys", options(kind="additive"),
          {"kind": "additive"}, ({},)),
    Claim(r".* (?:is|are) not in the vocabulary: drawn at random, seed \d+", strangers, {"tokens": "the robot sat"},
          ({},)),
    # scores
    Claim(r"how well its query fits each key: feature by feature, added up",
          lambda told, m, b: told.config.kind not in ("additive", "multiplicative"), {}, ({"kind": "additive"},)),
    Claim(r"how well its query fits each key: times the keys through W, feature by feature",
          options(kind="multiplicative"), {"kind": "multiplicative"}, ({},)),
    Claim(r"how well its query fits each key: by a small network", options(kind="additive"), {"kind": "additive"},
          ({},)),
    Claim(r"smaller scores, softer choice", spreads(lambda a, b: b < a, soft=True), {},
          ({"scale": 4}, {"scale": 1}, {"lookup": "hard"})),
    Claim(r"larger scores, sharper choice", spreads(lambda a, b: b > a, soft=True), {"scale": 4},
          ({}, {"scale": 0.5}, {"scale": 4, "lookup": "hard"})),
    Claim(r"smaller scores", spreads(lambda a, b: b < a), {"lookup": "hard"}, ({"scale": 4, "lookup": "hard"},)),
    Claim(r"larger scores", spreads(lambda a, b: b > a), {"scale": 4, "lookup": "hard"}, ({"lookup": "hard"},)),
    Claim(r"no difference between scores: no choice to soften", spreads(lambda a, b: a == b == 0), EQUAL, ({},)),
    Claim(r"divided by both lengths: only the direction counts", options(kind="cosine"), {"kind": "cosine"}, ({},)),
    Claim(r"no score grows beyond the cap",
          lambda told, m, b: bool((np.abs(np.nan_to_num(row(told, b, "capped"))) <= told.config.softcap).all()),
          {"softcap": 2}, ({},)),
    Claim(r"dashed cells are masked: (?:a later (?:word|key) must not be seen|these keys take no part)", masked,
          {"causal": True}, ({}, {"mask": "0.5 0 0 0; 0 0 0 0; 0 0 0 0; 0 0 0 0"})),
    Claim(r"dashed cells are masked: these keys take no part", masked,
          {"mask": "1 1 0 1; 1 1 1 0; 1 1 0 1; 1 1 0 1", "mask_kind": "boolean"}, ({}, {"causal": True})),
    Claim(r"added before the softmax", lambda told, m, b: bool(seen_row(told,
          b).all()) and "masked" in told.trace.tensors,
          {"mask": "0.5 0 0 0; 0 0 0 0; 0.5 0 0 0; 0 0 0 0"}, ({}, {"causal": True})),
    # weights
    Claim(r"(?:powers of e make every score positive(?P<masked>, masked ones 0)?"
          r"|(?P<far>far below the best a power of e is 0)); the best becomes 1", powers, {}, (HARD, NO_KEY)),
    Claim(r"far below the best a power of e is 0; the best becomes 1",
          lambda told, m, b: bool((row(told, b, "exponentials")[seen_row(told, b)] == 0).any()), FAR, ({},)),
    Claim(r"its part of the sum: all weights of a row add up to 1",
          lambda told, m, b: abs(float(np.add.reduce(row(told, b, "weights"))) - 1) < 1e-5, {}, (HARD, NO_KEY)),
    Claim(r"the largest score takes all", ties(False), HARD, ({}, {**EQUAL, **HARD})),
    Claim(r"of the largest scores the first takes all", ties(True), {**EQUAL, **HARD}, ({}, HARD)),
    # mixtures
    Claim(r"the keys drawn are those with the largest weights here", heaviest, LONG,
          ({}, {**LONG, "show": "keys=1,2"}, {**LONG, "keys": 40})),
    Claim(r"every value, in proportion to its weight",
          lambda told, m, b: told.config.lookup == "soft" and bool(seen_row(told, b).any()), {}, (HARD, NO_KEY)),
    Claim(r"the value of its best match", options(lookup="hard"), HARD, ({},)),
    # heads and sweeps
    Claim(r"so fewer keys and values have to be kept", lambda told, m, b: told.config.key_heads != told.config.heads,
          GROUPED, ({**GROUPED, "key_heads": 4},)),
    Claim(r"all heads side by side, through a matrix of their own",
          lambda told, m, b: told.config.heads > 1 and "weight_output" in told.trace, {"heads": 2, **HARD}, ({},)),
    Claim(r"the mixture through a matrix of its own",
          lambda told, m, b: told.config.heads == 1 and "weight_output" in told.trace,
          {"weight_output": "random:2x3"}, ({}, {"heads": 2})),
    Claim(r"every (word|query) in the same way"),
    # what it is good for
    Claim(r"every position reads any other in one step: translation, language models",
          lambda told, m, b: bool(seen(told).all()) and seen(told).shape[-1] > 1 and told.config.lookup == "soft",
          RANDOM, ({**RANDOM, "causal": True}, {**RANDOM, **HARD}, ONE_KEY)),
    Claim(r"one key gets all the weight: of several, each query takes its own mixture",
          lambda told, m, b: seen(told).shape[-1] == 1 and told.config.lookup == "soft", ONE_KEY, (RANDOM, HARD)),
    Claim(r"every position reads all before it in one step, as language models do",
          lambda told, m, b: before(told) and told.config.lookup == "soft", {**RANDOM, "causal": True}, (RANDOM,)),
    Claim(r"every position reads those that it may see in one step",
          lambda told, m, b: not seen(told).all() and not before(told), NO_KEY, (RANDOM, {"causal": True})),
    Claim(r"a lookup: exact, but a choice of one cannot be learnt by gradients", options(lookup="hard"), HARD, ({},)),
    Claim(r"“sat” finds “cat”, “down” finds “sat”: any word may read any other",
          own("sentence"), {}, ({"kind": "additive"}, {"tokens": "the dog ran"}, {"causal": True})),
    Claim(r"“she” finds “anna”, however far away: so language models keep track of who is who", own("pronoun"),
          {"example": "pronoun"}, ({"example": "pronoun", "scale": 0.1},)),
    Claim(r"no word sees a later one: so a language model learns to guess the next word",
          lambda told, m, b: before(told), {"example": "causal"}, ({"example": "causal", "causal": False},)),
    Claim(r"one head finds who, the other what happens: two questions to a text at once", own("heads"),
          {"example": "heads"}, ({"example": "heads", "scale": 3},)),
    Claim(r"any word may read any other, near or far: language models rest on it",
          lambda told, m, b: bool(seen(told).all()), {"example": "long"}, ({"example": "long", "causal": True},)),
)  # fmt: skip

CLAIMS = {"attention": ATTENTION}
