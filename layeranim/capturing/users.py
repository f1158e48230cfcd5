"""A model from a file of the user's own, and what it is called with. Only ``layeranim capture`` asks for it.

A graph of ONNX is data, and stays a path; a Python file is run, a model of Keras is loaded by Keras in its safe mode.
What the user's code raises is the user's: it ends as one line that names the file.
"""

from __future__ import annotations

import importlib.util
import os
import random
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from layeranim import inputs
from layeranim.capturing.keras_model import is_keras
from layeranim.capturing.onnx_graph import is_onnx
from layeranim.engine.option import given, suggest
from layeranim.errors import InputError, LayeranimError, MissingLibraryError, OptionError
from layeranim.inputs.module_run import live

_NAMED = re.compile(r"([A-Za-z_]\w*)=(.+)", re.DOTALL)


def model_of(spec: str, seed: int = 0) -> Any:
    """The model that ``FILE.py:NAME`` stands for. The file is run, with PyTorch's and Python's random numbers from
    ``seed`` (Keras takes its own from Python's). ``FILE.onnx`` is the model itself, ``FILE.keras`` is loaded by Keras.

    Raises ``InputError`` where there is no such file or name, or the file raises; ``MissingLibraryError`` without
    PyTorch and Keras.
    """
    if is_onnx(spec):
        return spec
    if _is_keras_file(spec):
        return _keras(spec)
    path, _, name = spec.rpartition(":")
    if not path or not name.isidentifier() or not path.endswith(".py"):
        told = "FILE.py:NAME, a file and the function in it that gives the model, FILE.onnx or FILE.keras"
        raise InputError(f"{given(spec)} must be {told}")
    _there(path)
    if not any(importlib.util.find_spec(name) for name in ("torch", "keras")):
        raise MissingLibraryError("a model is run by PyTorch or Keras, and neither is here; pip install torch")
    random.seed(seed)
    if importlib.util.find_spec("torch"):
        import torch

        torch.manual_seed(seed)
    with blamed(spec):
        found = vars(_run(Path(path)))
    if name not in found:
        known = [key for key, value in found.items() if callable(value) and not key.startswith("_")]
        raise InputError(f"{given(path)} has no {name}{suggest(name, known)}; it has {', '.join(known[:12])}")
    value = found[name]
    if live(value) or is_keras(value) or not callable(value):
        return value
    with blamed(spec):
        return value()


def file_of(spec: str) -> str:
    """The file that a model comes from."""
    return spec if is_onnx(spec) or _is_keras_file(spec) else spec.rpartition(":")[0]


def _there(path: str) -> None:
    if not Path(path).is_file():
        raise InputError(f"there is no file {given(path)}")


def _is_keras_file(spec: str) -> bool:
    return Path(spec).suffix.lower() == ".keras"


def _keras(path: str) -> Any:
    """A model as Keras saved it, loaded with nothing but Keras' own classes, and on PyTorch or JAX if that is here and
    TensorFlow, which Keras asks for first, is not."""
    _there(path)
    if not importlib.util.find_spec("keras"):
        raise MissingLibraryError("a .keras file is loaded by Keras, which is not here; pip install keras")
    here = [name for name in ("tensorflow", "torch", "jax") if importlib.util.find_spec(name)]
    os.environ.setdefault("KERAS_BACKEND", here[0] if here else "tensorflow")
    with blamed(path):
        import keras

        return keras.saving.load_model(path, compile=False, safe_mode=True)


def _run(path: Path) -> Any:
    """The file as a module, with its folder where imports look first, as ``python FILE`` has it."""
    spec = importlib.util.spec_from_file_location(f"_layeranim_user_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[module.__name__] = module  # dataclasses and pickles of the file ask for it
    sys.path.insert(0, os.fspath(path.resolve().parent))
    try:
        spec.loader.exec_module(module)  # type: ignore[union-attr]
    finally:
        sys.path.pop(0)
    return module


@contextmanager
def blamed(spec: str) -> Iterator[None]:
    """What is raised within is the user's code's, or a refusal of ours."""
    try:
        yield
    except LayeranimError:
        raise
    except Exception as error:
        notes = "; ".join(getattr(error, "__notes__", ()))
        reason = " ".join(str(error).split())[:300]
        said = f"{given(spec)} raises {type(error).__name__}: {reason}" + (f" ({notes})" if notes else "")
        raise InputError(f"{said}; --debug shows where") from error


def inputs_of(model: Any, specs: Sequence[str], seed: int, stream: BinaryIO | None) -> tuple[list[Any], dict[str, Any]]:
    """What the user wrote, as a model takes it: PyTorch's as tensors, other ones arrays.

    Raises ``InputError`` for what cannot be read.
    """
    made = (lambda source: source.array) if is_onnx(model) or is_keras(model) else _tensors(model)
    args: list[Any] = []
    kwargs: dict[str, Any] = {}
    for number, spec in enumerate(specs, 1):
        named = _NAMED.fullmatch(spec)
        source = inputs.read(named[2] if named else spec, what=named[1] if named else f"input {number}", seed=seed,
                             stdin=stream)  # fmt: skip
        if named and named[1] in kwargs:
            raise OptionError(f"input {named[1]} was given twice; leave out one of them")
        if named:
            kwargs[named[1]] = made(source)
        else:
            args.append(made(source))
    return args, kwargs


def _tensors(model: Any) -> Callable[[inputs.Source], Any]:
    """Tensors where the model is: whole numbers as int64, all others in the type of its parameters."""
    import torch

    floats = (p for p in getattr(model, "parameters", list)() if p.is_floating_point())
    first = next(floats, None)
    kind, device = (first.dtype, first.device) if first is not None else (torch.get_default_dtype(), "cpu")

    def made(source: inputs.Source) -> Any:
        array = source.array
        whole = array.dtype.kind in "iu" and not source.picture and source.kind != "sample"
        dtype = torch.int64 if whole else torch.bool if array.dtype.kind == "b" else kind
        return torch.tensor(array, dtype=dtype).to(device)

    return made
