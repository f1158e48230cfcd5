"""What stands on a stage in a frame, and what of it is not as it was: read once, however many cameras draw it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np
from numpy.typing import NDArray

from layeranim.borrowed import Mobject, VMobject
from layeranim.errors import RenderError
from layeranim.layout import PixelBox, View

_PAINTERS: dict[type, bool] = {}  # asked for every mobject of every frame
_Z_INDEX = attrgetter("z_index")
_SNAP = 1.5 * 2.0 ** (52 - 20)
"""A double of this size lies 2⁻²⁰ from the next: what it is added to is rounded to that part of Manim's unit, far less
than cairo tells apart in the largest frame, and more than moving a shape rounds off."""


class Painter(Protocol):
    """A mobject that paints itself: a grid of tiles."""

    points: NDArray[np.floating[Any]]

    def pixel_box(self, view: View) -> PixelBox: ...
    def take_changes(self) -> Sequence[Any]: ...
    def boxes(self, view: View, changes: Sequence[Any]) -> list[PixelBox]: ...
    def paint(self, view: View, target: Any, clip: PixelBox) -> None: ...


class Seen(NamedTuple):
    """A mobject of one frame and everything that decides its pixels, at any size of the frame."""

    mobject: Any
    key: Any
    shape: bytes
    """Its points from the first, each at a place of a fine grid."""
    look: tuple[Any, ...]
    """All but its place, its shape and, where it has one, its opacity."""
    opacity: float | None
    """How opaque all of it is, where it has one opacity: then its pixels depend on nothing else that fades."""


class FrameRead(NamedTuple):
    """The mobjects of one frame in the order in which they are drawn, and what changed since the frame before."""

    seen: Sequence[Seen]
    fresh: Sequence[int]
    """The numbers of those that are new or changed."""
    rearranged: bool
    """Whether they are others than before, or in another order."""
    changes: Sequence[tuple[Any, Sequence[Any]]]
    """What changed within those that paint themselves, in their own terms."""


class SceneReader:
    """Reads a scene's mobjects frame by frame."""

    def __init__(self) -> None:
        self._seen: list[Seen] = []  # it holds the mobjects, so that no other one can have their places in memory
        self._order: list[int] = []
        self._painters: list[int] = []  # the numbers of those that paint themselves

    def read(self, mobjects: Iterable[Mobject]) -> FrameRead:
        """The next frame; what it says of changes, every camera has to be told."""
        members = everything(mobjects)
        order = list(map(id, members))
        rearranged = order != self._order
        if rearranged:
            known = dict(zip(self._order, self._seen, strict=True))
            seen: list[Any] = [known.get(ident) for ident in order]
            self._painters = [number for number, m in enumerate(members) if paints(m)]
        else:
            seen = self._seen
        fresh = list[int]()
        for number, m in enumerate(members):
            key, before = appearance(m), seen[number]
            if before is None or before.key != key:
                seen[number] = look_at(m, key, before)
                fresh.append(number)
        self._seen, self._order = seen, order
        changes = [(m, taken) for m in map(members.__getitem__, self._painters) if (taken := m.take_changes())]
        return FrameRead(seen, fresh, rearranged, changes)

    def forget(self) -> None:
        """Hold nothing of the scene any longer."""
        self._seen, self._order, self._painters = [], [], []


def everything(mobjects: Iterable[Mobject]) -> list[Any]:
    """All that is drawn of these mobjects, in the order in which it is."""
    members = list[Any]()
    for top in mobjects:
        _collect(top, members)
    if any(map(_Z_INDEX, members)):
        members.sort(key=_Z_INDEX)
    return members


def _collect(m: Mobject, out: list[Any]) -> None:
    """Everything in a mobject that can be drawn, parents first, without Manim's search for duplicates."""
    if len(m.points) or paints(m):
        out.append(m)
    for part in m.submobjects:
        if part.submobjects:
            _collect(part, out)
        elif len(part.points) or paints(part):
            out.append(part)


def paints(m: Any) -> TypeGuard[Painter]:
    """Whether a mobject paints itself."""
    kind = type(m)
    if kind not in _PAINTERS:
        _PAINTERS[kind] = hasattr(kind, "take_changes")
    return _PAINTERS[kind]


def look_at(m: Any, key: tuple[Any, ...], before: Seen | None = None) -> Seen:
    """A mobject as it stands now, of that appearance; ``before``: as it stood in the last frame."""
    if paints(m):
        return Seen(m, key, b"", (), None)
    flat = m.points[:, :2]
    shape = (flat - flat[0] + _SNAP).tobytes()
    if before is not None and before.key[1:] == key[1:]:
        return Seen(m, key, shape, before.look, before.opacity)
    opacity = _opacity(m)
    return Seen(m, key, shape, key[1:] if opacity is None else (_opaque(m), key[2][2:]), opacity)


def appearance(m: Any) -> tuple[Any, ...]:
    """Everything that decides a mobject's pixels, but for the cells of what paints itself; first where it is."""
    if not isinstance(m, VMobject):
        raise RenderError(f"a film draws vector mobjects and grids, but the scene holds a {type(m).__name__}")
    width, behind = m.stroke_width, m.background_stroke_width
    lines: tuple[Any, ...] = ()
    if width or behind:  # an Enum's own hash is slow
        joint, cap = m.joint_type._value_, m.cap_style._value_
        lines = m.stroke_rgbas.tobytes(), m.background_stroke_rgbas.tobytes(), width, behind, joint, cap
    return m.points.tobytes(), m.fill_rgbas.tobytes(), lines, m.sheen_factor


def _opacity(m: VMobject) -> float | None:
    """That of its layers, area, line and line behind, if each is of one colour and all are equally opaque."""
    lines = ((m.stroke_rgbas, m.stroke_width), (m.background_stroke_rgbas, m.background_stroke_width))
    layers = [rgbas for rgbas, width in ((m.fill_rgbas, 1.0), *lines) if width and _visible(rgbas)]
    shared = {rgbas.item(3) if len(rgbas) == 1 else None for rgbas in layers}
    return shared.pop() if len(shared) == 1 and not m.sheen_factor else None


def _opaque(m: VMobject) -> tuple[bytes, ...]:
    """The colours without their opacity; none of what is not seen."""
    colours = (m.fill_rgbas, m.stroke_rgbas, m.background_stroke_rgbas)
    return tuple(rgbas[:, :3].tobytes() if _visible(rgbas) else b"" for rgbas in colours)


def _visible(rgbas: NDArray[np.floating[Any]]) -> bool:
    """Whether any of these colours is seen; most are one."""
    return bool(rgbas.item(3)) if len(rgbas) == 1 else bool(rgbas[:, 3].any())
