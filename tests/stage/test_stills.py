"""A still of every part and of every verb, as ``docs/stage.md`` shows them: drawn anew, they are the same.

``--update-goldens`` writes them. A part is seen alone on the poster of a film that has it, a verb on a film's whole
picture in the middle of the phase in which it acts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from layeranim import stories, theme
from layeranim.film.film import Pass, draw
from layeranim.scenes.stage import StageScene
from layeranim.stories import stage
from layeranim.stories.stage import Grid, Key, Row, Strip, Table
from layeranim.stories.stage.parts.base import Actor
from layeranim.stories.stage.verbs import Verb
from layeranim.stories.storyboard import Storyboard

from .films import board
from .test_parts_of_words import row, told

DOCS = Path(stories.__file__).parents[2] / "docs"
STILLS = DOCS / "stage"
AROUND = 12
"""Design pixels around a part."""
FAR, FEW = 48, 0.002
"""What is another colour, of 255, and the share of pixels that may be: letters have another edge elsewhere."""


@dataclass(frozen=True)
class Seen:
    """Where a part or a verb is seen: a film, and of a part what it places; on the poster, or when all is ``ended``."""

    film: str
    plans: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)
    ended: bool = False


def seen(film: str, *plans: str, ended: bool = False, **options: Any) -> Seen:
    return Seen(film, plans, options, ended)


WORDS = Row(
    Strip("logits", "z", "classes", ("cat", "dog", "owl")), Key("output", "p"),
    Table("output", ("class", "share"), row, 3), Grid("output", "p"),
)  # fmt: skip
"""A stage of parts that no film of the catalogue has."""
PARTS: dict[str, Seen] = {
    "Arcs": seen("attention", "weights:arcs"),
    "Balance": seen("attention-lookup", "output:balance"),
    "Bars": seen("softmax", "exponentials:bars"),
    "Becoming": seen("attention", "scaled"),
    "Chip": seen("neuron", "output:chip"),
    "Contest": seen("gan", "curve:contest"),
    "Copied": seen("pool", "window"),
    "Curve": seen("activation", "output:curve", activation="gelu"),
    "Dials": seen("positional-encoding", "angle:dials"),
    "Dots": seen("batchnorm", "dots"),
    "Graph": seen("cross-entropy", "terms:curve"),
    "Grid": seen("conv", "padded:0"),
    "History": seen("training", "loss:history", ended=True),
    "Hull": seen("maxout", "output:curve"),
    "Key": seen("", "output:key"),
    "Lanes": seen("lstm", "previous_cell:lanes"),
    "Others": seen("conv", "partial_sums:others", input="random:9x5x5", kernel_size=3),
    "Rest": seen("attention", "weights", "weights:rest", queries=3, keys=50, features=2),
    "Leading": seen("dense", "products:leading", input="random:40", units=6),
    "Lines": seen("descent", "loss:lines"),
    "Net": seen("conv1d", "pre_activation:net"),
    "Network": seen("backprop", "dense1_output:net", "output:net", "grad_dense1_pre_activation:net"),
    "Neurons": seen("neuron", "pre_activation:layer"),
    "Painted": seen("conv-transpose", "painted:0"),
    "Picture": seen("conv-image", "pre_activation", ended=True),
    "Plane": seen("neuron", "input:plane"),
    "Scatter": seen("training", "surface", "surface:scatter"),
    "Sheet": seen("dropout", "mask:0"),
    "Sides": seen("dense", "pre_activation:sides", example="digits"),
    "Stacked": seen("softmax", "output", "output:stack"),
    "Strip": seen("", "logits"),
    "Table": seen("", "output:table"),
    "Tally": seen("conv1d", "pre_activation:tally"),
    "Terrain": seen("descent", "path:terrain"),
    "Trail": seen("autoencoder", "walk_code:trail", ended=True),
    "Turning": seen("autoencoder", "walk_output", ended=True),
    "Thinned": seen("dropout", "output:0:thinned", example="slugnet"),
    "Maps": seen("cnn", *(f"pool1_output:{k}" for k in range(8)), ended=True),
    "Volume": seen("feature-maps", *(f"pre_activation:{k}" for k in range(6)), "pre_activation:volume", ended=True),
    "Wires": seen("compare-layers", *(f"outputs:{k}:wires{part}" for k in range(4) for part in ("", ":counts"))),
    "lens": seen("softmax", "output", "lens:output", ended=True, logits="random:1x60"),
}
VERBS: dict[str, Seen] = {
    "Bend": seen("alignment"),
    "Border": seen("training"),
    "Carry": seen("pool"),
    "Course": seen("conv"),
    "Fan": seen("feature-maps"),
    "Flow": seen("lstm"),
    "Ghost": seen("softmax"),
    "Grow": seen("softmax"),
    "Land": seen("feature-space"),
    "Lay": seen("conv"),
    "Lead": seen("conv-image"),
    "Plumb": seen("maxout"),
    "Poise": seen("attention-lookup"),
    "Pour": seen("conv"),
    "Reach": seen("descent"),
    "Shift": seen("neuron"),
    "Slide": seen("activation"),
    "Spin": seen("positional-encoding"),
    "Strew": seen("batchnorm"),
    "Sway": seen("gan"),
    "Sweep": seen("conv-image"),
    "Tell": seen("conv1d"),
    "Trade": seen("compare-layers"),
    "Weigh": seen("attention-lookup"),
    "Wiring": seen("conv1d"),
}


STANDING = {"Arrive", "Clear", "Fill", "Frame", "Light", "Name", "NodeFill", "Points"}
"""Verbs that move nothing: what they do is seen on every still."""


@cache
def _told(film: str, options: tuple[tuple[str, Any], ...]) -> Storyboard:
    return board(film, **dict(options)) if film else told(WORDS)


def film_of(one: Seen) -> Storyboard:
    return _told(one.film, tuple(one.options.items()))


class OneFrame:
    """Takes the one frame that is drawn."""

    pixels: NDArray[np.uint8]

    def write(self, pixels: NDArray[np.uint8], *_: Any) -> None:
        self.pixels = pixels[..., [2, 1, 0]].copy()


def drawn(film: Storyboard, tick: int, size: tuple[int, int]) -> tuple[NDArray[np.uint8], Any]:
    """The frame of a tick, and the scene that stands there."""
    shot, taken = Pass(*size, Fraction(25), ()), OneFrame()
    scene = draw(film, StageScene, theme.LIGHT, shot, taken, only=shot.frame_of(tick))
    return taken.pixels, scene


def part_still(one: Seen) -> NDArray[np.uint8]:
    """What the plans of a part show on the poster, cut out."""
    film = film_of(one)
    pixels, scene = drawn(film, film.ticks - 1 if one.ended else film.poster, (theme.WIDTH, theme.HEIGHT))
    found = [film.grids[name].box for name in one.plans if name in film.grids]
    corners = [(box.x, box.bottom) for box in found] + [(box.right, box.y) for box in found]
    points = [np.array(corners).reshape(-1, 2)]
    for name in one.plans:
        for whole in [scene.things[name]] if name in scene.things else scene.standing[name]:
            points += [m.points[:, :2] * 90 for m in whole.get_family() if len(m.points)]
    every = np.concatenate(points)
    (left, low), (right, high) = every.min(axis=0) - AROUND, every.max(axis=0) + AROUND
    rows = slice(max(0, int(theme.HEIGHT / 2 - high)), int(theme.HEIGHT / 2 - low))
    return pixels[rows, max(0, int(left + theme.WIDTH / 2)) : int(right + theme.WIDTH / 2)]


def verb_still(name: str, one: Seen) -> NDArray[np.uint8]:
    """A film while a verb acts; on the step of the poster, or on any, if it acts on one."""
    film = film_of(one)
    acting = [(beat, k) for beat in film.beats for k, phase in enumerate(beat.verbs)
              if any(type(verb).__name__ == name for verb in phase)]  # fmt: skip
    taught = [pair for pair in acting if pair[0].kind == "step"]
    beat, k = next((pair for pair in taught if film.poster < pair[0].end), (taught or acting)[0])
    before = sum(ticks for _, ticks in beat.phases[:k])
    length = beat.phases[k][1] if beat.phases else beat.ticks
    return drawn(film, beat.start + before + length * 3 // 5, (640, 360))[0]


def kept(path: Path, made: NDArray[np.uint8], request: pytest.FixtureRequest) -> None:
    """A still is the one in the docs, or is written there."""
    if request.config.getoption("--update-goldens"):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(made).quantize(160, dither=Image.Dither.NONE).save(path, optimize=True)
    with Image.open(path) as file:
        there = np.asarray(file.convert("RGB"), np.int16)
    assert there.shape == made.shape
    other = (np.abs(there - made).max(axis=-1) > FAR).mean()
    assert other < FEW


@pytest.mark.parametrize("name", PARTS)
def test_a_part_is_drawn_as_the_docs_show_it(name: str, request: pytest.FixtureRequest) -> None:
    kept(STILLS / f"{name}.png", part_still(PARTS[name]), request)


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_is_acted_as_the_docs_show_it(name: str, request: pytest.FixtureRequest) -> None:
    kept(STILLS / f"{name}.png", verb_still(name, VERBS[name]), request)


def test_every_part_and_every_verb_has_a_still() -> None:
    parts = {name for name in stage.__all__ if isinstance(getattr(stage, name), type)
             and issubclass(getattr(stage, name), Actor)}  # fmt: skip
    assert parts | {"Strip", "lens"} == set(PARTS)
    assert {kind.__name__ for kind in get_args(Verb)} - STANDING == set(VERBS)
    page = (DOCS / "stage.md").read_text(encoding="utf-8")
    assert set(re.findall(r"stage/(\w+)\.png", page)) == {path.stem for path in STILLS.glob("*.png")}
    assert {path.stem for path in STILLS.glob("*.png")} == {*PARTS, *VERBS}
