"""A whole PyTorch ``state_dict``: every array of a ``.npz`` or ``.safetensors`` file, or of a mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layeranim.inputs.read import ARCHIVES, read, resolve
from layeranim.inputs.request import LIMITS, Limits, Request
from layeranim.inputs.source import Source

MOST = 1000  # arrays in one state_dict


@dataclass(frozen=True)
class _Listing(Request):
    """Reads the first array of a container and remembers the names of all."""

    found: list[str] = field(default_factory=list)

    def choose(self, keys: Sequence[str]) -> str:
        self.found.extend(keys)
        return keys[0] if keys else super().choose(keys)


def state(
    spec: str | os.PathLike[str] | Mapping[str, Any],
    *,
    what: str = "weights",
    base: Path | None = None,
    limits: Limits = LIMITS,
) -> dict[str, Source]:
    """Every array by its name. All of them together may take no more than one input.

    Raises :class:`InputError` for anything that is not such a file or mapping.
    """
    if isinstance(spec, Mapping):
        return {str(name): read(value, what=f"{what} {name}", limits=limits) for name, value in spec.items()}
    path = os.fspath(spec)
    request = _Listing(what, path, limits)
    if not path.lower().endswith(ARCHIVES):
        raise request.refuse("is no file with named arrays", f"give a state_dict saved as {' or '.join(ARCHIVES)}")
    resolve(path, request, seed=0, stdin=None, base=base, names=())
    request.check_size("it", len(request.found), MOST, "arrays")
    out, size = dict[str, Source](), 0
    for name in request.found:
        out[name] = read(f"{path}:{name}", what=what, base=base, limits=limits)
        size += out[name].array.nbytes
        request.check_size("all of it", size, limits.size)
    return out
