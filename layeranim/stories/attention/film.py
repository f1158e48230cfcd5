"""Attention, declared: words make queries, keys and values; scores become weights, weights mix the values."""

from __future__ import annotations

from collections.abc import Iterator

from layeranim.engine.trace import Region
from layeranim.stories.attention.arrangement import stage
from layeranim.stories.attention.view import MOST_DRAWN, AttentionView
from layeranim.stories.attention.words import GOOD_FOR, AttentionWords
from layeranim.stories.stage import All, Each, Note, Play, Units, story
from layeranim.stories.stage.language import Act
from layeranim.stories.storyboard import Telling

PAUSE = 2.1
"""Seconds of each act of the row that is followed."""
FEW = 4
"""Scores of more keys than these are written with one decimal."""
DRAWN = ("features", "value_features", "outputs", "joined", "embed", "score_units")
"""Axes of which no more than so many indices are drawn."""


def film(telling: Telling) -> Play:
    """The film of attention."""
    view = AttentionView(telling)
    words = AttentionWords(view)
    config, follow = view.config, view.follow
    return Play(
        title=words.title,
        units=Units(
            ("queries",), view.noun, ("batch", "heads", "key_heads") if view.heads == 1 else ("batch",),
            view.asking.names, most=dict.fromkeys(DRAWN, MOST_DRAWN), only=view.picks.only,
            inner=lambda u: {"keys": view.best[u], **view.told},
        ),
        stage=stage(view),
        acts=(
            *_sources(view, words),
            Each(tuple(_acts(view, words)), says=words.link, instead=words.nothing, pause=PAUSE),
        ),
        opening=words.opening(),
        opening_note=words.opening_note(),
        closing=words.closing(),
        good_for=words.good_for(),
        options=words.options(),
        drawn=words.hidden("features"),
        alike=(
            tuple(dict.fromkeys((*view.queries_of, *view.keys_of))), (*view.chain, "row_max"),
            (view.value, "value", "head_output", *(() if view.projected else ("output",)), "joined"),
            ("embeddings", "positioned", "encoding"),
        ),
        kinds={"weights": "share", "exponentials": "share"},
        warning=view.strange,
        spans={} if view.darkest is None else {"weights": view.darkest},
        decimals=_decimals(view),
        ghosts=dict.fromkeys(("masked", "exponentials", "weights"), "masked"),
        follow=follow,
        visits=(follow,),
        templates=words.templates(),
        displayed=words.displayed(),
        words={"masked": words.masked},
        tokens=(*(config.tokens or ()), *(config.key_tokens or ())),
        evidence=tuple(_evidence(view)),
    )  # fmt: skip


def _decimals(view: AttentionView) -> dict[str, int]:
    """Numbers that are tenths are written as tenths; of many scores one decimal has room."""
    given = ("embeddings", "positioned", "weight_query", "weight_key", "weight_value", "weight_output", view.value)
    compared = (*view.queries_of, *view.keys_of)
    groups = [*((name,) for name in given), compared, (*view.chain, "row_max") if view.cols > FEW else ()]
    few = [group for group in groups if group and (group[0] in view.chain or all(map(view.tenths, group)))]
    return {name: 1 for group in few for name in group}


def _sources(view: AttentionView, words: AttentionWords) -> Iterator[Act]:
    """Where queries, keys and values come from: places that are added, projections, pairs that are turned."""
    trace = view.trace
    if "positioned" in trace:
        yield All(("positioned",), words.position(), 2.0)
    if view.config.projections:
        made = {part: (f"projected_{part}_products", f"projected_{part}", part) for part in ("query", "key", "value")}
        yield All((*made["key"], *made["value"], *made["query"]), words.project(), 2.6)
    if "turned_query" in trace:
        yield All(("turned_key", "turned_query"), words.turn(), 2.4, says=words.turned())
    shared = tuple(name for name in ("shared_key", "shared_value") if name in trace)
    parts = [f"{kind.format(part)}{more}" for part in ("key", "query") for kind in ("transformed_{}", "{}_part")
             for more in ("_products", "")]  # fmt: skip
    if any(name in trace for name in parts):
        yield All((*shared, *parts), words.weighed(), 2.0)
    elif shared:
        yield All(shared, words.shared(), 1.6, says=words.sharing())


def _acts(
    view: AttentionView, words: AttentionWords
) -> Iterator[tuple[str | tuple[str, ...], Note | tuple[Note, ...]]]:
    """What happens to a row, in order."""
    compare = (
        ("alignment_pre", "alignment", "score_products", "scores") if view.additive else ("score_products", "scores")
    )
    yield compare, words.compared()
    for name in view.chain[1:]:
        yield (("norm_products", name) if name == "scaled" else (name,)), words.changed(name)
    if view.config.lookup == "hard":
        yield ("row_max", "weights"), words.picked()
    else:
        yield ("row_max", "exponentials"), words.powers()
        yield ("exponential_sum", "weights"), words.summed()
    if view.projected:
        yield ("value_products", "head_output", "joined"), words.mixed()
        yield ("output_products", "output"), words.joined()
    else:
        yield ("value_products", "output"), words.mixed()


def _evidence(view: AttentionView) -> Iterator[Region]:
    """The largest weight of each row, where the film is about who finds whom; else what came out."""
    shown = view.film.selected(view.rows)
    if view.telling.takeaway and view.reach.all() and view.heads == 1:
        for query in shown:
            row, best = view.drawn_queries[query], view.best[query]
            yield Region.of("weights", batch=view.sample, heads=0, queries=row, keys=best)
    else:
        yield from view.made


AttentionStory = story("Attention", film, GOOD_FOR, takes=9, shows=("heads", "tokens", "keys"))
