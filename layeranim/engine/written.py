"""JSON that a person may look at in a terminal."""

from __future__ import annotations

import json
import re
from typing import Any

_UNUSUAL = re.compile(r"[^\n -~]")


def written(value: Any, indent: int | None = None) -> str:
    r"""``value`` as JSON; what cannot be seen, or turns a line round, stands there as an escape, never raw.

    >>> written({"é": "\x9b2J"})
    '{"é": "\\u009b2J"}'
    """
    return _UNUSUAL.sub(_escaped, json.dumps(value, indent=indent, ensure_ascii=False, allow_nan=False))


def _escaped(match: re.Match[str]) -> str:
    return match[0] if match[0].isprintable() else json.dumps(match[0])[1:-1]
