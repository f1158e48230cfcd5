"""Nested files: dicts in dicts become names with dots; the state dict of a checkpoint stands in its top level."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from layeranim.inputs.request import Request

HOMES = ("state_dict", "model_state_dict", "model", "module", "net", "params", "ema_state_dict")
"""What checkpoints call the dict of their weights."""
DEEPEST = 24
LONGEST = 250
"""Letters that a name in a file of weights has at most."""


def leaves(
    root: Any, inner: Callable[[Any], Mapping[Any, Any] | None], is_leaf: Callable[[Any], bool], request: Request
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The leaves by name, and the names at the top of what holds none.

    Where one of ``HOMES`` holds weights, its own name is left out of theirs, other ``HOMES`` keep theirs, and what else
    there is, an optimiser's state, is named among the rest.
    """
    if is_leaf(root):
        return {"": root}, ()
    parts = dict(inner(root) or {})
    home = next((name for name in HOMES if inner(parts.get(name))), None)
    found, rest, room = dict[str, Any](), list[str](), [request.limits.size // 8]

    def walk(value: Any, name: str, depth: int) -> None:
        room[0] -= len(name) + 100
        if room[0] < 0 or depth > DEEPEST:
            raise request.refuse("nests its arrays too deep, or holds too many", "save the weights alone")
        if is_leaf(value):
            found.setdefault(name, value)
        for key, part in (inner(value) or {}).items() if not is_leaf(value) else ():
            if isinstance(key, (str, int)) and len(str(key)) <= LONGEST:
                walk(part, f"{name}.{key}" if name else str(key), depth + 1)

    if home is not None:
        walk(parts.pop(home), "", 1)
        if not found:
            home = None
    for key, part in parts.items():
        before = len(found)
        if not isinstance(key, (str, int)) or len(str(key)) > LONGEST:
            continue
        if home is None or key in HOMES:
            walk(part, str(key), 1)
        if len(found) == before:
            rest.append(str(key))
    if home is None and not found:
        walk(root, "", 0)
    return found, tuple(rest)
