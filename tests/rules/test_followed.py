"""Rule 11: one number is followed: chosen by the preset, built up term by term with a tally, on the poster."""

from __future__ import annotations

from dataclasses import replace

from layeranim.stories.stage.verbs import Tell
from layeranim.stories.storyboard import Address, Storyboard
from tests.catalog.conftest import Case

from .checks import poster, uncounted
from .films import board


def unfollowed(told: Storyboard) -> list[str]:
    """What keeps a number from being followed: the poster is of no unit, or says no number of the trace."""
    shown = poster(told)
    out = [] if len(shown.units) == 1 else [f"the poster is of {shown.kind}, no unit"]
    return out if any(isinstance(run.source, Address) for run in shown.caption) else [*out, "the poster says no number"]


def test_the_check_sees_a_poster_of_nothing() -> None:
    told = board(Case("softmax", {}, "softmax"))
    assert not unfollowed(told)
    assert unfollowed(replace(told, poster=0)) == ["the poster is of open, no unit", "the poster says no number"]


def test_the_check_sees_a_sum_that_arrives_at_once() -> None:
    case = Case("conv", {"input": "random:2x4x4", "kernel_size": 2}, "conv")
    told, trace = board(case), case.work().trace()
    bare = tuple(
        replace(
            beat,
            phases=tuple(p for p in beat.phases if p[0] != "term"),
            verbs=tuple(tuple(v for v in phase if not isinstance(v, Tell)) for phase in beat.verbs),
        )
        for beat in told.beats
    )
    assert not uncounted(told, trace)
    assert uncounted(replace(told, beats=bare), trace)
