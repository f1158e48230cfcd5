"""The stage of a convolution's film: every grid, heading, operator and lane with its place."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from layeranim import layout, numbers, theme, typeface
from layeranim.layout import Fit
from layeranim.numbers import Style
from layeranim.stories import phrases, window_stage
from layeranim.stories.activations import activation_name, chip_width
from layeranim.stories.convolution.conv_chain import AT_EASE, TIGHT, Chain, chained
from layeranim.stories.convolution.conv_view import ConvView
from layeranim.stories.storyboard import Cells, Fact, GridPlan, Line, Point, Run
from layeranim.stories.window_stage import WindowSizes, WindowStage


@dataclass(frozen=True, eq=False)
class ConvPlan:
    """The stage with the styles its numbers are written in."""

    stage: WindowStage
    styles: dict[str, Style]
    grids: dict[str, GridPlan]
    chain: Chain
    labels: dict[str, Callable[[int], Line]]
    label_places: dict[str, Point]
    signs: tuple[tuple[Point, str], ...] = ()


def plan(view: ConvView) -> ConvPlan:
    """Choose the arrangement and place everything."""
    name = activation_name(view.config.activation)
    value = view.wide("pre_activation")[0] * theme.FLOOR + 18 if view.biased or view.activated else 0.0
    spacings = [replace(s, step=max(s.step, value)) for s in (AT_EASE, TIGHT)]
    at_ease, tight = (s.width(view, chip_width(name)) for s in spacings)
    tensors = ["padded", "kernel", "products", "output", *(["partial_sums"] if view.depth > 1 else [])]
    wide = {name: view.wide(name) for name in tensors}
    wide |= {"input": wide["padded"], "window": wide["padded"]}
    sizes = WindowSizes(
        view.shown_channels,
        view.shown_depth,
        view.shown_filters,
        (view.padded_shape[0], view.padded_shape[1]),
        (view.kernel_shape[0], view.kernel_shape[1]),
        (view.out_shape[0], view.out_shape[1]),
        wide,
        _heading_widths(view),
        at_ease,
        tight,
        view.regrouped,
    )
    stage = window_stage.place(sizes)
    view.products_drawn, view.input_numbered = "products" in stage.corners, stage.fits["input"].numeral > 0
    styles = {name: view.style(_tensor(name), _narrow(view, stage, name)) for name in [*stage.fits, "pre_activation"]}
    if view.biased:
        styles["bias"] = view.style("bias", False)
    for name in ("products", "partial_sums", "kernel", "window"):
        styles.setdefault(name, view.style(_tensor(name), stage.narrow))
    grids = _grids(view, stage, styles)
    chain = chained(view, grids, stage, spacings[stage.chain == tight])
    if view.biased and chain.bias:
        grids["bias:0"] = _bias_grid(view, chain.bias, styles["bias"])
    labels, places = _labels(view, grids)
    return ConvPlan(stage, styles, grids, chain, labels, places, _signs(grids, stage))


def _heading_widths(view: ConvView) -> dict[str, float]:
    return {
        name: phrases.width(make(view, None, 0)["heading"], theme.NAME)
        for name, make in MAKERS.items()
        if name != "output"
    }


def _tensor(name: str) -> str:
    return "padded" if name in ("input", "window") else name


def _narrow(view: ConvView, stage: WindowStage, name: str) -> bool:
    """Whether a tensor is written for narrow cells; the output follows its own cells."""
    if name != "output" or name not in stage.fits:
        return stage.narrow and name != "output"
    fit = stage.fits[name]
    return fit.pitch[0] < 58 or layout.numeral_size(fit.pitch, view.wide(name)[0]) < fit.numeral


# ── grids ────────────────────────────────────────────────────────────────────
def _grids(view: ConvView, stage: WindowStage, styles: dict[str, Style]) -> dict[str, GridPlan]:
    grids: dict[str, GridPlan] = {}
    for name, corners in stage.corners.items():
        for row, at in enumerate(corners):
            made = MAKERS[name](view, styles[name] if stage.fits[name].numeral else None, row)
            heading = made.pop("heading") if row == 0 else made.pop("heading") and ()
            tensor = {"input": "padded", "window": "padded"}.get(name, name)
            fit: Fit = stage.fits[name]
            plan = GridPlan(
                f"{name}:{row}", tensor, at=at, pitch=fit.pitch, numeral=fit.numeral, heading=heading, **made
            )
            grids[plan.name] = plan
    return {name: _headed(grid, grids, stage.arrangement) for name, grid in grids.items()}


def _headed(grid: GridPlan, grids: dict[str, GridPlan], arrangement: str) -> GridPlan:
    """A heading stands over its grid, on one line with the other operators', and never leaves the margin."""
    kind = grid.name.partition(":")[0]
    top = grid.at[1]
    if arrangement in ("rows", "side") and kind not in ("input", "output"):
        top = max(g.at[1] for n, g in grids.items() if not n.startswith(("input", "output")))
    x = min(grid.at[0], window_stage.RIGHT - phrases.width(grid.heading, theme.NAME))
    return replace(grid, heading_at=(x, top + theme.HEADING_GAP + 2))


