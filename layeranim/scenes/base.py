"""The base of every explainer's scene: the frame grid, the furniture, captions and the counter."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from typing import Any

from layeranim import canvas as c
from layeranim import theme as t
from layeranim.borrowed import Animation, Mobject, Scene
from layeranim.scenes.parts.animate import Appear, Follow, InPlace
from layeranim.scenes.parts.label import Label, TextLine
from layeranim.scenes.parts.progress import Progress
from layeranim.scenes.parts.shape import Bundle
from layeranim.scenes.parts.shapes import FocusFrame, hairline, tensor_frame
from layeranim.scenes.parts.tilegrid import TileGrid
from layeranim.stories import phrases, rows
from layeranim.stories.header import placed
from layeranim.stories.storyboard import Beat, Box, Line, Point, Run, Source, Storyboard
from layeranim.stories.timing import BRIEF
from layeranim.theme import Theme

LOOK = 4  # ticks between two looks at units that are swept over


class ExplainerScene(Scene):
    """Plays a storyboard. A subclass places its stage in ``stage`` and acts each kind of beat in ``on_<kind>``."""

    def __init__(self, board: Storyboard, theme: Theme, fps: Fraction, captions: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.board, self.theme, self.fps, self.captioned = board, theme, fps, captions
        self.tick, self.frames = 0, 0
        self.grids: dict[str, TileGrid] = {}
        self.standing: dict[str, list[Any]] = {}
        self.caption: Bundle | None = None
        self.note: Bundle | None = None
        self.coming: Line | None = None
        self.at_beat: Callable[[Beat], None] | None = None
        self.passing: list[Any] = []
        self.header: list[Any] = []
        self.keys: list[Any] = []
        self.saying: tuple[Line, Line] = ((), ())

    def construct(self) -> None:
        self.furniture()
        self.stage()
        for beat in self.board.beats:
            act: Callable[[Beat], None] = getattr(self, f"on_{beat.kind}")
            act(beat)
            self._name_coming()
            self.run(beat.end - self.tick)
            if self.at_beat:
                self.at_beat(beat)

    def stage(self) -> None:
        """Place everything that stands there from the start."""
        raise NotImplementedError

    def add(self, *mobjects: Any) -> ExplainerScene:
        """As Manim's, without its walk over whole families where only whole mobjects are concerned."""
        if any(m in self.mobjects for m in mobjects) or self.foreground_mobjects:
            super().add(*mobjects)
        else:
            self.mobjects += mobjects
        return self

    def remove(self, *mobjects: Any) -> ExplainerScene:
        """As Manim's; parts of a mobject that was added as a whole are left to Manim."""
        going = {id(m) for m in mobjects}
        top = {id(m) for m in self.mobjects}
        if going <= top and not self.foreground_mobjects:
            self.mobjects = [m for m in self.mobjects if id(m) not in going]
        else:
            super().remove(*mobjects)
        return self

    def update_mobjects(self, dt: float) -> None:
        """Nothing: no mobject of ours has an updater, animations move them; Manim looks through all on every frame."""

    def should_update_mobjects(self) -> bool:
        """Whether a wait needs every frame: only to see whether it may end."""
        return any(getattr(one, "stop_condition", None) is not None for one in self.animations or ())

    def add_mobjects_from_animations(self, animations: list[Animation]) -> None:
        """As Manim's; ours, which move what stands there already, need no look through all that does."""
        foreign = [one for one in animations if not isinstance(one, InPlace)]
        if foreign:
            super().add_mobjects_from_animations(foreign)

    # ── time ─────────────────────────────────────────────────────────────────
    def run(self, ticks: int, *animations: Animation) -> None:
        """Play for so many ticks of 40 ms; frames are counted from the film's start, so nothing drifts."""
        self.tick += ticks
        frames = round(self.tick * t.TICK_MS * self.fps / 1000) - self.frames  # exact: fps is a Fraction
        if frames > 0:
            self.frames += frames
            if animations:
                self.play(*animations, run_time=float(frames / self.fps))
            else:
                self.wait(float(frames / self.fps))
            return
        for animation in animations:
            animation._setup_scene(self)
            animation.begin()
            animation.finish()
            animation.clean_up_from_scene(self)

    def counted(self, done: int) -> Line:
        """What the counter says after so many units."""
        return phrases.counter(done, self.board.total)

    def sweep(self, beat: Beat, through: Callable[[int, int], None]) -> None:
        """Run over many units; ``through(first, last)`` shows those that have passed since it was last called.

        That is now and then, not in every frame: nobody could follow numbers that change so fast.
        """
        self.leave()
        self.name_place(beat.place)
        self.say(beat.caption, beat.note, whole=True)
        shown = [beat.units[0] - 1]
        before = beat.done - beat.units.stop  # units of other places that were done first
        looks = max(1, beat.ticks // LOOK)

        def at(alpha: float) -> None:
            passed = int(int(alpha * looks + 1e-6) / looks * len(beat.units))
            unit = beat.units[min(len(beat.units) - 1, passed)]
            if unit != shown[0]:
                through(shown[0] + 1, unit)
                self.count(unit + before + 1, self.counted(unit + before + 1), unit + before)
                shown[0] = unit

        self.run(beat.ticks, Follow(at))
        at(1.0)

    # ── what belongs to one step ─────────────────────────────────────────────
    def hold(self, *mobjects: Any) -> None:
        """Show something for the step under way alone."""
        self.add(*mobjects)
        self.passing += mobjects

    def frame(self, boxes: Iterable[Box], colour: str) -> list[FocusFrame]:
        """A frame around each of the boxes for the step under way, thinner around small cells."""
        frames = [FocusFrame([b], colour, self.theme, t.FOCUS if min(b.w, b.h) > 30 else t.SECOND_FOCUS) for b in boxes]
        self.hold(*frames)
        return frames

    def leave(self) -> None:
        """What belongs to the step before leaves."""
        self.remove(*self.passing)
        self.passing = []

    # ── furniture ────────────────────────────────────────────────────────────
    def furniture(self) -> None:
        """Title, parameters, progress and counter."""
        theme, canvas = self.theme, self.board.canvas
        found = placed(self.board.title, self.board.parameters, canvas)
        for line, size, at, across in found.lines(canvas):
            self.header.append(TextLine(line, size, theme, at, across))
        self.add(*self.header)
        self.counter: TextLine | None = None
        self.place: TextLine | None = None
        self.progress = Progress(self.board.total, theme, canvas)
        self.add(self.progress)

    def add_grid(self, name: str) -> TileGrid:
        """A grid of the storyboard with its frame and heading."""
        plan = self.board.grids[name]
        grid = self.grids[name] = TileGrid(plan, self.theme)
        standing: list[Any] = [grid]
        if plan.heat and (
            plan.joined or plan.empty or plan.cells is None or (plan.cells.ghost is not None and plan.cells.ghost.any())
        ):
            standing.insert(0, hairline(plan.box, self.theme))
        if plan.frame:
            standing.append(tensor_frame(plan.box, self.theme.role(plan.frame)))
        if plan.heading and plan.heading_at:
            standing.append(TextLine(plan.heading, t.NAME, self.theme, plan.heading_at))
        self.add(*standing)
        self.standing[name] = standing
        return grid

    def rename_grid(self, name: str, heading: Line) -> None:
        """Another heading over a grid, where its first one stands."""
        *others, old = self.standing[name]
        plan = self.board.grids[name]
        new = TextLine(heading, t.NAME, self.theme, plan.heading_at or plan.at)
        self.remove(old)
        self.add(new)
        self.standing[name] = [*others, new]

    def count(self, done: int, counter: Line, current: int | None = None) -> None:
        """Bring progress bar and counter to ``done`` units, with one under way or none."""
        self.progress.to(done, current)
        self._swap("counter", TextLine(counter, t.COUNTER, self.theme, self._corner(), "right"))

    def _corner(self, taken: float = 0.0) -> Point:
        """The end of the counter's baseline, or so far left of it."""
        return self.board.canvas.right - taken, self.board.canvas.from_bottom(t.COUNTER_BASELINE)

    def name_place(self, line: Line) -> None:
        """Say which unit is under way, beside the counter."""
        self.coming = None
        whole = (Run(f"{self.board.total} / {self.board.total}", weight="semibold"),)
        at = self._corner(phrases.width(whole, t.COUNTER) + 3 * t.UNIT)
        self._swap("place", TextLine(line, t.COUNTER, self.theme, at, "right") if line else None)

    def _swap(self, name: str, new: Mobject | None) -> None:
        old = getattr(self, name)
        if old is not None:
            self.remove(old)
        if new is not None:
            self.add(new)
        setattr(self, name, new)

    # ── captions ─────────────────────────────────────────────────────────────
    def say(self, caption: Line, note: Line = (), whole: bool = False) -> None:
        """Show a caption; its late runs wait for ``land`` unless ``whole``."""
        self._name_coming()
        if not self.captioned or (whole and self.saying == (caption, note) and self.caption is not None):
            return
        self.hush()
        self.saying = (caption, note)
        if caption:
            size, lines = rows.caption(caption, self.board.canvas)
            last = self.board.canvas.caption_baseline
            at = [last + (len(lines) - 1 - i) * c.CAPTION_ROW for i in range(len(lines))]
            self.caption = self._rows(lines, size, at)
            self.waiting = Bundle() if whole else Bundle(*(m for row in self.caption.submobjects for m in row.late()))
            for row in self.caption.submobjects:
                row.remove(*self.waiting.submobjects)
            self.add(self.caption)
        if note:
            lines = rows.note(note, self.board.canvas)
            first = self.board.canvas.note_baseline
            self.note = self._rows(lines, t.NOTE, [first - i * c.ROW for i in range(len(lines))])
            self.add(self.note)

    def _rows(self, lines: Sequence[Line], size: float, at: Sequence[float]) -> Bundle:
        """Rows of text in the middle, each on its baseline."""
        return Bundle(*(TextLine(line, size, self.theme, (0, y), "centre") for line, y in zip(lines, at, strict=True)))

    def said(self) -> list[Animation]:
        """The animation that shows the caption's late runs, if there are any."""
        if self.caption is None or not len(self.waiting):
            return []
        late, self.waiting = self.waiting, Bundle()
        self.late = late
        return [Appear(late)]

    def turn(self, beat: Beat) -> None:
        """The next step starts: what was said of the one before leaves, and its place is named.

        Steps that are too brief for words of their own share one line, which stays while they pass.
        """
        if beat.kind == "brief":
            self.name_place(())
            self.say(beat.caption, beat.note, whole=True)
            return
        if beat.ticks * t.TICK_MS / 1000 >= BRIEF:
            self.hush()
            self.name_place(beat.place)
            return
        self.coming = beat.place
        lines = [line for line in (self.caption, self.place, getattr(self, "late", None)) if line is not None]
        for label in (label for line in lines for label in line.get_family() if isinstance(label, Label)):
            label.set_fill(self.theme.muted)
        self._swap("note", None)

    def _name_coming(self) -> None:
        """Name the place of the step under way, if that was not done yet."""
        if self.coming is not None:
            self.name_place(self.coming)

    def hush(self) -> None:
        """Take caption and note away."""
        self._swap("caption", None)
        self._swap("note", None)
        if hasattr(self, "late"):
            self.remove(self.late)
            del self.late

    def staged(self) -> list[Mobject]:
        """What stands on the stage: all but title, progress and counter, what is said, and the keys to the colours."""
        around = (*self.header, *self.keys, self.progress, self.counter, self.place, self.caption, self.note)
        apart = {id(one) for one in around}
        return [one for one in (*self.mobjects, *self.foreground_mobjects) if id(one) not in apart]

    # ── what is drawn, for the checks ────────────────────────────────────────
    def drawn(self) -> Iterator[tuple[str, Source | None]]:
        """Every text on the stage with the address it came from."""
        for top in self.mobjects:
            for m in top.get_family():
                if isinstance(m, TileGrid):
                    yield from m.drawn()
                elif isinstance(m, Label):
                    yield m.text, m.source
