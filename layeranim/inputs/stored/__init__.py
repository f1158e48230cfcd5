"""Files of weights, whoever wrote them: by its ending each is read where it lies; nothing in it is run or followed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import IO

from layeranim.inputs.request import Request
from layeranim.inputs.stored.gguf_file import gguf_file
from layeranim.inputs.stored.held import HeldArray, Opener, Stored
from layeranim.inputs.stored.keras_file import keras_file
from layeranim.inputs.stored.msgpack_file import msgpack_file
from layeranim.inputs.stored.npz_file import npz_file
from layeranim.inputs.stored.onnx_file import onnx_file
from layeranim.inputs.stored.paddle_file import paddle_file
from layeranim.inputs.stored.parts import parts_file
from layeranim.inputs.stored.safetensors_file import safetensors_file
from layeranim.inputs.stored.torch_file import torch_file

__all__ = ["INDEX", "READERS", "HeldArray", "Opener", "Stored", "parts", "stored"]  # fmt: skip

READERS: dict[str, Callable[[IO[bytes], Request], Stored]] = {
    ".npz": npz_file, ".safetensors": safetensors_file, ".pt": torch_file, ".pth": torch_file, ".bin": torch_file,
    ".ckpt": torch_file, ".keras": keras_file, ".h5": keras_file, ".onnx": onnx_file, ".msgpack": msgpack_file,
    ".pdparams": paddle_file, ".gguf": gguf_file,
}  # fmt: skip
"""By the ending of a file, how it is read."""
INDEX = ".safetensors.index.json"
"""How the name of a file ends that lists the parts of a model."""


def stored(path: str, stream: IO[bytes], request: Request, beside: Opener | None = None) -> Stored:
    """The arrays of a file, read as its ending says. ``beside`` opens files in its folder, where they may be read."""
    ending = (os.path.splitext(path)[1] or path).lower()
    return onnx_file(stream, request, beside) if ending == ".onnx" else READERS[ending](stream, request)


@contextmanager
def parts(stream: IO[bytes], request: Request, beside: Opener) -> Iterator[Stored]:
    """The arrays of all parts of a model, whose index the stream is."""
    with ExitStack() as held:
        yield parts_file(stream, request, beside, held.enter_context)
