"""An autoencoder: a sample is squeezed to its code, opened again, and then the code walks to another one."""

from __future__ import annotations

from layeranim.engine.trace import Region
from layeranim.stories import phrases
from layeranim.stories.activations import BOUNDED, activation_name
from layeranim.stories.networks.autoencoder_view import AutoencoderView
from layeranim.stories.phrases import sentence
from layeranim.stories.pictures import brightness, ink
from layeranim.stories.stage import (
    All,
    Becoming,
    Column,
    Each,
    Grid,
    Note,
    Picture,
    Play,
    Row,
    Trail,
    Tries,
    Turning,
    Units,
    story,
)
from layeranim.stories.stage.language import Act
from layeranim.stories.stage.solver import Node
from layeranim.stories.storyboard import Address, Fact, Line, Run, Telling

GOOD_FOR = "keeping what matters of many numbers in few: no labels are needed"
BAND = (26.0, 250.0)
"""A layer of many units, upright, in colours alone."""
LARGE, SMALL = 150.0, 86.0
"""The least width of a picture, and of one of the walk."""
ERRORS = ("error", "walk_error")
MOSTLY = 0.5
"""Of a sample that is known so much comes back, beyond a flat level."""
FEW = 6
"""Sums of no more products are written out."""
MOST_PICTURES = 9
"""Of a longer walk so many places are drawn as pictures of their own, equally far apart."""


def film(telling: Telling) -> Play:
    """The film of one autoencoder."""
    view = AutoencoderView(telling)
    pictured = ("input", "output", "walk_output") if view.side else ()
    bounded = [name for side in view.inside.values() for name in side] if view.config.activation in BOUNDED else []
    steps, last = view.places - 1, telling.film.selected(view.places)[-1]
    return Play(
        title="Autoencoder",
        units=Units(
            ("walk",), ("place", "places"),
            names=("its own code", *(f"step {k} of {steps}" for k in range(1, steps + 1))),
        ),
        stage=_stage(view),
        acts=(*_there(view), *_back(view), *_missed(view), _walk(view)),
        opening=sentence(
            f"{phrases.so_many('number passes', 'numbers pass', view.features)} through {view.width}: ",
            "the decoder sees nothing else",
        ),
        opening_note=f"{telling.trace.facts['parameters']} parameters: they learn to make each sample again",
        closing=_closing(view),
        good_for=GOOD_FOR,
        options=view.options(),
        kinds=dict.fromkeys(pictured, ink(telling)) | (dict.fromkeys(ERRORS, "relief") if view.side else {}),
        bright=brightness(telling),
        alike=() if view.side else (("input", "output", "walk_output"), ERRORS),
        spans=dict.fromkeys(bounded, 1.0) | (dict.fromkeys(ERRORS, view.farthest()) if view.side else {}),
        follow=steps,
        evidence=tuple(Region.of(name, batch=view.sample, walk=last) for name in ("walk_code", "walk_output")),
        symbols={"code": view.symbol()},
        largest=True,
    )  # fmt: skip


# ── stage ────────────────────────────────────────────────────────────────────
def _stage(view: AutoencoderView) -> Node:
    """The sample, its code in the plane of codes, the sample again; under them what the walk comes past."""
    given = {"others": "others_code", "classes": "others_class"}
    given = {part: name for part, name in given.items() if name in view.trace}
    plane = Trail("walk_code", view.plane(), "code", view.drawn(), **given)
    wide = bool(view.side) and view.width > FEW
    code = Becoming("walk_code", "z", rows="code", before=(("code", "z"),), kept=True,
                    band=BAND if wide else (0.0, 0.0), lens=not wide)  # fmt: skip
    if not view.side:
        x = Grid("input", "x", rows="in_features")
        e = Becoming("walk_error", "x̂ − x", rows="in_features", before=(("error", "x̂ − x"),), kept=True)
        y = Becoming("walk_output", "x̂", rows="in_features", before=(("output", "x̂"),), kept=True)
        tries = ((_hidden(view, "encoder", band), _hidden(view, "decoder", band)) for band in (False, True))
        every = [Row(x, *there, "→", code, plane, *back, "→", y, e) for there, back in tries]
        return Tries(*every, *([Row(x, "→", code, plane, "→", y, e)] if view.deep else ()))
    rows, cols = f"in_features/{view.side}", f"in_features%{view.side}"
    x = Picture("input", "x", rows, cols, least=LARGE, sized=f"{view.side}×{view.side}")
    y = Turning("walk_output", "x̂", rows, cols, before=(("output", "x̂"),), kept=True, least=LARGE, sized=False)
    e = Turning("walk_error", "x̂ − x", rows, cols, before=(("error", "x̂ − x"),), kept=True, least=LARGE, sized=False)
    walk = (Picture("walk_output", "", rows, cols, least=SMALL, at=(("walk", k),), sized=False)
            for k in view.some(MOST_PICTURES))  # fmt: skip
    there, back = (_hidden(view, side, True) for side in ("encoder", "decoder"))
    strip = Row(*walk)
    without = Column(Row(Column(x, e), "→", code, plane, "→", y), strip)
    return without if view.deep else Tries(Column(Row(Column(x, e), *there, "→", code, plane, *back, "→", y), strip),
                                           without, least=1)  # fmt: skip


