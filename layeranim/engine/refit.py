"""The same layers in a row for more steps, or more samples, than they were written down for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from layeranim.engine.links import LAYERS, Link
from layeranim.engine.rearrange import turned
from layeranim.engine.trace import Shape, count
from layeranim.errors import UsageError

STEPWISE = ("activation", "dense", "dropout", "embedding", "gru", "layernorm", "lstm", "rnn", "softmax", "transformer")
"""Layers that take any number of steps."""


def refitted(links: list[Link], given: Shape, shapes: Mapping[str, Shape | None]) -> list[Link] | None:
    """The row as it reads an input of shape ``given``, whose axes but for the first, or first two, are as they were: a
    layer with a state reads any number of steps. ``None`` where a layer takes nothing else than it was made for.

    ``shapes`` are those of the arrays that were given: weights stay as they are.
    """
    for wanted in _meant(given, links[0].shape):
        try:
            return list(_through(links, wanted, shapes))
        except UsageError:
            continue
    return None


def _meant(given: Shape, first: Shape) -> Iterator[Shape]:
    """As which shape an input may be meant: axes of one sample, and of one feature, may be left out."""
    missing = len(first) - len(given)
    if missing < 0:
        return
    yield from ((1,) * (missing - last) + given + (1,) * last for last in (0, 1)
                if last <= missing and (not last or first[-1] == 1))  # fmt: skip


def _through(links: list[Link], given: Shape, shapes: Mapping[str, Shape | None]) -> Iterator[Link]:
    first = links[0]
    alone = first.entry == (1, *turned(first))  # one sample without an axis of samples: its first axis are steps
    free = 1 if alone or not (len(first.shape) > 2 or first.layer == "embedding") else 2
    if given[free:] != first.shape[free:]:
        raise UsageError("another size of each step")
    stepping = alone or given[1:free] != first.shape[1:free]  # and not only more samples
    now = given
    for link, after in zip(links, [*links[1:], None], strict=True):
        if stepping and link.layer not in STEPWISE:
            raise UsageError("other steps")
        options = {k: v for k, v in link.options.items() if k != "tokens" or now == link.shape}  # each step's own word
        new = replace(link, options=options, shape=now, entry=_entered(link, now))
        layer, prefix = LAYERS[link.layer], f"{link.name}."
        own = {n.removeprefix(prefix): s for n, s in shapes.items() if n.startswith(prefix)}
        layer.complete(new.config, {link.reads: new.entry, **own})
        yield new
        if after is not None:
            lead = 1 if alone else 2  # axes that are samples, and steps
            stepping = stepping and len(after.shape) > lead and after.shape[:lead] == first.shape[:lead]
            steps = lead if stepping else 0 if alone else 1
            if after.shape[:steps] != first.shape[:steps]:
                raise UsageError("another order of axes")
            now = (*given[:steps], *after.shape[steps:])


def _entered(link: Link, shape: Shape) -> Shape:
    """What a layer reads of another shape: its axes as they were folded before."""
    before = turned(link)
    after = tuple(shape[axis] for axis in link.axes)
    if link.entry == before:
        return after
    if link.entry == (1, *before):
        return (1, *after)
    for k in range(2, len(before) + 1):
        if link.entry == (count(before[:k]), *before[k:]):
            return (count(after[:k]), *after[k:])
    raise UsageError("other axes")
