"""The fixed colours of a GIF: every token of the theme exactly, and blends for the antialiased edges between them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from layeranim.errors import OptionError
from layeranim.numbers import distinct
from layeranim.theme import Theme, rgb

MOST = 255  # a GIF's 256 entries, less the transparent one


def palette(theme: Theme, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """At most 255 ``#RRGGBB``: the theme's tokens, then ``extra``, both exact, then blends of tokens until full.

    Raises OptionError if tokens and extra colours alone are more than 255.
    """
    exact = tuple(dict.fromkeys((*theme.tokens(), *(colour.upper() for colour in extra))))
    if len(exact) > MOST:
        raise OptionError(f"theme {theme.name!r} and this film's images need {len(exact)} colours, a GIF holds {MOST}")
    entries = dict.fromkeys(exact)
    for low, high, share in _blends(theme):
        if len(entries) == MOST:
            break
        entries.setdefault(_mix(low, high, share))
    return tuple(entries)


def _blends(theme: Theme) -> Iterator[tuple[str, str, float]]:
    """Pairs of tokens that meet at an edge, those that cover most pixels first: text, numerals, cell edges, fades."""
    texts = (theme.ink, theme.muted, theme.weights, theme.focus, theme.result)
    values = (*theme.negative, *theme.positive)
    fills = (theme.surface, theme.raised, *values, *theme.heat)
    ends = (theme.heat[-1], theme.positive[-1], theme.negative[-1])
    accents = (*theme.gates.values(), *ends, theme.faint, theme.grid, theme.ghost)
    half, quarters, eighths, sixteenths = (tuple(k / n for k in range(1, n, 2)) for n in (2, 4, 8, 16))

    def on_background(colours: Iterable[str], shares: Iterable[float]) -> Iterator[tuple[str, str, float]]:
        return ((theme.bg, colour, share) for share in shares for colour in colours)

    def numerals(on: Iterable[str], shares: Iterable[float]) -> Iterator[tuple[str, str, float]]:
        return ((fill, theme.on(fill), share) for share in shares for fill in on)

    def edges(of: Iterable[str], shares: Iterable[float]) -> Iterator[tuple[str, str, float]]:
        return ((fill, theme.grid, share) for share in shares for fill in of)

    yield from on_background(texts, half + quarters)
    yield from numerals(fills, half + quarters)
    yield from edges(fills, half)
    yield from on_background(fills, half)
    yield from on_background(accents, half + quarters)
    yield from on_background(texts, eighths + sixteenths)
    yield from edges(values, quarters)
    yield from numerals(values, eighths)
    yield from on_background(values, quarters)
    yield from numerals(fills, eighths)
    yield from on_background(accents, eighths)


def _mix(low: str, high: str, share: float) -> str:
    """What cairo draws where ``high`` covers ``share`` of a pixel of ``low``: a blend of the sRGB values."""
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(rgb(low), rgb(high), strict=True))


class Lookup:
    """Exact nearest colour: squared distance in sRGB, the earlier entry wins a tie.

    Indices count from 1; 0 stays free for "as it was", a GIF's transparent entry. The table over all 2²⁴ colours is
    filled when a colour is first met, so a pixel costs one read.
    """

    def __init__(self, colours: Iterable[str]) -> None:
        exact = np.array([rgb(colour) for colour in colours])
        self._colours = exact.astype(np.float32)
        self._squares = (self._colours**2).sum(axis=1)
        self._table = np.zeros(1 << 24, np.uint8)
        self._table[exact[::-1] @ (1 << 16, 1 << 8, 1)] = np.arange(len(exact), 0, -1)

    def __call__(self, pixels: NDArray[np.uint32]) -> NDArray[np.uint8]:
        """Indices 1…255 of packed ``0xAARRGGBB`` pixels, in the same shape."""
        codes = pixels & np.uint32(0xFFFFFF)
        indices: NDArray[np.uint8] = self._table.take(codes)  # half the time of an index
        if indices.size and not indices.min():
            new = distinct(codes[indices == 0])
            self._table[new] = self._nearest(new)
            indices = self._table.take(codes)
        return indices

    def _nearest(self, codes: NDArray[np.uint32]) -> NDArray[np.uint8]:
        channels = np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1).astype(np.float32)
        found = np.empty(len(codes), np.uint8)
        for start in range(0, len(codes), 4096):
            part = channels[start : start + 4096]
            # Whole numbers below 2²⁴: float32 holds every sum exactly, whatever order BLAS adds them in.
            found[start : start + 4096] = np.argmin(self._squares - 2 * (part @ self._colours.T), axis=1) + 1
        return found
