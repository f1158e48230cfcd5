"""What an attention film says of a window and of masks beside a causal one: what the numbers do, never the option."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from layeranim.preparing import prepare
from layeranim.stories.storyboard import plain


def told(**options: Any) -> tuple[str, list[str]]:
    """The parameters and the notes of a film of six queries."""
    given = {name: np.eye(6, 2) for name in ("query", "key", "value")}
    work = prepare("attention", {**given, **options})
    board = work.storyboard(work.trace())
    return plain(board.parameters), [plain(beat.note) for beat in board.beats]


@pytest.mark.parametrize("options", [{"window": 1}, {"window": 1, "causal": True}, {"causal": True}, {}])
def test_the_header_names_the_window_and_a_note_why_a_key_is_hidden(options: dict[str, Any]) -> None:
    for steps in ("1-1", "4-4", "6-6"):
        header, notes = told(**options, steps=steps)
        query = int(steps[0]) - 1
        assert ("window 1" in header) == ("window" in options)
        causal, window = options.get("causal", False), options.get("window", 9)
        seen = [abs(key - query) <= window and not (causal and key > query) for key in range(6)]
        hidden = [key for key in range(6) if not seen[key]]
        later = any("a later word must not be seen" in note for note in notes)
        assert later <= (causal and bool(hidden) and min(hidden) > query), (steps, notes)
        apart = any("these keys do not take part" in note for note in notes)
        assert apart <= (bool(hidden) and not (causal and min(hidden) > query)), (steps, notes)
