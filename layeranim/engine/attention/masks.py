"""Masks: which keys a query sees, as what is added to its scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from layeranim.engine.attention.config import AttentionConfig
from layeranim.engine.trace import Array
from layeranim.errors import OptionError, ShapeError


def meant(name: str, value: Any, config: AttentionConfig) -> Any:
    """A mask as numbers to add: of true and false, or of 1 (kept) and 0 (padded), 0 and −∞; other numbers as they are.

    Numbers that are all 0 or 1 are read so unless ``mask_kind`` is additive: added to scores, they would hide nothing.

    Raises:
        ShapeError: a boolean mask with other numbers.
        OptionError: nothing but the number 0, which hides every key or none.
    """
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or (config.mask_kind == "additive" and array.dtype.kind != "b"):
        return value
    if config.mask_kind is None and array.dtype.kind == "f" and array.size and not array.any():
        raise OptionError(
            f"{name} holds only 0, which pads every key if mask_kind is boolean, and none if it is additive; say which"
        )
    if config.mask_kind is None and not np.isin(array, (0, 1)).all():
        return value
    other = array[(array != 0) & (array != 1)]
    if other.size:
        raise ShapeError(f"{name} holds {other.flat[0]}, but a boolean mask holds only 0 and 1; use mask_kind additive")
    return np.where(array != 0, 0.0, -np.inf)


def places(config: Any) -> tuple[Array, Array]:
    """The place of every query, as a column, and of every key: the first ones' are 0, or the last ones' the same."""
    queries, keys = int(config.queries or 0), int(config.keys or 0)
    ahead = keys - queries if config.corner == "lower-right" else 0
    return np.arange(queries)[:, None] + ahead, np.arange(keys)


def causal(config: Any) -> Array:
    """−∞ for every key that comes after its query: (queries, keys)."""
    query, key = places(config)
    return np.where(key > query, -np.inf, 0.0)


def local(config: Any) -> Array:
    """−∞ for every key that is more than ``window`` places from its query: (queries, keys).

    Sliding-window attention: Beltagy et al., Longformer (2020), section 3.1, whose window is 2·``window`` wide. With
    a causal mask a query sees itself and the ``window`` keys before it (in Mistral's words a window of one more).
    """
    query, key = places(config)
    return np.where(np.abs(key - query) > config.window, -np.inf, 0.0)


def combined(config: AttentionConfig, held: Mapping[str, Array]) -> Array | None:
    """All masks in one, with no more axes than it needs: (queries, keys), batch before it, heads between."""
    parts: list[Array] = []
    if config.causal:
        parts.append(causal(config))
    if config.window is not None:
        parts.append(local(config))
    if "mask" in held:
        parts.append(held["mask"])
    if "key_mask" in held:
        parts.append(held["key_mask"][:, None, :])
    if not parts:
        return None
    rank = max(part.ndim for part in parts)
    total = np.zeros((1,) * rank)
    for part in parts:
        whole = part[:, None] if rank == 4 and part.ndim == 3 else part
        with np.errstate(invalid="ignore"):
            total = total + whole
    queries = int(config.queries or 0)
    return np.ascontiguousarray(np.broadcast_to(total, (*total.shape[:-2], queries, total.shape[-1])))
