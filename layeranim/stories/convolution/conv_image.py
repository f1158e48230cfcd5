"""A kernel over a picture: three places under a loupe, then every pixel, line by line."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np

from layeranim import numbers
from layeranim.engine.trace import Array, Region
from layeranim.errors import OptionError
from layeranim.records import dataclass
from layeranim.stories.convolution import shared
from layeranim.stories.convolution.shared import KERNEL, OUT
from layeranim.stories.phrases import sentence
from layeranim.stories.pictures import ink, relief
from layeranim.stories.stage import Column, Each, Grid, Note, Picture, Play, Row, Tries, Windows, story
from layeranim.stories.storyboard import Line, Telling

GOOD_FOR = "blurring, sharpening, finding edges; a network learns kernels of its own"
FEW = 36
"""Of no more output pixels each is told, one after another."""
LARGE, HIGH, SMALL = 456.0, 400.0, 200.0
"""The width of a picture as large as a loupe beside it allows, or over it, and of one where there is little room."""
TOLD = ("batch", "in_channels", "out_channels", "group_channels")
SOME = 50_000
"""So many pixels under the weights are read at a time."""
EVEN = 0.04
"""Part of the picture's range within which the pixels of an even area lie."""


def film(telling: Telling) -> Play:
    """The film of one kernel over one picture of greys."""
    trace = telling.trace
    channels = trace.size("in_channels")
    if channels > 1:
        raise OptionError(
            f"this film shows a picture of one channel, but the input has {channels}; add gray, or film conv"
        )
    last = "output" if shared.activated(trace) else "pre_activation"
    at = _At(telling)
    rows, cols = trace.size("out_height"), trace.size("out_width")
    kept = ("padded", "patches", last) if at.pictured else ("padded", "patches")
    shown, told = telling.film.selected(rows * cols), telling.sample
    visits = tuple(unit for unit in at.visits() if unit in shown) if rows * cols > FEW else ()
    follow = next(unit for unit in (*visits[1:], *visits, at.strongest, shown[0]) if unit in shown)
    loupe = Grid("patches", "pixels", *KERNEL, lens=False), Grid("kernel", "weights", *KERNEL)
    size, canvas = shared.size_said(trace), telling.film.canvas

    def pictures(least: float) -> tuple[Picture, Picture]:
        return Picture("padded", "picture", sized=size, least=least), Picture(last, "result", least=least)

    ways = [Row(given, Column(*loupe), made) for given, made in map(pictures, (LARGE, SMALL))]
    given, made = pictures(HIGH)
    high = (Column(given, Row(*loupe), made),) if canvas.height > canvas.width else ()
    return Play(
        units=Windows(
            OUT, ("pixel", "pixels"), TOLD, names=shared.places(trace), of="padded", by="kernel",
            steps=lambda here: shared.steps_at(trace, here),
        ),
        stage=Tries(*high, *ways),
        acts=(
            Each(((("products", last), Note("an even area: the pixels under the weights are nearly alike", at.even)),)),
        ),
        opening=sentence("each pixel becomes a weighted sum of its neighbours: ", f"{at.weights} for all"),
        closing=_closing(at),
        options=_options(telling),
        alike=(("padded", "patches"),),
        kinds=dict.fromkeys(kept, ink(telling)) | ({} if at.pictured else {last: "relief"}),
        spans={} if at.pictured else {last: relief(trace[last])},
        evidence=(Region.of(last, batch=told, out_channels=0, **dict(zip(OUT, divmod(follow, cols), strict=True))),),
        follow=follow,
        visits=visits,
        row=cols,
        routes=() if high else (("padded", "patches"), ("patches", last)),  # from above they would cross headings
    )  # fmt: skip


