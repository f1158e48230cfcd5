"""What a film is told with is gone with it: a process may make any number of films."""

from __future__ import annotations

import gc
import weakref

from layeranim import catalog, preparing
from layeranim.stories.stage.remembered import Remembered


def test_no_film_keeps_its_numbers_when_it_is_gone() -> None:
    traces = {}
    for name in catalog.EXPLAINERS:
        work = preparing.prepare(name, {"steps": "first:1"})
        trace = work.trace()
        work.storyboard(trace)
        traces[name] = weakref.ref(trace)
    del work, trace
    gc.collect()
    assert [name for name, trace in traces.items() if trace() is not None] == []


def test_an_answer_is_kept_by_its_object() -> None:
    asked: list[tuple[str, int]] = []

    class Holder:
        def __init__(self, name: str) -> None:
            self.name = name

        @Remembered
        def times(self, by: int) -> int:
            """So many."""
            asked.append((self.name, by))
            return by * len(self.name)

    one, other = Holder("ab"), Holder("abc")
    assert [one.times(2), one.times(2), other.times(2), one.times(3)] == [4, 4, 6, 6]
    assert asked == [("ab", 2), ("abc", 2), ("ab", 3)]
    gone = weakref.ref(one)
    del one
    gc.collect()
    assert gone() is None
