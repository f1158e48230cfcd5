"""What the readers of PyTorch modules share: tensors as arrays, axes folded into rows, one-line refusals."""

from __future__ import annotations

import math
from typing import Any, NoReturn

import numpy as np

from layeranim.engine.option import given
from layeranim.engine.trace import Array
from layeranim.errors import InputError, OptionError


def array(name: str, value: Any) -> Array:
    """A tensor (or anything array-like) as an array; bfloat16 becomes float32.

    Raises ``InputError`` for what cannot be read: a lazy parameter, a sparse tensor, something that is no tensor.
    """
    try:
        if hasattr(value, "detach"):
            value = value.detach().cpu()
            value = value.float() if str(value.dtype) == "torch.bfloat16" else value
        found = np.asarray(value)
    except (TypeError, ValueError, RuntimeError, NotImplementedError) as error:
        reason = given(str(error).partition("\n")[0])
        raise InputError(f"{name} cannot be read as an array: {reason}; give a plain tensor") from None
    if found.dtype.kind not in "biuf":
        raise InputError(f"{name} holds {found.dtype} values, but must be a tensor of real numbers")
    return found


def typed(value: Any, dtype: Any) -> Any:
    """A tensor in the type that a function was told to compute in, if it was told one."""
    return value if dtype is None else value.to(dtype)


def optional(module: Any, **names: str) -> dict[str, Array]:
    """The attributes of a module that it has, under our names: ``gamma="weight"``."""
    found = {ours: getattr(module, theirs, None) for ours, theirs in names.items()}
    return {name: array(names[name], value) for name, value in found.items() if value is not None}


def rows(name: str, value: Any) -> Array:
    """Every axis but the last folded into the batch: (batch, features)."""
    x = array(name, value)
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1]) if x.ndim else x.reshape(1, 1)


def refuse(name: str, module: str, rule: str) -> NoReturn:
    """Say that an attribute of a module cannot be followed."""
    raise OptionError(f"{name} of {module} {rule}")


def steady(module: Any, rate: float) -> None:
    """Refuse a dropout that the module would draw anew in every call."""
    if module.training and rate:
        raise OptionError(
            f"{type(module).__name__} drops at random inside, with rate {rate:g}; call module.eval() first"
        )
