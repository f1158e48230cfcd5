"""``model.safetensors.index.json``: the names of a large model, and the file beside it that each stands in."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import IO, Any

from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Opener, Stored
from layeranim.inputs.stored.safetensors_file import safetensors_file


def parts_file(stream: IO[bytes], request: Request, beside: Opener, keep: Callable[[Any], Any]) -> Stored:
    """The tensors of all parts. ``beside`` opens one, ``keep`` holds it open as long as the index is."""
    size = stream.seek(0, os.SEEK_END)
    request.check_size("the index", size, request.limits.directory)
    stream.seek(0)
    with request.decoding("is no index of tensors in parts", "it has a weight_map from names to files"):
        where = {str(name): str(file) for name, file in json.loads(stream.read(size))["weight_map"].items()}
    parts, known = dict[str, Stored](), dict[str, set[str]]()

    def held(name: str) -> HeldArray:
        file = where[name]
        if file not in parts:
            if file != os.path.basename(file) or not file.endswith(".safetensors"):
                raise request.refuse(f"names '{file[:60]}' as a part", "a part is a .safetensors file beside the index")
            parts[file] = safetensors_file(keep(beside(file)), request)
            known[file] = {*parts[file].names}
        if name not in known[file]:
            raise request.refuse(f"its part '{file[:60]}' has no '{name[:60]}'", "download all parts again")
        return parts[file].held(name)

    return Stored(list(where), held)
