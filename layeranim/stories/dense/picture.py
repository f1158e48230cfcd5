"""The stage of a layer that reads a picture: the picture, one unit's weights, their products, a score a class."""

from __future__ import annotations

from math import isqrt
from typing import Any

from layeranim.layout import Fit, even
from layeranim.numbers import shape_text
from layeranim.stories.dense.bench import Bench, fit
from layeranim.stories.dense.parts import Acts, Fill
from layeranim.stories.dense.view import DenseView
from layeranim.stories.measures import named, sized, top_of
from layeranim.stories.storyboard import Fact, Line, Run
from layeranim.stories.window_stage import LEFT

PITCH, GAP, CHAIN, NAME, ARROW = 32, 40, 96, 30, 44
CLASSES_MOST, HIGH = 10, 40
LOUDEST = 4  # pixels that are framed to say why a class wins


def picture(view: DenseView) -> Bench | None:
    """Maps of 8×8 in colour; ``None`` for other sizes than the digits have."""
    side = isqrt(view.inputs)
    preset = view.telling.base
    if preset is None or not preset.planes or side * side != view.inputs or view.units > CLASSES_MOST:
        return None
    bench, small, shape = Bench(view, "picture"), Fit((PITCH, PITCH), 0), (side, side)
    top, x = top_of(side, PITCH), float(LEFT)
    box = bench.put("input", "input", shape, (x, top), small, cells=view.picture(view.given, side), joined=True,
                    changing=lambda u: view.picture(view.at(u)[0], side))  # fmt: skip
    bench.headed("input", sized("x", shape_text(shape)))
    bench.signs.append(((box.right + GAP / 2, box.centre[1]), "×"))
    x = box.right + GAP
    given = view.weights_of(view.at(view.first)[1], shape, False)
    box = bench.put("weight", "weight", shape, (x, top), small, frame="weights", cells=given, joined=True,
                    changing=lambda u: view.weights_of(view.at(u)[1], shape, False))  # fmt: skip
    bench.headed("weight", _whose(view, view.first))
    bench.headings = lambda u: {"weight": _whose(view, u)}
    bench.signs.append(((box.right + GAP / 2, box.centre[1]), "="))
    x = box.right + GAP
    box = bench.put("products", "products", shape, (x, top), small, empty=True, joined=True)
    bench.headed("products", named("products"))
    _scores(bench, box.right, box.centre[1])
    bench.acts, bench.finish = _acts_of(bench, shape), _finish_of(bench, shape)
    return bench


def _scores(bench: Bench, x: float, y: float) -> None:
    """Σ with the bias from above, then a row a class: its score, its probability."""
    view = bench.view
    at = x + 56
    bench.operators.append(((at, y), "Σ"))
    bench.lanes.append((((x + 8, y), (at - 24, y)), "muted"))
    if view.biased:
        narrow = fit(view, "bias", 48)
        box = bench.put("bias", "bias", (1, 1), (at - narrow.width(1) / 2, y + 128), narrow, frame="weights",
                        changing=lambda u: view.one("bias", u), cells=view.one("bias", view.first))  # fmt: skip
        bench.headed("bias", named("b", "weights"))
        bench.lanes.append((((at, box.bottom - 8), (at, y + 24)), "weights"))
    high = 42
    top = top_of(view.units, high) + 4
    x = even(at + 62 + NAME)
    names = [(Run(str(o), "ink", "semibold", Fact("class")),) for o in range(view.units)]
    box = bench.put("z", "pre_activation", (view.units, 1), (x, top), fit(view, "pre_activation", high), empty=True)
    bench.headed("z", named("score z" if not view.activated else "z"))
    for o, name in enumerate(names):
        bench.labels.append(((x - 36, bench.grids["z"].cell(o, 0).centre[1] - 8), name))
    bench.cleared.append("z")
    if view.activated:
        bench.put("y", "output", (view.units, 1), (box.right + ARROW, top), fit(view, "output", high), empty=True)
        bench.headed("y", named(view.chip))
        bench.lanes.append((((box.right + 8, box.centre[1]), (box.right + ARROW - 8, box.centre[1])), "muted"))
        bench.cleared.append("y")


def _whose(view: DenseView, u: int) -> Line:
    """Whose weights stand there."""
    return (Run(f"weights of class {view.at(u)[1]}", "weights", "semibold", Fact("class")),)


def _maps(view: DenseView, u: int, shape: tuple[int, int]) -> list[Any]:
    out: list[Any] = [("weight", view.weights_of(view.at(u)[1], shape, False), None)]
    return out + ([("bias", view.one("bias", u), None)] if view.biased else [])


def _framed(pixels: list[int], shape: tuple[int, int]) -> list[tuple[str, range, range]]:
    """Some pixels, framed in all three maps."""
    places = [divmod(k, shape[1]) for k in pixels]
    return [
        (name, range(row, row + 1), range(col, col + 1))
        for name in ("input", "weight", "products")
        for row, col in places
    ]


def _acts_of(bench: Bench, shape: tuple[int, int]) -> Any:
    view = bench.view

    def acts(u: int) -> Acts:
        b, o = view.at(u)
        look = [("input", view.picture(b, shape[0]), None), *_maps(view, u, shape)]
        out = Acts(look=look, focus=_framed(view.largest(u, 1), shape))
        out.multiply.append(("products", view.products(u, shape, False), None))
        scores = ("z", view.column("pre_activation", b, True), [(o, 0)])
        (out.sum if view.activated and not view.row_wise else out.land).append(scores)
        if view.activated and not view.row_wise:
            out.land.append(("y", view.column("output", b, True), [(o, 0)]))
        out.target.append(("z" if view.row_wise or not view.activated else "y", o, 0))
        return out

    return acts


def _finish_of(bench: Bench, shape: tuple[int, int]) -> Any:
    view = bench.view

    def finish(u: int) -> Acts:
        b = view.at(u)[0]
        best = view.winner(b)
        unit = b * view.units + best
        maps = [*_maps(view, unit, shape), ("products", view.products(unit, shape, False), None)]
        land: list[Fill] = [("y", view.column("output", b, True), None)]
        focus = _framed(view.loudest(unit, LOUDEST), shape)
        return Acts(look=maps, land=land, focus=focus, target=[("y", best, 0)])

    return finish
