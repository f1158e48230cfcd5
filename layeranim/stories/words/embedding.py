"""An embedding: each word's id picks a row of a table; the same word, the same row."""

from __future__ import annotations

from collections.abc import Sequence

from layeranim import typeface
from layeranim.engine.trace import Array
from layeranim.stories import phrases, vocabulary
from layeranim.stories.phrases import sentence
from layeranim.stories.stage import Each, Grid, Note, Play, Row, Units, story
from layeranim.stories.stage.figures import Figures
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "the first layer of a language model: training moves words of like use together"

ONE_HOT = "as a row of zeros with a 1 at the id would pick it, times the table"


def film(telling: Telling) -> Play:
    """An embedding's film: time step by time step."""
    trace, config = telling.trace, telling.config
    at = telling.sample
    ids, words = trace["ids"][at].astype(int), tuple(config.tokens or ())
    names = tuple(typeface.draw_safe(word, 24) for word in words)
    places, features = trace.tensor("table").shape
    seen = [int(id_) in ids[:k].tolist() for k, id_ in enumerate(ids)]
    twice = next((k for k, again in enumerate(seen) if again), None)
    again = Note("the same id picks the same row again", lambda k: seen[k])

    drawn = {int(id_): word for word, id_ in zip(words, ids, strict=True)} if words and telling.preset else {}
    strange = vocabulary.strange(drawn.values(), telling.seed)

    def said(figures: Figures, k: int) -> Line:
        """Which row a token picks."""
        number = Run(str(ids[k]), "ink", source=Address("ids", (at, k)))
        who = (Run(names[k], "ink", "semibold", Fact("word")), Run(" is id ")) if names else (Run("id "),)
        return (
            *who,
            number,
            Run(": ", late=True),
            Run(f"row {ids[k]} of the table", "result", "semibold", Fact("row"), True),
        )

    return Play(
        units=Units(("time",), ("token", "tokens"), names=names),
        stage=Row(
            Grid("ids", "ids", "time", called=(words, ())),
            "→",
            Grid("table", "table", called=(_named(words, ids, places), ())),
            "→",
            Grid("output", "output", called=(words, ()), carried="table"),
        ),
        acts=(Each((("output", (again, Note(ONE_HOT))),), instead=said),),
        opening=sentence("a word is a number without meaning; ", "its row of the table is a place"),
        closing=_closing(len(ids), features, twice is not None),
        options=(
            phrases.so_many("token", "tokens", len(ids)),
            f"{places}×{features} table",
            *((f"padding id {config.padding_idx}",) if config.padding_idx is not None else ()),
        ),
        alike=(("table", "output"),),
        kinds={"ids": "name"},
        follow=twice,
        tokens=words,
        warning=strange,
    )


def _named(words: Sequence[str], ids: Array, places: int) -> tuple[str, ...]:
    """What the rows of the table are called: by their words, where the sentence has these, and by their ids."""
    by_id = {int(id_): word for word, id_ in reversed(list(zip(words, ids, strict=False)))}
    return tuple(f"{i} {by_id[i]}" if i in by_id else str(i) for i in range(places)) if places <= 40 else ()


def _closing(count: int, features: int, twice: bool) -> Line:
    made = f"{phrases.so_many('id', 'ids', count)} → {phrases.so_many('row', 'rows', count)} of {features}: "
    return sentence(made, "the same word, the same row" if twice else "a place for every word")


EmbeddingStory = story("Embedding", film, GOOD_FOR)
