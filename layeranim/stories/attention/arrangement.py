"""How attention stands on its stage: products with their factors left and above, arcs over the words, heads in rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from layeranim import numbers
from layeranim.stories.attention.formula import compared
from layeranim.stories.attention.view import AttentionView
from layeranim.stories.stage import Becoming, Column, Cross, Grid, Lattice, Repeat, Row, Tries, picked
from layeranim.stories.stage.arrangements import NEXT
from layeranim.stories.stage.solver import NUMERAL_LOW, Node

FLAT_ARCS = 90.0
"""The least height of the arcs of several heads."""
APART = 40.0
"""Between the sentences of two heads."""
FIRM = 12
"""Up to so many words have arcs in a stage of colours."""
BARE = 0.4
"""How wide vectors in colours are beside weights in numbers, of what they take elsewhere."""
SLIM = 0.3
"""The same beside weights of which not all are drawn."""
NAMED = {"query": "Q", "key": "K", "turned_query": "RQ", "turned_key": "RK", "transformed_key": "W K",
         "query_part": "WQ", "key_part": "UK", "shared_key": "K"}  # fmt: skip


def stage(view: AttentionView) -> Node:
    """The first arrangement that has room."""
    return Tries(*(_heads(view) if view.heads > 1 else _alone(view)), least=NUMERAL_LOW)


# ── one head ─────────────────────────────────────────────────────────────────
def _alone(view: AttentionView) -> Iterator[Node]:
    """Everything that is multiplied; then without what words become queries by; then with fewer matrices; colours."""
    if view.look.arched:
        if view.config.projections and "context" not in view.trace:
            yield _projected(view)
        yield _products(view, arcs=True)
        yield _tall(view)
        yield _crossed(view, whole=True)
        yield _crossed(view, whole=False)
    yield _products(view, arcs=False)
    if view.look.arched:
        yield _merged(view, arcs=True)
        yield Column(view.look.arcs(), _merged(view, arcs=False))
    yield _merged(view, arcs=False)
    if view.look.arched:
        yield Column(view.look.arcs(), _few(view))
    yield _few(view)
    last = Row(Cross(_queries(view), _keys(view), _scores(view)), *_after(view))
    yield last
    both, *rest = _with_rest(view, _both(view, named=True))[0]
    yield Row(Cross(_queries(view), _keys(view), both), *rest, "·", _values(view), "=", *_ends(view))
    yield Column(view.look.arcs(firm=True), last) if view.look.arched and short_enough(view) else last


def _projected(view: AttentionView) -> Node:
    """Words times W_Q, W_K and W_V over what these make; arcs over the weights."""
    key, query, value = (Grid(f"weight_{part}", f"W_{{{part[0].upper()}}}^{{T}}", "embed", f"{part}_rows",
                              tight=True, bare=part == "key") for part in ("key", "query", "value"))  # fmt: skip
    weights, pad = _with_rest(view, _weights(view))
    top = (key, query, _keys(view, beside=False), view.look.arcs(), *pad, None, value)
    return Lattice(top, (_words_in(view), _queries(view, ()), _scores(view), *weights, "·", _values(view, ()),
                         "=", *_ends(view)))  # fmt: skip


def _products(view: AttentionView, arcs: bool) -> Node:
    """Two products beside each other: queries times keys, weights times values; arcs over the weights."""
    looks = view.look.arcs() if arcs else None
    weights, pad = _with_rest(view, _weights(view))
    return Lattice((None, _keys(view, beside=False), looks, *pad, _values(view)),
                   (_queries(view), _scores(view), *weights, *_ends(view)))  # fmt: skip


def _tall(view: AttentionView) -> Node:
    """The two products under one another: where there is height."""
    weights, pad = _with_rest(view, _weights(view))
    return Column(Lattice((None, _keys(view, beside=False)), (_queries(view), _scores(view))),
                  Lattice((view.look.arcs(), *pad, _values(view)), (*weights, *_ends(view))))  # fmt: skip


def _crossed(view: AttentionView, whole: bool) -> Node:
    """Keys over the scores, arcs over what comes after; ``whole``: scores and weights each have a matrix."""
    after: tuple[Node | str, ...] = ("·", _values(view, ()), "=", *_ends(view))
    if whole:
        weights, _ = _with_rest(view, _weights(view))
        return Lattice((None, _keys(view), view.look.arcs()), (_queries(view), _scores(view), *weights, *after))
    (both, *rest), _ = _with_rest(view, _both(view))
    after = (*rest, *after)
    return Lattice((None, _keys(view), (view.look.arcs(), len(after))), (_queries(view), both, *after))


def _merged(view: AttentionView, arcs: bool) -> Node:
    """The same with scores that become weights in their own cells."""
    ends = _ends(view)
    looks = (view.look.arcs(), max(1, len(ends) - 1)) if arcs else None
    both, pad = _with_rest(view, _both(view))
    return Lattice((None, _keys(view, beside=False), *pad, _values(view), looks), (_queries(view), *both, *ends))


def _few(view: AttentionView) -> Node:
    """The weights in numbers; the vectors, which are long, in colours."""
    both, pad = _with_rest(view, _both(view, named=True, beside=True))
    share = SLIM if pad else BARE

    def bare(part: Grid) -> Grid:
        return replace(part, bare=True, share=share)

    ends = (bare(end) if isinstance(end, Grid) else end for end in _ends(view))
    return Row(bare(_queries(view, ())), "·", bare(_keys(view, False, along="keys")), "→", *both, "·",
               bare(_values(view, ())), "=", *ends)  # fmt: skip


def _after(view: AttentionView) -> tuple[Node | str, ...]:
    """What comes after the scores; with a matrix behind the heads, that too."""
    return "→", *_with_rest(view, _weights(view))[0], "·", _values(view), "=", *_ends(view)


def _with_rest(view: AttentionView, grid: Grid) -> tuple[tuple[Node, ...], tuple[None, ...]]:
    """A grid of weights with what the keys that are not drawn take, and what stands over that in a lattice: nothing."""
    found = view.look.beside(grid)
    return found, (None,) * (len(found) - 1)


def _ends(view: AttentionView) -> tuple[Node | str, ...]:
    return (_mixture(view), "→", _output(view)) if view.projected else (_output(view),)


# ── several heads ────────────────────────────────────────────────────────────
def _heads(view: AttentionView) -> Iterator[Node]:
    """Heads under one another, each with what it reads; at their side what they come to together."""
    if view.look.arched:
        yield Row(heads(view, lambda h: _head(view, h, True)), "→", _joined(view))
        yield Column(heads(view, lambda h: _head(view, h, True)), _joined(view))
        pictures = heads(view, lambda h: view.look.arcs(h, FLAT_ARCS), 2)
        yield Row(pictures, "→", _joined(view))
        yield Column(pictures, _joined(view))
    yield Row(heads(view, lambda h: _head(view, h, False)), "→", _joined(view))
    both = heads(view, lambda h: _one(view, h), 2)
    maps = Row(both, "→", _joined(view))
    yield maps
    if not view.projected and view.heads == 2:
        yield Row(both, "→", _joined(view, 2))
    yield Row(heads(view, lambda h: _head(view, h, False)), "→", _joined(view)) if view.heads == 2 else maps


def _head(view: AttentionView, h: int, arcs: bool) -> Node:
    """One head: whom its words look at; or its queries and keys, the weights, its values."""
    both, _ = _with_rest(view, _both(view, h, f"head {h + 1}"))
    if arcs:
        return Row(*both, view.look.arcs(h, FLAT_ARCS))
    return Row(_queries(view, (), h), "·", _keys(view, False, h, "keys"), "→", *both, "·",
               _values(view, (), h))  # fmt: skip


def _one(view: AttentionView, h: int) -> Node:
    """The weights of a head alone."""
    found = view.look.beside(_both(view, h, f"head {h + 1}", lens=h == view.head))
    return Row(*found) if len(found) > 1 else found[0]


def _joined(view: AttentionView, across: int = 1) -> Node:
    """The mixtures of all heads side by side and the matrix after them; without it those of two, ``across`` a line."""
    if not view.projected:

        def mixture(h: int) -> Grid:
            return Grid("output", f"output {h + 1}", "queries", "value_features", at=(("heads", h),), tight=True,
                        lens=h == view.head)  # fmt: skip

        return heads(view, mixture, across if view.heads == 2 else 2)
    return mixed(Grid("joined", "heads joined", "queries", "joined", called=(view.asking.marks, ()), tight=True))


def mixed(joined: Grid, line: bool = False) -> Node:
    """What all heads took, times the matrix after them: in one line, or with its factors left and above."""
    weight = Grid("weight_output", "W_{O}^{T}", "joined", "outputs", tight=True, bare=True)
    out = Grid("output", "output", "queries", "outputs", tight=True)
    return Row(joined, "·", weight, "=", out) if line else Lattice((joined, weight), (out,))


# ── parts ────────────────────────────────────────────────────────────────────
def heads(view: AttentionView, make: Callable[[int], Node], across: int = 1, apart: float = NEXT) -> Repeat:
    """A part for each head that is drawn."""
    return picked(make, view.drawn_heads, view.heads, across, apart)


def short_enough(view: AttentionView, times: int = 1) -> bool:
    """Whether all words of a sentence have room beside each other on this canvas, ``times`` in a row."""
    canvas = view.film.canvas
    return max(view.rows, view.cols) <= FIRM and times * (view.look.room + APART) <= canvas.right - canvas.left + APART


def _at(view: AttentionView, tensor: str, h: int | None) -> tuple[tuple[str, int], ...]:
    """The head of a tensor that a part keeps to, where it keeps to one."""
    if h is None:
        return ()
    axes = view.trace.axes(tensor)
    return ("heads", h), *((("key_heads", view.group(h)),) if "key_heads" in axes else ())


def _words_in(view: AttentionView) -> Grid:
    """What queries, keys and values are made from, in colours: the sentences that multiply it have its numbers."""
    last = "positioned" if "positioned" in view.trace else "embeddings"
    before = (("embeddings", "X"),) if last == "positioned" else ()
    return Becoming(last, "X + place" if before else "X", "queries", "embed", called=(view.asking.marks, ()),
                    sized=False, bare=True, before=before)  # fmt: skip


def _queries(view: AttentionView, called: tuple[str, ...] | None = None, h: int | None = None) -> Grid:
    *before, last = view.queries_of
    axes = view.trace.axes(last)
    return Becoming(last, NAMED[last], "queries", axes[-1], at=_at(view, last, h), tight=True,
                    called=(view.asking.marks if called is None else called, ()),
                    before=tuple((name, NAMED[name]) for name in before))  # fmt: skip


def _keys(view: AttentionView, beside: bool = True, h: int | None = None, along: str = "") -> Grid:
    """Keys as columns, or ``along`` as rows."""
    *before, last = view.keys_of
    axis, turned = view.trace.axes(last)[-1], "" if along else "^{T}"
    rows, cols = ("keys", axis) if along else (axis, "keys")
    return Becoming(last, _turned(NAMED[last], turned), rows, cols, at=_at(view, last, h), tight=True,
                    beside=beside, before=tuple((name, _turned(NAMED[name], turned)) for name in before))  # fmt: skip


def _turned(name: str, turned: str) -> str:
    return f"({name}){turned}" if turned and len(name) > 1 else f"{name}{turned}"


def _chain(view: AttentionView) -> tuple[tuple[str, str], ...]:
    """The scores and what becomes of them, each with its formula."""
    return tuple((name, compared(view, name)) for name in view.chain)


def _scores(view: AttentionView) -> Grid:
    *before, (last, text) = _chain(view)
    return Becoming(last, text, "queries", "keys", before=tuple(before), tight=True)


def _named_weights(view: AttentionView) -> str:
    """What stands over the weights: with the range of their colours, where that does not end at 1."""
    if view.darkest is None:
        return "weights"
    return f"weights 0–{numbers.text(view.darkest, numbers.style(1.0, kind='probability'))}"


def _powers(view: AttentionView) -> tuple[tuple[str, str], ...]:
    """What scores become before they are weights."""
    return (("exponentials", "e^{s − max}"),) if view.config.lookup == "soft" else ()


def _weights(view: AttentionView) -> Grid:
    return Becoming("weights", _named_weights(view), "queries", "keys", before=_powers(view), tight=True)


def _both(view: AttentionView, h: int | None = None, text: str = "", named: bool = False,
          lens: bool = True, beside: bool = False) -> Grid:  # fmt: skip
    """Scores that become weights in the same cells."""
    before = tuple((name, text or said) for name, said in (*_chain(view), *_powers(view)))
    return Becoming("weights", text or _named_weights(view), "queries", "keys", at=_at(view, "weights", h),
                    before=before, called=(view.asking.marks if beside else (), view.asked.marks if named else ()),
                    lens=lens, tight=True)  # fmt: skip


def _values(view: AttentionView, called: tuple[str, ...] | None = None, h: int | None = None) -> Grid:
    at = _at(view, "value", h)
    names = (view.asked.marks if called is None else called, ())
    return Grid("value", "V", "keys", "value_features", at=at, called=names, tight=True)


def _mixture(view: AttentionView) -> Grid:
    return Grid("head_output", "mixture", "queries", "value_features", tight=True)


def _output(view: AttentionView) -> Grid:
    cols = "outputs" if view.config.output_projection else "value_features"
    return Grid("output", "output", "queries", cols, tight=True)
