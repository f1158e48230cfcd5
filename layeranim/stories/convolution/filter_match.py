"""Filter matching in words: multiply element-wise and sum; the larger sum matches better. The arithmetic is conv's."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from layeranim import layout, numbers, theme
from layeranim.engine.conv import steps_of
from layeranim.engine.trace import Region, Trace
from layeranim.errors import OptionError, ShapeError
from layeranim.layout import Fit, even
from layeranim.numbers import Style
from layeranim.stories import cells, phrases, timing
from layeranim.stories.convolution import filter_match_words
from layeranim.stories.convolution.filter_match_presets import GOOD_FOR
from layeranim.stories.convolution.filter_match_words import words
from layeranim.stories.header import header
from layeranim.stories.phrases import Term
from layeranim.stories.storyboard import (
    Address,
    Beat,
    Cells,
    Fact,
    GridPlan,
    Line,
    Point,
    Run,
    Story,
    Storyboard,
    Telling,
    plain,
)
from layeranim.stories.window_stage import BOTTOM, HEADING, LEFT, RIGHT, ROW_GAP, TOP

MOST_FILTERS = 4
MOST_IMAGES = 6  # of more the first six are shown
SCORE_LEAST, SCORE_HIGH = 100, 72
ACTS = (("look", 0.32), ("multiply", 0.44), ("land", 0.28))
VERDICT = 1.6  # seconds
ARROW = 64


def tell(telling: Telling) -> Storyboard:
    """The storyboard: every image against every filter, a verdict after each image."""
    return _FilterTelling(telling).storyboard()


class _FilterTelling:
    def __init__(self, telling: Telling) -> None:
        self.telling, self.trace, self.film = telling, telling.trace, telling.film
        self.images, _, *self.shape = self.trace.tensor("input").shape
        self.filters = self.trace.tensor("kernel").shape[0]
        _check(self.trace)
        self.told = 1 if self.film.sample else self.images
        output = numbers.style(self.trace["output"], precision=self.film.precision)
        self.score_fit = _score(layout.widest(numbers.texts(self.trace["output"], output).ravel().tolist()))
        self.drawn = self.images if self.film.sample else min(self.images, MOST_IMAGES)
        self.shown = self.filters if self.filters <= MOST_FILTERS else MOST_FILTERS - 1
        self.units: range = self.film.selected_of(self.drawn, self.shown)
        self.fit, self.image_fit = self.fits()
        self.ranges = {
            name: numbers.value_range(self.trace[name]) for name in ("padded", "kernel", "products", "output")
        }
        if self.fit.numeral:  # image and products are compared cell by cell
            both = numbers.value_range(self.trace["padded"], self.trace["products"])
            self.ranges |= {"padded": both, "products": both}
        self.styles = {name: self.style(name, self.fit.numeral) for name in ("padded", "kernel", "products")}
        self.styles["output"] = output

    def style(self, name: str, numeral: int) -> Style:
        return numbers.style(
            self.trace[name], pitch=self.fit.pitch[0] if numeral else None, precision=self.film.precision
        )

    @property
    def row_gap(self) -> float:
        """Between the rows; two filters have their names over them."""
        return HEADING if self.shown < 3 else ROW_GAP

    def fits(self) -> tuple[Fit, Fit]:
        """Cells of the filters and products, and of the image, which has the whole height."""
        rows, cols = self.shape
        height = (TOP - BOTTOM - (self.shown - 1) * self.row_gap) / self.shown
        room = (RIGHT - LEFT - self.score_fit.width(1) - 4 * ARROW) / 3
        for pitch, most, larger in (
            (58, 62, 84),
            (50, 56, 56),
        ):  # with all decimals in wide cells, with one in narrow ones
            wide = self.wide(pitch)
            fit = layout.numerals(rows, cols, wide, room, height, most)
            if fit is None or (pitch == 58 and fit.pitch[0] < 58 and wide > self.wide(50)):
                continue
            return fit, layout.numerals(rows, cols, wide, room, TOP - BOTTOM, larger) or fit
        return layout.heat(rows, cols, room, height), layout.heat(rows, cols, room, TOP - BOTTOM)

    def wide(self, pitch: float) -> float:
        """The widest text at size 1 in cells of that pitch."""
        given = [self.trace[name] for name in ("padded", "kernel", "products")]
        styles = [numbers.style(values, pitch=pitch, precision=self.film.precision) for values in given]
        texts = [numbers.texts(v, s).ravel().tolist() for v, s in zip(given, styles, strict=True)]
        return max(layout.widest(part) for part in texts)

    # ── stage ────────────────────────────────────────────────────────────────
    def stage(self) -> tuple[dict[str, GridPlan], list[tuple[float, str]]]:
        """The grids, and the signs between them with how far right they stand."""
        rows, cols = self.shape
        middle = (TOP + BOTTOM) / 2 + 6
        width, height = self.fit.width(cols), self.fit.height(rows)
        title = self.title(self.units.start)
        names = [self.names(f) for f in range(self.shown)]
        first = max(self.image_fit.width(cols), phrases.width(title, theme.NAME))
        second, third = (max([width, *(phrases.width(n[k], theme.NAME) for n in names)]) for k in (0, 1))
        space = min(110.0, (RIGHT - LEFT - first - second - third - self.score_fit.width(1)) / 3)
        x = even(-(first + second + third + self.score_fit.width(1) + 3 * space) / 2)
        step = max(height + self.row_gap, SCORE_HIGH + ROW_GAP)
        at = x, even(middle + self.image_fit.height(rows) / 2)
        out = {
            "image": self.grid(
                "image",
                "padded",
                at,
                self.image_fit,
                self.image,
                title,
            )
        }
        x = even(x + first + space)
        ways = x, even(x + second + space), even(x + second + third + 2 * space)
        signs = [(way - space / 2, sign) for way, sign in zip(ways, ("×", "=", "Σ"), strict=True)]
        for f, (name, head) in enumerate(names):
            y = even(middle + ((self.shown - 1) / 2 - f) * step + height / 2)
            out[f"kernel:{f}"] = self.grid(
                f"kernel:{f}", "kernel", (x, y), self.fit, partial(self.kernel_at, f), name, "weights"
            )
            out[f"products:{f}"] = self.grid(
                f"products:{f}",
                "products",
                (ways[1], y),
                self.fit,
                partial(self.products, f),
                head,
                None,
                True,
            )
            at = ways[2], even(y - height / 2 + SCORE_HIGH / 2)
            out[f"score:{f}"] = GridPlan(
                f"score:{f}",
                "output",
                1,
                1,
                at,
                self.score_fit.pitch,
                self.score_fit.numeral,
                changing=partial(self.score, f),
                heading=(Run("sum", "ink", "semibold"),) if f == 0 else (),
                heading_at=(at[0], at[1] + theme.HEADING_GAP + 6),
                empty=True,
            )
        return out, signs

    def title(self, u: int) -> Line:
        """What stands over the image of unit ``u``."""
        name = f"image {u // self.shown + 1}" if self.images > 1 else "image"
        return Run(f"{name}  ", "ink", "semibold", Fact("image")), _shape(self.shape)

    def names(self, f: int) -> tuple[Line, Line]:
        """What stands over a filter, and over its products."""
        name: Line = (Run(f"filter {f + 1}", "weights", "semibold", Fact("filter")),)
        if self.shown >= 3:
            name = (Run("filters", "weights", "semibold"),) if f == 0 else ()
        head = (Run("image", "ink", "semibold"), Run(" × "), Run("filter", "weights", "semibold"))
        return name, head if f == 0 else ()

    def grid(
        self,
        name: str,
        tensor: str,
        at: Point,
        fit: Fit,
        changing: Any,
        heading: Line,
        frame: str | None = None,
        empty: bool = False,
    ) -> GridPlan:
        rows, cols = self.shape
        return GridPlan(
            name,
            tensor,
            rows,
            cols,
            at,
            fit.pitch,
            fit.numeral,
            None if empty else changing(self.units.start),
            changing,
            heading=heading,
            heading_at=(at[0], at[1] + theme.HEADING_GAP + 4),
            frame=frame,
            empty=empty,
        )

    def image(self, u: int) -> Cells:
        return cells.plane(self.trace, "padded", (u // self.shown, 0), self._styled("padded"), self.ranges["padded"])

    def kernel_at(self, f: int, u: int) -> Cells:
        return cells.plane(self.trace, "kernel", (f, 0), self._styled("kernel"), self.ranges["kernel"])

    def products(self, f: int, u: int) -> Cells:
        return cells.plane(
            self.trace, "products", (u // self.shown, f, 0, 0, 0), self._styled("products"), self.ranges["products"]
        )

    def score(self, f: int, u: int) -> Cells:
        return cells.single(
            self.trace, "output", (u // self.shown, f, 0, 0), self.styles["output"], self.ranges["output"]
        )

    def _styled(self, name: str) -> Style | None:
        styles = getattr(self, "styles", {})
        return styles.get(name) if self.fit.numeral else None

    # ── words ────────────────────────────────────────────────────────────────
    def storyboard(self) -> Storyboard:
        units = self.units
        grids, signs = self.stage()
        beats = tuple(self.beats(units))
        steps = [b for b in beats if b.kind == "step"]
        middle = steps[(len(steps) + 1) // 2 - 1]
        preset = self.telling.preset
        title = self.film.title or (preset.title if preset else "") or "Filter matching"
        alt = f"{title}: {plain(self.parameters())}. {plain(middle.place)}: {plain(middle.caption)}."
        return Storyboard(
            "filter-match",
            title,
            self.parameters(),
            grids,
            beats,
            self.drawn * self.shown,
            middle.end - 1,
            alt,
            {
                "filters": self.shown,
                "signs": signs,
                "counter": self.counter,
                "best": self.best,
                "title": self.title,
                "first": units.start,
            },
        )

    def beats(self, units: range) -> Iterator[Beat]:
        stretches, pace = self.paced(units)
        at = 0
        yield Beat(
            "open",
            at,
            timing.ticks(1.4),
            caption=filter_match_words.opening(self.shown),
            done=units.start,
        )
        at = timing.ticks(1.4)
        for stretch in stretches:
            length, u = timing.ticks(stretch.seconds), stretch.units[0]
            image, f = divmod(u, self.shown)
            place = words(f"image {image + 1}, filter {f + 1}", "place")
            wanted = [(name, timing.act(stretch.seconds, 0.2, most)) for name, most in ACTS]
            terse = timing.terse(stretch, self.film.pace)
            yield Beat(
                "step",
                at,
                length,
                range(u, u + 1),
                timing.phases(length, wanted),
                self.result(image, f) if terse else self.caption(image, f),
                (),
                place,
                steps_of(self.trace, image, f, 0, 0),
                u + 1,
            )
            at += length
            if f == self.shown - 1 and self.shown > 1:
                length = timing.ticks(VERDICT * pace)
                steps = [i for won in self.best(u) for i in steps_of(self.trace, image, won, 0, 0)]
                yield Beat("verdict", at, length, range(u, u + 1),
                           caption=filter_match_words.verdict(self.scores(image), self.styles["output"], image,
                                                              self.filters), place=place,
                           steps=steps, done=u + 1)  # fmt: skip
                at += length
        drawn = (1, 1) if self.film.sample else (self.drawn, self.images)
        closing = filter_match_words.closing(drawn, (self.shown, self.filters), len(units))
        yield Beat("close", at, timing.ticks(theme.END_HOLD), caption=closing, note=words(GOOD_FOR), done=units.stop)

    def paced(self, units: range) -> tuple[list[timing.Stretch], float]:
        """The steps, and the pace of everything."""
        later = min(timing.LANDING, max(timing.SLOWEST, theme.BUDGET / max(1, len(units) - 2)))
        times = [timing.TAUGHT if n < 2 else later for n in range(len(units))] if len(units) > 1 else [timing.LONE]
        steps = [timing.Stretch(range(u, u + 1), t, n < 2) for n, (u, t) in enumerate(zip(units, times, strict=True))]
        verdicts = sum(u % self.shown == self.shown - 1 for u in units) if self.shown > 1 else 0
        return timing.paced(steps, self.film.pace, VERDICT * verdicts)

    def parameters(self) -> Line:
        images, filters = (
            f"{n} {noun}{'s' * (n > 1)}" for n, noun in ((self.images, "image"), (self.filters, "filter"))
        )
        if self.told < self.images:
            images = f"image {self.film.place_in(self.images) + 1} of {self.images}"
        parts = [
            f"{self.drawn} of {images}" if self.drawn < self.images else images,
            f"{self.shown} of {filters}" if self.shown < self.filters else filters,
            numbers.shape_text(self.shape),
        ]
        return header(parts, seed=f"random values, seed {self.telling.seed}" if self.telling.seeded else "")

    def caption(self, image: int, f: int) -> Line:
        left = numbers.texts(self.trace["padded"][image, 0], self.styles["padded"]).ravel()
        right = numbers.texts(self.trace["kernel"][f, 0], self.styles["kernel"]).ravel()
        zero = self.trace.read(Region.of("products", batch=image, out_channels=f)).ravel() == 0
        cols = self.shape[1]
        terms = [
            Term(
                a,
                b,
                bool(z),
                Address("padded", (image, 0, *divmod(i, cols))),
                Address("kernel", (f, 0, *divmod(i, cols))),
            )
            for i, (a, b, z) in enumerate(zip(left, right, zero, strict=True))
        ]
        total = numbers.text(self.trace["output"][image, f, 0, 0], self.styles["output"])
        return phrases.sum_of(terms, [], total, Address("output", (image, f, 0, 0)))

    def result(self, image: int, f: int) -> Line:
        """The sum alone."""
        text = numbers.text(self.trace["output"][image, f, 0, 0], self.styles["output"])
        return Run("sum"), phrases.equals(text, late=True), phrases.result(text, Address("output", (image, f, 0, 0)))

    def scores(self, image: int) -> list[float]:
        """The sums of one image with the filters that are shown."""
        return [float(score) for score in self.trace["output"][image, : self.shown, 0, 0]]

    def best(self, u: int) -> list[int]:
        """The filters with the largest sum for the image of unit ``u``."""
        return filter_match_words.winners(self.scores(u // self.shown))

    def counter(self, done: int) -> Line:
        return Run(str(done), "ink", "semibold", Fact("done")), Run(
            f" / {self.drawn * self.shown}", source=Fact("windows")
        )


def _check(trace: Trace) -> None:
    """That one window is the whole image, and its sum the output."""
    config: Any = trace.config
    shape, kernel, out = (trace.tensor(name).shape for name in ("input", "kernel", "output"))
    if out[2:] != (1, 1) or shape[1] != 1 or kernel[2:] != shape[2:]:
        raise ShapeError(
            f"filter-match compares one-channel filters as large as the image, but the output is "
            f"{numbers.shape_text(out[2:])} of {shape[1]} channels, by a kernel of {numbers.shape_text(kernel[2:])}; "
            f"give a kernel of {numbers.shape_text(shape[2:])}, or use conv"
        )
    if trace.tensor("padded").shape != shape:
        raise ShapeError(
            f"filter-match lays the filter on the image as it is, but padding makes "
            f"{numbers.shape_text(trace.tensor('padded').shape[2:])} of {numbers.shape_text(shape[2:])}; "
            f"leave padding out, or use conv"
        )
    if "bias" in trace or config.activation != "linear":
        said = "a bias" if "bias" in trace else f"activation {config.activation}"
        raise OptionError(f"filter-match multiplies and adds up, nothing else, but was given {said}; use conv")


def _score(wide: float) -> Fit:
    """The cell of a sum, as wide as its widest text needs at the largest size that leaves the rest its room."""
    for size in range(30, theme.FLOOR - 1, -1):
        across = max(SCORE_LEAST, even(wide * size + 2 * layout.SIDE + theme.CELL_GAP + 1))
        if across <= 2 * SCORE_LEAST:
            break
    return Fit((across, SCORE_HIGH + theme.CELL_GAP), size)


def _shape(shape: Any) -> Run:
    return Run(numbers.shape_text(shape), source=Fact("shape"))


FilterMatchStory = Story("Filter matching", tell, GOOD_FOR)
