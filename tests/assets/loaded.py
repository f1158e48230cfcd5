"""Run in a child of ours: draws a film, then writes down the name of every module that is loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from layeranim.assets.draw import Task, draw
from layeranim.assets.plan import load


def names(words: Sequence[str]) -> None:
    """``words``: a manifest, and the file to write to."""
    manifest, films = load(Path(words[0]))
    for one in films:
        assert draw(Task(one.entry, manifest.base, manifest.root, one.digest)).problem is None
    Path(words[1]).write_text("\n".join(sorted({name.partition(".")[0] for name in sys.modules})), encoding="utf-8")
