"""The incremental frame equals a full repaint bit for bit; Manim's stock camera draws the same picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from manim import (
    DOWN,
    LEFT,
    RIGHT,
    UP,
    Arrow,
    Brace,
    Camera,
    Circle,
    DashedVMobject,
    Dot,
    FadeOut,
    Mobject,
    Rotate,
    Scene,
    Square,
    Star,
    Text,
    Transform,
    VGroup,
)
from numpy.typing import NDArray
from PIL import Image

from layeranim import theme as t
from layeranim.film import host
from layeranim.film.camera import FilmCamera
from layeranim.film.renderer import FilmRenderer
from layeranim.film.writers import Rect
from layeranim.layout import View
from layeranim.scenes.base import ExplainerScene
from layeranim.scenes.parts.label import Label
from layeranim.scenes.parts.shapes import dashes, polyline, rectangle
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories.storyboard import Beat, Box, Point
from layeranim.theme import LIGHT

from .conftest import Case, Watcher, ids, play, presets

MEAN, FAR, SHARE = 0.6, 40, 0.004
"""Stock and own picture: mean difference of all pixels, and how many may differ by more than FAR of 255."""


def corners(box: Box) -> list[Point]:
    """A box from corner to corner and back."""
    return [(box.x, box.y), (box.right, box.y), (box.right, box.bottom), (box.x, box.bottom), (box.x, box.y)]


def plainly(grid: TileGrid) -> VGroup:
    """A grid as ordinary mobjects of Manim: the same picture from plain parts."""
    parts = VGroup()
    if grid.plan.heat:  # one path a colour: a picture has thousands of pixels
        alike: dict[str, list[list[Point]]] = {}
        for r, c in grid.everywhere():
            if grid.colours[r, c, 3]:
                b, g, red, _ = grid.colours[r, c]
                alike.setdefault(f"#{red:02X}{g:02X}{b:02X}", []).append(corners(grid.plan.cell(r, c)))
        return parts.add(*(polyline(cells, fill=colour) for colour, cells in alike.items()))
    for r, c in grid.everywhere():
        box = grid.plan.cell(r, c)
        look = grid.looks[r][c]
        if look.kind == "nothing":
            continue
        if look.kind == "ghost":
            parts.add(polyline(dashes(box), grid.theme.ghost, t.HAIR))
        else:
            parts.add(rectangle(box, look.fill or grid.theme.bg, grid.theme.grid))
        if look.text:
            size = grid.plan.numeral
            parts.add(Label(look.text, size, look.ink, look.weight, box.centre, "centre", "middle"))
    return parts


class Repainted:
    """Compares every distinct frame with a full repaint."""

    def __init__(self) -> None:
        self.camera: FilmCamera | None = None
        self.scene: Scene | None = None
        self.compared = 0

    def __call__(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        if not changed or self.camera is None or self.scene is None:
            return
        full = self.camera.repaint([*self.scene.mobjects, *self.scene.foreground_mobjects])
        assert np.array_equal(pixels, full), (
            f"frame {self.compared}: {np.argwhere((pixels != full).any(-1))[:3].tolist()}"
        )
        self.compared += 1


FIRST = {case.name: case.label for case in reversed(presets())}
"""The first preset of each explainer, which is drawn in the size of a GIF; a third of the others small."""


@pytest.mark.grid(4)
@pytest.mark.parametrize("case", **ids([c for k, c in enumerate(presets()) if c.label == FIRST[c.name] or k % 3 == 0]))
def test_incremental_frames_equal_full_repaints(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    check = Repainted()
    setup = ExplainerScene.setup

    def remember(scene: ExplainerScene) -> None:
        setup(scene)
        check.scene, check.camera = scene, scene.renderer.camera

    monkeypatch.setattr(ExplainerScene, "setup", remember)
    size = (640, 360) if case.label == FIRST[case.name] else (320, 180)
    play(case, watcher=Watcher(check), size=size, fps=Fraction(5))
    assert check.compared > 15


def test_ordinary_mobjects_move_fade_and_transform_exactly() -> None:
    """Strokes, fills, opacity, dashes and z-order of any VMobject, under the stock animations."""
    check = Repainted()

    class Plain(Scene):
        def construct(self) -> None:
            check.scene, check.camera = self, self.renderer.camera
            square = Square(fill_opacity=0.5, color="#CC2380").set_z_index(2)
            dashed = DashedVMobject(Circle(radius=2))
            star = Star(color="#1F6FC4", fill_opacity=1)
            self.add(dashed, star, square)
            self.play(square.animate.shift(RIGHT * 2 + UP).rotate(0.4), Rotate(dashed, 1), run_time=0.5)
            self.play(Transform(star, Dot(radius=1.3)), run_time=0.4)
            self.play(FadeOut(VGroup(square, star)), run_time=0.3)
            self.bring_to_back(dashed)
            self.wait(0.2)

    with host.session(320, 180, Fraction(25), LIGHT.bg) as scale:
        Plain(renderer=FilmRenderer(View(320, 180, scale), LIGHT.bg, 25.0, Watcher(check))).render()
    assert check.compared > 25


def stock(mobjects: Sequence[Mobject], background: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    """The stage drawn by Manim's own camera from plain mobjects."""
    camera = Camera(background_color=background, pixel_width=size[0], pixel_height=size[1])
    plain: list[Any] = []
    for top in mobjects:
        grids = [m for m in top.get_family() if isinstance(m, TileGrid)]
        plain += [plainly(grid).set_z_index(grid.z_index) for grid in grids] or [top]
    camera.capture_mobjects(plain)
    pixels: NDArray[np.uint8] = np.asarray(camera.pixel_array)[:, :, :3]
    return pixels


