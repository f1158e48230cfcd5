"""Multi-head attention: every head asks a question of its own, all at once; what they find is joined and mixed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from math import prod

import numpy as np

from layeranim.stories import phrases
from layeranim.stories.attention.arrangement import APART, heads, mixed, short_enough
from layeranim.stories.attention.film import DRAWN
from layeranim.stories.attention.looking import FOUND
from layeranim.stories.attention.view import MOST_DRAWN, AttentionView
from layeranim.stories.attention.words import AttentionWords
from layeranim.stories.stage import All, Column, Each, Grid, Note, Play, Row, Tries, Units, story
from layeranim.stories.stage.arrangements import NEXT, Repeat
from layeranim.stories.stage.solver import COLUMN_GAP, NUMERAL_LOW, Node
from layeranim.stories.storyboard import Fact, Line, Run, Telling

GOOD_FOR = "language models: each head follows a relation of its own between the words"
ALONE = "one head follows one relation between the words: models have dozens of them"
PAUSE, LONGEST = 1.8, 30.0
"""Seconds of each act of a word that is taught after its first, and of the film."""
ARCS = 76.0
"""The least height of the arcs of a head."""
AGAIN = ("weights", "output")
"""With what the beats of a word end of which not every act is shown by itself."""
MADE = ("positioned", *(f"{name}{part}{more}" for part in ("key", "value", "query")
        for name, more in (("projected_", "_products"), ("projected_", ""), ("", ""), ("turned_", ""), ("shared_", ""),
                           ("transformed_", "_products"), ("transformed_", ""), ("", "_part_products"),
                           ("", "_part"))))  # fmt: skip
"""What queries, keys and values go through before they are compared, as far as there are such tensors."""


def film(telling: Telling) -> Play:
    """The film of several heads: word by word, all heads at once."""
    view = AttentionView(telling)
    words = AttentionWords(view)
    return Play(
        units=Units(
            ("queries",), view.noun, names=view.asking.names, most=dict.fromkeys(DRAWN, MOST_DRAWN),
            only=view.picks.only, inner=lambda u: {"keys": view.best[u], **view.told},
        ),
        stage=Tries(*_stage(view), least=NUMERAL_LOW),
        acts=(*_sources(view), Each(tuple(_acts(view)), says=words.link, again=AGAIN, pause=PAUSE)),
        opening=_opening(view),
        closing=_closing(view),
        good_for=GOOD_FOR if view.heads > 1 else ALONE,
        options=words.options(),
        drawn=words.hidden(),
        alike=((view.mixture, "joined"),) if view.projected else (),
        kinds={"weights": "share"},
        spans={} if view.darkest is None else {"weights": view.darkest},
        warning=view.strange,
        ghosts={"weights": "masked"},
        follow=view.follow,
        longest=LONGEST,
        words={
            "weights": lambda q: view.look.links(q, view.drawn_heads, view.heads - len(view.drawn_heads)),
            "joined": lambda q: _side_by_side(view),
        },
        tokens=(*(view.config.tokens or ()), *(view.config.key_tokens or ())),
        evidence=view.made,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: AttentionView) -> Iterator[Node]:
    """Heads with the arcs of their words, with all weights if there is room; without words the weights alone."""
    count = len(view.drawn_heads)
    across = 1 if count < 3 else 2
    ends = _ends(view)
    if view.look.arched:
        for end in ends:
            yield Row(heads(view, lambda h: _head(view, h, True), across, APART), *end)
            yield Row(heads(view, lambda h: _head(view, h, False), across, APART), *end)
        for end in ends:
            yield Row(_looks(view, across), *end)
        for end, wide in itertools.product(ends[:2], dict.fromkeys((2, count))):
            yield Column(_looks(view, wide), *end[1:])
    close = NEXT if view.film.canvas.narrow else COLUMN_GAP
    for n, apart in dict.fromkeys(((across, APART), (2, APART), (2, close))):
        yield Row(heads(view, lambda h: Row(*_weights(view, h), "→", _mixture(view, h)), n, apart), *ends[-1])
    if view.look.arched and count == view.heads and short_enough(view, count):
        yield Column(_looks(view, count, firm=True), *ends[0][1:])


def _looks(view: AttentionView, across: int, firm: bool = False) -> Repeat:
    """The arcs of all heads."""
    return heads(view, lambda h: view.look.arcs(h, ARCS, f"head {h + 1}", firm), across, APART)


def _ends(view: AttentionView) -> list[tuple[Node | str, ...]]:
    """What comes after the heads: the product in one line, then with its factors left and above it."""
    ways = ((True, True), (False, True), (False, False))
    return [("→", _joined(view, *way)) for way in ways] if view.projected else [()]


def _head(view: AttentionView, h: int, weights: bool) -> Node:
    """One head: whom each word looks at, with all weights or not; what it takes from there."""
    arcs = view.look.arcs(h, ARCS, "" if weights else f"head {h + 1}")
    return Row(*(_weights(view, h) if weights else ()), arcs, _mixture(view, h))


def _weights(view: AttentionView, h: int) -> tuple[Node, ...]:
    grid = Grid("weights", f"head {h + 1}", "queries", "keys", at=(("heads", h),), called=(view.asking.marks, ()),
                tight=True, lens=h == view.head)  # fmt: skip
    return view.look.beside(grid)


def _mixture(view: AttentionView, h: int) -> Grid:
    """What a head takes, one row a word."""
    return Grid(view.mixture, "mixture", "queries", "value_features", at=(("heads", h),), tight=True,
                lens=h == view.head)  # fmt: skip


def _joined(view: AttentionView, line: bool, named: bool) -> Node:
    """The segments of all heads side by side, each under its head's number; the matrix; what comes out."""
    segments = tuple(f"h{h + 1}" for h in range(view.heads) for _ in range(view.value_features))
    called = (view.asking.marks, segments if named and view.heads <= 9 and len(segments) <= 12 else ())
    joined = Grid("joined", "joined", "queries", "joined", called=called, tight=True, carried=view.mixture)
    return mixed(joined, line)


