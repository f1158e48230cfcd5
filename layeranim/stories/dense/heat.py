"""The stage of a large layer: W and x as colours, a lens with the largest products of the unit under way in numbers."""

from __future__ import annotations

from typing import Any

from layeranim.layout import Fit, even
from layeranim.numbers import shape_text
from layeranim.stories.activations import chip_width
from layeranim.stories.dense.bench import Bench, fit
from layeranim.stories.dense.parts import Acts, Fill
from layeranim.stories.dense.view import LENS, DenseView
from layeranim.stories.measures import BAR_LEAST, MIDDLE, ROOM, named, pitch_of, sized, top_of
from layeranim.stories.storyboard import Fact, Line, Run
from layeranim.stories.window_stage import BOTTOM, LEFT, RIGHT, TOP

HIGH, INDEX, SIGN = 56, 64, 34


def heat(view: DenseView) -> Bench:
    """A stage for any size, in the middle where it leaves room."""
    bench = _heat(view, LEFT)
    spare = RIGHT - max(plan.box.right for plan in bench.grids.values())
    return _heat(view, even(LEFT + spare / 2)) if spare > 8 else bench


def _heat(view: DenseView, left: float) -> Bench:
    bench = Bench(view, "heat")
    names = ["input", "weight", "products", "pre_activation", *(["output"] if view.activated else [])]
    fits = {name: fit(view, name, HIGH) for name in names}
    chip = chip_width(view.chip) + 2 * 36 if view.activated else 0
    chain = 96 + fits["pre_activation"].width(1) + chip + (fits["output"].width(1) if view.activated else 0)
    lens = INDEX + sum(fits[n].width(1) for n in ("input", "weight", "products")) + 2 * SIGN
    column = 76 if view.units > 1 else 0
    room = ROOM - lens - chain - column - 56
    _colours(bench, left, min(520.0, room))
    box = bench.grids["weight"].box
    x = _lens(bench, box.right + 56 + max(0.0, left + room - box.right) / 2, fits)
    _chain(bench, x, fits)
    if view.units > 1:
        _column(bench)
    bench.acts, bench.finish = _acts_of(bench), _finish_of(bench)
    return bench


def _colours(bench: Bench, left: float, width: float) -> None:
    """x as one row over W, column by column."""
    view = bench.view
    height = TOP - BOTTOM - BAR_LEAST - 54
    pitch = pitch_of(view.units, view.inputs, width, height)
    bar = Fit((pitch[0], BAR_LEAST), 0)
    small = Fit(pitch, 0)
    block = bar.height(1) + 54 + small.height(view.units)
    top = even(MIDDLE + block / 2)
    shape = (1, view.inputs)
    bench.put("input", "input", shape, (left, top), bar, cells=view.sample(view.given, shape, False),
              changing=lambda u: view.sample(view.at(u)[0], shape, False))  # fmt: skip
    bench.headed("input", sized("x", view.inputs))
    bench.put("weight", "weight", (view.units, view.inputs), (left, top - bar.height(1) - 54), small,
              cells=view.weights(False), row_axis="out_features", col_axis="in_features", frame="weights")  # fmt: skip
    bench.headed("weight", sized("W", shape_text((view.units, view.inputs)), "weights"))


def _lens(bench: Bench, x: float, fits: dict[str, Fit]) -> float:
    """x · w = product for the largest products, one a row."""
    view, rows = bench.view, min(LENS, bench.view.inputs)
    top = top_of(rows, HIGH)
    x += INDEX
    heads = {"input": named("x"), "weight": named("w", "weights"), "products": named("x·w")}
    for name, sign in (("input", "·"), ("weight", "="), ("products", "")):
        box = bench.put(f"lens:{name}", name, (rows, 1), (x, top), fits[name], empty=True)
        bench.headed(f"lens:{name}", heads[name])
        for row in range(rows if sign else 0):
            bench.signs.append(((box.right + SIGN / 2, bench.grids[f"lens:{name}"].cell(row, 0).centre[1]), sign))
        x = box.right + SIGN
    if rows < view.inputs:
        text = f"the {rows} largest of {view.inputs} products"
        at = bench.grids["lens:input"].box.x - INDEX, bench.grids["lens:input"].box.bottom - 34
        bench.labels.append((at, (Run(text, weight="regular", source=Fact("lens")),)))
    return x - SIGN


