"""Over all that a film shows of a tensor: the range of its colours, how its numbers are written, how wide they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from math import floor, log10
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from layeranim import layout, numbers
from layeranim.engine.trace import Array, Region
from layeranim.numbers import Style
from layeranim.stories.pictures import brightness
from layeranim.stories.stage.remembered import Remembered

if TYPE_CHECKING:
    from layeranim.stories.stage.language import Play
    from layeranim.stories.storyboard import Telling

EXTREMES = 300
"""Distinct values at either end of a tensor whose texts are measured: the widest is among them."""
WHOLE = 200_000
"""Of a tensor that is made where it is read no more numbers than these are looked at."""
FEW, PIECES = 100_000, 32
"""Of more numbers that are made where they are read, only so many parts are made at once."""
ENDS = 512
BLOCK = 2**16
POWERS = 300
"""Powers of ten beyond these stand with each number: no double holds them and their inverse."""
PLANES = ("plane-r", "plane-g", "plane-b")


class Ranges:
    """Colours and texts of the tensors of one film; ``decimals`` and ``powers`` are what the solver tries."""

    def __init__(self, film: Play, telling: Telling) -> None:
        self.film, self.trace, self.precision, self._telling = film, telling.trace, telling.film.precision, telling
        self.decimals: int | None = None
        self.powers = 0
        self.full: frozenset[str] = frozenset()
        """Tensors whose numbers keep their power of ten: no heading is theirs alone."""
        self._styles: dict[tuple[str, int | None], Style] = {}
        self._wides: dict[tuple[str, bool, int | None, int], float] = {}

    # ── what is looked at ────────────────────────────────────────────────────
    @Remembered
    def sample(self, tensor: str) -> Array:
        """The numbers of a tensor; of one that is made where it is read, and is large, numbers at least as large."""
        held = self.trace.tensor(tensor)
        size = int(np.prod(held.shape))
        if isinstance(held.source, np.ndarray) or size <= FEW:
            return np.ravel(self.trace[tensor])
        if tensor in self.film.stand_ins:
            samples = [self.sample(name) for name in self.film.stand_ins[tensor]]
            return np.concatenate(samples) if len(samples) > 1 else samples[0]
        made = next(
            (step for step in map(self.trace.steps.__getitem__, range(8)) if step.writes.tensor == tensor), None
        )
        if made is not None and made.operation == "multiply" and size > WHOLE:
            return np.outer(*(self._ends(region.tensor) for region in made.reads)).ravel()
        stride = -(-size // WHOLE)
        axis = int(np.argmax(held.shape))
        some = held.axes[axis], range(0, held.shape[axis], min(stride, held.shape[axis]))
        along = max((i for i in range(len(held.shape)) if i != axis), key=held.shape.__getitem__, default=None)
        if along is None:
            return np.ravel(self.trace.read(Region(tensor, (some,))))
        length, thin = held.shape[along], -(-stride // held.shape[axis])
        piece = thin * -(-length // (thin * PIECES))  # piece by piece: what it is made of is larger than itself
        parts = ((held.axes[along], range(k, min(k + piece, length), thin)) for k in range(0, length, piece))
        return np.concatenate([np.ravel(self.trace.read(Region(tensor, (some, part)))) for part in parts])

    def _ends(self, tensor: str) -> Array:
        """The largest, the smallest and some of the numbers between."""
        values = self.trace[tensor]
        known = np.isfinite(values)
        finite = values.ravel() if known.all() else values[known]
        step = max(1, finite.size // ENDS)
        return np.concatenate([finite[::step], [finite.max(initial=0), finite.min(initial=0)]])

    def _held_by(self, tensor: str) -> str:
        """The first tensor that is the same memory as a large one: what is known of it is looked at once."""
        source = self.trace.tensor(tensor).source
        if not isinstance(source, np.ndarray) or source.size < BLOCK:
            return tensor
        held = ((name, one.source) for name, one in self.trace.tensors.items() if isinstance(one.source, np.ndarray))
        return next(name for name, one in held if one.__array_interface__ == source.__array_interface__)

    @Remembered
    def _magnitudes(self, tensor: str) -> numbers.Magnitudes:
        """The extent of the numbers of a tensor."""
        first = self._held_by(tensor)
        return numbers.magnitudes(self.sample(tensor)) if first == tensor else self._magnitudes(first)

    @Remembered
    def _widest(self, tensor: str) -> Array:
        """Those of its numbers among which the widest is."""
        first = self._held_by(tensor)
        return extremes(self.sample(tensor)) if first == tensor else self._widest(first)

    def _alike(self, tensor: str) -> tuple[str, ...]:
        group = next((group for group in self.film.alike if tensor in group), (tensor,))
        return tuple(name for name in group if name in self.trace)

    # ── colours ──────────────────────────────────────────────────────────────
    @Remembered
    def span(self, tensor: str) -> float:
        """The largest |v| of a tensor and of those that it is compared with."""
        given = self.film.spans.get(tensor)
        return self._common_span(self._alike(tensor)) if given is None else given

    @Remembered
    def _common_span(self, tensors: tuple[str, ...]) -> float:
        return numbers.value_range(*map(self._magnitudes, tensors))

    @Remembered
    def most(self, *regions: Region) -> float:
        """The largest |v| of some regions together."""
        return numbers.value_range(*map(self.trace.read, regions))

    @cached_property
    def _bright(self) -> tuple[float, float]:
        """Black and white of pictures."""
        return brightness(self._telling)

    def levels(self, tensor: str, values: Array) -> NDArray[np.int8]:
        """Colour steps, in the range that compared tensors share; neutral for letters and names, which have no size."""
        kind = self.film.kinds.get(tensor)
        if kind == "share":
            return numbers.heat_levels(values, self.film.spans.get(tensor, 1.0))
        if kind in ("grey", "ink", "planes"):
            return numbers.grey_levels(values, *self._bright)
        if kind == "versus":
            return numbers.levels(2 * np.asarray(values, np.float64) - 1, 1.0)
        if kind == "name" or self.trace.tensor(tensor).labels is not None:
            return np.zeros(values.shape, np.int8)
        return numbers.levels(values, self.span(tensor))

    def scale(self, tensor: str, at: Mapping[str, int]) -> str:
        """On which scale its colours are; of the planes of a picture each has its own."""
        kind = self.film.kinds.get(tensor, "value")
        if kind == "planes":
            return PLANES[at.get("in_channels", at.get("channels", 0)) % len(PLANES)]
        return {"share": "heat", "versus": "value", "relief": "value", "name": "value"}.get(kind, kind)

    # ── texts ────────────────────────────────────────────────────────────────
    def style(self, tensor: str) -> Style:
        """How a tensor's numbers are written, compared ones alike; ``decimals`` bounds their digits after the point."""
        known = self._styles.get((tensor, self.decimals))
        if known is None:
            share = self.film.kinds.get(tensor) == "share"
            known, least = self._common_style(self._alike(tensor), share)
            if self.decimals is not None:
                known = replace(known, decimals=min(known.decimals, max(self.decimals, least)))
            most = self.film.decimals.get(tensor)
            if most is not None and self.precision is None:
                known = replace(known, decimals=min(known.decimals, most))
            self._styles[tensor, self.decimals] = known
        return known

    @Remembered
    def _common_style(self, tensors: tuple[str, ...], share: bool) -> tuple[Style, int]:
        """How numbers that are compared are written where they have room, and the fewest decimals that they need."""
        sizes = list(map(self._magnitudes, tensors))
        style = numbers.style(*sizes, kind="probability" if share else "value", precision=self.precision)
        return style, numbers.least_decimals(*sizes) if share else 0

    @Remembered
    def _common(self, tensor: str) -> tuple[int, float]:
        """The power of ten of the largest number of those that are compared, and by how much the smallest is less."""
        live = np.concatenate([self._extremes(self.sample(name)) for name in self._alike(tensor)])
        if not len(live):
            return 0, 1.0
        power = floor(log10(float(live.max())))
        return (power, float(live.min()) / 10.0**power) if abs(power) < POWERS else (0, 0.0)

    @staticmethod
    def _extremes(values: Array) -> NDArray[np.float64]:
        """The smallest and the largest |v| that is a number and not 0, rounded: rounding keeps their order."""
        with np.errstate(all="ignore"):
            sizes = np.abs(np.asarray(values, np.float64))
        live = sizes[np.isfinite(sizes) & (sizes > 0)]
        return numbers.rounded([live.min(), live.max()] if len(live) else [], values.dtype)

    def power(self, tensor: str) -> int:
        """The power of ten that is taken out of a tensor's cells into its heading, or 0.

        That is where they would be written with a power of ten each, or have no room, and none reads as zero then; a
        multiple of ``powers``.
        """
        style = self.style(tensor)
        if tensor in self.full or self.trace.tensor(tensor).labels is not None or not (style.scientific or self.powers):
            return 0
        power, least = self._common(tensor)
        left = 0 if style.scientific else power % self.powers
        power, least = power - left, least * 10.0**left
        fits = least >= 0.5 * 10.0 ** -self._mantissa(style)
        return power if fits and (style.scientific or power >= 3) else 0

    def _mantissa(self, style: Style) -> int:
        return max(1, style.decimals) if self.precision is None else style.decimals

    def texts(self, tensor: str, values: Array) -> NDArray[Any]:
        """Numbers as they stand in cells: without the power of ten that their heading tells."""
        style, power = self.style(tensor), self.power(tensor)
        if not power:
            return numbers.texts(values, style)
        plain = Style(self._mantissa(style), False, style.digits, style.dust / 10.0**power)
        return numbers.texts(values / 10.0**power, plain)

    def wide(self, tensor: str, cells: bool = True) -> float:
        """The widest text of a tensor at size 1, as it stands in cells or, with its power of ten, in a sentence."""
        key = tensor, cells, self.decimals, self.powers
        if key not in self._wides:
            self._wides[key] = self._wide(tensor, self.style(tensor), self.power(tensor) if cells else 0)
        return self._wides[key]

    @Remembered
    def _wide(self, tensor: str, style: Style, power: int) -> float:
        labels = self.trace.tensor(tensor).labels
        if labels is not None:
            return layout.widest([str(label).replace(" + ", "+") for label in np.ravel(np.asarray(labels))])
        ends = self._widest(tensor)
        written = self.texts(tensor, ends) if power else numbers.texts(ends, style)
        return layout.widest(written.tolist())


def extremes(values: Array) -> Array:
    """Distinct values at either end, in order; all of few. Of many a block at a time, and only what may be one."""
    found = numbers.distinct(values[:BLOCK])
    for first in range(BLOCK, len(values), BLOCK):
        block = values[first : first + BLOCK]
        if len(found) > 2 * EXTREMES:
            found = np.concatenate([found[:EXTREMES], found[-EXTREMES:]])
            block = block[~((block >= found[EXTREMES - 1]) & (block <= found[-EXTREMES]))]
        found = numbers.distinct(np.concatenate([found, block]))
    return np.concatenate([found[:EXTREMES], found[-EXTREMES:]]) if len(found) > EXTREMES else found
