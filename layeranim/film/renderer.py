"""Manim's renderer, replaced: it plays an ordinary Scene and hands each frame's changes to a sink."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from layeranim.borrowed import CairoRenderer, Scene
from layeranim.film.camera import FilmCamera
from layeranim.film.reading import Reading
from layeranim.film.writers import Rect
from layeranim.layout import View


class Sink(Protocol):
    """Where frames go: the whole picture, what changed since the last call, how often it is shown."""

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None: ...


class Nowhere:
    """Takes no frame."""

    def write(self, pixels: NDArray[np.uint8], changed: Sequence[Rect], repeat: int) -> None:
        raise RuntimeError("a frame came after the film was drawn")


class EnoughDrawn(Exception):
    """The frames that were wanted stand in the sink."""


class FilmRenderer(CairoRenderer):
    """Plays animations frame by frame on the film's own grid: k frames for a run time of k / fps, never k ± 1.

    With ``only`` those frames are drawn, and after the last ``EnoughDrawn`` ends the scene; what comes before is put
    where it ends, at once. ``also`` are more views with a sink for each: every frame is drawn in all of them.
    """

    def __init__(
        self, view: View, background: str | None, fps: float, sink: Sink, only: Sequence[int] | None = None,
        also: Sequence[tuple[View, Sink]] = (),
    ) -> None:  # fmt: skip
        super().__init__()
        self.cameras = [FilmCamera(view, background), *(FilmCamera(other, background) for other, _ in also)]
        self.sinks = [sink, *(other for _, other in also)]
        self.camera: FilmCamera = self.cameras[0]
        self.reading = Reading()
        self.fps, self.only = fps, only
        self.played = 0
        self.changed: list[list[Rect]] = [[] for _ in self.cameras]

    def init_scene(self, scene: Scene, *_: Any) -> None:
        """Manim's own file writer is not made."""
        self.file_writer = self

    def abort_encode_jobs(self, **_: Any) -> None:
        """Asked by Manim's manager when a scene fails; the film's own writers are ended by whoever made them."""

    def play(self, scene: Scene, *args: Any, **kwargs: Any) -> None:
        """One ``Scene.play`` or ``Scene.wait``."""
        scene.compile_animation_data(*args, **kwargs)
        animations = scene.animations or []
        for animation in animations:
            animation._setup_scene(scene)
            animation.begin()
        frames = max(1, round(scene.get_run_time(animations) * self.fps))
        if self.only is not None:
            self._towards(scene, animations, frames)
        elif scene.is_current_animation_frozen_frame():
            self.update_frame(scene)
            self._emit(frames)
        else:
            self._run(scene, animations, frames)
        self.num_plays += 1

    def _towards(self, scene: Scene, animations: Sequence[Any], frames: int) -> None:
        """Pass over these frames but for the wanted ones among them."""
        wanted = self.only or [0]
        for number in wanted:
            if self.played <= number < self.played + frames:
                scene.update_to_time((number - self.played) / self.fps)
                self.update_frame(scene)
                self._emit(1)
                if number == wanted[-1]:
                    raise EnoughDrawn
        self.played += frames
        self._finish(scene, animations)

    def _run(self, scene: Scene, animations: Sequence[Any], frames: int) -> None:
        for k in range(frames):
            scene.update_to_time(k / self.fps)
            self.update_frame(scene)
            self._emit(1)
            if scene.stop_condition is not None and scene.stop_condition():
                break
        self._finish(scene, animations)

    def _finish(self, scene: Scene, animations: Sequence[Any]) -> None:
        for animation in animations:
            animation.finish()
            animation.clean_up_from_scene(scene)
        scene.update_mobjects(0)

    def update_frame(self, scene: Scene, mobjects: Any = None, *_: Any, **__: Any) -> None:
        frame = self.reading.read([*scene.mobjects, *scene.foreground_mobjects])
        self.changed = [camera.compose(frame) for camera in self.cameras]

    def _emit(self, repeat: int) -> None:
        self.time += repeat / self.fps
        for camera, changed, sink in zip(self.cameras, self.changed, self.sinks, strict=True):
            sink.write(camera.frame.pixels, changed, repeat)

    def let_go(self) -> None:
        """Hold neither sprites nor writers any longer: a scene and its renderer know each other, and stay a while."""
        for camera in self.cameras:
            camera.forget()
        self.reading.forget()
        self.sinks = [Nowhere() for _ in self.cameras]

    def scene_finished(self, scene: Scene) -> None:
        """Nothing is left to write; a scene without animations still shows one frame."""
        if not self.num_plays:
            self.update_frame(scene)
            self._emit(1)