def agree(own: NDArray[np.uint8], theirs: NDArray[np.uint8], name: str, folder: Path) -> None:
    """Fail, and leave both pictures and their difference, if they differ by more than antialiasing."""
    difference = np.abs(own.astype(int) - theirs)
    mean, far = float(difference.mean()), float((difference.max(axis=-1) > FAR).mean())
    if mean > MEAN or far > SHARE:
        sheet = np.concatenate([theirs, own, np.minimum(255, difference * 4).astype(np.uint8)], axis=1)
        Image.fromarray(sheet).save(folder / "expected-actual-difference.png")
        pytest.fail(f"{name}: mean {mean:.2f}, {far:.4f} far off; see {folder}/expected-actual-difference.png")


@pytest.mark.grid(4)
@pytest.mark.parametrize("case", **ids([case for case in presets() if case.label == FIRST[case.name]][::2]))
def test_the_stock_camera_draws_the_same(case: Case, tmp_path: Path) -> None:
    size = (640, 360)
    theme = ("light", "dark")[[one.label for one in presets()].index(case.label) % 2]  # by turns: it is slow
    compared: list[str] = []

    def compare(scene: ExplainerScene, beat: Beat) -> None:
        if beat.kind in ("open", "step", "close") and len(compared) < 4:
            scene.renderer.update_frame(scene)  # as it stands now: the last frame of so few may be older
            own = scene.renderer.camera.frame.pixels[:, :, 2::-1]
            agree(own, stock(scene.mobjects, scene.theme.bg, size), beat.kind, tmp_path)
            compared.append(beat.kind)

    play(case, compare, Watcher(), size=size, theme=theme, fps=Fraction(1))
    assert compared


class Mixed(Scene):
    """What a user may add to a film: fills, opacity, strokes, dashes, text, transforms, over and under a grid."""

    def construct(self) -> None:
        board = Case("conv", {"input": "random:4x4"}, "mixed").work()
        grid = TileGrid(board.storyboard(board.trace()).grids["padded:0"], LIGHT)
        under = Square(3, fill_opacity=0.6, color="#1F6FC4").move_to(grid).shift(DOWN).rotate(0.3)
        over = Circle(1.2, fill_opacity=0.5, color="#CC2380", stroke_width=9).move_to(grid).shift(UP)
        dashed = DashedVMobject(Circle(1.4, color="#0B6E4F", stroke_width=24), num_dashes=17).move_to(grid)
        arrow = Arrow(LEFT * 2, RIGHT * 3 + UP * 2, color="#16191D").set_stroke("#DB6D00", 30, background=True)
        self.add(under, grid, dashed.set_z_index(-1), arrow, Text("plain", color="#16191D").shift(DOWN * 2), over)
        self.add(Brace(under, DOWN, color="#5B6169"), Star(color="#DB6D00", fill_opacity=1).shift(RIGHT * 4))
        self.play(Transform(over, Square(2, color="#CC2380", fill_opacity=0.8).shift(LEFT * 2)), run_time=0.2)
        self.play(under.animate.set_opacity(0.3).scale(0.7), Rotate(dashed, 0.5), run_time=0.2)
        dashed.set_z_index(3)
        self.wait(0.1)


def test_any_vmobject_is_drawn_as_manim_draws_it(tmp_path: Path) -> None:
    size, compared = (640, 360), []

    def compare(pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        agree(pixels[:, :, 2::-1], stock(scene.mobjects, LIGHT.bg, size), f"frame {len(compared)}", tmp_path)
        compared.append(repeat)

    with host.session(*size, Fraction(25), LIGHT.bg) as scale:
        scene = Mixed(renderer=FilmRenderer(View(*size, scale), LIGHT.bg, 25.0, Watcher(compare)))
        scene.render()
    assert len(compared) == 11
