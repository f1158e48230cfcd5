"""Layers in a row, and which of them the film opens."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from layeranim.engine.links import Link, LinkRow, links_of, text
from layeranim.engine.option import option, suggest
from layeranim.engine.sequential import SEQUENTIAL, SequentialConfig, complete
from layeranim.engine.trace import Shape
from layeranim.errors import OptionError
from layeranim.records import dataclass
from layeranim.stories.networks.opened import OPEN_MOST, Stages


def _row() -> str:
    """The trained network that reads the bundled digits."""
    learnt = ("kernel", "bias")
    bent, halved = {"activation": "relu"}, {"mode": "max"}
    maps, half, more, last = (1, 8, 8, 8), (1, 8, 4, 4), (1, 16, 4, 4), (1, 16, 2, 2)
    same, flat = (0, 1, 2, 3), (0, 1)
    kernel = {"kernel_size": "3", "padding": "1", "bias": "true"}
    return text([
        Link("conv1", "conv", {"filters": "8", **kernel}, (1, 1, 8, 8), same, (1, 1, 8, 8), learnt),
        Link("relu1", "activation", bent, maps, same, (64, 8)),
        Link("pool1", "pool", halved, maps, same, maps),
        Link("conv2", "conv", {"filters": "16", **kernel}, half, same, half, learnt),
        Link("relu2", "activation", bent, more, same, (64, 4)),
        Link("pool2", "pool", halved, more, same, more),
        Link("flatten", "flatten", {}, last, same, last),
        Link("dense", "dense", {"units": "10"}, (1, 64), flat, (1, 64), ("weight", "bias")),
        Link("softmax", "softmax", {}, (1, 10), flat, (1, 10)),
    ])  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class SequentialFilmConfig(SequentialConfig):
    """Options of layers in a row and of their picture."""

    layers: str = option(LinkRow(), _row(), "the layers in their order, as la.from_torch writes them")
    opened: tuple[str, ...] | None = option(
        Stages(), None, f"which layers are opened, {OPEN_MOST} at most, by their place from 1 or their name"
    )


def opened(config: SequentialFilmConfig) -> tuple[int, ...]:
    """The places, from 0, of the layers that are opened, in their order.

    Raises ``OptionError`` for more than have room, and for a layer that there is not.
    """
    names = [link.name for link in links_of(config.layers)]
    found = sorted({_place(word, names) for word in config.opened or ()})
    if len(found) > OPEN_MOST:
        raise OptionError(f"opened names {len(found)} layers, but {OPEN_MOST} have room at once; open the others in a "
                          "film of their own")  # fmt: skip
    return tuple(found)


def _place(word: str, names: list[str]) -> int:
    """A number is a place; a name is one where it is no number."""
    if word.isascii() and word.isdigit():
        place, count = int(word[:9]), len(names)
        if 0 < place <= count:
            return place - 1
        only = f"there {'are' if count > 1 else 'is'} only {count} layer{'s' * (count > 1)}"
        why, way = only if place else "layers are counted from 1", f"a number from 1 to {count}" if count > 1 else "1"
        raise OptionError(f"opened is {word[:20]}, but {why}; give {way}")
    if word in names:
        return names.index(word)
    raise OptionError(f"opened names no layer {word[:60]!r}{suggest(word, names)}; there are {', '.join(names)[:200]}")


def _complete(
    config: SequentialFilmConfig, shapes: Mapping[str, Shape | None]
) -> tuple[SequentialFilmConfig, dict[str, Shape]]:
    """As the row's: of dense layers ``input`` (batch, features) gives ``output`` (batch, out_features).

    Raises ``OptionError`` for a layer to open that there is not.
    """
    opened(config)
    full, needed = complete(config, shapes)
    return cast(SequentialFilmConfig, full), needed


SEQUENTIAL_FILM = SEQUENTIAL.under("sequential", SequentialFilmConfig, complete=_complete)
"""The engine's layer; ``opened`` changes no number."""
