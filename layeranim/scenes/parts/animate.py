"""Animations that change values in place instead of copying mobjects: fades, and cells that fill."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from layeranim.borrowed import Animation, Mobject, VMobject, ease_in_out_cubic, ease_out_cubic, linear
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.tilegrid import BLENDS, CellLook, TileGrid
from layeranim.stories.storyboard import Cells

TRAVEL, ARRIVE, EVEN = ease_in_out_cubic, ease_out_cubic, linear


class InPlace(Animation):
    """An animation without copies of its mobject; ``set(alpha)`` puts it where it belongs."""

    def create_starting_mobject(self) -> Any:
        return self.mobject

    def _setup_scene(self, scene: Any) -> None:
        if self.is_introducer() and not any(m is self.mobject for m in scene.mobjects):
            scene.add(self.mobject)

    def get_all_mobjects(self) -> Sequence[Any]:
        return (self.mobject,)

    def get_all_families_zipped(self) -> Iterable[Any]:
        return ()

    def get_all_mobjects_to_update(self) -> list[Mobject]:
        return []

    def interpolate_mobject(self, alpha: float) -> None:
        self.set(float(self.rate_func(min(1.0, max(0.0, alpha)))))

    def set(self, alpha: float) -> None:
        raise NotImplementedError


class Appear(InPlace):
    """Fade in. ``introducer`` is false for a part of a part."""

    def __init__(self, mobject: VMobject, introducer: bool = True) -> None:
        super().__init__(mobject, introducer=introducer, rate_func=ARRIVE)

    def begin(self) -> None:
        self.members: list[Any] = [m for m in self.mobject.get_family() if len(m.points)]
        self.alphas = [_alphas(m) for m in self.members]
        super().begin()

    def set(self, alpha: float) -> None:
        for m, full in zip(self.members, self.alphas, strict=True):
            for name, alphas in full.items():
                getattr(m, name)[:, 3] = alphas * alpha


def _alphas(m: VMobject) -> dict[str, Any]:
    """The opacities of its colours; of what is not seen, none."""
    colours = ("fill_rgbas", "stroke_rgbas", "background_stroke_rgbas")
    return {name: alphas.copy() for name in colours if (alphas := getattr(m, name)[:, 3]).any()}


class Reveal(InPlace):
    """Cells of a grid turn into new content by a cross-fade; ``lag`` of the time passes from one to the next."""

    def __init__(self, grid: TileGrid, cells: Cells, where: Iterable[tuple[int, int]], lag: float) -> None:
        super().__init__(grid, rate_func=ARRIVE)
        self.grid, self.cells, self.lag = grid, cells, lag
        self.where = list(where)

    def begin(self) -> None:
        self.looks: list[CellLook] = [self.grid.look(self.cells, r, c) for r, c in self.where]
        super().begin()

    def set(self, alpha: float) -> None:
        span = 1 + self.lag * max(0, len(self.where) - 1)
        for i, ((r, c), look) in enumerate(zip(self.where, self.looks, strict=True)):
            self.grid.blend(r, c, look, int(np.floor((alpha * span - i * self.lag) * BLENDS + 1e-9)))

    def finish(self) -> None:
        super().finish()
        self.grid.put(self.cells, self.where)


class Follow(InPlace):
    """Call ``at(alpha)`` on every frame: sweeps, counters, anything that a number drives."""

    def __init__(self, at: Callable[[float], None], rate_func: Callable[[float], float] = EVEN) -> None:
        super().__init__(Bundle(), rate_func=rate_func)
        self.at = at

    def set(self, alpha: float) -> None:
        self.at(alpha)