@dataclass(frozen=True)
class _At:
    """What the windows of one picture hold: where something is to be seen."""

    telling: Telling

    @property
    def kernel(self) -> Array:
        return np.asarray(self.telling.trace["kernel"][0, 0], float)

    @property
    def weights(self) -> str:
        count = self.kernel.size
        return f"the same {count} weights" if count > 1 else "the same weight"

    @property
    def pictured(self) -> bool:
        """Whether the result is a picture on the same scale of greys: weights that add up to 1 leave an even area as
        it is."""
        config, trace = self.telling.config, self.telling.trace
        kept = config.activation in ("linear", "relu") and "bias" not in trace
        return bool(kept and np.isclose(self.kernel.sum(), 1.0, atol=1e-6))

    def _windows(self) -> Iterator[Array]:
        """The pixels under the weights of every output, (outputs, weights), a part of the outputs at a time."""
        rows, cols = self.telling.trace["output"].shape[2:]
        some = max(1, SOME // (cols * self.kernel.size))
        for row in range(0, rows, some):
            rows_of = (("out_height", range(row, min(row + some, rows))),)
            here = (("batch", self.telling.sample), ("in_channels", 0), *rows_of)
            patches = self.telling.trace.read(Region("patches", here))
            yield np.nan_to_num(patches.astype(float), posinf=0, neginf=0).reshape(-1, self.kernel.size)

    @cached_property
    def _picture(self) -> Array:
        padded = self.telling.trace["padded"][self.telling.sample, 0].astype(float)
        return np.asarray(np.nan_to_num(padded, posinf=0, neginf=0))

    @cached_property
    def spread(self) -> Array:
        """How far apart the pixels of each window are, as part of the picture's range."""
        most = float(self._picture.max() / 2 - self._picture.min() / 2) or 1.0
        return np.concatenate([(w.max(axis=1) / 2 - w.min(axis=1) / 2) / most for w in self._windows()])

    @cached_property
    def answers(self) -> Array:
        """What of each output comes from differences within its window; of a picture that stays one, what changes."""
        most = float(np.abs(self._picture).max()) or 1.0
        kernel = np.nan_to_num(self.kernel, posinf=0, neginf=0)
        change = kernel.copy()
        change[kernel.shape[0] // 2, kernel.shape[1] // 2] -= 1
        asks = (change if self.pictured and np.abs(change).max() > EVEN else kernel).ravel()
        asks = asks / (float(np.abs(asks).max()) or 1.0)
        scaled = (windows / most for windows in self._windows())
        return np.concatenate([(windows - windows.mean(axis=1, keepdims=True)) @ asks for windows in scaled])

    @property
    def strongest(self) -> int:
        return int(np.argmax(np.abs(np.round(self.answers, 9))))

    def even(self, unit: int) -> bool:
        return bool(self.spread[unit] <= EVEN)

    def visits(self) -> tuple[int, ...]:
        """An even area, and the places of the largest and of the smallest answer."""
        answers = np.round(self.answers, 9)
        return tuple(dict.fromkeys((self._flattest(), int(np.argmax(answers)), int(np.argmin(answers)))))

    def _flattest(self) -> int:
        """Of the even areas, or the flattest there are, the one that is nearest to the middle."""
        spread, shape = np.round(self.spread, 9), self.telling.trace["output"].shape[2:]
        row, col = np.divmod(np.arange(len(spread)), shape[1])
        away = (row - shape[0] / 2) ** 2 + (col - shape[1] / 2) ** 2
        return int(np.argmin(np.where(spread <= max(EVEN, float(spread.min())), away, np.inf)))


def _options(telling: Telling) -> tuple[str, ...]:
    """Sizes, the kernel by its name, and every option that is not the usual one."""
    trace, filters = telling.trace, telling.trace.size("out_channels")
    return (
        shared.through(trace, 2),
        f"{telling.names.get('kernel') or 'kernel'} {numbers.shape_text(trace['kernel'].shape[2:])}",
        *shared.options_of(trace),
        *((f"filter 1 of {filters} filters",) if filters > 1 else ()),
    )


def _closing(at: _At) -> Line:
    """What becomes of an even area, which says what is left of a picture."""
    total, kernel = float(at.kernel.sum()), at.kernel
    if not np.isfinite(total) or kernel.size == 1 or at.telling.config.activation != "linear":
        return sentence("every pixel by ", at.weights)
    if "bias" in at.telling.trace:
        return sentence("every pixel by ", f"{at.weights} and one bias")
    if np.count_nonzero(kernel) == 1 and np.isclose(total, 1.0):
        return sentence("the one weight is 1: ", "the pixels stay what they were")
    if np.isclose(total, 0.0, atol=1e-9):
        return sentence("the weights add up to 0: ", "even areas vanish, differences are left")
    if not np.isclose(total, 1.0, atol=1e-6):
        return sentence("every pixel by ", at.weights)
    kept = "the weights add up to 1: even areas stay, "
    return sentence(kept, "differences are evened out" if (kernel >= 0).all() else "differences are stressed")


ConvImageStory = story("A kernel over a picture", film, GOOD_FOR)
