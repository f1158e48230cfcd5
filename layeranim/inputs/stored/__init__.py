"""Files of weights, whoever wrote them: by its ending each is read where it lies; nothing in it is run or followed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib import import_module
from typing import IO

from layeranim.inputs.request import Request
from layeranim.inputs.stored.held import HeldArray, Opener, Stored

__all__ = ["INDEX", "READERS", "HeldArray", "Opener", "Stored", "parts", "stored"]  # fmt: skip

READERS = {
    ".npz": "npz_file", ".safetensors": "safetensors_file", ".pt": "torch_file", ".pth": "torch_file",
    ".bin": "torch_file", ".ckpt": "torch_file", ".keras": "keras_file", ".h5": "keras_file", ".onnx": "onnx_file",
    ".msgpack": "msgpack_file", ".pdparams": "paddle_file", ".gguf": "gguf_file",
}  # fmt: skip
"""By the ending of a file the module here and its function that read it, imported when there is such a file."""
INDEX = ".safetensors.index.json"
"""How the name of a file ends that lists the parts of a model."""


def stored(path: str, stream: IO[bytes], request: Request, beside: Opener | None = None) -> Stored:
    """The arrays of a file, read as its ending says. ``beside`` opens files in its folder, where they may be read."""
    ending = (os.path.splitext(path)[1] or path).lower()
    name = READERS[ending]
    read = getattr(import_module(f"{__name__}.{name}"), name)
    found: Stored = read(stream, request, beside) if ending == ".onnx" else read(stream, request)
    return found


@contextmanager
def parts(stream: IO[bytes], request: Request, beside: Opener) -> Iterator[Stored]:
    """The arrays of all parts of a model, whose index the stream is."""
    from layeranim.inputs.stored.parts import parts_file

    with ExitStack() as held:
        yield parts_file(stream, request, beside, held.enter_context)
