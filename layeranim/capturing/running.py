"""Running a model under the recorder, and leaving it as it was: hooks, buffers, modes, random numbers.

A model that raises raises its own error, with a note of the call that was running.
"""

from __future__ import annotations

import random
import sys
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

import numpy as np

from layeranim.capturing.kept import TensorKeeper, torch_module
from layeranim.capturing.recorder import Recorder, mode_class
from layeranim.capturing.seen import refuse_large
from layeranim.errors import OptionError

_HOLDERS = (list, dict, set, deque, OrderedDict)
"""Attributes of a module that hold others: what is in them is put back, too."""


def recorded(
    model: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any], wanted: tuple[str, ...] | None, most: int
) -> tuple[Recorder, Any]:
    """The calls of ``model(*args, **kwargs)``, and what it gave.

    Raises ``OptionError`` for what is no model that can be seen into, or where values take more than ``most`` bytes.
    """
    model = _sound(model)
    torch, recorder = torch_module(), Recorder(model, wanted, most)
    with ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_eager(torch))
        stack.enter_context(_as_before(torch, model, recorder.keeper))
        stack.enter_context(_hooked(torch, model, recorder))
        try:
            with mode_class()(recorder):
                output = model(*args, **kwargs)
        except Exception as error:
            _annotate(error, recorder)
            raise
    refuse_large(recorder.sizes, most)
    return recorder, output


def _sound(model: Any) -> Any:
    """The module itself, if its calls can be seen and its weights have numbers."""
    torch: Any = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        hint = "; la.from_state reads weights alone" if isinstance(model, Mapping) else ""
        raise OptionError(
            f"{type(model).__name__} is no torch.nn.Module, Keras model or ONNX graph, but capture runs one{hint}"
        )
    model = getattr(model, "_orig_mod", model)  # as torch.compile wraps it
    if isinstance(model, torch.jit.ScriptModule):
        raise OptionError(
            f"{type(model).__name__} is TorchScript, whose calls cannot be seen; give the Python module that it was "
            "made from"
        )
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin):
            raise OptionError(f"{name} has no numbers yet (a lazy module); run the model once before")
        if tensor.is_meta:
            raise OptionError(f"{name} has no numbers (it is on the meta device); load the weights first")
    return model


def _eager(torch: Any) -> AbstractContextManager[Any]:
    """Compiled parts run as they are written. ``torch.compiler`` is large, and asked only where it is there already."""
    return torch.compiler.set_stance("force_eager") if "torch._dynamo" in sys.modules else nullcontext()


@contextmanager
def _hooked(torch: Any, model: Any, recorder: Recorder) -> Iterator[None]:
    def before(module: Any, args: Any, kwargs: Any) -> None:
        recorder.begin(module, args, kwargs)

    def after(module: Any, args: Any, kwargs: Any, result: Any) -> None:
        recorder.end(module, result)

    handles = []
    try:
        for module in model.modules():
            if not isinstance(module, torch.jit.ScriptModule):
                handles.append(module.register_forward_pre_hook(before, with_kwargs=True))
                # before the user's own hooks, which may change what the module gave
                handles.append(module.register_forward_hook(after, with_kwargs=True, always_call=True, prepend=True))
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _as_before(torch: Any, model: Any, keeper: TensorKeeper) -> Iterator[None]:
    """Attributes, tensors and random states are put back. Buffers, and tables that a call renormalises, are compared:
    PyTorch's batch normalisation moves its statistics without counting a version."""
    held = [buffer for _, buffer in model.named_buffers()]
    held += [m.weight for m in model.modules() if getattr(m, "max_norm", None) is not None and hasattr(m, "weight")]
    values = [tensor.detach().clone() for tensor in held]
    modules = [module for module in model.modules() if not isinstance(module, torch.jit.ScriptModule)]
    attributes = [value for module in modules for value in vars(module).values()]
    filled = [(value, value.copy()) for value in attributes if type(value) in _HOLDERS]
    own = [(vars(module), dict(vars(module))) for module in modules]
    learnt = [(parameter, parameter.requires_grad, parameter.grad) for parameter in model.parameters()]
    keeper.guard(parameter for parameter, *_ in learnt)
    keeper.guard(value for value in attributes if isinstance(value, torch.Tensor))
    with _same_chance(torch):
        try:
            yield
        finally:
            for now, before in own:
                now.clear()
                now.update(before)
            for holder, before in filled:
                holder.clear()
                (holder.extend if isinstance(holder, (list, deque)) else holder.update)(before)
            keeper.put_back()
            for tensor, value in zip(held, values, strict=True):
                if not torch.equal(tensor, value):
                    keeper.about_to_write([tensor])
                    tensor.detach().copy_(value)
            for parameter, wanted, gradient in learnt:
                if parameter.requires_grad != wanted:
                    parameter.requires_grad_(wanted)
                if parameter.grad is not gradient:
                    parameter.grad = gradient


@contextmanager
def _same_chance(torch: Any) -> Iterator[None]:
    """The states of all random numbers that a model may draw from: PyTorch's on every device, NumPy's, Python's."""
    cuda = torch.cuda.is_available() and torch.cuda.is_initialized()
    before = (torch.get_rng_state(), torch.cuda.get_rng_state_all() if cuda else None)
    others = (np.random.get_state(), random.getstate())
    try:
        yield
    finally:
        torch.set_rng_state(before[0])
        if cuda:
            torch.cuda.set_rng_state_all(before[1])
        np.random.set_state(others[0])
        random.setstate(others[1])


def _annotate(error: Exception, recorder: Recorder) -> None:
    """Say in an error of the model where it was raised."""
    done = sum(entry.kind in ("module", "function") for entry in recorder.entries)
    last = next((entry for entry in reversed(recorder.entries)), None)
    where = f"in {recorder.where}" if recorder.where else "in the model"
    after = f", after {last.name}" if last else ""
    with suppress(AttributeError, TypeError):
        error.add_note(f"while la.capture ran the model: {where}, call {done + 1}{after}")