def _chain(bench: Bench, x: float, fits: dict[str, Fit]) -> None:
    """Σ with the bias from above, z, chip, y."""
    view, y = bench.view, even(MIDDLE)
    at = x + 52
    bench.lanes.append((((x + 10, y), (at - 24, y)), "muted"))
    bench.operators.append(((at, y), "Σ"))
    if view.biased:
        small = fit(view, "bias", 48)
        corner = at - small.width(1) / 2, y + 132
        box = bench.put("bias", "bias", (1, 1), corner, small, cells=view.one("bias", view.first), frame="weights",
                        changing=lambda u: view.one("bias", u))  # fmt: skip
        bench.headed("bias", named("b", "weights"))
        bench.lanes.append((((at, box.bottom - 8), (at, y + 24)), "weights"))
    x = at + 20 + 34
    bench.lanes.append((((at + 24, y), (x - 8, y)), "muted"))
    last = "z" if view.activated else "one"
    box = bench.put(last, "pre_activation", (1, 1), (x, top_of(1, HIGH)), fits["pre_activation"], empty=True)
    bench.headed(last, named("z" if view.activated else "y"))
    if view.activated:
        width = chip_width(view.chip)
        middle = box.right + 36 + width / 2
        bench.chips.append(((middle, y), view.chip))
        bench.lanes.append((((box.right + 8, y), (middle - width / 2 - 4, y)), "muted"))
        x = middle + width / 2 + 36
        bench.lanes.append((((middle + width / 2 + 4, y), (x - 8, y)), "muted"))
        bench.put("one", "output", (1, 1), (x, top_of(1, HIGH)), fits["output"], empty=True)
        bench.headed("one", named("y"))


def _column(bench: Bench) -> None:
    """Every result, in colour."""
    view = bench.view
    pitch = pitch_of(view.units, 1, 28, TOP - BOTTOM)
    small = Fit((28, pitch[1]), 0)
    at = RIGHT - small.width(1), top_of(view.units, small.pitch[1])
    bench.put("y", "output", (view.units, 1), at, small, empty=True)
    bench.headed("y", sized("y", view.units))
    bench.cleared.append("y")


def _acts_of(bench: Bench) -> Any:
    view, rows = bench.view, min(LENS, bench.view.inputs)

    def indices(u: int) -> list[tuple[Any, Line]]:
        lens = bench.grids["lens:input"]
        picked = view.largest(u)
        return [
            ((lens.at[0] - 12, lens.cell(k, 0).centre[1]), (Run(str(i + 1), source=Fact("input")),))
            for k, i in enumerate(picked[:rows])
        ]

    def acts(u: int) -> Acts:
        b, o = view.at(u)
        look: list[Fill] = [("input", view.sample(b, (1, view.inputs), False), None)]
        look += [("bias", view.one("bias", u), None)] if view.biased else []
        focus = [("weight", range(o, o + 1), range(view.inputs)), ("input", range(1), range(view.inputs))]
        out = Acts(look=look, focus=focus, labels=indices(u))
        out.multiply.extend((f"lens:{n}", view.lens(n, u), None) for n in ("input", "weight", "products"))
        column: list[Fill] = [("y", view.column("output", b, False), [(o, 0)])] if view.units > 1 else []
        if view.activated:
            out.sum.append(("z", view.one("pre_activation", u), None))
        if not view.row_wise:
            out.land.extend([("one", view.one("output", u), None), *column])
        out.target.append(("z" if view.row_wise else "one", 0, 0))
        return out

    return acts


def _finish_of(bench: Bench) -> Any:
    view = bench.view

    def finish(u: int) -> Acts:
        b = view.at(u)[0]
        best = b * view.units + view.winner(b)
        land: list[Fill] = [("one", view.one("output", best), None)]
        land += [("y", view.column("output", b, False), None)] if view.units > 1 else []
        return Acts(land=[("z", view.one("pre_activation", best), None), *land], target=[("one", 0, 0)])

    return finish
