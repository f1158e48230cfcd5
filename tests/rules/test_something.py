"""Rule 5: no heading without its grid, no frame around nothing, no lens without a source."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from layeranim.stories.stage.verbs import Clear, Fill, Frame, Lead, Pour
from layeranim.stories.storyboard import Beat, Storyboard
from tests.catalog.conftest import Case

from .checks import empty, hasty
from .films import board


def told(**options: Any) -> Storyboard:
    return board(Case("softmax", options, "softmax"))


def changed(film: Storyboard, at: int, change: Any) -> Storyboard:
    """The film with the verbs of one beat changed."""
    beat = film.beats[at]
    verbs = tuple(tuple(change(list(phase))) for phase in beat.verbs)
    return replace(film, beats=(*film.beats[:at], replace(beat, verbs=verbs), *film.beats[at + 1 :]))


def never(film: Storyboard, part: str) -> tuple[Beat, ...]:
    """The beats without anything that fills a part."""
    return tuple(
        replace(b, verbs=tuple(tuple(v for v in phase if getattr(v, "part", "") != part) for phase in b.verbs))
        for b in film.beats
    )


def test_the_check_sees_a_grid_that_stays_empty() -> None:
    film = told()
    assert empty(replace(film, beats=never(film, "total"))) == ["nothing ever stands in total"]


def test_the_check_sees_a_heading_over_no_cells() -> None:
    film = told()
    none = replace(film.grids["logits"], rows=0)
    assert "logits has a heading and no cells" in empty(replace(film, grids={**film.grids, "logits": none}))


def test_the_check_sees_a_frame_around_nothing() -> None:
    early = changed(told(), 1, lambda verbs: [*verbs, Frame("output", ((0, 0, 0, 0),), "focus")] if verbs else [])
    assert empty(early) == ["act : a frame around nothing in output, (0, 0, 0, 0)"] * 2
    gone = changed(told(), 3, lambda verbs: [Clear("exponentials:bars"), Clear("maximum"), *verbs])
    framed = changed(gone, 3, lambda verbs: [*verbs, Frame("maximum", ((0, 0, 0, 0),), "focus")])
    assert any("a frame around nothing in maximum" in fault for fault in empty(framed))


def test_the_check_sees_a_lens_without_its_lines_or_its_grid() -> None:
    film = told(logits="random:1x60")
    at = next(i for i, b in enumerate(film.beats) for p in b.verbs for v in p if isinstance(v, Lead))
    assert not empty(film)
    bare = changed(film, at, lambda verbs: [verb for verb in verbs if not isinstance(verb, Lead)])
    assert all("nothing leads to lens:" in fault for fault in empty(bare))
    assert empty(bare)
    lost = {name: plan for name, plan in film.grids.items() if name != "logits"}
    beats = tuple(
        replace(b, verbs=tuple(tuple(v for v in p if not (isinstance(v, (Frame, Fill)) and v.part == "logits"))
                               for p in b.verbs)) for b in film.beats)  # fmt: skip
    assert "lens:logits looks at no grid" in empty(replace(film, grids=lost, beats=beats))


def test_the_check_sees_numbers_that_leave_before_they_stand() -> None:
    film = board(Case("conv", {}, "conv"))
    at = next(i for i, beat in enumerate(film.beats) for phase in beat.verbs for v in phase if isinstance(v, Pour))
    pour = next(v for phase in film.beats[at].verbs for v in phase if isinstance(v, Pour))
    fill = next(v for beat in film.beats for phase in beat.verbs for v in phase
                if isinstance(v, Fill) and v.part == pour.cells[0][0])  # fmt: skip
    phases = tuple((*phase, fill) if pour in phase else phase for phase in film.beats[at].verbs)
    beats = (*film.beats[:at], replace(film.beats[at], verbs=phases), *film.beats[at + 1 :])
    assert len(hasty(replace(film, beats=beats))) == 1
