"""The claims of the film of time steps, recomputed from its trace."""

from __future__ import annotations

import re
from typing import Any

from layeranim.stories.storyboard import Beat

from .sentences import Claim, Told

Match = re.Match[str]


def folded(told: Told, match: Match, beat: Beat) -> bool:
    batch, steps, features = told["output"].shape
    made = told["output"].reshape(batch, -1).tolist()
    same = [str(row) for row in made] == [str(row) for row in told["input"].tolist()]
    return same and [int(match[k]) for k in (1, 2, 3)] == [steps * features, steps, features]


TIMESTEPS = (
    Claim("a row of numbers is folded: so many steps, so many features each"),
    Claim("batch, time and feature are counted from 0"),
    Claim("the layer reads all features of a time step at once", lambda t, m, b: t["output"].shape[2] > 1, {},
          ({"input": "1 2 3"},)),
    Claim(r"time steps? .*: {1,2}each in the same way|every time step in the same way"),
    Claim(r"(\d+) numbers? → (\d+) time steps? of (\d+): the numbers stay, only the reading changes", folded, {}, (),
          counts=True),
    Claim("what a recurrent layer reads: one layer, the same weights at every time step"),
)  # fmt: skip

CLAIMS: dict[str, Any] = {"timesteps": TIMESTEPS}