def _sized(name: str, shape: str, role: str = "ink", fact: str = "") -> Line:
    return Run(f"{name}  ", role, "semibold", Fact("name")), Run(shape, source=Fact(fact or f"{name} shape"))


def _input(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    h, w = view.trace.tensor("input").shape[2:]
    channels = (view.in_channels,) if view.in_channels > 1 else ()
    heading = _sized("input", numbers.shape_text((*channels, h, w)))
    if (h, w) != view.padded_shape and view.shown_channels == 1:
        heading = (*heading, Run(f",  padded {numbers.shape_text(view.padded_shape)}", source=Fact("padded shape")))
    out: dict[str, Any] = {
        "rows": view.padded_shape[0],
        "cols": view.padded_shape[1],
        "heading": heading,
        "row_axis": "padded_height",
        "col_axis": "padded_width",
    }
    if view.regrouped:

        def changing(u: int) -> Cells:
            return view.input_cells(view.first_channel(view.window(u).f) + row, style)

        return out | {"changing": changing, "cells": changing(0)}
    return out | {"cells": view.input_cells(row, style), "fixed": (("in_channels", row),)}


def _window(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    return _kernel_like(
        view,
        lambda u: view.window_cells(view.window(u), row, style),
        _operator(view, "window", "focus", view.kernel_shape),
    ) | {"empty": True, "frame": "focus"}


def _kernel(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    heading = kernel_heading(view, 0)
    made = _kernel_like(view, lambda u: view.kernel_cells(view.window(u).f, row, style), heading)
    return made | {"cells": view.kernel_cells(0, row, style), "frame": "weights"}


def kernel_heading(view: ConvView, u: int) -> Line:
    """The name of the weights under way: which filter's, where there are several."""
    name = f"filter {view.window(u).f + 1}" if view.filters > 1 else "kernel"
    return _operator(view, name, "weights", view.kernel_shape)


def _products(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    heading: Line = (Run("window", "focus", "semibold"), Run(" × "), Run("kernel", "weights", "semibold"))
    heading = (Run("products", "ink", "semibold"),) if view.depth > 1 else heading
    return _kernel_like(view, lambda u: view.product_cells(view.window(u), row, style), heading) | {"empty": True}


def _operator(view: ConvView, name: str, role: str, shape: tuple[int, ...]) -> Line:
    """Name and shape; in rows, a row a channel, the name alone: the film's parameters give the shape."""
    return (
        (Run(name, role, "semibold", Fact("name")),)
        if view.depth > 1
        else _sized(name, numbers.shape_text(shape), role)
    )


def _kernel_like(view: ConvView, changing: Callable[[int], Cells], heading: Line) -> dict[str, Any]:
    rows, cols = view.kernel_shape
    return {"rows": rows, "cols": cols, "changing": changing, "heading": heading}


def _partial(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    style = style or view.style("partial_sums", True)
    return {
        "rows": 1,
        "cols": 1,
        "changing": lambda u: view.partial_cells(view.window(u), row, style),
        "empty": True,
        "heading": (Run("sums", "ink", "semibold"),),
    }


def _output(view: ConvView, style: Style | None, row: int) -> dict[str, Any]:
    maps = (view.filters,) if view.filters > 1 else ()
    return {
        "rows": view.out_shape[0],
        "cols": view.out_shape[1],
        "cells": view.output_cells(row, style),
        "empty": True,
        "heading": _sized("output", numbers.shape_text((*maps, *view.out_shape))),
        "row_axis": "out_height",
        "col_axis": "out_width",
        "fixed": (("batch", view.b), ("out_channels", row)),
    }


MAKERS: dict[str, Callable[[ConvView, Style | None, int], dict[str, Any]]] = {
    "input": _input,
    "window": _window,
    "kernel": _kernel,
    "products": _products,
    "partial_sums": _partial,
    "output": _output,
}


def _bias_grid(view: ConvView, at: Point, style: Style) -> GridPlan:
    width = 2 * round((typeface.width(max(numbers.texts(view.trace["bias"], style), key=len), 24) + 20) / 2)
    width = max(44, width)
    return GridPlan(
        "bias:0",
        "bias",
        1,
        1,
        (at[0] - width / 2, at[1] + 104),
        (width + theme.CELL_GAP, 44),
        24,
        cells=view.bias_cells(0, style),
        changing=lambda u: view.bias_cells(view.window(u).f, style),
        heading=(Run("bias", "weights", "semibold"),),
        heading_at=(at[0] - width / 2, at[1] + 122),
        frame="weights",
    )


# ── labels ────────────────────────────────────────────────────────────
def _labels(view: ConvView, grids: dict[str, GridPlan]) -> tuple[dict[str, Callable[[int], Line]], dict[str, Point]]:
    """Names beside channel rows and output maps."""
    labels: dict[str, Callable[[int], Line]] = {}
    places: dict[str, Point] = {}

    def add(name: str, at: Point, text: Callable[[int], Line]) -> None:
        labels[name], places[name] = text, at

    def beside(grid: GridPlan) -> Point:
        return grid.box.x - 14, grid.box.centre[1] - 8

    if view.shown_channels > 1 or view.regrouped:
        for row in range(view.shown_channels):
            add(f"input:{row}", beside(grids[f"input:{row}"]), lambda u, row=row: _channel(view, u, row))  # type: ignore[misc]
    if view.shown_filters > 1:
        for f in range(view.shown_filters):
            add(f"output:{f}", beside(grids[f"output:{f}"]), lambda u, f=f: (Run(str(f + 1), source=Fact("filter")),))  # type: ignore[misc]
    return labels, places


def _channel(view: ConvView, u: int, row: int) -> Line:
    channel = row + (view.first_channel(view.window(u).f) if view.regrouped else 0)
    if view.picture == "planes":
        return (Run("RGB"[channel], "ink", "semibold"),)
    return (Run(str(channel + 1), source=Fact("channel")),)


def _signs(grids: dict[str, GridPlan], stage: WindowStage) -> tuple[tuple[Point, str], ...]:
    """× and = between the grids of a row."""
    if stage.arrangement != "rows":
        return ()
    names = [n for n in ("window", "kernel", "products", "partial_sums") if n in stage.corners]
    marks = {
        ("window", "kernel"): "×",
        ("kernel", "products"): "=" if "window" in names else "→",
        ("products", "partial_sums"): "Σ",
    }
    out: list[tuple[Point, str]] = []
    for row in range(len(stage.corners[names[0]])):
        for a, b in itertools.pairwise(names):
            left, right = grids[f"{a}:{row}"].box, grids[f"{b}:{row}"].box
            out.append((((left.right + right.x) / 2, left.centre[1]), marks[a, b]))
    return tuple(out)