def _hidden(view: AutoencoderView, side: str, band: bool) -> list[Node | str]:
    """The hidden layers of one side, as columns of numbers, or of colours."""
    out: list[Node | str] = []
    for k, name in enumerate(view.inside[side], start=1):
        letter = "h" if side == "encoder" else "d"
        text = letter if len(view.inside[side]) == 1 else f"{letter}_{{{k}}}"
        rows, size = f"{side}{k}_units", BAND if band else (0.0, 0.0)
        if side == "encoder":
            out += [*["→"][: k == 1 or not band], Grid(name, text, rows=rows, band=size, lens=not band)]
        else:
            again = (name, text)
            out += [
                *["→"][: k == 1 or not band],
                Becoming(f"walk_{name}", text, rows=rows, before=(again,), band=size, lens=not band, kept=True),
            ]
    return out


# ── acts ─────────────────────────────────────────────────────────────────────
def _there(view: AutoencoderView) -> list[Act]:
    """From the sample to its code."""
    out: list[Act] = []
    if view.deep:  # its hidden layers have no room on the stage: nothing is said of them
        every = tuple(name for k in view.layers("encoder") for name in view.layer("encoder", k))
        return [All(every, Note(f"the code: {view.counted(view.width)} in place of {view.features}", view.tight), 2.8,
                    at=view.at)]  # fmt: skip
    for k in view.layers("encoder"):
        units, last = view.trace.size(view.units("encoder", k)), k == view.layers("encoder")[-1]
        squeezed = Note(f"the code: {view.counted(units)} in place of {view.features}", last and view.tight)
        read = Note(f"{units} units, and each reads all {view.features} numbers", k == 1 and units > 1 and not last)
        says = () if last else _summed(view, "encoder", k)
        out.append(All(view.layer("encoder", k), (squeezed, read), 2.8 if last else 2.4, says, at=view.at))
    return out


def _back(view: AutoencoderView) -> list[Act]:
    """From the code to the sample again."""
    reads = Note(f"the decoder reads the code alone: {view.counted(view.width)}")
    if view.deep:
        every = tuple(name for k in view.layers("decoder") for name in view.layer("decoder", k))
        return [All(every, reads, says=_summed(view, "decoder", view.layers("decoder")[-1]), at=view.at)]
    return [All(view.layer("decoder", k), reads, says=_summed(view, "decoder", k), at=view.at)
            for k in view.layers("decoder")]  # fmt: skip


def _summed(view: AutoencoderView, side: str, k: int) -> Line:
    """``unit 9: 64 products and its bias add up to 2.61``: of more products than anybody would read."""
    name, total = view.layer(side, k)[-1], view.sums(f"{side}{k}")[-1]
    axis, count = view.units(side, k), view.trace.axes(f"{side}{k}_products")[-1]
    products = view.trace.size(count)
    if products <= FEW and not view.deep:
        return ()
    at, bent = (view.sample, view.at[axis]), view.function(side, k) != "linear"
    noun = "unit" if axis != "in_features" else "pixel" if view.side else "number"
    ends = Run(view.text(total, *at), "ink" if bent else "result", "semibold", Address(total if bent else name, at))
    last = (Run(f", {activation_name(view.function(side, k))} → ", source=Fact("activation")),
            phrases.result(view.text(name, *at), Address(name, at)))  # fmt: skip
    return (
        Run(f"{noun} {at[1] + 1}: {products} product{'s' * (products > 1)}{' and a bias' * view.config.bias} make ",
            source=Fact("terms")), ends, *(last if bent else ()),
    )  # fmt: skip


def _missed(view: AutoencoderView) -> list[Act]:
    """What is lost, number by number, and together."""
    noun = "pixel" if view.side else "number"
    off = Note(f"what each {noun} is off by", view.features > 1 and not view.exact)
    return [All(("error", "losses", "sample_loss"), off, says=_lost(view))]


def _lost(view: AutoencoderView) -> Line:
    """``mean of 64 squared errors = 1.93``."""
    kind = "absolute" if view.config.loss == "absolute" else "squared"
    said = f"mean of {view.features} {kind} errors" if view.features > 1 else f"{kind} error"
    place = Address("sample_loss", (view.sample,))
    return Run(said, source=Fact("loss")), Run(" = "), phrases.result(view.text("sample_loss", view.sample), place)


def _walk(view: AutoencoderView) -> Each:
    """Place by place, and each is decoded."""
    made = (f"walk_{view.layer('decoder', k)[-1]}" for k in view.layers("decoder"))
    return Each(
        ((("walk_code", *made, "walk_error"), ()),),
        sentence=lambda figures, unit, brief: (*view.code(unit), *(() if brief else _where(view, unit))),
    )


def _where(view: AutoencoderView, unit: int) -> Line:
    """What is to be known of the first place of the walk, and of its last."""
    if not view.somewhere(unit):
        return ()
    if unit == 0:
        return Run(": ", weight="regular"), Run("from here the code alone moves", weight="regular")
    goal = "goal_code" in view.trace
    if unit == view.places - 1 and (goal or view.trace.size("batch") > 1):
        said = "the code of another sample" if goal else "the code of the next sample"
        return Run(": ", weight="regular"), Run(said, weight="regular")
    return ()


# ── words ────────────────────────────────────────────────────────────────────
def _closing(view: AutoencoderView) -> Line:
    """What the code was enough for."""
    many = view.counted(view.width).capitalize()
    if not view.known:
        return sentence("no output is a number here: ", "other inputs show it")
    if not view.tight:
        return sentence(f"{many} for {view.features}: ", "nothing had to be left out")
    if view.kept > MOSTLY:
        return sentence(f"{many}, ", "and the decoder knows the rest")
    if view.kept > 0:
        return sentence(f"{many}, ", "and the decoder knows a part of the rest")
    return sentence(f"{many} for {view.features}: ", "with these weights that is not enough")


AutoencoderStory = story("Autoencoder", film, GOOD_FOR, takes=6)