# ── acts ─────────────────────────────────────────────────────────────────────
def _sources(view: AttentionView) -> Iterator[All]:
    """Where the heads' queries, keys and values come from, in one beat: ``2 queries, 2 keys and 2 values``."""
    kept = int(view.config.key_heads or view.heads)
    queries, keys, values = (phrases.so_many(*noun, n) for noun, n in (
        (("query", "queries"), view.heads), (("key", "keys"), kept), (("value", "values"), kept)))  # fmt: skip
    if view.config.projections:
        yield All(tuple(name for name in MADE if name in view.trace),
                  Note("each head makes its own, by its own rows of the matrices", view.heads > 1),
                  says=(Run(f"every {'word' if view.asking.words else 'token'} has ", source=Fact("heads")),
                        Run(f"{queries}, {keys} and {values}", "ink", "semibold", Fact("heads"))))  # fmt: skip


def _acts(view: AttentionView) -> Iterator[tuple[tuple[str, ...], Note | tuple[Note, ...]]]:
    """All heads find their words; each takes its mixture; the segments are joined; a matrix mixes them."""
    word, found = ("word", "word") if view.asking.words else ("query", "key")
    yield FOUND, (
        Note(f"the same {word}, several questions at once: every head finds another {found}",
             lambda q: _apart(view, q)),
        Note("the heads drawn are those that choose most clearly here",
             lambda q: view.picks.clearest and q == view.follow),
        Note("the wider an arc, the larger its weight", view.look.arched),
    )  # fmt: skip
    yield (("value_products", view.mixture),
           (view.heaviest, Note("each head takes a mixture of values of its own", view.heads > 1)))  # fmt: skip
    if view.projected:
        yield ("joined",), Note("what the heads took stands side by side", view.heads > 1)
        yield ("output_products", "output"), Note("the matrix mixes what all heads took", view.heads > 1)


def _apart(view: AttentionView, q: int) -> bool:
    """Whether every head looks at one word more than at any other, and at another one than the other heads."""
    tops = [np.sort(np.nan_to_num(view.row("weights", q, h)))[::-1][:2] for h in range(view.heads)]
    clear = all(len(top) == 2 and top[0] > top[1] for top in tops)
    return clear and len({view.strongest(q, h) for h in range(view.heads)}) == view.heads > 1


def _side_by_side(view: AttentionView) -> Line:
    """``2 heads of 2 numbers: one row of 4``."""
    each = phrases.so_many("number", "numbers", view.value_features)
    return (Run(f"{phrases.so_many('head', 'heads', view.heads)} of {each}: ", source=Fact("heads")),
            Run(f"one row of {prod((view.heads, view.value_features))}", "result", "semibold", Fact("joined"),
                True))  # fmt: skip


def _opening(view: AttentionView) -> Line:
    one = "word" if view.asking.words else "query"
    many = "several questions at once" if view.heads > 1 else "one question"
    return Run(f"every {one} asks ", source=Fact("heads")), Run(many, "result", "semibold", Fact("sentence"))


def _closing(view: AttentionView) -> Line:
    counts = f"{phrases.so_many('head', 'heads', view.heads)}, {phrases.so_many(*view.noun, view.queries)}: "
    said = "asked at once, answered side by side" if view.heads > 1 else "one question, one answer each"
    return Run(counts, source=Fact("counts")), Run(said, "result", "semibold", Fact("sentence"))


MultiHeadStory = story("Multi-head attention", film, GOOD_FOR, takes=5, shows=("heads", "tokens", "keys"))
